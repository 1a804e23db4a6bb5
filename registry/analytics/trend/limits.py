"""How sure: standard errors of the slopes of segments, and limits of the joinpoints.

Slopes: the standard errors are those of separate lines, one a segment, without the points that lie on a joinpoint
(the model without continuity); the variance is pooled over segments with n - k - 2 (k + 1) degrees of freedom. This
is what NCI's Joinpoint program does; standard errors taken from the continuous model with its joinpoints held fixed would
be too small, because the joinpoints are estimated.
Joinpoints: those years at which a joinpoint can be held fixed, the others placed anew, without the sum of squares growing
by more than the F distribution allows.

Sources: Feder PI, Ann Stat 1975;3:49-83; Lerman PM, Appl Stat 1980;29:77-84; statistical notes of NCI's Joinpoint
program (notation; estimated regression coefficients), read 2026-11.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from registry.analytics.trend.grid import legal_sets
from registry.analytics.trend.percent_change import line_through
from registry.analytics.trend.series import Series
from registry.analytics.trend.slopes import Slope
from registry.analytics.trend.student import quantile


def segment_slopes(series: Series, places: tuple[int, ...], coefficients: np.ndarray) -> list[Slope]:
    """The slope of each segment of the continuous model, with the standard error of separate lines.

    Args:
        places: of the joinpoints in the series. coefficients: as from `grid.fit`.

    Returns:
        One Slope a segment; its se is nan where no degree of freedom is left.
    """
    slopes = np.cumsum(coefficients[1:])
    edges = [-1, *places, series.size]
    squares, spreads = 0.0, []
    for before, after in itertools.pairwise(edges):
        inside = slice(before + 1, after)
        _, rest, spread = line_through(series.years[inside], series.log_rate[inside], series.weights[inside])
        squares += rest
        spreads.append(spread)
    df = series.size - len(places) - 2 * (len(places) + 1)
    variance = squares / df if df > 0 else math.nan
    return [
        Slope(float(slope), math.sqrt(variance / spread), df)
        for slope, spread in zip(slopes, spreads, strict=True)
    ]


def joinpoint_limits(
    series: Series, squares: np.ndarray, places: tuple[int, ...], least: float, level: float = 0.95
) -> list[tuple[float, float]]:
    """Lower and upper limit (years) of each joinpoint; nan where no degree of freedom is left.

    Args:
        squares: sum of squares of every set of `legal_sets`. least: that of the model.
    """
    count = len(places)
    df = series.size - 2 * (count + 1)
    if df <= 0:
        return [(math.nan, math.nan)] * count
    sets = legal_sets(series.size, count)
    allowed = quantile((1 + level) / 2, df) ** 2  # of F with 1 and df degrees of freedom
    inside = sets[squares <= least * (1 + allowed / df)]
    found = []
    for order, place in enumerate(places):
        reached = np.append(inside[:, order], place)
        found.append((float(series.years[reached.min()]), float(series.years[reached.max()])))
    return found
