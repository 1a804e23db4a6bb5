"""Writes docs/reference/edits.md and derivations.md from the definitions and their examples.

`python -m tools.edit_manual` rewrites them, `--check` only says whether they are current (exit 1 if
not). A test does the same, so the manual never lags behind the rules.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import polars as pl

from registry import edits
from registry.coding.derivation import Derivation, all_derivations
from registry.coding.examples import examples as derivation_examples
from registry.edits.examples import AS_OF, Example, examples

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
GENERATED = "<!-- Written by `python -m tools.edit_manual` from the definitions; change those instead. -->\n"


def pages() -> dict[Path, str]:
    """Text of each page by its path."""
    return {REFERENCE / "edits.md": edit_page(), REFERENCE / "derivations.md": derivation_page()}


def edit_page() -> str:
    """The edit manual."""
    every = list(edits.all_edits().values())
    in_set = {name: set(edits.edit_ids(name)) for name in edits.names() if name != "all"}
    lines = [
        "# Edits\n",
        GENERATED,
        f"{len(every)} edits. An *error* must be fixed, a *review* may be over-ridden after a look at the "
        "record, a *warning* informs. An edit over several items is asked only when every item it needs is "
        f"filled and valid. Examples are judged as of {AS_OF:%Y-%m-%d}; dates are YYYY, YYYYMM or "
        "YYYYMMDD, (blank) is a blank item.\n",
        *_overview(every),
    ]
    for category, members in groupby(sorted(every, key=lambda e: e.category), key=lambda e: e.category):
        lines.append(f"## {category.capitalize()}\n")
        for edit in members:
            lines += _edit(edit, [name for name, ids in in_set.items() if edit.id in ids])
    return "\n".join(lines)


def _overview(every: list[edits.Edit]) -> Iterator[str]:
    counts = pl.DataFrame([{"category": e.category, "severity": e.severity} for e in every])
    table = counts.pivot("severity", index="category", values="severity", aggregate_function="len").sort(
        "category"
    )
    severities = [s for s in (edits.ERROR, edits.REVIEW, edits.WARNING) if s in table.columns]
    yield from _table(
        ["category", *severities],
        [[str(v or 0) for v in row] for row in table.select("category", *severities).rows()],
    )


def _edit(edit: edits.Edit, sets: list[str]) -> Iterator[str]:
    yield f"### {edit.id}\n"
    yield f"> {edit.message}\n"
    facts = [f"**{edit.severity}**, {edit.level}, version {edit.version}, sets: {', '.join(sets) or 'none'}."]
    facts.append(f"Items: {_names(edit.items)}.")
    needed = [item.replace("|", "` or `") for item in edit.requires]
    if needed and set(edit.requires) != set(edit.items):
        facts.append(f"Asked when filled and valid: {_names(needed)}.")
    if edit.effective_years:
        since, until = edit.effective_years
        facts.append(f"Diagnosis years {since or '…'} to {until or '…'}.")
    if edit.override_items:
        codes = ", ".join(edit.override_codes)
        facts.append(f"Over-ride: {_names(edit.override_items)} = {codes}.")
    if edit.naaccr_name:
        facts.append(f"NAACCR edit: {edit.naaccr_name}.")
    facts.append(f"Source: {edit.source}.")
    yield "  \n".join(facts) + "\n"
    if edit.notes:
        yield f"Note: {edit.notes}\n"
    yield from _examples(edit)


def _examples(edit: edits.Edit) -> Iterator[str]:
    several = edit.level == "inter-record"
    header = [*(["example"] if several else []), *edit.columns, "verdict"]
    rows = []
    for number, example in enumerate(examples(edit), 1):
        for record in _records(example):
            cells = [str(number), *record] if several else record
            rows.append([*cells, "fails" if example.fails else "passes"])
    yield from _table(header, rows)


def _records(example: Example) -> list[list[str]]:
    frame = example.records().select(example.edit.columns)
    return [[value or "(blank)" for value in row] for row in frame.rows()]


def derivation_page() -> str:
    """Derived variables."""
    lines = [
        "# Derivations\n",
        GENERATED,
        "Each variable is made by `registry.coding.derive` and is kept with its algorithm and version. "
        "(blank) is a blank item.\n",
    ]
    for one in all_derivations().values():
        lines += _derivation(one)
    return "\n".join(lines)


def _derivation(one: Derivation) -> Iterator[str]:
    text = " ".join((one.make.__doc__ or "").split())
    yield f"## {one.id}\n"
    yield f"{text}\n"
    facts = [f"Version: {one.version}.", f"Inputs: {_names(one.inputs)}.", f"Outputs: {_names(one.outputs)}."]
    if one.parameters:
        facts.append("Examples with " + ", ".join(f"{k} = {v}" for k, v in one.parameters.items()) + ".")
    facts.append(f"Source: {one.source}.")
    yield "  \n".join(facts) + "\n"
    rows = derivation_examples(one).rows()
    yield from _table(list(one.columns), [[value or "(blank)" for value in row] for row in rows])


def _names(items: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{item}`" for item in items)


def _table(header: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def main() -> int:
    """Write the pages, or with --check say which are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = 0
    for path, text in pages().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{path.name}: {'stale' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
