"""Limits of a weighted sum of Poisson counts: what every standardised or cumulative rate is.

Sources: lower limit and wide upper limit: Fay MP, Feuer EJ, Confidence intervals for directly standardized rates,
Stat Med 1997;16:791-801; narrower upper limit: Tiwari RC, Clegg LX, Zou Z, Efficient interval estimation for
age-adjusted cancer rates, Stat Methods Med Res 2006;15:547-569.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Weighted:
    """Weighted sums with their variances and limits: arrays of one shape, NaN where a denominator is missing.

    `largest`, `mean` and `mean_square` of the weights of a case are what the upper limits make room for.
    """

    value: np.ndarray
    variance: np.ndarray
    lower: np.ndarray
    upper_fay_feuer: np.ndarray
    upper_tiwari: np.ndarray
    largest: np.ndarray
    mean: np.ndarray
    mean_square: np.ndarray


def weights_of(population: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight of one case: weights / population, NaN where the population is unknown or 0.

    >>> weights_of(np.array([100.0, 0.0, np.nan]), np.array([0.5, 0.25, 0.25])).tolist()
    [0.005, nan, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(population > 0, weights / population, np.nan)


def weighted_sum(
    counts: np.ndarray, population: np.ndarray, weights: np.ndarray, level: float = 0.95
) -> Weighted:
    """Sum over the last axis of weights x counts / population, with gamma limits.

    Args:
        counts: [..., ages], >= 0.
        population: [..., ages] person-years; may lack leading axes of `counts` (sites, say). NaN = unknown.
            A population of 0 without cases adds nothing; with cases the sum is not defined (NaN).
        weights: [ages] or broadcastable, >= 0.
        level: confidence level between 0 and 1.

    >>> one = weighted_sum(np.array([2, 10]), np.array([1000.0, 500.0]), np.array([0.6, 0.4]))
    >>> float(one.value.round(6)), float(one.lower.round(6)), float(one.upper_tiwari.round(6))
    (0.0092, 0.004737, 0.015999)
    """
    each = weights_of(population, weights)
    empty = (population == 0) & np.ones_like(each, dtype=bool)
    known = np.where(empty, 0.0, each)
    value = _over_ages(counts, known)
    variance = _over_ages(counts, known * known)
    if empty.any():  # cases without people
        value = np.where(_over_ages(counts, empty.astype(float)) > 0, np.nan, value)
    used = ~np.isnan(each) & (weights > 0)
    number = np.maximum(used.sum(axis=-1), 1)
    sized = np.where(used, each, 0.0)
    largest = sized.max(axis=-1)
    mean, mean_square = sized.sum(axis=-1) / number, (sized * sized).sum(axis=-1) / number
    return Weighted(
        value,
        variance,
        lower_limit(value, variance, level),
        upper_limit(value, variance, largest, largest * largest, level),
        upper_limit(value, variance, mean, mean_square, level),
        largest,
        mean,
        mean_square,
    )


def _over_ages(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.einsum("...a,...a->...", np.asarray(counts, dtype=float), weights)


def lower_limit(value: np.ndarray, variance: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Gamma lower limit; 0 where nothing was counted."""
    from scipy.special import gammaincinv

    shape = value.shape
    value, variance = np.ravel(value), np.ravel(variance)
    some = value > 0
    lower = np.where(np.isnan(value), np.nan, 0.0)
    mean, spread = value[some], variance[some]
    lower[some] = spread / mean * gammaincinv(mean * mean / spread, (1 - level) / 2)
    return lower.reshape(shape)


def upper_limit(
    value: np.ndarray, variance: np.ndarray, room: np.ndarray, room_square: np.ndarray, level: float = 0.95
) -> np.ndarray:
    """Gamma upper limit of a sum to which a case of weight `room` (variance `room_square`) was added."""
    from scipy.special import gammaincinv

    mean, spread = value + room, variance + room_square
    with np.errstate(divide="ignore", invalid="ignore"):
        return spread / mean * gammaincinv(mean * mean / spread, (1 + level) / 2)
