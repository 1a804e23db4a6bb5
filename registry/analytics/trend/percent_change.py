"""Annual percent change: one straight line through the log rates of all years.

Sources: Kleinbaum DG et al., Applied Regression Analysis, 1988 (weighted least squares); Fay MP et al., Stat Med
2006;25:1837-1848 (annual percent change of age-adjusted rates); McCullagh P, Nelder JA, Generalized Linear Models,
1989 (Poisson regression by iteratively weighted least squares).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.trend.series import Series, series_from
from registry.analytics.trend.slopes import Slope
from registry.errors import BadInput

ROUNDS = 100
SETTLED = 1e-12


def annual_percent_change(
    series: pl.DataFrame,
    *,
    weighted: bool = True,
    year: str = "year",
    rate: str = "rate",
    se: str = "se",
    level: float = 0.95,
    name: str = "",
) -> dict[str, Any]:
    """Least squares of the log rate on the year, with weights (rate / se)² or without; limits by Student's t.

    Args:
        series: one row a year: year, rate (> 0), se (> 0; not needed when `weighted` is false).
        level: of the confidence limits.
        name: what errors call the series.

    Returns:
        first_year, last_year, apc, lower, upper (percent a year), p, slope, se_log_slope (log rate a year), df.
        With two years only, limits and p are nan.

    Raises:
        BadInput: see `series_from`.

    >>> rates = pl.DataFrame({"year": [2000, 2001, 2002, 2003], "rate": [50.0, 51.0, 52.1, 53.0], "se": [1.0] * 4})
    >>> round(annual_percent_change(rates)["apc"], 4)
    1.9787
    """
    found = series_from(series, year=year, rate=rate, se=se if weighted else None, name=name)
    return _answer(found.years, straight_line(found), level)


def straight_line(series: Series) -> Slope:
    """Slope of the weighted straight line through all years of a series."""
    return line_through(series.years, series.log_rate, series.weights)[0]


def line_through(years: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[Slope, float, float]:
    """Weighted line through points (n >= 2): its slope, the weighted sum of squares, and the spread of the years.

    The standard error takes the variance from the residuals, n - 2 degrees of freedom.

    >>> slope, squares, spread = line_through(np.arange(3.0), np.array([0.0, 1.0, 1.0]), np.ones(3))
    >>> slope.slope, round(squares, 4), spread, round(slope.se, 4)
    (0.5, 0.1667, 2.0, 0.2887)
    """
    total = weights.sum()
    x = years - weights @ years / total
    y = values - weights @ values / total
    spread = float(weights @ (x * x))
    slope = float(weights @ (x * y)) / spread
    squares = float(weights @ (y - slope * x) ** 2)
    df = years.size - 2
    return Slope(slope, math.sqrt(squares / df / spread) if df > 0 else math.nan, df), squares, spread


def poisson_percent_change(
    series: pl.DataFrame,
    *,
    year: str = "year",
    count: str = "count",
    population: str = "population",
    level: float = 0.95,
    name: str = "",
) -> dict[str, Any]:
    """Poisson regression of the counts on the year, the log population as offset; normal limits.

    Args:
        series: one row a year: year, count (>= 0; 0 is allowed), population (> 0).
        level, name: as for `annual_percent_change`.

    Returns:
        As `annual_percent_change`; df is inf.

    Raises:
        BadInput: a value is missing or out of range, a year comes twice, fewer than two years, or no case at all.

    >>> counts = pl.DataFrame({"year": [2000, 2001, 2002], "count": [100, 110, 121], "population": [1000.0] * 3})
    >>> round(poisson_percent_change(counts)["apc"], 6)
    10.0
    """
    years, cases, people = _counted(series, [year, count, population], name)
    x = years - cases @ years / cases.sum()
    start = cases + 0.1
    slope = line_through(x, np.log(start / people), start)[0].slope
    log_level = math.log(cases.sum() / (people @ np.exp(slope * x)))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(ROUNDS):
            expected = people * np.exp(log_level + slope * x)
            gap = cases - expected
            sums = expected.sum(), expected @ x, expected @ (x * x)
            determinant = sums[0] * sums[2] - sums[1] ** 2
            step = (
                (sums[2] * gap.sum() - sums[1] * (gap @ x)) / determinant,
                (sums[0] * (gap @ x) - sums[1] * gap.sum()) / determinant,
            )
            log_level, slope = log_level + step[0], slope + step[1]
            if not math.isfinite(slope) or abs(step[0]) + abs(step[1]) < SETTLED:
                break
    if not math.isfinite(slope) or abs(step[0]) + abs(step[1]) > math.sqrt(SETTLED):
        raise BadInput(f'series "{name}"' if name else "trend", "the Poisson regression does not settle")
    return _answer(years, Slope(slope, math.sqrt(sums[0] / determinant), math.inf), level)


def _counted(
    series: pl.DataFrame, columns: list[str], name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Years (ascending), counts and populations, checked."""
    where = f'series "{name}"' if name else "trend"
    for column in columns:
        if column not in series.columns:
            raise BadInput(where, f"there is no column {column}")
    years = series_from(series, year=columns[0], rate=columns[2], se=None, name=name).years
    ordered = series.sort(columns[0])
    cases = ordered[columns[1]].cast(pl.Float64).fill_null(math.nan).to_numpy()
    if not (np.isfinite(cases) & (cases >= 0)).all():
        raise BadInput(where, "a count is missing or below 0")
    if cases.sum() == 0:
        raise BadInput(where, "there is no case in any year", "a trend needs cases")
    if np.count_nonzero(cases) < 2 and (cases[0] or cases[-1]):
        raise BadInput(
            where, "all cases are in the first or in the last year", "the trend would be without end"
        )
    return years, cases, ordered[columns[2]].cast(pl.Float64).to_numpy()


def _answer(years: np.ndarray, slope: Slope, level: float) -> dict[str, Any]:
    return {
        "first_year": whole(years[0]),
        "last_year": whole(years[-1]),
        **slope.row(level),
        "df": slope.df,
    }


def whole(year: float) -> int | float:
    """A year as a whole number when it is one.

    >>> whole(2000.0), whole(2000.5)
    (2000, 2000.5)
    """
    return int(year) if float(year).is_integer() else float(year)
