"""Commands about the quality of the registry: suites, indicators, reports."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli import output
from registry.cli.options import Options, global_options


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
