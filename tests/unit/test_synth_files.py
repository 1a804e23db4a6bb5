"""The files of a generated registry: complete, readable, marked, and the same every time."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import polars as pl
import pytest

from registry import formats
from registry.errors import BadInput
from registry.synthetic import generate, generator

PATIENTS = 3000


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry in five chunks and with several files a facility, as a large one has."""
    out = tmp_path_factory.mktemp("synthetic") / "registry"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "CHUNK", 700)
        patch.setattr(generator, "PATIENTS_PER_FILE", 500)
        generate(PATIENTS, 7, out)
    return out


@pytest.fixture(scope="module")
def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def abstracts(folder: Path) -> pl.DataFrame:
    parts = []
    for path in sorted((folder / "abstracts").glob("*.xml")):
        batch = formats.read_naaccr_xml(path)
        joined = batch.tumors.join(batch.patients.drop("line"), on="patient_index")
        parts.append(joined.with_columns(pl.lit(path.name).alias("file")))
    return pl.concat(parts, how="diagonal")


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        generate(400, seed, tmp_path / name)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    one, other = digests(tmp_path / "one"), digests(tmp_path / "other")
    assert all(one[name] != other[name] for name in one if name.endswith((".xml", ".hl7", "deaths.csv")))


def test_manifest_lists_every_file_and_its_records(
    folder: Path, manifest: dict, abstracts: pl.DataFrame
) -> None:
    listed = {file["name"] for file in manifest["files"]}
    assert listed | {"manifest.json"} == set(digests(folder))
    assert all((folder / file["name"]).stat().st_size == file["bytes"] for file in manifest["files"])
    assert manifest["counts"]["patients"] == PATIENTS
    assert manifest["counts"]["abstracts"] == len(abstracts)
    by_kind: dict[str, int] = {}
    for file in manifest["files"]:
        by_kind[file["kind"]] = by_kind.get(file["kind"], 0) + file["records"]
    assert by_kind["hl7"] == manifest["counts"]["pathology_reports"]
    assert by_kind["naaccr-xml"] == len(abstracts) + manifest["resent"]["records"]
    assert by_kind["treatments"] == manifest["treatments"]["rows"]
    assert by_kind["deaths"] == manifest["deaths"]["certificates"]


def test_every_file_says_that_it_is_synthetic(folder: Path, manifest: dict) -> None:
    assert manifest["synthetic"] is True
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"SYNTHETIC" in path.read_bytes()[:3000], path.name


def test_files_are_recognised_and_read(folder: Path, manifest: dict) -> None:
    for file in manifest["files"]:
        if file["kind"] in {"naaccr-xml", "hl7", "treatments", "deaths"}:
            assert formats.sniff(folder / file["name"]) == file["kind"]
    reports = sum(len(formats.read_hl7(path).reports) for path in (folder / "pathology").glob("*.hl7"))
    assert reports == manifest["counts"]["pathology_reports"]
    batch = formats.read_treatments(folder / "treatments" / "treatments.csv")
    codes = dict(batch.faults["code"].value_counts().iter_rows())
    assert codes == {
        "invalid-date": manifest["treatments"]["invalid_dates"],
        "duplicate-row": manifest["treatments"]["duplicates"],
    }


def test_xml_has_no_faults_but_the_planted_ones(folder: Path, manifest: dict) -> None:
    faults = pl.concat(
        [formats.read_naaccr_xml(path).errors for path in sorted((folder / "abstracts").glob("*.xml"))]
    )
    planted = manifest["planted"]
    found = faults.group_by("item", "code").len().sort("item").rows()
    expected = [
        ("dateOfDiagnosis", "impossible-date", planted["impossible_diagnosis_date"]["planted"]),
        ("primarySite", "code-list", planted["invalid_primary_site"]["planted"]),
    ]
    assert found == [row for row in expected if row[2]]
    assert not len(faults.filter(pl.col("severity") == "error"))


def test_no_number_could_be_a_social_security_number(folder: Path, abstracts: pl.DataFrame) -> None:
    numbers = set(abstracts["socialSecurityNumber"]) | set(
        pl.read_csv(folder / "deaths" / "deaths.csv", infer_schema=False)["ssn"].drop_nulls()
    )
    for path in (folder / "pathology").glob("*.hl7"):
        numbers |= set(re.findall(r"~(\d{9})\^\^\^SSA\^SS", path.read_text()))
    numbers.discard("999999999")
    assert len(numbers) > PATIENTS * 0.6
    assert all(number[0] == "9" and "01" <= number[3:5] <= "49" for number in numbers)


def test_facilities_number_patients_on_their_own(abstracts: pl.DataFrame) -> None:
    people = abstracts.unique(["reportingFacility", "patientIdNumber"])
    shared = people.group_by("patientIdNumber").agg(
        pl.col("reportingFacility").n_unique().alias("facilities"),
        pl.col("dateOfBirth").n_unique().alias("births"),
    )
    assert len(shared.filter((pl.col("facilities") > 1) & (pl.col("births") > 1))) > 100
    numbers = abstracts.group_by("reportingFacility", "patientIdNumber").agg(
        pl.col("accessionNumberHosp").n_unique()
    )
    assert numbers["accessionNumberHosp"].max() == 1
    per_accession = abstracts.group_by("reportingFacility", "accessionNumberHosp").agg(
        pl.col("patientIdNumber").n_unique()
    )
    assert per_accession["patientIdNumber"].max() == 1
    keys = ["reportingFacility", "accessionNumberHosp", "sequenceNumberHospital"]
    assert not abstracts.select(keys).is_duplicated().any()


