"""Funnel plots: hospitals against a benchmark, within limits that narrow with the number of cases.

Source: Spiegelhalter DJ, Funnel plots for comparing institutional performance, Stat Med 2005;24:1185-1202, appendix
A.1 (limits of discrete counts, interpolated so that they are smooth in the number of cases).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.errors import BadInput

LEVELS: dict[str, float] = {"95": 0.95, "99_8": 0.998}
"""Names of the two pairs of limits → share of hospitals that lie within when all are on the benchmark."""
ZONES = ["as expected", "beyond 95 %", "beyond 99.8 %"]


def binomial_limits(cases: np.ndarray, benchmark: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Lower and upper control limits of a share, by level.

    Args:
        cases: number of cases (> 0).
        benchmark: the share that is expected, between 0 and 1.

    >>> limits = binomial_limits(np.array([50.0, 500.0]), 0.8)
    >>> [round(float(value), 4) for value in limits["95"][0]]
    [0.6729, 0.7634]
    """
    from scipy.stats import binom

    if not 0 < benchmark < 1:
        raise BadInput("benchmark", "is not a share between 0 and 1 (both excluded)", "give 85 for 85 %")
    n = np.asarray(cases, dtype=float)

    def limit(p: float) -> np.ndarray:
        r = binom.ppf(p, n, benchmark)
        at, below = binom.cdf(r, n, benchmark), binom.cdf(r - 1, n, benchmark)
        return np.clip((r - (at - p) / (at - below)) / n, 0.0, 1.0)

    return _pairs(limit)


def poisson_limits(expected: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Lower and upper control limits of observed / expected when 1 is the benchmark, by level.

    >>> limits = poisson_limits(np.array([10.0, 100.0]))
    >>> [round(float(value), 3) for value in limits["99_8"][1]]
    [2.066, 1.318]
    """
    from scipy.stats import poisson

    mean = np.asarray(expected, dtype=float)

    def limit(p: float) -> np.ndarray:
        r = poisson.ppf(p, mean)
        at, below = poisson.cdf(r, mean), poisson.cdf(r - 1, mean)
        return np.maximum((r - (at - p) / (at - below)) / mean, 0.0)

    return _pairs(limit)


def _pairs(limit: object) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    assert callable(limit)
    return {name: (limit((1 - level) / 2), limit((1 + level) / 2)) for name, level in LEVELS.items()}


def funnel(
    frame: pl.DataFrame, benchmark: float, *, count: str = "met", total: str = "total"
) -> pl.DataFrame:
    """Each row's share with the control limits of its size and the zone it lies in.

    Args:
        frame: one row a hospital; rows with no case are left out.
        benchmark: expected share in per cent.

    Returns:
        The frame with percent, lower_95, upper_95, lower_99_8, upper_99_8 (per cent), zone (one of ZONES) and side
        ("above", "below" or "at" the benchmark).

    >>> hospitals = pl.DataFrame({"group": ["A", "B"], "met": [43, 24], "total": [50, 50]})
    >>> funnel(hospitals, 80).select("group", "percent", "zone", "side").rows()
    [('A', 86.0, 'as expected', 'above'), ('B', 48.0, 'beyond 99.8 %', 'below')]
    """
    some = frame.filter(pl.col(total) > 0)
    share = 100 * pl.col(count) / pl.col(total)
    limits = _columns(binomial_limits(some[total].to_numpy(), benchmark / 100), 100)
    return _zones(some.with_columns(share.alias("percent"), *limits), "percent", benchmark)


def funnel_of_ratios(
    frame: pl.DataFrame, *, observed: str = "observed", expected: str = "expected"
) -> pl.DataFrame:
    """As `funnel` for observed / expected deaths: adds ratio, limits around 1, zone, side.

    >>> hospitals = pl.DataFrame({"group": ["A", "B"], "observed": [30, 12], "expected": [10.0, 10.0]})
    >>> funnel_of_ratios(hospitals).select("ratio", "zone", "side").rows()
    [(3.0, 'beyond 99.8 %', 'above'), (1.2, 'as expected', 'above')]
    """
    some = frame.filter(pl.col(expected) > 0)
    ratio = (pl.col(observed) / pl.col(expected)).alias("ratio")
    limits = _columns(poisson_limits(some[expected].to_numpy()), 1)
    return _zones(some.with_columns(ratio, *limits), "ratio", 1.0)


def funnel_lines(totals: list[int], benchmark: float, points: int = 80) -> pl.DataFrame:
    """The limits to be drawn: frame[total, lower_95, upper_95, lower_99_8, upper_99_8] from the smallest to the greatest size.

    >>> funnel_lines([10, 400], 80).select("total").to_series().to_list()[:3]
    [10, 11, 12]
    """
    if not totals:
        return pl.DataFrame(schema={"total": pl.Int64} | dict.fromkeys(_names(), pl.Float64))
    low, high = max(1, min(totals)), max(totals)
    sizes = np.unique(np.round(np.geomspace(low, high, points)).astype(np.int64))
    return pl.DataFrame({"total": sizes}).with_columns(_columns(binomial_limits(sizes, benchmark / 100), 100))


def ratio_lines(expected: list[float], points: int = 80) -> pl.DataFrame:
    """The limits around 1 to be drawn: frame[expected, lower_95, upper_95, lower_99_8, upper_99_8].

    >>> ratio_lines([2.0, 50.0], points=3)["expected"].round(1).to_list()
    [2.0, 10.0, 50.0]
    """
    some = [value for value in expected if value > 0]
    if not some:
        return pl.DataFrame(schema={"expected": pl.Float64} | dict.fromkeys(_names(), pl.Float64))
    sizes = np.unique(np.geomspace(min(some), max(some), points))
    return pl.DataFrame({"expected": sizes}).with_columns(_columns(poisson_limits(sizes), 1))


def _names() -> list[str]:
    return [f"{side}_{level}" for level in LEVELS for side in ("lower", "upper")]


def _columns(limits: dict[str, tuple[np.ndarray, np.ndarray]], scale: float) -> list[pl.Series]:
    return [
        pl.Series(f"{side}_{level}", scale * values)
        for level, pair in limits.items()
        for side, values in zip(("lower", "upper"), pair, strict=True)
    ]


def _zones(frame: pl.DataFrame, value: str, benchmark: float) -> pl.DataFrame:
    shown = pl.col(value)
    beyond = {
        level: (shown < pl.col(f"lower_{level}")) | (shown > pl.col(f"upper_{level}")) for level in LEVELS
    }
    zone = (
        pl.when(beyond["99_8"])
        .then(pl.lit(ZONES[2]))
        .when(beyond["95"])
        .then(pl.lit(ZONES[1]))
        .otherwise(pl.lit(ZONES[0]))
    )
    side = (
        pl.when(shown > benchmark)
        .then(pl.lit("above"))
        .when(shown < benchmark)
        .then(pl.lit("below"))
        .otherwise(pl.lit("at"))
    )
    return frame.with_columns(zone.alias("zone"), side.alias("side"))
