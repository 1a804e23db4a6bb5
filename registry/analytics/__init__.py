"""Survival, counts and disclosure control: pure functions over frames, nothing of a file or a clock.

>>> import polars as pl
>>> from registry import analytics
>>> people = pl.DataFrame({"months": [2, 5, 5, 9], "dead": [True, True, True, False]})
>>> analytics.median_survival(analytics.kaplan_meier(people))["time"].item()
5.0
"""

from __future__ import annotations

from registry.analytics.cohort import SurvivalRules, survival_cohort
from registry.analytics.comparison import LogRank, log_rank
from registry.analytics.counts import count_table, counts_by, number_at_risk
from registry.analytics.disclosure import (
    Profile,
    profiles,
    suppress,
    suppress_at_risk,
    suppress_curve,
)
from registry.analytics.survival import kaplan_meier, median_survival, quantiles, survival_at

__all__ = [
    "LogRank",
    "Profile",
    "SurvivalRules",
    "count_table",
    "counts_by",
    "kaplan_meier",
    "log_rank",
    "median_survival",
    "number_at_risk",
    "profiles",
    "quantiles",
    "suppress",
    "suppress_at_risk",
    "suppress_curve",
    "survival_at",
    "survival_cohort",
]
