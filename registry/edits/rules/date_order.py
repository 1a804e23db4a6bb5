"""Dates in the order of a life: birth, diagnosis, treatment, last contact.

Partial dates are compared so that only a certain contradiction fails: the earliest day that one
date can mean against the latest day of the other.
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import AGE, OVERDUE_BEFORE, earliest_of, first, last, year

TREATMENT_DATES = [
    "rxDateSurgery",
    "rxDateRadiation",
    "rxDateChemo",
    "rxDateHormone",
    "rxDateBrm",
    "rxDateOther",
]
IN_UTERO = ("2", "3")


def surely_after(later: str, earlier: str) -> pl.Expr:
    """True when `later` is after `earlier` whatever the unknown parts of both dates are."""
    return first(later) > last(earlier)


# id, the item that must come first, the other one, message
_ORDERS = [
    ("dob-before-last-contact", "dateOfBirth", "dateOfLastContact"),
    ("dx-before-last-contact", "dateOfDiagnosis", "dateOfLastContact"),
    ("first-contact-before-last-contact", "dateOf1stContact", "dateOfLastContact"),
    ("completed-before-dx", "dateOfDiagnosis", "dateCaseCompleted"),
    ("definitive-before-first-surgery", "rxDateSurgery", "rxDateMostDefinSurg"),
]

for _id, _earlier, _later in _ORDERS:
    edit(
        _id,
        message=f"{_earlier} {{{_earlier}}} is after {_later} {{{_later}}}",
        items=[_earlier, _later],
        category="date",
        source=DICTIONARY,
        passes=[
            "20200301 | 20200301",
            "202003 | 20200301",
            "2020 | 202001",
            "20200301 | ",
            "20201399 | 2019",
        ],
        fails=["20200302 | 20200301", "202004 | 20200331", "2021 | 202012"],
    )(lambda earlier=_earlier, later=_later: surely_after(earlier, later))


@edit(
    "dob-before-dx",
    message="Birth {dateOfBirth} is after diagnosis {dateOfDiagnosis}",
    items=["dateOfBirth", "dateOfDiagnosis"],
    category="date",
    source=DICTIONARY,
    override_item="overRideAgeSiteMorph",
    override_codes=IN_UTERO,
    passes=["19580301 | 20200101", "2020 | 20200101", " | 2020"],
    fails=["20200301 | 20200228", "2021 | 2020"],
    notes="Over-ride codes 2 and 3 (diagnosed in utero) silence it, not code 1.",
)
def born_after_diagnosis() -> pl.Expr:
    """Only a reviewed diagnosis in utero precedes birth."""
    return surely_after("dateOfBirth", "dateOfDiagnosis")


@edit(
    "age-matches-dates",
    message="Age {ageAtDiagnosis} does not follow from birth {dateOfBirth} and diagnosis {dateOfDiagnosis}",
    items=["ageAtDiagnosis", "dateOfBirth", "dateOfDiagnosis"],
    category="date",
    source="Arithmetic; NAACCR item 230",
    passes=[
        "062 | 19580301 | 20200315",
        "061 | 19580316 | 20200315",
        "061 | 1958 | 2020",
        "999 | 1958 | 2020",
    ],
    fails=["061 | 19580301 | 20200315", "062 | 19580316 | 20200315", "063 | 1958 | 2020"],
)
def age_matches_dates() -> pl.Expr:
    """Completed years, between the least and the most that partial dates allow."""
    least = (first("dateOfDiagnosis") - last("dateOfBirth")) // 10_000
    most = (last("dateOfDiagnosis") - first("dateOfBirth")) // 10_000
    return (most.clip(lower_bound=0) < AGE) | (least > AGE)


@edit(
    "age-unknown-but-dates-known",
    message="Age is unknown (999) although birth {dateOfBirth} and diagnosis {dateOfDiagnosis} are known",
    items=["ageAtDiagnosis", "dateOfBirth", "dateOfDiagnosis"],
    category="date",
    source="IARC Technical Report 42; NAACCR item 230",
    passes=["062 | 19580301 | 20200315", "999 |  | 2020", "999 | 1958 | "],
    fails=["999 | 19580301 | 20200315", "999 | 1958 | 2020"],
)
def age_unknown() -> pl.Expr:
    """Both years are enough."""
    return pl.col("ageAtDiagnosis") == "999"


@edit(
    "rx-before-dx",
    message="First-course treatment is dated before the diagnosis {dateOfDiagnosis}",
    items=[*TREATMENT_DATES, "dateOfDiagnosis"],
    category="date",
    source=DICTIONARY,
    requires=["dateOfDiagnosis"],
    columns=["rxDateSurgery", "rxDateChemo", "dateOfDiagnosis", "overRideAgeSiteMorph"],
    passes=["20200105 | | 20200101 |", "2020 | | 20200601 | ", "20191231 | | 20200101 | 2"],
    fails=["20191231 | | 20200101 | ", "20200105 | 2019 | 20200101 | 1"],
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
    columns=["rxDateSurgery", "rxDateOther", "dateOfLastContact"],
    passes=["20200105 | | 20200105", "2020 | | 20200105", "  | | 2020"],
    fails=["20200106 | | 20200105", "20200101 | 2021 | 2020"],
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
    columns=["dateInitialRxSeer", "rxDateSurgery", "rxDateChemo"],
    passes=["20200105 | 20200105 | 20200301", "202001 | 20200105 | ", "20200105 | | "],
    fails=["20200106 | 20200105 | ", "20200104 | 20200105 | 20200301", "2021 | 20200105 | "],
)
def initial_treatment_not_earliest() -> pl.Expr:
    """Of the modality dates that are known."""
    initial = "dateInitialRxSeer"
    too_late = first(initial) > earliest_of(TREATMENT_DATES, last)
    too_early = last(initial) < earliest_of(TREATMENT_DATES, first)
    return too_late | too_early


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
    ],
    passes=[
        "202000123 | 20200103 | 10 | 00 | ",
        "201900123 | 20200103 | 10 | 02 |",
        "202000001 | 2020 | 38 | 00 | 2020",
    ],
    fails=["201900123 | 20200103 | 10 | 00 | ", "202000001 | 2020 | 38 | 01 | 2021"],
)
def accession_year() -> pl.Expr:
    """First accession of a patient; an autopsy case is accessioned in the year of death."""
    accession = pl.col("accessionNumberHosp").str.slice(0, 4).cast(pl.Int32, strict=False)
    is_first = pl.col("sequenceNumberHospital").is_in(["00", "01", "60", "61"])
    treated = pl.col("classOfCase").is_in(["00", "10", "11", "12", "13", "14", "38", "40"])
    late = (pl.col("classOfCase") == "38") & (accession != year("dateOfLastContact"))
    return is_first & treated & ((accession != year("dateOf1stContact")) | late.fill_null(value=False))


@edit(
    "followup-overdue",
    message="Alive and last seen {dateOfLastContact}, more than 15 months ago: put on the follow-up list",
    severity=WARNING,
    items=["vitalStatus", "dateOfLastContact", "classOfCase"],
    category="followup",
    source="Commission on Cancer follow-up practice (13-15 month delinquency window)",
    passes=["1 | 20260801 | 14", "0 | 20200101 | 14", "1 | 20200101 | 32", "1 | 202508 | 14"],
    fails=["1 | 20250731 | 14", "1 | 202507 | 00", "1 | 2020 | 22"],
)
def follow_up_overdue() -> pl.Expr:
    """Analytic cases (class 00 to 22); a partial date counts as its latest day."""
    analytic = pl.col("classOfCase") <= "22"
    return (pl.col("vitalStatus") == "1") & analytic & (last("dateOfLastContact") < OVERDUE_BEFORE)
