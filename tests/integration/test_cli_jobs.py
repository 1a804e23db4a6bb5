"""`registry jobs`: what it prints, and the exit codes that cron and systemd go by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines import run as runner
from registry.errors import Busy
from registry.service import Session
from tests.integration.conftest import Run
from tests.integration.jobs_at import make, rows
from tests.received import KEY


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("REGISTRY_JOBS", "REGISTRY_USER", "REGISTRY_DB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.setenv("REGISTRY_DB", str(tmp_path / "r.duckdb"))
    return make(tmp_path)


def test_done_and_done_already(run: Run, database: Path) -> None:
    code, out, _ = run("jobs", "run", "derive", "--period", "2026-11-20")
    assert (code, out) == (
        0, f"derive 2026-11-20: done, 1 files in {database.parent / 'jobs' / 'derive' / '2026-11-20'}\n",
    )  # fmt: skip
    code, out, _ = run("jobs", "run", "derive", "--period", "2026-11-20")
    assert (code, out) == (0, "derive 2026-11-20: it was done already\n")
    code, out, _ = run("jobs", "run", "derive", "--period", "2026-11-20", "--again", "--json")
    told = json.loads(out)
    assert (code, told["attempt"], told["ran"], told["state"]) == (0, 2, True, "done")
    code, out, _ = run("jobs", "history", "derive", "--json")
    assert [(each["period"], each["attempt"]) for each in json.loads(out)] == [("2026-11-20", 2)]
    code, out, _ = run("jobs", "show", "1")
    assert code == 0
    assert "derived.json" in out


def test_problems(run: Run, database: Path) -> None:
    code, out, _ = run("jobs", "run", "edits")
    assert code == 1
    assert "problems, 2 files in" in out
    assert out.endswith("errors are open\n")
    assert run("jobs", "run", "edits")[:2] == (1, out.split(":")[0] + ": it was done already\n")
    code, out, _ = run("jobs", "failures")
    assert code == 1
    assert "errors are open" in out


def test_a_failure_that_is_to_be_tried_again(
    run: Run, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_task: object) -> dict[str, int]:
        raise Busy("r.duckdb", "somebody else has it")

    monkeypatch.setitem(runner.WORKS, "derive", busy)
    code, out, _ = run("jobs", "run", "derive", "--period", "2026-11-20")
    assert (code, out) == (1, "derive 2026-11-20: r.duckdb: somebody else has it\n")
    with Session.open(database, key=KEY) as session:
        assert rows(session) == [("derive", "2026-11-20", "waiting", 1, "retry")]
    assert run("jobs", "run", "--due")[:2] == (0, "nothing is due\n")
    assert run("jobs", "next", "--count", "1")[1].count("waiting") == 1
    assert run("jobs", "failures")[0] == 0  # not for good yet


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run", "nope"], "jobs: there is no job 'nope'; choose of linkage"),
        (["run", "derive", "--period", "2026"], "period: '2026' is not a day; write it as 2026-11-22"),
        (["run", "derive", "--period", "2999-01-01"], "period: 2999-01-01 has not begun"),
        (["run"], "jobs run: takes the name of a job, or --due"),
        (["run", "derive", "--due"], "jobs run: takes the name of a job, or --due"),
        (["run", "--due", "--again"], "jobs run: takes the name of a job, or --due"),
        (["history", "--state", "faild"], "Invalid value for '--state': 'faild' is not one of 'waiting'"),
        (["show", "77"], "jobs: there is no run 77"),
    ],
)
def test_what_could_not_be_done(run: Run, database: Path, words: list[str], line: str) -> None:
    code, out, err = run("jobs", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"registry: {line}")
    assert err.count("\n") == 1


def test_whoever_holds_it_goes_on(run: Run, database: Path) -> None:
    with Session.open(database, key=KEY) as session:
        from registry.service.jobs.due import owner_name

        session.run("jobs.claim", job="derive", owner=owner_name(), period="2026-11-20")
    code, out, _ = run("jobs", "run", "derive", "--period", "2026-11-20")
    assert (code, out) == (2, "derive 2026-11-20: another process works on it\n")
    code, out, _ = run("jobs", "run", "derive", "--period", "2026-11-21")
    assert (code, out) == (2, "derive 2026-11-21: another process works on 2026-11-20 of this job\n")


def test_the_table_and_its_fault(run: Run, database: Path) -> None:
    code, out, _ = run("jobs", "list")
    assert code == 0
    assert "every day at 05:30" in out
    database.with_name("r.duckdb.jobs.toml").write_text("[jobs.backup]\nkeep = 'all'\n")
    code, out, err = run("jobs", "list")
    assert code == 1
    assert err.startswith("registry: r.duckdb.jobs.toml: [jobs.backup] keep: 'all' will not do")
    assert run("jobs", "run", "derive")[0] == 2


def test_units_are_written(run: Run, database: Path, tmp_path: Path) -> None:
    assert run("jobs", "units", "--out", "units")[0] == 0
    made = {path.name for path in (tmp_path / "units").iterdir()}
    assert {"registry-backup.service", "registry-backup.timer", "registry-due.timer"} <= made
    assert "registry-suites.timer" not in made  # switched off in this registry's table
    text = (tmp_path / "units" / "registry-backup.service").read_text()
    assert f"jobs run backup --db {database}" in text
    code, out, _ = run("jobs", "units", "--cron")
    assert code == 0
    assert out.splitlines()[1] == "CRON_TZ=UTC"
