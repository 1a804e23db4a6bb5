"""Trends over years: annual percent change and joinpoints."""

from __future__ import annotations

from registry.analytics.trend.average import average_percent_change
from registry.analytics.trend.comparison import TrendComparison, compare_trends
from registry.analytics.trend.groups import Trends, trends
from registry.analytics.trend.model import JoinpointModel, joinpoint
from registry.analytics.trend.percent_change import annual_percent_change, poisson_percent_change

__all__ = [
    "JoinpointModel",
    "TrendComparison",
    "Trends",
    "annual_percent_change",
    "average_percent_change",
    "compare_trends",
    "joinpoint",
    "poisson_percent_change",
    "trends",
]
