"""Net and relative survival against one person and one day after the other, on random people and life tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from registry.analytics.relative import LifeTable, life_table, net_survival, relative_survival, sums
from registry.analytics.relative import people as arrays
from registry.formats import jit
from tests import slow_net_survival as plain

FIRST = dt.date(1998, 3, 1)
PERIODS = [None, (dt.date(2000, 1, 1), dt.date(2001, 6, 30))]


def world(seed: int, hazard: float, size: int = 40) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People and a life table with ages that begin within a day; `hazard` is the highest hazard a day."""
    random = np.random.default_rng(seed)
    people = pl.DataFrame(
        {
            "start": [FIRST + dt.timedelta(days=int(day)) for day in random.integers(0, 1200, size)],
            "time": np.minimum(random.integers(1, 900, size), random.integers(200, 900, size)).astype(float),
            "dead": random.random(size) < 0.6,
            "sex": random.choice(["1", "2"], size),
        }
    ).with_columns(age=random.integers(0, 4000, size))
    people = people.with_columns(born=pl.col("start") - pl.duration(days="age"))
    rows = [(sex, year, age) for sex in ("1", "2") for year in (1999, 2000, 2002) for age in range(8)]
    table = pl.DataFrame(rows, schema=["sex", "year", "age"], orient="row")
    return people, table.with_columns(pl.Series("daily_hazard", hazard * random.random(len(rows)) ** 3))


def plainly(people: pl.DataFrame, table: pl.DataFrame, period: Any) -> Any:
    cells = {(sex, year, age): value for sex, year, age, value in table.rows()}
    persons = [row | {"days": int(row["time"])} for row in people.to_dicts()]
    return plain.days_of(persons, cells, [365.25 * age for age in range(8)], period)


@pytest.mark.parametrize("hazard", [0.0, 2e-3, 0.03])
@pytest.mark.parametrize("period", PERIODS)
def test_curves_are_those_of_the_definition(hazard: float, period: Any) -> None:
    for seed in range(3):
        people, table = world(seed, hazard)
        days = plainly(people, table, period)
        for method, slow in (("pohar-perme", plain.pohar_perme), ("ederer2", plain.ederer2)):
            ask = net_survival if method == "pohar-perme" else relative_survival
            found = ask(people, life_table(table), period=period)
            survival, error = (np.array(values)[: found.height] for values in slow(days))
            rounding = 1e-13 * max(survival)  # the last step may take nearly all away
            assert np.allclose(found["survival"], survival, rtol=1e-11, atol=rounding), (method, seed)
            assert np.allclose(found["std_error"], error, rtol=1e-11, atol=1e-13), (method, seed)


@pytest.mark.skipif(not jit.available(), reason="numba is not here")
@pytest.mark.parametrize("hazard", [2e-4, 2e-3, 0.03])
@pytest.mark.parametrize("period", PERIODS)
def test_compiled_and_numpy_sums_agree(hazard: float, period: Any) -> None:
    for seed in range(3):
        people, frame = world(seed, hazard, 300)
        table: LifeTable = life_table(frame)
        who = arrays.read(people, table, arrays.Columns(), period=period)
        for sign in (1.0, -1.0):
            for mixed in (False, True):
                both = [sums.daily(who, table, None, sign, mixed, compiled) for compiled in (True, False)]
                for name in sums.Sums.__dataclass_fields__:
                    fast, slow = (getattr(total, name) for total in both)
                    close = np.abs(fast - slow) <= 1e-11 * np.maximum(np.abs(slow), 1e-3)
                    assert close.all(), (name, sign, mixed, seed)


def test_mixed_days_integrate_both_ages() -> None:
    """The hazard over the day on which an age begins at .25 is a quarter of the old age's and the rest of the new one's."""
    born, start = dt.date(1999, 1, 1), dt.date(1999, 12, 20)
    frame = pl.DataFrame({"start": [start], "born": [born], "time": [30.0], "dead": [False], "sex": ["1"]})
    rows = pl.DataFrame({"sex": ["1"] * 2, "year": [1999] * 2, "age": [0, 1], "daily_hazard": [1e-3, 3e-3]})
    table = life_table(rows)
    who = arrays.read(frame, table, arrays.Columns())
    lived = (start - born).days  # 353; age 1 begins on day of life 365.25, in the 13th day after the start
    old = 365.25 - lived
    whole = sums.expected_hazard(who, table, who.exit)[0]
    assert whole == pytest.approx(old * 1e-3 + (30 - old) * 3e-3, abs=1e-15)
    daily = sums.expected_hazard(who, table, who.exit, mixed=False)[0]
    assert daily == pytest.approx(13 * 1e-3 + 17 * 3e-3, abs=1e-15)
