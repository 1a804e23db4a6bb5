"""Survival figures: who is in them, the curve, the numbers at risk, the test; small numbers hidden."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry import analytics
from registry.analytics.disclosure import suppress_at_risk, suppress_curve
from registry.analytics.stages import GROUPS
from registry.service import sites
from registry.service.operations import Context, operation
from registry.service.statistics import survival_groups
from registry.service.statistics.analysis_cache import tumors
from registry.service.statistics.survival_groups import DAYS_PER_MONTH

TABLE_MONTHS = [0, 12, 24, 36, 48, 60, 84, 120]
YEARS_SHOWN = [1, 2, 3, 5, 10]
HALF_DAYS_PER_MONTH = 2 * DAYS_PER_MONTH


@operation("survival.choices")
def choices(context: Context) -> dict[str, Any]:
    """What can be chosen: site groups and stages that occur, diagnosis years, what to compare by."""
    frame = tumors(context)
    present = set(frame["stage"].unique())
    groups = set(frame["site_group"].unique()) - {sites.UNKNOWN, None}
    return {
        "sites": sorted(groups),
        "stages": [stage for stage in GROUPS if stage in present],
        "years": frame["year"].drop_nulls().unique().sort().to_list(),
        "by": survival_groups.TITLES,
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
    cohort: dict[str, Any] | str | None = None,
) -> dict[str, Any]:
    """Observed survival by Kaplan–Meier with log-log limits.

    Args:
        by: compare groups: one of `survival.choices`. site, sex ("1" or "2"), stage, year_from, year_to: selection.
        profile: confidentiality profile (default 11, uscs 16): counts below its threshold are not shown and a
            curve ends where fewer are at risk.
        as_of: follow-up cut-off (default today).
        cohort: a definition, the name of a saved cohort or a link; default: first malignant primaries.

    Returns:
        {curve, at_risk, median, at_years, log_rank, patients, note, exclusions, methods, provenance, threshold};
        times in months.
    """
    asked = survival_groups.people(
        context, cohort, by, site=site, sex=sex, stage=stage, year_from=year_from, year_to=year_to,
        profile=profile, as_of=as_of,
    )  # fmt: skip
    rule, frame = asked.found.rule, asked.frame
    curve = in_months(analytics.kaplan_meier(frame, time="half_days", by="group"))
    points = [HALF_DAYS_PER_MONTH * month for month in TABLE_MONTHS]
    table = analytics.number_at_risk(frame, points, by="group", time="half_days")
    years = analytics.survival_at(curve, [12 * year for year in YEARS_SHOWN], by="group")
    visible = pl.col("at_risk") >= rule.threshold
    day = asked.found.as_of
    whom = "first malignant primaries; " if cohort is None else ""
    answer = {
        "curve": suppress_curve(curve, "group", rule).drop("std_error"),
        "at_risk": suppress_at_risk(in_months(table), rule).select("group", "time", "at_risk"),
        "median": analytics.median_survival(curve.filter(visible), by="group"),
        "at_years": years.filter(visible).select(
            "group", (pl.col("time") / 12).alias("years"), "survival", "lower", "upper"
        ),
    }
    return {
        **{name: table.with_columns(pl.col("group").cast(pl.String)) for name, table in answer.items()},
        "log_rank": _log_rank(frame) if asked.by else None,
        "patients": frame.height if frame.height >= rule.threshold else None,
        "note": (
            f"Observed survival, Kaplan–Meier, 95 % limits (log-log); follow-up to {day}; {whom}"
            f"counts below {rule.threshold} are not shown and curves end where fewer are at risk."
        ),
        **asked.found.answer("Observed survival was estimated by Kaplan-Meier with 95 % log-log limits."),
    }


def in_months(curve: pl.DataFrame) -> pl.DataFrame:
    """Times in half days as months."""
    return curve.with_columns((pl.col("time") / HALF_DAYS_PER_MONTH).alias("time"))


def _log_rank(frame: pl.DataFrame) -> dict[str, Any] | None:
    if frame["group"].n_unique() < 2:
        return None
    test = analytics.log_rank(frame, "group", time="half_days")
    return {"chi2": test.chi2, "df": test.df, "p": test.p}
