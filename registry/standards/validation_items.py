"""Faults of the definitions of a dictionary, each by itself and among each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.standards.dictionary_raw import (
    DATA_TYPES,
    LEVELS,
    NAMESPACE,
    Problem,
    RawDictionary,
    RawItem,
    shown,
)
from registry.standards.items import Dictionary

__all__ = ["BASE_URI", "NAMESPACE", "SPECIFICATIONS", "Rules", "meaning", "number_of", "problems"]

SPECIFICATIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8")
BASE_URI = re.compile(r"http://naaccr\.org/naaccrxml/naaccr-dictionary-(.+)\.xml")
ID = re.compile(r"[a-z][a-zA-Z0-9]+")
LONGEST_ID, LONGEST_NAME = 32, 50
LARGEST = 2**31 - 1
LAST_FLAT_VERSION = 180
RECORD_TYPES = re.compile(r"[AMCI](,[AMCI])*")
PADDINGS = ("none", "leftZero", "leftBlank", "rightZero", "rightBlank")
TRIMS = ("all", "none")
ATTRIBUTES = {
    *("naaccrId", "naaccrNum", "naaccrName", "startColumn", "length", "recordTypes", "sourceOfStandard"),
    *("parentXmlElement", "dataType", "regexValidation", "padding", "trim", "allowUnlimitedText"),
}
DEFAULTS = {"recordTypes": "A,M,C,I", "dataType": "text", "padding": "none", "trim": "all"}


@dataclass(frozen=True)
class Rules:
    """What a dictionary is judged by.

    Attributes:
        specification: place of its specification in `SPECIFICATIONS`.
        base: it says that it is a base dictionary.
        table: it came as a table, which has no attributes of its own.
        version: NAACCR version, None when nobody says.
        standard: the base dictionary of that version, None when it is not known.
        gaps: the default user dictionary of that version, None when there is none.
    """

    specification: int
    base: bool
    table: bool
    version: str | None
    standard: Dictionary | None
    gaps: Dictionary | None

    def before(self, specification: str) -> bool:
        """True when the dictionary is written to an older specification than this one."""
        return self.specification < SPECIFICATIONS.index(specification)

    @property
    def flat(self) -> bool:
        """True when the version has flat records, or may have."""
        return self.version is None or not self.version.isdigit() or int(self.version) <= LAST_FLAT_VERSION


def number_of(text: str | None) -> int | None:
    """A whole number as an attribute says it, None when it is blank or none.

    >>> number_of("0400"), number_of("4e2"), number_of("")
    (400, None, None)
    """
    if not text or not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > LARGEST:
        return None
    return int(text)


def meaning(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes that make an item what it is, defaults filled in; the order of record types is none.

    >>> meaning({"naaccrNum": "9700", "recordTypes": "I, A"})["recordTypes"]
    'A,I'
    """
    names = ("naaccrNum", "naaccrName", "startColumn", "length", "recordTypes", "parentXmlElement")
    found = {name: attributes.get(name, "").strip() or DEFAULTS.get(name, "") for name in names}
    found |= {
        name: attributes.get(name, "").strip() or DEFAULTS[name] for name in ("dataType", "padding", "trim")
    }
    found["recordTypes"] = ",".join(
        sorted({part for part in re.split(r"[,\s]+", found["recordTypes"]) if part})
    )
    return found


def problems(raw: RawDictionary, rules: Rules) -> Iterator[Problem]:
    """Faults of every item definition."""
    for one in raw.items:
        for code, message in [*_identity(one), *_place(one, rules), *_values(one, rules)]:
            yield Problem(one.line, one.id, code, message)
    yield from _repeated(raw.items)


def _identity(one: RawItem) -> Iterator[tuple[str, str]]:
    if one.id is None:
        yield "missing-id", "naaccrId is required"
    elif not ID.fullmatch(one.id):
        yield (
            "id-format",
            f"naaccrId {shown(one.id)} must be a lower-case letter followed by letters and digits",
        )
    elif len(one.id) > LONGEST_ID:
        yield "id-length", f"naaccrId {shown(one.id)} has {len(one.id)} characters, at most {LONGEST_ID} fit"
    yield from _number(one, "naaccrNum", "number", required=True)
    name = one.attributes.get("naaccrName", "").strip()
    if len(name) > LONGEST_NAME:
        yield (
            "name-length",
            f"naaccrName {shown(name)} has {len(name)} characters, at most {LONGEST_NAME} fit",
        )


