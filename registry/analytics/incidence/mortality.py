"""Mortality-to-incidence ratio: deaths of a cancer over new cases of it in the same people and years.

Source: Parkin DM, Bray F, Evaluation of data quality in the cancer registry II: completeness, Eur J Cancer 2009;45:756-764.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.analytics.incidence.cells import columns_of
from registry.errors import BadInput


def mortality_incidence(frame: pl.DataFrame, by: By = None, level: float = 0.95) -> pl.DataFrame:
    """Deaths over cases of each group, with log-normal limits that take both as independent Poisson counts.

    Args:
        frame: deaths, cases (whole numbers >= 0, none = unknown), and the grouping columns.
        by: grouping column(s).
        level: confidence level.

    Returns:
        `by`, deaths, cases, ratio, lower, upper (null where a count is 0 or unknown). Sorted by group.

    >>> mortality_incidence(pl.DataFrame({"deaths": [50], "cases": [100]})).select(pl.all().round(4)).row(0)
    (50.0, 100.0, 0.5, 0.3561, 0.7021)
    """
    groups = names(by)
    columns_of(frame, [*groups, "deaths", "cases"])
    for column in ("deaths", "cases"):
        if not frame.schema[column].is_numeric() or (frame[column] < 0).any():
            raise BadInput("mortality-to-incidence", f"{column} is not a count")
    summed = [
        pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).cast(pl.Float64).alias(name)
        for name in ("deaths", "cases")
    ]
    table = (
        frame.group_by(groups).agg(summed).sort(groups, nulls_last=True) if groups else frame.select(summed)
    )
    deaths, cases = (table[name].fill_null(float("nan")).to_numpy() for name in ("deaths", "cases"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(cases > 0, deaths / cases, np.nan)
        factor = np.exp(NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(1 / deaths + 1 / cases))
        low, high = (np.where(ratio > 0, one, np.nan) for one in (ratio / factor, ratio * factor))
    values = {"ratio": ratio, "lower": low, "upper": high}
    return table.with_columns(pl.Series(name, one, nan_to_null=True) for name, one in values.items())
