"""NAACCR survival time, active follow-up, for complete dates.

Source: NAACCR/SEER "Survival Time Calculated in Months" (https://seer.cancer.gov/survivaltime/),
version 2.2: whole months are floor(days / (365.24 / 12)). Partial dates need the imputation over all
of a patient's tumors; until that is here their results are left blank, never guessed.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.coding.derivation import derivation
from registry.standards import dates

DAYS_IN_MONTH = 365.24 / 12
UNKNOWN_MONTHS = "9999"

OUTPUTS = ["survDateActiveFollowup", "survFlagActiveFollowup", "survMosActiveFollowup"]


@derivation(
    "survival-time",
    version="2.2, complete dates",
    inputs=["dateOfDiagnosis", "dateOfLastContact", "typeOfReportingSource"],
    outputs=OUTPUTS,
    source="https://seer.cancer.gov/survivaltime/ version 2.2",
    columns=[
        "dateOfDiagnosis",
        "dateOfLastContact",
        "typeOfReportingSource",
        "survDateActiveFollowup",
        "survFlagActiveFollowup",
        "survMosActiveFollowup",
    ],
    parameters={"as_of": dt.date(2026, 11, 1)},
    examples=[
        "20200115 | 20200115 | 1 | 20200115 | 0 | 0000",
        "20200115 | 20200214 | 1 | 20200214 | 1 | 0000",
        "20200115 | 20200215 | 1 | 20200215 | 1 | 0001",
        "20150115 | 20200115 |   | 20200115 | 1 | 0059",
        "20150115 | 20200116 |   | 20200116 | 1 | 0060",
        "20200115 | 20190101 | 1 | 20190101 | 9 | 9999",
        "20200115 | 20200215 | 7 | 20200215 | 8 | 9999",
        "20200115 | 20270101 | 1 |          | 9 | 9999",
        "20200115 |          | 1 |          | 9 | 9999",
        "202001   | 20200215 | 1 |          |   |     ",
    ],
)
def survival_time(as_of: dt.date, cutoff_year: int | None = None) -> dict[str, pl.Expr]:
    """Months from diagnosis to last contact, with the flag that says how sure they are.

    Flags: 0 complete dates, no survival; 1 complete dates, some survival; 8 death certificate or
    autopsy only; 9 unknown. A last contact after `as_of` is unknown; one after 31 December of
    `cutoff_year` is cut to that day, and a diagnosis after it is unknown.
    """
    diagnosed, seen = dates.earliest("dateOfDiagnosis"), dates.earliest("dateOfLastContact")
    future = seen > as_of
    end = pl.lit(dt.date(cutoff_year, 12, 31)) if cutoff_year is not None else pl.lit(None, pl.Date)
    contact = pl.when(~future).then(pl.min_horizontal(seen, end))
    days = (contact - diagnosed).dt.total_days()
    never = diagnosed.is_null() | seen.is_null() | future
    unknown = never | (days < 0) | (diagnosed > end).fill_null(value=False)
    partial = ~never & ~(dates.is_full("dateOfDiagnosis") & dates.is_full("dateOfLastContact"))
    not_counted = pl.col("typeOfReportingSource").is_in(["6", "7"]).fill_null(value=False)
    flag = (
        pl.when(not_counted)
        .then(pl.lit("8"))
        .when(partial)
        .then(pl.lit(None, pl.String))
        .when(unknown)
        .then(pl.lit("9"))
        .when(days > 0)
        .then(pl.lit("1"))
        .otherwise(pl.lit("0"))
    )
    counted = ~not_counted & ~unknown
    months = (days / DAYS_IN_MONTH).floor().cast(pl.Int32).cast(pl.String).str.zfill(4)
    blank = partial & ~not_counted

    return {
        "survDateActiveFollowup": pl.when(~blank & ~partial).then(contact.dt.strftime("%Y%m%d")),
        "survFlagActiveFollowup": flag,
        "survMosActiveFollowup": pl.when(blank)
        .then(None)
        .when(counted)
        .then(months)
        .otherwise(pl.lit(UNKNOWN_MONTHS)),
    }
