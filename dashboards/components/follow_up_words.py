"""Words of follow-up: steps, methods, outcomes, effects, who is written to, why nobody is."""

from __future__ import annotations

from typing import Any, Final

from dashboards.components.words import naaccr_date, sentence

STATUS: Final = {"DELINQUENT": "Delinquent", "OVERDUE": "Overdue", "DUE": "Due"}
METHODS: Final = {
    "letter": "Letter",
    "phone": "Telephone",
    "email": "E-mail",
    "portal": "Portal",
    "fax": "Fax",
    "in_person": "In person",
    "chart": "Chart",
    "other": "Other",
    "passive": "Without asking",
}
#: What tells something of the patient needs a date; the others move nothing.
TELLING: Final = {"reply": "An answer came", "contacted": "Reached", "refused": "Wants no contact"}
SILENT: Final = {
    "no answer": "No answer",
    "left message": "Left a message",
    "returned undeliverable": "Returned undeliverable",
    "wrong number": "Wrong number",
    "no information": "Knows nothing",
    "sent": "Sent",
}
OUTCOMES: Final = {**TELLING, **SILENT}
ADDRESSEES: Final = {
    "physician": "Physician",
    "patient": "Patient",
    "contact": "Contact person",
    "nursing_home": "Nursing home",
}
LANGUAGES: Final = {"en": "English", "es": "Spanish"}
#: How a letter travels.
BY: Final = {"mail": "Mail", "email": "E-mail", "portal": "Portal", "fax": "Fax"}
#: The next step for a patient, in the order in which steps are taken.
STEPS: Final = {
    "passive_pathology": "Search pathology reports",
    "passive_visits": "Search hospital visits",
    "passive_naaccr": "Search other registries",
    "physician_letter": "Letter to the physician",
    "patient_letter": "Letter to the patient",
    "second_physician": "Letter to a second physician",
    "contact_letter": "Letter to the contact person",
    "phone": "Telephone",
    "registry_only": "Barred: sources only",
    "lost": "Lost: keep trying",
}
#: Items that change with every reply and tell nothing of it.
BOOKKEEPING: Final = frozenset({"dateCaseLastChanged"})
#: What recording a reply did.
EFFECTS: Final = {
    "moved": "Last contact is now {date}.",
    "refined": "Last contact is now told more exactly: {date}.",
    "died": "The death is recorded; last contact is {date}.",
    "same": "Recorded. Last contact was known already: {date}.",
    "not_later": "Recorded in the history. Last contact stays {date}, which is later.",
    "nothing": "Recorded in the history. It moves nothing.",
    "corrected": "Corrected. Last contact is now {date}; both dates stay in the history.",
    "review": "Nothing was changed: the reply contradicts the record, and a review was opened.",
}
#: What recording it will do, where that is said otherwise beforehand.
_BEFORE: Final = {
    "not_later": "It goes into the history. Last contact stays {date}, which is later.",
    "same": "It goes into the history. Last contact is known already: {date}.",
    "nothing": "It goes into the history and moves nothing.",
    "review": "Nothing of the patient changes; it goes into the history and a review is opened.",
}


def effect(code: str, date: str | None, *, before: bool = False) -> str:
    """What a reply did, or (`before`) would do.

    >>> effect("moved", "20261001"), effect("nothing", None, before=True)
    ('Last contact is now 2026-10-01.', 'It goes into the history and moves nothing.')
    """
    words = EFFECTS | _BEFORE if before else EFFECTS
    return words.get(code, "Recorded.").format(date=naaccr_date(date))


def step(code: str | None) -> str:
    """A next step in words; a registry's own passive source by its name.

    >>> step("second_physician"), step("passive_pharmacy"), step(None)
    ('Letter to a second physician', 'Search pharmacy', '–')
    """
    if code is None or code in STEPS:
        return STEPS.get(code or "", "–")
    return sentence(code.replace("passive_", "search_", 1))


def contact(row: dict[str, Any]) -> str:
    """A contact as words: who was reached how, and what came of it.

    >>> contact({"method": "letter", "outcome": "sent", "addressee": "physician"})
    'Letter to the physician: sent'
    """
    method = METHODS.get(str(row["method"]), sentence(row["method"]))
    outcome = OUTCOMES.get(str(row["outcome"]), str(row["outcome"] or "–"))
    whom = ADDRESSEES.get(str(row.get("addressee")), str(row.get("addressee") or "")).lower()
    joined = {"reply": "from", "refused": "from", "no information": "from"}.get(str(row["outcome"]), "to")
    return f"{method} {joined} the {whom}: {outcome.lower()}" if whom else f"{method}: {outcome.lower()}"
