"""Excess hazard model: how the hazard of death beyond the population's depends on sex, stage, age and time.

Deaths in each stretch of follow-up are Poisson with mean expected deaths + person-years * exp(covariates): a generalised linear
model with a link of its own. Source: Dickman PW, Sloggett A, Hills M, Hakulinen T, Stat Med 2004;23:51-64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.relative import curves, people
from registry.analytics.relative.expected import hazard_at
from registry.analytics.relative.life_table import YEAR, LifeTable
from registry.analytics.relative.people import People, Period
from registry.errors import BadInput

_WHERE = "excess hazard"
STEPS = 100
CLOSE = 1e-12


@dataclass(frozen=True)
class ExcessModel:
    """A fitted model.

    `coefficients`: term, coef, se, ratio (excess hazard ratio; for the follow-up terms the baseline excess hazard a year),
    lower, upper, p (Wald). `rows` is how many stretches of follow-up (people with the same covariates are one), `deaths` how many deaths in them.
    """

    coefficients: pl.DataFrame
    deviance: float
    degrees_of_freedom: int
    log_likelihood: float
    rows: int
    deaths: int
    covariance: np.ndarray


def excess_hazard(
    frame: pl.DataFrame,
    life_table: LifeTable,
    covariates: Sequence[str],
    cuts: Sequence[float] = (0, 365.25, 730.5, 1095.75, 1461, 1826.25),
    varying: Sequence[str] = (),
    period: Period = None,
    level: float = 0.95,
    year: float = YEAR,
    **columns: Any,
) -> ExcessModel:
    """Fit excess hazards by Poisson regression.

    Args:
        frame, life_table, period, **columns: as in `net_survival`.
        covariates: columns without missing values; a number enters as it is, anything else as one term a level, the first in
            order is the reference.
        cuts: days between which the baseline excess hazard is constant; follow-up outside does not count.
        varying: covariates whose effect differs from interval to interval (non-proportional excess hazards).
        level: confidence level.
        year: days a year of the baseline hazard.

    Raises:
        BadInput: a column or value is missing, cuts do not rise, an interval has no deaths, or terms cannot be told apart.

    >>> import datetime as dt
    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100.0, 365.25, 300.0, 365.25], "dead": [True, False] * 2, "start": [day] * 4,
    ...     "born": [dt.date(1940, 1, 1)] * 4, "sex": ["1"] * 4, "stage": ["I", "I", "II", "II"]})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [0.0]}))
    >>> model = excess_hazard(people, table, ["stage"], cuts=[0, 365.25])
    >>> model.coefficients.select("term", pl.col("ratio").round(4)).rows()  # 1 death in 1.2738 years; ratio to 1 in 1.8214
    [('follow-up 0-365.25', 0.7851), ('stage=II', 0.6994)]
    """
    edges = np.array(curves.check_times(cuts) or [], float)
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise BadInput(_WHERE, "cuts must be two or more rising days")
    unknown = [name for name in [*covariates, *varying] if name not in frame.columns]
    if unknown or not set(varying) <= set(covariates):
        raise BadInput(_WHERE, f"there is no covariate {(unknown or list(varying))[0]}")
    for name in covariates:
        if frame[name].null_count():
            raise BadInput(_WHERE, f"{frame[name].null_count()} rows have no {name}", "leave them out")
    names = curves.names_of(columns)
    who = people.read(frame, life_table, names, None, period)
    time = np.minimum(frame[names.time].cast(pl.Float64).to_numpy(), who.exit)
    table = _collapse(frame, covariates, *_split(who, life_table, time, edges))
    interval = table["interval"].to_numpy()
    died, days, expected = (table[name].to_numpy() for name in ("died", "days", "expected"))
    terms, design = _design(table, covariates, varying, edges, interval)
    _check(design, died, interval, edges, terms)
    return _fit(terms, design, died, days / year, expected, level, len(edges) - 1)


def _split(
    who: People, table: LifeTable, time: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, pl.DataFrame]:
    """Places of people and, row by row: interval, days, died (0/1) and expected deaths of each stretch.

    Expected deaths are the days times the mean hazard of the person over the whole interval, as in the source.
    """
    parts, persons = [], []
    total = _hazard(who, table, edges)
    for number, (low, high) in enumerate(pairwise(edges)):
        begin, end = np.maximum(who.entry, low), np.minimum(time, high)
        on = np.flatnonzero(end > begin)
        days = (end - begin)[on]
        parts.append(
            pl.DataFrame(
                {
                    "interval": np.full(len(on), number),
                    "days": days,
                    "died": (who.died & (time <= high))[on].astype(float),
                    "expected": (total[on, number + 1] - total[on, number]) / (high - low) * days,
                }
            )
        )
        persons.append(on)
    return np.concatenate(persons), pl.concat(parts)


def _collapse(
    frame: pl.DataFrame, covariates: Sequence[str], person: np.ndarray, stretches: pl.DataFrame
) -> pl.DataFrame:
    """One row for all stretches of one interval and the same covariates."""
    keys = [f"covariate {number}" for number in range(len(covariates))]
    found = frame.select(pl.col(name).alias(key) for name, key in zip(covariates, keys, strict=True))
    table = pl.concat([stretches, found[person]], how="horizontal") if keys else stretches
    return (
        table.group_by("interval", *keys)
        .agg(pl.col("days", "died", "expected").sum())
        .sort("interval", *keys)
    )


def _hazard(who: People, table: LifeTable, times: np.ndarray) -> np.ndarray:
    """Cumulative hazard of each person (rows) at rising times (columns) that need not be whole days."""
    low = np.floor(times).astype(np.int64)
    days = np.union1d(low, np.ceil(times).astype(np.int64))
    for_ever = replace(who, exit=np.full(len(who), days[-1]))
    total = hazard_at(for_ever, table, days)
    below, above = (total[:, np.searchsorted(days, day)] for day in (low, np.ceil(times)))
    return below + (times - low) * (above - below)


def _design(
    table: pl.DataFrame,
    covariates: Sequence[str],
    varying: Sequence[str],
    edges: np.ndarray,
    interval: np.ndarray,
) -> tuple[list[str], np.ndarray]:
    labels = [f"{low:g}-{high:g}" for low, high in pairwise(edges)]
    inside = [(interval == number).astype(float) for number in range(len(labels))]
    terms = [f"follow-up {label}" for label in labels]
    columns = list(inside)
    for number, name in enumerate(covariates):
        for term, values in _terms(table[f"covariate {number}"].alias(name)):
            if name in varying:
                terms += [f"{term}, follow-up {label}" for label in labels]
                columns += [values * there for there in inside]
            else:
                terms.append(term)
                columns.append(values)
    return terms, np.column_stack(columns)


def _terms(values: pl.Series) -> list[tuple[str, np.ndarray]]:
    if values.dtype.is_numeric():
        return [(values.name, values.cast(pl.Float64).to_numpy())]
    text = values.cast(pl.String)
    levels = text.unique().sort().to_list()
    return [(f"{values.name}={level}", (text == level).cast(pl.Float64).to_numpy()) for level in levels[1:]]


def _check(
    design: np.ndarray, died: np.ndarray, interval: np.ndarray, edges: np.ndarray, terms: list[str]
) -> None:
    deaths = np.bincount(interval, died, len(edges) - 1)
    if not (deaths > 0).all():
        empty = int(np.flatnonzero(deaths == 0)[0])
        what = f"nobody died between day {edges[empty]:g} and {edges[empty + 1]:g}"
        raise BadInput(_WHERE, what, "use fewer cuts")
    if not np.isfinite(design).all():
        raise BadInput(_WHERE, "a covariate is not finite")
    if np.linalg.matrix_rank(design.T @ design, hermitian=True) < len(terms):
        raise BadInput(_WHERE, "the covariates can't be told apart", "leave one of them out")


def _fit(
    terms: list[str], design: np.ndarray, died: np.ndarray, years: np.ndarray, expected: np.ndarray, level: float,
    intervals: int,
) -> ExcessModel:  # fmt: skip
    """Newton's steps, Fisher's (reweighted least squares) where those lead uphill; what makes the fit worse is halved."""
    coef = np.zeros(len(terms))
    rough = max((died.sum() - expected.sum()) / years.sum(), 0.1 * died.sum() / years.sum())
    coef[:intervals] = np.log(rough)
    fit = _log_likelihood(design, coef, died, years, expected)
    for _ in range(STEPS):
        excess = years * np.exp(design @ coef)
        mean = expected + excess
        score = design.T @ ((died - mean) * excess / mean)
        change = np.linalg.solve(_information(design, excess, mean, died), score)
        share = 1.0
        while (better := _log_likelihood(design, coef + share * change, died, years, expected)) < fit - 1e-9:
            share /= 2
            if share < 1e-10:
                break
        coef, last, fit = coef + share * change, fit, better
        if abs(fit - last) < CLOSE * (abs(fit) + 0.1) and np.abs(change).max() < 1e-9:
            break
    else:
        raise BadInput(_WHERE, "the model does not converge", "use fewer covariates or cuts")
    excess = years * np.exp(design @ coef)
    covariance = np.linalg.inv(design.T @ (design * (excess**2 / (expected + excess))[:, None]))
    mean = expected + excess
    surplus = died * np.log(np.where(died > 0, died, 1.0) / mean)
    deviance = 2 * float((surplus - (died - mean)).sum())
    return ExcessModel(
        _coefficients(terms, coef, covariance, level), deviance, len(died) - len(terms), fit, len(died),
        int(died.sum()), covariance,
    )  # fmt: skip


def _information(design: np.ndarray, excess: np.ndarray, mean: np.ndarray, died: np.ndarray) -> np.ndarray:
    """Observed information, or the expected one where the observed is not positive definite."""
    observed = design.T @ (design * (excess * (1 - died * (mean - excess) / mean**2))[:, None])
    if np.linalg.eigvalsh(observed)[0] > 1e-8 * np.trace(observed):
        return observed
    return design.T @ (design * (excess**2 / mean)[:, None])


def _log_likelihood(
    design: np.ndarray, coef: np.ndarray, died: np.ndarray, years: np.ndarray, expected: np.ndarray
) -> float:
    with np.errstate(over="ignore"):
        mean = expected + years * np.exp(design @ coef)
    if not np.isfinite(mean).all() or not (mean > 0).all():
        return -np.inf
    return float((died * np.log(mean) - mean).sum())


def _coefficients(terms: list[str], coef: np.ndarray, covariance: np.ndarray, level: float) -> pl.DataFrame:
    from scipy import special

    error = np.sqrt(np.diag(covariance))
    spread = curves.check_level(level) * error
    with np.errstate(over="ignore"):
        ratios = {"ratio": np.exp(coef), "lower": np.exp(coef - spread), "upper": np.exp(coef + spread)}
    return pl.DataFrame(
        {
            "term": terms,
            "coef": coef,
            "se": error,
            **ratios,
            "p": special.erfc(np.abs(coef / error) / np.sqrt(2)),
        }
    )
