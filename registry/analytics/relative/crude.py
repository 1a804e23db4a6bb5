"""Crude probability of death: how many have died of the cancer, and how many of all else, without knowing causes of death.

Source: Cronin KA, Feuer EJ, Stat Med 2000;19:1729-1740; variance: Pohar Perme M, Pavlic K, J Stat Softw 2018;87(8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.relative import curves, people, sums
from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import Period
from registry.analytics.relative.pohar_perme import last_day


def crude_probability(
    frame: pl.DataFrame,
    life_table: LifeTable,
    by: By = None,
    at: Sequence[float] | None = None,
    period: Period = None,
    level: float = 0.95,
    **columns: Any,
) -> pl.DataFrame:
    """Probability of having died of the cancer and of other causes, in the presence of each other.

    Args:
        frame, life_table, by, at, period, level, **columns: as in `net_survival`.

    Returns:
        `by`, time, at_risk, events (deaths up to the time), cancer, cancer_se, cancer_lower, cancer_upper, population, population_se,
        population_lower, population_upper (limits plain, not below 0), cancer_days_lost, population_days_lost (days of
        life lost to that cause up to the time: area under the probability).

    Raises:
        BadInput: as `net_survival`.

    >>> import datetime as dt
    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100, 400], "dead": [True, False], "start": [day] * 2, "born": [dt.date(1940, 1, 1)] * 2,
    ...     "sex": ["1"] * 2})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [1e-5]}))
    >>> crude_probability(people, table, at=[200]).select(pl.col("cancer", "population").round(4)).row(0)
    (0.4985, 0.0015)
    """
    names, times = curves.names_of(columns), curves.check_times(at)
    quantile = curves.check_level(level)
    who = people.read(frame, life_table, names, by, period)
    parts = []
    for number, part in who.by_group():
        days = last_day(part, times)
        total = sums.daily(part, life_table, days, mixed=True)
        rows = _rows(total, times, quantile)
        if not curves.has_beginning(part):
            rows = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in rows.columns[3:])
        group = [
            pl.lit(who.groups[name][number], dtype=who.groups.schema[name]).alias(name)
            for name in who.groups.columns
        ]
        parts.append(rows.select(*group, pl.all()))
    if not parts:
        nobody = _rows(sums.daily(who, life_table), times, quantile)
        return nobody.clear().select(
            *(pl.lit(None, kind).alias(name) for name, kind in who.groups.schema.items()), pl.all()
        )
    return pl.concat(parts)


def _rows(total: sums.Sums, times: list[float] | None, quantile: float) -> pl.DataFrame:
    size = len(total.people)
    asked = np.arange(size + 1, dtype=np.float64) if times is None else np.array(times)
    day = np.minimum(np.floor(asked), size).astype(np.int64)
    present, died = curves.at_risk_and_events(total.people, total.deaths)
    present = np.append(present, 0)
    found = {
        "time": asked,
        "at_risk": present[np.minimum(np.ceil(asked), size + 1).astype(np.int64)].astype(np.int64),
        "events": died[day].astype(np.int64),
    }
    seen = sums.ratio(total.deaths, total.people)
    expected = sums.ratio(total.hazard, total.people)
    alive = np.cumprod(1 - seen)
    before = np.append(1.0, alive[:-1])[:size]
    noise = sums.ratio(total.deaths, total.people**2)
    for name, step, own in (("cancer", seen - expected, alive), ("population", expected, np.zeros(size))):
        probability = np.cumsum(before * step)
        error = np.append(0.0, np.sqrt(np.maximum(0.0, _variance(probability, own, noise))))[day]
        value = np.append(0.0, probability)
        area = np.append(0.0, np.cumsum(probability))
        found |= {
            name: value[day],
            f"{name}_se": error,
            f"{name}_lower": np.maximum(0.0, value[day] - quantile * error),
            f"{name}_upper": value[day] + quantile * error,
            f"{name}_days_lost": area[day] + (asked - day) * value[day],
        }
    return pl.DataFrame(found)


def _variance(probability: np.ndarray, own: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """At day j: sum over k <= j of (own_k - (F_j - F_k))² noise_k, multiplied out; own is survival for the cancer.

    The population's hazard is known, so only deaths (noise: deaths / at risk²) move either probability.
    """
    fixed = own + probability
    square, linear, constant = (np.cumsum(noise * fixed**power) for power in range(3))
    return square * probability**2 - 2 * linear * probability + constant
