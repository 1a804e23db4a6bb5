"""Passive follow-up: hospital visits, other registries' records and pathology reports move last contact forward.

What is already known stays, nothing moves back, and each line that fits nobody or contradicts is kept with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from registry.abstracting import consolidated
from registry.errors import BadInput
from registry.followup import passive
from registry.followup.contact_codes import CONTRADICTION, PASSIVE
from registry.followup.last_contact import Known, Verdict, vital_code
from registry.followup.reply_items import FLAG_OF, OF_DEATH, SOURCES
from registry.followup.reply_plan import differences, known_of, standing
from registry.linkage import consolidate
from registry.service.followup import people as followup_people
from registry.service.followup import sources as followup_sources
from registry.service.followup import writing as followup_writing
from registry.service.operations import Context, operation
from registry.service.received_file import ReceivedFile
from registry.store import UnitOfWork
from registry.store.connection import quote

COUNTS = passive.OUTCOMES
AT_ONCE_JUDGED = 20
"""Up to so many patients the edits run at once; after a larger import the next run of the edits sees to it."""
SHOWN = 10
ITEMS = (
    "dateOfBirth",
    "dateOfDiagnosis",
    "dateCaseLastChanged",
    "dateOfLastContact",
    "vitalStatus",
    *SOURCES,
    *OF_DEATH,
)


@dataclass
class _Person:
    """One patient of an import: abstracts in scope, what they say, what the others say."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    known: Known = field(default_factory=lambda: Known(None, None))
    birth: str | None = None
    elsewhere: Known | None = None
    facilities: set[str | None] = field(default_factory=set)


@operation("followup.import", changes=True)
def import_source(
    context: Context, kind: str, path: str | None = None, again: bool = False
) -> dict[str, Any]:
    """Take in one passive source.

    Args:
        kind: visits (CSV, see `registry.followup.visits`), naaccr (another registry's NAACCR XML; central staff),
            pathology (reports that are here; no path).
        again: read a file anew although the same bytes were read before (more patients may be known by now).

    Returns:
        {import_id, kind, file, rows, moved, not_later, unmatched, unreadable, review, again, messages}: `again` when
        the same bytes were read before and nothing was done; `review`: lines that opened a review task.

    Raises:
        BadInput: no such kind, or not such a file. Denied: lines of other facilities than the actor's.
    """
    if kind not in PASSIVE:
        raise BadInput("followup.import", "there is no such kind", f"choose of {', '.join(PASSIVE)}")
    received = _received(context, kind, path)
    if received is not None and not again and (earlier := _earlier(context, kind, received)) is not None:
        return earlier
    consolidated.ensure_columns(
        context.store, ["dateOfLastContact", "vitalStatus", "dateCaseLastChanged", *SOURCES]
    )
    name = received.path.name if received is not None else None
    with context.store.unit_of_work(context.actor.name, "followup.import", reason=name) as work:
        lines = _lines(context, work, kind, received)
        own = _own(context, lines)
        work.facility_id = own
        import_id = int(work.new_ids("follow_up_import", 1)[0])
        outcomes, moved = _apply(context, work, kind, import_id, lines)
        counts = {outcome: sum(one["outcome"] == outcome for one in outcomes) for outcome in COUNTS}
        _keep(context, work, kind, import_id, received, own, outcomes, counts)
    if len(moved) <= AT_ONCE_JUDGED:
        from registry.service.quality import run as quality_run

        for patient_id in moved:
            quality_run.after_change(context, patient_id)
    return _report(import_id, kind, name, lines.height, counts, outcomes)


def _received(context: Context, kind: str, path: str | None) -> ReceivedFile | None:
    if kind == "pathology":
        if path is not None:
            raise BadInput("followup.import", "pathology reports are read from the database", "give no file")
        return None
    if path is None:
        raise BadInput("followup.import", f"kind {kind} needs a file", "name it")
    if kind == "naaccr":
        context.require_central("followup.import")
    received = ReceivedFile(Path(path))
    received.unpack()
    return received


