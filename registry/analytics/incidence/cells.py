"""A frame of counts and populations as arrays: one row a group, one column an age group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.analytics.counts import By, code_groups, names
from registry.analytics.incidence import ages
from registry.errors import BadInput


@dataclass(frozen=True)
class Cells:
    """Counts and populations of some groups.

    Attributes:
        keys: the grouping columns, sorted, one row a group.
        groups: age groups in order of age.
        counts: [groups, ages]; 0 where the frame had no row.
        population: [groups, ages]; NaN where the frame had no row, or no number.
    """

    keys: pl.DataFrame
    groups: list[str]
    counts: np.ndarray
    population: np.ndarray

    def frame(self, **values: np.ndarray | str) -> pl.DataFrame:
        """The keys with columns of results, one value (or one text for all) a group; NaN becomes null."""
        size = self.counts.shape[0]
        columns = [
            pl.repeat(value, size, dtype=pl.String, eager=True).alias(name)
            if isinstance(value, str)
            else pl.Series(name, value, nan_to_null=True)
            for name, value in values.items()
        ]
        return pl.DataFrame([*self.keys.get_columns(), *columns])


def columns_of(frame: pl.DataFrame, wanted: list[str]) -> None:
    """Refuse a frame without these columns."""
    if missing := [name for name in wanted if name not in frame.columns]:
        raise BadInput("rates", f"there is no column {', '.join(missing)}", "check the name")


def cells(
    frame: pl.DataFrame,
    by: By = None,
    count: str = "count",
    population: str = "population",
    age: str = "age_group",
) -> Cells:
    """Counts and populations by group and age; rows of the same group and age group are added up.

    Args:
        frame: one row a cell of a table: `by`, age group, count (>= 0, none = 0), population (>= 0, none = unknown).
        by: grouping column(s).
        count: column of the counts.
        population: column of the person-years.
        age: column of the age groups, in any of the usual spellings.

    Raises:
        BadInput: a column is missing, an age group cannot be read, or a number is below 0.

    >>> frame = pl.DataFrame({"age_group": ["50+", "0-49"], "count": [9, 1], "population": [50.0, 100.0]})
    >>> cells(frame).counts.tolist(), cells(frame).groups
    ([[1.0, 9.0]], ['00-49', '50+'])
    """
    groups = names(by)
    columns_of(frame, [*groups, age, count, population])
    for column in (count, population):
        if not frame.schema[column].is_numeric():
            raise BadInput("rates", f"{column} is {frame.schema[column]}, a number is expected")
        low = (
            frame[column].drop_nulls().drop_nans().min()
            if frame.schema[column].is_float()
            else frame[column].min()
        )
        if low is not None and float(str(low)) < 0:
            raise BadInput("rates", f"{column} has a number below 0")
    texts = frame[age].cast(pl.String).fill_null("")
    seen = texts.unique().to_list()
    order = ages.order(seen)
    place = {ages.bounds(group): number for number, group in enumerate(order)}
    code = texts.replace_strict({text: place[ages.bounds(text)] for text in seen}, return_dtype=pl.Int64)
    row, keys = code_groups(frame, groups)
    size = keys.height if groups else 1, len(order)
    flat = row * size[1] + code.to_numpy().astype(np.int64)  # of no rows polars makes objects
    counted = frame[count].cast(pl.Float64).fill_nan(None).fill_null(0.0).to_numpy()
    people = frame[population].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    total = size[0] * size[1]
    present = np.bincount(flat, minlength=total) > 0
    summed = np.where(present, np.bincount(flat, weights=people, minlength=total), np.nan)
    return Cells(
        keys, order, np.bincount(flat, weights=counted, minlength=total).reshape(size), summed.reshape(size)
    )
