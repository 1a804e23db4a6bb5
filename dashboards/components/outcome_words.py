"""Tables of outcomes in words: shares with their counts and limits, hidden ones said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboards.components.figures import look

#: Rows of a bar figure; more are in the table.
MOST_ROWS = 40


def share(value: Any, lower: Any = None, upper: Any = None) -> str:
    """A percentage with its limits.

    >>> share(12.345), share(12.345, 10.0, 15.0), share(None)
    ('12.3 %', '12.3 % (10.0–15.0)', 'hidden')
    """
    if not look.is_known(value):
        return "hidden"
    limits = f" ({lower:.1f}–{upper:.1f})" if look.is_known(lower) and look.is_known(upper) else ""
    return f"{value:.1f} %{limits}"


def shares(
    table: pl.DataFrame,
    names: Mapping[str, str],
    threshold: int,
    *,
    count: str = "count",
    total: str = "total",
    told: str = "Share (95 % limits)",
) -> pl.DataFrame:
    """One row a row: its names (column → heading), how many of how many, the share with its limits."""
    rows = [
        {label: str(row[name]) for name, label in names.items()}
        | {
            "Count": look.count(row[count], threshold),
            "Of": look.count(row[total], threshold),
            told: share(row["percent"], row.get("lower"), row.get("upper")),
        }
        for row in table.iter_rows(named=True)
    ]
    columns = [*names.values(), "Count", "Of", told]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def days(value: Any) -> str:
    """A number of days.

    >>> days(31.0), days(None)
    ('31', '–')
    """
    return f"{value:,.0f}" if look.is_known(value) else "–"


def groups_of(answer: dict[str, Any], table: pl.DataFrame) -> list[str]:
    """The groups of an answer in their order, as far as the table holds them."""
    there = set(table["group"].cast(pl.String).to_list())
    return [str(group) for group in answer.get("groups") or [] if str(group) in there] or sorted(there)
