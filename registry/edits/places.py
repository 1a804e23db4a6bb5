"""Which counties, census tracts and postal codes a state has, as dense tables that a column is looked up in.

A state is the number of its place among the states that are listed. Sources: `data/SOURCES.md`;
newer tables in an installed folder (`registry standards install`) come before the package's own.
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


def _number_of(states: dict[str, int]) -> pl.Expr:
    return pl.col("addrAtDxState").replace_strict(states, default=None, return_dtype=pl.Int32)


@cache
def _county_states() -> dict[str, int]:
    """Number of each state whose counties are listed."""
    states = standards.counties().get_column("state").unique().sort()
    return {state: number for number, state in enumerate(states)}


@cache
def _counties() -> pl.Series:
    """For state number x 1000 + county whether there is such a county."""
    numbers = _county_states()
    exists = [False] * (len(numbers) * 1000)
    for state, county in standards.counties().select("state", "county").iter_rows():
        exists[numbers[state] * 1000 + int(county)] = True
    for number in range(len(numbers)):
        exists[number * 1000 + 998] = exists[number * 1000 + 999] = True
    return pl.Series("exists", exists)


def _county_number() -> pl.Expr:
    return _number_of(_county_states()) * 1000 + pl.col("countyAtDx").cast(pl.Int32, strict=False)


def has_counties() -> pl.Expr:
    """True where the counties of the state at diagnosis are listed."""
    return _number_of(_county_states()).is_not_null()


def county_exists() -> pl.Expr:
    """True where the state at diagnosis has, or had, that county; 998 and 999 count everywhere."""
    return pl.lit(_counties()).gather(_county_number())


@cache
def _postal_states() -> dict[str, int]:
    """Number of each state or province whose postal codes are listed."""
    states = table("postal_codes.csv").get_column("state").unique().sort()
    return {state: number for number, state in enumerate(states)}


@cache
def _postal_codes() -> pl.Series:
    """For state number x `_WIDTH` + postal number whether it belongs there, or is no place."""
    numbers = _postal_states()
    belongs = [False] * (len(numbers) * _WIDTH)
    for first, last, state in table("postal_codes.csv").iter_rows():
        at, start, end = numbers[state] * _WIDTH, _postal_value(first), _postal_value(last) + 1
        belongs[at + start : at + end] = [True] * (end - start)
    for number in range(len(numbers)):
        for value in NOT_A_PLACE:
            belongs[number * _WIDTH + value] = True
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
    place = _number_of(_postal_states()) * _WIDTH + pl.coalesce(zip_code, letter)
    return ~pl.lit(_postal_codes()).gather(place)


@cache
def _tracts() -> tuple[pl.Series, pl.Series]:
    """Tracts as county number x 1,000,000 + tract, sorted; for each county number whether any is listed."""
    numbers = _county_states()
    rows = table("census_tracts_2020.csv.gz").filter(pl.col("state").is_in(list(numbers)))
    state = pl.col("state").replace_strict(numbers, default=None, return_dtype=pl.Int64)
    county = (state * 1000 + pl.col("county").cast(pl.Int64)).alias("county")
    tracts = rows.select(county, pl.col("tracts").str.split(" ")).explode("tracts")
    keys = tracts.select(pl.col("county") * 1_000_000 + pl.col("tracts").cast(pl.Int64)).to_series().sort()
    listed = pl.Series("listed", [False] * (len(numbers) * 1000))
    return keys, listed.scatter(tracts.get_column("county").unique().to_list(), True)


def tract_elsewhere() -> pl.Expr:
    """True where the 2020 census tract is known and not one of the county's; False or null where the county's
    tracts are not listed.
    """
    keys, listed = _tracts()
    tract = pl.col("censusTract2020").cast(pl.Int64, strict=False)
    county = _county_number()
    key = county.cast(pl.Int64) * 1_000_000 + tract
    place = pl.lit(keys).search_sorted(key.fill_null(0)).clip(upper_bound=len(keys) - 1)
    found = pl.lit(keys).gather(place) == key
    return ~found & pl.lit(listed).gather(county) & (tract != 0) & (tract != 999_999)
