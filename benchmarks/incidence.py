"""CPU seconds of a whole incidence table: sites x years x counties x sex, with rates and all limits, in one pass.

python -m benchmarks.incidence [TUMORS]

The input is a polars frame as DuckDB or Parquet gives it: site, county, sex as Enum, year Int16, age UInt8; it lies in memory.
Timed is everything from there: codes out of the columns, age groups, counting, populations brought to the axes,
crude and age-adjusted rates, exact, gamma, Fay-Feuer and Tiwari limits. Once with libraries loaded, in one thread.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl

from registry.analytics.incidence import AGE_GROUPS, age_code, counted, fitted, rate_table

SITES, YEARS, COUNTIES, SEXES = 30, 20, 60, 2
FIRST_YEAR = 2004
Result = TypeVar("Result")


def tumors(size: int) -> pl.DataFrame:
    random = np.random.default_rng(3)
    kinds = {
        "site": pl.Enum([f"Site {number:02d}" for number in range(SITES)]),
        "county": pl.Enum([f"{2 * number + 1:03d}" for number in range(COUNTIES)]),
        "sex": pl.Enum(["1", "2"]),
    }
    drawn = {
        "site": np.minimum(random.exponential(5, size), SITES - 1),
        "county": np.minimum(random.exponential(15, size), COUNTIES - 1),
        "sex": random.integers(0, SEXES, size),
    }
    columns = {
        name: pl.Series(drawn[name].astype(np.uint8)).replace_strict(
            dict(enumerate(kind.categories)), return_dtype=kind
        )
        for name, kind in kinds.items()
    }
    year = pl.Series(random.integers(FIRST_YEAR, FIRST_YEAR + YEARS, size), dtype=pl.Int16)
    age = pl.Series(np.clip(random.normal(65, 14, size), 0, 105), dtype=pl.Float64).cast(pl.UInt8)
    return pl.DataFrame({**columns, "year": year, "age": age})


def timed(name: str, work: Callable[[], Result]) -> Result:
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    print(f"{name:46} {time.process_time() - cpu:6.2f} CPU-s {time.perf_counter() - wall:6.2f} s")
    return result


def count(frame: pl.DataFrame) -> np.ndarray:
    codes = [frame[name].to_physical().to_numpy() for name in ("site", "county", "sex")]
    site, county, sex = codes
    year = (frame["year"] - FIRST_YEAR).to_numpy()
    age = frame.select(age_code("age")).to_series().to_numpy()
    return counted([site, year, county, sex, age], [SITES, YEARS, COUNTIES, SEXES, len(AGE_GROUPS)])


def main(size: int) -> None:
    frame = tumors(size)
    people = np.random.default_rng(4).uniform(500, 50_000, (1, YEARS, COUNTIES, SEXES, len(AGE_GROUPS)))
    _, weights, _ = fitted("us2000", AGE_GROUPS)
    rate_table(count(frame[:1000]), people, weights)  # libraries loaded
    cells = SITES * YEARS * COUNTIES * SEXES
    print(
        f"{size:,} tumors; {SITES} sites x {YEARS} years x {COUNTIES} counties x {SEXES} sexes = {cells:,} rates"
    )
    counts = timed("counted by age", lambda: count(frame))
    timed("rates and limits", lambda: rate_table(counts, people, weights))
    timed("the whole table", lambda: rate_table(count(frame), people, weights))
    assert counts.sum() == size


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000_000)
