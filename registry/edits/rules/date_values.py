"""Item edits over dates: one rule, one row an item."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from registry.edits.definition import ERROR, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import AS_OF, day, digits, is_real_date

OLDEST = 1000
"""First year where the dictionary names no other: a year has four digits."""

# edit, item, first year
_DATES = [
    ("dob-valid", "dateOfBirth", 1850),
    ("dx-date-valid", "dateOfDiagnosis", 1900),
    ("last-contact-valid", "dateOfLastContact", OLDEST),
    ("first-contact-valid", "dateOf1stContact", OLDEST),
    ("surgery-date-valid", "rxDateSurgery", OLDEST),
    ("definitive-surgery-date-valid", "rxDateMostDefinSurg", OLDEST),
    ("radiation-date-valid", "rxDateRadiation", OLDEST),
    ("chemo-date-valid", "rxDateChemo", OLDEST),
    ("hormone-date-valid", "rxDateHormone", OLDEST),
    ("brm-date-valid", "rxDateBrm", OLDEST),
    ("other-rx-date-valid", "rxDateOther", OLDEST),
    ("systemic-date-valid", "rxDateSystemic", OLDEST),
    ("initial-rx-date-valid", "dateInitialRxSeer", OLDEST),
    ("first-course-date-valid", "date1stCrsRxCoc", OLDEST),
    ("recurrence-date-valid", "recurrenceDate1st", OLDEST),
    ("cancer-status-date-valid", "dateOfLastCancerStatus", OLDEST),
]

_COMPLETE = [
    ("case-completed-valid", "dateCaseCompleted"),
    ("report-received-valid", "dateCaseReportReceived"),
]
"""Dates of work in the registry, which are known to the day."""


def is_calendar_date(item: str) -> pl.Expr:
    """True for a full or partial date of the calendar as reported, False or null for anything else.

    A year begins with no zero: `00002020` is not the year 2020.
    """
    size, value = pl.col(item).str.len_bytes(), digits(item)
    as_long = ((size == 8) == (value > 999_999)) & ((size == 4) == (value <= 9_999))
    return is_real_date(item) & as_long


def not_a_date(since: int) -> Callable[[pl.Expr, str], pl.Expr]:
    """Edit function: a filled value that is no real full or partial date, too old or in the future.

    A partial date is in the future when its first possible day is.
    """

    def fails(value: pl.Expr, item: str) -> pl.Expr:
        in_range = day(item).is_between(since * 10_000, AS_OF)
        return value.is_not_null() & ~(is_calendar_date(item) & in_range).fill_null(value=False)

    return fails


def not_a_full_date(value: pl.Expr, item: str) -> pl.Expr:
    """Edit function: a filled value that is not year, month and day of a real date until today."""
    return not_a_date(OLDEST)(value, item) | (value.str.len_bytes() != 8)


_NO_DATES = [
    "20230229",
    "20240230",
    "19000229",
    "20150431",
    "201513",
    "201500",
    "20150100",
    "2015-03-01",
    "15",
    "00002020",
    "00202003",
    "002020",
    "UNKNOWN",
    "20261102",
    "202612",
    "2027",
]
for _id, _item, _since in _DATES:
    _span = "until today" if _since == OLDEST else f"between {_since} and today"
    edit(
        _id,
        message="{" + _item + f"}} is not a date (YYYY, YYYYMM or YYYYMMDD) {_span}",
        severity=ERROR,
        items=[_item],
        level="item",
        category="date",
        source=DICTIONARY,
        passes=["20240229", "20000229", "20261101", "202611", "2026", "201503", "1998", f"{_since}0101", ""],
        fails=[*_NO_DATES, f"{_since - 1}1231", f"0{_since - 1}"],
    )(not_a_date(_since))

for _id, _item in _COMPLETE:
    edit(
        _id,
        message="{" + _item + "} is not a full date (YYYYMMDD) until today",
        severity=ERROR,
        items=[_item],
        level="item",
        category="date",
        source=DICTIONARY,
        passes=["20240229", "20000229", "20261101", "19990101", ""],
        fails=[*_NO_DATES, "202611", "2026", "1998"],
    )(not_a_full_date)


@edit(
    "dx-date-required",
    message="Date of diagnosis is blank; at least the year is needed",
    items=["dateOfDiagnosis"],
    level="item",
    category="date",
    source=DICTIONARY,
    columns=["dateOfDiagnosis", "dateOfDiagnosisFlag"],
    passes=["2020 | ", "20200105 | ", " | 12", "20201399 | "],
    fails=[" | ", "  | 10"],
    notes="Files up to version 22 say in the date flag that a date is unknown (12); later versions have "
    "no place for a reason, so blank fails. A date that is filled and wrong is for `dx-date-valid`.",
)
def dx_date_required(value: pl.Expr) -> pl.Expr:
    """Blank without the old flag that says unknown."""
    return value.is_null() & (pl.col("dateOfDiagnosisFlag") != "12").fill_null(value=True)
