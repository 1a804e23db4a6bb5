"""Codes as numbers, the form in which tables of ranges look them up.

The engine adds a column of `PREPARED` once for all derivations that name it, so that ten recodes do
not each turn the same million texts into numbers.
"""

from __future__ import annotations

import polars as pl


def site_number() -> pl.Expr:
    """Topography code as a number (C509 → 509); null when it is not C and three digits."""
    site = pl.col("primarySite")
    written = site.str.contains(r"^C\d{3}$")
    return pl.when(written).then(site.str.slice(1).cast(pl.UInt16, strict=False))


def histology_number() -> pl.Expr:
    """ICD-O-3 histology as a number; null when it is not four digits."""
    histology = pl.col("histologicTypeIcdO3")
    return pl.when(histology.str.contains(r"^\d{4}$")).then(histology.cast(pl.UInt16, strict=False))


def behavior_number() -> pl.Expr:
    """Behavior as a number; null when it is not one digit."""
    behavior = pl.col("behaviorCodeIcdO3")
    return pl.when(behavior.str.contains(r"^\d$")).then(behavior.cast(pl.UInt8, strict=False))


def diagnosis_year() -> pl.Expr:
    """Year of diagnosis from a full or partial date; null when it does not begin with four digits."""
    year = pl.col("dateOfDiagnosis").str.slice(0, 4)
    return pl.when(year.str.contains(r"^\d{4}$")).then(year.cast(pl.UInt16, strict=False))


PREPARED = {
    "@site": site_number(),
    "@histology": histology_number(),
    "@behavior": behavior_number(),
    "@diagnosis_year": diagnosis_year(),
}
"""Columns that derivations may name; made from their items when first needed."""
