"""Reads a frame of pairs into numbers: codes that cannot be right are marked, never guessed."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from registry.coding.cells import as_text
from registry.coding.primaries.pairs import Numbers

SITE_UNKNOWN, BLANK = -1, -1

WRONG_SIDE = -2
"""A laterality that is no code: not known to be right or left, but not blank either."""

_OTHER_NAMES = {"histologyIcdO3": "histologicTypeIcdO3", "behaviorIcdO3": "behaviorCodeIcdO3"}
_LATERALITIES = (0, 1, 2, 3, 4, 5, 9)
_BEHAVIORS = (0, 1, 2, 3, 6)


def read(frame: pl.DataFrame, today: date) -> tuple[dict[str, Numbers], NDArray[np.bool_], NDArray[np.bool_]]:
    """(columns for `Pairs`, first tumor usable, second tumor usable).

    A tumor is usable with a site C000-C999 other than C809, a histology 8000-9999, a behavior 0-3 or 6
    and a year of diagnosis that is not in the future. The columns of an unusable tumor are 0.
    """
    columns: dict[str, Numbers] = {}
    usable = []
    for suffix in ("_1", "_2"):
        tumor, valid = _tumor(frame, suffix, today)
        columns |= {name + suffix: numbers for name, numbers in tumor.items()}
        usable.append(valid)
    return columns, usable[0], usable[1]


def _tumor(frame: pl.DataFrame, suffix: str, today: date) -> tuple[dict[str, Numbers], NDArray[np.bool_]]:
    year, month, day = _date(_text(frame, "dateOfDiagnosis" + suffix))
    old = (year >= 0) & (year < 2001)
    histology = _code(frame, "histologyIcdO3", suffix, 8000, 9999)
    behavior = _digit(frame, "behaviorIcdO3", suffix, _BEHAVIORS)
    if old.any():
        # before 2001 the ICD-O-2 code is the coded one, the ICD-O-3 code its conversion
        histology2 = _code(frame, "histologyIcdO2", suffix, 8000, 9999)
        behavior2 = _digit(frame, "behaviorIcdO2", suffix, _BEHAVIORS)
        histology = np.where(old & (histology2 != BLANK), histology2, histology)
        behavior = np.where(old & (behavior2 != BLANK), behavior2, behavior)
    site = _site(_text(frame, "primarySite" + suffix))
    usable = (site != SITE_UNKNOWN) & (site != 809) & (histology != BLANK) & (behavior != BLANK)
    usable &= (year >= 0) & (year <= today.year)
    tumor: dict[str, NDArray] = {
        "site": site,
        "histology": histology,
        "behavior": behavior,
        "year": year,
        "month": month,
        "day": day,
    }
    tumor = {name: np.where(usable, numbers, 0).astype(numbers.dtype) for name, numbers in tumor.items()}
    side = _digit(frame, "laterality", suffix, _LATERALITIES)
    written = (_text(frame, "laterality" + suffix).str.len_bytes() > 0).fill_null(False).to_numpy()
    tumor["laterality"] = np.where(written & (side == BLANK), WRONG_SIDE, side).astype(np.int8)
    return tumor, usable


def _text(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column as text; all null when the frame has none of that name."""
    if name not in frame.columns:
        stem, suffix = name[:-2], name[-2:]
        name = _OTHER_NAMES.get(stem, stem) + suffix
    if name not in frame.columns:
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True)
    return as_text(frame[name])


def _numbers(text: pl.Series, length: int) -> NDArray[np.int32]:
    """Texts of exactly this many digits as numbers, anything else -1."""
    signed = text.str.starts_with("+") | text.str.starts_with("-")
    digits = (text.str.len_bytes() == length) & ~signed
    number = text.cast(pl.Int32, strict=False)
    return pl.select(pl.when(digits).then(number)).to_series().fill_null(-1).to_numpy()


def _site(text: pl.Series) -> NDArray[np.int16]:
    number = _numbers(text.str.slice(1), 3)
    return np.where(text.str.starts_with("C").fill_null(False).to_numpy(), number, SITE_UNKNOWN).astype(
        np.int16
    )


def _code(frame: pl.DataFrame, stem: str, suffix: str, low: int, high: int) -> NDArray[np.int16]:
    number = _numbers(_text(frame, stem + suffix), 4)
    return np.where((number >= low) & (number <= high), number, BLANK).astype(np.int16)


def _digit(frame: pl.DataFrame, stem: str, suffix: str, allowed: tuple[int, ...]) -> NDArray[np.int8]:
    number = _numbers(_text(frame, stem + suffix), 1)
    known = np.full(11, BLANK, np.int8)
    known[list(allowed)] = allowed
    return known[number]


_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def _date(text: pl.Series) -> tuple[NDArray[np.int16], NDArray[np.int8], NDArray[np.int8]]:
    """(year, month, day) of full or partial dates; year -1, month 0, day 0 where missing or impossible."""
    full = _numbers(text, 8)
    year, month, day = full // 10_000, full // 100 % 100, full % 100
    partial = np.flatnonzero(full < 0)
    if len(partial):
        rest = text[partial]
        year[partial] = _numbers(rest.str.slice(0, 4), 4)
        for part, start in ((month, 4), (day, 6)):
            piece = rest.str.slice(start, 2)
            part[partial] = np.maximum(_numbers(piece, 2), _numbers(piece, 1))
    month = np.where((month >= 1) & (month <= 12), month, 0)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _MONTH_DAYS[month] + ((month == 2) & leap)
    day = np.where((day >= 1) & (day <= longest), day, 0)
    return year.astype(np.int16), month.astype(np.int8), day.astype(np.int8)
