"""The clock of `registry serve`: APScheduler wakes a single worker at the moments of the job table.

What is due is told by `jobs.look` from the table and the runs there are; the clock only says when to look: at the
start (missed periods, runs that were cut off), at each moment of the table, when a run is to be tried again, when
a holder's lease ends, and when somebody asks for a run.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.notify import tell
from pipelines.run import work_off
from registry.errors import RegistryError

if TYPE_CHECKING:
    from registry.service.session import Session

GRACE: Final = 20.0
"""Seconds that the end of the server waits for the work in hand to stop in order."""
LATEST_LOOK: Final = dt.timedelta(hours=6)
"""Looks are never further apart: a clock that was set, or a machine that slept, is noticed."""


class Scheduler:
    """Works off the jobs of one database in this process, one after the other."""

    def __init__(
        self, session: Session, database: Path, *, now: Callable[[], dt.datetime] | None = None
    ) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        from registry.security.roles import Actor

        self._session = session.as_actor(Actor("job:scheduler", "job"))
        self._database = database
        self._now = now or (lambda: dt.datetime.now(dt.UTC))
        self._stop, self._idle, self._asked = threading.Event(), threading.Event(), threading.Event()
        self._idle.set()
        self._guard = threading.Lock()
        self._clock = BackgroundScheduler(
            timezone=dt.UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 3},
        )
        self._open = ExitStack()

    def check(self) -> None:
        """Refuse a job table with a fault before anything is begun.

        Raises:
            BadInput: one line that says where.
        """
        from registry.service.jobs.table import read

        read(self._database)

    def start(self) -> None:
        """Begin: the first look is at once."""
        from registry.service.jobs.due import scheduler_of

        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._open.enter_context(scheduler_of(self._database, self.wake))
        self._clock.start()
        self.wake()

    def wake(self) -> None:
        """Look now, or once more when the work in hand ends."""
        self._asked.set()
        if self._idle.is_set():
            self._look_at(None)

    def _look_at(self, moment: dt.datetime | None) -> None:
        from apscheduler.triggers.date import DateTrigger

        name = "now" if moment is None else "next"
        with self._guard:
            if self._stop.is_set():
                return
            self._clock.add_job(
                self._look, DateTrigger(moment or dt.datetime.now(dt.UTC)), id=name, replace_existing=True
            )

    def _look(self) -> None:
        if self._stop.is_set():
            return
        self._idle.clear()
        self._asked.clear()
        try:
            _, seen = work_off(self._session, stop=self._stop)
            self._tell(seen["notify"])
            self._look_at(self._next(seen["wake_at"]))
        except RegistryError as error:
            logging.getLogger(__name__).error("jobs: %s", error)
            self._look_at(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5))
        except Exception as error:  # the clock must not end with one defect
            logging.getLogger(__name__).error("jobs: a defect (%s)", type(error).__name__)
            self._look_at(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5))
        finally:
            self._idle.set()
            if self._asked.is_set():
                self._look_at(None)

    def _tell(self, runs: list[dict[str, Any]]) -> None:
        from registry.service.jobs.table import read

        if runs and not self._stop.is_set():
            tell(self._session, read(self._database).notify, runs)

    def _next(self, wake_at: dt.datetime | None) -> dt.datetime:
        """The next moment to look, by the clock that the machine has now."""
        from registry.service.jobs import periods
        from registry.service.jobs.table import read

        table, now = read(self._database), self._now()
        where = periods.zone(table.time_zone)
        moments = [
            found.at
            for job in table.jobs
            if job.enabled
            and (found := periods.next_moment(job.schedule, job.period, where, now)) is not None
        ]
        first = min([*moments, *([wake_at] if wake_at else []), now + LATEST_LOOK])
        return dt.datetime.now(dt.UTC) + max(first - now, dt.timedelta(0))

    def stop(self, grace: float = GRACE) -> bool:
        """End in order: nothing new begins, the work in hand is asked to stop.

        Returns:
            Whether it did within `grace` seconds; if not, its run is taken up again at the next start.
        """
        with self._guard:
            self._stop.set()
        self._open.close()
        with suppress(Exception):
            self._clock.shutdown(wait=False)
        return self.idle(grace)

    def idle(self, seconds: float) -> bool:
        """Wait until no job runs in this process; whether that came within these seconds."""
        return self._idle.wait(seconds)

    def lifespan(self) -> Callable[[Any], AbstractAsyncContextManager[None]]:
        """Start and stop hooks for the server's application."""

        @asynccontextmanager
        async def during(_app: Any) -> AsyncIterator[None]:
            self.start()
            try:
                yield
            finally:
                await asyncio.to_thread(self.stop)

        return during
