"""Follow-up: recurrence, tumor status, age when last seen or at death."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, WARNING, edit
from registry.edits.rules.codes import DICTIONARY, expand
from registry.edits.rules.death import ALIVE
from registry.edits.terms import blank, first, last, number, within

_YEAR = 10_000
"""A year, in dates as numbers YYYYMMDD."""

_RECURRED = expand("04,06,10,13-17,20-22,25-27,30,36,40,46,51-60,62")
"""Types of a recurrence, as the dictionary lists them between 04 and 62 (item 1880)."""


@edit(
    "recurrence-type-date-agree",
    message="Type of first recurrence {recurrenceType1st} and its date {recurrenceDate1st} contradict each other",
    items=["recurrenceType1st", "recurrenceDate1st"],
    category="followup",
    source=DICTIONARY + ", items 1860 and 1880",
    requires=["recurrenceType1st"],
    columns=["recurrenceType1st", "recurrenceDate1st", "recurrenceDate1stFlag"],
    passes=[
        "00 | | ",
        "70 | | ",
        "13 | 202003 | ",
        "62 | 2020 | ",
        "13 | | 12",
        "13 | 20201345 | ",
        "00 | 20201345 | ",
        "88 | | ",
        "99 | 2020 | ",
        "05 | | ",
        " | 2020 | ",
    ],
    fails=[
        "00 | 20200105 | ",
        "70 | 2020 | ",
        "70 | 2020 | 12",
        "13 | | 10",
        *(
            f"{code} | | "
            for code in ("04", "06", "10", "17", "20", "22", "25", "27", "30", "36", "40", "46")
        ),
        *(f"{code} | | " for code in ("51", "60", "62")),
    ],
    notes="Never disease-free (70) and never recurred (00) have no date. A stated reason for no date is the date "
    "flag 12 (unknown) of files up to version 22; later versions have no place for one, so blank fails. 88 and 99 "
    "are not tested, nor are codes that the dictionary does not have.",
)
def recurrence_and_date() -> pl.Expr:
    """Both ways round; a date that is there but not valid has its own edit."""
    kind, date = pl.col("recurrenceType1st"), "recurrenceDate1st"
    dated = kind.is_in(["00", "70"]) & pl.col(date).is_not_null()
    unknown = (pl.col("recurrenceDate1stFlag") == "12").fill_null(value=False)
    return dated | (kind.is_in(_RECURRED) & blank(date) & ~unknown)


@edit(
    "cancer-status-dco",
    message="Known from a death certificate or autopsy only, but free of the tumor (cancer status {cancerStatus})",
    severity=WARNING,
    items=["cancerStatus", "typeOfReportingSource"],
    category="followup",
    source=DICTIONARY,
    passes=["2 | 7", "9 | 6", "1 | 1", "1 | 5", "1 | 8", "1 | ", " | 7", "3 | 7"],
    fails=["1 | 7", "1 | 6"],
)
def status_of_certificate() -> pl.Expr:
    """2 = evidence of the tumor, 9 = unknown."""
    return within(number("typeOfReportingSource"), "6-7") & (pl.col("cancerStatus") == "1")


@edit(
    "cause-age-conflict",
    message="Cause of death {causeOfDeath} arises around birth, but the patient lived a year or longer",
    severity=WARNING,
    items=["causeOfDeath", "dateOfBirth", "dateOfLastContact"],
    category="followup",
    source="ICD-10 chapter XVI",
    passes=[
        "P369 | 20190315 | 20200314",
        "P369 | 2019 | 2020",
        "P369 | 201903 | 20200330",
        "P000 | 20200229 | 20210228",
        "P969 | | 2020",
        "P969 | 2010 | ",
        "C509 | 19500101 | 2020",
        "O994 | 19500101 | 2020",
        "Q000 | 19500101 | 2020",
        "P979 | 19500101 | 2020",
    ],
    fails=["P369 | 20190315 | 20200315", "P000 | 2019 | 2021", "P969 | 201903 | 202004", "P95 | 1950 | 2020"],
    notes="Partial dates count only when every reading of them makes a year; the date of last contact is the date "
    "of death.",
)
def perinatal_cause() -> pl.Expr:
    """P00-P96."""
    perinatal = pl.col("causeOfDeath").str.slice(0, 3).is_between(pl.lit("P00"), pl.lit("P96"))
    return perinatal & (first("dateOfLastContact") >= last("dateOfBirth") + _YEAR)


@edit(
    "alive-very-old",
    message="Alive and older than 110 when last seen ({dateOfLastContact}): died meanwhile, or another birth date?",
    severity=REVIEW,
    items=["vitalStatus", "dateOfBirth", "dateOfLastContact"],
    category="followup",
    source="ENCR-JRC data quality checks: ages that need a review",
    passes=[
        "1 | 19100315 | 20210314",
        "1 | 1910 | 2021",
        "0 | 19000101 | 20210314",
        "1 | 1950 | 2021",
        "1 | | 2021",
        "1 | 1900 | ",
        "1 | 1900 | 20211345",
    ],
    fails=["1 | 19100315 | 20210315", "1 | 1909 | 2021", "1 | 191002 | 202103"],
    notes="Older than 110 = at least 111 completed years, as in age-over-110.",
)
def very_old() -> pl.Expr:
    """111 years for certain."""
    return ALIVE & (first("dateOfLastContact") >= last("dateOfBirth") + 111 * _YEAR)
