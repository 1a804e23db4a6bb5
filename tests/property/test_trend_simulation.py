"""Joinpoint models on made-up series whose truth is known: what the tests promise holds in the long run."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from registry.analytics import joinpoint

YEARS = np.arange(1990, 2020)


def rates(random: np.random.Generator, turns: dict[int, float], noise: float = 0.01) -> pl.DataFrame:
    """Thirty years with log slope 0.02 that changes at each turn; the noise differs by year and is known."""
    log = 4 + 0.02 * (YEARS - YEARS[0])
    for turn, change in turns.items():
        log = log + change * np.maximum(YEARS - turn, 0)
    error = noise * random.uniform(0.5, 1.5, YEARS.size)
    rate = np.exp(log + random.normal(0, error))
    return pl.DataFrame({"year": YEARS, "rate": rate, "se": rate * error})


def shares(turns: dict[int, float], select: str, series: int, seed: int) -> dict[str, float]:
    """How often the number of joinpoints is right, all lie within a year of the truth, and limits hold the truth."""
    random = np.random.default_rng(seed)
    number = near = more = inside = asked = slopes = segments = 0
    for _ in range(series):
        model = joinpoint(rates(random, turns), select=select, permutations=199)
        number += len(model.joinpoints) == len(turns)
        more += len(model.joinpoints) > len(turns)
        if len(model.joinpoints) != len(turns):
            continue
        near += all(abs(found - true) <= 1 for found, true in zip(model.joinpoints, turns, strict=True))
        for (_, low, high), true in zip(model.locations.rows(), turns, strict=True):
            inside, asked = inside + (low <= true <= high), asked + 1
        truth = 100 * np.expm1(np.cumsum([0.02, *turns.values()]))
        lower, upper = (model.segments[name].to_numpy() for name in ("lower", "upper"))
        slopes, segments = slopes + int(((lower <= truth) & (truth <= upper)).sum()), segments + truth.size
    return {
        "number": number / series, "more": more / series, "near": near / max(number, 1),
        "inside": inside / max(asked, 1), "slopes": slopes / max(segments, 1),
    }  # fmt: skip


@pytest.mark.parametrize("select", ["bic3", "permutation"])
def test_the_true_model_is_found(select: str) -> None:
    found = shares({1999: -0.05, 2009: 0.06}, select, series=60, seed=8)
    assert found["number"] >= 0.9 and found["near"] >= 0.9


@pytest.mark.slow
def test_long_run_shares() -> None:
    """The permutation test finds too many joinpoints in 5 % at most, and the limits of slopes and joinpoints hold."""
    straight = shares({}, "permutation", series=400, seed=1)
    assert straight["more"] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    once = shares({2004: -0.04}, "permutation", series=400, seed=2)
    assert once["number"] >= 0.93 and once["more"] <= 0.07
    twice = shares({1999: -0.05, 2009: 0.06}, "permutation", series=400, seed=3)
    assert twice["number"] >= 0.93 and twice["near"] >= 0.95
    for found in (once, twice):
        assert found["inside"] >= 0.9 and found["slopes"] >= 0.93
