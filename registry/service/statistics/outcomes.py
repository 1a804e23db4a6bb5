"""Outcomes of a hospital: stage, treatment, delays; see outcomes_hospitals for what compares hospitals."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl

from registry.analytics.cohorts import SURVIVAL
from registry.analytics.disclosure import profiles
from registry.analytics.outcomes import delays, stage_mix, treatment
from registry.analytics.outcomes.limits import with_share
from registry.analytics.stages import GROUPS, comparability
from registry.coding.recodes import site_groups
from registry.errors import BadInput
from registry.service.operations import Context, operation
from registry.service.statistics import (
    measures_kept,
    outcome_migration,
    outcome_publishing,
    outcomes_hospitals,  # its operations are of this room
    survival_groups,
)
from registry.service.statistics.analysis_cache import tumors
from registry.service.statistics.outcome_cases import asked, cases, groups_shown
from registry.service.statistics.treatment_publishing import publish_treatment

STARTS: Final = {
    "first_treatment": "First treatment", "surgery": "Surgery", "systemic": "Systemic therapy", "radiation": "Radiation",
}  # fmt: skip
"""What time is measured to."""
_COLUMNS: Final = {name: name if name.startswith("first") else f"first_{name}" for name in STARTS}
_GIVEN: Final = {
    "first_treatment": list(treatment.MODALITIES), "surgery": ["surgery"], "radiation": ["radiation"],
    "systemic": ["chemo", "hormone", "immuno", "transplant"],
}  # fmt: skip


@operation("outcomes.choices")
def choices(context: Context) -> dict[str, Any]:
    """What can be asked.

    Returns:
        {by, treatments, sites, stages, years, measures, mix, profiles}: words → titles, lists of those that occur.
    """
    frame = tumors(context)
    present = set(frame["stage"].unique())
    return {
        "by": survival_groups.TITLES,
        "treatments": STARTS,
        "sites": sorted(set(frame["site_group"].unique()) - {site_groups.UNKNOWN, None}),
        "stages": [stage for stage in GROUPS if stage in present],
        "years": frame["year"].drop_nulls().unique().sort().to_list(),
        "measures": {one.id: one.title for one in measures_kept.current(context)},
        "mix": outcomes_hospitals.MIX,
        "profiles": {name: rule.threshold for name, rule in profiles().items()},
    }


@operation("outcomes.stage")
def stage(
    context: Context,
    by: str | None = "year",
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Stage at diagnosis within each group, the unknown among them.

    Args:
        by: one of `outcomes.choices()["by"]`, or None. cohort, sites, sexes, stages, year_from, year_to: who counts.

    Returns:
        {table[group, stage, count, total, percent, lower, upper, hidden], by, groups, notes, exclusions, methods,
        provenance, threshold}; percentages with Wilson limits.
    """
    question = asked(cohort, profile, as_of, (sites, sexes, stages, year_from, year_to))
    found = cases(context, question, by).large()
    shown = found.frame
    table = stage_mix.stage_distribution(shown.select("group", "stage"), ["group"])
    published = outcome_publishing.distribution(table, "stage", found.found.rule)
    warning = comparability(shown["stage_era"].drop_nulls().cast(pl.String).unique())
    notes = [*found.notes, *([warning] if warning else [])]
    sentence = "Stage is the SEER summary stage of the manual in force at diagnosis; shares have Wilson limits (95 %)."
    return {
        "table": published,
        **found.beside(published).answer(sentence),
        "notes": notes,
        "groups": groups_shown(published, found),
    }


