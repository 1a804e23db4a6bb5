"""Kaplan–Meier of a file, in long form."""

from __future__ import annotations

from typing import cast

from registry.analytics.survival.kaplan_meier import Confidence, survival_at
from registry.analytics.survival.kaplan_meier import kaplan_meier as estimate
from registry.cli.stats.asked import Asked, Row
from registry.cli.stats.tables import number_text

STATS = {
    "n_risk": "at_risk", "n_event": "events", "surv": "survival", "se": "std_error", "lower": "lower",
    "upper": "upper",
}  # fmt: skip


def kaplan_meier(asked: Asked) -> list[Row]:
    """n_risk, n_event, surv, se, lower, upper at each time."""
    people = asked.having("group")
    curve = estimate(people, "time", "event", "group", cast("Confidence", asked.ci))
    values = survival_at(curve, sorted(asked.at), "group", extend=True)
    found = {(row["group"], row["time"]): row for row in values.iter_rows(named=True)}
    return [
        ("kaplan-meier", group, number_text(time), stat, found[group, time][column])
        for group in asked.groups
        for time in asked.at
        for stat, column in STATS.items()
    ]
