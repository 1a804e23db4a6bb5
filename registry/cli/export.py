"""`registry export`: files that leave for a state or a program."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.command(epilog="Example: registry export --state NY --year 2024 --out ny-2024.xml")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False), help="File to write (.xml or .xml.gz)."
)
@click.option("--record-type", default="I", show_default=True, type=click.Choice(["I", "C", "A", "M"]))
@click.option(
    "--naaccr-version", help="140 to 260 (default: the newest installed); items not legal there are listed."
)
@click.option("--state", help="Residents of this state at diagnosis.")
@click.option("--year", type=int, help="Diagnosis year.")
@click.option("--to-year", "year_to", type=int, help="Last diagnosis year, with --year as the first.")
@click.option("--facility", help="Only this facility's abstracts (types A and M).")
@click.option(
    "--mark-exported", is_flag=True, help="Complete abstracts in the file become `exported` (types A and M)."
)
@click.option("--time-generated", help="Time for the file's header, for byte-equal files (default: now).")
@global_options
def export(options: Options, out: str, **arguments: object) -> int:
    """Write a validated NAACCR XML file with a manifest. Exit code 1 when it holds errors."""
    with options.connect() as session:
        result = session.run("export.naaccr_xml", out=str(Path(out).absolute()), **arguments)
    if options.as_json:
        click.echo(output.as_json(result))
    else:
        click.echo(
            f"{out}: {result['patients']:,} patients, {result['tumors']:,} tumors, {result['items']:,} items; "
            f"{result['errors']} errors, {result['warnings']} warnings"
        )
        for why, abstracts in result["not_taken"].items():
            options.remark(f"left out, {why}: {abstracts:,} abstracts")
        if not result["tumors"]:
            options.remark("nobody fits: check state, years and facility (`registry stats counts`)")
        if result["left_out"]:
            left = ", ".join(f"{item} ({n:,})" for item, n in result["left_out"].items())
            options.remark(
                f"not legal in version {result['naaccr_version']} type {result['record_type']}, left out: {left}"
            )
        for line in result["messages"]:
            options.remark(f"  {line}")
    return 1 if result["errors"] else 0
