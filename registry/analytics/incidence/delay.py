"""Years whose cases are not all reported yet: which, and how that shows.

Sources: Clegg LX et al., Impact of reporting delay and reporting error on cancer incidence rates and trends, J Natl Cancer
Inst 2002;94:1537-1545 (SEER counts a year as submitted 22 months after its end); share reported so far: the
product-limit estimate for right-truncated delays, Kalbfleisch JD, Lawless JF, J Am Stat Assoc 1989;84:360-372.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from registry.analytics.incidence.cells import columns_of

SETTLED_MONTHS = 22
LOOK_BACK = 5
WATCHED = 5
"""Only so many last years are judged by their number of cases: older ones have had time."""
DOUBT = 0.01
SHORT = 0.95


def delay_flags(
    counts: pl.DataFrame, cut_off: dt.date, delays: pl.DataFrame | None = None, settled: int = SETTLED_MONTHS
) -> pl.DataFrame:
    """Years of diagnosis that are likely incomplete because reports are still on their way.

    Args:
        counts: year, count: cases by year of diagnosis as registered now.
        cut_off: day up to which reports are in.
        delays: diagnosed, reported (Date) of cases, where known: the share reported is estimated from them.
        settled: months after the end of a year until it counts as complete.

    Returns:
        year, count, months (from the year's end to the cut-off, at least 0), expected (mean of up to five settled years
        before; null without two), share (reported so far, 0-1, by the delays of all cases; null without them), incomplete
        (Boolean), reason. Sorted by year. A year is incomplete when it is not settled; when it is one of the last
        five, is more than 5 % short of what is expected and that has a probability below 1 % by chance; or when less than
        97 % of its cases are estimated to have been reported.

    >>> counts = pl.DataFrame({"year": [2018, 2019, 2020, 2021, 2022], "count": [100, 104, 98, 55, 20]})
    >>> flags = delay_flags(counts, dt.date(2023, 12, 1))
    >>> flags.select("year", "months", "incomplete").rows()[2:]
    [(2020, 35, False), (2021, 23, True), (2022, 11, True)]
    """
    columns_of(counts, ["year", "count"])
    summed = (
        counts.filter(pl.col("year").is_not_null()).group_by("year").agg(pl.col("count").sum()).sort("year")
    )
    shares = _shares(delays, cut_off) if delays is not None and delays.height else {}
    numbers = dict(summed.iter_rows())
    after = cut_off + dt.timedelta(days=1)
    rows = []
    steady: list[int] = []
    for year, count in numbers.items():
        months = max(0, (after.year - year - 1) * 12 + after.month - 1)
        reasons = []
        if months < settled:
            reasons.append(f"ended {months} months before the cut-off; reports are awaited for {settled}")
        before = steady[-LOOK_BACK:]
        expected = float(np.mean(before)) if len(before) >= 2 else None
        if expected is not None and year > cut_off.year - 1 - WATCHED and _below(count, before):
            reasons.append(
                f"{100 * count / expected:.0f} % of the cases that the {len(before)} settled years before lead to expect"
            )
        share = shares.get(year)
        if share is not None and share < 0.97:
            reasons.append(f"about {100 * share:.0f} % of its cases reported so far, judged by past delays")
        if not reasons:
            steady.append(count)
        rows.append((year, count, months, expected, share, bool(reasons), "; ".join(reasons)))
    schema = {
        "year": pl.Int64, "count": pl.Int64, "months": pl.Int64, "expected": pl.Float64, "share": pl.Float64,
        "incomplete": pl.Boolean, "reason": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _below(count: int, before: list[int]) -> bool:
    """Whether a count is 5 % short and too small to be chance, all years taken as Poisson with one mean."""
    from scipy.special import bdtr

    usual = sum(before) / len(before)
    if count >= SHORT * usual:  # large registries vary by more than chance from year to year
        return False
    total = count + sum(before)
    return bool(bdtr(count, total, 1 / (len(before) + 1)) < DOUBT)


def _shares(delays: pl.DataFrame, cut_off: dt.date) -> dict[int, float]:
    """Year of diagnosis → share of its cases reported by the cut-off, as far as delays have been seen at all."""
    columns_of(delays, ["diagnosed", "reported"])
    known = delays.select("diagnosed", "reported").drop_nulls().filter(
        (pl.col("diagnosed") <= cut_off) & (pl.col("reported") <= cut_off)
    )  # fmt: skip
    if known.is_empty():
        return {}
    months = {
        name: known[name].dt.year().to_numpy() * 12 + known[name].dt.month().to_numpy()
        for name in known.columns
    }
    room = cut_off.year * 12 + cut_off.month - months["diagnosed"]
    wait = np.minimum(np.maximum(months["reported"] - months["diagnosed"], 0), room)
    longest, widest = int(wait.max()), int(room.max())
    width = widest + 1
    cases = np.bincount(room.astype(np.int64) * width + wait, minlength=width * width).reshape(width, width)
    # Of those who could have waited j months or longer, the share of waits up to j that ended in month j.
    could = cases[::-1].cumsum(axis=0)[::-1]
    share = np.ones(longest + 2)
    for month in range(longest, 0, -1):
        ended, waited = int(could[month, month]), int(could[month, : month + 1].sum())
        share[month - 1] = share[month] * (1 - ended / waited if waited else 1)
    reached = share[np.minimum(room, longest)]
    years = known["diagnosed"].dt.year().to_numpy()
    # A reported case stands for 1 / share cases.
    first = int(years.min())
    there = np.bincount(years - first)
    all_of_them = np.bincount(years - first, weights=1 / np.maximum(reached, 1e-9))
    return {first + place: float(n / all_of_them[place]) for place, n in enumerate(there) if n}
