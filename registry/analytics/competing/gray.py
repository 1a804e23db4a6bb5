"""Do groups differ in the cumulative incidence of a cause? Gray's test, stratified when asked.

Source: Gray RJ, Ann Stat 1988;16:1141-1154 (rho = 0), with the correction of the variance for ties that is usual for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.competing.tables import events_of
from registry.analytics.counts import By, names
from registry.errors import BadInput


@dataclass(frozen=True)
class GrayTest:
    """Result: chi-square, degrees of freedom, p."""

    chi2: float
    df: int
    p: float


def gray_test(
    frame: pl.DataFrame,
    by: By,
    of: Any,
    *,
    time: str = "days",
    cause: str = "cause",
    strata: By = None,
) -> GrayTest:
    """Gray's test of one cause across groups; every other cause competes.

    Args:
        frame: one row a person, as in `aalen_johansen`. by: column(s) whose groups are compared; at least two.
        of: code or name of the cause. time, cause: columns. strata: column(s) within which the groups are compared.

    >>> people = pl.DataFrame({"days": [1, 2, 3, 4, 5, 6], "cause": [1, 2, 1, 1, 0, 2], "arm": list("ababab")})
    >>> test = gray_test(people, "arm", 1)
    >>> round(test.chi2, 4), test.df
    (0.9416, 1)
    """
    groups, layers = names(by), names(strata)
    if set(groups) & set(layers):
        raise BadInput("Gray's test", "a column cannot be a group and a stratum at once")
    frame = frame.drop_nulls([*groups, *layers])
    all_groups = frame.select(groups).unique().sort(groups)
    if all_groups.height < 2:
        raise BadInput(
            "Gray's test", f"{', '.join(groups)} has {all_groups.height} group", "two or more are compared"
        )
    layered = frame.partition_by(layers, maintain_order=True) if layers else [frame]
    score, variance = np.zeros(all_groups.height), np.zeros((all_groups.height, all_groups.height))
    for layer in layered:
        counted = events_of(layer, time, cause, groups)
        if of not in counted.causes:
            continue
        number = counted.groups.join(
            all_groups.with_row_index("_g"), on=groups, how="left", maintain_order="left"
        )
        place = number["_g"].to_numpy()
        one = counted.causes.index(of)
        own = counted.events[:, :, one].T
        other = counted.events.sum(axis=2).T - own
        difference, spread = _score(counted.at_risk.T, own, other)
        score[place] += difference
        variance[np.ix_(place, place)] += spread
    return _test(score, variance)


def _score(at_risk: np.ndarray, own: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Observed minus expected events of each group (G) and their covariance (G, G) from counts (times, G)."""
    some = (own + other).sum(axis=1) > 0
    risk, own, other = at_risk[some].astype(float), own[some].astype(float), other[some].astype(float)
    there = risk > 0
    people = np.where(there, risk, 1.0)
    survival = np.cumprod((people - own - other) / people, axis=0)
    before = np.vstack([np.ones((1, risk.shape[1])), survival[:-1]])  # just before each time
    incidence = np.cumsum(before * own / people, axis=0)
    early = np.vstack([np.zeros((1, risk.shape[1])), incidence[:-1]])
    size = np.divide(risk, before, out=np.zeros_like(risk), where=there)  # people free of competing events
    all_size, all_own = size.sum(axis=1), own.sum(axis=1)
    pooled = np.cumsum(all_own / all_size)
    pooled_early = np.concatenate([[0.0], pooled[:-1]])
    free = size * (1 - early)
    expected = free * (all_own / free.sum(axis=1))[:, None]
    share = size / all_size[:, None]
    weight = np.einsum("ti,ij->tij", size, np.eye(risk.shape[1])) - np.einsum("ti,tj->tij", size, share)
    rest = all_size * (1 - pooled_early)
    pace = np.divide(all_own, rest, out=np.zeros_like(rest), where=rest > 0)
    drift = np.cumsum(weight * pace[:, None, None], axis=0)
    alive = survival > 0
    ratio = np.divide(1 - pooled[:, None], survival, out=np.zeros_like(survival), where=alive)
    # an event of this cause moves the score by weight + (end of drift - drift now) * (1 - ratio), another one by the latter
    share_own = np.where(alive, 1 - ratio, 1.0)
    ties = 1 - np.divide(
        all_own[:, None] - 1,
        all_size[:, None] * before - 1,
        out=np.zeros_like(risk),
        where=(all_own > 1)[:, None] & there,
    )
    spread_own = np.where(there, ties * before * all_own[:, None] / (all_size[:, None] * people), 0.0)
    ties = 1 - np.divide(other - 1, people - 1, out=np.zeros_like(risk), where=(other > 1) & alive)
    spread_other = np.where(alive & (other > 0), ties * before**2 * other / people**2, 0.0)
    end = drift[-1]
    move = weight + share_own[:, None, :] * (end - drift)
    covariance = np.einsum("tik,tjk,tk->ij", move, move, spread_own)
    move = ratio[:, None, :] * (end - drift)
    covariance += np.einsum("tik,tjk,tk->ij", move, move, spread_other)
    return (own - expected).sum(axis=0), covariance


def _test(score: np.ndarray, variance: np.ndarray) -> GrayTest:
    """Quadratic form over all groups but one."""
    from registry.analytics.survival.log_rank import chi_square_tail

    scale = np.abs(variance).max(initial=0.0)
    seen = np.flatnonzero(np.diag(variance) > scale * 1e-12)
    if seen.size < 2:
        return GrayTest(0.0, max(seen.size - 1, 0), 1.0)
    kept = seen[:-1]
    solved = np.linalg.lstsq(variance[np.ix_(kept, kept)], score[kept], rcond=None)[0]
    chi2 = float(score[kept] @ solved)
    return GrayTest(chi2, kept.size, chi_square_tail(chi2, kept.size))
