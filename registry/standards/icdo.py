"""ICD-O-3 topography and morphology; the edition is a column and morphology codes are text.

Content (c) WHO/IARC, loaded from replaceable tables (data/SOURCES.md).
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.standards.tables import table


@cache
def topography() -> pl.DataFrame:
    """The 330 four-character sites: `code` ("C500"), `name`, `group`; sorted by code.

    >>> topography().filter(pl.col("code") == "C341").row(0)
    ('C341', 'Upper lobe, lung', 'Bronchus and lung')
    """
    return table("topography.csv")


@cache
def topography_terms() -> pl.DataFrame:
    """Inclusion terms of the sites: `code`, `term`; sorted by both."""
    return table("topography_terms.csv.gz")


@cache
def morphology() -> pl.DataFrame:
    """Preferred morphology names: `edition`, `code` ("8500"), `behavior`, `name`; sorted so.

    Editions: ICD-O-3, ICD-O-3.2, NAACCR-25, NAACCR-26.

    >>> found = morphology().filter(pl.col("edition") == "ICD-O-3.2", pl.col("code") == "8720")
    >>> found.filter(pl.col("behavior") == "3").row(0)
    ('ICD-O-3.2', '8720', '3', 'Malignant melanoma, NOS')
    """
    preferred = morphology_terms().filter(pl.col("kind") == "preferred")
    return preferred.unique(["edition", "code", "behavior"], keep="first", maintain_order=True).select(
        "edition", "code", "behavior", "name"
    )


@cache
def morphology_terms() -> pl.DataFrame:
    """Every term: `edition, code, behavior, kind` (preferred, synonym, related), `name`, `note`.

    The note says in which years a term is used, that it is obsolete, or where to look.
    """
    return table("morphology.csv.gz")


@cache
def counties() -> pl.DataFrame:
    """Valid pairs of `state` abbreviation and three-digit FIPS `county` code, sorted."""
    return table("counties.csv")
