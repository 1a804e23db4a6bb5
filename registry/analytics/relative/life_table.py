"""Life tables: the hazard of death a day in the general population, by sex, calendar year, age and whatever else.

A person is in year y from 1 January, and in age a from the day on which the attained days reach 365.25 * a
(a column `age_start_days` says another cut). The cut is never truncated: doing so moves everybody's birthday by up
to a day and net survival by 1e-4. Years and ages outside the table take its first or last row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.errors import BadInput

YEAR = 365.25
"""Days in a year of age where the table does not say when an age begins."""
_WHERE = "life table"
_OWN = ("sex", "year", "age", "age_start_days", "daily_hazard")


@dataclass(frozen=True)
class LifeTable:
    """A life table as dense arrays.

    `hazard` is deaths a person-day by row (a combination of sex and further columns), year and age. `new_year` are the
    days (since 1970-01-01) on which the years begin, `age_days` the days of life on which the ages begin.
    """

    hazard: np.ndarray
    years: np.ndarray
    new_year: np.ndarray
    age_days: np.ndarray
    columns: tuple[str, ...]
    row_of: Mapping[tuple[str, ...], int]

    @property
    def strata(self) -> tuple[str, ...]:
        """The columns beside sex that a person must have to find the row."""
        return self.columns[1:]

    def codes(self, column: str = "sex") -> list[str]:
        """The values of a column that the table knows, sorted."""
        at = self.columns.index(column)
        return sorted({key[at] for key in self.row_of})

    def rows(self, frame: pl.DataFrame, columns: Mapping[str, str]) -> np.ndarray:
        """The row of each person.

        Args:
            frame: one row a person.
            columns: column of the table → column of the frame.

        Raises:
            BadInput: a column is missing, or a person's combination is not in the table.
        """
        keys = frame.select(_code(frame[columns[name]]).alias(name) for name in self.columns)
        known = pl.DataFrame(list(self.row_of), schema=list(self.columns), orient="row").with_columns(
            row=pl.Series(list(self.row_of.values()), dtype=pl.Int32)
        )
        found = keys.join(known, on=list(self.columns), how="left", maintain_order="left")["row"]
        if found.null_count():
            what = f"{found.null_count()} people have a {' × '.join(self.columns)} that it does not hold"
            raise BadInput(_WHERE, what, "leave them out, or load a table that holds them")
        return found.to_numpy()


def life_table(frame: pl.DataFrame) -> LifeTable:
    """Read a life table.

    Args:
        frame: sex, year, age (whole years), daily_hazard (deaths a person-day); optionally age_start_days (days of life on
            which the age begins, need not be whole; empty: 365.25 * age); every other column is one more thing that the hazard depends on
            (region, race), unless sex, year and age already tell every row apart (then it is a label). Rows in any
            order; each combination has the same years and ages.

    Raises:
        BadInput: a column is missing, a value is missing or negative, a row stands twice or is not there.

    >>> frame = pl.DataFrame({"sex": ["1", "1"], "year": [2000, 2000], "age": [0, 1], "daily_hazard": [2e-5, 1e-6]})
    >>> life_table(frame).age_days.tolist()
    [0.0, 365.25]
    """
    missing = [name for name in ("sex", "year", "age", "daily_hazard") if name not in frame.columns]
    if missing:
        raise BadInput(
            _WHERE, f"has no column {', '.join(missing)}", "see docs: sex, year, age, daily_hazard"
        )
    further = sorted(name for name in frame.columns if name not in _OWN)
    alone = frame.select("sex", "year", "age").is_unique().all()
    columns = ("sex", *(() if alone else further))
    start = pl.col("age").cast(pl.Float64, strict=False) * YEAR
    if "age_start_days" in frame.columns:
        start = pl.coalesce(pl.col("age_start_days").cast(pl.Float64, strict=False), start)
    table = frame.select(
        *(_code(frame[name]).alias(name) for name in columns),
        frame["year"].cast(pl.Int32, strict=False),
        start.alias("start"),
        frame["daily_hazard"].cast(pl.Float64, strict=False),
    )
    _check(table)
    table = table.sort(*columns, "year", "start")
    years, ages = (table[name].unique().sort().to_numpy() for name in ("year", "start"))
    keys = table.select(columns).unique(maintain_order=True).rows()
    if len(keys) * len(years) * len(ages) != table.height:
        what = "not every sex (and further column) has the same years and ages"
        raise BadInput(_WHERE, what, "fill the gaps or leave the years out")
    new_year = np.array([f"{year:04d}-01-01" for year in years], "datetime64[D]").astype(np.int64)
    hazard = table["daily_hazard"].to_numpy().reshape(len(keys), len(years), len(ages)).copy()
    return LifeTable(hazard, years, new_year, ages, columns, {key: row for row, key in enumerate(keys)})


def _check(table: pl.DataFrame) -> None:
    if not table.height:
        raise BadInput(_WHERE, "holds no rows")
    for name, count in zip(table.columns, table.null_count().row(0), strict=True):
        if count:
            raise BadInput(_WHERE, f"{count} rows have no usable {name.replace('start', 'age')}")
    if not table["year"].is_between(1, 9999).all():
        raise BadInput(_WHERE, "has a year outside 1-9999")
    hazard = table["daily_hazard"]
    if not (hazard.is_finite() & (hazard >= 0)).all():
        raise BadInput(_WHERE, "has a daily_hazard that is negative or not finite")
    twice = table.height - table.select(pl.exclude("daily_hazard")).n_unique()
    if twice:
        raise BadInput(_WHERE, f"{twice} rows stand twice (same sex, year, age and further columns)")


def _code(values: pl.Series) -> pl.Series:
    """Codes as text; a number without its zeros: 1, 1.0 and "1" are one code."""
    return values.cast(pl.String).str.strip_chars().str.replace(r"^(\d+)\.0+$", "$1")
