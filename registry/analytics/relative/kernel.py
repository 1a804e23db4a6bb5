"""The compiled walk: what each person adds to the sums of each day. Import it only when `jit.available()`.

Between the few days on which a person's age or calendar year changes, the hazard h is constant and the weight is
exp(H + h * (day - begin)). So in a block of 256 days a stretch adds the terms of a power series around the block's middle,
once at its begin and (taken away) at its end; running sums over the block give the sums of every day to rounding error.
Where a weight is so large that taking it away would leave its rounding error behind, days are added one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from registry.analytics.relative.series import BLOCK, HEAVY, STEEP, TERMS, TINY
from registry.formats import jit

OPTIONS = jit.options()

from numba import njit  # noqa: E402

HALF = BLOCK // 2
FAR = np.int64(1) << 60


@njit(**OPTIONS)
def _piece(first: int, last: int, total: float, hazard: float, sign: float, moments: Any, sums: Any) -> None:
    """Add the weight exp(sign * H) on the days first <= day < last; H is `total` on the first day."""
    steep = hazard * HALF
    if steep > STEEP or sign * total + max(0.0, sign) * hazard * (last - first) > HEAVY:
        weight, growth = np.exp(sign * total), np.exp(sign * hazard)
        for day in range(first, last):
            sums[0, day] += weight
            sums[2, day] += weight * hazard
            weight *= growth
            sums[1, day] += weight
            sums[3, day] += weight * hazard
        return
    begin = first
    while begin < last:
        end = (begin // BLOCK + 1) * BLOCK
        middle = end - HALF
        whole = last >= end
        end = min(end, last)
        term = np.exp(sign * (total + hazard * (middle - first)))
        small = term * TINY
        for power in range(TERMS):
            moments[begin, power] += term
            if not whole:
                moments[end, power] -= term
            term *= sign * steep / (power + 1)
            if abs(term) < small:
                break
        begin = end


@njit(**OPTIONS)
def walk(
    row: Any, start: Any, age: Any, entry: Any, leave: Any, died: Any,
    hazard: Any, new_year: Any, cut: Any, part: Any, sign: float,
    moments: Any, sums: Any, counts: Any,
) -> None:  # fmt: skip
    """Let everybody walk through the table.

    Args:
        row, start, age, entry, leave, died: one element a person (see `People`).
        hazard: row × year × age. new_year: first days of the years.
        cut: first whole day of life of each age. part: the share of the day before that is still of the age before (0:
            the day belongs to one age wholly).
        sign: 1 for weights 1 / S, -1 for S.
        moments: days + 1 × TERMS, zeros. sums: 6 × days, zeros (`Sums`). counts: 3 × (days + 1), zeros: people
            (differences), hazards (differences), deaths.
    """
    years, ages, days = len(new_year), len(cut), sums.shape[1]
    for person in range(len(row)):
        stop = min(leave[person], days)
        if stop <= entry[person]:
            continue
        begin, born = start[person], start[person] - age[person]
        year = max(0, np.searchsorted(new_year, begin, side="right") - 1)
        old = max(0, np.searchsorted(cut, age[person], side="right") - 1)
        table = hazard[row[person]]
        day, total = 0, 0.0
        while day < stop:
            next_year = new_year[year + 1] - begin if year + 1 < years else FAR
            next_age, share = FAR, 0.0
            if old + 1 < ages:
                next_age, share = cut[old + 1] + born - begin, part[old + 1]
            rate = table[year, old]
            if share > 0.0 and day >= next_age - 1:
                rate = share * rate + (1.0 - share) * table[year, old + 1]
            elif share > 0.0:
                next_age -= 1
            end = min(stop, next_year, max(next_age, day + 1))
            if end > entry[person]:
                first = max(day, entry[person])
                _piece(first, end, total + rate * (first - day), rate, sign, moments, sums)
                counts[1, first] += rate
                counts[1, end] -= rate
            total += rate * (end - day)
            day = end
            while year + 1 < years and new_year[year + 1] - begin <= day:
                year += 1
            while old + 1 < ages and cut[old + 1] + born - begin <= day:
                old += 1
        counts[0, entry[person]] += 1
        counts[0, stop] -= 1
        if died[person] and leave[person] == stop:
            weight = np.exp(sign * total)
            sums[4, stop - 1] += weight
            sums[5, stop - 1] += weight * weight
            counts[2, stop - 1] += 1


@njit(**OPTIONS)
def unfold(moments: Any, sums: Any, sign: float) -> None:
    """Running sums of each block, then the series of each day, into the first four rows of `sums`."""
    days = sums.shape[1]
    running = np.zeros(TERMS)
    for day in range(days):
        if day % BLOCK == 0:
            running[:] = 0.0
        highest = -1
        for power in range(TERMS):
            running[power] += moments[day, power]
            if running[power] != 0.0:
                highest = power
        for at in range(2):
            place = (day + at - (day // BLOCK * BLOCK + HALF)) / HALF
            value = slope = 0.0
            for power in range(highest, -1, -1):
                slope = slope * place + value
                value = value * place + running[power]
            sums[at, day] += value
            sums[2 + at, day] += sign * slope / HALF
