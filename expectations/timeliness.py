"""Timeliness suite: do abstracts come in time, from every facility, and is each year complete by its deadlines?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.checks import CRITICAL, INFO, WARNING, Figures, Suite
from expectations.frames import ALL, Frames
from expectations.programmes import add_thresholds, due_years, judged_years

if TYPE_CHECKING:
    import pandas as pd

LEAST_IN_HALF_YEAR, LEAST_IN_HALF_YEAR_FACILITY = 90.0, 75.0
"""Percent completed within six months: CoC practice, and a house rule for a single facility."""

MOST_DAYS, MOST_REPORT_DAYS = 183.0, 60.0
LEAST_BY = {12: 90.0, 23: 95.0}
"""Percent of a year's records that had arrived so many months after its end (NPCR standards of completeness)."""

LEAST_TIMED = 80.0
LEAST_OF_BEFORE = 50.0
"""A facility that sends less than this percentage of its mean of the years before is falling silent."""

FEWEST_RECORDS = 20


def suite(frames: Frames) -> Suite:
    """Lags of abstracts and reports, deadlines of years, and facilities that fall silent."""
    figures = Figures("timeliness", "Records arrive in time")
    table = frames["timeliness"]
    years = judged_years(table["year"], frames.as_of)
    registry = table[(table["facility"] == ALL) & table["year"].isin(years)]
    facilities = table[(table["facility"] != ALL) & table["year"].isin(years[-1:])]
    _lags(figures, registry, "", ("year",))
    _lags(
        figures, facilities[facilities["timed"] >= FEWEST_RECORDS], " of each facility", ("facility", "year")
    )
    _deadlines(figures, registry, frames)
    _order(figures, table)
    _silent(figures, table, years)
    add_thresholds(figures, frames, ("timeliness", "followup", "process"))
    return figures.suite()


def _lags(figures: Figures, rows: pd.DataFrame, whose: str, names: tuple[str, ...]) -> None:
    rows = rows[rows["timed"] > 0].assign(subject="")
    least = LEAST_IN_HALF_YEAR_FACILITY if whose else LEAST_IN_HALF_YEAR
    wanted = (
        ("percent_within_6_months", least, None, f"At least {least:g} % of the abstracts{whose} are done within 6 months"),
        ("median_days", None, MOST_DAYS, f"Half of the abstracts{whose} are done within {MOST_DAYS:g} days of the first contact"),
        ("report_median_days", None, MOST_REPORT_DAYS, f"Half of the reports{whose} arrive within {MOST_REPORT_DAYS:g} days of completion"),
    )  # fmt: skip
    for column, low, high, plain in wanted:
        figure = f"{column}{whose}"
        figures.table(figure, rows.dropna(subset=[column]), value=column)
        figures.between(figure, plain, low, high, severity=INFO if whose else WARNING, names=names)
    share = rows.assign(percent=100 * rows["timed"] / rows["records"])
    figures.table(f"timed{whose}", share, value="percent")
    plain = f"First contact and completion are known in at least {LEAST_TIMED:g} % of the records{whose}"
    figures.between(f"timed{whose}", plain, LEAST_TIMED, severity=INFO, names=names)


def _deadlines(figures: Figures, registry: pd.DataFrame, frames: Frames) -> None:
    for months, least in LEAST_BY.items():
        column, figure = f"percent_by_{months}_months", f"arrived by {months} months"
        rows = registry[registry["year"].isin(due_years(registry["year"], frames.as_of, months))]
        rows = rows[rows["received"] > 0].dropna(subset=[column])
        figures.table(figure, rows, value=column)
        plain = f"At least {least:g} % of a year's records had arrived {months} months after its end"
        figures.between(figure, plain, least, severity=WARNING, names=("year",))


def _order(figures: Figures, table: pd.DataFrame) -> None:
    rows = table[(table["facility"] != ALL) & table["year"].isna() & (table["timed"] > 0)]
    share = rows.assign(percent=100 * rows["reversed"] / rows["timed"])
    figures.table("completed before contact", share, value="percent")
    plain = "Abstracts are completed after the first contact in at least 99 % of each facility's records"
    figures.between("completed before contact", plain, most=1, severity=CRITICAL, names=("facility",))


def _silent(figures: Figures, table: pd.DataFrame, years: list[int]) -> None:
    """The newest closed year of each facility against its mean of up to three years before."""
    if len(years) < 2:
        return
    rows = table[(table["facility"] != ALL) & table["year"].isin(years[-4:])]
    counts = rows.pivot_table(index="facility", columns="year", values="records", aggfunc="sum", fill_value=0)
    before = counts.reindex(columns=years[-4:-1], fill_value=0).mean(axis=1)
    newest = counts.reindex(columns=years[-1:], fill_value=0).sum(axis=1)
    percent = (100 * newest / before)[before >= FEWEST_RECORDS]
    silent = percent.rename("value").reset_index().assign(year=years[-1])
    figures.table("records against the years before", silent)
    plain = f"Each facility sends at least {LEAST_OF_BEFORE:g} % of its mean of the years before"
    figures.between(
        "records against the years before",
        plain,
        LEAST_OF_BEFORE,
        severity=WARNING,
        names=("facility", "year"),
    )