def test_a_patient_never_splits_over_files(abstracts: pl.DataFrame) -> None:
    files = abstracts.group_by("reportingFacility", "patientIdNumber").agg(pl.col("file").n_unique())
    assert files["file"].max() == 1
    assert abstracts["file"].n_unique() > 6


def test_one_facility_still_sends_version_25(folder: Path, abstracts: pl.DataFrame) -> None:
    old = abstracts.filter(pl.col("file").str.contains("_250"))
    assert old["reportingFacility"].n_unique() == 1
    assert old["sex"].null_count() == 0
    assert old["sexAssignedAtBirth"].null_count() == len(old)
    new = abstracts.filter(pl.col("file").str.contains("_260"))
    assert new["sexAssignedAtBirth"].null_count() == 0
    header = formats.read_naaccr_xml(next((folder / "abstracts").glob("*_250.xml"))).header
    assert header.version == "250"


def test_resent_records_change_known_abstracts(folder: Path, manifest: dict, abstracts: pl.DataFrame) -> None:
    (path,) = (folder / "resent").glob("*.xml")
    batch = formats.read_naaccr_xml(path)
    assert batch.header.record_type == "M"
    resent = batch.tumors.join(batch.patients.drop("line"), on="patient_index")
    assert len(resent) == manifest["resent"]["records"] > 0
    keys = ["reportingFacility", "accessionNumberHosp", "sequenceNumberHospital"]
    both = resent.join(abstracts, on=keys, suffix="_before")
    assert len(both) == len(resent)
    stage = pl.concat_str(
        pl.col("summaryStage2018").fill_null("-"), pl.col("seerSummaryStage2000").fill_null("-")
    )
    before = pl.concat_str(
        pl.col("summaryStage2018_before").fill_null("-"), pl.col("seerSummaryStage2000_before").fill_null("-")
    )
    changed = both.select(
        (pl.col("vitalStatus") != pl.col("vitalStatus_before")).sum().alias("vital_status"),
        (pl.col("primarySite") != pl.col("primarySite_before")).sum().alias("primary_site"),
        (pl.col("histologicTypeIcdO3") != pl.col("histologicTypeIcdO3_before")).sum().alias("histology"),
        (stage != before).sum().alias("stage"),
    ).row(0, named=True)
    assert changed == {name: manifest["resent"][name] for name in changed}


def test_reports_say_what_the_abstract_says(folder: Path, abstracts: pl.DataFrame) -> None:
    reports = pl.concat([formats.read_hl7(path).reports for path in (folder / "pathology").glob("*.hl7")])
    both = reports.join(abstracts, on="medicalRecordNumber", suffix="_abstract")
    prostate = both.filter((pl.col("primarySite") == "C619") & (pl.col("sequenceNumberCentral") == "00"))
    cancer = prostate.filter(
        ~pl.col("final_diagnosis").str.to_lowercase().str.contains("negative for malignancy")
    )
    assert len(cancer) > 50
    assert cancer["final_diagnosis"].str.to_lowercase().str.contains("prostate gland").mean() > 0.97
    names = both.select((pl.col("nameLast") == pl.col("nameLast_abstract")).mean()).item()
    assert names > 0.98


def test_reserved_characters_survive(folder: Path, abstracts: pl.DataFrame) -> None:
    assert abstracts["addrAtDxNoStreet"].str.contains("MILL & POND RD", literal=True).any()
    reports = pl.concat([formats.read_hl7(path).reports for path in (folder / "pathology").glob("*.hl7")])
    assert reports["clinical_history"].str.contains("Pain & swelling", literal=True).any()
    assert "O'BRIEN" in set(abstracts["nameLast"])


def test_progress_and_replacing_an_earlier_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHUNK", 100)
    steps: list[tuple[int, int]] = []
    generate(250, 1, tmp_path / "r", progress=lambda done, all_: steps.append((done, all_)))
    assert steps == [(100, 250), (200, 250), (250, 250)]
    generate(60, 2, tmp_path / "r")
    generate(60, 2, tmp_path / "fresh")
    assert digests(tmp_path / "r") == digests(tmp_path / "fresh")


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("my work")
    with pytest.raises(BadInput, match="not empty"):
        generate(10, 1, tmp_path)
    (tmp_path / "manifest.json").write_text('{"synthetic": true, "files": [{"name": "../outside.txt"}]}')
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("keep")
    with pytest.raises(BadInput, match="not empty"):
        generate(10, 1, tmp_path)
    assert outside.exists() and (tmp_path / "thesis.txt").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(generator, "CHUNK", 50)
    monkeypatch.setattr("registry.synthetic.extracts.CsvFile.write", no_space)
    with pytest.raises(BadInput, match="No space left"):
        generate(200, 1, tmp_path / "r")
    assert not [path for path in (tmp_path / "r").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("patients", "seed"), [(0, 1), (-5, 1), (6_000_000, 1), (10, -1)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, patients: int, seed: int) -> None:
    with pytest.raises(BadInput):
        generate(patients, seed, tmp_path / "r")
    assert not (tmp_path / "r").exists()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("")
    with pytest.raises(BadInput, match="not a folder"):
        generate(10, 1, tmp_path / "r")


@pytest.mark.parametrize(("patients", "seed"), [(200, 1026), (200, 1032), (1, 0), (3, 1), (40, 2)])
def test_small_registries_of_any_seed_are_written(tmp_path: Path, patients: int, seed: int) -> None:
    manifest = generate(patients, seed, tmp_path / "made")
    assert manifest.patients == patients and (tmp_path / "made" / "manifest.json").exists()
