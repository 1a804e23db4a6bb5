"""The contact log, bars on contact, and physicians' consents: who, when, why; nothing of it is ever deleted."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from registry import standards
from registry.errors import BadInput, NotFound
from registry.followup import contact_codes, reply_items
from registry.service.followup import people as followup_people
from registry.service.followup.people import PERSON_ITEMS, TUMOR_FACTS, Query
from registry.service.operations import Context, operation
from registry.store import UnitOfWork

LOGGED = (
    "contact_id patient_id facility_id contacted_at method contact_type outcome addressee physician_id letter_id contacted_by "
    "stated_date postmark date_of_last_contact vital_status cancer_status follow_up_source next_action next_date reason note "
    "changes task_id"
).split()
BAR = "bar_id patient_id facility_id reason requested_by set_by set_at lifted_by lifted_at lifted_reason version".split()
CONSENT = (
    "consent_id patient_id physician_id given given_on valid_until note recorded_by withdrawn_at withdrawn_by "
    "withdrawn_reason version"
).split()


@operation("followup.history")
def history(context: Context, patient_id: int) -> dict[str, Any]:
    """All that follow-up work needs to know of one patient.

    Returns:
        {patient: items with `<item>_label`, version (for `followup.record`), barred: whether anybody barred contact,
        tumors: frame[tumor_id, facility_ids, TUMOR_FACTS], contacts, bars, consents (as their operations give them),
        letters: frame[letter_id, batch_id, addressee, recipient, state, sent_on] that were sent,
        tasks: frame[task_id, kind, detail, created_at] that are open}.

    Raises:
        NotFound: no such patient in scope.
    """
    person = followup_people.load(context.store.query, context.actor, patient_id)
    condition, scope = context.actor.scope_sql("facility_id")
    kinds = ", ".join(f"'{kind}'" for kind in contact_codes.REVIEW_KINDS)
    return {
        "patient": {"patient_id": patient_id, **_labelled(person.patient)},
        "version": person.version,
        "barred": not barred(context.store.query).filter(pl.col("patient_id") == patient_id).is_empty(),
        "tumors": _tumors(person),
        "contacts": contacts(context, patient_id),
        "bars": bars(context, patient_id, every=True),
        "consents": consents(context, patient_id, every=True),
        "letters": _letters(context, patient_id),
        "tasks": context.store.query(
            f"""SELECT task_id, kind, detail, created_at FROM review_task WHERE patient_id = ? AND state = 'open'
                AND kind IN ({kinds}) AND {condition} ORDER BY task_id""",
            [patient_id, *scope],
        ),
    }


def _labelled(values: dict[str, Any]) -> dict[str, Any]:
    """Items that are filled, with what their codes mean."""
    shown: dict[str, Any] = {}
    for item in PERSON_ITEMS:
        if (value := values.get(item)) is None:
            continue
        shown[item] = value
        if standards.is_closed(item):
            shown[f"{item}_label"] = standards.label(item, value)
    return shown


def _tumors(person: followup_people.Person) -> pl.DataFrame:
    whose: dict[int, list[str]] = {number: [] for number in person.tumors}
    for row in person.rows:
        if row["tumor_id"] in whose and row["facility_id"]:
            whose[row["tumor_id"]].append(row["facility_id"])
    rows = [
        {"tumor_id": number, "facility_ids": sorted(set(whose[number])), **values}
        for number, values in sorted(person.tumors.items())
    ]
    schema: dict[str, Any] = {
        "tumor_id": pl.Int64,
        "facility_ids": pl.List(pl.String),
        **dict.fromkeys(TUMOR_FACTS, pl.String),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _letters(context: Context, patient_id: int) -> pl.DataFrame:
    condition, scope = context.actor.scope_sql("l.facility_id")
    return context.store.query(
        f"""SELECT l.letter_id, l.batch_id, l.addressee, l.recipient, l.state, b.sent_on
            FROM letter l JOIN letter_batch b USING (batch_id)
            WHERE l.patient_id = ? AND l.state IN ('sent', 'answered', 'returned') AND {condition}
            ORDER BY b.sent_on DESC, l.letter_id DESC""",
        [patient_id, *scope],
    )


@operation("followup.contacts")
def contacts(context: Context, patient_id: int | None = None, since: str | None = None) -> pl.DataFrame:
    """The contact log in scope, newest first: frame[LOGGED].

    Args:
        since: first day (ISO) on which a contact was made.
    """
    condition, parameters = context.actor.scope_sql("facility_id")
    for column, value in (
        ("patient_id =", patient_id),
        ("contacted_at >=", context.day(since) if since else None),
    ):
        if value is not None:
            condition, parameters = f"{condition} AND {column} ?", [*parameters, value]  # type: ignore[list-item]
    return context.store.query(
        f"""SELECT {", ".join(LOGGED)} FROM follow_up_contact WHERE tombstone_reason IS NULL AND {condition}
            ORDER BY contacted_at DESC, contact_id DESC""",
        parameters,
    )


@operation("followup.choices")
def choices(context: Context) -> dict[str, Any]:
    """What can be chosen when a contact is entered: methods, outcomes, addressees, items, codes of sources."""
    return {
        "methods": list(contact_codes.METHODS),
        "addressees": list(contact_codes.ADDRESSEES),
        "outcomes": [
            {
                "outcome": outcome,
                "tells": outcome in contact_codes.TELLING,
                "silent": outcome in contact_codes.SILENT,
            }
            for outcome in contact_codes.OUTCOMES
        ],
        "patient_items": list(reply_items.PATIENT_ITEMS),
        "silent_items": list(reply_items.SILENT_ITEMS),
        "tumor_items": list(reply_items.TUMOR_ITEMS),
        "codes": {
            item: dict(standards.codes(item).select("code", "label").iter_rows())
            for item in (
                "cancerStatus",
                "recurrenceType1st",
                "followUpSource",
                "followUpSourceCentral",
                "nextFollowUpSource",
            )
        },
    }


@operation("followup.bar", changes=True)
def bar(context: Context, patient_id: int, reason: str, requested_by: str | None = None) -> dict[str, Any]:
    """Bar follow-up contact of a patient: nobody writes to or calls anybody about the patient until it is lifted.

    Returns:
        {bar_id, already}: `already` when the same bar stands.
    """
    why = _said(reason, "bar")
    with context.store.unit_of_work(context.actor.name, "followup.bar", reason=why) as work:
        person = followup_people.load(work.query, context.actor, patient_id)
        work.facility_id = person.facility
        return keep_bar(work, context, person, why, requested_by)


def keep_bar(
    work: UnitOfWork, context: Context, person: followup_people.Person, why: str, requested_by: str | None
) -> dict[str, Any]:
    """A bar inside a unit of work, unless the same stands: {bar_id, already}."""
    held = work.query(
        """SELECT bar_id FROM contact_bar WHERE patient_id = ? AND lifted_at IS NULL AND reason = ?
           AND facility_id IS NOT DISTINCT FROM ? AND requested_by IS NOT DISTINCT FROM ? ORDER BY bar_id""",
        [person.patient_id, why, person.facility, requested_by],
    )
    if held.height:
        work.log("contact_bar", int(held["bar_id"][0]), "asked again")
        return {"bar_id": int(held["bar_id"][0]), "already": True}
    number = int(work.new_ids("contact_bar", 1)[0])
    row = {
        "bar_id": number, "patient_id": person.patient_id, "facility_id": person.facility, "reason": why,
        "requested_by": requested_by, "set_by": context.actor.name, "set_at": context.stamp,
    }  # fmt: skip
    kinds = {"facility_id": pl.String, "requested_by": pl.String}
    work.insert("contact_bar", pl.DataFrame([row], schema_overrides=kinds))
    return {"bar_id": number, "already": False}


@operation("followup.lift_bar", changes=True)
def lift_bar(context: Context, patient_id: int, reason: str, bar_id: int | None = None) -> dict[str, Any]:
    """Lift a patient's bar, or all of them that the actor may lift: {lifted: [bar_id]}.

    Raises:
        NotFound: no open bar in scope.
    """
    why = _said(reason, "lifting a bar")
    condition, scope = context.actor.scope_sql("facility_id")
    chosen, parameters = ("AND bar_id = ?", [bar_id]) if bar_id is not None else ("", [])
    with context.store.unit_of_work(context.actor.name, "followup.lift_bar", reason=why) as work:
        held = work.query(
            f"""SELECT bar_id, version FROM contact_bar WHERE patient_id = ? AND lifted_at IS NULL AND {condition} {chosen}
                ORDER BY bar_id""",
            [patient_id, *scope, *parameters],
        )
        if held.is_empty():
            raise NotFound("bar", f"patient {patient_id} has no open bar in your scope")
        change = {"lifted_by": context.actor.name, "lifted_at": context.stamp, "lifted_reason": why}
        for number, version in held.iter_rows():
            work.update("contact_bar", int(number), change, expected_version=int(version))
    return {"lifted": [int(number) for number in held["bar_id"]]}


@operation("followup.bars")
def bars(context: Context, patient_id: int | None = None, every: bool = False) -> pl.DataFrame:
    """Bars on contact in scope, newest first: frame[BAR]; `every` with those that were lifted."""
    condition, parameters = context.actor.scope_sql("facility_id")
    condition += "" if every else " AND lifted_at IS NULL"
    if patient_id is not None:
        condition, parameters = f"{condition} AND patient_id = ?", [*parameters, patient_id]  # type: ignore[list-item]
    return context.store.query(
        f"SELECT {', '.join(BAR)} FROM contact_bar WHERE {condition} ORDER BY bar_id DESC", parameters
    )


@operation("followup.consent", changes=True)
def consent(
    context: Context,
    physician_id: str,
    patient_id: int | None = None,
    given: bool = True,
    given_on: str | None = None,
    valid_until: str | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """Record that a physician agrees, or refuses, that the registry writes to a patient.

    Args:
        patient_id: None = all patients of the physician, which central staff records.
        given_on: the day (default: today). valid_until: last day on which it holds.

    Returns:
        {consent_id}.
    """
    if not physician_id.strip():
        raise BadInput("consent", "needs the physician who gives it", "name the physician by number")
    day, last = context.day(given_on), context.day(valid_until) if valid_until else None
    if day > context.today:
        raise BadInput("given_on", "is in the future", "check the date")
    if last is not None and last < day:
        raise BadInput("valid_until", "is before the day on which it was given", "check both dates")
    if patient_id is None:
        context.require_central("followup.consent")
    with context.store.unit_of_work(context.actor.name, "followup.consent") as work:
        if patient_id is not None:
            work.facility_id = followup_people.load(work.query, context.actor, patient_id).facility
        number = int(work.new_ids("letter_consent", 1)[0])
        row = {
            "consent_id": number, "patient_id": patient_id, "physician_id": str(physician_id).strip(), "given": given,
            "given_on": day, "valid_until": last, "note": note, "recorded_by": context.actor.name,
        }  # fmt: skip
        types = {"patient_id": pl.Int64, "valid_until": pl.Date, "note": pl.String}
        work.insert("letter_consent", pl.DataFrame([row], schema_overrides=types))
    return {"consent_id": number}


@operation("followup.withdraw_consent", changes=True)
def withdraw_consent(context: Context, reason: str, consent_id: int | None = None) -> dict[str, Any]:
    """Withdraw a consent (or a refusal): {consent_id}.

    Raises:
        NotFound: none of this number, open and in scope.
    """
    why = _said(reason, "withdrawing a consent")
    with context.store.unit_of_work(context.actor.name, "followup.withdraw_consent", reason=why) as work:
        held = work.query(
            "SELECT patient_id, version FROM letter_consent WHERE consent_id = ? AND withdrawn_at IS NULL ORDER BY 1",
            [consent_id],
        )
        if held.is_empty():
            raise NotFound(
                "consent", f"there is no open consent {consent_id}" if consent_id else "no consent was named"
            )
        patient_id, version = held.row(0)
        if patient_id is None:
            context.require_central("followup.withdraw_consent")
        else:
            work.facility_id = followup_people.load(work.query, context.actor, int(patient_id)).facility
        change = {"withdrawn_at": context.stamp, "withdrawn_by": context.actor.name, "withdrawn_reason": why}
        work.update("letter_consent", consent_id, change, expected_version=int(version))
    return {"consent_id": consent_id}


@operation("followup.consents")
def consents(
    context: Context, patient_id: int | None = None, physician_id: str | None = None, every: bool = False
) -> pl.DataFrame:
    """Consents and refusals, newest first: frame[CONSENT]; those for all patients of a physician are seen by all.

    Args:
        patient_id: with those that hold for all patients. every: with those that were withdrawn.
    """
    condition = "TRUE" if every else "withdrawn_at IS NULL"
    parameters: list[Any] = []
    if context.actor.facilities is not None:
        inside, parameters = _in_scope(context)
        condition += f" AND (patient_id IS NULL OR {inside})"
    if patient_id is not None:
        condition, parameters = (
            f"{condition} AND (patient_id IS NULL OR patient_id = ?)",
            [*parameters, patient_id],
        )
    if physician_id is not None:
        condition, parameters = f"{condition} AND physician_id = ?", [*parameters, physician_id]
    return context.store.query(
        f"SELECT {', '.join(CONSENT)} FROM letter_consent WHERE {condition} ORDER BY given_on DESC, consent_id DESC",
        parameters,
    )


def _in_scope(context: Context) -> tuple[str, list[Any]]:
    condition, scope = context.actor.scope_sql("facility_id")
    return f"patient_id IN (SELECT patient_id FROM abstract WHERE status <> 'void' AND {condition})", list(
        scope
    )


def barred(query: Query) -> pl.DataFrame:
    """Patients whom nobody may contact, whoever barred it: frame[patient_id, bar_id, reason, set_by, set_at], newest bar."""
    return query(
        """SELECT patient_id, bar_id, reason, set_by, set_at FROM contact_bar WHERE lifted_at IS NULL
           QUALIFY row_number() OVER (PARTITION BY patient_id ORDER BY bar_id DESC) = 1 ORDER BY patient_id"""
    )


def consents_in_force(query: Query, day: dt.date) -> pl.DataFrame:
    """Consents and refusals of a day, one a physician and patient: frame[patient_id (null = all), physician_id, given]."""
    return query(
        """SELECT patient_id, physician_id, given FROM letter_consent
           WHERE withdrawn_at IS NULL AND given_on <= ? AND (valid_until IS NULL OR valid_until >= ?)
           QUALIFY row_number() OVER (PARTITION BY patient_id, physician_id ORDER BY given_on DESC, consent_id DESC) = 1
           ORDER BY physician_id, patient_id NULLS FIRST""",
        [day, day],
    )


def _said(reason: str, what: str) -> str:
    if not (reason or "").strip():
        raise BadInput(what, "needs a reason", "say in one sentence why")
    return reason.strip()
