"""Breast cancer category: hormone receptors, HER2 and molecular subtype over the years."""

from __future__ import annotations

import polars as pl

from registry.coding.derivation import derivation

POSITIVE, NEGATIVE, UNKNOWN, NOT_CODED = "1", "2", "4", "9"

RECEPTOR_NAMES = {POSITIVE: "Positive", NEGATIVE: "Negative", UNKNOWN: "Unknown", NOT_CODED: "Not coded"}
SUBTYPE_NAMES = {
    "1": "HR+/HER2+ (luminal B)",
    "2": "HR-/HER2+ (HER2 enriched)",
    "3": "HR+/HER2- (luminal A)",
    "4": "HR-/HER2- (triple negative)",
    "5": "Unknown",
    "9": "Not coded",
}

_MARKER = {"1": POSITIVE, "2": NEGATIVE}
_FACTOR = {"010": POSITIVE, "020": NEGATIVE}
_SUMMARY = {"1": POSITIVE, "0": NEGATIVE}
"""Codes of tumor markers (1990-2003), CS site-specific factors (2004-2017), summary items (2018 on)."""


@derivation(
    "seer-breast-category",
    version="September 2025",
    inputs=[
        "dateOfDiagnosis", "primarySite", "histologicTypeIcdO3", "tumorMarker1", "tumorMarker2",
        "csSiteSpecificFactor1", "csSiteSpecificFactor2", "csSiteSpecificFactor9", "csSiteSpecificFactor11",
        "csSiteSpecificFactor13", "csSiteSpecificFactor14", "csSiteSpecificFactor15", "estrogenReceptorSummary",
        "progesteroneRecepSummary", "her2OverallSummary",
    ],
    outputs=[
        "estrogenReceptorSumRecode", "progesteroneRecepSumRecode", "her2OverallSumRecode", "breastSubtype"
    ],
    source="https://seer.cancer.gov/seerstat/databases/ssf/breast-subtype.html",
    effective_years=(1990, None),
    examples=[
        "2020 | C509 | 8500 |   |   |     |     |     |     |     |     |     | 1 | 0 | 1 | 1 | 2 | 1 | 1",
        "2020 | C509 | 8500 |   |   |     |     |     |     |     |     |     | 0 | 0 | 1 | 2 | 2 | 1 | 2",
        "2020 | C509 | 8500 |   |   |     |     |     |     |     |     |     | 0 | 1 | 0 | 2 | 1 | 2 | 3",
        "2020 | C509 | 8500 |   |   |     |     |     |     |     |     |     | 0 | 0 | 0 | 2 | 2 | 2 | 4",
        "2020 | C509 | 8500 |   |   |     |     |     |     |     |     |     | 0 | 7 | 0 | 2 | 4 | 2 | 5",
        "2020 | C509 | 8500 |   |   |     |     |     |     |     |     |     | 1 | 1 | 9 | 1 | 1 | 4 | 5",
        "2018 | C509 | 8500 |   |   | 010 | 010 |     |     |     |     | 010 |   |   |   | 4 | 4 | 4 | 5",
        "2017 | C509 | 8500 |   |   | 010 | 020 |     |     |     |     | 020 |   |   |   | 1 | 2 | 2 | 3",
        "2012 | C509 | 8500 |   |   | 020 | 020 | 010 | 020 |     |     |     |   |   |   | 2 | 2 | 2 | 4",
        "2012 | C509 | 8500 |   |   | 020 | 020 | 010 | 020 | 020 | 010 | 988 |   |   |   | 2 | 2 | 1 | 2",
        "2012 | C509 | 8500 |   |   | 020 | 020 | 010 |     |     |     | 988 |   |   |   | 2 | 2 | 1 | 2",
        "2012 | C509 | 8500 |   |   | 020 | 020 | 010 | 010 | 010 | 010 | 999 |   |   |   | 2 | 2 | 4 | 5",
        "2009 | C509 | 8500 |   |   | 010 | 020 | 010 | 010 |     |     | 010 |   |   |   | 1 | 2 | 9 | 9",
        "2003 | C509 | 8500 | 1 | 2 | 020 | 010 |     |     |     |     |     |   |   |   | 1 | 2 | 9 | 9",
        "1990 | C509 | 8500 | 9 |   |     |     |     |     |     |     |     |   |   |   | 4 | 4 | 9 | 9",
        "1989 | C509 | 8500 | 1 | 1 |     |     |     |     |     |     |     |   |   |   | 9 | 9 | 9 | 9",
        "     | C509 | 8500 | 1 | 1 | 010 | 010 |     |     |     |     |     | 1 | 1 | 1 | 9 | 9 | 9 | 9",
        "2020 | C500 | 8720 |   |   |     |     |     |     |     |     |     | 1 | 1 | 0 | 9 | 9 | 9 | 9",
        "2020 | C501 | 8720 |   |   |     |     |     |     |     |     |     | 1 | 1 | 0 | 1 | 1 | 2 | 3",
        "2020 | C501 | 9020 |   |   |     |     |     |     |     |     |     | 1 | 1 | 0 | 9 | 9 | 9 | 9",
        "2020 | C341 | 8140 |   |   |     |     |     |     |     |     |     | 1 | 1 | 0 | 9 | 9 | 9 | 9",
    ],
    labels=lambda output: SUBTYPE_NAMES if output == "breastSubtype" else RECEPTOR_NAMES,
)  # fmt: skip
def breast_category() -> list[dict[str, pl.Expr]]:
    """Estrogen receptor, progesterone receptor and HER2 in one meaning over the years, and the subtype.

    Tumors of the breast that are carcinomas (8000-8700, 8982, 8983; 8720-8790 but not of the nipple).
    Receptors are known since 1990, HER2 and so the subtype since 2010. Borderline counts as unknown.
    """
    year = pl.col("@diagnosis_year").fill_null(0)
    estrogen = _receptor(year, "tumorMarker1", "csSiteSpecificFactor1", "estrogenReceptorSummary")
    progesterone = _receptor(year, "tumorMarker2", "csSiteSpecificFactor2", "progesteroneRecepSummary")
    breast = _is_breast_carcinoma().fill_null(False)
    her2, since_2010 = _her2(year), year >= 2010
    return [
        {"@breast": breast},
        {
            "estrogenReceptorSumRecode": _if_breast(breast & (year >= 1990), estrogen),
            "progesteroneRecepSumRecode": _if_breast(breast & (year >= 1990), progesterone),
            "her2OverallSumRecode": _if_breast(breast & since_2010, her2),
        },
        {"breastSubtype": _if_breast(breast & since_2010, _subtype())},
    ]


