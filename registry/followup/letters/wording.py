"""How names, days and addresses are written in a letter."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

PLAIN_LANGUAGE = {
    "months": [], "day": "{year}-{number:02}-{day:02}", "month": "{year}-{number:02}", "telephone": "Tel.", "fax": "Fax",
    "neutral_sender": "Health Information Office",
}  # fmt: skip
JOINERS = "\u200c\u200d"
"""Characters that are not seen and still belong to names (zero-width joiners of several scripts)."""
UNKNOWN = frozenset({"unknown", "unk", "none", "no address", "homeless", "not available", "n/a", "na"})


@cache
def language(code: str) -> dict[str, object]:
    """Words and forms of a language (`languages.toml`); numbers for one that is not listed."""
    listed = tomllib.loads(Path(__file__).with_name("languages.toml").read_text(encoding="utf-8"))
    return dict(listed.get(code, PLAIN_LANGUAGE))


def clean(text: str | None) -> str:
    r"""One line of printable text: composed letters, single blanks, no control or direction characters.

    >>> clean("  Mu\u0308ller\n\u202eeve  "), clean(None)
    ('Müller eve', '')
    """
    composed = unicodedata.normalize("NFC", text or "")
    kept = (
        c if c in JOINERS or unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn") else "" for c in composed
    )
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in kept if c).split())


def cased(name: str) -> str:
    """A name kept in capitals as one writes it; any other spelling stays.

    >>> [cased(name) for name in ("ALVAREZ-DE LA CRUZ", "O'BRIEN", "MCDONALD", "van Dyk", "#PANIC()")]
    ['Alvarez-De La Cruz', "O'Brien", 'McDonald', 'van Dyk', '#Panic()']
    """
    if name != name.upper():
        return name
    small = re.sub(r"[^\W\d_]+", lambda word: word.group().capitalize(), name)
    return re.sub(r"\bMc([a-z])", lambda part: "Mc" + part.group(1).upper(), small)


def person(first: str | None, middle: str | None, last: str | None, suffix: str | None = None) -> str:
    """What somebody is called, from the parts of the name.

    >>> person("MARIA", "T", "ALVAREZ", None), person(None, None, "Cher")
    ('Maria T Alvarez', 'Cher')
    """
    return cased(" ".join(part for part in map(clean, (first, middle, last, suffix)) if part))


def contact_person(name: str | None) -> str:
    """A contact's name, which files keep as one text: `LAST, FIRST` is turned round.

    >>> contact_person("ALVAREZ, JOSE"), contact_person("Jose Alvarez"), contact_person("  ")
    ('Jose Alvarez', 'Jose Alvarez', '')
    """
    last, comma, first = clean(name).partition(",")
    return cased(f"{first.strip()} {last.strip()}".strip() if comma and first.strip() else clean(name))


def folded(name: str, width: int = 36) -> list[str]:
    """A name on one line of an address, a long one on two, parted at the blank nearest to its middle.

    >>> folded("MARIA ALVAREZ"), folded("MAXIMILIANA VON WOLFESCHLEGELSTEIN-HAUSENBERGER")
    (['MARIA ALVAREZ'], ['MAXIMILIANA VON', 'WOLFESCHLEGELSTEIN-HAUSENBERGER'])
    """
    blanks = [place for place, letter in enumerate(name) if letter == " "]
    if len(name) <= width or not blanks:
        return [name]
    middle = min(blanks, key=lambda place: abs(2 * place - len(name)))
    return [name[:middle], name[middle + 1 :]]


def day(value: str | dt.date | None, code: str) -> str:
    """A day, a month or a year in the words of a language; "" when it is not known.

    Args:
        value: Date, or NAACCR text (YYYYMMDD, YYYYMM, YYYY).

    >>> day("20261031", "en"), day(dt.date(2026, 10, 31), "es"), day("202610", "es"), day("2026", "en"), day(None, "en")
    ('October 31, 2026', '31 de octubre de 2026', 'octubre de 2026', '2026', '')
    >>> day("20261031", "vi"), day("20269999", "en")
    ('2026-10-31', '2026')
    """
    text = value.strftime("%Y%m%d") if isinstance(value, dt.date) else re.sub(r"\D", "", value or "")
    year, month, number = text[:4], text[4:6], text[6:8]
    if len(year) < 4:
        return ""
    if not (month.isdigit() and 1 <= int(month) <= 12):
        return year
    words = language(code)
    months = words["months"]
    assert isinstance(months, list)
    said = months[int(month) - 1] if months else ""
    known_day = number.isdigit() and 1 <= int(number) <= 31
    form = str(words["day" if known_day else "month"])
    return form.format(month=said, year=year, number=int(month), day=int(number) if known_day else 0)


def telephone(value: str | None) -> str:
    """A number as one reads it; "" for the codes of none and unknown.

    >>> telephone("5185550142"), telephone("9999999999"), telephone("+44 20 7946 0000")
    ('(518) 555-0142', '', '+44 20 7946 0000')
    """
    text = clean(value)
    digits = re.sub(r"\D", "", text)
    if digits in ("", "0000000000", "9999999999"):
        return ""
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 and text[0] != "+" else text


def address(
    street: str | None, city: str | None, state: str | None, postal: str | None, country: str | None = None
) -> list[str]:
    """Lines of an address under a name, [] when a letter could not be delivered to it.

    A street, a city, and a state or postal code are needed. NAACCR's codes of an unknown state or code are left out.

    >>> address("12 ELM ST", "ALBANY", "NY", "122071410"), address("UNKNOWN", "ALBANY", "NY", "12207")
    (['12 ELM ST', 'ALBANY NY 12207-1410'], [])
    >>> address("RUA A 1", "LISBOA", "XX", "888888888", "PORTUGAL")
    ['RUA A 1', 'LISBOA', 'PORTUGAL']
    """
    road, town, region, code = map(clean, (street, city, state, postal))
    region = "" if region.upper() in ("ZZ", "XX", "YY", "CD", "US") else region
    code = "" if re.fullmatch(r"[89]{5,9}", code) else re.sub(r"^(\d{5})(\d{4})$", r"\1-\2", code)
    if any(part.casefold() in UNKNOWN or not part for part in (road, town)):
        return []
    if not (region or code or country):
        return []
    return [
        road,
        " ".join(part for part in (town, region, code) if part),
        *([clean(country)] if country else []),
    ]
