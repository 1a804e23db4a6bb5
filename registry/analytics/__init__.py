"""Survival, incidence, outcomes, cohorts and disclosure control: pure functions over frames, nothing of a file or a clock.

Names are loaded when they are first used, each from the room that has it.

>>> import polars as pl
>>> from registry import analytics
>>> people = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, True, False]})
>>> analytics.median_survival(analytics.kaplan_meier(people))["time"].item()
5.0
"""

from __future__ import annotations

import importlib
from typing import Any

_ROOMS = {
    "cohorts": ("Cohort", "SurvivalRules", "survival_cohort"),
    "competing": ("GrayTest", "aalen_johansen", "cause_specific", "gray_test"),
    "counts": ("count_table", "counts_by", "number_at_risk"),
    "disclosure": (
        *("Profile", "profiles", "publish_at_risk", "publish_counts", "publish_curve", "publish_flow"),
        *("publish_proportions", "publish_quantiles", "publish_rates", "shown_as"),
        *("suppress", "suppress_at_risk", "suppress_curve"),
    ),
    "incidence": (
        *("age_adjusted_rates", "age_group", "age_specific_rates", "crude_rates", "cumulative_rates"),
        *("delay_flags", "limited_duration_prevalence", "mortality_incidence"),
        *("rate_differences", "rate_ratios", "standardised_incidence_ratios", "standards"),
    ),
    "relative": (
        *("AgeWeights", "ExcessModel", "LifeTable", "NetTest", "age_weights", "approach"),
        *("conditional_net_survival", "crude_probability", "excess_hazard", "expected_hazard"),
        *("expected_survival", "life_table", "net_survival", "net_survival_test", "relative_survival"),
    ),
    "outcomes": (
        *("clopper_pearson", "funnel", "funnel_of_ratios", "observed_expected", "stage_distribution"),
        *("stage_migration", "time_to", "wilson", "with_treatment"),
    ),
    "stages": ("ajcc_comparability", "comparability", "with_ajcc", "with_stage"),
    "regression": ("CoxFit", "cox", "parametric", "predicted_survival", "proportional_hazards"),
    "survival": (
        *("LogRank", "Trend", "actuarial", "conditional_survival", "hazard_at", "kaplan_meier", "log_rank"),
        *("log_rank_trend", "median_survival", "nelson_aalen", "quantiles", "restricted_mean", "survival_at"),
    ),
    "trend": ("JoinpointModel", "annual_percent_change", "joinpoint", "poisson_percent_change"),
}
"""Room → the names it gives here."""
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"registry.analytics.{_HOME[name]}"), name)
