"""All 44 reports of the shared messages, value by value."""

from __future__ import annotations

import csv
from functools import cache
from typing import Any

import pytest

from registry.formats import read_hl7, sniff
from tests.paths import SHARED, needs_shared, shared

WHERE = {
    "report_number_7090": "pathReportNumber1",
    "result_status": "result_status",
    "name_last_2230": "nameLast",
    "name_first_2240": "nameFirst",
    "name_middle_2250": "nameMiddle",
    "sex_225": "sexAssignedAtBirth",
    "date_of_birth_240": "dateOfBirth",
    "ssn_2320": "socialSecurityNumber",
    "mrn_2300": "medicalRecordNumber",
    "street_2330": "addrAtDxNoStreet",
    "city_70": "addrAtDxCity",
    "state_80": "addrAtDxState",
    "zip_100": "addrAtDxPostalCode",
    "county_90": "countyAtDx",
    "race1_160": "race1",
    "hispanic_190": "spanishHispanicOrigin",
    "reporting_facility_7010": "pathReportingFacId1",
    "ordering_facility_7190": "pathOrderingFacNo1",
    "ordering_npi_7100": "pathOrderPhysLicNo1",
    "final_dx_text": "final_diagnosis",
}
DAYS = {"date_specimen_7320": "pathDateSpecCollect1", "date_reported": "report_date"}
SECTIONS = (
    *("final_diagnosis", "clinical_history", "gross", "microscopic"),
    *("nature_of_specimen", "comment", "supplemental"),
)
FILES = sorted((SHARED / "messages" / "hl7").glob("*.hl7")) if SHARED else []


@cache
def reports() -> dict[tuple[str, str, str], dict[str, Any]]:
    found = {}
    for path in FILES:
        for row in read_hl7(path).reports.iter_rows(named=True):
            found[path.name, row["control_id"], row["obr_set_id"]] = row
    return found


def expected() -> list[dict[str, str]]:
    if SHARED is None:
        return []
    with shared("messages", "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@needs_shared
@pytest.mark.parametrize(
    "row", expected(), ids=lambda r: f"{r['control_id']}-{r['obr_set_id']}-{r['file'][:4]}"
)
def test_a_report(row: dict[str, str]) -> None:
    found = reports()[row["file"], row["control_id"], row["obr_set_id"]]
    assert {name: found[item] or "" for name, item in WHERE.items()} == {name: row[name] for name in WHERE}
    assert {name: (found[item] or "")[:10] for name, item in DAYS.items()} == {
        name: row[name] for name in DAYS
    }
    assert str(sum(bool(found[name]) for name in SECTIONS)) == row["n_text_sections"]
    assert found["final_diagnosis"] in found["report_text"]


@needs_shared
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_file_has_no_faults_and_exact_byte_ranges(path: Any) -> None:
    raw, batch = path.read_bytes(), read_hl7(path)
    assert sniff(path) == "hl7"
    assert batch.faults.is_empty()
    assert batch.messages == raw.count(b"MSH")
    for start, length in batch.reports.select("byte_start", "byte_length").unique().rows():
        piece = raw[start : start + length]
        assert piece.startswith(b"MSH") and piece.count(b"MSH") == 1
        assert not set(piece) & {0x0B, 0x1C} and b"BTS" not in piece


@needs_shared
def test_every_expected_report_is_there_and_no_other() -> None:
    assert set(reports()) == {(r["file"], r["control_id"], r["obr_set_id"]) for r in expected()}
