"""Cox's partial likelihood from sums over risk sets, ties by Efron or Breslow, strata, delayed entry.

Sources: Cox DR, J R Stat Soc B 1972;34:187-220; Efron B, J Am Stat Assoc 1977;72:557-565; Breslow N, Biometrics 1974;30:89-99.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """Sums at one coefficient vector, an entry an event time (T) unless said otherwise.

    `hazard` is the sum of 1/phi over the deaths of a time, where phi is the risk set's total less the share of the tied deaths that
    Efron takes off; `second` that of 1/phi^2; `own` as `hazard`, each entry times that share; `mean` (T, p) the mean covariates of the risk set;
    `drift` and `own_drift` (T, p) the sums of mean/phi without and with the share. `risk` (n) is exp(x beta - shift).
    """

    loglik: float
    score: np.ndarray
    information: np.ndarray
    risk: np.ndarray
    hazard: np.ndarray
    own: np.ndarray
    mean: np.ndarray
    drift: np.ndarray
    own_drift: np.ndarray
    second: np.ndarray
    shift: float


class RiskSets:
    """Who is at risk at which event time, prepared once.

    Args:
        stop: last time of each row (n). event: whether the event happened then. start: time of entry, or None; a row is at risk at
            times in (start, stop]. strata: whole numbers, or None. efron: else Breslow.
    """

    def __init__(
        self,
        stop: np.ndarray,
        event: np.ndarray,
        start: np.ndarray | None = None,
        strata: np.ndarray | None = None,
        efron: bool = True,
    ) -> None:
        self.size = stop.size
        self.dead = np.flatnonzero(event)
        layers = (
            np.zeros(stop.size, dtype=np.int64)
            if strata is None
            else np.unique(strata, return_inverse=True)[1]
        )
        self.first, self.times = _event_times(stop, event, layers)
        self.floor = self.first[layers]  # first event time of each row's stratum
        self.last = _place(stop, layers, self.times, self.first)
        entered = None if start is None else _place(start, layers, self.times, self.first)
        self.entered = None if entered is None else np.minimum(entered, self.last)
        self.at = self.last[self.dead]
        self.deaths = np.bincount(self.at, minlength=self.times.size)
        # one entry a death: its time, and the share of the tied deaths' risk taken off before it
        self.tied_time = np.repeat(np.arange(self.times.size), self.deaths)
        order = np.arange(self.tied_time.size) - np.repeat(np.cumsum(self.deaths) - self.deaths, self.deaths)
        self.off = order / np.repeat(self.deaths, self.deaths) if efron else np.zeros(self.tied_time.size)

    def at_risk(self, weight: np.ndarray) -> np.ndarray:
        """Sum of the rows' weights over the risk set of each event time."""
        inside = self.last >= self.floor
        sums = np.bincount(self.last[inside], weight[inside], self.times.size)
        if self.entered is not None:
            gone = self.entered >= self.floor
            sums = sums - np.bincount(self.entered[gone], weight[gone], self.times.size)
        return self._backwards(sums)

    def _backwards(self, sums: np.ndarray) -> np.ndarray:
        """Sum from the end of each stratum."""
        total = np.empty_like(sums)
        for low, high in zip(self.first, [*self.first[1:], self.times.size], strict=True):
            total[low:high] = np.cumsum(sums[low:high][::-1])[::-1]
        return total

    def until(self, values: np.ndarray) -> np.ndarray:
        """For each row the sum of the values (T) or (T, p) of the event times at which it was at risk."""
        sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        begin = self.floor if self.entered is None else self.entered + 1
        return sums[self.last + 1] - sums[np.minimum(begin, self.last + 1)]

    def step(self, matrix: np.ndarray, beta: np.ndarray) -> Step:
        """Log likelihood, its gradient and information, and what residuals need."""
        eta = matrix @ beta
        shift = float(eta.max(initial=0.0))
        eta -= shift
        risk = np.exp(eta)
        terms = range(matrix.shape[1])
        total = self.at_risk(risk)
        sums = np.column_stack([self.at_risk(risk * matrix[:, j]) for j in terms])
        dead_risk = np.bincount(self.at, risk[self.dead], self.times.size)
        dead_sums = np.column_stack([
            np.bincount(self.at, (risk * matrix[:, j])[self.dead], self.times.size) for j in terms
        ])  # fmt: skip
        phi = total[self.tied_time] - self.off * dead_risk[self.tied_time]

        def each(value: np.ndarray) -> np.ndarray:
            return np.bincount(self.tied_time, value, self.times.size)

        hazard, own = each(1 / phi), each(self.off / phi)
        second, cross, own_second = each(1 / phi**2), each(self.off / phi**2), each(self.off**2 / phi**2)
        drift = (
            hazard[:, None] * sums - own[:, None] * dead_sums
        )  # sum over the deaths of the mean covariates
        loglik = float(eta[self.dead].sum() - np.log(phi).sum())
        score = matrix[self.dead].sum(axis=0) - drift.sum(axis=0)
        weight = risk * self.until(hazard)
        lost = (risk[self.dead] * own[self.at])[:, None] * matrix[self.dead]
        information = (weight[:, None] * matrix).T @ matrix - lost.T @ matrix[self.dead]
        mixed = (cross[:, None] * sums).T @ dead_sums
        information -= (second[:, None] * sums).T @ sums - mixed - mixed.T
        information -= (own_second[:, None] * dead_sums).T @ dead_sums
        # sums over the deaths of mean/phi: what a row at risk is charged in its score residual
        spread = second[:, None] * sums - cross[:, None] * dead_sums
        own_spread = cross[:, None] * sums - own_second[:, None] * dead_sums
        return Step(
            loglik,
            score,
            information,
            risk,
            hazard,
            own,
            drift / self.deaths[:, None],
            spread,
            own_spread,
            second,
            shift,
        )


def _event_times(stop: np.ndarray, event: np.ndarray, layers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each stratum begins among the distinct (stratum, time) of events, and their times."""
    dead = np.flatnonzero(event)
    order = dead[np.lexsort((stop[dead], layers[dead]))]
    layer, time = layers[order], stop[order]
    new = np.ones(order.size, dtype=bool)
    new[1:] = (np.diff(layer) != 0) | (np.diff(time) != 0)
    return np.searchsorted(layer[new], np.arange(int(layers.max(initial=-1)) + 1)), time[new]


def _place(values: np.ndarray, layers: np.ndarray, times: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Last event time of its own stratum that is not after each value; one before the stratum's first when there is none."""
    ends = [*first[1:], times.size]
    if len(first) == 1:
        return np.searchsorted(times, values, side="right") - 1
    place = np.empty(values.size, dtype=np.int64)
    order = np.argsort(layers, kind="stable")
    cuts = np.searchsorted(layers[order], np.arange(len(first) + 1))
    for layer, (low, high) in enumerate(zip(first, ends, strict=True)):
        rows = order[cuts[layer] : cuts[layer + 1]]
        place[rows] = low + np.searchsorted(times[low:high], values[rows], side="right") - 1
    return place
