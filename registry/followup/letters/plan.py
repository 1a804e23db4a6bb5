"""Who is written to, by whom it is read, and who is not and why: one verdict a patient, from facts alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.errors import BadInput
from registry.followup.letters import wording, words
from registry.followup.letters.consents import REFUSED, Consents

ADDRESSEES = ("physician", "nursing_home", "patient", "contact")
LETTER_OF = {"physician": "P", "nursing_home": "N", "patient": "T", "contact": "C"}
"""Last letter of a reference."""
TO_THE_PATIENT = ("patient", "contact")
"""Letters that a physician may refuse."""

REASONS = {
    "DEAD": "has died",
    "PERHAPS_DEAD": "a report of death waits for review",
    "BARRED": "the registry barred contact",
    "FLAG_1854": "no contact by item 1854 (noPatientContactFlag)",
    "CENTRAL": "central staff hold contact back",
    "CHANGED": "the record changed while letters were made: make them again",
    "GONE": "the record is no longer kept under this number",
    "OTHER_STEP": "the next step is no letter",
    "NOT_YET": "the letter is not due yet",
    "WAITING": "such a letter waits to be sent or answered",
    "CONSENT_REFUSED": "a physician refused that the patient be written to, or took consent back",
    "NO_CONSENT": "no physician consented yet that the patient be written to",
    "NO_PHYSICIAN": "no physician is known",
    "ALL_TRIED": "every physician known was written to since the last contact",
    "WANTS_NONE": "the physician takes no letters",
    "NO_INSTITUTION": "the address names no nursing home or institution",
    "NO_CONTACT": "no contact person is known",
    "NO_ADDRESS": "the address is missing or incomplete",
    "ADDRESS_WORDS": "the name or address says what an envelope may not show",
    "SENDER_WORDS": "the sender's address says what an envelope may not show: correct it in the letters' settings",
    "LETTERS_OF_NAME": "a letter of the name or address is in no font of the press",
    "NO_TEMPLATE": "there is no template in this language",
}
"""Why nobody is written to about a patient."""

PHYSICIAN_ITEMS = (
    ("physicianFollowUp", "npiPhysicianFollowUp"), ("physicianManaging", "npiPhysicianManaging"),
    ("physicianPrimarySurg", "npiPhysicianPrimarySurg"), ("physician3", "npiPhysician3"), ("physician4", "npiPhysician4"),
)  # fmt: skip
"""A physician stands in two items; the order in which they are asked (follow-up, managing, surgeon, others)."""

STEP_OF = {
    "physician_letter": "physician", "second_physician": "physician", "patient_letter": "patient",
    "contact_letter": "contact",
}  # fmt: skip
"""nextSource → addressee."""


@dataclass(frozen=True)
class Physician:
    """A row of the physician table in force: its id, the codes it is known by, and where it gets letters."""

    physician_id: str
    name: str
    lines: tuple[str, ...]
    takes_letters: bool = True
    send_by: str = "mail"
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tried:
    """A letter written before: to whom, in which state, and since when (the day it is about, or was sent)."""

    addressee: str
    recipient: str
    state: str
    since: dt.date


@dataclass(frozen=True)
class Facts:
    """What the plan is made from, besides the list itself.

    Attributes:
        held: patient → (why, words) for those whom nobody may write to or about.
        physicians: by every code they are known by.
        tried: patient → letters since the last contact, oldest first.
        languages: patient → the language he wants.
        versions: patient → version of the record.
        templates: addressee → languages there are templates for.
    """

    held: Mapping[int, tuple[str, str]]
    physicians: Mapping[str, Physician]
    consents: Consents
    tried: Mapping[int, list[Tried]] = field(default_factory=dict)
    languages: Mapping[int, str] = field(default_factory=dict)
    versions: Mapping[int, int] = field(default_factory=dict)
    templates: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """Settings of a run.

    Attributes:
        as_of: the day the letters are dated by.
        language: for those without one of their own.
        need_consent: patient letters only with a physician's consent (else: unless one refused).
        wait_days: no second letter of a kind within these days.
        institution_words: words by which the supplemental line of an address is known as an institution.
        unknown_physicians: codes of nobody.
        months: addressee → whole months since the last contact from which on a letter is due.
        countries: code → name of countries outside the own one.
    """

    as_of: dt.date
    language: str = "en"
    need_consent: bool = False
    wait_days: int = 30
    institution_words: tuple[str, ...] = ()
    unknown_physicians: tuple[str, ...] = ()
    months: Mapping[str, int] = field(default_factory=lambda: {"physician": 12, "patient": 13})
    countries: Mapping[str, str] = field(default_factory=dict)
    sender_may: bool = True


@dataclass(frozen=True)
class Letter:
    """One letter of the plan. `person` is whom it speaks to, `window` what the envelope shows, name first."""

    patient_id: int
    addressee: str
    recipient: str
    recipient_name: str
    person: str
    window: tuple[str, ...]
    language: str
    send_by: str = "mail"


@dataclass(frozen=True)
class NotWritten:
    """Why a patient gets, or causes, no letter: a code of REASONS and words."""

    patient_id: int
    addressee: str | None
    why: str
    reason: str


Row = Mapping[str, Any]


class _No(Exception):
    """Ends a search for a letter with the code of the reason."""

    def __init__(self, why: str, more: str = "") -> None:
        super().__init__(why)
        self.why, self.more = why, more


def plan(
    listed: Iterator[Row], facts: Facts, rules: Rules, addressee: str | None = None
) -> tuple[list[Letter], list[NotWritten]]:
    """One verdict for each patient of the list, in its order.

    Args:
        listed: rows of the follow-up list: patient_id, nextSource, nextSourceFrom, monthsSinceContact, lettersTo, names,
            addresses, physicians, contact.
        facts: bars, consents, earlier letters, physicians.
        rules: the run's settings.
        addressee: one of ADDRESSEES; None = the letter that is the patient's next step.

    Raises:
        BadInput: no such addressee.
    """
    if addressee is not None and addressee not in ADDRESSEES:
        raise BadInput("letters", f"{addressee!r} is no addressee", f"use {', '.join(ADDRESSEES)}")
    letters: list[Letter] = []
    nobody: list[NotWritten] = []
    for row in listed:
        patient, to = int(row["patient_id"]), addressee
        try:
            if patient in facts.held:
                raise _No(*facts.held[patient])
            to = addressee or _next_step(row, facts, rules)
            letters.append(_letter(row, to, facts, rules))
        except _No as no:
            reason = REASONS[no.why] + (f": {no.more}" if no.more else "")
            nobody.append(NotWritten(patient, to, no.why, reason))
    return letters, nobody


def reference(patient_id: int, as_of: dt.date, addressee: str) -> str:
    """What a reply is found by.

    >>> reference(17, dt.date(2026, 10, 31), "patient")
    '17-20261031-T'
    """
    return f"{patient_id}-{as_of:%Y%m%d}-{LETTER_OF[addressee]}"


def _next_step(row: Row, facts: Facts, rules: Rules) -> str:
    """The addressee of the patient's next step. A passive source still to be searched does not hold letters up."""
    _not_while_waiting(row, facts, rules)
    step = row.get("nextSource") or ""
    since = row.get("nextSourceFrom")
    if step.startswith("passive_") or not step:
        known = row.get("lettersTo") == "PHYSICIAN" and not _asked(row, facts, rules)
        addressee = "physician" if known else "patient"
        if (row.get("monthsSinceContact") or 10_000) < rules.months[addressee]:
            raise _No("NOT_YET", f"from month {rules.months[addressee]} after the last contact on")
    elif step not in STEP_OF:
        raise _No("OTHER_STEP", step.replace("_", " "))
    elif since is not None and since > rules.as_of:
        raise _No("NOT_YET", f"from {since} on")
    else:
        addressee = STEP_OF[step]
    # Whoever lives in an institution is asked after there.
    return "nursing_home" if addressee == "patient" and institution(row, rules) else addressee


