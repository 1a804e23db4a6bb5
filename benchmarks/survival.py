"""CPU seconds of Kaplan-Meier with limits and at-risk table by site, stage and sex on a million patients.

python -m benchmarks.survival [PATIENTS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from registry.analytics import kaplan_meier, log_rank, number_at_risk

BY = ["site", "stage", "sex"]


def cohort(size: int) -> pl.DataFrame:
    random = np.random.default_rng(2)
    days = np.minimum(random.exponential(2000, size), random.uniform(1, 5500, size)).astype(np.int32)
    return pl.DataFrame({
        "months": days * 12 / 365.25,
        "dead": random.random(size) < 0.5,
        "site": pl.Series(random.integers(0, 30, size)).cast(pl.String),
        "stage": random.choice(["0", "1", "3", "7", "9"], size),
        "sex": random.choice(["1", "2"], size),
    })  # fmt: skip


def timed(name: str, work: Callable[[], object]) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    print(f"{name:34} {time.process_time() - cpu:6.2f} CPU-s {time.perf_counter() - wall:6.2f} s")


def main(size: int) -> None:
    frame = cohort(size)
    timed("kaplan_meier, all", lambda: kaplan_meier(frame))
    timed("kaplan_meier, site x stage x sex", lambda: kaplan_meier(frame, by=BY))
    monthly = frame.with_columns(pl.col("months").floor())
    timed("the same in whole months", lambda: kaplan_meier(monthly, by=BY))
    timed("number_at_risk, site x stage x sex", lambda: number_at_risk(frame, range(0, 121, 12), BY))
    one = frame.filter(pl.col("site") == "3")
    timed("filter change: one site by stage", lambda: kaplan_meier(one, by="stage"))
    timed("log_rank by stage", lambda: log_rank(frame, "stage"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
