"""Quality: indicators, completeness, and what the suites said; the board of edit failures stands in modules beside this."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry.service import frames
from registry.service.operations import Context, operation
from registry.service.quality import board as quality_board  # noqa: F401 - its operations are of this room
from registry.service.quality import figures as quality_figures  # noqa: F401 - its operations are of this room
from registry.service.quality import official as quality_official  # noqa: F401 - its operations are of this room
from registry.service.quality import overrides as quality_overrides  # noqa: F401 - its operations are of this room
from registry.service.quality import report as quality_report  # noqa: F401 - its operations are of this room
from registry.service.quality import run as quality_run  # noqa: F401 - its operations are of this room
from registry.service.quality import suites as quality_suites  # noqa: F401 - its operations are of this room


def completeness_frame(context: Context) -> pl.DataFrame:
    """Filled and known values of the required items, by facility and diagnosis year."""
    from registry.quality.completeness import completeness

    patients, tumors = _judged(context)
    counts = pl.col("records", "filled", "unknown").cast(
        pl.Int64
    )  # unsigned counts would wrap when subtracted
    return completeness(patients, tumors).rename({"facility": "facility_id"}).with_columns(counts)


def _judged(context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    patient_items, tumor_items = frames.every_item(context, "patient"), frames.every_item(context, "tumor")
    patients, tumors = frames.load(context, patient_items, tumor_items)
    if "facility_id" not in tumors.columns and "reportingFacility" in tumors.columns:
        tumors = tumors.with_columns(facility_id=pl.col("reportingFacility"))
    return patients, tumors


@operation("quality.completeness")
def completeness(context: Context) -> pl.DataFrame:
    """Completeness of required items: frame[facility_id, diagnosis_year, item, records, filled, unknown, percent]."""
    return completeness_frame(context)


@operation("quality.indicators")
def indicators(
    context: Context, as_of: str | None = None, by: str | Sequence[str] = ("year",)
) -> pl.DataFrame:
    """Quality indicators with their thresholds and status; columns as `registry.quality.indicators`.

    Those of edits are left out until the edits were run.

    Args:
        by: facility, county, site, sex, year, abstractor: every combination of these, and the totals over each.
    """
    from registry.quality import indicators as judge

    patients, tumors = _judged(context)
    words = (by,) if isinstance(by, str) else tuple(by)
    return judge(patients, tumors, context.day(as_of), failures=_failures(context), by=words)


@operation("quality.scorecard")
def scorecard(context: Context, year: int | None = None, as_of: str | None = None) -> dict[str, Any]:
    """How the registry stands against the programmes' thresholds for one diagnosis year.

    Args:
        year: of diagnosis; the second year before the as-of date (what a 23-month submission holds) when absent.

    Returns:
        {year, as_of, card: frame as `registry.quality.scorecard`, levels: frame as `registry.quality.certification`,
        reached: {programme: best level met}}.
    """
    from registry.quality import certification, indicator_values, reached
    from registry.quality import scorecard as judge
    from registry.service.audits import figures as audit_figures
    from registry.standards import dates

    day = context.day(as_of)
    chosen = day.year - 2 if year is None else year
    patients, tumors = _judged(context)
    of_year = tumors.filter(dates.year("dateOfDiagnosis") == chosen)
    given = audit_figures.of_year(context, chosen)
    values = indicator_values(of_year, day, _failures(context), patients=patients, given=given)
    card = judge(values, day, chosen)
    levels = certification(card)
    return {
        "year": chosen, "as_of": day.isoformat(), "card": card, "levels": levels, "reached": reached(levels),
    }  # fmt: skip


def _failures(context: Context) -> pl.DataFrame | None:
    """Own failures that are not fixed, in scope; None when the edits were never run."""
    runs = context.store.query("SELECT count(*) FROM edit_run WHERE kind = 'own'").item()
    if not runs:
        return None
    condition, scope = context.actor.scope_sql("facility_id")
    return context.store.query(
        f"""SELECT patient_id, tumor_id, abstract_id, edit, severity, state FROM edit_failure
            WHERE source = 'own' AND state <> 'fixed' AND {condition} ORDER BY failure_id""",
        scope,
    ).with_columns(pl.col("patient_id", "tumor_id", "abstract_id").cast(pl.Int64))


@operation("quality.record_suites", changes=True)
def record_suites(context: Context, result: dict[str, Any], data_docs: str) -> None:
    """Keep what the completeness suites said (the pipeline runs them in a process of their own)."""
    with context.store.unit_of_work(context.actor.name, "quality.suites") as work:
        run_id = work.new_ids("job_run", 1)[0]
        row = {
            "run_id": run_id, "result": json.dumps({**result, "data_docs": data_docs}), "recorded_at": context.stamp,
            "recorded_by": context.actor.name,
        }  # fmt: skip
        work.insert("suite_result", pl.DataFrame([row]))


@operation("quality.suites")
def suites(context: Context) -> dict[str, Any] | None:
    """The latest result of the suites, or None; its sentences name facilities, so it is for central staff.

    Raises:
        Denied: held to facilities.
    """
    context.require_central("quality.suites")
    rows = context.store.query("SELECT result FROM suite_result ORDER BY run_id DESC LIMIT 1")
    return json.loads(rows.item()) if rows.height else None
