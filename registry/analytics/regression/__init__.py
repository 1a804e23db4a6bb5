"""Regression for survival times: Cox's model, its check and its predictions, parametric models."""

from __future__ import annotations

from registry.analytics.regression.cox import CoxFit, cox
from registry.analytics.regression.parametric import ParametricFit, parametric
from registry.analytics.regression.prediction import predicted_survival
from registry.analytics.regression.proportional_hazards import proportional_hazards

__all__ = ["CoxFit", "ParametricFit", "cox", "parametric", "predicted_survival", "proportional_hazards"]