def _not_while_waiting(row: Row, facts: Facts, rules: Rules, addressee: str | None = None) -> None:
    """Refuse while a letter (to this addressee, else to anybody) is made and not mailed, or was mailed a short while ago."""
    waiting = rules.as_of - dt.timedelta(days=rules.wait_days)
    for before in facts.tried.get(int(row["patient_id"]), ()):
        open_ = before.state == "made" or (before.state == "sent" and before.since > waiting)
        if open_ and addressee in (None, before.addressee):
            raise _No("WAITING", f"since {before.since}")


def _letter(row: Row, addressee: str, facts: Facts, rules: Rules) -> Letter:
    patient = int(row["patient_id"])
    if addressee not in words.MEDICAL and not rules.sender_may:
        raise _No("SENDER_WORDS")
    if addressee in TO_THE_PATIENT:
        said = facts.consents.of(patient, physician_codes(row, facts, rules))
        if said == REFUSED:
            raise _No("CONSENT_REFUSED")
        if said != "given" and rules.need_consent and addressee == "patient":
            raise _No("NO_CONSENT")
    _not_while_waiting(row, facts, rules, addressee)
    language = _language(patient, addressee, facts, rules)
    return _FINDERS[addressee](row, facts, rules, language)


def _language(patient: int, addressee: str, facts: Facts, rules: Rules) -> str:
    """The patient's own language where the letter is to him and there is a template, else the run's."""
    there = facts.templates.get(addressee, ())
    own = facts.languages.get(patient) if addressee == "patient" else None
    for language in (own, rules.language):
        if language in there:
            return str(language)
    raise _No("NO_TEMPLATE", rules.language)


