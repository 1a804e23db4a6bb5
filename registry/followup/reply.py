"""A reply or contact as it was entered, and what it changes in the records of one patient.

A reply writes the items of the patient to every record of the patient and those of a tumor to that tumor's records;
all its dates are checked against each other and against what is known. The day that counts is the day stated, else
the postmark of the reply, never the day on which anything was mailed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.errors import BadInput
from registry.followup import tumor_status
from registry.followup.contact_codes import ADDRESSEES, METHODS, OUTCOMES, SILENT, TELLING, source_codes
from registry.followup.last_contact import (
    WRITING,
    Known,
    Told,
    Verdict,
    as_naaccr,
    correct,
    judge,
    surely_after,
    vital_code,
)
from registry.followup.reply_items import (
    FLAG_OF,
    OF_DEATH,
    PATIENT_ITEMS,
    SILENT_ITEMS,
    SOURCES,
    TUMOR_ITEMS,
    clean,
    on_dying,
    on_living,
)
from registry.followup.tumor_status import Problem

Row = Mapping[str, Any]
Values = dict[str, str | None]

ANSWERING = ("letter", "email", "portal", "fax")
"""Methods by which people answer; by the others the registry tries itself."""


@dataclass(frozen=True)
class Reply:
    """One contact, cleaned.

    Attributes:
        stated, postmark: NAACCR text; the postmark is a full day.
        dead: True dead, False alive, None not said.
        items, tumors: items of the patient, and by tumor_id those of tumors.
        contacted_on: day on which the reply came or the attempt was made.
        mailed_on: day on which the letter that it answers was sent.
    """

    method: str
    outcome: str
    contacted_on: dt.date
    stated: str | None = None
    postmark: str | None = None
    dead: bool | None = None
    items: Values = field(default_factory=dict)
    tumors: dict[int, Values] = field(default_factory=dict)
    addressee: str | None = None
    correction: bool = False
    reason: str | None = None
    mailed_on: dt.date | None = None

    @property
    def date(self) -> str | None:
        """The day that counts: the one stated, else the postmark."""
        return self.stated or self.postmark

    @property
    def contact_type(self) -> str:
        """correction, reply or attempt."""
        if self.correction:
            return "correction"
        return "reply" if self.method in ANSWERING and self.outcome != "sent" else "attempt"


@dataclass
class Plan:
    """What a reply comes to.

    Attributes:
        verdict: of last contact and vital status.
        changes: abstract_id → item → (before, after).
        problems: each one refuses the reply. remarks: lines for whoever enters it.
        elsewhere: the review is about records that the actor does not see.
    """

    verdict: Verdict
    changes: dict[int, dict[str, tuple[str | None, str | None]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    elsewhere: bool = False


def read(raw: Mapping[str, Any], today: dt.date) -> tuple[Reply, list[Problem]]:
    """A reply from what was typed in, with everything that is wrong with its words and dates.

    Args:
        raw: method, outcome, stated_date, postmark, vital_status, items, tumors, addressee, contacted_on,
            correction, reason, mailed_on (Date); all optional but the first two.

    >>> reply, problems = read({"method": "letter", "outcome": "reply"}, dt.date(2026, 10, 31))
    >>> [problem.what for problem in problems]
    ['neither a day nor a postmark is given']
    """
    problems: list[Problem] = []

    def attempt(read_one: Any, *arguments: Any, default: Any = None) -> Any:
        try:
            return read_one(*arguments)
        except BadInput as error:
            problems.append(Problem(error.where, error.what, error.action))
            return default

    vital = raw.get("vital_status")
    if vital not in (None, "", "0", "1"):
        problems.append(Problem("vital_status", "is not 0 (dead) or 1 (alive)"))
    reply = Reply(
        method=str(raw.get("method") or ""),
        outcome=str(raw.get("outcome") or ""),
        contacted_on=attempt(_day, raw.get("contacted_on"), "contacted_on", default=None) or today,
        stated=attempt(as_naaccr, raw.get("stated_date"), "stated_date"),
        postmark=attempt(as_naaccr, raw.get("postmark"), "postmark"),
        dead={"0": True, "1": False}.get(str(vital)),
        items=attempt(clean, raw.get("items"), PATIENT_ITEMS, default={}),
        tumors=attempt(_tumors, raw.get("tumors") or [], default={}),
        addressee=raw.get("addressee") or None,
        correction=bool(raw.get("correction")),
        reason=(raw.get("reason") or "").strip() or None,
        mailed_on=raw.get("mailed_on"),
    )
    if not problems:
        problems += [*_words(reply), *_order(reply, today)]
    return reply, problems


def _day(text: Any, what: str) -> dt.date | None:
    if text in (None, ""):
        return None
    try:
        return text if isinstance(text, dt.date) else dt.date.fromisoformat(str(text))
    except ValueError:
        raise BadInput(what, "is not a date", "write it as 2026-10-31") from None


def _tumors(rows: Sequence[Mapping[str, Any]]) -> dict[int, Values]:
    told: dict[int, Values] = {}
    for row in rows:
        number = row.get("tumor_id")
        if not isinstance(number, int) or number in told:
            raise BadInput("tumors", "each tumor is named once by its tumor_id")
        told[number] = clean({name: value for name, value in row.items() if name != "tumor_id"}, TUMOR_ITEMS)
    return {number: values for number, values in told.items() if values}


def _words(reply: Reply) -> list[Problem]:
    """What must come with the kind of contact, and what must not."""
    found: list[Problem] = []
    for name, value, allowed in (
        ("method", reply.method, METHODS),
        ("outcome", reply.outcome, OUTCOMES),
        ("addressee", reply.addressee or ADDRESSEES[0], ADDRESSEES),
    ):
        if value not in allowed:
            found.append(Problem(name, "is none of the list", f"choose of {', '.join(allowed)}"))
    if reply.outcome in SILENT:
        if reply.date or reply.dead is not None or reply.tumors or set(reply.items) - set(SILENT_ITEMS):
            found.append(
                Problem(
                    "outcome", "says nothing of the patient, so only an address goes with it", "say reply"
                )
            )
        if reply.correction:
            found.append(Problem("outcome", "corrects nothing", "say reply"))
        return found
    told_anything = reply.dead is not None or reply.items or reply.tumors
    if reply.correction:
        if not reply.reason:
            found.append(Problem("reason", "is missing", "say in one sentence why this is corrected"))
        if not reply.date and not told_anything:
            found.append(Problem("correction", "corrects nothing", "state what is right"))
    elif reply.date is None and (reply.outcome in TELLING or told_anything):
        found.append(
            Problem("stated_date", "neither a day nor a postmark is given", "the mailing day is never one")
        )
    if reply.dead and reply.stated is None:
        found.append(
            Problem(
                "stated_date", "a death needs its date", "a year is enough; a postmark is no date of death"
            )
        )
    return found


def _order(reply: Reply, today: dt.date) -> list[Problem]:
    """The dates of the reply against each other and against today."""
    found: list[Problem] = []
    now, came = f"{today:%Y%m%d}", f"{reply.contacted_on:%Y%m%d}"
    if reply.contacted_on > today:
        found.append(Problem("contacted_on", "is in the future", "check the date"))
    for name, date in (("stated_date", reply.stated), ("postmark", reply.postmark)):
        if surely_after(date, now):
            found.append(Problem(name, "is in the future", "check the date"))
        elif surely_after(date, came):
            found.append(Problem(name, "is after the day on which the contact was made", "check both dates"))
    if reply.postmark is not None and len(reply.postmark) != 8:
        found.append(Problem("postmark", "is not a full day", "give the day stamped on it"))
    if surely_after(reply.stated, reply.postmark):
        found.append(Problem("stated_date", "is after the postmark of the reply", "check both dates"))
    if reply.mailed_on and surely_after(f"{reply.mailed_on:%Y%m%d}", reply.postmark):
        found.append(Problem("postmark", "is before the letter was sent", "check both dates"))
    return found


def plan(
    reply: Reply,
    records: Sequence[Row],
    patient: Row,
    tumors: Mapping[int, Row],
    today: dt.date,
    elsewhere: Known | None = None,
) -> Plan:
    """What a reply changes, and why it is refused or waits for a decision.

    Args:
        records: abstracts of the patient that may be written, each with abstract_id, tumor_id and items.
        patient: items of the patient as those records tell them.
        tumors: by tumor_id, items of the tumor as they tell them.
        elsewhere: what records say that the actor does not see; only a contradiction with it counts.
    """
    known = known_of(patient)
    told = Told(reply.date, bool(reply.dead))
    if reply.correction:
        verdict = correct(known, told, vital_told=reply.dead is not None)
    else:
        verdict = judge(known, told)
    made = Plan(verdict)
    made.problems += [*_life(reply, patient, verdict), *_named(reply, tumors)]
    if not reply.correction and verdict.review is None and elsewhere is not None:
        other = judge(elsewhere, told)
        if other.review is not None:
            made.verdict, made.elsewhere = Verdict("review", known.last, known.dead, other.review), True
    if made.verdict.review is not None or made.problems:
        return made
    made.problems += _history(verdict, records)
    of_tumors = _of_tumors(reply, tumors, verdict, made)
    if reply.correction:
        made.problems += _left_behind(verdict, tumors, of_tumors)
    if not made.problems:
        _write(reply, records, known, verdict, of_tumors, today, made)
    return made


def known_of(patient: Row) -> Known:
    """Vital status and last contact of a patient's row.

    >>> known_of({"vitalStatus": "0", "dateOfLastContact": "2025"})
    Known(dead=True, last='2025')
    """
    dead = {"0": True, "4": True, "1": False}.get(str(patient.get("vitalStatus")))  # 4: as SEER once coded it
    return Known(dead, patient.get("dateOfLastContact"))


def _life(reply: Reply, patient: Row, verdict: Verdict) -> list[Problem]:
    found = []
    if surely_after(patient.get("dateOfBirth"), reply.date):
        found.append(Problem("stated_date", "is before the birth of the patient", "check the date"))
    told = [item for item in OF_DEATH if reply.items.get(item) is not None]
    if told and not verdict.dead and verdict.review is None:
        found.append(
            Problem(told[0], "goes with a death, but the patient is alive", "say that the patient died")
        )
    return found


def _named(reply: Reply, tumors: Mapping[int, Row]) -> list[Problem]:
    found = []
    for number in reply.tumors:
        if number not in tumors:
            found.append(Problem(f"tumor {number}", "is none of this patient in your scope"))
        elif surely_after(tumors[number].get("dateOfDiagnosis"), reply.date):
            found.append(
                Problem("stated_date", f"is before the diagnosis of tumor {number}", "check both dates")
            )
    return found


def _history(verdict: Verdict, records: Sequence[Row]) -> list[Problem]:
    """Nobody's last contact is before a diagnosis or first contact."""
    if verdict.effect not in WRITING or verdict.effect == "same":
        return []
    items = ("dateOfDiagnosis",) if verdict.dead else ("dateOfDiagnosis", "dateOf1stContact")
    early = {
        row["tumor_id"] for row in records for item in items if surely_after(row.get(item), verdict.last)
    }
    return [
        Problem("stated_date", f"is before diagnosis or first contact of tumor {number}", "check both dates")
        for number in sorted(early, key=str)
    ]


