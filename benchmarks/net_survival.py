"""CPU seconds of Pohar Perme's net survival in daily steps, one thread, beside relsurv's (R) on as many patients.

POLARS_MAX_THREADS=1 python -m benchmarks.net_survival [PATIENTS]

relsurv 2.2-9, rs.surv(add.times = every day): 1.57 s for 6,000 and 4.96 s for 20,000 patients; its time grows with the
patients, so beyond that 0.000248 s a patient are assumed.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from registry.analytics.relative import (
    LifeTable,
    age_weights,
    crude_probability,
    life_table,
    net_survival,
    relative_survival,
)

RELSURV = {6_000: 1.57, 20_000: 4.96}
AT = [365.25 * year for year in range(1, 21)]


def population() -> LifeTable:
    """Gompertz hazards that fall by calendar year, for two sexes, 1970-2030, ages 0-110."""
    sex, year, age = np.meshgrid([0, 1], np.arange(1970, 2031), np.arange(111), indexing="ij")
    yearly = np.minimum(2.0, np.exp(-10.2 + 0.092 * age - 0.5 * sex - 0.012 * (year - 1970)))
    return life_table(
        pl.DataFrame(
            {
                "sex": sex.ravel() + 1,
                "year": year.ravel(),
                "age": age.ravel(),
                "daily_hazard": yearly.ravel() / 365.25,
            }
        )
    )


def cohort(size: int) -> pl.DataFrame:
    """Diagnosed 1995-2015 at about 68 years, followed to 2018: half of them die."""
    random = np.random.default_rng(3)
    start = np.datetime64("1995-01-01", "D") + random.integers(0, 7600, size)
    age = np.clip(random.normal(68, 12, size), 18, 99) * 365.25
    latest = (np.datetime64("2018-12-31", "D") - start).astype(int)
    lived = random.exponential(3300, size)
    return pl.DataFrame(
        {
            "time": np.maximum(1.0, np.ceil(np.minimum(lived, latest))),
            "dead": lived < latest,
            "start": start,
            "born": start - age.astype(int),
            "sex": random.choice(["1", "2"], size),
            "stage": random.choice(["1", "2", "3", "9"], size),
        }
    )


def timed(work: Callable[[], object]) -> float:
    """The middle of three runs."""
    spent = []
    for _ in range(3):
        cpu = time.process_time()
        work()
        spent.append(time.process_time() - cpu)
    return sorted(spent)[1]


def main() -> None:
    table = population()
    net_survival(cohort(1000), table, at=AT)  # compiles, or loads what was compiled
    sizes = [int(sys.argv[1])] if len(sys.argv) > 1 else [6_000, 20_000, 200_000, 1_000_000]
    for size in sizes:
        frame = cohort(size)
        spent = timed(partial(net_survival, frame, table, at=AT))
        peer = RELSURV.get(size, size * RELSURV[20_000] / 20_000)
        print(f"pohar-perme {size:>9,}  {spent:7.3f} s   relsurv {peer:7.2f} s   {peer / spent:6.0f} ×")
    weights = age_weights("icss1")
    for name, work in {
        "by stage": lambda: net_survival(frame, table, "stage", AT),
        "by stage, ICSS 1": lambda: net_survival(frame, table, "stage", AT, age_weights=weights),
        "Ederer II": lambda: relative_survival(frame, table, "ederer2", at=AT),
        "Ederer I": lambda: relative_survival(frame, table, "ederer1", at=AT),
        "crude probability": lambda: crude_probability(frame, table, at=AT),
    }.items():
        print(f"{name:<20} {frame.height:>9,}  {timed(work):7.3f} s")


if __name__ == "__main__":
    main()
