"""Statistics from their definitions, one person (cell, model) after the other: slow and plain, for comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np

Z = 1.959963984540054
Numbers = np.ndarray[Any, Any]
Key = tuple[str, float | None, str]  # method, time, stat


def steps(times: Sequence[float], events: Sequence[bool]) -> list[tuple[float, int, int, Fraction]]:
    """Each observed time with those at risk, the events and the exact survival after it."""
    survival, found = Fraction(1), []
    for time in sorted(set(times)):
        risk = sum(other >= time for other in times)
        died = sum(event for other, event in zip(times, events, strict=True) if other == time)
        survival *= Fraction(risk - died, risk)
        found.append((time, risk, died, survival))
    return found


def limits(survival: float, relative_error: float, scale: str) -> tuple[float, float]:
    """Limits of a survival strictly between 0 and 1."""
    if scale == "plain":
        return max(survival * (1 - Z * relative_error), 0.0), min(survival * (1 + Z * relative_error), 1.0)
    if scale == "log":
        return survival * math.exp(-Z * relative_error), min(survival * math.exp(Z * relative_error), 1.0)
    middle, spread = math.log(-math.log(survival)), Z * relative_error / math.log(survival)
    return math.exp(-math.exp(middle - spread)), math.exp(-math.exp(middle + spread))


def observed(
    times: Sequence[float], events: Sequence[bool], at: Sequence[float], scale: str
) -> dict[Key, float | None]:
    """Kaplan-Meier, Nelson-Aalen, quantiles and the restricted mean: (method, time, stat) -> value."""
    curve = steps(times, events)
    answer: dict[Key, float | None] = {}
    for place, time in enumerate(sorted(at)):
        before = sorted(at)[place - 1] if place else 0.0
        past = [step for step in curve if step[0] <= time]
        survival = float(past[-1][3]) if past else 1.0
        error = math.sqrt(sum(died / (risk * (risk - died)) for _, risk, died, _ in past if risk > died))
        lower, upper = limits(survival, error, scale) if 0 < survival < 1 else (None, None)
        if survival == 1 and (scale != "log-log" or not past):
            lower, upper = 1.0, 1.0
        died_since = sum(event and before < other <= time for other, event in zip(times, events, strict=True))
        risk_now = sum(other >= time for other in times)
        spread = survival * error if survival else None
        stats = ("n_risk", "n_event", "surv", "se", "lower", "upper")
        row = (risk_now, died_since, survival, spread, lower, upper)
        answer |= {("kaplan-meier", time, stat): value for stat, value in zip(stats, row, strict=True)}
        answer["nelson-aalen", time, "cumhaz"] = math.fsum(died / risk for _, risk, died, _ in past)
        answer["nelson-aalen", time, "se"] = math.sqrt(sum(died / risk**2 for _, risk, died, _ in past))
    for percent in (25, 50, 75):
        height = 1 - Fraction(percent, 100)
        flat = [time for time, _, _, survival in curve if survival == height]
        below = [time for time, _, _, survival in curve if survival < height]
        first = below[0] if below else None
        if flat:  # the middle of the stretch at that height, as R's survival has it
            first = (flat[0] + (below or [curve[-1][0]])[0]) / 2
        answer["quantiles", None, f"q{percent}"] = first
    end = max(at)
    knots = [0.0, *(step[0] for step in curve if step[0] < end), end]
    heights = [1.0, *(float(step[3]) for step in curve if step[0] < end)]
    areas = [height * (knots[i + 1] - knots[i]) for i, height in enumerate(heights)]
    variance = sum(
        math.fsum(areas[i + 1 :]) ** 2 * died / (risk * (risk - died))
        for i, (_, risk, died, _) in enumerate(curve[: len(areas) - 1])
        if risk > died
    )
    return answer | {("rmst", end, "rmst"): math.fsum(areas), ("rmst", end, "se"): math.sqrt(variance)}


def log_rank(
    times: Numbers, events: Numbers, groups: Numbers, strata: Numbers
) -> tuple[float, Numbers, Numbers]:
    """Chi-square, observed and expected of each group (0, 1, …), every group with somebody at risk."""
    size = int(groups.max()) + 1
    seen, expected, spread = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for stratum in np.unique(strata):
        here = strata == stratum
        for time in np.unique(times[here & (events > 0)]):
            risk = np.bincount(groups[here & (times >= time)], minlength=size).astype(float)
            died = np.bincount(groups[here & (times == time) & (events > 0)], minlength=size)
            everybody, dead = risk.sum(), died.sum()
            seen, expected = seen + died, expected + dead * risk / everybody
            if everybody > 1:
                share = risk / everybody
                hyper = dead * (everybody - dead) / (everybody - 1)
                spread += hyper * (np.diag(share) - np.outer(share, share))
    gap = (seen - expected)[1:]
    return float(gap @ np.linalg.solve(spread[1:, 1:], gap)), seen, expected


def incidence(times: Numbers, causes: Numbers, cause: int, until: float, weight: Numbers) -> Any:
    """Cumulative incidence of weighted people; weights may be complex (a derivative by a small imaginary part)."""
    alive, total = 1.0 + 0j, 0j
    for time in np.unique(times[times <= until]):
        risk = weight[times >= time].sum()
        total += alive * weight[(times == time) & (causes == cause)].sum() / risk
        alive *= 1 - weight[(times == time) & (causes != 0)].sum() / risk
    return total


def aalen_johansen(times: Numbers, causes: Numbers, cause: int, until: float) -> tuple[float, float]:
    """Cumulative incidence, and its error as the squared influence of each person (as Greenwood's is for one cause)."""
    influence = []
    for person in range(len(times)):
        weight = np.ones(len(times), complex)
        weight[person] += 1e-30j
        influence.append(incidence(times, causes, cause, until, weight).imag / 1e-30)
    value = incidence(times, causes, cause, until, np.ones(len(times), complex)).real
    return float(value), math.sqrt(math.fsum(one**2 for one in influence))


def partial_likelihood(
    times: Numbers, events: Numbers, columns: Numbers, strata: Numbers, ties: str, beta: Numbers
) -> tuple[float, Numbers, Numbers]:
    """Cox's log partial likelihood, its slope and its information, one tied death after the other."""
    terms = columns.shape[1]
    value, slope, information = 0.0, np.zeros(terms), np.zeros((terms, terms))
    for stratum in np.unique(strata):
        for time in np.unique(times[(strata == stratum) & (events > 0)]):
            risk = columns[(strata == stratum) & (times >= time)]
            dead = columns[(strata == stratum) & (times == time) & (events > 0)]
            score, score_dead = np.exp(risk @ beta), np.exp(dead @ beta)
            value, slope = value + (dead @ beta).sum(), slope + dead.sum(axis=0)
            for number in range(len(dead)):
                share = number / len(dead) if ties == "efron" else 0.0
                total = score.sum() - share * score_dead.sum()
                mean = (score @ risk - share * score_dead @ dead) / total
                second = ((risk.T * score) @ risk - share * (dead.T * score_dead) @ dead) / total
                value, slope = value - math.log(total), slope - mean
                information += second - np.outer(mean, mean)
    return value, slope, information


def concordance(times: Numbers, events: Numbers, score: Numbers, strata: Numbers) -> float:
    """Share of the comparable pairs in which the higher score died first; equal scores count half."""
    agree = pairs = 0.0
    for one in np.flatnonzero(events):
        for other in range(len(times)):
            later = times[other] > times[one] or (times[other] == times[one] and not events[other])
            if later and strata[one] == strata[other]:
                gap = score[one] - score[other]
                pairs, agree = pairs + 1, agree + (0.5 if abs(gap) < 1e-12 else float(gap > 0))
    return agree / pairs


def adjusted(cells: Mapping[str, tuple[int, int]], weights: Mapping[str, float]) -> dict[str, float]:
    """Directly adjusted rate per person with the limits of the gamma family; cells: age -> (count, population)."""
    from scipy.stats import chi2

    share = {age: weight / sum(weights.values()) / cells[age][1] for age, weight in weights.items()}
    rate = math.fsum(share[age] * cells[age][0] for age in weights)
    variance = math.fsum(share[age] ** 2 * cells[age][0] for age in weights)

    def upper(one: float, square: float) -> float:
        mean, spread = rate + one, variance + square
        return float(spread / (2 * mean) * chi2.ppf(0.975, 2 * mean**2 / spread))

    all_ = np.array(list(share.values()))
    lower = float(variance / (2 * rate) * chi2.ppf(0.025, 2 * rate**2 / variance)) if rate else 0.0
    return {
        "rate": rate, "se": math.sqrt(variance), "lower": lower,
        "upper_fay_feuer": upper(all_.max(), all_.max() ** 2),
        "upper_tiwari": upper(all_.mean(), (all_**2).mean()),
    }  # fmt: skip


def admissible(years: Sequence[int], joinpoints: int) -> Iterator[tuple[int, ...]]:
    """Places among the years: two observations strictly before, after and between."""
    last = len(years) - 1
    for places in combinations(range(len(years)), joinpoints):
        ends = (-1, *places, last + 1)
        if all(after - before > 2 for before, after in pairwise(ends)):
            yield places


def joinpoints(
    years: Numbers, rate: Numbers, error: Numbers, number: int
) -> tuple[list[int], list[float]] | None:
    """Joinpoints and percent changes of the best of all admissible models; None when there is none."""
    best: tuple[float, list[int], list[float]] | None = None
    root = rate / error
    for places in admissible(list(years), number):
        bends = [np.maximum(years - years[place], 0.0) for place in places]
        model = np.column_stack([np.ones(len(years)), years - years[0], *bends])
        beta = np.linalg.lstsq(model * root[:, None], np.log(rate) * root, rcond=None)[0]
        misfit = float((((np.log(rate) - model @ beta) * root) ** 2).sum())
        if best is None or misfit < best[0]:
            changes = [100 * math.expm1(slope) for slope in np.cumsum(beta[1:])]
            best = (misfit, [int(years[place]) for place in places], changes)
    return best[1:] if best else None
