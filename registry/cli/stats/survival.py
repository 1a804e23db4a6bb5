"""`registry stats survival`: a question to the database, or with --input from a file to a file."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import click

from registry.cli.options import Options, global_options
from registry.cli.stats.foreign import option_name, refuse
from registry.cli.stats.tables import choose, finish, listed
from registry.errors import BadInput

if TYPE_CHECKING:
    from registry.cli.stats.asked import Asked, Row

HEADER = ("method", "group", "time", "stat", "value")


@dataclass(frozen=True)
class Method:
    """Where a method of the file command is, and the options it can't do without."""

    module: str
    function: str
    needs: tuple[str, ...] = ()

    def rows(self, asked: Asked) -> list[Row]:
        """Its rows, in the order in which they are written."""
        module = importlib.import_module(f"registry.cli.stats.{self.module}")
        return cast("Callable[[Asked], list[Row]]", getattr(module, self.function))(asked)


RELATIVE = ("at", "start", "birth", "sex", "life_table")
METHODS = {
    "kaplan-meier": Method("survival_observed", "kaplan_meier", ("at",)),
    "nelson-aalen": Method("survival_observed", "nelson_aalen", ("at",)),
    "quantiles": Method("survival_observed", "quantiles"),
    "rmst": Method("survival_observed", "rmst", ("at",)),
    "conditional": Method("survival_observed", "conditional", ("at", "given")),
    "life-table": Method("survival_observed", "life_table"),
    "log-rank": Method("survival_tests", "log_rank", ("by",)),
    "peto-peto": Method("survival_tests", "peto_peto", ("by",)),
    "log-rank-trend": Method("survival_tests", "trend", ("by",)),
    "cox": Method("survival_cox", "cox", ("covariates",)),
    "aalen-johansen": Method("survival_competing", "aalen_johansen", ("at", "causes")),
    "gray": Method("survival_competing", "gray", ("by", "causes")),
    "pohar-perme": Method("survival_relative", "pohar_perme", RELATIVE),
    "ederer1": Method("survival_relative", "ederer1", RELATIVE),
    "ederer2": Method("survival_relative", "ederer2", RELATIVE),
    "hakulinen": Method("survival_relative", "hakulinen", RELATIVE),
    "hakulinen-calendar": Method("survival_relative", "hakulinen_calendar", RELATIVE),
}
OF_FILES = (
    "time", "start", "end", "status", "event", "at", "interval", "causes", "birth",
)  # fmt: skip
"""Options that go with --input only."""
OF_DATABASE = (
    "site", "stage", "year_from", "year_to", "cohort", "approach", "intervals", "test", "profile", "as_of", "methods",
)  # fmt: skip
"""Options that don't go with --input."""


@click.command("survival", epilog="Example: registry stats survival --by stage --site Breast")
@click.option(
    "--by", help="Compare groups: site, stage, sex … (up to three: site,stage,sex); with --input a column."
)
@click.option("--site", help="Only this site group.")
@click.option("--sex", help="Only this sex: 1 or 2; with --input the column of the sex.")
@click.option("--stage", help="Only this stage.")
@click.option("--from", "year_from", type=int, help="First diagnosis year.")
@click.option("--to", "year_to", type=int, help="Last diagnosis year.")
@click.option("--cohort", help="A saved cohort, or its link text.")
@click.option(
    "--approach", help="Relative survival: complete (default), cohort, period, hybrid; with --period."
)
@click.option("--test", help="Compare the groups: log-rank, peto, trend, gray or net.")
@click.option("--profile", help="Disclosure profile: default (11), uscs (16) or a number.")
@click.option("--as-of", help="Follow-up ends on this day (default: today).")
@click.option("--input", "input", type=click.Path(), help="A CSV file instead of the database.")
@click.option(
    "--method",
    help=f"See above; with --input, one or more of: {', '.join(METHODS)}.",
)
@click.option("--out", type=click.Path(), help="Write the table here as CSV (default: stdout).")
@click.option("--methods", is_flag=True, default=None, help="Print the text for a methods section too.")
@click.option("--time", help="Column of the time, in days.")
@click.option("--start", help="Column of the first day (YYYY-MM-DD or YYYYMMDD).")
@click.option("--end", help="Column of the last day; time = end − start.")
@click.option("--status", help="Column of the status.")
@click.option("--event", help="Codes of the status that are the event (default: every code but 0).")
@click.option("--strata", help="Strata of cox; with --input a column: log-rank, cox.")
@click.option("--at", help="Times in days: 365.25,1826.25.")
@click.option("--given", help="conditional, conditional-net: having survived so many days (365.25: a year).")
@click.option("--interval", help="life-table: length of an interval in days (default: a month, 365.25/12).")
@click.option(
    "--ci",
    type=click.Choice(["log-log", "log", "plain"]),
    help="Scale of the limits (default: log-log); relative survival has them on the log scale.",
)
@click.option("--covariates", help="cox, excess: age,sex,stage …; with --input columns (cox).")
@click.option("--intervals", help="excess: years that bound its intervals (default: 0,1,2,3,4,5).")
@click.option("--ties", type=click.Choice(["efron", "breslow"]), help="cox (default: efron).")
@click.option("--causes", help="aalen-johansen, gray: name=code,name=code.")
@click.option("--birth", help="Column of the day of birth: relative and net survival.")
@click.option(
    "--life-table",
    type=click.Path(),
    help="Source of the life table; with --input a CSV with sex, year, age, daily_hazard.",
)
@click.option(
    "--period", help="Years FROM:TO of --approach; with --input days, only person-time between these counts."
)
@click.option("--age-weights", help="icss1, icss2, icss3; with --input also a CSV with age_from, weight.")
@global_options
def survival(options: Options, **given: Any) -> int:
    """Survival at 1, 2, 3, 5 and 10 years (Kaplan–Meier), with 95 % limits and exclusions; small numbers are hidden.

    --method asks for another figure of the registry's patients: cause-specific, competing, net, ederer1, ederer2,
    hakulinen, conditional, conditional-net, crude-probability, life-table, nelson-aalen, cox, excess.

    With --input any method on a CSV file, no database: times in days, results in long form
    (method, group, time, stat, value). Rows that can't be used are named and left out (exit code 1).
    """
    if given["input"] is not None:
        return _file(options, given)
    refuse(given, OF_FILES, "goes with --input only", "name a file, or leave it out")
    from registry.cli.stats.survival_database import answer

    return answer(options, given)


def _file(options: Options, given: dict[str, Any]) -> int:
    refuse(given, OF_DATABASE, "does not go with --input", "select the rows beforehand")
    chosen = listed(given["method"], "--method")
    if not chosen:
        raise BadInput("--method", "is needed with --input", f"choose from {', '.join(METHODS)}")
    choose(chosen, METHODS, "--method")
    for name in chosen:
        if lacking := [need for need in METHODS[name].needs if given[need] is None]:
            raise BadInput(f"--method {name}", f"needs {', '.join(map(option_name, lacking))}")
    if "cox" in chosen and given["by"]:
        raise BadInput("--by", "does not go with --method cox", "name the column in --covariates or --strata")
    from registry.cli.stats.asked import read

    asked = read(given, relative=any(METHODS[name].needs == RELATIVE for name in chosen))
    rows = [row for name in chosen for row in (METHODS[name].rows(asked) if asked.people.height else [])]
    finish(HEADER, rows, given["out"], source=given["input"], as_json=options.as_json)
    asked.faults.tell(given["input"], quiet=options.quiet)
    return asked.faults.exit_code
