"""Who is in a survival study, who was left out and why, and how long each was observed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.standards import dates

DAYS_PER_MONTH = 365.25 / 12
Filters = Mapping[str, Any] | pl.Expr | None


@dataclass(frozen=True)
class SurvivalRules:
    """Who counts in a survival study.

    Attributes:
        malignant_only: behavior 3, and 2 in the urinary bladder (C67), as SEER counts incidence.
        first_primary_only: the patient's first malignant tumor: sequence 00 or 01, else the earliest.
        without_follow_up: leave out tumors known from a death certificate or an autopsy only (6, 7).
        zero_time: people who died or were last seen on the day of diagnosis: "exclude" or "half_day".
        dead_codes: vitalStatus of the dead (4 in files of SEER registries up to version 16).
    """

    malignant_only: bool = True
    first_primary_only: bool = True
    without_follow_up: bool = True
    zero_time: Literal["exclude", "half_day"] = "exclude"
    dead_codes: tuple[str, ...] = ("0", "4")


def survival_cohort(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    filters: Filters = None,
    rules: SurvivalRules | None = None,
    key: str = "patientIdNumber",
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tumors with the time observed, and a table of everybody left out on the way.

    Time runs from diagnosis to last contact or death; whoever was seen after `as_of` (the study's cut-off) is
    alive on that day. A missing day counts as the 15th, a missing month leaves the tumor out.

    Args:
        patients: one row a patient: `key`, vitalStatus, dateOfLastContact, and dateOfBirth, sex where known.
        tumors: one row a tumor: `key`, dateOfDiagnosis, primarySite, behaviorCodeIcdO3, and, where known,
            sequenceNumberCentral, typeOfReportingSource, ageAtDiagnosis.
        as_of: last day of follow-up that counts.
        filters: a polars expression, or column -> value, collection of values, or (from, to) of numbers; may use
            any column of the result.
        rules: who counts; see SurvivalRules.
        key: column that tells patients apart.

    Returns:
        The cohort: columns of tumors, those of patients that tumors has not, and diagnosis_year (Int32),
        age (Int32, years), site (first three characters), sex_at_birth, end_date (Date), days (Float64), months
        (Float64, days / 30.4375), dead (Boolean); in the order of tumors.
        The exclusion flow: step, reason, excluded, remaining (tumors); the first line is where it starts.

    Raises:
        BadInput: a column is missing or a filter names one that is not there.

    >>> patients = pl.DataFrame({"patientIdNumber": ["1", "2"], "vitalStatus": ["0", "1"],
    ...     "dateOfLastContact": ["20210401", "20260101"], "dateOfBirth": ["195001", "1960"]})
    >>> tumors = pl.DataFrame({"patientIdNumber": ["1", "2"], "primarySite": ["C341", "C509"],
    ...     "behaviorCodeIcdO3": ["3", "2"], "dateOfDiagnosis": ["20200401", "20200401"]})
    >>> cohort, flow = survival_cohort(patients, tumors, dt.date(2025, 12, 31))
    >>> cohort.select("age", "days", "dead").rows()
    [(70, 365.0, True)]
    >>> flow.filter(pl.col("excluded") > 0)["reason"].to_list()
    ['not malignant']
    """
    rules = rules or SurvivalRules()
    frame = _joined(patients, tumors, rules, key).with_columns(
        pl.min_horizontal("_last", pl.lit(as_of)).alias("end_date"),
        (pl.col("_dead") & (pl.col("_last") <= as_of)).alias("dead"),
    )
    days = (pl.col("end_date") - pl.col("_diagnosed")).dt.total_days()
    frame = frame.with_columns(days.cast(pl.Float64).alias("days"))
    steps = _steps(frame, _chosen(frame, filters), rules, as_of)
    flow = [(0, "tumors in the registry", 0, frame.height)]
    for number, (reason, kept) in enumerate(steps, start=1):
        before = frame.height
        # As a column first: polars 2.1 fails on a constant predicate over a frame that it works on in parts.
        frame = frame.with_columns(kept.fill_null(False).alias("_kept")).filter("_kept").drop("_kept")
        flow.append((number, reason, before - frame.height, frame.height))
    if rules.zero_time == "half_day":
        frame = frame.with_columns(pl.when(pl.col("days") == 0).then(0.5).otherwise("days").alias("days"))
    cohort = frame.with_columns((pl.col("days") / DAYS_PER_MONTH).alias("months"))
    schema = {"step": pl.Int64, "reason": pl.String, "excluded": pl.Int64, "remaining": pl.Int64}
    return cohort.drop("_last", "_dead", "_diagnosed", "_first"), pl.DataFrame(
        flow, schema=schema, orient="row"
    )


def _steps(
    frame: pl.DataFrame, chosen: pl.Expr, rules: SurvivalRules, as_of: dt.date
) -> list[tuple[str, pl.Expr]]:
    """Exclusions in order: the reason and the expression that is true for those who stay."""
    behavior, source = _text(frame, "behaviorCodeIcdO3"), _text(frame, "typeOfReportingSource")
    in_bladder = (behavior == "2") & (pl.col("site") == "C67")
    steps = [("outside the selection", chosen)]
    if rules.malignant_only:
        steps.append(("not malignant", (behavior == "3") | in_bladder))
    if rules.first_primary_only:
        steps.append(("not the first primary", pl.col("_first")))
    if rules.without_follow_up:
        steps.append(
            ("known from death certificate or autopsy only", source.is_in(["6", "7"]).not_().fill_null(True))
        )
    same_day = pl.col("days") > 0 if rules.zero_time == "exclude" else pl.col("days") >= 0
    return [
        *steps,
        ("unknown date of diagnosis", pl.col("_diagnosed").is_not_null()),
        ("unknown age", pl.col("age").is_not_null()),
        ("unknown vital status", pl.col("_dead").is_not_null()),
        ("unknown date of last contact", pl.col("_last").is_not_null()),
        (f"diagnosed after {as_of}", pl.col("_diagnosed") <= as_of),
        ("last contact before diagnosis", pl.col("days") >= 0),
        ("no time observed (last contact on the day of diagnosis)", same_day),
    ]  # fmt: skip


