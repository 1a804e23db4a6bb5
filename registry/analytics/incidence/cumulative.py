"""Cumulative rate and cumulative risk up to an age.

Source: Day NE, Cumulative rate and cumulative risk, in: Cancer Incidence in Five Continents IV, IARC Scientific
Publications 42, 1982; limits of the weighted sum: `gamma`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.incidence import ages
from registry.analytics.incidence.cells import cells
from registry.analytics.incidence.gamma import weighted_sum
from registry.errors import BadInput


def cumulative_rates(
    frame: pl.DataFrame,
    by: By = None,
    age_from: int = 0,
    age_to: int = 75,
    *,
    count: str = "count",
    population: str = "population",
    age: str = "age_group",
    level: float = 0.95,
) -> pl.DataFrame:
    """Sum of age-specific rates times the years of each age group, and the risk that follows from it, in per cent.

    Args:
        frame: one row a cell: `by`, age group, count, population (person-years).
        by: grouping column(s).
        age_from: first age.
        age_to: the age before which it ends: 75 gives the usual 0-74.
        count: column of the counts.
        population: column of the person-years.
        age: column of the age groups; the open last one has no width and cannot be taken in.
        level: confidence level.

    Returns:
        `by`, count (at these ages), cumulative_rate, rate_se, rate_lower, rate_upper (gamma, Tiwari), cumulative_risk =
        100 (1 - exp(-rate / 100)), risk_lower, risk_upper: of those who would not die of anything else. Null where
        an age group has no denominator. Sorted by group.

    Raises:
        BadInput: the ages are no boundaries of the age groups, or some of the ages are not there.

    >>> frame = pl.DataFrame({"age_group": ["0-4", "5-9", "10+"], "count": [5, 10, 7], "population": [1000, 1000, 10]})
    >>> cumulative_rates(frame, age_to=10).select(pl.col("cumulative_rate", "cumulative_risk").round(4)).row(0)
    (7.5, 7.2257)
    """
    table = cells(frame, by, count, population, age)
    chosen, widths, reached = [], [], age_from
    for place, group in enumerate(table.groups):
        low, high = ages.bounds(group) or (0, ages.OPEN)
        if low == reached and high <= age_to:
            chosen.append(place)
            widths.append(high - low)
            reached = high
    if reached != age_to or age_to <= age_from:
        raise BadInput(
            "cumulative rate", f"the age groups do not make up the ages {age_from} to {age_to - 1}"
        )
    counts = table.counts[:, chosen]
    found = weighted_sum(counts, table.population[:, chosen], np.array(widths, dtype=float), level)
    rate, lower, upper = found.value, found.lower, found.upper_tiwari
    return table.frame(
        count=counts.sum(axis=1),
        cumulative_rate=100 * rate,
        rate_se=100 * np.where(np.isnan(rate), np.nan, np.sqrt(found.variance)),
        rate_lower=100 * lower,
        rate_upper=100 * upper,
        cumulative_risk=-100 * np.expm1(-rate),
        risk_lower=-100 * np.expm1(-lower),
        risk_upper=-100 * np.expm1(-upper),
    )
