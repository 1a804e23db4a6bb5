"""The batched grid search against trying every set of joinpoints, one least-squares fit each."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics import joinpoint
from registry.analytics.trend.grid import grid_of, least_squares, legal_sets, most_joinpoints, sums_of_squares
from registry.analytics.trend.series import Series, series_from


@st.composite
def series(draw: st.DrawFn) -> pl.DataFrame:
    """Noisy rates of 5 to 22 years, some years without a row, standard errors that differ a lot."""
    size = draw(st.integers(5, 22))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    years = 1975 + np.cumsum(random.choice([1, 1, 1, 2, 5], size))
    log = np.cumsum(random.normal(0, 0.05, size)) + random.normal(0, 0.02, size)
    rate = np.exp(random.uniform(-5, 8) + log)
    return pl.DataFrame({"year": years, "rate": rate, "se": rate * random.uniform(0.005, 0.3, size)})


def by_trying(frame: pl.DataFrame, joinpoints: int) -> tuple[list[int], float, np.ndarray]:
    """The first set with the least weighted sum of squares, by one numpy.linalg.lstsq a set."""
    year, rate, se = (frame[name].to_numpy().astype(float) for name in ("year", "rate", "se"))
    root, best = rate / se, (None, np.inf, None)
    for one in combinations(range(2, len(year) - 2), joinpoints):
        if any(after - before < 3 for before, after in pairwise(one)):
            continue
        hinges = [np.where(year > year[place], year - year[place], 0) for place in one]
        matrix = np.column_stack([np.ones(len(year)), year - year.mean(), *hinges])
        line = np.linalg.lstsq(matrix * root[:, None], np.log(rate) * root, rcond=None)[0]
        squares = float((((np.log(rate) - matrix @ line) * root) ** 2).sum())
        if squares < best[1]:
            best = ([int(year[place]) for place in one], squares, np.cumsum(line[1:]))
    return best  # type: ignore[return-value]


@settings(max_examples=40, deadline=None)
@given(series(), st.integers(0, 3))
def test_search_equals_trying_every_set(frame: pl.DataFrame, joinpoints: int) -> None:
    joinpoints = min(joinpoints, most_joinpoints(frame.height))
    model = joinpoint(frame, joinpoints=joinpoints)
    years, squares, slopes = by_trying(frame, joinpoints)
    assert list(model.joinpoints) == years
    assert model.sse == pytest.approx(squares, rel=1e-9)
    assert model.segments["apc"].to_numpy() == pytest.approx(100 * np.expm1(slopes), rel=1e-9, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(series(), st.integers(0, 4))
def test_many_series_at_once_equal_one_by_one(frame: pl.DataFrame, joinpoints: int) -> None:
    one = series_from(frame)
    joinpoints = min(joinpoints, most_joinpoints(one.size))
    values = np.random.default_rng(3).normal(size=(one.size, 5))
    together = least_squares(grid_of(one), values, joinpoints)
    for column in range(5):
        other = Series("", one.years, values[:, column] / one.root, one.weights)
        squares = sums_of_squares(grid_of(other), values[:, column], joinpoints)
        assert len(squares) == len(legal_sets(one.size, joinpoints))
        assert together[column] == pytest.approx(squares.min(), rel=1e-7)
