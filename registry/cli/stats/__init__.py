"""`registry stats`: survival, rates, trends, prevalence, measures, cohorts, counts; each loaded when it is run."""

from __future__ import annotations

import click

from registry.cli.lazy import LazyGroup

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


@click.group(
    cls=LazyGroup, table=COMMANDS, package=__name__, epilog="Example: registry stats survival --by stage"
)
def stats() -> None:
    """Survival, rates, trends, prevalence, quality measures; counts."""
