"""Who is in a figure, who was left out and why: one definition, applied, told in words and handed on."""

from __future__ import annotations

from registry.analytics.cohorts.definition import (
    EVERYBODY,
    INCIDENCE,
    SURVIVAL,
    Cohort,
    as_dict,
    cohort_from,
    with_changes,
)
from registry.analytics.cohorts.flow import exclusion_flow
from registry.analytics.cohorts.selection import apply
from registry.analytics.cohorts.sharing import LINK, from_link, from_yaml, to_link, to_yaml
from registry.analytics.cohorts.survival_cohort import SurvivalRules, survival_cohort
from registry.analytics.cohorts.words import describe, methods_text

__all__ = [
    "EVERYBODY",
    "INCIDENCE",
    "LINK",
    "SURVIVAL",
    "Cohort",
    "SurvivalRules",
    "apply",
    "as_dict",
    "cohort_from",
    "describe",
    "exclusion_flow",
    "from_link",
    "from_yaml",
    "methods_text",
    "survival_cohort",
    "to_link",
    "to_yaml",
    "with_changes",
]
