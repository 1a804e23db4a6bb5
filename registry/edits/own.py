"""A registry's own edits, beside the package's: a small Python file, or a CSV of SQL expressions.

Either file may be changed without touching the package; the edits then appear in lists, sets and
the manual like any other. Their examples are run on loading, and one that comes out differently
keeps the file from being used.

*Python*: `from registry.edits import edit`, then `@edit(...)` as the package's rules do. Such a file
runs with the rights of whoever starts the registry, so it must belong to that account (or root) and
nobody else may be able to write it.

*CSV*, one row an edit: `edit_id, severity, level, items, message, fails_when` and, where wanted,
`requires, override_item, override_codes, years, sets, category, source, notes, columns, passes,
fails, overridden`. `fails_when` is an SQL expression over NAACCR ids, such as
`primarySite = 'C619' AND laterality <> '0'`; for an item edit `value` stands for the item. Lists
(items, requires, sets, examples) are separated by `;`, years are `2018-`, `-2017` or `2010-2017`.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from registry.edits import definition, plan
from registry.edits.definition import ERROR, LEVELS, REVIEW, WARNING, Edit
from registry.errors import BadInput, Denied, NotFound, RegistryError

NEEDED = ("edit_id", "severity", "level", "items", "message", "fails_when")
MAY_HAVE = (
    "requires",
    "override_item",
    "override_codes",
    "years",
    "sets",
    "category",
    "source",
    "notes",
    "columns",
    "passes",
    "fails",
    "overridden",
)

_LOADED: dict[Path, tuple[tuple[int, int], tuple[str, ...]]] = {}
"""Files in use: when each was last changed, and its edits' ids."""


def load_own(path: str | Path) -> tuple[str, ...]:
    """Put the edits of a file on the register; a file that was loaded before is replaced.

    Returns:
        The ids of its edits.

    Raises:
        NotFound: no such file. Denied: others may write the Python file. BadInput: the file, an edit
        or an example of it is wrong; nothing of it is used then, an earlier version of it stays.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise NotFound(file.name, "there is no such file of own edits")
    facts = file.stat()
    stamp = (facts.st_mtime_ns, facts.st_size)
    known = _LOADED.get(file)
    if known and known[0] == stamp:
        return known[1]
    definition.all_edits()
    read = _READERS.get(file.suffix)
    if read is None:
        raise BadInput(file.name, "own edits are a .py or a .csv file")
    with _undone_when_wrong(file.name, known[1] if known else ()) as before:
        read(file)
        ids = tuple(name for name in definition._REGISTER if name not in before)
        for name in ids:
            definition._REGISTER[name] = replace(definition._REGISTER[name], own=True)
        plan.forget()
        for name in ids:
            _check(definition.find(name), file.name)
    _LOADED[file] = (stamp, ids)
    return ids


def unload_own() -> None:
    """Take all own edits off the register again."""
    for _, ids in _LOADED.values():
        for edit_id in ids:
            definition._REGISTER.pop(edit_id, None)
    _LOADED.clear()
    plan.forget()


@contextmanager
def _undone_when_wrong(where: str, earlier: tuple[str, ...]) -> Iterator[set[str]]:
    """The register without the file's earlier edits; whatever fails, it is as before."""
    kept = dict(definition._REGISTER)
    try:
        for name in earlier:
            definition._REGISTER.pop(name, None)
        yield set(definition._REGISTER)
    except BaseException as error:
        definition._REGISTER.clear()
        definition._REGISTER.update(kept)
        plan.forget()
        if isinstance(error, RegistryError) or not isinstance(error, Exception):
            raise
        raise BadInput(where, f"the file of own edits does not work: {error}") from error


# --- Python ----------------------------------------------------------------------------------------


def _read_python(file: Path) -> None:
    _refuse_when_others_write(file)
    name = f"_own_edits_{abs(hash(file))}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name, None)


def _refuse_when_others_write(file: Path) -> None:
    """Only code of the current user or root is run, in a folder where nobody else puts files."""
    if not hasattr(os, "getuid"):
        return
    for place in (file, file.parent):
        facts = place.stat()
        writable = facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if place == file.parent and facts.st_mode & stat.S_ISVTX:
            writable = 0
        if facts.st_uid not in (0, os.getuid()) or writable:
            raise Denied(
                file.name,
                "own edits are code, and others could write this file or its folder",
                "make both yours alone: chmod go-w",
            )


# --- CSV -------------------------------------------------------------------------------------------


