"""Read a NAACCR XML dictionary (base or user-defined) into rows.

Dictionaries come from outside, so they are parsed with expat and may declare no entities.
Source: NAACCR XML Data Exchange Standard, dictionary specifications 1.0 to 1.8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from registry.errors import BadInput

LEVELS = ("NaaccrData", "Patient", "Tumor")
RECORD_TYPES = "AMCI"
DATA_TYPES = ("alpha", "digits", "mixed", "numeric", "text", "date", "dateTime")
MAX_BYTES = 50_000_000


@dataclass
class DictionaryXml:
    """One dictionary as written: its header attributes and its item definitions, in file order."""

    uri: str
    version: str | None
    description: str
    items: list[dict[str, Any]] = field(default_factory=list)
    grouped: list[dict[str, Any]] = field(default_factory=list)


def definition(attributes: dict[str, str], where: str) -> dict[str, Any]:
    """Normalise the attributes of one ItemDef; blank attributes take the standard's defaults.

    >>> row = definition({"naaccrId": "sex", "naaccrNum": "220", "length": "1",
    ...                   "parentXmlElement": "Patient", "recordTypes": "A,M,C,I"}, "a.xml")
    >>> row["record_types"], row["data_type"], row["trim"]
    ('AMCI', 'text', 'all')
    """
    try:
        number, length = int(attributes["naaccrNum"]), int(attributes["length"])
        naaccr_id = attributes["naaccrId"].strip()
        level = attributes["parentXmlElement"].strip()
    except (KeyError, ValueError) as error:
        raise BadInput(
            where,
            f"an ItemDef has no usable naaccrId, naaccrNum, length or parentXmlElement ({error})",
            "correct the dictionary",
        ) from None
    if level not in LEVELS or length < 1 or not naaccr_id:
        raise BadInput(where, f"ItemDef {naaccr_id!r} has parentXmlElement {level!r} and length {length}")
    written = attributes.get("recordTypes") or "A,M,C,I"
    data_type = attributes.get("dataType") or "text"
    if data_type not in DATA_TYPES:
        raise BadInput(where, f"ItemDef {naaccr_id!r} has unknown dataType {data_type!r}")
    return {
        "number": number,
        "id": naaccr_id,
        "name": attributes.get("naaccrName") or naaccr_id,
        "length": length,
        "level": level,
        "record_types": "".join(t for t in RECORD_TYPES if t in re.split(r"[,\s]+", written)),
        "data_type": data_type,
        "padding": attributes.get("padding") or "none",
        "trim": attributes.get("trim") or "all",
        "unlimited": attributes.get("allowUnlimitedText") == "true",
        "start_column": _start_column(attributes.get("startColumn", ""), where),
    }


def _start_column(written: str, where: str) -> int | None:
    """First column (1-based) of an item in a flat record; versions after 18 have none."""
    text = written.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise BadInput(where, f"startColumn {text[:20]!r} is not a column number", "correct the dictionary")
    return int(text)


def parse_dictionary(data: bytes, name: str) -> DictionaryXml:
    """Parse the bytes of a dictionary.

    Args:
        data: the file, in any encoding that XML allows.
        name: file name for error lines.

    Raises:
        BadInput: not well-formed, not a NAACCR dictionary, or an item definition is unusable.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(name, f"a dictionary of more than {MAX_BYTES:,} bytes is refused")
    parser = expat.ParserCreate(namespace_separator=" ")
    found: list[DictionaryXml] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(" ")[2]
        where = f"{name}:{parser.CurrentLineNumber}"
        if local == "NaaccrDictionary" and not found:
            version = attributes.get("naaccrVersion") or None
            found.append(
                DictionaryXml(attributes.get("dictionaryUri", ""), version, attributes.get("description", ""))
            )
        elif not found:
            raise BadInput(where, f"the root element is {local}, expected NaaccrDictionary")
        elif local == "ItemDef":
            found[0].items.append(definition(attributes, where))
        elif local == "GroupedItemDef":
            found[0].grouped.append({**definition(attributes, where), "contains": attributes["contains"]})

    def refuse(*_: object) -> None:
        raise BadInput(name, "the dictionary declares XML entities", "send it without a DOCTYPE")

    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadInput(
            f"{name}:{error.lineno}",
            f"the dictionary is not well-formed XML ({expat.ErrorString(error.code)})",
            "ask its owner for an intact copy",
        ) from None
    return found[0]
