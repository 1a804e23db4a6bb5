"""Trying a template: made-up people, hard names, and a reading of what it says."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

from registry.errors import BadInput
from registry.followup.letters import content, words
from registry.followup.letters.plan import ADDRESSEES, Letter
from registry.followup.letters.printing import Press, Printed, TemplateError

MOST_BYTES = 200_000
DAY = dt.date(2026, 11, 1)
BANNED = re.compile(r"\b(?:import|include)\s*[\"(]|\b(?:eval|plugin)\b")
"""What a template has no need of; files and network are out of reach of the press anyway."""

_ROWS: list[dict[str, Any]] = [
    {"nameFirst": "MARIA", "nameMiddle": "T", "nameLast": "ALVAREZ", "dateOfBirth": "19500214",
     "dateOfLastContact": "20250715"},
    {"nameFirst": "ANN", "nameLast": "BROOKS-VANDERMEULEN", "dateOfBirth": "196111", "dateOfLastContact": "202509"},
    {"nameFirst": '#import "x": *', "nameLast": '"); #panic() $', "dateOfBirth": "1938", "dateOfLastContact": ""},
    {"nameFirst": "MAXIMILIANA", "nameLast": "W" + "OLFESCHLEGELSTEIN" * 4, "dateOfBirth": "19440101",
     "dateOfLastContact": "20251001"},
]  # fmt: skip
_TUMORS = [
    {
        "site": "Breast, upper-inner quadrant",
        "kind": "Infiltrating duct carcinoma, NOS",
        "diagnosed": "20230115",
    },
    {"site": "Ascending colon", "kind": "Adenocarcinoma, NOS", "diagnosed": "202108"},
]


def check_source(name: str, source: str) -> None:
    """Refuse a template that is too long, or names what could reach beyond the data it is given.

    Raises:
        BadInput: in one line.

    >>> check_source("patient.en", "Dear #d.letters")
    >>> check_source("patient.en", '#import "@preview/letter:1.0.0": *')
    Traceback (most recent call last):
    registry.errors.BadInput: template patient.en: line 1 says "import", which a template may not; take it out
    """
    if len(source.encode()) > MOST_BYTES:
        raise BadInput(f"template {name}", f"is longer than {MOST_BYTES:,} bytes")
    if found := BANNED.search(source):
        line = source.count("\n", 0, found.start()) + 1
        raise BadInput(
            f"template {name}",
            f'line {line} says "{re.findall("[a-z]+", found.group())[0]}", which a template may not',
            "take it out",
        )


def batch(addressee: str, language: str) -> tuple[content.Batch, dict[int, dict[str, Any]]]:
    """A batch of made-up people, and the list rows behind it."""
    rows = dict(enumerate(_ROWS, start=1))
    one = addressee in ("physician", "nursing_home")
    lines = ("12 ELM STREET APT 4", "SCHENECTADY NY 12305-1234")
    heads = {"physician": "DR SUSAN WHITTAKER", "nursing_home": "GOLDEN OAKS CARE HOME"}
    letters = []
    for number, row in rows.items():
        called = content.name_of(row) if addressee == "patient" else "Jose Alvarez"
        head = heads.get(addressee, called.upper())
        letters.append(Letter(number, addressee, head, head, called, (head, *lines), language))
    name = heads.get(addressee)
    return content.Batch(addressee, name if one else None, name, language, "mail", tuple(letters)), rows


def sample(addressee: str, language: str, sender: content.Sender, paper: str) -> dict[str, Any]:
    """Data of a batch of made-up people.

    Raises:
        BadInput: no such addressee.
    """
    if addressee not in ADDRESSEES:
        raise BadInput("letters", f"{addressee!r} is no addressee", f"use {', '.join(ADDRESSEES)}")
    made, rows = batch(addressee, language)
    tumors = {number: _TUMORS[: 1 + number % 2] for number in rows}
    return content.data(made, rows, tumors, sender, DAY, paper)


def check_template(
    press: Press, addressee: str, language: str, source: str, sender: content.Sender, paper: str
) -> Printed:
    """Print a template for made-up people and read what it says.

    Raises:
        BadInput: it does not render (with the reason and the line), leaves a person out, or says a forbidden word.
    """
    name = f"{addressee}.{language}"
    check_source(name, source)
    data = sample(addressee, language, sender, paper)
    content.check(addressee, source, data)
    try:
        said = html.unescape(re.sub(r"<[^>]*>", "", press.text(name, source, data)))
        if addressee not in words.MEDICAL and (found := words.forbidden(said)):
            raise BadInput(f"template {name}", f'prints "{found[0]}", which no letter to this addressee may')
        printed = press.pdf(name, source, data, DAY)
    except TemplateError as error:
        place = f"line {error.line}: " if error.line else ""
        raise BadInput(f"template {name}", place + error.words, "correct it") from None
    pages = {
        later - first
        for first, later in zip(printed.starts, [*printed.starts[1:], printed.pages + 1], strict=True)
    }
    if addressee in ("patient", "contact") and len(pages) > 1:
        raise BadInput(f"template {name}", "runs over its page when a name is long", "shorten it")
    return printed
