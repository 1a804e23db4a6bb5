"""`registry stats`: survival and counts."""

from __future__ import annotations

import click

from registry.cli import output
from registry.cli.options import Options, global_options


@click.group(epilog="Example: registry stats survival --by stage")
def stats() -> None:
    """Survival and counts."""


@stats.command("survival", epilog="Example: registry stats survival --by stage --site Breast")
@click.option("--by", help="site, stage or sex.")
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2.")
@click.option("--stage", help="Only this stage.")
@click.option("--from", "year_from", type=int, help="First diagnosis year.")
@click.option("--to", "year_to", type=int, help="Last diagnosis year.")
@global_options
def stats_survival(options: Options, **filters: object) -> None:
    """Kaplan–Meier survival at 1, 2, 3, 5 and 10 years, with confidence limits and exclusions."""
    with options.connect() as session:
        answer = session.run("survival.kaplan_meier", **filters)
    if options.as_json:
        click.echo(output.as_json(answer))
        return
    click.echo(output.table(answer["at_years"]))
    click.echo(output.table(answer["exclusions"]))
    click.echo(answer["note"])


@stats.command("overview", epilog="Example: registry stats overview")
@global_options
def stats_overview(options: Options) -> None:
    """What the registry holds, in key figures."""
    with options.connect() as session:
        answer = session.run("overview.summary")
    options.answer(answer, output.pairs(answer))


@stats.command("counts", epilog="Example: registry stats counts --by diagnosis_year")
@click.option(
    "--by", default="diagnosis_year", show_default=True, help="diagnosis_year, site, sex, stage, facility."
)
@global_options
def stats_counts(options: Options, by: str) -> None:
    """Tumors by one characteristic."""
    with options.connect() as session:
        frame = session.run("overview.counts", by=by)
    options.answer(frame, output.table(frame, limit=200))
