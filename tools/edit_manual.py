"""Writes docs/reference/edits.md from the definitions and their examples.

`python -m tools.edit_manual` rewrites it, `--check` only says whether it is current (exit 1 if not). A test does the same, so the manual never lags behind the rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import polars as pl

from registry import edits
from registry.edits.examples import AS_OF, Example, examples
from tools import markdown
from tools.markdown import REFERENCE

GENERATED = markdown.generated("tools.edit_manual")


def pages() -> dict[Path, str]:
    """Text of each page by its path."""
    return {REFERENCE / "edits.md": edit_page()}


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
    yield from markdown.table(
        ["category", *severities],
        [[str(v or 0) for v in row] for row in table.select("category", *severities).rows()],
    )


def _edit(edit: edits.Edit, sets: list[str]) -> Iterator[str]:
    yield f"### {edit.id}\n"
    yield f"> {edit.message}\n"
    facts = [f"**{edit.severity}**, {edit.level}, version {edit.version}, sets: {', '.join(sets) or 'none'}."]
    facts.append(f"Items: {markdown.names(edit.items)}.")
    needed = [item.replace("|", "` or `") for item in edit.requires]
    if needed and set(edit.requires) != set(edit.items):
        facts.append(f"Asked when filled and valid: {markdown.names(needed)}.")
    if edit.effective_years:
        since, until = edit.effective_years
        facts.append(f"Diagnosis years {since or '…'} to {until or '…'}.")
    if edit.override_items:
        codes = ", ".join(edit.override_codes)
        facts.append(f"Over-ride: {markdown.names(edit.override_items)} = {codes}.")
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
    yield from markdown.table(header, rows)


def _records(example: Example) -> list[list[str]]:
    frame = example.records().select(example.edit.columns)
    return [[value or "(blank)" for value in row] for row in frame.rows()]


def main() -> int:
    """Write the page, or with --check say whether it is stale."""
    return markdown.write(pages(), __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
