"""Standard patient populations by age, for survival that is comparable between places and times.

The three International Cancer Survival Standards: Corazziari I, Quinn M, Capocaccia R, Eur J Cancer 2004;40:2307-2316.
Their table stands in `data/icss.csv` by five years of age (made by `build`). `icss1` means the standard in the five
groups in which survival is reported (15-44, 45-54, 55-64, 65-74, 75 and over), `icss1_5year` all sixteen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from registry.analytics.relative.life_table import YEAR
from registry.errors import BadInput

TABLE = Path(__file__).parent / "data" / "icss.csv"
_BROAD = (15, 45, 55, 65, 75)
_WHERE = "age weights"


@dataclass(frozen=True)
class AgeWeights:
    """Weight of each age group; `age_from` in years, rising, the last group is open."""

    name: str
    age_from: np.ndarray
    weight: np.ndarray

    def places(self, age_days: np.ndarray) -> np.ndarray:
        """Number of the age group of each person, -1 for those younger than the first.

        >>> age_weights("icss1").places(np.array([15 * 365, 16436, 16437])).tolist()
        [-1, 0, 1]
        """
        return np.searchsorted(self.age_from * YEAR, age_days, side="right") - 1


def age_weights(standard: str | pl.DataFrame | AgeWeights) -> AgeWeights:
    """A standard by name, or one's own.

    Args:
        standard: icss1, icss2, icss3 (five age groups), icss1_5year … (sixteen), or a frame age_from (years), weight.

    Raises:
        BadInput: there is no such standard, or the frame has faults.

    >>> age_weights("icss2").weight.tolist()
    [28000.0, 17000.0, 21000.0, 20000.0, 14000.0]
    """
    if isinstance(standard, AgeWeights):
        return standard
    if isinstance(standard, str):
        if standard not in standards():
            raise BadInput(_WHERE, f'"{standard}" is no standard', f"use {', '.join(standards())}")
        return _published()[standard]
    missing = [name for name in ("age_from", "weight") if name not in standard.columns]
    if missing:
        raise BadInput(_WHERE, f"has no column {', '.join(missing)}", "name age_from and weight")
    ages, weights = (standard[name].cast(pl.Float64, strict=False) for name in ("age_from", "weight"))
    if not len(ages) or ages.null_count() or weights.null_count():
        raise BadInput(_WHERE, "an age_from or weight is empty or no number")
    if (
        not (ages.is_finite() & (ages >= 0) & weights.is_finite() & (weights >= 0)).all()
        or not weights.sum() > 0
    ):
        raise BadInput(_WHERE, "ages and weights must be 0 or more, and some weight above 0")
    if ages.n_unique() < len(ages):
        raise BadInput(_WHERE, "an age_from stands twice")
    order = ages.arg_sort()
    return AgeWeights("own", ages.gather(order).to_numpy(), weights.gather(order).to_numpy())


def standards() -> list[str]:
    """Names of the standards."""
    return list(_published())


@cache
def _published() -> dict[str, AgeWeights]:
    table = pl.read_csv(TABLE)
    found = {}
    for (name,), rows in sorted(table.group_by("standard"), key=lambda part: str(part[0][0])):
        ages, weights = (
            rows.sort("age_from")[column].to_numpy().astype(float) for column in ("age_from", "weight")
        )
        place = np.searchsorted(_BROAD, ages, side="right") - 1
        broad = np.bincount(place[place >= 0], weights[place >= 0])
        found[str(name)] = AgeWeights(str(name), np.array(_BROAD, float), broad)
        found[f"{name}_5year"] = AgeWeights(f"{name}_5year", ages, weights)
    return dict(sorted(found.items()))
