"""Surname lists: whether a name is on one, and the race it stands for.

Names are compared in capitals and otherwise as written. The lists are loaded once; a column of a
million names takes some hundredths of a second, so that nothing is looked up row by row.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding import reference

BIRTH_SURNAME = pl.coalesce("nameBirthSurname", "nameMaiden")
"""Birth surname; older records carry the maiden name (item 2390, retired with version 24) instead."""


@cache
def _hispanic(kind: str) -> pl.Series:
    table = reference.table("nhia_surnames.csv.gz")
    return table.filter(pl.col("kind") == kind).get_column("surname").implode()


@cache
def races(population: str) -> tuple[pl.Series, pl.Series]:
    """Surnames of a population (`asian`, `pacific_islander`) and the race code each stands for."""
    rows = reference.table("napiia_surnames.csv").filter(pl.col("population") == population)
    return rows.get_column("surname"), rows.get_column("race")


def is_hispanic(name: pl.Expr, kind: str) -> pl.Expr:
    """Whether a surname is `heavily` or `rarely` Hispanic, as its list says (False when blank).

    >>> people = pl.DataFrame({"nameLast": ["Garcia", "Smith", None]})
    >>> people.select(is_hispanic(pl.col("nameLast"), "heavily")).to_series().to_list()
    [True, False, False]
    """
    return name.str.to_uppercase().is_in(_hispanic(kind)).fill_null(False)


def race_of(name: pl.Expr, population: str) -> pl.Expr:
    """Race code that a surname stands for in a population; null when it is not on its list.

    >>> people = pl.DataFrame({"nameLast": ["Nguyen", "Smith"]})
    >>> people.select(race_of(pl.col("nameLast"), "asian")).to_series().to_list()
    ['10', None]
    """
    names, codes = races(population)
    return name.str.to_uppercase().replace_strict(names, codes, default=None, return_dtype=pl.String)


def birthplaces(algorithm: str, *populations: str) -> pl.DataFrame:
    """Countries of birth that decide by themselves: `country, code` (code null: the surname lists don't apply)."""
    rows = reference.table("birthplace_groups.csv").filter(pl.col("algorithm") == algorithm)
    return rows.filter(pl.col("population").is_in(populations)).select("country", "code")


@cache
def low_hispanic_counties() -> pl.Series:
    """Counties (state and county written together) where fewer than 5 % are Hispanic, for `is_in`."""
    table = reference.table("nhia_low_hispanic_counties.csv")
    return table.select(pl.concat_str("state", "county")).to_series().implode()
