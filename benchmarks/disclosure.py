"""CPU seconds of disclosure control on tables with all their totals, and how much of them is hidden.

OPENBLAS_NUM_THREADS=1 python -m benchmarks.disclosure
"""

from __future__ import annotations

import time

import numpy as np
import polars as pl

from registry.analytics.disclosure import publish_counts

AXES = ("site", "year", "county", "sex")
TABLES = {(24, 20): 30, (24, 20, 2): 20, (10, 5, 10, 2): 30, (24, 5, 20, 2): 30, (24, 10, 20, 2): 30}
"""Categories of each axis: mean count of a cell."""


def table(sizes: tuple[int, ...], mean: float) -> pl.DataFrame:
    random = np.random.default_rng(11)
    expected = np.full(sizes, mean)
    for axis, size in enumerate(sizes):
        expected = expected * random.gamma(0.8, 1.2, [size if k == axis else 1 for k in range(len(sizes))])
    counts = random.poisson(expected)
    for axis in range(len(sizes)):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    places = np.indices(counts.shape).reshape(len(sizes), -1)
    return pl.DataFrame(dict(zip(AXES, places, strict=False))).with_columns(count=pl.Series(counts.ravel()))


def main() -> None:
    publish_counts(table((3, 3), 9), by=["site", "year"], totals={"site": 3, "year": 3})
    print(f"{'table':18}{'rows':>8}{'small':>8}{'hidden':>8}{'CPU-s':>8}")
    for sizes, mean in TABLES.items():
        frame = table(sizes, mean)
        by = list(AXES[: len(sizes)])
        cpu = time.process_time()
        shown = publish_counts(frame, by=by, totals=dict(zip(by, sizes, strict=True)))
        cpu = time.process_time() - cpu
        small = frame.filter(pl.col("count").is_between(1, 10)).height
        name = " x ".join(map(str, sizes))
        print(f"{name:18}{frame.height:8,}{small:8,}{shown['hidden'].sum():8,}{cpu:8.2f}")


if __name__ == "__main__":
    main()
