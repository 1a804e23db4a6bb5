"""Days and years between dates that are numbers YYYYMMDD (see `registry.edits.terms`)."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.edits.terms import first, last

_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@cache
def _ends() -> pl.Series:
    """For every number MMDD the same, but no later than the month's end in a leap year."""
    return pl.Series(
        [mmdd if mmdd % 100 <= _length(mmdd // 100) else _end(mmdd // 100) for mmdd in range(10_000)]
    )


def _length(month: int) -> int:
    return _LENGTHS[month - 1] if 1 <= month <= 12 else 99


def _end(month: int) -> int:
    return month * 100 + _length(month)


def last_day(item: str) -> pl.Expr:
    """Latest day the date item can mean, with the real end of its month, as the number YYYYMMDD.

    `last` says 31 for every month, which is right for comparisons and wrong for ages.
    """
    value = last(item)
    ended = pl.lit(_ends()).gather(value % 10_000)
    year = value // 10_000
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return value - value % 10_000 + ended - ((ended == 229) & ~leap).cast(pl.Int32)


def day_number(date: pl.Expr) -> pl.Expr:
    """Days since a fixed day long ago, of a real date given as the number YYYYMMDD.

    >>> frame = pl.DataFrame({"date": [20240301, 20240228, None]})
    >>> frame.select(day_number(pl.col("date"))).to_series().diff().to_list()
    [None, -2, None]
    """
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    early = (month <= 2).cast(pl.Int32)
    # Counted from March, months have 30.6 days on average and the leap day comes last.
    year, month = year - early, month + 12 * early - 3
    return day + (153 * month + 2) // 5 + 365 * year + year // 4 - year // 100 + year // 400


def surely_more_days(later: str, earlier: str, days: int) -> pl.Expr:
    """True when `later` is more than so many days after `earlier` whatever their unknown parts are."""
    return day_number(first(later)) - day_number(last_day(earlier)) > days
