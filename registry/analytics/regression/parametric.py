"""Parametric survival regression: Weibull, log-normal, log-logistic (by lifelines) and exponential.

All are models of accelerated time: a coefficient is the change of log time, its exponential the ratio of times.
Source: Kalbfleisch JD, Prentice RL, The Statistical Analysis of Failure Time Data, 2002, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from registry.analytics.regression.design import design
from registry.errors import BadInput

FITTERS = {
    "weibull": "WeibullAFTFitter",
    "log-normal": "LogNormalAFTFitter",
    "log-logistic": "LogLogisticAFTFitter",
}
PARAMETERS = {
    "WeibullAFTFitter": ("lambda_", "rho_"),
    "LogNormalAFTFitter": ("mu_", "sigma_"),
    "LogLogisticAFTFitter": ("alpha_", "beta_"),
}
INTERCEPT = "(intercept)"
SCALE = "(log scale)"


@dataclass(frozen=True)
class ParametricFit:
    """A fitted model; `terms`: term, coef, se, z, p, time_ratio, lower, upper, the intercept and the log scale last."""

    model: str
    terms: pl.DataFrame
    loglik: float
    aic: float
    n: int
    n_event: int


def parametric(
    frame: pl.DataFrame,
    covariates: Sequence[str],
    *,
    model: str = "weibull",
    time: str = "days",
    event: str = "dead",
    level: float = 0.95,
) -> ParametricFit:
    """Fit the model.

    Args:
        frame: one row a person. covariates: columns, text has a term a level. model: weibull, log-normal, log-logistic or exponential.
        time, event: end of observation (above 0) and whether the event happened then. level: of the limits.

    Returns:
        ParametricFit; rows with an unknown value are left out. The log scale is that of the error of log time (0 and without error for
        exponential).

    >>> frame = pl.DataFrame({"days": [2.0, 4.0, 3.0, 9.0], "dead": [1, 1, 1, 0], "arm": ["a", "a", "b", "b"]})
    >>> fit = parametric(frame, ["arm"], model="exponential")
    >>> fit.terms.select("term", pl.col("time_ratio").round(6)).rows()[0], fit.n_event
    (('arm=b', 4.0), 3)
    """
    if model not in (*FITTERS, "exponential"):
        raise BadInput("survival model", f'"{model}" is none', f"use {', '.join((*FITTERS, 'exponential'))}")
    made = design(frame, covariates, [time, event])
    people = frame.filter(pl.Series(made.kept)) if frame.height else frame
    stop = people[time].cast(pl.Float64).to_numpy()
    dead = people[event].cast(pl.Int64).to_numpy()
    if not np.isin(dead, (0, 1)).all() or not dead.any():
        raise BadInput("survival model", f"{event} has no events, or other values than true/false")
    if (stop <= 0).any():
        raise BadInput(
            "survival model", f"{(stop <= 0).sum()} rows have no time above 0", "leave them out first"
        )
    whole = np.column_stack([np.ones(stop.size), made.matrix])
    if np.linalg.matrix_rank(whole) < whole.shape[1]:
        raise BadInput("survival model", "a term is constant or follows from the others", "leave it out")
    names = [*made.terms, INTERCEPT, SCALE]
    if model == "exponential":
        coef, error, loglik = _exponential(made.matrix, stop, dead)
    else:
        coef, error, loglik = _lifelines(FITTERS[model], made.matrix, stop, dead)
    width = NormalDist().inv_cdf(0.5 + level / 2)
    z = np.divide(coef, error, out=np.full(coef.size, np.nan), where=error > 0)
    terms = pl.DataFrame({
        "term": names, "coef": coef, "se": error, "z": z,
        "p": [math.erfc(abs(value) / math.sqrt(2)) for value in z], "time_ratio": np.exp(coef),
        "lower": np.exp(coef - width * error), "upper": np.exp(coef + width * error),
    }).with_columns(pl.col("z", "p").fill_nan(None))  # fmt: skip
    free = len(names) - (model == "exponential")
    return ParametricFit(model, terms, loglik, 2 * free - 2 * loglik, stop.size, int(dead.sum()))


def _lifelines(
    name: str, matrix: np.ndarray, stop: np.ndarray, dead: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, intercept and log scale with their errors, and the log likelihood."""
    import warnings

    import lifelines
    import pandas as pd

    columns = [f"x{place}" for place in range(matrix.shape[1])]
    centre, scale = matrix.mean(axis=0), matrix.std(axis=0)
    table = pd.DataFrame((matrix - centre) / scale, columns=columns).assign(
        stop=stop / stop.mean(), dead=dead
    )
    fitter = getattr(lifelines, name)()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter.fit(table, "stop", "dead", fit_options={"ftol": 1e-14})
    except (lifelines.exceptions.ConvergenceError, np.linalg.LinAlgError) as fault:
        raise BadInput("survival model", "the fit does not converge", "leave a covariate out") from fault
    first, other = PARAMETERS[name]
    keys = [*((first, column) for column in columns), (first, "Intercept"), (other, "Intercept")]
    params = fitter.params_.loc[keys].to_numpy(dtype=float)
    where = [list(fitter.params_.index).index(key) for key in keys]
    covariance = fitter.variance_matrix_.to_numpy()[np.ix_(where, where)]
    # back to the given units: coefficients by the columns' scale, the intercept at zero and in the given time
    change = np.eye(len(keys))
    inner = len(columns)
    change[:inner, :inner] = np.diag(1 / scale)
    change[inner, :inner] = -centre / scale
    change[-1, -1] = 1.0 if other == "sigma_" else -1.0  # a shape is the inverse of the scale
    coef = change @ params
    coef[inner] += math.log(stop.mean())
    error = np.sqrt(np.diag(change @ covariance @ change.T))
    loglik = float(fitter.log_likelihood_) - float(dead.sum()) * math.log(stop.mean())
    return coef, error, loglik


def _exponential(
    matrix: np.ndarray, stop: np.ndarray, dead: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Newton steps of the exponential model; the log scale is 0."""
    whole = np.column_stack([matrix, np.ones(stop.size)])
    scale = np.abs(whole).max(axis=0)
    whole = whole / scale
    beta = np.zeros(whole.shape[1])
    beta[-1] = math.log(stop.sum() / dead.sum())
    for _ in range(60):
        expected = stop * np.exp(-whole @ beta)
        score = whole.T @ (expected - dead)
        move = np.linalg.solve((whole * expected[:, None]).T @ whole, score)
        beta += np.clip(move, -5, 5)
        if np.abs(move).max() < 1e-12:
            break
    if np.abs(beta).max() > 30 + abs(math.log(stop.max())):
        raise BadInput("survival model", "the fit does not converge", "leave a covariate out")
    expected = stop * np.exp(-whole @ beta)
    covariance = np.linalg.inv((whole * expected[:, None]).T @ whole)
    loglik = float(-(dead * (whole @ beta)).sum() - expected.sum())
    return np.append(beta / scale, 0.0), np.append(np.sqrt(np.diag(covariance)) / scale, 0.0), loglik
