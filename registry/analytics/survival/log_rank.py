"""Do groups differ in survival? The log-rank test, stratified when asked.

Source: Mantel N, Cancer Chemother Rep 1966;50:163-170; Peto R, Peto J, J R Stat Soc A 1972;135:185-207.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.analytics.counts import By, count_table, names
from registry.errors import BadInput


@dataclass(frozen=True)
class LogRank:
    """Result: chi-square, degrees of freedom, p, and observed and expected events of each group."""

    chi2: float
    df: int
    p: float
    groups: pl.DataFrame


def log_rank(
    frame: pl.DataFrame, by: By, *, time: str = "months", event: str = "dead", strata: By = None
) -> LogRank:
    """Log-rank test of the groups of `by`.

    Args:
        frame: one row a person, as in `count_table`.
        by: column(s) whose groups are compared; at least two groups.
        time: column of the time observed.
        event: column that is true when the event ended the observation.
        strata: column(s) within which the groups are compared; people without a value are left out.

    Returns:
        LogRank; `groups` has the `by` columns, n, observed, expected, sorted by group.

    >>> frame = pl.DataFrame({"months": [1, 2, 3, 4, 5, 6], "dead": [1, 1, 1, 1, 0, 1], "arm": list("ababab")})
    >>> test = log_rank(frame, "arm")
    >>> round(test.chi2, 4), test.df, round(test.p, 4)
    (0.0739, 1, 0.7857)
    """
    groups, layers = names(by), names(strata)
    if layers:
        frame = frame.drop_nulls(layers)
    if set(groups) & set(layers):
        raise BadInput("log-rank", "a column cannot be a group and a stratum at once")
    if {"n", "observed", "expected"} & set(groups):
        raise BadInput("log-rank", "a grouping column has the name of a result column", "rename it")
    table = count_table(frame, time, event, [*layers, *groups])
    left = pl.col("events") + pl.col("censored")
    people = table.group_by(groups).agg(left.sum().alias("n"), pl.col("events").sum().alias("observed"))
    people = people.sort(groups, nulls_last=True).with_row_index("_group")
    if people.height < 2:
        raise BadInput(
            "log-rank", f"{', '.join(groups)} has {people.height} group", "two or more are compared"
        )
    table = table.join(people.select("_group", *groups), on=groups, how="left", nulls_equal=True)
    layer = pl.struct(layers).rank("dense") - 1 if layers else pl.lit(0)
    parts = table.with_columns(layer.cast(pl.Int64).alias("_layer")).partition_by(
        "_layer", maintain_order=True
    )
    sums = [_stratum(part, people.height) for part in parts]
    expected = np.sum([events for events, _ in sums], axis=0)
    variance = np.sum([covariance for _, covariance in sums], axis=0)
    chi2, df = _chi_square(people["observed"].to_numpy() - expected, variance, expected)
    result = people.drop("_group").with_columns(pl.Series("expected", expected))
    return LogRank(chi2, df, chi_square_tail(chi2, df), result)


def _stratum(table: pl.DataFrame, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Expected events of each group (size) and their covariance (size, size)."""
    times, place = np.unique(table["time"].to_numpy(), return_inverse=True)
    group = table["_group"].to_numpy()
    died, left = np.zeros((times.size, size)), np.zeros((times.size, size))
    died[place, group] = table["events"].to_numpy()
    left[place, group] = (table["events"] + table["censored"]).to_numpy()
    at_risk = np.cumsum(left[::-1], axis=0)[::-1]
    all_died, everybody = died.sum(axis=1), at_risk.sum(axis=1)
    some = all_died > 0
    all_died, everybody, at_risk = all_died[some], everybody[some], at_risk[some]
    share = at_risk / everybody[:, None]
    spread = all_died * (everybody - all_died) / np.maximum(everybody - 1, 1)
    variance = np.diag((spread[:, None] * share).sum(axis=0)) - np.einsum("t,tg,th->gh", spread, share, share)
    return (all_died[:, None] * share).sum(axis=0), variance


def _chi_square(difference: np.ndarray, variance: np.ndarray, expected: np.ndarray) -> tuple[float, int]:
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
