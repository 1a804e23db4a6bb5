"""A reply or contact as it was entered: its words and its dates, checked against each other.

The day that counts is the day stated, else the postmark of the reply, never the day on which anything was mailed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.errors import BadInput
from registry.followup.contact_codes import ADDRESSEES, METHODS, OUTCOMES, SILENT, TELLING
from registry.followup.last_contact import as_naaccr, surely_after
from registry.followup.reply_items import PATIENT_ITEMS, SILENT_ITEMS, TUMOR_ITEMS, clean
from registry.followup.tumor_status import Problem

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
