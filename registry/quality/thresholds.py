"""Thresholds of certification and publication programmes: dated data (`data/thresholds.csv`), never code."""

from __future__ import annotations

import datetime as dt
from functools import cache

import polars as pl

from registry.quality.completeness import DATA

COLUMNS = ("indicator", "programme", "level", "operator", "value", "severity", "months", "source", "note")
SCHEMA = {
    "indicator": pl.String,
    "programme": pl.String,
    "level": pl.String,
    "operator": pl.String,
    "value": pl.Float64,
    "severity": pl.String,
    "months": pl.Int32,
    "year_min": pl.Int32,
    "year_max": pl.Int32,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "source": pl.String,
    "note": pl.String,
}


@cache
def _table() -> pl.DataFrame:
    return pl.read_csv(DATA / "thresholds.csv", comment_prefix="#", schema=SCHEMA)


def thresholds(as_of: dt.date, diagnosis_year: int | None = None) -> pl.DataFrame:
    """Thresholds in force on a day, for a diagnosis year where they differ by it.

    Args:
        as_of: the day.
        diagnosis_year: None = those that hold for the newest years.

    Returns:
        frame[indicator, programme, level, operator, value, severity, months, source, note], sorted by the first three.
        `operator` is what a good value does (`<`: below the value); `severity` is critical where a programme is lost
        without it, warning where a better level is, info for advice; `months` after the end of the diagnosis year is
        when it is judged (null: any time).

    >>> limits = thresholds(dt.date(2026, 11, 1)).filter(pl.col("indicator") == "dco_pct", pl.col("level") == "gold")
    >>> limits.select("operator", "value").row(0)
    ('<', 3.0)
    """
    on_day = (pl.col("valid_from") <= as_of) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of))
    if diagnosis_year is None:
        of_year = pl.col("year_max").is_null()
    else:
        of_year = (pl.col("year_min").fill_null(0) <= diagnosis_year) & (
            pl.col("year_max").fill_null(9999) >= diagnosis_year
        )
    return _table().filter(on_day & of_year).select(COLUMNS).sort("indicator", "programme", "level")
