"""Cohort, complete, period and hybrid approach: which patients and which days an estimate rests on.

Source: Brenner H, Gefeller O, Cancer 1996;78:2004-2010 (period); Brenner H, Rachet B, Eur J Cancer 2004;40:2494-2501 (hybrid).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import polars as pl

from registry.analytics.relative.people import Period
from registry.errors import BadInput

Approach = Literal["cohort", "complete", "period", "hybrid"]


def approach(
    frame: pl.DataFrame,
    kind: Approach,
    first: dt.date,
    last: dt.date,
    followed_to: dt.date | None = None,
    years: float = 5,
    start: str = "start",
) -> tuple[pl.DataFrame, Period]:
    """People and the window to hand to an estimator as `period`.

    Args:
        frame: one row a person.
        kind: cohort: diagnosed from `first` to `last`, each followed for `years` whole (diagnosed by then).
            complete: diagnosed from `first` to `last`, however long they are followed.
            period: everybody's days from `first` to `last`, whenever diagnosed.
            hybrid: days from `first` to `followed_to` of those diagnosed by `last` (follow-up is known to later than
            diagnoses are).
        first, last: first and last day.
        followed_to: the day to which follow-up is complete; cohort and hybrid need it.
        years: length of survival asked for (cohort), in years of 365.25 days.
        start: column of the day of diagnosis.

    Returns:
        the people who belong to it, and the window or None.

    Raises:
        BadInput: days in the wrong order, a day missing, or no such approach.

    >>> day = dt.date
    >>> people = pl.DataFrame({"start": [day(1995, 5, 1), day(2003, 5, 1)]})
    >>> approach(people, "period", day(2000, 1, 1), day(2004, 12, 31))[1]
    (datetime.date(2000, 1, 1), datetime.date(2004, 12, 31))
    >>> approach(people, "complete", day(2000, 1, 1), day(2004, 12, 31))[0].height
    1
    """
    if kind not in ("cohort", "complete", "period", "hybrid"):
        raise BadInput("approach", f'"{kind}" is none', "use cohort, complete, period or hybrid")
    if first > last:
        raise BadInput("approach", "the last day is before the first")
    if kind in ("cohort", "hybrid") and followed_to is None:
        raise BadInput("approach", f"{kind} needs the day to which follow-up is complete")
    diagnosed = pl.col(start)
    if kind == "period":
        return frame.filter(diagnosed <= last), (first, last)
    if kind == "hybrid":
        assert followed_to is not None
        if followed_to < last:
            raise BadInput("approach", "follow-up ends before the last diagnoses")
        return frame.filter(diagnosed <= last), (first, followed_to)
    within = frame.filter(diagnosed.is_between(first, last))
    if kind == "complete":
        return within, None
    assert followed_to is not None
    latest = followed_to - dt.timedelta(days=int(years * 365.25))
    return within.filter(diagnosed <= latest), None
