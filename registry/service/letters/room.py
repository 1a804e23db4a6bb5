"""Follow-up letters: who may be written to, making the batches, what was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from registry.followup.letters import (
    Batch,
    Letter,
    NotWritten,
    Press,
    Printed,
    batches,
    content,
    plan,
    reference,
)
from registry.followup.letters.plan import REASONS, name_of
from registry.service.letters import batches as letters_batches
from registry.service.letters import facts as letters_facts
from registry.service.letters import settings as letters_settings
from registry.service.letters.facts import Gathered
from registry.service.operations import Context, operation

OF_THIS_ROOM = (letters_batches, letters_settings)
"""Modules whose operations are `letters.*` too."""
ROUNDS = 3
"""How often letters are made anew when somebody changes a record, or bars contact, while they are being printed."""
KIND = "letters"

LETTER = {
    "patient_id": pl.Int64, "nameLast": pl.String, "nameFirst": pl.String, "status": pl.String,
    "monthsSinceContact": pl.Int32, "nextSource": pl.String, "addressee": pl.String, "recipient": pl.String,
    "recipient_name": pl.String, "language": pl.String, "send_by": pl.String, "facility_id": pl.String,
}  # fmt: skip
NOT_WRITTEN = {
    "patient_id": pl.Int64, "nameLast": pl.String, "nameFirst": pl.String, "status": pl.String,
    "addressee": pl.String, "why": pl.String, "reason": pl.String,
}  # fmt: skip
BATCH = {
    "addressee": pl.String, "recipient": pl.String, "recipient_name": pl.String, "language": pl.String,
    "letters": pl.Int32, "send_by": pl.String,
}  # fmt: skip


@operation("letters.prepare")
def prepare(
    context: Context,
    as_of: str | dt.date | None = None,
    addressee: str | None = None,
    facility: str | None = None,
    language: str | None = None,
    patient_ids: Collection[int] | None = None,
) -> dict[str, Any]:
    """Who would be written to on a day, in which batches, and who not and why. Nothing is written.

    Args:
        as_of: day that the letters bear; default today.
        addressee: physician, nursing_home, patient or contact: everybody listed who may get that letter; None = the letter
            that is each patient's next step.
        facility: the facility that writes, to its own patients.
        language: for those without a language of their own.
        patient_ids: these patients of the list only.

    Returns:
        {as_of, facility, letters: frame[LETTER], batches: frame[BATCH], not_written: frame[NOT_WRITTEN],
        counts: {letters, batches, not_written}, remarks: [lines]}.

    Raises:
        BadInput: no such addressee or language; an account held to several facilities that names none.
    """
    gathered = letters_facts.gather(context, as_of, facility, language, patient_ids)
    with Press() as press:
        letters, nobody = _planned(press, gathered, addressee)
    made = batches(letters, gathered.rows)
    return {
        "as_of": gathered.day, "facility": gathered.facility, "letters": _letters_frame(letters, gathered),
        "batches": _batches_frame(made), "not_written": _not_written_frame(nobody, gathered),
        "counts": {"letters": len(letters), "batches": len(made), "not_written": len(nobody)},
        "remarks": _remarks(gathered),
    }  # fmt: skip


@operation("letters.make", changes=True)
def make(
    context: Context,
    as_of: str | dt.date | None = None,
    addressee: str | None = None,
    facility: str | None = None,
    language: str | None = None,
    patient_ids: Collection[int] | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """Print the letters of a day, one PDF a batch, and keep them; see `letters.prepare` for the arguments.

    Who may be written to is asked again in the transaction that keeps the letters, after they were printed: whoever died,
    was barred or was changed meanwhile is left out, and what was printed for them is printed anew.

    Args:
        key: of this call: a repeated one gives the first answer.

    Returns:
        {run, as_of, batch_ids, letters: count, batches: frame as `letters.batches`, not_written: frame[NOT_WRITTEN],
        remarks}. Nothing to write: no batch.

    Raises:
        BadInput: as `letters.prepare`; a template, sender or address that may not be printed so.
        Conflict: records kept changing while letters were made.
    """
    gathered = letters_facts.gather(context, as_of, facility, language, patient_ids)
    with Press() as press:
        letters, nobody = _planned(press, gathered, addressee)
        printed: dict[Batch, Printed] = {}
        for turn in range(ROUNDS):
            made = batches(letters, gathered.rows)
            _print(context, press, gathered, made, printed)
            with context.store.unit_of_work(
                context.actor.name, "letters.make", facility_id=gathered.facility, idempotency_key=key
            ) as work:
                lost = letters_facts.changed(work.query, context.actor, letters, gathered)
                if not lost:
                    kept = letters_batches.keep(work, gathered, [(each, printed[each]) for each in made])
                    break
                work.log("letters", None, "left out", None, {"patients": len(lost), "turn": turn + 1})
            nobody += [_lost(letter, lost) for letter in letters if letter.patient_id in lost]
            letters = [letter for letter in letters if letter.patient_id not in lost]
        else:
            letters_batches.give_up()
    return {
        "run": kept["run"], "as_of": gathered.day, "batch_ids": kept["batch_ids"], "letters": kept["letters"],
        "batches": letters_batches.rows_of(context, kept["batch_ids"]),
        "not_written": _not_written_frame(nobody, gathered), "remarks": _remarks(gathered),
    }  # fmt: skip


def _planned(
    press: Press, gathered: Gathered, addressee: str | None
) -> tuple[list[Letter], list[NotWritten]]:
    """The plan, less those whose names no font can show."""
    letters, nobody = plan(iter(gathered.rows.values()), gathered.facts, gathered.rules, addressee)
    shown = {letter: {*"".join((letter.person, *letter.window)), *name_of(gathered.rows[letter.patient_id])}
             for letter in letters}  # fmt: skip
    if missing := press.missing(set().union(*shown.values())):
        for letter in [each for each in letters if shown[each] & missing]:
            reason = REASONS["LETTERS_OF_NAME"]
            nobody.append(NotWritten(letter.patient_id, letter.addressee, "LETTERS_OF_NAME", reason))
            letters.remove(letter)
    return letters, nobody


def _lost(letter: Letter, lost: Mapping[int, tuple[str, str]]) -> NotWritten:
    why, more = lost[letter.patient_id]
    return NotWritten(letter.patient_id, letter.addressee, why, REASONS[why] + (f": {more}" if more else ""))


def _print(
    context: Context, press: Press, gathered: Gathered, made: Sequence[Batch], printed: dict[Batch, Printed]
) -> None:
    """Print what is not printed yet."""
    medical = {letter.patient_id for each in made if each.addressee == "physician" for letter in each.letters}
    tumors = letters_facts.tumors(context, gathered, medical)
    for number, each in enumerate(made, start=1):
        if each in printed:
            continue
        name = f"{each.addressee}.{each.language}"
        source = gathered.templates[each.addressee, each.language]
        data = content.data(each, gathered.rows, tumors, gathered.sender, gathered.day, gathered.paper)
        content.check(each.addressee, source, data)
        printed[each] = press.pdf(name, source, data, gathered.day)
        context.progress("letters", number, len(made))


def _remarks(gathered: Gathered) -> list[str]:
    lines = list(gathered.remarks)
    waiting = sum(str(row.get("nextSource") or "").startswith("passive_") for row in gathered.rows.values())
    if waiting:
        lines.append(f"{waiting:,} listed patients: a passive source was not searched yet (followup.import)")
    return lines


def _letters_frame(letters: Sequence[Letter], gathered: Gathered) -> pl.DataFrame:
    rows = [
        {
            **_of_list(letter.patient_id, gathered, ("status", "monthsSinceContact", "nextSource")),
            "addressee": letter.addressee, "recipient": letter.recipient, "recipient_name": letter.recipient_name,
            "language": letter.language, "send_by": letter.send_by, "facility_id": gathered.facility,
        }
        for letter in letters
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=LETTER, orient="row")


def _of_list(patient: int, gathered: Gathered, items: Sequence[str]) -> dict[str, Any]:
    row = gathered.rows[patient]
    return {"patient_id": patient, **{item: row.get(item) for item in ("nameLast", "nameFirst", *items)}}


def _not_written_frame(nobody: Sequence[NotWritten], gathered: Gathered) -> pl.DataFrame:
    """In the order of the follow-up list, whenever a letter was given up."""
    place = {patient: number for number, patient in enumerate(gathered.rows)}
    rows = [
        {
            **_of_list(each.patient_id, gathered, ("status",)), "addressee": each.addressee, "why": each.why,
            "reason": each.reason,
        }
        for each in sorted(nobody, key=lambda each: place[each.patient_id])
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=NOT_WRITTEN, orient="row")


def _batches_frame(made: Sequence[Batch]) -> pl.DataFrame:
    rows = [
        {
            "addressee": each.addressee, "recipient": each.recipient, "recipient_name": each.recipient_name,
            "language": each.language, "letters": len(each.letters), "send_by": each.send_by,
        }
        for each in made
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=BATCH, orient="row")


__all__ = ["KIND", "make", "prepare", "reference"]
