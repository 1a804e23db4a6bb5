"""Observed against expected deaths and survival of hospitals, as if each had the reference's death rates by case mix.

Indirect standardisation with follow-up of different length: a patient's expected deaths are the cumulative hazard
(Nelson–Aalen) of the reference patients of the same stage, age group and site up to the day the patient was last seen.
Source: Breslow NE, Day NE, Statistical Methods in Cancer Research II, IARC 1987, chapters 2 and 4 (observed and
expected events, exact limits of the observed); Byar's limits: ibid., equation 2.13.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import numpy as np
import polars as pl

from registry.analytics.incidence.poisson import exact_limits
from registry.errors import BadInput

SMALLEST_CELL: Final = 20
"""Reference patients that a cell of the case mix must have; smaller cells are joined."""


def case_mix(frame: pl.DataFrame, mix: list[str], smallest: int = SMALLEST_CELL) -> pl.Series:
    """Number of each patient's cell; cells with fewer than `smallest` patients are joined along the last columns first.

    Args:
        frame: reference patients. mix: columns, the most important first (stage, site_group, age_group).

    >>> frame = pl.DataFrame({"stage": ["L"] * 3 + ["D"], "age": ["1", "1", "2", "1"]})
    >>> case_mix(frame, ["stage", "age"], 2).to_list()
    [1, 1, 0, 0]
    """
    words = frame.select(pl.col(name).cast(pl.String).fill_null("?").cast(pl.Categorical) for name in mix)
    codes = [np.unique(words[name].to_physical().to_numpy(), return_inverse=True)[1] + 1 for name in mix]
    sizes = [int(code.max(initial=0)) + 1 for code in codes]
    level = np.full(frame.height, len(mix))
    for kept in range(len(mix), 0, -1):
        cell, size = _cells(codes, sizes, level)
        level = np.where((size[cell] < smallest) & (level == kept), kept - 1, level)
    return pl.Series("cell", _cells(codes, sizes, level)[0])


def _cells(codes: list[np.ndarray], sizes: list[int], level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cell of each patient, and how many each cell has; columns from a patient's level on do not count."""
    key = np.zeros(level.size, dtype=np.int64)
    for place, (code, size) in enumerate(zip(codes, sizes, strict=True)):
        key = key * size + np.where(level > place, code, 0)
    if math.prod(sizes) < 10 * level.size:  # numbers in order, without a sort
        counts = np.bincount(key)
        present = counts > 0
        return (np.cumsum(present) - 1)[key], counts[present]
    _, cell, counts = np.unique(key, return_inverse=True, return_counts=True)
    return cell, counts


