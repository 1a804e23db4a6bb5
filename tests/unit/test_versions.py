"""What a resent record changes: received last, standing now, arriving; and which abstract it concerns."""

from __future__ import annotations

import polars as pl
import pytest

from registry.abstracting.matching import find_resends, find_tumors, rounds
from registry.abstracting.versions import differences

LEGAL = {"laterality", "grade", "primarySite"}


def long(**items: str | None) -> pl.DataFrame:
    rows = [(1, item, value) for item, value in items.items() if value is not None]
    return pl.DataFrame(
        rows, schema={"abstract_id": pl.Int64, "item": pl.String, "value": pl.String}, orient="row"
    )


@pytest.mark.parametrize(
    ("received", "standing", "arriving", "expected"),
    [
        ("1", "1", "1", None),
        ("1", "1", "2", ("1", "2", True)),
        ("1", "1", None, ("1", None, True)),
        (None, None, "2", (None, "2", True)),
        ("1", "9", "1", None),  # edited here, sent as before
        ("1", "9", "2", ("9", "2", False)),  # edited here, another value arrives: held
        ("1", "9", None, ("9", None, False)),
        ("1", "2", "2", None),  # edited here to what now arrives
        (None, "9", None, None),
        (None, "9", "2", ("9", "2", False)),
        ("1", None, "2", (None, "2", False)),  # blanked here
    ],
)
def test_three_sides(
    received: str | None,
    standing: str | None,
    arriving: str | None,
    expected: tuple[str | None, str | None, bool] | None,
) -> None:
    found = differences(long(grade=arriving), long(grade=received), long(grade=standing), LEGAL)
    assert found.select("before", "after", "applied").rows() == ([] if expected is None else [expected])


def test_what_the_record_could_not_carry_is_not_blanked() -> None:
    assert differences(long(), long(textRemarks="x"), long(textRemarks="x"), LEGAL).is_empty()
    found = differences(long(textRemarks="y"), long(textRemarks="x"), long(textRemarks="x"), LEGAL)
    assert found["applied"].to_list() == [True]


def test_frozen_takes_nothing_and_critical_is_marked() -> None:
    found = differences(long(primarySite="C509", grade="2"), long(), long(), LEGAL, frozen=[1])
    assert found.select("item", "applied", "critical").rows() == [
        ("grade", False, False),
        ("primarySite", False, True),
    ]


RECORD = {
    "facility_id": "0000000001", "accessionNumberHosp": "202300001", "sequenceNumberHospital": "00", "sender": "S",
    "patientIdNumber": "7", "tumorRecordNumber": "01", "last": "ROE", "first": "ANN", "birth": "19500214", "birth_sex": "2",
    "ssn": "078051120",
}  # fmt: skip


def records(key: str, *changes: dict[str, str | None]) -> pl.DataFrame:
    schema = dict.fromkeys(RECORD, pl.String)
    rows = pl.DataFrame([{**RECORD, **change} for change in changes], schema=schema)
    return rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(key))


@pytest.mark.parametrize(
    ("change", "matched", "ambiguous"),
    [
        ({}, True, False),
        ({"sender": "OTHER", "patientIdNumber": "8", "tumorRecordNumber": "02"}, True, False),
        ({"last": "DOE"}, True, False),  # one contradiction: a correction
        ({"last": "DOE", "birth": "19610101"}, False, True),
        ({"sequenceNumberHospital": "01"}, False, False),
        ({"facility_id": "0000000002"}, False, False),
        ({"accessionNumberHosp": None}, True, False),  # patient id and tumor record number
        ({"accessionNumberHosp": "000000000"}, True, False),
        ({"accessionNumberHosp": None, "last": "DOE"}, False, False),
        ({"accessionNumberHosp": None, "tumorRecordNumber": "02"}, False, False),
        (
            {"accessionNumberHosp": None, "birth": None, "ssn": None},
            False,
            False,
        ),  # nothing of the person agrees
        ({"accessionNumberHosp": None, "sender": "OTHER"}, False, False),
    ],
)
def test_which_records_are_resends(change: dict[str, str | None], matched: bool, ambiguous: bool) -> None:
    found = find_resends(records("row", change), records("abstract_id", {}))
    assert (found.matches.height == 1, found.ambiguous.height == 1) == (matched, ambiguous)


def test_an_ambiguous_row_is_listed_once() -> None:
    known = records(
        "abstract_id", {"tumorRecordNumber": None}, {"tumorRecordNumber": None}, {"tumorRecordNumber": None}
    )
    found = find_resends(records("row", {"tumorRecordNumber": None}), known)
    assert found.matches.is_empty()
    assert found.ambiguous.select("row", "abstract_id").rows() == [(0, 0)]


TUMOR = {
    "primarySite": "C504", "histologicTypeIcdO3": "8500", "behaviorCodeIcdO3": "3", "laterality": "2",
    "dateOfDiagnosis": "20230115",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "facility", "same", "doubtful"),
    [
        ({}, "2", True, False),
        ({}, "1", False, True),  # the facility has an abstract of it: a second primary, or its own repetition
        ({"laterality": "1"}, "2", False, True),
        ({"primarySite": "C509"}, "2", False, True),
        ({"primarySite": "C341"}, "2", False, False),
        ({"dateOfDiagnosis": "20250115"}, "2", False, False),
        ({"dateOfDiagnosis": None}, "2", False, False),
    ],
)
def test_which_tumor_an_abstract_describes(
    change: dict[str, str | None], facility: str, same: bool, doubtful: bool
) -> None:
    schema = dict.fromkeys(TUMOR, pl.String)
    new = pl.DataFrame([{**TUMOR, **change}], schema=schema).with_columns(
        row=pl.lit(0), patient_id=pl.lit(1), facility_id=pl.lit(facility)
    )
    known = pl.DataFrame([TUMOR], schema=schema).with_columns(
        tumor_id=pl.lit(5), patient_id=pl.lit(1), facilities=pl.lit(["1"])
    )
    strict, doubts = find_tumors(new, known)
    assert (strict.height == 1, doubts.height == 1) == (same, doubtful)


def test_records_that_concern_one_another_wait_for_one_another() -> None:
    frame = records(
        "row", {}, {"ssn": None}, {"patientIdNumber": "8", "accessionNumberHosp": "3"}
    ).with_columns(patient_index=pl.Series([0, 1, 2]))
    assert rounds(frame).to_list() == [0, 1, 1]
    strangers = records(
        "row", *({"accessionNumberHosp": "000000000", "last": f"L{n}", "birth": f"1950010{n}", "ssn": f"{n}"} for n in range(5))
    ).with_columns(patient_index=pl.int_range(5))  # fmt: skip
    assert rounds(strangers).to_list() == [0] * 5
