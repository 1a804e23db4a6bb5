"""Outcomes of hospitals: stage, treatment, delays, measures, observed and expected deaths, funnel plots, patient flow.

Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "binomial_limits": "funnel_plot",
    "case_mix": "expected",
    "clopper_pearson": "limits",
    "combinations": "treatment",
    "flow_group": "class_of_case",
    "funnel": "funnel_plot",
    "funnel_lines": "funnel_plot",
    "funnel_of_ratios": "funnel_plot",
    "modality_shares": "treatment",
    "observed_expected": "expected",
    "poisson_limits": "funnel_plot",
    "ratio_lines": "funnel_plot",
    "stage_distribution": "stage_mix",
    "stage_migration": "stage_mix",
    "time_to": "delays",
    "begun_curve": "delays",
    "transfers": "class_of_case",
    "wilson": "limits",
    "with_treatment": "treatment",
}
__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"registry.analytics.outcomes.{_HOME[name]}"), name)
