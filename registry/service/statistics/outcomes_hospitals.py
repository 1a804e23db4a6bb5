"""Outcomes that compare hospitals: observed and expected deaths, funnels, volume, patient flow."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

import polars as pl

from registry.analytics.cohorts import SURVIVAL
from registry.analytics.disclosure import Profile, publish_counts
from registry.analytics.outcomes import class_of_case, expected, funnel_plot
from registry.analytics.outcomes.measure import Measure
from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.statistics import measures_kept, outcome_publishing, survival_groups
from registry.service.statistics.measure_study import by_group, study_of
from registry.service.statistics.outcome_cases import (
    ALL_HOSPITALS,
    OTHERS,
    Cases,
    asked,
    groups_shown,
    of_hospitals,
)
from registry.service.statistics.survival_groups import DAYS_PER_YEAR

MIX: Final = {"stage": "Stage", "site": "Site", "age": "Age", "sex": "Sex"}
_MIX_COLUMNS: Final = {"stage": "stage", "site": "site_group", "age": "age_group", "sex": "sex"}
COUNTED: Final = {"facility": ALL_HOSPITALS, "site": "All sites", "year": "All years", "stage": "All stages"}
"""What volume may be counted by → label of its total."""


@operation("outcomes.oe")
def observed_expected(
    context: Context,
    years: float = 5,
    mix: list[str] | None = None,
    limits: Literal["exact", "byar"] = "exact",
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Observed against expected deaths of hospitals, the expected ones by their mix of stages, sites and ages.

    Args:
        years: follow-up that counts. mix: of `outcomes.choices()["mix"]`, the most important first.
        limits: of observed / expected: exact Poisson or Byar's.

    Returns:
        {table[group, patients, observed, expected, ratio, lower, upper, survival, expected_survival, lower_95, upper_95,
        lower_99_8, upper_99_8, zone, side, hidden], lines, mix, years, by, groups, notes, exclusions, methods, provenance,
        threshold}.
    """
    wanted = list(mix) if mix else ["stage", "site", "age"]
    if not set(wanted) <= set(MIX) or len(set(wanted)) < len(wanted):
        raise BadInput("mix", "is not a choice of different words", f"choose among {', '.join(MIX)}")
    if limits not in ("exact", "byar") or not 0 < years <= 20:
        raise BadInput("observed and expected", "limits are exact or byar, years between 0 and 20")
    question = asked(
        cohort,
        profile,
        as_of,
        (sites, sexes, stages, year_from, year_to),
        follow_up=True,
        default=SURVIVAL,
    )
    found = of_hospitals(context, question)
    table = expected.observed_expected(
        found.frame,
        "group",
        mix=[_MIX_COLUMNS[name] for name in wanted],
        horizon=round(years * DAYS_PER_YEAR),
        limits=limits,
    )
    published = _published_ratios(table, found)
    lines = funnel_plot.ratio_lines(published["expected"].drop_nulls().to_list())
    sentence = (
        f"Expected deaths within {years:g} years are the cumulative hazards (Nelson-Aalen) of all patients of the same "
        f"{', '.join(MIX[name].lower() for name in wanted)} over each patient's own follow-up; small cells are joined; "
        f"observed / expected has {'exact Poisson' if limits == 'exact' else 'Byar'} limits (95 %)."
    )
    return {
        "table": published, "lines": lines, "mix": wanted, "years": years, **found.answer(sentence),
        "groups": groups_shown(published, found),
    }  # fmt: skip


def _published_ratios(table: pl.DataFrame, found: Cases) -> pl.DataFrame:
    """Ratios in the groups' order with funnel limits, small numbers and what gives them away hidden."""
    rule = found.found.rule
    ordered = table.filter(pl.col("patients") >= rule.threshold).sort(
        pl.col("group").cast(pl.Enum(found.groups))
    )
    with_limits = funnel_plot.funnel_of_ratios(ordered) if ordered.height else ordered
    hidden = [name for name in with_limits.columns if name not in ("group", "patients", "observed")]
    both = outcome_publishing.with_total(with_limits, ALL_HOSPITALS, ["patients", "observed", "expected"])
    shown = outcome_publishing.shares(
        both.rename({"patients": "total"}),
        "observed",
        rule,
        by=["group"],
        total_group=ALL_HOSPITALS,
        also=tuple(hidden),
    )
    return shown.filter(pl.col("group") != ALL_HOSPITALS).rename({"total": "patients"})


