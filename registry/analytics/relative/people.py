"""The people of a relative survival analysis as arrays: when they were born, from when to when they count, whether they died."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from registry.analytics.counts import By, code_groups
from registry.analytics.counts import names as listed
from registry.analytics.relative.life_table import LifeTable
from registry.errors import BadInput

Period = tuple[dt.date, dt.date] | None
_WHERE = "relative survival"


@dataclass(frozen=True)
class Columns:
    """Which columns of the frame hold what."""

    time: str = "time"
    """Days from start to the end of follow-up, above 0; part of a day counts as the whole day."""
    event: str = "dead"
    """Died of whatever cause at the end: Boolean or 0/1."""
    start: str = "start"
    """Day of diagnosis."""
    birth: str = "born"
    sex: str = "sex"
    strata: Mapping[str, str] | None = None
    """Further columns of the life table → columns of the frame, where the names differ."""


@dataclass(frozen=True)
class People:
    """One element a person. Days are whole days since the person's start; a person counts on the days
    entry <= day < exit. `start` is days since 1970-01-01, `age` days of life at the start.
    """

    row: np.ndarray
    start: np.ndarray
    age: np.ndarray
    entry: np.ndarray
    exit: np.ndarray
    died: np.ndarray
    group: np.ndarray
    groups: pl.DataFrame
    """The groups in order, one row each; no columns when there is one group of everybody."""
    number: int
    """How many groups."""

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: np.ndarray) -> People:
        """The people at these places."""
        names = ("row", "start", "age", "entry", "exit", "died", "group")
        return replace(self, **{name: getattr(self, name)[index] for name in names})

    def by_group(self) -> Iterator[tuple[int, People]]:
        """Number of a group and its people, groups in order."""
        order = np.argsort(self.group, kind="stable")
        edges = np.searchsorted(self.group[order], np.arange(self.number + 1))
        for number in range(self.number):
            yield number, self.take(order[edges[number] : edges[number + 1]])


def read(
    frame: pl.DataFrame, table: LifeTable, columns: Columns, by: By = None, period: Period = None
) -> People:
    """Arrays of a frame.

    Args:
        frame: one row a person.
        table: the life table, which says what rows there are.
        columns: names of the columns.
        by: grouping column(s).
        period: first and last day that count: a person is at risk from the later of diagnosis and the first day, and
            leaves on the last day (delayed entry).

    Raises:
        BadInput: a column or a value is missing, or somebody was born after the start.
    """
    strata = columns.strata or {}
    keys = {name: strata.get(name, columns.sex if name == "sex" else name) for name in table.columns}
    names = listed(by)
    used = [columns.time, columns.event, columns.start, columns.birth, *keys.values(), *names]
    _check(frame, used)
    time = frame[columns.time].cast(pl.Float64).to_numpy()
    if frame.height and not (np.isfinite(time) & (time >= 0)).all():
        raise BadInput(_WHERE, f"{columns.time} must be a number of days, 0 or more")
    start, birth = (_days(frame[name]) for name in (columns.start, columns.birth))
    if (birth > start).any():
        raise BadInput(
            _WHERE, f"{int((birth > start).sum())} people were born after their start", "leave them out"
        )
    exit_, died = np.ceil(time).astype(np.int64), frame[columns.event].cast(pl.Boolean).to_numpy()
    entry = np.zeros(frame.height, np.int64)
    if period is not None:
        first, last = ((day - dt.date(1970, 1, 1)).days for day in period)
        entry = np.maximum(0, first - 1 - start)
        died = died & (start + exit_ <= last)
        exit_ = np.minimum(exit_, last - start)
    group, groups = code_groups(frame, names)
    number = groups.height if names else 1
    return People(table.rows(frame, keys), start, start - birth, entry, exit_, died, group, groups, number)


def _check(frame: pl.DataFrame, used: list[str]) -> None:
    for name in used:
        if name not in frame.columns:
            raise BadInput(_WHERE, f"there is no column {name}")
        if frame[name].null_count():
            raise BadInput(_WHERE, f"{frame[name].null_count()} rows have no {name}", "leave them out")


def _days(values: pl.Series) -> np.ndarray:
    if values.dtype != pl.Date:
        raise BadInput(_WHERE, f"{values.name} must be a column of days", "read it as a date")
    return values.to_physical().cast(pl.Int64).to_numpy()