@operation("outcomes.migration")
def migration(
    context: Context,
    periods: list[list[int]] | None = None,
    years: float = 3,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """How the mix of stages shifted between periods, and survival by stage and adjusted to one mix.

    Args:
        periods: first and last years; default: the years that occur, in spans of five. years: survival after so many.

    Returns:
        {shares, survival, adjusted, moved, by, groups, notes, exclusions, methods, provenance, threshold}.
    """
    question = asked(
        cohort,
        profile,
        as_of,
        (sites, sexes, stages, year_from, year_to),
        follow_up=True,
        default=SURVIVAL,
    )
    return outcome_migration.answer(cases(context, question, None), periods, years)


@operation("outcomes.treatment")
def treatments(
    context: Context,
    by: str | None = "stage",
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """First course of treatment within each group: combinations, and each modality whatever else was given.

    Returns:
        {combinations[group, treatment, count, total, percent, lower, upper, hidden], modalities[group, modality, count,
        total, percent, lower, upper, unknown_percent, hidden], by, groups, notes, exclusions, methods, provenance, threshold}.
    """
    question = asked(
        cohort,
        profile,
        as_of,
        (sites, sexes, stages, year_from, year_to),
        items=treatment.ITEMS,
    )
    found = cases(context, question, by).large()
    rule = found.found.rule
    shown = treatment.with_treatment(found.frame)
    table = with_share(treatment.combinations(shown, ["group"]))
    single = with_share(treatment.modality_shares(shown, ["group"]).rename({"yes": "count"}))
    published, modalities = publish_treatment(table, single, rule, outcome_publishing.SHARES)
    sentence = (
        "Treatment is the first course as recorded; refused or contraindicated treatment counts as not given; shares have "
        "Wilson limits (95 %)."
    )
    return {
        "combinations": published, "modalities": modalities,
        **found.beside(published).answer(sentence),
        "groups": groups_shown(published, found),
    }  # fmt: skip


@operation("outcomes.time")
def time(
    context: Context,
    of: str = "first_treatment",
    by: str | None = None,
    horizon: int = delays.HORIZON,
    cohort: dict[str, Any] | str | None = None,
    sites: list[str] | None = None,
    sexes: list[str] | None = None,
    stages: list[str] | None = None,
    year_from: int | None = None,
    year_to: int | None = None,
    profile: str = "default",
    as_of: str | dt.date | None = None,
) -> dict[str, Any]:
    """Days from diagnosis to treatment: percentiles of the treated, and of all with the untreated followed (Kaplan–Meier).

    Args:
        of: first_treatment, surgery, systemic or radiation. horizon: days after which nobody is followed further.

    Returns:
        {table, curve, by, groups, notes, exclusions, methods, provenance, threshold}; columns as `delays.time_to`.
    """
    if of not in STARTS:
        raise BadInput("time", f"there is no time to {of!r}", f"choose one of {', '.join(STARTS)}")
    if not 30 <= horizon <= 3650:
        raise BadInput("horizon", "is not between 30 and 3650 days", "give 365")
    question = asked(
        cohort,
        profile,
        as_of,
        (sites, sexes, stages, year_from, year_to),
        items=treatment.ITEMS,
    )
    found = cases(context, question, by).large()
    rule = found.found.rule
    shown = treatment.with_treatment(found.frame)
    last = pl.min_horizontal("last_contact", pl.lit(found.found.as_of))
    work = shown.with_columns(
        (last - pl.col("diagnosed")).dt.total_days().alias("followed"),
        pl.any_horizontal(pl.col(name) == "yes" for name in _GIVEN[of]).alias("begun"),
    )
    days = _COLUMNS[of]
    table = delays.time_to(work, days, ["group"], begun="begun", horizon=horizon)
    curve = delays.begun_curve(work, days, ["group"], begun="begun", horizon=horizon)
    published, drawn = outcome_publishing.delays(table, curve, rule)
    sentence = (
        f"Time runs from diagnosis to {STARTS[of].lower()}; percentiles are those of the treated with known dates, and of all "
        f"by one minus Kaplan-Meier, the untreated followed to last contact, death or {horizon} days; treatment before "
        "diagnosis counts as day 0."
    )
    return {
        "table": published, "curve": drawn, "of": of, **found.beside(published).answer(sentence), "groups": groups_shown(published, found),
    }  # fmt: skip
