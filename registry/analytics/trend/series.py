"""A series of yearly rates, checked once, as a trend is fitted to it: log rates, weights and years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.errors import BadInput

ROUNDED = 1e-13
"""Error of a log rate, as a share of its size, that no sum of squares can tell from none."""


@dataclass(frozen=True)
class Series:
    """Rates of one group by year.

    years: (n,) ascending. log_rate: (n,) natural logarithm of the rate. weights: (n,) inverse variances of the log
    rates, (rate / se)² by the delta method, or ones.
    """

    name: str
    years: np.ndarray
    log_rate: np.ndarray
    weights: np.ndarray

    @property
    def size(self) -> int:
        """Number of years observed."""
        return self.years.size

    @property
    def root(self) -> np.ndarray:
        """(n,) square roots of the weights."""
        return np.sqrt(self.weights)

    @property
    def total(self) -> float:
        """Weighted sum of squares of the log rates about their mean."""
        return float(self.weights @ (self.log_rate - np.average(self.log_rate, weights=self.weights)) ** 2)

    @property
    def rounding(self) -> float:
        """A sum of squares that rounding alone may leave where a model fits without error."""
        return ROUNDED**2 * float(self.weights @ (1 + self.log_rate**2))

    @property
    def where(self) -> str:
        """How an error names the series.

        >>> Series("", np.array([]), np.array([]), np.array([])).where
        'trend'
        """
        return f'series "{self.name}"' if self.name else "trend"


def series_from(
    frame: pl.DataFrame, *, year: str = "year", rate: str = "rate", se: str | None = "se", name: str = ""
) -> Series:
    """The series of a frame with one row a year, in any order.

    Args:
        frame: year (number), rate (> 0, any unit), se (> 0, unit of the rate).
        se: column of standard errors; None = every year has the weight 1.
        name: what errors call the series.

    Raises:
        BadInput: a column is missing, a value is missing or out of range, a year comes twice, or fewer than two
            years.

    >>> found = series_from(pl.DataFrame({"year": [2001, 2000], "rate": [10.0, 20.0], "se": [1.0, 1.0]}))
    >>> found.years, found.weights
    (array([2000., 2001.]), array([400., 100.]))
    """
    columns = [year, rate] if se is None else [year, rate, se]
    where = f'series "{name}"' if name else "trend"
    for column in columns:
        if column not in frame.columns:
            raise BadInput(where, f"there is no column {column}")
    try:
        values = frame.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    except pl.exceptions.PolarsError:
        raise BadInput(where, f"{', '.join(columns)} must be numbers") from None
    values = values[np.argsort(values[:, 0], kind="stable")]
    years = values[:, 0]
    _check_years(years, where)
    for place, column in enumerate(columns[1:], start=1):
        _check_positive(values[:, place], years, where, column)
    rates = values[:, 1]
    weights = np.ones(years.size) if se is None else (rates / values[:, 2]) ** 2
    return Series(name, years, np.log(rates), weights)


def _check_years(years: np.ndarray, where: str) -> None:
    if not np.isfinite(years).all():
        raise BadInput(where, "a year is missing")
    twice = years[1:][np.diff(years) == 0]
    if twice.size:
        raise BadInput(where, f"the year {twice[0]:g} comes twice", "a series has one row a year")
    if years.size < 2:
        raise BadInput(where, f"{years.size} years", "a trend needs at least two")


def _check_positive(values: np.ndarray, years: np.ndarray, where: str, what: str) -> None:
    wrong = ~(np.isfinite(values) & (values > 0))
    if not wrong.any():
        return
    year, value = years[wrong][0], values[wrong][0]
    if value == 0:
        raise BadInput(where, f"the {what} of {year:g} is 0", "a log-linear trend needs values above 0")
    raise BadInput(where, f"the {what} of {year:g} is missing or not above 0")
