"""One run of a job: take it, work, put its outputs in place, say what came of it.

Killed at any point, a run is taken again by whoever looks next: outputs are made aside and renamed, and what the work
writes into the registry it writes in units of work that a second attempt finds done.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pipelines import outputs
from pipelines.works import WORKS, Task
from registry.errors import BadInput, Busy, Conflict, Denied, NotFound, RegistryError, place

if TYPE_CHECKING:
    from registry.service.remote import AnySession

_HOPELESS = (BadInput, Denied, NotFound)
"""Errors that another attempt meets again."""


class Stopped(Exception):
    """Somebody wants the process to end."""


class Overtaken(Exception):
    """The run is another process's by now."""


def run_job(
    session: AnySession,
    job: str,
    period: str | None = None,
    *,
    cause: str = "by hand",
    again: bool = False,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Run one period of a job, unless somebody else has it or it was done.

    Args:
        session: local or remote.
        period: the newest one begun when absent.
        cause: why now; see `jobs.claim`. again: also when it was done.
        stop: set to end the work in order; the run then waits for the next start.

    Returns:
        {job, period, as_of, run_id, attempt, ran (by this call), state (of the run), message (why not, or what was wrong),
        problems, folder, files}.

    Raises:
        BadInput: no such job or period, or a fault in the job table.
    """
    from registry.service.jobs.due import owner_name

    owner = owner_name()
    taken = session.run("jobs.claim", job=job, owner=owner, period=period, cause=cause, again=again)
    told: dict[str, Any] = {"message": None, "problems": [], "folder": None, "files": []}
    shown = {name: taken[name] for name in ("job", "period", "as_of", "run_id", "attempt", "state")}
    if not taken["claimed"]:
        return {**told, **shown, "ran": False, "message": taken["message"]}
    return {**told, **shown, "ran": True, **_Attempt(session, taken, owner, stop).run()}


class _Attempt:
    """One attempt at a run that was claimed."""

    def __init__(
        self, session: AnySession, taken: dict[str, Any], owner: str, stop: threading.Event | None
    ) -> None:
        self.session, self.taken, self.owner = session, taken, owner
        self.stop = stop or threading.Event()
        self.heart = _Heart(session, taken, owner)
        self.root = Path(taken["folder"])
        self.task = Task(
            self._watched(), taken["job"], taken["period"], taken["as_of"], taken["parameters"], self.root,
            self.root / taken["period"],
        )  # fmt: skip

    def _watched(self) -> AnySession:
        """The session, its long operations asking now and then whether to go on."""
        watched = getattr(self.session, "watched", None)
        if watched is None:
            return self.session  # remote: the work is done in another process
        found: AnySession = watched(lambda _what, _done, _total: self.go_on())
        return found

    def go_on(self) -> None:
        """Raise when the work should not go on."""
        if self.stop.is_set():
            raise Stopped
        if self.heart.lost.is_set():
            raise Overtaken

    def run(self) -> dict[str, Any]:
        """Work to an end; what `run_job` says of it."""
        begun = time.monotonic()
        ended: dict[str, Any]
        with self.heart:
            try:
                ended = self._work()
            except Overtaken:
                return {
                    "state": "running",
                    "ran": False,
                    "message": "another process has taken this run over",
                }
            except Stopped:
                ended = {"state": "stopped", "error": None}
            except RegistryError as error:
                ended = {"state": "failed", "error": str(error), "retry": not isinstance(error, _HOPELESS)}
            except Exception as error:
                ended = {"state": "failed", "error": _described(error)}
            except BaseException:
                with suppress(RegistryError):
                    self._finish({"state": "stopped", "error": None}, begun)
                raise
            return self._finish(ended, begun)

    def _work(self) -> dict[str, Any]:
        taken, task = self.taken, self.task
        self.go_on()
        with outputs.building(self.root, taken["period"]) as folder:
            task.folder = folder
            figures = WORKS[taken["does"]](task)
            self.go_on()
            files = outputs.listing(folder)
            self.heart.require()
            outputs.publish(folder, self.root, taken["period"])
        for name in outputs.prune(self.root, taken["keep"]):
            task.log(f"outputs of {name} removed (keep = {taken['keep']})")
        for problem in task.problems:
            task.log(f"problem: {problem}")
        return {
            "state": "problems" if task.problems else "done", "error": "; ".join(task.problems) or None,
            "output_hash": outputs.output_hash([each for each in files if not each["name"].startswith(task.varying)]),
            "result": {**figures, "folder": str(task.final), "files": files},
        }  # fmt: skip

    def _finish(self, ended: dict[str, Any], begun: float) -> dict[str, Any]:
        told = {"message": ended["error"], "problems": list(self.task.problems)}
        try:
            after = self.session.run(
                "jobs.finish", run_id=self.taken["run_id"], attempt=self.taken["attempt"], owner=self.owner,
                input_hash=self.taken["input_hash"], seconds=round(time.monotonic() - begun, 3),
                log="\n".join(self.task.lines), **ended,
            )  # fmt: skip
        except Conflict as error:
            return {**told, "state": "running", "ran": False, "message": str(error)}
        result = ended.get("result") or {}
        return {**told, "state": after["state"], "ended": ended["state"], "next_attempt_at": after["next_attempt_at"],
                "folder": result.get("folder"), "files": result.get("files", [])}  # fmt: skip


def _described(error: Exception) -> str:
    """Kind and place of an error, never its text (it may hold patient data); of the system's errors what it says."""
    if isinstance(error, OSError):
        return f"job: {error.strerror or type(error).__name__}; check the disk and permissions"
    return f"job: a defect ({type(error).__name__} at {place(error)}); please report it"


class _Heart:
    """Says four times a lease that the work goes on, from a thread of its own."""

    def __init__(self, session: AnySession, taken: dict[str, Any], owner: str) -> None:
        self._session, self._lease = session, float(taken["lease"])
        self._words = {"run_id": taken["run_id"], "attempt": taken["attempt"], "owner": owner}
        self.lost = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="job heartbeat", daemon=True)

    def _beat(self) -> None:
        heard = time.monotonic()
        while not self._done.wait(self._lease / 4):
            try:
                if not self._session.run("jobs.beat", **self._words):
                    self.lost.set()
                    return
                heard = time.monotonic()
            except RegistryError:  # the server is busy or gone: the lease decides
                if time.monotonic() - heard > self._lease:
                    self.lost.set()
                    return

    def require(self) -> None:
        """Raise `Overtaken` unless the run is still ours."""
        try:
            ours = self._session.run("jobs.beat", **self._words)
        except Busy:
            ours = False
        if not ours:
            raise Overtaken

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join(5)


def work_off(session: AnySession, *, stop: threading.Event | None = None) -> tuple[list[dict[str, Any]], Any]:
    """Run everything that is due, in order, until nothing is; a run that failed waits for its time.

    Returns:
        What `run_job` says of each run that was to be had, and the answer of the last `jobs.look` (`wake_at`, `notify`).
    """
    stop = stop or threading.Event()
    told: list[dict[str, Any]] = []
    tried: set[tuple[str, str]] = set()
    while True:
        seen = session.run("jobs.look")
        fresh = [each for each in seen["due"] if (each["job"], each["period"]) not in tried]
        if stop.is_set() or not fresh:
            return told, seen
        each = fresh[0]
        tried.add((each["job"], each["period"]))
        ran = run_job(session, each["job"], each["period"], cause=each["cause"], stop=stop)
        told += [ran] if ran["ran"] else []
