"""NAACCR dates: YYYYMMDD, YYYYMM or YYYY as text, blank when unknown.

From version 23 a date is left blank when nothing is known of it; older versions carry a date
flag beside a blank date. A known year with an unknown month or day is a *partial* date. Every
function here comes as a polars expression over text columns; the scalar twins serve screens and
tests and go through the same expressions' rules.

Source: NAACCR Data Standards and Data Dictionary, version 26, "Date" data type.
"""

from __future__ import annotations

import calendar
import datetime as dt

import polars as pl

FORMATS = r"^[1-9]\d{3}(\d{2}(\d{2})?)?$"
"""A year, then perhaps month and day; 0000 is what other programs write for no date."""


def _text(date: pl.Expr | str) -> pl.Expr:
    column = pl.col(date) if isinstance(date, str) else date
    return column.cast(pl.String).str.strip_chars()


def _day(year_month_day: pl.Expr) -> pl.Expr:
    return year_month_day.str.to_date("%Y%m%d", strict=False)


def earliest(date: pl.Expr | str) -> pl.Expr:
    """First day (Date) that a full or partial date can mean; null when blank or not a date.

    >>> frame = pl.DataFrame({"dateOfDiagnosis": ["20240229", "201508", "2015", "20230229", None]})
    >>> [str(day) for day in frame.select(earliest("dateOfDiagnosis")).to_series()]
    ['2024-02-29', '2015-08-01', '2015-01-01', 'None', 'None']
    """
    text = _text(date)
    padded = text + pl.when(text.str.len_bytes() == 4).then(pl.lit("0101")).when(
        text.str.len_bytes() == 6
    ).then(pl.lit("01")).otherwise(pl.lit(""))
    return _day(pl.when(text.str.contains(FORMATS)).then(padded))


def latest(date: pl.Expr | str) -> pl.Expr:
    """Last day (Date) that a full or partial date can mean; null when blank or not a date.

    >>> frame = pl.DataFrame({"dateOfDiagnosis": ["20240229", "202402", "2015"]})
    >>> [str(day) for day in frame.select(latest("dateOfDiagnosis")).to_series()]
    ['2024-02-29', '2024-02-29', '2015-12-31']
    """
    text = _text(date)
    first = earliest(text)
    return (
        pl.when(text.str.len_bytes() == 4)
        .then(first.dt.offset_by("11mo").dt.month_end())
        .when(text.str.len_bytes() == 6)
        .then(first.dt.month_end())
        .otherwise(first)
    )


def is_valid(date: pl.Expr | str) -> pl.Expr:
    """True for a real full or partial calendar date, False for any other text, null when blank.

    >>> frame = pl.DataFrame({"dateOfBirth": ["195803", "19581301", "1958-03-01", None]})
    >>> frame.select(is_valid("dateOfBirth")).to_series().to_list()
    [True, False, False, None]
    """
    text = _text(date)
    return pl.when(text.is_not_null() & (text != "")).then(earliest(text).is_not_null())


def is_full(date: pl.Expr | str) -> pl.Expr:
    """True when year, month and day are known and real; False otherwise (also when blank)."""
    text = _text(date)
    return ((text.str.len_bytes() == 8) & earliest(text).is_not_null()).fill_null(False)


def year(date: pl.Expr | str) -> pl.Expr:
    """Year (Int32) of a full or partial date; null when blank or not a date."""
    return earliest(date).dt.year().cast(pl.Int32)


def add_months(day: pl.Expr, months: int) -> pl.Expr:
    """Same day of the month `months` later, cut to the month's last day (Date in, Date out).

    >>> frame = pl.DataFrame({"day": [dt.date(2024, 2, 29)]})
    >>> str(frame.select(add_months(pl.col("day"), 12)).item())
    '2025-02-28'
    """
    return day.dt.offset_by(f"{months}mo")


def months_after(day: dt.date, months: int) -> dt.date:
    """Scalar twin of `add_months`.

    >>> months_after(dt.date(2026, 10, 31), -60)
    datetime.date(2021, 10, 31)
    """
    number = day.year * 12 + day.month - 1 + months
    year_, month = divmod(number, 12)
    return dt.date(year_, month + 1, min(day.day, calendar.monthrange(year_, month + 1)[1]))


def earliest_date(text: str | None) -> dt.date | None:
    """Scalar twin of `earliest`.

    >>> earliest_date("201508")
    datetime.date(2015, 8, 1)
    """
    text = (text or "").strip()
    if len(text) not in (4, 6, 8) or not (text.isascii() and text.isdigit()):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6] or 1), int(text[6:8] or 1))
    except ValueError:
        return None


def latest_date(text: str | None) -> dt.date | None:
    """Scalar twin of `latest`.

    >>> latest_date("2015")
    datetime.date(2015, 12, 31)
    """
    first = earliest_date(text)
    if first is None:
        return None
    size = len((text or "").strip())
    if size == 4:
        return dt.date(first.year, 12, 31)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1]) if size == 6 else first
