"""Days from diagnosis to the end of follow-up, and the flag that says how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from registry.coding.survival.calendar import UNKNOWN, Flags, Parts
from registry.coding.survival.patients import Numbers

COMPLETE_NO_SURVIVAL, COMPLETE_SURVIVAL = 0, 1
INCOMPLETE_PERHAPS_NONE, INCOMPLETE_SURVIVAL = 2, 3
NOT_COUNTED, UNKNOWN_SURVIVAL = 8, 9
NO_DAYS = -1


@dataclass(frozen=True)
class Tumors:
    """Tumors with a known year of diagnosis, patient after patient in the order in which they came.

    Attributes:
        patient: patient of each tumor.
        number: day of diagnosis after filling, as a day number.
        told: date of diagnosis as it was told (month and day perhaps unknown).
    """

    patient: Numbers
    number: Numbers
    told: Parts


@dataclass(frozen=True)
class Ends:
    """End of follow-up, a value for each patient.

    Attributes:
        number: the day, as a day number.
        told: the date as it was told; the study's end where that is the day.
    """

    number: Numbers
    told: Parts


def survived(tumors: Tumors, ends: Ends) -> tuple[Numbers, Numbers]:
    """Days and flag of each tumor; -1 days and flag 9 where the diagnosis is after the end.

    Flags 2 and 3 tell apart whether the known parts leave room for no survival at all. A 2 becomes a 3
    when the patient certainly survived a later tumor.
    """
    days = ends.number[tumors.patient] - tumors.number
    flag = np.where(days > 0, COMPLETE_SURVIVAL, COMPLETE_NO_SURVIVAL)
    incomplete = np.flatnonzero(tumors.told.incomplete | ends.told.incomplete[tumors.patient])
    told, end = tumors.told[incomplete], ends.told[tumors.patient[incomplete]]
    same_month = (told.month == end.month) | (told.month == UNKNOWN) | (end.month == UNKNOWN)
    perhaps_none = (told.year == end.year) & same_month
    flag[incomplete] = np.where(perhaps_none, INCOMPLETE_PERHAPS_NONE, INCOMPLETE_SURVIVAL)
    flag[days < 0] = UNKNOWN_SURVIVAL
    flag[(flag == INCOMPLETE_PERHAPS_NONE) & _survived_later(flag, tumors.patient)] = INCOMPLETE_SURVIVAL
    return np.maximum(days, NO_DAYS), flag


def _survived_later(flag: Numbers, patient: Numbers) -> Flags:
    """Whether a later tumor of the same patient has a flag of certain survival."""
    nobody = len(flag)
    certain = (flag == COMPLETE_SURVIVAL) | (flag == INCOMPLETE_SURVIVAL)
    place = np.where(certain, np.arange(nobody), nobody)
    following = np.minimum.accumulate(place[::-1])[::-1]
    return np.append(patient, NO_DAYS)[following] == patient
