"""Commands about NAACCR files; they need no database."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.data import expand
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry naaccr validate abstracts.xml.gz")
def naaccr() -> None:
    """NAACCR XML files, without a database."""


@naaccr.command("validate", epilog="Example: registry naaccr validate abstracts.xml.gz")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--dictionary",
    "dictionaries",
    multiple=True,
    type=click.Path(exists=True),
    help="User-defined dictionary.",
)
@click.option("--limit", default=50, show_default=True, help="Faults shown a file.")
@global_options
def naaccr_validate(
    options: Options, files: tuple[str, ...], dictionaries: tuple[str, ...], limit: int
) -> int:
    """List every fault of the files: place, item, value, what was expected. Exit code 1 when there are errors."""
    worst = 0
    for name in expand(files):
        summary, faults = _validated(name, dictionaries)
        errors = summary["errors"]
        worst = max(worst, 1 if errors else 0)
        if options.as_json:
            click.echo(output.as_json({**summary, "list": faults.to_dicts()}))
            continue
        for row in faults.head(limit).iter_rows(named=True):
            click.echo(f"{name}:{row['line']} {row['severity']}: {row['message']}")
        click.echo(
            f"{name}: {summary['patients']:,} patients, {summary['tumors']:,} tumors, {summary['items']:,} items; "
            f"{errors:,} errors, {summary['warnings']:,} warnings"
        )
    return worst


def _validated(name: str, dictionaries: tuple[str, ...]):  # type: ignore[no-untyped-def]
    import polars as pl

    from registry.formats import iter_naaccr_xml

    patients = tumors = items = 0
    faults = []
    version = kind = None
    for batch in iter_naaccr_xml(name, dictionary=list(dictionaries)):
        patients += batch.patients.height
        tumors += batch.tumors.height
        items += batch.items.height
        faults.append(batch.errors)
        version, kind = batch.header.version, batch.header.record_type
    every = pl.concat(faults)
    errors = every.filter(pl.col("severity") == "error").height
    return {
        "file": name, "naaccr_version": version, "record_type": kind, "patients": patients, "tumors": tumors,
        "items": items, "errors": errors, "warnings": every.height - errors,
    }, every  # fmt: skip


@naaccr.command("read", epilog="Example: registry naaccr read abstracts.xml --out tables")
@click.argument("file", type=click.Path())
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Folder for the tables.")
@click.option(
    "--dictionary",
    "dictionaries",
    multiple=True,
    type=click.Path(exists=True),
    help="User-defined dictionary.",
)
@global_options
def naaccr_read(options: Options, file: str, out: str, dictionaries: tuple[str, ...]) -> None:
    """Write patients.parquet, tumors.parquet, items.parquet and faults.parquet of a NAACCR XML file."""
    from registry.formats import read_naaccr_xml

    batch = read_naaccr_xml(file, dictionary=list(dictionaries))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "patients": batch.patients,
        "tumors": batch.tumors,
        "items": batch.items,
        "faults": batch.errors,
    }
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    counts = {name: frame.height for name, frame in tables.items()}
    options.answer({"file": file, "out": out, **counts}, output.pairs(counts))
