"""Submissions as they are kept: the list, one of them, its records, what it held back, its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry.errors import BadInput, Conflict, NotFound
from registry.service.operations import Context, operation
from registry.service.submissions.request import scope_sql

NEXT: Final = {
    "VALIDATED": ["seal"], "SEALED": ["send"], "SENT": ["acknowledge"],
    "ACKNOWLEDGED": ["resubmit"], "PARTLY_REJECTED": ["acknowledge", "resubmit"], "REJECTED": ["acknowledge", "resubmit"],
}  # fmt: skip
"""What may be done next in each state; nothing in the others."""
MEDIA: Final = {
    ".xml": "application/xml", ".gz": "application/gzip", ".zip": "application/zip", ".csv": "text/csv",
    ".tsv": "text/tab-separated-values", ".json": "application/json", ".txt": "text/plain", ".html": "text/html",
}  # fmt: skip
LARGE: Final = 256 << 20
"""Bytes beyond which a file is neither read to be looked at nor handed to a browser."""
LISTED: Final = """s.submission_id, s.profile, s.profile_version, s.title, s.recipient, s.region, s.facility_id, s.state,
    s.tumors AS records, s.deleted, s.held,
    (SELECT count(*) FROM submission_record r WHERE r.submission_id = s.submission_id AND r.answer = 'rejected') AS rejected,
    s.delta, s.year_from, s.year_to, s.record_type, s.naaccr_version, s.file_name, s.due_on, s.as_of, s.created_at,
    s.created_by, s.sealed_at, s.sent_at, s.sent_by, s.acknowledged_at, s.first_submission_id, s.previous_submission_id,
    s.version"""


def find(context: Context, submission_id: int) -> dict[str, Any]:
    """A submission's row, when it is in scope.

    Raises:
        NotFound: it is not.
    """
    condition, scope = scope_sql(context)
    found = context.store.query(
        f"SELECT * FROM submission s WHERE s.submission_id = ? AND s.profile IS NOT NULL AND {condition}",
        [submission_id, *scope],
    )
    if found.is_empty():
        raise NotFound("submission", f"there is no submission {submission_id} in your scope")
    return dict(found.row(0, named=True))


def require_version(row: dict[str, Any], expected: int | None) -> None:
    """Refuse a step that was decided on an older state.

    Raises:
        Conflict: somebody changed it meanwhile.
    """
    if expected is not None and expected != row["version"]:
        raise Conflict(f"submission {row['submission_id']}", "changed since you read it", "read it again")


@operation("submission.list")
def list_submissions(
    context: Context, state: str | None = None, profile: str | None = None, limit: int = 200
) -> pl.DataFrame:
    """Submissions in scope, newest first; plain files of `export.naaccr_xml` are not among them.

    Returns:
        frame[submission_id, profile, profile_version, title, recipient, region, facility_id, state, records, deleted, held,
        rejected, delta, year_from, year_to, record_type, naaccr_version, file_name, due_on, as_of, created_at, created_by,
        sealed_at, sent_at, sent_by, acknowledged_at, first_submission_id, previous_submission_id, version].
    """
    condition, scope = scope_sql(context)
    return context.store.query(
        f"""SELECT {LISTED} FROM submission s WHERE s.profile IS NOT NULL AND (? IS NULL OR s.state = ?)
            AND (? IS NULL OR s.profile = ?) AND {condition} ORDER BY s.submission_id DESC LIMIT ?""",
        [state, state, profile, profile, *scope, limit],
    )


@operation("submission.show")
def show(context: Context, submission_id: int) -> dict[str, Any]:
    """One submission.

    Returns:
        {submission: columns of `submission.list` and folder, purpose, receipt, problems, request, outside, required; events:
        frame[happened_at, state, actor, note]; changes: frame[change, records]; answers: frame[answer, records]; held_back:
        frame[reason, detail, records]; manifest; files: frame[name, bytes, sha256, present]; may: next steps}.

    Raises:
        NotFound: not in scope.
    """
    row = find(context, submission_id)
    listed = context.store.query(
        f"SELECT {LISTED} FROM submission s WHERE s.submission_id = ?", [submission_id]
    )
    detail = json.loads(row["detail"] or "{}")
    problems = json.loads(row["problems"] or "[]")
    more = {
        "folder": row["folder"], "purpose": row["purpose"], "receipt": row["receipt"], "problems": problems,
        "request": json.loads(row["request"]), "outside": detail.get("outside", {}), "required": detail.get("required", []),
    }  # fmt: skip
    return {
        "submission": {**listed.row(0, named=True), **more},
        "events": context.store.query(
            "SELECT happened_at, state, actor, note FROM submission_event WHERE submission_id = ? ORDER BY happened_at, rowid",
            [submission_id],
        ),
        "changes": _counts(context, submission_id, "submission_record", "change"),
        "answers": _counts(context, submission_id, "submission_record", "answer"),
        "held_back": _counts(context, submission_id, "submission_held", "reason", "detail"),
        "manifest": json.loads(row["manifest"]) if row["manifest"] else None,
        "files": files(row),
        "may": NEXT.get(row["state"], []),
    }  # fmt: skip


def _counts(context: Context, submission_id: int, table: str, *by: str) -> pl.DataFrame:
    names = ", ".join(by)
    return context.store.query(
        f"SELECT {names}, count(DISTINCT record_id) AS records FROM {table} WHERE submission_id = ? "
        f"GROUP BY {names} ORDER BY {names} NULLS LAST",
        [submission_id],
    )


def files(row: dict[str, Any]) -> pl.DataFrame:
    """Files of a sealed submission: frame[name, bytes, sha256, present].

    `present`: there and not changed since; of a file larger than LARGE its size is compared alone (sending reads it all).
    """
    kept = json.loads(row["files"] or "[]")
    rows = [{**file, "present": _looks_unchanged(Path(row["folder"]) / file["name"], file)} for file in kept]
    schema = {"name": pl.String, "bytes": pl.Int64, "sha256": pl.String, "present": pl.Boolean}
    return pl.DataFrame(rows, schema=schema)


def _looks_unchanged(path: Path, file: dict[str, Any]) -> bool:
    try:
        size = path.stat().st_size
    except OSError:
        return False
    return size == file["bytes"] and (size > LARGE or is_unchanged(path, file["sha256"]))


def is_unchanged(path: Path, sha256: str) -> bool:
    """Whether a file is there with these bytes."""
    try:
        return digest(path) == sha256
    except OSError:
        return False


def digest(path: Path) -> str:
    """SHA-256 of a file (hex)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@operation("submission.records")
