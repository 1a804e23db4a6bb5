"""Net survival by Pohar Perme, in daily steps: what survival would be if the cancer were the only cause of death.

Source: Pohar Perme M, Stare J, Estève J, On estimation in relative survival, Biometrics 2012;68:113-120.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.relative import curves, people, sums
from registry.analytics.relative.curves import Curve
from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import People, Period
from registry.analytics.relative.weights import AgeWeights
from registry.analytics.relative.weights import age_weights as weights_of
from registry.errors import BadInput

Weighting = Literal["direct", "brenner"]


def net_survival(
    frame: pl.DataFrame,
    life_table: LifeTable,
    by: By = None,
    at: Sequence[float] | None = None,
    period: Period = None,
    age_weights: str | pl.DataFrame | AgeWeights | None = None,
    weighting: Weighting = "direct",
    level: float = 0.95,
    **columns: Any,
) -> pl.DataFrame:
    """Net survival of each group by Pohar Perme's estimator.

    On each day, S is multiplied by 1 - [deaths' weights / weights of those at risk at its end - population's hazard], where
    a person's weight is 1 / expected survival and the population's hazard is the mean of the weighted mean hazards
    with the weights at the start and at the end of the day.

    Args:
        frame: one row a person, no missing values in the columns used.
        life_table: the population's hazards.
        by: grouping column(s).
        at: days since diagnosis, in the order wanted; None for every day.
        period: first and last day on which person-time and deaths count (delayed entry); weights run from diagnosis.
        age_weights: an age standard (name or frame age_from, weight): the estimate is standardised.
        weighting: "direct" (weighted mean of the age groups' estimates) or "brenner" (one estimate in which each
            person counts by the standard's share of the age group over the group's own).
        level: confidence level.
        **columns: names of columns: time="time" (days, above 0), event="dead", start="start" (Date), birth="born" (Date),
            sex="sex", strata={column of the life table: column of the frame}.

    Returns:
        `by`, time, at_risk (time >= t), events (up to t), survival, std_error (of log survival; of survival where it is
        directly standardised), lower, upper (both on the log scale). Sorted by group; times as asked. Values at t
        are those of the last day <= t. Null in a group in which nobody is at risk on the first day (a period in which
        nobody was diagnosed).

    Raises:
        BadInput: columns, values, weights or times are not as described.

    >>> import datetime as dt
    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100, 400], "dead": [True, False], "start": [day] * 2, "born": [dt.date(1940, 1, 1)] * 2,
    ...     "sex": ["1"] * 2})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [1e-5]}))
    >>> net_survival(people, table, at=[365.25])["survival"].round(6).item()
    0.501833
    """
    names, times = curves.names_of(columns), curves.check_times(at)
    curves.check_level(level)
    who = people.read(frame, life_table, names, by, period)
    found = [
        estimate(part, life_table, times, age_weights, weighting, pohar_perme) for _, part in who.by_group()
    ]
    return curves.rows(found, who.groups, times, level)


def pohar_perme(total: sums.Sums) -> Curve:
    """The estimator from the sums of each day."""
    dead = sums.ratio(total.died, total.at_end)
    population = (
        sums.ratio(total.hazard_start, total.at_start) + sums.ratio(total.hazard_end, total.at_end)
    ) / 2
    survival = np.append(1.0, np.cumprod(1 - (dead - population)))
    variance = np.append(0.0, np.cumsum(sums.ratio(total.died_squared, total.at_end**2)))
    return Curve(survival, np.sqrt(variance), *curves.at_risk_and_events(total.people, total.deaths))


def estimate(
    who: People,
    table: LifeTable,
    times: Sequence[float] | None,
    age_weights: str | pl.DataFrame | AgeWeights | None,
    weighting: Weighting,
    curve_of: Any,
) -> Curve:
    """One group's curve by an estimator of daily sums, standardised or not."""
    days = last_day(who, times)
    if not curves.has_beginning(who):
        return curves.NOBODY
    if age_weights is None:
        return curve_of(sums.daily(who, table, days))
    weights = weights_of(age_weights)
    if weighting == "direct":
        return curves.standardised(who, weights, lambda part: curve_of(sums.daily(part, table, days)))
    if weighting != "brenner":
        raise BadInput("age weights", f'"{weighting}" is no way of weighting', "use direct or brenner")
    return _brenner(who, table, days, weights, curve_of)


def _brenner(who: People, table: LifeTable, days: int, weights: AgeWeights, curve_of: Any) -> Curve:
    """Source: Brenner H, Arndt V, Gefeller O, Hakulinen T, Eur J Cancer 2004;40:2317-2322."""
    place = np.where(who.exit > who.entry, weights.places(who.age), -1)
    numbers = [n for n, share in enumerate(weights.weight) if share > 0 and (place == n).any()]
    if not numbers:
        return curves.NOBODY
    sizes = np.array([(place == number).sum() for number in numbers], float)
    shares = weights.weight[numbers]
    parts = [sums.daily(who.take(np.flatnonzero(place == number)), table, days) for number in numbers]
    curve = curve_of(sums.combine(parts, list((shares / shares.sum()) / (sizes / sizes.sum()))))
    plain = sums.combine(parts, [1.0] * len(parts))
    return Curve(curve.survival, curve.error, *curves.at_risk_and_events(plain.people, plain.deaths))


def last_day(who: People, times: Sequence[float] | None) -> int:
    """How many days must be summed up for these times."""
    last = int(who.exit.max(initial=0))
    return last if times is None else min(last, int(np.ceil(max(times, default=0.0))))
