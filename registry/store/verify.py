"""Verification of the audit chain and of the references between tables.

`verify_chain` recomputes every hash and names the first row that does not fit; `orphans` finds references
without their row, because the schema has no FOREIGN KEYs.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from registry.store.audit import COLUMNS, GENESIS, Head, row_hash

_BATCH = 100_000


@dataclass(frozen=True)
class AuditReport:
    """Outcome of `Store.verify_audit`.

    Args:
        ok: the chain is whole, agrees with its anchor, and no reference is broken.
        rows: audit rows read.
        first_bad: number (seq) of the first row that does not fit, when there is one.
        message: one sentence for people.
        orphans: broken references as (table, column, rows).
    """

    ok: bool
    rows: int
    first_bad: int | None
    message: str
    orphans: tuple[tuple[str, str, int], ...] = ()


# child table, column, parent table, parent's column
REFERENCES: tuple[tuple[str, str, str, str], ...] = (
    ("tumor", "patient_id", "patient", "patient_id"),
    ("abstract", "patient_id", "patient", "patient_id"),
    ("abstract", "tumor_id", "tumor", "tumor_id"),
    ("abstract", "source_id", "source_record", "source_id"),
    ("abstract_change", "abstract_id", "abstract", "abstract_id"),
    ("source_chunk", "file_id", "source_file", "file_id"),
    ("source_record", "file_id", "source_file", "file_id"),
    ("source_record", "load_id", "load", "load_id"),
    ("source_item", "source_id", "source_record", "source_id"),
    ("pathology_report", "source_id", "source_record", "source_id"),
    ("pathology_report", "patient_id", "patient", "patient_id"),
    ("pathology_report", "abstract_id", "abstract", "abstract_id"),
    ("treatment", "patient_id", "patient", "patient_id"),
    ("treatment", "tumor_id", "tumor", "tumor_id"),
    ("treatment", "abstract_id", "abstract", "abstract_id"),
    ("treatment", "source_id", "source_record", "source_id"),
    ("follow_up_contact", "patient_id", "patient", "patient_id"),
    ("follow_up_contact", "abstract_id", "abstract", "abstract_id"),
    ("follow_up_contact", "letter_id", "letter", "letter_id"),
    ("follow_up_contact", "task_id", "review_task", "task_id"),
    ("follow_up_import", "file_id", "source_file", "file_id"),
    ("contact_bar", "patient_id", "patient", "patient_id"),
    ("letter_consent", "patient_id", "patient", "patient_id"),
    ("letter", "batch_id", "letter_batch", "batch_id"),
    ("letter", "patient_id", "patient", "patient_id"),
    ("letter_language", "patient_id", "patient", "patient_id"),
    ("letter", "contact_id", "follow_up_contact", "contact_id"),
    ("letter_batch", "file_id", "source_file", "file_id"),
    ("follow_up_import_line", "import_id", "follow_up_import", "import_id"),
    ("follow_up_import_line", "patient_id", "patient", "patient_id"),
    ("job_attempt", "run_id", "job_run", "run_id"),
    ("submission_record", "submission_id", "submission", "submission_id"),
    ("submission_record", "task_id", "review_task", "task_id"),
    ("submission_record", "patient_id", "patient", "patient_id"),
    ("submission_held", "submission_id", "submission", "submission_id"),
    ("submission_event", "submission_id", "submission", "submission_id"),
    ("disclosure_patient", "disclosure_id", "disclosure_event", "disclosure_id"),
    ("disclosure_patient", "patient_id", "patient", "patient_id"),
    ("geocode", "tumor_id", "tumor", "tumor_id"),
    ("geocode", "task_id", "review_task", "task_id"),
    ("edit_failure", "abstract_id", "abstract", "abstract_id"),
    ("edit_failure", "tumor_id", "tumor", "tumor_id"),
    ("edit_failure", "patient_id", "patient", "patient_id"),
    ("edit_override", "abstract_id", "abstract", "abstract_id"),
    ("edit_override", "failure_id", "edit_failure", "failure_id"),
    ("edit_run_count", "run_id", "edit_run", "run_id"),
    ("edit_run_record", "run_id", "edit_run", "run_id"),
    ("edit_judged", "patient_id", "patient", "patient_id"),
    ("official_result", "run_id", "edit_run", "run_id"),
    ("official_result", "abstract_id", "abstract", "abstract_id"),
    ("official_result", "failure_id", "edit_failure", "failure_id"),
    ("quality_audit_case", "audit_id", "quality_audit", "audit_id"),
    ("quality_audit_case", "abstract_id", "abstract", "abstract_id"),
    ("quality_audit_coding", "case_id", "quality_audit_case", "case_id"),
    ("quality_audit_finding", "coding_id", "quality_audit_coding", "coding_id"),
    ("quality_audit_finding", "case_id", "quality_audit_case", "case_id"),
    ("quality_audit_finding", "task_id", "review_task", "task_id"),
    ("quality_audit_listed", "audit_id", "quality_audit", "audit_id"),
    ("quality_audit_listed", "task_id", "review_task", "task_id"),
    ("derived", "tumor_id", "tumor", "tumor_id"),
    ("accession_number", "patient_id", "patient", "patient_id"),
    ("primary_pair", "patient_id", "patient", "patient_id"),
    ("staging_trace", "tumor_id", "tumor", "tumor_id"),
    ("link_event", "patient_id", "patient", "patient_id"),
    ("link_event", "abstract_id", "abstract", "abstract_id"),
    ("review_task", "patient_id", "patient", "patient_id"),
    ("review_task", "abstract_id", "abstract", "abstract_id"),
    ("session", "account_id", "account", "account_id"),
)


def verify_chain(
    cursor: duckdb.DuckDBPyConnection, key: bytes, *, anchors: tuple[Head | str, ...] = ()
) -> AuditReport:
    """Recompute the chain.

    Args:
        cursor: sees the audit table; a transaction of the caller's gives one consistent view.
        key: the audit key.
        anchors: heads read *before* this call (a file's, the process's own); the chain must contain each.
            A text says why there is none and fails the verification.
    """
    count = int(cursor.execute("SELECT count(*) FROM audit_event").fetchall()[0][0])
    expected, previous, read = 1, GENESIS, 0
    at = {anchor.seq: anchor.hash for anchor in anchors if isinstance(anchor, Head) and anchor.seq}
    select = ", ".join(
        "epoch_us(happened_at) AS happened_at" if name == "happened_at" else name for name in COLUMNS
    )
    after = -(2**63)
    while True:
        part = cursor.execute(
            f"SELECT {select} FROM audit_event WHERE seq > ? ORDER BY seq LIMIT {_BATCH}", [after]
        ).pl()
        for row in part.iter_rows():
            seq = row[0]
            if seq != expected:
                what = f"row {expected} is missing" if seq > expected else f"row {seq} was added"
                return _bad(count, min(seq, expected), what)
            if row[11] != previous:
                return _bad(count, seq, f"row {seq} does not follow the row before it")
            if row_hash(key, row[:12]) != row[12]:
                return _bad(count, seq, f"row {seq} was changed")
            previous = row[12]
            if seq in at and at[seq] != previous:
                return _bad(count, seq, f"row {seq} is not the one that was anchored")
            expected += 1
        read += part.height
        if part.height < _BATCH:
            break
        after = expected - 1
    if read != count:
        return _bad(count, expected, "rows without a number were added")
    for anchor in anchors:
        if isinstance(anchor, Head) and anchor.seq >= expected:
            return _bad(count, expected, f"the end is cut off: rows {expected} to {anchor.seq} are missing")
    for anchor in anchors:
        if isinstance(anchor, str):
            return AuditReport(False, count, None, f"the {count} rows fit, but {anchor}")
    return AuditReport(True, count, None, f"{count} audit rows verified")


def _bad(rows: int, seq: int, what: str) -> AuditReport:
    return AuditReport(False, rows, seq, f"the audit chain is broken: {what}")


def orphans(cursor: duckdb.DuckDBPyConnection) -> tuple[tuple[str, str, int], ...]:
    """Broken references as (table, column, rows), in the order of REFERENCES."""
    found = []
    for child, column, parent, parent_column in REFERENCES:
        rows = cursor.execute(
            f'SELECT count(*) FROM "{child}" AS child ANTI JOIN "{parent}" AS parent '
            f'ON child."{column}" = parent."{parent_column}" WHERE child."{column}" IS NOT NULL'
        ).fetchall()
        if rows[0][0]:
            found.append((child, column, int(rows[0][0])))
    return tuple(found)