def _earlier(context: Context, kind: str, received: ReceivedFile) -> dict[str, Any] | None:
    """The answer to a file that was read before; nothing changes."""
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"""SELECT import_id, rows, moved, not_later, unmatched, unreadable, reviews, created_at FROM follow_up_import
            WHERE kind = ? AND sha256 = ? AND {condition} ORDER BY import_id DESC LIMIT 1""",
        [kind, received.digest, *scope],
    )
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    with context.store.unit_of_work(context.actor.name, "followup.import") as work:
        work.log("follow_up_import", row["import_id"], "same file again", None, {"file": received.path.name})
    counts = {**dict.fromkeys(COUNTS, 0), passive.NOT_LATER: row["rows"]}
    answer = _report(row["import_id"], kind, received.path.name, row["rows"], counts, [])
    line = f"the same bytes were read on {row['created_at']:%Y-%m-%d} as import {row['import_id']}; nothing changed"
    return {**answer, "again": True, "messages": [line]}


def _own(context: Context, lines: pl.DataFrame) -> str | None:
    """Whose import it is: that facility's to which the actor is held, or of which all lines are; None = central."""
    if context.actor.facilities is None:
        return None
    named = sorted(set(lines["facility_id"].drop_nulls())) or sorted(context.actor.facilities)
    return named[0] if len(named) == 1 else None


def _lines(context: Context, work: UnitOfWork, kind: str, received: ReceivedFile | None) -> pl.DataFrame:
    if received is None:
        return followup_sources.pathology(context, work)
    if kind == "visits":
        return followup_sources.visits(context, work, received)
    return followup_sources.registry_records(context, work, received)


def _apply(
    context: Context, work: UnitOfWork, kind: str, import_id: int, lines: pl.DataFrame
) -> tuple[list[dict[str, Any]], list[int]]:
    """Decide each line, write what moves; returns the lines with their outcome and the patients that moved."""
    outcomes = {int(row["line"]): dict(row) for row in lines.iter_rows(named=True)}
    open_lines = lines.filter(pl.col("outcome").is_null())
    people = _people(context, work, lines["patient_id"].drop_nulls().unique().sort().to_list())
    verdicts: dict[int, tuple[Verdict, dict[str, Any]]] = {}
    reviewed = _reviewed(work, lines)
    sightings: dict[int, list[passive.Sighting]] = {}
    for row in open_lines.iter_rows(named=True):
        one = passive.Sighting(row["line"], row["patient_id"], row["date"], bool(row["dead"]))
        sightings.setdefault(one.patient_id, []).append(one)
    for patient_id, of_patient in sorted(sightings.items()):
        person = people[patient_id]
        diagnosed = [row.get("dateOfDiagnosis") for row in person.rows]
        found = passive.forward(
            person.known, person.birth, diagnosed, of_patient, context.today, person.elsewhere
        )
        for came in found.outcomes:
            outcomes[came.line].update(outcome=came.outcome, detail=came.detail, review=came.review)
        if found.verdict is not None and found.line is not None:
            verdicts[patient_id] = (found.verdict, outcomes[found.line])
    _open_tasks(context, work, import_id, people, outcomes, reviewed)
    _move(context, work, kind, people, verdicts)
    return [outcomes[number] for number in sorted(outcomes)], sorted(verdicts)


def _people(context: Context, work: UnitOfWork, patient_ids: list[int]) -> dict[int, _Person]:
    if not patient_ids:
        return {}
    wanted = pl.DataFrame({"patient_id": patient_ids}, schema={"patient_id": pl.Int64})
    held = set(work.columns("abstract"))
    items = [item for item in dict.fromkeys((*ITEMS, *FLAG_OF.values())) if item in held]
    columns = ", ".join(f"a.{quote(item)}" for item in items)
    rows = work.query(
        f"""SELECT a.abstract_id, a.version, a.tumor_id, a.patient_id, a.facility_id, {columns}
            FROM abstract a SEMI JOIN wanted USING (patient_id) WHERE a.status <> 'void' ORDER BY a.abstract_id""",
        frames={"wanted": wanted},
    )
    people: dict[int, _Person] = {int(number): _Person() for number in patient_ids}
    inside, outside = rows, rows.clear()
    if context.actor.facilities is not None:
        inside = rows.filter(context.actor.scope_expr("facility_id"))
        outside = rows.join(inside.select("abstract_id"), on="abstract_id", how="anti")
    for row in inside.iter_rows(named=True):
        people[row["patient_id"]].rows.append(row)
        people[row["patient_id"]].facilities.add(row["facility_id"])
    told = ["vitalStatus", "dateOfLastContact", "dateOfBirth"]
    for row in consolidate(followup_people.with_death(inside), "patient_id", told).iter_rows(named=True):
        person = people[row["patient_id"]]
        person.known, person.birth = known_of(row), row["dateOfBirth"]
    for row in consolidate(followup_people.with_death(outside), "patient_id", told).iter_rows(named=True):
        people[row["patient_id"]].elsewhere = known_of(row)
    return people


