"""A small registry whose records pass the edits, for the tests of submissions."""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import functools
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry.service import Session
from registry.service.session import _open, local_actor
from tests.received import KEY, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
AS_OF = "2026-11-01T12:00:00"
CLEAN = changed(
    TUMOR, primarySite="C341", countyAtDx="061", gradeClinical="9", gradePathological="9", addrAtDxPostalCode="10001",
    rxSummSurgPrimSite2023="A000",
)  # fmt: skip
THIRD = changed(OTHER_PERSON, nameLast="Castro", dateOfBirth="19480305", socialSecurityNumber="301018888")


def tumor(number: int, **items: str | None) -> dict[str, str]:
    """A clean tumor with an accession number of its own."""
    return changed(CLEAN, accessionNumberHosp=f"2023{number:05}", medicalRecordNumber=f"MRN{number}", **items)


RECORDS: tuple[tuple[dict[str, str], list[dict[str, str]]], ...] = (
    (PERSON, [tumor(1)]),
    (changed(OTHER_PERSON, patientIdNumber="2"), [tumor(2, dateOfDiagnosis="20220401", rxSummSurgPrimSite2023=None,
                                                     rxSummSurgPrimSite="00", dateOf1stContact="20220401")]),
    (changed(THIRD, patientIdNumber="3"), [tumor(3, reportingFacility=TWO)]),
)  # fmt: skip


@contextlib.contextmanager
def registry(folder: Path, *records: Any) -> Iterator[Session]:
    """An encrypted registry of New York with these records (RECORDS when none are given), its clock at NOW."""
    for path in _made(json.dumps(records or RECORDS)).iterdir():
        shutil.copy2(path, folder / path.name)
    with opened(folder) as session:
        yield session


@functools.cache
def _made(records: str) -> Path:
    """A folder with the registry of these records, made once a test run."""
    folder = Path(tempfile.mkdtemp(prefix="registry-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    incoming = write(folder / "all.xml", *json.loads(records))
    Session.create(folder / "r.duckdb", key=KEY).close()
    with opened(folder) as session:
        session.run("settings.change", home_state="NY", registry_id_item="0000001234")
        session.run("ingest.file", path=incoming)
    return folder


@contextlib.contextmanager
def opened(folder: Path, now: dt.datetime = NOW) -> Iterator[Session]:
    """The registry of a folder again."""
    session = Session(_open(folder / "r.duckdb", KEY, False, 10), local_actor(), now=lambda: now)
    with session:
        yield session
