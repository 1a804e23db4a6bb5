"""Trends of many series at once, as tables: segments, fitted lines, joinpoints, averages, and who has no trend and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from registry.analytics.trend.choice import USUAL_MOST, check_choice
from registry.analytics.trend.model import JoinpointModel, joinpoint
from registry.errors import BadInput

SPANS = {"all years": None, "last 10 years": 9, "last 5 years": 4}
"""Spans of the average percent change: years before the last one."""
SCHEMAS: dict[str, dict[str, Any]] = {
    "segments": {
        "group": pl.String, "segment": pl.Int64, "first_year": pl.Int64, "last_year": pl.Int64, "apc": pl.Float64,
        "lower": pl.Float64, "upper": pl.Float64, "p": pl.Float64, "se_log_slope": pl.Float64,
    },
    "fitted": {"group": pl.String, "year": pl.Int64, "rate": pl.Float64},
    "locations": {"group": pl.String, "joinpoint": pl.Int64, "lower": pl.Int64, "upper": pl.Int64},
    "averages": {
        "group": pl.String, "span": pl.String, "first_year": pl.Int64, "last_year": pl.Int64, "aapc": pl.Float64,
        "lower": pl.Float64, "upper": pl.Float64, "p": pl.Float64,
    },
    "left_out": {"group": pl.String, "reason": pl.String},
}  # fmt: skip


@dataclass(frozen=True)
class Trends:
    """Tables by group, in the order of the groups.

    segments: segment, first_year, last_year, apc, lower, upper (percent a year), p, se_log_slope. fitted: year, rate.
    locations: joinpoint, lower, upper (years). averages: span, first_year, last_year, aapc, lower, upper, p.
    left_out: reason (no trend was fitted).
    """

    segments: pl.DataFrame
    fitted: pl.DataFrame
    locations: pl.DataFrame
    averages: pl.DataFrame
    left_out: pl.DataFrame


def trends(
    rates: pl.DataFrame, *, max_joinpoints: int = USUAL_MOST, select: str = "bic", **words: Any
) -> Trends:
    """The joinpoint model of each group.

    Args:
        rates: group, year, rate, se; if there: `hidden` (a number that must not be shown: its group gets no trend) and
            `incomplete` (a year still being reported: left out of the fit). A null rate is a missing year.
        max_joinpoints, select, words: as for `joinpoint`.

    Raises:
        BadInput: the request itself is wrong (an unknown way to select).

    >>> rates = pl.DataFrame({"group": ["a"] * 8 + ["b"], "year": [*range(2000, 2008), 2000],
    ...     "rate": [50.0 * 1.02**n for n in range(8)] + [0.0], "se": [1.0] * 9})
    >>> found = trends(rates, max_joinpoints=1)
    >>> found.segments.select("group", "first_year", "last_year", pl.col("apc").round(6)).rows()
    [('a', 2000, 2007, 2.0)]
    >>> found.left_out.rows()
    [('b', 'fewer than two years with a rate')]
    """
    check_choice(select, max_joinpoints)
    parts: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    for group in rates["group"].unique(maintain_order=True):
        mine = rates.filter(pl.col("group") == group)
        reason, years = _unfit(mine), _fitted_years(mine)
        found: dict[str, list[dict[str, Any]]] = {"left_out": [{"reason": reason}]}
        if reason is None:
            try:
                found = _tables(joinpoint(years, max_joinpoints=max_joinpoints, select=select, **words))
            except BadInput as error:
                found = {"left_out": [{"reason": error.what}]}
        for name, rows in found.items():
            parts[name] += [{"group": str(group), **row} for row in rows]
    return Trends(
        **{name: pl.DataFrame(rows, schema=SCHEMAS[name]).fill_nan(None) for name, rows in parts.items()}
    )


def _fitted_years(mine: pl.DataFrame) -> pl.DataFrame:
    """The years that a trend is fitted to."""
    kept = pl.col("rate").is_not_null()
    if "incomplete" in mine.columns:
        kept &= ~pl.col("incomplete").fill_null(False)
    return mine.filter(kept)


def _unfit(mine: pl.DataFrame) -> str | None:
    """Why a series gets no trend; None when it gets one."""
    if "incomplete" in mine.columns:
        mine = mine.filter(~pl.col("incomplete").fill_null(False))
    if "hidden" in mine.columns and mine["hidden"].fill_null(False).any():
        return "a year has too few cases to be shown"
    years = _fitted_years(mine)
    if years.height < 2:
        return "fewer than two years with a rate"
    return "a year has no case" if (years["rate"] <= 0).any() else None


def _tables(model: JoinpointModel) -> dict[str, list[dict[str, Any]]]:
    first, last = model.segments["first_year"][0], model.segments["last_year"][-1]
    averages = [
        {"span": name, **model.average(first if back is None else last - back, last)}
        for name, back in SPANS.items()
        if back is None or last - back >= first
    ]
    return {
        "segments": model.segments.drop("slope").to_dicts(),
        "fitted": model.fitted.select("year", pl.col("fitted").alias("rate")).to_dicts(),
        "locations": model.locations.to_dicts(),
        "averages": averages,
    }
