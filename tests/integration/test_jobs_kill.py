"""Jobs whose process is killed at any moment: taken up at the next start, done once, ended in the same bytes."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.run import work_off
from registry.service import Session
from registry.synthetic import generate
from tests.integration.jobs_at import Clock, at, bytes_of, rows
from tests.integration.killing import killed_child
from tests.paths import ROOT
from tests.received import KEY

TABLE = """
time_zone = "UTC"
[jobs.suites]
enabled = false
"""
RUNS = 10
"""Two monthly lists, the annual one, linkage, passive, derive, edits, submissions, snapshot, backup."""
DAYS = ("2026-11-22", "2027-01-04")
"""The registry's first day with jobs, and the day on which all of them have a period to catch up."""
CLOCKED = ("jobs/backup/",)
"""Encrypted afresh each time."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of made-up patients with its jobs known, closed."""
    folder = tmp_path_factory.mktemp("made")
    generate(120, 11, folder / "received", as_of=dt.date(2026, 11, 1))
    (folder / "kept").mkdir()
    with Session.create(folder / "kept" / "r.duckdb", key=KEY, synthetic=True) as session:
        for kind in (
            "facilities.csv",
            "physicians.csv",
            "*.hl7",
            "treatments.csv",
            "*.xml",
        ):  # patients come last
            for path in sorted((folder / "received").rglob(kind)):
                session.run("ingest.file", path=str(path))
        (folder / "kept" / "r.duckdb.jobs.toml").write_text(TABLE)
        work_off(at(session, Clock(f"{DAYS[0]} 12:00")))
    return folder / "kept"


@pytest.fixture(scope="module")
def expected(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Outputs of the runs when nobody is killed."""
    folder = tmp_path_factory.mktemp("whole") / "r"
    shutil.copytree(made, folder)
    assert to_the_end(folder) == "Z"
    found = outputs(folder)
    assert {name.split("/")[1] for name in found} >= {
        "linkage",
        "derive",
        "edits",
        "snapshot",
        "followup-list",
    }
    return found


def outputs(folder: Path) -> dict[str, bytes]:
    return {
        name: data
        for name, data in bytes_of(folder).items()
        if name.startswith("jobs/") and not name.startswith(CLOCKED)
    }


def to_the_end(folder: Path) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.jobs_child", str(folder / "r.duckdb"), DAYS[1]],
        cwd=ROOT, env={**os.environ, "REGISTRY_KEY": KEY}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()[-1]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 17))])
def test_killed_jobs_end_in_the_same_bytes(
    made: Path, expected: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    """Three kills at random moments of one row of runs (51 with the slow ones), then to the end."""
    rng = random.Random(seed)
    folder = tmp_path / "r"
    shutil.copytree(made, folder)
    kills = 0
    while kills < 3:
        begun = time.monotonic()
        try:
            killed_child("jobs_child", folder / "r.duckdb", DAYS[1], key=KEY, seconds=rng.uniform(0.0, 5.0))
        except AssertionError:  # it came to its end before
            assert time.monotonic() - begun < 120
            break
        kills += 1
    to_the_end(folder)
    with Session.open(folder / "r.duckdb", key=KEY) as session:
        assert session.run("audit.verify")["ok"]
        ran = session.run("jobs.history").sort("run_id")
        assert (
            ran.filter(~ran["state"].is_in(["done", "problems"])).select("job", "state", "error").rows() == []
        )
        assert ran.select("job", "period").unique().height == ran.height == RUNS
        held = session._store.query("SELECT state, count(*) FROM job_attempt GROUP BY state ORDER BY state")
        assert set(held["state"]) <= {"done", "problems", "cut off"}
    assert outputs(folder) == expected
    assert not list((folder / "jobs").rglob(".*"))


@pytest.mark.slow
def test_two_processes_run_a_job_once(made: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """Both want the file; whoever is second waits, and finds it all done."""
    folder = tmp_path / "r"
    shutil.copytree(made, folder)
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.jobs_child", str(folder / "r.duckdb"), DAYS[1]],
            cwd=ROOT, env={**os.environ, "REGISTRY_KEY": KEY, "REGISTRY_WAIT": "200"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    ended = [line.split()[1:3] for out, _ in told for line in out.splitlines() if line.startswith("E ")]
    assert len(ended) == len({tuple(each) for each in ended}) == RUNS
    assert outputs(folder) == expected
    with Session.open(folder / "r.duckdb", key=KEY) as session:
        assert {row[3] for row in rows(session)} == {1}
