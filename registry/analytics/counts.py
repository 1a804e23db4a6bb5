"""Count tables: how many, by group; and who was at risk, had the event or was censored at each time.

Groups and times become whole numbers first, so that a table of a million people is one count over the cells of
group × time. `code_groups` and `tally` take and give arrays: whoever keeps coded columns starts there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from registry.errors import BadInput

By = str | Sequence[str] | None
Array = np.ndarray[Any, Any]
DENSE = 4
"""A table of all cells is made while it has fewer than so many cells a person (or `SMALL` cells)."""
SMALL = 1 << 20
LARGEST = 1 << 62
"""Combinations of groups that a number can stand for."""
SAME_TIME = 1.490116119384766e-08
"""Times closer than this, or than this share of their mean, are one time reached by another sum (R's timefix)."""


def names(by: By) -> list[str]:
    """Grouping columns as a list.

    >>> names(None), names("stage"), names(("stage", "sex"))
    ([], ['stage'], ['stage', 'sex'])
    """
    return [] if by is None else [by] if isinstance(by, str) else list(by)


def counts_by(frame: pl.DataFrame, by: By = None) -> pl.DataFrame:
    """Number of rows in each group: `by` columns and count (Int64), sorted by group, null last.

    >>> counts_by(pl.DataFrame({"year": [2020, 2021, 2020]}), "year").rows()
    [(2020, 2), (2021, 1)]
    """
    groups = names(by)
    _check_columns(frame, groups)
    count = pl.len().cast(pl.Int64).alias("count")
    if not groups:
        return frame.select(count)
    return frame.group_by(groups).agg(count).sort(groups, nulls_last=True)


def code_groups(frame: pl.DataFrame, by: By) -> tuple[Array, pl.DataFrame]:
    """The group of each row as a number, and the groups in sorted order (null last).

    Enum, Boolean and small whole-number columns are coded without a look at their values; text costs a search.

    Returns:
        codes (rows; int64, 0 … groups - 1) and a frame with the `by` columns, one row a group that occurs. Without
        `by` everybody is in group 0, and the frame has no column.

    >>> codes, groups = code_groups(pl.DataFrame({"stage": ["II", None, "I", "II"]}), "stage")
    >>> codes.tolist(), groups["stage"].to_list()
    ([1, 2, 0, 1], ['I', 'II', None])
    """
    columns = names(by)
    _check_columns(frame, columns)
    code = np.zeros(frame.height, np.int64)
    coded = [_code_column(frame[name]) for name in columns]
    cells = math.prod(len(levels) for _, levels in coded) if frame.height else 0
    if cells > LARGEST:
        return _code_by_search(frame.select(columns))
    for own, levels in coded:
        code *= len(levels)
        code += own
    if cells <= max(DENSE * frame.height, SMALL):
        seen = np.bincount(code, minlength=cells) > 0
        present = np.flatnonzero(seen)
        code = (np.cumsum(seen) - 1)[code]
    else:
        present, code = np.unique(code, return_inverse=True)
    if not columns:
        return code, pl.DataFrame()
    parts: list[pl.Series] = []
    for _, levels in reversed(coded):
        present, place = np.divmod(present, len(levels))
        parts.append(levels.gather(place))
    return code, pl.DataFrame([part.alias(name) for part, name in zip(reversed(parts), columns, strict=True)])


def _code_by_search(frame: pl.DataFrame) -> tuple[Array, pl.DataFrame]:
    """For so many combinations that no number can stand for each: only those that occur are numbered."""
    groups = frame.unique().sort(frame.columns, nulls_last=True)
    found = groups.with_row_index("_place")
    joined = frame.join(found, on=frame.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined["_place"].to_numpy().astype(np.int64), groups


def _code_column(column: pl.Series) -> tuple[Array, pl.Series]:
    """Places of the values in the sorted levels, null behind them all; every level need not occur."""
    kind = column.dtype
    if isinstance(kind, pl.Enum):
        levels = pl.Series([*kind.categories, None], dtype=kind)
        return column.to_physical().cast(pl.Int64).fill_null(len(levels) - 1).to_numpy(), levels
    low, high = (column.min(), column.max()) if kind.is_integer() and len(column) else (None, None)
    if isinstance(low, int) and isinstance(high, int) and high - low < SMALL // 16:
        levels = pl.Series([*range(low, high + 1), None], dtype=kind)
        return (column.cast(pl.Int64) - low).fill_null(high - low + 1).to_numpy(), levels
    present = column.drop_nulls().unique().sort()
    levels = pl.concat([present, pl.Series([None], dtype=kind)])
    if kind == pl.String:
        code = column.cast(pl.Enum(present)).to_physical()
    else:
        places = pl.DataFrame({"value": present, "place": np.arange(len(present))})
        code = column.to_frame("value").join(places, on="value", how="left", maintain_order="left")["place"]
    return code.cast(pl.Int64).fill_null(len(present)).to_numpy(), levels


@dataclass(frozen=True)
class Tally:
    """At risk, events and censored of each group, one row at 0 and at each distinct time, all groups in one run."""

    first: Array
    """Rows `first[g]` to `first[g + 1]` are those of group g (groups + 1; int64)."""
    time: Array
    """Rising within a group; in the unit and kind of number it came in."""
    at_risk: Array
    """Observed until just before that time (int64)."""
    events: Array
    censored: Array

    @property
    def groups(self) -> int:
        """How many groups, those with nobody included."""
        return len(self.first) - 1

    def places(self, points: Array) -> tuple[Array, Array]:
        """For each group and point (groups, points): the first row with time >= point, the first with time > point."""
        edges = self.first.tolist()
        before, after = (np.empty((self.groups, len(points)), np.int64) for _ in range(2))
        for group, (start, end) in enumerate(pairwise(edges)):
            before[group] = np.searchsorted(self.time[start:end], points, side="left") + start
            after[group] = np.searchsorted(self.time[start:end], points, side="right") + start
        return before, after

    def at(self, points: Array) -> tuple[Array, Array, Array]:
        """At risk at rising points, events and censorings since the point before (groups, points; int64)."""
        before, after = self.places(points)
        own_end = self.first[1:, None]
        at_risk = np.where(before < own_end, np.append(self.at_risk, 0)[before], 0)
        events, censored = (
            np.diff(np.append(0, np.cumsum(one))[np.hstack([self.first[:-1, None], after])], axis=1)
            for one in (self.events, self.censored)
        )
        return at_risk, events, censored


def tally(group: Array, time: Array, event: Array, groups: int) -> Tally:
    """Count coded people.

    Args:
        group: 0 … groups - 1 (people; whole numbers).
        time: observed, >= 0 (people; whole numbers or not).
        event: true when the event ended the observation (people; Boolean).
        groups: how many groups there are.

    >>> counted = tally(np.array([0, 1, 0]), np.array([5, 2, 3]), np.array([True, False, True]), 2)
    >>> counted.first.tolist(), counted.time.tolist(), counted.at_risk.tolist(), counted.events.tolist()
    ([0, 3, 5], [0, 3, 5, 0, 2], [2, 2, 1, 1, 1], [0, 1, 1, 0, 0])
    """
    code, values = _code_times(time)
    width = int(code.max(initial=0)) + 1 if values is None else len(values)
    people = np.bincount(group, minlength=groups)
    cell = group.astype(np.int64) * width
    cell += code
    if groups * width <= max(DENSE * len(code), SMALL):
        left, died = _count_cells(cell, event, groups * width)
        shown = (left > 0).reshape(groups, width)
        shown[:, 0] = people > 0
        row = np.flatnonzero(shown)
        left, died = left[row], died[row]
        sizes = np.count_nonzero(shown, axis=1)
    else:
        row, left, died = _sort_cells(cell, event, np.flatnonzero(people) * width)
        sizes = np.bincount(row // width, minlength=groups)
    place = row - np.repeat(np.arange(groups) * width, sizes)
    at_risk = np.repeat(np.cumsum(people), sizes) - np.cumsum(left) + left
    moment = place.astype(time.dtype) if values is None else values[place]
    return Tally(np.append(0, np.cumsum(sizes)), moment, at_risk, died, left - died)


def _code_times(time: Array) -> tuple[Array, Array | None]:
    """Times as places in the rising distinct times with 0 first; whole numbers that are not too many are their own."""
    if not len(time):
        return np.zeros(0, np.int64), None
    if time.max() < max(DENSE * len(time), SMALL):
        whole = time.astype(np.int64)
        if time.dtype.kind in "iu" or np.array_equal(whole, time):
            return whole, None
    code = pl.Series(time).rank("dense").to_numpy().astype(np.int64) - 1
    values = np.empty(code.max() + 1, time.dtype)
    values[code] = time
    gap = np.diff(values)
    new = (gap > SAME_TIME) & (gap > SAME_TIME * np.abs(values).mean()) if time.dtype.kind == "f" else gap > 0
    place = np.append(0, np.cumsum(new))
    values = values[np.append(True, new)]
    if values[0] != 0:
        values, place = np.append(np.zeros(1, time.dtype), values), place + 1
    return place[code], values


def _count_cells(cell: Array, event: Array, cells: int) -> tuple[Array, Array]:
    return np.bincount(cell, minlength=cells), np.bincount(cell[event], minlength=cells)


def _sort_cells(cell: Array, event: Array, starts: Array) -> tuple[Array, Array, Array]:
    """Cells that occur, and `starts`, rising: people who left in each, and events among them."""
    key = np.sort(cell * 2 + event)
    row, first = np.unique(key >> 1, return_index=True)
    left, died = np.diff(np.append(first, len(key))), np.add.reduceat(key & 1, first)
    row = np.concatenate([row, (new := np.setdiff1d(starts, row, assume_unique=True))])
    order, none = np.argsort(row, kind="stable"), np.zeros(len(new), np.int64)
    return row[order], np.append(left, none)[order], np.append(died, none)[order]


def tally_frame(frame: pl.DataFrame, time: str, event: str, by: By = None) -> tuple[Tally, pl.DataFrame]:
    """Count the people of a frame, as `count_table` does, into arrays: the tally and its groups.

    Raises:
        BadInput: a column is missing, or a time or event is unknown, not a number or negative.
    """
    check_people(frame, time, event, by)
    codes, groups = code_groups(frame, by)
    size = groups.height if names(by) else min(frame.height, 1)
    seen = frame[time] if frame.schema[time].is_integer() else frame[time].cast(pl.Float64)
    return tally(codes, seen.to_numpy(), frame[event].cast(pl.Boolean).to_numpy(), size), groups


def with_groups(counted: Tally, groups: pl.DataFrame, columns: dict[str, Array]) -> pl.DataFrame:
    """Columns of a tally's rows beside the columns of their groups; NaN becomes null."""
    sizes = np.diff(counted.first)
    place = np.repeat(np.arange(len(sizes)), sizes)
    own = [groups[name].gather(place) for name in groups.columns]
    return pl.DataFrame([*own, *(pl.Series(name, one, nan_to_null=True) for name, one in columns.items())])


def count_table(
    frame: pl.DataFrame, time: str = "months", event: str = "dead", by: By = None
) -> pl.DataFrame:
    """At risk, events and censored at each distinct time of each group, the time 0 included.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        time: column of the time observed, in any unit.
        event: column that is true when the event ended the observation.
        by: grouping column(s).

    Returns:
        `by`, time, at_risk (still observed just before that time), events, censored (Int64). Sorted by group
        (null last) and time.

    Raises:
        BadInput: a column is missing, or a time or event is unknown, not a number or negative.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> count_table(frame).rows()
    [(0, 4, 0, 0), (2, 4, 1, 0), (5, 3, 1, 1), (9, 1, 0, 1)]
    """
    _check_names(by)
    counted, groups = tally_frame(frame, time, event, by)
    return with_groups(counted, groups, count_columns(counted, frame.schema[time]))


def count_columns(counted: Tally, kind: Any) -> dict[str, Any]:
    """Columns time (of that kind), at_risk, events, censored of a tally."""
    return {
        "time": pl.Series(counted.time).cast(kind),
        "at_risk": counted.at_risk,
        "events": counted.events,
        "censored": counted.censored,
    }


def number_at_risk(
    frame: pl.DataFrame, times: Sequence[float], by: By = None, *, time: str = "months", event: str = "dead"
) -> pl.DataFrame:
    """The table beneath a survival curve: at risk at each of `times`, events and censorings since the last one.

    Args:
        frame: one row a person, as in `count_table`.
        times: increasing, in the unit of `time`.
        by: grouping column(s).
        time: column of the time observed.
        event: column that is true when the event ended the observation.

    Returns:
        `by`, time (Float64), at_risk (observed for at least that time), events, censored (after the time before
        up to and including this one). Sorted by group and time.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> number_at_risk(frame, [0, 5, 12]).rows()
    [(0.0, 4, 0, 0), (5.0, 3, 2, 1), (12.0, 0, 0, 1)]
    """
    _check_names(by)
    points = rising(times, "number at risk")
    counted, groups = tally_frame(frame, time, event, by)
    return point_table(
        groups, points, dict(zip(("at_risk", "events", "censored"), counted.at(points), strict=True))
    )


def rising(times: Sequence[float], what: str) -> Array:
    """Times as an array.

    Raises:
        BadInput: there is none, or they do not increase.
    """
    points = np.asarray(list(times), dtype=float)
    if not points.size:
        raise BadInput(what, "no times were given")
    if not (np.diff(points) > 0).all() or np.isnan(points).any():
        raise BadInput(what, "the times must increase")
    return points


def point_table(groups: pl.DataFrame, points: Array, columns: dict[str, Array]) -> pl.DataFrame:
    """Tables of (groups, points) as columns beside the groups and the points; NaN becomes null."""
    size = len(next(iter(columns.values())))
    own = [groups[name].gather(np.repeat(np.arange(size), len(points))) for name in groups.columns]
    values = [pl.Series(name, one.ravel(), nan_to_null=True) for name, one in columns.items()]
    return pl.DataFrame([*own, pl.Series("time", np.tile(points, size)), *values])


def _check_names(by: By) -> None:
    if {"time", "at_risk", "events", "censored"} & set(names(by)):
        raise BadInput("survival", "a grouping column has the name of a result column", "rename it")


def _check_columns(frame: pl.DataFrame, wanted: Sequence[str]) -> None:
    if missing := [name for name in wanted if name not in frame.columns]:
        raise BadInput("analytics", f"there is no column {', '.join(missing)}", "check the name")


def check_people(frame: pl.DataFrame, time: str, event: str, by: By = None) -> None:
    """Refuse a frame that lacks a column, or people whose time or event is unknown, no number or negative."""
    _check_columns(frame, [time, event, *names(by)])
    if not frame.schema[time].is_numeric():
        raise BadInput("survival", f"{time} is {frame.schema[time]}, a number is expected")
    if frame.schema[event] != pl.Boolean and not frame.schema[event].is_integer():
        raise BadInput("survival", f"{event} is {frame.schema[event]}, true/false or 0/1 is expected")
    sound = pl.col(time).is_finite() & (pl.col(time) >= 0) & pl.col(event).cast(pl.Int64).is_between(0, 1)
    bad = frame.height - (frame.select(sound.fill_null(False).sum()).item() if frame.height else 0)
    if bad:
        raise BadInput("survival", f"{bad} rows have no usable {time} or {event}", "leave them out first")
