"""Survival of each tumor as numbers: day of diagnosis, end of follow-up, days, flag, place among the tumors."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from registry.coding.survival import calendar
from registry.coding.survival.calendar import FIRST_YEAR, NO_YEAR, UNKNOWN, Flags, Parts
from registry.coding.survival.follow_up import FollowUp
from registry.coding.survival.imputation import fill
from registry.coding.survival.intervals import NO_DAYS, NOT_COUNTED, UNKNOWN_SURVIVAL, Ends, Tumors, survived
from registry.coding.survival.patients import Numbers, Patients
from registry.coding.survival.record_order import ordered, sequence


@dataclass(frozen=True)
class FollowedUntil:
    """Survival until one kind of end (active follow-up, presumed alive), a value for each tumor.

    Attributes:
        end: day number, -1 unknown.
        days: from diagnosis to the end, -1 unknown.
        flag: how sure the days are.
    """

    end: Numbers
    days: Numbers
    flag: Numbers

    def __getitem__(self, rows: Numbers) -> FollowedUntil:
        return FollowedUntil(self.end[rows], self.days[rows], self.flag[rows])


@dataclass(frozen=True)
class Survival:
    """What is calculated, a value for each tumor.

    Attributes:
        patient: patient of the tumor.
        counted: the year of diagnosis is known and within the study, and the patient's tumors agree.
        agreed: the patient's tumors agree on last contact and vital status.
        diagnosed: day number of the diagnosis after filling, -1 not calculated.
        active, presumed: until last contact; with the living presumed alive until the study ends.
        place: among the patient's tumors, from 1.
    """

    patient: Numbers
    counted: Flags
    agreed: Flags
    diagnosed: Numbers
    active: FollowedUntil
    presumed: FollowedUntil
    place: Numbers

    def __getitem__(self, rows: Numbers) -> Survival:
        return Survival(
            self.patient[rows],
            self.counted[rows],
            self.agreed[rows],
            self.diagnosed[rows],
            self.active[rows],
            self.presumed[rows],
            self.place[rows],
        )


def calculated(frame: pl.DataFrame, patients: Patients, told: FollowUp, end: dt.date) -> Survival:
    """Survival of tumors in patient order.

    Args:
        frame: items of the tumors, in the order of `patients`.
        end: last day of the study.
    """
    diagnosed = calendar.parts(frame.get_column("dateOfDiagnosis"))
    diagnosed.day[diagnosed.month == UNKNOWN] = UNKNOWN
    agreed = ~told.conflict[patients.of_row]
    counted = agreed & (diagnosed.year >= FIRST_YEAR) & (diagnosed.year <= end.year)
    diagnosed.forget_impossible(counted)
    numbers = calendar.numbers(frame.get_column("sequenceNumberCentral")).fill_null(-1).to_numpy()
    order = ordered(patients.first, patients.count, diagnosed, sequence(numbers))
    place = np.empty_like(order)
    place[order] = np.arange(len(order)) - patients.first[patients.of_row] + 1

    rows = order[counted[order]]
    tumors, contact = _filled(frame, patients, told, diagnosed, rows)
    number = np.full(frame.height, NO_DAYS, np.int32)
    number[rows] = np.where(told.calculated[tumors.patient], tumors.number, NO_DAYS)
    autopsy = frame.get_column("typeOfReportingSource").is_in(["6", "7"]).fill_null(value=False).to_numpy()
    active, presumed = (
        _until(patients, tumors, rows, kind, known, np.flatnonzero(counted & autopsy))
        for kind, known in zip(
            _ends(told, contact, end), (told.known & ~told.conflict, told.calculated), strict=True
        )
    )
    return Survival(patients.of_row, counted, agreed, number, active, presumed, place)


def _until(
    patients: Patients, tumors: Tumors, rows: Numbers, ends: Ends, known: Flags, autopsy: Numbers
) -> FollowedUntil:
    """Days and flag of every row; `known`: patients whose end is known, `autopsy`: rows not counted."""
    days = np.full(len(patients.of_row), NO_DAYS, np.int32)
    flag = np.full(len(patients.of_row), UNKNOWN_SURVIVAL, np.int8)
    found_days, found_flag = survived(tumors, ends)
    days[rows] = np.where(known[tumors.patient], found_days, NO_DAYS)
    flag[rows] = np.where(known[tumors.patient], found_flag, UNKNOWN_SURVIVAL)
    days[autopsy], flag[autopsy] = NO_DAYS, NOT_COUNTED
    return FollowedUntil(np.where(known, ends.number, NO_DAYS)[patients.of_row], days, flag)


def _filled(
    frame: pl.DataFrame, patients: Patients, told: FollowUp, diagnosed: Parts, rows: Numbers
) -> tuple[Tumors, Parts]:
    """Tumors with a known year in order, and last contacts, their unknown months and days filled.

    Args:
        rows: of those tumors, patient after patient.
    """
    patient = patients.of_row[rows]
    date, contact = diagnosed[rows], told.contact.copy()
    count = np.bincount(patient, minlength=len(patients.count))
    first = np.cumsum(count) - count
    wanting = told.known & told.contact.incomplete
    wanting[patient[date.incomplete]] = True
    some = np.flatnonzero(wanting & told.calculated)
    if len(some):
        born = _born(frame.get_column("dateOfBirth").gather(patients.first[some]))
        last = contact[some]
        fill(first[some], count[some], date, last, born)
        contact.month[some], contact.day[some] = last.month, last.day
    contact.month[~told.known], contact.day[~told.known] = UNKNOWN, UNKNOWN
    return Tumors(patient, _numbered(date), diagnosed[rows]), contact


def _born(dates: pl.Series) -> Parts:
    born = calendar.parts(dates)
    born.month[born.year == NO_YEAR] = UNKNOWN
    born.forget_impossible(np.ones(len(dates), np.bool_))
    return born


def _numbered(date: Parts) -> Numbers:
    """Day numbers; dates that stay incomplete are not used, so any day does."""
    incomplete = date.incomplete
    return calendar.day_number(
        date.year, np.where(incomplete, 1, date.month), np.where(incomplete, 1, date.day)
    )


def _ends(told: FollowUp, contact: Parts, end: dt.date) -> tuple[Ends, Ends]:
    """End of active follow-up, and with the living presumed alive until the end of the study."""
    last = calendar.number_of(end)
    after = told.known & (contact.year > end.year)
    active = np.where(after, last, _numbered(contact))
    presumed = np.where(told.alive, last, active)
    ends = []
    for number in (active, presumed):
        whole = Parts(
            *(
                np.where(number == last, part, known)
                for part, known in (
                    (end.year, told.contact.year),
                    (end.month, told.contact.month),
                    (end.day, told.contact.day),
                )
            )
        )
        ends.append(Ends(number, whole))
    return ends[0], ends[1]
