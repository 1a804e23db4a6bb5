"""Standardised incidence ratio: observed cases over those expected at reference rates, with exact limits.

Source: Breslow NE, Day NE, Statistical Methods in Cancer Research II, IARC 1987, chapter 2.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.analytics.incidence.cells import cells, columns_of
from registry.analytics.incidence.poisson import exact_limits
from registry.errors import BadInput


def standardised_incidence_ratios(
    frame: pl.DataFrame,
    reference: pl.DataFrame,
    by: By = None,
    within: By = None,
    *,
    count: str = "count",
    population: str = "population",
    age: str = "age_group",
    level: float = 0.95,
) -> pl.DataFrame:
    """Observed over expected cases of each group.

    Args:
        frame: one row a cell of those studied: `by`, age group, count, population (person-years).
        reference: the same of those compared with, in the same age groups; its age-specific rates are used.
        by: grouping column(s) of the result.
        within: those of them that the reference has too: each group is compared with its own part of it.
        count: column of the counts.
        population: column of the person-years.
        age: column of the age groups.
        level: confidence level.

    Returns:
        `by`, observed, expected, sir, lower, upper (exact, Poisson observed, expected taken as known). Null where a
        denominator of the group or of the reference is missing, or nothing is expected. Sorted by group.

    Raises:
        BadInput: a column is missing, `within` is no part of `by`, or the age groups differ.

    >>> studied = pl.DataFrame({"age_group": ["0-49", "50+"], "count": [2, 8], "population": [1000, 1000]})
    >>> others = pl.DataFrame({"age_group": ["0-49", "50+"], "count": [10, 40], "population": [10000, 10000]})
    >>> standardised_incidence_ratios(studied, others).select(pl.all().round(4)).row(0)
    (10.0, 5.0, 2.0, 0.9591, 3.6781)
    """
    groups, parts = names(by), names(within)
    if not set(parts) <= set(groups):
        raise BadInput("SIR", "the reference is divided by columns that the groups do not have")
    columns_of(reference, [*parts, count, population, age])
    table, base = cells(frame, by, count, population, age), cells(reference, within, count, population, age)
    if missing := [group for group in table.groups if group not in base.groups]:
        raise BadInput(
            "SIR", f"the reference has no age group {', '.join(missing)}", "use the same age groups"
        )
    order = [base.groups.index(group) for group in table.groups]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(base.population > 0, base.counts / base.population, np.nan)[:, order]
    people = np.where((table.population <= 0) & (table.counts > 0), np.nan, table.population)
    rates = rates[_places(table.keys, base.keys, parts)] if parts else np.broadcast_to(rates[0], people.shape)
    # Where nobody lived nothing is expected, whatever the reference knows.
    expected = np.where(people == 0, 0.0, people * rates).sum(axis=1)
    observed = table.counts.sum(axis=1)
    lower, upper = exact_limits(observed, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, low, high = (
            np.where(expected > 0, one / expected, np.nan) for one in (observed, lower, upper)
        )
    return table.frame(observed=observed, expected=expected, sir=ratio, lower=low, upper=high)


def _places(keys: pl.DataFrame, base: pl.DataFrame, parts: list[str]) -> np.ndarray:
    """Row of the reference for each group."""
    joined = keys.select(parts).join(
        base.with_row_index("_place"), on=parts, how="left", nulls_equal=True, maintain_order="left"
    )
    if joined["_place"].null_count():
        raise BadInput("SIR", "the reference has no rows for some of the groups", "compare with less columns")
    return joined["_place"].to_numpy().astype(np.int64)
