"""CPU seconds of the analysis frame and of survival figures on a million tumors, from a DuckDB file, on one thread.

POLARS_MAX_THREADS=1 python -m benchmarks.analysis [TUMORS] [--folder FOLDER]

Makes the database file (in FOLDER, else in a temporary one) with tumors from 2001 to 2025, a third of them dead of their
cancer, then asks in a new process: the frame when it is built, when it is there and after one changed tumor; Kaplan-Meier
with limits and numbers at risk for all site x stage x sex; the answer of the operation when a filter changes; the same
figure through the operation with and without small numbers hidden; net survival and its relatives by a made-up life table.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from registry import analytics
from registry.analytics import cohorts
from registry.service import Session
from registry.service.operations import Context
from registry.service.statistics import analysis

AS_OF = dt.date(2026, 10, 31)
BATCH = 100_000
SITES = [
    "C509",
    "C341",
    "C619",
    "C187",
    "C679",
    "C439",
    "C649",
    "C539",
    "C700",
    "C220",
    "C259",
    "C541",
    "C739",
    "C169",
]
BY = ["site_group", "stage", "sex"]
MONTHS = [0, 12, 24, 36, 48, 60, 84, 120]


def dates(days: np.ndarray) -> pl.Series:
    return pl.Series(days).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d")


def registry(size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients and tumors, one in ten patients with a second tumor."""
    random = np.random.default_rng(3)
    patients = size * 10 // 11
    diagnosed = random.integers(11_323, 20_454, patients)
    end = np.minimum(diagnosed + random.exponential(2500, patients).astype(int), 20_700)
    dead = (end < 20_700) & (random.random(patients) < 0.8)
    ids = np.arange(1, patients + 1)
    people = pl.DataFrame({
        "patient_id": ids, "sexAssignedAtBirth": random.choice(["1", "2"], patients),
        "race1": random.choice(["01", "02", "04", "99"], patients), "spanishHispanicOrigin": random.choice(["0", "1"], patients),
        "dateOfBirth": dates(diagnosed - random.integers(7_000, 32_000, patients)), "dateOfLastContact": dates(end),
        "vitalStatus": np.where(dead, "0", "1"), "icdRevisionNumber": np.where(dead, "1", "0"),
        "causeOfDeath": np.where(dead, random.choice(["C509", "C349", "C61", "I219"], patients), "0000"),
    })  # fmt: skip
    owner = np.concatenate([ids, random.integers(1, patients + 1, size - patients)])
    since = diagnosed[owner - 1] + np.where(np.arange(size) >= patients, 90, 0)
    tumors = pl.DataFrame({
        "tumor_id": np.arange(1, size + 1), "patient_id": owner, "primarySite": random.choice(SITES, size),
        "histologicTypeIcdO3": random.choice(["8140", "8500", "8070", "8120"], size),
        "behaviorCodeIcdO3": random.choice(["3", "2", "0"], size, p=[0.92, 0.06, 0.02]),
        "sequenceNumberCentral": np.where(np.arange(size) >= patients, "02", "01"), "dateOfDiagnosis": dates(since),
        "typeOfReportingSource": random.choice(["1", "3", "7"], size, p=[0.9, 0.08, 0.02]),
        "summaryStage2018": random.choice(["0", "1", "3", "7", "9"], size),
        "seerSummaryStage2000": random.choice(["0", "1", "3", "7", "9"], size),
        "classOfCase": random.choice(["10", "14", "22", "32"], size), "addrAtDxState": "NY",
        "countyAtDx": random.choice(["001", "005", "047", "061", "081"], size),
        "reportingFacility": random.choice(["0000000101", "0000000202"], size),
        "diagnosticConfirmation": "1", "dateInitialRxSeer": dates(since + random.integers(0, 90, size)),
        "rxDateSurgery": dates(since + random.integers(0, 120, size)),
    })  # fmt: skip
    return people, tumors


def make(path: Path, size: int) -> None:
    with Session.create(path) as session:
        store = session._store
        for table, frame in zip(("patient", "tumor"), registry(size), strict=True):
            store.ensure_columns(table, [name for name in frame.columns if not name.endswith("_id")])
            for part in frame.iter_slices(BATCH):
                with store.unit_of_work("benchmark", "load") as work:
                    work.insert(table, part)


def timed(name: str, work: Callable[[], object]) -> object:
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    print(
        f"  {name:52} {time.process_time() - cpu:7.3f} CPU-s {time.perf_counter() - wall:7.3f} s", flush=True
    )
    return found


