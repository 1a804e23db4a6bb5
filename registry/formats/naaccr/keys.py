"""The names that items go by in a document, each looked up once in the dictionaries that apply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import polars as pl

from registry import standards
from registry.standards import Dictionary, Item

# Looking for the nearest id takes milliseconds: a file of nonsense gets this many suggestions.
HINTS = 50
INTEGER = re.compile(r"[ \t\r\n]*\+?(\d{1,9})[ \t\r\n]*", re.ASCII)
SCHEMA: dict[str, Any] = {
    "key": pl.Int32,
    "item": pl.String,
    "column": pl.String,
    "number": pl.Int32,
    "length": pl.Int32,
    "level_wanted": pl.String,
    "record_types": pl.String,
    "data_type": pl.String,
    "padding": pl.String,
    "trim": pl.String,
    "unlimited": pl.Boolean,
}


class KeyTable:
    """The distinct (naaccrId, naaccrNum) pairs of a document, resolved once each.

    Args:
        dictionaries: the base dictionary, then the others, first one first.
        unused: dictionaries that the document does not name; they only help to explain an unknown id.

    Attributes:
        wrong: (key, code, message) of pairs that are wrong in themselves.

    >>> table = KeyTable([standards.dictionary("260")])
    >>> table.frame({("primarySite", "400"): 0, ("primarySite", "1"): 1})["column"].to_list()
    ['primarySite', 'primarySite']
    >>> table.wrong
    [(1, 'wrong-number', 'primarySite has naaccrNum 1, expected 400')]
    """

    def __init__(self, dictionaries: Sequence[Dictionary], unused: Sequence[Dictionary] = ()) -> None:
        self.base, self.unused = dictionaries[0], unused
        self.wrong: list[tuple[int, str, str]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._hints = 0
        self._known: dict[str, list[tuple[Item, str]]] = {}
        self._numbers: dict[int, Item] = {}
        holders: dict[str, int] = {}
        for dictionary in dictionaries:
            for item in map(Item, *_columns(dictionary)):
                same = self._known.setdefault(item.id, [])
                if any(other.number == item.number for other, _ in same):
                    continue
                holder = holders.setdefault(item.id.casefold(), item.number)
                same.append((item, item.id if holder == item.number else f"{item.id}__{item.number}"))
                self._numbers.setdefault(item.number, item)

    def frame(self, keys: dict[tuple[str | None, str | None], int]) -> pl.DataFrame:
        """One row a pair in the order of `keys`: the columns of `SCHEMA`; a definition is null when unknown."""
        for (naaccr_id, number), key in list(keys.items())[len(self._rows) :]:
            found, column, problem = self._resolve(naaccr_id, number)
            if problem:
                self.wrong.append((key, *problem))
            judged = found and not (problem and problem[0] == "missing-id")
            known = (
                found
                and judged
                and (
                    *(found.length, found.level, found.record_types, found.data_type),
                    *(found.padding, found.trim, found.unlimited),
                )
            )
            name = (found.id if found else None) if is_blank(naaccr_id) else naaccr_id
            self._rows.append((key, name, column, found and found.number, *(known or (None,) * 7)))
        return pl.DataFrame(self._rows, schema=SCHEMA, orient="row")

    def item(self, naaccr_id: str | None, number: str | None = None) -> Item | None:
        """The item that a pair means, or None."""
        return self._resolve(naaccr_id, number)[0]

    def _resolve(
        self, naaccr_id: str | None, number: str | None
    ) -> tuple[Item | None, str | None, tuple[str, str] | None]:
        """Item, column, and (code, message) when the pair is wrong."""
        written = INTEGER.fullmatch(number) if number is not None else None
        numeric = int(written[1]) if written else None
        if naaccr_id is None or is_blank(naaccr_id):
            by_number = self._numbers.get(numeric) if numeric is not None else None
            meant = f" (naaccrNum {by_number.number} is {by_number.id})" if by_number else ""
            problem = ("missing-id", f"Item has no naaccrId{meant}")
            return by_number, self._column(by_number), problem
        same = self._known.get(naaccr_id)
        if not same:
            return None, naaccr_id, ("unknown-id", self._unknown(naaccr_id, numeric))
        found, column = next((pair for pair in same if pair[0].number == numeric), same[0])
        if number is not None and numeric != found.number:
            wanted = " or ".join(str(item.number) for item, _ in same)
            shown = " ".join(number.split())[:20]
            return found, column, ("wrong-number", f"{naaccr_id} has naaccrNum {shown}, expected {wanted}")
        return found, column, None

    def _column(self, item: Item | None) -> str | None:
        return (
            next((column for other, column in self._known[item.id] if other is item), None) if item else None
        )

    def _unknown(self, naaccr_id: str, number: int | None) -> str:
        version, shown = self.base.version, " ".join(naaccr_id.split())[:100]
        for dictionary in self.unused:
            if dictionary.item(naaccr_id):
                return f"{shown} is an item of {dictionary.uri[:120]}, which the file does not name"
        first, last = _spans().get(naaccr_id, (None, None))
        if first:
            return f"{shown} is not an item of NAACCR {version} (it is in {first} to {last})"
        by_number = self._numbers.get(number) if number is not None else None
        meant = by_number.id if by_number else None
        if meant is None and self._hints < HINTS:
            self._hints += 1
            meant = self.base.nearest(shown)
        return f"no item {shown} in NAACCR {version}{standards.did_you_mean(meant)}"


def is_blank(text: str | None) -> bool:
    r"""True for no text and for XML blanks.

    >>> is_blank(None), is_blank(" \n"), is_blank("\u00a0")
    (True, True, False)
    """
    return not (text or "").strip(" \t\r\n")


def _columns(dictionary: Dictionary) -> list[list[Any]]:
    names = (
        "number",
        "id",
        "name",
        "length",
        "level",
        "record_types",
        "data_type",
        "padding",
        "trim",
        "unlimited",
    )
    return [dictionary.items[name].to_list() for name in names]


@cache
def _spans() -> dict[str, tuple[str, str]]:
    items = standards.all_items().select("id", "first_version", "last_version").rows()
    return {row[0]: (row[1], row[2]) for row in items}
