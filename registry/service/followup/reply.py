"""Entering replies and contacts: checked against everything known, written as a whole or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry.abstracting import consolidated
from registry.errors import BadInput, NotFound
from registry.followup import reply as replies
from registry.followup import reply_plan
from registry.followup.contact_codes import NEW_PRIMARY, PERHAPS_DEAD, source_codes
from registry.followup.last_contact import WRITING, vital_code
from registry.followup.reply_items import SOURCES
from registry.followup.tumor_status import Problem
from registry.service.followup import contacts as followup_contacts
from registry.service.followup import people as followup_people
from registry.service.followup import writing as followup_writing
from registry.service.followup.people import Person, Query
from registry.service.operations import Context, operation
from registry.store import UnitOfWork

BARRED = "the patient refuses: follow-up contact is barred until the bar is lifted"
FIELDS = (
    "method", "outcome", "stated_date", "postmark", "vital_status", "items", "tumors", "letter_id", "addressee",
    "physician_id", "contacted_on", "new_primary", "next_action", "next_date", "note", "correction", "reason",
)  # fmt: skip
"""What can be told of a contact."""

ALWAYS = ("dateOfLastContact", "vitalStatus", "dateCaseLastChanged", *SOURCES)
"""Items that any reply may write."""

_SAID = {
    "contact after death": "a contact after the recorded death was reported",
    "death before last contact": "a death earlier than the last known contact was reported",
    "death date differs": "a death on another day than the recorded one was reported",
}


@operation("followup.record", changes=True)
def record(
    context: Context,
    patient_id: int,
    expected_version: int | None = None,
    idempotency_key: str | None = None,
    **told: Any,
) -> dict[str, Any]:
    """Enter a contact or reply: the log, last contact, vital status, tumor by tumor its status, address.

    Args:
        expected_version: `version` that the entry is based on (of `followup.history` or `check`); None = no check.
        idempotency_key: the same key again gets the first answer and changes nothing.
        told: FIELDS. method (default letter), outcome (default reply); dates as 2026-10-31 or in part; vital_status
            "0" makes stated_date the date of death; items {naaccrId: value}; tumors [{tumor_id, naaccrId: value}];
            correction with a reason sets what is stated, also back.

    Returns:
        {contact_id, patient_id, effect, date_of_last_contact, vital_status, abstracts, changed, task_ids, warnings,
        version}. effect `review`: nothing was written, a review task waits for a decision.

    Raises:
        BadInput: something told contradicts itself or what is known. NotFound: no such patient, letter in scope.
        Conflict: the patient was changed meanwhile.
    """
    told = _fields(told)
    if (earlier := _answered(context, idempotency_key)) is not None:
        return earlier
    _ensure_columns(context, told)
    with context.store.unit_of_work(
        context.actor.name, "followup.record", reason=told.get("reason"), idempotency_key=idempotency_key
    ) as work:
        if work.repeated:
            return dict(work.result)
        person = followup_people.load(work.query, context.actor, patient_id)
        person.require_version(expected_version)
        work.facility_id = person.facility
        letter = _letter(work.query, context, patient_id, told)
        reply, plan = _planned(context, person, told, letter)
        if plan.problems:
            raise BadInput(*plan.problems[0])
        contact_id = int(work.new_ids("follow_up_contact", 1)[0])
        tasks = _tasks(work, context, person, reply, plan, told, contact_id)
        abstracts = followup_writing.write(
            work, person.rows, plan.changes, context.stamp, reply.reason or f"follow-up contact {contact_id}"
        )
        _log(work, context, person, reply, plan, told, letter, contact_id, tasks)
        warnings = [*_waiting(plan), *plan.remarks]
        if _refuses(reply):
            followup_contacts.keep_bar(work, context, person, "the patient wants no more contact", "patient")
            warnings.append(BARRED)
        after = followup_people.load(work.query, context.actor, patient_id)
        answer = {
            "contact_id": contact_id, "patient_id": patient_id, "effect": plan.verdict.effect,
            "date_of_last_contact": after.patient["dateOfLastContact"], "vital_status": after.patient["vitalStatus"],
            "abstracts": abstracts, "changed": sorted({item for of in plan.changes.values() for item in of}),
            "task_ids": tasks, "warnings": warnings, "version": after.version,
        }  # fmt: skip
        work.result = answer
    if abstracts:
        from registry.service.quality import run as quality_run

        quality_run.after_change(context, patient_id)
    return answer


@operation("followup.check", secret=FIELDS)
def check(
    context: Context, patient_id: int, expected_version: int | None = None, **told: Any
) -> dict[str, Any]:
    """What `followup.record` would say and do, without doing it.

    Returns:
        {ok, problems: [{field, what, action}], warnings, effect, date (that counts), date_of_last_contact,
        vital_status (as they would be), changes: frame[abstract_id, tumor_id, facility_id, item, before, after],
        version}.
    """
    told = _fields(told)
    person = followup_people.load(context.store.query, context.actor, patient_id)
    person.require_version(expected_version)
    problems: list[Problem] = []
    letter = None
    try:
        letter = _letter(context.store.query, context, patient_id, told)
    except (BadInput, NotFound) as error:
        problems.append(Problem(error.where, error.what, error.action))
    reply, plan = _planned(context, person, told, letter)
    problems += plan.problems
    verdict = plan.verdict
    return {
        "ok": not problems,
        "problems": [problem._asdict() for problem in problems],
        "warnings": [*_waiting(plan), *plan.remarks, *([BARRED] if _refuses(reply) else [])],
        "effect": verdict.effect,
        "date": reply.date,
        "date_of_last_contact": verdict.last,
        "vital_status": vital_code(verdict.dead),
        "changes": _as_frame(person, plan),
        "version": person.version,
    }


def _refuses(reply: replies.Reply) -> bool:
    """The letter promises a patient who says so that nobody writes any more."""
    return reply.outcome == "refused" and reply.addressee == "patient"


def _fields(told: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(told) - set(FIELDS)):
        raise BadInput("followup.record", f"there is no field {unknown[0]}", f"use {', '.join(FIELDS)}")
    return {
        "method": "letter",
        "outcome": "reply",
        **{name: value for name, value in told.items() if value is not None},
    }


def _answered(context: Context, key: str | None) -> dict[str, Any] | None:
    if key is None:
        return None
    with context.store.unit_of_work(context.actor.name, "followup.record", idempotency_key=key) as work:
        return dict(work.result) if work.repeated else None


def _ensure_columns(context: Context, told: dict[str, Any]) -> None:
    """Columns for whatever this reply may write (a reply that is then refused leaves them empty)."""
    reply, problems = replies.read(told, context.today)
    if problems:
        raise BadInput(*problems[0])
    of_tumors = {item for values in reply.tumors.values() for item in values}
    if of_tumors:
        of_tumors |= {"cancerStatus", "dateOfLastCancerStatus", "recurrenceType1st", "recurrenceDate1st"}
    wanted = sorted({*ALWAYS, *reply.items, *of_tumors})
    if set(wanted) - set(context.store.columns("abstract")):
        consolidated.ensure_columns(context.store, wanted)


def _letter(query: Query, context: Context, patient_id: int, told: dict[str, Any]) -> dict[str, Any] | None:
    """The letter that is answered.

    Raises:
        NotFound: none of this patient in scope. BadInput: it was never sent.
    """
    number = told.get("letter_id")
    if number is None:
        return None
    condition, scope = context.actor.scope_sql("l.facility_id")
    found = query(
        f"""SELECT l.letter_id, l.state, l.addressee, l.recipient, b.sent_on FROM letter l JOIN letter_batch b USING (batch_id)
            WHERE l.letter_id = ? AND l.patient_id = ? AND {condition} ORDER BY 1""",
        [number, patient_id, *scope],
    )
    if found.is_empty():
        raise NotFound("letter", f"there is no letter {number} about this patient in your scope")
    letter: dict[str, Any] = found.row(0, named=True)
    if letter["state"] not in ("sent", "answered", "returned"):
        raise BadInput("letter", f"is {letter['state']}, not sent", "mark its batch as sent first")
    return letter


def _planned(
    context: Context, person: Person, told: dict[str, Any], letter: dict[str, Any] | None
) -> tuple[replies.Reply, reply_plan.Plan]:
    of_letter = {} if letter is None else {"mailed_on": letter["sent_on"], "addressee": letter["addressee"]}
    reply, problems = replies.read({**of_letter, **told}, context.today)
    plan = reply_plan.plan(reply, person.rows, person.patient, person.tumors, context.today, person.elsewhere)
    if any(problem.field == "outcome" for problem in problems):
        plan.problems = problems  # what else is amiss follows from it
    else:
        plan.problems[:0] = problems
    return reply, plan


def _tasks(
    work: UnitOfWork,
    context: Context,
    person: Person,
    reply: replies.Reply,
    plan: reply_plan.Plan,
    told: dict[str, Any],
    contact_id: int,
) -> list[int]:
    """Review tasks that the reply opens; a correction of date or vital status closes those about a death."""
    opened = []
    if kind := plan.verdict.review:
        detail = f"{_SAID[kind]}: follow-up contact {contact_id}"
        whose = None if plan.elsewhere else person.facility
        opened.append(followup_writing.open_task(work, kind, person.patient_id, whose, detail, context.stamp))
    if told.get("new_primary"):
        detail = f"a new primary was reported: follow-up contact {contact_id}"
        opened.append(
            followup_writing.open_task(
                work, NEW_PRIMARY, person.patient_id, person.facility, detail, context.stamp
            )
        )
    if reply.correction and (reply.date or reply.dead is not None):
        followup_writing.close_tasks(
            work, PERHAPS_DEAD, person.patient_id, context.actor, f"corrected: {reply.reason}", context.stamp
        )
    return opened


def _log(
    work: UnitOfWork,
    context: Context,
    person: Person,
    reply: replies.Reply,
    plan: reply_plan.Plan,
    told: dict[str, Any],
    letter: dict[str, Any] | None,
    contact_id: int,
    tasks: list[int],
) -> None:
    verdict = plan.verdict
    asked = reply.addressee
    statuses = [
        f"{number}:{values['cancerStatus']}"
        for number, values in sorted(reply.tumors.items())
        if values.get("cancerStatus")
    ]
    primary = f"new primary: {told['new_primary']}" if told.get("new_primary") else None
    recipient = letter["recipient"] if letter and asked == "physician" else None
    followup_writing.log_contacts(
        work,
        [
            {
                "contact_id": contact_id, "patient_id": person.patient_id, "facility_id": person.facility,
                "contacted_at": followup_people.moment(reply.contacted_on, context.stamp), "method": reply.method,
                "contact_type": reply.contact_type, "outcome": reply.outcome,
                "date_of_last_contact": verdict.last if verdict.effect in WRITING else None,
                "vital_status": vital_code(reply.dead),
                "cancer_status": " ".join(statuses) or None, "next_action": told.get("next_action"),
                "next_date": _next(told.get("next_date")),
                "note": "; ".join(filter(None, (told.get("note"), primary))) or None,
                "letter_id": told.get("letter_id"), "addressee": asked, "physician_id": told.get("physician_id") or recipient,
                "stated_date": reply.stated, "postmark": reply.postmark,
                "follow_up_source": "/".join(source_codes(reply.method, asked)) if reply.date else None,
                "reason": reply.reason, "changes": followup_people.changes_as_json(plan.changes),
                "task_id": tasks[0] if tasks else None, "contacted_by": context.actor.name,
            }
        ],
    )  # fmt: skip
    if letter is not None:
        _mark(work, int(letter["letter_id"]), letter["state"], reply.outcome, contact_id, context.stamp)


def _next(day: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(day)) if day else None
    except ValueError:
        raise BadInput("next_date", "is not a date", "write it as 2026-10-31") from None


def _mark(
    work: UnitOfWork, letter_id: int, before: str, outcome: str, contact_id: int, now: dt.datetime
) -> None:
    """A letter that was answered or came back."""
    state = {"returned undeliverable": "returned", "no answer": "sent", "sent": "sent"}.get(
        outcome, "answered"
    )
    if state == "sent":
        return
    work.execute(
        "UPDATE letter SET state = ?, answered_at = ?, contact_id = ? WHERE letter_id = ?",
        [state, now, contact_id, letter_id],
    )
    work.log("letter", letter_id, state, {"state": before}, {"state": state, "contact_id": contact_id})


def _waiting(plan: reply_plan.Plan) -> list[str]:
    """Why nothing is written yet."""
    kind = plan.verdict.review
    return (
        [f"{_SAID[kind]}; nothing of the patient changes before the review task is decided"] if kind else []
    )


def _as_frame(person: Person, plan: reply_plan.Plan) -> pl.DataFrame:
    of = {int(row["abstract_id"]): row for row in person.rows}
    rows = [
        (number, of[number]["tumor_id"], of[number]["facility_id"], item, before, after)
        for number, items in sorted(plan.changes.items())
        for item, (before, after) in sorted(items.items())
    ]
    schema = {
        "abstract_id": pl.Int64, "tumor_id": pl.Int64, "facility_id": pl.String, "item": pl.String, "before": pl.String,
        "after": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
