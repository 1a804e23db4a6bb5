"""The machinery of runs: who has one, until when, what came of it. For `pipelines`, not for people.

A run is one (job, period). Whoever works on it holds it by a lease: `claim` takes it in one unit of work, `beat` says
that the work goes on, `finish` ends it. A holder that is gone (its process ended, or it gave no sign of life for longer
than the lease) loses the run to the next claim; what it still tries to say is refused.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any, Final

import polars as pl

from registry.errors import BadInput, Conflict, NotReady
from registry.service.jobs.due import COLUMNS, chosen_period, has_scheduler, resumes, wake_scheduler
from registry.service.jobs.inputs import input_hash
from registry.service.jobs.table import Job, read, read_anyway
from registry.service.operations import Context, operation

CUT_OFF: Final = 5
"""How many times in a row a run may end with its process before it counts as failed."""
LONGEST_WAIT: Final = 86_400
LOG_CHARACTERS: Final = 60_000
_claiming = threading.Lock()
"""Claims come one after the other: all of them are made in the process that owns the database."""
_AGAIN: Final = ("retry", "cut off", "stopped")


@operation("jobs.claim", changes=True)
def claim(
    context: Context,
    job: str,
    owner: str,
    period: str | None = None,
    cause: str = "by hand",
    again: bool = False,
) -> dict[str, Any]:
    """Take a run, if it is to be had.

    Args:
        job: of the job table. owner: from `owner_name`. period: the newest one begun when absent.
        cause: schedule, missed, retry, cut off, by hand.
        again: also when it was done.

    Returns:
        {claimed, run_id, job, period, as_of, state, attempt}; when claimed also {title, does, parameters, folder,
        lease, keep, input_hash}; else `message`, a line that says why.

    Raises:
        BadInput: no such job or period, a period that has not begun, a fault in the job table.
    """
    context.require_central("jobs.claim")
    table = read(context.store.path)
    found = table.find(job)
    name, as_of = chosen_period(context, table, found, period)
    for _ in range(5):
        try:
            with _claiming:
                taken = _take(context, found, name, as_of, owner, cause, again)
        except Conflict:  # another claim or finish was faster: look again
            continue
        if taken["claimed"]:
            wake_scheduler(context)
            root = found.folder or str(context.store.path.absolute().parent / "jobs" / found.name)
            taken |= {
                "title": found.title, "does": found.does, "parameters": dict(found.parameters), "folder": root,
                "lease": found.lease, "keep": found.keep, "input_hash": input_hash(context, found, as_of),
            }  # fmt: skip
        return taken
    raise Conflict("jobs", f"{job} {name} keeps being taken by others", "try again")


def _take(
    context: Context, job: Job, period: str, as_of: dt.date, owner: str, cause: str, again: bool
) -> dict[str, Any]:
    now = context.stamp
    with context.store.unit_of_work(context.actor.name, "jobs.claim") as work:
        held = work.query(
            f"SELECT {COLUMNS} FROM job_run WHERE job = ? AND period = ?", [job.name, period]
        ).to_dicts()
        row = held[0] if held else None
        told = {"job": job.name, "period": period, "as_of": as_of}
        if row is not None and (message := _refusal(row, job, context.now(), cause, again)):
            return {**told, "claimed": False, "run_id": row["run_id"], "state": row["state"], "attempt": row["attempt"],
                    "message": message}  # fmt: skip
        other = _at_work(context, work, job, period)
        if other is not None:
            return {**told, "claimed": False, "run_id": other["run_id"], "state": "running", "attempt": other["attempt"],
                    "message": f"another process works on {other['period']} of this job"}  # fmt: skip
        if row is not None and _cut_off_too_often(context, work, row, cause):
            return {**told, "claimed": False, "run_id": row["run_id"], "state": "failed", "attempt": row["attempt"],
                    "message": "it failed"}  # fmt: skip
        if row is None:
            run_id, attempt = work.new_ids("job_run", 1)[0], 1
            first = {
                "run_id": run_id, **told, "state": "running", "attempt": 1, "actor": context.actor.name, "cause": cause,
                "owner": owner, "started_at": now, "heartbeat_at": now,
            }  # fmt: skip
            work.insert("job_run", pl.DataFrame([first]))
        else:
            run_id, attempt = row["run_id"], row["attempt"] + 1
            cause = _cause(row, cause, again)
            _retake(context, work, row, owner, cause, now)
        tried = {
            "run_id": run_id,
            "attempt": attempt,
            "owner": owner,
            "cause": cause,
            "state": "running",
            "started_at": now,
        }
        work.insert("job_attempt", pl.DataFrame([tried]), logged=False)
    return {**told, "claimed": True, "run_id": run_id, "state": "running", "attempt": attempt}


def _at_work(context: Context, work: Any, job: Job, period: str) -> dict[str, Any] | None:
    """Another period of the job that somebody works on: one at a time, in order."""
    rows = work.query(
        f"SELECT {COLUMNS} FROM job_run WHERE job = ? AND period <> ? AND state = 'running' ORDER BY run_id",
        [job.name, period],
    ).to_dicts()
    return next((row for row in rows if resumes(row, job, context.now())[0] > context.now()), None)


def _cause(row: dict[str, Any], cause: str, again: bool) -> str:
    if row["state"] == "running":
        return "cut off"
    if again and row["state"] in ("done", "problems"):
        return "again"
    return str(row["cause"]) if row["state"] == "waiting" and cause != "by hand" else cause


def _refusal(row: dict[str, Any], job: Job, now: dt.datetime, cause: str, again: bool) -> str | None:
    """Why a run is not to be had; None when it is."""
    by_hand = cause == "by hand"
    if row["state"] == "running":
        at, _ = resumes(row, job, now)
        return None if at <= now else "another process works on it"
    if row["state"] == "waiting":
        at, _ = resumes(row, job, now)
        return None if by_hand or at <= now else f"it is to be tried again at {at:%Y-%m-%d %H:%M} UTC"
    if row["state"] == "failed":
        return None if by_hand or again else "it failed"
    return None if again else "it was done already"


def _retake(
    context: Context, work: Any, row: dict[str, Any], owner: str, cause: str, now: dt.datetime
) -> None:
    """The one UPDATE that decides who has the run, and the end of the attempt before."""
    taken = work.execute(
        """UPDATE job_run SET state = 'running', attempt = attempt + 1, owner = ?, cause = ?, actor = ?, started_at = ?,
               heartbeat_at = ?, finished_at = NULL, next_attempt_at = NULL, notified_at = NULL, notify_error = NULL
           WHERE run_id = ? AND state = ? AND attempt = ? AND owner IS NOT DISTINCT FROM ?""",
        [
            owner,
            cause,
            context.actor.name,
            now,
            now,
            row["run_id"],
            row["state"],
            row["attempt"],
            row["owner"],
        ],
    )
    if not taken:
        raise Conflict("jobs", "another process took this run", "look again")
    if row["state"] == "running":
        work.execute(
            "UPDATE job_attempt SET state = 'cut off', finished_at = ? WHERE run_id = ? AND attempt = ?",
            [now, row["run_id"], row["attempt"]],
        )
    before = {"state": row["state"], "attempt": row["attempt"]}
    after = {"state": "running", "attempt": row["attempt"] + 1, "cause": cause}
    work.log("job_run", row["run_id"], "jobs.claim", before, after)


def _cut_off_too_often(context: Context, work: Any, row: dict[str, Any], cause: str) -> bool:
    """Give a run up that ends with its process each time (out of memory, say); a person may still ask for it."""
    if row["state"] != "running" or cause == "by hand":
        return False
    if 1 + _tail(work, row["run_id"], row["attempt"])["cut off"] < CUT_OFF:
        return False
    error = f"jobs: its process ended {CUT_OFF} times while it ran; look at memory and disk"
    given_up = work.execute(
        """UPDATE job_run SET state = 'failed', owner = NULL, finished_at = ?, error = ?
           WHERE run_id = ? AND state = 'running' AND attempt = ?""",
        [context.stamp, error, row["run_id"], row["attempt"]],
    )
    if not given_up:
        raise Conflict("jobs", "another process took this run", "look again")
    work.execute(
        "UPDATE job_attempt SET state = 'cut off', finished_at = ? WHERE run_id = ? AND attempt = ?",
        [context.stamp, row["run_id"], row["attempt"]],
    )
    work.log("job_run", row["run_id"], "jobs.claim", {"state": "running"}, {"state": "failed"})
    return True


@operation("jobs.beat", changes=True)
def beat(context: Context, run_id: int, attempt: int, owner: str) -> bool:
    """Say that the work on a run goes on; False when the run is no longer the asker's."""
    changed = context.store.housekeeping(
        "UPDATE job_run SET heartbeat_at = ? WHERE run_id = ? AND attempt = ? AND owner = ? AND state = 'running'",
        [context.stamp, run_id, attempt, owner],
    )
    return changed == 1


