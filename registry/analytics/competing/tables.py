"""Counts by group, time and cause: all that the methods of competing risks need to know of the people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.errors import BadInput

WHOLE = 50_000
"""Whole numbers below this (137 years in days) index a table directly."""


@dataclass(frozen=True)
class Events:
    """Counts of people: `times` (T), `events` (G, T, K), `left` (G, T; all who were last seen at that time)."""

    groups: pl.DataFrame
    causes: list[Any]
    times: np.ndarray
    events: np.ndarray
    left: np.ndarray

    @property
    def at_risk(self) -> np.ndarray:
        """Observed for at least that time (G, T)."""
        return self.left[:, ::-1].cumsum(axis=1)[:, ::-1]


def events_of(frame: pl.DataFrame, time: str, cause: str, by: By = None) -> Events:
    """Count tables of a frame.

    Args:
        frame: one row a person; `time` a number >= 0; `cause` 0, "0", "" or null for people who were censored, else the
            code or name of what happened. by: grouping column(s); null is a group.

    Raises:
        BadInput: a column is missing, or a time is unknown or negative.

    >>> frame = pl.DataFrame({"days": [3, 3, 5], "cause": [1, 2, 0]})
    >>> counted = events_of(frame, "days", "cause")
    >>> counted.causes, counted.events[0].tolist(), counted.at_risk.tolist()
    ([1, 2], [[1, 1], [0, 0]], [[3, 1]])
    """
    groups = names(by)
    if missing := [name for name in (time, cause, *groups) if name not in frame.columns]:
        raise BadInput("competing risks", f"there is no column {', '.join(missing)}", "check the name")
    codes, causes = _causes(frame[cause])
    times, place = _times(frame[time])
    number, found = _groups(frame, groups)
    kinds, size = len(causes) + 1, times.size
    cells = (number * size + place) * kinds if found.height > 1 else place * kinds
    counts = np.bincount(cells + codes, minlength=found.height * size * kinds)
    table = counts.reshape(found.height, size, kinds)
    seen = np.flatnonzero(table.any(axis=(0, 2)))
    table = table[:, seen]
    return Events(found, causes, times[seen], table[:, :, 1:], table.sum(axis=2))


def _causes(column: pl.Series) -> tuple[np.ndarray, list[Any]]:
    """Number of each person's cause (0 censored, 1 the first in sort order ...) and the causes."""
    if column.dtype == pl.Boolean:
        column = column.cast(pl.Int8)
    if column.dtype.is_integer():
        values = column.fill_null(0).to_numpy() if column.null_count() else column.to_numpy()
        if not values.size:
            return values.astype(np.int64), []
        if values.min() < 0:
            raise BadInput("competing risks", f"{column.name} has negative codes")
        dense = values.max() < WHOLE
        present = np.flatnonzero(np.bincount(values)) if dense else np.unique(values)
        causes = present[present > 0].tolist()
        if causes == list(range(1, len(causes) + 1)):
            return values.astype(np.int64, copy=False), causes
        return np.where(values > 0, np.searchsorted(causes, values) + 1, 0), causes
    censored = {"", "0"}
    texts = column.cast(pl.String)
    causes = sorted(set(texts.drop_nulls().unique().to_list()) - censored)
    numbers = {**dict.fromkeys(censored, 0), **{name: place + 1 for place, name in enumerate(causes)}}
    coded = texts.replace_strict(numbers, default=0, return_dtype=pl.Int64).fill_null(0)
    return coded.to_numpy(), causes


def _times(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Times in order, and the place of each person's among them."""
    if not column.dtype.is_numeric() or column.null_count():
        raise BadInput("competing risks", f"{column.name} has unknown times", "leave them out first")
    values = column.to_numpy()
    if not values.size:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    low, high = values.min(), values.max()
    if not (low >= 0 and np.isfinite(high)):
        raise BadInput("competing risks", f"{column.name} has negative or unusable times")
    if high < WHOLE:
        whole = values.astype(np.int64, copy=False)
        if column.dtype.is_integer() or (whole == values).all():
            return np.arange(int(high) + 1, dtype=float), whole
    times, place = np.unique(values, return_inverse=True)
    return times.astype(float), place


def _groups(frame: pl.DataFrame, groups: list[str]) -> tuple[np.ndarray, pl.DataFrame]:
    """Number of each person's group, and the groups in order, null last."""
    if not groups:
        return np.zeros(1, dtype=np.int64), pl.DataFrame({"_all": [None]})
    found = frame.select(groups).unique().sort(groups, nulls_last=True)
    numbered = found.with_row_index("_number").with_columns(pl.col("_number").cast(pl.Int64))
    joined = frame.select(groups).join(
        numbered, on=groups, how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["_number"].to_numpy(), found
