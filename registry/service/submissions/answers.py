"""Answers: the receiver's report on a submission; what it rejects comes back as work."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from registry import submissions
from registry.errors import BadInput
from registry.service.audits.rows import open_tasks
from registry.service.operations import Context, operation
from registry.service.submissions.kept import find, require_version
from registry.service.submissions.preparing import event
from registry.service.submissions.profiles import content_of
from registry.service.submissions.records import with_file_numbers
from registry.service.submissions.sending import close

if TYPE_CHECKING:
    from registry.store import UnitOfWork

TASK: Final = "submission rejected"
AWAITING: Final = ("SENT", "PARTLY_REJECTED", "REJECTED", "ACKNOWLEDGED")


@operation("submission.acknowledge", changes=True)
def acknowledge(
    context: Context,
    submission_id: int,
    path: str | None = None,
    content: str | None = None,
    answer: str | None = None,
    receipt: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Load the receiver's report, or note its word on the whole file.

    A report that only names rejected records, or says that the file was accepted, accepts the others; one that lists what
    was accepted leaves what it does not name without an answer, for a second report. The same report again changes
    nothing. Each rejected record opens a review task with the reason.

    Args:
        path, content: the report (CSV or JSON, see `registry.submissions.read_acknowledgement`). answer: "accepted" or
            "rejected" for the whole file, without a report. receipt: the receiver's number.

    Returns:
        {submission_id, state, version, accepted, rejected, unanswered, unmatched, tasks, unmatched_lines: frame}.

    Raises:
        NotFound: not in scope. BadInput: it was not sent, the report is of another submission or cannot be read.
    """
    row = find(context, submission_id)
    require_version(row, expected_version)
    if row["state"] not in AWAITING:
        raise BadInput(
            f"submission {submission_id}", f"is {row['state']}: it waits for no answer", "send it first"
        )
    if answer is not None:
        if answer not in ("accepted", "rejected") or path is not None or content is not None:
            raise BadInput(
                "answer", "is accepted or rejected, for the whole file", "or give the receiver's report"
            )
        sent = _sent(context, submission_id)
        answers = sent.select("record_id", answer=pl.lit(answer), reason=pl.lit(None, pl.String))
        nobody = pl.DataFrame(schema={"patientIdNumber": pl.String, "tumorRecordNumber": pl.String})
        return _write(context, row, answers, nobody, receipt, f"{answer} as a whole", None)
    name, data = content_of(path, content, "report")
    report = submissions.read_acknowledgement(name, data)
    if report.submission_id not in (None, submission_id):
        raise BadInput(
            f"submission {submission_id}",
            f"the report is about submission {report.submission_id}",
            "name that one",
        )
    _require_of_file(row, report.sha256)
    sent = _sent(context, submission_id)
    matched, unmatched = submissions.match_answers(report, sent)
    named = matched.rename({"tumor_id": "record_id"})
    # A rejected line that fits no record may mean any of those that are not named: none of them is taken as accepted.
    answers = _completed(sent, named, report.answer) if unmatched.is_empty() else named
    note = f"report {hashlib.sha256(data).hexdigest()[:12]}"
    return _write(context, row, answers, unmatched, receipt or report.receipt, note, data)


def _require_of_file(row: dict[str, Any], sha256: str | None) -> None:
    """Refuse a report on other bytes than those that were sent.

    Raises:
        BadInput: its checksum is none of this submission's.
    """
    known = {one["sha256"] for one in json.loads(row["files"] or "[]")}
    known |= {
        str(value) for key, value in json.loads(row["manifest"] or "{}").items() if key.endswith("sha256")
    }
    if sha256 is not None and sha256.lower() not in known:
        raise BadInput(
            f"submission {row['submission_id']}", "the report's SHA-256 is not that of a file sent",
            "name the submission that it is about",
        )  # fmt: skip


def _sent(context: Context, submission_id: int) -> pl.DataFrame:
    """What a submission told of each record: numbers as they stood in the file, for matching."""
    found = context.store.query(
        """SELECT r.record_id, r.record_id AS tumor_id, r.patient_id, r.tumor_number, a."accessionNumberHosp",
                  coalesce(a."reportingFacility", r.facility_id) AS "reportingFacility"
           FROM submission_record r LEFT JOIN abstract a ON a.abstract_id = r.abstract_id
           WHERE r.submission_id = ? ORDER BY r.patient_id, r.record_id""",
        [submission_id],
    )
    return with_file_numbers(
        found.cast({"record_id": pl.Int64, "tumor_id": pl.Int64, "patient_id": pl.Int64})
    )


def _completed(sent: pl.DataFrame, named: pl.DataFrame, answer: str | None) -> pl.DataFrame:
    """Answers of all records that the report decides: frame[record_id, answer, reason].

    Args:
        named: of those that it names, and of all when it has an `answer` for the rest.
    """
    named = named.select("record_id", "answer", "reason").cast({"record_id": pl.Int64})
    if answer is not None or named.is_empty() or (named["answer"] != "rejected").any():
        return named
    rest = sent.select("record_id").join(named, on="record_id", how="anti")
    return pl.concat([named, rest.with_columns(answer=pl.lit("accepted"), reason=pl.lit(None, pl.String))])


