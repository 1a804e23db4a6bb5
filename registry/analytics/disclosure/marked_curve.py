"""Publish a curve together with its values at marks (1, 2, 5 … years), so that neither gives the other away.

Two publications of one curve are one to whoever holds both: between a point of the curve and a mark beside it a single
death could be read off. So marks are chosen first, and points of the curve between two marks must hold the rule towards
both sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.analytics.counts import Array, By, names
from registry.analytics.disclosure.profile import Profile
from registry.analytics.disclosure.profile import profile as profile_of

MOST_POINTS = 600
"""Points of one curve: no picture shows more."""


def publish_marked_curve(
    curve: pl.DataFrame,
    marks: Sequence[float],
    by: By = None,
    profile: str | int | Profile = "default",
    *,
    values: Sequence[str] = ("survival", "lower", "upper"),
    events: Sequence[str] = ("events",),
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Points and marks of a curve that may be shown together.

    Between two shown values, of either kind, each column of events has none or at least the threshold; nothing is
    shown where fewer than the threshold are at risk, or are left after the step.

    Args:
        curve: rows by group and rising time: `by`, time, at_risk (just before), events since the row before, values.
        marks: rising times, in the unit of `time`. by: grouping column(s). profile: name, threshold or Profile.
        values: columns of the curve. events: columns of counts; several (causes) each hold the rule.

    Returns:
        `by`, time, values of the points; and `by`, time, values, hidden of every mark (null where hidden, or where a
        group's curve has ended).

    >>> rows = pl.DataFrame({"time": [0, 1, 2, 3, 4], "at_risk": [90, 90, 80, 60, 40], "events": [0, 10, 20, 20, 9]})
    >>> rows = rows.with_columns(survival=pl.Series([1.0, 0.9, 0.7, 0.5, 0.4]))
    >>> points, marked = publish_marked_curve(rows, [3], values=["survival"])
    >>> points["time"].to_list(), marked.rows()
    ([0, 2, 3], [(3.0, 0.5, False)])
    """
    rule = profile_of(profile)
    groups = names(by)
    kept = [name for name in values if name in curve.columns]
    times = curve["time"].cast(pl.Float64).to_numpy()
    at_risk = curve["at_risk"].fill_null(0).to_numpy()
    counts = np.column_stack([curve[name].fill_null(0).to_numpy() for name in events])
    first = _starts(curve, groups)
    wanted = np.asarray(list(marks), dtype=float)
    shown = np.zeros(curve.height, np.bool_)
    rows, seen = (np.zeros((len(first) - 1, wanted.size), kind) for kind in (np.int64, np.bool_))
    for group in range(len(first) - 1):
        span = slice(first[group], first[group + 1])
        points, rows[group], seen[group] = _one(
            times[span], at_risk[span], counts[span], wanted, rule.threshold
        )
        shown[span] = points
        rows[group] += first[group]
    place = np.where(seen, rows, 0).ravel()
    flags = pl.Series("hidden", np.logical_not(seen.ravel()))
    table = curve.select(*groups, *kept)[place] if curve.height else curve.select(*groups, *kept).clear()
    label = [pl.Series(name, curve[name].gather(np.repeat(first[:-1], wanted.size))) for name in groups]
    at_marks = table.with_columns(*label, pl.Series("time", np.tile(wanted, len(first) - 1)), flags)
    at_marks = at_marks.with_columns(pl.when(~pl.col("hidden")).then(name).alias(name) for name in kept)
    points_shown = curve.filter(pl.Series(shown)).select(*groups, "time", *kept)
    return points_shown, at_marks.select(*groups, "time", *kept, "hidden")


def _starts(curve: pl.DataFrame, groups: list[str]) -> Array:
    """Where each group begins (groups + 1)."""
    if not groups or curve.is_empty():
        return np.unique([0, curve.height])
    run = curve.select(pl.struct(groups).rle_id()).to_series().to_numpy()
    return np.concatenate([[0], np.flatnonzero(np.diff(run)) + 1, [curve.height]])


