"""`registry stats prevalence`: people alive on a day who were diagnosed within the years before it."""

from __future__ import annotations

from typing import Any

import click

from registry.cli.options import Options, global_options


@click.command(
    "prevalence", epilog="Example: registry stats prevalence --by site_group,sex --at 2025-01-01 --years 5,10"
)
@click.option("--at", help="The day (YYYY-MM-DD); default 1 January of the year before today.")
@click.option("--years", "durations", help="Durations in whole years, with commas (default 1,3,5,10,20).")
@click.option(
    "--by",
    help="site_group (default), sex, race, state, county, age_group, stage, with commas; none for all together.",
)
@click.option(
    "--which",
    type=click.Choice(["persons", "first", "tumors"]),
    help="Who counts (default: persons, once each).",
)
@click.option("--cohort", help="A saved cohort, or its link text.")
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2.")
@click.option("--source", help="Population table (see registry stats population list).")
@click.option("--profile", help="Disclosure profile: default (11), uscs (16) or a number.")
@global_options
def prevalence(options: Options, durations: str | None, by: str | None, **given: Any) -> int:
    """Limited-duration prevalence by the counting method, with limits and rates; small numbers are hidden."""
    from registry.cli import output
    from registry.cli.stats.rates_database import readable
    from registry.cli.stats.tables import listed

    asked = {name: value for name, value in given.items() if value is not None}
    if durations is not None:
        asked["durations"] = [_whole(text) for text in listed(durations, "--years")]
    if by is not None:
        asked["by"] = [] if by == "none" else listed(by, "--by")
    with options.connect() as session:
        found = session.run("prevalence.table", **asked)
    if options.as_json:
        click.echo(output.as_json(found))
        return 0
    click.echo(output.table(readable(found["table"]), limit=500))
    if found["missing"].height:
        click.echo(output.table(found["missing"]))
    click.echo(output.table(found["exclusions"]))
    click.echo(found["note"])
    return 0


def _whole(text: str) -> int:
    from registry.errors import BadInput

    if not text.isdigit() or not int(text):
        raise BadInput("--years", f"{text!r} is no whole number of years", "such as 5,10")
    return int(text)