ENDS: Final = ("done", "problems", "failed", "stopped")


@operation("jobs.finish", changes=True)
def finish(
    context: Context,
    run_id: int,
    attempt: int,
    owner: str,
    state: str,
    input_hash: str | None = None,
    output_hash: str | None = None,
    seconds: float | None = None,
    log: str = "",
    error: str | None = None,
    result: dict[str, Any] | None = None,
    retry: bool = True,
) -> dict[str, Any]:
    """End an attempt: done, problems, failed (tried again later while the job's retries last), or stopped in order.

    Args:
        retry: False when trying again cannot help.

    Returns:
        {state (of the run), next_attempt_at}.

    Raises:
        Conflict: the run is no longer the asker's. BadInput: no such end.
    """
    context.require_central("jobs.finish")
    if state not in ENDS:
        raise BadInput("jobs", f"{state!r} is no end of a run", f"use {', '.join(ENDS)}")
    text = log if len(log) <= LOG_CHARACTERS else log[: LOG_CHARACTERS - 4] + " ..."
    now = context.stamp
    with context.store.unit_of_work(context.actor.name, "jobs.finish") as work:
        held = work.query("SELECT job FROM job_run WHERE run_id = ?", [run_id])
        after, wait = _after(
            context, work, held["job"][0] if held.height else "", run_id, attempt, state, retry
        )
        next_at = None if wait is None else now + dt.timedelta(seconds=wait)
        cause = {"failed": "retry", "stopped": "stopped"}.get(state) if after == "waiting" else None
        changed = work.execute(
            """UPDATE job_run SET state = ?, owner = NULL, finished_at = ?, next_attempt_at = ?, seconds = ?, log = ?,
                   error = ?, input_hash = ?, output_hash = coalesce(?, output_hash), result = coalesce(?, result),
                   cause = coalesce(?, cause)
               WHERE run_id = ? AND attempt = ? AND owner = ? AND state = 'running'""",
            [after, None if after == "waiting" else now, next_at, seconds, text, error, input_hash, output_hash,
             None if result is None else json.dumps(result, default=str), cause, run_id, attempt, owner],
        )  # fmt: skip
        if not changed:
            raise Conflict("jobs", "another process has taken this run over", "leave it to that one")
        work.execute(
            """UPDATE job_attempt SET state = ?, finished_at = ?, seconds = ?, input_hash = ?, output_hash = ?, error = ?,
                   log = ? WHERE run_id = ? AND attempt = ?""",
            [state, now, seconds, input_hash, output_hash, error, text, run_id, attempt],
        )
        work.log(
            "job_run",
            run_id,
            "jobs.finish",
            {"state": "running"},
            {"state": after, "output_hash": output_hash},
        )
    wake_scheduler(context)
    return {"state": after, "next_attempt_at": next_at}


