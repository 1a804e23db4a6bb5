"""What a patient's tumors tell together: last contact and vital status.

They are items of the patient, repeated on each tumor; where the tumors disagree nothing can be calculated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.coding.survival import calendar
from registry.coding.survival.calendar import FIRST_YEAR, NO_YEAR, UNKNOWN, Flags, Parts
from registry.coding.survival.patients import Patients


@dataclass(frozen=True)
class FollowUp:
    """What is told of each patient.

    Attributes:
        conflict: the tumors disagree on last contact or vital status.
        status: vital status as told, null where the tumors disagree.
        alive: vital status alive.
        contact: date of last contact, without impossible parts.
        known: year of last contact known, and not in the future.
    """

    conflict: Flags
    status: pl.Series
    alive: Flags
    contact: Parts
    known: Flags

    @property
    def calculated(self) -> Flags:
        """Presumed alive can be calculated (active follow-up needs the last contact)."""
        return ~self.conflict & (self.known | self.alive)


def follow_up(frame: pl.DataFrame, patients: Patients, as_of: dt.date) -> FollowUp:
    """Vital status and last contact of each patient, from its first row.

    Args:
        frame: rows in patient order. as_of: a later last contact is unknown.
    """
    contacts, statuses = frame.get_column("dateOfLastContact"), frame.get_column("vitalStatus")
    split = _disagree(statuses, patients)
    conflict = split | _disagree(contacts, patients, calendar.whole_parts)
    status = statuses.gather(patients.first)
    if split.any():
        status = status.scatter(np.flatnonzero(split), None)
    contact = calendar.parts(contacts.gather(patients.first))
    known = (contact.year >= FIRST_YEAR) & ~_in_future(contact, as_of) & (contact.year != NO_YEAR)
    contact.year[~known] = NO_YEAR
    contact.month[~known] = UNKNOWN
    contact.forget_impossible(known)
    alive = calendar.numbers(status).eq(1).fill_null(value=False).to_numpy()
    return FollowUp(conflict, status, alive, contact, known)


def _disagree(
    values: pl.Series, patients: Patients, plain: Callable[[pl.Series], pl.Series] | None = None
) -> Flags:
    """Patients whose tumors tell different values."""
    several = patients.count > 1
    rows = np.flatnonzero(np.repeat(several, patients.count))
    firsts = np.repeat(patients.first[several], patients.count[several])
    told, first = values.gather(rows), values.gather(firsts)
    differ = told.ne_missing(first).to_numpy()
    if plain is not None and differ.any():
        unlike = np.flatnonzero(differ)
        differ[unlike] = plain(told.gather(unlike)).ne_missing(plain(first.gather(unlike))).to_numpy()
    disagree = np.zeros(len(patients.count), np.bool_)
    disagree[patients.of_row[rows[differ]]] = True
    return disagree


def _in_future(date: Parts, as_of: dt.date) -> Flags:
    """After `as_of` as far as the known parts tell; a day that does not exist does not count."""
    month_exists = (date.month >= 1) & (date.month <= 12)
    longest = calendar.month_length(date.year, np.where(month_exists, date.month, 1))
    later_day = month_exists & (date.day >= 1) & (date.day <= longest) & (date.day > as_of.day)
    later_month = (date.month > as_of.month) & (date.month <= 12)
    this_year = later_month | ((date.month == as_of.month) & later_day)
    return (date.year > as_of.year) | ((date.year == as_of.year) & this_year)
