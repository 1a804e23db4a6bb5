"""Net and relative survival one person and one day after the other, as the definitions say it: slow and plain."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

Person = dict[str, Any]  # start, born (dates), days, dead, sex
Table = dict[tuple[str, int, int], float]  # sex, year, age -> hazard a day


def hazard(person: Person, day: int, table: Table, ages: list[float]) -> float:
    """The population's hazard from `day` to the next, for the age attained when the day begins."""
    today = person["start"] + dt.timedelta(days=day)
    years = sorted({year for _, year, _ in table})
    year = max([year for year in years if year <= today.year] or years[:1])
    lived = (today - person["born"]).days
    age = max([number for number, cut in enumerate(ages) if lived >= cut] or [0])
    return table[person["sex"], year, age]


def counts(person: Person, day: int, period: tuple[dt.date, dt.date] | None) -> bool:
    """True when the person is observed from `day` to the next, and that next day is in the period."""
    if day >= person["days"]:
        return False
    after = person["start"] + dt.timedelta(days=day + 1)
    return period is None or period[0] <= after <= period[1]


def days_of(
    people: list[Person], table: Table, ages: list[float], period: tuple[dt.date, dt.date] | None = None
) -> list[list[tuple[float, float, bool, bool]]]:
    """For each day, of each person at risk: H at its start, hazard, died at its end, left at its end."""
    last = max(person["days"] for person in people)
    found: list[list[tuple[float, float, bool, bool]]] = [[] for _ in range(last)]
    for person in people:
        total = 0.0
        for day in range(person["days"]):
            rate = hazard(person, day, table, ages)
            if counts(person, day, period):
                dies = person["dead"] and day + 1 == person["days"]
                found[day].append((total, rate, dies, not counts(person, day + 1, period)))
            total += rate
    return found


def pohar_perme(days: list[list[tuple[float, float, bool, bool]]]) -> tuple[list[float], list[float]]:
    """Net survival and the error of its log at days 0, 1, 2, …"""
    survival, variance = [1.0], [0.0]
    for day in days:
        if not day:
            survival.append(survival[-1])
            variance.append(variance[-1])
            continue
        start = math.fsum(math.exp(total) for total, _, _, _ in day)
        end = math.fsum(math.exp(total + rate) for total, rate, _, _ in day)
        of_start = math.fsum(math.exp(total) * rate for total, rate, _, _ in day) / start
        of_end = math.fsum(math.exp(total + rate) * rate for total, rate, _, _ in day) / end
        dead = math.fsum(math.exp(total + rate) for total, rate, dies, _ in day if dies)
        squared = math.fsum(math.exp(total + rate) ** 2 for total, rate, dies, _ in day if dies)
        survival.append(survival[-1] * (1 - (dead / end - (of_start + of_end) / 2)))
        variance.append(variance[-1] + squared / end**2)
    return survival, [math.sqrt(value) for value in variance]


def ederer2(days: list[list[tuple[float, float, bool, bool]]]) -> tuple[list[float], list[float]]:
    """Ederer II, stepping where somebody leaves."""
    survival, variance, since = [1.0], [0.0], 0.0
    for day in days:
        since += math.fsum(rate for _, rate, _, _ in day) / len(day) if day else 0.0
        step = noise = 0.0
        if any(leaves for _, _, _, leaves in day):
            dead = sum(dies for _, _, dies, _ in day)
            step, noise, since = dead / len(day) - since, dead / len(day) ** 2, 0.0
        survival.append(survival[-1] * (1 - step))
        variance.append(variance[-1] + noise)
    return survival, [math.sqrt(value) for value in variance]
