"""Queues: what waits for a registrar's decision, and what could not be loaded."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry.errors import BadInput, NotFound
from registry.service.operations import Context, operation


@operation("tasks.list")
def list_tasks(context: Context, kind: str | None = None, state: str = "open") -> pl.DataFrame:
    """Review tasks in scope, oldest first: frame[task_id, kind, patient_id, abstract_id, facility_id, detail, state, created_at]."""
    condition, scope = context.actor.scope_sql("facility_id")
    wanted, parameters = ("kind = ? AND", [kind]) if kind else ("", [])
    return context.store.query(
        f"""SELECT task_id, kind, patient_id, abstract_id, facility_id, detail, state, created_at
            FROM review_task WHERE {wanted} state = ? AND {condition} ORDER BY task_id""",
        [*parameters, state, *scope],
    )


@operation("tasks.close", changes=True)
def close_task(context: Context, task_id: int, outcome: str) -> None:
    """Close a review task with what was decided."""
    if not outcome.strip():
        raise BadInput("review task", "closing it needs an outcome", "say in a sentence what was decided")
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT state FROM review_task WHERE task_id = ? AND {condition}", [task_id, *scope]
    )
    if found.is_empty():
        raise NotFound("review task", f"there is no task {task_id} in your scope")
    with context.store.unit_of_work(context.actor.name, "tasks.close", reason=outcome) as work:
        work.execute(
            "UPDATE review_task SET state = 'closed', closed_at = ?, closed_by = ?, outcome = ? WHERE task_id = ?",
            [context.stamp, context.actor.name, outcome, task_id],
        )
        work.log(
            "review_task",
            task_id,
            "close",
            {"state": found["state"][0]},
            {"state": "closed", "outcome": outcome},
        )


@operation("quarantine.list")
def list_quarantine(context: Context, state: str = "open") -> pl.DataFrame:
    """What could not be loaded, newest first: frame[quarantine_id, load_id, file_name, kind, place, reason, expected, state, created_at]."""
    _central_only(context)
    return context.store.query(
        """SELECT quarantine_id, load_id, file_name, kind, place, reason, expected, state, created_at
           FROM quarantine WHERE state = ? ORDER BY quarantine_id DESC""",
        [state],
    )


@operation("quarantine.show")
def show_quarantine(context: Context, quarantine_id: int) -> dict[str, Any]:
    """One quarantined piece with its content as received."""
    _central_only(context)
    found = context.store.query("SELECT * FROM quarantine WHERE quarantine_id = ?", [quarantine_id])
    if found.is_empty():
        raise NotFound("quarantine", f"there is no entry {quarantine_id}")
    return dict(found.row(0, named=True))


def _central_only(context: Context) -> None:
    """A quarantined piece names no trustworthy facility, so only actors without a facility scope see it."""
    if context.actor.facilities is not None:
        raise NotFound("quarantine", "entries are seen by central staff only")
