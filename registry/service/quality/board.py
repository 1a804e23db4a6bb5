"""The board of edit failures: list, look at one with its record, assign."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry import edits, standards
from registry.errors import BadInput, Denied, NotFound
from registry.security.accounts import facilities_from_json
from registry.security.roles import Actor
from registry.service import frames
from registry.service.operations import Context, operation
from registry.service.quality.keeping import BOARD

STATES = ("open", "overridden", "fixed")
SHOWN = (
    "failure_id, patient_id, tumor_id, abstract_id, facility_id, edit, severity, items, item_values, message, state, "
    "source, source_name, tag, own_edit, override_item, abstractor, diagnosis_year, assigned_to, assigned_by, "
    "assigned_at, note, found_at, changed_at, reopened_at, fixed_at, closed_as"
)
STANDS_FOR = {"surgery": "rxSummSurgPrimSite2023"}
"""Words of messages that are no item's id → the item whose name says what they mean."""
NAMED_EVENTS = 20


@operation("quality.summary")
def summary(context: Context) -> pl.DataFrame:
    """Failures by edit: frame[edit, severity, message, open, overridden, source], most first.

    The message is the edit's rule: where a failure's message quotes a value, it names the item.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    counted = context.store.query(
        f"""SELECT edit, min(severity) AS severity, min(message) AS message,
                   count(*) FILTER (state = 'open') AS open, count(*) FILTER (state = 'overridden') AS overridden, source
            FROM ({BOARD}) WHERE state <> 'fixed' AND {condition} GROUP BY edit, source
            ORDER BY open DESC, edit, source""",
        scope,
    )
    texts = [rule(edit, message) for edit, message in counted.select("edit", "message").iter_rows()]
    return counted.with_columns(pl.Series("message", texts, dtype=pl.String))


def rule(edit: str, message: str | None) -> str | None:
    """What an edit demands, without any record's values; for an edit that is not ours the official message."""
    known = edits.all_edits().get(edit)
    return _rule(known.message) if known else message


def _rule(message: str) -> str:
    """An edit's message with its items' names instead of values; a name that is said already is not repeated.

    >>> _rule("{regionalNodesPositive} nodes positive of {regionalNodesExamined} examined")
    '[Regional Nodes Positive] nodes positive of [Regional Nodes Examined] examined'
    >>> _rule("Primary site {primarySite} cannot occur in a patient whose sex is {sex}")
    'Primary site cannot occur in a patient whose sex is [Sex]'
    >>> _rule("dateOfBirth {dateOfBirth} is after dateOfLastContact {dateOfLastContact}")
    'Date of Birth is after Date of Last Contact'
    >>> _rule("this tumor differs: {found}")
    'this tumor differs: [found]'
    """
    for word in dict.fromkeys(re.findall(r"\{(\w+)\}", message)):
        try:
            name = standards.item(STANDS_FOR.get(word, word)).name
        except NotFound:  # a word of the edit's own
            message = message.replace(f"{{{word}}}", f"[{word}]")
            continue
        message = message.replace(f"{word} {{{word}}}", name)
        message = re.sub(rf"(?i)\b({re.escape(name)}) \(?\{{{word}\}}\)?", r"\1", message)
        message = message.replace(f"{{{word}}}", f"[{name}]")
    return message


@operation("quality.failures")
def failures(
    context: Context,
    edit: str | None = None,
    severity: str | None = None,
    facility: str | None = None,
    state: str | None = "open",
    source: str | None = None,
    assigned_to: str | None = None,
    abstractor: str | None = None,
    year: int | None = None,
    abstract_id: int | None = None,
    patient_id: int | None = None,
    limit: int = 500,
) -> pl.DataFrame:
    """Failures in scope; those assigned to the actor come first, then by id.

    Args:
        state: open, overridden or fixed; None for all. source: own or official. assigned_to: an account, "" for
            what nobody was given. abstractor: abstractedBy of the record. year: of diagnosis.

    Returns:
        frame[failure_id, patient_id, tumor_id, abstract_id, facility_id, edit, severity, items, item_values, message,
        state, source, source_name, tag, own_edit, override_item, abstractor, diagnosis_year, assigned_to, assigned_by,
        assigned_at, note, found_at, changed_at, reopened_at, fixed_at, closed_as].

    Raises:
        BadInput: no such state. NotFound: no such facility in scope.
    """
    if state is not None and state not in STATES:
        raise BadInput("state", f"{state!r} is no state", f"use one of: {', '.join(STATES)}")
    if facility is not None:
        facility = frames.known_facility(context, facility)
    condition, scope = context.actor.scope_sql("facility_id")
    conditions, parameters = [condition], list[Any](scope)
    wanted = {
        "edit": edit, "severity": severity, "facility_id": facility, "state": state, "source": source,
        "abstractor": abstractor, "diagnosis_year": year, "abstract_id": abstract_id, "patient_id": patient_id,
        "assigned_to": assigned_to or None,
    }  # fmt: skip
    for column, value in wanted.items():
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    if assigned_to == "":
        conditions.append("assigned_to IS NULL")
    return context.store.query(
        f"""SELECT {SHOWN} FROM ({BOARD}) WHERE {" AND ".join(conditions)}
            ORDER BY coalesce(assigned_to, '') <> ?, failure_id LIMIT ?""",
        [*parameters, context.actor.name, limit],
    )


