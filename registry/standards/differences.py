"""What changed from one dictionary to another: items added, retired, renamed, and their attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from registry.standards.items import Dictionary, Item
from registry.standards.naaccr_dictionary import dictionary

CHANGES: dict[str, Any] = {
    "item": pl.String,
    "number": pl.Int32,
    "change": pl.Enum(["added", "retired", "renamed", "changed"]),
    "attribute": pl.String,
    "before": pl.String,
    "after": pl.String,
}
ATTRIBUTES = (
    *("name", "length", "level", "record_types", "data_type"),
    *("padding", "trim", "unlimited", "start_column"),
)


def diff(before: Dictionary | str | int, after: Dictionary | str | int) -> pl.DataFrame:
    """What changed between two dictionaries or NAACCR versions.

    An item with the same number and another id was renamed. Start columns are compared only between two
    dictionaries that have them.

    Returns:
        `item` (id in the newer dictionary, of a retired item in the older one), `number`, `change` (added,
        retired, renamed, changed), `attribute` ("id" of a renamed item, null of one added or retired),
        `before`, `after` (of an added or retired item its name); sorted by change, number, item, attribute.

    Raises:
        NotFound: there is no such version.

    >>> diff("250", "260").group_by("change").len().sort("change").rows()
    [('added', 8), ('retired', 17), ('changed', 1)]
    >>> diff("230", "240").filter(attribute="level").row(0)
    ('followUpSourceCentral', 1791, 'changed', 'level', 'Tumor', 'Patient')
    """
    old, new = (one if isinstance(one, Dictionary) else dictionary(one) for one in (before, after))
    flat = all(any(item.start_column for item in one.definitions) for one in (old, new))
    attributes = ATTRIBUTES if flat else ATTRIBUTES[:-1]
    rows = [row for was, now in _pairs(old, new) for row in _changes(was, now, attributes)]
    return pl.DataFrame(rows, schema=CHANGES, orient="row").sort(
        "change", "number", "item", "attribute", nulls_last=False
    )


def _pairs(old: Dictionary, new: Dictionary) -> Iterator[tuple[Item | None, Item | None]]:
    """Each item with what it was before: the same id and number, else the same number."""
    before, after = ({(i.id, i.number): i for i in reversed(one.definitions)} for one in (old, new))
    for key in after.keys() & before.keys():
        yield before[key], after[key]
    gone = {item.number: item for key, item in before.items() if key not in after}
    for key, item in after.items():
        if key not in before:
            yield gone.pop(item.number, None), item
    left = {id(item) for item in gone.values()}
    for key, item in before.items():
        if key not in after and id(item) in left:
            yield item, None


def _changes(was: Item | None, now: Item | None, attributes: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    if was is None or now is None:
        one = now or was
        assert one is not None
        yield (
            (one.id, one.number, "retired", None, one.name, None)
            if now is None
            else (*(one.id, one.number, "added", None, None, one.name),)
        )
        return
    if was.id != now.id:
        yield now.id, now.number, "renamed", "id", was.id, now.id
    for attribute in attributes:
        first, second = getattr(was, attribute), getattr(now, attribute)
        if first != second:
            yield now.id, now.number, "changed", attribute, _text(first), _text(second)


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
