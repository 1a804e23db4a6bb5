"""Exact limits of a proportion, without a statistics library to import.

Source: Clopper and Pearson, Biometrika 26 (1934) 404-413; incomplete beta function by its continued fraction,
NIST Digital Library of Mathematical Functions 8.17.22.
"""

from __future__ import annotations

import math

import polars as pl

from registry.errors import BadInput

_TINY, _ROUNDS, _HALVINGS = 1e-300, 10_000, 100


def beta_share(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), 0 <= x <= 1.

    >>> round(beta_share(2, 3, 0.5), 12)
    0.6875
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - beta_share(b, a, 1 - x)
    factor = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(factor) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction, by Lentz's method."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, _ROUNDS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def exact_limits(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson limits of a proportion (0 to 1).

    Raises:
        BadInput: not 0 <= successes <= trials, no trials, or a level outside 0 to 1.

    >>> [round(limit, 4) for limit in exact_limits(95, 100)]
    [0.8872, 0.9836]
    >>> [round(limit, 4) for limit in exact_limits(20, 20)]
    [0.8316, 1.0]
    """
    if not (0 <= successes <= trials and trials > 0 and 0 < level < 1):
        raise BadInput("exact limits", f"{successes} of {trials} at level {level} is no proportion")
    tail = (1 - level) / 2
    lower = 0.0 if successes == 0 else _quantile(successes, trials - successes + 1, tail)
    upper = 1.0 if successes == trials else _quantile(successes + 1, trials - successes, 1 - tail)
    return lower, upper


def _quantile(a: float, b: float, share: float) -> float:
    """Where the incomplete beta function reaches `share`."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if beta_share(a, b, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def with_percent(frame: pl.DataFrame, part: str, whole: str, level: float = 0.95) -> pl.DataFrame:
    """Adds percent, lower and upper (exact limits, percent) of two columns of counts; null where the whole is 0.

    >>> with_percent(pl.DataFrame({"found": [9], "listed": [10]}), "found", "listed").row(0)
    (9, 10, 90.0, 55.498388, 99.747142)
    """
    limits = [
        exact_limits(int(k), int(n), level) if n else (None, None)
        for k, n in frame.select(part, whole).iter_rows()
    ]
    return frame.with_columns(
        percent=pl.when(pl.col(whole) > 0).then(100 * pl.col(part) / pl.col(whole)),
        lower=_percents([low for low, _ in limits]),
        upper=_percents([high for _, high in limits]),
    )


def _percents(shares: list[float] | list[None] | list[float | None]) -> pl.Series:
    """In percent, to six decimals: the halving's last digits say nothing."""
    return pl.Series([None if share is None else round(100 * share, 6) for share in shares], dtype=pl.Float64)
