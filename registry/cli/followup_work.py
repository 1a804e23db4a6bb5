"""`registry followup record|import|bar|lift-bar|consent|withdraw-consent|history|import-lines`: follow-up work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

_SENTENCE = 100


@click.command(
    "record", epilog="Example: registry followup record 17 --on 2026-10-01 --alive --tumor 23:cancerStatus=1"
)
@click.argument("patient_id", type=int)
@click.option(
    "--method",
    default="letter",
    show_default=True,
    help="letter, phone, email, portal, fax, in_person, chart, other.",
)
@click.option(
    "--outcome", default="reply", show_default=True,
    help="reply, contacted, refused, sent, no answer, returned undeliverable, left message, no information, wrong number.",
)  # fmt: skip
@click.option(
    "--on", "stated_date", help="Day stated in the reply; of a death its date. 2026-10-01, 2026-10 or 2026."
)
@click.option("--postmark", help="Day stamped on the reply; it counts when no day is stated.")
@click.option("--alive/--dead", "alive", default=None, help="Vital status, when the reply says it.")
@click.option(
    "--item", "items", multiple=True, metavar="ITEM=VALUE", help="An item of the patient (NAACCR id)."
)
@click.option("--tumor", "tumors", multiple=True, metavar="TUMOR:ITEM=VALUE", help="An item of one tumor.")
@click.option("--letter", "letter_id", type=int, help="The letter that is answered or came back.")
@click.option(
    "--from",
    "addressee",
    help="Who answered: physician, nursing_home, patient, contact, institution, registry.",
)
@click.option("--physician", "physician_id", help="The physician's number.")
@click.option(
    "--made-on", "contacted_on", help="Day on which the reply came or the attempt was made (default: today)."
)
@click.option("--new-primary", help="What the reply says of a new tumor; it opens a review task.")
@click.option("--next-action", help="What is to be done next.")
@click.option("--next-date", help="When.")
@click.option("--note", help="Anything else.")
@click.option("--correct", "correction", is_flag=True, help="Set what is stated, also back; needs --reason.")
@click.option("--reason", help="Why it is corrected.")
@click.option(
    "--expected-version", type=int, help="Version of the patient that this is based on (see history)."
)
@click.option("--key", "idempotency_key", help="The same key again changes nothing.")
@click.option("--dry-run", is_flag=True, help="Show what would change and what is wrong, write nothing.")
@global_options
def record(
    options: Options,
    patient_id: int,
    alive: bool | None,
    items: tuple[str, ...],
    tumors: tuple[str, ...],
    idempotency_key: str | None,
    dry_run: bool,
    **told: Any,
) -> int:
    """Enter a reply or an attempt. Exit code 1 when it waits for review, or --dry-run finds something wrong."""
    told = {name: value for name, value in told.items() if value is not None and value is not False}
    if alive is not None:
        told["vital_status"] = "1" if alive else "0"
    told |= {"items": dict(map(_pair, items)), "tumors": _by_tumor(tumors)}
    with options.connect() as session:
        if dry_run:
            answer = session.run("followup.check", patient_id=patient_id, **told)
            options.answer(answer, _checked(answer))
            return 0 if answer["ok"] and answer["effect"] != "review" else 1
        answer = session.run(
            "followup.record", patient_id=patient_id, idempotency_key=idempotency_key, **told
        )
    for line in answer["warnings"]:
        options.remark(line)
    shown = {
        "effect": answer["effect"],
        "last contact": answer["date_of_last_contact"],
        "abstracts changed": answer["abstracts"],
    }
    tasks = {"review tasks": ", ".join(map(str, answer["task_ids"]))} if answer["task_ids"] else {}
    options.answer(answer, output.pairs({**shown, **tasks}))
    return 1 if answer["effect"] == "review" else 0


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise click.UsageError(f"{text!r} is not ITEM=VALUE")
    return name.strip(), value


def _by_tumor(texts: tuple[str, ...]) -> list[dict[str, Any]]:
    """[{tumor_id, item: value}] of TUMOR:ITEM=VALUE.

    >>> _by_tumor(("3:cancerStatus=1", "3:recurrenceType1st=00"))
    [{'tumor_id': 3, 'cancerStatus': '1', 'recurrenceType1st': '00'}]
    """
    found: dict[int, dict[str, Any]] = {}
    for text in texts:
        number, sign, pair = text.partition(":")
        if not sign or not number.strip().isdecimal():
            raise click.UsageError(f"{text!r} is not TUMOR:ITEM=VALUE")
        item, value = _pair(pair)
        found.setdefault(int(number), {"tumor_id": int(number)})[item] = value
    return list(found.values())


def _checked(answer: dict[str, Any]) -> str:
    lines = [
        f"{each['field']}: {each['what']}" + (f"; {each['action']}" if each["action"] else "")
        for each in answer["problems"]
    ]
    lines += answer["warnings"]
    if not answer["problems"]:
        lines.append(
            f"effect: {answer['effect']}; last contact would be {answer['date_of_last_contact'] or 'unknown'}"
        )
        if answer["changes"].height:
            lines.append(output.table(answer["changes"], limit=200))
    return "\n".join(lines)


@click.command("import", epilog="Example: registry followup import visits.csv --kind visits")
@click.argument("file", required=False)
@click.option(
    "--kind", required=True, type=click.Choice(["visits", "naaccr", "pathology"]), help="What it is."
)
@click.option("--again", is_flag=True, help="Read it anew although the same bytes were read before.")
@global_options
def import_source(options: Options, file: str | None, kind: str, again: bool) -> int:
    """Take in a passive source; last contact only moves forward. Exit code 1 when lines need a look.

    visits: CSV with visit_date and patient_id, or facility and medicalRecordNumber (with nameLast, nameFirst or
    dateOfBirth to check it), department and vitalStatus. naaccr: another registry's NAACCR XML. pathology: the reports that are here,
    without a file.
    """
    with options.connect() as session:
        answer = session.run(
            "followup.import", kind=kind, path=str(Path(file).absolute()) if file else None, again=again
        )
    for line in answer["messages"]:
        options.remark(line)
    counts = {
        name: answer[name] for name in ("rows", "moved", "not_later", "unmatched", "unreadable", "review")
    }
    options.answer(answer, output.pairs({"import": str(answer["import_id"]), **counts}))
    return 1 if answer["unreadable"] or answer["review"] else 0


@click.command("import-lines", epilog="Example: registry followup import-lines 3 --outcome unmatched")
@click.argument("import_id", type=int)
@click.option("--outcome", help="moved, not_later, unmatched, unreadable or review.")
@global_options
def import_lines(options: Options, import_id: int, outcome: str | None) -> None:
    """Lines of an import and what came of each."""
    with options.connect() as session:
        frame = session.run("followup.import_lines", import_id=import_id, outcome=outcome)
    options.answer(
        frame,
        output.table(frame.drop("source_id"), limit=200, widest=_SENTENCE) if frame.height else "no lines",
    )


@click.command("bar", epilog='Example: registry followup bar 17 --reason "asked not to be written to"')
@click.argument("patient_id", type=int)
@click.option("--reason", required=True, help="Why.")
@click.option("--requested-by", help="Who asked for it.")
@global_options
def bar(options: Options, patient_id: int, reason: str, requested_by: str | None) -> None:
    """Bar follow-up contact: nobody is written to or called about the patient."""
    with options.connect() as session:
        answer = session.run("followup.bar", patient_id=patient_id, reason=reason, requested_by=requested_by)
    options.answer(answer, f"bar {answer['bar_id']}" + (" stands already" if answer["already"] else ""))


@click.command("lift-bar", epilog='Example: registry followup lift-bar 17 --reason "wants letters again"')
@click.argument("patient_id", type=int)
@click.option("--reason", required=True, help="Why.")
@click.option("--bar", "bar_id", type=int, help="Only this one (default: all of the patient).")
@global_options
def lift_bar(options: Options, patient_id: int, reason: str, bar_id: int | None) -> None:
    """Lift a patient's bars."""
    with options.connect() as session:
        answer = session.run("followup.lift_bar", patient_id=patient_id, reason=reason, bar_id=bar_id)
    options.answer(answer, f"lifted: {', '.join(map(str, answer['lifted']))}")


