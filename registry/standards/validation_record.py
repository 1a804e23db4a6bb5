"""Faults of a dictionary against the standard's own items and against the flat record of its version."""

from __future__ import annotations

import re
from collections.abc import Iterator

from registry.standards.dictionary_raw import Problem, RawDictionary, RawItem, shown
from registry.standards.items import Item
from registry.standards.naaccr_dictionary import record_lengths
from registry.standards.validation_items import ATTRIBUTES, ID, Rules, meaning, number_of

USER_NUMBERS = range(9500, 100_000)
FIXED = ("naaccrNum", "naaccrName", "startColumn", "length", "recordTypes", "parentXmlElement", "dataType")


def standard_problems(raw: RawDictionary, rules: Rules) -> Iterator[Problem]:
    """Faults of a user dictionary against the base and default user dictionaries of its version."""
    for one in raw.items:
        if one.id is None:
            continue
        default = rules.gaps.item(one.id) if rules.gaps else None
        if rules.standard and rules.standard.item(one.id):
            what = f"naaccrId is that of a standard item of NAACCR {rules.version}"
            yield Problem(one.line, one.id, "standard-id", what)
        if default:
            for code, message in _redefined(one, default):
                yield Problem(one.line, one.id, code, message)
        else:
            for code, message in _new_item(one, rules):
                yield Problem(one.line, one.id, code, message)


def _redefined(one: RawItem, default: Item) -> Iterator[tuple[str, str]]:
    """A default user item may be repeated, but not with other attributes."""
    written = meaning(one.attributes)
    standard = meaning(
        {
            "naaccrNum": str(default.number),
            "naaccrName": default.name,
            "startColumn": str(default.start_column or ""),
            "length": str(default.length),
            "recordTypes": ",".join(default.record_types),
            "parentXmlElement": default.level,
            "dataType": default.data_type,
        }
    )
    for name in FIXED:
        if name == "startColumn" and not (written[name] and standard[name]):
            continue
        if written[name] != standard[name]:
            what = f"{name} is {shown(written[name])}, NAACCR's default user dictionary says {shown(standard[name])}"
            yield "default-item", what


def _new_item(one: RawItem, rules: Rules) -> Iterator[tuple[str, str]]:
    number = number_of(one.attributes.get("naaccrNum"))
    owner = rules.standard.by_number(number) if rules.standard and number is not None else None
    if owner:
        yield "standard-number", f"naaccrNum {number} is that of the standard item {owner.id}"
    if rules.before("1.3") and number is not None and number not in USER_NUMBERS:
        yield "number-range", f"naaccrNum {number} is not between 9500 and 99999"
    span = span_of(one)
    if span and rules.gaps and rules.flat and not any(_within(span, gap) for gap in rules.gaps.definitions):
        what = (
            f"columns {span[0]}-{span[1]} are in no gap for users (state items, NPCR item, reserved columns)"
        )
        yield "start-column-gap", what


def _within(span: tuple[int, int], gap: Item) -> bool:
    return gap.start_column is not None and (
        gap.start_column <= span[0] and span[1] < gap.start_column + gap.length
    )


def span_of(one: RawItem) -> tuple[int, int] | None:
    """First and last column of an item in a flat record, None when it has none."""
    column, length = (number_of(one.attributes.get(name)) for name in ("startColumn", "length"))
    return (column, column + length - 1) if column and length else None


def record_problems(raw: RawDictionary, rules: Rules) -> Iterator[Problem]:
    """Items of a flat version that lie over each other or behind the end of the record."""
    if not rules.flat:
        return
    spans = sorted(
        ((span, number, one) for number, one in enumerate(raw.items) if (span := span_of(one))),
        key=lambda found: (found[0], found[1]),
    )
    last: tuple[tuple[int, int], RawItem] | None = None
    for span, _, one in spans:
        if last and span[0] <= last[0][1]:
            what = f"columns {span[0]}-{span[1]} overlap {last[1].id} in {last[0][0]}-{last[0][1]}"
            yield Problem(one.line, one.id, "overlapping-columns", what)
        if last is None or span[1] > last[0][1]:
            last = span, one
    lengths = record_lengths(rules.version) if rules.version and rules.standard else {}
    for span, _, one in spans:
        types = meaning(one.attributes)["recordTypes"].split(",")
        short = [f"{kind} ({lengths[kind]})" for kind in types if kind in lengths and span[1] > lengths[kind]]
        if short:
            what = f"column {span[1]} is behind the end of records of type {', '.join(short)}"
            yield Problem(one.line, one.id, "beyond-record", what)


def grouped_problems(raw: RawDictionary, rules: Rules) -> Iterator[Problem]:
    """Faults of the grouped items of a base dictionary."""
    items = {one.id: one for one in raw.items if one.id}
    ids = set(items)
    numbers = {number_of(one.attributes.get("naaccrNum")) for one in raw.items}
    for one in raw.grouped:
        if not rules.before("1.6"):
            what = "grouped items are not allowed since specification 1.6"
            yield Problem(one.line, one.id, "grouped-item", what)
            continue
        number = number_of(one.attributes.get("naaccrNum"))
        for code, message in _grouped(one, number, ids, numbers, items):
            yield Problem(one.line, one.id, code, message)
        ids.add(one.id or "")
        numbers.add(number)


def _grouped(
    one: RawItem, number: int | None, ids: set[str], numbers: set[int | None], items: dict[str, RawItem]
) -> Iterator[tuple[str, str]]:
    for name in one.attributes.keys() - ATTRIBUTES - {"contains"}:
        yield "unknown-attribute", f"GroupedItemDef has an unknown attribute {shown(name)}"
    if one.id is None:
        yield "missing-id", "naaccrId of a grouped item is required"
    elif not ID.fullmatch(one.id):
        yield (
            "id-format",
            f"naaccrId {shown(one.id)} must be a lower-case letter followed by letters and digits",
        )
    elif one.id in ids:
        yield "duplicate-id", "naaccrId of a grouped item is used by another item already"
    if number is None:
        yield "missing-number", "naaccrNum of a grouped item is required"
    elif number in numbers:
        yield "duplicate-number", f"naaccrNum {number} of a grouped item is used by another item already"
    column = number_of(one.attributes.get("startColumn"))
    contained = [part for part in re.split(r"[,\s]+", one.attributes.get("contains", "")) if part]
    for place, part in enumerate(contained):
        if part not in items:
            yield "grouped-item", f"it contains {shown(part)}, which is no item of this dictionary"
        elif place == 0 and column is not None:
            first = number_of(items[part].attributes.get("startColumn"))
            if first != column:
                yield "grouped-item", f"startColumn {column} is not that of its first item {part} ({first})"
