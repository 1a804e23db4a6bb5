"""What is due: periods whose moment has come, runs to be tried again, runs whose holder is gone. For `pipelines`.

Missed periods are told from the job table and the runs that there are, not from anybody's memory of the clock.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry.errors import BadInput
from registry.service.jobs import periods
from registry.service.jobs.table import Job, JobTable, read
from registry.service.operations import Context, operation
from registry.service.processes import is_running

_PROCESS: Final = secrets.token_hex(4)
LATE: Final = dt.timedelta(minutes=15)
COLUMNS: Final = (
    "run_id, job, period, state, attempt, owner, as_of, cause, started_at, heartbeat_at, next_attempt_at"
)


def owner_name() -> str:
    """A holder's name: its process, this start of it, and a word of its own."""
    return f"{os.getpid()}-{_PROCESS}-{secrets.token_hex(4)}"


def gone(owner: str | None) -> bool:
    """Whether a holder's process has certainly ended (a number that another process has now looks alive).

    >>> gone(owner_name()), gone(None), gone(f"{os.getpid()}-00000000-0")
    (False, True, True)
    """
    pid, _, rest = (owner or "").partition("-")
    if not pid.isdecimal():
        return True
    if int(pid) == os.getpid():
        return not rest.startswith(_PROCESS)
    return not is_running(int(pid))


_listening: dict[Path, Callable[[], None]] = {}


@contextmanager
def scheduler_of(database: Path, wake: Callable[[], None]) -> Iterator[None]:
    """While it lasts, `wake` is called whenever a run of this database began, ended or was asked for."""
    place = database.resolve()
    _listening[place] = wake
    try:
        yield
    finally:
        _listening.pop(place, None)


def has_scheduler(context: Context) -> bool:
    """Whether this process works off the jobs of this database by itself."""
    return context.store.path.resolve() in _listening


def wake_scheduler(context: Context) -> None:
    """Tell the scheduler of this process, if there is one, to look again."""
    wake = _listening.get(context.store.path.resolve())
    if wake is not None:
        wake()


def aware(moment: dt.datetime) -> dt.datetime:
    """A moment of the store with its zone."""
    return moment.replace(tzinfo=dt.UTC)


@operation("jobs.look", changes=True)
def look(context: Context) -> dict[str, Any]:
    """What a scheduler has to do now, and when to look again; remembers since when each job is known.

    Returns:
        {due: [{job, period, as_of, at, cause}] in the order to work them, wake_at (UTC or None: the next try or the
        end of a lease), notify: [{run_id, job, title, period, state, attempt}] not told yet}.

    Raises:
        BadInput: the registry's job table has a fault.
    """
    context.require_central("jobs.look")
    table = read(context.store.path)
    known = _known(context, table)
    now = context.now()
    rows = context.store.query(
        f"SELECT {COLUMNS} FROM job_run WHERE state IN ('waiting', 'running') ORDER BY run_id"
    ).to_dicts()
    places = {job.name: number for number, job in enumerate(table.jobs) if job.enabled}
    due, later = [], []
    for row in rows:
        if row["job"] not in places:
            continue
        at, cause = resumes(row, table.find(row["job"]), now)
        if at <= now:
            due.append({**_named(row), "at": at, "cause": cause})
        else:
            later.append(at)
    due += [
        each for job in table.jobs if job.enabled for each in begun(context, table, job, known[job.name], now)
    ]
    due.sort(key=lambda each: (each["at"], places[each["job"]], each["period"]))
    return {"due": due, "wake_at": min(later, default=None), "notify": _untold(context, table)}


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("job", "period", "as_of")}


def resumes(row: dict[str, Any], job: Job, now: dt.datetime) -> tuple[dt.datetime, str]:
    """When a run that is not finished may be taken (again), and why."""
    if row["state"] == "waiting":
        return aware(row["next_attempt_at"] or row["started_at"]), str(row["cause"])
    if gone(row["owner"]):
        return min(now, aware(row["heartbeat_at"])), "cut off"
    beat = aware(row["heartbeat_at"])
    return (
        beat + dt.timedelta(seconds=job.lease) if beat <= now + dt.timedelta(seconds=job.lease) else now
    ), "cut off"


def begun(
    context: Context, table: JobTable, job: Job, since: dt.datetime, now: dt.datetime
) -> list[dict[str, Any]]:
    """Periods whose moment has come and that have no run: all of them, or the newest, as the job says."""
    where = periods.zone(table.time_zone)
    start = max(since, now - periods.FURTHEST)
    found = list(periods.moments(job.schedule, job.period, where, start, now))
    if job.catch_up == "latest":
        found = found[-1:]
    held = set(
        context.store.query(
            "SELECT period FROM job_run WHERE job = ? AND period IN (SELECT unnest(?::VARCHAR[]))",
            [job.name, [each.period for each in found]],
        )["period"]
    )
    return [
        {"job": job.name, "period": each.period, "as_of": each.as_of, "at": each.at,
         "cause": "missed" if now - each.at > LATE else "schedule"}
        for each in found
        if each.period not in held
    ]  # fmt: skip


def known_since(context: Context) -> dict[str, dt.datetime]:
    """Since when this registry has each job (UTC)."""
    rows = context.store.query("SELECT job, since FROM job_known ORDER BY job").rows()
    return {job: aware(since) for job, since in rows}


def _known(context: Context, table: JobTable) -> dict[str, dt.datetime]:
    held = known_since(context)
    new = [job.name for job in table.jobs if job.name not in held]
    if new:
        with context.store.unit_of_work(context.actor.name, "jobs.look") as work:
            work.insert("job_known", pl.DataFrame({"job": new, "since": [context.stamp] * len(new)}))
    return {**dict.fromkeys(new, context.now()), **held}


def _untold(context: Context, table: JobTable) -> list[dict[str, Any]]:
    if not {"email", "webhook"} & set(table.notify):
        return []
    states = ", ".join(f"'{state}'" for state in table.notify["on"])
    titles = {job.name: job.title for job in table.jobs}
    rows = context.store.query(
        f"""SELECT run_id, job, period, state, attempt FROM job_run
            WHERE state IN ({states}) AND notified_at IS NULL ORDER BY run_id"""
    )
    return [{**row, "title": titles.get(row["job"], row["job"])} for row in rows.to_dicts()]


def chosen_period(context: Context, table: JobTable, job: Job, period: str | None) -> tuple[str, dt.date]:
    """A period that has begun and the day it is about.

    Raises:
        BadInput: this is no such period, or it has not begun.
    """
    where = periods.zone(table.time_zone)
    today = context.now().astimezone(where).date()
    if period is None:
        newest = periods.newest_moment(job.schedule, job.period, where, context.now())
        period = newest.period if newest else periods.period_of(job.period, today)
    as_of = periods.first_day(job.period, period)
    if as_of > today:
        raise BadInput("period", f"{period} has not begun", "name an earlier one")
    return period, as_of
