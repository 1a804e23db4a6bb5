"""In which series of sequence numbers a tumor counts: a table of rules, the first that fits.

A registry that counts further neoplasms of its own (60 to 87) puts its own `sequence_series.csv` into a folder
of installed tables.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.numbers import behavior_number, diagnosis_year, histology_number, site_number

MALIGNANT, NON_MALIGNANT, CERVIX_IN_SITU = "malignant", "non-malignant", "98"


def _within(value: pl.Expr, ranges: str | None) -> pl.Expr:
    """Whether a number is in blank-separated ranges; True when there are none, False for an unknown number."""
    if not ranges:
        return pl.lit(True)
    tests = []
    for part in ranges.split():
        low, _, high = part.partition("-")
        tests.append(value.is_between(int(low), int(high or low)))
    return pl.any_horizontal(tests).fill_null(False)


@cache
def _rules(kind: str) -> tuple[dict[str, str | None], ...]:
    rows = reference.table("sequence_series.csv").filter(pl.col("kind") == kind)
    return tuple(rows.sort(pl.col("step").cast(pl.Int32)).iter_rows(named=True))


def _fits(rule: dict[str, str | None]) -> pl.Expr:
    years = pl.lit(True)
    if rule["year_min"] or rule["year_max"]:
        years = diagnosis_year().is_between(int(rule["year_min"] or 0), int(rule["year_max"] or 9999))
    return (
        _within(behavior_number(), rule["behaviors"])
        & _within(site_number(), rule["sites"])
        & _within(histology_number(), rule["histologies"])
        & years.fill_null(False)
    )


def series(kind: str) -> tuple[pl.Expr, pl.Expr]:
    """Series of a tumor and why, from primarySite, histologicTypeIcdO3, behaviorCodeIcdO3, dateOfDiagnosis.

    Args:
        kind: "hospital" or "central".

    Returns:
        (`malignant`, `non-malignant` or `98`, the reason in words); null when the behavior is not known.

    >>> tumors = pl.DataFrame({"primarySite": ["C539", "C539", "C539", "C710"], "histologicTypeIcdO3": "8077",
    ...     "behaviorCodeIcdO3": ["2", "2", "2", "1"], "dateOfDiagnosis": ["1990", "1999", "2010", "2010"]})
    >>> tumors.select(series("central")[0].alias("series"))["series"].to_list()
    ['malignant', '98', 'non-malignant', 'non-malignant']
    """
    rules = _rules(kind)
    names = pl.coalesce(pl.when(_fits(rule)).then(pl.lit(rule["series"])) for rule in rules)
    reasons = pl.coalesce(pl.when(_fits(rule)).then(pl.lit(rule["why"])) for rule in rules)
    return names, reasons
