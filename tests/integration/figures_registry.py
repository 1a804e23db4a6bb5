"""A small registry of made-up people with odd dates and codes, for the tests of figures."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from registry.security.roles import Actor
from registry.service import Session
from registry.service.operations import Context

ONE, TWO = "0000000001", "0000000002"
AS_OF = "2024-12-31"
PEOPLE = 900
PATIENT = ["sexAssignedAtBirth", "race1", "spanishHispanicOrigin", "dateOfBirth", "dateOfLastContact", "vitalStatus",
           "causeOfDeath", "icdRevisionNumber"]  # fmt: skip
TUMOR = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis", "ageAtDiagnosis", "classOfCase",
         "sequenceNumberCentral", "typeOfReportingSource", "summaryStage2018", "seerSummaryStage2000", "addrAtDxState",
         "countyAtDx", "reportingFacility", "diagnosticConfirmation", "dateInitialRxSeer", "rxDateSurgery",
         "rxDateChemo", "rxSummTreatmentStatus", "rxSummChemo"]  # fmt: skip


def written(days: np.ndarray) -> list[str]:
    """NAACCR dates; some without a day, some without a month, some impossible."""
    text = pl.Series(days).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d").to_list()
    cut = [8, 8, 8, 8, 8, 8, 8, 8, 6, 4]
    return [("20150230" if n % 97 == 5 else one[: cut[(n * 7) % 10]]) for n, one in enumerate(text)]


def people(size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Made-up patients and tumors (a tenth with a second one), one facility a patient."""
    random = np.random.default_rng(7)
    diagnosed = random.integers(13_000, 19_500, size)
    lived = np.floor(random.exponential(1800, size))
    end = np.minimum(diagnosed + lived, 20_000 - random.integers(0, 900, size)).astype(int)
    dead = random.random(size) < 0.6
    ids = np.arange(1, size + 1)
    patients = pl.DataFrame({
        "patient_id": ids, "sexAssignedAtBirth": random.choice(["1", "2", "9"], size, p=[0.49, 0.49, 0.02]),
        "race1": random.choice(["01", "02", "03", "04", "97", "98", "99", ""], size),
        "spanishHispanicOrigin": random.choice(["0", "1", "7", "9"], size),
        "dateOfBirth": written(diagnosed - random.integers(365, 32_000, size)),
        "dateOfLastContact": written(end), "vitalStatus": np.where(dead, "0", random.choice(["1", "1", "1", "9"], size)),
        "causeOfDeath": np.where(dead, random.choice(["C509", "C349", "I219", "7777", "C61"], size), "0000"),
        "icdRevisionNumber": np.where(dead, random.choice(["1", "1", ""], size), "0"),
    })  # fmt: skip
    rows = size + size // 10
    owner = np.concatenate([ids, np.arange(1, size // 10 + 1)])
    since = diagnosed[owner - 1] + np.where(np.arange(rows) >= size, 200, 0)
    tumors = pl.DataFrame({
        "tumor_id": np.arange(1, rows + 1), "patient_id": owner,
        "primarySite": random.choice(["C509", "C619", "C341", "C672", "C189", " "], rows),
        "histologicTypeIcdO3": random.choice(["8140", "8500", "8070", "9680", "xxxx"], rows),
        "behaviorCodeIcdO3": random.choice(["3", "3", "3", "3", "2", "0", ""], rows), "dateOfDiagnosis": written(since),
        "ageAtDiagnosis": random.choice(["061", "999", "", "007", "093"], rows),
        "classOfCase": random.choice(["10", "14", "22", "32", "99", ""], rows),
        "sequenceNumberCentral": random.choice(["00", "01", "02", "60", ""], rows, p=[0.5, 0.1, 0.1, 0.05, 0.25]),
        "typeOfReportingSource": random.choice(["1", "3", "6", "7", ""], rows, p=[0.7, 0.1, 0.05, 0.05, 0.1]),
        "summaryStage2018": random.choice(["0", "1", "3", "7", "9", ""], rows),
        "seerSummaryStage2000": random.choice(["0", "1", "2", "7", "9", ""], rows),
        "addrAtDxState": random.choice(["NY", "NJ"], rows), "countyAtDx": random.choice(["001", "003", ""], rows),
        "reportingFacility": np.where(owner % 3 == 0, TWO, ONE),
        "diagnosticConfirmation": random.choice(["1", "5", "9"], rows),
        "dateInitialRxSeer": written(since + random.integers(-5, 90, rows)),
        "rxDateSurgery": written(since + random.integers(0, 200, rows)),
        "rxDateChemo": written(since + random.integers(0, 200, rows)),
        "rxSummTreatmentStatus": random.choice(["0", "1", "2"], rows, p=[0.1, 0.85, 0.05]),
        "rxSummChemo": random.choice(["00", "03", ""], rows),
    })  # fmt: skip
    blank = [pl.col(pl.String).replace("", None)]
    return patients.with_columns(blank), tumors.with_columns(blank)


def fill(session: Session, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
    store = session._store
    abstracts = tumors.join(patients, on="patient_id").with_columns(
        abstract_id=pl.col("tumor_id"), facility_id=pl.col("reportingFacility"), record_type=pl.lit("A"),
        status=pl.lit("complete"),
    )  # fmt: skip
    for table, frame, items in (
        ("patient", patients, PATIENT), ("tumor", tumors, TUMOR), ("abstract", abstracts, [*PATIENT, *TUMOR])
    ):  # fmt: skip
        store.ensure_columns(table, items)
        with store.unit_of_work("test", "load") as work:
            work.insert(table, frame)


@contextlib.contextmanager
def opened(folder: Path, size: int = PEOPLE) -> Iterator[Session]:
    """A registry of made-up people in a folder; none of them when `size` is 0."""
    with Session.create(folder / "r.duckdb", key="a long and random key 0123456789") as session:
        if size:
            fill(session, *people(size))
        yield session


def context(session: Session, actor: Actor | None = None) -> Context:
    return Context(session._store, actor or session.actor, session, session._now)


def day(text: str | None, *, years: bool = False) -> dt.date | None:
    """The house's rule, one value at a time."""
    if not text or not text.isdigit() or len(text) not in (4, 6, 8) or (len(text) == 4 and not years):
        return None
    try:
        parts = int(text[:4]), int(text[4:6] or 7), int(text[6:8] or (15 if len(text) == 6 else 1))
        return dt.date(*parts)
    except ValueError:
        return None
