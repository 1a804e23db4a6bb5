"""Writes docs/reference/edits/: an index, and a page a category, from the definitions and their examples.

`python -m tools.edit_manual` rewrites them, `--check` only says whether they are current (exit 1 if
not). A test does the same, so the manual never lags behind the rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from registry import edits
from registry.edits.examples import AS_OF, OVERRIDDEN, PASSES, Example, examples
from tools import markdown

FOLDER = markdown.REFERENCE / "edits"
GENERATED = markdown.generated("tools.edit_manual")


def pages() -> dict[Path, str]:
    """Text of each page by its path."""
    every = list(edits.all_edits().values())
    in_set = {name: set(edits.edit_ids(name)) for name in edits.names() if name != "all"}
    made = {FOLDER / "README.md": "\n".join(_index(every))}
    for category in sorted({edit.category for edit in every}):
        members = [edit for edit in every if edit.category == category]
        made[FOLDER / f"{category}.md"] = "\n".join(_page(category, members, in_set))
    return made


def _index(every: list[edits.Edit]) -> Iterator[str]:
    yield "# Edits\n"
    yield GENERATED
    yield (
        f"{len(every)} edits. An *error* must be fixed, a *review* may be over-ridden after a look at the record, a "
        "*warning* informs. An edit over several items is asked only when every item it needs is filled and valid.\n"
    )
    counts = pl.DataFrame([{"category": e.category, "severity": e.severity} for e in every])
    table = counts.pivot("severity", index="category", values="severity", aggregate_function="len").sort(
        "category"
    )
    severities = [s for s in (edits.ERROR, edits.REVIEW, edits.WARNING) if s in table.columns]
    yield from markdown.table(
        ["category", *severities],
        [
            [f"[{category}]({category}.md)", *(str(v or 0) for v in rest)]
            for category, *rest in table.select("category", *severities).rows()
        ],
    )
    yield from markdown.table(
        ["edit", "severity", "level", "rule"],
        [[f"[{e.id}]({e.category}.md#{e.id})", e.severity, e.level, e.message] for e in every],
    )


def _page(category: str, members: list[edits.Edit], in_set: dict[str, set[str]]) -> Iterator[str]:
    yield f"# Edits: {category}\n"
    yield GENERATED
    yield (
        f"{len(members)} edits. Examples are judged as of {AS_OF:%Y-%m-%d}; dates are YYYY, YYYYMM or YYYYMMDD, (blank) "
        "is a blank item; `@` marks what the platform knows of an over-ride. [All edits](README.md)\n"
    )
    for edit in members:
        yield from _edit(edit, [name for name, ids in in_set.items() if edit.id in ids])


def _edit(edit: edits.Edit, sets: list[str]) -> Iterator[str]:
    yield f"## {edit.id}\n"
    yield f"> {edit.message}\n"
    if meaning := " ".join((edit.expression.__doc__ or "").split()):
        yield f"{meaning}\n"
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
            rows.append([*cells, _verdict(example)])
    yield from markdown.table(header, rows)


def _verdict(example: Example) -> str:
    if example.kind == PASSES:
        return PASSES
    flags = ", ".join(f"{item} = {code}" for item, code in example.flags)
    words = {"reviews": "fails as a review", OVERRIDDEN: "over-ridden"}
    return f"{words.get(example.kind, example.kind)}{f' ({flags})' if flags else ''}"


def _records(example: Example) -> list[list[str]]:
    frame = example.records().select(example.edit.columns)
    return [[value or "(blank)" for value in row] for row in frame.rows()]


def main() -> int:
    """Write the pages, or with --check say which are stale."""
    return markdown.write(pages(), __doc__ or "", [FOLDER])


if __name__ == "__main__":
    sys.exit(main())
