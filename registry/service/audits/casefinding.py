"""Casefinding audits: take in an audited list, look the cases up, make work of what is not found, settle it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from registry.errors import BadInput, NotFound
from registry.linkage.known import facility_number
from registry.quality import casefinding_audit, casefinding_list
from registry.service import frames
from registry.service.audits import rows as audit_rows
from registry.service.operations import Context, operation
from registry.store import UnitOfWork

OUTCOMES = ("found", "missed", "not_eligible")
WORK = {
    casefinding_audit.MISSED: audit_rows.MISSED,
    casefinding_audit.UNCLEAR: audit_rows.UNCLEAR,
    casefinding_audit.UNREADABLE: audit_rows.UNREADABLE,
}
"""State of a row → kind of the review task that it becomes."""
AT_MOST_BYTES = 64 << 20
OUT_OF_SCOPE = "the facility is not in your scope"


@operation("audits.casefinding", changes=True, secret=("content",))
def casefinding(
    context: Context,
    path: str = "",
    content: str | None = None,
    title: str = "",
    year: int | None = None,
    facility: str | None = None,
) -> dict[str, Any]:
    """Take in the list of a casefinding audit and look its cases up in the registry.

    Every row is kept. Missed, unclear and unreadable ones become review work.

    Args:
        path: the CSV (see `registry.quality.casefinding_list.read`); or `content`, its text, with `path` as its name.
        facility: whose list it is, for rows that name no facility.

    Returns:
        {audit_id, rows, found, missed, unclear, unreadable, repeated}.

    Raises:
        BadInput: the file cannot be read at all, or holds no row.
    """
    name = Path(path).name or "the list"
    rows = casefinding_list.read(_bytes(path, content, name), name)
    if rows.is_empty():
        raise BadInput(name, "holds no row below its header")
    own = None if facility is None else facility.strip().zfill(10)
    rows = rows.with_columns(
        facility=pl.coalesce(facility_number(pl.col("facility")), pl.lit(own, pl.String))
    )
    rows = rows.with_columns(reason=pl.coalesce("reason", _out_of_scope(context)))
    judged = casefinding_audit.match(rows, _abstracts(context))
    counts = dict(judged["state"].value_counts().iter_rows())
    with context.store.unit_of_work(
        context.actor.name, "audits.casefinding", reason=title.strip() or None
    ) as work:
        audit_id = work.new_ids("quality_audit", 1)[0]
        row = {
            "audit_id": audit_id, "kind": "casefinding", "title": title.strip() or name, "year": year, "facility_id": own,
            "definition": json.dumps({"file": name, "rows": rows.height}), "population": rows.height, "state": "open",
            "created_by": context.actor.name,
        }  # fmt: skip
        kinds = {"year": pl.Int64, "facility_id": pl.String}
        work.insert("quality_audit", pl.DataFrame([row], schema_overrides=kinds))
        _keep(context, work, audit_id, judged)
    states = ("found", "missed", "unclear", "unreadable", "repeated")
    return {
        "audit_id": audit_id,
        "rows": rows.height,
        **{state: int(counts.get(state, 0)) for state in states},
    }


def _bytes(path: str, content: str | None, name: str) -> bytes:
    if content is not None:
        return content.encode()
    file = Path(path)
    try:
        if file.stat().st_size > AT_MOST_BYTES:
            raise BadInput(name, "is too large for a list of cases", "send one facility and year at a time")
        return file.read_bytes()
    except OSError:
        raise BadInput(name, "cannot be read", "name a CSV file") from None


def _out_of_scope(context: Context) -> pl.Expr:
    """Why a row cannot be looked up, null when it can: numbers mean something only within a facility of the actor's."""
    named = pl.all_horizontal(pl.col("last_name", "first_name", "birth_date").is_not_null())
    return (
        pl.when(pl.col("facility").is_null() & ~named)
        .then(pl.lit("a number without a facility"))
        .when(pl.col("facility").is_not_null() & ~context.actor.scope_expr("facility"))
        .then(pl.lit(OUT_OF_SCOPE))
    )


def _abstracts(context: Context) -> pl.DataFrame:
    rows = frames.abstracts(context, casefinding_audit.ABSTRACT_ITEMS)
    return rows.with_columns(pl.col("abstract_id", "patient_id", "tumor_id").cast(pl.Int64))


