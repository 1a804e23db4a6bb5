"""Age-adjusted (directly standardised) rates with gamma limits. Sources of the limits: `gamma`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.incidence.cells import cells
from registry.analytics.incidence.gamma import Weighted, weighted_sum
from registry.analytics.incidence.rates import PER
from registry.analytics.incidence.standard_populations import Standard, Wanted, fitted
from registry.analytics.incidence.standard_populations import standard as named


def age_adjusted_rates(
    frame: pl.DataFrame,
    standard: Wanted | Sequence[Wanted] = "us2000",
    by: By = None,
    *,
    count: str = "count",
    population: str = "population",
    age: str = "age_group",
    per: float = PER,
    level: float = 0.95,
    rooms: bool = False,
) -> pl.DataFrame:
    """Rates that groups would have if their ages were those of a standard population.

    Args:
        frame: one row a cell: `by`, age group, count, population (person-years). Every age group that occurs
            anywhere is expected of every group: one without a row or a population makes the group's rate null.
        standard: us2000, world_segi_doll, europe_2013, a frame age_group, weight, or several of these. Only its
            weights at the ages of the frame are used, as shares of their sum.
        by: grouping column(s).
        count: column of the counts.
        population: column of the person-years.
        age: column of the age groups; coarser or finer ones than the standard's are brought together.
        per: rates are per so many person-years.
        level: confidence level.
        rooms: add the columns that F limits of rate ratios need: room_fay, room_square_fay, room_tiwari,
            room_square_tiwari.

    Returns:
        `by`, standard, count, population, missing_ages (age groups without a denominator), rate, se, lower (gamma),
        upper_fay_feuer, upper_tiwari. Sorted by group, standards in the order asked.

    Raises:
        BadInput: a column or standard is not there, or the ages do not fit.

    >>> frame = pl.DataFrame({"age_group": ["0-49", "50+"], "count": [1, 9], "population": [40000, 10000]})
    >>> weights = pl.DataFrame({"age_group": ["0-49", "50+"], "weight": [60, 40]})
    >>> age_adjusted_rates(frame, weights).select("rate", pl.col("se", "lower", "upper_tiwari").round(3)).row(0)
    (37.5, 12.093, 17.674, 68.11)
    """
    wanted = [standard] if isinstance(standard, str | Standard | pl.DataFrame) else list(standard)
    table = cells(frame, by, count, population, age)
    known = np.where((table.population <= 0) & (table.counts > 0), np.nan, table.population)
    parts = []
    for one in map(named, wanted):
        _, weights, matrix = fitted(one, table.groups)
        counts, people = table.counts @ matrix.T, known @ matrix.T
        found = weighted_sum(counts, people, weights, level)
        values = {
            "count": counts.sum(axis=1),
            "population": people.sum(axis=1),
            "missing_ages": np.isnan(known).sum(axis=1),
            **_scaled(found, per),
        }
        if rooms:
            values |= {"room_fay": found.largest * per, "room_square_fay": (found.largest * per) ** 2}
            values |= {"room_tiwari": found.mean * per, "room_square_tiwari": found.mean_square * per**2}
        parts.append(table.frame(standard=one.name, **values))
    if len(parts) == 1:
        return parts[0]
    keys = table.keys.columns
    order = {named(one).name: number for number, one in enumerate(wanted)}
    joined = pl.concat(parts).with_columns(pl.col("standard").replace_strict(order).alias("_order"))
    return joined.sort([*keys, "_order"], nulls_last=True).drop("_order")


def _scaled(found: Weighted, per: float) -> dict[str, np.ndarray]:
    return {
        "rate": found.value * per,
        "se": np.where(np.isnan(found.value), np.nan, np.sqrt(found.variance)) * per,
        "lower": found.lower * per,
        "upper_fay_feuer": found.upper_fay_feuer * per,
        "upper_tiwari": found.upper_tiwari * per,
    }
