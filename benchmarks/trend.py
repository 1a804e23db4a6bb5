"""CPU seconds of joinpoint models: the grid search, the choice by BIC and by permutation, and plain least squares beside.

POLARS_MAX_THREADS=1 python -m benchmarks.trend [YEARS]
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np
import polars as pl

from registry.analytics import joinpoint
from registry.analytics.trend.grid import legal_sets

SERIES = 20


def rates(years: int, seed: int) -> pl.DataFrame:
    """A rate near 50 that turns twice, with the noise of some 2,000 cases a year."""
    random = np.random.default_rng(seed)
    year = np.arange(years)
    log = (
        np.log(50)
        + 0.02 * year
        - 0.05 * np.maximum(year - years // 3, 0)
        + 0.04 * np.maximum(year - 2 * years // 3, 0)
    )
    rate = np.exp(log + random.normal(0, 0.022, years))
    return pl.DataFrame({"year": year + 1975, "rate": rate, "se": rate * 0.022})


def plain(frame: pl.DataFrame, joinpoints: int) -> tuple[int, ...]:
    """Every set of joinpoints, one numpy.linalg.lstsq each."""
    year, rate, se = (frame[name].to_numpy() for name in ("year", "rate", "se"))
    root, best = rate / se, (np.inf, ())
    for places in combinations(range(2, year.size - 2), joinpoints):
        if any(after - before < 3 for before, after in pairwise(places)):
            continue
        hinges = [np.maximum(year - year[place], 0) for place in places]
        matrix = np.column_stack([np.ones(year.size), year - year[0], *hinges]) * root[:, None]
        rest = root * np.log(rate) - matrix @ np.linalg.lstsq(matrix, root * np.log(rate), rcond=None)[0]
        best = min(best, (float(rest @ rest), places))
    return tuple(int(year[place]) for place in best[1])


def timed(work: Callable[[pl.DataFrame], object], frames: list[pl.DataFrame]) -> float:
    """CPU seconds a series."""
    cpu = time.process_time()
    for frame in frames:
        work(frame)
    return (time.process_time() - cpu) / len(frames)


def main(years: int) -> None:
    """Print the table."""
    frames = [rates(years, seed) for seed in range(SERIES)]
    cpu = time.process_time()
    joinpoint(frames[0])
    print(f"{years} years; first call: {time.process_time() - cpu:.3f} CPU-s\n")
    print(
        f"{'up to':>6}{'sets':>9}{'BIC':>10}{'one by one':>13}{'ratio':>8}{'permutation, 4,499':>20}   CPU-s a series; <= 0.5"
    )
    for most in (1, 2, 3, 4, 5):
        sets = sum(len(legal_sets(years, number)) for number in range(most + 1))
        ours = timed(lambda frame, most=most: joinpoint(frame, max_joinpoints=most), frames)
        test = timed(
            lambda frame, most=most: joinpoint(frame, max_joinpoints=most, select="permutation"), frames[:4]
        )
        beside = (
            ""
            if most > 3
            else timed(
                lambda frame, most=most: [plain(frame, number) for number in range(most + 1)], frames[:1]
            )
        )
        shown = f"{beside:13.3f}{beside / ours:8.0f}" if beside else f"{'':13}{'':8}"
        print(f"{most:6}{sets:9,}{ours:10.4f}{shown}{test:20.2f}   {'yes' if ours <= 0.5 else 'NO'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 35)
