"""Extracts on a real database: agreements, restriction 1856, planted identifiers, the last look, all or nothing."""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry import standards
from registry.cli import main
from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, ONE, OTHER_PERSON, PERSON, TUMOR, changed, write

PLANTED = {
    "nameLast": "Quetzalcoatl", "nameFirst": "Xochitl", "socialSecurityNumber": "123456789", "dateOfBirth": "19370214",
    "telephone": "6135550199", "addrCurrentNoStreet": "7 Quetzal Lane", "patientIdNumber": "00777001",
}  # fmt: skip
FORBIDDEN = [
    "quetzal", "xochitl", "123456789", "123-45-6789", "123 45 6789", "6135550199", "7 quetzal lane", "00777001", "mrn4711",
    "202377777", "secretword",
]  # fmt: skip
DAYS = ["19370214", "1937-02-14", "20230115", "2023-01-15", "20240301"]
NOTE = "Ms QuetzalCOATL, SSN 123-45-6789 / 123 45 6789, 7 quetzal lane, secretword"


def _texts() -> dict[str, dict[str, str]]:
    """Every free text of the dictionary filled with a note that names the patient, by level."""
    items = standards.dictionary().items.filter(pl.col("data_type") == "text")
    texts: dict[str, dict[str, str]] = {"Patient": {}, "Tumor": {}}
    for name, level, length in items.select("id", "level", "length").iter_rows():
        if level in texts and length and length >= 40 and name not in PLANTED:
            texts[level][name] = NOTE[:length]
    return texts


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("extract")
    texts = _texts()
    tumor = changed(
        TUMOR, **texts["Tumor"], accessionNumberHosp="202377777", medicalRecordNumber="MRN4711", addrAtDxPostalCode="100011234",
        countyAtDx="061", ageAtDiagnosis="085", censusTract2020="000100", latitude="40.712776", longitude="-74.005974",
    )  # fmt: skip
    elsewhere = changed(TUMOR, accessionNumberHosp="202388888", reportingFacilityRestrictionFlag="02")
    with Session.create(folder / "r.duckdb", key=KEY) as opened:
        people = (
            (changed(PERSON, **texts["Patient"], **PLANTED), [tumor]),
            (changed(OTHER_PERSON, patientIdNumber="00777002"), [elsewhere]),
        )
        opened.run("ingest.file", path=write(folder / "a.xml", *people))
        assert opened.run("overview.summary")["patients"] == 2
        for number, profile in (("DUA-1", "LIMITED"), ("PUB-1", "DEID")):
            opened.run(
                "extract.add_agreement", agreement_id=number, recipient="A university", profile=profile,
                purpose="Study of survival", expires_on="2999-12-31",
            )  # fmt: skip
        yield opened


def plain(folder: Path) -> str:
    """Every byte of a release with its pages unpacked, in lower case."""
    parts = []
    for path in sorted(folder.iterdir()):
        parts.append(path.name.encode() + path.read_bytes())
        if path.suffix == ".parquet":
            frame, buffer = pl.read_parquet(path), io.BytesIO()
            frame.write_parquet(buffer, compression="uncompressed", statistics=True)
            parts += [buffer.getvalue(), frame.write_csv().encode()]
    return b"\n".join(parts).decode("latin-1").lower()


@pytest.mark.parametrize("format", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("profile", "agreement", "dates"),
    [("DEID", None, None), ("DEID", "PUB-1", "shifted"), ("LIMITED", "DUA-1", None), ("LIMITED", "DUA-1", "months")],
)  # fmt: skip
def test_no_planted_identifier_is_in_any_byte(
    session: Session, tmp_path: Path, profile: str, agreement: str | None, dates: str | None, format: str
) -> None:
    out = tmp_path / "out"
    result = session.run(
        "extract.make", profile=profile, out=str(out), agreement_id=agreement, dates=dates, format=format
    )
    content = plain(out)
    assert [word for word in FORBIDDEN if word in content] == []
    if (profile, dates) != ("LIMITED", None):
        assert [day for day in DAYS if day in content] == []
    else:
        assert "19370214" in content
        assert "10001" in content
    assert "censusTract2020" not in result["columns"]["tumors"]
    assert result["patients"] == 1
    assert json.loads((out / "manifest.json").read_text())["sha256"] == result["files"]