@click.command("consent", epilog="Example: registry followup consent 1234567890 --patient 17 --on 2026-10-01")
@click.argument("physician_id")
@click.option(
    "--patient", "patient_id", type=int, help="Only this patient (default: all of the physician's)."
)
@click.option("--given/--refused", default=True, help="Whether the physician agrees.")
@click.option("--on", "given_on", help="Day on which it was given (default: today).")
@click.option("--until", "valid_until", help="Last day on which it holds.")
@click.option("--note", help="Anything else.")
@global_options
def consent(options: Options, **told: Any) -> None:
    """Record that a physician agrees, or refuses, that the registry writes to patients."""
    with options.connect() as session:
        answer = session.run("followup.consent", **told)
    options.answer(answer, f"consent {answer['consent_id']}")


@click.command(
    "withdraw-consent", epilog='Example: registry followup withdraw-consent 4 --reason "the physician called"'
)
@click.argument("consent_id", type=int)
@click.option("--reason", required=True, help="Why.")
@global_options
def withdraw_consent(options: Options, consent_id: int, reason: str) -> None:
    """Withdraw a consent or a refusal."""
    with options.connect() as session:
        answer = session.run("followup.withdraw_consent", consent_id=consent_id, reason=reason)
    options.answer(answer, f"consent {answer['consent_id']} is withdrawn")


@click.command("history", epilog="Example: registry followup history 17")
@click.argument("patient_id", type=int)
@global_options
def history(options: Options, patient_id: int) -> None:
    """What is known of a patient, every contact, bar and consent, and what waits for review."""
    with options.connect() as session:
        found = session.run("followup.history", patient_id=patient_id)
    known = {
        name: found["patient"].get(name)
        for name in ("nameLast", "nameFirst", "vitalStatus_label", "dateOfLastContact")
    }
    parts = [output.pairs({**known, "barred": found["barred"], "version": str(found["version"])})]
    for name, columns in _SHOWN.items():
        if found[name].height:
            parts.append(f"{name}\n{output.table(found[name].select(columns), limit=200)}")
    options.answer(found, "\n\n".join(parts))


_SHOWN = {
    "tumors": ["tumor_id", "primarySite", "dateOfDiagnosis", "cancerStatus", "dateOfLastCancerStatus", "recurrenceType1st"],
    "contacts": ["contact_id", "contacted_at", "method", "outcome", "addressee", "date_of_last_contact", "contacted_by", "reason"],
    "letters": ["letter_id", "addressee", "recipient", "state", "sent_on"],
    "bars": ["bar_id", "reason", "set_by", "set_at", "lifted_at"],
    "consents": ["consent_id", "physician_id", "given", "given_on", "valid_until", "withdrawn_at"],
    "tasks": ["task_id", "kind", "detail"],
}  # fmt: skip

COMMANDS = (record, import_source, import_lines, bar, lift_bar, consent, withdraw_consent, history)
"""Mounted under `registry followup`."""
