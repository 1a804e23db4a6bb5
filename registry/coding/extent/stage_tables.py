"""What the roads to historic stage share: its codes, its decision tables, its few common rules."""

from __future__ import annotations

import polars as pl

from registry.coding.decision_table import decision_table

IN_SITU, LOCALIZED, REGIONAL, DISTANT = 0, 1, 2, 4
REVIEW, NOT_APPLICABLE, UNSTAGED = 6, 7, 9

DEATH_CERTIFICATE_ONLY = pl.col("typeOfReportingSource") == "7"


def look_up(table: str, *values: pl.Expr | str) -> pl.Expr:
    """Result of a decision table of historic stage, null where no rule matches.

    Args:
        table: its name in `historic_stage.csv.gz`.
        values: one for each axis, a column or an expression of numbers.
    """
    columns = [pl.col(value) if isinstance(value, str) else value for value in values]
    return decision_table("historic_stage.csv.gz", table).lookup(*columns)


def leukemia() -> pl.Expr:
    """Whether site and histology are a leukemia (distant even when only a death certificate is known)."""
    return look_up("leukemia", "site", "histology") == 1


def otherwise(stage: pl.Expr, code: int) -> pl.Expr:
    """The stage, or this code where there is none.

    >>> pl.select(otherwise(pl.lit(None, pl.UInt8), UNSTAGED)).item()
    9
    """
    return stage.fill_null(pl.lit(code, pl.UInt8))
