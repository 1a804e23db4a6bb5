"""Dates of first-course treatment against diagnosis, last contact and one another."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from registry.edits.definition import WARNING, edit
from registry.edits.rules.calendar_days import surely_more_days
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.date_order import IN_UTERO
from registry.edits.terms import blank, earliest_of, first, last

TREATMENT_DATES = [
    "rxDateSurgery",
    "rxDateRadiation",
    "rxDateChemo",
    "rxDateHormone",
    "rxDateBrm",
    "rxDateOther",
]
SYSTEMIC_DATES = ["rxDateChemo", "rxDateHormone", "rxDateBrm"]

LATE_DAYS = 365
"""Days from diagnosis after which a first course is to be confirmed."""


def all_valid(items: Sequence[str]) -> pl.Expr:
    """True when none of the items is filled with an invalid value."""
    return pl.all_horizontal([pl.col(item).is_not_null() | blank(item) for item in items])


def surely_later(item: str, dates: Sequence[str]) -> pl.Expr:
    """True when the date is after the earliest of the dates that are known, whatever their unknown parts."""
    return first(item) > earliest_of(dates, last)


def surely_earlier(item: str, dates: Sequence[str]) -> pl.Expr:
    """True when the date is before all of the dates that are known, whatever their unknown parts."""
    return last(item) < earliest_of(dates, first)


@edit(
    "rx-before-dx",
    message="First-course treatment is dated before the diagnosis {dateOfDiagnosis}",
    items=[*TREATMENT_DATES, "dateOfDiagnosis"],
    category="date",
    source=DICTIONARY,
    requires=["dateOfDiagnosis"],
    columns=[*TREATMENT_DATES, "dateOfDiagnosis", "overRideAgeSiteMorph"],
    passes=[
        "20200101 | | | | | | 20200101 | ",
        "20200105 | 20200301 | 2021 | | 202004 | | 20200101 | ",
        "2020 | | | | | | 20200601 | ",
        "20191231 | | | | | | 2020 | 2",
        "20191231 | | | | | | 20200101 | 3",
        "20191231 | | | | | | 201912 | ",
        "20191399 | | | | | | 20200101 | ",
        "20191231 | | | | | | | ",
        "  | | | | | | 20200101 | ",
    ],
    fails=[
        "20191231 | | | | | | 20200101 | ",
        " | 20191231 | | | | | 20200101 | ",
        "20200105 | | 2019 | | | | 20200101 | 1",
        " | | | 20191231 | | | 20200101 | ",
        " | | | | 201912 | | 2020 | ",
        "20200105 | | | | | 20191231 | 20200101 | ",
        "20191399 | | | | | 20191231 | 20200101 | ",
    ],
    notes="A review of the age as in utero (over-ride codes 2 and 3) takes the record out of the test.",
)
def treated_before_diagnosis() -> pl.Expr:
    """Any modality; a reviewed diagnosis in utero is excepted."""
    in_utero = pl.col("overRideAgeSiteMorph").is_in(IN_UTERO).fill_null(value=False)
    return (earliest_of(TREATMENT_DATES, last) < first("dateOfDiagnosis")) & ~in_utero


@edit(
    "rx-after-last-contact",
    message="Treatment is dated after the last contact {dateOfLastContact}",
    items=[*TREATMENT_DATES, "dateOfLastContact"],
    category="date",
    source=DICTIONARY,
    requires=["dateOfLastContact"],
    passes=[
        "20200105 | | | | | | 20200105",
        "2020 | | | | | 202001 | 20200105",
        "20200105 | | | | | | 2020",
        "20209999 | | | | | | 20200105",
        "20200106 | | | | | | ",
        " | | | | | | 2020",
    ],
    fails=[
        "20200106 | | | | | | 20200105",
        " | 202002 | | | | | 20200131",
        " | | 2021 | | | | 20201231",
        " | | | 20200106 | | | 20200105",
        "20200101 | | | | 20200106 | | 20200105",
        "20200101 | | | | | 2021 | 2020",
    ],
)
def treated_after_last_contact() -> pl.Expr:
    """Any modality."""
    return pl.max_horizontal([first(item) for item in TREATMENT_DATES]) > last("dateOfLastContact")


@edit(
    "initial-rx-not-earliest",
    message="Initial treatment {dateInitialRxSeer} is not the earliest of the treatment dates",
    items=["dateInitialRxSeer", *TREATMENT_DATES],
    category="date",
    source=DICTIONARY,
    requires=["dateInitialRxSeer"],
    passes=[
        "20200105 | 20200105 | | 20200301 | | | ",
        "202001 | 20200105 | | | | | ",
        "20200105 | 202001 | | | | | ",
        "20200105 | | | | | | ",
        " | 20200105 | | | | | ",
        "20200110 | 2020-01-05 | | 20200301 | | | ",
        "20201399 | 20200105 | | | | | ",
    ],
    fails=[
        "20200106 | 20200105 | | | | | ",
        "20200104 | 20200105 | | 20200301 | | | ",
        "2021 | 20200105 | | | | | ",
        "202001 | | 20200201 | | | | ",
        "20200106 | 20200301 | | | 20200105 | | ",
        "20200106 | 20200301 | | | | 20200105 | ",
        "20200106 | 20200301 | | | | | 20200105",
    ],
    notes="Not asked while one of the treatment dates is invalid: it may be the earliest.",
)
def initial_treatment_not_earliest() -> pl.Expr:
    """Of the modality dates that are known."""
    item = "dateInitialRxSeer"
    differs = surely_later(item, TREATMENT_DATES) | surely_earlier(item, TREATMENT_DATES)
    return differs & all_valid(TREATMENT_DATES)


@edit(
    "first-course-not-earliest",
    message="First course {date1stCrsRxCoc} does not begin with the earliest of the treatment dates",
    items=["date1stCrsRxCoc", *TREATMENT_DATES, "rxSummTreatmentStatus"],
    category="date",
    source=DICTIONARY,
    requires=["date1stCrsRxCoc"],
    passes=[
        "20200105 | 20200105 | | 20200301 | | | | 1",
        "202001 | 20200105 | | | | | | 1",
        "20200105 | | | | | | | 1",
        "20200104 | 20200105 | | | | | | 0",
        "20200104 | 20200105 | | | | | | 2",
        "20200104 | 20200105 | | | | | | 7",
        "20200110 | 2020-01-05 | | 20200301 | | | | 1",
        " | 20200105 | | | | | | 1",
    ],
    fails=[
        "20200106 | 20200105 | | | | | | 1",
        "20200104 | 20200105 | | | | | | 1",
        "20200104 | | 20200105 | | | | | 9",
        "2021 | | | | 20200105 | | | ",
        "20200106 | | | | | 20200105 | 2021 | 1",
        "20200106 | | | | | | 20200105 | 1",
    ],
    notes="With status 0 (no treatment) or 2 (active surveillance) the date is that of the decision, for which "
    "there is no other item: not compared. Status 9 or blank (before 2010) with known treatment dates is.",
)
def first_course_not_earliest() -> pl.Expr:
    """Of the modality dates that are known, unless the date is that of a decision not to treat."""
    item = "date1stCrsRxCoc"
    differs = surely_later(item, TREATMENT_DATES) | surely_earlier(item, TREATMENT_DATES)
    decided = pl.col("rxSummTreatmentStatus").is_in(["0", "2"]).fill_null(value=False)
    return differs & ~decided & all_valid([*TREATMENT_DATES, "rxSummTreatmentStatus"])


_TRANSPLANTED = ["10", "11", "12", "20", "30", "40"]


@edit(
    "systemic-date-earliest",
    message="Systemic treatment {rxDateSystemic} does not begin with its earliest modality",
    items=["rxDateSystemic", *SYSTEMIC_DATES, "rxSummTransplntEndocr"],
    category="date",
    source=DICTIONARY,
    requires=["rxDateSystemic"],
    passes=[
        "20200105 | 20200105 | 20200301 | | 00",
        "202001 | 20200105 | | | ",
        "20200105 | | | | 10",
        "20200104 | 20200105 | | | 10",
        "20200104 | 20200105 | | | 30",
        "20200104 | 20200105 | | | X",
        "20200110 | 2020-01-05 | 20200301 | | ",
        " | 20200105 | | | ",
    ],
    fails=[
        "20200106 | 20200105 | | | ",
        "20200106 | 20200105 | | | 10",
        "20200104 | 20200105 | 20200301 | | 00",
        "20200106 | | 20200105 | | 82",
        "20200106 | 20210105 | | 20200105 | 99",
        "2019 | | | 20200105 | ",
    ],
    notes="There is no item for the date of a transplant or endocrine procedure: when one was done (codes 10 to "
    "40) the systemic date may be earlier than the others, not later.",
)
def systemic_not_earliest() -> pl.Expr:
    """Of chemotherapy, hormones and immunotherapy, as far as their dates are known."""
    item = "rxDateSystemic"
    transplanted = pl.col("rxSummTransplntEndocr").is_in(_TRANSPLANTED).fill_null(value=False)
    early = surely_earlier(item, SYSTEMIC_DATES) & ~transplanted
    differs = surely_later(item, SYSTEMIC_DATES) | early
    return differs & all_valid([*SYSTEMIC_DATES, "rxSummTransplntEndocr"])


@edit(
    "treatment-late",
    message="Initial treatment {dateInitialRxSeer} began more than a year after diagnosis {dateOfDiagnosis}: "
    "is it first course?",
    severity=WARNING,
    items=["dateOfDiagnosis", "dateInitialRxSeer"],
    category="date",
    source="Arithmetic",
    passes=[
        "20190301 | 20200229",
        "20200301 | 20210301",
        "20200131 | 202101",
        "202001 | 20210130",
        "2020 | 20211231",
        "20200301 | ",
        " | 20210302",
        "20200301 | 20211399",
    ],
    fails=[
        "20190301 | 20200301",
        "20200301 | 20210302",
        "202002 | 20210301",
        "201902 | 20200229",
        "2020 | 2022",
    ],
)
def treated_late() -> pl.Expr:
    """More than 365 days, whatever the unknown parts of both dates are."""
    return surely_more_days("dateInitialRxSeer", "dateOfDiagnosis", LATE_DAYS)
