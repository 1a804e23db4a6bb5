"""Kaplan–Meier: survival with Greenwood's error and confidence limits, and its values at given times.

Sources: Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457-481; Greenwood M 1926; limits on the log and
log(-log) scales: Kalbfleisch JD, Prentice RL, The Statistical Analysis of Failure Time Data, 2002, 1.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import polars as pl

from registry.analytics.counts import (
    Array,
    By,
    Tally,
    count_columns,
    names,
    point_table,
    rising,
    tally_frame,
    with_groups,
)
from registry.errors import BadInput

Confidence = Literal["log-log", "log", "plain"]
SCALES: tuple[Confidence, ...] = ("log-log", "log", "plain")


def kaplan_meier(
    frame: pl.DataFrame,
    time: str = "months",
    event: str = "dead",
    by: By = None,
    confidence: Confidence = "log-log",
    level: float = 0.95,
) -> pl.DataFrame:
    """Kaplan-Meier estimate for each group, one row at time 0 and at each distinct time observed.

    Args:
        frame: one row a person; `time` is a number >= 0, `event` Boolean or 0/1.
        time: column of the time observed, in any unit.
        event: column that is true when the event ended the observation.
        by: grouping column(s).
        confidence: scale of the limits; log-log is never outside 0-1, plain and log are cut there.
        level: confidence level between 0 and 1.

    Returns:
        `by`, time, at_risk (just before), events, censored, survival (just after), std_error (Greenwood,
        survival scale), lower, upper. Where survival is 0 the last three are null: they are not defined.
        Before the first event the limits are 1. Sorted by group and time.

    Raises:
        BadInput: a column is missing, a time or event is unknown, or the method has no such name.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> curve = kaplan_meier(frame)
    >>> curve.select("time", "at_risk", "events", pl.col("survival", "std_error").round(6)).rows()[1:]
    [(2, 4, 1, 0.75, 0.216506), (5, 3, 1, 0.5, 0.25), (9, 1, 0, 0.5, 0.25)]
    """
    check_limits(confidence, level)
    counted, groups = tally_frame(frame, time, event, by)
    return curve_frame(counted, groups, frame.schema[time], confidence, level)


def curve_frame(
    counted: Tally,
    groups: pl.DataFrame,
    kind: Any = pl.Float64,
    confidence: Confidence = "log-log",
    level: float = 0.95,
) -> pl.DataFrame:
    """The result of `kaplan_meier` from people who are counted already; `kind` is the type of time."""
    survival, variance = product_limit(counted)
    error, lower, upper = limits(survival, variance, confidence, level)
    estimates = {"survival": survival, "std_error": error, "lower": lower, "upper": upper}
    return with_groups(counted, groups, {**count_columns(counted, kind), **estimates})


def product_limit(counted: Tally) -> tuple[Array, Array]:
    """Survival just after each row of a tally, and the variance of its logarithm (infinite where it is 0).

    >>> from registry.analytics.counts import tally
    >>> counted = tally(np.zeros(4, int), np.array([2, 5, 5, 9]), np.array([True, True, False, False]), 1)
    >>> [values.round(4).tolist() for values in product_limit(counted)]
    [[1.0, 0.75, 0.5, 0.5], [0.0, 0.0833, 0.25, 0.25]]
    """
    lived = counted.at_risk - counted.events
    with np.errstate(divide="ignore"):
        survival = lived / counted.at_risk
        variance = counted.events / (counted.at_risk.astype(float) * lived)
    variance[counted.events == 0] = 0.0
    for start, end in pairwise(counted.first.tolist()):
        np.multiply.accumulate(survival[start:end], out=survival[start:end])
        np.add.accumulate(variance[start:end], out=variance[start:end])
    return survival, variance


def check_limits(confidence: str, level: float) -> None:
    """Refuse limits that there are not."""
    if confidence not in SCALES:
        raise BadInput("survival", f'"{confidence}" is no kind of limits', "use log-log, log or plain")
    if not 0 < level < 1:
        raise BadInput("survival", f"confidence level {level} is not between 0 and 1")


def limits(
    survival: Array, variance: Array, confidence: Confidence, level: float
) -> tuple[Array, Array, Array]:
    """Standard error (survival scale), lower and upper limit; NaN where survival is 0, 1 where nothing happened yet.

    Args:
        survival: estimates between 0 and 1.
        variance: of log survival (Greenwood's sum).
        confidence: "log-log", "log" or "plain".
        level: confidence level between 0 and 1.

    >>> _, lower, upper = limits(np.array([0.5]), np.array([0.04]), "plain", 0.95)
    >>> [float(round(value[0], 4)) for value in (lower, upper)]
    [0.304, 0.696]
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        root = np.sqrt(variance)
        error = survival * root
        if confidence == "plain":
            lower, upper = np.maximum(survival - z * error, 0.0), np.minimum(survival + z * error, 1.0)
        elif confidence == "log":
            width = np.exp(z * root)
            lower, upper = survival / width, np.minimum(survival * width, 1.0)
        else:
            log = np.log(survival)
            width = np.exp(root * -z / log)
            lower, upper = np.exp(log * width), np.exp(log / width)
    still, gone = survival == 1, ~(survival > 0)
    for one in (lower, upper):
        one[still] = 1.0
    for one in (error, lower, upper):
        one[gone] = np.nan
    return error, lower, upper


def curve_runs(curve: pl.DataFrame, by: By) -> tuple[Array, pl.DataFrame]:
    """Where each group of a curve begins (groups + 1; the last is the end), and the groups."""
    groups = names(by)
    if not groups or curve.is_empty():
        return np.unique([0, curve.height]), curve.select(groups).head(min(curve.height, 1))
    run = curve.select(pl.struct(groups).rle_id()).to_series().to_numpy()
    first = np.concatenate([[0], np.flatnonzero(np.diff(run)) + 1, [curve.height]])
    return first, curve.select(groups)[first[:-1]]


def survival_at(
    curve: pl.DataFrame, times: Sequence[float], by: By = None, *, extend: bool = False
) -> pl.DataFrame:
    """The curve's values at given times.

    Args:
        curve: result of `kaplan_meier`.
        times: increasing, in the curve's unit.
        by: the grouping column(s) the curve was made with.
        extend: carry the last value on beyond the group's last observed time.

    Returns:
        `by`, time (Float64), at_risk (observed for at least that time), events (after the time before up to and
        including this one), survival, std_error, lower, upper; the last four are null beyond the group's
        last observed time, unless nobody survived or `extend` is asked for. Sorted by group and time.

    >>> frame = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, False, False]})
    >>> survival_at(kaplan_meier(frame), [6, 12]).select("time", "at_risk", "events", "survival").rows()
    [(6.0, 1, 2, 0.5), (12.0, 0, 0, None)]
    """
    columns = ("survival", "std_error", "lower", "upper")
    values = values_at(curve, times, by, columns)
    if extend or values.is_empty():
        return values
    first, _ = curve_runs(curve, by)
    end = np.repeat(first[1:] - 1, len(times))
    known = (curve["time"][end] >= values["time"]) | (curve["survival"][end] <= 0)
    return values.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in columns)


def values_at(curve: pl.DataFrame, times: Sequence[float], by: By, columns: Sequence[str]) -> pl.DataFrame:
    """At risk and events at rising times, and a curve's columns as they were at the last row not after each time.

    Returns:
        `by`, time, at_risk, events, and those columns (Float64; null before the group's first row). Sorted by group
        and time.
    """
    points = rising(times, "survival")
    first, groups = curve_runs(curve, by)
    counts = [curve[name].to_numpy() for name in ("at_risk", "events", "censored")]
    counted = Tally(first, curve["time"].cast(pl.Float64).to_numpy(), *counts)
    at_risk, events, _ = counted.at(points)
    last = counted.places(points)[1] - 1
    known = last >= first[:-1, None]
    table: dict[str, Array] = {"at_risk": at_risk, "events": events}
    for name in columns:
        table[name] = np.where(
            known, np.append(curve[name].cast(pl.Float64).to_numpy(), np.nan)[last], np.nan
        )
    return point_table(groups, points, table)
