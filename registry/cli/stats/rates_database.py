"""Rates of the registry's own tumors, as a table for people."""

from __future__ import annotations

from typing import Any

import click
import polars as pl

from registry.cli import output
from registry.cli.options import Options
from registry.cli.stats.tables import listed


def answer(options: Options, given: dict[str, Any]) -> int:
    """Ask the registry and print."""
    wanted = {
        name: given[name] for name in ("cohort", "site", "sex", "year_from", "year_to", "source", "measure")
    }
    wanted |= {name: given[name] for name in ("age_from", "age_to", "profile")}
    asked = {name: value for name, value in wanted.items() if value is not None}
    if given["standard"] is not None:
        asked["standard"] = _standard(given["standard"])
    with options.connect() as session:
        found = session.run("rates.table", by=listed(given["by"], "--by") or ["year"], **asked)
    if options.as_json:
        click.echo(output.as_json(found))
        return 0
    click.echo(output.table(readable(found["table"]), limit=500))
    if found["missing"].height:
        click.echo(output.table(found["missing"], limit=50))
    click.echo(output.table(found["exclusions"]))
    click.echo(found["note"])
    return 0


def _standard(text: str) -> str | dict[str, float]:
    """A known standard by name, or the weights of a file."""
    from registry.analytics.incidence import standards
    from registry.cli.stats.counts_file import standards_named
    from registry.errors import BadInput

    named = standards_named(text)
    if len(named) > 1:
        raise BadInput("--standard", "only one at a time without --input", "name one")
    ((name, one),) = named.items()
    return (
        name if name in set(standards()["standard"]) else dict(zip(one.age_groups, one.weights, strict=True))
    )


def readable(table: pl.DataFrame) -> pl.DataFrame:
    """Numbers with the digits that a reader needs."""
    return table.with_columns(pl.col(pl.Float64).round(3))
