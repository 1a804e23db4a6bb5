"""Rates in words: names of groups, tables with limits, what is said beneath a figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards.components.figures import look
from dashboards.components.messages import plain

SEXES: Final = {"1": "Male", "2": "Female", "9": "Unknown"}
BY: Final = {
    "sex": "Sex",
    "race": "Race",
    "site_group": "Site",
    "state": "State",
    "county": "County",
    "stage": "Stage",
}
#: Columns of a table of rates that are no name of a group.
_APART: Final = frozenset({"year", "age_group", "standard"})
EVERYBODY: Final = "All"


def grouped(table: pl.DataFrame, keys: Collection[str]) -> pl.DataFrame:
    """The table with `group`: the words of what divides it, years and ages apart.

    >>> grouped(pl.DataFrame({"sex": ["1"], "year": [2020]}), ["sex", "year"])["group"].to_list()
    ['Male']
    >>> grouped(pl.DataFrame({"year": [2020]}), ["year"])["group"].to_list()
    ['All']
    """
    named = [key for key in table.columns if key in keys and key not in _APART]
    if "county" in keys and "state" in table.columns and "state" not in named:
        named = ["state", *named]
    parts = [
        pl.col(key).cast(pl.String).replace(SEXES if key == "sex" else {}).fill_null("unknown")
        for key in named
    ]
    text = pl.concat_str(parts, separator=" ") if parts else pl.lit(EVERYBODY)
    return table.with_columns(text.alias("group"))


def told(
    table: pl.DataFrame,
    columns: Mapping[str, str],
    threshold: int,
    *,
    counts: Collection[str] = ("count", "observed", "cases", "deaths"),
    digits: int = 1,
) -> pl.DataFrame:
    """A table of rates as people read it: `columns` are column → heading; hidden counts are "<11"."""
    rows = []
    for row in table.iter_rows(named=True):
        entry = {}
        for name, label in columns.items():
            value = row.get(name)
            if name in counts:
                entry[label] = look.count(value, threshold if row.get("hidden") or value is None else None)
            elif isinstance(value, float):
                entry[label] = number(value, digits)
            else:
                entry[label] = "–" if value is None else str(value)
        rows.append(entry)
    return pl.DataFrame(rows, schema=dict.fromkeys(columns.values(), pl.String))


def number(value: float | None, digits: int = 1) -> str:
    """A rate without false precision; what is not known is a dash.

    >>> number(12.34), number(1234.5), number(None), number(0.024, 2)
    ('12.3', '1,234.5', '–', '0.02')
    """
    return f"{value:,.{digits}f}" if look.is_known(value) and value is not None else "–"


def beneath(answer: Mapping[str, Any]) -> None:
    """The line beneath a figure of rates, and what has no denominator."""
    if answer.get("note"):
        note = str(answer["note"])
        st.caption(plain(note[:1].upper() + note[1:]))
    missing = answer.get("missing")
    if missing is not None and missing.height:
        with st.expander(f"Without a denominator ({missing.height})"):
            st.table(missing.to_dicts()[:100], border="horizontal")


def provisional(answer: Mapping[str, Any]) -> list[int]:
    """Years whose cases are likely not all reported yet."""
    delay = answer.get("delay")
    if delay is None or not delay.height:
        return []
    return [int(year) for year in delay.filter("incomplete")["year"]]
