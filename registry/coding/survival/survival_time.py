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
def survival_time(as_of: dt.date, cutoff_year: int | None = None) -> list[dict[str, pl.Expr]]:
    """Months from diagnosis to last contact, with the flag that says how sure they are.

    Flags: 0 complete dates, no survival; 1 complete dates, some survival; 8 death certificate or
    autopsy only; 9 unknown. A last contact after `as_of` is unknown; one after 31 December of
    `cutoff_year` is cut to that day, and a diagnosis after it is unknown.
    """
    given = {
        "@diagnosed": dates.earliest("dateOfDiagnosis"),
        "@seen": dates.earliest("dateOfLastContact"),
        "@complete": dates.is_full("dateOfDiagnosis") & dates.is_full("dateOfLastContact"),
        "@not_counted": pl.col("typeOfReportingSource").is_in(["6", "7"]).fill_null(value=False),
    }
    diagnosed, seen = pl.col("@diagnosed"), pl.col("@seen")
    end = pl.lit(dt.date(cutoff_year, 12, 31) if cutoff_year is not None else None, pl.Date)
    undated = diagnosed.is_null() | seen.is_null() | (seen > as_of)
    contact = {
        "@contact": pl.min_horizontal(seen, end),
        "@undated": undated,
        "@partial": ~undated & ~pl.col("@complete"),
        "@late": (diagnosed > end).fill_null(value=False),
    }
    days = {"@days": (pl.col("@contact") - diagnosed).dt.total_days()}
    unknown = pl.col("@undated") | pl.col("@late") | (pl.col("@days") < 0)
    return [given, contact, days, {"@unknown": unknown}, _results()]


def _results() -> dict[str, pl.Expr]:
    days, partial, unknown = pl.col("@days"), pl.col("@partial"), pl.col("@unknown")
    not_counted = pl.col("@not_counted")
    dated = ~pl.col("@undated") & ~partial
    months = (days / DAYS_IN_MONTH).floor().cast(pl.Int32).cast(pl.String).str.zfill(4)
    survived = pl.when(days > 0).then(pl.lit("1")).otherwise(pl.lit("0"))
    return {
        "survDateActiveFollowup": pl.when(dated).then(pl.col("@contact").dt.strftime("%Y%m%d")),
        "survFlagActiveFollowup": pl.when(not_counted)
        .then(pl.lit("8"))
        .when(~partial)
        .then(pl.when(unknown).then(pl.lit("9")).otherwise(survived)),
        "survMosActiveFollowup": pl.when(not_counted)
        .then(pl.lit(UNKNOWN_MONTHS))
        .when(~partial)
        .then(pl.when(unknown).then(pl.lit(UNKNOWN_MONTHS)).otherwise(months)),
    }
