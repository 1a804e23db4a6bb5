"""Crude and age-specific rates with exact Poisson limits.

Source: Jensen OM et al., Cancer Registration: Principles and Methods, IARC Scientific Publications 95, 1991, chapter 11.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.incidence.cells import cells
from registry.analytics.incidence.poisson import exact_limits

PER = 100_000


def crude_rates(
    frame: pl.DataFrame,
    by: By = None,
    *,
    count: str = "count",
    population: str = "population",
    age: str = "age_group",
    per: float = PER,
    level: float = 0.95,
) -> pl.DataFrame:
    """Cases per 100,000 person-years, all ages together.

    Args:
        frame: one row a cell: `by`, age group, count, population (person-years).
        by: grouping column(s).
        count: column of the counts.
        population: column of the person-years; a missing one makes the group's rate null, never a 0.
        age: column of the age groups.
        per: rates are per so many person-years.
        level: confidence level.

    Returns:
        `by`, count (Float64), population, rate, se (Poisson), lower, upper (exact). Sorted by group.

    Raises:
        BadInput: a column is missing or a number below 0.

    >>> frame = pl.DataFrame({"age_group": ["0-49", "50+"], "count": [1, 9], "population": [40000, 10000]})
    >>> crude_rates(frame).select(pl.all().round(3)).row(0)
    (10.0, 50000.0, 20.0, 6.325, 9.591, 36.781)
    """
    table = cells(frame, by, count, population, age)
    counts, people = table.counts.sum(axis=1), _people(table.counts, table.population).sum(axis=1)
    return table.frame(**_values(counts, people, per, level))


def age_specific_rates(
    frame: pl.DataFrame,
    by: By = None,
    *,
    count: str = "count",
    population: str = "population",
    age: str = "age_group",
    per: float = PER,
    level: float = 0.95,
) -> pl.DataFrame:
    """Rates of each age group: as `crude_rates`, with the column age_group after `by`, in order of age.

    >>> frame = pl.DataFrame({"age_group": ["50+", "0-49"], "count": [9, 1], "population": [10000, 40000]})
    >>> age_specific_rates(frame).select("age_group", "rate").rows()
    [('00-49', 2.5), ('50+', 90.0)]
    """
    table = cells(frame, by, count, population, age)
    size, width = table.counts.shape
    keys = table.keys[np.repeat(np.arange(size), width)] if table.keys.width else table.keys
    groups = pl.Series("age_group", table.groups * size, dtype=pl.Enum(table.groups))
    people = _people(table.counts, table.population)
    values = _values(table.counts.ravel(), people.ravel(), per, level)
    return pl.DataFrame(
        [
            *keys.get_columns(),
            groups,
            *(pl.Series(name, one, nan_to_null=True) for name, one in values.items()),
        ]
    )


def _people(counts: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Person-years; unknown where nobody lived but somebody fell ill."""
    return np.where((population <= 0) & (counts > 0), np.nan, population)


def _values(counts: np.ndarray, people: np.ndarray, per: float, level: float) -> dict[str, np.ndarray]:
    lower, upper = exact_limits(counts, level)
    scale = np.divide(per, people, out=np.full(people.shape, np.nan), where=people > 0)
    return {
        "count": counts,
        "population": people,
        "rate": counts * scale,
        "se": np.sqrt(counts) * scale,
        "lower": lower * scale,
        "upper": upper * scale,
    }
