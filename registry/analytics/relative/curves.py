"""From the sums of each day to curves, and from curves to rows: values at times, limits, standardised estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.relative.people import Columns, People
from registry.analytics.relative.weights import AgeWeights
from registry.errors import BadInput

_WHERE = "relative survival"


@dataclass(frozen=True)
class Curve:
    """Values at the whole days 0, 1, 2, …: one element more than there are days."""

    survival: np.ndarray
    error: np.ndarray
    """Standard error of log survival (see `on_survival_scale`)."""
    at_risk: np.ndarray
    """How many are observed at that day: time >= day."""
    events: np.ndarray
    """Deaths up to and including that day."""
    on_survival_scale: bool = False
    """The error is one of survival itself (standardised curves)."""

    def day(self, time: float) -> int:
        """The last day of the curve that is not after a time."""
        return int(min(max(0.0, np.floor(time)), len(self.survival) - 1))

    def limits(self, day: int, quantile: float) -> tuple[float, float]:
        """Lower and upper limit, on the log scale."""
        survival, error = float(self.survival[day]), float(self.error[day])
        if self.on_survival_scale:
            error = error / survival if survival > 0 else np.nan
        spread = np.exp(quantile * error)
        return survival / spread, survival * spread


NOBODY = Curve(np.array([np.nan]), np.array([np.nan]), np.zeros(2), np.zeros(1))
"""The curve of a group in which nobody is at risk on the first day: its beginning is not known."""


def has_beginning(people: People) -> bool:
    """Somebody is at risk on the first day (in a period analysis: was diagnosed in the period)."""
    return bool(((people.entry == 0) & (people.exit > 0)).any())


def at_risk_and_events(people: np.ndarray, deaths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At risk and events of `Curve` from the people at risk on each day and the deaths at its end."""
    present = np.append(people[:1] if len(people) else [0], people)
    return np.append(present, 0), np.append(0, np.cumsum(deaths))


def names_of(given: dict[str, Any]) -> Columns:
    """Names of columns as keywords.

    Raises:
        BadInput: there is no such keyword.
    """
    unknown = sorted(set(given) - set(Columns.__dataclass_fields__))
    if unknown:
        known = ", ".join(Columns.__dataclass_fields__)
        raise BadInput(_WHERE, f'"{unknown[0]}" is no argument', f"columns are named by {known}")
    return Columns(**given)


def check_times(at: Sequence[float] | None) -> list[float] | None:
    """Times asked for, as numbers."""
    if at is None:
        return None
    times = [float(time) for time in at]
    if not all(np.isfinite(time) and time >= 0 for time in times):
        raise BadInput(_WHERE, "times must be days, 0 or more")
    return times


def check_level(level: float) -> float:
    """The normal quantile of a confidence level."""
    if not 0 < level < 1:
        raise BadInput(_WHERE, f"confidence level {level} is not between 0 and 1")
    return NormalDist().inv_cdf(0.5 + level / 2)


def rows(
    curves: Sequence[Curve], groups: pl.DataFrame, at: Sequence[float] | None, level: float = 0.95
) -> pl.DataFrame:
    """Curves of groups as rows.

    Args:
        curves: one a group, in the order of `groups` (which has no column where there is one group of everybody).
        groups: grouping columns.
        at: times in days, in the order wanted; None for every day of each curve.
        level: confidence level.

    Returns:
        grouping columns, time, at_risk, events, survival, std_error, lower, upper.
    """
    quantile = check_level(level)
    parts = []
    for number, curve in enumerate(curves):
        times = np.arange(len(curve.survival), dtype=np.float64) if at is None else np.array(at, np.float64)
        days = np.minimum(np.floor(times), len(curve.survival) - 1).astype(np.int64)
        present = np.minimum(np.ceil(times), len(curve.at_risk) - 1).astype(np.int64)
        limits = np.array([curve.limits(int(day), quantile) for day in days]).reshape(-1, 2)
        part = pl.DataFrame(
            {
                "time": times,
                "at_risk": curve.at_risk[present].astype(np.int64),
                "events": curve.events[days].astype(np.int64),
                "survival": curve.survival[days],
                "std_error": curve.error[days],
                "lower": limits[:, 0],
                "upper": limits[:, 1],
            },
            nan_to_null=True,
        )
        group = [
            pl.lit(groups[name][number], dtype=groups.schema[name]).alias(name) for name in groups.columns
        ]
        parts.append(part.select(*group, pl.all()))
    if not parts:
        whole = dict.fromkeys(("at_risk", "events"), pl.Int64)
        numbers = dict.fromkeys(("time", *whole, "survival", "std_error", "lower", "upper"), pl.Float64)
        return pl.DataFrame(schema={**groups.schema, **numbers, **whole})
    return pl.concat(parts)


def standardised(people: People, weights: AgeWeights, estimate: Callable[[People], Curve]) -> Curve:
    """Direct standardisation of one group: an estimate in each age group, their weighted mean.

    Age groups in which nobody is at risk on the first day and those of weight 0 are left out of both sums; people
    younger than the first age too.
    """
    place = weights.places(people.age)
    parts, shares = [], []
    for number, share in enumerate(weights.weight):
        inside = people.take(np.flatnonzero(place == number))
        if share > 0 and has_beginning(inside):
            parts.append(estimate(inside))
            shares.append(share)
    if not parts:
        return NOBODY
    size = max(len(part.survival) for part in parts)
    share_of = np.array(shares)[:, None] / sum(shares)
    survival, error = (
        np.array([_held(values, size) for values in column])
        for column in ([part.survival for part in parts], [part.survival * part.error for part in parts])
    )
    return Curve(
        (share_of * survival).sum(axis=0), np.sqrt((share_of**2 * error**2).sum(axis=0)),
        sum(np.append(part.at_risk, np.zeros(size + 1 - len(part.at_risk))) for part in parts),  # type: ignore[arg-type]
        sum(_held(part.events, size) for part in parts), True,  # type: ignore[arg-type]
    )  # fmt: skip


def _held(values: np.ndarray, size: int) -> np.ndarray:
    """A curve to a later day, held at its last value."""
    return np.append(values, np.full(size - len(values), values[-1]))