def _write(
    context: Context,
    row: dict[str, Any],
    answers: pl.DataFrame,
    unmatched: pl.DataFrame,
    receipt: str | None,
    note: str,
    report: bytes | None,
) -> dict[str, Any]:
    submission_id = int(row["submission_id"])
    with context.store.unit_of_work(
        context.actor.name, "submission.acknowledge", facility_id=row["facility_id"]
    ) as work:
        if report is not None:
            work.keep_file(f"report of submission {submission_id}", "acknowledgement", report)
        new = _new_answers(work, submission_id, answers)
        tasks = _reject(context, work, row, new)
        _answer(work, submission_id, new, tasks)
        counts = work.query(
            """SELECT count(*) FILTER (answer = 'accepted') AS accepted, count(*) FILTER (answer = 'rejected') AS rejected,
                      count(*) FILTER (answer IS NULL) AS unanswered
               FROM submission_record WHERE submission_id = ?""",
            [submission_id],
        ).row(0, named=True)
        state, version = _state(counts), int(row["version"])
        if new.height or state != row["state"] or (receipt and receipt != row["receipt"]):
            changes = {
                "state": state, "acknowledged_at": context.stamp, "receipt": receipt or row["receipt"],
                "changed_at": context.stamp, "changed_by": context.actor.name,
            }  # fmt: skip
            version = work.update("submission", submission_id, changes, expected_version=row["version"])
            event(context, work, submission_id, state, note)
        told = {**counts, "unmatched": unmatched.height}
        work.log("submission", submission_id, "submission.acknowledge", None, told)
    return {
        "submission_id": submission_id, "state": state, "version": version, **told, "tasks": tasks.height,
        "unmatched_lines": unmatched,
    }  # fmt: skip


def _new_answers(work: UnitOfWork, submission_id: int, answers: pl.DataFrame) -> pl.DataFrame:
    """Answers that differ from what is kept: frame[record_id, patient_id, abstract_id, facility_id, task_id, answer, reason]."""
    return work.query(
        """WITH a AS MATERIALIZED (SELECT * FROM answers)
           SELECT r.record_id, r.patient_id, r.tumor_id, r.abstract_id, r.facility_id, r.task_id, a.answer, a.reason
           FROM submission_record r JOIN a USING (record_id)
           WHERE r.submission_id = ? AND (r.answer IS DISTINCT FROM a.answer OR r.reason IS DISTINCT FROM a.reason)
           ORDER BY r.patient_id, r.record_id""",
        [submission_id],
        frames={"answers": answers},
    ).cast(
        {
            "record_id": pl.Int64,
            "patient_id": pl.Int64,
            "abstract_id": pl.Int64,
            "tumor_id": pl.Int64,
            "task_id": pl.Int64,
        }
    )


def _reject(context: Context, work: UnitOfWork, row: dict[str, Any], new: pl.DataFrame) -> pl.DataFrame:
    """Open a task for each newly rejected record, close those of records that are accepted after all.

    Returns:
        frame[record_id, task_id] of the new tasks.
    """
    later = new.filter((pl.col("answer") == "accepted") & pl.col("task_id").is_not_null()).select("task_id")
    close(context, work, later, f"accepted by a later report on submission {row['submission_id']}")
    rejected = new.filter((pl.col("answer") == "rejected") & pl.col("task_id").is_null())
    if rejected.is_empty():
        return pl.DataFrame(schema={"record_id": pl.Int64, "task_id": pl.Int64})
    begins = f"submission {row['submission_id']}, {row['profile']}: "
    what = pl.coalesce(pl.col("reason"), pl.lit("no reason was given"))
    led = _led(work, rejected)
    rows = led.with_columns(detail=pl.lit(begins) + what)
    return open_tasks(work, TASK, rows, context).select("record_id", "task_id")


def _led(work: UnitOfWork, rejected: pl.DataFrame) -> pl.DataFrame:
    """Rejected records with the abstract to work on, and the facility whose work it is when there is one alone."""
    found = work.query(
        """WITH x AS MATERIALIZED (SELECT record_id, tumor_id FROM rejected WHERE abstract_id IS NULL)
           SELECT x.record_id, min(a.abstract_id) AS led_by,
                  CASE WHEN count(DISTINCT a.facility_id) = 1 THEN min(a.facility_id) END AS facility
           FROM x JOIN abstract a ON a.tumor_id = x.tumor_id WHERE a.status <> 'void'
           GROUP BY x.record_id ORDER BY x.record_id""",
        frames={"rejected": rejected},
    ).cast({"record_id": pl.Int64, "led_by": pl.Int64})
    joined = rejected.join(found, on="record_id", how="left", maintain_order="left")
    return joined.with_columns(
        abstract_id=pl.coalesce("abstract_id", "led_by"), facility_id=pl.coalesce("facility_id", "facility")
    ).drop("led_by", "facility", "task_id")


def _answer(work: UnitOfWork, submission_id: int, new: pl.DataFrame, tasks: pl.DataFrame) -> None:
    if new.is_empty():
        return
    given = new.select("record_id", "answer", "reason").join(
        tasks, on="record_id", how="left", maintain_order="left"
    )
    work.execute(
        """WITH g AS MATERIALIZED (SELECT * FROM given)
           UPDATE submission_record SET answer = g.answer, reason = g.reason,
               task_id = coalesce(g.task_id, submission_record.task_id)
           FROM g WHERE submission_record.submission_id = ? AND submission_record.record_id = g.record_id""",
        [submission_id],
        frames={"given": given},
    )
    work.digest(given.select("record_id", "answer"), entity="submission_record", entity_id=submission_id)


def _state(counts: dict[str, Any]) -> str:
    """Where a submission stands by the answers of its records."""
    if counts["rejected"] and not counts["accepted"] and not counts["unanswered"]:
        return "REJECTED"
    if counts["rejected"]:
        return "PARTLY_REJECTED"
    return "SENT" if counts["unanswered"] else "ACKNOWLEDGED"