def _keep(context: Context, work: UnitOfWork, audit_id: int, judged: pl.DataFrame) -> None:
    fields = [*casefinding_list.FIELDS, "case"]
    content = [
        json.dumps({name: value for name, value in row.items() if value is not None})
        for row in judged.select(fields).iter_rows(named=True)
    ]
    # a row that is out of its sender's scope belongs to the sender alone; the listed number stays in the content
    own = pl.when(pl.col("reason").fill_null("") != OUT_OF_SCOPE).then("facility")
    placed = judged.with_columns(
        content=pl.Series(content, dtype=pl.String), facility_id=own, audit_id=pl.lit(audit_id)
    )
    detail = pl.format("audit {}, line {}: {}", "audit_id", "line", pl.col("reason").fill_null("look it up"))
    waiting = placed.filter(pl.col("state").is_in(list(WORK))).with_columns(detail=detail)
    kinds = pl.col("state").replace_strict(WORK)
    tasks = audit_rows.open_tasks(
        work, kinds, waiting.with_columns(abstract_id=pl.lit(None, pl.Int64)), context
    )
    numbered = placed.join(tasks.select("line", "task_id"), on="line", how="left", maintain_order="left")
    ids = pl.Series("entry_id", list(work.new_ids("quality_audit_listed", numbered.height)), dtype=pl.Int64)
    work.insert(
        "quality_audit_listed",
        numbered.with_columns(ids).select(
            "entry_id", "audit_id", "line", "facility_id", "source", "content", "state", "agreed_on", "reason",
            "patient_id", "abstract_id", "task_id",
        ),
    )  # fmt: skip


@operation("audits.listed")
def listed(context: Context, audit_id: int, state: str | None = None) -> pl.DataFrame:
    """Rows of an audited list in scope, in its order: who and what was listed, whether it was found, and by what.

    Args:
        state: found, missed, unclear, unreadable, repeated; or work: those that still wait for a person.

    Returns:
        frame[entry_id, line, facility_id, source, medical_record_number, accession_number, last_name, first_name,
        birth_date, site, date, state, agreed_on, reason, patient_id, abstract_id, task_id, outcome, outcome_reason,
        settled_by, settled_at, version].
    """
    audit_rows.audit(context, audit_id)
    rows = listed_rows(context, audit_id).drop("case", "facility")
    if state == "work":
        return rows.filter(pl.col("task_id").is_not_null() & pl.col("outcome").is_null())
    return rows if state is None else rows.filter(pl.col("state") == state)


def listed_rows(context: Context, audit_id: int) -> pl.DataFrame:
    """All rows of an audited list in scope with their fields and `case`; sorted by line."""
    condition, scope = audit_rows.listed_in_scope(context)
    rows = context.store.query(
        f"""SELECT entry_id, line, facility_id, source, state, agreed_on, reason, patient_id, abstract_id, task_id, outcome,
                   outcome_reason, settled_by, settled_at, version, content
            FROM quality_audit_listed l WHERE audit_id = ? AND {condition} ORDER BY line""",
        [audit_id, *scope],
    )
    fields = [name for name in (*casefinding_list.FIELDS, "case") if name != "source"]
    values = [json.loads(text) for text in rows["content"]]
    own = pl.DataFrame(
        {name: [each.get(name) for each in values] for name in fields},
        schema=dict.fromkeys(fields, pl.String),
    )
    joined = pl.concat([rows.drop("content"), own], how="horizontal")
    first = ["entry_id", "line", "facility_id", "source", *fields]
    return joined.select(*first, pl.exclude(first))


@operation("audits.settle", changes=True)
def settle(
    context: Context, entry_id: int, outcome: str, reason: str, expected_version: int
) -> dict[str, Any]:
    """Say what became of a listed case that rules could not find: found after all, missed, or not eligible; closes its task.

    Returns:
        {entry_id, outcome, version}.

    Raises:
        NotFound: no such row in scope. BadInput: another word, no reason, a repeated row. Conflict: changed meanwhile.
    """
    if outcome not in OUTCOMES:
        raise BadInput("outcome", f"{outcome!r} is none of {', '.join(OUTCOMES)}")
    why = audit_rows.reason_given(reason, "outcome")
    condition, scope = audit_rows.listed_in_scope(context)
    found = context.store.query(
        f"SELECT state, task_id FROM quality_audit_listed l WHERE entry_id = ? AND {condition}",
        [entry_id, *scope],
    )
    if found.is_empty():
        raise NotFound("listed case", f"there is no row {entry_id} in your scope")
    if found["state"][0] == casefinding_audit.REPEATED:
        raise BadInput("listed case", "the same row stands earlier in the list", "settle that one")
    changes = {
        "outcome": outcome, "outcome_reason": why, "settled_by": context.actor.name, "settled_at": context.stamp,
    }  # fmt: skip
    with context.store.unit_of_work(context.actor.name, "audits.settle", reason=why) as work:
        version = work.update("quality_audit_listed", entry_id, changes, expected_version=expected_version)
        audit_rows.close_task(work, found["task_id"][0], f"{outcome}: {why}", context)
    return {"entry_id": entry_id, "outcome": outcome, "version": version}
