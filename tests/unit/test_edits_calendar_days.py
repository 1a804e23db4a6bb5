"""Days between dates that are numbers are those of the calendar."""

from __future__ import annotations

import calendar
import datetime as dt

import polars as pl

from registry.edits.rules.calendar_days import day_number, last_day, surely_more_days

DAYS = [dt.date(1850, 1, 1) + dt.timedelta(days=n) for n in range(100_000)]


def test_days_are_counted_as_the_calendar_counts_them() -> None:
    frame = pl.DataFrame({"date": [int(f"{day:%Y%m%d}") for day in DAYS]}, schema={"date": pl.Int32})
    numbers = frame.select(day_number(pl.col("date"))).to_series()
    assert numbers.diff().drop_nulls().unique().to_list() == [1]


def test_a_month_ends_when_it_does() -> None:
    months = [(year, month) for year in (1900, 2000, 2019, 2020) for month in range(1, 13)]
    frame = pl.DataFrame(
        {"x@last": [y * 10_000 + m * 100 + 31 for y, m in months]}, schema={"x@last": pl.Int32}
    )
    ends = frame.select(last_day("x")).to_series().to_list()
    assert ends == [y * 10_000 + m * 100 + calendar.monthrange(y, m)[1] for y, m in months]


def test_real_days_stay_as_they_are() -> None:
    numbers = [int(f"{day:%Y%m%d}") for day in DAYS[:3000]]
    frame = pl.DataFrame({"x@last": numbers}, schema={"x@last": pl.Int32})
    assert frame.select(last_day("x")).to_series().to_list() == numbers


def test_unknown_parts_count_for_neither_side() -> None:
    frame = pl.DataFrame(
        {"rx@first": [20200302, 20200303, None, 20200303], "dx@last": [20200231, 20200231, 20200231, None]},
        schema={"rx@first": pl.Int32, "dx@last": pl.Int32},
    )
    assert frame.select(surely_more_days("rx", "dx", 2)).to_series().to_list() == [False, True, None, None]
