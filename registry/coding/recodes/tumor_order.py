"""Order of a patient's tumors by date of diagnosis when some dates are partial.

Two tumors are compared by the parts of the date that both have, then by sequence number. With partial
dates that is no total order (A before B, B before C, C before A), so the result depends on how one
sorts. The international rules' standard program uses the stable insertion sort of small lists; the same
steps are taken here, for all patients with the same number of tumors at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key

import numpy as np
import numpy.typing as npt

NO_YEAR, NO_MONTH, NO_DAY = 9999, 99, 99
"""Unknown parts."""
FEW = 32
"""The standard program sorts shorter lists by insertion."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Diagnoses:
    """Date parts (9999, 99, 99 where unknown) and sequence number of tumors, arrays of one length."""

    year: Ints
    month: Ints
    day: Ints
    sequence: Ints

    def compare(self, one: Ints, other: Ints) -> Ints:
        """Negative where tumor `one` (a row number) comes before `other`, 0 where neither does."""
        by_sequence = self.sequence[one] - self.sequence[other]
        by_day = self._by(self.day, NO_DAY, one, other, by_sequence, by_sequence)
        by_month = self._by(self.month, NO_MONTH, one, other, by_day, by_sequence)
        return self._by(self.year, NO_YEAR, one, other, by_month, by_sequence)

    @staticmethod
    def _by(part: Ints, unknown: int, one: Ints, other: Ints, equal: Ints, missing: Ints) -> Ints:
        left, right = part[one], part[other]
        known = (left != unknown) & (right != unknown)
        return np.where(known, np.where(left == right, equal, left - right), missing)

    @property
    def partial(self) -> npt.NDArray[np.bool_]:
        """Where a part is unknown."""
        return (self.year == NO_YEAR) | (self.month == NO_MONTH) | (self.day == NO_DAY)


def in_order(patient: Ints, tumors: Diagnoses) -> Ints:
    """Rows by patient, and within each in order of diagnosis; equal tumors keep the order of rows.

    Args:
        patient: number of each row's patient.
        tumors: dates and sequence numbers of the rows.
    """
    order = np.lexsort((tumors.sequence, tumors.day, tumors.month, tumors.year, patient))
    unsure = np.isin(patient, patient[tumors.partial])
    rows = np.flatnonzero(unsure)
    rows = rows[np.argsort(patient[rows], kind="stable")]
    _, starts, counts = np.unique(patient[rows], return_index=True, return_counts=True)
    slots = np.flatnonzero(unsure[order])
    for count in np.unique(counts):
        places = starts[counts == count][:, None] + np.arange(count)
        lists = rows[places]
        order[slots[places]] = _sorted(lists, tumors) if count < FEW else _sorted_alone(lists, tumors)
    return order


def _sorted(lists: Ints, tumors: Diagnoses) -> Ints:
    """Each list (a row of row numbers) sorted: an ordered run at its start, then insertion by halving."""
    lists = lists.copy()
    run = _ordered_run(lists, tumors)
    for position in range(1, lists.shape[1]):
        left = np.zeros(len(lists), dtype=np.int64)
        right = np.full(len(lists), position)
        pivot = lists[:, position].copy()
        while (open_ := left < right).any():
            middle = (left + right) // 2
            before = tumors.compare(pivot, np.take_along_axis(lists, middle[:, None], 1)[:, 0]) < 0
            right = np.where(open_ & before, middle, right)
            left = np.where(open_ & ~before, middle + 1, left)
        left = np.where(position < run, position, left)
        for place in range(position, 0, -1):
            lists[:, place] = np.where(left < place, lists[:, place - 1], lists[:, place])
        np.put_along_axis(lists, left[:, None], pivot[:, None], 1)
    return lists


def _ordered_run(lists: Ints, tumors: Diagnoses) -> Ints:
    """Length of the run at the start of each list; a falling run is turned round in place."""
    falls = [tumors.compare(lists[:, place], lists[:, place - 1]) < 0 for place in range(1, lists.shape[1])]
    if not falls:
        return np.ones(len(lists), dtype=np.int64)
    same = np.logical_and.accumulate(np.stack(falls, axis=1) == falls[0][:, None], axis=1)
    run: Ints = 1 + same.sum(axis=1)
    place = np.arange(lists.shape[1])
    turned = np.where(falls[0][:, None] & (place < run[:, None]), run[:, None] - 1 - place, place)
    lists[:] = np.take_along_axis(lists, turned, 1)
    return run


def _sorted_alone(lists: Ints, tumors: Diagnoses) -> Ints:
    """Long lists, one by one."""
    keys = (tumors.year, tumors.month, tumors.day, tumors.sequence)

    def compare(one: tuple[int, ...], other: tuple[int, ...]) -> int:
        for unknown, left, right in zip((NO_YEAR, NO_MONTH, NO_DAY), one, other, strict=False):
            if unknown in (left, right):
                break
            if left != right:
                return left - right
        return one[3] - other[3]

    def in_turn(rows: Ints) -> list[int]:
        known = list(zip(*(key[rows].tolist() for key in keys), rows.tolist(), strict=True))
        return [row for *_, row in sorted(known, key=cmp_to_key(compare))]

    return np.array([in_turn(rows) for rows in lists])
