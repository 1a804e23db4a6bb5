"""Dates in the order of a life: birth, first contact, diagnosis, recurrence, last contact.

Partial dates are compared so that only a certain contradiction fails: the earliest day that one
date can mean against the latest day of the other.
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import ERROR, WARNING, edit
from registry.edits.rules.calendar_days import surely_more_days
from registry.edits.rules.codes import DICTIONARY, expand
from registry.edits.rules.date_values import is_calendar_date
from registry.edits.terms import OVERDUE_BEFORE, first, last, year

IN_UTERO = ("2", "3")
"""Codes of over-ride age/site/morphology for a tumor that was diagnosed in utero."""

WORK_UP_DAYS = 90
"""How long before the diagnosis an outpatient work-up may begin. The dictionary names no number."""


def surely_after(later: str, earlier: str) -> pl.Expr:
    """True when `later` is after `earlier` whatever the unknown parts of both dates are."""
    return first(later) > last(earlier)


# id, severity, the item that must come first, the other one
_ORDERS = [
    ("dob-before-last-contact", ERROR, "dateOfBirth", "dateOfLastContact"),
    ("dx-before-last-contact", ERROR, "dateOfDiagnosis", "dateOfLastContact"),
    ("first-contact-before-last-contact", ERROR, "dateOf1stContact", "dateOfLastContact"),
    ("completed-before-dx", ERROR, "dateOfDiagnosis", "dateCaseCompleted"),
    ("completed-before-received", WARNING, "dateCaseCompleted", "dateCaseReportReceived"),
    ("definitive-before-first-surgery", ERROR, "rxDateSurgery", "rxDateMostDefinSurg"),
    ("recurrence-before-dx", ERROR, "dateOfDiagnosis", "recurrenceDate1st"),
    ("recurrence-after-last-contact", ERROR, "recurrenceDate1st", "dateOfLastContact"),
    ("cancer-status-date-after-contact", ERROR, "dateOfLastCancerStatus", "dateOfLastContact"),
]
_FULL = ("dateCaseCompleted", "dateCaseReportReceived")

for _id, _severity, _earlier, _later in _ORDERS:
    _passes = [
        "20200301 | 20200301",
        "20200301 | 20200302",
        "20200301 | ",
        " | 20200301",
        "20201399 | 20190101",
    ]
    _fails = ["20200302 | 20200301", "20200401 | 20200331"]
    if _earlier not in _FULL:
        _passes += ["202003 | 20200301", "2020 | 20200101"]
        _fails += ["202004 | 20200331", "2021 | 20201231"]
    if _later not in _FULL:
        _passes += ["20200331 | 202003", "20201231 | 2020"]
        _fails += ["20200401 | 202003", "20210101 | 2020"]
    edit(
        _id,
        message=f"{_earlier} {{{_earlier}}} is after {_later} {{{_later}}}",
        severity=_severity,
        items=[_earlier, _later],
        category="date",
        source=DICTIONARY,
        passes=_passes,
        fails=_fails,
        notes="The same day passes." if _id == "recurrence-before-dx" else "",
    )(lambda earlier=_earlier, later=_later: surely_after(earlier, later))


@edit(
    "dob-before-dx",
    message="Birth {dateOfBirth} is after diagnosis {dateOfDiagnosis}",
    items=["dateOfBirth", "dateOfDiagnosis"],
    category="date",
    source=DICTIONARY,
    override_item="overRideAgeSiteMorph",
    override_codes=IN_UTERO,
    columns=["dateOfBirth", "dateOfDiagnosis", "overRideAgeSiteMorph"],
    passes=[
        "19580301 | 20200101 | ",
        "20200301 | 20200301 | ",
        "2020 | 20200101 | ",
        " | 2020 | ",
        "20201399 | 2019 |",
    ],
    fails=["20200301 | 20200228 | ", "2021 | 2020 | ", "20200301 | 202002 | 1"],
    overridden=["20200301 | 20200228 | 2", "20200301 | 20200228 | 3"],
    notes="Over-ride codes 2 and 3 (diagnosed in utero) silence it, not code 1.",
)
def born_after_diagnosis() -> pl.Expr:
    """Only a reviewed diagnosis in utero precedes birth."""
    return surely_after("dateOfBirth", "dateOfDiagnosis")


@edit(
    "dx-vs-first-contact-analytic",
    message="First contact {dateOf1stContact} does not fit diagnosis {dateOfDiagnosis} in class {classOfCase}",
    items=["dateOfDiagnosis", "dateOf1stContact", "classOfCase"],
    category="date",
    source=DICTIONARY,
    passes=[
        "20200401 | 20200401 | 14",
        "20200401 | 20200102 | 14",
        "20200401 | 202001 | 14",
        "202004 | 20200102 | 00",
        "20200401 | 20210101 | 10",
        "20200401 | 20200401 | 22",
        "20200401 | 20200501 | 20",
        "20200401 | 2020 | 22",
        "20200401 | 20180101 | 32",
        "20200401 | 20180101 | 99",
        "20200401 | 20180101 | ",
        "20200401 | 20180101 | 15",
    ],
    fails=[
        "20200401 | 20200101 | 14",
        "20200401 | 2019 | 00",
        "202004 | 20200101 | 13",
        "20200401 | 20200331 | 22",
        "202004 | 202003 | 20",
        "20200401 | 20200331 | 21",
    ],
    notes=f"The catalogue names no number of days for the work-up; {WORK_UP_DAYS} are allowed.",
)
def first_contact_analytic() -> pl.Expr:
    """Diagnosed here: a work-up of some weeks; diagnosed elsewhere: diagnosis first."""
    analytic = pl.col("classOfCase").is_in(expand("00,10-14,20-22"))
    elsewhere = pl.col("classOfCase").is_in(expand("20-22"))
    too_early = analytic & surely_more_days("dateOfDiagnosis", "dateOf1stContact", WORK_UP_DAYS)
    return too_early | (elsewhere & surely_after("dateOfDiagnosis", "dateOf1stContact"))


@edit(
    "first-contact-vs-accession-year",
    message="Accession {accessionNumberHosp} does not carry the year of first contact {dateOf1stContact}",
    severity="review",
    items=["accessionNumberHosp", "dateOf1stContact", "classOfCase", "sequenceNumberHospital"],
    category="identifier",
    source=DICTIONARY,
    naaccr_name="Accession Number, Class of Case, Seq Number (CoC)",
    override_item="overRideAcsnClassSeq",
    columns=[
        "accessionNumberHosp",
        "dateOf1stContact",
        "classOfCase",
        "sequenceNumberHospital",
        "dateOfLastContact",
        "overRideAcsnClassSeq",
    ],
    passes=[
        "202000123 | 20200103 | 10 | 00 | | ",
        "201900123 | 20200103 | 10 | 02 | | ",
        "201900123 | 20200103 | 10 | 62 | | ",
        "201900123 | 20200103 | 20 | 00 | | ",
        "201900123 | 20200103 | 15 | 00 | | ",
        "201900123 | | 10 | 00 | | ",
        "2019X0123 | 20200103 | 10 | 00 | | ",
        "202000001 | 2020 | 38 | 00 | 2020 | ",
        "202000001 | 2020 | 38 | 00 | | ",
        "202000001 | 2020 | 14 | 00 | 2021 | ",
    ],
    fails=[
        "201900123 | 20200103 | 10 | 00 | | ",
        "202100123 | 2020 | 00 | 01 | | ",
        "201900123 | 20200103 | 14 | 60 | | ",
        "201900123 | 20200103 | 11 | 00 | | ",
        "201900123 | 20200103 | 12 | 00 | | ",
        "201900123 | 20200103 | 13 | 00 | | ",
        "201900123 | 20200103 | 40 | 61 | | ",
        "201900123 | 20200103 | 38 | 61 | | ",
        "202000001 | 2020 | 38 | 01 | 2021 | ",
    ],
    overridden=["201900123 | 20200103 | 10 | 00 | | 1"],
    notes="The year of last contact is compared for class 38 where it is known.",
)
def accession_year() -> pl.Expr:
    """First accession of a patient; an autopsy case is accessioned in the year of death."""
    accession = pl.col("accessionNumberHosp").str.slice(0, 4).cast(pl.Int32, strict=False)
    is_first = pl.col("sequenceNumberHospital").is_in(["00", "01", "60", "61"])
    counted = pl.col("classOfCase").is_in(["00", "10", "11", "12", "13", "14", "38", "40"])
    late = (pl.col("classOfCase") == "38") & (accession != year("dateOfLastContact"))
    return is_first & counted & ((accession != year("dateOf1stContact")) | late.fill_null(value=False))


@edit(
    "sentinel-after-dissection",
    message="Sentinel node biopsy {dateSentinelLymphNodeBiopsy} is after the dissection {dateRegionalLNDissection}",
    severity=WARNING,
    items=["dateSentinelLymphNodeBiopsy", "dateRegionalLNDissection"],
    category="date",
    source=DICTIONARY,
    passes=[
        "20200301 | 20200301",
        "20200301 | 20200401",
        "20200331 | 202003",
        "202003 | 20200301",
        "20200401 | ",
        " | 20200401",
        "20201399 | 20200101",
        "20200401 | 20200230",
        "00002021 | 2020",
        "unknown | 2020",
    ],
    fails=["20200302 | 20200301", "202004 | 20200331", "2021 | 2020"],
    notes="The two items have no item edits of their own; a date that is none is not compared.",
)
def sentinel_after_dissection() -> pl.Expr:
    """Only between dates of the calendar."""
    sentinel, dissection = "dateSentinelLymphNodeBiopsy", "dateRegionalLNDissection"
    return surely_after(sentinel, dissection) & is_calendar_date(sentinel) & is_calendar_date(dissection)


@edit(
    "followup-overdue",
    message="Alive and last seen {dateOfLastContact}, more than 15 months ago: put on the follow-up list",
    severity=WARNING,
    items=["vitalStatus", "dateOfLastContact", "classOfCase"],
    category="followup",
    source="Commission on Cancer follow-up practice (13-15 month delinquency window)",
    passes=[
        "1 | 20260801 | 14",
        "1 | 20250801 | 14",
        "0 | 20200101 | 14",
        "1 | 20200101 | 32",
        "1 | 20200101 | 30",
        "1 | 202508 | 14",
        "1 | | 14",
        "1 | 20200101 | 15",
    ],
    fails=["1 | 20250731 | 14", "1 | 202507 | 00", "1 | 2020 | 22"],
)
def follow_up_overdue() -> pl.Expr:
    """Analytic cases (class 00 to 22); a partial date counts as its latest day."""
    analytic = pl.col("classOfCase") <= "22"
    return (pl.col("vitalStatus") == "1") & analytic & (last("dateOfLastContact") < OVERDUE_BEFORE)
