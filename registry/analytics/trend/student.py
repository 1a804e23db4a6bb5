"""Student's t distribution in plain Python: importing a library for it would take longer than a whole trend.

Sources: Abramowitz M, Stegun IA, Handbook of Mathematical Functions, 1964, 26.7.1 (t and the incomplete beta function);
Digital Library of Mathematical Functions 8.17.22 (its continued fraction).
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

TINY = 1e-300
SETTLED = 1e-16


def two_sided(t: float, df: float) -> float:
    """Chance of a value at least as far from 0 as t; df = inf is the normal distribution.

    >>> round(two_sided(2.228138851986274, 10), 12), round(two_sided(1.959963984540054, math.inf), 12)
    (0.05, 0.05)
    """
    if math.isinf(df):
        return math.erfc(abs(t) / math.sqrt(2))
    square = t * t
    return _beta_share(df / 2, 0.5, df / (df + square), square / (df + square))


@lru_cache(maxsize=1024)
def quantile(share: float, df: float) -> float:
    """Value below which that share (at least one half) lies; nan for df <= 0.

    >>> round(quantile(0.975, 1), 9), round(quantile(0.975, math.inf), 9), quantile(0.975, 0)
    (12.706204736, 1.959963985, nan)
    """
    if not df > 0:
        return math.nan
    if math.isinf(df):
        return NormalDist().inv_cdf(share)
    outside, low, high = 2 * (1 - share), 0.0, 1.0
    while two_sided(high, df) > outside:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if two_sided(middle, df) > outside else (low, middle)
    return high


def _beta_share(a: float, b: float, x: float, rest: float) -> float:
    """Regularised incomplete beta function of x, with rest = 1 - x."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(b, a, rest, x)
    front = math.exp(
        a * math.log(x) + b * math.log(rest) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    )
    above, below, fraction = 1.0, _apart(1 - (a + b) * x / (a + 1)), 0.0
    fraction = below = 1 / below
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            below = 1 / _apart(1 + term * below)
            above = _apart(1 + term / above)
            fraction *= above * below
        if abs(above * below - 1) < SETTLED:
            break
    return front * fraction / a


def _apart(value: float) -> float:
    """The value, or a tiny one in the place of 0, which must not divide."""
    return value if abs(value) > TINY else TINY
