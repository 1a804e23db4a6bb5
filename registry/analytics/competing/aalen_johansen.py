"""Cumulative incidence with competing risks: Aalen-Johansen, ties taken as they are.

Sources: Aalen OO, Johansen S, Scand J Stat 1978;5:141-150; variance of Greenwood's kind, from multinomial steps: Aalen OO,
Ann Stat 1978;6:534-545; Marubini E, Valsecchi MG, Analysing Survival Data from Clinical Trials, 1995, 10.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.analytics.competing.tables import events_of
from registry.analytics.counts import By, names
from registry.errors import BadInput

ROUNDING = 1e-15
"""Variances below are what rounding leaves of 0 (one event among ten million people has 1e-14)."""


def aalen_johansen(
    frame: pl.DataFrame,
    time: str = "days",
    cause: str = "cause",
    by: By = None,
    at: Sequence[float] | None = None,
) -> pl.DataFrame:
    """Probability of each cause by each time, while the other causes compete.

    Args:
        frame: one row a person. time: column of the time observed, a number >= 0, any unit. cause: 0, "" or null for people who were
            censored, else the code or name of what happened. by: grouping column(s).
        at: times wanted; default: 0 and every time at which somebody left. Beyond the last time the value is carried on.

    Returns:
        `by`, cause, time (Float64), at_risk (observed for at least that time), events (of this cause after the time before up to and including
        this one), incidence, std_error. Sorted by group (null last), cause and time (as given by `at`).

    >>> people = pl.DataFrame({"days": [1, 2, 2, 3], "cause": [1, 1, 2, 0]})
    >>> aalen_johansen(people, at=[2]).select("cause", "at_risk", "events", "incidence").rows()
    [(1, 3, 2, 0.5), (2, 3, 1, 0.25)]
    """
    groups = names(by)
    if {"cause", "time", "at_risk", "events", "incidence", "std_error"} & set(groups):
        raise BadInput("competing risks", "a grouping column has the name of a result column", "rename it")
    counted = events_of(frame, time, cause, by)
    wanted = None if at is None else np.asarray(list(at), dtype=float)
    parts = []
    for group in range(counted.left.shape[0] if frame.height else 0):
        mine = np.flatnonzero(counted.left[group] > 0)
        times, died = counted.times[mine], counted.events[group, mine]
        risk = counted.left[group, mine][::-1].cumsum()[::-1]
        incidence, error = cumulative_incidence(risk, died)
        points = np.concatenate([[0.0], times[times > 0]]) if wanted is None else wanted
        last = np.searchsorted(times, points, side="right")
        first = np.searchsorted(times, points, side="left")
        at_risk = np.concatenate([risk, [0]])[first]
        sums = np.vstack([np.zeros((1, died.shape[1]), dtype=np.int64), died.cumsum(axis=0)])[last]
        since = np.diff(sums, axis=0, prepend=0)
        for kind, name in enumerate(counted.causes):
            parts.append(
                pl.DataFrame({
                    "cause": [name] * points.size, "time": points, "at_risk": at_risk, "events": since[:, kind],
                    "incidence": incidence[last, kind], "std_error": error[last, kind],
                }).select(*(pl.lit(v, counted.groups.schema[g]).alias(g) for g, v in zip(groups, counted.groups.row(group) if groups else (), strict=True)), pl.all())
            )  # fmt: skip
    if not parts:
        empty = {"cause": pl.String, "time": pl.Float64, "at_risk": pl.Int64, "events": pl.Int64}
        return (
            frame.select(groups)
            .clear()
            .with_columns(
                pl.lit(None, kind).alias(name)
                for name, kind in {**empty, "incidence": pl.Float64, "std_error": pl.Float64}.items()
            )
        )
    return pl.concat(parts)


def cumulative_incidence(at_risk: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative incidence and its standard error before the first and after each of the times.

    Args:
        at_risk: people at risk (times). events: events (times, causes).

    Returns:
        (incidence, error), each (times + 1, causes); row 0 is zero.

    >>> value, _ = cumulative_incidence(np.array([4, 2]), np.array([[1, 1], [1, 0]]))
    >>> value.tolist()
    [[0.0, 0.0], [0.25, 0.25], [0.5, 0.25]]
    """
    people = at_risk.astype(float)[:, None]
    died = events.sum(axis=1, keepdims=True).astype(float)
    before = np.ones_like(died)
    np.cumprod((people - died)[:-1] / people[:-1], axis=0, out=before[1:])
    step = before * events / people
    value = np.cumsum(step, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where(people > died, died / (people * (people - died)), 0.0)
    # a step at s adds [F(t) - F(s)]^2 g - 2 [F(t) - F(s)] S(s-) d_k / n^2 + S(s-)^2 d_k (n - d_k) / n^3 to the variance at t
    own = before * events / people**2
    spread = before**2 * events * (people - events) / people**3
    all_, weighted = greenwood.cumsum(axis=0), (value * greenwood).cumsum(axis=0)
    squared = (value**2 * greenwood).cumsum(axis=0)
    variance = value**2 * all_ - 2 * value * weighted + squared
    variance += -2 * value * own.cumsum(axis=0) + 2 * (value * own).cumsum(axis=0) + spread.cumsum(axis=0)
    error = np.sqrt(np.where(variance > ROUNDING, variance, 0.0))
    zero = np.zeros((1, events.shape[1]))
    return np.vstack([zero, value]), np.vstack([zero, error])
