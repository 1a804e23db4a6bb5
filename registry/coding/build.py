"""Makes this room's reference tables from the published files, one builder a room.

`build(shared)` is re-runnable and deterministic: same files in, same bytes out. Beside the tables it
writes `coding_tables.csv` (each table with its source, version and first day) and `SOURCES.md`.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from registry.coding import reference
from registry.coding.derivation import ROOMS
from registry.coding.reference import DATA, Table

BUILDERS = (*ROOMS, "numbering", "primaries", "search")
"""Rooms that may have a `build` module with `TABLES` and `build(shared, out)`."""

COLUMNS = ("name", "content", "source", "version", "valid_from", "licence")

_HEAD = """# Sources of the coding tables

Written by `registry standards build --from ../shared`; deterministic, no published file is copied.

| table | content | source | version | valid from | licence |
|---|---|---|---|---|---|
"""


def build(shared: Path, out: Path | None = None, *, partly: bool = False) -> dict[str, int]:
    """Rewrite all tables; returns the rows (or rules) of each.

    Args:
        shared: folder that holds `coding/`.
        out: where to write; the package's own folder when absent.
        partly: only what was published there, no lists of sources (next year's files are often a part).

    Raises:
        NotFound: a published file is not there.
    """
    out = out or DATA
    counts: dict[str, int] = {}
    for builder in _builders():
        counts |= builder.build(shared, out, partly=partly)
    if partly:
        return counts
    listed = tables()
    reference.write(out / "coding_tables.csv", COLUMNS, (_cells(one) for one in listed))
    lines = ("| " + " | ".join(_cells(one)) + " |\n" for one in listed)
    (out / "SOURCES.md").write_text(_HEAD + "".join(lines), encoding="utf-8")
    return counts


def tables() -> list[Table]:
    """Every table that the rooms' builders write, sorted by name.

    >>> "site_recode_rules.csv" in {one.name for one in tables()}
    True
    """
    return sorted((one for builder in _builders() for one in builder.TABLES), key=lambda one: one.name)


def _cells(one: Table) -> list[str]:
    return [getattr(one, column) for column in COLUMNS]


def _builders() -> Iterator[ModuleType]:
    for room in BUILDERS:
        name = f"registry.coding.{room}.build"
        if importlib.util.find_spec(f"registry.coding.{room}") and importlib.util.find_spec(name):
            yield importlib.import_module(name)
