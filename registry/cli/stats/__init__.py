"""`registry stats`: survival, rates, trends, prevalence, measures, cohorts, counts; each loaded when it is run."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "survival": ("survival:survival", "Survival: observed, net and relative, competing risks, tests, Cox."),
    "rates": ("rates:rates", "Incidence rates: crude, age-specific, age-adjusted, ratios."),
    "trend": ("trend:trend", "Trends of rates: annual percent change, joinpoint."),
    "prevalence": ("prevalence:prevalence", "Limited-duration prevalence."),
    "population": ("population:population", "Populations, life tables and mortality: load, list."),
    "measures": ("measures:measures", "Quality measures of care."),
    "outcomes": (
        "outcomes:outcomes",
        "Outcomes of hospitals: stage, treatment, delays, observed/expected, funnel, volume, flow.",
    ),
    "cohort": ("cohorts:cohorts", "Cohorts: define, save, show who is in them."),
    "overview": ("figures:overview", "What the registry holds, in key figures."),
    "counts": ("figures:counts", "Tumors by one characteristic."),
}
"""Name → (module:function of this package, one line of help)."""


class LazyStats(click.Group):
    """A group whose commands are imported only when they are run or their help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return [
            name
            for name, (place, _) in COMMANDS.items()
            if find_spec(f"{__name__}.{place.split(':', maxsplit=1)[0]}")
        ]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, function = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `registry stats --help`, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyStats, epilog="Example: registry stats survival --by stage")
def stats() -> None:
    """Survival, rates, trends, prevalence, quality measures; counts."""
