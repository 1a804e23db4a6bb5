"""What an audit of coding found: agreement and kappa, the differences as work, and who was right."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from registry.errors import BadInput, NotFound
from registry.quality import agreement, casefinding_audit
from registry.service.audits import rows as audit_rows
from registry.service.audits.casefinding import listed_rows
from registry.service.operations import Context, operation

RESOLUTIONS = ("original", "recoded", "neither", "both")
CODINGS = {
    "case_id": pl.Int64, "coding_id": pl.Int64, "facility_id": pl.String, "abstractor": pl.String, "auditor": pl.String,
    "item": pl.String, "original": pl.String, "recoded": pl.String,
}  # fmt: skip


@operation("audits.results")
def results(context: Context, audit_id: int) -> dict[str, Any]:
    """What an audit found, of finished codings (listed cases) in scope.

    Returns, of an audit of coding:
        {audit, cases, finished, overall, items, abstractors, facilities, abstractor_items, facility_items, auditors,
        reviewed, coders, looked}: frames of `registry.quality.agreement.agreement` by nothing, item, abstractor,
        facility_id, both with item, auditor; `reviewed` by item with the differences settled in favour of the original
        counted as agreement; `coders` among all coders (Fleiss) where cases have several; `looked`
        frame[auditor, cases]: finished cases whose record the auditor opened before finishing, so not blinded.
    Of a casefinding audit:
        {audit, overall, facilities, sources}: frames of `registry.quality.casefinding_audit.completeness`.
    """
    found = audit_rows.audit(context, audit_id)
    if found["kind"] == "casefinding":
        rows = listed_rows(context, audit_id)
        complete = casefinding_audit.completeness
        return {
            "audit": found, "overall": complete(rows), "facilities": complete(rows, ["facility_id"]),
            "sources": complete(rows, ["source"]),
        }  # fmt: skip
    coded = codings(context, audit_id, found["definition"]["items"])
    condition, scope = context.actor.scope_sql("facility_id")
    cases = context.store.query(
        f"SELECT count(*) FROM quality_audit_case WHERE audit_id = ? AND {condition}", [audit_id, *scope]
    ).item()
    groups = {
        "overall": [], "items": ["item"], "abstractors": ["abstractor"], "facilities": ["facility_id"],
        "abstractor_items": ["abstractor", "item"], "facility_items": ["facility_id", "item"], "auditors": ["auditor"],
    }  # fmt: skip
    several = coded.filter(pl.col("coding_id").n_unique().over("case_id") > 1)
    return {
        "audit": found, "cases": cases, "finished": coded["case_id"].n_unique(),
        **{name: agreement.agreement(coded, by) for name, by in groups.items()},
        "reviewed": agreement.agreement(_as_settled(context, audit_id, coded)),
        "coders": agreement.among_coders(several), "looked": _looked(context, audit_id),
    }  # fmt: skip


def codings(context: Context, audit_id: int, items: list[str]) -> pl.DataFrame:
    """Finished codings in scope, one row an audited item."""
    condition, scope = context.actor.scope_sql("c.facility_id")
    found = context.store.query(
        f"""SELECT c.case_id, k.coding_id, c.facility_id, c.abstractor, k.auditor, c.original, k.recoded
            FROM quality_audit_coding k JOIN quality_audit_case c USING (case_id)
            WHERE c.audit_id = ? AND k.state = 'finished' AND {condition} ORDER BY c.draw, k.coding_id""",
        [audit_id, *scope],
    )
    rows = []
    for *keys, original, recoded in found.iter_rows():
        before, after = json.loads(original), json.loads(recoded or "{}")
        rows += [(*keys, item, before.get(item), after.get(item)) for item in items]
    return pl.DataFrame(rows, schema=CODINGS, orient="row")


def _as_settled(context: Context, audit_id: int, codings: pl.DataFrame) -> pl.DataFrame:
    """Codings in which a difference that was settled for the original (or for both) is none."""
    kept = context.store.query(
        "SELECT coding_id, item, true AS kept FROM quality_audit_finding "
        "WHERE audit_id = ? AND resolution IN ('original', 'both') ORDER BY finding_id",
        [audit_id],
    ).cast({"coding_id": pl.Int64})
    joined = codings.join(kept, on=["coding_id", "item"], how="left", maintain_order="left")
    return joined.with_columns(recoded=pl.when("kept").then("original").otherwise("recoded")).drop("kept")


def _looked(context: Context, audit_id: int) -> pl.DataFrame:
    """Finished cases whose record its auditor opened after they were given out and before finishing."""
    condition, scope = context.actor.scope_sql("c.facility_id")
    given = context.store.query(
        f"""SELECT k.coding_id, k.auditor, c.abstract_id, c.patient_id, k.created_at, k.finished_at
            FROM quality_audit_coding k JOIN quality_audit_case c USING (case_id)
            WHERE c.audit_id = ? AND k.state = 'finished' AND {condition} ORDER BY k.coding_id""",
        [audit_id, *scope],
    )
    views = context.store.query(
        """SELECT e.actor AS auditor, e.happened_at, e.after_value FROM audit_event e
           SEMI JOIN (SELECT DISTINCT auditor FROM codings) c ON e.actor = c.auditor
           WHERE e.action = 'view' AND e.entity = 'operation'
                 AND (starts_with(e.entity_id, 'records.') OR e.entity_id = 'quality.failure')
           ORDER BY e.seq""",
        frames={"codings": given.select("auditor")},
    )
    failing = context.store.query(
        "SELECT failure_id, abstract_id FROM edit_failure SEMI JOIN given USING (abstract_id) ORDER BY failure_id",
        frames={"given": given.select("abstract_id")},
    )
    record_of = dict(failing.iter_rows())
    opened: dict[tuple[str, str, int], list[Any]] = {}
    for auditor, at, text in views.iter_rows():
        asked = json.loads(text or "{}")
        asked.setdefault("abstract_id", record_of.get(asked.get("failure_id")))
        for name in ("abstract_id", "patient_id"):
            if isinstance(asked.get(name), int):
                opened.setdefault((auditor, name, asked[name]), []).append(at)
    rows = [
        row["auditor"]
        for row in given.iter_rows(named=True)
        if any(
            row["created_at"] <= at <= row["finished_at"]
            for name in ("abstract_id", "patient_id")
            for at in opened.get((row["auditor"], name, row[name]), [])
        )
    ]
    counted = pl.DataFrame({"auditor": rows}, schema={"auditor": pl.String}).group_by("auditor")
    return counted.agg(cases=pl.len().cast(pl.Int64)).sort("auditor")


@operation("audits.findings")
def findings(
    context: Context, audit_id: int | None = None, state: str = "open", limit: int = 500
) -> pl.DataFrame:
    """Items coded otherwise, oldest first.

    Those of cases that the actor still has to code are left out.

    Args:
        state: open, resolved or all.

    Returns:
        frame[finding_id, audit_id, case_id, facility_id, abstract_id, item, original, recoded, abstractor, auditor,
        task_id, resolution, resolution_reason, resolved_by, resolved_at, version].
    """
    states = {"open": "f.resolution IS NULL", "resolved": "f.resolution IS NOT NULL", "all": "TRUE"}
    if state not in states:
        raise BadInput("state", f"{state!r} is none of {', '.join(states)}")
    condition, scope = context.actor.scope_sql("f.facility_id")
    wanted, parameters = ("TRUE", []) if audit_id is None else ("f.audit_id = ?", [audit_id])
    return context.store.query(
        f"""SELECT f.finding_id, f.audit_id, f.case_id, f.facility_id, f.abstract_id, f.item, f.original, f.recoded,
                   c.abstractor, k.auditor, f.task_id, f.resolution, f.resolution_reason, f.resolved_by, f.resolved_at,
                   f.version
            FROM quality_audit_finding f JOIN quality_audit_case c USING (case_id)
            JOIN quality_audit_coding k ON k.coding_id = f.coding_id
            WHERE {states[state]} AND {wanted} AND {condition} AND NOT EXISTS
                  (SELECT 1 FROM quality_audit_coding o JOIN quality_audit_case oc USING (case_id)
                   WHERE oc.abstract_id = f.abstract_id AND o.auditor = ? AND o.state <> 'finished')
            ORDER BY f.finding_id LIMIT ?""",
        [*parameters, *scope, context.actor.name, limit],
    )


@operation("audits.resolve", changes=True)
def resolve(
    context: Context, finding_id: int, resolution: str, reason: str, expected_version: int
) -> dict[str, Any]:
    """Say which code is right and why; closes the task. The record itself is corrected as any other.

    Args:
        resolution: original, recoded, neither, or both (the rules allow either).

    Returns:
        {finding_id, resolution, version}.

    Raises:
        NotFound: no such finding in scope. BadInput: another word, no reason, resolved already. Conflict: changed meanwhile.
    """
    if resolution not in RESOLUTIONS:
        raise BadInput("resolution", f"{resolution!r} is none of {', '.join(RESOLUTIONS)}")
    why = audit_rows.reason_given(reason, "resolution")
    found = findings(context, state="all", limit=10**9).filter(pl.col("finding_id") == finding_id)
    if found.is_empty():
        raise NotFound("audit finding", f"there is no finding {finding_id} in your scope")
    row = found.row(0, named=True)
    if row["resolution"] is not None:
        raise BadInput("audit finding", "is resolved already")
    changes = {
        "resolution": resolution, "resolution_reason": why, "resolved_by": context.actor.name,
        "resolved_at": context.stamp,
    }  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "audits.resolve", reason=why) as work:
        version = work.update("quality_audit_finding", finding_id, changes, expected_version=expected_version)
        audit_rows.close_task(work, row["task_id"], f"{resolution}: {why}", context)
    return {"finding_id": finding_id, "resolution": resolution, "version": version}
