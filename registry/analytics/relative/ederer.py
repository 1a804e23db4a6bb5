"""Relative survival: observed survival against that expected of the same people in the general population.

Ederer I compares with everybody's expected survival, Hakulinen with that of everybody for as long as they could have been
followed, Ederer II day by day with that of those still under observation. Sources: Ederer F, Axtell LM, Cutler SJ,
Natl Cancer Inst Monogr 1961;6:101-121; Ederer F, Heise H, 1959; Hakulinen T, Biometrics 1982;38:933-942.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.relative import curves, people, sums
from registry.analytics.relative.curves import Curve
from registry.analytics.relative.expected import hakulinen_expected, potential, whole_cohort
from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import People, Period
from registry.analytics.relative.pohar_perme import Weighting, estimate, last_day
from registry.analytics.relative.weights import AgeWeights
from registry.analytics.relative.weights import age_weights as weights_of
from registry.errors import BadInput

Method = Literal["ederer1", "ederer2", "hakulinen"]


def relative_survival(
    frame: pl.DataFrame,
    life_table: LifeTable,
    method: Method = "ederer2",
    by: By = None,
    at: Sequence[float] | None = None,
    period: Period = None,
    age_weights: str | pl.DataFrame | AgeWeights | None = None,
    weighting: Weighting = "direct",
    level: float = 0.95,
    closing: dt.date | None = None,
    calendar_shift: int = 0,
    **columns: Any,
) -> pl.DataFrame:
    """Relative survival of each group.

    Args:
        frame, life_table, by, at, period, age_weights, weighting, level, **columns: as in `net_survival` (Brenner's
            weighting with Ederer II only).
        method: ederer2, ederer1 or hakulinen.
        closing: Hakulinen: the day to which those who died could have been followed; None: the latest exit in `frame`.
        calendar_shift: Hakulinen: the life table is read so many days before the true day. 0 is right; relsurv 2.2 (R)
            reads it 3,653 days early by mistake, which this makes comparable.

    Returns:
        as `net_survival`; std_error is of log survival, sqrt(sum d / n²). Values at t are those of the last day on
        which somebody left observation, <= t.

    Raises:
        BadInput: columns, values, weights, times or the method are not as described.

    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100, 400], "dead": [True, False], "start": [day] * 2, "born": [dt.date(1940, 1, 1)] * 2,
    ...     "sex": ["1"] * 2})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [1e-5]}))
    >>> relative_survival(people, table, at=[365.25])["survival"].round(6).item()
    0.501
    """
    if method not in ("ederer1", "ederer2", "hakulinen"):
        raise BadInput("relative survival", f'"{method}" is no method', "use ederer2, ederer1 or hakulinen")
    if method != "ederer2" and weighting != "direct":
        raise BadInput("relative survival", f"{weighting} weighting goes with ederer2 only")
    names, times = curves.names_of(columns), curves.check_times(at)
    curves.check_level(level)
    who = people.read(frame, life_table, names, by, period)
    if method == "ederer2":
        found = [
            estimate(part, life_table, times, age_weights, weighting, ederer2) for _, part in who.by_group()
        ]
        return curves.rows(found, who.groups, times, level)
    stay = potential(people.read(frame, life_table, names, by), method, period, closing)
    stay = replace(stay, start=stay.start - (calendar_shift if method == "hakulinen" else 0))
    found = []
    for number, part in who.by_group():
        alike = stay.take(np.flatnonzero(stay.group == number))
        found.append(_compared(part, alike, life_table, method, times, age_weights))
    return curves.rows(found, who.groups, times, level)


def ederer2(total: sums.Sums) -> Curve:
    """Ederer II from the sums of each day: a step at each day on which somebody leaves observation."""
    population = total.cumulative_hazard()
    leaving = np.flatnonzero(total.left > 0)
    before = np.append(0, leaving[:-1] + 1)[: len(leaving)]
    step = np.zeros(len(total.left))
    step[leaving] = sums.ratio(total.deaths, total.people)[leaving]
    step[leaving] -= population[leaving + 1] - population[before]
    survival = np.append(1.0, np.cumprod(1 - step))
    return Curve(survival, _error(total), *curves.at_risk_and_events(total.people, total.deaths))


def observed(total: sums.Sums) -> np.ndarray:
    """Kaplan-Meier in whole days."""
    return np.append(1.0, np.cumprod(1 - sums.ratio(total.deaths, total.people)))


def _error(total: sums.Sums) -> np.ndarray:
    return np.sqrt(np.append(0.0, np.cumsum(sums.ratio(total.deaths_squared, total.people**2))))


def _compared(
    who: People, alike: People, table: LifeTable, method: Method,
    times: Sequence[float] | None, age_weights: str | pl.DataFrame | AgeWeights | None,
) -> Curve:  # fmt: skip
    """Observed over expected, standardised or not; `alike` are the same people with their potential follow-up."""
    days = last_day(who, times)
    if not curves.has_beginning(who):
        return curves.NOBODY
    if age_weights is None:
        return _quotient(who, alike, table, method, days)
    weights = weights_of(age_weights)
    place = weights.places(alike.age)

    def one(part: People) -> Curve:
        number = weights.places(part.age[:1])[0]
        return _quotient(part, alike.take(np.flatnonzero(place == number)), table, method, days)

    return curves.standardised(who, weights, one)


def _quotient(who: People, alike: People, table: LifeTable, method: Method, days: int) -> Curve:
    total = sums.daily(who, table, days)
    if method == "ederer1":
        expected = whole_cohort(alike, table, days)
    else:
        expected = hakulinen_expected(alike, who.exit[who.exit > who.entry], table, days)
    survival = observed(total) / expected
    leaving = np.append(True, total.left > 0)
    last = np.maximum.accumulate(np.where(leaving, np.arange(days + 1), 0))
    return Curve(survival[last], _error(total), *curves.at_risk_and_events(total.people, total.deaths))
