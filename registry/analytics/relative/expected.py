"""Survival expected of a cohort in the general population.

Expected survival is a whole cohort's over continuous time, so the day on which an age begins within the day has both ages'
hazards (the estimators of excess hazard take the hazard of the age attained when the day begins).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import polars as pl

from registry.analytics.counts import By
from registry.analytics.relative import curves, people, sums
from registry.analytics.relative.life_table import LifeTable
from registry.analytics.relative.people import People, Period
from registry.errors import BadInput

EPOCH = dt.date(1970, 1, 1)
NEVER = np.int64(1) << 40


def expected_hazard(frame: pl.DataFrame, life_table: LifeTable, **columns: Any) -> pl.Series:
    """Cumulative hazard of each person in the general population from start to `time`; rows as in `frame`.

    >>> from registry.analytics.relative.life_table import life_table
    >>> day = dt.date(2000, 1, 1)
    >>> people = pl.DataFrame({"time": [100], "dead": [True], "start": [day], "born": [dt.date(1940, 1, 1)], "sex": ["1"]})
    >>> table = life_table(pl.DataFrame({"sex": ["1"], "year": [2000], "age": [0], "daily_hazard": [1e-5]}))
    >>> round(expected_hazard(people, table).item(), 9)
    0.001
    """
    who = people.read(frame, life_table, curves.names_of(columns))
    return pl.Series("expected_hazard", sums.expected_hazard(who, life_table, who.exit))


def expected_survival(
    frame: pl.DataFrame,
    life_table: LifeTable,
    at: Sequence[float],
    method: Literal["ederer1", "ederer2", "hakulinen"] = "ederer1",
    by: By = None,
    period: Period = None,
    closing: dt.date | None = None,
    **columns: Any,
) -> pl.DataFrame:
    """Expected survival of each group at given days.

    Args:
        frame, life_table, by, period, **columns: as in `net_survival`.
        at: days; between two days, log survival is a straight line.
        method: ederer1 (everybody), ederer2 (those still under observation, day by day: survexp's conditional) or
            hakulinen (everybody as long as they could have been followed).
        closing: see `relative_survival`.

    Returns:
        `by`, time, survival (null in a group of nobody).
    """
    if method not in ("ederer1", "ederer2", "hakulinen"):
        raise BadInput("expected survival", f'"{method}" is no method', "use ederer1, ederer2 or hakulinen")
    times = curves.check_times(at) or []
    names = curves.names_of(columns)
    who = people.read(frame, life_table, names, by, period)
    stay = potential(people.read(frame, life_table, names, by), method, period, closing)
    days = int(np.ceil(max(times, default=0.0)))
    parts = []
    for number, part in who.by_group():
        if method == "ederer2":
            survival = np.exp(-sums.daily(part, life_table, days, mixed=True).cumulative_hazard())
        else:
            alike = stay.take(np.flatnonzero(stay.group == number))
            survival = _ratios(sums.daily(alike, life_table, days, sign=-1.0, mixed=True))
        values = np.exp(np.interp(times, np.arange(days + 1), np.log(survival)))
        values = values if len(part) else np.full(len(times), np.nan)
        group = [
            pl.lit(who.groups[name][number], dtype=who.groups.schema[name]).alias(name)
            for name in who.groups.columns
        ]
        parts.append(
            pl.DataFrame({"time": times, "survival": values}, nan_to_null=True).select(*group, pl.all())
        )
    empty = pl.DataFrame(schema={**who.groups.schema, "time": pl.Float64, "survival": pl.Float64})
    return pl.concat([empty, *parts])


def potential(who: People, method: str, period: Period, closing: dt.date | None) -> People:
    """The same people for as long as they could have been followed.

    Ederer I: for ever. Hakulinen: those who died to the closing day (default: the latest exit of all), the others to their
    own exit. With a period, only its days (from the later of diagnosis and its first day).
    """
    stay = np.full(len(who), NEVER)
    if method == "hakulinen":
        last_exit = int((who.start + who.exit).max(initial=0))
        end = last_exit if closing is None else (closing - EPOCH).days
        stay = np.where(who.died, np.maximum(end - who.start, who.exit), who.exit)
    entry = who.entry
    if period is not None:
        first, last = ((day - EPOCH).days for day in period)
        entry, stay = np.maximum(0, first - 1 - who.start), np.minimum(stay, last - who.start)
    return replace(who, entry=entry, exit=stay)


def whole_cohort(alike: People, table: LifeTable, days: int) -> np.ndarray:
    """Expected survival at days 0 to `days` of everybody's potential follow-up."""
    return _ratios(sums.daily(alike, table, days, sign=-1.0, mixed=True))


def _ratios(total: sums.Sums) -> np.ndarray:
    step = np.divide(total.at_end, total.at_start, out=np.ones(len(total.at_end)), where=total.people > 0)
    return np.append(1.0, np.cumprod(step))


def hakulinen_expected(alike: People, exits: np.ndarray, table: LifeTable, days: int) -> np.ndarray:
    """Hakulinen's expected survival at days 0 to `days`, as relsurv has it.

    Steps are the intervals between days on which somebody leaves or could have left; in each, the hazards of those
    who could still be followed are averaged with their expected survival at its end.
    """
    last = int(exits.max(initial=0))
    there = alike.exit > alike.entry
    grid = np.unique(np.minimum(np.concatenate([exits, alike.exit[there], alike.entry[there]]), last))
    grid = grid[(grid > 0) & (grid <= days)]
    total = sums.daily(alike, table, days, sign=-1.0, mixed=True)
    begin = np.append(0, grid[:-1])[: len(grid)]
    above = total.hazard_end[grid - 1].copy()
    long = np.flatnonzero(grid - begin > 1)
    above[long] = _weighted_hazard(alike, table, begin[long], grid[long], above[long])
    step = sums.ratio(above, total.at_end[grid - 1])
    return np.exp(-_spread(step, grid, days))


def _weighted_hazard(
    alike: People, table: LifeTable, begin: np.ndarray, end: np.ndarray, at_end: np.ndarray
) -> np.ndarray:
    """Sum over those at risk of S(end) * (H(end) - H(begin)) for disjoint intervals of several days, in order.

    Where a person's hazard stays the same, H grows by it times the days: `at_end`, the sum of S(end) * hazard of the last
    day, gives that. For each change of hazard within an interval, what it took or gave before the change is added.
    """
    found = at_end * (end - begin)
    if not len(end):
        return found
    stop = np.where(alike.exit > alike.entry, np.minimum(alike.exit, end[-1]), 0)
    before, open_ = np.zeros(len(alike)), np.zeros(len(alike))
    ends, begins = np.append(end, sums.FAR), np.append(begin, sums.FAR)
    for step in sums.stretches(alike, table, stop, mixed=True):
        who, place = step.who, np.searchsorted(end, step.first, side="right")
        since = np.maximum(step.first - begins[place], 0)
        open_[who] += np.where(step.first > 0, before[who] - step.hazard, 0.0) * since
        before[who] = step.hazard
        closed = np.flatnonzero((ends[place] <= step.last) & (open_[who] != 0))
        who, place = who[closed], place[closed]
        there = alike.entry[who] <= begin[place]
        later = step.total[closed] + step.hazard[closed] * (end[place] - step.first[closed])
        found += np.bincount(place, np.exp(-later) * open_[who] * there, len(end))
        open_[who] = 0.0
    return found


def hazard_at(who: People, table: LifeTable, points: np.ndarray) -> np.ndarray:
    """Cumulative hazard of each person (rows) at days in rising order (columns), up to the person's exit."""
    total = np.zeros((len(who), len(points)))
    for step in sums.stretches(who, table, np.minimum(who.exit, points[-1]), mixed=True):
        first = np.searchsorted(points, step.first, side="right")
        count = np.searchsorted(points, step.last, side="right") - first
        place = np.repeat(np.arange(len(count)), count)
        number = first[place] + np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
        total[step.who[place], number] = step.total[place] + step.hazard[place] * (
            points[number] - step.first[place]
        )
    return total


def _spread(step: np.ndarray, grid: np.ndarray, days: int) -> np.ndarray:
    """Running sum of steps taken at days of a grid, at every day."""
    at_day = np.zeros(days + 1)
    at_day[grid] = step
    return np.cumsum(at_day)