def _of_tumors(reply: Reply, tumors: Mapping[int, Row], verdict: Verdict, made: Plan) -> dict[int, Values]:
    changes: dict[int, Values] = {}
    for number, told in reply.tumors.items():
        one = tumor_status.plan(
            tumors[number], told, day=reply.date, last=verdict.last, correction=reply.correction
        )
        made.problems += [
            Problem(f"tumor {number}: {problem.field}", problem.what, problem.action)
            for problem in one.problems
        ]
        made.remarks += [f"tumor {number}: {remark}" for remark in one.remarks]
        changes[number] = one.changes
    return changes


def _left_behind(verdict: Verdict, tumors: Mapping[int, Row], changes: Mapping[int, Values]) -> list[Problem]:
    """A last contact that moves back must not leave other dates of follow-up after it."""
    found = []
    for number, values in tumors.items():
        after = {**values, **changes.get(number, {})}
        found += [
            Problem(f"tumor {number}: {item}", "would be after the last contact", "correct it too")
            for item in ("dateOfLastCancerStatus", "recurrenceDate1st")
            if surely_after(after.get(item), verdict.last)
        ]
    return found


def _write(
    reply: Reply,
    records: Sequence[Row],
    known: Known,
    verdict: Verdict,
    of_tumors: Mapping[int, Values],
    today: dt.date,
    made: Plan,
) -> None:
    items = dict(reply.items)
    if verdict.effect == "not_later" and items:
        made.remarks.append(
            "older than the last contact: address and other items of the patient stay as they are"
        )
        items = {}
    sources = {}
    if verdict.effect in ("moved", "refined", "died") or (reply.correction and reply.date):
        sources = dict(zip(SOURCES, source_codes(reply.method, reply.addressee), strict=True))
    for row in records:
        values: Values = {
            **standing(row, known, verdict),
            **sources,
            **items,
            **of_tumors.get(row["tumor_id"], {}),
        }
        if differing := differences(row, values, today):
            made.changes[int(row["abstract_id"])] = differing


