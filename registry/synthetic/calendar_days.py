"""Days as whole numbers, and their NAACCR text, for whole columns at once.

A day is an int counted from 1880-01-01; `MISSING` (-1) stands for no date.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
ORIGIN = dt.date(1880, 1, 1)
LAST = dt.date(2120, 12, 31)
MISSING = -1


def day_number(date: dt.date) -> int:
    """Days from the origin.

    >>> day_number(dt.date(1880, 1, 2))
    1
    """
    return (date - ORIGIN).days


@lru_cache(maxsize=1)
def _calendar() -> tuple[pl.Series, Ints]:
    days = np.arange(np.datetime64(ORIGIN), np.datetime64(LAST))
    text = pl.Series(days).dt.strftime("%Y%m%d")
    return text, text.cast(pl.Int64).to_numpy()


def text(days: Ints) -> pl.Series:
    """YYYYMMDD of each day; null where missing.

    >>> text(np.array([0, MISSING])).to_list()
    ['18800101', None]
    """
    index = pl.Series(days, dtype=pl.Int64)
    return _calendar()[0].gather(index.set(index < 0, None).cast(pl.UInt32))


def as_number(days: Ints) -> Ints:
    """Each day as the number YYYYMMDD (days must be known)."""
    return _calendar()[1][days]


def year(days: Ints) -> Ints:
    """Calendar year of each (known) day."""
    return as_number(days) // 10_000


def completed_years(start: Ints, end: Ints) -> Ints:
    """Whole years from `start` to `end`, as a person's age is counted.

    >>> days = [day_number(dt.date(*d)) for d in [(1950, 6, 15), (2020, 6, 14), (2020, 6, 15)]]
    >>> completed_years(np.array([days[0]] * 2), np.array(days[1:])).tolist()
    [69, 70]
    """
    return (as_number(end) - as_number(start)) // 10_000
