"""A whole table of incidence at once: sites x years x counties x sex x age counted in one pass over coded columns.

The counts are a dense array, one place a combination, filled by one `bincount`; rates and limits are computed over the whole
array. A table of ten million tumors costs little more than reading its columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.analytics.incidence.gamma import Weighted, weighted_sum
from registry.analytics.incidence.poisson import exact_limits
from registry.analytics.incidence.rates import PER
from registry.errors import BadInput

MOST_CELLS = 2**28
STRETCH = 1 << 18
"""Rows worked on together: their numbers stay in the processor's cache."""


@dataclass(frozen=True)
class RateTable:
    """Rates of every combination of codes; all arrays [sizes of the axes without age], per 100,000 person-years.

    Attributes:
        counts: cases, all ages.
        population: person-years (axes that the population has; the others of length 1).
        crude, crude_se, crude_lower, crude_upper: with exact Poisson limits.
        rate, se, lower, upper_fay_feuer, upper_tiwari: age-adjusted.
    """

    counts: np.ndarray
    population: np.ndarray
    crude: np.ndarray
    crude_se: np.ndarray
    crude_lower: np.ndarray
    crude_upper: np.ndarray
    rate: np.ndarray
    se: np.ndarray
    lower: np.ndarray
    upper_fay_feuer: np.ndarray
    upper_tiwari: np.ndarray


def counted(columns: Sequence[np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    """Rows of each combination of codes, as a dense array of `sizes` (Int64).

    Args:
        columns: codes 0 .. size - 1 of each axis, one a row; any whole-number type (as an Enum or a small integer
            column gives them).
        sizes: number of codes of each axis.

    Raises:
        BadInput: the columns differ in length, a code is outside its axis, or the table would be too large.

    >>> counted([np.array([0, 1, 1], dtype=np.uint8), np.array([2, 0, 0], dtype=np.int16)], [2, 3]).tolist()
    [[0, 0, 1], [2, 0, 0]]
    """
    _check(columns, sizes)
    total, rows = int(np.prod(sizes)), len(columns[0])
    counts = np.zeros(total, dtype=np.int64)
    if total > 4 * STRETCH:  # adding up large arrays often would cost more than one long column of places
        flat = np.empty(rows, dtype=np.int64)
        for start in range(0, rows, STRETCH):
            _places(columns, sizes, slice(start, start + STRETCH), flat[start : start + STRETCH])
        return np.bincount(flat, minlength=total).reshape(sizes)
    part = np.empty(STRETCH, dtype=np.int64)
    for start in range(0, rows, STRETCH):
        places = part[: min(STRETCH, rows - start)]
        _places(columns, sizes, slice(start, start + STRETCH), places)
        counts += np.bincount(places, minlength=total)
    return counts.reshape(sizes)


def _places(columns: Sequence[np.ndarray], sizes: Sequence[int], rows: slice, out: np.ndarray) -> None:
    """Place of each row in the flat table."""
    out[:] = columns[0][rows]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        out *= size
        out += column[rows]


def _check(columns: Sequence[np.ndarray], sizes: Sequence[int]) -> None:
    if not columns or len(columns) != len(sizes) or any(size < 1 for size in sizes):
        raise BadInput("rate table", "one column of codes and one size an axis are needed")
    if len({len(column) for column in columns}) > 1:
        raise BadInput("rate table", "the columns of codes differ in length")
    if np.prod([float(size) for size in sizes]) > MOST_CELLS:
        raise BadInput("rate table", f"it would have more than {MOST_CELLS:,} cells", "use less columns")
    for number, (column, size) in enumerate(zip(columns, sizes, strict=True), start=1):
        if column.dtype.kind not in "iu":
            raise BadInput("rate table", f"column {number} holds no whole numbers")
        if len(column) and (
            int(column.max()) >= size or (column.dtype.kind == "i" and int(column.min()) < 0)
        ):
            raise BadInput("rate table", f"column {number} has a code outside 0 to {size - 1}")


def rate_table(
    counts: np.ndarray, population: np.ndarray, weights: np.ndarray, per: float = PER, level: float = 0.95
) -> RateTable:
    """Crude and age-adjusted rates with all limits of a dense table.

    Args:
        counts: [..., ages], as `counted` gives them.
        population: person-years, of a shape that broadcasts to that of counts (length 1 where the population does not
            depend on an axis, such as the cancer site); NaN = unknown.
        weights: [ages], the standard population, summing to 1.
        per: rates are per so many person-years.
        level: confidence level.

    >>> table = rate_table(np.array([[1, 9]]), np.array([[40000.0, 10000.0]]), np.array([0.6, 0.4]))
    >>> table.crude.tolist(), table.rate.round(6).tolist()
    ([20.0], [37.5])
    """
    total = counts.sum(axis=-1)
    people = population.sum(axis=-1)
    lower, upper = exact_limits(total, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(people > 0, per / people, np.nan)
        adjusted: Weighted = weighted_sum(counts, population, weights, level)
    return RateTable(
        total,
        people,
        total * scale,
        np.sqrt(total) * scale,
        lower * scale,
        upper * scale,
        adjusted.value * per,
        np.sqrt(adjusted.variance) * per,
        adjusted.lower * per,
        adjusted.upper_fay_feuer * per,
        adjusted.upper_tiwari * per,
    )
