"""Grade: the item of diagnoses to 2017 and the items that replaced it in 2018."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import DX_YEAR, HISTOLOGY, blank, histology_in

GRADE = pl.col("grade")

_IMPLIED = {
    "1": "8331,9187,9511",
    "2": "8249,8332,9083,9243,9372",
    "3": "8631,8634",
    "4": "8020,8021,8805,9062,9082,9392,9401,9451,9505,9512",
    "8": "9948",
}


@edit(
    "heme-grade",
    message="Grade {grade} is a cell lineage of hematopoietic neoplasms, not of {histologicTypeIcdO3}",
    items=["grade", "histologicTypeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source=DICTIONARY,
    effective_years=(None, 2017),
    passes=["5 | 9700 | 2010", "3 | 8500 | 2010", "6 | 8500 | 2018", "6 | 8500 | "],
    fails=["5 | 8500 | 2010", "8 | 8720 | 2017"],
)
def lineage_of_solid_tumor() -> pl.Expr:
    """Codes 5 to 8."""
    return GRADE.is_in(["5", "6", "7", "8"]) & (HISTOLOGY < 9590)


@edit(
    "grade-histology",
    message="Histology {histologicTypeIcdO3} implies another grade than {grade}",
    severity=REVIEW,
    items=["grade", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source="ICD-O-3 morphology terms that name a grade; " + DICTIONARY,
    override_item="overRideHistology",
    requires=["grade", "histologicTypeIcdO3"],
    columns=["grade", "histologicTypeIcdO3"],
    passes=["4 | 8020", "1 | 9511", "2 | 8140", " | 8020"],
    fails=["1 | 8020", "9 | 8331", "6 | 9948"],
    notes="The catalogue also names lists of T-cell (5) and B-cell (6) histologies without giving them; "
    "they are not tested.",
)
def implied_grade() -> pl.Expr:
    """Only histologies whose name fixes the grade."""
    return pl.any_horizontal([histology_in(codes) & (grade != GRADE) for grade, codes in _IMPLIED.items()])


@edit(
    "grade-era",
    message="Diagnosed {dateOfDiagnosis}: to 2017 grade is coded in the old item, from 2018 in clinical and "
    "pathological grade",
    items=["grade", "gradeClinical", "gradePathological", "dateOfDiagnosis"],
    category="tumor",
    source=DICTIONARY,
    requires=["dateOfDiagnosis"],
    passes=[" | 2 | 9 | 2018", "3 | | | 2017", "3 | | | "],
    fails=["3 |  |  | 2018", " | 2 | | 2020", " | | | 2010", "3 | 2 | 9 | 2015"],
)
def grade_of_its_time() -> pl.Expr:
    """Filled where it must be, blank where it must be."""
    clinical, pathological = blank("gradeClinical"), blank("gradePathological")
    newer = (DX_YEAR >= 2018) & (clinical | pathological | ~blank("grade"))
    older = (DX_YEAR < 2018) & (blank("grade") | ~clinical | ~pathological)
    return newer | older
