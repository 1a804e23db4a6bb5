"""Test of net survival: do groups die of their cancer at the same rate? The log-rank test with weights 1 / expected survival.

Source: Graffeo N, Castell F, Belot A, Giorgi R, Biometrics 2016;72:760-768; Pavlic K, Pohar Perme M, BMC Med Res Methodol
2017;17:79.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.counts import names as listed
from registry.analytics.relative import curves, people, sums
from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import Period
from registry.errors import BadInput


@dataclass(frozen=True)
class NetTest:
    """Result of `net_survival_test`.

    `groups`: a row a group with `by`, people, observed and expected (weighted excess deaths up to the end of the test).
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    groups: pl.DataFrame


def net_survival_test(
    frame: pl.DataFrame,
    life_table: LifeTable,
    by: By,
    stratified_by: By = None,
    until: float | None = None,
    period: Period = None,
    **columns: Any,
) -> NetTest:
    """Log-rank-type test for net survival.

    Args:
        frame, life_table, period, **columns: as in `net_survival`.
        by: the groups to compare; two or more with people at risk.
        stratified_by: compare within these strata only.
        until: days; later deaths do not count (None: to the last exit).

    Raises:
        BadInput: as `net_survival`, or there are fewer than two groups.

    >>> import datetime as dt
    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100, 400, 300, 700], "dead": [True, True, True, False], "start": [day] * 4,
    ...     "born": [dt.date(1940, 1, 1)] * 4, "sex": ["1"] * 4, "stage": ["I", "I", "II", "II"]})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [0.0]}))
    >>> round(net_survival_test(people, table, "stage").statistic, 6)  # no hazard: the log-rank test with its other variance
    0.727273
    """
    who = people.read(frame, life_table, curves.names_of(columns), by, period)
    strata = listed(stratified_by)
    stratum = people.read(frame, life_table, curves.names_of(columns), strata, period).group
    size = int(who.exit.max(initial=0)) if until is None else int(max(0.0, np.floor(until)))
    number = who.number
    difference, variance = np.zeros(number), np.zeros((number, number))
    observed, expected = np.zeros(number), np.zeros(number)
    for level in np.unique(stratum):
        parts = [
            sums.daily(
                who.take(np.flatnonzero((who.group == g) & (stratum == level))), life_table, size, mixed=True
            )
            for g in range(number)
        ]
        at_risk, excess, squared = (
            np.array(column)
            for column in (
                [part.at_end for part in parts],
                [part.died - part.hazard_end for part in parts],
                [part.died_squared for part in parts],
            )
        )
        whole = at_risk.sum(axis=0)
        share = np.divide(at_risk, whole, out=np.zeros_like(at_risk), where=whole > 0)
        awaited = share * excess.sum(axis=0)
        difference += (excess - awaited).sum(axis=1)
        observed, expected = observed + excess.sum(axis=1), expected + awaited.sum(axis=1)
        for group in range(number):
            apart = np.eye(number)[group][:, None] - share
            variance += (apart * squared[group]) @ apart.T
    present = [g for g in range(number) if ((who.group == g) & (who.exit > who.entry)).any()]
    if len(present) < 2:
        raise BadInput("net survival test", "there are fewer than two groups with people at risk")
    statistic, p_value = _quadratic(difference[present], variance[np.ix_(present, present)])
    counts = pl.Series("people", np.bincount(who.group, minlength=number))
    found = [counts, pl.Series("observed", observed), pl.Series("expected", expected)]
    return NetTest(statistic, len(present) - 1, p_value, who.groups.with_columns(found))


def _quadratic(difference: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    from scipy import special

    apart = difference[:-1]
    statistic = float(apart @ np.linalg.pinv(variance[:-1, :-1], hermitian=True) @ apart)
    return statistic, float(special.chdtrc(len(apart), statistic))
