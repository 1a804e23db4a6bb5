"""What the values of an item are: a category, a yes or no, a number with special codes, a date, or text.

Source: record types of R's `naaccr` package (data/SOURCES.md); items that it does not know (newer or
user-defined ones) are judged by their data type and their code list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from registry.standards.code_lists import is_closed, labels, ranges, special_codes
from registry.standards.items import Item
from registry.standards.naaccr_dictionary import version_code
from registry.standards.tables import table

KIND_OF_DATA_TYPE = {"date": "date", "dateTime": "datetime", "numeric": "decimal"}


@dataclass(frozen=True)
class ItemType:
    """What the values of one item are.

    Attributes:
        kind: category, boolean, boolean12, override, integer, decimal, date, datetime or text.
        labels: code → label, in code order; of a category every code, of a boolean or number the codes
            that are neither yes nor no, or no number. The labels of a category all differ.
        unknown: codes of a category that only say that nothing is known.
        width: length to which short codes are filled with zeros on the left, 0 for none.
    """

    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    width: int = 0


def item_type(item: Item, version: str | None = None) -> ItemType:
    """What the values of an item are.

    Args:
        item: of any dictionary.
        version: NAACCR version whose labels are wanted; codes of all versions together when None.

    >>> from registry.standards import item
    >>> item_type(item("laterality")).labels["2"]
    'Left (origin of primary)'
    >>> item_type(item("tumorSizeSummary")).labels["999"]
    'not documented'
    """
    return _item_type(item, version_code(version) if version else None)


@cache
def _item_type(item: Item, version: str | None) -> ItemType:
    if item.first_version is None:  # user-defined: code lists are known only for standard items
        return ItemType(KIND_OF_DATA_TYPE.get(item.data_type, "text"))
    kind, scheme, unknown = _published().get(item.id) or (_guessed(item), "", frozenset())
    known = dict(special_codes(item.id, version).rows()) if version else labels(item.id)
    width = item.length if item.padding == "leftZero" else 0
    if kind == "category":
        codes = _further().get(item.id, {}) | known
        if not codes:
            return ItemType("text")
        return ItemType(kind, _distinct(codes), unknown, width)
    if kind in ("boolean", "boolean12"):
        yes_or_no = ("0", "1") if kind == "boolean" else ("1", "2")
        others = {code: label for code, label in sorted(known.items()) if code not in yes_or_no}
        return ItemType(kind, others, unknown)
    if kind in ("integer", "decimal"):
        return ItemType(kind, _reasons(item.id, scheme, known), width=width)
    return ItemType(kind)


def _guessed(item: Item) -> str:
    """Kind of a standard item that the published types don't know."""
    if item.data_type in KIND_OF_DATA_TYPE:
        return KIND_OF_DATA_TYPE[item.data_type]
    if not is_closed(item.id):
        return "text"
    spans = ranges(item.id)
    if not spans:
        return "category"
    if not all(_is_number(bound) for span in spans for bound in span):
        return "text"
    return "decimal" if any("." in bound for span in spans for bound in span) else "integer"


def _reasons(item_id: str, scheme: str, known: Mapping[str, str]) -> dict[str, str]:
    """Codes that are no numbers; where no scheme is published, also those above every range."""
    listed = _sentinels().get(scheme, {})
    top = max((float(high) for _, high in ranges(item_id) if _is_number(high)), default=None)
    others = {
        code: label
        for code, label in sorted(known.items())
        if not _is_number(code) or (not listed and top is not None and float(code) > top)
    }
    return others | dict(listed)


def _distinct(codes: Mapping[str, str]) -> dict[str, str]:
    """Labels in code order; where codes share one, the code is added."""
    shared: dict[str, int] = {}
    for label in codes.values():
        shared[label] = shared.get(label, 0) + 1
    return {
        code: label if shared[label] == 1 else f"{label} ({code})" for code, label in sorted(codes.items())
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


@cache
def _published() -> dict[str, tuple[str, str, frozenset[str]]]:
    rows = table("item_types.csv").fill_null("").select("item", "kind", "sentinels", "unknown").rows()
    return {item: (kind, scheme, frozenset(unknown.split())) for item, kind, scheme, unknown in rows}


@cache
def _sentinels() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for scheme, code, label in table("sentinels.csv").select("scheme", "code", "label").rows():
        found.setdefault(scheme, {})[code] = label
    return found


@cache
def _further() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for item, code, label in table("further_codes.csv").select("item", "code", "label").rows():
        found.setdefault(item, {})[code] = label
    return found
