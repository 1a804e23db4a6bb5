"""Dates of follow-up: last contact, due, delinquent, status and whole months since contact."""

from __future__ import annotations

import calendar
import datetime as dt

import polars as pl

from registry.followup.configuration import FollowUpConfiguration
from registry.standards import dates

STATUSES = ("DELINQUENT", "OVERDUE", "DUE", "CURRENT")


def text(frame: pl.DataFrame, item: str) -> pl.Expr:
    """Item as stripped text, blank = null; null when the frame has no such column."""
    if item not in frame.columns:
        return pl.lit(None, dtype=pl.String).alias(item)
    stripped = pl.col(item).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped).alias(item)


def first_day(frame: pl.DataFrame, item: str, where: pl.Expr | None = None) -> pl.Expr:
    """Earliest day (Date) an item can mean; takes NAACCR text and Date columns alike.

    Nobody becomes current through a missing day: 201508 counts as 2015-08-01. Rows outside `where`
    are not parsed and come out null.
    """
    if item in frame.columns and frame.schema[item] == pl.Date:
        return pl.col(item) if where is None else pl.when(where).then(pl.col(item)).alias(item)
    value = text(frame, item)
    return dates.earliest(value if where is None else pl.when(where).then(value)).alias(item)


def status(last_contact: pl.Expr, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """DELINQUENT, OVERDUE, DUE or CURRENT of a living person by the day of last contact (Date).

    The day `delinquent_months` after contact is still current for the rate (OVERDUE, not DELINQUENT).
    A person without any known contact is DELINQUENT.

    >>> frame = pl.DataFrame({"seen": [dt.date(2025, 7, 31), dt.date(2025, 7, 30), dt.date(2025, 10, 31), None]})
    >>> settings = FollowUpConfiguration()
    >>> frame.select(status(pl.col("seen"), dt.date(2026, 10, 31), settings)).to_series().to_list()
    ['OVERDUE', 'DELINQUENT', 'DUE', 'DELINQUENT']
    """
    due = dates.add_months(last_contact, configuration.due_months)
    ahead = dates.months_after(as_of, configuration.due_ahead_months)
    return (
        pl.when(is_current(last_contact, as_of, configuration).not_())
        .then(pl.lit("DELINQUENT"))
        .when(due < as_of)
        .then(pl.lit("OVERDUE"))
        .when(due <= ahead)
        .then(pl.lit("DUE"))
        .otherwise(pl.lit("CURRENT"))
    )


def is_current(last_contact: pl.Expr, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """True while the delinquent date has not passed; False without a known contact."""
    return (dates.add_months(last_contact, configuration.delinquent_months) >= as_of).fill_null(False)


def whole_months(since: pl.Expr, as_of: dt.date) -> pl.Expr:
    """Most months that can be added to `since` without passing `as_of` (Int32; null when unknown).

    A month later is the same day, cut to the month's last day: from 31 August to 28 February are six.

    >>> frame = pl.DataFrame({"seen": [dt.date(2025, 8, 31), dt.date(2025, 9, 1), dt.date(2024, 2, 29)]})
    >>> frame.select(whole_months(pl.col("seen"), dt.date(2026, 2, 28))).to_series().to_list()
    [6, 5, 24]
    """
    months = (as_of.year - since.dt.year()) * 12 + as_of.month - since.dt.month().cast(pl.Int32)
    month_end = calendar.monthrange(as_of.year, as_of.month)[1]
    not_reached = pl.min_horizontal(since.dt.day().cast(pl.Int32), month_end) > as_of.day
    return (pl.when(since.is_not_null()).then(months - not_reached.cast(pl.Int32))).cast(pl.Int32)
