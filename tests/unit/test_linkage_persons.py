"""Joining persons and consolidating their records: small tables, one rule each."""

from __future__ import annotations

import itertools
import random

import polars as pl
import pytest

from registry.linkage import consolidate, identity, match_persons
from registry.linkage.known import facility_number

ANN = {
    "sender": "A", "patientIdNumber": "01", "nameLast": "Roe", "nameFirst": "Ann", "dateOfBirth": "19500214",
    "sexAssignedAtBirth": "2", "socialSecurityNumber": "078051120",
}  # fmt: skip
BLANK = dict.fromkeys(ANN)


def frame(key: str, *people: dict[str, str | None]) -> pl.DataFrame:
    columns = dict.fromkeys(ANN, pl.String)
    rows = pl.DataFrame([{**ANN, **person} for person in people], schema=columns)
    return identity(
        rows.with_row_index(key, offset=1 if key == "patient_id" else 0).cast({key: pl.Int64}), [key]
    )


def joined(
    new: dict[str, str | None], *known: dict[str, str | None]
) -> tuple[list[tuple[int, str]], list[int]]:
    match = match_persons(frame("row", new), frame("patient_id", *known))
    return match.matches.select("patient_id", "rule").rows(), match.doubts["patient_id"].to_list()


SAME = [(1, "same-sender-id")]
STRICT = [(1, "strict-agreement")]


@pytest.mark.parametrize(
    ("new", "matches", "doubts"),
    [
        ({}, SAME, []),
        ({"socialSecurityNumber": None}, SAME, []),
        ({"nameLast": None, "nameFirst": None, "socialSecurityNumber": None}, SAME, []),
        ({"dateOfBirth": "195002"}, SAME, []),
        ({"dateOfBirth": "1951"}, [], [1]),
        ({"nameLast": "Doe"}, [], [1]),
        ({**BLANK, "sender": "A", "patientIdNumber": "01"}, [], []),
        ({**BLANK, "sender": "A", "patientIdNumber": "01", "dateOfBirth": "19500214"}, SAME, []),
        ({"sender": "B", "patientIdNumber": "77"}, STRICT, []),
        ({"sender": "B", "patientIdNumber": "77", "sexAssignedAtBirth": "9"}, [], [1]),
        ({"sender": "B", "patientIdNumber": "77", "dateOfBirth": "1950"}, [], [1]),
        ({"sender": "B", "patientIdNumber": "77", "socialSecurityNumber": "999999999"}, [], [1]),
        ({"sender": "B", "patientIdNumber": "77", "socialSecurityNumber": "219099999"}, [], []),
        ({"sender": "B", "patientIdNumber": "01", "nameLast": "Doe", "dateOfBirth": "19610101",
          "socialSecurityNumber": "219099999"}, [], []),
        ({"sender": None, "patientIdNumber": None}, STRICT, []),
    ],
)  # fmt: skip
def test_the_rules(new: dict[str, str | None], matches: list[tuple[int, str]], doubts: list[int]) -> None:
    assert joined(new, {}) == (matches, doubts)


def test_two_known_patients_that_both_fit_are_doubtful() -> None:
    matches, doubts = joined(
        {"sender": "C", "patientIdNumber": "9"}, {}, {"sender": "B", "patientIdNumber": "7"}
    )
    assert (matches, doubts) == ([], [1, 2])


def test_one_patient_known_by_several_abstracts_counts_once() -> None:
    known = frame("patient_id", {}, {"sender": "B", "nameLast": "ROE "}).with_columns(
        patient_id=pl.lit(1, pl.Int64)
    )
    assert match_persons(frame("row", {"sender": "C"}), known).matches["patient_id"].to_list() == [1]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("O'Neil", "ONEIL"),
        ("Smith-Jones", "SMITH JONES"),
        ("de la Cruz", "DELACRUZ"),
        ("MÜLLER", "müller"),
        ("St. John", "ST JOHN"),
    ],
)
def test_spellings_that_are_one_name(one: str, two: str) -> None:
    assert joined({"nameLast": one}, {"nameLast": two, "sender": "B"})[0] == STRICT


def test_facility_numbers() -> None:
    given = pl.DataFrame({"f": ["6210010", "0006210010", " 6210010 ", "0", "", None]})
    kept = given.select(facility_number(pl.col("f"))).to_series().to_list()
    assert kept == ["0006210010"] * 3 + [None] * 3


ABSTRACTS = pl.DataFrame(
    {
        "abstract_id": [1, 2, 3],
        "tumor_id": [5, 5, 5],
        "classOfCase": ["30", "10", "22"],
        "dateOf1stContact": ["20230101", "20230301", "20230201"],
        "laterality": ["9", None, "2"],
        "grade": [None, "3", "1"],
        "vitalStatus": ["1", "0", "1"],
        "dateOfLastContact": ["20250101", "20240601", "20241231"],
        "causeOfDeath": [None, "C509", None],
    }
)
ITEMS = [
    "classOfCase",
    "laterality",
    "grade",
    "vitalStatus",
    "dateOfLastContact",
    "causeOfDeath",
    "absentItem",
]


def test_consolidation_does_not_depend_on_the_order_of_rows() -> None:
    expected = (5, "22", "2", "1", "0", "20240601", "C509")
    for order in itertools.permutations(range(3)):
        assert consolidate(ABSTRACTS[list(order)], "tumor_id", ITEMS).rows() == [expected]


def test_the_living_follow_the_latest_contact() -> None:
    living = ABSTRACTS.with_columns(vitalStatus=pl.lit("1"))
    assert consolidate(living, "tumor_id", ["dateOfLastContact"]).rows() == [(5, "20250101")]


def test_ties_go_to_the_lowest_id_and_unknown_dates_come_last() -> None:
    same = pl.DataFrame(
        {
            "abstract_id": [3, 1, 2],
            "patient_id": [1, 1, 1],
            "dateOf1stContact": [None, "2023", "2023"],
            "race1": ["03", "01", "02"],
        }
    )
    assert consolidate(same, "patient_id", ["race1"]).rows() == [(1, "01")]


def test_many_tumors_each_for_itself() -> None:
    chance = random.Random(7)
    rows = [
        {"abstract_id": n, "tumor_id": n % 50, "laterality": chance.choice(["1", "2", None])}
        for n in range(400)
    ]
    found = dict(consolidate(pl.DataFrame(rows), "tumor_id", ["laterality"]).iter_rows())
    for tumor in range(50):
        filled = [row["laterality"] for row in rows if row["tumor_id"] == tumor and row["laterality"]]
        assert found[tumor] == (filled[0] if filled else None)