def measure(path: Path) -> None:
    with Session.open(path) as session:
        context = Context(session._store, session.actor, session, session._now)
        frame = timed("frame, built", lambda: analysis.tumors(context))
        assert isinstance(frame, pl.DataFrame)
        print(
            f"  {frame.height:,} tumors, {len(frame.columns)} columns, {frame.estimated_size() / 2**20:.0f} MB"
        )
        timed("frame, there", lambda: analysis.tumors(context))
        with session._store.unit_of_work("benchmark", "correct") as work:
            version = session._store.query("SELECT version FROM tumor WHERE tumor_id = 7").item()
            work.update("tumor", 7, {"laterality": str(version % 10)}, expected_version=version)
        timed("frame, after one changed tumor", lambda: analysis.tumors(context))

        def everything() -> None:
            found = analysis.study(
                context, None, as_of=AS_OF, follow_up=True, default=cohorts.SURVIVAL, columns=BY
            )
            analytics.kaplan_meier(found.frame, time="days", by=BY)
            analytics.number_at_risk(found.frame, [month * 30.4375 for month in MONTHS], by=BY, time="days")

        everything()
        timed("Kaplan-Meier, limits, at risk: site x stage x sex", everything)
        session.run(
            "survival.kaplan_meier", by="stage", as_of=AS_OF
        )  # the first question loads what it needs
        print("  the operation survival.kaplan_meier, from the question to the answer")
        questions: tuple[tuple[str, dict[str, Any]], ...] = (
            ("filter change: one site, by stage", {"by": "stage", "site": "Breast"}),
            (
                "filter change: one site and years, by sex",
                {"by": "sex", "site": "Prostate", "year_from": 2010},
            ),
            ("filter change: years, by stage", {"by": "stage", "year_from": 2010, "year_to": 2019}),
            ("everybody, by stage", {"by": "stage"}),
            ("everybody, by site and stage", {"by": ["site", "stage"]}),
        )
        for name, asked in questions:
            timed(name, partial(session.run, "survival.kaplan_meier", as_of=AS_OF, **asked))
        relatives(session)


def relatives(session: Session) -> None:
    """The operations survival.estimate and survival.excess."""
    if not session.run("survival.choices")["life_tables"]:
        load_life_table(session)
    ask = partial(session.run, "survival.estimate", as_of=AS_OF)
    ask(by="stage", method="net", sites=["Breast"])
    print("  the operation survival.estimate, from the question to the answer")
    three = ["site", "stage", "sex"]
    for name, profile in (("nothing hidden", "1"), ("small numbers hidden", "default")):
        timed(f"Kaplan-Meier: site x stage x sex, {name}", partial(ask, by=three, profile=profile))
    for method in ("net", "ederer2", "ederer1", "hakulinen", "conditional-net", "crude-probability"):
        timed(f"{method}: everybody, by stage", partial(ask, method=method, by="stage"))
    timed("net: everybody, by site and stage", partial(ask, method="net", by=["site", "stage"]))
    timed("net: by stage, age-standardised", partial(ask, method="net", by="stage", standard="icss1"))
    period = {"approach": "period", "period": [2018, 2022]}
    timed("net: by stage, period approach", partial(ask, method="net", by="stage", **period))
    timed(
        "excess hazard model: age, sex, stage",
        partial(session.run, "survival.excess", covariates=["age", "sex", "stage"], as_of=AS_OF),
    )


def load_life_table(session: Session) -> None:
    """Daily hazards that rise by 9 % a year of age, in 27 years."""
    rows = [
        f"{sex},{year},{age},{min(1.0, 3e-5 * 1.09**age * (1.2 if sex == 1 else 1)) / 365.25}"
        for sex in (1, 2) for year in range(2000, 2027) for age in range(111)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "life.csv"
        path.write_text("\n".join(["sex,year,age,daily_hazard", *rows]))
        session.run("population.load", path=str(path), kind="life-table", source="MADE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tumors", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.measure:
        measure(given.measure)
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = (given.folder or Path(temporary)) / f"analysis-{given.tumors}.duckdb"
        if not path.exists():
            make(path, given.tumors)
        print(f"{given.tumors:,} tumors, {path.stat().st_size >> 20} MB", flush=True)
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.analysis", "--measure", str(path)]
        subprocess.run(command, check=True, env=os.environ | {"POLARS_MAX_THREADS": "1"})


if __name__ == "__main__":
    main()
