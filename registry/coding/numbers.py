"""Codes as numbers, the form in which tables of ranges look them up.

The engine adds a column of `PREPARED` once for all derivations that name it, so that ten recodes do
not each turn the same million texts into numbers.
"""

from __future__ import annotations

import polars as pl


def site_number() -> pl.Expr:
    """Topography code as a number (C509 → 509); null when it is not C and three digits."""
    site = pl.col("primarySite")
    return pl.when(site.str.starts_with("C")).then(_number(site.str.slice(1), 3, pl.UInt16))


def histology_number() -> pl.Expr:
    """ICD-O-3 histology as a number; null when it is not four digits."""
    return _number(pl.col("histologicTypeIcdO3"), 4, pl.UInt16)


def behavior_number() -> pl.Expr:
    """Behavior as a number; null when it is not one digit."""
    return _number(pl.col("behaviorCodeIcdO3"), 1, pl.UInt8)


def diagnosis_year() -> pl.Expr:
    """Year of diagnosis from a full or partial date; null when it does not begin with four digits."""
    return _number(pl.col("dateOfDiagnosis").str.slice(0, 4), 4, pl.UInt16)


def _number(text: pl.Expr, digits: int, dtype: type[pl.DataType]) -> pl.Expr:
    """A text of so many digits as a number; null for any other.

    A cast refuses everything but digits with a sign before them, and an unsigned one takes no minus: the
    length and the plus are all that is left to ask, at a third of the cost of a regular expression.
    """
    whole = (text.str.len_bytes() == digits) & ~text.str.starts_with("+")
    return pl.when(whole).then(text.cast(dtype, strict=False))


PREPARED = {
    "@site": site_number(),
    "@histology": histology_number(),
    "@behavior": behavior_number(),
    "@diagnosis_year": diagnosis_year(),
}
"""Columns that derivations may name; made from their items when first needed."""
