"""Items and dictionaries: what a NAACCR dictionary says of each data item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from typing import Any

import polars as pl

from registry.standards.columns import assign_columns
from registry.standards.suggestions import nearest
from registry.standards.tables import table

ITEM_SCHEMA: dict[str, Any] = {
    "number": pl.Int32,
    "id": pl.String,
    "name": pl.String,
    "length": pl.Int32,
    "level": pl.String,
    "record_types": pl.String,
    "data_type": pl.String,
    "padding": pl.String,
    "trim": pl.String,
    "unlimited": pl.Boolean,
    "start_column": pl.Int32,
    "column": pl.String,
}


@dataclass(frozen=True)
class Item:
    """One data item of a dictionary.

    `level` is NaaccrData, Patient or Tumor; `record_types` a subset of "AMCI"; `data_type` one of
    text, digits, alpha, mixed, numeric, date, dateTime; `length` in characters; `start_column` (1-based)
    is its place in the flat records of versions 14 to 18. `column` holds it in frames and in the store
    (see `registry.standards.columns`). `first_version` and `last_version` say which base dictionaries
    have it (None for user-defined items).
    """

    number: int
    id: str
    name: str
    length: int
    level: str
    record_types: str
    data_type: str = "text"
    padding: str = "none"
    trim: str = "all"
    unlimited: bool = False
    start_column: int | None = None
    column: str = ""
    first_version: str | None = None
    last_version: str | None = None

    def __post_init__(self) -> None:
        if not self.column:
            object.__setattr__(self, "column", self.id)


class Dictionary:
    """The items of one version, of a user dictionary, or of several together.

    An item is an id with a number; `definitions` holds every (id, number, level) once, in order of
    precedence (an item that two dictionaries put at two levels is defined twice and is legal at both).

    Args:
        version: NAACCR version such as "260", None for a user dictionary of any version.
        uri: its URI.
        definitions: items in order of precedence; of equal (id, number, level) the first counts.
        uri_given: False when the URI was made up, so that no file can name this dictionary.

    >>> from registry.standards import dictionary
    >>> dictionary("250").item("primarySite").number
    400
    >>> dictionary("260").ids(level="NaaccrData", record_type="I")[:2]
    ['recordType', 'registryType']
    """

    def __init__(
        self, version: str | None, uri: str, definitions: Iterable[Item], *, uri_given: bool = True
    ) -> None:
        self.version = version
        self.uri = uri
        self.uri_given = uri_given
        first = {(item.id, item.number, item.level): item for item in reversed(list(definitions))}
        kept = list(reversed(first.values()))
        columns = assign_columns({}, kept)
        self.definitions: tuple[Item, ...] = tuple(
            item if item.column == column else replace(item, column=column)
            for item in kept
            for column in (columns[item.id, item.number],)
        )

    @cached_property
    def items(self) -> pl.DataFrame:
        """One row for each (id, number), sorted so: number, id, name, length, level and so on."""
        names = list(ITEM_SCHEMA)
        rows = [tuple(getattr(item, name) for name in names) for item in self._distinct]
        return pl.DataFrame(rows, schema=ITEM_SCHEMA, orient="row").sort("number", "id")

    @cached_property
    def _distinct(self) -> list[Item]:
        return list({(item.id, item.number): item for item in reversed(self.definitions)}.values())[::-1]

    @cached_property
    def _by_id(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in self.definitions:
            found.setdefault(item.id, []).append(item)
        return found

    @cached_property
    def _by_number(self) -> dict[int, Item]:
        return {item.number: item for item in reversed(self.definitions)}

    @cached_property
    def _by_column(self) -> dict[str, Item]:
        return {item.column: item for item in reversed(self.definitions)}

    @cached_property
    def _sorted(self) -> list[Item]:
        return sorted(self.definitions, key=lambda item: (item.number, item.id))

    def item(self, naaccr_id: str) -> Item | None:
        """The item with this XML id, the first if there are several, or None."""
        found = self._by_id.get(naaccr_id)
        return found[0] if found else None

    def items_of(self, naaccr_id: str) -> tuple[Item, ...]:
        """Every definition with this XML id, in order of precedence; empty when there is none."""
        return tuple(self._by_id.get(naaccr_id, ()))

    def resolve(self, naaccr_id: str, number: int | None = None, level: str | None = None) -> Item | None:
        """The definition that an `Item` element means, or None when the id is not known.

        The number decides between items of one id; without it, or when no item of the id has it (a
        wrong number), the first counts. An item that is defined at several levels is taken at `level`
        if it is legal there.

        >>> from registry.standards import dictionary
        >>> dictionary("260").resolve("primarySite", 400, "Tumor").name
        'Primary Site'
        >>> dictionary("260").resolve("primarySite", 401, "Patient").level
        'Tumor'
        """
        found = self._by_id.get(naaccr_id)
        if not found:
            return None
        first = next((item for item in found if item.number == number), found[0])
        same = (item for item in found if item.number == first.number and item.level == level)
        return next(same, first)

    def by_number(self, number: int) -> Item | None:
        """The item with this NAACCR number, the first if there are several, or None."""
        return self._by_number.get(number)

    def of_column(self, column: str) -> Item | None:
        """The item that a column of a frame or of the store holds, or None.

        >>> from registry.standards import dictionary
        >>> dictionary("260").of_column("primarySite").number
        400
        """
        return self._by_column.get(column)

    def ids(self, level: str | None = None, record_type: str | None = None) -> list[str]:
        """XML ids in order of NAACCR number, at one level or legal for one record type."""
        return list(dict.fromkeys(item.id for item in self._selected(level, record_type)))

    def columns(self, level: str | None = None, record_type: str | None = None) -> list[str]:
        """Columns in order of NAACCR number, of items at one level or legal for one record type."""
        return list(dict.fromkeys(item.column for item in self._selected(level, record_type)))

    def _selected(self, level: str | None, record_type: str | None) -> Iterable[Item]:
        return (
            item
            for item in self._sorted
            if (level is None or item.level == level)
            and (record_type is None or record_type in item.record_types)
        )

    def nearest(self, naaccr_id: str) -> str | None:
        """The id that `naaccr_id` was probably meant to be (renamed items included), or None.

        >>> from registry.standards import dictionary
        >>> dictionary("260").nearest("primarysite")
        'primarySite'
        """
        renamed = renamed_items().get(naaccr_id)
        return renamed if renamed in self._by_id else nearest(naaccr_id, self._by_id)

    def merged(self, others: Iterable[Dictionary]) -> Dictionary:
        """A dictionary with the items of user dictionaries added; this one's come first, then theirs in order.

        Every (id, number, level) is kept; columns are given anew, so that this dictionary's ids win.

        >>> from registry.standards import Item, dictionary
        >>> state = Dictionary(None, "state", [Item(9999, "sex", "Sex", 1, "Patient", "AMCI")])
        >>> both = dictionary("250").merged([state])
        >>> [(item.number, item.column) for item in both.items_of("sex")]
        [(220, 'sex'), (9999, 'sex__9999')]
        """
        parts = [self, *others]
        return Dictionary(self.version, self.uri, [item for part in parts for item in part.definitions])


def items_of_frame(frame: pl.DataFrame) -> list[Item]:
    """Items of a frame whose columns are named as the fields of `Item` (other columns are ignored)."""
    known = {field.name for field in fields(Item)}
    names = [name for name in frame.columns if name in known]
    return [Item(**row) for row in frame.select(names).iter_rows(named=True)]


@cache
def renamed_items() -> dict[str, str]:
    """Old XML id → present id, for the items that were renamed in 2018 and 2019.

    >>> renamed_items()["seerMets"]
    'eodMets'
    """
    return dict(table("renamed_items.csv").select("old_id", "id").rows())
