"""Do two series have the same trend? Tests of parallelism (the same joinpoints and slopes) and of coincidence (the same line).

Source: Kim HJ, Fay MP, Yu B, Barrett MJ, Feuer EJ, Biometrics 2004;60:1005-1014; the number of joinpoints as in NCI's
Joinpoint program (help pages on pairwise comparison, read 2026-11): the largest of those chosen for each series and for
both together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.analytics.trend.choice import (
    NOISELESS,
    PERMUTATIONS,
    SEED,
    USUAL_MOST,
    candidates,
    check_choice,
    least,
)
from registry.analytics.trend.grid import (
    AT_ENDS,
    Grid,
    grid_of,
    grid_over,
    least_squares,
    legal_sets,
    most_joinpoints,
    sums_of_squares,
)
from registry.analytics.trend.series import Series, series_from
from registry.errors import BadInput

HYPOTHESES = ("parallel", "coincident")


@dataclass(frozen=True)
class TrendComparison:
    """Result: the null hypothesis, joinpoints allowed to each, sums of squares under it and apart, and p."""

    hypothesis: str
    joinpoints: int
    squares_together: float
    squares_apart: float
    p: float


def compare_trends(
    left: pl.DataFrame,
    right: pl.DataFrame,
    *,
    hypothesis: str = "parallel",
    max_joinpoints: int = USUAL_MOST,
    year: str = "year",
    rate: str = "rate",
    se: str | None = "se",
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
) -> TrendComparison:
    """Permutation test of whether two series have parallel trends, or one and the same.

    Args:
        left, right: one row a year, the same years in both: year, rate (> 0), se (> 0; None: all years weigh the same).
        hypothesis: "parallel" (the levels may differ) or "coincident".
        max_joinpoints: most joinpoints that BIC may choose.
        permutations, seed: the weighted residuals of the common model are put in so many random orders.

    Raises:
        BadInput: see `series_from`; the years differ, or an unknown hypothesis.

    >>> years = list(range(2000, 2016))
    >>> noise = [0.3, -0.2, 0.1, -0.4, 0.2, 0.4, -0.3, 0.1, -0.1, 0.3, -0.4, 0.2, 0.0, -0.2, 0.3, -0.1]
    >>> women = pl.DataFrame({"year": years, "rate": [50 * 1.02**n + e for n, e in enumerate(noise)], "se": [0.5] * 16})
    >>> men = pl.DataFrame({"year": years, "rate": [80 * 0.99**n - e for n, e in enumerate(noise)], "se": [0.5] * 16})
    >>> compare_trends(women, men, permutations=199).p
    0.005
    """
    check_choice("bic", max_joinpoints, permutations=permutations)
    if hypothesis not in HYPOTHESES:
        raise BadInput("trends", f'"{hypothesis}" is no hypothesis', f"choose {', '.join(HYPOTHESES)}")
    one, two = (series_from(frame, year=year, rate=rate, se=se) for frame in (left, right))
    if not np.array_equal(one.years, two.years):
        raise BadInput("trends", "the two series do not have the same years", "compare the years of both")
    common = _common(one, two, hypothesis)
    values = np.concatenate([series.root * series.log_rate for series in (one, two)])
    most = min(max_joinpoints, most_joinpoints(one.size))
    number = max(
        _fewest(common, values, most), *(least(candidates(series, 0, most), "bic") for series in (one, two))
    )
    fitted, together = _fit(common, values, number)
    grids = grid_of(one), grid_of(two)
    apart = float(_apart(grids, values[:, None], number)[0])
    floor = max(NOISELESS * float(values @ values), math.ulp(0.0))
    random = np.random.default_rng([seed, HYPOTHESES.index(hypothesis), number])
    rest = np.broadcast_to(values - fitted, (permutations, values.size))
    data = fitted[:, None] + random.permuted(rest, axis=1).T
    ratios = np.maximum(least_squares(common, data, number), floor) / np.maximum(
        _apart(grids, data, number), floor
    )
    as_large = np.count_nonzero(ratios >= max(together, floor) / max(apart, floor) * (1 - 1e-12))
    return TrendComparison(hypothesis, number, together, apart, (1 + int(as_large)) / (permutations + 1))


def _common(one: Series, two: Series, hypothesis: str) -> Grid:
    """The grid of both series under one model."""
    at = np.concatenate([one.years, two.years])
    first = np.repeat([1.0, 0.0], [one.size, two.size])
    levels = [first, 1 - first] if hypothesis == "parallel" else [np.ones(at.size)]
    base = np.column_stack([*levels, at - one.years.mean()])
    return grid_over(one.years, at, np.concatenate([one.root, two.root]), base)


def _fewest(grid: Grid, values: np.ndarray, most: int) -> int:
    """The number of joinpoints with the least BIC of the common model."""
    n, base = values.size, grid.base.shape[1]
    floor = max(NOISELESS * float(values @ values), math.ulp(0.0))

    def bic(number: int) -> float:
        squares = max(float(sums_of_squares(grid, values, number).min()), floor)
        return math.log(squares / n) + (2 * number + base) * math.log(n) / n

    return min(range(most + 1), key=lambda number: (bic(number), number))


def _fit(grid: Grid, values: np.ndarray, number: int) -> tuple[np.ndarray, float]:
    """Fitted weighted values of the best common model, and its sum of squares."""
    squares = sums_of_squares(grid, values, number)
    chosen = legal_sets(grid.size, number)[int(squares.argmin())] - AT_ENDS
    basis = np.linalg.qr(np.column_stack([grid.base, grid.hinges[:, chosen]]))[0]
    fitted = basis @ (basis.T @ values)
    return fitted, float(np.sum((values - fitted) ** 2))


def _apart(grids: tuple[Grid, Grid], values: np.ndarray, number: int) -> np.ndarray:
    """(r,) least sums of squares of two models of their own, for weighted values (n, r)."""
    first = grids[0].size
    return least_squares(grids[0], values[:first], number) + least_squares(grids[1], values[first:], number)
