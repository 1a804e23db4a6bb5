"""Cox's proportional hazards model.

Own Newton steps over sums of risk sets: Breslow's ties, delayed entry and robust errors come out of the same sums, and a million
rows take seconds. Sources: see `partial_likelihood`; robust variance: Lin DY, Wei LJ, J Am Stat Assoc 1989;84:1074-1078.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from registry.analytics.counts import By, names
from registry.analytics.regression.concordance import concordance
from registry.analytics.regression.design import Design, design
from registry.analytics.regression.partial_likelihood import RiskSets, Step
from registry.errors import BadInput

STEPS = 60
FLAT = 1e-10
RUNAWAY = 12.0
"""A coefficient times its column's range beyond this, with next to no information left, has no finite estimate."""


@dataclass(frozen=True)
class CoxFit:
    """A fitted model.

    `terms`: term, coef, se, (robust_se,) z, p, hazard_ratio, lower, upper. `design`, `risk_sets`, `centre`, `scale` and `last`
    (in units of centred and scaled columns) are what residuals and predictions need.
    """

    terms: pl.DataFrame
    loglik_null: float
    loglik: float
    concordance: float
    n: int
    n_event: int
    covariance: np.ndarray
    ties: str
    design: Design
    risk_sets: RiskSets
    centre: np.ndarray
    scale: np.ndarray
    last: Step

    @property
    def coefficients(self) -> np.ndarray:
        """Log hazard ratios in the order of the terms."""
        return self.terms["coef"].to_numpy()


def cox(
    frame: pl.DataFrame,
    covariates: Sequence[str],
    *,
    time: str = "days",
    event: str = "dead",
    start: str | None = None,
    strata: By = None,
    ties: str = "efron",
    cluster: str | None = None,
    level: float = 0.95,
) -> CoxFit:
    """Fit the model.

    Args:
        frame: one row a person, or with `start` an interval (start, time] of a person. covariates: columns; text has a term a level.
        time, event: end of observation and whether the event happened then (Boolean or 0/1). start: time of entry.
        strata: column(s) with a baseline hazard of their own. ties: efron or breslow. cluster: column of rows that belong together, for robust
            errors; p and limits rest on these then. level: of the limits.

    Returns:
        CoxFit. Rows with an unknown value are left out. Concordance: within strata, equal risks count half.

    Raises:
        BadInput: no events, a term that follows from the others, or one without a finite estimate (separation).

    >>> frame = pl.DataFrame({"days": [1, 2, 3, 4, 5, 6], "dead": [1, 1, 1, 1, 0, 1], "arm": list("ababab")})
    >>> fit = cox(frame, ["arm"])
    >>> fit.terms.select("term", pl.col("coef").round(4)).rows(), fit.n_event
    ([('arm=b', -0.2739)], 5)
    """
    if ties not in ("efron", "breslow"):
        raise BadInput("Cox model", f'"{ties}" is no way with ties', "use efron or breslow")
    layers = names(strata)
    needed = [time, event, *layers, *(name for name in (start, cluster) if name)]
    made = design(frame, covariates, needed)
    people = frame.filter(pl.Series(made.kept)) if frame.height else frame
    stop, dead, entry = _times(people, time, event, start)
    layer = people.select(pl.struct(layers).rank("dense")).to_series().to_numpy() if layers else None
    _check_events(made, dead)
    sets = RiskSets(stop, dead, entry, layer, ties == "efron")
    centre, scale = made.matrix.mean(axis=0), made.matrix.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    matrix = (made.matrix - centre) / scale
    null = sets.step(matrix, np.zeros(matrix.shape[1]))
    _check_rank(made.terms, matrix, null.information)
    beta, last = _newton(sets, matrix, null)
    _check_finite(made.terms, matrix, beta, null, last)
    covariance = np.linalg.inv(last.information) / np.outer(scale, scale)
    robust = None
    if cluster is not None:
        change = score_residuals(sets, matrix, last) * scale @ covariance
        number = np.unique(people[cluster].rank("dense").to_numpy(), return_inverse=True)[1]
        sums = np.column_stack([np.bincount(number, column) for column in change.T])
        robust = sums.T @ sums
    terms = _terms(made.terms, beta / scale, covariance, robust, level)
    # column by column: a matrix product may round equal rows differently, and equal risks count
    risk = sum((made.matrix[:, j] * value for j, value in enumerate(beta / scale)), np.zeros(stop.size))
    c = concordance(risk, stop, dead, entry, layer)
    return CoxFit(
        terms, null.loglik, last.loglik, c, stop.size, int(dead.sum()), covariance if robust is None else robust,
        ties, made, sets, centre, scale, last,
    )  # fmt: skip


