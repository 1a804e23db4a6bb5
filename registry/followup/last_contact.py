"""What a reported day of contact or death does to what is known: the one rule for replies and passive sources.

A later day wins; a death overrides all and its date becomes the date of last contact. Nothing moves back and nobody
rises from the dead but by a correction, which gives a reason. Partial dates count from their earliest day; two dates
contradict each other only when every day they can mean does.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from registry.errors import BadInput
from registry.followup.contact_codes import CONTACT_AFTER_DEATH, DEATH_BEFORE_CONTACT, DEATH_DIFFERS
from registry.standards.dates import earliest_date, latest_date

_WRITTEN = re.compile(r"[1-9][0-9]{3}(-?[0-9]{2}(-?[0-9]{2})?)?")

WRITING = frozenset({"moved", "refined", "died", "same", "corrected"})
"""Effects after which every record of the patient carries the resulting date and vital status."""


class Known(NamedTuple):
    """What the registry knows: dead or not (None = unknown), date of last contact as NAACCR text (None = unknown)."""

    dead: bool | None
    last: str | None


class Told(NamedTuple):
    """What was reported: a day (NAACCR text) on which somebody was alive (or merely seen), or died."""

    date: str | None
    dead: bool


class Verdict(NamedTuple):
    """What comes of it.

    effect: moved, refined (more precise), died, same, not_later, nothing, corrected, review.
    last, dead: how the patient stands afterwards.
    review: kind of the review task to open; nothing may be written then.
    """

    effect: str
    last: str | None
    dead: bool | None
    review: str | None = None


def as_naaccr(text: str | None, what: str = "date") -> str | None:
    """A date as NAACCR writes it (YYYYMMDD, YYYYMM or YYYY); None when blank.

    Raises:
        BadInput: it is no date of the calendar.

    >>> as_naaccr("2026-10-31"), as_naaccr("2026-10"), as_naaccr("20261031"), as_naaccr(" ")
    ('20261031', '202610', '20261031', None)
    """
    written = (text or "").strip()
    if not written:
        return None
    plain = written.replace("-", "")
    if not _WRITTEN.fullmatch(written) or earliest_date(plain) is None:
        raise BadInput(what, "is not a date", "write it as 2026-10-31, 2026-10 or 2026")
    return plain


def surely_after(later: str | None, earlier: str | None) -> bool:
    """Whether a date is after another one whatever their unknown parts are; False when one is unknown.

    >>> surely_after("20260301", "202602"), surely_after("202602", "20260201"), surely_after("2026", None)
    (True, False, False)
    """
    first, last = earliest_date(later), latest_date(earlier)
    return first is not None and last is not None and first > last


def vital_code(dead: bool | None) -> str | None:
    """The code of vitalStatus: 0 dead, 1 alive.

    >>> vital_code(True), vital_code(False), vital_code(None)
    ('0', '1', None)
    """
    return None if dead is None else "0" if dead else "1"


def judge(known: Known, told: Told) -> Verdict:
    """What a report does to what is known.

    >>> judge(Known(False, "20250301"), Told("20260115", False))
    Verdict(effect='moved', last='20260115', dead=False, review=None)
    >>> judge(Known(True, "20250301"), Told("20260115", False)).review
    'contact after death'
    >>> judge(Known(False, "20260115"), Told("2025", True))
    Verdict(effect='review', last='20260115', dead=False, review='death before last contact')
    """
    if told.date is None:
        return Verdict("nothing", known.last, known.dead)
    if known.dead:
        return _of_the_dead(known, told)
    if told.dead:
        if surely_after(known.last, told.date):
            return _review(known, DEATH_BEFORE_CONTACT)
        return Verdict("died", told.date, dead=True)
    return _of_the_living(known, told.date)


def correct(known: Known, told: Told, *, vital_told: bool) -> Verdict:
    """What a correction leaves: the date and the vital status as stated, known ones where it states none.

    >>> correct(Known(True, "20250301"), Told("20240101", False), vital_told=True)
    Verdict(effect='corrected', last='20240101', dead=False, review=None)
    """
    return Verdict("corrected", told.date or known.last, told.dead if vital_told else known.dead)


def _review(known: Known, kind: str) -> Verdict:
    return Verdict("review", known.last, known.dead, kind)


def _of_the_dead(known: Known, told: Told) -> Verdict:
    told_date, last = told.date or "", known.last or ""
    if not told.dead:
        if surely_after(told_date, last):
            return _review(known, CONTACT_AFTER_DEATH)
        return Verdict("not_later", known.last, dead=True)
    if last.startswith(told_date):  # the same day, or only a part of what is known
        return Verdict("same", known.last, dead=True)
    if told_date.startswith(last) or earliest_date(last) is None:
        return Verdict("refined", told_date, dead=True)
    return _review(known, DEATH_DIFFERS)


def _of_the_living(known: Known, date: str) -> Verdict:
    before, now = earliest_date(known.last), earliest_date(date)
    assert now is not None
    if before is None or now > before:
        return Verdict("moved", date, dead=False)
    if now == before and len(date) > len(known.last or ""):
        return Verdict("refined", date, dead=False)
    if date == known.last:
        return Verdict("same", known.last, dead=False)
    return Verdict("not_later", known.last, known.dead)
