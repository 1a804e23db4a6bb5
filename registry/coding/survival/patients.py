"""Rows of the same patient brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.signedinteger[Any]]]


@dataclass(frozen=True)
class Patients:
    """Patients as stretches of neighbouring rows.

    Attributes:
        rows: row numbers of the frame so that a patient's rows are neighbours, otherwise in the order
            of the frame; None when they already are.
        first: position (in that order) of each patient's first row.
        count: rows of each patient.
        of_row: patient of each row (in that order).
    """

    rows: Numbers | None
    first: Numbers
    count: Numbers
    of_row: Numbers

    def back(self) -> Numbers | None:
        """Positions that bring columns in patient order back to the order of the frame."""
        if self.rows is None:
            return None
        back = np.empty_like(self.rows)
        back[self.rows] = np.arange(len(self.rows))
        return back


def patients_of(ids: pl.Series) -> Patients:
    """Patients by their number; a row without one is a patient of its own.

    >>> patients_of(pl.Series(["b", "a", "b", None, None])).count.tolist()
    [2, 1, 1, 1]
    """
    if ids.null_count():
        ids = _own_names(ids)
    first, rows = _stretches(ids), None
    heads = ids.gather(first)
    # Hashes: cheaper to count than texts, and never more than there are patients.
    if not heads.is_sorted() and heads.hash().n_unique() < len(first):
        rows, first = _together(ids)
    count = np.diff(np.append(first, len(ids)))
    return Patients(rows, first, count, np.repeat(np.arange(len(first)), count))


def _own_names(ids: pl.Series) -> pl.Series:
    """Nulls replaced by names that cannot be patient numbers."""
    own = pl.format("\x00{}", pl.int_range(pl.len()))
    return ids.to_frame("id").select(pl.coalesce("id", own)).to_series()


def _stretches(ids: pl.Series) -> Numbers:
    """Where a value differs from the one before."""
    if ids.is_empty():
        return np.zeros(0, np.int64)
    runs = ids.rle_id().to_numpy()
    return np.flatnonzero(np.diff(runs, prepend=np.uint32(runs[0] - 1 if runs[0] else 1)))


def _together(ids: pl.Series) -> tuple[Numbers, Numbers]:
    """Row order with equal ids side by side: by hash (cheap), by text should two ids share a hash."""
    for key in (pl.Series.hash, pl.Series.rank):
        keys = key(ids).to_frame("key")
        rows = keys.select(pl.arg_sort_by("key", maintain_order=True)).to_series()
        first = _stretches(ids.gather(rows))
        if len(first) == len(_stretches(keys.to_series().gather(rows))):
            break
    return rows.to_numpy(), first
