"""The last look before a release: shapes, full dates, disguises, bytes outside the columns, false alarms."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput
from registry.security import scan
from registry.security.allow_list import PROFILES, shapes
from registry.security.extracts import profile_for, published_counts, published_words

WORDS = published_words(["Breast"])
CASES = pl.DataFrame({
    "study_tumor_id": ["a" * 20], "study_patient_id": ["b" * 20], "diagnosis_year": [2020], "primarySite": ["C509"],
    "site_group": ["Breast"],
})  # fmt: skip


def look(folder: Path, profile: str = "DEID", **more: object) -> scan.Scan:
    rule = profile_for(profile)
    return scan.read(folder, shapes(rule), WORDS, days_allowed=rule.dates != "months", **more)  # type: ignore[arg-type]


def written(folder: Path, **columns: object) -> Path:
    frame = CASES.with_columns(**{name: pl.lit(value) for name, value in columns.items()})
    scan.write(frame, folder / "tumors.csv", ".csv")
    return folder


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("primarySite", "C5O9", "values of another shape"),
        ("race1", "١٢", "values of another shape"),
        ("nameLast", "x", "a column that the profile does not have"),
        ("diagnosis_year", "20200115", "full dates"),
        ("site_group", "born 2/14/1950", "full dates"),
        ("site_group", "1950-02-14", "full dates"),
        ("study_patient_id", "B" * 20, "values of another shape"),
        ("dateOfDiagnosis", "20200115", "a column that the profile does not have"),
    ],
)
def test_shapes_and_days(tmp_path: Path, column: str, value: str, kind: str) -> None:
    hits = look(written(tmp_path, **{column: value})).hits
    assert (column, kind) in {(hit.column, hit.kind) for hit in hits}
    assert all(value not in str(hit) for hit in hits)


def test_a_clean_release_has_no_hits(tmp_path: Path) -> None:
    scan.write(CASES, tmp_path / "tumors.parquet", ".parquet")
    scan.write(
        published_counts(CASES.select("study_patient_id"), CASES).select("diagnosis_year"),
        tmp_path / "counts.csv",
        ".csv",
    )
    (tmp_path / "manifest.json").write_text(json.dumps({"as_of": "2026-11-22", "profile": "DEID"}))
    found = look(tmp_path)
    assert found.hits == []
    assert found.bytes > 0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_bytes_outside_the_columns(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tumors{suffix}"
    scan.write(CASES, path, suffix)
    path.write_bytes(path.read_bytes() + b"\n\n")
    if suffix == ".csv":
        assert any("none of its columns" in hit.kind or "shape" in hit.kind for hit in look(tmp_path).hits)
    else:
        with pytest.raises(BadInput, match="cannot be read back"):
            look(tmp_path)


def test_texts_beside_the_columns_of_parquet(tmp_path: Path) -> None:
    CASES.write_parquet(tmp_path / "tumors.parquet", metadata={"note": "RIVERA"})
    with pytest.raises(BadInput, match="further texts"):
        look(tmp_path)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert [hit.kind for hit in look(tmp_path).hits] == ["a file of another kind"]


@pytest.mark.parametrize(
    "value",
    [
        "123-45-6789", "123 45 6789", "SSN 123.45.6789!", "x123456789", "tel 9, 123 45 6789 ext 4", "１２３-４５-６７８９",
        "١٢٣٤٥٦٧٨٩", "000123456789",
    ],
)  # fmt: skip
def test_numbers_in_disguise(tmp_path: Path, value: str) -> None:
    known = pl.Series(["X123456789" if value.startswith("x") else "123456789"])
    hits = look(written(tmp_path, site_group=value)).look_up("ssn", "number", known)
    assert [hit.column for hit in hits] == ["site_group"]


@pytest.mark.parametrize(
    "value", ["MUNOZ", "muñoz", "Muñoz", "Dr. O'MUÑOZ (Muñoz)", "García Muñoz", "Ｍuñoz"]
)
def test_names_in_disguise(tmp_path: Path, value: str) -> None:
    found = look(written(tmp_path, site_group=value))
    assert [hit.column for hit in found.look_up("names", "name", pl.Series(["Muñoz Ibáñez"]))] == [
        "site_group"
    ]


def test_words_of_published_tables_are_no_names(tmp_path: Path) -> None:
    """Somebody may be called Breast, and a study number may begin as a record number does."""
    found = look(written(tmp_path))
    assert found.look_up("names", "name", pl.Series(["Breast", "Site Group", "Tumors"])) == []
    assert found.look_up("numbers", "number", pl.Series(["2020", "509", "00002020"])) == []


def test_codes_of_a_limited_data_set_are_no_record_numbers(tmp_path: Path) -> None:
    frame = CASES.with_columns(
        dateOfDiagnosis=pl.lit("20200115"),
        censusTract2020=pl.lit("471200"),
        addrAtDxPostalCode=pl.lit("10001"),
    )
    scan.write(frame, tmp_path / "tumors.csv", ".csv")
    rule = profile_for("LIMITED", columns=[*CASES.columns, "dateOfDiagnosis", "censusTract2020", "addrAtDxPostalCode"][2:])  # fmt: skip
    found = scan.read(tmp_path, shapes(rule), WORDS, days_allowed=True)
    assert found.hits == []
    assert found.look_up("mrn", "number", pl.Series(["20200115", "471200", "10001"])) == []
    assert PROFILES["LIMITED"].limited


def test_manifest_texts_are_looked_through(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        json.dumps({"study": "Rivera", "note": ["id 123-45-6789"], "as_of": "2026-11-22"})
    )
    found = look(tmp_path)
    assert [(hit.column, hit.kind) for hit in found.look_up("name", "name", pl.Series(["RIVERA"]))] == [
        ("study", "name")
    ]
    assert [hit.column for hit in found.look_up("ssn", "number", pl.Series(["123456789"]))] == ["note"]
    assert found.look_up("mrn", "number", pl.Series(["20261122"])) == []