def _read_csv(file: Path) -> None:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, strict=True)
            header = reader.fieldnames or []
            wrong = [name for name in header if name not in (*NEEDED, *MAY_HAVE)]
            missing = [name for name in NEEDED if name not in header]
            if wrong or missing:
                what = f"no column {', '.join(missing)}" if missing else f"unknown column {', '.join(wrong)}"
                raise BadInput(file.name, what, f"columns are {', '.join((*NEEDED, *MAY_HAVE))}")
            for row in reader:
                if None in row or None in row.values():
                    raise BadInput(
                        f"{file.name}:{reader.line_num}", "the row has not as many cells as the header"
                    )
                _add(row, f"{file.name}:{reader.line_num}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(file.name, "it is not a CSV file in UTF-8") from error


def _add(row: Mapping[str, str], where: str) -> None:
    """One row as an edit."""
    lists = {name: _list(row.get(name)) for name in (*MAY_HAVE, "items")}
    if not row["edit_id"].strip() or not lists["items"]:
        raise BadInput(where, "an edit needs an edit_id and items")
    level = _one_of(row["level"], [name for name in LEVELS if name != "inter-record"], where, "level")
    function = _function(row["fails_when"], level, where)
    try:
        definition.edit(
            row["edit_id"].strip(),
            message=row["message"].strip(),
            items=lists["items"],
            severity=_one_of(row["severity"], [ERROR, REVIEW, WARNING], where, "severity"),
            level=level,
            version="own",
            source=(row.get("source") or "the registry's own").strip(),
            category=(row.get("category") or "own").strip(),
            override_item=lists["override_item"],
            override_codes=lists["override_codes"] or ("1",),
            effective_years=_years(row.get("years") or "", where),
            requires=lists["requires"] or None,
            columns=lists["columns"],
            passes=lists["passes"],
            fails=lists["fails"],
            overridden=lists["overridden"],
            notes=(row.get("notes") or "").strip(),
            sets=lists["sets"] or None,
        )(function)
    except ValueError as error:
        raise BadInput(where, str(error)) from error


def _list(cell: str | None) -> list[str]:
    return [part.strip() for part in (cell or "").split(";") if part.strip()]


def _one_of(word: str, words: list[str], where: str, what: str) -> str:
    if word.strip() not in words:
        raise BadInput(where, f"{what} must be one of {', '.join(words)}")
    return word.strip()


def _function(text: str, level: str, where: str) -> Callable[..., pl.Expr]:
    """The SQL expression as a rule's function; it is read once here, so that mistakes show at once."""

    def expression(sql: str) -> pl.Expr:
        try:
            made = pl.sql_expr(sql)
            made.meta.root_names()
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            what = str(error).splitlines()[0]
            raise BadInput(where, f"fails_when is not an SQL expression: {what}") from error
        return made

    if level == "item":
        expression(text)
        return lambda value, item: expression(_about(text, item))
    made = expression(text)
    return lambda: made


def _about(text: str, item: str) -> str:
    """The SQL text with `value` replaced by an item's id, except within quotes."""
    parts = re.split(r"('(?:[^']|'')*')", text)
    return "".join(
        part if place % 2 else re.sub(r"\bvalue\b", f'"{item}"', part) for place, part in enumerate(parts)
    )


def _years(text: str, where: str) -> tuple[int | None, int | None] | None:
    if not text.strip():
        return None
    since, dash, until = text.strip().partition("-")
    if not all(
        part == "" or (part.isascii() and part.isdigit() and len(part) == 4) for part in (since, until)
    ):
        raise BadInput(where, "years are written 2018-, -2017 or 2010-2017")
    first = int(since) if since else None
    return first, (int(until) if until else None) if dash else first


_READERS: dict[str, Callable[[Path], None]] = {".py": _read_python, ".csv": _read_csv}


# --- what is checked -------------------------------------------------------------------------------


def _check(edit: Edit, where: str) -> None:
    """Items that exist, an expression that works, and examples that come out as written."""
    from registry import standards
    from registry.edits.examples import examples, outcomes

    known = set(standards.all_items().get_column("id"))
    read = plan.compile_plan((edit.id,)).columns
    unknown = sorted({*edit.items, *edit.override_items, *read} - known)
    if unknown:
        raise BadInput(where, f"edit {edit.id} speaks of unknown items {', '.join(unknown)}")
    if not edit.passes or not edit.fails:
        raise BadInput(where, f"edit {edit.id} needs an example that passes and one that fails")
    cases = list(examples(edit))
    for case, found in zip(cases, outcomes(edit, cases), strict=True):
        if found != case.kind:
            raise BadInput(
                where, f"edit {edit.id}: the example {case.text!r} {found}, it should be: {case.kind}"
            )
