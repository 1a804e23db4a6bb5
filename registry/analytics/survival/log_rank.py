"""Do groups differ in survival? The log-rank test and its weighted kin, stratified when asked; the test for trend.

Sources: Mantel N, Cancer Chemother Rep 1966;50:163-170; Peto R, Peto J, J R Stat Soc A 1972;135:185-207;
Harrington DP, Fleming TR, Biometrika 1982;69:553-566 (weights S(t-)^rho); Tarone RE, Biometrika 1975;62:679-682
(trend); Cox DR, J R Stat Soc B 1972;34:187-220 (its score test, ties as Breslow).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from registry.analytics.counts import Array, By, Tally, code_groups, names, tally_frame
from registry.errors import BadInput

CELLS = 1 << 22
"""Groups × times that are worked on at once."""


@dataclass(frozen=True)
class LogRank:
    """Result: chi-square, degrees of freedom, p, and observed and expected events of each group."""

    chi2: float
    df: int
    p: float
    groups: pl.DataFrame


@dataclass(frozen=True)
class Trend:
    """Result: chi-square (one degree of freedom) and p by Tarone's variance and by Cox's score test."""

    tarone: float
    tarone_p: float
    score: float
    score_p: float


@dataclass(frozen=True)
class _Sums:
    """Over strata and event times: weighted events and their expectation (groups), variances (groups, groups)."""

    observed: Array
    expected: Array
    variance: Array
    """Hypergeometric: given the number of events at each time."""
    information: Array
    """As if tied events came one after the other out of the same people."""


def log_rank(
    frame: pl.DataFrame,
    by: By,
    *,
    time: str = "months",
    event: str = "dead",
    strata: By = None,
    rho: float = 0.0,
) -> LogRank:
    """Log-rank test of the groups of `by`.

    Args:
        frame: one row a person, as in `count_table`.
        by: column(s) whose groups are compared; at least two groups.
        time: column of the time observed.
        event: column that is true when the event ended the observation.
        strata: column(s) within which the groups are compared; people without a value are left out.
        rho: events weigh S(t-)^rho, S the survival of all groups of the stratum together: 0 is the log-rank test,
            1 the Peto-Peto test, for which early events count more.

    Returns:
        LogRank; `groups` has the `by` columns, n, observed, expected (both weighted), sorted by group.

    >>> frame = pl.DataFrame({"months": [1, 2, 3, 4, 5, 6], "dead": [1, 1, 1, 1, 0, 1], "arm": list("ababab")})
    >>> test = log_rank(frame, "arm")
    >>> round(test.chi2, 4), test.df, round(test.p, 4)
    (0.0739, 1, 0.7857)
    """
    if {"n", "observed", "expected"} & set(names(by)):
        raise BadInput("log-rank", "a grouping column has the name of a result column", "rename it")
    groups, people, sums = _compare(frame, by, time, event, strata, rho)
    chi2, df = _chi_square(sums.observed - sums.expected, sums.variance, sums.expected)
    observed = sums.observed if rho else sums.observed.round().astype(np.int64)
    result = groups.with_columns(
        pl.Series("n", people), pl.Series("observed", observed), pl.Series("expected", sums.expected)
    )
    return LogRank(chi2, df, chi_square_tail(chi2, df), result)


def log_rank_trend(
    frame: pl.DataFrame,
    by: str,
    *,
    time: str = "months",
    event: str = "dead",
    strata: By = None,
    scores: Sequence[float] | None = None,
) -> Trend:
    """Does survival rise or fall along ordered groups? More powerful than `log_rank` when it does.

    Args:
        frame: one row a person, as in `count_table`.
        by: column whose groups are ordered; at least two groups; people without a value are left out.
        time: column of the time observed.
        event: column that is true when the event ended the observation.
        strata: column(s) within which the groups are compared; people without a value are left out.
        scores: of the sorted groups; default: their values when they are numbers, else 1, 2, 3 …

    >>> frame = pl.DataFrame({"months": [9, 8, 7, 5, 6, 3, 2, 4], "dead": [1] * 8, "stage": [1, 1, 2, 2, 3, 3, 4, 4]})
    >>> test = log_rank_trend(frame, "stage")
    >>> round(test.tarone, 4), round(test.score, 4)
    (7.7235, 7.7235)
    """
    groups, _, sums = _compare(frame.drop_nulls(by), by, time, event, strata, 0.0)
    if scores is None:
        column = groups[by]
        scores = column.to_list() if column.dtype.is_numeric() else range(1, groups.height + 1)
    score = np.asarray(list(scores), dtype=float)
    if score.shape != (groups.height,):
        raise BadInput("log-rank trend", f"{score.size} scores for {groups.height} groups", "give one each")
    score -= score.mean()
    moved = float(score @ (sums.observed - sums.expected))
    parts = [float(score @ spread @ score) for spread in (sums.variance, sums.information)]
    tarone, cox = (moved**2 / part if part > 1e-12 else 0.0 for part in parts)
    return Trend(tarone, chi_square_tail(tarone, 1), cox, chi_square_tail(cox, 1))


def _compare(
    frame: pl.DataFrame, by: By, time: str, event: str, strata: By, rho: float
) -> tuple[pl.DataFrame, Array, _Sums]:
    """The groups, how many people each has, and what the tests are made of."""
    columns, layers = names(by), names(strata)
    if set(columns) & set(layers):
        raise BadInput("log-rank", "a column cannot be a group and a stratum at once")
    frame = frame.drop_nulls(layers) if layers else frame
    counted, cells = tally_frame(frame, time, event, [*layers, *columns])
    group, groups = code_groups(cells, columns)
    if groups.height < 2:
        raise BadInput(
            "log-rank", f"{', '.join(columns)} has {groups.height} group", "two or more are compared"
        )
    layer, _ = code_groups(cells, layers)
    people = np.bincount(group, counted.at_risk[counted.first[:-1]], groups.height).astype(np.int64)
    size = groups.height
    total = _Sums(*(np.zeros(size) for _ in range(2)), *(np.zeros((size, size)) for _ in range(2)))
    edges = [*np.flatnonzero(np.diff(layer, prepend=-1)).tolist(), len(layer)]
    for start, end in pairwise(edges):
        _add_stratum(total, counted, start, end, group[start:end], rho)
    return groups, people, total


def _add_stratum(total: _Sums, counted: Tally, start: int, end: int, group: Array, rho: float) -> None:
    """Add a stratum, which is the cells `start` to `end` of the tally, each one group."""
    for died, at_risk, weight in _blocks(counted, start, end, rho):
        deaths, everybody = died.sum(axis=0), at_risk.sum(axis=0)
        share = at_risk / everybody
        total.observed[group] += died @ weight
        total.expected[group] += share @ (weight * deaths)
        tied = weight**2 * deaths
        hyper = tied * (everybody - deaths) / np.maximum(everybody - 1, 1)
        place = np.ix_(group, group)
        for sums, spread in ((total.variance, hyper), (total.information, tied)):
            sums[place] += np.diag(share @ spread) - (share * spread) @ share.T


def _blocks(counted: Tally, start: int, end: int, rho: float) -> Iterator[tuple[Array, Array, Array]]:
    """Events and people at risk (cells, times) and weights (times) at the event times of a stratum, in blocks."""
    first = counted.first[start : end + 1]
    rows = slice(first[0], first[-1])
    own = Tally(
        first - first[0],
        *(one[rows] for one in (counted.time, counted.at_risk, counted.events, counted.censored)),
    )
    moments = np.unique(own.time[own.events > 0])
    survival, step = 1.0, max(CELLS // (end - start), 1)
    for at in range(0, len(moments), step):
        points = moments[at : at + step]
        before, after = own.places(points)
        at_risk = np.where(before < own.first[1:, None], np.append(own.at_risk, 0)[before], 0)
        died = np.where(before < after, np.append(own.events, 0)[before], 0)
        later = survival * np.cumprod(1 - died.sum(axis=0) / at_risk.sum(axis=0))
        weight = np.append(survival, later[:-1]) ** rho
        survival = float(later[-1])
        yield died.astype(float), at_risk.astype(float), weight


def _chi_square(difference: Array, variance: Array, expected: Array) -> tuple[float, int]:
    """Quadratic form over all groups but one; groups that were never at risk do not count."""
    seen = np.flatnonzero(expected > 0)
    if seen.size < 2:
        return 0.0, max(seen.size - 1, 0)
    kept = seen[1:]
    solved = np.linalg.lstsq(variance[np.ix_(kept, kept)], difference[kept], rcond=None)[0]
    return float(difference[kept] @ solved), kept.size


def chi_square_tail(chi2: float, df: int) -> float:
    """Upper tail of the chi-square distribution with a whole number of degrees of freedom.

    Uses Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1) from Q(1/2, x) = erfc(sqrt x) and Q(1, x) = e^-x.

    >>> round(chi_square_tail(10.3267419549, 1), 12)
    0.00131116452
    """
    if df < 1:
        return 1.0
    x = max(chi2, 0.0) / 2
    a, tail = (1.0, math.exp(-x)) if df % 2 == 0 else (0.5, math.erfc(math.sqrt(x)))
    while a < df / 2:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1)) if x else 0.0
        a += 1
    return min(tail, 1.0)
