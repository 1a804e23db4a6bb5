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
BLANKS = " \t\r\n"
INTEGER = re.compile(r"[ \t\r\n]*\+?(\d{1,9})[ \t\r\n]*", re.ASCII)
Keys = dict[tuple[str | None, str | None], int]
PLACED_AT = ("NaaccrData", "Patient", "Tumor")
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
        dictionary: the base dictionary with all that applies beside it.
        unused: dictionaries that the document does not name; they only help to explain an unknown id.

    Attributes:
        wrong: (key, code, message) of pairs that are wrong in themselves.

    >>> table = KeyTable(standards.dictionary("260"))
    >>> table.frame({("primarySite", "400"): 0, ("primarySite", "1"): 1})["column"].to_list()
    ['primarySite', 'primarySite']
    >>> table.wrong
    [(1, 'wrong-number', 'primarySite has naaccrNum 1, expected 400')]
    """

    def __init__(self, dictionary: Dictionary, unused: Sequence[Dictionary] = ()) -> None:
        self.dictionary, self.unused = dictionary, unused
        self.wrong: list[tuple[int, str, str]] = []
        self._rows: list[tuple[Any, ...]] = []
        self._hints = 0

    def frame(self, keys: Keys) -> pl.DataFrame:
        """One row a pair in the order of `keys`: `SCHEMA`, by the first definition; null when unknown."""
        return self.placed(keys).gather_every(len(PLACED_AT))

    def placed(self, keys: Keys) -> pl.DataFrame:
        """As `frame`, with a row for each place a pair may stand at: NaaccrData, Patient, Tumor."""
        for (naaccr_id, number), key in list(keys.items())[len(self._rows) // len(PLACED_AT) :]:
            items, problem = self._resolve(naaccr_id, number)
            if problem:
                self.wrong.append((key, *problem))
            is_judged = not (problem and problem[0] == "missing-id")
            for level in PLACED_AT:
                first = next((item for item in items if item.level == level), items[0] if items else None)
                name = None if is_blank(naaccr_id) else str(naaccr_id).strip(BLANKS)
                known = (
                    first
                    and is_judged
                    and (
                        *(first.length, first.level, first.record_types, first.data_type),
                        *(first.padding, first.trim, first.unlimited),
                    )
                )
                place = (first.column, first.number) if first else (name, None)
                self._rows.append((key, name, *place, *(known or (None,) * 7)))
        return pl.DataFrame(self._rows, schema=SCHEMA, orient="row")

    def _resolve(
        self, naaccr_id: str | None, number: str | None
    ) -> tuple[list[Item], tuple[str, str] | None]:
        """Definitions (one, or one a level), and (code, message) when the pair is wrong."""
        written = INTEGER.fullmatch(number) if number is not None else None
        numeric = int(written[1]) if written else None
        by_number = self.dictionary.by_number(numeric) if numeric is not None and numeric < 2**31 else None
        if naaccr_id is None or is_blank(naaccr_id):
            meant = f" (naaccrNum {by_number.number} is {by_number.id})" if by_number else ""
            return [by_number] if by_number else [], ("missing-id", f"Item has no naaccrId{meant}")
        naaccr_id = naaccr_id.strip(BLANKS)  # an NCName: XML takes the blanks around it away
        same = self.dictionary.items_of(naaccr_id)
        if not same:
            return [], ("unknown-id", self._unknown(naaccr_id, by_number))
        first = next((item for item in same if item.number == numeric), same[0])
        found = [item for item in same if item.number == first.number]
        if number is not None and numeric != first.number:
            wanted = " or ".join(dict.fromkeys(str(item.number) for item in same))
            shown = " ".join(number.split())[:20]
            return found, ("wrong-number", f"{naaccr_id} has naaccrNum {shown}, expected {wanted}")
        return found, None

    def _unknown(self, naaccr_id: str, by_number: Item | None) -> str:
        version, shown = self.dictionary.version, " ".join(naaccr_id.split())[:100]
        for dictionary in self.unused:
            if dictionary.item(naaccr_id):
                return f"{shown} is an item of {dictionary.uri[:120]}, which the file does not name"
        first, last = _spans().get(naaccr_id, (None, None))
        if first:
            return f"{shown} is not an item of NAACCR {version} (it is in {first} to {last})"
        meant = by_number.id if by_number else None
        if meant is None and self._hints < HINTS:
            self._hints += 1
            meant = self.dictionary.nearest(shown)
        return f"no item {shown} in NAACCR {version}{standards.did_you_mean(meant)}"


def is_blank(text: str | None) -> bool:
    r"""True for no text and for XML blanks.

    >>> is_blank(None), is_blank(" \n"), is_blank("\u00a0")
    (True, True, False)
    """
    return not (text or "").strip(BLANKS)


@cache
def _spans() -> dict[str, tuple[str, str]]:
    items = standards.all_items().select("id", "first_version", "last_version").rows()
    return {row[0]: (row[1], row[2]) for row in items}
