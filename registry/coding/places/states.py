"""State and county at diagnosis, read as the county algorithms of NAACCR and CDC read them."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding import reference

BLANKS = "".join(map(chr, range(33)))
KNOWN, NOT_REPORTED, UNKNOWN, INVALID = "known", "not reported", "unknown", "invalid"
"""What can be said of a state and county; not reported is county 000 of a known state."""


@cache
def _states(*kinds: str) -> list[str]:
    table = reference.table("states_at_diagnosis.csv")
    return table.filter(pl.col("kind").is_in(kinds)).get_column("state").to_list()


@cache
def states_in_areas(answer: str) -> list[str]:
    """States of which every county is (`1`) or no county is (`0`) in a care delivery area."""
    table = reference.table("states_at_diagnosis.csv")
    return table.filter(pl.col("prcda") == answer).get_column("state").to_list()


def state() -> pl.Expr:
    """State at diagnosis in capitals, empty when blank; a city that reports as a state counts as its state."""
    cities = reference.table("states_at_diagnosis.csv").filter(pl.col("kind") == "city")
    written = pl.col("addrAtDxState").fill_null("").str.to_uppercase().str.strip_chars(BLANKS)
    return written.replace(cities["state"], cities["part_of"])


def county() -> pl.Expr:
    """County at diagnosis for analysis, trimmed, empty when blank."""
    return pl.col("countyAtDxAnalysis").fill_null("").str.strip_chars(BLANKS)


def standing() -> pl.Expr:
    """How far state and county are known, from columns `@state`, `@county`: `known`, `not reported`,
    `unknown` (blank, XX, 999 …) or `invalid` (no such state, or not three digits); an invalid one of the two
    decides.
    """
    place, number = pl.col("@state"), pl.col("@county")
    state_unknown = place.is_in(["", *_states("unknown")])
    county_unknown = number.is_in(["", "999"])
    state_valid = place.is_in(_states("state", "territory", "province", "armed_forces"))
    county_valid = number.str.contains("^[0-9]{3}$")
    return (
        pl.when(~(state_valid | state_unknown) | ~(county_valid | county_unknown))
        .then(pl.lit(INVALID))
        .when(state_unknown | county_unknown)
        .then(pl.lit(UNKNOWN))
        .when(number == "000")
        .then(pl.lit(NOT_REPORTED))
        .otherwise(pl.lit(KNOWN))
    )


def place() -> list[dict[str, pl.Expr]]:
    """First steps of a county derivation: `@state` and `@county`, then `@standing` and the pair as `@place`."""
    return [
        {"@state": state(), "@county": county()},
        {"@standing": standing(), "@place": pl.concat_str("@state", "@county")},
    ]


def of_county(table: str, column: str) -> pl.Expr:
    """Value of a table of counties for `@place`; null when the county isn't in it."""
    rows = reference.table(table)
    places = rows.select(pl.concat_str("state", "county")).to_series()
    return pl.col("@place").replace_strict(places, rows[column], default=None, return_dtype=pl.String)
