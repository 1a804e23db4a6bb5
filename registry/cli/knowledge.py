"""Commands about the quality of data: edits, suites, indicators."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry edits run")
def edits() -> None:
    """Edits: checks of values, of values against each other, of records of one patient."""


@edits.command("list", epilog="Example: registry edits list --set hospital")
@click.option("--set", "edit_set", default="all", show_default=True)
@global_options
def edits_list(options: Options, edit_set: str) -> None:
    """Show the edits of a set."""
    from registry.edits import listing

    frame = listing(edit_set)
    options.answer(frame, output.table(frame, limit=400))


@edits.command("run", epilog="Example: registry edits run --set central")
@click.option(
    "--set", "edit_set", default="central", show_default=True, help="hospital, central, submission, all."
)
@click.option("--as-of", help="Day of judgement (default: today).")
@global_options
def edits_run(options: Options, edit_set: str, as_of: str | None) -> int:
    """Judge all records and keep what fails. Exit code 1 when there are open errors."""
    with options.connect() as session:
        result = session.run("quality.run", edit_set=edit_set, as_of=as_of)
        frame = session.run("quality.summary")
    if options.as_json:
        click.echo(output.as_json({**result, "edits": frame.to_dicts()}))
    else:
        click.echo(output.table(frame, limit=15))
        click.echo(
            f"{result['abstracts']:,} abstracts: {result['errors']:,} errors, {result['reviews']:,} to review, "
            f"{result['warnings']:,} warnings; {result['new']:,} new, {result['fixed']:,} fixed"
        )
    return 1 if result["errors"] else 0


@edits.command("failures", epilog="Example: registry edits failures --edit site-sex")
@click.option("--edit", help="Only this edit.")
@click.option("--limit", default=500, show_default=True)
@global_options
def edits_failures(options: Options, edit: str | None, limit: int) -> int:
    """Show open failures. Exit code 1 when there are any."""
    with options.connect() as session:
        frame = session.run("quality.failures", edit=edit, limit=limit)
    shown = frame.select(
        "failure_id", "patient_id", "abstract_id", "facility_id", "edit", "severity", "message"
    )
    options.answer(frame, output.table(shown) if frame.height else "no open failures")
    return 1 if frame.height else 0


@click.group(epilog="Example: registry quality run --docs data-docs")
def quality() -> None:
    """Completeness suites, indicators and data docs."""


@quality.command("run", epilog="Example: registry quality run --docs data-docs")
@click.option(
    "--docs",
    default="data-docs",
    show_default=True,
    type=click.Path(file_okay=False),
    help="Folder for offline data docs.",
)
@global_options
def quality_run(options: Options, docs: str) -> int:
    """Run the Great Expectations suites. Exit code 1 when one fails."""
    from pipelines.check import run_suites

    with options.connect() as session:
        result = run_suites(session, Path(docs))
    if options.as_json:
        click.echo(output.as_json(result))
    else:
        for line in result["failures"]:
            click.echo(f"  {line}")
        click.echo(f"{result['suites_passed']} of {result['suites']} suites passed; {result['data_docs']}")
    return 0 if result["suites_passed"] == result["suites"] else 1


@quality.command("indicators", epilog="Example: registry quality indicators --json")
@global_options
def quality_indicators(options: Options) -> None:
    """Show certification indicators by diagnosis year."""
    with options.connect() as session:
        frame = session.run("quality.indicators")
    options.answer(frame, output.table(frame, limit=400))