def _reviewed(work: UnitOfWork, lines: pl.DataFrame) -> set[tuple[int, str]]:
    """Lines that opened a review task in an earlier import: (patient_id, content)."""
    wanted = lines.select("patient_id").drop_nulls().unique()
    if wanted.is_empty():
        return set()
    found = work.query(
        """SELECT DISTINCT l.patient_id, l.content FROM follow_up_import_line l SEMI JOIN wanted USING (patient_id)
           WHERE l.outcome = 'review' AND l.content IS NOT NULL ORDER BY ALL""",
        frames={"wanted": wanted},
    )
    return set(found.rows())


def _open_tasks(
    context: Context,
    work: UnitOfWork,
    import_id: int,
    people: dict[int, _Person],
    outcomes: dict[int, dict[str, Any]],
    reviewed: set[tuple[int, str]],
) -> None:
    for number in sorted(outcomes):
        row = outcomes[number]
        if row["outcome"] != passive.REVIEW or row["patient_id"] is None:
            continue
        if (row["patient_id"], row["content"]) in reviewed:
            row.update(outcome=passive.NOT_LATER, detail="reviewed before")
            continue
        detail = f"{row['note'] or 'a passive source'}: {row['detail']} (line {number} of import {import_id})"
        row["task_id"] = followup_writing.open_task(
            work, row.get("review") or CONTRADICTION, row["patient_id"], _facility(context, people.get(row["patient_id"])), detail,
            context.stamp, row["source_id"],
        )  # fmt: skip


def _facility(context: Context, person: _Person | None) -> str | None:
    """Whose entries about the patient are: the only facility's, the actor's own; None = central."""
    named = sorted(filter(None, person.facilities)) if person is not None else []
    return named[0] if named and (context.actor.facilities is not None or len(named) == 1) else None


def _move(
    context: Context,
    work: UnitOfWork,
    kind: str,
    people: dict[int, _Person],
    verdicts: dict[int, tuple[Verdict, dict[str, Any]]],
) -> None:
    """Write the patients that moved, and one contact each."""
    sources = dict(zip(SOURCES, PASSIVE[kind], strict=True))
    changes: dict[int, dict[str, tuple[str | None, str | None]]] = {}
    rows: list[dict[str, Any]] = []
    contacts = []
    numbers = list(work.new_ids("follow_up_contact", len(verdicts)))
    for number, (patient_id, (verdict, line)) in zip(numbers, sorted(verdicts.items()), strict=True):
        person = people[patient_id]
        of_patient = {
            int(row["abstract_id"]): differences(
                row, {**standing(row, person.known, verdict), **sources}, context.today
            )
            for row in person.rows
        }
        changes.update(of_patient)
        rows += person.rows
        line["contact_id"] = int(number)
        contacts.append(
            {
                "contact_id": int(number), "patient_id": patient_id, "facility_id": _facility(context, person),
                "contacted_at": context.stamp, "method": "passive", "contact_type": "passive",
                "outcome": "died" if verdict.dead else "seen", "date_of_last_contact": verdict.last,
                "vital_status": vital_code(verdict.dead), "stated_date": line["date"],
                "follow_up_source": "/".join(PASSIVE[kind]), "note": line["note"], "source_id": line["source_id"],
                "changes": followup_people.changes_as_json({key: one for key, one in of_patient.items() if one}),
                "contacted_by": context.actor.name,
            }
        )  # fmt: skip
    followup_writing.write(work, rows, changes, context.stamp, f"passive follow-up: {kind}")
    followup_writing.log_contacts(work, contacts)


