"""Scheduled jobs: which there are, what comes next, what ran, what failed. What runs them stands beside this."""

from __future__ import annotations

import datetime as dt
import heapq
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from registry.errors import NotFound
from registry.service.jobs import attach as jobs_attach  # noqa: F401 - its operations are of this room
from registry.service.jobs import due as jobs_due
from registry.service.jobs import periods
from registry.service.jobs import runs as jobs_runs  # noqa: F401 - its operations are of this room
from registry.service.jobs.due import aware
from registry.service.jobs.table import Job, JobTable, read_anyway
from registry.service.operations import Context, operation

_RUN = (
    "run_id, job, period, as_of, state, attempt, cause, actor, started_at, finished_at, seconds, next_attempt_at, "
    "input_hash, output_hash, error, notified_at, notify_error"
)
_MOMENT = pl.Datetime("us")


@operation("jobs.list")
def list_jobs(context: Context) -> pl.DataFrame:
    """The job table with the newest run of each job, in the order of the table.

    Returns:
        frame[job, title, what, does, period_kind, schedule (words), time_zone, catch_up, retries, enabled, next_period,
        next_at, run_id, last_period, last_state, last_attempt, last_cause, last_started_at, last_finished_at,
        last_seconds, next_attempt_at, scheduler, fault]; moments in UTC. `scheduler`: this process works jobs off by
        itself. `fault`: the line about a registry's own job table that could not be used.
    """
    context.require_central("jobs.list")
    table = read_anyway(context.store.path)
    newest = context.store.query(
        f"""SELECT {_RUN} FROM job_run QUALIFY row_number() OVER (PARTITION BY job ORDER BY as_of DESC, run_id DESC) = 1
            ORDER BY job"""
    )
    last = {row["job"]: row for row in newest.to_dicts()}
    where = periods.zone(table.time_zone)
    rows = []
    for job in table.jobs:
        coming = periods.next_moment(job.schedule, job.period, where, context.now()) if job.enabled else None
        run = last.get(job.name, {})
        rows.append(
            {
                "job": job.name, "title": job.title, "what": job.what, "does": job.does, "period_kind": job.period,
                "schedule": periods.in_words(job.schedule), "time_zone": table.time_zone, "catch_up": job.catch_up,
                "retries": job.retries, "enabled": job.enabled, "next_period": coming.period if coming else None,
                "next_at": coming.at.replace(tzinfo=None) if coming else None, "run_id": run.get("run_id"),
                **{f"last_{name}": run.get(name) for name in
                   ("period", "state", "attempt", "cause", "started_at", "finished_at", "seconds")},
                "next_attempt_at": run.get("next_attempt_at"), "scheduler": jobs_due.has_scheduler(context),
                "fault": table.fault,
            }
        )  # fmt: skip
    text = ("last_period", "last_state", "last_cause", "next_period", "fault")
    times = ("next_at", "last_started_at", "last_finished_at", "next_attempt_at")
    schema: dict[str, Any] = {**dict.fromkeys(text, pl.String), **dict.fromkeys(times, _MOMENT), "run_id": pl.Int64,
              "last_attempt": pl.Int64, "last_seconds": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema_overrides=schema)


@operation("jobs.next")
def next_runs(context: Context, count: int = 20) -> pl.DataFrame:
    """What comes: runs that wait or were missed, then the next moments of the table.

    Returns:
        frame[at (UTC), job, title, period, as_of, state (waiting|planned)], by moment.
    """
    context.require_central("jobs.next")
    table = read_anyway(context.store.path)
    titles = {job.name: job.title for job in table.jobs}
    rows = context.store.query(
        f"SELECT {jobs_due.COLUMNS} FROM job_run WHERE state = 'waiting' ORDER BY next_attempt_at, run_id"
    ).to_dicts()
    found = [
        (aware(row["next_attempt_at"]), row["job"], row["period"], row["as_of"], "waiting")
        for row in rows
        if row["job"] in titles
    ]
    since = jobs_due.known_since(context)
    for job in table.jobs:
        if job.enabled and job.name in since:
            missed = jobs_due.begun(context, table, job, since[job.name], context.now())
            found += [(each["at"], job.name, each["period"], each["as_of"], "waiting") for each in missed]
    waiting = {(job, period) for _, job, period, _, _ in found}
    planned = (each for each in _coming(table, context.now()) if (each[1], each[2]) not in waiting)
    found = sorted(found)[:count]
    found += [each for each, _ in zip(planned, range(max(0, count - len(found))), strict=False)]
    schema: dict[str, Any] = {
        "at": _MOMENT,
        "job": pl.String,
        "title": pl.String,
        "period": pl.String,
        "as_of": pl.Date,
        "state": pl.String,
    }
    return pl.DataFrame(
        [
            (at.replace(tzinfo=None), job, titles[job], period, as_of, state)
            for at, job, period, as_of, state in found
        ],
        schema=schema,
        orient="row",
    )


