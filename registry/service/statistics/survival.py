"""Survival figures: who is in them, the curve, the numbers at risk, the test; small numbers hidden."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl

from registry import analytics
from registry.analytics.disclosure import profiles, suppress_at_risk
from registry.analytics.disclosure.marked_curve import publish_marked_curve
from registry.analytics.stages import GROUPS
from registry.analytics.survival.kaplan_meier import Confidence
from registry.coding.recodes import site_groups as sites
from registry.service.operations import Context, operation
from registry.service.statistics import (
    survival_excess,
    survival_groups,
    survival_methods,
    survival_model,
    survival_net,
    survival_tests,
)
from registry.service.statistics.analysis_cache import tumors
from registry.service.statistics.survival_groups import DAYS_PER_MONTH
from registry.service.statistics.survival_methods import Question

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
        "sexes": survival_groups.SEXES,
        "by": survival_groups.TITLES,
        "methods": {name: way.title for name, way in survival_methods.METHODS.items()},
        "relative": [name for name, way in survival_methods.METHODS.items() if way.relative],
        "standardised": [name for name, way in survival_methods.METHODS.items() if way.standardised],
        "approaches": survival_methods.APPROACHES,
        "tests": survival_tests.TESTS,
        "covariates": survival_model.COVARIATES,
        "standards": survival_net.STANDARDS,
        "life_tables": survival_net.sources(context),
        "profiles": {name: rule.threshold for name, rule in profiles().items()},
    }


@operation("survival.kaplan_meier")
def kaplan_meier(
    context: Context,
    by: str | list[str] | None = None,
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
        by: compare groups: one to three of `survival.choices`. site, sex ("1" or "2"), stage, year_from, year_to: selection.
        profile: confidentiality profile (default 11, uscs 16): counts below its threshold are not shown and a
            curve ends where fewer are at risk.
        as_of: follow-up cut-off (default today).
        cohort: a definition, the name of a saved cohort or a link; default: first malignant primaries.

    Returns:
        {curve, at_risk, median, at_years, log_rank, patients, note, notes, exclusions, methods, provenance, threshold};
        times in months.
    """
    asked = survival_groups.people(
        context, cohort, by, site=site, sex=sex, stage=stage, year_from=year_from, year_to=year_to,
        profile=profile, as_of=as_of,
    )  # fmt: skip
    rule, frame = asked.found.rule, asked.frame
    curve = in_months(analytics.kaplan_meier(frame, time="half_days", by="group"))
    times = [HALF_DAYS_PER_MONTH * month for month in TABLE_MONTHS]
    table = analytics.number_at_risk(frame, times, by="group", time="half_days")
    marks = [12 * year for year in YEARS_SHOWN]
    points, years = publish_marked_curve(curve, marks, "group", rule)
    visible = pl.col("at_risk") >= rule.threshold
    day = asked.found.as_of
    whom = "first malignant primaries; " if cohort is None else ""
    answer = {
        "curve": points,
        "at_risk": suppress_at_risk(in_months(table), rule).select("group", "time", "at_risk"),
        "median": analytics.median_survival(curve.filter(visible), by="group"),
        "at_years": years.filter(~pl.col("hidden")).select(
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
        "notes": asked.notes,
        **asked.found.answer("Observed survival was estimated by Kaplan-Meier with 95 % log-log limits."),
    }


@operation("survival.estimate")
def estimate(
    context: Context,
    method: str = "kaplan-meier",
    by: str | list[str] | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    approach: str = "complete",
    period: list[int] | None = None,
    given: float = 1,
    standard: str | None = None,
    life_table: str | None = None,
    ci: Confidence = "log-log",
    test: str | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Survival by one of many methods, compared by one to three things.

    Args:
        method: one of `survival.choices()["methods"]`.
        by: one to three of `survival.choices()["by"]`.
        cohort: a definition, the name of a saved cohort or a link; default: first malignant primaries.
        sites, sexes, stages, year_from, year_to: narrow it.
        approach: complete, cohort, period or hybrid; period: first and last year of its window.
        given: years survived already (conditional). standard: age standard (relative methods), as icss1.
        life_table: its source (relative methods); default: the current one. ci: log-log, log or plain.
        test: of the groups: one of `survival.choices()["tests"]`. profile, as_of: disclosure, day asked about.

    Returns:
        {method, kind (survival, incidence, hazard), by, groups, curve [group, (cause), years, estimate, lower, upper],
        at_years (the same, hidden), at_risk [group, years, at_risk, hidden], median, mean, test, people, left_out, notes,
        exclusions, methods, provenance, threshold}; years since diagnosis.
    """
    question = Question(ci, given, approach, period, standard, life_table)
    way = survival_methods.known(method, question)
    asked = survival_groups.people(
        context, cohort, by, sites=sites, sexes=sexes, stages=stages, year_from=year_from, year_to=year_to,
        profile=profile, as_of=as_of, columns=[*way.columns, *survival_tests.COLUMNS.get(test or "", ())],
    )  # fmt: skip
    figure, asked, question = survival_methods.figure(context, way, asked, question)
    outcome = (
        survival_tests.run(context, survival_tests.known(test), asked, question)[0]
        if test and asked.by
        else None
    )
    return {"method": method, **replace(figure, test=outcome).answer(asked)}


@operation("survival.compare")
def compare(
    context: Context,
    by: str | list[str] = "stage",
    test: str = "log-rank",
    strata: str | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    life_table: str | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Test whether survival differs between groups.

    Args:
        by: one to three things that make the groups; strata: another, within whose values they are compared.
        test: one of `survival.choices()["tests"]`. The others as in `survival.estimate`.

    Returns:
        {test: {name, title, chisq, df, p, groups [group, n, observed, expected, hidden]} or None with one group, by, groups,
        left_out, notes, exclusions, methods, provenance, threshold}.
    """
    survival_tests.known(test)
    layer = survival_groups.compared(strata)
    asked = survival_groups.people(
        context, cohort, by, sites=sites, sexes=sexes, stages=stages, year_from=year_from, year_to=year_to,
        profile=profile, as_of=as_of,
        columns=[*survival_tests.COLUMNS.get(test, ()), *survival_groups.columns_of(layer)],
    )  # fmt: skip
    if layer:
        stratum = survival_groups.grouped(asked.frame, layer).alias("stratum")
        asked = survival_groups.People(
            asked.found, asked.frame.with_columns(stratum), asked.by, asked.left_out
        ).without(pl.col("stratum").is_not_null(), f"unknown {survival_groups.TITLES[layer[0]].lower()}")
    outcome, asked = survival_tests.run(
        context, test, asked, Question(life_table=life_table), "stratum" if layer else None
    )
    within = f", stratified by {survival_groups.TITLES[layer[0]].lower()}" if layer else ""
    return {
        "test": outcome, "by": asked.by, "groups": asked.groups, "left_out": asked.left_out_shown, "notes": asked.notes,
        **asked.found.answer(f"Groups were compared by the following test{within}: {survival_tests.TESTS[test]}."),
    }  # fmt: skip


@operation("survival.cox")
def cox(
    context: Context,
    covariates: list[str],
    strata: str | None = None,
    event: str = "death",
    ties: str = "efron",
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Cox's proportional hazards model.

    Args:
        covariates: of `survival.choices()["covariates"]`. strata: one with its own baseline.
        event: death, or "this cancer" (deaths of other causes censored). ties: efron or breslow.
        The others as in `survival.estimate`.

    Returns:
        {terms [term, covariate, level, reference, n, events, hazard_ratio, lower, upper, p, hidden], proportional
        [term, chisq, df, p] or None, concordance, people, events, notes, exclusions, methods, provenance, threshold}.
    """
    wanted = survival_model.known(covariates, strata, event)
    layers = [strata] if strata else []
    asked = survival_groups.people(
        context, cohort, None, sites=sites, sexes=sexes, stages=stages, year_from=year_from, year_to=year_to,
        profile=profile, as_of=as_of, columns=["age", "cause", *survival_model.columns([*wanted, *layers])],
    )  # fmt: skip
    answer, asked = survival_model.fit(asked, wanted, strata, event, ties)
    names = ", ".join(survival_model.COVARIATES[name].lower() for name in wanted)
    within = f", stratified by {survival_model.COVARIATES[strata].lower()}" if strata else ""
    sentence = (
        f"Hazard ratios of {survival_model.EVENTS[event]} were estimated by Cox's proportional hazards model with {names}"
        f"{within} (ties by {ties.capitalize()}; 95 % limits of Wald)."
    )
    return {**answer, "notes": [], **asked.found.answer(sentence)}


@operation("survival.excess")
def excess(
    context: Context,
    covariates: list[str],
    intervals: list[float] | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    approach: str = "complete",
    period: list[int] | None = None,
    life_table: str | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Poisson model of the excess hazard: of death beyond what the life table expects.

    Args:
        covariates: of `survival.choices()["covariates"]`.
        intervals: rising years from 0 between which the baseline excess hazard is constant; default 0, 1, 2, 3, 4, 5.
        The others as in `survival.estimate`.

    Returns:
        {terms [term, covariate, level, reference, n, events, hazard_ratio (of excess hazards), lower, upper, p, hidden],
        baseline [from, to (years), events, rate (a person-year), lower, upper, hidden], deviance, df, people, events, notes,
        exclusions, methods, provenance, threshold}; events are deaths of any cause within the intervals.
    """
    wanted = survival_model.known(covariates, None, "death")
    years = survival_excess.intervals(intervals)
    question = Question(approach=approach, period=period, life_table=life_table)
    survival_methods.check_approach(question, "excess", True)
    asked = survival_groups.people(
        context, cohort, None, sites=sites, sexes=sexes, stages=stages, year_from=year_from, year_to=year_to,
        profile=profile, as_of=as_of, columns=[*survival_methods.PERSON, *survival_model.columns(wanted)],
    )  # fmt: skip
    asked, question = survival_methods.approached(asked, question)
    answer, asked, sentences = survival_excess.fit(context, asked, wanted, years, question)
    names = ", ".join(survival_model.COVARIATES[name].lower() for name in wanted)
    first = (
        f"Ratios of excess hazards of death were estimated by Poisson regression with {names} (Dickman and others; 95 % "
        "limits of Wald)."
    )
    return {**answer, "notes": [], **asked.found.answer(first, *sentences)}


def in_months(curve: pl.DataFrame) -> pl.DataFrame:
    """Times in half days as months."""
    return curve.with_columns((pl.col("time") / HALF_DAYS_PER_MONTH).alias("time"))


def _log_rank(frame: pl.DataFrame) -> dict[str, Any] | None:
    if frame["group"].n_unique() < 2:
        return None
    test = analytics.log_rank(frame, "group", time="half_days")
    return {"chi2": test.chi2, "df": test.df, "p": test.p}