def _number(one: RawItem, attribute: str, code: str, *, required: bool) -> Iterator[tuple[str, str]]:
    text = one.attributes.get(attribute, "")
    if not text.strip():
        if required:
            yield f"missing-{code}", f"{attribute} is required"
    elif number_of(text) is None:
        yield f"{code}-format", f"{attribute} {shown(text)} is not a whole number"
    elif number_of(text) == 0:
        yield f"{code}-format", f"{attribute} must be at least 1"


def _place(one: RawItem, rules: Rules) -> Iterator[tuple[str, str]]:
    yield from _number(one, "length", "length", required=True)
    column = one.attributes.get("startColumn", "").strip()
    if column and not rules.flat:
        what = f"NAACCR {rules.version} has no flat records: startColumn is not allowed"
        yield "start-column-not-allowed", what
    else:
        yield from _number(one, "startColumn", "start-column", required=False)
    if not column and ((rules.base and rules.flat) or (not rules.base and rules.before("1.1"))):
        yield "missing-start-column", "startColumn is required"
    level = one.attributes.get("parentXmlElement", "").strip()
    if not level:
        yield "missing-level", "parentXmlElement is required"
    elif level not in LEVELS:
        yield "level", f"parentXmlElement {shown(level)} is none of {', '.join(LEVELS)}"


def _values(one: RawItem, rules: Rules) -> Iterator[tuple[str, str]]:
    given = {name: value.strip() for name, value in one.attributes.items()}
    for name in given.keys() - ATTRIBUTES:
        yield "unknown-attribute", f"ItemDef has an unknown attribute {shown(name)}"
    if (types := given.get("recordTypes")) and not RECORD_TYPES.fullmatch(types):
        yield "record-types", f"recordTypes {shown(types)} must be letters A, M, C, I with commas between"
    kinds = [kind for kind in DATA_TYPES if kind != "dateTime" or not rules.before("1.8")]
    kind = given.get("dataType") or "text"
    if kind not in kinds:
        yield "data-type", f"dataType {shown(kind)} is none of {', '.join(kinds)}"
    padding, trim = given.get("padding"), given.get("trim")
    if padding and padding not in PADDINGS:
        yield "padding", f"padding {shown(padding)} is none of {', '.join(PADDINGS)}"
    if trim and trim not in TRIMS:
        yield "trim", f"trim {shown(trim)} is none of {', '.join(TRIMS)}"
    yield from _unlimited(given.get("allowUnlimitedText"), kind, rules)
    if pattern := given.get("regexValidation"):
        yield from _pattern(pattern, rules)


def _unlimited(written: str | None, kind: str, rules: Rules) -> Iterator[tuple[str, str]]:
    if not written:
        return
    if written not in ("true", "false"):
        yield "unlimited-text", f"allowUnlimitedText {shown(written)} is neither true nor false"
    elif not rules.before("1.6"):
        yield "unlimited-text", "allowUnlimitedText is not allowed since specification 1.6"
    elif written == "true" and kind != "text":
        yield "unlimited-text", "allowUnlimitedText can only be true for data type text"


def _pattern(pattern: str, rules: Rules) -> Iterator[tuple[str, str]]:
    if not rules.before("1.2"):
        yield "regex", "regexValidation is not allowed since specification 1.2"
        return
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        yield "regex", f"regexValidation {shown(pattern)} is not a regular expression"


def _repeated(items: list[RawItem]) -> Iterator[Problem]:
    ids: dict[str, RawItem] = {}
    folded: dict[str, RawItem] = {}
    numbers: dict[int, RawItem] = {}
    for one in items:
        if one.id is not None:
            if one.id in ids:
                what = f"naaccrId is used in line {ids[one.id].line} already"
                yield Problem(one.line, one.id, "duplicate-id", what)
            elif one.id.casefold() in folded:
                other = folded[one.id.casefold()]
                what = f"naaccrId differs only in case from {other.id} in line {other.line}"
                yield Problem(one.line, one.id, "id-case", what)
            ids.setdefault(one.id, one)
            folded.setdefault(one.id.casefold(), one)
        number = number_of(one.attributes.get("naaccrNum"))
        if number is not None and number in numbers:
            other = numbers[number]
            what = f"naaccrNum {number} is used by {other.id or 'an item'} in line {other.line} already"
            yield Problem(one.line, one.id, "duplicate-number", what)
        elif number is not None:
            numbers[number] = one
