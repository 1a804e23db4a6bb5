"""CPU seconds of comparing tumor pairs of all eras, clean and dirty. Run: python -m benchmarks.primaries [pairs]"""

from __future__ import annotations

import sys
import time

import numpy as np
import polars as pl

from registry.coding.primaries import compare_tumors
from registry.coding.primaries.codes import entries, names

SEED = 4


def pairs(size: int) -> pl.DataFrame:
    """Random pairs: half of them in one organ, all eras, one cell in twenty blank or wrong."""
    rng = np.random.default_rng(SEED)
    organs = np.array([f"C{number:02d}" for number in range(81)])
    one = rng.choice(organs, size)
    other = np.where(rng.random(size) < 0.5, one, rng.choice(organs, size))
    year = rng.integers(1985, 2026, size)
    shift = np.where(rng.random(size) < 0.6, 0, rng.integers(-6, 7, size))
    frame = {**_tumor(rng, one, year, "_1"), **_tumor(rng, other, np.clip(year + shift, 1980, 2026), "_2")}
    same = rng.random(size) < 0.4
    frame["histologyIcdO3_2"] = np.where(same, frame["histologyIcdO3_1"], frame["histologyIcdO3_2"])
    return pl.DataFrame({name: pl.Series(values.tolist(), dtype=pl.String) for name, values in frame.items()})


def _tumor(
    rng: np.random.Generator, organ: np.ndarray, year: np.ndarray, suffix: str
) -> dict[str, np.ndarray]:
    size = len(organ)
    hematopoietic = rng.integers(9590, 9994, size).astype(str)
    histology = np.where(rng.random(size) < 0.2, hematopoietic, rng.choice(_histologies(), size))
    date = [
        f"{y}{m:02d}{d:02d}"[:length]
        for y, m, d, length in zip(
            year,
            rng.integers(1, 13, size),
            rng.integers(1, 29, size),
            rng.choice([8, 6, 4], size, p=[0.9, 0.05, 0.05]),
            strict=True,
        )
    ]
    columns = {
        "primarySite": np.char.add(organ, rng.integers(0, 10, size).astype(str)),
        "histologyIcdO3": histology,
        "behaviorIcdO3": rng.choice(["3", "2", "1", "0"], size, p=[0.7, 0.2, 0.05, 0.05]),
        "histologyIcdO2": np.where(year < 2001, histology, ""),
        "behaviorIcdO2": np.where(year < 2001, "3", ""),
        "laterality": rng.choice(["0", "1", "2", "9", ""], size, p=[0.3, 0.3, 0.3, 0.05, 0.05]),
        "dateOfDiagnosis": np.array(date),
    }
    for name in ("primarySite", "histologyIcdO3", "behaviorIcdO3", "laterality", "dateOfDiagnosis"):
        columns[name] = np.where(rng.random(size) < 0.01, rng.choice(["", "X", "9999"], size), columns[name])
    return {name + suffix: values for name, values in columns.items()}


def _histologies() -> np.ndarray:
    named = {entry.code[:4] for name in names() for entry in entries(name) if entry.code[:1] in "89"}
    return np.array(sorted(named))


def main() -> None:
    """Print pairs per CPU second; the first call loads the tables and is not counted."""
    frame = pairs(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
    compare_tumors(frame.head(1000))
    start, clock = time.process_time(), time.perf_counter()
    found = compare_tumors(frame)
    cpu, wall = time.process_time() - start, time.perf_counter() - clock
    print(f"{frame.height:,} pairs: {cpu:.2f} CPU s, {wall:.2f} s, {frame.height / cpu:,.0f} pairs per CPU s")
    print(found["result"].value_counts(sort=True))
    print(f"{found.select('group_id', 'step').n_unique()} different rules decided")


if __name__ == "__main__":
    main()
