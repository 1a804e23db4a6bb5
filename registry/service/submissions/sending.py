"""Sending: a sealed submission is marked as gone, its disclosures are written down, its corrections close their tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.errors import BadInput
from registry.service import disclosures
from registry.service.operations import Context, operation
from registry.service.submissions import profiles as submission_profiles
from registry.service.submissions.kept import find, is_unchanged, require_version
from registry.service.submissions.preparing import event
from registry.submissions import Profile

if TYPE_CHECKING:
    from registry.store import UnitOfWork


@operation("submission.send", changes=True)
def send(
    context: Context,
    submission_id: int,
    on: str | None = None,
    note: str | None = None,
    recipient_address: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Mark a sealed submission as sent; nothing is transmitted here.

    Its files must be there as they were sealed. Files with identifiers are written down as a disclosure of each patient.
    Tasks of records that were rejected before and go corrected now are closed; abstracts sent to the state become
    `exported`.

    Args:
        on: the day that it left; today when absent. recipient_address: where to, for the accounting of disclosures.

    Returns:
        {submission_id, state, version, disclosed (patients), tasks_closed, exported}.

    Raises:
        NotFound: not in scope. BadInput: it is not sealed, its files were changed, or it may not leave. Conflict: somebody
        was faster.
    """
    row = find(context, submission_id)
    require_version(row, expected_version)
    where = f"submission {submission_id}"
    if row["state"] != "SEALED":
        raise BadInput(where, f"is {row['state']}: only what is sealed is sent", "see `registry export show`")
    profile = submission_profiles.of_submission(row)
    if not profile.leaves:
        raise BadInput(where, "this file never leaves the registry", "use it here; only counts go out")
    day = context.day(on)
    if day > context.today:
        raise BadInput(where, "the day that it left is in the future", "mark it as sent once it has left")
    if day < min(row["sealed_at"].date(), context.today):
        raise BadInput(
            where, f"was sealed on {row['sealed_at'].date()}: it cannot have left before", "check the day"
        )
    kept = json.loads(row["files"])
    changed = [
        one["name"] for one in kept if not is_unchanged(Path(row["folder"]) / one["name"], one["sha256"])
    ]
    if changed:
        raise BadInput(
            where, f"{changed[0]} is missing or was changed since it was sealed",
            "seal it again (`registry export seal`), or put the sealed file back",
        )  # fmt: skip
    with context.store.unit_of_work(
        context.actor.name, "submission.send", reason=note, facility_id=row["facility_id"]
    ) as work:
        changes = {
            "state": "SENT", "sent_at": context.stamp, "sent_by": context.actor.name, "changed_at": context.stamp,
            "changed_by": context.actor.name,
        }  # fmt: skip
        version = work.update("submission", submission_id, changes, expected_version=row["version"])
        event(context, work, submission_id, "SENT", note or f"left on {day.isoformat()}")
        disclosed = _disclose(context, work, row, profile, day, recipient_address)
        told = {
            "submission_id": submission_id, "state": "SENT", "version": version, "disclosed": disclosed,
            "tasks_closed": _close_tasks(context, work, row), "exported": _mark_exported(context, work, row, profile),
        }  # fmt: skip
        _succeed(context, work, row)
    return told


def _disclose(
    context: Context, work: UnitOfWork, row: dict[str, Any], profile: Profile, day: Any, address: str | None
) -> int:
    """One disclosure a patient of an identified file; returns how many patients."""
    if not profile.identifiers:
        return 0
    patients = work.query(
        "SELECT DISTINCT patient_id FROM submission_record WHERE submission_id = ? ORDER BY patient_id",
        [row["submission_id"]],
    )["patient_id"]
    if patients.is_empty():
        return 0
    form = f"NAACCR XML type {row['record_type']}" if row["record_type"] else profile.format
    region = f", {row['region']}" if row["region"] else ""
    disclosures.record(
        work,
        recipient=f"{profile.receiver}{region}",
        recipient_address=address,
        purpose=profile.purpose,
        content=f"{form}, identified cancer records, profile {profile.id}, submission {row['submission_id']}",
        legal_basis=profile.legal_basis,
        kind="exchange" if profile.split == "state" else "submission",
        subject_id=row["submission_id"],
        patient_ids=patients,
        on=day,
    )
    return int(patients.len())


def _close_tasks(context: Context, work: UnitOfWork, row: dict[str, Any]) -> int:
    """Close what waited because an earlier submission of the line rejected a record that goes corrected now."""
    open_tasks = work.query(
        """SELECT DISTINCT t.task_id FROM submission_record now
           JOIN submission_record r ON r.record_id = now.record_id AND r.submission_id < now.submission_id
           JOIN submission s ON s.submission_id = r.submission_id
           JOIN review_task t ON t.task_id = r.task_id AND t.state = 'open'
           WHERE now.submission_id = $id AND r.answer = 'rejected' AND s.profile = $profile
               AND s.region IS NOT DISTINCT FROM $region AND s.facility_id IS NOT DISTINCT FROM $facility
           ORDER BY t.task_id""",
        {
            "id": row["submission_id"],
            "profile": row["profile"],
            "region": row["region"],
            "facility": row["facility_id"],
        },
    )
    close(context, work, open_tasks, f"corrected and sent again in submission {row['submission_id']}")
    return open_tasks.height


def close(context: Context, work: UnitOfWork, tasks: pl.DataFrame, outcome: str) -> None:
    """Close open review tasks: frame[task_id]."""
    if tasks.is_empty():
        return
    work.execute(
        """UPDATE review_task SET state = 'closed', closed_at = ?, closed_by = ?, outcome = ?, version = version + 1
           WHERE state = 'open' AND task_id IN (SELECT task_id FROM closed)""",
        [context.stamp, context.actor.name, outcome],
        frames={"closed": tasks},
    )
    work.digest(tasks, entity="review_task", entity_id="closed")


def _mark_exported(context: Context, work: UnitOfWork, row: dict[str, Any], profile: Profile) -> int:
    """Complete abstracts that went to their state become exported, with their history; returns how many."""
    if profile.level != "abstract" or profile.recipient != "state":
        return 0
    complete = work.query(
        """SELECT a.abstract_id, a.version FROM abstract a SEMI JOIN (
               SELECT record_id FROM submission_record WHERE submission_id = ? AND change <> 'deleted') r
           ON r.record_id = a.abstract_id WHERE a.status = 'complete' ORDER BY a.abstract_id""",
        [row["submission_id"]],
    )
    if complete.is_empty():
        return 0
    changes = complete.select(
        pl.col("abstract_id").cast(pl.Int64), version=pl.col("version") + 1, item=pl.lit("status"),
        before=pl.lit("complete"), after=pl.lit("exported"), changed_by=pl.lit(context.actor.name),
        changed_at=pl.lit(context.stamp),
    )  # fmt: skip
    work.insert("abstract_change", changes, logged=False)
    exported = changes.select(
        "abstract_id", status=pl.lit("exported"), dateCaseReportExported=pl.lit(f"{context.today:%Y%m%d}")
    )
    return work.merge("abstract", exported)


def _succeed(context: Context, work: UnitOfWork, row: dict[str, Any]) -> None:
    """The submission that this one corrects is RESUBMITTED."""
    previous = row["previous_submission_id"]
    if previous is None:
        return
    found = work.query("SELECT version, state FROM submission WHERE submission_id = ?", [previous])
    version, state = found.row(0)
    if state != "RESUBMITTED":
        work.update("submission", previous, {"state": "RESUBMITTED"}, expected_version=version)
        event(context, work, previous, "RESUBMITTED", f"by submission {row['submission_id']}")