def _one(
    times: Array, at_risk: Array, events: Array, marks: Array, threshold: int
) -> tuple[Array, Array, Array]:
    """Of one group: points shown; the row that each mark reads; marks shown."""
    so_far = events.cumsum(axis=0)
    left = at_risk - events.sum(axis=1)
    telling = (left > 0) & (left < threshold)  # where nobody was censored the curve tells it
    rows = np.searchsorted(times, marks, side="right") - 1
    still = np.append(at_risk, 0)[np.searchsorted(times, marks, side="left")]
    seen = np.zeros(marks.size, np.bool_)
    told = [0] * events.shape[1]
    for mark, row in enumerate(rows.tolist()):
        ends_here = row >= 0 and times[row] == marks[mark] and telling[row]
        if (
            row >= 0
            and still[mark] >= threshold
            and not ends_here
            and _fits(so_far[row].tolist(), told, threshold)
        ):
            seen[mark], told = True, so_far[row].tolist()
    shown = np.zeros(times.size, np.bool_)
    chosen = _thinned(times)
    few = np.flatnonzero((at_risk[chosen] < threshold) | telling[chosen])
    chosen = chosen[: few[0]] if few.size else chosen
    ends = rows[seen].tolist()
    if events.shape[1] == 1:
        sums = so_far[:, 0]
        points = _of_one_kind(chosen, sums[chosen].tolist(), ends, sums[ends].tolist(), threshold)
    else:
        points = _of_kinds(chosen, so_far[chosen].tolist(), ends, so_far[ends].tolist(), threshold)
    shown[points] = True
    return shown, rows, seen


def _of_kinds(
    chosen: list[int], so_far: list[list[int]], ends: list[int], at_ends: list[list[int]], threshold: int
) -> list[int]:
    """Rows that may be shown beside the rows of the marks, `ends`: each kind of event holds the rule."""
    found = []
    told = [0] * (len(so_far[0]) if so_far else 0)
    next_mark = 0
    for row, now in zip(chosen, so_far, strict=True):
        while next_mark < len(ends) and ends[next_mark] < row:
            told = [max(pair) for pair in zip(told, at_ends[next_mark], strict=True)]
            next_mark += 1
        if not _fits(now, told, threshold):
            continue
        if next_mark < len(ends) and not _fits(at_ends[next_mark], now, threshold):
            continue
        found.append(row)
        told = now
    return found


def _of_one_kind(
    chosen: list[int], so_far: list[int], ends: list[int], at_ends: list[int], threshold: int
) -> list[int]:
    """As `_of_kinds`, of the usual one kind, without its lists: this runs for each point of each curve."""
    found = []
    told, next_mark, marks = 0, 0, len(ends)
    for row, now in zip(chosen, so_far, strict=True):
        while next_mark < marks and ends[next_mark] < row:
            told = max(told, at_ends[next_mark])
            next_mark += 1
        if 0 < now - told < threshold or (next_mark < marks and 0 < at_ends[next_mark] - now < threshold):
            continue
        found.append(row)
        told = now
    return found


def _fits(later: list[int], before: list[int], threshold: int) -> bool:
    """Each kind of event in between: none, or enough of them."""
    for start, end in zip(before, later, strict=True):  # a plain loop: this runs for each point of each curve
        if start != end and end - start < threshold:
            return False
    return True


def _thinned(times: Array) -> list[int]:
    """Rows to choose points from: all, or of many the last in each of MOST_POINTS equal stretches of time."""
    if times.size <= MOST_POINTS:
        return list(range(times.size))
    stretch = np.minimum((times / times[-1] * MOST_POINTS).astype(np.int64), MOST_POINTS - 1)
    rows = np.flatnonzero(np.diff(stretch, append=-1))
    return sorted({0, *rows.tolist()})
