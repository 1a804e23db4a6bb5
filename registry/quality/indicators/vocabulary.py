"""What indicators talk about: the records with the columns that they need, and conditions said once.

Values are taken as reported: an invalid code is neither blank nor one of the codes that say unknown, so it counts as
known here; the edits report it.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.edits.engine import joined
from registry.quality.completeness import diagnosis_year, facility, reported
from registry.standards import dates

ITEMS = (
    "ageAtDiagnosis countyAtDx race1 typeOfReportingSource casefindingSource diagnosticConfirmation primarySite "
    "histologicTypeIcdO3 behaviorCodeIcdO3 laterality dateOfDiagnosis summaryStage2018 rxSummTreatmentStatus "
    "vitalStatus causeOfDeath classOfCase dateOfLastContact dateOf1stContact dateCaseCompleted "
    "dateCaseReportReceived abstractedBy"
).split()
SAME_TUMOR = ("primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "laterality", "dateOfDiagnosis")
"""Items in which an extra copy equals its original, as in the edit ir-duplicate-tumor."""

RECORD_KEYS = (
    ("tumor_id", "abstract_id"),
    ("recordId",),
    ("patient_index", "tumor_index"),
    ("patientIdNumber", "tumorRecordNumber"),
)
CURRENT_MONTHS = 15
EVERY = pl.lit(value=True)

SEX = pl.col("@sex")
PATIENT = pl.col("@patient")
EXTRA_COPY = pl.col("@extra_copy")
CURRENT = pl.col("@current")
"""Last contact not longer ago than 15 months before the reference date."""

DCO = (pl.col("typeOfReportingSource") == "7").fill_null(value=False)
MALIGNANT = pl.col("behaviorCodeIcdO3") == "3"
DEAD = pl.col("vitalStatus") == "0"
ALIVE = pl.col("vitalStatus") == "1"
ANALYTIC = pl.col("classOfCase").is_in([*(f"{n:02}" for n in range(0, 23))])


def confirmed(*codes: str) -> pl.Expr:
    """Diagnostic confirmation is one of these codes."""
    return pl.col("diagnosticConfirmation").is_in(list(codes))


def missing(value: pl.Expr, *codes: str) -> pl.Expr:
    """Blank or one of the codes that say unknown."""
    return value.is_null() | value.is_in(list(codes))


def site_group(groups: str) -> pl.Expr:
    """The primary site lies in one of the three-character groups."""
    return pl.col("primarySite").str.slice(0, 3).is_in(groups.split())


def full_day(item: str) -> pl.Expr:
    """The date as a day; null when blank, partial or no date of the calendar.

    By number first: asking a pattern of every date costs more than the rest of an indicator.

    >>> frame = pl.DataFrame({"dateOfDiagnosis": ["20240229", "20230229", "202402", "+2024010", None]})
    >>> frame.select(full_day("dateOfDiagnosis")).to_series().is_null().to_list()
    [False, True, True, True, True]
    """
    text = pl.col(item).str.strip_chars()
    digits = (text.str.len_bytes() == 8) & (text.cast(pl.Int32, strict=False) >= 10_000_000)
    return pl.when(digits).then(text).str.to_date("%Y%m%d", strict=False)


def prepare(
    patients: pl.DataFrame | None, tumors: pl.DataFrame, as_of: dt.date, failures: pl.DataFrame | None
) -> pl.DataFrame:
    """The records as the formulas see them: text items with blank = null, groups, and the terms.

    Args:
        patients: Patient-level items, None when the tumors carry them.
        tumors: one row a record.
        as_of: the reference date of follow-up.
        failures: what the edits found on the same records (open and overridden), None when they were not run.

    Returns:
        `ITEMS`, `DIMENSIONS` and the columns `@sex @patient @extra_copy @current @open @errors @fired @overridden`.
    """
    records, patient = joined(patients, tumors)
    wanted = [name for name in (*ITEMS, "sexAssignedAtBirth", "sex") if name in records.columns]
    records = records.with_columns([_filled(name) for name in wanted])
    records = records.with_columns(
        [pl.lit(None, pl.String).alias(item) for item in ITEMS if item not in records.columns]
    )
    counts = _failure_counts(records, failures)
    owner = _patient(records, patient)
    limit = dates.months_after(as_of, -CURRENT_MONTHS)
    return records.select(
        *ITEMS,
        facility=facility(records),
        county=pl.col("countyAtDx"),
        site=pl.col("primarySite").str.slice(0, 3),
        sex=reported(records, "sexAssignedAtBirth"),
        year=diagnosis_year(records),
        abstractor=pl.col("abstractedBy"),
        **{
            "@sex": reported(records, "sexAssignedAtBirth"),
            "@patient": owner,
            "@extra_copy": _extra_copy(patient) if patient else pl.lit(value=False),
            "@current": (dates.earliest("dateOfLastContact") >= limit).fill_null(value=False),
        },
    ).hstack(counts)


def _filled(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _patient(records: pl.DataFrame, patient: str | None) -> pl.Expr:
    """Whose record it is; a record of nobody known is a patient by itself."""
    alone = pl.format("#{}", pl.int_range(pl.len()))
    if patient is None:
        return alone
    known = pl.col(patient).cast(pl.String).str.strip_chars()
    return pl.when(known != "").then(known).otherwise(alone)


def _extra_copy(patient: str) -> pl.Expr:
    """True for all but the first of several records of a patient that are equal in these columns."""
    same = [patient, *SAME_TUMOR]
    filled = pl.all_horizontal([pl.col(column).is_not_null() for column in same])
    return filled & ~pl.struct(same).is_first_distinct()


def record_keys(failures: pl.DataFrame, records: pl.DataFrame) -> list[str]:
    """Columns that say which record a failure is about."""
    for keys in RECORD_KEYS:
        shared = [key for key in keys if key in failures.columns and key in records.columns]
        if shared:
            return shared
    return ["patientIdNumber", "tumorRecordNumber"]


def _failure_counts(records: pl.DataFrame, failures: pl.DataFrame | None) -> pl.DataFrame:
    """Failures of each record: `@open`, `@errors` (open errors), `@fired` and `@overridden`."""
    names = ("@open", "@errors", "@fired", "@overridden")
    if failures is None or failures.is_empty():
        return pl.DataFrame(
            {name: pl.repeat(0, records.height, dtype=pl.Int64, eager=True) for name in names}
        )
    keys = record_keys(failures, records)
    is_open = pl.col("state") == "open"
    of_record = (
        failures.with_columns([pl.col(key).cast(records.schema[key]) for key in keys])
        .group_by(keys)
        .agg(
            is_open.sum().cast(pl.Int64).alias("@open"),
            (is_open & (pl.col("severity") == "error")).sum().cast(pl.Int64).alias("@errors"),
            pl.len().cast(pl.Int64).alias("@fired"),
            (pl.col("state") == "overridden").sum().cast(pl.Int64).alias("@overridden"),
        )
    )
    found = records.select(keys).join(of_record, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return found.select(pl.col(names).fill_null(0))
