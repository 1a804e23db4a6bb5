"""Observed survival: Kaplan–Meier and what is read from its curve, comparisons of groups."""

from __future__ import annotations

from registry.analytics.survival.actuarial import actuarial
from registry.analytics.survival.conditional import conditional_survival
from registry.analytics.survival.kaplan_meier import kaplan_meier, survival_at
from registry.analytics.survival.log_rank import LogRank, Trend, log_rank, log_rank_trend
from registry.analytics.survival.nelson_aalen import hazard_at, nelson_aalen
from registry.analytics.survival.quantiles import median_survival, quantiles
from registry.analytics.survival.restricted_mean import restricted_mean

__all__ = [
    "LogRank",
    "Trend",
    "conditional_survival",
    "hazard_at",
    "kaplan_meier",
    "actuarial",
    "log_rank",
    "log_rank_trend",
    "median_survival",
    "nelson_aalen",
    "quantiles",
    "restricted_mean",
    "survival_at",
]
