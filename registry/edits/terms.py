"""The edits' vocabulary: what rules talk about, said once and computed once a run.

A *term* is a named column derived from the items, such as `@site` (the topography code's number)
or `dateOfDiagnosis@first` (earliest day that the date can mean, as the number YYYYMMDD). Rules get
terms from the functions here; the engine sees which terms its edits use and adds them in one pass.
Terms see only valid values, except `@raw` copies.

Dates are plain numbers here because numbers compare ten times faster than parsed dates; a property
test holds them equal to `registry.standards.dates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import polars as pl

AS_OF = pl.col("@as_of")
"""Day of judgement as the number YYYYMMDD."""

OVERDUE_BEFORE = pl.col("@overdue_before")
"""Fifteen months before the day of judgement, YYYYMMDD (the 13-15 month delinquency window)."""

_NAMED: dict[str, Callable[[], pl.Expr]] = {}


def _named(name: str) -> Callable[[Callable[[], pl.Expr]], pl.Expr]:
    def keep(make: Callable[[], pl.Expr]) -> pl.Expr:
        _NAMED[name] = make
        return pl.col(name)

    return keep


def definition(name: str) -> pl.Expr | None:
    """Expression of the term called `name`, None when it is an ordinary column.

    >>> definition("dateOfDiagnosis@year").meta.root_names()
    ['dateOfDiagnosis@first']
    """
    if name in _NAMED:
        return _NAMED[name]()
    item, _, kind = name.partition("@")
    return _OF_ITEM[kind](item) if item and kind in _OF_ITEM else None


BY_VALUE: dict[str, tuple[Callable[[], pl.Expr], Callable[[Any], Any]]] = {}
"""Terms that a Python function gives: what it is asked of, and the function."""


def by_value(
    name: str, key: Callable[[], pl.Expr], function: Callable[[Any], Any], dtype: type[pl.DataType]
) -> pl.Expr:
    """A term that a Python function gives for each distinct value of an expression (null for null).

    For what no expression can say, such as a search in a table with wildcards. A frame asks the
    function once a distinct value, one record asks it directly.

    Args:
        name: the term's name, beginning with `@`.
        key: makes the expression, often `pl.concat_str` of items with a separator.
        function: takes a value that is not null; None is null.
        dtype: type of what it returns.
    """

    def column() -> pl.Expr:
        def answers(values: pl.Series) -> pl.Series:
            distinct = values.drop_nulls().unique()
            known = pl.Series([function(value) for value in distinct], dtype=dtype)
            return values.replace_strict(distinct, known, default=None, return_dtype=dtype)

        return key().map_batches(answers, return_dtype=dtype)

    _NAMED[name] = column
    BY_VALUE[name] = key, function
    return pl.col(name)


# --- of one item -----------------------------------------------------------------------------


def raw(item: str) -> pl.Expr:
    """The item as reported, valid or not."""
    return pl.col(f"{item}@raw")


def blank(item: str) -> pl.Expr:
    """True when nothing was reported at all (an invalid value is not blank)."""
    return raw(item).is_null()


def first(item: str) -> pl.Expr:
    """Earliest day the date item can mean, as the number YYYYMMDD."""
    return pl.col(f"{item}@first")


def last(item: str) -> pl.Expr:
    """Latest day the date item can mean, as a number (day 31 stands for any month's end)."""
    return pl.col(f"{item}@last")


def year(item: str) -> pl.Expr:
    """Year of the date item."""
    return pl.col(f"{item}@year")


def number(item: str) -> pl.Expr:
    """The item's digits as a number."""
    return pl.col(f"{item}@number")


def digits(item: str) -> pl.Expr:
    """The date item's digits as reported, as one number; null unless 4, 6 or 8 characters long."""
    return pl.col(f"{item}@digits")


def day(item: str) -> pl.Expr:
    """Earliest day of the date item as reported (YYYYMMDD), real or not."""
    return pl.col(f"{item}@day")


def _digits(item: str) -> pl.Expr:
    size = pl.col(item).str.len_bytes()
    number_ = pl.col(item).cast(pl.Int32, strict=False)
    return pl.when((size == 8) | (size == 6) | (size == 4)).then(number_)


def _earliest(item: str) -> pl.Expr:
    value = digits(item)
    long, short = value > 999_999, value <= 9_999
    return pl.when(long).then(value).when(short).then(value * 10_000 + 101).otherwise(value * 100 + 1)


def _latest(item: str) -> pl.Expr:
    value = digits(item)
    long, short = value > 999_999, value <= 9_999
    last_day = pl.when(long).then(value).when(short).then(value * 10_000 + 1231).otherwise(value * 100 + 31)
    return pl.when(pl.col(item).is_not_null()).then(last_day)


@cache
def _month_days() -> pl.Series:
    """Whether MMDD is a day of a leap year, for every number up to 9999."""
    lengths = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    real = [1 <= n // 100 <= 12 and 1 <= n % 100 <= lengths[n // 100] for n in range(10_000)]
    return pl.Series("real", real)


def is_real_date(item: str) -> pl.Expr:
    """True for a full or partial date of the calendar, False or null for anything else."""
    month_day, years = day(item) % 10_000, day(item) // 10_000
    leap = ((years % 4 == 0) & (years % 100 != 0)) | (years % 400 == 0)
    real = pl.lit(_month_days()).gather(month_day.abs())
    return real & (years > 999) & ((month_day != 229) | leap)


_OF_ITEM: dict[str, Callable[[str], pl.Expr]] = {
    "raw": pl.col,
    "digits": _digits,
    "day": _earliest,
    "first": lambda item: pl.when(pl.col(item).is_not_null()).then(day(item)),
    "last": _latest,
    "year": lambda item: first(item) // 10_000,
    "number": lambda item: pl.col(item).cast(pl.Int32, strict=False),
}

OF_REPORTED = ("raw", "digits", "day")
"""Kinds of terms that speak of the value as reported; they are made before values are cleaned."""


def is_of_reported(name: str) -> bool:
    """Whether the term called `name` speaks of a value as reported.

    >>> is_of_reported("dateOfBirth@raw"), is_of_reported("dateOfBirth@first")
    (True, False)
    """
    return name.partition("@")[2] in OF_REPORTED


# --- of the record ---------------------------------------------------------------------------


@_named("@site")
def SITE() -> pl.Expr:
    """Topography code as a number: C509 → 509."""
    return pl.col("primarySite").str.slice(1).cast(pl.UInt16, strict=False)


@_named("@histology")
def HISTOLOGY() -> pl.Expr:
    """ICD-O-3 histology as a number."""
    return pl.col("histologicTypeIcdO3").cast(pl.UInt16, strict=False)


@_named("@age")
def AGE() -> pl.Expr:
    """Age at diagnosis in years; null when unknown (999)."""
    age = pl.col("ageAtDiagnosis").cast(pl.Int16, strict=False)
    return pl.when(age != 999).then(age)


@_named("@sex")
def SEX() -> pl.Expr:
    """Sex at birth, "1" or "2"; null for everything that edits on sex don't test.

    The older item's codes 3 to 6 are not tested even where they imply a sex at birth.
    """
    reported = pl.coalesce("sexAssignedAtBirth", "sex")
    return pl.when((reported == "1") | (reported == "2")).then(reported)


@_named("@surgery")
def SURGERY() -> pl.Expr:
    """Surgery of the primary site as its two-digit number, whichever item holds it (A200 → 20)."""
    newer = pl.col("rxSummSurgPrimSite2023").str.slice(1, 2)
    return pl.coalesce(newer, "rxSummSurgPrimSite").cast(pl.UInt8, strict=False)


DX_YEAR = year("dateOfDiagnosis")


# --- of several items ------------------------------------------------------------------------


def intervals(text: str) -> list[tuple[int, int]]:
    """Number ranges of a list such as `C500-C509, C619` or `8140-8149,8500`.

    >>> intervals("C500-C509, C619")
    [(500, 509), (619, 619)]
    """
    found = []
    for part in re.split(r"[,\s]+", text.strip()):
        low, _, high = part.replace("C", "").partition("-")
        found.append((int(low), int(high or low)))
    return found


def within(value: pl.Expr, text: str) -> pl.Expr:
    """True where the number lies in one of the ranges, null where it is null.

    >>> frame = pl.DataFrame({"@site": [509, 619, None]})
    >>> frame.select(within(pl.col("@site"), "C500-C509")).to_series().to_list()
    [True, False, None]
    """
    ranges = intervals(text)
    if len(ranges) <= 2:
        return pl.any_horizontal(
            [value == low if low == high else value.is_between(low, high) for low, high in ranges]
        )
    return pl.lit(_members(tuple(ranges))).gather(value)


@cache
def _members(ranges: tuple[tuple[int, int], ...]) -> pl.Series:
    member = [False] * 10_000
    for low, high in ranges:
        member[low : high + 1] = [True] * (high - low + 1)
    return pl.Series("member", member)


def site_in(text: str) -> pl.Expr:
    """True where the primary site is in the ranges, such as `C510-C589`."""
    return within(SITE, text)


def histology_in(text: str) -> pl.Expr:
    """True where the ICD-O-3 histology is in the ranges, such as `9590-9993`."""
    return within(HISTOLOGY, text)


def earliest_of(items: Iterable[str], bound: Callable[[str], pl.Expr]) -> pl.Expr:
    """Smallest known bound (`first` or `last`) over several date items."""
    return pl.min_horizontal([bound(item) for item in items])
