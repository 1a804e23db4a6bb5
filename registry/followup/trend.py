"""How follow-up rates went over time.

A rate of an earlier day needs what was known on that day: a patient who was lost then and found since counts as
current today. Nobody can compute that from today's data, so the trend is made of rates that were kept when their
day had come (a monthly job), one a period: the last of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from registry.errors import BadInput
from registry.standards import dates

Every = Literal["month", "quarter", "year"]
MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}


def period_of(day: dt.date, every: str) -> str:
    """Name of the period a day lies in.

    >>> [period_of(dt.date(2026, 11, 1), every) for every in MONTHS]
    ['2026-11', '2026Q4', '2026']
    """
    names = {"month": f"{day:%Y-%m}", "quarter": f"{day.year}Q{(day.month + 2) // 3}", "year": str(day.year)}
    if every not in names:
        raise BadInput("trend", f"there is no {every!r}", f"choose of {', '.join(MONTHS)}")
    return names[every]


def trend(kept: pl.DataFrame, as_of: dt.date, *, every: str = "month", periods: int = 12) -> pl.DataFrame:
    """One row a period, unit and window, the oldest period first.

    Args:
        kept: rates as they were kept: day (Date), unit, window, whatever figures; one row a day, unit and window.
        as_of: last day; periods end with the one it lies in.
        every: "month", "quarter" or "year".
        periods: how many.

    Returns:
        period, day (Date: the one asked about, null when nothing was kept), unit, window, the figures, note ("" or why
        there are none); in a period without kept rates one row of every unit and window that was ever kept.

    Raises:
        BadInput: no such `every`, or fewer than one period.

    >>> kept = pl.DataFrame({"day": [dt.date(2026, 9, 1)], "unit": "patient", "window": "since_reference", "rate_pct": 90.0})
    >>> trend(kept, dt.date(2026, 10, 31), periods=3).select("period", "rate_pct", "note").rows()
    [('2026-08', None, 'not kept: before the first kept run (2026-09-01)'), ('2026-09', 90.0, ''), ('2026-10', None, 'not kept')]
    """
    if not 1 <= periods <= 1200:
        raise BadInput("trend", f"{periods} periods cannot be shown", "ask for 1 to 1200")
    period_of(as_of, every)
    kept = kept.filter(pl.col("day") <= as_of)
    first = kept["day"].min()
    names = [
        period_of(dates.months_after(as_of.replace(day=1), -MONTHS[every] * back), every)
        for back in reversed(range(periods))
    ]
    days = kept["day"].to_list()
    kept = kept.with_columns(pl.Series("period", [period_of(day, every) for day in days], pl.String))
    newest = kept.filter(pl.col("day") == pl.col("day").max().over("period", "unit", "window"))
    rows = kept.select("unit", "window").unique(maintain_order=True).with_row_index("_order")
    grid = pl.DataFrame({"period": names}).join(rows, how="cross")
    whole = grid.join(newest, on=["period", "unit", "window"], how="left", maintain_order="left")
    before = f"not kept: before the first kept run ({first!s})"
    early = pl.col("period") < (period_of(first, every) if isinstance(first, dt.date) else "")
    note = pl.when(pl.col("day").is_not_null()).then(pl.lit("")).when(early).then(pl.lit(before))
    return whole.drop("_order").select(
        "period", "day", "unit", "window", pl.exclude("period", "day", "unit", "window"),
        note.otherwise(pl.lit("not kept")).alias("note"),
    )  # fmt: skip
