"""`registry stats`: survival, rates, trends, prevalence, measures, cohorts, counts; each loaded when it is run."""

from __future__ import annotations

import importlib

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
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `registry stats --help`, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyStats, epilog="Example: registry stats survival --by stage")
def stats() -> None:
    """Survival, rates, trends, prevalence, quality measures; counts."""
