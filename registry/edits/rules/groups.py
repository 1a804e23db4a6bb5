"""Pairs of records of one patient, for edits that compare tumors two by two."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from registry.edits.definition import PATIENT

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

MOST = 100
"""Records of one patient that are compared with each other. More only share a wrong patient number; each
of them is still compared with the 99 that follow it, so that the work grows with the file and not with
its square."""


def pairs(frame: pl.DataFrame, usable: pl.Series) -> tuple[Rows, Rows]:
    """Row numbers of every two usable records of a patient, the earlier row first.

    Args:
        frame: records with the engine's patient column.
        usable: which of them may be compared; null = not.

    >>> frame = pl.DataFrame({PATIENT: ["A", "B", "A", None, "A"]})
    >>> first, second = pairs(frame, pl.Series([True, True, True, True, True]))
    >>> list(zip(first.tolist(), second.tolist()))
    [(0, 2), (2, 4), (0, 4)]
    """
    return pairs_of(frame.select(pl.when(usable).then(PATIENT)).to_series(), MOST)


def pairs_of(key: pl.Series, most: int, *, skip_larger: bool = False) -> tuple[Rows, Rows]:
    """Row numbers of every two equal keys (null = none).

    Args:
        key: one value a row.
        most: largest group that is compared whole.
        skip_larger: leave larger groups out; otherwise a row of theirs is compared with the next `most` - 1.

    >>> keys = pl.Series([7, 7, 7, None, 8, 8])
    >>> [rows.tolist() for rows in pairs_of(keys, most=2)]
    [[0, 1, 4], [1, 2, 5]]
    >>> [rows.tolist() for rows in pairs_of(keys, most=2, skip_larger=True)]
    [[4], [5]]
    """
    several = key.to_frame("key").with_row_index("row").filter(pl.col("key").is_duplicated())
    several = several.drop_nulls("key").sort("key", "row")
    rows = several.get_column("row").to_numpy().astype(np.int64)
    group = several.get_column("key").rle_id().to_numpy().astype(np.int64)
    if skip_larger:
        small = np.bincount(group, minlength=1)[group] <= most
        rows, group = rows[small], group[small]
    first, second = [rows[:0]], [rows[:0]]
    place = np.arange(len(rows))
    for step in range(1, most):
        place = place[place + step < len(rows)]
        place = place[group[place] == group[place + step]]
        if not len(place):
            break
        first.append(rows[place])
        second.append(rows[place + step])
    return np.concatenate(first), np.concatenate(second)


def both(height: int, first: Rows, second: Rows, which: Mask) -> pl.Series:
    """Boolean series of a frame's rows: those that stand in one of the pairs that `which` marks.

    >>> both(3, np.array([0, 0]), np.array([1, 2]), np.array([False, True])).to_list()
    [True, False, True]
    """
    marked = np.zeros(height, bool)
    marked[first[which]] = True
    marked[second[which]] = True
    return pl.Series(marked)


def days(numbers: pl.Series) -> Rows:
    """Days since 1970 of dates as numbers YYYYMMDD; a day after the month's end is its last day.

    >>> days(pl.Series([19700102, 19700231])).tolist()
    [1, 58]
    """
    date = numbers.fill_null(19700101).to_numpy().astype(np.int64)
    month = (date // 10_000 - 1970) * 12 + date // 100 % 100 - 1
    start, following = (m.astype("M8[M]").astype("M8[D]").astype(np.int64) for m in (month, month + 1))
    day: Rows = np.minimum(start + date % 100, following) - 1
    return day
