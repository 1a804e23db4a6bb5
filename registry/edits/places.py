"""Which counties, census tracts and postal codes a state has, as dense tables that a column is looked up in.

A state is the number of its place in the list of states (`state_number`). Sources: `data/SOURCES.md`;
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

NOT_A_PLACE = ("888888888", "999999999", "999999", "88888", "99999")
"""Postal codes for unknown ones (item 100), and the same written with five digits."""


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


@cache
def _numbers() -> dict[str, int]:
    listed = [*state_codes(), *standards.counties().get_column("state").to_list()]
    return {state: number for number, state in enumerate(dict.fromkeys(listed))}


def state_number() -> pl.Expr:
    """Number of the state at diagnosis in the tables of this module; null where there is none."""
    return pl.col("addrAtDxState").replace_strict(_numbers(), default=None, return_dtype=pl.Int32)


@cache
def _counties() -> tuple[pl.Series, pl.Series]:
    """For state number x 1000 + county whether there is such a county; for each state whether it has any."""
    numbers = _numbers()
    exists = [False] * (len(numbers) * 1000)
    has_any = [False] * len(numbers)
    for state, county in standards.counties().select("state", "county").iter_rows():
        exists[numbers[state] * 1000 + int(county)] = has_any[numbers[state]] = True
    for number in range(len(numbers)):
        exists[number * 1000 + 998] = exists[number * 1000 + 999] = True
    return pl.Series("exists", exists), pl.Series("listed", has_any)


def county_number() -> pl.Expr:
    """State number x 1000 + county at diagnosis."""
    return state_number() * 1000 + pl.col("countyAtDx").cast(pl.Int32, strict=False)


def has_counties() -> pl.Expr:
    """True where the counties of the state at diagnosis are listed."""
    return pl.lit(_counties()[1]).gather(state_number())


def county_exists() -> pl.Expr:
    """True where the state at diagnosis has, or had, that county; 998 and 999 count everywhere."""
    return pl.lit(_counties()[0]).gather(county_number())


@cache
def _postal_codes() -> tuple[pl.Series, pl.Series]:
    """For state number x `_WIDTH` + postal number whether it belongs; for each state whether any does."""
    numbers = _numbers()
    belongs = [False] * (len(numbers) * _WIDTH)
    has_any = [False] * len(numbers)
    for first, last, state in table("postal_codes.csv").iter_rows():
        start, end = _postal_value(first), _postal_value(last)
        at = numbers[state] * _WIDTH
        belongs[at + start : at + end + 1] = [True] * (end + 1 - start)
        has_any[numbers[state]] = True
    return pl.Series("belongs", belongs), pl.Series("listed", has_any)


def _postal_value(text: str) -> int:
    return int(text) if text.isdigit() else _LETTERS + int(text, 36)


def postal_elsewhere() -> pl.Expr:
    """True where the postal code at diagnosis belongs to another state than the one at diagnosis.

    Null or False where either says nothing certain: state or code unknown, abroad, or without a list.
    """
    code, state = pl.col("addrAtDxPostalCode"), state_number()
    belongs, listed = _postal_codes()
    zip_code = code.str.slice(0, 5).cast(pl.Int32, strict=False)
    letter = code.str.slice(0, 1).str.to_integer(base=36, dtype=pl.Int32, strict=False) + _LETTERS
    place = state * _WIDTH + pl.coalesce(zip_code, letter)
    return ~pl.lit(belongs).gather(place) & pl.lit(listed).gather(state) & ~code.is_in(NOT_A_PLACE)


@cache
def _tracts() -> tuple[pl.Series, pl.Series]:
    """Tracts as county number x 1,000,000 + tract, sorted; for each county number whether any is listed."""
    numbers = _numbers()
    rows = table("census_tracts_2020.csv.gz").filter(pl.col("state").is_in(list(numbers)))
    county = pl.col("state").replace_strict(numbers, default=None, return_dtype=pl.Int64) * 1000 + pl.col(
        "county"
    ).cast(pl.Int64)
    tracts = rows.select(county.alias("county"), pl.col("tracts").str.split(" ")).explode("tracts")
    keys = tracts.select(pl.col("county") * 1_000_000 + pl.col("tracts").cast(pl.Int64)).to_series().sort()
    listed = pl.Series("listed", [False] * (len(numbers) * 1000))
    return keys, listed.scatter(tracts.get_column("county").unique().to_list(), True)


def tract_elsewhere() -> pl.Expr:
    """True where the 2020 census tract is known and not one of the county's; False or null where the county's
    tracts are not listed.
    """
    keys, listed = _tracts()
    tract = pl.col("censusTract2020").cast(pl.Int64, strict=False)
    county = county_number()
    key = county.cast(pl.Int64) * 1_000_000 + tract
    place = pl.lit(keys).search_sorted(key.fill_null(0)).clip(upper_bound=len(keys) - 1)
    found = pl.lit(keys).gather(place) == key
    return ~found & pl.lit(listed).gather(county) & ~tract.is_in([0, 999_999])
