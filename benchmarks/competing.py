"""CPU seconds of cumulative incidence, Gray's test and Cox's model on a million people.

POLARS_MAX_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.competing [PEOPLE]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from registry.analytics import aalen_johansen, cox, gray_test

COVARIATES = ["age", "grade", "size", "nodes"]


def people(size: int) -> pl.DataFrame:
    random = np.random.default_rng(7)
    covariates = random.normal(size=(size, len(COVARIATES)))
    died = random.exponential(2000 * np.exp(-covariates @ [0.3, 0.2, 0.1, 0.0]))
    days = np.minimum(died, random.uniform(1, 5500, size)).astype(np.int32)
    cause = np.where(died < 5500, random.integers(0, 3, size), 0).astype(np.int8)
    return pl.DataFrame({
        "days": days, "cause": cause, "dead": cause == 1, "stage": random.integers(0, 5, size).astype(np.int8),
        "county": random.integers(0, 20, size), **dict(zip(COVARIATES, covariates.T, strict=True)),
    })  # fmt: skip


def timed(name: str, work: Callable[[], object]) -> None:
    work()
    spent = []
    for _ in range(3):
        cpu = time.process_time()
        work()
        spent.append(time.process_time() - cpu)
    print(f"{name:48} {min(spent):7.3f} CPU-s")


def main(size: int) -> None:
    frame = people(size)
    print(f"{size:,} people, whole days, two causes; best of three after one to warm up")
    timed("aalen_johansen, all days, se", lambda: aalen_johansen(frame))
    timed("aalen_johansen by stage", lambda: aalen_johansen(frame, by="stage"))
    timed("gray_test by stage", lambda: gray_test(frame, "stage", 1))
    timed("cox, 4 numbers, Efron, with concordance", lambda: cox(frame, COVARIATES))
    timed("the same in 20 strata", lambda: cox(frame, COVARIATES, strata="county"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
