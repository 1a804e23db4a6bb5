"""CPU seconds of Kaplan–Meier with limits and at-risk table by site, stage and sex on a million patients.

POLARS_MAX_THREADS=1 python -m benchmarks.survival [PATIENTS]
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from registry.analytics import (
    kaplan_meier,
    log_rank,
    median_survival,
    number_at_risk,
    survival_at,
)
from registry.analytics.counts import code_groups, tally
from registry.analytics.survival.kaplan_meier import curve_frame

BY = ["site", "stage", "sex"]
POINTS = [365.25 * year for year in range(11)]


def cohort(size: int) -> pl.DataFrame:
    """Days as the analysis frame has them, groups as Enum; months and text for those who come with these."""
    random = np.random.default_rng(2)
    days = np.minimum(random.exponential(2000, size), random.uniform(1, 5500, size)).astype(np.int32)
    sites, stages = [f"{site:02}" for site in range(30)], ["0", "1", "3", "7", "9"]
    frame = pl.DataFrame({
        "days": days,
        "months": days * 12 / 365.25,
        "dead": random.random(size) < 0.5,
        "year": random.integers(2000, 2020, size).astype(np.int16),
        "site": random.choice(sites, size),
        "stage": random.choice(stages, size),
        "sex": random.choice(["1", "2"], size),
    })  # fmt: skip
    text = [pl.col(name).alias(f"{name}_text") for name in BY]
    kinds = {"site": pl.Enum(sites), "stage": pl.Enum(stages), "sex": pl.Enum(["1", "2"])}
    return frame.with_columns(text).with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())


def timed(name: str, work: Callable[[], object], limit: float | None = None) -> None:
    """The middle of three runs, as the first one also pays for memory."""
    spent = []
    for _ in range(3):
        cpu = time.process_time()
        work()
        spent.append(time.process_time() - cpu)
    bound = f"   <= {limit} {'yes' if sorted(spent)[1] <= limit else 'NO'}" if limit else ""
    print(f"{name:52} {sorted(spent)[1]:6.3f} CPU-s{bound}")


def figure(frame: pl.DataFrame, by: str | list[str], time: str = "days") -> None:
    """What a screen shows: the curve with limits, the table beneath it."""
    kaplan_meier(frame, time, by=by)
    number_at_risk(frame, POINTS, by, time=time)


def coded_figure(frame: pl.DataFrame, by: str | list[str]) -> None:
    """The same from one count: curve, table, values, medians."""
    code, groups = code_groups(frame, by)
    counted = tally(code, frame["days"].to_numpy(), frame["dead"].to_numpy(), groups.height)
    curve_frame(counted, groups, pl.Int32)
    counted.at(np.array(POINTS))


def main(size: int) -> None:
    """Print the table."""
    frame = cohort(size)
    print(f"{size:,} patients, {frame.select(pl.struct(BY).n_unique()).item()} groups")
    timed("curve + limits + at risk, site x stage x sex", lambda: figure(frame, BY), 0.5)
    timed("the same from one count of coded columns", lambda: coded_figure(frame, BY), 0.5)
    text = [f"{name}_text" for name in BY]
    timed("the same, groups as text", lambda: figure(frame, text), 0.5)
    timed("the same, times not whole", lambda: figure(frame, BY, "months"))
    one = pl.col("site") == "03"
    timed("filter change: one site, by stage", lambda: figure(frame.filter(one), "stage"), 0.15)
    recent = pl.col("year") >= 2010
    timed("filter change: years (half), by stage", lambda: figure(frame.filter(recent), "stage"), 0.15)
    most = pl.col("year") > 2000
    timed("filter change: years (95 %), by stage", lambda: figure(frame.filter(most), "stage"), 0.15)
    every = lambda: coded_figure(frame.filter(most), BY)  # noqa: E731
    timed("filter change: years (95 %), site x stage x sex", every, 0.15)
    curve = kaplan_meier(frame, "days", by=BY)
    timed(
        "values at 11 times and medians of all curves",
        lambda: (survival_at(curve, POINTS, BY), median_survival(curve, BY)),
    )
    timed("log-rank by stage", lambda: log_rank(frame, "stage", time="days"))
    timed("log-rank by stage within site", lambda: log_rank(frame, "stage", time="days", strata="site"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
