"""Ingestion: one received file becomes abstracts, reports, treatments or reference rows, or is refused whole.

The same bytes twice change nothing. What cannot be read is kept in quarantine with the reason.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl

from registry import formats
from registry.abstracting import treatments
from registry.casefinding import reports
from registry.errors import BadInput, NotFound, RegistryError
from registry.service import reference
from registry.service.naaccr_ingest import MoreItems, NaaccrFile, require_own
from registry.service.operations import Context, operation
from registry.service.received_file import ReceivedFile

COUNTS = ("patients", "tumors", "items", "accepted", "duplicates", "quarantined", "faults")
SHOWN = 10
KEPT = "it is kept in quarantine"
"""The end of the line about every file that is refused whole."""


@operation("ingest.file", changes=True)
def ingest_file(
    context: Context, path: str, sender: str | None = None, dictionaries: list[str] | None = None
) -> dict[str, Any]:
    """Load one file.

    Args:
        path: NAACCR XML, HL7 pathology messages, a treatment CSV, facilities or physicians as CSV
            (plain, .gz or in a zip file, "a.zip!b.xml"; the kind is recognised).
        sender: facility or registry that sent it, when the file does not say.
        dictionaries: user-defined NAACCR dictionaries (paths).

    Returns:
        {file, kind, patients, tumors, items, accepted, duplicates, quarantined, faults, ...} with
        accepted and duplicates in records.

    Raises:
        BadInput: the file cannot be read as any of these; it is in quarantine, nothing else changed.
    """
    file = Path(path)
    received = ReceivedFile(file)
    kind = None
    try:
        received.unpack()
        earlier = context.store.find_load(received.digest)
        if earlier is not None:
            return _as_duplicate(context, file, earlier)
        kind = reference.kind_of(received.head) or formats.sniff(file)
        if kind in reference.TABLES:
            return _report(file, kind, reference.load_csv(context, kind, file, received.content()), [])
        if kind == "naaccr-xml":
            return _ingest_abstracts(context, received, sender, dictionaries or [])
        if kind in ("hl7", "treatments"):
            return _ingest_rows(context, received, kind)
        raise BadInput(file.name, *_unknown(kind))
    except BadInput as error:
        _quarantine_file(context, file, received.packed, kind, error)
        action = f"{error.action}; {KEPT}" if error.action else KEPT
        raise BadInput(error.where, error.what, action) from None


def _unknown(kind: str | None) -> tuple[str, str]:
    if kind == "deaths":
        return (
            "is a file of death certificates, which death clearance takes in",
            "keep it for `registry deaths`",
        )
    return (
        "is not NAACCR XML, HL7 v2, a treatment CSV, or a facility or physician table",
        "look at its first lines; NAACCR records in fixed columns or a table become NAACCR XML with"
        " `registry naaccr convert FILE --format xml --out FILE.xml`",
    )


def _report(file: Path, kind: str, counts: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    filled = {name: int(counts.get(name, 0)) for name in COUNTS}
    extra = {name: value for name, value in counts.items() if name not in filled}
    return {
        "file": str(file),
        "kind": kind,
        **filled,
        "errors": 0,
        "warnings": 0,
        **extra,
        "messages": faults,
    }


def _messages(file: Path, faults: pl.DataFrame, load_id: int) -> tuple[dict[str, int], list[str]]:
    """Numbers of errors and warnings, and the first faults as lines (errors first)."""
    errors = faults.filter(pl.col("severity") == "error")
    warnings = faults.filter(pl.col("severity") == "warning")
    shown = pl.concat([errors, warnings]).head(SHOWN)
    lines = [f"{file.name}:{_place(row)} {row['message']}" for row in shown.iter_rows(named=True)]
    if faults.height > len(lines):
        lines.append(f"... {faults.height - len(lines)} more: registry load faults {load_id}")
    return {"errors": errors.height, "warnings": warnings.height}, lines


def _place(row: dict[str, Any]) -> str:
    """Line, patient and tumor of a fault, counted from 1.

    >>> _place({"line": 1203, "patient_index": 16, "tumor_index": 1})
    '1203 patient 17 tumor 2:'
    """
    names = (("patient", row.get("patient_index")), ("tumor", row.get("tumor_index")))
    inside = "".join(f" {name} {index + 1}" for name, index in names if index is not None)
    return f"{row['line'] or ''}{inside}{':' if inside else ''}"


def _as_duplicate(context: Context, file: Path, earlier: dict[str, Any]) -> dict[str, Any]:
    counts = {name: earlier.get(name) or 0 for name in COUNTS}
    counts |= {
        "accepted": 0,
        "duplicates": (earlier["accepted"] or 0) + (earlier["duplicates"] or 0),
        "quarantined": 0,
    }
    line = f"the same bytes were loaded on {earlier['finished_at']:%Y-%m-%d} as load {earlier['load_id']}; nothing changed"
    with context.store.unit_of_work(context.actor.name, "ingest again") as work:
        work.log("load", earlier["load_id"], "same file again", None, {"file": file.name})
    return _report(file, earlier["kind"], counts, [line])


def _quarantine_file(
    context: Context, file: Path, received: bytes, kind: str | None, error: RegistryError
) -> None:
    """A refused file is kept once, whole, as it was received."""
    digest = hashlib.sha256(received).hexdigest()
    known = context.store.query(
        "SELECT 1 FROM quarantine WHERE kind = 'file' AND place = ? AND state = 'open'", [digest]
    )
    if known.height:
        return
    with context.store.unit_of_work(context.actor.name, "ingest refused") as work:
        work.quarantine(
            kind="file", reason=error.what, content=received, file_name=file.name, place=digest,
            expected=error.action or f"a readable file ({kind or 'unknown kind'})",
        )  # fmt: skip


def _ingest_abstracts(
    context: Context, received: ReceivedFile, sender: str | None, dictionaries: list[str]
) -> dict[str, Any]:
    taken = NaaccrFile(context, received.path, dictionaries, held=received.is_held)
    taken.look_through(whole=False)
    try:
        return _load_abstracts(context, received, sender, taken)
    except MoreItems:
        taken.look_through(whole=True)
        return _load_abstracts(context, received, sender, taken)


def _load_abstracts(
    context: Context, received: ReceivedFile, sender: str | None, taken: NaaccrFile
) -> dict[str, Any]:
    file = received.path
    taken.ensure_columns()
    store = context.store
    with (
        store.connection.one_thread(),
        store.unit_of_work(context.actor.name, "ingest", reason=file.name) as work,
    ):
        load_id = work.new_ids("load", 1)[0]
        file_id = work.keep_file(file.name, "naaccr-xml", received.pieces, received.digest)
        outcome = taken.load(work, sender, load_id, file_id)
        received.require_unchanged()
        receipt, header, faults = outcome.receipt, outcome.header, outcome.faults
        counts = {name: getattr(receipt, name) for name in COUNTS if name != "faults"} | {
            "faults": faults.height
        }
        detail = {
            "new_patients": receipt.new_patients, "new_versions": receipt.new_versions,
            "review_tasks": receipt.review_tasks, "record_type": header.record_type, "naaccr_version": header.version,
        }  # fmt: skip
        _write_load(work, context, load_id, file_id, received, "naaccr-xml", counts, detail)
        _write_faults(work, load_id, faults)
    found, lines = _messages(file, faults, load_id)
    return _report(file, "naaccr-xml", {**counts, **detail, **found, "load_id": load_id}, lines)


def _write_load(
    work: Any,
    context: Context,
    load_id: int,
    file_id: int,
    received: ReceivedFile,
    kind: str,
    counts: dict[str, int],
    detail: dict[str, Any],
) -> None:
    work.insert(
        "load",
        pl.DataFrame(
            [
                {
                    "load_id": load_id, "file_id": file_id, "file_name": received.path.name, "sha256": received.digest,
                    "kind": kind, "bytes": received.size, "actor": context.actor.name, "started_at": context.stamp,
                    "finished_at": context.now().astimezone(dt.UTC).replace(tzinfo=None), "status": "done", **counts,
                    "detail": json.dumps(detail),
                }
            ]
        ),
    )  # fmt: skip


def _write_faults(work: Any, load_id: int, faults: pl.DataFrame) -> None:
    if faults.height:
        work.insert("load_fault", faults.select(pl.lit(load_id).alias("load_id"), pl.all()), logged=False)


def _ingest_rows(context: Context, received: ReceivedFile, kind: str) -> dict[str, Any]:
    """HL7 messages and treatment rows: what fits is taken in, each unreadable piece goes to quarantine."""
    file = received.path
    taker: Any = reports if kind == "hl7" else treatments
    parsed = taker.parse(file)
    require_own(context, file, taker.facilities(context.store, parsed))
    taker.prepare(context.store, parsed)
    with context.store.unit_of_work(context.actor.name, "ingest", reason=file.name) as work:
        load_id = work.new_ids("load", 1)[0]
        file_id = work.keep_file(file.name, kind, received.pieces, received.digest)
        counts = taker.receive(
            work, parsed, file_name=file.name, load_id=load_id, file_id=file_id, now=context.stamp
        )
        detail = {name: value for name, value in counts.items() if name not in COUNTS}
        kept = {name: int(counts.get(name, 0)) for name in COUNTS}
        _write_load(work, context, load_id, file_id, received, kind, kept, detail)
        _write_faults(work, load_id, parsed.faults)
    found, lines = _messages(file, parsed.faults, load_id)
    return _report(file, kind, {**counts, **found, "load_id": load_id}, lines)


@operation("load.list")
def list_loads(context: Context) -> pl.DataFrame:
    """Loads, newest first; for whoever is held to facilities those that brought nothing of any other."""
    condition, scope = _loads_in_scope(context)
    return context.store.query(
        f"""SELECT load_id, file_name, kind, actor, finished_at, patients, tumors, items, accepted, duplicates, quarantined,
                  faults FROM load WHERE {condition} ORDER BY load_id DESC""",
        scope,
    )


@operation("load.faults")
def list_faults(context: Context, load_id: int) -> pl.DataFrame:
    """Faults of one load, in the order of the file; without the values for roles that see no identifiers."""
    condition, scope = _loads_in_scope(context)
    found = context.store.query(f"SELECT 1 FROM load WHERE load_id = ? AND {condition}", [load_id, *scope])
    if found.is_empty():
        raise NotFound("load", f"there is no load {load_id} in your scope")
    faults = context.store.query(
        """SELECT line, patient_index, tumor_index, level, item, value, code, severity, message FROM load_fault
           WHERE load_id = ? ORDER BY line, patient_index, tumor_index, item, code, message""",
        [load_id],
    )
    return faults if context.actor.sees_identifiers else faults.drop("value", "message")


def _loads_in_scope(context: Context) -> tuple[str, list[str]]:
    """A file of another facility, or of several, is seen by central staff only: its faults quote values."""
    if context.actor.facilities is None:
        return "TRUE", []
    condition, scope = context.actor.scope_sql("r.facility_id")
    inside = f"coalesce(bool_and(coalesce({condition}, FALSE)), FALSE)"
    return f"(SELECT {inside} FROM source_record r WHERE r.load_id = load.load_id)", scope
