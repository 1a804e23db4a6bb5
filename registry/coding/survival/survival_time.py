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
from registry.coding.survival.calculation import Survival, calculated
from registry.coding.survival.calendar import FIRST_YEAR, LAST_YEAR, Flags
from registry.coding.survival.follow_up import FollowUp, follow_up
from registry.coding.survival.patients import patients_of
from registry.coding.survival.reasons import why
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

PRESUMED_ALIVE = OUTPUTS[4:8]


@derivation(
    "survival-time",
    version="2.2",
    inputs=INPUTS,
    outputs=OUTPUTS,
    source="https://seer.cancer.gov/survivaltime/ version 2.2",
    parameters={"as_of": dt.date(2026, 11, 1), "cutoff_year": 2023},
    why=why,
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

    Active follow-up ends with the last contact; presumed alive, for those last known alive, with the
    study. The study ends on 31 December of `cutoff_year`: later contacts are cut to that day and later
    diagnoses unknown. Without it the study ends on `as_of`, and presumed alive stays blank, because it
    needs a day until which all deaths are known. A last contact after `as_of` is unknown. Unknown months and
    days are filled with the middle of what the patient's other dates leave possible. Flags: 0 complete
    dates, no survival; 1 complete, some survival; 2 incomplete, perhaps none; 3 incomplete, some; 8 death
    certificate or autopsy only; 9 unknown. Tumors that disagree on last contact or vital status get 9.
    """
    end = _study_end(as_of, cutoff_year)
    patients = patients_of(frame.get_column("patientIdNumber"))
    neighbours = frame if patients.rows is None else frame[patients.rows]
    told = follow_up(neighbours, patients, as_of)
    found = calculated(neighbours, patients, told, end)
    back = patients.back()
    made = _written(frame, found if back is None else found[back], _status(told, end))
    if cutoff_year is None:
        made = made.with_columns(pl.lit(None, pl.String).alias(name) for name in PRESUMED_ALIVE)
    return made


def _study_end(as_of: dt.date, cutoff_year: int | None) -> dt.date:
    year = as_of.year if cutoff_year is None else cutoff_year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput("survival-time", f"the study cannot end in {year}", "give a year such as 2023")
    return as_of if cutoff_year is None else dt.date(cutoff_year, 12, 31)


def _written(frame: pl.DataFrame, found: Survival, status: pl.Series) -> pl.DataFrame:
    """The outputs as text; a date that is not calculated stays as it was told.

    Args:
        frame: the tumors; found: their survival, in the same order.
        status: vital status of each patient.
    """
    columns: dict[str, pl.Series] = {}
    contact = frame.get_column("dateOfLastContact")
    for name, until in (("ActiveFollowup", found.active), ("PresumedAlive", found.presumed)):
        # Tumors that are skipped keep their date of last contact when their patient has no other.
        kept = found.agreed & ~found.counted & (until.end < 0)
        columns[f"survDate{name}"] = _as_told(writing.dates(until.end), contact, kept)
        columns[f"survFlag{name}"] = writing.digits(until.flag, 1)
        columns[f"survMos{name}"], columns[f"survDays{name}"] = writing.months_and_days(until.days)
    kept = found.counted & (found.diagnosed < 0)
    diagnosis = frame.get_column("dateOfDiagnosis")
    columns["survDateDxRecode"] = _as_told(writing.dates(found.diagnosed), diagnosis, kept)
    columns["vitalStatusRecode"] = status.gather(pl.Series(found.patient))
    columns["recordNumberRecode"] = writing.digits(found.place, 2)
    return pl.DataFrame({name: columns[name] for name in OUTPUTS})


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