@operation("quality.worklist")
def worklist(context: Context) -> pl.DataFrame:
    """Open failures by the person who was given them.

    Returns:
        frame[assigned_to (null: nobody yet), open, errors, reviews, warnings, records, since]; the actor's own row first.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    return context.store.query(
        f"""SELECT assigned_to, count(*) AS open, count(*) FILTER (severity = 'error') AS errors,
                   count(*) FILTER (severity = 'review') AS reviews, count(*) FILTER (severity = 'warning') AS warnings,
                   count(DISTINCT abstract_id) AS records, min(coalesce(assigned_at, found_at)) AS since
            FROM ({BOARD}) WHERE state = 'open' AND {condition} GROUP BY assigned_to
            ORDER BY coalesce(assigned_to, '') <> ?, open DESC, assigned_to NULLS LAST""",
        [*scope, context.actor.name],
    )


def find(context: Context, failure_id: int) -> dict[str, Any]:
    """One failure in scope, with all its columns.

    Raises:
        NotFound: there is none in scope.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    found = context.store.query(
        f"SELECT * FROM ({BOARD}) WHERE failure_id = ? AND {condition}", [str(failure_id), *scope]
    )
    if found.is_empty():
        raise NotFound("edit failure", f"there is no failure {failure_id} in your scope")
    return dict(found.row(0, named=True))


@operation("quality.failure")
def failure(context: Context, failure_id: int) -> dict[str, Any]:
    """One failure with its record.

    Returns:
        {failure: its columns, rule: what the edit demands, source: where the rule comes from, may_override, record: as
        `records.abstract` with `involved` beside each item (None without an abstract), highlight: ids of the involved items,
        judged_values: their values when it was judged, changed_since: whether one of them differs now, overrides:
        frame of the record's overrides of this edit, others: frame of the record's other open failures}.
    """
    from registry.service import records
    from registry.service.quality import overrides as quality_overrides

    row = find(context, failure_id)
    name = row["own_edit"] if row["source"] == "official" else row["edit"]
    known = edits.all_edits().get(name or "")
    values = json.loads(row["item_values"] or "{}")
    highlight = [item for item in (row["items"] or "").split(";") if item]
    record, now = None, values
    if row["abstract_id"] is not None and context.actor.covers(row["facility_id"]):
        record = records.abstract(context, int(row["abstract_id"]))
        now = {item["item"]: item["value"] for item in record["items"]}
        record["items"] = [{**item, "involved": item["item"] in highlight} for item in record["items"]]
    single = known is None or known.level != "inter-record"  # those show the consolidated tumor's values
    changed = single and any((now.get(item) or None) != (values.get(item) or None) for item in values)
    others = failures(context, abstract_id=row["abstract_id"]) if row["abstract_id"] is not None else None
    return {
        "failure": {name: row[name] for name in SHOWN.replace(" ", "").split(",")},
        "rule": rule(row["edit"], row["message"]),
        "source": known.source if known else row["source_name"],
        "may_override": quality_overrides.may_override(row),
        "record": record,
        "highlight": highlight,
        "judged_values": values,
        "changed_since": changed,
        "overrides": quality_overrides.of_record(context, row["abstract_id"], row["edit"]),
        "others": None if others is None else others.filter(pl.col("failure_id") != failure_id),
    }


@operation("quality.assign", changes=True)
def assign(
    context: Context, failure_ids: int | Sequence[int], to: str | None, note: str | None = None
) -> dict[str, Any]:
    """Give failures to a person, or take them back with `to=None`.

    Returns:
        {assigned, to}: how many failures changed hands.

    Raises:
        NotFound: a failure is not in scope, or is fixed; there is no such account. Denied: the account may not see them.
    """
    given = [failure_ids] if isinstance(failure_ids, int) else failure_ids
    ids = sorted({int(number) for number in given})
    condition, scope = context.actor.scope_sql("facility_id")
    wanted = pl.DataFrame({"failure_id": ids}, schema={"failure_id": pl.Int64})
    held = context.store.query(
        f"""SELECT failure_id, facility_id, assigned_to FROM edit_failure SEMI JOIN wanted USING (failure_id)
            WHERE state <> 'fixed' AND {condition} ORDER BY failure_id""",
        scope,
        frames={"wanted": wanted},
    )
    if missing := sorted(set(ids) - set(held["failure_id"].to_list())):
        raise NotFound("edit failure", f"there is no open failure {missing[0]} in your scope")
    if to is not None:
        _require_worker(context, to, set(held["facility_id"].to_list()))
    with context.store.unit_of_work(context.actor.name, "quality.assign", reason=note) as work:
        work.execute(
            """UPDATE edit_failure SET assigned_to = ?, assigned_by = ?, assigned_at = ?, note = ?
               WHERE failure_id IN (SELECT failure_id FROM wanted)""",
            [to, context.actor.name, context.stamp, (note or "").strip() or None],
            frames={"wanted": wanted},
        )
        if held.height > NAMED_EVENTS:
            work.log("edit_failure", None, "assign", None, {"failures": held.height, "to": to})
            work.digest(held, entity="edit_failure")
        else:
            for number, _facility, before in held.iter_rows():
                work.log("edit_failure", number, "assign", {"assigned_to": before}, {"assigned_to": to})
    return {"assigned": held.height, "to": to}


def _require_worker(context: Context, name: str, facilities: set[str | None]) -> None:
    """Raises unless this account is active, may see failures, and sees those of the facilities."""
    if name == context.actor.name:
        return
    found = context.store.query("SELECT role, facilities FROM account WHERE name = ? AND active", [name])
    if found.is_empty():
        raise NotFound("account", f"there is no active account {name!r}", "choose another one")
    role, held = found.row(0)
    worker = Actor(name, role, facilities_from_json(held))
    if not worker.may("quality.failures") or not all(worker.covers(facility) for facility in facilities):
        raise Denied("quality.assign", f"{name} may not see all of these failures", "choose another account")
