"""Dates as the survival algorithm reads them: year, month and day apart, each perhaps unknown.

An unknown year is 9999, an unknown month or day 99 (so also everything that is not digits).
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.coding.survival.patients import Numbers

NO_YEAR, UNKNOWN = 9999, 99
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Years that are taken for possible; the last one only bounds the study's end."""

Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass
class Parts:
    """Dates in parts; arrays of one length."""

    year: Numbers
    month: Numbers
    day: Numbers

    def __getitem__(self, chosen: Numbers | Flags) -> Parts:
        return Parts(self.year[chosen], self.month[chosen], self.day[chosen])

    def copy(self) -> Parts:
        """Parts that can be changed apart from these."""
        return Parts(self.year.copy(), self.month.copy(), self.day.copy())

    @property
    def incomplete(self) -> Flags:
        """Month or day unknown."""
        return (self.month == UNKNOWN) | (self.day == UNKNOWN)

    def forget_impossible(self, among: Flags) -> None:
        """A month that does not exist makes month and day unknown; a day that does not, the day."""
        doubtful = (self.day > 28) | (self.day < 1) | (self.month > 12) | (self.month < 1)
        rows = np.flatnonzero(among & doubtful)
        year, month, day = self.year[rows], self.month[rows], self.day[rows]
        exists = (month >= 1) & (month <= 12)
        day_exists = (day >= 1) & (day <= month_length(year, np.where(exists, month, 1)))
        self.month[rows[~exists]] = UNKNOWN
        self.day[rows[~(exists & day_exists)]] = UNKNOWN


def parts(dates: pl.Series) -> Parts:
    """Year, month and day of texts such as 20150331, 201503, 2015; the rest of a longer text is ignored.

    A part that is not there whole (`20153`) or not all digits is unknown.

    >>> found = parts(pl.Series(["20150331", "2015", "2015xx31", None]))
    >>> found.year.tolist(), found.month.tolist(), found.day.tolist()
    ([2015, 2015, 2015, 9999], [3, 99, 99, 99], [31, 99, 31, 99])
    """
    length = dates.str.len_bytes().fill_null(0).to_numpy()
    number = dates.cast(pl.Int32, strict=False).fill_null(0).to_numpy()
    # A number with as many digits as the text has characters has neither sign nor leading zero.
    short = np.flatnonzero((length != 8) | (number < 10_000_000))
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    length, number = length[short], number[short]
    has_month, has_year = (length == 6) & (number >= 100_000), (length == 4) & (number >= 1_000)
    year[short] = np.where(has_month, number // 100, np.where(has_year, number, NO_YEAR))
    month[short] = np.where(has_month, number % 100, UNKNOWN)
    day[short] = UNKNOWN
    rest = short[(length >= 4) & ~has_month & ~has_year]
    if len(rest):
        text = dates.gather(rest)
        for part, start, size, unknown in (
            (year, 0, 4, NO_YEAR),
            (month, 4, 2, UNKNOWN),
            (day, 6, 2, UNKNOWN),
        ):
            part[rest] = _digits(text, start, size).fill_null(unknown).to_numpy()
    return Parts(year, month, day)


def _digits(text: pl.Series, start: int, size: int) -> pl.Series:
    piece = text.str.slice(start, size)
    return numbers(
        piece.to_frame("piece")
        .select(pl.when(pl.col("piece").str.len_chars() == size).then("piece"))
        .to_series()
    )


def numbers(texts: pl.Series) -> pl.Series:
    """Texts of digits only as numbers, all others null."""
    piece = pl.col(texts.name)
    unsigned = (piece >= "0") & (piece < ":")
    digits = pl.when(unsigned).then(piece).cast(pl.Int32, strict=False)
    return texts.to_frame().select(digits).to_series()


def as_written(dates: pl.Series) -> pl.Series:
    """Dates of which only whole parts are kept: `20153` → `2015`, `2015  31` → `2015`; null without year.

    >>> as_written(pl.Series(["20153", "2015  31", "201503", "201"])).to_list()
    ['2015', '2015', '201503', None]
    """
    date = pl.col("date")
    part = [date.str.slice(start, size) for start, size in ((0, 4), (4, 2), (6, 2))]
    there = [
        (piece.str.len_chars() == size) & (piece.str.strip_chars() != "")
        for piece, size in zip(part, (4, 2, 2), strict=True)
    ]
    whole = (
        pl.when(~there[0])
        .then(None)
        .when(~there[1])
        .then(part[0])
        .when(~there[2])
        .then(date.str.slice(0, 6))
        .otherwise(date.str.slice(0, 8))
    )
    return dates.to_frame("date").select(whole).to_series()


def whole_parts(dates: pl.Series) -> pl.Series:
    """Dates cut to the parts that are there whole: `20150331x` → `20150331`, `20153` → `2015`."""
    date = pl.col("date")
    length = date.str.len_chars()
    whole = pl.when(length >= 8).then(date.str.slice(0, 8)).when(length >= 6).then(date.str.slice(0, 6))
    whole = whole.when(length >= 4).then(date.str.slice(0, 4))
    return dates.to_frame("date").select(whole).to_series()


def is_leap(year: Numbers) -> Flags:
    """Gregorian leap years."""
    return (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))


def month_length(year: Numbers, month: Numbers) -> Numbers:
    """Days of a month (1–12)."""
    return _LENGTHS[month - 1] + ((month == 2) & is_leap(year))


@functools.cache
def _before_month() -> Numbers:
    """Days from 1 January 0000 to the first of a month, at place year × 12 + month - 1."""
    years = np.arange(NO_YEAR + 1)[:, None]
    months = np.arange(1, 13)[None, :]
    lengths = month_length(years, np.broadcast_to(months, (len(years), 12)))
    return np.concatenate([[0], np.cumsum(lengths.ravel())[:-1]]).astype(np.int32)


def day_number(year: Numbers, month: Numbers, day: Numbers) -> Numbers:
    """Days since 1 January 0000 (month 1–12)."""
    return _before_month()[year * 12 + month - 1] + day - 1


def from_day_number(number: Numbers) -> tuple[Numbers, Numbers]:
    """Month and day of a day number."""
    starts = _before_month()
    place = np.searchsorted(starts, number, side="right") - 1
    return place % 12 + 1, number - starts[place] + 1


def number_of(day: dt.date) -> int:
    """Day number of a date."""
    return day.toordinal() + 365