def standing(row: Row, known: Known, verdict: Verdict) -> Values:
    """Last contact, vital status and what hangs on them, as a record carries them after a verdict."""
    if verdict.effect not in WRITING:
        return {}
    values: Values = {"dateOfLastContact": verdict.last}
    if verdict.dead is not None:
        values["vitalStatus"] = vital_code(verdict.dead)
    if verdict.dead:
        values.update(on_dying(row))
    elif known.dead:
        values.update(on_living(row))
    return values


def differences(
    row: Row, values: Mapping[str, str | None], today: dt.date
) -> dict[str, tuple[str | None, str | None]]:
    """Items that change in a record, with the flags that go and the day of change.

    >>> differences({"telephone": None}, {"telephone": "5185550101"}, dt.date(2026, 10, 31))
    {'telephone': (None, '5185550101'), 'dateCaseLastChanged': (None, '20261031')}
    """
    changed = {item: (row.get(item), value) for item, value in values.items() if row.get(item) != value}
    for item, flag in FLAG_OF.items():
        if item in changed and changed[item][1] is not None and row.get(flag) is not None:
            changed[flag] = (row.get(flag), None)
    stamp = f"{today:%Y%m%d}"
    if changed and row.get("dateCaseLastChanged") != stamp:
        changed["dateCaseLastChanged"] = (row.get("dateCaseLastChanged"), stamp)
    return changed
