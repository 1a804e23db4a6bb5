"""How many joinpoints: information criteria, and the sequential permutation test.

Sources: Kim HJ, Fay MP, Feuer EJ, Midthune DN, Stat Med 2000;19:335-351 (permutation test; weighted residuals are
permuted when variances differ); Kim HJ, Yu B, Feuer EJ, Stat Sin 2009;19:597-609; Kim HJ et al., J Appl Stat
2023;50:1992-2013 (weighted BIC); help pages of NCI's Joinpoint
program, read 2026-11 (BIC, BIC3, and the level alpha / (most - null) of each test, which holds the chance of too many
joinpoints below alpha).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from registry.analytics.trend.grid import best_set, design, fit, grid_of, least_squares, sums_of_squares
from registry.analytics.trend.series import Series
from registry.errors import BadInput

CRITERIA = ("bic", "bic3", "wbic")
SELECTIONS = (*CRITERIA, "permutation")
USUAL_MOST = 3
PERMUTATIONS = 4499
SEED = 7160
NOISELESS = 1e-12
"""Sums of squares below this share of the total are rounding, not noise, where many series are searched at once."""


@dataclass(frozen=True)
class Candidate:
    """The best model with so many joinpoints: their places in the series, sum of squares, criteria."""

    places: tuple[int, ...]
    squares: float
    bic: float
    bic3: float
    wbic: float


@dataclass(frozen=True)
class Step:
    """One test of the sequence: `null` joinpoints against `alternative`."""

    null: int
    alternative: int
    p: float
    alpha: float
    rejected: bool


def check_choice(
    select: str,
    max_joinpoints: int = USUAL_MOST,
    joinpoints: int | None = None,
    alpha: float = 0.05,
    permutations: int = PERMUTATIONS,
) -> None:
    """Refuse a choice of the number of joinpoints that no series could answer."""
    if select not in SELECTIONS:
        raise BadInput("joinpoint", f'"{select}" is no way to select', f"choose {', '.join(SELECTIONS)}")
    if max_joinpoints < 0 or (joinpoints is not None and joinpoints < 0):
        raise BadInput("joinpoint", "the number of joinpoints must be 0 or more")
    if not 0 < alpha < 1 or permutations < 1:
        raise BadInput("joinpoint", "alpha must lie between 0 and 1, and at least one permutation is needed")


def candidates(series: Series, fewest: int, most: int) -> dict[int, Candidate]:
    """The best model for each number of joinpoints."""
    grid = grid_of(series)
    found = {}
    for joinpoints in range(fewest, most + 1):
        places, squares = best_set(
            series, sums_of_squares(grid, series.root * series.log_rate, joinpoints), joinpoints
        )
        prices = (2, 3, 2 + bend_share(series, places))
        found[joinpoints] = Candidate(
            places, squares, *(criterion(squares, series, joinpoints, price) for price in prices)
        )
    return found


def criterion(squares: float, series: Series, joinpoints: int, price: float) -> float:
    """ln(SSE / n) + (price k + 2) ln(n) / n: NCI's BIC with price 2, BIC3 with price 3, weighted BIC between the two."""
    error = max(squares, series.rounding)
    return math.log(error / series.size) + (price * joinpoints + 2) * math.log(series.size) / series.size


def bend_share(series: Series, places: tuple[int, ...]) -> float:
    """The largest share of the variation about a line that one joinpoint explains within its two segments (partial R²).

    0 without joinpoints. A large change of slope makes the weighted BIC as strict as BIC3, a small one as mild as BIC.
    """
    edges = [-1, *places, series.size - 1]
    shares = [0.0]
    for before, at, after in zip(edges[:-2], places, edges[2:], strict=True):
        inside = slice(before + 1, after + 1)
        years, root = series.years[inside], series.root[inside]
        line = np.linalg.qr(root[:, None] * np.column_stack([np.ones(years.size), years - years.mean()]))[0]
        both = root[:, None] * np.column_stack(
            [series.log_rate[inside], np.maximum(years - series.years[at], 0.0)]
        )
        values, hinge = (both - line @ (line.T @ both)).T
        spread = float(values @ values) * float(hinge @ hinge)
        shares.append(float(values @ hinge) ** 2 / spread if spread > 0 else 0.0)
    return max(shares)


def least(found: dict[int, Candidate], select: str) -> int:
    """The number of joinpoints with the least criterion; of equal ones the smallest."""
    return min(found, key=lambda joinpoints: (getattr(found[joinpoints], select), joinpoints))


def by_permutation(
    series: Series, found: dict[int, Candidate], *, alpha: float, permutations: int, seed: int
) -> tuple[int, list[Step]]:
    """The sequential test: most against fewest first; a rejection adds one to the null, else the alternative loses one.

    The same seed gives the same answer; each test has its own stream, so it does not depend on those before it.
    """
    null, alternative = min(found), max(found)
    most = alternative
    steps = []
    while null < alternative:
        p = permutation_p(series, found, null, alternative, permutations=permutations, seed=seed)
        level = alpha / (most - null)
        steps.append(Step(null, alternative, p, level, p < level))
        null, alternative = (null + 1, alternative) if p < level else (null, alternative - 1)
    return null, steps


def permutation_p(
    series: Series, found: dict[int, Candidate], null: int, alternative: int, *, permutations: int, seed: int
) -> float:
    """Share of data sets, the observed one among them, whose ratio SSE(null) / SSE(alternative) is as large.

    A data set is the null model plus its weighted residuals in another order.
    """
    root = series.root
    coefficients, squares = fit(series, found[null].places)
    fitted = root * (design(series.years, series.years[list(found[null].places)]) @ coefficients)
    floor = max(NOISELESS * series.total, series.rounding)
    if squares <= floor:
        return 1.0  # the null model fits without error
    random = np.random.default_rng([seed, null, alternative])
    rest = np.broadcast_to(root * series.log_rate - fitted, (permutations, series.size))
    data = fitted[:, None] + random.permuted(rest, axis=1).T
    grid = grid_of(series)
    simple = np.maximum(least_squares(grid, data, null), floor)
    rich = np.maximum(least_squares(grid, data, alternative), floor)
    observed = squares / max(found[alternative].squares, floor)
    as_large = np.count_nonzero(simple / rich >= observed * (1 - 1e-12))
    return (1 + int(as_large)) / (permutations + 1)
