"""What other agencies call our edits, so that their results can stand beside ours.

`data/foreign_ids.csv`: edit, agency, name, tag. An edit may have several rows, and the official
metafile, once it can be had, adds rows and no code.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "data" / "foreign_ids.csv"


@dataclass(frozen=True)
class ForeignId:
    """Name and tag of another agency's edit; `tag` is blank where it isn't known."""

    agency: str
    name: str
    tag: str


@cache
def table() -> dict[str, tuple[ForeignId, ...]]:
    """All foreign ids by our edit's id.

    >>> [other.agency for other in table()["site-histology-unlikely"]]
    ['SEER']
    """
    found: dict[str, tuple[ForeignId, ...]] = {}
    with TABLE.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            other = ForeignId(row["agency"], row["name"], row["tag"])
            found[row["edit"]] = (*found.get(row["edit"], ()), other)
    return found


def of_edit(edit_id: str) -> tuple[ForeignId, ...]:
    """Foreign ids of one edit, in the table's order."""
    return table().get(edit_id, ())


def edit_of(text: str) -> str | None:
    """Our edit that a foreign tag or name means, None when it is not known or means several.

    >>> edit_of("Primary Site, Morphology-Type, Behavior ICDO3 (SEER IF25)")
    'site-histology-unlikely'
    """
    found = _edits_by_word().get(_word(text), set())
    return next(iter(found)) if len(found) == 1 else None


@cache
def _edits_by_word() -> dict[str, set[str]]:
    words: dict[str, set[str]] = {}
    for edit_id, others in table().items():
        for other in others:
            for text in filter(None, (other.tag, other.name)):
                words.setdefault(_word(text), set()).add(edit_id)
    return words


def _word(text: str) -> str:
    return " ".join(text.casefold().split())
