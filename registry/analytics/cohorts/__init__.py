"""Who is in a figure, who was left out and why."""

from __future__ import annotations

from registry.analytics.cohorts.survival_cohort import SurvivalRules, survival_cohort

__all__ = ["SurvivalRules", "survival_cohort"]
