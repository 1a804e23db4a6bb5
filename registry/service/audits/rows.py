"""What both kinds of audits share: finding an audit, its cases in scope, and work that comes of it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from registry.errors import BadInput, Denied, NotFound
from registry.service.operations import Context
from registry.store import UnitOfWork

DISCREPANCY, MISSED, UNCLEAR, UNREADABLE = (
    "audit-discrepancy", "casefinding-missed", "casefinding-unclear", "casefinding-unreadable",
)  # fmt: skip
"""Kinds of review tasks that audits open."""


def audit(context: Context, audit_id: int, *, open_only: bool = False) -> dict[str, Any]:
    """An audit with its definition, when the actor may see it: its maker, or somebody with a case of it in scope.

    Raises:
        NotFound: there is none in scope. BadInput: it is closed and `open_only` asks for an open one.
    """
    found = context.store.query(f"SELECT * FROM quality_audit a WHERE audit_id = ? AND {in_scope(context)[0]}",
                                [audit_id, *in_scope(context)[1]])  # fmt: skip
    if found.is_empty():
        raise NotFound("audit", f"there is no audit {audit_id} in your scope")
    row = dict(found.row(0, named=True))
    if open_only and row["state"] != "open":
        raise BadInput("audit", f"audit {audit_id} is closed")
    return {**row, "definition": json.loads(row["definition"])}


def in_scope(context: Context) -> tuple[str, list[str]]:
    """Condition on `quality_audit a`: whole registry for central actors; else own facility's, own ones, own cases."""
    if context.actor.facilities is None:
        return "TRUE", []
    inside, scope = context.actor.scope_sql("c.facility_id")
    listed, _ = context.actor.scope_sql("l.facility_id")
    return (
        f"""(a.created_by = ? OR EXISTS (SELECT 1 FROM quality_audit_case c WHERE c.audit_id = a.audit_id AND {inside})
             OR EXISTS (SELECT 1 FROM quality_audit_listed l WHERE l.audit_id = a.audit_id AND {listed}))""",
        [context.actor.name, *scope, *scope],
    )


def listed_in_scope(context: Context) -> tuple[str, list[str]]:
    """Condition on `quality_audit_listed l`: facilities in scope, and what the actor sent without a facility in scope."""
    inside, scope = context.actor.scope_sql("l.facility_id")
    if context.actor.facilities is None:
        return inside, scope
    mine = "SELECT 1 FROM quality_audit o WHERE o.audit_id = l.audit_id AND o.created_by = ?"
    return f"({inside} OR (l.facility_id IS NULL AND EXISTS ({mine})))", [*scope, context.actor.name]


def require_whole(context: Context, found: dict[str, Any]) -> None:
    """Refuse actors held to facilities when the audit has cases of others, or is somebody else's.

    Raises:
        Denied: it reaches beyond the actor's facilities.
    """
    if context.actor.facilities is None:
        return
    outside, scope = context.actor.scope_sql("facility_id")
    own, names = listed_in_scope(context)
    beyond = context.store.query(
        f"""SELECT (SELECT count(*) FROM quality_audit_case WHERE audit_id = ? AND NOT coalesce({outside}, false)) +
                   (SELECT count(*) FROM quality_audit_listed l WHERE audit_id = ? AND NOT coalesce({own}, false))""",
        [found["audit_id"], *scope, found["audit_id"], *names],
    ).item()
    if beyond:
        raise Denied("audit", "it has cases of other facilities", "ask central staff")


def open_tasks(work: UnitOfWork, kind: str | pl.Expr, rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Open one review task a row; returns the rows with `task_id`.

    Args:
        rows: frame[facility_id, patient_id, abstract_id, detail, ...]; details hold ids, never values of patients.
    """
    if rows.is_empty():
        return rows.with_columns(task_id=pl.lit(None, pl.Int64))
    ids = pl.Series("task_id", list(work.new_ids("review_task", rows.height)), dtype=pl.Int64)
    numbered = rows.with_columns(ids)
    kinds = pl.lit(kind) if isinstance(kind, str) else kind
    work.insert(
        "review_task",
        numbered.select(
            "task_id", "facility_id", "patient_id", "abstract_id", "detail", kind=kinds, state=pl.lit("open"),
            created_at=pl.lit(context.stamp),
        ),
    )  # fmt: skip
    return numbered


def close_task(work: UnitOfWork, task_id: int | None, outcome: str, context: Context) -> None:
    """Close an open review task with what was decided."""
    if task_id is None:
        return
    closed = work.execute(
        "UPDATE review_task SET state = 'closed', closed_at = ?, closed_by = ?, outcome = ? "
        "WHERE task_id = ? AND state = 'open'",
        [context.stamp, context.actor.name, outcome, task_id],
    )
    if closed:
        work.log("review_task", task_id, "close", {"state": "open"}, {"state": "closed", "outcome": outcome})


def reason_given(reason: str, what: str) -> str:
    """The reason without blanks around it.

    Raises:
        BadInput: there is none.
    """
    if not reason.strip():
        raise BadInput(what, "needs a reason", "say in one sentence why")
    return reason.strip()