def _joined(patients: pl.DataFrame, tumors: pl.DataFrame, rules: SurvivalRules, key: str) -> pl.DataFrame:
    _need("patients", patients, (key, "vitalStatus", "dateOfLastContact"))
    _need("tumors", tumors, (key, "dateOfDiagnosis", "primarySite", "behaviorCodeIcdO3"))
    extra = [name for name in patients.columns if name == key or name not in tumors.columns]
    vital = _text(patients, "vitalStatus")
    people = patients.select(
        *extra,
        _day(patients, "dateOfLastContact").alias("_last"),
        pl.when(vital.is_in([*rules.dead_codes, "1"])).then(vital.is_in(rules.dead_codes)).alias("_dead"),
        _day(patients, "dateOfBirth", whole_years=True).alias("_born"),
        _sex(patients).alias("sex_at_birth"),
    )
    frame = tumors.with_columns(
        _day(tumors, "dateOfDiagnosis").alias("_diagnosed"),
        dates.year(_text(tumors, "dateOfDiagnosis")).alias("diagnosis_year"),
        _text(tumors, "primarySite").str.slice(0, 3).alias("site"),
    ).join(people, on=key, how="left", maintain_order="left")
    return frame.with_columns(_age(frame).alias("age"), _first_primary(frame, key).alias("_first")).drop(
        "_born"
    )


def _day(frame: pl.DataFrame, item: str, *, whole_years: bool = False) -> pl.Expr:
    """Date of an item: a missing day is the 15th; a missing month is 1 July with `whole_years`, else null."""
    text = _text(frame, item)
    middle = dates.earliest(text).dt.offset_by("14d")
    size = text.str.len_bytes()
    year_only = dates.earliest(text).dt.offset_by("6mo") if whole_years else pl.lit(None, pl.Date)
    return (
        pl.when(size == 8)
        .then(dates.earliest(text))
        .when(size == 6)
        .then(middle)
        .when(size == 4)
        .then(year_only)
    )


def _age(frame: pl.DataFrame) -> pl.Expr:
    """Age at diagnosis as stated (0-120), else whole years from birth to diagnosis."""
    stated = _text(frame, "ageAtDiagnosis").cast(pl.Int32, strict=False)
    born, diagnosed = pl.col("_born"), pl.col("_diagnosed")
    to_come = _day_of_year(diagnosed) < _day_of_year(born)
    years = (diagnosed.dt.year() - born.dt.year() - to_come.cast(pl.Int32)).cast(pl.Int32)
    return pl.coalesce(
        pl.when(stated.is_between(0, 120)).then(stated), pl.when(years.is_between(0, 120)).then(years)
    )


def _day_of_year(day: pl.Expr) -> pl.Expr:
    """Month and day as one number that orders days within any year."""
    return day.dt.month().cast(pl.Int32) * 100 + day.dt.day()


def _first_primary(frame: pl.DataFrame, key: str) -> pl.Expr:
    """Sequence 00 or 01 where it is filled; else the earliest malignant tumor of the patient."""
    sequence = _text(frame, "sequenceNumberCentral")
    malignant = _text(frame, "behaviorCodeIcdO3") == "3"
    order = [name for name in ("tumorRecordNumber", "tumor_id") if name in frame.columns]
    later = pl.struct(
        malignant.not_(), dates.earliest(_text(frame, "dateOfDiagnosis")).fill_null(dt.date.max), *order
    )
    earliest = later.rank("ordinal").over(key) == 1
    return pl.when(sequence.is_not_null()).then(sequence.is_in(["00", "01"])).otherwise(earliest)


def _sex(patients: pl.DataFrame) -> pl.Expr:
    known = {"sex", "sexAssignedAtBirth"} & set(patients.columns)
    return standards.sex_at_birth() if known else pl.lit("9")


def _text(frame: pl.DataFrame, item: str) -> pl.Expr:
    if item not in frame.columns:
        return pl.lit(None, dtype=pl.String)
    text = pl.col(item).cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(text)


def _need(where: str, frame: pl.DataFrame, columns: Collection[str]) -> None:
    if missing := [name for name in columns if name not in frame.columns]:
        raise BadInput(where, f"column {', '.join(missing)} is missing")


def _chosen(frame: pl.DataFrame, filters: Filters) -> pl.Expr:
    """One expression for the selection; see `survival_cohort` for the forms it may have."""
    if filters is None:
        return pl.lit(True)
    if isinstance(filters, pl.Expr):
        _need("filters", frame, filters.meta.root_names())
        return filters
    _need("filters", frame, filters)
    return pl.all_horizontal(pl.lit(True), *(_one_filter(name, wanted) for name, wanted in filters.items()))


def _one_filter(name: str, wanted: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(wanted, tuple) and len(wanted) == 2 and all(isinstance(end, int | float) for end in wanted):
        return column.is_between(*wanted)
    if isinstance(wanted, Collection) and not isinstance(wanted, str):
        return column.is_in(list(wanted))
    return column == wanted
