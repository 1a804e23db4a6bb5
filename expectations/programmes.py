"""Indicators against the thresholds of programmes, for the years that a programme judges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from expectations.checks import WARNING, Figures
from expectations.frames import ALL, Frames

if TYPE_CHECKING:
    import pandas as pd

YEARS = 5
"""So many of the newest closed years are judged; what is older has been submitted long ago."""


def judged_years(years: pd.Series, as_of: dt.date) -> list[int]:
    """The newest years that have ended, oldest first; every year when none has."""
    known = sorted({int(year) for year in years.dropna()})
    closed = [year for year in known if year < as_of.year]
    return closed[-YEARS:] or known


def due_years(years: pd.Series, as_of: dt.date, months: int | None) -> list[int]:
    """Judged years that are as old as a threshold wants: 23 months after their end is late in the second year."""
    wanted = judged_years(years, as_of)
    if months is None:
        return wanted
    return [year for year in wanted if year <= as_of.year - 1 - months // 12]


def yearly(frames: Frames) -> pd.DataFrame:
    """Indicators of all facilities together by year, and of all years for what has no years (audits, expected cases)."""
    table = frames["indicators"]
    return table[(table["facility"] == ALL) & table["value"].notna()]


def add_thresholds(figures: Figures, frames: Frames, groups: Collection[str]) -> None:
    """Checks of thresholds on the indicators of some groups, year by year.

    What only a better level wants is left to the submission suite, which asks it of the year that is due.
    """
    table = yearly(frames)
    table = table[table["group"].isin(list(groups))]
    limits = frames["thresholds"]
    limits = limits[limits["severity"] != WARNING]
    for limit in limits[limits["indicator"].isin(set(table["indicator"]))].to_dict("records"):
        months = None if _blank(limit["months"]) else int(limit["months"])
        rows = table[table["indicator"] == limit["indicator"]]
        years = due_years(table["year"], frames.as_of, months)
        chosen = rows[rows["year"].isin(years)]
        if chosen.empty and not rows["year"].notna().any():
            chosen = rows  # a figure from outside is given once, for all records
        add_limit(figures, limit, chosen)


def add_limit(figures: Figures, limit: dict[str, Any], rows: pd.DataFrame, when: str = "") -> None:
    """One threshold over indicator rows; `when` ends the sentence."""
    if rows.empty:
        return
    figure = f"{limit['indicator']}, {limit['programme']} {limit['level']}"
    figures.table(figure, rows[["year", "value"]])
    less, strict = limit["operator"] in ("<", "<="), limit["operator"] in ("<", ">")
    word = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}[limit["operator"]]
    plain = (
        f"{limit['name']} should be {word} {limit['value']:g} ({limit['programme']} {limit['level']}){when}"
    )
    least, most = (None, limit["value"]) if less else (limit["value"], None)
    figures.between(figure, plain, least, most, severity=limit["severity"], names=("year",), strict=strict)


def _blank(value: object) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
