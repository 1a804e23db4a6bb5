"""Codes decoded: each table has the code as sent, then what becomes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from registry import standards
from registry.errors import BadInput, NotFound
from registry.formats.naaccr.decode import decode, unlisted
from registry.standards import Dictionary, Item


def decoded(item: str, *codes: str | None, **options: Any) -> pl.DataFrame:
    return decode(pl.DataFrame({item: codes}, schema={item: pl.String}), **options)


@pytest.mark.parametrize(
    ("item", "code", "label"),
    [
        ("laterality", "2", "Left (origin of primary)"),
        ("laterality", " 2 ", "Left (origin of primary)"),
        ("laterality", "7", None),
        ("laterality", "", None),
        ("laterality", None, None),
        ("race1", "01", "White"),
        ("race1", "1", "White"),
        ("addrAtDxState", "NY", "New York"),
        ("sexAssignedAtBirth", "2", "Female"),
        ("sex", "1", "Male"),
        ("behaviorCodeIcdO3", "9", "malignant, NOS"),
        ("militaryRecordNoSuffix", "30", "spouse (30)"),
    ],
)
def test_categories(item: str, code: str | None, label: str | None) -> None:
    found = decoded(item, code, "x")
    assert found.columns == [item] and isinstance(found.schema[item], pl.Enum)
    assert found[item].to_list() == [label, None]


def test_labels_are_in_the_order_of_the_codes() -> None:
    found = decoded("laterality", "9", "0", "4", "1")["laterality"]
    order = [label for _, label in sorted(standards.labels("laterality").items())]
    assert found.dtype.categories.to_list() == order  # type: ignore[attr-defined]
    assert found.sort().equals(decoded("laterality", "0", "1", "4", "9")["laterality"])


def test_codes_that_only_say_unknown_may_become_null() -> None:
    assert decoded("laterality", "1", "9", keep_unknown=False)["laterality"].is_null().to_list() == [
        False,
        True,
    ]
    assert decoded("laterality", "1", "9")["laterality"].null_count() == 0


@pytest.mark.parametrize(
    ("item", "code", "value", "reason"),
    [
        ("tumorSizeSummary", "015", 15, None),
        ("tumorSizeSummary", "15", 15, None),
        ("tumorSizeSummary", "000", 0, None),
        ("tumorSizeSummary", "999", None, "not documented"),
        ("tumorSizeSummary", "990", None, "microscopic, size unknown"),
        ("tumorSizeSummary", "abc", None, None),
        ("tumorSizeSummary", "", None, None),
        ("tumorSizeSummary", None, None, None),
        ("ageAtDiagnosis", "067", 67, None),
        ("ageAtDiagnosis", "999", None, "unknown"),
        ("regionalNodesPositive", "97", None, "positive, NOS"),
        ("regionalNodesPositive", "00", 0, None),
        ("radNoOfTreatmentVol", "999", None, "unknown"),
        ("psaLabValue", "73.8", 73.8, None),
        ("psaLabValue", "XXX.7", None, "test ordered, results unknown"),
        ("breslowTumorThickness", "A5.0", None, ">= 5.0"),
        ("latitude", "-40.123456", -40.123456, None),
        ("latitude", "1e5", None, None),
    ],
)
def test_numbers_with_their_reasons(
    item: str, code: str | None, value: float | None, reason: str | None
) -> None:
    found = decoded(item, code)
    assert found.columns == [item, item + "Reason"]
    assert found.schema[item] == (
        pl.Float64 if item in ("psaLabValue", "breslowTumorThickness", "latitude") else pl.Int64
    )
    assert isinstance(found.schema[item + "Reason"], pl.Enum)
    assert found.row(0) == (value, reason)


@pytest.mark.parametrize(
    ("code", "number", "reason", "reportable", "only"),
    [
        ("00", 1, None, True, True),
        ("01", 1, None, True, False),
        ("12", 12, None, True, False),
        ("60", 1, None, False, True),
        ("61", 1, None, False, False),
        ("62", 2, None, False, False),
        ("88", None, "unknown, non-malignant", False, None),
        ("98", None, "cervix carcinoma in situ", False, None),
        ("99", None, "unknown, malignant", True, None),
        ("93", None, None, None, None),
        ("", None, None, None, None),
        (None, None, None, None, None),
    ],
)
def test_sequence_numbers(
    code: str | None, number: int | None, reason: str | None, reportable: bool | None, only: bool | None
) -> None:
    found = decoded("sequenceNumberCentral", code)
    assert found.columns == [
        "sequenceNumberCentral", "sequenceNumberCentralReason", "npcrReportableCentral", "onlyTumorCentral",
    ]  # fmt: skip
    assert found.row(0) == (number, reason, reportable, only)


@pytest.mark.parametrize(
    ("item", "code", "value", "reason"),
    [
        ("vitalStatus", "1", True, None),
        ("vitalStatus", "0", False, None),
        ("metsAtDxBone", "9", None, "Unknown whether this is involved metastatic site; Not documented"),
        ("metsAtDxBone", "8", None, "Not Applicable"),
        ("metsAtDxBone", "5", None, None),
        ("cancerStatus", "1", False, None),
        ("cancerStatus", "2", True, None),
        ("cancerStatus", None, None, None),
    ],
)
def test_yes_or_no(item: str, code: str | None, value: bool | None, reason: str | None) -> None:
    found = decoded(item, code)
    assert found.columns == [item, item + "Reason"] and found.schema[item] == pl.Boolean
    assert found.row(0) == (value, reason)


@pytest.mark.parametrize(("code", "value"), [("1", True), ("", False), (None, False), ("9", None)])
def test_override_flags(code: str | None, value: bool | None) -> None:
    assert decoded("overRideSsNodespos", code).rows() == [(value,)]


@pytest.mark.parametrize(
    ("code", "day", "precision"),
    [
        ("20240229", dt.date(2024, 2, 29), "day"),
        ("202402", dt.date(2024, 2, 1), "month"),
        ("2024", dt.date(2024, 1, 1), "year"),
        (" 2024 ", dt.date(2024, 1, 1), "year"),
        ("20230229", None, None),
        ("99999999", None, None),
        ("2024-02-29", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_dates_with_their_precision(code: str | None, day: dt.date | None, precision: str | None) -> None:
    found = decoded("dateOfDiagnosis", code)
    assert found.columns == ["dateOfDiagnosis", "dateOfDiagnosisPrecision"]
    assert found.schema["dateOfDiagnosis"] == pl.Date
    assert found.row(0) == (day, precision)


@pytest.mark.parametrize(
    ("code", "moment", "precision"),
    [
        ("2025-03-01T12:30:05Z", dt.datetime(2025, 3, 1, 12, 30, 5), "second"),
        ("2025-03-01T12:30:05.25-05:00", dt.datetime(2025, 3, 1, 12, 30, 5), "second"),
        ("20250301123005", dt.datetime(2025, 3, 1, 12, 30, 5), "second"),
        ("202503011230", dt.datetime(2025, 3, 1, 12, 30), "minute"),
        ("2025030112", dt.datetime(2025, 3, 1, 12), "hour"),
        ("20250301", dt.datetime(2025, 3, 1), "day"),
        ("2025-03", dt.datetime(2025, 3, 1), "month"),
        ("2025", dt.datetime(2025, 1, 1), "year"),
        ("20250230", None, None),
        ("2025-03-01T25:00:00", None, None),
        ("soon", None, None),
    ],
)  # fmt: skip
def test_dates_with_a_time(code: str, moment: dt.datetime | None, precision: str | None) -> None:
    found = decoded("pathDateSpecCollect1", code)
    assert found.schema["pathDateSpecCollect1"] == pl.Datetime("us")
    assert found.row(0) == (moment, precision)


def test_text_and_other_columns_stay() -> None:
    frame = pl.DataFrame(
        {
            "patient_index": [0, 1],
            "nameLast": ["1", "O'Neil"],
            "primarySite": ["C504", "C619"],
            "laterality": ["1", "2"],
            "notAnItem": ["1", "2"],
            "ageAtDiagnosis": [67, 999],
        }
    )
    found = decode(frame)
    assert found.columns == frame.columns
    assert found.drop("laterality").equals(frame.drop("laterality"))
    assert unlisted(frame).is_empty()


def test_parts_can_be_left_as_codes() -> None:
    frame = pl.DataFrame(
        {"laterality": ["1"], "vitalStatus": ["1"], "tumorSizeSummary": ["015"], "dateOfBirth": ["1950"]}
    )
    assert decode(frame, labels=False, dates=False, numbers=False).equals(frame)
    assert decode(frame, labels=False).columns[:2] == ["laterality", "vitalStatus"]
    assert decode(frame, labels=False)["laterality"].to_list() == ["1"]
    assert decode(frame, numbers=False)["tumorSizeSummary"].to_list() == ["015"]
    assert decode(frame, dates=False)["dateOfBirth"].to_list() == ["1950"]


def test_empty_frames_keep_their_types() -> None:
    full = decoded("tumorSizeSummary", "015").schema
    assert decoded("tumorSizeSummary").schema == full
    assert decode(pl.DataFrame()).is_empty()
    assert decoded("laterality", None)["laterality"].dtype == decoded("laterality", "1")["laterality"].dtype


def test_decoding_again_changes_nothing() -> None:
    once = decode(pl.DataFrame({"tumorSizeSummary": ["015"], "dateOfBirth": ["1950"], "laterality": ["1"]}))
    assert decode(once).equals(once)


def test_a_column_in_the_way_is_refused() -> None:
    frame = pl.DataFrame({"dateOfBirth": ["1950"], "dateOfBirthPrecision": ["year"]})
    with pytest.raises(BadInput, match="dateOfBirthPrecision already"):
        decode(frame)


def test_labels_of_a_version() -> None:
    assert decoded("sexAssignedAtBirth", "1", version="26")["sexAssignedAtBirth"].to_list() == ["Male"]
    with pytest.raises(NotFound):
        decoded("laterality", "1", version="99")


def test_user_defined_items_by_their_data_type() -> None:
    own = [
        Item(9900, "ownDate", "Own Date", 8, "Tumor", "AMCI", data_type="date"),
        Item(9901, "ownScore", "Own Score", 5, "Tumor", "AMCI", data_type="numeric"),
        Item(9902, "laterality", "Own Laterality", 1, "Tumor", "AMCI"),
    ]
    dictionary = standards.dictionary("260").merged([Dictionary(None, "own", own)])
    frame = pl.DataFrame(
        {"ownDate": ["2020"], "ownScore": ["1.5"], "laterality": ["1"], "laterality__9902": ["1"]}
    )
    assert decode(frame).columns == ["ownDate", "ownScore", "laterality", "laterality__9902"]
    found = decode(frame, dictionary=dictionary)
    assert found["ownDate"].to_list() == [dt.date(2020, 1, 1)] and found["ownScore"].to_list() == [1.5]
    assert found["laterality"].to_list() == ["Right (origin of primary)"]
    assert found["laterality__9902"].to_list() == ["1"]


def test_what_cannot_be_decoded_is_listed() -> None:
    frame = pl.DataFrame(
        {
            "dateOfBirth": ["19500230", "1950", "", None],
            "laterality": ["7", "7", "1", "x"],
            "tumorSizeSummary": ["big", " ", "015", "999"],
            "vitalStatus": ["0", "5", "5", "5"],
            "overRideSsNodespos": ["1", "2", None, ""],
            "nameLast": ["anything", "at", "all", "!"],
        }
    )
    assert unlisted(frame).rows() == [
        ("dateOfBirth", "19500230", 1),
        ("laterality", "7", 2),
        ("laterality", "x", 1),
        ("overRideSsNodespos", "2", 1),
        ("tumorSizeSummary", "big", 1),
        ("vitalStatus", "5", 3),
    ]
    found = decode(frame)
    for item, value, _ in unlisted(frame).rows():
        assert found.filter(frame[item] == value)[item].null_count() > 0
    assert unlisted(pl.DataFrame()).columns == ["item", "value", "count"]
