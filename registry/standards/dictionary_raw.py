"""A dictionary as its file says it, before anything is believed: attributes, lines and oddities.

`registry.standards.dictionary_xml` and `registry.standards.dictionary_csv` fill it; reading and validating
both start from it. Attributes carry the names of the NAACCR XML dictionary (`naaccrId`, `length` ...).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from registry.errors import BadInput

LEVELS = ("NaaccrData", "Patient", "Tumor")
RECORD_TYPES = "AMCI"
DATA_TYPES = ("alpha", "digits", "mixed", "numeric", "text", "date", "dateTime")
# Far above any real dictionary (1 MB, 1,000 items); what is larger is sent to do harm or by mistake.
MAX_BYTES = 10_000_000
MAX_ITEMS = 50_000
MAX_PROBLEMS = 10_000
NAMESPACE = "http://naaccr.org/naaccrxml"
# An id becomes the name of a column and of an XML attribute's value; this is what an xsd:ID may hold in ASCII.
USABLE_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
SHOWN = 60


class Problem(NamedTuple):
    """One fault of a dictionary file; `item` is the id concerned, if there is one."""

    line: int
    item: str | None
    code: str
    message: str


class Unreadable(BadInput):
    """The file is no dictionary at all; `code` and `line` as in `Problem`."""

    def __init__(self, name: str, line: int, code: str, what: str, action: str) -> None:
        super().__init__(f"{name}:{line}", what, action)
        self.code, self.line = code, line


@dataclass
class RawItem:
    """One definition: the line where it begins and its attributes as written."""

    line: int
    attributes: dict[str, str]

    @property
    def id(self) -> str | None:
        """The id, stripped; None when it is missing or blank."""
        return self.attributes.get("naaccrId", "").strip() or None


@dataclass
class RawDictionary:
    """One dictionary file.

    `attributes` are those of the root element; `line` is where that begins; `problems` were seen while
    reading (elements, attributes and text that have no place in a dictionary). A `table` has no root element.
    """

    name: str
    line: int
    attributes: dict[str, str]
    namespace: str | None = NAMESPACE
    items: list[RawItem] = field(default_factory=list)
    grouped: list[RawItem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    table: bool = False

    def where(self, item: RawItem) -> str:
        """File and line of an item, for error lines."""
        return f"{self.name}:{item.line}"


def shown(text: str) -> str:
    """A value of a dictionary in quotes, cut to a readable length, on one line.

    >>> shown("a  b")
    '"a b"'
    """
    flat = " ".join(text.split())
    return f'"{flat[:SHOWN]}…"' if len(flat) > SHOWN else f'"{flat}"'


def definition(attributes: Mapping[str, str], where: str) -> dict[str, Any]:
    """Normalise the attributes of one item; blank attributes take the standard's defaults.

    Returns:
        Values for the fields of `registry.standards.Item` of the same names.

    Raises:
        BadInput: the item cannot be used (id, number, length, level, data type or start column).

    >>> row = definition({"naaccrId": "sex", "naaccrNum": "220", "length": "1",
    ...                   "parentXmlElement": "Patient", "recordTypes": "A,M,C,I"}, "a.xml")
    >>> row["record_types"], row["data_type"], row["trim"]
    ('AMCI', 'text', 'all')
    """
    given = {name: value.strip() for name, value in attributes.items()}
    naaccr_id, level = given.get("naaccrId", ""), given.get("parentXmlElement", "")
    number, length = _whole(given.get("naaccrNum", "")), _whole(given.get("length", ""))
    action = "correct the dictionary (`registry dictionary validate` lists all its faults)"
    if not naaccr_id or number is None or length is None or not level:
        raise BadInput(where, "an item has no usable naaccrId, naaccrNum, length or parentXmlElement", action)
    if not USABLE_ID.fullmatch(naaccr_id):
        raise BadInput(
            where, f"naaccrId {shown(naaccr_id)} holds other characters than letters and digits", action
        )
    if level not in LEVELS or length < 1:
        what = f"item {naaccr_id} has parentXmlElement {shown(level)} and length {length}"
        raise BadInput(where, what, action)
    data_type = given.get("dataType") or "text"
    if data_type not in DATA_TYPES:
        raise BadInput(where, f"item {naaccr_id} has unknown dataType {shown(data_type)}", action)
    column = _whole(given.get("startColumn", ""))
    if column is None and given.get("startColumn"):
        what = f"item {naaccr_id} has startColumn {shown(given['startColumn'])}"
        raise BadInput(where, what, action)
    written = given.get("recordTypes") or "A,M,C,I"
    return {
        "number": number,
        "id": naaccr_id,
        "name": given.get("naaccrName") or naaccr_id,
        "length": length,
        "level": level,
        "record_types": "".join(t for t in RECORD_TYPES if t in re.split(r"[,\s]+", written)),
        "data_type": data_type,
        "padding": given.get("padding") or "none",
        "trim": given.get("trim") or "all",
        "unlimited": given.get("allowUnlimitedText") == "true",
        "start_column": column,
    }


def _whole(text: str) -> int | None:
    """A number from 1 to nine digits, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else None