@operation("outcomes.funnel")
def funnel(
    context: Context,
    measure: str,
    benchmark: float | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Hospitals' shares of a quality measure within the control limits of their size.

    Args:
        measure: id of a measure. benchmark: per cent, instead of the measure's own.

    Returns:
        {points[group, total, met, percent, lower_95, upper_95, lower_99_8, upper_99_8, zone, side, hidden], lines,
        benchmark, measure, by, groups, notes, exclusions, methods, provenance, threshold}; limits in per cent.
    """
    one: Measure = measures_kept.find(context, measure)
    wanted = one.benchmark if benchmark is None else benchmark
    if not 0 < wanted < 100:
        raise BadInput("benchmark", "is not between 0 and 100 (both excluded)", "give 85 for 85 %")
    selection = (sites, sexes, stages, year_from, year_to)
    found = study_of(context, [one], "facility", asked(cohort, profile, as_of, selection))
    table = by_group(found, one).filter(pl.col("total") > 0)
    rule = found.found.rule
    points = funnel_plot.funnel(table.select("group", "total", "met"), wanted)
    also = tuple(name for name in points.columns if name not in ("group", "total", "met"))
    both = outcome_publishing.with_total(points, ALL_HOSPITALS, ["total", "met"])
    shown = outcome_publishing.shares(both, "met", rule, by=["group"], total_group=ALL_HOSPITALS, also=also)
    shown = shown.filter(pl.col("group") != ALL_HOSPITALS, pl.col("total").is_not_null())
    sentence = (
        f"Shares are compared with the benchmark of {wanted:g} % within exact binomial control limits (95 % and 99.8 %), "
        "interpolated between counts."
    )
    return {
        "points": shown, "lines": funnel_plot.funnel_lines(shown["total"].to_list(), wanted), "benchmark": wanted,
        "measure": {name: getattr(one, name) for name in ("id", "version", "title", "question", "source")},
        **found.answer(sentence), "groups": groups_shown(shown, found),
    }  # fmt: skip


@operation("outcomes.volume")
def volume(
    context: Context,
    by: list[str] | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Cases of hospitals by site, year or stage.

    Args:
        by: one or two of facility, site, year, stage; default facility and year.

    Returns:
        {table[<by>, count, hidden], by, groups (hospitals), notes, exclusions, methods, provenance, threshold}; rows
        "All …" are totals.
    """
    words = list(by) if by else ["facility", "year"]
    if not 1 <= len(words) <= 2 or not set(words) <= set(COUNTED) or len(set(words)) < len(words):
        raise BadInput(
            "volume", "is counted by one or two different words", f"choose among {', '.join(COUNTED)}"
        )
    found = of_hospitals(context, asked(cohort, profile, as_of, (sites, sexes, stages, year_from, year_to)))
    columns = {"facility": "group", "site": "site_group", "year": "year", "stage": "stage"}
    named = found.frame.select(pl.col(columns[name]).cast(pl.String).alias(name) for name in words)
    counted = named.group_by(words).agg(pl.len().cast(pl.Int64).alias("count")).sort(words, nulls_last=True)
    table = outcome_publishing.plain_counts(
        counted, words, found.found.rule, {name: COUNTED[name] for name in words}
    )
    return {
        "table": table,
        **found.answer("Cases are counted at every hospital of class of case 00-22."),
        "by": words,
    }


@operation("outcomes.flow")
def flow(
    context: Context,
    by: str | None = None,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """What hospitals had to do with their cases, and between which of them patients move.

    Args:
        by: facility, or another of `outcomes.choices()["by"]`, or None.

    Returns:
        {table[group, flow, count, total, percent, lower, upper, hidden], meanings, transfers[diagnosed_at, treated_at,
        count, hidden] (None for accounts held to facilities), by, groups, notes, exclusions, methods, provenance, threshold}.
    """
    question = asked(cohort, profile, as_of, (sites, sexes, stages, year_from, year_to))
    found = of_hospitals(context, question, analytic=False)
    rule = found.found.rule
    transfers = _transfers(found, rule) if context.actor.facilities is None else None
    frame = found.frame
    if by != "facility":
        frame = frame.filter(pl.col("group").cast(pl.String) != OTHERS)
        frame = frame.with_columns(
            survival_groups.grouped(frame, survival_groups.compared(by)).alias("group")
        )
    shown = survival_groups.large(frame, rule.threshold).with_columns(class_of_case.flow_group())
    counted = (
        shown.group_by("group", "flow").agg(pl.len().cast(pl.Int64).alias("count")).sort("group", "flow")
    )
    table = outcome_publishing.share_of_total(counted)
    published = outcome_publishing.distribution(table, "flow", rule)
    return {
        "table": published, "meanings": class_of_case.meanings(), "transfers": transfers,
        **found.answer("Class of case is that of each hospital's own abstract."), "by": by, "groups": _groups(published),
    }  # fmt: skip


def _transfers(found: Cases, rule: Profile) -> pl.DataFrame:
    named = found.frame.select("tumor_id", pl.col("group").alias("facility"), "class_of_case")
    pairs = class_of_case.transfers(named)
    margins = [["diagnosed_at"], ["treated_at"], None]
    return publish_counts(pairs, by=["diagnosed_at", "treated_at"], margins=margins, profile=rule)


def _groups(table: pl.DataFrame) -> list[str]:
    return table["group"].unique(maintain_order=True).to_list()
