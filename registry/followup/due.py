"""Dates of follow-up: last contact, due, delinquent, status and whole months since contact.

Adding months keeps the order of days, so "is the day fifteen months later still to come?" is one comparison with
one day (`first_with`), whatever the size of the registry.
"""

from __future__ import annotations

import calendar
import datetime as dt
from functools import cache

import numpy as np
import polars as pl

from registry.followup.configuration import FollowUpConfiguration
from registry.standards import dates

STATUSES = ("DELINQUENT", "OVERDUE", "DUE", "CURRENT")
_FIRST_YEAR, _NO_YEAR = 1000, 9999
_NO_DAY = np.iinfo(np.int32).min


def text(frame: pl.DataFrame, item: str) -> pl.Expr:
    """Item as stripped text, blank = null; null when the frame has no such column."""
    if item not in frame.columns:
        return pl.lit(None, dtype=pl.String).alias(item)
    stripped = pl.col(item).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped).alias(item)


def stripped(frame: pl.DataFrame, item: str) -> pl.Series:
    """Item as stripped text; nulls when the frame has no such column."""
    if item not in frame.columns:
        return pl.Series(item, [None], dtype=pl.String).new_from_index(0, frame.height)
    return frame[item].cast(pl.String).str.strip_chars()


def first_day(frame: pl.DataFrame, item: str) -> pl.Series:
    """Earliest day (Date) that each value of an item can mean; nulls when the frame has no such column."""
    return first_days(frame[item] if item in frame.columns else stripped(frame, item))


def first_days(values: pl.Series) -> pl.Series:
    """Earliest day (Date) that full and partial NAACCR dates can mean; takes text and Date alike.

    Nobody becomes current through a missing day: 201508 counts as 2015-08-01. What is no date of the calendar is
    unknown (null), the year 9999 too. Same as `dates.earliest` else, in a fraction of its time.

    >>> written = ["20240229", "201508", "2015", "20230229", "99999999", "9999", "2015082", " ", None]
    >>> [str(day) for day in first_days(pl.Series(written))]
    ['2024-02-29', '2015-08-01', '2015-01-01', 'None', 'None', 'None', 'None', 'None', 'None']
    """
    if values.dtype == pl.Date:
        known = values.dt.year().is_between(_FIRST_YEAR, _NO_YEAR - 1)
        return pl.select(pl.when(known).then(values)).to_series().alias(values.name)
    words = values.cast(pl.String).str.strip_chars()
    number, size = words.cast(pl.Int32, strict=False), words.str.len_bytes()
    padded = (
        pl.when(size == 8).then(number).when(size == 6).then(number * 100 + 1).when(size == 4).then(number * 10_000 + 101)
    )  # fmt: skip
    whole = np.maximum(pl.select(padded.fill_null(0)).to_series().to_numpy(), 0)
    starts, lengths = _months()
    month = whole // 100
    day = whole - month * 100
    known = (day > 0) & (day <= lengths[month])
    found = np.where(known, starts[month] + day - 1, _NO_DAY).astype(np.int32, copy=False)
    days = pl.Series(values.name, found)
    return pl.select(pl.when(days != _NO_DAY).then(days).cast(pl.Date)).to_series().alias(values.name)


@cache
def _months() -> tuple[np.ndarray, np.ndarray]:
    """By year * 100 + month: the month's first day (days since 1970-01-01) and its length, 0 where there is none."""
    starts, lengths = np.zeros(1_000_000, dtype=np.int32), np.zeros(1_000_000, dtype=np.int8)
    year = np.repeat(np.arange(_FIRST_YEAR, _NO_YEAR), 12)
    month = np.tile(np.arange(12), _NO_YEAR - _FIRST_YEAR)
    since = (year - 1970) * 12 + month
    first, after = (
        count.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for count in (since, since + 1)
    )
    starts[year * 100 + month + 1], lengths[year * 100 + month + 1] = first, after - first
    return starts, lengths


def first_with(day: dt.date, months: int) -> dt.date:
    """First day to which `months` can be added without falling before `day`.

    >>> first_with(dt.date(2026, 10, 31), 15), first_with(dt.date(2026, 3, 31), 1)
    (datetime.date(2025, 7, 31), datetime.date(2026, 3, 1))
    """
    before = dates.months_after(day, -months)
    return before if dates.months_after(before, months) >= day else before + dt.timedelta(days=1)


def to_come(last_contact: pl.Expr, as_of: dt.date, months: int) -> pl.Expr:
    """True when the day `months` after the last contact is `as_of` or later; False without a known contact."""
    return (last_contact >= first_with(as_of, months)).fill_null(False)


def is_current(last_contact: pl.Expr, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """True while the delinquent date has not passed; False without a known contact."""
    return to_come(last_contact, as_of, configuration.delinquent_months)


def is_listed(last_contact: pl.Expr, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """True when the due date falls before the end of what a list made on `as_of` covers, or nobody knows it."""
    return (last_contact >= not_listed_from(as_of, configuration)).fill_null(False).not_()


def not_listed_from(as_of: dt.date, configuration: FollowUpConfiguration) -> dt.date:
    """First day of last contact with which nobody is on a list made on `as_of`.

    >>> not_listed_from(dt.date(2026, 10, 31), FollowUpConfiguration())
    datetime.date(2025, 12, 1)
    """
    covered = dates.months_after(as_of, configuration.due_ahead_months)
    return first_with(covered + dt.timedelta(days=1), configuration.due_months)


def status(last_contact: pl.Expr, as_of: dt.date, configuration: FollowUpConfiguration) -> pl.Expr:
    """DELINQUENT, OVERDUE, DUE or CURRENT of a living person by the day of last contact (Date).

    The day `delinquent_months` after contact is still current for the rate (OVERDUE, not DELINQUENT).
    A person without any known contact is DELINQUENT.

    >>> frame = pl.DataFrame({"seen": [dt.date(2025, 7, 31), dt.date(2025, 7, 30), dt.date(2025, 10, 31), None]})
    >>> settings = FollowUpConfiguration()
    >>> frame.select(status(pl.col("seen"), dt.date(2026, 10, 31), settings)).to_series().to_list()
    ['OVERDUE', 'DELINQUENT', 'DUE', 'DELINQUENT']
    """
    return (
        pl.when(is_current(last_contact, as_of, configuration).not_())
        .then(pl.lit("DELINQUENT"))
        .when(to_come(last_contact, as_of, configuration.due_months).not_())
        .then(pl.lit("OVERDUE"))
        .when(is_listed(last_contact, as_of, configuration))
        .then(pl.lit("DUE"))
        .otherwise(pl.lit("CURRENT"))
    )


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