def test_restricted_tumors_stay_and_are_counted(session: Session, tmp_path: Path) -> None:
    reason = "item 1856 code 02: received only from the Veterans Health Administration"
    for operation, words in (("extract.make", {"profile": "DEID"}), ("publish.snapshot", {})):
        result = session.run(operation, out=str(tmp_path / operation), **words)
        assert (result["patients"], result["tumors"], result["held_back"]) == (1, 1, {reason: 1})
        assert (
            json.loads((tmp_path / operation / "manifest.json").read_text())["held_back"]
            == result["held_back"]
        )


def test_same_data_same_bytes_and_other_studies_other_numbers(session: Session, tmp_path: Path) -> None:
    runs = {}
    for name, study in (("a", "lung"), ("b", "lung"), ("c", "breast")):
        session.run(
            "extract.make",
            profile="DEID",
            out=str(tmp_path / name),
            study=study,
            dates="shifted",
            as_of="2026-11-01",
        )
        runs[name] = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    assert runs["a"] == runs["b"]
    numbers = {name: pl.read_parquet(tmp_path / name / "tumors.parquet") for name in "ac"}
    assert numbers["a"]["study_tumor_id"].item() != numbers["c"]["study_tumor_id"].item()
    assert "diagnosis_year" not in numbers["a"].columns


def test_a_limited_data_set_needs_an_agreement_in_force(session: Session, tmp_path: Path) -> None:
    def make(**words: Any) -> Any:
        return session.run("extract.make", profile="LIMITED", out=str(tmp_path / "x"), **words)

    with pytest.raises(BadInput, match="needs an agreement"):
        make()
    with pytest.raises(NotFound, match="no agreement NONE"):
        make(agreement_id="NONE")
    with pytest.raises(BadInput, match="it is about DEID"):
        make(agreement_id="PUB-1")
    common = {"recipient": "R", "profile": "LIMITED", "purpose": "p"}
    session.run("extract.add_agreement", agreement_id="OLD", expires_on="2020-12-31", **common)
    with pytest.raises(BadInput, match="expired on 2020-12-31"):
        make(agreement_id="OLD", as_of="2020-06-01")  # the day of the manifest does not bring it back
    session.run("extract.add_agreement", agreement_id="LATER", valid_from="2998-01-01", expires_on="2999-12-31", **common)  # fmt: skip
    with pytest.raises(BadInput, match="begins on 2998-01-01"):
        make(agreement_id="LATER")
    session.run("extract.add_agreement", agreement_id="ENDED", expires_on="2999-12-31", **common)
    session.run("extract.end_agreement", agreement_id="ENDED", reason="study stopped")
    with pytest.raises(BadInput, match="was ended"):
        make(agreement_id="ENDED")
    with pytest.raises(BadInput, match="needs the day it expires"):
        session.run("extract.add_agreement", agreement_id="E", **common)
    with pytest.raises(Conflict, match="OLD"):
        session.run("extract.add_agreement", agreement_id="OLD", expires_on="2999-12-31", **common)
    assert list(tmp_path.iterdir()) == []


