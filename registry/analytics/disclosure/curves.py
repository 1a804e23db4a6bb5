"""Publish survival-like curves, numbers at risk and percentiles.

A curve tells counts too: with the number at risk, the height of a step is the number of events in it. So a published
curve has points only where the events since the point before are none or reach the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.analytics.disclosure.counts import _whole, hide
from registry.analytics.disclosure.profile import Profile
from registry.analytics.disclosure.profile import profile as profile_of

FLOWS = ("events", "censored")


def publish_curve(
    curve: pl.DataFrame,
    by: By = None,
    profile: str | int | Profile = "default",
    *,
    values: Sequence[str] = ("survival", "lower", "upper"),
    at_risk: str = "at_risk",
    events: str | Sequence[str] = "events",
    keep_rows: bool = False,
) -> pl.DataFrame:
    """A curve that may be shown: enough people at risk, and enough events (or none) between its points.

    Args:
        curve: rows in order of time within each group: time, at_risk, events since the row before, and values.
        by: grouping column(s). profile: name, threshold or Profile.
        values: columns of the curve; those that are missing do not matter.
        at_risk, events: columns of counts; several columns of events (causes) each hold the rule.
        keep_rows: keep hidden rows, values null and `hidden` true (tables at 1, 5, 10 years).

    Returns:
        `by`, time, values of the points that may be shown (all rows with `hidden` when `keep_rows`); no counts. A
        group that starts below the threshold has none.

    >>> points = pl.DataFrame({"time": [0, 1, 2, 3], "at_risk": [40, 40, 32, 20], "events": [0, 8, 12, 4]})
    >>> points = points.with_columns(survival=pl.Series([1.0, 0.8, 0.5, 0.4]))
    >>> publish_curve(points).rows()
    [(0, 1.0), (2, 0.5)]
    """
    rule = profile_of(profile)
    groups = names(by)
    kinds = np.column_stack([_whole(curve, name) for name in names(events)])
    enough = curve[at_risk].fill_null(0).to_numpy() >= rule.threshold
    number = np.zeros(curve.height, dtype=np.int64)
    if groups and curve.height:
        number = curve.select(pl.struct(groups).rank("dense")).to_series().to_numpy().astype(np.int64)
    shown = np.zeros(curve.height, dtype=bool)
    for group in np.unique(number):
        rows = np.flatnonzero(number == group)
        shown[rows] = _points(kinds[rows], enough[rows], rule)
    kept = [name for name in values if name in curve.columns]
    if keep_rows:
        return hide(curve, ~shown, kept).select(*groups, "time", *kept, "hidden")
    return curve.filter(pl.Series(shown)).select(*groups, "time", *kept)


def _points(events: np.ndarray, enough: np.ndarray, rule: Profile) -> np.ndarray:
    """Which rows of one group are shown: events (rows, kinds) since the last one shown are 0 or reach the threshold."""
    shown = np.zeros(enough.size, dtype=bool)
    sums = [np.ascontiguousarray(kind) for kind in events.cumsum(axis=0).T]
    since = [0] * len(sums)
    row, end = 0, enough.size if enough.all() else int(np.argmin(enough))
    while row < end:
        part = [
            int(np.searchsorted(kind, start + rule.threshold))
            for kind, start in zip(sums, since, strict=True)
            if start < kind[row] < start + rule.threshold
        ]
        if part:
            row = max(part)
            continue
        stop = min((int(np.searchsorted(kind, kind[row], "right")) for kind in sums), default=end)
        shown[row : min(stop, end)] = True
        since = [int(kind[row]) for kind in sums]
        row = stop
    return shown


def publish_at_risk(
    table: pl.DataFrame, by: By = None, profile: str | int | Profile = "default"
) -> pl.DataFrame:
    """A number-at-risk table that may be shown: small numbers are null, and what gives them away.

    At risk falls from row to row by the events and censorings in between. Where one of these is small, neither
    is shown in that group.

    Args:
        table: `by`, time, at_risk, and events and censored since the row before (one or both may be missing).
        by: grouping columns; default: every other column. profile: name, threshold or Profile.

    Returns:
        The table with hidden numbers null and `hidden`.

    >>> table = pl.DataFrame({"time": [0, 12], "at_risk": [40, 9], "events": [0, 20], "censored": [0, 11]})
    >>> publish_at_risk(table).select("at_risk", "events", "hidden").rows()
    [(40, 0, False), (None, 20, True)]
    """
    rule = profile_of(profile)
    flows = [name for name in FLOWS if name in table.columns]
    others = ("time", "at_risk", "hidden", "suppressed", *flows)
    groups = names(by) if by is not None else [name for name in table.columns if name not in others]
    few = rule.is_small(pl.col("at_risk"))
    telling = pl.any_horizontal(pl.lit(False), *(rule.is_small(pl.col(name)) for name in flows)).any()
    telling = telling.over(groups) if groups else telling
    return table.with_columns(
        pl.when(few.not_()).then("at_risk").alias("at_risk"),
        *(pl.when(telling.not_()).then(name).alias(name) for name in flows),
        (few | telling).alias("hidden"),
    )


def publish_quantiles(
    frame: pl.DataFrame,
    n: str = "n",
    values: Sequence[str] = ("p25", "median", "p75"),
    profile: str | int | Profile = "default",
) -> pl.DataFrame:
    """Medians and other percentiles that may be shown: of enough people, and not the value of one of the last few.

    Args:
        frame: one row a group. n: column of how many it rests on. profile: name, threshold or Profile.
        values: columns of percentiles. One named `p` and a number (p05, p90) needs at least one person in 20, and a third of the
            threshold, beyond it; `minimum` and `maximum` are one person's and are never shown.

    Returns:
        The frame with hidden values (and a small n) null, and `hidden` where a value or n is.

    >>> frame = pl.DataFrame({"n": [10, 30], "median": [31.0, 28.0], "p90": [80.0, 70.0]})
    >>> publish_quantiles(frame, values=["median", "p90"]).rows()
    [(None, None, None, True), (30, 28.0, None, True)]
    """
    rule = profile_of(profile)
    few = (pl.col(n) < rule.threshold).fill_null(True)
    gone = {name: few | (pl.col(n) * _tail(name) < rule.threshold / 3) for name in values}
    shown = [pl.when(hidden.not_()).then(pl.col(name)).alias(name) for name, hidden in gone.items()]
    small = rule.is_small(pl.col(n)).fill_null(False)
    flag = pl.any_horizontal(small, *gone.values()).alias("hidden")
    return frame.with_columns(*shown, pl.when(small.not_()).then(pl.col(n)).alias(n), flag)


def _tail(name: str) -> float:
    """Share of people on the smaller side of a percentile by its column's name."""
    if name in ("minimum", "maximum", "min", "max"):
        return 0.0
    digits = name[1:]
    share = float(digits) / 100 if name[:1] in "pq" and digits.isdecimal() else 0.5
    return min(share, 1 - share)
