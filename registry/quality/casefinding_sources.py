"""Casefinding sources of a hospital: which were reviewed, month by month, and what is still open.

Source: the sources that CoC and NPCR casefinding guidance names; a facility's own list replaces them.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.standards import dates

SOURCES = (
    "pathology and cytology", "disease index", "radiation oncology", "medical oncology", "surgery schedule",
    "imaging", "autopsy",
)  # fmt: skip
REVIEWED, OPEN, DUE, OVERDUE, NOT_YET = "reviewed", "open items", "due", "overdue", "not yet"
DUE_MONTHS = 1
"""A month is due as soon as it is over, and overdue when so many more have passed."""


def calendar(reviews: pl.DataFrame, sources: list[str], year: int, as_of: dt.date) -> pl.DataFrame:
    """Every source in every month of a year.

    Args:
        reviews: frame[source, month (1-12), reviewed, eligible, open_items, note, reviewed_by, reviewed_on, version]
            of one facility and year.
        sources: the facility's sources; those of `reviews` are added.

    Returns:
        frame[source, month, state (reviewed, open items, due, overdue, not yet), reviewed, eligible, open_items, note,
        reviewed_by, reviewed_on, version], in the order of the sources and months.

    >>> empty = pl.DataFrame(schema={"source": pl.String, "month": pl.Int64, **REVIEW})
    >>> calendar(empty, ["autopsy"], 2026, dt.date(2026, 3, 15))["state"].to_list()[:4]
    ['overdue', 'due', 'not yet', 'not yet']
    """
    known = [*dict.fromkeys([*sources, *sorted(set(reviews["source"]) - set(sources))])]
    grid = pl.DataFrame(
        {"source": known, "place": range(len(known))}, schema={"source": pl.String, "place": pl.Int64}
    )
    grid = grid.join(pl.DataFrame({"month": range(1, 13)}, schema={"month": pl.Int64}), how="cross")
    given = reviews.with_columns(pl.col("month").cast(pl.Int64))
    frame = grid.join(given, on=["source", "month"], how="left").sort("place", "month")
    # the first day after the month, and the day from which it is overdue
    over = dates.add_months(pl.date(year, pl.col("month"), 1), 1)
    late = dates.add_months(over, DUE_MONTHS)
    state = (
        pl.when(pl.col("reviewed_on").is_not_null() & (pl.col("open_items") > 0)).then(pl.lit(OPEN))
        .when(pl.col("reviewed_on").is_not_null()).then(pl.lit(REVIEWED))
        .when(late <= as_of).then(pl.lit(OVERDUE))
        .when(over <= as_of).then(pl.lit(DUE))
        .otherwise(pl.lit(NOT_YET))
    )  # fmt: skip
    return frame.with_columns(state=state).select("source", "month", "state", *REVIEW)


REVIEW = {
    "reviewed": pl.Int64, "eligible": pl.Int64, "open_items": pl.Int64, "note": pl.String, "reviewed_by": pl.String,
    "reviewed_on": pl.Date, "version": pl.Int64,
}  # fmt: skip
