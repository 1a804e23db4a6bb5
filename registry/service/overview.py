"""Overview: what the registry holds, at a glance."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.service.operations import Context, operation

STAFF_COUNTS = ("open_edit_failures", "review_tasks", "quarantined")
"""Of the registry's own work: nothing for those who may not see identifiers."""
PATIENT_COUNTS = ("patients", "tumors", "abstracts", "pathology_reports", "treatments")
COUNTED = {
    "diagnosis_year": "year", "site": "site_group", "sex": "sex", "stage": "stage", "facility": "facility",
}  # fmt: skip
"""What tumors are counted by → column of the analysis frame."""
SEXES = {"1": "Male", "2": "Female", "9": "Unknown"}


def _quarantined(context: Context) -> int:
    """Open entries; they name no trustworthy facility, so whoever is held to facilities has none."""
    if context.actor.facilities is not None:
        return 0
    return int(context.store.query("SELECT count(*) FROM quarantine WHERE state = 'open'").item())


@operation("overview.summary")
def summary(context: Context) -> dict[str, Any]:
    """Key figures of the whole registry (or of the actor's facilities).

    For actors who may not see identifiers a small count is None, and the counts of staff work are left out.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    row = context.store.query(
        f"""SELECT count(DISTINCT patient_id) AS patients, count(DISTINCT tumor_id) AS tumors, count(*) AS abstracts,
                   count(DISTINCT facility_id) AS facilities
            FROM abstract WHERE status <> 'void' AND {condition}""",
        scope,
    ).row(0, named=True)
    counts = {
        name: int(
            context.store.query(f"SELECT count(*) FROM {table} WHERE {where} AND {condition}", scope).item()
        )
        for name, table, where in (
            ("pathology_reports", "pathology_report", "TRUE"),
            ("treatments", "treatment", "TRUE"),
            ("open_edit_failures", "edit_failure", "state = 'open'"),
            ("review_tasks", "review_task", "state = 'open'"),
        )
    }
    answer = {
        **{name: int(value) for name, value in row.items()},
        **counts,
        "quarantined": _quarantined(context),
        "follow_up_rate": _follow_up_rate(context),
        "last_load": context.store.query("SELECT max(finished_at) FROM load").item(),
        "synthetic": context.store.get_meta("synthetic") == "true",
    }
    return answer if context.actor.sees_identifiers else _without_small_counts(answer)


def _without_small_counts(answer: dict[str, Any]) -> dict[str, Any]:
    """Key figures for people outside the registry's work (thresholds: registry.analytics.disclosure).

    >>> _without_small_counts({"patients": 10, "tumors": 11, "treatments": 0, "facilities": 3, "review_tasks": 4})
    {'patients': None, 'tumors': 11, 'treatments': 0, 'facilities': 3}
    """
    from registry.analytics.disclosure import profile

    small = range(1, profile("default").threshold)
    return {
        name: None if name in PATIENT_COUNTS and value in small else value
        for name, value in answer.items()
        if name not in STAFF_COUNTS
    }


def _follow_up_rate(context: Context) -> float | None:
    """Rate of patients since the reference date, today."""
    from registry.service.followup.room import rates

    table = rates(context).filter((pl.col("unit") == "patient") & (pl.col("window") == "since_reference"))
    return table["rate_pct"].item() if table.height else None


@operation("overview.counts")
def counts(context: Context, by: str = "diagnosis_year") -> pl.DataFrame:
    """Tumors by one characteristic: frame[by, tumors], sorted by `by`.

    For actors who may not see identifiers small counts are null, and so are those that would give them away,
    since the total is known to them.
    """
    from registry import analytics
    from registry.service.statistics.analysis import tumors

    if by not in COUNTED:
        raise BadInput("overview.counts", f"cannot count by {by!r}", f"choose one of {', '.join(COUNTED)}")
    counted = analytics.counts_by(tumors(context).select(pl.col(COUNTED[by]).alias(by)), [by])
    counted = counted.with_columns(pl.col(by).cast(pl.String).fill_null("unknown"))
    if by == "sex":
        counted = counted.with_columns(pl.col(by).replace(SEXES))
    counted = counted.rename({"count": "tumors"}).sort(by)
    if context.actor.sees_identifiers:
        return counted
    return analytics.suppress(counted, "tumors", "default", margins=[None]).drop("suppressed")


@operation("overview.completeness")
def completeness(context: Context) -> pl.DataFrame:
    """Share of filled and of known values of the required items over all years.

    Returns:
        frame[item, records, filled, unknown, percent, name], the least complete first; `name` as the dictionary
        writes it. Who sees no identifiers gets whole percentages without counts, as small ones could be among them.
    """
    from registry import standards
    from registry.service.quality.room import completeness_frame

    frame = completeness_frame(context)
    items = standards.all_items()
    names = dict(zip(items["id"], items["name"], strict=True))
    table = (
        frame.filter(pl.col("facility_id") == "all")
        .group_by("item")
        .agg(pl.col("records", "filled", "unknown").sum())
        .with_columns(
            percent=100 * (pl.col("filled") - pl.col("unknown")) / pl.col("records"),
            name=pl.col("item").replace(names),
        )
        .sort("percent", "item")
    )
    if context.actor.sees_identifiers:
        return table
    counts = [pl.lit(None, pl.Int64).alias(name) for name in ("records", "filled", "unknown")]
    return table.with_columns(*counts, percent=pl.col("percent").round(0))
