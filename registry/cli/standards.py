"""Commands about the reference tables: the dictionary, code lists, ICD-O-3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registry.cli import output
from registry.cli.options import Options, global_options

FEW = 60
"""Codes that are listed one by one."""


@click.group(epilog="Example: registry standards install naaccr-27 --dry-run")
def standards() -> None:
    """Published tables: what is installed, and next year's."""


@standards.command("list", epilog="Example: registry standards list")
@global_options
def standards_list(options: Options) -> None:
    """Show which tables are in use: the program's own and those installed, from when and by whom."""
    from registry.standards.build import DATA

    sources = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    if not options.db.exists():
        options.answer({"installed": [], "sources": sources}, sources)
        return
    with options.connect() as session:
        rows = session.run("standards.list")
    shown = rows.with_columns(rows["digest"].str.slice(0, 12)).drop("records")
    remark = "Sources of the program's own tables: registry standards list --json"
    if not rows.filter("in_use")["records"].all():
        remark = "Records are in an older version: registry standards install --dry-run\n" + remark
    options.answer({"installed": rows, "sources": sources}, f"{output.table(shown)}\n{remark}")


@standards.command("install", epilog="Example: registry standards install naaccr-27 --dry-run")
@click.argument("path", metavar="[DIR|FILE]", type=click.Path(), required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would happen; changes nothing.")
@global_options
def standards_install(options: Options, path: str | None, dry_run: bool) -> int:
    """Install next year's dictionary and code lists (DIR as NAACCR publishes it, or one dictionary), a year's
    Cancer PathCHART list of sites and histologies (CSV), or licensed stage groups (CSV, or a staging algorithm's zip).

    Stored values are converted. Without DIR only that is done, after a newer program brought a version.

    Ends with 1 when values cannot be carried or become faulty, as with --dry-run.
    """
    with options.connect() as session:
        result = session.run(
            "standards.install", path=str(Path(path).absolute()) if path else None, dry_run=dry_run
        )
    options.answer(result, _report(result))
    for line in result["warnings"]:
        options.remark(f"  {line}")
    return 1 if result["not_carried"].height or result["new_faults"].height else 0


@standards.command("undo", epilog="Example: registry standards undo")
@global_options
def standards_undo(options: Options) -> int:
    """Take the last installation back: tables and converted values become what they were."""
    with options.connect() as session:
        result = session.run("standards.undo")
    version = result["version_now"]
    now = f"the records are in {version} again" if result["own"] else f"{version} is in use"
    text = f"NAACCR {result['version']} taken back, {now}; {result['restored']:,} values restored"
    parts = [text, *_titled("Edited since, the edit is kept", result["edited"])]
    options.answer(
        result, "\n".join([*parts, *_reasons("Values that stay where they are", result["not_carried"])])
    )
    return 0


def _report(result: dict[str, Any]) -> str:
    """An installation as tables for people."""
    versions = f"NAACCR {result['version_before']} → {result['version']}"
    if not result["changed"]:
        return f"NAACCR {result['version']}: these tables are installed already, nothing changed"
    if result["version"] == result["version_before"] and not result["items"].height:
        versions = f"NAACCR {result['version']} with {', '.join(result['tables'])}"
    done = (
        "would happen (dry run, nothing changed)"
        if result["dry_run"]
        else f"installed as {result['pack_id']}"
    )
    parts = [
        f"{versions}: {done}",
        *_titled("Items", result["items"], limit=1000),
        *_codes(result["codes"]),
        *_titled("Records that convert", result["converts"]),
        *_reasons("Values that cannot be carried", result["not_carried"]),
        *_titled("New faults of stored values", result["new_faults"]),
    ]
    return "\n".join(parts)


def _codes(codes: Any) -> list[str]:
    """Codes that came and went, where they are few; else how many, by item."""
    import polars as pl

    moved = codes.filter(pl.col("change") != "label")
    if moved.height > FEW:
        counted = codes.group_by("item", "change").len("codes").sort("item", "change")
        return _titled("Code lists (each code: --json)", counted, limit=1000)
    shown = moved.select("item", "change", "code", label=pl.coalesce("after", "before"))
    other = codes.height - moved.height
    return [*_titled("Codes", shown, limit=FEW), *([f"and {other:,} other labels (--json)"] if other else [])]


def _reasons(title: str, rows: Any) -> list[str]:
    """Values that have no place: a line each, because the reason is a sentence."""
    lines = [
        f"  {row['records']:,} of {row['item']} ({row['entity']}): {row['reason']}" for row in rows.to_dicts()
    ]
    return ["", f"{title}:", *lines] if lines else ["", f"{title}: none"]


def _titled(title: str, frame: Any, limit: int = 100) -> list[str]:
    return ["", f"{title}:", output.table(frame, limit=limit)] if frame.height else ["", f"{title}: none"]


@standards.command("build", epilog="Example: registry standards build --from ../shared")
@click.option(
    "--from",
    "shared",
    required=True,
    type=click.Path(exists=True, file_okay=False),
    help="Folder with naaccr/ and coding/.",
)
@click.option(
    "--out", type=click.Path(file_okay=False), help="Folder for the tables (default: the package's own)."
)
@global_options
def standards_build(options: Options, shared: str, out: str | None) -> None:
    """Write the program's own tables again from all published files (for who maintains the program)."""
    from registry.coding import build as coding
    from registry.standards import build as base

    counts = base.build(Path(shared), Path(out) / "standards" if out else base.DATA)
    counts |= coding.build(Path(shared), Path(out) / "coding" if out else None)
    counts |= _build_others(options, Path(shared), Path(out) if out else None)
    options.answer(counts, output.pairs(counts))


def _build_others(options: Options, shared: Path, out: Path | None) -> dict[str, int]:
    """Tables of edits, staging and statistics; one whose published files are not there stays as it is, and is named."""
    from registry.analytics.incidence import build as incidence
    from registry.analytics.relative import build as relative
    from registry.edits import build, build_names, build_places
    from registry.errors import NotFound
    from registry.staging import build as staging

    edits = out / "edits" if out else build.TABLE.parent
    schemas = out / "staging" if out else staging.DATA
    statistics = out / "statistics" if out else None
    for folder in (edits, schemas):
        folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for make in (
        lambda: {build.TABLE.name: build.build(shared, edits / build.TABLE.name)},
        lambda: build_places.build(shared, edits),
        lambda: build_names.build(shared, edits),
        lambda: staging.build(shared, schemas),
        lambda: incidence.build(shared, statistics),
        lambda: relative.build(shared, *([statistics] if statistics else [])),
    ):
        try:
            counts |= make()
        except NotFound as error:
            options.remark(f"left as it is: {error}")
    return counts
