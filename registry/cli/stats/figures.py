"""`registry stats overview` and `counts`: what the registry holds."""

from __future__ import annotations

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.command("overview", epilog="Example: registry stats overview")
@global_options
def overview(options: Options) -> None:
    """What the registry holds, in key figures."""
    with options.connect() as session:
        answer = session.run("overview.summary")
    options.answer(answer, output.pairs(answer))


@click.command("counts", epilog="Example: registry stats counts --by diagnosis_year")
@click.option(
    "--by", default="diagnosis_year", show_default=True, help="diagnosis_year, site, sex, stage, facility."
)
@global_options
def counts(options: Options, by: str) -> None:
    """Tumors by one characteristic."""
    with options.connect() as session:
        frame = session.run("overview.counts", by=by)
    options.answer(frame, output.table(frame, limit=200))
