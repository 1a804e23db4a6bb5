"""Item edits over dates: one rule, one row an item."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from registry.edits.definition import ERROR, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import AS_OF, blank, day, is_real_date

_DATES = [
    ("dob-valid", "dateOfBirth", 1850),
    ("dx-date-valid", "dateOfDiagnosis", 1900),
    ("last-contact-valid", "dateOfLastContact", 1900),
    ("first-contact-valid", "dateOf1stContact", 1900),
    ("surgery-date-valid", "rxDateSurgery", 1900),
    ("radiation-date-valid", "rxDateRadiation", 1900),
    ("chemo-date-valid", "rxDateChemo", 1900),
    ("hormone-date-valid", "rxDateHormone", 1900),
    ("brm-date-valid", "rxDateBrm", 1900),
    ("other-rx-date-valid", "rxDateOther", 1900),
    ("initial-rx-date-valid", "dateInitialRxSeer", 1900),
    ("first-course-date-valid", "date1stCrsRxCoc", 1900),
]


def not_a_date(since: int) -> Callable[[pl.Expr, str], pl.Expr]:
    """Edit function: a filled value that is no real full or partial date, too old or in the future.

    A partial date is in the future when its first possible day is.
    """

    def fails(value: pl.Expr, item: str) -> pl.Expr:
        in_range = day(item).is_between(since * 10_000, AS_OF)
        return value.is_not_null() & ~(is_real_date(item) & in_range).fill_null(value=False)

    return fails


for _id, _item, _since in _DATES:
    edit(
        _id,
        message="{" + _item + f"}} is not a date (YYYY, YYYYMM or YYYYMMDD) between {_since} and today",
        severity=ERROR,
        items=[_item],
        level="item",
        category="date",
        source=DICTIONARY,
        passes=["20240229", "201503", "1998", ""],
        fails=["20230229", "201513", "2015-03-01", f"{_since - 1}0101", "20991231"],
    )(not_a_date(_since))


@edit(
    "dx-date-required",
    message="Date of diagnosis is blank; at least the year is needed",
    items=["dateOfDiagnosis"],
    category="date",
    source=DICTIONARY,
    requires=[],
    columns=["dateOfDiagnosis", "dateOfDiagnosisFlag"],
    passes=["2020 | ", "20200105 | ", " | 12"],
    fails=[" | ", "  | 10"],
    notes="Files up to version 22 say in the date flag that a date is unknown (12); later versions have "
    "no place for a reason, so blank fails.",
)
def dx_date_required() -> pl.Expr:
    """Blank without the old flag that says unknown."""
    return blank("dateOfDiagnosis") & (pl.col("dateOfDiagnosisFlag") != "12").fill_null(value=True)
