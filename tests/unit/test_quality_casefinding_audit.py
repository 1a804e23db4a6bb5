"""Casefinding audits: reading the list, finding the cases, completeness."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput
from registry.quality.casefinding_audit import ABSTRACT_ITEMS, completeness, match
from registry.quality.casefinding_list import FIELDS, read
from registry.quality.proportions import exact_limits

HEADER = "Facility,Source,MRN,Accession Number,Last Name,First Name,DOB,Primary Site,Date"
ONE, TWO = "0000000001", "0000000002"


def _read(*lines: str, header: str = HEADER) -> pl.DataFrame:
    return read(("\n".join([header, *lines]) + "\n").encode(), "list.csv")


def _abstracts(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {
        "patient_id": 1, "tumor_id": 1, "facility_id": ONE, "medicalRecordNumber": "M1", "accessionNumberHosp": "202400001",
        "nameLast": "Alvarez", "nameFirst": "Maria", "dateOfBirth": "19500214", "primarySite": "C504",
        "histologicTypeIcdO3": "8500", "dateOfDiagnosis": "20240115", "dateOf1stContact": "20240110",
    }  # fmt: skip
    schema = dict.fromkeys(("abstract_id", "patient_id", "tumor_id"), pl.Int64) | {"facility_id": pl.String}
    schema |= dict.fromkeys(ABSTRACT_ITEMS, pl.String)
    made = [{"abstract_id": number, **base, **row} for number, row in enumerate(rows, 1)]
    return pl.DataFrame(made, schema=schema)


def _verdict(line: str, *abstracts: dict[str, Any]) -> tuple[str, str | None]:
    row = match(_read(line), _abstracts(*abstracts)).row(0, named=True)
    return row["state"], row["agreed_on"] or row["reason"]


def test_every_row_is_kept_with_its_line_and_reason() -> None:
    rows = _read(
        "1,path,M1,,,,,C50.4,2024-01-15",
        "",
        '1,path,M2,,"A\nB",,,C61,1/5/2024',
        "1,path,M3,,,,,C61,2024-13-40",
        "1,path,M4,,,,,breast,20240115",
        "X1,path,M5,,,,,C61,20240115",
        "1,path,,,Smith,Ann,1950,C61,20240115",
        "1,path,M7,,,,,C61,20240115,more",
    )
    assert rows.columns == ["line", *FIELDS, "reason"]
    assert rows.select("line", "reason").rows() == [
        (2, None),
        (4, None),
        (6, "date is not a date"),
        (7, "the site is no code of ICD-O or ICD-10"),
        (8, "the facility is not a number"),
        (9, "no number and no full name with birth date"),
        (10, "10 fields instead of 9"),
    ]
    assert rows["date"].to_list()[:2] == ["20240115", "20240105"]


def test_a_list_in_the_old_code_page_is_read() -> None:
    rows = read((HEADER + "\n1,path,,,Núñez,José,19500101,C61,2024\n").encode("cp1252"), "list.csv")
    assert rows.select("last_name", "reason").row(0) == ("Núñez", None)


@pytest.mark.parametrize("header", ["", "facility,site,date", "mrn,medicalRecordNumber,site"])
def test_a_header_that_cannot_be_used_is_refused(header: str) -> None:
    with pytest.raises(BadInput, match=r"list\.csv"):
        _read("1,2,3", header=header)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("1,path,m-01,,,,,C50,20240120", ("missed", "nobody known by these keys")),
        ("1,path,m1,,,,,C50,20240120", ("found", "medical record number")),
        ("1,path,0 0M1,,,,,C50.9,", ("found", "medical record number")),
        ("1,path,,202400001,,,,C50411,20241231", ("found", "accession number")),
        ("2,path,M1,,,,,C504,20240120", ("missed", "nobody known by these keys")),
        ("2,path,,,ALVAREZ,maria,1950-02-14,C504,20240120", ("found", "name and birth date")),
        ("2,path,,,ALVAREZ,maria,1950-02-15,C504,20240120", ("missed", "nobody known by these keys")),
        (
            "1,path,M1,,Brooks,Ann,19611130,C504,20240120",
            ("unclear", "the number is another person's in the registry"),
        ),
        ("1,path,M1,,Alvarez-Diaz,,19500214,C504,20240120", ("found", "medical record number")),
    ],
)
def test_strict_keys(line: str, wanted: tuple[str, str]) -> None:
    assert _verdict(line, {}) == wanted


@pytest.mark.parametrize(
    ("site", "date", "abstract", "state"),
    [
        ("C61", "20240120", {}, "unclear"),
        ("C504", "20231018", {}, "found"),  # 89 days before diagnosis
        ("C504", "20231001", {}, "unclear"),
        ("C504", "20250115", {}, "found"),  # 366 days later
        ("C504", "20250117", {}, "unclear"),
        ("C504", "2025", {}, "found"),
        ("C504", "20250601", {"dateOf1stContact": "20250501"}, "found"),
        ("", "20240120", {}, "found"),
        ("", "", {}, "unclear"),
        ("C787", "20240120", {}, "found"),
        ("C439", "", {"primarySite": "C445", "histologicTypeIcdO3": "8720"}, "found"),
        ("C8330", "", {"primarySite": "C161", "histologicTypeIcdO3": "9680"}, "found"),
        ("C8330", "", {"primarySite": "C161", "histologicTypeIcdO3": "8140"}, "unclear"),
        ("C161", "", {"primarySite": "C161", "histologicTypeIcdO3": "9680"}, "found"),
        ("C504", "20240120", {"dateOfDiagnosis": None, "dateOf1stContact": None}, "unclear"),
    ],
)
def test_site_and_date_decide(site: str, date: str, abstract: dict[str, Any], state: str) -> None:
    assert _verdict(f"1,path,M1,,,,,{site},{date}", abstract)[0] == state


def test_several_tumors_or_patients_are_for_a_person() -> None:
    two_tumors = ({}, {"tumor_id": 2, "primarySite": "C619"})
    assert _verdict("1,path,M1,,,,,,20240120", *two_tumors) == ("unclear", "medical record number")
    assert _verdict("1,path,M1,,,,,C61,20240120", *two_tumors)[0] == "found"
    two_people = ({}, {"patient_id": 2, "tumor_id": 2})
    assert _verdict("1,path,M1,,,,,C50,20240120", *two_people)[0] == "unclear"


def test_a_case_in_two_sources_counts_once_and_a_row_twice_is_repeated() -> None:
    rows = _read(
        "1,path,M1,,,,,C50,20240115",
        "1,path,M1,,,,,C50,20240115",
        "1,index,,202400001,,,,C50,20240201",
        "1,index,M9,,,,,C61,20240201",
        "1,path,M9,,,,,C619,20240301",
        "1,path,M8,,,,,C619,32",
    )
    listed = match(rows, _abstracts({})).with_columns(outcome=pl.lit(None, pl.String))
    assert listed["state"].to_list() == ["found", "repeated", "found", "missed", "missed", "unreadable"]
    whole = completeness(listed).row(0, named=True)
    assert {name: whole[name] for name in ("rows", "unreadable", "cases", "found", "missed")} == {
        "rows": 6, "unreadable": 1, "cases": 2, "found": 1, "missed": 1,
    }  # fmt: skip
    by_source = completeness(listed, ["source"])
    assert by_source.select("source", "rows", "cases", "found").rows() == [
        ("index", 2, 2, 1),
        ("path", 4, 2, 1),
    ]


def test_completeness_with_limits_and_settled_rows() -> None:
    states = ["found"] * 8 + ["missed", "missed", "unclear", "unclear", "unreadable"]
    outcomes = [None] * 9 + ["not_eligible", "missed", None, "found"]
    listed = pl.DataFrame(
        {"state": states, "outcome": outcomes, "case": [f"c{n}" for n in range(12)] + [None], "facility": [ONE] * 13},
        schema={"state": pl.String, "outcome": pl.String, "case": pl.String, "facility": pl.String},
    )  # fmt: skip
    row = completeness(listed, ["facility"]).row(0, named=True)
    assert (row["found"], row["missed"], row["unclear"], row["not_eligible"], row["unreadable"]) == (
        9,
        2,
        1,
        1,
        0,
    )
    low, high = exact_limits(9, 11)
    assert row["percent"] == pytest.approx(100 * 9 / 11)
    assert (row["lower"], row["upper"]) == pytest.approx((100 * low, 100 * high), abs=1e-5)
    assert (row["lowest"], row["highest"]) == pytest.approx((75, 100 * 10 / 12))


def test_nothing_listed_is_no_percentage() -> None:
    listed = pl.DataFrame(schema={"state": pl.String, "outcome": pl.String, "case": pl.String})
    assert completeness(listed).select("rows", "cases", "percent").row(0) == (0, 0, None)
