"""Where the true net survival is known, 95 % limits hold it in 95 of 100 simulated studies.

Each patient has a hazard of the population's (by sex and age, from the life table) and one of the cancer's, which grows with
age, so that the population takes those away first who would die of the cancer first: the crude ratio of survivals is biased
here, and Pohar Perme's estimator is not. True net survival is the mean of exp(-cancer's hazard * time) over all patients.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from registry.analytics.relative import life_table, net_survival

REPLICATES, PATIENTS, END = 1000, 800, 3653
TIMES = [365, 1826, 3652]
START = dt.date(2001, 1, 1)
AGES = np.arange(111)
HAZARD = np.exp(-10.4 + 0.095 * AGES) / 365.25
"""The population's, for men; women have 0.7 of it."""


def excess(age: np.ndarray) -> np.ndarray:
    """The cancer's hazard a day."""
    return np.exp(-2.4 + 0.03 * (age - 65)) / 365.25


def ages(random: np.random.Generator, size: int) -> np.ndarray:
    """Days of life at diagnosis."""
    return np.clip(random.normal(65, 11, size), 30, 90) * 365.25 // 1


def other_death(random: np.random.Generator, age: np.ndarray, woman: np.ndarray) -> np.ndarray:
    """Days to a death of the population's causes: a hazard for each year of age, from the first whole day of that age."""
    left = random.exponential(size=len(age)) / np.where(woman, 0.7, 1.0)
    day, year = np.zeros(len(age)), np.floor(age / 365.25).astype(int)
    found = np.full(len(age), np.inf)
    for _ in range(12):
        rate = HAZARD[np.minimum(year, 110)]
        until = np.ceil(365.25 * (year + 1)) - age
        dies = np.isinf(found) & (left < rate * (until - day))
        found[dies] = (day + left / rate)[dies]
        left, day, year = left - rate * (until - day), until, year + 1
    return found


def study(random: np.random.Generator) -> pl.DataFrame:
    age, woman = ages(random, PATIENTS), random.random(PATIENTS) < 0.5
    cancer = random.exponential(size=PATIENTS) / excess(age / 365.25)
    death = np.minimum(cancer, other_death(random, age, woman))
    leaves = np.minimum(END + 1, random.uniform(365, 3 * END, PATIENTS) // 1)
    time = np.minimum(np.ceil(death), leaves)
    frame = pl.DataFrame(
        {"time": time, "dead": np.ceil(death) <= leaves, "age": age.astype(int), "woman": woman}
    )
    return frame.with_columns(
        start=START, born=pl.lit(START) - pl.duration(days="age"), sex=pl.col("woman").cast(pl.Int8) + 1
    )


def coverage(seed: int) -> list[float]:
    """Share of studies whose limits hold the truth, at each time."""
    rows = [(sex, 2000, age, HAZARD[age] * (0.7 if sex == 2 else 1)) for sex in (1, 2) for age in AGES]
    table = life_table(pl.DataFrame(rows, schema=["sex", "year", "age", "daily_hazard"], orient="row"))
    random = np.random.default_rng(seed)
    rates = excess(ages(random, 4_000_000) / 365.25)
    truth = [np.exp(-rates * time).mean() for time in TIMES]
    held = np.zeros(len(TIMES))
    for _ in range(REPLICATES):
        found = net_survival(study(random), table, at=TIMES)
        held += (found["lower"].to_numpy() <= truth) & (truth <= found["upper"].to_numpy())
    return list(held / REPLICATES)


@pytest.mark.slow
def test_limits_hold_the_truth_in_95_of_100_studies() -> None:
    """1,000 studies of 800 patients: 94.4, 95.5 and 96.1 % at 1, 5 and 10 years. Ten times as many (seeds 1 to 10):
    94.8, 95.4 and 95.6 %; a thousand studies scatter by 0.7 points around that."""
    shares = coverage(2026)
    assert 0.94 <= shares[1] <= 0.96, shares
    assert all(abs(share - 0.95) <= 3 * 0.0069 for share in shares), shares
