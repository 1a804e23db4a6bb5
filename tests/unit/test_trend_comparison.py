"""Comparing two trends: the test by its definition, what it finds, what it refuses."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest

from registry.analytics.trend import compare_trends
from registry.errors import BadInput


def series(
    seed: int, level: float = 50, first: float = 0.02, change: float = -0.05, years: int = 20
) -> pl.DataFrame:
    """Rates with a turn in the middle and noise of 1 to 2 %."""
    random = np.random.default_rng(seed)
    year = np.arange(2000, 2000 + years)
    error = random.uniform(0.01, 0.02, years)
    middle = 2000 + years // 2
    log = (
        np.log(level)
        + first * (year - 2000)
        + change * np.maximum(year - middle, 0)
        + random.normal(0, error)
    )
    return pl.DataFrame({"year": year, "rate": np.exp(log), "se": np.exp(log) * error})


def least(
    matrix: np.ndarray, years: np.ndarray, at: np.ndarray, root: np.ndarray, values: np.ndarray, number: int
) -> tuple[float, np.ndarray]:
    """Least sum of squares of `matrix` and hinges over every legal set, and the fitted weighted values."""
    best = (np.inf, values)
    for places in combinations(range(2, years.size - 2), number):
        if any(after - before < 3 for before, after in pairwise(places)):
            continue
        hinges = [np.maximum(at - years[place], 0) for place in places]
        design = np.column_stack([matrix, *hinges]) * root[:, None]
        fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
        best = min(best, (float(((values - fitted) ** 2).sum()), fitted), key=lambda one: one[0])
    return best


@pytest.mark.parametrize("hypothesis", ["parallel", "coincident"])
def test_p_by_slow_python(hypothesis: str) -> None:
    left, right = series(1, years=9), series(2, years=9, level=50.5)
    found = compare_trends(left, right, hypothesis=hypothesis, permutations=39, max_joinpoints=1)
    years = left["year"].to_numpy().astype(float)
    at, zero, one = np.tile(years, 2), np.zeros(9), np.ones(9)
    root = np.concatenate([(frame["rate"] / frame["se"]).to_numpy() for frame in (left, right)])
    values = root * np.log(np.concatenate([frame["rate"].to_numpy() for frame in (left, right)]))
    levels = [np.r_[one, zero], np.r_[zero, one]] if hypothesis == "parallel" else [np.r_[one, one]]
    together = np.column_stack([*levels, at - 2000])
    line = np.column_stack([one, years - 2000])

    def ratio(data: np.ndarray) -> float:
        apart = sum(
            least(line, years, years, root[half], data[half], found.joinpoints)[0]
            for half in (slice(9), slice(9, 18))
        )
        return least(together, years, at, root, data, found.joinpoints)[0] / apart

    squares, fitted = least(together, years, at, root, values, found.joinpoints)
    assert found.squares_together == pytest.approx(squares)
    assert ratio(values) == pytest.approx(found.squares_together / found.squares_apart)
    random = np.random.default_rng([7160, ["parallel", "coincident"].index(hypothesis), found.joinpoints])
    orders = random.permuted(np.broadcast_to(values - fitted, (39, 18)), axis=1)
    larger = sum(ratio(fitted + rest) >= ratio(values) * (1 - 1e-12) for rest in orders)
    assert found.p == (1 + larger) / 40


def test_what_is_parallel_coincident_or_neither() -> None:
    base, again, higher, other = (
        series(3),
        series(4),
        series(5, level=70),
        series(6, first=-0.01, change=0.03),
    )
    p = {
        (name, hypothesis): compare_trends(base, frame, hypothesis=hypothesis, permutations=199).p
        for name, frame in (("again", again), ("higher", higher), ("other", other))
        for hypothesis in ("parallel", "coincident")
    }
    assert p["again", "parallel"] > 0.05 and p["again", "coincident"] > 0.05
    assert p["higher", "parallel"] > 0.05 and p["higher", "coincident"] == 1 / 200
    assert p["other", "parallel"] == p["other", "coincident"] == 1 / 200


def test_equal_trends_are_seldom_found_to_differ() -> None:
    small = [
        compare_trends(series(seed), series(seed + 1000, level=80), permutations=99, max_joinpoints=1).p
        <= 0.05
        for seed in range(100)
    ]
    assert sum(small) <= 5 + 3 * np.sqrt(100 * 0.05 * 0.95)


def test_series_without_noise_do_not_differ() -> None:
    year = np.arange(2000, 2015)
    left = pl.DataFrame({"year": year, "rate": 10 * 1.03 ** (year - 2000), "se": 1.0})
    right = left.with_columns(pl.col("rate") * 2)
    assert compare_trends(left, right, permutations=19).p == 1


def test_refusals() -> None:
    with pytest.raises(BadInput, match="do not have the same years"):
        compare_trends(series(1), series(2).tail(19))
    with pytest.raises(BadInput, match='"equal" is no hypothesis; choose parallel, coincident'):
        compare_trends(series(1), series(2), hypothesis="equal")
