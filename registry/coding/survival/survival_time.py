"""NAACCR survival time: months and days from diagnosis to last contact, over all tumors of a patient.

Source: NAACCR/SEER survival algorithm 2.2 (https://seer.cancer.gov/survivaltime/): whole months are
floor(days / (365.24 / 12)); unknown months and days are filled (see `imputation`) in the order in which
the tumors came (see `record_order`).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from registry.coding.derivation import derivation
from registry.coding.survival import calendar, writing
from registry.coding.survival.calendar import NO_YEAR, UNKNOWN, Flags, Parts
from registry.coding.survival.follow_up import FollowUp, follow_up
from registry.coding.survival.imputation import fill
from registry.coding.survival.intervals import NO_DAYS, NOT_COUNTED, UNKNOWN_SURVIVAL, Ends, Tumors, survived
from registry.coding.survival.patients import Numbers, Patients, patients_of
from registry.coding.survival.record_order import ordered, sequence
from registry.errors import BadInput

INPUTS = [
    "patientIdNumber",
    "dateOfBirth",
    "dateOfLastContact",
    "vitalStatus",
    "dateOfDiagnosis",
    "sequenceNumberCentral",
    "typeOfReportingSource",
]
OUTPUTS = [
    "survDateActiveFollowup",
    "survFlagActiveFollowup",
    "survMosActiveFollowup",
    "survDaysActiveFollowup",
    "survDatePresumedAlive",
    "survFlagPresumedAlive",
    "survMosPresumedAlive",
    "survDaysPresumedAlive",
    "survDateDxRecode",
    "vitalStatusRecode",
    "recordNumberRecode",
]


@derivation(
    "survival-time",
    version="2.2",
    inputs=INPUTS,
    outputs=OUTPUTS,
    source="https://seer.cancer.gov/survivaltime/ version 2.2",
    parameters={"as_of": dt.date(2026, 11, 1), "cutoff_year": 2023},
    examples=[
        "  | 19500301 | 20200115 | 0 | 20200115 |    | 1 | 20200115 | 0 | 0000 | 00000 | 20200115 | 0 | 0000 | 00000 | 20200115 | 0 | 01",
        "  | 19500301 | 20200214 | 0 | 20200115 |    | 1 | 20200214 | 1 | 0000 | 00030 | 20200214 | 1 | 0000 | 00030 | 20200115 | 0 | 01",
        "  | 19500301 | 20200215 | 0 | 20200115 |    | 1 | 20200215 | 1 | 0001 | 00031 | 20200215 | 1 | 0001 | 00031 | 20200115 | 0 | 01",
        "  | 19500301 | 20200115 | 0 | 20150115 |    | 1 | 20200115 | 1 | 0059 | 01826 | 20200115 | 1 | 0059 | 01826 | 20150115 | 0 | 01",
        "  | 19500301 | 20200116 | 0 | 20150115 |    | 1 | 20200116 | 1 | 0060 | 01827 | 20200116 | 1 | 0060 | 01827 | 20150115 | 0 | 01",
        "  | 19500301 | 20210320 | 1 | 20200115 |    | 1 | 20210320 | 1 | 0014 | 00430 | 20231231 | 1 | 0047 | 01446 | 20200115 | 1 | 01",
        "  | 19500301 | 20250320 | 1 | 20200115 |    | 1 | 20231231 | 1 | 0047 | 01446 | 20231231 | 1 | 0047 | 01446 | 20200115 | 1 | 01",
        "  | 19500301 | 20250320 | 0 | 20200115 |    | 1 | 20231231 | 1 | 0047 | 01446 | 20231231 | 1 | 0047 | 01446 | 20200115 | 1 | 01",
        "  | 19500301 | 20250320 | 0 | 20240115 |    | 1 | 20231231 | 9 | 9999 | 99999 | 20231231 | 9 | 9999 | 99999 |          | 1 | 01",
        "  | 19500301 | 20190101 | 0 | 20200115 |    | 1 | 20190101 | 9 | 9999 | 99999 | 20190101 | 9 | 9999 | 99999 | 20200115 | 0 | 01",
        "  | 19500301 | 20200215 | 0 | 20200115 |    | 7 | 20200215 | 8 | 9999 | 99999 | 20200215 | 8 | 9999 | 99999 | 20200115 | 0 | 01",
        "  | 19500301 | 20270101 | 0 | 20200115 |    | 1 |          | 9 | 9999 | 99999 |          | 9 | 9999 | 99999 | 20200115 | 0 | 01",
        "  | 19500301 | 20270101 | 1 | 20200115 |    | 1 |          | 9 | 9999 | 99999 | 20231231 | 1 | 0047 | 01446 | 20200115 | 1 | 01",
        "  | 19500301 |          | 0 | 2020     |    | 1 |          | 9 | 9999 | 99999 |          | 9 | 9999 | 99999 | 2020     | 0 | 01",
        "  | 19500301 | 202003   | 0 | 20200115 |    | 1 | 20200316 | 3 | 0002 | 00061 | 20200316 | 3 | 0002 | 00061 | 20200115 | 0 | 01",
        "  | 19500301 | 202003   | 0 | 202003   |    | 1 | 20200323 | 2 | 0000 | 00007 | 20200323 | 2 | 0000 | 00007 | 20200316 | 0 | 01",
        "  | 19500301 | 2021     | 0 | 2020     |    | 1 | 20210702 | 3 | 0012 | 00366 | 20210702 | 3 | 0012 | 00366 | 20200701 | 0 | 01",
        "  | 19500301 | 20210630 | 0 | 2021     |    | 1 | 20210630 | 2 | 0002 | 00090 | 20210630 | 2 | 0002 | 00090 | 20210401 | 0 | 01",
        "  | 20200301 | 20220630 | 0 | 2020     |    | 1 | 20220630 | 3 | 0022 | 00699 | 20220630 | 3 | 0022 | 00699 | 20200731 | 0 | 01",
        "  | 19500301 | 20210632 | 0 | 20201345 |    | 1 | 20210615 | 3 | 0011 | 00349 | 20210615 | 3 | 0011 | 00349 | 20200701 | 0 | 01",
        "  | 19500301 | 2026     | 1 | 2020     |    |   | 20231231 | 3 | 0041 | 01278 | 20231231 | 3 | 0041 | 01278 | 20200701 | 1 | 01",
        "  | 19500301 | 20210630 | 0 | 9999     |    | 1 | 20210630 | 9 | 9999 | 99999 | 20210630 | 9 | 9999 | 99999 |          | 0 | 01",
        "  | 19500301 | 20270630 | 0 | 9999     |    | 1 | 20270630 | 9 | 9999 | 99999 | 20270630 | 9 | 9999 | 99999 |          | 0 | 01",
        "  |          | 20210630 | 0 | 20200115 |    |   | 20210630 | 1 | 0017 | 00532 | 20210630 | 1 | 0017 | 00532 | 20200115 | 0 | 01",
        "1 | 19500301 | 20150427 | 0 | 20150305 | 01 | 1 | 20150427 | 1 | 0001 | 00053 | 20150427 | 1 | 0001 | 00053 | 20150305 | 0 | 02",
        "1 | 19500301 | 20150427 | 0 | 2015     | 02 | 1 | 20150427 | 2 | 0000 | 00027 | 20150427 | 2 | 0000 | 00027 | 20150331 | 0 | 03",
        "1 | 19500301 | 20150427 | 0 | 20150223 | 60 | 1 | 20150427 | 1 | 0002 | 00063 | 20150427 | 1 | 0002 | 00063 | 20150223 | 0 | 01",
        "2 | 20080304 | 200911   | 1 | 20090901 | 01 | 1 | 20091115 | 3 | 0002 | 00075 | 20231231 | 1 | 0171 | 05234 | 20090901 | 1 | 03",
        "2 | 20080304 | 200911   | 1 | 2008     | 02 | 1 | 20091115 | 3 | 0020 | 00615 | 20231231 | 3 | 0189 | 05774 | 20080310 | 1 | 01",
        "2 | 20080304 | 200911   | 1 | 200803   | 03 | 1 | 20091115 | 3 | 0020 | 00609 | 20231231 | 3 | 0189 | 05768 | 20080316 | 1 | 02",
        "2 | 20080304 | 200911   | 1 | 2009     | 05 | 1 | 20091115 | 2 | 0001 | 00038 | 20231231 | 3 | 0170 | 05197 | 20091008 | 1 | 04",
        "3 | 19500301 | 20101011 | 0 | 20080101 | 01 | 1 |          | 9 | 9999 | 99999 |          | 9 | 9999 | 99999 |          | 0 | 01",
        "3 | 19500301 | 20101021 | 0 | 20100301 | 02 | 1 |          | 9 | 9999 | 99999 |          | 9 | 9999 | 99999 |          | 0 | 02",
    ],
)
def survival_time(frame: pl.DataFrame, as_of: dt.date, cutoff_year: int | None = None) -> pl.DataFrame:
    """Months and days from diagnosis to last contact, with flags that say how sure they are.

    Active follow-up ends with the last contact, presumed alive with the study for those not known to be
    dead. The study ends on 31 December of `cutoff_year` (without it: on `as_of`): later contacts are cut
    to that day and later diagnoses unknown. A last contact after `as_of` is unknown. Unknown months and
    days are filled with the middle of what the patient's other dates leave possible. Flags: 0 complete
    dates, no survival; 1 complete, some survival; 2 incomplete, perhaps none; 3 incomplete, some; 8 death
    certificate or autopsy only; 9 unknown. Tumors that disagree on last contact or vital status get 9.
    """
    end = _study_end(as_of, cutoff_year)
    patients = patients_of(frame.get_column("patientIdNumber"))
    if patients.rows is not None:
        frame = frame[patients.rows]
    made = _derived(frame, patients, follow_up(frame, patients, as_of), end)
    back = patients.back()
    return made if back is None else made[back]


def _study_end(as_of: dt.date, cutoff_year: int | None) -> dt.date:
    year = as_of.year if cutoff_year is None else cutoff_year
    if not writing.FIRST_YEAR <= year <= writing.LAST_YEAR:
        raise BadInput("survival-time", f"the study cannot end in {year}", "give a year such as 2023")
    return as_of if cutoff_year is None else dt.date(cutoff_year, 12, 31)


def _derived(frame: pl.DataFrame, patients: Patients, told: FollowUp, end: dt.date) -> pl.DataFrame:
    """The outputs; rows of the frame in patient order."""
    diagnosed = calendar.parts(frame.get_column("dateOfDiagnosis"))
    diagnosed.day[diagnosed.month == UNKNOWN] = UNKNOWN
    valid = (diagnosed.year >= writing.FIRST_YEAR) & (diagnosed.year <= end.year)
    valid &= ~told.conflict[patients.of_row]
    diagnosed.forget_impossible(valid)
    numbers = calendar.numbers(frame.get_column("sequenceNumberCentral")).fill_null(-1).to_numpy()
    order = ordered(patients.first, patients.count, diagnosed, sequence(numbers))
    position = np.empty_like(order)
    position[order] = np.arange(len(order)) - patients.first[patients.of_row] + 1

    counted = order[valid[order]]
    tumors, contact = _filled(frame, patients, told, diagnosed, counted)
    active, presumed = _ends(told, contact, end)
    uncounted = frame.get_column("typeOfReportingSource").is_in(["6", "7"]).fill_null(value=False).to_numpy()
    columns: dict[str, pl.Series] = {}
    for name, ends, known in (
        ("ActiveFollowup", active, told.known & ~told.conflict),
        ("PresumedAlive", presumed, told.calculated),
    ):
        days, flag = np.full(frame.height, NO_DAYS), np.full(frame.height, UNKNOWN_SURVIVAL)
        calculated = known[tumors.patient]
        found = survived(tumors, ends)
        days[counted] = np.where(calculated, found[0], NO_DAYS)
        flag[counted] = np.where(calculated, found[1], UNKNOWN_SURVIVAL)
        days[valid & uncounted], flag[valid & uncounted] = NO_DAYS, NOT_COUNTED
        until = np.where(known, ends.number, NO_DAYS)[patients.of_row]
        columns[f"survDate{name}"] = _as_told(
            writing.dates(until),
            frame.get_column("dateOfLastContact"),
            # A tumor that is not calculated keeps what was told, unless its patient has a result.
            ~valid & (until < 0) & ~told.conflict[patients.of_row],
        )
        columns[f"survFlag{name}"] = writing.digits(flag, 1)
        columns[f"survMos{name}"], columns[f"survDays{name}"] = writing.months_and_days(days)
    number = np.full(frame.height, NO_DAYS)
    number[counted] = np.where(told.calculated[tumors.patient], tumors.number, NO_DAYS)
    columns["survDateDxRecode"] = _as_told(
        writing.dates(number), frame.get_column("dateOfDiagnosis"), valid & (number < 0)
    )
    columns["vitalStatusRecode"] = _status(told, end).gather(pl.Series(patients.of_row))
    columns["recordNumberRecode"] = writing.digits(position, 2)
    return pl.DataFrame({name: columns[name] for name in OUTPUTS})


def _filled(
    frame: pl.DataFrame, patients: Patients, told: FollowUp, diagnosed: Parts, counted: Numbers
) -> tuple[Tumors, Parts]:
    """Tumors with a known year in order, and last contacts, their unknown months and days filled.

    Args:
        counted: rows of those tumors, patient after patient.
    """
    patient = patients.of_row[counted]
    date, contact = diagnosed[counted], told.contact.copy()
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
    return Tumors(patient, _numbered(date), diagnosed[counted]), contact


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
        at_end = number == last
        ends.append(
            Ends(
                number,
                Parts(
                    np.where(at_end, end.year, told.contact.year),
                    np.where(at_end, end.month, told.contact.month),
                    np.where(at_end, end.day, told.contact.day),
                ),
            )
        )
    return ends[0], ends[1]


def _as_told(made: pl.Series, told: pl.Series, rows: Flags) -> pl.Series:
    """Some rows as the date was told."""
    if not rows.any():
        return made
    places = np.flatnonzero(rows)
    return made.scatter(places, calendar.as_written(told.gather(places)))


def _status(told: FollowUp, end: dt.date) -> pl.Series:
    """Vital status on the last day of the study: who was seen after it was alive on it."""
    after = told.known & ~told.conflict & (told.contact.year > end.year)
    if not after.any():
        return told.status
    return told.status.scatter(np.flatnonzero(after), "1")
