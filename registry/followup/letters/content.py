"""What is printed: letters gathered into batches, one PDF each, as plain data for a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from registry.errors import BadInput
from registry.followup.letters import wording, words
from registry.followup.letters.plan import ADDRESSEES, Letter, Row, name_of, reference

AT_MOST = 500
"""Letters of one PDF: more would be heavy to open, to print and to set in type."""


@dataclass(frozen=True)
class Sender:
    """Who writes. Address lines under the name; `neutral` is used on letters that may not name the disease.

    Attributes:
        name: as the letterhead says it.
        neutral: a name without a word of the disease.
        address: street, city and code, a line each.
    """

    name: str
    neutral: str = ""
    address: tuple[str, ...] = ()
    telephone: str = ""
    fax: str = ""
    email: str = ""
    signed_by: str = ""
    signed_title: str = ""

    def for_addressee(self, addressee: str, language: str) -> Sender:
        """The sender as such a letter may show it: an unfit name gives way to the neutral one, an unfit title to none."""
        if addressee in words.MEDICAL:
            return self
        name = self.neutral or self.name
        if not name or words.forbidden(name):
            name = str(wording.language(language)["neutral_sender"])

        def fit(text: str) -> str:
            return "" if words.forbidden(text) else text

        return replace(self, name=name, email=fit(self.email), signed_title=fit(self.signed_title))

    @property
    def may_write(self) -> bool:
        """Whether the address can stand on an envelope."""
        return not any(words.forbidden(line) for line in self.address)

    def data(self, language: str) -> dict[str, Any]:
        """As the templates read it."""
        said = wording.language(language)
        contact = [*self.address]
        contact += [f"{said['telephone']} {self.telephone}"] if self.telephone else []
        contact += [f"{said['fax']} {self.fax}"] if self.fax else []
        contact += [self.email] if self.email else []
        return {
            "name": self.name, "lines": [self.name, *self.address], "contact": contact, "telephone": self.telephone,
            "signed_by": self.signed_by, "signed_title": self.signed_title,
        }  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Letters of one PDF: one physician's or institution's patients, or a language's letters to patients or contacts."""

    addressee: str
    recipient: str | None
    recipient_name: str | None
    language: str
    send_by: str
    letters: tuple[Letter, ...]


def batches(letters: Iterable[Letter], rows: Mapping[int, Row], at_most: int = AT_MOST) -> list[Batch]:
    """Letters in batches, in a stable order: addressee, recipient, language; inside by name and patient.

    Args:
        letters: of a plan.
        rows: patient → row of the list (names).
        at_most: letters to patients or contacts in one PDF.
    """
    groups: dict[tuple[Any, ...], list[Letter]] = {}
    for letter in letters:
        one = letter.addressee in ("physician", "nursing_home")
        key = (
            ADDRESSEES.index(letter.addressee),
            letter.recipient if one else "",
            letter.language,
            letter.send_by,
        )
        groups.setdefault(key, []).append(letter)
    made: list[Batch] = []
    for key in sorted(groups):
        inside = sorted(groups[key], key=lambda letter: _order(letter, rows))
        first = inside[0]
        one = bool(key[1])
        for start in range(0, len(inside), len(inside) if one else at_most):
            made.append(
                Batch(
                    first.addressee, first.recipient if one else None, first.recipient_name if one else None,
                    first.language, first.send_by, tuple(inside[start : start + (len(inside) if one else at_most)]),
                )
            )  # fmt: skip
    return made


def _order(letter: Letter, rows: Mapping[int, Row]) -> tuple[Any, ...]:
    row = rows.get(letter.patient_id, {})
    parts = (wording.clean(row.get(item)).casefold() for item in ("nameLast", "nameFirst"))
    return (*parts, letter.patient_id)


def data(
    batch: Batch,
    rows: Mapping[int, Row],
    tumors: Mapping[int, Sequence[Mapping[str, str]]],
    sender: Sender,
    as_of: dt.date,
    paper: str,
) -> dict[str, Any]:
    """All that a template gets to see of a batch. Tumors are in the data of letters to physicians alone.

    Args:
        rows: patient → row of the list.
        tumors: patient → [{site, kind, diagnosed (NAACCR text)}].
        sender: the registry's or facility's; made neutral here where it must be.
        paper: us-letter or a4.
    """
    told = batch.language
    shown = sender.for_addressee(batch.addressee, told)
    letters = []
    for letter in batch.letters:
        row = rows[letter.patient_id]
        called = name_of(row)
        one: dict[str, Any] = {
            "reference": reference(letter.patient_id, as_of, batch.addressee),
            "last_contact": wording.day(row.get("dateOfLastContact"), told),
        }
        if batch.addressee in ("patient", "contact"):
            head = wording.folded(letter.window[0])
            one |= {"name": letter.person, "person": head, "window": [*head, *letter.window[1:]]}
            one |= {"patient": called} if batch.addressee == "contact" else {}
        else:
            one |= {"name": called, "born": wording.day(row.get("dateOfBirth"), told)}
        if batch.addressee in words.MEDICAL:
            one["tumors"] = [
                {**each, "diagnosed": wording.day(each["diagnosed"], told)}
                for each in tumors.get(letter.patient_id, ())
            ]
        letters.append(one)
    return {
        "paper": paper, "language": told, "date": wording.day(as_of, told), "sender": shown.data(told),
        "recipient": list(batch.letters[0].window) if batch.recipient is not None else [], "letters": letters,
    }  # fmt: skip


def check(addressee: str, source: str, printed: Mapping[str, Any]) -> None:
    """Refuse what may not be printed for such an addressee: the template's words and all data but names.

    Raises:
        BadInput: a forbidden word; the line names the word as our list spells it, and where it stands.
    """
    if addressee in words.MEDICAL:
        return
    if found := words.forbidden(source):
        raise BadInput(
            f"template {addressee}",
            f'says "{found[0]}", which no letter to this addressee may',
            "take the word out",
        )
    named = {**printed, "letters": [_unnamed(letter) for letter in printed["letters"]]}
    named["sender"] = {key: value for key, value in printed["sender"].items() if key != "name"}
    for text in [printed["sender"]["name"], *words.texts(named)]:
        if found := words.forbidden(text):
            raise BadInput(
                f"letters to {addressee}",
                f'the sender or an address says "{found[0]}"',
                "correct the letters' settings",
            )


def _unnamed(letter: Mapping[str, Any]) -> dict[str, Any]:
    """A letter's data without what people are called: the first lines of the window are a name too."""
    return {**letter, "window": letter.get("window", [])[len(letter.get("person", [])) :]}