def physician_codes(row: Row, facts: Facts, rules: Rules) -> list[str]:
    """Every code the patient's physicians are known by, for consents: as coded, and the physician table's."""
    coded = [code for pair in PHYSICIAN_ITEMS for code in _known(row, pair, rules)]
    more = [
        each
        for code in coded
        if code in facts.physicians
        for each in sorted(facts.physicians[code].codes | {facts.physicians[code].physician_id})
    ]
    return list(dict.fromkeys([*coded, *more]))


def _known(row: Row, pair: tuple[str, str], rules: Rules) -> list[str]:
    codes = (wording.clean(row.get(item)) for item in pair)
    return [
        code
        for code in codes
        if code and code not in rules.unknown_physicians and set(code) not in ({"0"}, {"9"})
    ]


def _asked(row: Row, facts: Facts, rules: Rules) -> bool:
    return any(each.addressee == "physician" for each in facts.tried.get(int(row["patient_id"]), ()))


def _physician(row: Row, facts: Facts, rules: Rules, language: str) -> Letter:
    """To the first of the patient's physicians who was not written to since the last contact."""
    tried = {
        each.recipient
        for each in facts.tried.get(int(row["patient_id"]), ())
        if each.addressee == "physician"
    }
    stops: list[tuple[str, str]] = []
    for pair in PHYSICIAN_ITEMS:
        codes = _known(row, pair, rules)
        if not codes:
            continue
        found = next((facts.physicians[code] for code in codes if code in facts.physicians), None)
        if ({found.physician_id} if found else set(codes)) & tried:
            stops.append(("ALL_TRIED", ""))
        elif found is None:
            stops.append(("NO_ADDRESS", f"physician {codes[0]} is not in the physician table"))
        elif not found.takes_letters:
            stops.append(("WANTS_NONE", f"physician {found.physician_id}"))
        elif not found.lines:
            stops.append(("NO_ADDRESS", f"physician {found.physician_id}"))
        else:
            window = (found.name, *found.lines)
            return Letter(
                int(row["patient_id"]), "physician", found.physician_id, found.name, found.name, window, language,
                found.send_by,
            )  # fmt: skip
    raise _No(*(min(stops, key=lambda stop: stop[0] == "ALL_TRIED") if stops else ("NO_PHYSICIAN", "")))


