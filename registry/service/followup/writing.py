"""Writing follow-up into abstracts: a new version each, with its history, whatever the status of the abstract."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from registry.abstracting import consolidated
from registry.followup.contact_codes import REVIEW_KINDS
from registry.security.roles import Actor
from registry.store import UnitOfWork

Changes = Mapping[int, Mapping[str, tuple[str | None, str | None]]]
"""abstract_id → item → (before, after)."""

CONTACT_COLUMNS: Final[dict[str, Any]] = {
    "contact_id": pl.Int64, "patient_id": pl.Int64, "abstract_id": pl.Int64, "facility_id": pl.String,
    "contacted_at": pl.Datetime("us"), "method": pl.String, "contact_type": pl.String, "outcome": pl.String,
    "date_of_last_contact": pl.String, "vital_status": pl.String, "cancer_status": pl.String, "next_action": pl.String,
    "next_date": pl.Date, "note": pl.String, "source_id": pl.Int64, "letter_id": pl.Int64, "addressee": pl.String,
    "physician_id": pl.String, "stated_date": pl.String, "postmark": pl.String, "follow_up_source": pl.String,
    "reason": pl.String, "changes": pl.String, "task_id": pl.Int64, "contacted_by": pl.String,
}  # fmt: skip
"""Columns of `follow_up_contact` that are filled here."""

TASK_COLUMNS: Final[dict[str, Any]] = {
    "task_id": pl.Int64, "kind": pl.String, "patient_id": pl.Int64, "source_id": pl.Int64, "facility_id": pl.String,
    "detail": pl.String, "state": pl.String, "created_at": pl.Datetime("us"),
}  # fmt: skip


def write(
    work: UnitOfWork,
    records: Sequence[Mapping[str, Any]],
    changes: Changes,
    now: dt.datetime,
    reason: str,
) -> int:
    """Change abstracts, keep their history and bring patients and tumors to what they say.

    Args:
        records: the abstracts as this unit of work read them (with version and patient_id): should another save come
            between, it is this one that fails.
        changes: of follow-up items.
        now: UTC without a zone.

    Returns:
        Abstracts changed.
    """
    touched = [row for row in records if changes.get(int(row["abstract_id"]))]
    if not touched:
        return 0
    items = sorted({item for row in touched for item in changes[int(row["abstract_id"])]})
    rows = [
        (
            int(row["abstract_id"]),
            *(changes[int(row["abstract_id"])].get(item, (None, row.get(item)))[1] for item in items),
        )
        for row in touched
    ]
    log = [
        (int(row["abstract_id"]), int(row["version"]) + 1, item, before, after)
        for row in touched
        for item, (before, after) in sorted(changes[int(row["abstract_id"])].items())
    ]
    schema = {
        "abstract_id": pl.Int64,
        "version": pl.Int32,
        "item": pl.String,
        "before": pl.String,
        "after": pl.String,
    }
    history = pl.DataFrame(log, schema=schema, orient="row").sort("abstract_id", "item")
    work.insert(
        "abstract_change",
        history.with_columns(changed_by=pl.lit(work.actor), changed_at=pl.lit(now), reason=pl.lit(reason)),
        logged=False,
    )
    wide = pl.DataFrame(
        rows, schema={"abstract_id": pl.Int64, **dict.fromkeys(items, pl.String)}, orient="row"
    )
    changed = work.merge("abstract", wide.sort("abstract_id"))
    consolidated.refresh(work, {int(row["patient_id"]) for row in touched}, now)
    return changed


def log_contacts(work: UnitOfWork, contacts: Sequence[Mapping[str, Any]]) -> None:
    """Add rows (CONTACT_COLUMNS, contact_id from `new_ids("follow_up_contact", n)`) to the contact log."""
    if contacts:
        work.insert("follow_up_contact", pl.DataFrame(list(contacts), schema=CONTACT_COLUMNS, orient="row"))


def open_task(
    work: UnitOfWork,
    kind: str,
    patient_id: int,
    facility_id: str | None,
    detail: str,
    now: dt.datetime,
    source_id: int | None = None,
) -> int:
    """Put a patient into the review queue, once: an open task of the kind, for the same people, is it already.

    Returns:
        The task's number.
    """
    assert kind in REVIEW_KINDS
    held = work.query(
        """SELECT task_id FROM review_task WHERE kind = ? AND patient_id = ? AND facility_id IS NOT DISTINCT FROM ?
           AND state = 'open' ORDER BY task_id LIMIT 1""",
        [kind, patient_id, facility_id],
    )
    if held.height:
        return int(held.item())
    number = work.new_ids("review_task", 1)[0]
    row = {
        "task_id": number, "kind": kind, "patient_id": patient_id, "source_id": source_id, "facility_id": facility_id,
        "detail": detail, "state": "open", "created_at": now,
    }  # fmt: skip
    work.insert("review_task", pl.DataFrame([row], schema=TASK_COLUMNS, orient="row"))
    return number


def close_tasks(
    work: UnitOfWork, kinds: Sequence[str], patient_id: int, actor: Actor, outcome: str, now: dt.datetime
) -> None:
    """Close a patient's open review tasks of some kinds, within the actor's scope."""
    condition, scope = actor.scope_sql("facility_id")
    marks = ", ".join("?" * len(kinds))
    held = work.query(
        f"""SELECT task_id FROM review_task WHERE kind IN ({marks}) AND patient_id = ? AND state = 'open' AND {condition}
            ORDER BY task_id""",
        [*kinds, patient_id, *scope],
    )
    for number in held["task_id"].to_list():
        work.execute(
            "UPDATE review_task SET state = 'closed', closed_at = ?, closed_by = ?, outcome = ? WHERE task_id = ?",
            [now, actor.name, outcome, number],
        )
        work.log("review_task", number, "close", {"state": "open"}, {"state": "closed", "outcome": outcome})
