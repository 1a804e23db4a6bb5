"""`registry stats rates`: rates of the registry, or with --input of a file of counts and populations."""

from __future__ import annotations

from typing import Any

import click

from registry.cli.options import Options, global_options
from registry.cli.stats.foreign import refuse

OF_FILES = ("reference_year",)
OF_DATABASE = (
    "by",
    "measure",
    "cohort",
    "site",
    "sex",
    "year_from",
    "year_to",
    "source",
    "age_from",
    "age_to",
    "profile",
    "as_of",
)


@click.command("rates", epilog="Example: registry stats rates --by site_group --from 2018 --standard us2000")
@click.option(
    "--by",
    help="Divisions, with commas: year (default), site, sex, race, state, county, stage, age.",
)
@click.option("--measure", help="age_adjusted (default), crude, age_specific; cumulative (per cent).")
@click.option("--cohort", help="A saved cohort, or its link text.")
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2.")
@click.option("--from", "year_from", type=int, help="First diagnosis year.")
@click.option("--to", "year_to", type=int, help="Last diagnosis year.")
@click.option("--source", help="Population table (default: the one in use; registry stats population list).")
@click.option("--age-from", type=int, help="cumulative: first age in years (default 0).")
@click.option("--age-to", type=int, help="cumulative: the age in years before which it ends (default 75).")
@click.option("--profile", help="Disclosure profile: default (11), uscs (16) or a number.")
@click.option(
    "--standard",
    help="us2000 (default), world_segi_doll, europe_2013, or a CSV with age_group, weight; with --input several, with commas.",
)
@click.option(
    "--input",
    "input",
    type=click.Path(),
    help="A CSV file instead of the database: group, year, age_group, count, population.",
)
@click.option(
    "--reference-year", type=int, help="With --input: rate ratios and SIR of later years against this one."
)
@click.option("--as-of", help="Data cut-off (2026-10-31; default today).")
@click.option("--out", type=click.Path(), help="Write the table here as CSV (default: stdout).")
@click.option("--methods", is_flag=True, default=None, help="Print the text for a methods section too.")
@global_options
def rates(options: Options, **given: Any) -> int:
    """Incidence rates per 100,000 with confidence limits; small numbers are hidden.

    With --input from a file of counts, no database: results in long form (measure, group, year, age_group, standard,
    stat, value). Rows that can't be used are named and left out (exit code 1).
    """
    if given["input"] is None:
        from registry.cli.stats.rates_database import answer

        refuse(given, OF_FILES, "goes with --input only")
        return answer(options, given)
    from registry.cli.stats.rates_file import answer as of_file

    refuse(given, (*OF_DATABASE, "methods"), "does not go with --input")
    return of_file(options, given)
