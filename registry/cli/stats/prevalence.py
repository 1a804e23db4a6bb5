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
    help="Divisions, with commas: site (default), sex, race, state, county, age, stage; none for all together.",
)
@click.option(
    "--which",
    type=click.Choice(["persons", "first", "tumors"]),
    help="Who counts (default: persons, once each).",
)
@click.option("--cohort", help="A saved cohort, or its link text.")
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2.")
@click.option("--source", help="Population table (default: the one in use; registry stats population list).")
@click.option("--profile", help="Disclosure profile: default (11), uscs (16) or a number.")
@click.option("--as-of", help="Data cut-off (2026-10-31; default today).")
@click.option("--out", type=click.Path(), help="Write the table here as CSV (default: stdout).")
@click.option("--methods", is_flag=True, help="Print the text for a methods section too.")
@global_options
def prevalence(
    options: Options, durations: str | None, by: str | None, out: str | None, methods: bool, **given: Any
) -> int:
    """Limited-duration prevalence by the counting method, with limits, and rates per 100,000; small numbers are hidden."""
    from registry.cli.stats.answers import decimals, figures, tell
    from registry.cli.stats.tables import listed

    asked = {name: value for name, value in given.items() if value is not None}
    if durations is not None:
        asked["durations"] = [_whole(text) for text in listed(durations, "--years")]
    if by is not None:
        asked["by"] = [] if by == "none" else listed(by, "--by")
    with options.connect() as session:
        found = session.run("prevalence.table", **asked)
    table = found["table"]
    shown = figures(table, lost_share=decimals(0))
    return tell(options, found, shown, table=table, out=out, methods=bool(methods))


def _whole(text: str) -> int:
    from registry.errors import BadInput

    if not text.isdigit() or not int(text):
        raise BadInput("--years", f"{text!r} is no whole number of years", "such as 5,10")
    return int(text)