def score_residuals(sets: RiskSets, matrix: np.ndarray, step: Step) -> np.ndarray:
    """What each row adds to the score (rows, terms), ties as in the fit."""
    charge = step.risk[:, None] * (matrix * sets.until(step.hazard)[:, None] - sets.until(step.drift))
    residual = -charge
    dead = sets.dead
    residual[dead] += matrix[dead] - step.mean[sets.at]
    residual[dead] += step.risk[dead, None] * (
        matrix[dead] * step.own[sets.at][:, None] - step.own_drift[sets.at]
    )
    return residual


def _times(
    people: pl.DataFrame, time: str, event: str, start: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    kinds = {name: people.schema[name] for name in (time, start) if name}
    if wrong := [name for name, kind in kinds.items() if not kind.is_numeric()]:
        raise BadInput("Cox model", f"{wrong[0]} is no number", "give times as numbers")
    stop = people[time].cast(pl.Float64).to_numpy()
    dead = people[event].cast(pl.Int64).to_numpy()
    entry = people[start].cast(pl.Float64).to_numpy() if start else None
    if not np.isin(dead, (0, 1)).all():
        raise BadInput("Cox model", f"{event} is neither true/false nor 0/1")
    if entry is not None and (entry >= stop).any():
        raise BadInput(
            "Cox model", f"{(entry >= stop).sum()} rows end before they start", "leave them out first"
        )
    return stop, dead.astype(bool), entry


def _check_events(made: Design, dead: np.ndarray) -> None:
    if not dead.any():
        raise BadInput("Cox model", "no events among the rows that have all values")
    if not made.terms:
        raise BadInput("Cox model", "every covariate has one level only", "leave it out")


def _check_rank(terms: list[str], matrix: np.ndarray, information: np.ndarray) -> None:
    """Refuse terms that are constant within risk sets or follow from the terms before them."""
    done: list[int] = []
    for place, name in enumerate(terms):
        own = information[place, place]
        inner = information[np.ix_(done, done)]
        side = information[done, place]
        left = own - side @ np.linalg.solve(inner, side) if done else own
        if not left > 1e-9 * max(own, 1e-300) or own <= 1e-12:
            raise BadInput("Cox model", f"{name} is constant or follows from the other terms", "leave it out")
        done.append(place)


def _check_finite(terms: list[str], matrix: np.ndarray, beta: np.ndarray, null: Step, last: Step) -> None:
    """Refuse terms whose estimate runs away (all events on one side)."""
    reach = np.abs(beta) * np.ptp(matrix, axis=0)
    left = np.diag(last.information) / np.diag(null.information)
    runaway = np.flatnonzero((reach > RUNAWAY) & (left < 1e-3) | ~np.isfinite(beta))
    if runaway.size:
        raise BadInput(
            "Cox model",
            f"{terms[runaway[0]]} has no finite estimate: it separates those with events",
            "leave it out or join levels",
        )


def _newton(sets: RiskSets, matrix: np.ndarray, step: Step) -> tuple[np.ndarray, Step]:
    """Largest partial likelihood from zero, halving steps that lead down."""
    beta = np.zeros(matrix.shape[1])
    for _ in range(STEPS):
        try:
            move = np.linalg.solve(step.information, step.score)
        except np.linalg.LinAlgError:
            break
        if step.score @ move < FLAT * 1e-6 * (1 + abs(step.loglik)):
            break
        with np.errstate(all="ignore"):
            new = sets.step(matrix, beta + move)
        halvings = 0
        while not new.loglik >= step.loglik - 1e-9 * abs(step.loglik) and halvings < 40:
            move /= 2
            halvings += 1
            with np.errstate(all="ignore"):
                new = sets.step(matrix, beta + move)
        beta, step = beta + move, new
        if np.abs(beta).max() > 1e3:
            break
    return beta, step


def _terms(
    names_: list[str], beta: np.ndarray, covariance: np.ndarray, robust: np.ndarray | None, level: float
) -> pl.DataFrame:
    normal = NormalDist()
    width = normal.inv_cdf(0.5 + level / 2)
    naive = np.sqrt(np.diag(covariance))
    error = naive if robust is None else np.sqrt(np.diag(robust))
    z = beta / error
    with np.errstate(over="ignore"):
        columns = {
            "term": names_, "coef": beta, "se": naive, **({} if robust is None else {"robust_se": error}), "z": z,
            "p": [math.erfc(abs(value) / math.sqrt(2)) for value in z], "hazard_ratio": np.exp(beta),
            "lower": np.exp(beta - width * error), "upper": np.exp(beta + width * error),
        }  # fmt: skip
    return pl.DataFrame(columns)
