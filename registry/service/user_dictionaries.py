"""User-defined NAACCR dictionaries: kept when a file comes with one, used again when its items leave."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from registry import standards
from registry.abstracting import item_columns
from registry.service.operations import Context
from registry.standards import Dictionary
from registry.store import Store, UnitOfWork


def keep(work: UnitOfWork, paths: Iterable[str]) -> None:
    """Keep dictionaries by their URI; a newer text of the same URI replaces the older one."""
    for path in paths:
        content = Path(path).read_bytes()
        uri, digest = (
            standards.user_dictionary(content, Path(path).name).uri,
            hashlib.sha256(content).hexdigest(),
        )
        held = work.query("SELECT sha256 FROM user_dictionary WHERE uri = ?", [uri])
        if held["sha256"].to_list() == [digest]:
            continue
        work.execute("DELETE FROM user_dictionary WHERE uri = ?", [uri])
        row = {
            "uri": uri,
            "file_name": Path(path).name,
            "sha256": digest,
            "content": content,
            "added_at": work.now,
        }
        work.insert("user_dictionary", pl.DataFrame([row]), logged=False)
        work.log("user_dictionary", uri, "keep dictionary", None, {"file": Path(path).name}, digest=digest)


def kept(store: Store) -> list[Dictionary]:
    """Every kept dictionary, by URI."""
    rows = store.query("SELECT file_name, content FROM user_dictionary ORDER BY uri")
    return [standards.user_dictionary(content, name) for name, content in rows.iter_rows()]


def of_columns(context: Context, columns: Iterable[str]) -> list[Dictionary]:
    """Kept dictionaries that define an item of at least one of these columns, by URI."""
    known = item_columns.held(context.store)
    items = {known[column] for column in columns if column in known}
    return [
        dictionary
        for dictionary in kept(context.store)
        if any((item.id, item.number) in items or (item.id, None) in items for item in dictionary.definitions)
    ]
