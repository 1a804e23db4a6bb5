"""Which column of patient, tumor and abstract holds which item: the store remembers it for ever.

A standard item's column is its id. User-defined items may share an id, or differ from another only in case;
`registry.standards.assign_columns` then gives them `id__number`, and the table `item_column` keeps what was given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

import polars as pl

from registry.errors import Conflict
from registry.standards.columns import Named, assign_columns, standard_items
from registry.store import Store, UnitOfWork

Held = dict[str, tuple[str, int | None]]
Key = tuple[str, int]

OWN_WORDS = frozenset({"sender", "status", "version", "row", "last", "first", "birth", "ssn", "rule", "line"})
_CLASHING = re.compile(r".+__\d+")


def is_item(column: str) -> bool:
    """Whether a column of a wide table holds an item; our own columns are snake_case or in OWN_WORDS.

    >>> [is_item(name) for name in ("primarySite", "weight__9505", "patient_id", "status")]
    [True, True, False, False]
    """
    return ("_" not in column or _CLASHING.fullmatch(column) is not None) and column not in OWN_WORDS


def held(source: Store | UnitOfWork) -> Held:
    """Column → (id, number) of every item column of the store; a number that nobody knows is None."""
    rows = source.query("SELECT column_name, id, number FROM item_column ORDER BY column_name")
    known: Held = {column: (naaccr_id, number) for column, naaccr_id, number in rows.iter_rows()}
    for column in source.columns("abstract"):
        if is_item(column) and column not in known:
            standard = standard_items().get(column.casefold())
            known[column] = standard if standard and standard[0] == column else (column, None)
    return known


def assign(store: Store, actor: str, items: Collection[Named]) -> dict[Key, str]:
    """Columns for items, remembered from now on.

    Raises:
        Conflict: other loads kept giving columns at the same time.
    """
    for attempt in range(3):
        known = held(store)
        columns = assign_columns(known, items)
        new = _to_remember(store, columns)
        if new.is_empty():
            break
        try:
            with store.unit_of_work(actor, "new item columns") as work:
                work.insert("item_column", new)
            break
        except Conflict:
            if attempt == 2:
                raise
    return columns


def columns_of(known: Held, items: Iterable[Named]) -> dict[Key, str]:
    """Columns of items as `assign` would give them, without remembering anything."""
    return assign_columns(known, items)


def _to_remember(store: Store, columns: Mapping[Key, str]) -> pl.DataFrame:
    """Rows of `item_column` for items whose column does not follow from their id alone."""
    remembered = set(store.query("SELECT column_name FROM item_column ORDER BY 1")["column_name"])
    rows = [
        (column, naaccr_id, number)
        for (naaccr_id, number), column in columns.items()
        if column not in remembered and standard_items().get(column.casefold()) != (naaccr_id, number)
    ]
    schema = {"column_name": pl.String, "id": pl.String, "number": pl.Int32}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("column_name")
