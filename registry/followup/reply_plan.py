"""What a reply changes in the records of one patient, and why it is refused or waits for a decision.

A reply writes the items of the patient to every record of the patient and those of a tumor to that tumor's records;
its dates are checked against what is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.followup import tumor_status
from registry.followup.contact_codes import source_codes
from registry.followup.last_contact import (
    WRITING,
    Known,
    Told,
    Verdict,
    correct,
    judge,
    surely_after,
    vital_code,
)
from registry.followup.reply import Reply, Values
from registry.followup.reply_items import FLAG_OF, OF_DEATH, SOURCES, on_dying, on_living
from registry.followup.tumor_status import Problem

Row = Mapping[str, Any]


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

    >>> record = {"abstract_id": 1, "tumor_id": 5, "vitalStatus": "1", "dateOfLastContact": "20250301"}
    >>> reply = Reply("letter", "reply", dt.date(2026, 10, 31), postmark="20261020", addressee="patient")
    >>> {item: pair[1] for item, pair in plan(reply, [record], record, {}, dt.date(2026, 10, 31)).changes[1].items()}
    {'dateOfLastContact': '20261020', 'followUpSource': '3', 'followUpSourceCentral': '50', 'dateCaseLastChanged': '20261031'}
    """
    known = known_of(patient)
    told = Told(reply.date, bool(reply.dead))
    if reply.correction:
        verdict = correct(known, told, vital_told=reply.dead is not None)
    else:
        verdict = judge(known, told)
    made = Plan(verdict)
    made.problems += [*_life(reply, patient, verdict), *_risen(reply, known), *_named(reply, tumors)]
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


def _risen(reply: Reply, known: Known) -> list[Problem]:
    """A death that never was leaves no day on which the patient was known to live."""
    if not (reply.correction and known.dead and reply.dead is False and reply.date is None):
        return []
    what = "is missing: the date of the death goes with it"
    return [Problem("stated_date", what, "state the last day on which the patient is known to have lived")]


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
    """Last contact, vital status and what hangs on them, as a record carries them after a verdict.

    >>> standing({"causeOfDeath": "0000"}, Known(False, "20250301"), Verdict("died", "202606", dead=True))
    {'dateOfLastContact': '202606', 'vitalStatus': '0', 'causeOfDeath': '7777'}
    """
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
