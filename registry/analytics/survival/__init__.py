"""Observed survival: Kaplan–Meier and what is read from its curve, comparisons of groups."""

from __future__ import annotations

from registry.analytics.survival.kaplan_meier import kaplan_meier, survival_at
from registry.analytics.survival.log_rank import LogRank, log_rank
from registry.analytics.survival.quantiles import median_survival, quantiles

__all__ = ["LogRank", "kaplan_meier", "log_rank", "median_survival", "quantiles", "survival_at"]
