"""Site, histology and year for item edits that depend on them.

Item edits judge before values are cleaned, so these terms look at values as reported and are null
where the value is not valid, as the null rule wants it.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry import standards
from registry.edits import terms
from registry.edits.rules.date_values import not_a_date
from registry.edits.terms import day


def number(text: pl.Expr, size: int, after: str = "") -> pl.Expr:
    """Text of so many characters as a number, after a letter; null for any other text."""
    right = (text.str.len_bytes() == size) & text.str.starts_with(after)
    return pl.when(right).then(text.str.slice(len(after)).cast(pl.UInt32, strict=False))


@cache
def _listed() -> tuple[pl.Series, pl.Series]:
    """Whether each number is a site, and a histology."""
    sites = {int(code[1:]) for code in standards.topography().get_column("code")}
    published = set(standards.morphology().get_column("code")) | standards.code_set("histologicTypeIcdO3")
    histologies = {int(code) for code in published if code.isdecimal()}
    return pl.Series([n in sites for n in range(1_000)]), pl.Series([n in histologies for n in range(10_000)])


@terms._named("@reported_site")
def SITE() -> pl.Expr:
    """Topography code as a number, null when it is none of the list."""
    site = number(pl.col("primarySite"), 4, after="C")
    return pl.when(pl.lit(_listed()[0]).gather(site)).then(site)


@terms._named("@reported_histology")
def HISTOLOGY() -> pl.Expr:
    """ICD-O-3 histology as a number, null when it is none of the lists."""
    histology = number(pl.col("histologicTypeIcdO3"), 4)
    return pl.when(pl.lit(_listed()[1]).gather(histology)).then(histology)


@terms._named("@reported_year")
def YEAR() -> pl.Expr:
    """Year of diagnosis, null when the date is not valid."""
    valid = ~not_a_date(1900)(pl.col("dateOfDiagnosis"), "dateOfDiagnosis")
    return pl.when(valid).then(day("dateOfDiagnosis") // 10_000)
