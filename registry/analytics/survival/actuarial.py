"""The actuarial life table: survival from interval to interval, those who leave counted for half of theirs.

An interval holds the times from its start up to but not including its end, so whoever was observed for exactly one
month is in the second monthly interval, as whole months survived are counted in SEER*Stat.

Sources: Cutler SJ, Ederer F, J Chronic Dis 1958;8:699-712; Greenwood M 1926 (error); monthly intervals as in
SEER*Stat.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from registry.analytics.counts import By, Tally, check_people, tally_frame, with_groups
from registry.analytics.survival.kaplan_meier import Confidence, check_limits, limits
from registry.errors import BadInput

NEAR = 1e-9
"""A time so close below the end of an interval, in intervals, is that end, reached by another way of reckoning."""
MOST = 100_000
"""Intervals that one table may have."""


def actuarial(
    frame: pl.DataFrame,
    time: str = "months",
    event: str = "dead",
    by: By = None,
    interval: float = 1.0,
    confidence: Confidence = "log-log",
    level: float = 0.95,
) -> pl.DataFrame:
    """Actuarial survival of each group, one row an interval, up to the last one that somebody began.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        time: column of the time observed.
        event: column that is true when the event ended the observation.
        by: grouping column(s).
        interval: length in the unit of `time`: 1 for months, 365.25 / 12 for days in months.
        confidence: scale of the limits: log-log, log or plain.
        level: confidence level between 0 and 1.

    Returns:
        `by`, start, end, at_start, events, censored, effective (at_start less half of those censored),
        interval_survival, survival (to the end), std_error, lower, upper. Sorted by group and start.

    Raises:
        BadInput: the interval is not above 0 or far too short, or the input as in `kaplan_meier`.

    >>> frame = pl.DataFrame({"months": [0, 1, 1, 2], "dead": [True, False, True, False]})
    >>> actuarial(frame).select("start", "at_start", "effective", pl.col("survival").round(4)).rows()
    [(0.0, 4, 4.0, 0.75), (1.0, 3, 2.5, 0.45), (2.0, 1, 0.5, 0.45)]
    """
    check_limits(confidence, level)
    if not 0 < interval < float("inf"):
        raise BadInput("life table", "the interval is not above 0", "give its length")
    check_people(frame, time, event, by)
    longest = frame[time].max()
    if isinstance(longest, int | float) and longest / interval >= MOST:
        raise BadInput("life table", f"more than {MOST:,} intervals", "make them longer")
    place = (pl.col(time) / interval + NEAR).floor().cast(pl.Int64)
    counted, groups = tally_frame(frame.with_columns(place.alias(time)), time, event, by)
    table = _every_interval(counted)
    effective = table.at_risk - table.censored / 2
    share = (effective - table.events) / effective
    with np.errstate(divide="ignore"):
        variance = table.events / (effective * (effective - table.events))
    variance[table.events == 0] = 0.0
    survival = share.copy()
    for start, end in pairwise(table.first.tolist()):
        np.multiply.accumulate(survival[start:end], out=survival[start:end])
        np.add.accumulate(variance[start:end], out=variance[start:end])
    error, lower, upper = limits(survival, variance, confidence, level)
    columns = {
        "start": table.time * float(interval), "end": (table.time + 1) * float(interval),
        "at_start": table.at_risk, "events": table.events, "censored": table.censored, "effective": effective,
        "interval_survival": share, "survival": survival, "std_error": error, "lower": lower, "upper": upper,
    }  # fmt: skip
    return with_groups(table, groups, columns)


def _every_interval(counted: Tally) -> Tally:
    """The same with a row for each interval up to the last, whether or not somebody left in it."""
    sizes = counted.time[counted.first[1:] - 1] + 1
    first = np.append(0, np.cumsum(sizes))
    row = np.repeat(first[:-1], np.diff(counted.first)) + counted.time
    events, censored = (np.zeros(int(first[-1]), np.int64) for _ in range(2))
    events[row], censored[row] = counted.events, counted.censored
    left = events + censored
    people = counted.at_risk[counted.first[:-1]]
    at_risk = np.repeat(np.cumsum(people), sizes) - np.cumsum(left) + left
    time = np.arange(first[-1]) - np.repeat(first[:-1], sizes)
    return Tally(first, time, at_risk, events, censored)
