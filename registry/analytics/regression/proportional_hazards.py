"""Are hazards proportional? Do the residuals of a Cox model drift with time?

Source: Grambsch PM, Therneau TM, Biometrika 1994;81:515-526 (the score form that takes the covariance of residuals as constant).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from registry.analytics.regression.cox import CoxFit
from registry.analytics.survival.log_rank import chi_square_tail
from registry.errors import BadInput

TRANSFORMS = ("km", "rank", "identity", "log")


def proportional_hazards(fit: CoxFit, transform: str = "km") -> pl.DataFrame:
    """Test of each term, and of all together.

    Args:
        fit: result of `cox`. transform: the scale of time on which a drift is looked for: km (1 - Kaplan-Meier), rank, identity or log.

    Returns:
        term ("" for all together), chi2, df, p.

    >>> from registry.analytics.regression import cox
    >>> frame = pl.DataFrame({"days": range(1, 9), "dead": [1] * 8, "age": [61, 70, 58, 66, 72, 59, 68, 64]})
    >>> proportional_hazards(cox(frame, ["age"]), "rank").select("term", pl.col("chi2").round(4)).rows()
    [('age', 0.1503), ('', 0.1503)]
    """
    if transform not in TRANSFORMS:
        raise BadInput(
            "proportional hazards", f'"{transform}" is no transform', f"use {', '.join(TRANSFORMS)}"
        )
    sets, matrix = fit.risk_sets, (fit.design.matrix - fit.centre) / fit.scale
    residual = (matrix[sets.dead] - fit.last.mean[sets.at]) * fit.scale
    scale = _transformed(fit, transform)
    scale -= scale.mean()
    spread, events = float(scale @ scale), sets.dead.size
    terms = fit.design.terms
    if spread <= 0:
        raise BadInput("proportional hazards", "all events are at one time", "a drift needs several")
    drift = scale @ residual
    moved = fit.covariance @ drift
    single = events * moved**2 / (np.diag(fit.covariance) * spread)
    every = float(events * drift @ moved / spread)
    chi2, df = [*single.tolist(), every], [1] * len(terms) + [len(terms)]
    return pl.DataFrame({
        "term": [*terms, ""], "chi2": chi2, "df": df,
        "p": [chi_square_tail(value, free) for value, free in zip(chi2, df, strict=True)],
    })  # fmt: skip


def _transformed(fit: CoxFit, transform: str) -> np.ndarray:
    """Time of each event on the scale asked for."""
    sets = fit.risk_sets
    time = sets.times[sets.at]
    if transform == "identity":
        return time.copy()
    if transform == "log":
        return np.log(np.maximum(time, np.finfo(float).tiny))
    if transform == "rank":
        _, place, count = np.unique(time, return_inverse=True, return_counts=True)
        return (np.cumsum(count) - (count - 1) / 2)[place]
    people, died = np.unique(sets.times, return_inverse=True), sets.deaths
    risk = np.bincount(people[1], sets.at_risk(np.ones(sets.size)), people[0].size)
    deaths = np.bincount(people[1], died, people[0].size)
    before = np.concatenate([[1.0], np.cumprod(1 - deaths / risk)[:-1]])
    return 1 - before[np.searchsorted(people[0], time)]