def _after(
    context: Context, work: Any, job: str, run_id: int, attempt: int, state: str, retry: bool
) -> tuple[str, float | None]:
    """State of the run after an attempt, and the seconds to wait before the next one."""
    if state in ("done", "problems"):
        return state, None
    if state == "stopped":
        return "waiting", 0.0
    rows = [each for each in read_anyway(context.store.path).jobs if each.name == job]
    failures = 1 + _tail(work, run_id, attempt)["failed"]
    if not retry or not rows or failures > rows[0].retries:
        return "failed", None
    return "waiting", float(min(rows[0].retry_wait * 2 ** (failures - 1), LONGEST_WAIT))


def _tail(work: Any, run_id: int, before: int) -> dict[str, int]:
    """How attempts ended since the run was last begun anew, before attempt number `before`."""
    rows = work.query(
        "SELECT cause, state FROM job_attempt WHERE run_id = ? AND attempt < ? ORDER BY attempt DESC",
        [run_id, before],
    ).rows()
    current = work.query(
        "SELECT cause FROM job_attempt WHERE run_id = ? AND attempt = ?", [run_id, before]
    ).rows()
    found = {"failed": 0, "cut off": 0}
    anew = not current or current[0][0] not in _AGAIN
    for cause, state in rows:
        if anew:
            break
        if state in found:
            found[state] += 1
        anew = cause not in _AGAIN
    return found