def _if_breast(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value).otherwise(pl.lit(NOT_CODED))


def _is_breast_carcinoma() -> pl.Expr:
    """Sites and histologies compare as text of four characters, so that a slip like 85O0 still counts."""
    site, histology = pl.col("primarySite"), pl.col("histologicTypeIcdO3")
    carcinoma = histology.is_between(pl.lit("8000"), pl.lit("8700")) | histology.is_in(["8982", "8983"])
    skin = histology.is_between(pl.lit("8720"), pl.lit("8790")) & (site > "C500")
    whole = (site.str.len_chars() == 4) & (histology.str.len_chars() == 4)
    return whole & site.is_between(pl.lit("C500"), pl.lit("C509")) & (carcinoma | skin)


def _meaning(item: str, codes: dict[str, str]) -> pl.Expr:
    return pl.col(item).replace_strict(codes, default=UNKNOWN, return_dtype=pl.String)


def _receptor(year: pl.Expr, marker: str, factor: str, summary: str) -> pl.Expr:
    return (
        pl.when(year >= 2018)
        .then(_meaning(summary, _SUMMARY))
        .when(year >= 2004)
        .then(_meaning(factor, _FACTOR))
        .otherwise(_meaning(marker, _MARKER))
    )


def _her2(year: pl.Expr) -> pl.Expr:
    """Since 2018 the summary; before it factor 15, else the tests (11, 13, 14), else factor 9."""
    overall = pl.col("csSiteSpecificFactor15")
    tests = [pl.col(f"csSiteSpecificFactor{number}") for number in (11, 13, 14)]
    by_test = (
        pl.when(pl.any_horizontal([test == "010" for test in tests]))
        .then(pl.lit(POSITIVE))
        .when(pl.any_horizontal([test == "020" for test in tests]))
        .then(pl.lit(NEGATIVE))
        .otherwise(_meaning("csSiteSpecificFactor9", _FACTOR))
    )
    by_factor = (
        pl.when(overall.is_null() | (overall == "988"))
        .then(by_test)
        .otherwise(_meaning("csSiteSpecificFactor15", _FACTOR))
    )
    return pl.when(year >= 2018).then(_meaning("her2OverallSummary", _SUMMARY)).otherwise(by_factor)


def _subtype() -> pl.Expr:
    """Either receptor positive = HR+, both negative = HR-; anything unknown makes the subtype unknown."""
    receptors = [pl.col("estrogenReceptorSumRecode"), pl.col("progesteroneRecepSumRecode")]
    positive = pl.any_horizontal([receptor == POSITIVE for receptor in receptors])
    negative = pl.all_horizontal([receptor == NEGATIVE for receptor in receptors])
    her2 = pl.col("her2OverallSumRecode")
    return (
        pl.when((her2 == POSITIVE) & positive)
        .then(pl.lit("1"))
        .when((her2 == POSITIVE) & negative)
        .then(pl.lit("2"))
        .when((her2 == NEGATIVE) & positive)
        .then(pl.lit("3"))
        .when((her2 == NEGATIVE) & negative)
        .then(pl.lit("4"))
        .otherwise(pl.lit("5"))
    )
