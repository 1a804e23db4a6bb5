"""CPU seconds of the nightly suites, which see counts only: they cost the same for any registry.

python -m benchmarks.suites [RECORDS ...]

For each size: records are made up, summed up in small frames (this process), and judged by Great Expectations (a child
process, import and data docs included; its CPU is what `RUSAGE_CHILDREN` says).
"""

from __future__ import annotations

import datetime as dt
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

import expectations
from registry.quality import indicator_values, suite_frames, write_suite_frames
from registry.quality.completeness import required_items
from registry.quality.drift import drift_items
from registry.standards import code_lists

AS_OF = dt.date(2026, 11, 1)
FACILITIES = 150
FIRST, LAST = 1996, 2025


def day(random: np.random.Generator, years: np.ndarray) -> pl.Series:
    numbers = years * 10_000 + random.integers(1, 13, years.size) * 100 + random.integers(1, 29, years.size)
    return pl.Series(numbers).cast(pl.String)


def later(days: pl.Series, random: np.random.Generator, most: int) -> pl.Series:
    numbers = days.str.to_date("%Y%m%d").cast(pl.Int32) + pl.Series(
        random.integers(1, most, days.len())
    ).cast(pl.Int32)
    return numbers.cast(pl.Date).dt.strftime("%Y%m%d")


def cohort(size: int) -> pl.DataFrame:
    """Records of 30 years and 150 facilities; codes evenly from the published lists."""
    random = np.random.default_rng(1)
    diagnosed = day(random, random.integers(FIRST, LAST + 1, size))
    completed = later(diagnosed, random, 240)
    frame = pl.DataFrame(
        {
            "tumor_id": np.arange(size),
            "patient_id": random.integers(0, max(1, size * 10 // 11), size),
            "facility_id": pl.Series(random.integers(1, FACILITIES + 1, size)).cast(pl.String).str.zfill(10),
            "dateOfDiagnosis": diagnosed,
            "dateOf1stContact": diagnosed,
            "dateCaseCompleted": completed,
            "dateCaseReportReceived": later(completed, random, 60),
            "dateOfLastContact": day(random, random.integers(LAST, LAST + 1, size)),
        }
    )
    for item in dict.fromkeys([*required_items()["item"], *drift_items()["item"], "ageAtDiagnosis"]):
        if item not in frame.columns:
            codes = code_lists.codes(item)["code"].to_list()[:20] or ["1", "2"]
            frame = frame.with_columns(
                pl.Series(item, codes).gather(random.integers(0, len(codes), size)).alias(item)
            )
    return frame


def failures(size: int) -> pl.DataFrame:
    """One failure for every ten records, over 268 edits."""
    number = pl.Series(np.arange(0, size, 10))
    return pl.DataFrame(
        {
            "tumor_id": number,
            "edit": "edit-" + (number % 268).cast(pl.String),
            "severity": pl.Series(["error", "review", "warning"]).gather(number % 3),
            "state": pl.Series(["open", "open", "overridden"]).gather(number % 7 % 3),
        }
    )


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(sizes: list[int]) -> None:
    for size in sizes:
        records, failed = cohort(size), failures(size)
        cpu = time.process_time()
        indicator_values(records, AS_OF, failed)
        values, cpu = time.process_time() - cpu, time.process_time()
        made = suite_frames(None, records, AS_OF, failures=failed)
        made_in = time.process_time() - cpu
        with tempfile.TemporaryDirectory() as folder:
            rows = write_suite_frames(made, Path(folder) / "frames")
            before, wall = children(), time.perf_counter()
            found = expectations.check(Path(folder) / "frames", Path(folder) / "docs")
            judged, wall = children() - before, time.perf_counter() - wall
        print(
            f"{size:>9,} records: 41 indicators {values:.2f} CPU-s, frames {made_in:.2f} CPU-s ({sum(rows.values()):,} rows), "
            f"{found['expectations']} expectations {judged:.1f} CPU-s ({wall:.1f} s wall)"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000, 1_000_000])
