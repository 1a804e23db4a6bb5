"""Vital status, cause of death and autopsy."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import SEX, blank, number, within, year

DEAD = pl.col("vitalStatus") == "0"
ALIVE = pl.col("vitalStatus") == "1"


def _is_uncoded() -> pl.Expr:
    """0000 alive, 7777 no certificate at hand, 7797 certificate without a coded cause."""
    cause = pl.col("causeOfDeath")
    return (cause == "0000") | (cause == "7777") | (cause == "7797")


@edit(
    "death-year-vs-icd-revision",
    message="ICD revision {icdRevisionNumber} was not in use in the year of death {dateOfLastContact}",
    items=["icdRevisionNumber", "dateOfLastContact", "vitalStatus"],
    category="followup",
    source=DICTIONARY,
    passes=[
        "1 | 20150101 | 0",
        "1 | 1999 | 0",
        "9 | 1998 | 0",
        "9 | 1979 | 0",
        "8 | 1978 | 0",
        "8 | 1968 | 0",
        "7 | 1967 | 0",
        "7 | 1958 | 0",
        "9 | 2020 | 1",
        "0 | 2020 | 0",
        "1 |  | 0",
        "2 | 1990 | 0",
        "9 | 2020 | ",
    ],
    fails=[
        "9 | 1999 | 0",
        "1 | 1998 | 0",
        "9 | 1978 | 0",
        "8 | 1979 | 0",
        "8 | 1967 | 0",
        "7 | 1968 | 0",
        "7 | 1957 | 0",
    ],
)
def revision_fits_year() -> pl.Expr:
    """Revisions as used for deaths in the United States."""
    died, revision = year("dateOfLastContact"), pl.col("icdRevisionNumber")
    in_use = (
        pl.when(revision == "1")
        .then(died >= 1999)
        .when(revision == "9")
        .then(died.is_between(1979, 1998))
        .when(revision == "8")
        .then(died.is_between(1968, 1978))
        .when(revision == "7")
        .then(died.is_between(1958, 1967))
    )
    return DEAD & ~in_use


@edit(
    "alive-with-cause",
    message="Patient is alive, but has a cause of death ({causeOfDeath}); expected 0000",
    items=["vitalStatus", "causeOfDeath"],
    category="followup",
    source=DICTIONARY,
    passes=["1 | 0000", "0 | C509", "1 | ", "1 | C50.9", " | C509"],
    fails=["1 | C509", "1 | 7777"],
)
def alive_with_cause() -> pl.Expr:
    """0000 = alive at last contact."""
    return ALIVE & (pl.col("causeOfDeath") != "0000")


@edit(
    "alive-with-icd-revision",
    message="Patient is alive, but an ICD revision ({icdRevisionNumber}) is coded; expected 0",
    items=["vitalStatus", "icdRevisionNumber"],
    category="followup",
    source=DICTIONARY,
    passes=["1 | 0", "0 | 1", "1 | ", "1 | 2", " | 1"],
    fails=["1 | 1", "1 | 9"],
)
def alive_with_revision() -> pl.Expr:
    """0 = alive."""
    return ALIVE & (pl.col("icdRevisionNumber") != "0")


@edit(
    "dead-without-cause",
    message="Patient is dead, but cause of death is {causeOfDeath}; code it, or 7777 or 7797",
    items=["vitalStatus", "causeOfDeath"],
    category="followup",
    source=DICTIONARY,
    requires=["vitalStatus"],
    passes=["0 | C509", "0 | 7777", "0 | 7797", "1 | 0000", "1 | ", "0 | 1.2"],
    fails=["0 | ", "0 | 0000"],
    notes="The null rule is lifted for a blank cause, which is what the edit is about.",
)
def dead_without_cause() -> pl.Expr:
    """An invalid cause has its own edit."""
    none = blank("causeOfDeath") | (pl.col("causeOfDeath") == "0000").fill_null(value=False)
    return DEAD & none


@edit(
    "dead-without-revision",
    message="Cause of death {causeOfDeath} is coded without an ICD revision ({icdRevisionNumber})",
    items=["vitalStatus", "icdRevisionNumber", "causeOfDeath"],
    category="followup",
    source=DICTIONARY,
    requires=["vitalStatus", "causeOfDeath"],
    passes=[
        "0 | 1 | C509",
        "0 | 9 | 1749",
        "0 | | 7777",
        "0 | 0 | 7797",
        "0 | 0 | 0000",
        "1 | 0 | C509",
        "0 | 2 | C509",
        "0 | | ",
    ],
    fails=["0 |  | C509", "0 | 0 | C509"],
    notes="Blank counts as no revision, which is what the edit is about; an invalid one has its own edit.",
)
def dead_without_revision() -> pl.Expr:
    """Blank counts: the cause cannot be read without its revision."""
    coded = ~_is_uncoded()
    none = blank("icdRevisionNumber") | (pl.col("icdRevisionNumber") == "0").fill_null(value=False)
    return DEAD & coded & none


@edit(
    "dead-without-date",
    message="Patient is dead, but the date of last contact or death is blank",
    items=["vitalStatus", "dateOfLastContact"],
    category="followup",
    source=DICTIONARY,
    requires=["vitalStatus"],
    columns=["vitalStatus", "dateOfLastContact", "causeOfDeath"],
    passes=["0 | 2020 | C509", "1 | | ", "0 | 20201301 | ", " | | "],
    fails=["0 | | ", "0 | | C509"],
)
def dead_without_date() -> pl.Expr:
    """At least the year; an invalid date has its own edit."""
    return DEAD & blank("dateOfLastContact")


@edit(
    "alive-with-autopsy",
    message="Autopsy {autopsy} does not fit vital status {vitalStatus} (alive 0; dead 1, 2 or 9)",
    items=["vitalStatus", "autopsy"],
    category="followup",
    source=DICTIONARY,
    passes=["1 | 0", "0 | 1", "0 | 2", "0 | 9", "1 | ", "0 | 3"],
    fails=["1 | 1", "1 | 2", "1 | 9", "0 | 0"],
)
def autopsy_fits() -> pl.Expr:
    """0 = not applicable, alive."""
    autopsy = pl.col("autopsy")
    return (ALIVE & (autopsy != "0")) | (DEAD & (autopsy == "0"))


@edit(
    "alive-with-place-of-death",
    message="Patient is alive, but has a place of death ({placeOfDeathState}, {placeOfDeathCountry})",
    items=["vitalStatus", "placeOfDeathState", "placeOfDeathCountry"],
    category="followup",
    source=DICTIONARY + ", items 1942 and 1944: blank = alive",
    requires=["vitalStatus"],
    passes=["1 | | ", "0 | IA | USA", "0 | | ", " | IA | USA", "4 | IA | "],
    fails=["1 | IA | ", "1 | | USA", "1 | ZZ | ZZU"],
    notes="Either item is enough, unknown (ZZ, ZZU) counts as filled.",
)
def alive_with_place() -> pl.Expr:
    """State or country."""
    return ALIVE & ~(blank("placeOfDeathState") & blank("placeOfDeathCountry"))


@edit(
    "death-certificate-alive",
    message="Reported from autopsy or death certificate ({typeOfReportingSource}), but alive",
    items=["typeOfReportingSource", "vitalStatus"],
    category="followup",
    source=DICTIONARY,
    passes=["7 | 0", "6 | 0", "1 | 1", "8 | 1", "6 | ", "7 | 4"],
    fails=["7 | 1", "6 | 1"],
)
def death_certificate_alive() -> pl.Expr:
    """Sources 6 and 7."""
    return within(number("typeOfReportingSource"), "6-7") & ALIVE


@edit(
    "cause-sex-conflict",
    message="Cause of death {causeOfDeath} cannot occur in a patient whose sex is {sex}",
    items=["sexAssignedAtBirth", "sex", "causeOfDeath"],
    category="followup",
    source="ICD-10 chapter II; NAACCR item 1910",
    passes=[
        "1 |  | C619",
        "1 |  | C509",
        "1 |  | C649",
        "2 | | C589",
        "2 | | C509",
        "2 | | C649",
        " | 5 | C530",
        "9 | | C530",
        "1 | | 1800",
        "1 | | ",
        " | | C530",
    ],
    fails=["1 |  | C510", "1 | | C58", " | 2 | C600", "2 | | C639"],
    notes="Sex codes 3 to 6 and 9 of the older item are not tested. Codes of older revisions have no letter.",
)
def cause_fits_sex() -> pl.Expr:
    """ICD-10 only: C51-C58 female, C60-C63 male."""
    group = pl.col("causeOfDeath").str.slice(0, 3)
    female, male = (
        group.is_between(pl.lit("C51"), pl.lit("C58")),
        group.is_between(pl.lit("C60"), pl.lit("C63")),
    )
    return ((SEX == "1") & female) | ((SEX == "2") & male)


@edit(
    "icd10-cause-format",
    message="Cause of death {causeOfDeath} is not written as ICD revision {icdRevisionNumber} writes it",
    items=["causeOfDeath", "icdRevisionNumber"],
    category="followup",
    source=DICTIONARY,
    passes=[
        "C509 | 1",
        "I21 | 1",
        "1749 | 9",
        "1749 | 8",
        "1749 | 7",
        "7777 | 1",
        "7797 | 1",
        "0000 | 1",
        "C509 | 0",
        "C50.9 | 1",
        "C509 | ",
        " | 1",
    ],
    fails=["1749 | 1", "C509 | 9", "I219 | 7", "C50991 | 1", "C50A | 1", "174 | 8"],
)
def cause_format() -> pl.Expr:
    """Revision 10: letter, two digits, a digit or blank; older revisions: four digits."""
    cause, revision = pl.col("causeOfDeath"), pl.col("icdRevisionNumber")
    newer = (revision == "1") & ~cause.str.contains(r"^[A-Z]\d\d\d?$")
    older = (number("icdRevisionNumber") >= 7) & ~cause.str.contains(r"^\d{4}$")
    return ~_is_uncoded() & (newer | older)