def test_an_agreement_narrows_the_columns_and_never_widens_them(session: Session, tmp_path: Path) -> None:
    words = {
        "recipient": "R",
        "profile": "LIMITED",
        "purpose": "p",
        "expires_on": (dt.date.today() + dt.timedelta(400)).isoformat(),
    }
    with pytest.raises(BadInput, match="nameLast is not on its allow list"):
        session.run(
            "extract.add_agreement", agreement_id="WIDE", columns=["primarySite", "nameLast"], **words
        )
    session.run(
        "extract.add_agreement",
        agreement_id="NARROW",
        columns=["primarySite", "censusTract2020", "vitalStatus"],
        **words,
    )
    out = tmp_path / "n"
    session.run("extract.make", profile="LIMITED", out=str(out), agreement_id="NARROW")
    assert pl.read_parquet(out / "tumors.parquet").columns == ["study_tumor_id", "study_patient_id", "censusTract2020", "primarySite"]  # fmt: skip
    assert pl.read_parquet(out / "patients.parquet").columns == ["study_patient_id", "vitalStatus"]
    with pytest.raises(BadInput, match="does not name dateOfBirth"):
        session.run(
            "extract.make", profile="LIMITED", out=str(out), agreement_id="NARROW", columns=["dateOfBirth"]
        )
    with pytest.raises(BadInput, match="only when the agreement names them"):
        session.run(
            "extract.make", profile="LIMITED", out=str(out), agreement_id="DUA-1", columns=["censusTract2020"]
        )


