"""The grid search: every legal set of joinpoints at once, by closed forms.

A model with joinpoints is a straight line plus one hinge, max(0, year - joinpoint), for each joinpoint. With line and
hinges scaled by the square roots of the weights and freed from the straight line, the weighted sum of squares of a set S
is |z|² - c_S' G_SS⁻¹ c_S, where G holds the products of the hinges and c those of hinges and data. So all sets together
are one batch of small linear systems, and many series that share years and weights share the eliminations.

Sources: Lerman PM, Appl Stat 1980;29:77-84 (grid search); Kim HJ et al., Stat Med 2000;19:335-351.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from registry.analytics.trend.series import Series
from registry.errors import BadInput

AT_ENDS = 2
"""Observations strictly before the first joinpoint and strictly after the last."""
BETWEEN = 2
"""Observations strictly between two joinpoints."""
MOST_SETS = 5_000_000
AT_ONCE = 50_000
TIED = 1e-12
"""Sums of squares closer than this share of the total are equal: the earliest joinpoints are taken."""
LOOKED_AT = 1e-7


@dataclass(frozen=True)
class Grid:
    """Hinges freed from what every model has (the straight line).

    size: number of years. base: (n, 2) orthonormal. hinges: (n, m), column j for a joinpoint at year j + AT_ENDS, of length
    1. products: (m, m). n is the number of observations, which is `size` for one series.
    """

    size: int
    base: np.ndarray
    hinges: np.ndarray
    products: np.ndarray

    def freed(self, values: np.ndarray) -> np.ndarray:
        """Weighted values (n,) or (n, r) without their straight line."""
        return values - self.base @ (self.base.T @ values)


def grid_of(series: Series) -> Grid:
    """The grid of a series: joinpoints at observed years."""
    line = np.column_stack([np.ones(series.size), series.years - series.years.mean()])
    return grid_over(series.years, series.years, series.root, line)


def grid_over(years: np.ndarray, at: np.ndarray, root: np.ndarray, base: np.ndarray) -> Grid:
    """A grid of any base.

    Args:
        years: (size,) ascending: the candidates. at: (n,) year of each observation. root: (n,) roots of the weights.
        base: (n, b) columns that every model has, not yet weighted.
    """
    basis = np.linalg.qr(root[:, None] * base)[0]
    places = np.arange(AT_ENDS, max(years.size - AT_ENDS, AT_ENDS))
    hinges = root[:, None] * np.maximum(at[:, None] - years[places], 0.0)
    hinges -= basis @ (basis.T @ hinges)
    hinges -= basis @ (basis.T @ hinges)  # once more, as the first leaves rounding
    hinges /= np.linalg.norm(hinges, axis=0)
    return Grid(years.size, basis, hinges, hinges.T @ hinges)


def most_joinpoints(size: int) -> int:
    """The most joinpoints that the rules of distance allow in a series of that many years.

    >>> [most_joinpoints(size) for size in (4, 5, 7, 8, 35)]
    [0, 1, 1, 2, 11]
    """
    return max(0, (size - 2 * AT_ENDS - 1) // (BETWEEN + 1) + 1)


@lru_cache(maxsize=32)
def legal_sets(size: int, joinpoints: int) -> np.ndarray:
    """All sets of joinpoints as places in the series, (sets, joinpoints), in lexicographic order.

    Raises:
        BadInput: there would be too many to try.

    >>> legal_sets(9, 2).tolist()
    [[2, 5], [2, 6], [3, 6]]
    """
    free = max(size - 2 * AT_ENDS - BETWEEN * (joinpoints - 1), 0)
    count = math.comb(free, joinpoints)
    if count > MOST_SETS:
        raise BadInput(
            "joinpoints", f"{count:,} sets of {joinpoints} joinpoints in {size} years", "ask for fewer"
        )
    flat = np.fromiter(
        (place for chosen in combinations(range(free), joinpoints) for place in chosen),
        dtype=np.int64,
        count=count * joinpoints,
    )
    sets = flat.reshape(count, joinpoints) + AT_ENDS + BETWEEN * np.arange(joinpoints)
    sets.flags.writeable = False
    return sets


def sums_of_squares(grid: Grid, values: np.ndarray, joinpoints: int) -> np.ndarray:
    """(sets,) sum of squares of every set of `legal_sets`, for weighted values (n,)."""
    data = grid.freed(values)
    total = float(data @ data)
    sets = legal_sets(grid.size, joinpoints) - AT_ENDS
    if joinpoints == 0:
        return np.array([total])
    with_data = grid.hinges.T @ data
    found = np.empty(len(sets))
    for start in range(0, len(sets), AT_ONCE):
        part = sets[start : start + AT_ONCE]
        right = with_data[part]
        solved = np.linalg.solve(grid.products[part[:, :, None], part[:, None, :]], right[:, :, None])
        found[start : start + AT_ONCE] = total - np.einsum("sj,sj->s", right, solved[:, :, 0])
    return np.maximum(found, 0.0)


def best_set(series: Series, squares: np.ndarray, joinpoints: int) -> tuple[tuple[int, ...], float]:
    """Places of the joinpoints with the least sum of squares, and that sum.

    Sets that come near are fitted again by an orthogonal decomposition, so that no rounding decides; of sets that tie the
    first in lexicographic order is taken (the earliest first joinpoint, then the earliest second, …).
    """
    sets = legal_sets(series.size, joinpoints)
    near = sets[np.flatnonzero(squares <= squares.min() + LOOKED_AT * series.total + series.rounding)]
    exact = np.concatenate(
        [
            _refitted(series, near[start : start + AT_ONCE // 10])
            for start in range(0, len(near), AT_ONCE // 10)
        ]
    )
    first = int(np.flatnonzero(exact <= exact.min() + TIED * series.total + series.rounding)[0])
    return tuple(int(place) for place in near[first]), float(exact[first])


def _refitted(series: Series, sets: np.ndarray) -> np.ndarray:
    """(sets,) weighted sums of squares of whole models, by orthogonal decomposition."""
    root, years = series.root, series.years
    hinges = np.maximum(years[None, :, None] - years[sets][:, None, :], 0.0)
    straight = np.broadcast_to(design(years, years[:0]), (len(sets), years.size, 2))
    turn = np.linalg.qr(root[None, :, None] * np.concatenate([straight, hinges], axis=2))[0]
    data = root * series.log_rate
    rest = data - np.einsum("snp,sp->sn", turn, np.einsum("snp,n->sp", turn, data))
    return np.einsum("sn,sn->s", rest, rest)


def fit(series: Series, places: tuple[int, ...]) -> tuple[np.ndarray, float]:
    """Coefficients (2 + joinpoints) of the continuous model, and the weighted sum of squares.

    The coefficients are the level in the first year, the first slope, and the change of slope at each joinpoint.
    """
    matrix = design(series.years, series.years[list(places)])
    root = series.root
    turn, triangle = np.linalg.qr(root[:, None] * matrix)
    data = root * series.log_rate
    coefficients = np.linalg.solve(triangle, turn.T @ data)
    rest = data - root * (matrix @ coefficients)
    return coefficients, float(rest @ rest)


def design(years: np.ndarray, joinpoints: np.ndarray) -> np.ndarray:
    """(n, 2 + k): one, years since the first, and a hinge for each joinpoint.

    >>> design(np.array([2000.0, 2001.0, 2002.0]), np.array([2001.0])).tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 2.0, 1.0]]
    """
    hinges = np.maximum(years[:, None] - joinpoints, 0.0)
    return np.column_stack([np.ones(years.size), years - years[0], hinges])


def least_squares(grid: Grid, data: np.ndarray, joinpoints: int) -> np.ndarray:
    """(r,) least sum of squares over all legal sets, for many series (n, r) of weighted values at once."""
    freed = grid.freed(data)
    total = np.einsum("nr,nr->r", freed, freed)
    if joinpoints == 0:
        return total
    gain = _most_explained(grid.products, grid.hinges.T @ freed, joinpoints)
    return np.maximum(total - gain, 0.0)


def _most_explained(products: np.ndarray, with_data: np.ndarray, joinpoints: int) -> np.ndarray:
    """(r,) largest c_S' G_SS⁻¹ c_S over sets that keep their distance.

    products (m, m) and with_data (m, r) are freed from the hinges chosen so far. The first of the remaining hinges is
    chosen in turn and eliminated from those that may follow (Cholesky, one column at a time), so series share all of it.
    """
    if joinpoints == 1:
        return (with_data**2 / np.diag(products)[:, None]).max(axis=0)
    step = BETWEEN + 1
    best = np.zeros(with_data.shape[1])
    for place in range(len(products) - step * (joinpoints - 1)):
        share = products[place + step :, place] / products[place, place]
        rest = products[place + step :, place + step :] - np.outer(share, products[place, place + step :])
        data = with_data[place + step :] - share[:, None] * with_data[place]
        gain = with_data[place] ** 2 / products[place, place] + _most_explained(rest, data, joinpoints - 1)
        np.maximum(best, gain, out=best)
    return best
