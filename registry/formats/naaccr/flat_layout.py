"""The fixed columns of NAACCR records, versions 14 to 18: which item stands where, how long a record is.

Source: the base and default user dictionaries, whose items fill the records of each type without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from registry import standards
from registry.errors import BadInput
from registry.formats.naaccr.frames import merged_dictionary
from registry.standards import Dictionary, Item

LONGEST = "A"


@cache
def flat_versions() -> tuple[str, ...]:
    """The versions that have records with fixed columns.

    >>> flat_versions()
    ('140', '150', '160', '180')
    """
    found = (standards.dictionary(version) for version in standards.versions())
    return tuple(
        str(one.version) for one in found if one.items["start_column"].null_count() < one.items.height
    )


@cache
def record_length(version: str, record_type: str) -> int:
    """Characters of a record.

    Raises:
        BadInput: the version has no fixed columns.

    >>> [record_length("160", kind) for kind in "IMCA"], record_length("180", "I")
    ([3339, 22824, 5564, 22824], 4048)
    """
    if version not in flat_versions():
        last = flat_versions()[-1]
        raise BadInput(
            f"NAACCR {version}",
            f"has no records with fixed columns (the last was {last})",
            "use XML, or translate",
        )
    items = merged_dictionary(version).definitions
    return max(end_of(item) for item in items if item.start_column and record_type in item.record_types)


def end_of(item: Item) -> int:
    """Last column of an item (1-based); it must have a first one."""
    return (item.start_column or 0) + item.length - 1


@dataclass(frozen=True)
class Layout:
    """One type of record.

    `items` are those within the record, in order of their columns; `gaps` the (first column, length)
    that no item covers; `length` that of the record.
    """

    length: int
    items: tuple[Item, ...]
    gaps: tuple[tuple[int, int], ...]


def layout(version: str, record_type: str | None, given: Sequence[Dictionary] = ()) -> Layout:
    """The columns of a record.

    Items of user-defined dictionaries take the place of the default ones that they overlap (reserved and
    state requestor items).

    Args:
        version: "140" to "180".
        record_type: A, M, C or I; anything else has the columns of the longest.
        given: user-defined dictionaries; items without a start column have no place.

    Raises:
        BadInput: the version has no fixed columns, or items overlap.

    >>> record = layout("180", "I")
    >>> record.length, [item.id for item in record.items[:3]], record.gaps
    (4048, ['recordType', 'registryType', 'reserved00'], ())
    """
    length = record_length(version, record_type if record_type in ("A", "M", "C", "I") else LONGEST)
    own = {(item.id, item.number) for one in given for item in one.definitions}
    default = standards.default_user_dictionary(version)
    yielding = {(item.id, item.number) for item in default.definitions} - own if default else set()
    definitions = merged_dictionary(version, given).definitions
    once = {(item.id, item.number): item for item in reversed(definitions)}
    placed = [item for item in once.values() if item.start_column]
    first = [item for item in placed if (item.id, item.number) in own]
    items = [
        item
        for item in placed
        if (item.id, item.number) not in yielding or not any(_overlap(item, other) for other in first)
    ]
    items = sorted(
        (item for item in items if end_of(item) <= length), key=lambda item: item.start_column or 0
    )
    gaps, next_free = [], 1
    for before, item in zip([None, *items], items, strict=False):
        start = item.start_column or 0
        if before and start < next_free:
            where = f"user-defined item {item.id if item in first else before.id}"
            what = f"overlaps {before.id if item in first else item.id} in the columns of NAACCR {version}"
            raise BadInput(where, what, "correct the dictionary")
        if start > next_free:
            gaps.append((next_free, start - next_free))
        next_free = end_of(item) + 1
    if next_free <= length:
        gaps.append((next_free, length - next_free + 1))
    return Layout(length, tuple(items), tuple(gaps))


def _overlap(one: Item, other: Item) -> bool:
    return (one.start_column or 0) <= end_of(other) and (other.start_column or 0) <= end_of(one)
