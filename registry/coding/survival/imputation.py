"""Unknown months and days of a patient's dates, as the survival algorithm fills them.

Source: "Imputing date values when date is missing" of https://seer.cancer.gov/survivaltime/. A part that
is unknown becomes the middle of what is possible: not before the tumor before it (birth, for the first)
and not after the next tumor or last contact. Days of known months are filled first, then months. Dates
are filled in turn, so a filled date is the earliest possible one of the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.coding.survival.calendar import UNKNOWN, Flags, Parts, day_number, from_day_number, month_length
from registry.coding.survival.patients import Numbers
from registry.coding.survival.record_order import by_count

_NEVER = -1


def fill(first: Numbers, count: Numbers, diagnosed: Parts, contact: Parts, born: Parts) -> None:
    """Fill months and days in place; years are known, except a last contact whose parts are all unknown.

    Args:
        first, count: each patient's first row and number of rows, in the order of the tumors.
        diagnosed: dates of diagnosis, a row each.
        contact, born: date of last contact and of birth, a patient each.
    """
    for patients, rows in by_count(first, count, 0):
        last = contact[patients]
        dates = Parts(
            np.column_stack([diagnosed.year[rows], last.year]),
            np.column_stack([diagnosed.month[rows], last.month]),
            np.column_stack([diagnosed.day[rows], last.day]),
        )
        _fill_days(dates, born[patients])
        _fill_months(dates, born[patients])
        diagnosed.month[rows], diagnosed.day[rows] = dates.month[:, :-1], dates.day[:, :-1]
        contact.month[patients], contact.day[patients] = dates.month[:, -1], dates.day[:, -1]


@dataclass
class _Neighbour:
    """The nearest date on one side, a value for each patient."""

    year: Numbers
    month: Numbers
    day: Numbers

    def replace(self, dates: Parts, place: int, known: Flags) -> None:
        self.year = np.where(known, dates.year[:, place], self.year)
        self.month = np.where(known, dates.month[:, place], self.month)
        self.day = np.where(known, dates.day[:, place], self.day)


def _nobody(patients: int) -> _Neighbour:
    return _Neighbour(*(np.full(patients, _NEVER) for _ in range(3)))


def _fill_days(dates: Parts, born: Parts) -> None:
    """The day where the month is known: middle of the days left in that month."""
    patients, places = dates.year.shape
    latest = np.empty_like(dates.day)
    after = _nobody(patients)
    for place in range(places - 1, -1, -1):
        year, month = dates.year[:, place], dates.month[:, place]
        same = (after.year == year) & (after.month == month)
        latest[:, place] = np.where(same, after.day, month_length(year, np.where(month == UNKNOWN, 1, month)))
        after.replace(dates, place, dates.day[:, place] != UNKNOWN)
    before = _Neighbour(np.where(born.day == UNKNOWN, _NEVER, born.year), born.month, born.day)
    for place in range(places):
        year, month, day = dates.year[:, place], dates.month[:, place], dates.day[:, place]
        same = (before.year == year) & (before.month == month)
        middle = (np.where(same, before.day, 1) + latest[:, place]) // 2
        dates.day[:, place] = np.where((month != UNKNOWN) & (day == UNKNOWN), middle, day)
        if place == 0:
            before = _nobody(patients)
        before.replace(dates, place, month != UNKNOWN)


def _fill_months(dates: Parts, born: Parts) -> None:
    """Month and day where both are unknown: middle of the days left in that year."""
    patients, places = dates.year.shape
    latest = np.empty_like(dates.day)
    after = _nobody(patients)
    for place in range(places - 1, -1, -1):
        year = dates.year[:, place]
        same = after.year == year
        latest[:, place] = day_number(year, np.where(same, after.month, 12), np.where(same, after.day, 31))
        after.replace(dates, place, dates.month[:, place] != UNKNOWN)
    before = _Neighbour(
        np.where(born.month == UNKNOWN, _NEVER, born.year),
        born.month,
        np.where(born.day == UNKNOWN, 1, born.day),
    )
    everybody = np.ones(patients, np.bool_)
    for place in range(places):
        year, month = dates.year[:, place], dates.month[:, place]
        same = before.year == year
        earliest = day_number(year, np.where(same, before.month, 1), np.where(same, before.day, 1))
        filled = from_day_number(earliest + (latest[:, place] - earliest) // 2)
        unknown = month == UNKNOWN
        dates.month[:, place] = np.where(unknown, filled[0], month)
        dates.day[:, place] = np.where(unknown, filled[1], dates.day[:, place])
        before.replace(dates, place, everybody)
