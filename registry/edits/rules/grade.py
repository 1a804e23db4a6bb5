"""Grade: the item of diagnoses to 2017 and the items that replaced it in 2018."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, WARNING, edit
from registry.edits.rules.behavior import BEHAVIOR
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import DX_YEAR, blank, histology_in, site_in

GRADE = pl.col("grade")
IARC = "IARC Technical Report 42; " + DICTIONARY

_IMPLIED = {
    "1": "8331,9187,9511",
    "2": "8249,8332,9083,9243,9372",
    "3": "8631,8634",
    "4": "8020,8021,8805,9062,9082,9392,9401,9451,9505,9512",
    "5": "9702,9705,9706,9708,9709,9716-9718,9724-9726,9729,9827,9834,9837",
    "6": "9670-9699,9712,9728,9737,9738,9811-9818,9823,9826,9833,9836",
    "57": "9714",
    "58": "9700,9701,9719,9831",
    "8": "9948",
}
"""The grades that each histology may have."""

_OF_GRADES = (
    "9511 8249 9243 9372 8631 8021 8805 9062 9082 9392 9451 9505 9512 9702 9705 9708 9709 9714 9716 9717 9718 "
    "9700 9701 9719 9724 9726 9728 9729 9712 9737 9738 9811 9818 9823 9826 9827 9831 9833 9834 9836 9948"
)
"""Histologies of the lists above that no other example names."""


@edit(
    "heme-grade",
    message="Grade {grade} is a cell lineage of hematopoietic neoplasms, not of {histologicTypeIcdO3}",
    items=["grade", "histologicTypeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source=IARC,
    effective_years=(None, 2017),
    passes=[
        "5 | 9700 | 2010",
        "8 | 9590 | 2017",
        "7 | 9993 | 2010",
        "4 | 8500 | 2010",
        "9 | 8500 | 2010",
        "6 | 8500 | 2018",
        "6 | 8500 | ",
        "5 | | 2010",
        " | 8500 | 2010",
    ],
    fails=["5 | 8500 | 2010", "6 | 8140 | 1995", "7 | 9580 | 2010", "8 | 8720 | 2017"],
)
def lineage_of_solid_tumor() -> pl.Expr:
    """Codes 5 to 8."""
    return GRADE.is_in(["5", "6", "7", "8"]) & ~histology_in("9590-9993")


@edit(
    "grade-histology",
    message="Histology {histologicTypeIcdO3} implies another grade than {grade}",
    severity=REVIEW,
    items=["grade", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source="ICD-O-3 morphology terms that name a grade or a lineage; " + IARC,
    override_item="overRideHistology",
    passes=[
        "4 | 8020 | 3",
        "1 | 9511 | 3",
        "2 | 8249 | 3",
        "3 | 8631 | 3",
        "5 | 9702 | 3",
        "6 | 9680 | 3",
        "8 | 9948 | 3",
        "2 | 8140 | 3",
        "7 | 9714 | 3",
        "8 | 9719 | 3",
        "5 | 9700 | 3",
        "5 | 9591 | 3",
        "9 | 8331 | 3",
        "9 | 9680 | 3",
        "2 | 9505 | 1",
        "2 | 8634 | 1",
        " | 8020 | 3",
        "1 | 8020 | ",
        "0 | 8020 | 3",
    ],
    fails=[
        "1 | 8020 | 3",
        "4 | 8331 | 3",
        "2 | 9187 | 3",
        "1 | 8332 | 3",
        "4 | 9083 | 3",
        "4 | 8634 | 3",
        "3 | 9401 | 3",
        "6 | 9837 | 3",
        "5 | 9670 | 3",
        "4 | 9699 | 3",
        "6 | 9948 | 3",
        "6 | 9714 | 3",
        "6 | 9719 | 3",
        "5 | 9811 | 3",
        *(f"{1 if histology != '9511' else 2} | {histology} | 3" for histology in _OF_GRADES.split()),
    ],
    notes="The catalogue names lists of T-cell (5) and B-cell (6) histologies without giving them: those of the IARC "
    "report are used, with the lineages of later ICD-O-3 codes (anaplastic T or null cell 5, 7; T or NK cell 5, 8). "
    "An unknown grade (9) contradicts nothing and passes, as in CanReg5. Malignant tumors only: a benign or "
    "borderline tumor of the same code has another name.",
)
def implied_grade() -> pl.Expr:
    """Only histologies whose name fixes the grade."""
    others = [histology_in(codes) & ~GRADE.is_in(list(grades)) for grades, codes in _IMPLIED.items()]
    return (BEHAVIOR == "3") & (GRADE != "9") & pl.any_horizontal(others)


@edit(
    "grade-behavior",
    message="Behavior {behaviorCodeIcdO3} (benign or borderline) with grade {grade} (expected 9)",
    severity=WARNING,
    items=["grade", "behaviorCodeIcdO3", "primarySite"],
    category="tumor",
    source=IARC,
    passes=[
        "9 | 0 | C569",
        "9 | 1 | C569",
        "1 | 2 | C569",
        "1 | 3 | C569",
        "1 | 1 | C700",
        "1 | 0 | C729",
        "2 | 1 | C751",
        "2 | 0 | C753",
        " | 0 | C569",
        "0 | 0 | C569",
        "1 | 0 | ",
        "1 | | C569",
    ],
    fails=["1 | 0 | C569", "4 | 1 | C569", "8 | 1 | C421", "1 | 0 | C754", "1 | 1 | C750"],
    notes="The site is read for the exception (C700-C729, C751-C753: WHO grade).",
)
def benign_with_grade() -> pl.Expr:
    """Brain, central nervous system and intracranial glands have a WHO grade."""
    return BEHAVIOR.is_in(["0", "1"]) & (GRADE != "9") & ~site_in("C700-C729,C751-C753")


@edit(
    "grade-era",
    message="Diagnosed {dateOfDiagnosis}: to 2017 grade is coded in the old item, from 2018 in clinical and "
    "pathological grade",
    items=["grade", "gradeClinical", "gradePathological", "dateOfDiagnosis"],
    category="tumor",
    source=DICTIONARY,
    requires=["dateOfDiagnosis"],
    passes=[
        " | 2 | 9 | 2018",
        " | Z | 9 | 2020",
        "3 | | | 2017",
        "0 | | | 20171231",
        "3 | | | ",
        " | | | 201713",
    ],
    fails=[
        "3 | | | 2018",
        "3 | 2 | 9 | 2018",
        " | 2 | | 2020",
        " | | 9 | 2020",
        " | | | 2010",
        "3 | 2 | | 2015",
        "3 | | 9 | 2017",
    ],
    notes="An invalid code is not blank: it has its own edit.",
)
def grade_of_its_time() -> pl.Expr:
    """Filled where it must be, blank where it must be."""
    clinical, pathological = blank("gradeClinical"), blank("gradePathological")
    newer = (DX_YEAR >= 2018) & (clinical | pathological | ~blank("grade"))
    older = (DX_YEAR < 2018) & (blank("grade") | ~clinical | ~pathological)
    return newer | older