def test_a_hit_refuses_the_release_and_leaves_nothing(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The allow list fails (here: on purpose), and the last look still finds the name."""
    from registry.service import release

    real = release.deidentify

    def careless(*args: Any, **words: Any) -> Any:
        people, cases, report = real(*args, **words)
        return people, cases.with_columns(stage=pl.lit("Ms. QUETZALCOATL")), report

    monkeypatch.setattr(release, "deidentify", careless)
    snapshots = session.run("snapshot.list").height
    with pytest.raises(BadInput, match=r"tumors\.parquet, column stage: names of persons") as refused:
        session.run("extract.make", profile="DEID", out=str(tmp_path / "x"))
    assert "QUETZAL" not in str(refused.value).upper()
    assert list(tmp_path.iterdir()) == []
    assert session.run("snapshot.list").height == snapshots


def test_a_release_is_noted_as_a_disclosure_that_needs_no_accounting(
    session: Session, tmp_path: Path
) -> None:
    result = session.run("extract.make", profile="LIMITED", out=str(tmp_path / "x"), agreement_id="DUA-1")
    noted = session.run("disclosures.list").filter(disclosure_id=result["disclosure_id"]).row(0, named=True)
    assert (noted["kind"], noted["recipient"], noted["patients"]) == ("limited", "A university", 1)
    assert noted["no_accounting_because"].startswith("limited data set")
    patient = session.run("records.search", text="quetzalcoatl")["patient_id"].item()
    assert session.run("disclosures.of_patient", patient_id=patient).is_empty()
    assert session.run("disclosures.of_patient", patient_id=patient, everything=True).height >= 1


def test_an_earlier_release_is_replaced_whole_and_other_folders_are_refused(
    session: Session, tmp_path: Path
) -> None:
    out = tmp_path / "x"
    session.run("extract.make", profile="DEID", out=str(out), format="csv")
    session.run("extract.make", profile="DEID", out=str(out))
    assert sorted(path.name for path in out.iterdir()) == ["counts.csv", "manifest.json", "patients.parquet", "tumors.parquet"]  # fmt: skip
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(BadInput, match="holds no release"):
        session.run("extract.make", profile="DEID", out=str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "thesis.txt").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "x"]


def test_extracts_are_central_work(session: Session, tmp_path: Path) -> None:
    asked = session.as_actor(Actor("maya", "manager", frozenset({ONE})))
    for name, words in (
        ("extract.make", {"profile": "DEID", "out": str(tmp_path / "x")}),
        ("extract.agreements", {}),
        ("disclosures.list", {}),
        ("disclosures.of_patient", {"patient_id": 1}),
    ):
        with pytest.raises(Denied, match="whole registry"):
            asked.run(name, **words)


def test_a_job_s_snapshot_is_noted_once_under_its_last_name(session: Session, tmp_path: Path) -> None:
    final = tmp_path / "2026-11-21"
    before = session.run("snapshot.list").height
    for _ in range(2):  # the second is the rerun after a kill
        session.run(
            "publish.snapshot",
            out=str(tmp_path / "part" / final.name),
            as_of="2026-11-21",
            kept_as=str(final),
        )
    assert session.run("snapshot.list").height == before + 1
    path = session._store.query("SELECT path FROM snapshot ORDER BY snapshot_id DESC LIMIT 1").item()
    assert path == str(final)


def test_what_a_killed_release_left_is_cleared(session: Session, tmp_path: Path) -> None:
    out = tmp_path / "x"
    session.run("extract.make", profile="DEID", out=str(out))
    nobody = subprocess.Popen([sys.executable, "-c", ""])
    nobody.wait()
    out.rename(
        tmp_path / f".x.{nobody.pid}.old"
    )  # killed between moving the earlier one aside and the new one in
    (tmp_path / f".x.{nobody.pid}.part").mkdir()
    (tmp_path / f".x.{nobody.pid}.part" / "tumors.parquet").write_text("half")
    with pytest.raises(BadInput):
        session.run("extract.make", profile="DEID", out=str(out), columns=["nameLast"])
    session.run("extract.make", profile="DEID", out=str(out))
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        opened.run("ingest.file", path=write(tmp_path / "a.xml", (PERSON, [TUMOR])))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([*words, "--db", str(tmp_path / "r.duckdb")])
        told = capsys.readouterr()
        return int(stop.value.code or 0), told.out, told.err

    out = str(tmp_path / "x")
    code, _, err = run("extract", "make", "LIMITED", "--out", out)
    assert (code, "needs an agreement" in err) == (2, True)
    agree = ("extract", "agree", "D-1", "--profile", "LIMITED", "--recipient", "U", "--purpose", "p", "--expires", "2999-01-01")  # fmt: skip
    assert run(*agree, "--column", "primarySite", "--column", "dateOfDiagnosis")[0] == 0
    code, text, _ = run("extract", "make", "LIMITED", "--agreement", "D-1", "--out", out, "--format", "csv")
    assert (code, "no identifier" in text) == (0, True)
    assert (tmp_path / "x" / "tumors.csv").read_text().splitlines()[0] == "study_tumor_id,study_patient_id,primarySite,dateOfDiagnosis"  # fmt: skip
    code, text, _ = run("extract", "agreements", "--json")
    assert json.loads(text)[0]["columns"] == ["dateOfDiagnosis", "primarySite"]
    assert "dateOfBirth" in run("extract", "profiles")[1]
    assert run("extract", "end", "D-1", "--reason", "done")[0] == 0
    assert run("extract", "make", "LIMITED", "--agreement", "D-1", "--out", out)[0] == 2
    code, text, _ = run("publish", "--out", str(tmp_path / "s"), "--json")
    assert (code, json.loads(text)["held_back"]) == (0, {})


def test_people_called_like_a_column_or_a_profile_do_not_stop_a_release(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as opened:
        names = [
            "Public",
            "Stage",
            "County",
            "Research",
            "Breast",
            "Grade",
            "Limited",
            "Laterality",
            "Months",
        ]
        people = [
            (changed(PERSON, nameLast=name, nameFirst=name, patientIdNumber=f"{n:08d}", socialSecurityNumber=f"21909{n:04d}"),
             [changed(TUMOR, accessionNumberHosp=f"2023{n:05d}")])
            for n, name in enumerate(names, 1)
        ]  # fmt: skip
        opened.run("ingest.file", path=write(tmp_path / "a.xml", *people))
        for profile in ("research", "public"):
            opened.run("publish.snapshot", out=str(tmp_path / profile), profile=profile)
        assert opened.run("extract.make", profile="DEID", out=str(tmp_path / "x"))["patients"] == len(names)
