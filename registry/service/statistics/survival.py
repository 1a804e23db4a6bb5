"""Survival figures: who is in them, the curve, the numbers at risk, the test; small numbers hidden."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry import analytics
from registry.analytics.cohorts import SurvivalRules, survival_cohort
from registry.analytics.disclosure import profile as disclosure_profile
from registry.analytics.disclosure import suppress_at_risk, suppress_curve
from registry.analytics.stage import GROUPS, stage_group
from registry.analytics.stage import ITEMS as STAGE_ITEMS
from registry.errors import BadInput
from registry.service import frames, sites
from registry.service.operations import Context, operation
from registry.standards import dates

PATIENT_ITEMS = ["vitalStatus", "dateOfLastContact", "dateOfBirth", "sex", "sexAssignedAtBirth"]
TUMOR_ITEMS = [
    "primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis", "sequenceNumberCentral",
    "typeOfReportingSource", "ageAtDiagnosis",
]  # fmt: skip
SEXES = {"1": "Male", "2": "Female", "9": "Unknown"}
GROUPED = {"site": "site_group", "stage": "stage", "sex": "sex_name"}
TABLE_MONTHS = [0, 12, 24, 36, 48, 60, 84, 120]
YEARS_SHOWN = [1, 2, 3, 5, 10]


def _frames(context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    patients, tumors = frames.load(context, PATIENT_ITEMS, [*TUMOR_ITEMS, *STAGE_ITEMS])
    return patients, sites.with_site_group(tumors).with_columns(stage_group())


@operation("survival.choices")
def choices(context: Context) -> dict[str, Any]:
    """What can be chosen: site groups and stages that occur, and diagnosis years."""
    _, tumors = _frames(context)
    years = tumors.select(dates.year("dateOfDiagnosis")).to_series().drop_nulls().unique().sort().to_list()
    present = set(tumors["stage"].unique())
    return {
        "sites": sorted(set(tumors["site_group"].unique()) - {sites.UNKNOWN}),
        "stages": [stage for stage in GROUPS if stage in present],
        "years": years,
    }


@operation("survival.kaplan_meier")
def kaplan_meier(
    context: Context,
    by: str | None = None,
    site: str | None = None,
    sex: str | None = None,
    stage: str | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Observed survival by Kaplan–Meier with log-log limits.

    Args:
        by: compare groups: site, stage or sex. site, sex ("1" or "2"), stage, year_from, year_to: selection.
        profile: confidentiality profile (default 11, uscs 16): counts below its threshold are not shown and a
            curve ends where fewer are at risk.
        as_of: follow-up cut-off (default today).

    Returns:
        {curve, at_risk, median, at_years, log_rank, exclusions, threshold, note}; times in months.
    """
    if by is not None and by not in GROUPED:
        raise BadInput("survival", f"cannot compare by {by!r}", f"choose one of {', '.join(GROUPED)}")
    rule = disclosure_profile(profile)
    patients, tumors = _frames(context)
    day = context.day(as_of)
    selection = _selection(tumors, site, stage, year_from, year_to)
    chosen = patients.with_columns(_sex_name())
    wanted = selection if sex is None else selection & (pl.col("sex_name") == SEXES.get(sex, sex))
    cohort, exclusions = survival_cohort(
        chosen, tumors, day, filters=wanted, rules=SurvivalRules(zero_time="half_day"), key="patient_id"
    )
    group = GROUPED[by] if by else "group"
    cohort = (
        cohort.with_columns(pl.lit("All").alias("group")) if by is None else cohort.rename({group: "group"})
    )
    cohort = _large_groups(cohort.filter(pl.col("group").is_not_null()), rule.threshold)
    curve = analytics.kaplan_meier(cohort, by="group")
    table = suppress_at_risk(analytics.number_at_risk(cohort, TABLE_MONTHS, by="group"), rule)
    years = analytics.survival_at(curve, [12 * year for year in YEARS_SHOWN], by="group")
    visible = pl.col("at_risk") >= rule.threshold
    return {
        "curve": suppress_curve(curve, "group", rule).drop("std_error"),
        "at_risk": table.select("group", "time", "at_risk"),
        "median": analytics.median_survival(curve.filter(visible), by="group"),
        "at_years": years.filter(visible).select(
            "group", (pl.col("time") / 12).alias("years"), "survival", "lower", "upper"
        ),
        "log_rank": _log_rank(cohort) if by else None,
        "exclusions": _hidden_small(exclusions, rule.threshold),
        "threshold": rule.threshold,
        "patients": cohort.height if cohort.height >= rule.threshold else None,
        "note": (
            f"Observed survival, Kaplan–Meier, 95 % limits (log-log); follow-up to {day}; first malignant primaries; "
            f"counts below {rule.threshold} are not shown and curves end where fewer are at risk."
        ),
    }


def _sex_name() -> pl.Expr:
    from registry.standards import sex_at_birth

    return sex_at_birth().replace_strict(SEXES, default="Unknown").alias("sex_name")


def _selection(
    tumors: pl.DataFrame, site: str | None, stage: str | None, year_from: int | None, year_to: int | None
) -> pl.Expr:
    chosen = pl.lit(True)
    for column, value in (("site_group", site), ("stage", stage)):
        if value is not None:
            if value not in set(tumors[column].unique()):
                raise BadInput(column, f"{value!r} does not occur", "see the choices")
            chosen &= pl.col(column) == value
    year = dates.year("dateOfDiagnosis")
    if year_from is not None:
        chosen &= year >= year_from
    if year_to is not None:
        chosen &= year <= year_to
    return chosen


def _large_groups(cohort: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Groups below the threshold are left out whole."""
    return cohort.filter(pl.len().over("group") >= threshold)


def _hidden_small(exclusions: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """The flow without small counts: a reason below the threshold is shown together with the next one.

    Hiding a count alone would not do, because the remaining numbers around it give it away.

    >>> flow = pl.DataFrame({"step": [0, 1, 2], "reason": ["all", "a", "b"], "excluded": [0, 3, 20], "remaining": [100, 97, 77]})
    >>> _hidden_small(flow, 11).select("reason", "excluded", "remaining").rows()
    [('all', 0, 100), ('a; b', 23, 77)]
    """
    start, *steps = exclusions.rows()
    shown: list[tuple[int, str, int | None, int | None]] = []
    reasons: list[str] = []
    waiting = 0
    for step, reason, excluded, remaining in steps:
        if waiting and not excluded:
            continue
        reasons, waiting = [*reasons, reason], waiting + excluded
        if waiting == 0 or waiting >= threshold:
            shown.append((step, "; ".join(reasons), waiting, remaining))
            reasons, waiting = [], 0
    if waiting:
        while shown and not shown[-1][2]:
            shown.pop()
        if shown:
            step, text, before, _ = shown.pop()
            shown.append(
                (step, "; ".join([text, *reasons]), (before or 0) + waiting, exclusions["remaining"][-1])
            )
        else:
            start = (start[0], start[1], start[2], None)
            shown.append((1, "; ".join(reasons), None, exclusions["remaining"][-1]))
    return pl.DataFrame([start, *shown], schema=exclusions.schema, orient="row")


def _log_rank(cohort: pl.DataFrame) -> dict[str, Any] | None:
    if cohort["group"].n_unique() < 2:
        return None
    test = analytics.log_rank(cohort, "group")
    return {"chi2": test.chi2, "df": test.df, "p": test.p}
