"""Days and years between dates that are numbers YYYYMMDD (see `registry.edits.terms`).

Each look-up in a table stands once in an expression: polars computes repeated ones anew.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.edits.terms import first, last

_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MARCH = 300
_NO_FEBRUARY_DAY = 230
"""Number MMDD after the last day that a February can have."""


def _lengths(month: int) -> int:
    return _LENGTHS[month - 1] if 1 <= month <= 12 else 99


@cache
def _ends() -> pl.Series:
    """For every number MMDD the same, but no later than the month's end in a leap year."""
    ends = [mmdd - mmdd % 100 + min(mmdd % 100, _lengths(mmdd // 100)) for mmdd in range(10_000)]
    return pl.Series("end", ends, dtype=pl.Int32)


@cache
def _days_since_march() -> pl.Series:
    """Days from 1 March to every number MMDD; January and February belong to the year that began before.

    Days that a month does not have are its last: that of February is the day before 1 March.
    """
    days = []
    for mmdd in range(10_000):
        month, day = mmdd // 100, min(mmdd % 100, _lengths(mmdd // 100))
        if _NO_FEBRUARY_DAY <= mmdd < _MARCH:
            days.append(-1)
        else:
            days.append(sum(_LENGTHS[m % 12] for m in range(2, month - 1 + 12 * (month < 3))) + day - 1)
    return pl.Series("days", days, dtype=pl.Int32)


@cache
def _days_to_march() -> pl.Series:
    """Days from a fixed day long ago to 1 March of every year."""
    days = [365 * year + year // 4 - year // 100 + year // 400 for year in range(10_000)]
    return pl.Series("days", days, dtype=pl.Int32)


def last_day(item: str) -> pl.Expr:
    """Latest day the date item can mean, with the real end of its month, as the number YYYYMMDD.

    `last` says 31 for every month, which is right for comparisons and wrong for ages.
    """
    value = last(item)
    month_day, year = value % 10_000, value // 10_000
    common = (year % 4 != 0) | ((year % 100 == 0) & (year % 400 != 0))
    one_less = common & month_day.is_between(229, _MARCH, closed="left")
    return value - month_day + pl.lit(_ends()).gather(month_day) - one_less.cast(pl.Int32)


def day_number(date: pl.Expr) -> pl.Expr:
    """Days since a fixed day long ago, of a date given as the number YYYYMMDD; day 31 is the month's last.

    >>> frame = pl.DataFrame({"date": [20240301, 20240228, 20240231, None]})
    >>> frame.select(day_number(pl.col("date"))).to_series().diff().to_list()
    [None, -2, 1, None]
    """
    march_year = (date - _NO_FEBRUARY_DAY) // 10_000
    return pl.lit(_days_to_march()).gather(march_year) + pl.lit(_days_since_march()).gather(date % 10_000)


def surely_more_days(later: str, earlier: str, days: int) -> pl.Expr:
    """True when `later` is more than so many days after `earlier` whatever their unknown parts are."""
    return day_number(first(later)) - day_number(last(earlier)) > days
