"""Survival that a fitted Cox model predicts for given covariates.

Source: Therneau TM, Grambsch PM, Modeling Survival Data, Springer 2000, 10.2 (expected survival, Efron's and Breslow's hazard).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from registry.analytics.regression.cox import CoxFit
from registry.errors import BadInput


def predicted_survival(fit: CoxFit, people: pl.DataFrame, at: Sequence[float]) -> pl.DataFrame:
    """Predicted survival of each row of `people` at the times.

    Args:
        fit: a model without strata. people: columns with the model's covariates, none null. at: times in the unit of the fit.

    Returns:
        row (Int64, from 0), time, survival, std_error (survival scale); by row and time as given.

    >>> from registry.analytics.regression import cox
    >>> frame = pl.DataFrame({"days": [1, 2, 3, 4], "dead": [1, 1, 1, 0], "age": [70, 60, 65, 50]})
    >>> table = predicted_survival(cox(frame, ["age"]), pl.DataFrame({"age": [65]}), [2])
    >>> table["survival"].round(4).to_list()
    [0.3887]
    """
    if fit.risk_sets.first.size > 1:
        raise BadInput("Cox model", "a stratified model has a baseline for each stratum", "fit one stratum")
    matrix = (_matrix(fit, people) - fit.centre) / fit.scale
    step, beta = fit.last, fit.coefficients * fit.scale
    covariance = fit.covariance / np.outer(1 / fit.scale, 1 / fit.scale)
    place = np.searchsorted(fit.risk_sets.times, np.asarray(list(at), dtype=float), side="right")

    def until(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])[place]

    hazard, spread, drift = until(step.hazard), until(step.second), until(step.drift)
    risk = np.exp(matrix @ beta - step.shift)[:, None]
    survival = np.exp(-risk * hazard)
    away = drift[None] - matrix[:, None, :] * hazard[None, :, None]
    variance = risk**2 * (spread + np.einsum("rtp,pq,rtq->rt", away, covariance, away))
    rows, times = len(matrix), len(place)
    return pl.DataFrame({
        "row": np.repeat(np.arange(rows), times), "time": np.tile(np.asarray(list(at), dtype=float), rows),
        "survival": survival.ravel(), "std_error": (survival * np.sqrt(variance)).ravel(),
    })  # fmt: skip


def _matrix(fit: CoxFit, people: pl.DataFrame) -> np.ndarray:
    columns = []
    for term in fit.design.terms:
        name, level = fit.design.origin[term]
        if name not in people.columns or people[name].null_count():
            raise BadInput("Cox model", f"{name} is needed to predict", "give a value for each row")
        value = people[name] if level is None else people[name].cast(pl.String) == level
        columns.append(value.cast(pl.Float64).to_numpy())
    return np.column_stack(columns)
