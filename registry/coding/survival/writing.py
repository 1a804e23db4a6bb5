"""Results as the standard writes them: `00123`, `9999`, `20150331`, `02`.

Each column takes few different values, so that it is gathered from a table of texts.
"""

from __future__ import annotations

import functools

import numpy as np
import polars as pl

from registry.coding.survival.calendar import FIRST_YEAR, LAST_YEAR, day_number
from registry.coding.survival.intervals import NO_DAYS
from registry.coding.survival.patients import Numbers

DAYS_IN_MONTH = 365.24 / 12
UNKNOWN_MONTHS, UNKNOWN_DAYS = "9999", "99999"
_FIRST = int(day_number(np.array(FIRST_YEAR), np.array(1), np.array(1)))


@functools.cache
def _days() -> tuple[pl.Series, pl.Series, pl.Series]:
    """Texts by number of days since 1900: date, days, months; last one for unknown."""
    table = pl.select(
        day=pl.date_range(pl.date(FIRST_YEAR, 1, 1), pl.date(LAST_YEAR, 12, 31)),
    ).with_row_index("days")
    months = (pl.col("days") / DAYS_IN_MONTH).floor().cast(pl.Int32)
    texts = table.select(
        pl.col("day").dt.strftime("%Y%m%d").alias("date"),
        pl.col("days").cast(pl.String).str.zfill(5),
        months.cast(pl.String).str.zfill(4).alias("months"),
    )
    unknown = pl.DataFrame({"date": [None], "days": [UNKNOWN_DAYS], "months": [UNKNOWN_MONTHS]}, texts.schema)
    # One piece: gathering from several costs six times as much.
    return tuple(pl.concat([texts, unknown]).rechunk().get_columns())  # type: ignore[return-value]


def months_and_days(days: Numbers) -> tuple[pl.Series, pl.Series]:
    """Whole months (4 digits) and days (5 digits); negative days are unknown.

    >>> [texts.to_list() for texts in months_and_days(np.array([30, 31, -1]))]
    [['0000', '0001', '9999'], ['00030', '00031', '99999']]
    """
    _, day_texts, month_texts = _days()
    place = _place(days)
    return month_texts.gather(place), day_texts.gather(place)


def dates(numbers: Numbers) -> pl.Series:
    """Dates of day numbers, null for negative ones."""
    return _days()[0].gather(_place(np.where(numbers < 0, NO_DAYS, numbers - _FIRST)))


def _place(days: Numbers) -> pl.Series:
    last = len(_days()[0]) - 1
    return pl.Series(np.where(days < 0, last, days).astype(np.uint32))


def digits(numbers: Numbers, width: int) -> pl.Series:
    """Small numbers (0, 1, 2, …) with leading zeros.

    >>> digits(np.array([2, 100]), 2).to_list()
    ['02', '100']
    """
    highest = int(numbers.max(initial=0))
    texts = pl.select(pl.int_range(highest + 1).cast(pl.String).str.zfill(width)).to_series()
    return texts.gather(pl.Series(numbers.astype(np.uint32)))
