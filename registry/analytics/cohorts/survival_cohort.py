"""Who is in a survival study, who was left out and why, and how long each was observed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from registry import standards
from registry.analytics.cohorts.definition import Cohort
from registry.analytics.cohorts.flow import Mask
from registry.analytics.cohorts.selection import judged, observed
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

    def cohort(self) -> Cohort:
        """The same rules as a cohort's definition."""
        source: Literal["keep", "exclude"] = "exclude" if self.without_follow_up else "keep"
        return Cohort(
            behavior="malignant" if self.malignant_only else "all",
            sequence="first" if self.first_primary_only else "all",
            death_certificate=source, autopsy=source, zero_time=self.zero_time,
        )  # fmt: skip


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
    frame = _joined(patients, tumors, rules, key)
    chosen = None if filters is None else frame.select(_chosen(frame, filters).fill_null(False).alias("_"))
    mask = None if chosen is None else _whole(chosen.to_series(), frame.height)
    kept, flow = judged(_facts(frame, key), rules.cohort(), as_of, follow_up=True, chosen=mask)
    found = observed(
        frame.rename({"_diagnosed": "diagnosed", "_last": "last_contact", "_dead": "dead"}).filter(
            pl.Series(kept)
        ),
        as_of,
    )
    days = found["time"].alias("days")
    cohort = found.drop("diagnosed", "last_contact", "_first", "start", "time", "days").rename(
        {"end": "end_date"}
    )
    return cohort.with_columns(days, (days / DAYS_PER_MONTH).alias("months")), flow


def _whole(mask: pl.Series, size: int) -> Mask:
    """A constant expression answers with one row."""
    values = mask.to_numpy()
    return values if len(values) == size else np.full(size, bool(values[0]) if len(values) else True)


def _facts(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    """The columns of the analysis frame that a cohort's rules read."""
    behavior, source = _text(frame, "behaviorCodeIcdO3"), _text(frame, "typeOfReportingSource")
    in_bladder = (behavior == "2") & (pl.col("site") == "C67")
    return frame.select(
        pl.col("_diagnosed").alias("diagnosed"),
        pl.col("_last").alias("last_contact"),
        pl.col("_dead").alias("dead"),
        pl.col("_first").alias("first_primary"),
        ((behavior == "3") | in_bladder).alias("malignant"),
        source.cast(pl.Int8, strict=False).alias("reporting_source"),
        "age",
    )


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
    malignant = (_text(frame, "behaviorCodeIcdO3") == "3").fill_null(False)
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
