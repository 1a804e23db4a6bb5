"""Joinpoint regression: straight lines on the log scale that meet where the trend changes.

Source: Kim HJ, Fay MP, Feuer EJ, Midthune DN, Stat Med 2000;19:335-351, as in NCI's Joinpoint program: log-linear,
weights (rate / se)², grid search over observed years. The parts stand in `grid`, `choice`, `limits`, `average`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.trend.average import average_percent_change
from registry.analytics.trend.choice import (
    PERMUTATIONS,
    SEED,
    USUAL_MOST,
    Candidate,
    Step,
    by_permutation,
    candidates,
    check_choice,
    least,
)
from registry.analytics.trend.grid import design, fit, grid_of, most_joinpoints, sums_of_squares
from registry.analytics.trend.limits import joinpoint_limits, segment_slopes
from registry.analytics.trend.percent_change import whole
from registry.analytics.trend.series import Series, series_from
from registry.analytics.trend.slopes import Slope
from registry.errors import BadInput


@dataclass(frozen=True)
class JoinpointModel:
    """A fitted model.

    joinpoints: years, ascending. sse, df: weighted sum of squares, n - 2 (k + 1).
    segments: segment (1, 2, …), first_year, last_year (the joinpoint, or the last year observed), apc, lower, upper
        (percent a year), p, slope, se_log_slope (log rate a year).
    fitted: year, observed and fitted (unit of the rates).
    locations: joinpoint, lower, upper (years).
    criteria: joinpoints, sse, bic, bic3, wbic of each number of joinpoints tried.
    tests: null, alternative, p, alpha, rejected, in the order made; empty unless chosen by permutation.
    """

    joinpoints: tuple[int | float, ...]
    sse: float
    df: int
    segments: pl.DataFrame
    fitted: pl.DataFrame
    locations: pl.DataFrame
    criteria: pl.DataFrame
    tests: pl.DataFrame
    slopes: tuple[Slope, ...] = field(repr=False)
    level: float = 0.95

    def average(self, first: float | None = None, last: float | None = None) -> dict[str, Any]:
        """Average annual percent change of a span of years (default all): first_year, last_year, aapc, lower, upper, p."""
        edges = [self.segments["first_year"][0], *self.segments["last_year"]]
        first, last = edges[0] if first is None else first, edges[-1] if last is None else last
        found = average_percent_change(edges, self.slopes, first, last)
        lower, upper = found.limits(self.level)
        return {
            "first_year": first, "last_year": last, "aapc": found.apc, "lower": lower, "upper": upper, "p": found.p,
        }  # fmt: skip


def joinpoint(
    series: pl.DataFrame,
    *,
    joinpoints: int | None = None,
    max_joinpoints: int = USUAL_MOST,
    select: str = "bic",
    year: str = "year",
    rate: str = "rate",
    se: str | None = "se",
    level: float = 0.95,
    alpha: float = 0.05,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
    name: str = "",
) -> JoinpointModel:
    """The joinpoint model of a series with the least weighted sum of squares.

    Joinpoints lie at observed years, with at least two observations strictly before the first, after the last and
    between two of them. Of models that fit equally well the one with the earliest joinpoints is taken.

    Args:
        series: one row a year: year, rate (> 0, any unit), se (> 0; `se=None`: all years weigh the same).
        joinpoints: so many, no choice.
        max_joinpoints: else the number is chosen between 0 and this (or what the length of the series allows) by
        select: "bic", "bic3", "wbic" (weighted BIC) or "permutation" (overall level `alpha`, `permutations` random orders from `seed`).
        level: of the confidence limits.
        name: what errors call the series.

    Raises:
        BadInput: see `series_from`; an unknown way to select, or more joinpoints than the series has room for.

    >>> years = list(range(2000, 2020))
    >>> rates = [40 * 1.02 ** min(y - 2000, 9) * 0.97 ** max(y - 2009, 0) for y in years]
    >>> model = joinpoint(pl.DataFrame({"year": years, "rate": rates, "se": [0.5] * 20}), joinpoints=1)
    >>> model.joinpoints, model.segments["apc"].round(6).to_list()
    ((2009,), [2.0, -3.0])
    """
    found = series_from(series, year=year, rate=rate, se=se, name=name)
    room = most_joinpoints(found.size)
    check_choice(select, max_joinpoints, joinpoints, alpha, permutations)
    if joinpoints is not None and joinpoints > room:
        raise BadInput(
            found.where,
            f"{found.size} years have no room for {joinpoints} joinpoints",
            f"ask for {room} at most",
        )
    fewest, most = (0, min(max_joinpoints, room)) if joinpoints is None else (joinpoints, joinpoints)
    tried = candidates(found, fewest, most)
    steps: list[Step] = []
    if joinpoints is not None:
        number = joinpoints
    elif select == "permutation":
        number, steps = by_permutation(found, tried, alpha=alpha, permutations=permutations, seed=seed)
    else:
        number = least(tried, select)
    return _model(found, tried, number, steps, level)


def _model(
    series: Series, tried: dict[int, Candidate], number: int, steps: list[Step], level: float
) -> JoinpointModel:
    chosen = tried[number]
    coefficients, squares = fit(series, chosen.places)
    slopes = segment_slopes(series, chosen.places, coefficients)
    years = series.years
    edges = [whole(year) for year in (years[0], *years[list(chosen.places)], years[-1])]
    weighted = series.root * series.log_rate
    all_squares = sums_of_squares(grid_of(series), weighted, number) if number else np.empty(0)
    limits = joinpoint_limits(series, all_squares, chosen.places, squares, level) if number else []
    rows = [
        {"segment": order, "first_year": edges[order - 1], "last_year": edges[order], **slope.row(level)}
        for order, slope in enumerate(slopes, start=1)
    ]
    expected = design(years, years[list(chosen.places)]) @ coefficients
    return JoinpointModel(
        joinpoints=tuple(edges[1:-1]),
        sse=squares,
        df=series.size - 2 * (number + 1),
        segments=pl.DataFrame(rows).fill_nan(None),
        fitted=pl.DataFrame({
            "year": [whole(year) for year in years], "observed": np.exp(series.log_rate), "fitted": np.exp(expected),
        }),
        locations=pl.DataFrame(
            {
                "joinpoint": edges[1:-1],
                "lower": [whole(low) if not math.isnan(low) else None for low, _ in limits],
                "upper": [whole(high) if not math.isnan(high) else None for _, high in limits],
            }
        ),
        criteria=pl.DataFrame(
            [
                {"joinpoints": count, "sse": one.squares, "bic": one.bic, "bic3": one.bic3, "wbic": one.wbic}
                for count, one in tried.items()
            ]
        ),
        tests=pl.DataFrame([vars(step) for step in steps], schema=TESTS),
        slopes=tuple(slopes),
        level=level,
    )  # fmt: skip


TESTS = {
    "null": pl.Int64, "alternative": pl.Int64, "p": pl.Float64, "alpha": pl.Float64, "rejected": pl.Boolean,
}  # fmt: skip