def _patient(row: Row, facts: Facts, rules: Rules, language: str) -> Letter:
    called = name_of(row)
    extra = wording.clean(row.get("addrCurrentSupplementl"))
    lines = _street(row, rules, "addrCurrentNoStreet", "addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode",
                    "addrCurrentCountry", extra)  # fmt: skip
    number = str(row["patient_id"])
    return Letter(int(number), "patient", number, called, called, (called.upper(), *lines), language)


def _contact(row: Row, facts: Facts, rules: Rules, language: str) -> Letter:
    called = wording.contact_person(row.get("followUpContactName"))
    if not called or called.casefold() in wording.UNKNOWN:
        raise _No("NO_CONTACT")
    # An institution may stand here. A person may be called so: `KREBS, HANS`, or of the patient's family.
    last, comma, _ = wording.clean(row.get("followUpContactName")).partition(",")
    person = bool(comma) and " " not in last.strip()
    if not person and set(words.forbidden(called)) - set(words.forbidden(name_of(row))):
        raise _No("ADDRESS_WORDS")
    extra = wording.clean(row.get("followUpContactSuppl"))
    lines = _street(row, rules, "followUpContactNost", "followUpContactCity", "followUpContactState",
                    "followUpContactPostal", "followupContactCountry", extra)  # fmt: skip
    patient = int(row["patient_id"])
    return Letter(patient, "contact", str(patient), called, called, (called.upper(), *lines), language)


def _nursing_home(row: Row, facts: Facts, rules: Rules, language: str) -> Letter:
    place = institution(row, rules)
    if not place:
        raise _No("NO_INSTITUTION")
    if words.forbidden(place):
        raise _No("ADDRESS_WORDS")
    lines = _street(row, rules, "addrCurrentNoStreet", "addrCurrentCity", "addrCurrentState", "addrCurrentPostalCode",
                    "addrCurrentCountry", "")  # fmt: skip
    # One institution is one batch, however its name is set apart; the number says nothing of where anybody lives.
    told = " ".join(re.findall(r"\w+", f"{place} {lines[0]} {lines[1]}".casefold()))
    recipient = hashlib.sha256(told.encode()).hexdigest()[:16]
    return Letter(int(row["patient_id"]), "nursing_home", recipient, place, place, (place, *lines), language)


_FINDERS = {"physician": _physician, "nursing_home": _nursing_home, "patient": _patient, "contact": _contact}


def name_of(row: Row) -> str:
    """What the patient of a list row is called."""
    return wording.person(
        row.get("nameFirst"), row.get("nameMiddle"), row.get("nameLast"), row.get("nameSuffix")
    )


def institution(row: Row, rules: Rules) -> str:
    """The institution that the supplemental line of the address names (item 2355), "" for a flat or nothing.

    >>> rules = Rules(dt.date(2026, 1, 1), institution_words=("nursing home",))
    >>> institution({"addrCurrentSupplementl": "OAKS NURSING HOME"}, rules)
    'OAKS NURSING HOME'
    """
    line = wording.clean(row.get("addrCurrentSupplementl"))
    told = " ".join(["", *re.findall(r"[^\W_]+", line.casefold()), ""])
    return line if any(f" {word} " in told for word in rules.institution_words) else ""


def _street(
    row: Row, rules: Rules, street: str, city: str, state: str, postal: str, country: str, extra: str
) -> list[str]:
    """Lines of an address; a line for the flat stays unless it says what an envelope may not show."""
    code = wording.clean(row.get(country))
    abroad = rules.countries.get(code, "")
    road, town, region, post = (row.get(item) for item in (street, city, state, postal))
    lines = wording.address(road, town, region, post, abroad or None)
    if not lines:
        raise _No("NO_ADDRESS")
    if any(words.forbidden(line) for line in lines):
        raise _No("ADDRESS_WORDS")
    shown = extra if extra and not words.forbidden(extra) else ""
    return [*([shown] if shown else []), *lines]