def records(
    context: Context,
    submission_id: int,
    answer: str | None = None,
    change: str | None = None,
    reason: str | None = None,
    limit: int = 1000,
) -> pl.DataFrame:
    """Records of a submission, by patient and record.

    Args:
        answer: accepted, rejected, or "none" for those without an answer.

    Returns:
        frame[submission_id, patient_id, tumor_id, abstract_id, facility_id, diagnosis_year, tumor_number, change, answer,
        reason, task_id, task_state].

    Raises:
        NotFound: not in scope.
    """
    find(context, submission_id)
    found = context.store.query(
        """SELECT r.submission_id, r.patient_id, r.tumor_id, r.abstract_id, r.facility_id, r.diagnosis_year, r.tumor_number,
                  r.change, r.answer, r.reason, r.task_id, t.state AS task_state
           FROM submission_record r LEFT JOIN review_task t USING (task_id)
           WHERE r.submission_id = $id AND ($answer::VARCHAR IS NULL OR coalesce(r.answer, 'none') = $answer)
               AND ($change::VARCHAR IS NULL OR r.change = $change) AND ($reason::VARCHAR IS NULL OR r.reason = $reason)
           ORDER BY r.patient_id, r.record_id LIMIT $limit""",
        {"id": submission_id, "answer": answer, "change": change, "reason": reason, "limit": limit},
    )
    if context.actor.sees_identifiers:
        return found
    return found.with_columns(reason=pl.lit(None, pl.String))  # the receiver's own words may name somebody


@operation("submission.held")
def held(context: Context, submission_id: int, reason: str | None = None, limit: int = 1000) -> pl.DataFrame:
    """What a submission held back: frame[patient_id, tumor_id, abstract_id, facility_id, reason, detail], by patient.

    Raises:
        NotFound: not in scope.
    """
    find(context, submission_id)
    return context.store.query(
        """SELECT patient_id, tumor_id, abstract_id, facility_id, reason, detail FROM submission_held
           WHERE submission_id = ? AND (? IS NULL OR reason = ?) ORDER BY patient_id, record_id, reason, detail LIMIT ?""",
        [submission_id, reason, reason, limit],
    )


@operation("submission.file")
def file(context: Context, submission_id: int, name: str) -> dict[str, Any]:
    """A file of a sealed submission, for a download: {name, media_type, content}.

    Raises:
        NotFound: no such submission in scope, or no such file. BadInput: it was changed since it was sealed, or is LARGE.
    """
    row = find(context, submission_id)
    kept = {one["name"]: one["sha256"] for one in json.loads(row["files"] or "[]")}
    if name not in kept:
        raise NotFound(f"submission {submission_id}", "has no such file", "`registry export show` lists them")
    path = Path(row["folder"]) / name
    if path.exists() and path.stat().st_size > LARGE:
        raise BadInput(name, "is too large for a download", f"it stands in the folder {path.parent.name}")
    try:
        content = path.read_bytes()
    except OSError:
        raise NotFound(
            name, "is not where it was written", "put it back, or seal the submission again"
        ) from None
    if hashlib.sha256(content).hexdigest() != kept[name]:
        raise BadInput(name, "was changed since it was sealed", "put the sealed file back")
    return {
        "name": name, "media_type": MEDIA.get(path.suffix, "application/octet-stream"), "content": content,
    }  # fmt: skip