def _coming(table: JobTable, now: dt.datetime) -> Iterator[tuple[dt.datetime, str, str, dt.date, str]]:
    """Coming moments of all jobs, by moment and name."""
    where = periods.zone(table.time_zone)

    def of(job: Job) -> Iterator[tuple[dt.datetime, str, str, dt.date, str]]:
        after: dt.datetime = now
        while (found := periods.next_moment(job.schedule, job.period, where, after)) is not None:
            yield found.at, job.name, found.period, found.as_of, "planned"
            after = found.at

    return heapq.merge(*(of(job) for job in table.jobs if job.enabled))


@operation("jobs.history")
def history(
    context: Context, job: str | None = None, state: str | None = None, limit: int = 100
) -> pl.DataFrame:
    """Runs, the newest first.

    Returns:
        frame[run_id, job, period, as_of, state, attempt, cause, actor, started_at, finished_at, seconds,
        next_attempt_at, input_hash, output_hash, error, notified_at, notify_error].
    """
    context.require_central("jobs.history")
    conditions = [
        (f"{name} = ?", value) for name, value in (("job", job), ("state", state)) if value is not None
    ]
    where = " AND ".join(text for text, _ in conditions) or "TRUE"
    return context.store.query(
        f"""SELECT {_RUN} FROM job_run WHERE {where}
            ORDER BY coalesce(started_at, next_attempt_at) DESC, run_id DESC LIMIT ?""",
        [*(value for _, value in conditions), limit],
    ).with_columns(pl.col("run_id", "attempt").cast(pl.Int64))


@operation("jobs.show")
def show(context: Context, run_id: int) -> dict[str, Any]:
    """One run.

    Returns:
        {run: columns of `jobs.history`, title, folder (below the database's folder, or whole), result; attempts:
        frame[attempt, cause, state, started_at, finished_at, seconds, input_hash, output_hash, error]; log: text;
        outputs: frame[name, bytes, sha256] of the files that are there}.

    Raises:
        NotFound: there is no such run.
    """
    context.require_central("jobs.show")
    found = context.store.query(f"SELECT {_RUN}, log, result FROM job_run WHERE run_id = ?", [run_id])
    if found.is_empty():
        raise NotFound("jobs", f"there is no run {run_id}")
    run = found.row(0, named=True)
    log, result = run.pop("log"), run.pop("result")
    attempts = context.store.query(
        """SELECT attempt, cause, state, started_at, finished_at, seconds, input_hash, output_hash, error
           FROM job_attempt WHERE run_id = ? ORDER BY attempt""",
        [run_id],
    ).with_columns(pl.col("attempt").cast(pl.Int64))
    told = json.loads(result) if result else {}
    jobs = {job.name: job for job in read_anyway(context.store.path).jobs}
    title = jobs[run["job"]].title if run["job"] in jobs else run["job"]
    files = told.pop("files", [])
    outputs = pl.DataFrame(files, schema={"name": pl.String, "bytes": pl.Int64, "sha256": pl.String})
    folder = told.pop("folder", None)
    base = context.store.path.absolute().parent
    if folder is not None and Path(folder).is_relative_to(base):
        folder = str(Path(folder).relative_to(base))
    return {
        "run": {**run, "title": title, "folder": folder, "result": told}, "attempts": attempts, "log": log or "",
        "outputs": outputs,
    }  # fmt: skip


@operation("jobs.failures")
def failures(context: Context, limit: int = 100) -> pl.DataFrame:
    """Runs that failed for good or ended with problems, and that no later period of the job has made good.

    Where a job catches up all its periods, each failed one counts until it is run again.

    Returns:
        frame as `jobs.history` with title, the newest first.
    """
    context.require_central("jobs.failures")
    jobs = {job.name: job for job in read_anyway(context.store.path).jobs}
    every = [name for name, job in jobs.items() if job.catch_up == "all"]
    found = context.store.query(
        f"""SELECT {_RUN} FROM job_run r WHERE state IN ('failed', 'problems')
              AND ((state = 'failed' AND job IN (SELECT unnest(?::VARCHAR[])))
                   OR NOT EXISTS (SELECT 1 FROM job_run l WHERE l.job = r.job AND l.as_of > r.as_of
                                  AND (l.state = 'done' OR (l.state = 'problems' AND r.state = 'failed')
                                       OR (l.state = r.state))))
            ORDER BY started_at DESC, run_id DESC LIMIT ?""",
        [every, limit],
    )
    names = list(jobs) or [""]
    titles = pl.DataFrame(
        {"job": names, "title": [jobs[name].title if name in jobs else "" for name in names]}
    )
    joined = found.join(titles, on="job", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("title").fill_null(pl.col("job")), pl.col("run_id", "attempt").cast(pl.Int64)
    )
