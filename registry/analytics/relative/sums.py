"""Sums over the people at risk on each day, which every estimator here starts from.

Whole columns of people step from one change of hazard to the next (numpy), or each person walks alone (compiled). Both
add up a power series a stretch instead of days: see `kernel`. Time is days since the start, day k is from k to k + 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import People
from registry.analytics.relative.series import BLOCK, HEAVY, STEEP, TERMS, TINY
from registry.formats import jit

HALF = BLOCK // 2
FAR = np.int64(1) << 60
FEW = 500
"""Fewer people than this are not worth the loading of the compiled walk (a second where it is not yet loaded)."""


@dataclass(frozen=True)
class Sums:
    """One element a day. The weight is exp(H) with H the population's cumulative hazard since the start (or exp(-H))."""

    at_start: np.ndarray
    """Weights at the start of the day of those at risk on the day."""
    at_end: np.ndarray
    """Their weights at the end of the day."""
    hazard_start: np.ndarray
    """Their weights at the start times their hazard of the day."""
    hazard_end: np.ndarray
    died: np.ndarray
    """Weights, at the end of the day, of those who died at its end."""
    died_squared: np.ndarray
    people: np.ndarray
    """How many are at risk on the day."""
    hazard: np.ndarray
    """Their hazards."""
    deaths: np.ndarray
    deaths_squared: np.ndarray
    """As deaths while everybody counts once; with weights, the sum of their squares."""
    left: np.ndarray
    """How many leave at the end of the day, dead or not."""

    def cumulative_hazard(self) -> np.ndarray:
        """Mean population hazard of those at risk, summed from day 0: one element more than there are days."""
        return np.append(0.0, np.cumsum(ratio(self.hazard, self.people)))


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotient, 0 where nobody is at risk."""
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)


def combine(parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
    """Sums of several groups in which each person of group g counts `weights[g]` times."""
    squared = ("died_squared", "deaths_squared")
    return Sums(
        **{
            name: sum(
                getattr(part, name) * (weight**2 if name in squared else weight)
                for part, weight in zip(parts, weights, strict=True)
            )
            for name in Sums.__dataclass_fields__
        }
    )


@dataclass(frozen=True)
class Stretch:
    """For some people (places in the arrays), days first <= day < last with one hazard; `total` is H on the first."""

    who: np.ndarray
    first: np.ndarray
    last: np.ndarray
    hazard: np.ndarray
    total: np.ndarray


def cuts(table: LifeTable, mixed: bool) -> tuple[np.ndarray, np.ndarray]:
    """First whole day of life of each age, and how much of the day before is of the age before where that day is shared."""
    whole = np.ceil(table.age_days)
    part = table.age_days - np.floor(table.age_days) if mixed else np.zeros(len(whole))
    return whole.astype(np.int64), part


def stretches(people: People, table: LifeTable, stop: np.ndarray, mixed: bool) -> Iterator[Stretch]:
    """Stretches of one hazard, from day 0 to `stop`; each step yields one stretch of everybody who still walks.

    Args:
        people: who walks; entry and exit play no part.
        table: the life table.
        stop: the day each person walks to.
        mixed: the day on which an age begins within the day has the mean of both hazards (its integral); else the hazard
            of the age attained when the day begins.
    """
    cut, part = cuts(table, mixed)
    who = np.flatnonzero(stop > 0)
    row, begin, born = people.row[who], people.start[who], people.start[who] - people.age[who]
    new_year, cut_after = np.append(table.new_year[1:], FAR), np.append(cut[1:], FAR)
    year = np.maximum(0, np.searchsorted(table.new_year, begin, side="right") - 1)
    old = np.maximum(0, np.searchsorted(cut, people.age[who], side="right") - 1)
    day, total, goal = np.zeros(len(who), np.int64), np.zeros(len(who)), stop[who]
    last_age = len(cut) - 1
    while len(who):
        rate = table.hazard[row, year, old]
        next_age = cut_after[old] - (begin - born)
        share = np.append(part[1:], 0.0)[old]
        within = (share > 0) & (day >= next_age - 1)
        above = table.hazard[row, year, np.minimum(old + 1, last_age)]
        rate = np.where(within, share * rate + (1 - share) * above, rate)
        next_age = np.where((share > 0) & ~within, next_age - 1, next_age)
        end = np.minimum(np.minimum(goal, new_year[year] - begin), np.maximum(next_age, day + 1))
        yield Stretch(who, day, end, rate, total)
        total = total + rate * (end - day)
        on = end < goal
        who, row, begin, born, goal = who[on], row[on], begin[on], born[on], goal[on]
        year, old, total, day = year[on], old[on], total[on], end[on]
        year = np.maximum(year, np.searchsorted(table.new_year, begin + day, side="right") - 1)
        old = np.maximum(old, np.searchsorted(cut, begin + day - born, side="right") - 1)


def expected_hazard(people: People, table: LifeTable, stop: np.ndarray, mixed: bool = True) -> np.ndarray:
    """Cumulative hazard of the population for each person from the start to the day `stop`."""
    total = np.zeros(len(people))
    for step in stretches(people, table, stop, mixed):
        total[step.who] = step.total + step.hazard * (step.last - step.first)
    return total


def daily(
    people: People,
    table: LifeTable,
    days: int | None = None,
    sign: float = 1.0,
    mixed: bool = False,
    compiled: bool | None = None,
) -> Sums:
    """Sums over everybody for the days 0 to `days` - 1 (default: to the last exit).

    Args:
        people: one group.
        table: the life table.
        days: how many days; those who stay longer are at risk to the end.
        sign: 1 for weights exp(H), -1 for exp(-H).
        mixed: see `stretches`.
        compiled: use the compiled walk; None: when numba is there and the people are many.
    """
    size = max(0, int(people.exit.max(initial=0)) if days is None else int(days))
    if compiled is None:
        compiled = jit.available() and len(people) >= FEW
    moments, sums, counts = np.zeros((size + 1, TERMS)), np.zeros((6, size)), np.zeros((3, size + 1))
    if compiled:
        from registry.analytics.relative import kernel

        cut, part = cuts(table, mixed)
        kernel.walk(
            people.row, people.start, people.age, people.entry, people.exit, people.died,
            table.hazard, table.new_year, cut, part, float(sign), moments, sums, counts,
        )  # fmt: skip
        kernel.unfold(moments, sums, float(sign))
    else:
        _walk(people, table, sign, mixed, moments, sums, counts)
        _unfold(moments, sums, sign)
    present = np.rint(np.cumsum(counts[0])[:-1])
    sums[:, present == 0] = 0.0  # what is left there is the rounding error of those who left
    hazard = np.where(present > 0, np.cumsum(counts[1])[:-1], 0.0)
    gone = people.exit[(people.exit > people.entry) & (people.exit <= size)] - 1
    left = np.bincount(gone, minlength=size).astype(np.float64)
    deaths = counts[2, :-1]
    return Sums(sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], present, hazard, deaths, deaths, left)


def _walk(
    people: People, table: LifeTable, sign: float, mixed: bool,
    moments: np.ndarray, sums: np.ndarray, counts: np.ndarray,
) -> None:  # fmt: skip
    """As `kernel.walk`, a step of everybody at a time."""
    size = sums.shape[1]
    stop = np.where(people.exit > people.entry, np.minimum(people.exit, size), 0)
    counted = stop > people.entry
    counts[0] += np.bincount(people.entry[counted], minlength=size + 1)
    counts[0] -= np.bincount(stop[counted], minlength=size + 1)
    total = np.zeros(len(people))
    for step in stretches(people, table, np.where(counted, stop, 0), mixed):
        total[step.who] = step.total + step.hazard * (step.last - step.first)
        first = np.maximum(step.first, people.entry[step.who])
        on = step.last > first
        at = step.total + step.hazard * (first - step.first)
        first, last, rate, at = first[on], step.last[on], step.hazard[on], at[on]
        _add(counts[1], first, rate)
        _add(counts[1], last, -rate)
        _pieces(first, last, at, rate, sign, moments, sums)
    ended = people.died & counted & (people.exit == stop)
    day, weight = stop[ended] - 1, np.exp(sign * total[ended])
    sums[4] += np.bincount(day, weight, size)[:size]
    sums[5] += np.bincount(day, weight * weight, size)[:size]
    counts[2] += np.bincount(day, minlength=size + 1)


def _pieces(
    first: np.ndarray, last: np.ndarray, total: np.ndarray, hazard: np.ndarray, sign: float,
    moments: np.ndarray, sums: np.ndarray,
) -> None:  # fmt: skip
    steep = hazard * HALF
    single = (steep > STEEP) | (sign * total + max(0.0, sign) * hazard * (last - first) > HEAVY)
    if single.any():
        _days(first[single], last[single], total[single], hazard[single], sign, sums)
        first, last, total, hazard, steep = (
            values[~single] for values in (first, last, total, hazard, steep)
        )
    begin = first
    while len(first):
        block_end = (begin // BLOCK + 1) * BLOCK
        end = np.minimum(block_end, last)
        term = np.exp(sign * (total + hazard * (block_end - HALF - first)))
        inside = end < block_end
        small = term * TINY
        for power in range(TERMS):
            _add(moments[:, power], begin, term)
            _add(moments[:, power], end[inside], -term[inside])
            term = term * (sign * steep / (power + 1))
            if not (np.abs(term) > small).any():
                break
        on = end < last
        first, last, total, hazard, steep, begin = (
            values[on] for values in (first, last, total, hazard, steep, end)
        )


def _add(target: np.ndarray, places: np.ndarray, values: np.ndarray) -> None:
    """Add values at places, which may occur more than once."""
    if len(places) * 8 < len(target):
        np.add.at(target, places, values)
    else:
        target += np.bincount(places, values, len(target))


def _days(
    first: np.ndarray, last: np.ndarray, total: np.ndarray, hazard: np.ndarray, sign: float, sums: np.ndarray
) -> None:
    """Add stretches day by day."""
    size = sums.shape[1]
    length = last - first
    who = np.repeat(np.arange(len(first)), length)
    into = np.arange(len(who)) - np.repeat(np.cumsum(length) - length, length)
    day, rate = first[who] + into, hazard[who]
    for at in range(2):
        weight = np.exp(sign * (total[who] + rate * (into + at)))
        sums[at] += np.bincount(day, weight, size)
        sums[2 + at] += np.bincount(day, weight * rate, size)


def _unfold(moments: np.ndarray, sums: np.ndarray, sign: float) -> None:
    """As `kernel.unfold`."""
    size = sums.shape[1]
    for begin in range(0, size, BLOCK):
        end = min(begin + BLOCK, size)
        running = np.cumsum(moments[begin:end], axis=0)
        for at in range(2):
            place = (np.arange(begin, end) + at - (begin + HALF)) / HALF
            value, slope = np.zeros(end - begin), np.zeros(end - begin)
            for power in range(TERMS - 1, -1, -1):
                slope = slope * place + value
                value = value * place + running[:, power]
            sums[at, begin:end] += value
            sums[2 + at, begin:end] += sign * slope / HALF
