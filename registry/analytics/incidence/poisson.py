"""Exact limits of a Poisson count.

Source: Garwood F, Fiducial limits for the Poisson distribution, Biometrika 1936;28:437-442.
"""

from __future__ import annotations

import numpy as np


def exact_limits(counts: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limit of the mean of Poisson counts of any shape; NaN stays NaN.

    Args:
        counts: >= 0; fractions (expected numbers) are taken as they are.
        level: confidence level between 0 and 1.

    >>> lower, upper = exact_limits(np.array([0, 1, 10]))
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([0.0, 0.0253, 4.7954], [3.6889, 5.5716, 18.3904])
    """
    from scipy.special import gammaincinv

    values = np.asarray(counts, dtype=float)
    # A table has few different counts: each is worked out once.
    distinct, place = np.unique(values, return_inverse=True)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(distinct > 0, gammaincinv(np.where(distinct > 0, distinct, 1.0), tail), distinct)
        upper = gammaincinv(distinct + 1, 1 - tail)
    return lower[place].reshape(values.shape), upper[place].reshape(values.shape)
