"""Which counties, census tracts and postal codes a state has, as dense tables that a column is looked up in.

Sources: `data/SOURCES.md`; newer tables in an installed folder (`registry standards install`) come
before the package's own.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from registry import standards
from registry.standards import tables

DATA = Path(__file__).parent / "data"

SPECIAL_STATES = ("CD", "US", "XX", "YY", "ZZ")
"""Codes of the state items that stand for no one state."""

_LETTERS = 100_000
_WIDTH = _LETTERS + 36
"""Cells of a state in the table of postal codes: five-digit ZIP Codes, then first letters."""

NOT_A_PLACE = (88888, 99999)
"""First five digits of the codes for unknown postal codes (item 100: 888888888, 999999999, 999999)."""


@cache
def table(name: str) -> pl.DataFrame:
    """A table of this room, every column text.

    >>> table("postal_codes.csv").columns
    ['first', 'last', 'state']
    """
    installed = tables.find(name)
    return pl.read_csv(installed if installed.is_file() else DATA / name, infer_schema=False)


@cache
def state_codes() -> tuple[str, ...]:
    """States, provinces and special codes that an address may have, sorted.

    >>> {"IA", "ON", "ZZ"} <= set(state_codes())
    True
    """
    return tuple(sorted(standards.code_set("addrAtDxState") | set(SPECIAL_STATES)))


_STATES = 36 * 36


def _state() -> pl.Expr:
    """State at diagnosis as the number that its two letters are to base 36."""
    number = pl.col("addrAtDxState").str.to_integer(base=36, dtype=pl.Int32, strict=False)
    return number.clip(upper_bound=_STATES - 1)


@cache
def _counties() -> tuple[pl.Series, pl.Series]:
    """For state x 1000 + county whether there is such a county, or no list; for each state whether it has one."""
    exists, listed = [True] * (_STATES * 1000), [False] * _STATES
    for name, counties in standards.counties().group_by("state"):
        state = int(str(name[0]), 36)
        listed[state] = True
        exists[state * 1000 : state * 1000 + 998] = [False] * 998
        for county in counties.get_column("county"):
            exists[state * 1000 + int(county)] = True
    return pl.Series("exists", exists), pl.Series("listed", listed)


def has_counties() -> pl.Expr:
    """True where the counties of the state at diagnosis are listed."""
    return pl.lit(_counties()[1]).gather(_state())


def county_elsewhere() -> pl.Expr:
    """True where the state at diagnosis never had that county; 998 and 999 are everywhere."""
    county = pl.col("countyAtDx").cast(pl.Int32, strict=False)
    return ~pl.lit(_counties()[0]).gather(_state() * 1000 + county)


@cache
def _postal_states() -> pl.Series:
    """For each state its place among those whose postal codes are listed, or null."""
    places: list[int | None] = [None] * _STATES
    for place, state in enumerate(table("postal_codes.csv").get_column("state").unique().sort()):
        places[int(state, 36)] = place
    return pl.Series("place", places, dtype=pl.Int32)


@cache
def _postal_codes() -> pl.Series:
    """For a state's place x `_WIDTH` + postal number whether it belongs there, or is no place."""
    places = _postal_states()
    belongs = [False] * (places.count() * _WIDTH)
    for first, last, state in table("postal_codes.csv").iter_rows():
        at, start, end = places[int(state, 36)] * _WIDTH, _postal_value(first), _postal_value(last) + 1
        belongs[at + start : at + end] = [True] * (end - start)
    for place in range(places.count()):
        for value in NOT_A_PLACE:
            belongs[place * _WIDTH + value] = True
    return pl.Series("belongs", belongs)


def _postal_value(text: str) -> int:
    return int(text) if text.isdigit() else _LETTERS + int(text, 36)


def postal_elsewhere() -> pl.Expr:
    """True where the postal code at diagnosis belongs to another state than the one at diagnosis.

    Null or False where either says nothing certain: state or code unknown, abroad, or without a list.
    """
    code = pl.col("addrAtDxPostalCode")
    zip_code = code.str.slice(0, 5).cast(pl.Int32, strict=False)
    letter = code.str.slice(0, 1).str.to_integer(base=36, dtype=pl.Int32, strict=False) + _LETTERS
    place = pl.lit(_postal_states()).gather(_state()) * _WIDTH + pl.coalesce(zip_code, letter)
    return ~pl.lit(_postal_codes()).gather(place)


_NO_TRACT = 999_999
_TRACTS = 1_000_000


@cache
def _tracts() -> pl.Series:
    """County x 1,000,000 + tract, sorted; every county ends with `_NO_TRACT`, and the last one is no county."""
    rows = table("census_tracts_2020.csv.gz")
    state = pl.col("state").str.to_integer(base=36, dtype=pl.Int64)
    county = (state * 1000 + pl.col("county").cast(pl.Int64)) * _TRACTS
    tracts = rows.select(county.alias("county"), (pl.col("tracts") + f" {_NO_TRACT}").str.split(" "))
    keys = tracts.explode("tracts").select(pl.col("county") + pl.col("tracts").cast(pl.Int64)).to_series()
    return keys.append(pl.Series([_STATES * 1000 * _TRACTS + _NO_TRACT])).sort()


def tract_elsewhere() -> pl.Expr:
    """True where the 2020 census tract is known and not one of the county's.

    False or null where the county's tracts are not listed: the next listed tract is another county's.
    """
    tract = pl.col("censusTract2020").cast(pl.Int64, strict=False)
    county = pl.col("countyAtDx").cast(pl.Int64, strict=False)
    key = (_state().cast(pl.Int64) * 1000 + county) * _TRACTS + tract
    place = pl.lit(_tracts()).search_sorted(key.fill_null(0))
    beyond = pl.lit(_tracts()).gather(place) - key
    return beyond.is_between(1, _NO_TRACT - tract) & (tract != 0)
