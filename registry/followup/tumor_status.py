"""Cancer status, recurrence and later courses of treatment of one tumor, as a reply tells them.

Sources: NAACCR Data Standards and Data Dictionary, version 26, items 1770, 1772, 1860 and 1880: a recurrence comes
after a disease-free interval; 00 = disease-free since treatment, 70 = never disease-free, 04-62 and 88 = kinds of
recurrence, 99 = unknown. The first recurrence is coded, so a later one does not take its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from registry.followup.last_contact import surely_after
from registry.followup.reply_items import DATES, RECURRENCE, STATUS
from registry.standards.dates import earliest_date

FREE, NEVER_FREE, UNKNOWN, UNSPECIFIED = "00", "70", "99", "88"
NO_EVIDENCE, EVIDENCE, NOT_KNOWN = "1", "2", "9"

Values = Mapping[str, str | None]


class Problem(NamedTuple):
    """Why a reply is refused: the field, what is wrong with it, what to do."""

    field: str
    what: str
    action: str | None = None


class TumorPlan(NamedTuple):
    """New values of one tumor; problems refuse the reply, remarks do not."""

    changes: dict[str, str | None]
    problems: list[Problem]
    remarks: list[str]


def is_recurrence(code: str | None) -> bool:
    """Whether a type of recurrence says that there was one.

    >>> is_recurrence("13"), is_recurrence("88"), is_recurrence("70"), is_recurrence(None)
    (True, True, False, False)
    """
    return code is not None and code not in (FREE, NEVER_FREE, UNKNOWN)


def plan(known: Values, told: Values, *, day: str | None, last: str | None, correction: bool) -> TumorPlan:
    """What a reply changes in one tumor.

    Args:
        known: items of the tumor, dateOfDiagnosis among them.
        told: TUMOR_ITEMS of the reply, cleaned.
        day: of the reply (NAACCR text), the day of its cancer status unless it states another.
        last: date of last contact as the reply leaves it.
        correction: earlier and contradicting values may be set.

    >>> known = {"dateOfDiagnosis": "20230115", "cancerStatus": "1", "dateOfLastCancerStatus": "20240301"}
    >>> plan(known, {"cancerStatus": "2"}, day="20250801", last="20250801", correction=False).changes
    {'cancerStatus': '2', 'dateOfLastCancerStatus': '20250801'}
    """
    found = TumorPlan({}, [], [])
    _status(found, known, told, day, correction)
    _recurrence(found, known, told, correction)
    found.changes.update({item: value for item, value in told.items() if item not in (*STATUS, *RECURRENCE)})
    _dates(found, known, told, last)
    _agree(found, known, told)
    return TumorPlan(
        {item: value for item, value in found.changes.items() if known.get(item) != value}, *found[1:]
    )


def _status(found: TumorPlan, known: Values, told: Values, day: str | None, correction: bool) -> None:
    status, dated = told.get("cancerStatus"), told.get("dateOfLastCancerStatus")
    if status is None:
        if dated is not None:
            found.problems.append(Problem("dateOfLastCancerStatus", "comes without a cancer status"))
        return
    date = dated or day
    if date is None:
        found.problems.append(Problem("dateOfLastCancerStatus", "is missing", "state the day it was seen"))
        return
    held, since = known.get("cancerStatus"), known.get("dateOfLastCancerStatus")
    if not correction and status == NOT_KNOWN and held in (NO_EVIDENCE, EVIDENCE):
        found.remarks.append("an unknown cancer status leaves the known one as it is")
        return
    if not correction and _earlier(date, since):
        found.remarks.append("the cancer status is older than the known one, which stays")
        return
    coarser = since is not None and held == status and since.startswith(date) and not correction
    found.changes.update(cancerStatus=status, dateOfLastCancerStatus=since if coarser else date)


def _earlier(date: str, since: str | None) -> bool:
    first, known = earliest_date(date), earliest_date(since)
    return first is not None and known is not None and first < known and not str(since).startswith(date)


def _recurrence(found: TumorPlan, known: Values, told: Values, correction: bool) -> None:
    kind, date = told.get("recurrenceType1st"), told.get("recurrenceDate1st")
    if "recurrenceType1st" not in told and "recurrenceDate1st" not in told:
        return
    held = known.get("recurrenceType1st")
    kind = kind if "recurrenceType1st" in told else held
    date = date if "recurrenceDate1st" in told else known.get("recurrenceDate1st")
    if kind in (FREE, NEVER_FREE):
        if told.get("recurrenceDate1st") is not None:
            found.problems.append(Problem("recurrenceDate1st", "does not go with a tumor that did not recur"))
        date = None
    elif is_recurrence(kind) and kind != UNSPECIFIED and date is None:
        found.problems.append(Problem("recurrenceDate1st", "is missing", "a year is enough"))
    elif kind is None and date is not None:
        found.problems.append(Problem("recurrenceType1st", "is missing", "say what kind, 88 when not known"))
    if not correction:
        found.problems.extend(_steps(known, told, kind, date))
    found.changes.update(recurrenceType1st=kind, recurrenceDate1st=date)


def _steps(known: Values, told: Values, kind: str | None, date: str | None) -> list[Problem]:
    """Steps from the known recurrence that no reply makes without a reason."""
    held, held_date = known.get("recurrenceType1st"), known.get("recurrenceDate1st")
    anew = "correct it with a reason"
    if is_recurrence(held) and held != UNSPECIFIED and (kind != held or not _finer(held_date, date)):
        return [Problem("recurrenceType1st", "a first recurrence is recorded already", anew)]
    if is_recurrence(held) and not is_recurrence(kind):
        return [Problem("recurrenceType1st", "a recurrence is recorded already", anew)]
    if held == FREE and kind == NEVER_FREE:
        return [Problem("recurrenceType1st", "the patient was disease-free of it before", anew)]
    was_free = NO_EVIDENCE in (known.get("cancerStatus"), told.get("cancerStatus"))
    if held == NEVER_FREE and is_recurrence(kind) and not was_free:
        return [
            Problem(
                "recurrenceType1st",
                "a tumor that never was gone cannot recur",
                "record the disease-free interval first (cancer status 1), or " + anew,
            )
        ]
    return []


def _finer(held: str | None, date: str | None) -> bool:
    """The same date, or one that says more of it."""
    return held is None or (date is not None and date.startswith(held))


def _dates(found: TumorPlan, known: Values, told: Values, last: str | None) -> None:
    """No date before diagnosis or after last contact: recurrence, cancer status, later courses."""
    diagnosed = known.get("dateOfDiagnosis")
    for item in sorted(DATES):
        date = found.changes.get(item)
        if date is None:
            continue
        if surely_after(diagnosed, date):
            found.problems.append(Problem(item, "is before the diagnosis of the tumor", "check both dates"))
        if surely_after(date, last):
            found.problems.append(Problem(item, "is after the last contact", "check both dates"))


def _agree(found: TumorPlan, known: Values, told: Values) -> None:
    """Status and recurrence as they would stand beside each other."""
    if not found.changes:
        return
    status = found.changes.get("cancerStatus", known.get("cancerStatus"))
    kind = found.changes.get("recurrenceType1st", known.get("recurrenceType1st"))
    told_both = told.get("cancerStatus") is not None and told.get("recurrenceType1st") is not None
    if kind == NEVER_FREE and status == NO_EVIDENCE:
        line = "never disease-free (70) and no evidence of the tumor (1) contradict each other"
    elif kind == FREE and status == EVIDENCE:
        line = "disease-free since treatment (00) and evidence of the tumor (2) contradict each other"
    else:
        return
    if told_both:
        found.problems.append(Problem("recurrenceType1st", line, "correct one of them"))
    else:
        found.remarks.append(line + ": code the recurrence too")