def observed_expected(
    frame: pl.DataFrame,
    group: str = "facility",
    *,
    mix: list[str],
    horizon: int,
    time: str = "days",
    event: str = "dead",
    limits: Literal["exact", "byar"] = "exact",
    smallest: int = SMALLEST_CELL,
) -> pl.DataFrame:
    """Observed and expected deaths within `horizon` days of each group, and survival beside what its mix lets expect.

    Args:
        frame: one row a patient of every group; all of them together are the reference.
        group: column of the hospital; patients without one belong to the reference only.
        mix: columns of the case mix, the most important first.
        horizon: days of follow-up that count (1826 = five years).
        time: whole days >= 0 from diagnosis to death or last contact. event: Boolean, died then.
        limits: of observed / expected: exact Poisson, or Byar's approximation.
        smallest: see `case_mix`.

    Returns:
        group, patients, observed, expected, ratio (observed / expected), lower, upper (95 %), survival (Kaplan–Meier
        at the horizon, 0-1; null where nobody was observed so long and somebody lived), expected_survival (mean of the reference's
        survival over the group's mix), sorted by group. The expected deaths of everybody add up to the observed ones.

    >>> people = pl.DataFrame({"facility": ["A", "A", "B", "B"], "days": [10, 400, 30, 400], "dead": [True, False, True, False],
    ...     "stage": ["L"] * 4})
    >>> found = observed_expected(people, mix=["stage"], horizon=365, smallest=2)
    >>> found.select("facility", "observed", pl.col("expected").round(4)).rows()
    [('A', 1, 0.8333), ('B', 1, 1.1667)]
    """
    if horizon <= 0:
        raise BadInput("horizon", "is not a positive number of days", "give 1826 for five years")
    work = frame.select(
        pl.col(group).cast(pl.String).alias("_group"),
        *[pl.col(name) for name in mix],
        pl.col(time).clip(0, horizon).cast(pl.Int64).alias("_days"),
        (pl.col(event) & (pl.col(time) <= horizon)).alias("_dead"),
    )
    if work.height == 0:
        return pl.DataFrame(schema=_schema(group))
    cell = case_mix(work, mix, smallest).to_numpy()
    days, dead = work["_days"].to_numpy(), work["_dead"].to_numpy()
    hazard, survival = _reference(cell, days, dead, horizon)
    work = work.with_columns(
        pl.Series("_expected", hazard[cell, days]), pl.Series("_survival", survival[cell, horizon])
    )
    table = (
        work.filter(pl.col("_group").is_not_null())
        .group_by("_group")
        .agg(
            pl.len().cast(pl.Int64).alias("patients"),
            pl.col("_dead").sum().cast(pl.Int64).alias("observed"),
            pl.col("_expected").sum().alias("expected"),
            pl.col("_survival").mean().alias("expected_survival"),
            pl.col("_days").alias("_days"),
            pl.col("_dead").alias("_deaths"),
        )
        .sort("_group")
    )
    lived = [
        _survival_at(np.asarray(row["_days"]), np.asarray(row["_deaths"]), horizon)
        for row in table.iter_rows(named=True)
    ]
    ratio, low, high = ratio_limits(table["observed"].to_numpy(), table["expected"].to_numpy(), limits)
    return table.select(
        pl.col("_group").alias(group), "patients", "observed", "expected",
        pl.Series("ratio", ratio, nan_to_null=True), pl.Series("lower", low, nan_to_null=True),
        pl.Series("upper", high, nan_to_null=True), pl.Series("survival", lived, dtype=pl.Float64), "expected_survival",
    )  # fmt: skip


def ratio_limits(
    observed: np.ndarray, expected: np.ndarray, method: Literal["exact", "byar"] = "exact"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observed / expected with 95 % limits; NaN where nothing was expected.

    >>> [round(float(value[0]), 4) for value in ratio_limits(np.array([10]), np.array([8.0]))]
    [1.25, 0.5994, 2.2988]
    >>> [round(float(value[0]), 4) for value in ratio_limits(np.array([10]), np.array([8.0]), "byar")]
    [1.25, 0.5984, 2.2989]
    """
    if method == "exact":
        low, high = exact_limits(observed)
    else:
        more = observed + 1
        count = np.maximum(observed, 1)
        low = np.where(
            observed > 0, count * (1 - 1 / (9 * count) - 1.959963984540054 / (3 * np.sqrt(count))) ** 3, 0.0
        )
        high = more * (1 - 1 / (9 * more) + 1.959963984540054 / (3 * np.sqrt(more))) ** 3
    scale = np.where(expected > 0, expected, np.nan)
    return observed / scale, low / scale, high / scale


def _reference(
    cell: np.ndarray, days: np.ndarray, dead: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative hazard and survival of each cell at the end of each day, both of shape cells × (horizon + 1)."""
    cells, width = int(cell.max()) + 1, horizon + 1
    place = cell * width + days
    ends = np.bincount(place, minlength=cells * width).reshape(cells, width)
    deaths = np.bincount(place[dead], minlength=cells * width).reshape(cells, width)
    at_risk = np.cumsum(ends[:, ::-1], axis=1)[:, ::-1]
    step = deaths / np.maximum(at_risk, 1)
    return np.cumsum(step, axis=1), np.cumprod(1 - step, axis=1)


def _survival_at(days: np.ndarray, dead: np.ndarray, horizon: int) -> float | None:
    _, survival = _reference(np.zeros(days.size, dtype=np.int64), days, dead, horizon)
    last = survival[0, horizon]
    return float(last) if days.max() >= horizon or last == 0 else None


def _schema(group: str) -> dict[str, type[pl.DataType]]:
    numbers = ["expected", "ratio", "lower", "upper", "survival", "expected_survival"]
    return {
        group: pl.String,
        "patients": pl.Int64,
        "observed": pl.Int64,
        **dict.fromkeys(numbers, pl.Float64),
    }
