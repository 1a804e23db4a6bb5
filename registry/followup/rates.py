"""Follow-up rates: A eligible = B dead + D current + E lost; rate = 100 (B + D) / A."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from registry.errors import BadInput
from registry.followup.configuration import FollowUpConfiguration, settled
from registry.followup.due import first_day, text
from registry.followup.eligibility import judge
from registry.followup.physicians import PHYSICIANS, first_known

COUNTS = ("A_eligible", "B_dead", "C_living", "D_current", "E_lost")
BASES = ("patient", "tumor")


def rates(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
    key: str = "patientIdNumber",
    by: str | Sequence[str] = (),
) -> pl.DataFrame:
    """Rates per patient and per tumor in each window of the configuration.

    A patient is in a window when at least one eligible tumor was diagnosed in it (earliest day), and in a
    group of `by` when at least one eligible tumor belongs to it: groups of the patient basis may overlap.

    Args:
        patients: one row a patient, as in `eligibility`.
        tumors: one row a tumor (or a facility's abstract), as in `eligibility`.
        as_of: day on which the question is asked.
        configuration: the registry's settings.
        reference_date: start of the registry, where it differs from the configuration's.
        key: column that tells patients apart.
        by: "facility" (facility_id, else reportingFacility), "site" (first three characters of primarySite),
            "year" (of diagnosis), "physician" (who follows up: licence number, else NPI), or any column of either.

    Returns:
        basis ("patient", "tumor"), window, from (Date: first diagnosis day; for since_reference the effective
        reference date), the `by` columns, A_eligible, B_dead, C_living, D_current, E_lost (Int64), rate_pct,
        living_rate_pct (4 decimals; null when there is nobody), target (%), met (Boolean). Sorted by basis, window
        as configured, groups.

    >>> patients = pl.DataFrame({"patientIdNumber": ["1", "2"], "vitalStatus": ["1", "0"],
    ...     "dateOfLastContact": ["20250101", "2021"]})
    >>> tumors = pl.DataFrame({"patientIdNumber": ["1", "2"], "classOfCase": ["14", "22"],
    ...     "primarySite": ["C509", "C341"], "behaviorCodeIcdO3": ["3", "3"], "dateOfDiagnosis": ["2020", "2021"]})
    >>> rates(patients, tumors, dt.date(2026, 10, 31)).select("window", "A_eligible", "E_lost", "rate_pct").row(0)
    ('since_reference', 2, 1, 50.0)
    """
    configuration = settled(configuration, reference_date)
    groups = [by] if isinstance(by, str) else list(by)
    eligible = _eligible(patients, tumors, as_of, configuration, key, groups)
    return table(eligible, as_of, configuration, groups)


def rates_by_age(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    *,
    configuration: FollowUpConfiguration | None = None,
    reference_date: dt.date | None = None,
    key: str = "patientIdNumber",
) -> pl.DataFrame:
    """SEER's follow-up groups (invasive by age at diagnosis, in situ), tumor by tumor, with target and goal.

    Age is ageAtDiagnosis where it is filled (0-120), else whole years between the birth and diagnosis dates.

    Returns:
        group, A_eligible … E_lost, rate_pct, living_rate_pct, target, goal, met, goal_met; as configured.
    """
    configuration = settled(configuration, reference_date)
    items = [item for item in ("behaviorCodeIcdO3", "ageAtDiagnosis") if item in tumors.columns]
    eligible = _eligible(patients, tumors, as_of, configuration, key, items)
    born = pl.DataFrame({"born": first_day(patients, "dateOfBirth").gather(eligible["row"])})
    eligible = eligible.with_columns(born["born"])
    birthday_to_come = _day_of_year("diagnosed") < _day_of_year("born")
    years = pl.col("diagnosed").dt.year() - pl.col("born").dt.year() - birthday_to_come.cast(pl.Int32)
    stated = text(eligible, "ageAtDiagnosis").cast(pl.Int32, strict=False)
    age = pl.coalesce(pl.when(stated <= 120).then(stated), years)
    behavior = text(eligible, "behaviorCodeIcdO3")
    rows = []
    for band in configuration.age_bands:
        inside = age.is_between(band.from_age, band.below_age, closed="left")
        every_age = band.from_age == 0 and band.below_age >= 1000
        chosen = eligible.filter((behavior == band.behavior) & (pl.lit(every_age) | inside))
        rows.append(
            chosen.select(*_counts())
            .with_columns(*_percentages(band.target), pl.lit(band.goal).alias("goal"))
            .select(pl.lit(band.name).alias("group"), "*")
        )
    reached = 100 * (pl.col("B_dead") + pl.col("D_current")) / pl.col("A_eligible") >= pl.col("goal")
    return pl.concat(rows).with_columns(pl.when(pl.col("A_eligible") > 0).then(reached).alias("goal_met"))


def _day_of_year(name: str) -> pl.Expr:
    """Month and day as one number that orders days within a year."""
    return pl.col(name).dt.month().cast(pl.Int32) * 100 + pl.col(name).dt.day().cast(pl.Int32)


def _eligible(
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    as_of: dt.date,
    configuration: FollowUpConfiguration,
    key: str,
    groups: Sequence[str],
) -> pl.DataFrame:
    judged = judge(patients, tumors, as_of, configuration, key)
    chosen = judged["exclusion"] == ""
    eligible = judged.filter(chosen)
    if not groups:
        return eligible
    rows = tumors.filter(chosen)
    return eligible.with_columns(
        _group(name, patients, rows, eligible["row"], configuration).alias(name) for name in groups
    )


def _group(
    name: str,
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    row: pl.Series,
    configuration: FollowUpConfiguration,
) -> pl.Series:
    """The value of a grouping for each row of `tumors`, as text (year as a number); `row` is its patient's row."""
    if name == "year":
        return first_day(tumors, "dateOfDiagnosis").dt.year().cast(pl.Int32)
    facility = "facility_id" if "facility_id" in tumors.columns else "reportingFacility"
    item = {"site": "primarySite", "physician": "physicianFollowUp", "facility": facility}.get(name, name)
    needed = [item, PHYSICIANS[item]] if item in PHYSICIANS else [item]
    frame = tumors
    if not set(needed) & set(tumors.columns):
        if not set(needed) & set(patients.columns):
            raise BadInput("follow-up rates", f"there is no column {item} to group by")
        frame = patients.select(pl.col(each).gather(row) for each in needed if each in patients.columns)
    if item in PHYSICIANS:
        return frame.select(first_known(frame, item, configuration)).to_series()
    value = text(frame, item)
    return frame.select(value.str.slice(0, 3).str.to_uppercase() if name == "site" else value).to_series()


def table(
    eligible: pl.DataFrame, as_of: dt.date, configuration: FollowUpConfiguration, groups: list[str]
) -> pl.DataFrame:
    """The result of `rates` from the eligible rows of `judge`, with the columns of `groups`."""
    spans = {window.name: configuration.window(window, as_of) for window in configuration.windows}
    inside = {
        window.name: pl.lit(True)
        if window.months is None
        else pl.col("diagnosed").is_between(*spans[window.name])
        for window in configuration.windows
    }
    per_tumor = eligible.select("row", *groups, "dead", "current", **inside)
    per_patient = per_tumor.group_by("row", *groups).agg(
        pl.col("dead", "current").first(), *(pl.col(name).any() for name in spans)
    )
    rows = []
    for basis, frame in zip(BASES, (per_patient, per_tumor), strict=True):
        for window in configuration.windows:
            chosen = frame.filter(pl.col(window.name).fill_null(False))
            counts = (
                chosen.group_by(groups).agg(*_counts()).sort(groups) if groups else chosen.select(*_counts())
            )
            rows.append(
                counts.select(
                    pl.lit(basis).alias("basis"), pl.lit(window.name).alias("window"),
                    pl.lit(spans[window.name][0]).alias("from"), *groups, *COUNTS,
                ).with_columns(*_percentages(window.target))
            )  # fmt: skip
    return pl.concat(rows)


def _counts() -> list[pl.Expr]:
    dead, current = pl.col("dead"), pl.col("current")
    sums = (
        pl.len(),
        dead.sum(),
        dead.not_().sum(),
        (dead.not_() & current).sum(),
        (dead | current).not_().sum(),
    )
    return [count.cast(pl.Int64).alias(name) for name, count in zip(COUNTS, sums, strict=True)]


def _percentages(target: float) -> list[pl.Expr]:
    everybody, living = pl.col("A_eligible"), pl.col("C_living")
    rate = 100 * (pl.col("B_dead") + pl.col("D_current")) / everybody
    living_rate = 100 * pl.col("D_current") / living
    return [
        pl.when(everybody > 0).then(rate).round(4).alias("rate_pct"),
        pl.when(living > 0).then(living_rate).round(4).alias("living_rate_pct"),
        pl.lit(float(target)).alias("target"),
        pl.when(everybody > 0).then(rate >= target).alias("met"),
    ]
