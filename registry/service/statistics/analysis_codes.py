"""Fixed lists of the analysis frame, and dates as numbers: full, or known to the month or the year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

SITES = pl.Enum([f"C{number:02}" for number in range(81)])
SEXES = pl.Enum(["1", "2", "9"])
RACES = pl.Enum(
    ["White", "Black", "American Indian or Alaska Native", "Asian or Pacific Islander", "Other or unknown"]
)
ORIGINS = pl.Enum(["No", "Yes", "Unknown"])
AGE_GROUPS = pl.Enum(["00", "01-04", *(f"{low:02}-{low + 4:02}" for low in range(5, 85, 5)), "85+"])
CAUSES = pl.Enum(["alive", "this cancer", "other cause", "unknown"])

Days = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
_NONE = np.datetime64("NaT", "D")
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass(frozen=True)
class Dates:
    """Dates of one item, a value a row.

    Attributes:
        start: first day that the date can mean; NaT where it is none.
        parts: 3 = day known, 2 = month, 1 = year, 0 = no date.
    """

    start: Days
    parts: np.ndarray[tuple[int, ...], np.dtype[np.int8]]

    def full(self) -> pl.Series:
        """Days known to the day, others null."""
        return pl.Series(np.where(self.parts == 3, self.start, _NONE))

    def earliest(self) -> pl.Series:
        """First day that a date can mean; the end of time where there is none, so that it sorts last."""
        return pl.Series(np.where(self.parts > 0, self.start, np.datetime64("9999-12-31")))

    def middle(self, *, years: bool = False) -> pl.Series:
        """A missing day is the 15th; a missing month 1 July with `years`, else null."""
        found = np.where(self.parts == 3, self.start, _NONE)
        found = np.where(self.parts == 2, self.start + 14, found)
        if years:
            july = (self.start.astype("datetime64[Y]").astype("datetime64[M]") + 6).astype("datetime64[D]")
            found = np.where(self.parts == 1, july, found)
        return pl.Series(found)

    @property
    def year(self) -> pl.Series:
        """Year (Int16), also of partial dates."""
        years = self.start.astype("datetime64[Y]").astype(np.int64) + 1970
        known = self.parts > 0
        return pl.Series(np.where(known, years, 0).astype(np.int16)).set(pl.Series(~known), None)


def dates_of(codes: pl.Series) -> Dates:
    """Dates from numbers: yyyymmdd, or negative yyyymm or yyyy; what is no day of the calendar is no date.

    >>> found = dates_of(pl.Series([20240229, -202402, -2024, 20230229, None], dtype=pl.Int32))
    >>> [str(day) for day in found.middle(years=True)], found.year.to_list()
    (['2024-02-29', '2024-02-15', '2024-07-01', 'None', 'None'], [2024, 2024, 2024, None, None])
    """
    number = codes.fill_null(0).to_numpy()
    size = np.abs(number)
    parts = np.select([number >= 10_000_000, size >= 100_000, size >= 1_000], [3, 2, 1], 0).astype(np.int8)
    year = np.select([parts == 3, parts == 2], [number // 10_000, size // 100], size)
    month = np.select([parts == 3, parts == 2], [number // 100 % 100, size % 100], 1)
    day = np.where(parts == 3, number % 100, 1)
    sound = (parts > 0) & (month >= 1) & (month <= 12)
    year, month = np.where(sound, year, 1970), np.where(sound, month, 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = _LENGTHS[month - 1] + ((month == 2) & leap)
    sound &= (day >= 1) & (day <= length)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    start = np.where(sound, months + (day - 1), _NONE)
    return Dates(start, np.where(sound, parts, 0).astype(np.int8))
