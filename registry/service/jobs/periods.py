"""Periods of jobs and the moments of a schedule: which day a run is about, and when its time has come.

A period is named by the local date of its moment: day 2026-11-22, week 2026-W47 (ISO 8601), month 2026-11, year 2026.
The day that a run is about (`as_of`) is the first day of its period, whenever it runs.

Moments are reckoned on the wall clock and then placed in the time zone: a moment that the change to summer time leaves out
comes as much later as the clock jumps (so no night is left out), one that comes twice in autumn comes once, the first time.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from registry.errors import BadInput

KINDS: Final = ("day", "week", "month", "year")
FIELDS: Final = ("year", "month", "day", "week", "day_of_week", "hour", "minute")
FURTHEST = dt.timedelta(days=800)
"""How far back missed periods are looked for."""

Schedule = tuple[tuple[str, str], ...]


class Moment(NamedTuple):
    """When (UTC) a period of a job comes, its name, and the day that it is about."""

    at: dt.datetime
    period: str
    as_of: dt.date


def period_of(kind: str, day: dt.date) -> str:
    """The period that a day lies in.

    >>> [period_of(kind, dt.date(2027, 1, 1)) for kind in KINDS]
    ['2027-01-01', '2026-W53', '2027-01', '2027']
    """
    if kind == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[kind]]


def first_day(kind: str, period: str) -> dt.date:
    """The day that a run of this period is about: its first.

    Raises:
        BadInput: this is no period of the kind.

    >>> first_day("week", "2026-W53"), first_day("month", "2026-11")
    (datetime.date(2026, 12, 28), datetime.date(2026, 11, 1))
    """
    forms = {"day": r"\d{4}-\d\d-\d\d", "week": r"(\d{4})-W(\d\d)", "month": r"\d{4}-\d\d", "year": r"\d{4}"}
    match = re.fullmatch(forms[kind], period, re.ASCII)
    try:
        if match and kind == "week":
            return dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
        if match:
            return dt.date.fromisoformat((period + "-01-01")[:10])
    except ValueError:
        pass
    example = period_of(kind, dt.date(2026, 11, 22))
    raise BadInput("period", f"{period!r} is not a {kind}", f"write it as {example}")


def zone(name: str, where: str = "jobs") -> dt.tzinfo:
    """A time zone by its name; `local` is the machine's.

    Raises:
        BadInput: there is no such zone.

    >>> str(zone("America/New_York"))
    'America/New_York'
    """
    if name == "local":
        from tzlocal import get_localzone

        return get_localzone()
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadInput(
            where, f"time_zone {name!r} is unknown", 'write "America/New_York" or "local"'
        ) from None


def schedule(given: Mapping[str, Any], where: str, place: str) -> Schedule:
    """A checked schedule: cron fields as texts, in the order of FIELDS.

    Raises:
        BadInput: an unknown field, or one that cron cannot read.

    >>> schedule({"minute": 30, "hour": 1}, "jobs.toml", "[jobs.x]")
    (('hour', '1'), ('minute', '30'))
    """
    if unknown := sorted(set(given) - set(FIELDS)):
        raise BadInput(where, f"{place} schedule has no field {unknown[0]!r}", f"use {', '.join(FIELDS)}")
    if wrong := [
        key for key, value in given.items() if isinstance(value, bool) or not isinstance(value, int | str)
    ]:
        raise BadInput(
            where, f"{place} schedule {wrong[0]} is neither a number nor a text", 'write 1 or "mon"'
        )
    found = tuple((name, str(given[name])) for name in FIELDS if name in given)
    for name, value in found:
        try:
            _trigger(((name, value),))
        except ValueError:
            raise BadInput(
                where, f"{place} schedule {name}: {value!r} will not do", "write it as in cron"
            ) from None
    return found


def _trigger(fields: Schedule) -> Any:
    """APScheduler's cron expression, on a clock without a zone (kept as UTC)."""
    from apscheduler.triggers.cron import CronTrigger

    finer = {"minute": "0"} if not any(name == "minute" for name, _ in fields) else {}
    return CronTrigger(**{**dict(fields), **finer}, second="0", timezone=dt.UTC)


