"""Derived Summary Grade 2018: the more telling of clinical and pathological grade."""

from __future__ import annotations

import polars as pl

from registry.coding.derivation import derivation

BREAST = "00480"
ONE_GRADE_ONLY = ("00790", "00795", "00811", "00812", "00821", "00822", "00830")
"""Schemas (lymphoma, leukemia, plasma cell) in which grade is always 8, not applicable."""

PRIORITIES = {
    "breast in situ": "HML321DCBA9",
    "breast malignant": "321HMLDCBA9",
    "not applicable": "8",
    "other": "S54321EDCBAHML9",
}
"""Grades of each kind of schema, first wins; a grade that is not listed does not count."""


@derivation(
    "seer-derived-summary-grade-2018",
    version="2018",
    inputs=["schemaId", "behaviorCodeIcdO3", "gradeClinical", "gradePathological"],
    outputs=["derivedSummaryGrade2018"],
    source="https://staging.seer.cancer.gov/",
    effective_years=(2018, None),
    examples=[
        "      |   | S |   | S",
        "      |   |   | S | S",
        "00001 |   | 1 | S | S",
        "00001 |   | S | X | S",
        "00001 |   | X | X |  ",
        "00001 |   | 9 | L | L",
        "00001 |   | 8 |   |  ",
        "00480 |   | H | 1 |  ",
        "00480 | 2 | H | 1 | H",
        "00480 | 2 | 1 | H | H",
        "00480 | 2 | S | 9 | 9",
        "00480 | 3 | H | 1 | 1",
        "00480 | 3 | X | H | H",
        "00790 | 3 | 8 | X | 8",
        "00790 | 3 | X | 8 | 8",
        "00790 | 3 | 1 |   |  ",
    ],
)
def derived_summary_grade() -> list[dict[str, pl.Expr]]:
    """Summary grade of cases of 2018 and later: the highest priority of clinical and pathological grade.

    In breast the Nottingham grades 1-3 come first in malignant tumors and the nuclear grades L, M, H
    in those in situ; a breast tumor of another behavior has none. A tie goes to the clinical grade.
    """
    schema, behavior = pl.col("schemaId"), pl.col("behaviorCodeIcdO3")
    kind = (
        pl.when(schema == BREAST)
        .then(
            pl.when(behavior == "2")
            .then(pl.lit("breast in situ"))
            .when(behavior == "3")
            .then(pl.lit("breast malignant"))
        )
        .when(schema.is_in(ONE_GRADE_ONLY))
        .then(pl.lit("not applicable"))
        .otherwise(pl.lit("other"))
    )
    clinical, pathological = (_priority(item) for item in ("gradeClinical", "gradePathological"))
    return [
        {"@kind": kind},
        {"@clinical": clinical, "@pathological": pathological},
        {
            "derivedSummaryGrade2018": pl.when(
                pl.col("@clinical") <= pl.col("@pathological").fill_null(len(PRIORITIES["other"]))
            )
            .then(pl.col("gradeClinical"))
            .when(pl.col("@pathological").is_not_null())
            .then(pl.col("gradePathological"))
        },
    ]


def _priority(item: str) -> pl.Expr:
    """Place of a grade in the order of its kind of schema, 0 first; null when it does not count."""
    places: pl.Expr = pl.lit(None, pl.UInt8)
    for kind, grades in PRIORITIES.items():
        place = pl.col(item).replace_strict(
            list(grades), list(range(len(grades))), default=None, return_dtype=pl.UInt8
        )
        places = pl.when(pl.col("@kind") == kind).then(place).otherwise(places)
    return places
