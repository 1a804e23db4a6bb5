"""Read a NAACCR XML dictionary (base or user-defined) as it is written.

Dictionaries come from outside, so they are parsed with expat and may declare no entities.
Source: NAACCR XML Data Exchange Standard, dictionary specifications 1.0 to 1.8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from registry.standards.dictionary_raw import (
    MAX_BYTES,
    MAX_ITEMS,
    MAX_PROBLEMS,
    Problem,
    RawDictionary,
    RawItem,
    Unreadable,
    definition,
    shown,
)

XML = "http://www.w3.org/XML/1998/namespace"
# What may stand in what; the root is checked by itself.
CHILDREN = {
    ("NaaccrDictionary",): ("ItemDefs", "GroupedItemDefs"),
    ("NaaccrDictionary", "ItemDefs"): ("ItemDef",),
    ("NaaccrDictionary", "GroupedItemDefs"): ("GroupedItemDef",),
}


@dataclass
class DictionaryXml:
    """One dictionary with normalised definitions in file order (see `definition`).

    Rows of `grouped` say in `contains` which items they span.
    """

    uri: str
    version: str | None
    description: str
    items: list[dict[str, Any]] = field(default_factory=list)
    grouped: list[dict[str, Any]] = field(default_factory=list)


def parse_dictionary(data: bytes, name: str) -> DictionaryXml:
    """Parse a dictionary and normalise its definitions.

    Raises:
        BadInput: no dictionary (`Unreadable`), or an item that cannot be used.
    """
    raw = parse_xml(data, name)
    uri, description = raw.attributes.get("dictionaryUri", ""), raw.attributes.get("description", "")
    found = DictionaryXml(uri.strip(), raw.attributes.get("naaccrVersion", "").strip() or None, description)
    found.items = [definition(one.attributes, raw.where(one)) for one in raw.items]
    found.grouped = [
        definition(one.attributes, raw.where(one)) | {"contains": one.attributes.get("contains", "")}
        for one in raw.grouped
    ]
    return found


def parse_xml(data: bytes, name: str) -> RawDictionary:
    """Parse the bytes of a dictionary.

    Args:
        data: the file, in any encoding that XML allows.
        name: file name for error lines.

    Raises:
        Unreadable: not well-formed, too large, with entities, or no NaaccrDictionary.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(name, 1, "too-large", f"it has more than {MAX_BYTES:,} bytes", "send a dictionary")
    reader = _Reader(name)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        what = f"the dictionary is not well-formed XML ({expat.ErrorString(error.code)})"
        raise Unreadable(
            name, error.lineno, "not-well-formed", what, "ask its owner for an intact copy"
        ) from None
    assert reader.found is not None  # expat refuses a document without a root element
    return reader.found


class _Reader:
    """Collects definitions from expat's events; `path` holds the names of the open elements."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: RawDictionary | None = None
        self.path: list[str] = []
        self.skipped = 0
        self.text_told = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text
        self.parser.EntityDeclHandler = self.refuse

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, local = tag.rpartition(" ")
        self.text_told = False
        line = self.parser.CurrentLineNumber
        if self.found is None:
            if local != "NaaccrDictionary":
                what = f"the root element is {local[:60]}, expected NaaccrDictionary"
                raise Unreadable(self.name, line, "wrong-root", what, "send a NAACCR XML dictionary")
            self.found = RawDictionary(self.name, line, {}, namespace or None)
            self.found.attributes = self.own(attributes, line, None)
            self.path = [local]
            return
        allowed = CHILDREN.get(tuple(self.path), ())
        if self.skipped or local not in allowed or (namespace or None) != self.found.namespace:
            if not self.skipped:
                parent = self.path[-1]
                self.problem(line, "unexpected-element", f"element {local[:60]} is not expected in {parent}")
            self.skipped += 1
            return
        self.path.append(local)
        if local in ("ItemDef", "GroupedItemDef"):
            item = RawItem(line, attributes)
            item.attributes = self.own(attributes, line, item.id)
            if len(self.found.items) + len(self.found.grouped) >= MAX_ITEMS:
                what = f"it defines more than {MAX_ITEMS:,} items"
                raise Unreadable(self.name, line, "too-large", what, "send a dictionary")
            (self.found.items if local == "ItemDef" else self.found.grouped).append(item)
        else:
            self.own(attributes, line, None)
            for attribute in attributes:
                if " " not in attribute:
                    self.problem(line, "unknown-attribute", f"{local} has an attribute {shown(attribute)}")

    def own(self, attributes: dict[str, str], line: int, item: str | None) -> dict[str, str]:
        """Attributes without namespace; others are reported, but those of XML itself."""
        for name in attributes:
            if " " in name and not name.startswith(XML + " "):
                what = f"attribute {shown(name.rpartition(' ')[2])} is of another namespace"
                self.problem(line, "unknown-attribute", what, item)
        return {name: value for name, value in attributes.items() if " " not in name}

    def end(self, _: str) -> None:
        self.text_told = False
        if self.skipped:
            self.skipped -= 1
        else:
            self.path.pop()

    def text(self, text: str) -> None:
        if text.strip() and not self.skipped and not self.text_told:
            self.text_told = True
            line = self.parser.CurrentLineNumber
            self.problem(line, "unexpected-text", f"text {shown(text.strip())} in {self.path[-1]}")

    def problem(self, line: int, code: str, message: str, item: str | None = None) -> None:
        assert self.found is not None
        if len(self.found.problems) < MAX_PROBLEMS:
            self.found.problems.append(Problem(line, item, code, message))

    def refuse(self, *_: object) -> None:
        raise Unreadable(
            self.name,
            self.parser.CurrentLineNumber,
            "entities",
            "the dictionary declares XML entities",
            "send it without a DOCTYPE",
        )