def _wall(fields: Schedule, after: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
    """Moments on the wall clock, after < moment <= until; all without a zone."""
    trigger = _trigger(fields)
    last = after.replace(tzinfo=dt.UTC) + dt.timedelta(microseconds=1)
    while True:
        found = trigger.get_next_fire_time(None, last)
        if found is None or (moment := found.replace(tzinfo=None)) > until:
            return
        yield moment
        last = found + dt.timedelta(microseconds=1)


def check_once(fields: Schedule, kind: str, where: str, place: str) -> None:
    """Refuse a schedule that never comes, or more than once in its period.

    Raises:
        BadInput: as said.
    """
    comes = _comes(fields, kind)
    if comes == "often":
        what = f"{place} schedule comes more than once in a {kind}"
        raise BadInput(where, what, "use a shorter period, or other fields")
    if comes == "never":
        raise BadInput(where, f"{place} schedule never comes", "look at year, month and day")


@functools.cache
def _comes(fields: Schedule, kind: str) -> str:
    """Whether a schedule comes `once` in its period, `often` or `never`, by its first moments in ten years."""
    start = dt.datetime(2023, 12, 31, 23, 59, 59)
    before = None
    for number, moment in enumerate(_wall(fields, start, start + dt.timedelta(days=3660))):
        period = period_of(kind, moment.date())
        if period == before:
            return "often"
        before = period
        if number == 130:
            break
    return "never" if before is None else "once"


def placed(wall: dt.datetime, where: dt.tzinfo) -> dt.datetime:
    """A moment on the wall clock of a zone, in UTC.

    >>> ny = ZoneInfo("America/New_York")
    >>> placed(dt.datetime(2027, 3, 14, 2, 30), ny).astimezone(ny).isoformat()
    '2027-03-14T03:30:00-04:00'
    >>> placed(dt.datetime(2026, 11, 1, 1, 30), ny).astimezone(ny).isoformat()
    '2026-11-01T01:30:00-04:00'
    """
    return wall.replace(tzinfo=where, fold=0).astimezone(dt.UTC)


def moments(
    fields: Schedule, kind: str, where: dt.tzinfo, after: dt.datetime, until: dt.datetime
) -> Iterator[Moment]:
    """Moments of a schedule, after < moment <= until (both with a zone), the first of each period.

    >>> ny = ZoneInfo("America/New_York")
    >>> found = moments((("day", "1"), ("hour", "4")), "month", ny, dt.datetime(2026, 10, 15, tzinfo=dt.UTC),
    ...     dt.datetime(2026, 12, 31, tzinfo=dt.UTC))
    >>> [(moment.at.isoformat(), moment.period, moment.as_of.isoformat()) for moment in found]
    [('2026-11-01T09:00:00+00:00', '2026-11', '2026-11-01'), ('2026-12-01T09:00:00+00:00', '2026-12', '2026-12-01')]
    """
    day = dt.timedelta(days=1)  # more than any zone's offset and any jump of the clock
    begin = after.astimezone(where).replace(tzinfo=None) - day
    end = until.astimezone(where).replace(tzinfo=None) + day
    seen = None
    for wall in _wall(fields, begin, end):
        at, period = placed(wall, where), period_of(kind, wall.date())
        if after < at <= until and period != seen:
            yield Moment(at, period, first_day(kind, period))
        seen = period if at > after else seen


def next_moment(fields: Schedule, kind: str, where: dt.tzinfo, after: dt.datetime) -> Moment | None:
    """The first moment after another one, within ten years; None when the schedule has ended."""
    for days in (2, 40, 400, 3660):
        for found in moments(fields, kind, where, after, after + dt.timedelta(days=days)):
            return found
    return None


def newest_moment(fields: Schedule, kind: str, where: dt.tzinfo, now: dt.datetime) -> Moment | None:
    """The newest moment that has come, within the last two years and a bit.

    >>> now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    >>> newest_moment((("month", "1"), ("day", "1"), ("hour", "4")), "year", ZoneInfo("UTC"), now).period
    '2026'
    """
    for days in (2, 40, FURTHEST.days):
        found = list(moments(fields, kind, where, now - dt.timedelta(days=days), now))
        if found:
            return found[-1]
    return None


_WEEKDAYS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip


def in_words(fields: Schedule) -> str:
    """A schedule for people.

    >>> in_words((("day", "1"), ("hour", "4"))), in_words((("day_of_week", "mon"), ("hour", "0"), ("minute", "20")))
    ('day 1 of each month at 04:00', 'Mondays at 00:20')
    >>> in_words((("hour", "1"), ("minute", "30"))), in_words((("month", "1"), ("day", "1"), ("hour", "4")))
    ('every day at 01:30', 'January 1 at 04:00')
    >>> in_words((("hour", "*/6"),))
    'hour */6'
    """
    given = dict(fields)
    hour, minute = given.pop("hour", ""), given.pop("minute", "0")
    plain = hour.isdecimal() and minute.isdecimal()
    time = f"at {int(hour):02}:{int(minute):02}" if plain else ""
    if plain and not given:
        return f"every day {time}"
    if plain and set(given) == {"day"} and given["day"].isdecimal():
        return f"day {given['day']} of each month {time}"
    if plain and set(given) == {"day_of_week"} and given["day_of_week"] in _WEEKDAYS:
        return f"{_WEEKDAYS[given['day_of_week']]}s {time}"
    if plain and set(given) == {"month", "day"} and all(value.isdecimal() for value in given.values()):
        return f"{dt.date(2000, int(given['month']), 1):%B} {given['day']} {time}"
    return ", ".join(f"{name} {value}" for name, value in fields)
