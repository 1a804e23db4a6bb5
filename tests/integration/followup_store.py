"""A small registry for follow-up work, made once a module and copied for each test."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.security.roles import Actor
from registry.service import Session
from tests.received import FACILITIES, KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

NOW = dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)
SECOND = changed(
    TUMOR, primarySite="C619", laterality="0", sequenceNumberHospital="02", tumorRecordNumber="02"
)
AT_TWO = changed(
    TUMOR, reportingFacility=TWO, accessionNumberHosp="202300777", medicalRecordNumber="X9", classOfCase="00"
)
ANNA = Actor("anna", "registrar", frozenset({ONE}))
BEN = Actor("ben", "registrar", frozenset({TWO}))
JUNE = {"stated_date": "2026-06-01", "addressee": "physician"}


def make(folder: Path) -> Path:
    """A database in a folder: patient 1 with tumors 1 and 2 of facility ONE, tumor 1 also at TWO; patient 2 at TWO alone."""
    own = changed(OTHER_PERSON, patientIdNumber="901")
    at_two = changed(AT_TWO, accessionNumberHosp="202300888", medicalRecordNumber="X8")
    files = {"one": [(PERSON, [TUMOR, SECOND])], "two": [(changed(PERSON, patientIdNumber="900"), [AT_TWO]), (own, [at_two])]}  # fmt: skip
    with Session.create(folder / "r.duckdb", key=KEY) as opened:
        (folder / "facilities.csv").write_text(FACILITIES)
        opened.run("ingest.file", path=str(folder / "facilities.csv"))
        for name, patients in files.items():
            opened.run("ingest.file", path=write(folder / f"{name}.xml", *patients))
    return folder


@contextmanager
def copied(made: Path, folder: Path) -> Iterator[Session]:
    """A session on a copy of what `make` made, on 31 October 2026."""
    shutil.copytree(made, folder / "store")
    with Session.open(folder / "store" / "r.duckdb", key=KEY) as opened:
        yield Session(opened._store, opened.actor, now=lambda: NOW)


def abstracts(session: Session, patient_id: int = 1, *items: str) -> list[tuple[Any, ...]]:
    selected = ", ".join(f'"{item}"' for item in items)
    return session._store.query(
        f"SELECT {selected} FROM abstract WHERE patient_id = ? ORDER BY abstract_id", [patient_id]
    ).rows()


def patient(session: Session, patient_id: int = 1) -> tuple[Any, ...]:
    return session._store.query(
        'SELECT "vitalStatus", "dateOfLastContact" FROM patient WHERE patient_id = ?', [patient_id]
    ).row(0)


def tasks(session: Session) -> list[tuple[str, str | None]]:
    frame = session._store.query(
        "SELECT kind, facility_id FROM review_task WHERE kind NOT LIKE 'possible%' AND state = 'open' ORDER BY task_id"
    )
    return frame.rows()
