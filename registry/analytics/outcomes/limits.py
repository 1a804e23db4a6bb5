"""Limits of a share: exact (Clopper–Pearson) and Wilson's score limits.

Sources: Clopper CJ, Pearson ES, Biometrika 1934;26:404-413; Wilson EB, J Am Stat Assoc 1927;22:209-212.
"""

from __future__ import annotations

import numpy as np
import polars as pl

Z: float = 1.959963984540054


def clopper_pearson(
    events: np.ndarray, trials: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Exact limits of a share as fractions; NaN where nobody was counted.

    Args:
        events, trials: whole numbers, 0 <= events <= trials.
        level: confidence level between 0 and 1.

    >>> lower, upper = clopper_pearson(np.array([0, 8]), np.array([10, 10]))
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([0.0, 0.4439], [0.3085, 0.9748])
    """
    from scipy.special import betaincinv

    events, trials = np.asarray(events, dtype=float), np.asarray(trials, dtype=float)
    tail, rest = (1 - level) / 2, trials - events
    with np.errstate(invalid="ignore"):
        lower = np.where(events > 0, betaincinv(np.maximum(events, 1), rest + 1, tail), 0.0)
        upper = np.where(rest > 0, betaincinv(events + 1, np.maximum(rest, 1), 1 - tail), 1.0)
    nobody = ~(trials > 0)
    return np.where(nobody, np.nan, lower), np.where(nobody, np.nan, upper)


def wilson(events: np.ndarray, trials: np.ndarray, z: float = Z) -> tuple[np.ndarray, np.ndarray]:
    """Score limits of a share as fractions; NaN where nobody was counted.

    >>> lower, upper = wilson(np.array([0, 8]), np.array([10, 10]))
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([0.0, 0.4902], [0.2775, 0.9433])
    """
    events, trials = np.asarray(events, dtype=float), np.asarray(trials, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = events / trials
        centre = share + z**2 / (2 * trials)
        half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
        scale = 1 + z**2 / trials
        lower, upper = np.maximum(0.0, (centre - half) / scale), np.minimum(1.0, (centre + half) / scale)
    lower, upper = np.where(events == 0, 0.0, lower), np.where(events == trials, 1.0, upper)
    nobody = ~(trials > 0)
    return np.where(nobody, np.nan, lower), np.where(nobody, np.nan, upper)


def with_share(
    frame: pl.DataFrame, count: str = "count", total: str = "total", *, exact: bool = False, prefix: str = ""
) -> pl.DataFrame:
    """The frame with percent, lower and upper (per cent, 95 %); null where nobody was counted.

    Args:
        frame: with whole numbers `count` of `total`.
        exact: Clopper–Pearson limits instead of Wilson's.
        prefix: put before the names of the new columns.

    >>> with_share(pl.DataFrame({"count": [8], "total": [10]})).row(0)
    (8, 10, 80.0, 49.016..., 94.331...)
    """
    events, trials = frame[count].to_numpy(), frame[total].to_numpy()
    limits = (clopper_pearson if exact else wilson)(events, trials)
    lower, upper = (pl.Series(100 * values, nan_to_null=True) for values in limits)
    percent = pl.when(pl.col(total) > 0).then(100 * pl.col(count) / pl.col(total))
    return frame.with_columns(
        percent.alias(f"{prefix}percent"), lower.alias(f"{prefix}lower"), upper.alias(f"{prefix}upper")
    )