@operation("jobs.notified", changes=True)
def notified(context: Context, run_id: int, error: str | None = None) -> None:
    """Keep that the failure of a run was told, or why telling it failed."""
    context.require_central("jobs.notified")
    with context.store.unit_of_work(context.actor.name, "jobs.notified") as work:
        work.execute(
            "UPDATE job_run SET notified_at = ?, notify_error = ? WHERE run_id = ?",
            [context.stamp, error, run_id],
        )
        work.log("job_run", run_id, "jobs.notified", None, {"error": error})


@operation("jobs.run_now", changes=True)
def run_now(context: Context, job: str, period: str | None = None, again: bool = False) -> dict[str, Any]:
    """Ask the scheduler of this process to run a job now, and answer at once.

    Returns:
        {run_id, job, period, state}: waiting, running, or done when it was done already and `again` is not said.

    Raises:
        NotReady: this process runs no scheduler. BadInput: no such job or period.
    """
    context.require_central("jobs.run_now")
    if not has_scheduler(context):
        raise NotReady("jobs", "no scheduler runs in this process", f"type registry jobs run {job}")
    table = read(context.store.path)
    found = table.find(job)
    if not found.enabled:
        raise BadInput("jobs", f"{job} is switched off in the job table", "set enabled = true")
    name, as_of = chosen_period(context, table, found, period)
    answer = _queue(context, found, name, as_of, again)
    wake_scheduler(context)
    return answer


def _queue(context: Context, job: Job, period: str, as_of: dt.date, again: bool) -> dict[str, Any]:
    now = context.stamp
    with context.store.unit_of_work(context.actor.name, "jobs.run_now") as work:
        held = work.query(
            "SELECT run_id, state, attempt FROM job_run WHERE job = ? AND period = ?", [job.name, period]
        ).to_dicts()
        state, cause = "waiting", "by hand"
        if not held:
            run_id = work.new_ids("job_run", 1)[0]
            row = {
                "run_id": run_id, "job": job.name, "period": period, "as_of": as_of, "state": state, "attempt": 0,
                "actor": context.actor.name, "cause": cause, "next_attempt_at": now,
            }  # fmt: skip
            work.insert("job_run", pl.DataFrame([row]))
        else:
            run_id, before = held[0]["run_id"], held[0]["state"]
            if before == "running" or (before in ("done", "problems") and not again):
                state = before
                work.log("job_run", run_id, "jobs.run_now", None, {"state": before})
            else:
                cause = "again" if before in ("done", "problems") else cause
                work.execute(
                    """UPDATE job_run SET state = 'waiting', cause = ?, next_attempt_at = ?, actor = ?, notified_at = NULL,
                           notify_error = NULL WHERE run_id = ? AND state = ? AND attempt = ?""",
                    [cause, now, context.actor.name, run_id, before, held[0]["attempt"]],
                )
                work.log("job_run", run_id, "jobs.run_now", {"state": before}, {"state": state})
    return {"run_id": run_id, "job": job.name, "period": period, "state": state}
