"""Overrides: a person says, with a reason, that a combination to be reviewed is right as it stands.

The reason is kept with the values that it was given for. Where the edit has a NAACCR over-ride flag, the flag is set on
the abstract as any other item is saved: with its version, its history and its patient and tumor following. A locked
abstract does not have to be reopened for that: like a new sequence number, a flag is the registry's own word about a
finished record, the override's reason stands in the abstract's history, and an exported abstract becomes complete again
so that the next export sends it. A void abstract takes none.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from registry import edits
from registry.abstracting import consolidated
from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.service.operations import Context, operation

LISTED = """
    SELECT o.override_id, o.failure_id, o.patient_id, o.tumor_id, o.abstract_id, a.facility_id, o.edit, o.items,
           o.item_values, o.override_item, o.override_code, o.reason, o.account, o.created_at, o.withdrawn_at,
           o.withdrawn_by, o.withdrawn_reason,
           CASE WHEN o.withdrawn_at IS NOT NULL THEN 'withdrawn'
                WHEN f.failure_id IS NULL THEN 'unneeded'
                WHEN f.item_values IS DISTINCT FROM o.item_values THEN 'stale' ELSE 'live' END AS standing
    FROM edit_override o JOIN abstract a USING (abstract_id)
    LEFT JOIN (SELECT failure_id, abstract_id, edit, item_values FROM edit_failure
               WHERE source = 'own' AND state <> 'fixed') f ON f.abstract_id = o.abstract_id AND f.edit = o.edit"""
"""Overrides with their standing: live; stale (an involved item changed since); unneeded (the edit does not fire any
more); withdrawn."""


def may_override(failure: dict[str, Any]) -> bool:
    """Whether a failure of the board can be overridden: our own, to be reviewed, still there."""
    return (
        failure["source"] == "own" and failure["severity"] == edits.REVIEW and failure["state"] != "fixed"
        and failure["abstract_id"] is not None
    )  # fmt: skip


@operation("quality.override", changes=True)
def override(
    context: Context, failure_id: int, reason: str, expected_version: int | None = None
) -> dict[str, Any]:
    """Override a failure that is to be reviewed, with the reason.

    Args:
        expected_version: version of the abstract that the person looked at; the present one when absent.

    Returns:
        {override_id, failure_id, abstract_id, override_item (null: kept here alone), version}.

    Raises:
        NotFound: not in scope. BadInput: no reason, or no failure that can be overridden. Conflict: the record changed
        since it was judged, or since it was read. Denied: the abstract is void.
    """
    from registry.service.quality import board as quality_board
    from registry.service.quality import run as quality_run

    failure = quality_board.find(context, failure_id)
    if not reason.strip():
        raise BadInput("override", "needs a reason", "say in one sentence why the record is right")
    _require_overridable(failure)
    abstract_id = int(failure["abstract_id"])
    row = _abstract(context, abstract_id)
    version = int(row["version"]) if expected_version is None else expected_version
    _require_unchanged(context, failure, row)
    if not _standing(context, abstract_id, failure["edit"], failure["item_values"]).is_empty():
        raise Conflict("override", "these values are overridden already", "withdraw that override first")
    item, code = _flag(failure["edit"])
    flags = {item: code} if item and not _is_flagged(failure["edit"], row) else {}
    consolidated.ensure_columns(context.store, list(flags))
    with context.store.unit_of_work(
        context.actor.name, "quality.override", reason=reason.strip(), facility_id=row["facility_id"]
    ) as work:
        override_id = work.new_ids("edit_override", 1)[0]
        kept = {
            "override_id": override_id, "failure_id": failure_id, "patient_id": failure["patient_id"],
            "tumor_id": failure["tumor_id"], "abstract_id": abstract_id, "edit": failure["edit"],
            "edit_version": failure["edit_version"], "items": failure["items"], "item_values": failure["item_values"],
            "override_item": item if flags else None, "override_code": code if flags else None, "reason": reason.strip(),
            "account": context.actor.name, "created_at": context.stamp,
        }  # fmt: skip
        work.insert("edit_override", pl.DataFrame([kept]))
        version = _set_flag(context, work, row, version, flags)
        _set_state(work, failure_id, failure["state"], "overridden", context)
    quality_run.after_change(context, int(failure["patient_id"]))
    return {
        "override_id": override_id, "failure_id": failure_id, "abstract_id": abstract_id,
        "override_item": item, "version": version,
    }  # fmt: skip


@operation("quality.withdraw_override", changes=True)
def withdraw(context: Context, override_id: int, reason: str) -> dict[str, Any]:
    """Take an override back; the flag that it set is cleared, and the failure is open again if its edit still fires.

    Returns:
        {override_id, abstract_id, version}.

    Raises:
        NotFound: not in scope. BadInput: no reason, or withdrawn before. Denied: the abstract is void.
    """
    from registry.service.quality import run as quality_run

    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT * FROM ({LISTED}) WHERE override_id = ? AND {condition}", [str(override_id), *scope]
    )
    if found.is_empty():
        raise NotFound("override", f"there is no override {override_id} in your scope")
    kept = found.row(0, named=True)
    if not reason.strip():
        raise BadInput("override", "needs a reason to be withdrawn", "say in one sentence why")
    if kept["withdrawn_at"] is not None:
        raise BadInput("override", "is withdrawn already")
    abstract_id, item = int(kept["abstract_id"]), kept["override_item"]
    row = _abstract(context, abstract_id)
    others = context.store.query(
        """SELECT count(*) FROM edit_override WHERE abstract_id = ? AND override_item = ? AND withdrawn_at IS NULL
           AND override_id <> ?""",
        [abstract_id, item, override_id],
    ).item()
    clears = item is not None and not others and row.get(item) == kept["override_code"]
    with context.store.unit_of_work(
        context.actor.name, "quality.withdraw_override", reason=reason.strip(), facility_id=row["facility_id"]
    ) as work:
        changes = {
            "withdrawn_at": context.stamp, "withdrawn_by": context.actor.name, "withdrawn_reason": reason.strip(),
        }  # fmt: skip
        work.update("edit_override", override_id, changes, expected_version=None)
        version = _set_flag(context, work, row, int(row["version"]), {item: None} if clears else {})
        live = work.query(
            """SELECT failure_id, state FROM edit_failure WHERE abstract_id = ? AND edit = ? AND source = 'own'
               AND state = 'overridden' AND item_values IS NOT DISTINCT FROM ? ORDER BY failure_id""",
            [abstract_id, kept["edit"], kept["item_values"]],
        )
        flagged = item is None and _flag(kept["edit"])[0] is not None and _is_flagged(kept["edit"], row)
        for failure_id, state in live.iter_rows() if not flagged else ():
            _set_state(work, int(failure_id), state, "open", context)
    quality_run.after_change(context, int(kept["patient_id"] or row["patient_id"]))
    return {"override_id": override_id, "abstract_id": abstract_id, "version": version}


@operation("quality.overrides")
def overrides(
    context: Context, standing: str | None = None, edit: str | None = None, limit: int = 500
) -> pl.DataFrame:
    """Overrides in scope, newest first.

    Args:
        standing: live, stale (an involved item changed since), unneeded (the edit does not fire any more) or withdrawn.

    Returns:
        frame[override_id, failure_id, patient_id, tumor_id, abstract_id, facility_id, edit, items, item_values,
        override_item, override_code, reason, account, created_at, withdrawn_at, withdrawn_by, withdrawn_reason, standing].
    """
    condition, scope = context.actor.scope_sql("facility_id")
    conditions, parameters = [condition], list[Any](scope)
    for column, value in (("standing", standing), ("edit", edit)):
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    return context.store.query(
        f"SELECT * FROM ({LISTED}) WHERE {' AND '.join(conditions)} ORDER BY override_id DESC LIMIT ?",
        [*parameters, limit],
    )


def of_record(context: Context, abstract_id: int | None, edit: str) -> pl.DataFrame:
    """Overrides of one record and edit, newest first; columns as `quality.overrides`."""
    condition, scope = context.actor.scope_sql("facility_id")
    return context.store.query(
        f"""SELECT * FROM ({LISTED}) WHERE abstract_id IS NOT DISTINCT FROM ? AND edit = ? AND {condition}
            ORDER BY override_id DESC""",
        [abstract_id, edit, *scope],
    )


def _require_overridable(failure: dict[str, Any]) -> None:
    if failure["source"] != "own":
        raise BadInput(
            "override",
            "this is an official result",
            "correct the record, or set the flag and run EDITS again",
        )
    if failure["severity"] != edits.REVIEW:
        raise BadInput(
            "override", f"{failure['edit']} is an {failure['severity']}, only reviews can be overridden",
            "correct the record",
        )  # fmt: skip
    if not may_override(failure):
        raise BadInput("override", "this failure is fixed already")


def _abstract(context: Context, abstract_id: int) -> dict[str, Any]:
    found = context.store.query("SELECT * FROM abstract WHERE abstract_id = ?", [abstract_id])
    row = dict(found.row(0, named=True))
    if row["status"] == "void":
        raise Denied("abstract", "it is void", "reopen it with a reason first")
    return row


def _require_unchanged(context: Context, failure: dict[str, Any], row: dict[str, Any]) -> None:
    """The values that the reason is given for are those that were judged."""
    if edits.find(failure["edit"]).level == "inter-record":
        return  # its values are the consolidated tumor's, which follows its abstracts
    values = json.loads(failure["item_values"] or "{}")
    if any((row.get(item) or None) != (value or None) for item, value in values.items()):
        raise Conflict("abstract", "an item of this edit changed since it was judged", "run the edits again")


def _standing(context: Context, abstract_id: int, edit: str, item_values: str) -> pl.DataFrame:
    return context.store.query(
        """SELECT override_id FROM edit_override WHERE abstract_id = ? AND edit = ? AND item_values = ?
           AND withdrawn_at IS NULL ORDER BY override_id""",
        [abstract_id, edit, item_values],
    )


def _flag(edit: str) -> tuple[str | None, str | None]:
    """NAACCR over-ride flag of an edit and the code that sets it."""
    known = edits.find(edit)
    return (known.override_items[0], known.override_codes[0]) if known.override_items else (None, None)


def _is_flagged(edit: str, row: dict[str, Any]) -> bool:
    known = edits.find(edit)
    return any(row.get(item) in known.override_codes for item in known.override_items)


def _set_flag(
    context: Context, work: Any, row: dict[str, Any], version: int, flags: dict[str, str | None]
) -> int:
    """Write the flag to the abstract; its patient and tumor follow. Without a flag the abstract stays as it is."""
    if not flags:
        if version != row["version"]:
            raise Conflict("abstract", "changed since you read it", "read it again")
        return version
    changes = {**flags, "dateCaseLastChanged": f"{context.today:%Y%m%d}"}
    if row["status"] == "exported":
        changes["status"] = "complete"
    after = int(work.update("abstract", int(row["abstract_id"]), changes, expected_version=version))
    consolidated.refresh(work, {int(row["patient_id"])}, context.stamp)
    return after


def _set_state(work: Any, failure_id: int, before: str, state: str, context: Context) -> None:
    if before != state:
        changes = {"state": state, "changed_at": context.stamp}
        work.update("edit_failure", failure_id, changes, expected_version=None)
