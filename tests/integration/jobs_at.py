"""A small registry with jobs, and a clock that tests set: what the tests of jobs share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from registry.service import Session
from registry.service.session import local_actor
from tests.received import FACILITIES, KEY, OTHER_PERSON, PERSON, TUMOR, changed, hl7, write

TABLE = """
time_zone = "UTC"
[jobs.passive]
enabled = false
[jobs.suites]
enabled = false
[jobs.submissions]
enabled = false
[jobs.snapshot]
enabled = false
[jobs.followup-list]
enabled = false
[jobs.followup-annual]
enabled = false
[jobs.monthly]
does = "linkage"
schedule = { day = 1, hour = 4 }
period = "month"
catch_up = "all"
"""
"""Jobs that need little: linkage (week), derive, edits, backup (day), and a monthly one that catches up."""


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, text: str) -> None:
        self.now = moment(text)

    def __call__(self) -> dt.datetime:
        return self.now

    def set(self, text: str) -> None:
        self.now = moment(text)

    def forward(self, **span: float) -> None:
        self.now += dt.timedelta(**span)


def make(folder: Path, table: str = TABLE) -> Path:
    """A database with two patients, a report that waits, and a job table beside it."""
    database = folder / "r.duckdb"
    with Session.create(database, key=KEY) as session:
        (folder / "facilities.csv").write_text(FACILITIES)
        (folder / "m.hl7").write_text(hl7())
        other = changed(TUMOR, accessionNumberHosp="202300002", medicalRecordNumber="MRN2")
        people = write(
            folder / "a.xml", (PERSON, [TUMOR]), (changed(OTHER_PERSON, patientIdNumber="00000002"), [other])
        )
        for path in ("m.hl7", "facilities.csv"):
            session.run("ingest.file", path=str(folder / path))
        session.run("ingest.file", path=people)
    (folder / "r.duckdb.jobs.toml").write_text(table)
    return database


def at(session: Session, clock: Clock) -> Session:
    """The same store by another clock."""
    return Session(session._store, local_actor(), now=clock)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(session: Any, **chosen: Any) -> list[tuple[Any, ...]]:
    """Runs, the oldest first: (job, period, state, attempt, cause)."""
    found = session.run("jobs.history", limit=10_000, **chosen).sort("run_id")
    return list(found.select("job", "period", "state", "attempt", "cause").iter_rows())
