"""In which order a patient's tumors came.

Complete dates are sorted first. Tumors whose day is unknown are then put among them, then those without
month, then those without year: each goes from the end backwards until it stands behind a tumor that is
earlier, or (where the known parts do not tell) behind one with a lower sequence number. Sequence numbers
60–97 (not reportable to the national programme, or benign) are a series of their own: behind all others
of that time, but in their own order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from registry.coding.survival.calendar import NO_YEAR, UNKNOWN, Flags, Parts
from registry.coding.survival.patients import Numbers

OTHER_SERIES = 100
"""Added to sequence numbers 60–97, so that they come after 00–59, 98 and 99."""

_NO_NUMBER = -1
_HIGHEST = 2_000  # keeps the sort key in 64 bits; two-digit numbers end at 197


def sequence(numbers: Numbers) -> Numbers:
    """Sequence numbers as they sort; unknown ones (-1) first.

    >>> sequence(np.array([2, 60, 97, 99, -1])).tolist()
    [2, 160, 197, 99, -1]
    """
    other = (numbers >= 60) & (numbers <= 97)
    return np.clip(numbers + OTHER_SERIES * other, _NO_NUMBER, _HIGHEST)


def by_count(first: Numbers, count: Numbers, least: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Patients of equal numbers of rows together, from `least` rows on: (patients, their rows as a matrix)."""
    for size in np.unique(count[count >= least]):
        patients = np.flatnonzero(count == size)
        yield patients, first[patients][:, None] + np.arange(size)


def ordered(first: Numbers, count: Numbers, diagnosed: Parts, number: Numbers) -> Numbers:
    """Rows in order, patient after patient.

    Args:
        first, count: each patient's first row and number of rows (neighbours).
        diagnosed: date of diagnosis of each row; without month no day.
        number: sequence number as `sequence` gives it.
    """
    order = np.arange(len(number))
    for _, rows in by_count(first, count, 2):
        kind, key = _kind_and_key(diagnosed[rows], number[rows])
        sorted_rows = np.take_along_axis(rows, np.argsort(key, axis=1, kind="stable"), axis=1)
        kinds = kind.max(axis=1) > kind.min(axis=1)
        if kinds.any():
            sorted_rows[kinds] = _inserted(sorted_rows[kinds], diagnosed, number)
        order[rows] = sorted_rows
    return order


def _kind_and_key(date: Parts, number: Numbers) -> tuple[Numbers, Numbers]:
    """0 complete, 1 no day, 2 no month, 3 no year; and what sorts within and between these."""
    kind = np.select([date.year == NO_YEAR, date.month == UNKNOWN, date.day == UNKNOWN], [3, 2, 1], 0)
    key = kind << 14 | np.where(kind < 3, date.year, 0)
    key = key << 7 | np.where(kind < 2, date.month, 0)
    key = key << 7 | np.where(kind < 1, date.day, 0)
    return kind, key << 12 | (number - _NO_NUMBER)


def _inserted(rows: Numbers, diagnosed: Parts, number: Numbers) -> Numbers:
    """Rows sorted by kind → in order: what is less complete than the first is put in, one after another."""
    kind, _ = _kind_and_key(diagnosed[rows], number[rows])
    for place in range(1, rows.shape[1]):
        now = np.flatnonzero(kind[:, place] > kind[:, 0])
        if not len(now):
            continue
        before, row = rows[now, :place], rows[now, place][:, None]
        behind = _behind(diagnosed[row], number[row], diagnosed[before], number[before])
        # One past the last tumor behind which it may stand, or the very first place.
        to = np.where(behind.any(axis=1), place - np.argmax(behind[:, ::-1], axis=1), 0)[:, None]
        shift = np.arange(place + 1)[None, :]
        source = np.where(shift < to, shift, np.where(shift == to, place, shift - 1))
        rows[now, : place + 1] = np.take_along_axis(rows[now, : place + 1], source, axis=1)
    return rows


def _behind(date: Parts, number: Numbers, dates: Parts, numbers: Numbers) -> Flags:
    """Whether a tumor (one column) may stand behind each of those already in order (columns)."""
    compared = _compare(date, dates)
    alike = compared == 0
    other, others = number > OTHER_SERIES, numbers > OTHER_SERIES
    same_series = (number < OTHER_SERIES) | (other & others)
    fits = same_series & (number >= numbers)
    return (compared > 0) | (alike & (fits | (other & ~_out_of_turn(number, numbers, alike & others))))


def _compare(date: Parts, dates: Parts) -> Numbers:
    """Negative: before, positive: after, 0: equal or the known parts do not tell."""
    year, month, day = date.year - dates.year, date.month - dates.month, date.day - dates.day
    month = np.where((date.month == UNKNOWN) | (dates.month == UNKNOWN), 0, month)
    untold = (date.day == UNKNOWN) | (dates.day == UNKNOWN)
    untold |= (date.month == UNKNOWN) | (dates.month == UNKNOWN)
    compared = np.where(month != 0, month, np.where(untold, 0, day))
    compared = np.where(year != 0, year, compared)
    return np.where((date.year == NO_YEAR) | (dates.year == NO_YEAR), 0, compared)


def _out_of_turn(number: Numbers, numbers: Numbers, counted: Flags) -> Flags:
    """Whether, up to each place, the 60–97 series of that time is in order and ends no lower."""
    highest = np.maximum.accumulate(np.where(counted, numbers, 0), axis=1)
    falls = np.logical_or.accumulate(counted & (numbers < highest), axis=1)
    # In order, so the last of the series is the highest; 0 where there is none yet.
    return ~falls & (highest > 0) & (number <= highest)
