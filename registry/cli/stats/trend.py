"""`registry stats trend`: trends of the registry's rates, or with --input of a file of rates or counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from registry.cli.options import Options, global_options
from registry.cli.stats.foreign import refuse

if TYPE_CHECKING:
    import polars as pl

OF_FILES = ("method", "joinpoints", "permutations", "seed")
OF_DATABASE = ("cohort", "site", "sex", "year_from", "year_to", "source", "profile", "as_of")
METHODS = ("apc", "apc-unweighted", "apc-poisson", "joinpoint")


@click.command("trend", epilog="Example: registry stats trend --by sex --site Breast --max-joinpoints 2")
@click.option(
    "--by", help="Groups, with commas: site, sex, race, state, county, stage; with --input a column."
)
@click.option(
    "--standard", help="us2000 (default), world_segi_doll, europe_2013, or a CSV age_group, weight."
)
@click.option("--max-joinpoints", type=click.IntRange(0), help="Choose between 0 and this many (default: 3).")
@click.option("--select", help="How the number is chosen: bic (default), bic3, wbic or permutation.")
@click.option("--cohort", help="A saved cohort, or its link text.")
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2.")
@click.option("--from", "year_from", type=int, help="First diagnosis year.")
@click.option("--to", "year_to", type=int, help="Last diagnosis year.")
@click.option("--source", help="Population table (default: the one in use; registry stats population list).")
@click.option("--profile", help="Disclosure profile: default (11), uscs (16) or a number.")
@click.option(
    "--input",
    type=click.Path(),
    help="A CSV file instead of the database: group, year, rate, se; or group, year, age_group, count, population.",
)
@click.option("--method", help=f"With --input, one or more of: {', '.join(METHODS)}.")
@click.option("--joinpoints", type=click.IntRange(0), help="With --input: exactly this many joinpoints.")
@click.option("--permutations", type=click.IntRange(1), help="With --select permutation (default: 4499).")
@click.option("--seed", type=click.IntRange(0), help="With --select permutation (default: 7160).")
@click.option("--as-of", help="Data cut-off (2026-10-31; default today).")
@click.option("--out", type=click.Path(), help="Write the segments here as CSV (default: stdout).")
@click.option("--methods", is_flag=True, default=None, help="Print the text for a methods section too.")
@global_options
def trend(options: Options, **given: Any) -> int:
    """Trends of age-adjusted rates: joinpoints and annual percent change of each segment, with limits.

    With --input from a file, no database: one row a segment (method, group, joinpoints, segment, first_year, last_year,
    apc, lower, upper, p, se_log_slope). Rows that can't be used are named and left out, a series with a rate of 0 is
    named and refused (exit code 1).
    """
    from registry.cli.stats.tables import choose

    if given["select"] is not None:
        choose([given["select"]], ("bic", "bic3", "wbic", "permutation"), "--select")
    if given["input"] is None:
        refuse(given, OF_FILES, "goes with --input only")
        return _database(options, given)
    refuse(given, (*OF_DATABASE, "methods"), "does not go with --input")
    from registry.cli.stats.trend_file import answer

    return answer(options, given)


def _database(options: Options, given: dict[str, Any]) -> int:
    from registry.cli import output
    from registry.cli.stats.answers import MOST_ROWS, tell
    from registry.cli.stats.tables import listed

    names = ("standard", "max_joinpoints", "select", *OF_DATABASE)
    asked = {name: given[name] for name in names if given[name] is not None}
    with options.connect() as session:
        found = session.run("trend.table", by=listed(given["by"], "--by") or None, **asked)
    kept = [found[part] for part in ("segments", "averages", "left_out") if found[part].height]
    parts = [output.table(_readable(frame), limit=MOST_ROWS) for frame in kept]
    return tell(
        options, found, *parts, table=found["segments"], out=given["out"], methods=bool(given["methods"])
    )


def _readable(table: pl.DataFrame) -> pl.DataFrame:
    """The columns for people, with p to the digits that matter."""
    import polars as pl

    shown = table.select(name for name in table.columns if name != "se_log_slope")
    if "p" not in shown.columns:
        return shown
    p = [None if value is None else "<0.0001" if value < 0.0001 else f"{value:.4f}" for value in shown["p"]]
    return shown.with_columns(pl.Series("p", p, dtype=pl.String))
