"""Coding again, blinded: an auditor's own cases, what may be seen of one, and the codes that he or she gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from registry import standards
from registry.errors import BadInput, NotFound
from registry.quality.agreement import discrepancies
from registry.quality.audit_items import shown_items
from registry.service import frames
from registry.service.audits import rows as audit_rows
from registry.service.operations import Context, operation
from registry.store import UnitOfWork


@operation("audits.mine")
def mine(context: Context, finished: bool = False) -> pl.DataFrame:
    """The actor's own codings that wait (or are finished): frame[case_id, audit_id, title, kind, year, facility_id, state,
    version, changed_at], oldest audit first.
    """
    condition, scope = context.actor.scope_sql("c.facility_id")
    return context.store.query(
        f"""SELECT c.case_id, c.audit_id, a.title, a.kind, a.year, c.facility_id, k.state, k.version, k.changed_at
            FROM quality_audit_coding k JOIN quality_audit_case c USING (case_id)
            JOIN quality_audit a ON a.audit_id = c.audit_id
            WHERE k.auditor = ? AND (k.state = 'finished') = ? AND (a.state = 'open' OR ?) AND {condition}
            ORDER BY c.audit_id, c.draw""",
        [context.actor.name, finished, finished, *scope],
    )


@operation("audits.case")
def case(context: Context, case_id: int) -> dict[str, Any]:
    """What a blinded auditor sees of a case: never what the registry coded.

    Returns:
        {case_id, audit_id, kind, year, facility_id, state, version, note, identification: [{item, name, value}],
        texts: [{item, name, value}], reports: frame[received_at, result_status, *text sections],
        items: [{item, number, name, value (the auditor's own), label}]}.

    Raises:
        NotFound: the case is not the actor's.
    """
    row = _own(context, case_id)
    audited = json.loads(row["definition"])["items"]
    every = frames.every_item(context, "abstract")
    identification, texts = shown_items(row["kind"], every, audited)
    selected = frames.select_items(context, "abstract", "a", [*identification, *texts])
    values = context.store.query(
        f"SELECT a.abstract_id {selected} FROM abstract a WHERE a.abstract_id = ?", [row["abstract_id"]]
    ).row(0, named=True)
    condition, scope = context.actor.scope_sql("facility_id")
    reports = context.store.query(
        f"""SELECT received_at, result_status, final_diagnosis, clinical_history, gross, microscopic, nature_of_specimen,
                   comment, report_text
            FROM pathology_report WHERE patient_id = ? AND status NOT IN ('cancelled', 'superseded') AND {condition}
            ORDER BY report_id""",
        [row["patient_id"], *scope],
    )
    recoded = json.loads(row["recoded"] or "{}")
    return {
        **{name: row[name] for name in ("case_id", "audit_id", "kind", "year", "facility_id", "state", "version", "note")},
        "identification": _worded(identification, values), "texts": _worded(texts, values), "reports": reports,
        "items": [
            {**_name(item), "value": recoded.get(item),
             "label": standards.label(item, recoded[item]) if recoded.get(item) else None}
            for item in audited
        ],
    }  # fmt: skip


def _name(item: str) -> dict[str, Any]:
    known = standards.item(item)
    return {"item": item, "number": known.number, "name": known.name}


def _worded(items: list[str], values: dict[str, Any]) -> list[dict[str, Any]]:
    filled = [item for item in items if values[item]]
    return [{"item": item, "name": standards.item(item).name, "value": values[item]} for item in filled]


def _own(context: Context, case_id: int) -> dict[str, Any]:
    """The actor's coding of a case, with its case and audit.

    Raises:
        NotFound: it was not given to the actor, or is out of scope.
    """
    condition, scope = context.actor.scope_sql("c.facility_id")
    found = context.store.query(
        f"""SELECT k.coding_id, k.state, k.recoded, k.note, k.version, c.case_id, c.audit_id, c.abstract_id, c.patient_id,
                   c.facility_id, c.original, a.kind, a.year, a.definition, a.state AS audit_state
            FROM quality_audit_coding k JOIN quality_audit_case c USING (case_id)
            JOIN quality_audit a ON a.audit_id = c.audit_id
            WHERE k.case_id = ? AND k.auditor = ? AND {condition}""",
        [case_id, context.actor.name, *scope],
    )
    if found.is_empty():
        raise NotFound("audit case", f"case {case_id} is not among yours")
    return found.row(0, named=True)


@operation("audits.recode", changes=True)
def recode(
    context: Context,
    case_id: int,
    values: Mapping[str, str | None],
    expected_version: int,
    finished: bool = False,
    note: str = "",
) -> dict[str, Any]:
    """Keep the actor's codes of a case; `finished` ends the coding, compares it, and makes work of every difference.

    Args:
        values: item → code; items not named keep what was given before, blank or None takes a code back.
        expected_version: from `audits.case`.

    Returns:
        {case_id, state, version, compared, differences}; the last two are 0 until the coding is finished.

    Raises:
        NotFound: the case is not the actor's. BadInput: it is finished, the audit closed, an item not audited, a code
        that the item does not have, or nothing coded. Conflict: saved elsewhere meanwhile.
    """
    row = _own(context, case_id)
    if row["state"] == "finished" or row["audit_state"] != "open":
        raise BadInput(
            "audit case", "this coding is finished", "ask for the case to be given to somebody else"
        )
    audited = json.loads(row["definition"])["items"]
    given = {item: (value or "").strip() for item, value in values.items()}
    for item, value in given.items():
        _check(item, value, audited)
    merged = {item: value for item, value in {**json.loads(row["recoded"] or "{}"), **given}.items() if value}
    if finished and not merged:
        raise BadInput("audit case", "nothing is coded yet")
    state = "finished" if finished else "begun"
    changes: dict[str, Any] = {"recoded": json.dumps(merged), "note": note.strip() or None, "state": state}
    if finished:
        changes["finished_at"] = context.stamp
    pairs = _pairs(row, audited, merged) if finished else None
    with context.store.unit_of_work(context.actor.name, "audits.recode") as work:
        version = work.update(
            "quality_audit_coding", row["coding_id"], changes, expected_version=expected_version
        )
        different = 0 if pairs is None else _make_work(context, work, row, discrepancies(pairs))
    counted = (
        0
        if pairs is None
        else pairs.filter(pl.any_horizontal(pl.col("original", "recoded").is_not_null())).height
    )
    return {
        "case_id": case_id,
        "state": state,
        "version": version,
        "compared": counted,
        "differences": different,
    }


def _check(item: str, value: str, audited: list[str]) -> None:
    """Raises BadInput when the item is not audited, or the code is none of a closed list or too long."""
    if item not in audited:
        raise BadInput("audit case", f"{item} is not among the audited items")
    known = standards.item(item)
    legal = not standards.is_closed(item) or standards.ranges(item) or value in standards.code_set(item)
    if value and (not legal or len(value) > (known.length or len(value))):
        raise BadInput(item, "this is not one of its codes", "see the item's list of codes")


def _pairs(row: dict[str, Any], audited: list[str], recoded: dict[str, str]) -> pl.DataFrame:
    original = json.loads(row["original"])
    return pl.DataFrame(
        {
            "case_id": [row["case_id"]] * len(audited),
            "item": audited,
            "original": [original.get(item) for item in audited],
            "recoded": [recoded.get(item) for item in audited],
        },
        schema={"case_id": pl.Int64, "item": pl.String, "original": pl.String, "recoded": pl.String},
    )


def _make_work(context: Context, work: UnitOfWork, row: dict[str, Any], different: pl.DataFrame) -> int:
    """Findings with a review task each; the task says where, not what."""
    if different.is_empty():
        return 0
    whose = {
        name: pl.lit(row[name])
        for name in ("audit_id", "coding_id", "facility_id", "patient_id", "abstract_id")
    }
    detail = pl.format("audit {}: {} of abstract {} was coded otherwise", "audit_id", "item", "abstract_id")
    found = different.with_columns(**whose).with_columns(detail=detail)
    numbered = audit_rows.open_tasks(work, audit_rows.DISCREPANCY, found, context)
    ids = pl.Series("finding_id", list(work.new_ids("quality_audit_finding", found.height)), dtype=pl.Int64)
    work.insert("quality_audit_finding", numbered.drop("detail", "patient_id").with_columns(ids))
    return found.height
