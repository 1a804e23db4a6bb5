"""Which column of a frame or of the store holds an item.

An item is its id *and* its number: state dictionaries use one id for several numbers, and ids that
differ only in case, which a database column cannot. The column is the id, unless another item holds
it (compared without case); then it is the id, two underscores and the number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Protocol

import polars as pl

from registry.standards.tables import table

OWN_WORDS = frozenset(
    (
        "birth",
        "first",
        "item",
        "last",
        "level",
        "line",
        "row",
        "rule",
        "sender",
        "ssn",
        "status",
        "value",
        "version",
    )
)
"""One-word names of columns that frames and the store have beside the items; the others have underscores."""


class Named(Protocol):
    """What the rule needs of an item."""

    @property
    def id(self) -> str:
        """NAACCR XML id."""
        ...

    @property
    def number(self) -> int:
        """NAACCR item number."""
        ...


def assign_columns(
    held: Mapping[str, tuple[str, int | None]], items: Iterable[Named]
) -> dict[tuple[str, int], str]:
    """Columns of items, beside the columns that are there already.

    A column that is held stays with its item, so a store that keeps what this returns gives an item the
    same column for ever. The id of a standard item (of any NAACCR version) is kept free for it, and so are
    the names of columns that are no items (`OWN_WORDS`, and everything with an underscore). A standard item
    whose id changes only in capitals from one version to another keeps its first one as its column.

    Args:
        held: column → (id, number) of the item in it; a number that is not known (None) means whichever
            item of that id comes first.
        items: items in order of precedence; repeated ones are harmless.

    Returns:
        (id, number) → column, for every item of `items`, in their order.

    >>> from registry.standards import Item
    >>> weights = [Item(n, "weight", "Weight", 3, "Tumor", "AMCI") for n in (9961, 9505)]
    >>> assign_columns({}, weights)
    {('weight', 9961): 'weight', ('weight', 9505): 'weight__9505'}
    >>> assign_columns({"weight": ("weight", 9505)}, weights)[("weight", 9505)]
    'weight'
    """
    standard, otherwise = standard_items(), _spelled_otherwise()
    taken: dict[str, str] = {column.casefold(): column for column in held}
    columns: dict[tuple[str, int], str] = {}
    owner: dict[tuple[str, int | None], str] = {}
    for name, key_held in held.items():
        first = standard.get(name.casefold())
        owner[first if first and first == (name, key_held[1]) else key_held] = name
    for item in items:
        if (item.id, item.number) in columns:
            continue
        name = otherwise.get((item.id, item.number), item.id)
        key = name, item.number
        column = owner.get(key) or owner.pop((name, None), None)
        if column is None:
            word = name.casefold()
            free = standard.get(word, key) == key and word not in OWN_WORDS and "_" not in word
            column = name if free else f"{item.id}__{item.number}"
            column = _untaken(column, item, taken)
            taken[column.casefold()] = column
        columns[item.id, item.number] = owner[key] = column
    return columns


def _untaken(column: str, item: Named, taken: Mapping[str, str]) -> str:
    if column.casefold() in taken:
        column = f"{item.id}__{item.number}"
    count = 1
    while column.casefold() in taken:
        count += 1
        column = f"{item.id}__{item.number}__{count}"
    return column


@cache
def standard_items() -> dict[str, tuple[str, int]]:
    """Id without case → (id, number) of every item of NAACCR's own dictionaries, all versions.

    Of ids that differ only in capitals it is the one of the oldest version.

    >>> standard_items()["primarysite"]
    ('primarySite', 400)
    """
    first = pl.col("versions").str.slice(0, 3)
    rows = table("items.csv").select(pl.col("number").cast(pl.Int32), first, "id").sort(pl.all()).rows()
    return {naaccr_id.casefold(): (naaccr_id, number) for number, _, naaccr_id in reversed(rows)}


@cache
def _spelled_otherwise() -> dict[tuple[str, int], str]:
    """(id, number) of standard items → the id that differs only in capitals and came first."""
    rows = table("items.csv").select("id", pl.col("number").cast(pl.Int32)).unique().rows()
    first = standard_items()
    return {
        (naaccr_id, number): first[naaccr_id.casefold()][0]
        for naaccr_id, number in rows
        if first[naaccr_id.casefold()] != (naaccr_id, number) and first[naaccr_id.casefold()][1] == number
    }