def _keep(
    context: Context,
    work: UnitOfWork,
    kind: str,
    import_id: int,
    received: ReceivedFile | None,
    facility_id: str | None,
    outcomes: Sequence[dict[str, Any]],
    counts: dict[str, int],
) -> None:
    """The import, and its lines: of those that were used only where they are, the others whole."""
    file_id = None
    if received is not None:
        file_id = work.keep_file(received.path.name, f"follow-up {kind}", received.pieces, received.digest)
        received.require_unchanged()
    row = {
        "import_id": import_id, "kind": kind, "file_name": received.path.name if received else None, "file_id": file_id,
        "sha256": received.digest if received else None, "rows": len(outcomes), "moved": counts[passive.MOVED],
        "not_later": counts[passive.NOT_LATER], "unmatched": counts[passive.UNMATCHED],
        "unreadable": counts[passive.UNREADABLE], "reviews": counts[passive.REVIEW], "facility_id": facility_id,
        "imported_by": context.actor.name, "created_at": context.stamp,
    }  # fmt: skip
    texts = {"file_name": pl.String, "sha256": pl.String, "facility_id": pl.String, "file_id": pl.Int64}
    work.insert("follow_up_import", pl.DataFrame([row], schema_overrides=texts))
    whole = (passive.UNMATCHED, passive.UNREADABLE, passive.REVIEW)
    kept = [one for one in outcomes if received is not None or one["outcome"] != passive.NOT_LATER]
    schema: dict[str, Any] = {
        "import_id": pl.Int64, "line": pl.Int64, "patient_id": pl.Int64, "contact_id": pl.Int64, "source_id": pl.Int64,
        "outcome": pl.String, "detail": pl.String, "content": pl.String,
    }  # fmt: skip
    rows = [
        {**{name: one.get(name) for name in schema}, "import_id": import_id, "content": one["content"] if one["outcome"] in whole else None}
        for one in kept
    ]  # fmt: skip
    lines = pl.DataFrame(rows, schema=schema, orient="row")
    work.insert("follow_up_import_line", lines, logged=False)
    work.digest(lines, "follow_up_import_line", import_id)


def _report(
    import_id: int | None,
    kind: str,
    name: str | None,
    rows: int,
    counts: dict[str, int],
    outcomes: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """The answer; the first lines that need somebody, without values."""
    odd = [
        one for one in outcomes if one["outcome"] in (passive.UNMATCHED, passive.UNREADABLE, passive.REVIEW)
    ]
    messages = [f"line {one['line']}: {one['outcome']}, {one['detail']}" for one in odd[:SHOWN]]
    if len(odd) > SHOWN:
        messages.append(f"... {len(odd) - SHOWN} more")
    return {
        "import_id": import_id,
        "kind": kind,
        "file": name,
        "rows": rows,
        **counts,
        "again": False,
        "messages": messages,
    }


@operation("followup.imports")
def imports(context: Context, kind: str | None = None) -> pl.DataFrame:
    """Imports of passive sources, newest first.

    Returns:
        frame[import_id, kind, file_name, rows, moved, not_later, unmatched, unreadable, reviews, facility_id,
        imported_by, created_at]; whoever is held to facilities sees those of files that were all theirs.
    """
    condition, parameters = context.actor.scope_sql("facility_id")
    if kind is not None:
        condition, parameters = f"{condition} AND kind = ?", [*parameters, kind]
    return context.store.query(
        f"""SELECT import_id, kind, file_name, rows, moved, not_later, unmatched, unreadable, reviews, facility_id,
                   imported_by, created_at FROM follow_up_import WHERE {condition} ORDER BY import_id DESC""",
        parameters,
    )


@operation("followup.import_lines")
def import_lines(
    context: Context, import_id: int | None = None, outcome: str | None = None, limit: int = 1000
) -> pl.DataFrame:
    """Lines of imports in scope, in their order.

    Returns:
        frame[import_id, line, patient_id, contact_id, source_id, outcome, detail, content (JSON; null for lines that
        were used)].
    """
    condition, scope = context.actor.scope_sql("i.facility_id")
    parameters: list[Any] = list(scope)
    for column, value in (("l.import_id", import_id), ("l.outcome", outcome)):
        if value is not None:
            condition, parameters = f"{condition} AND {column} = ?", [*parameters, value]
    return context.store.query(
        f"""SELECT l.import_id, l.line, l.patient_id, l.contact_id, l.source_id, l.outcome, l.detail, l.content
            FROM follow_up_import_line l JOIN follow_up_import i USING (import_id) WHERE {condition}
            ORDER BY l.import_id DESC, l.line, l.source_id LIMIT ?""",
        [*parameters, limit],
    )
