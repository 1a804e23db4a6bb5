"""Jobs inside `registry serve`: caught up at the start, asked for, stopped with it, killed with it; commands through it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.run import work_off
from registry.errors import NotReady
from registry.service import Session
from registry.service.remote import RemoteSession
from tests.integration.jobs_at import TABLE, Clock, at, bytes_of, make, rows
from tests.integration.test_serve_api import free_port, start, wait_for
from tests.paths import ROOT
from tests.received import KEY

MONTHLY = (
    TABLE
    + "[jobs.linkage]\nenabled = false\n[jobs.derive]\nenabled = false\n[jobs.edits]\nenabled = false\n[jobs.backup]\nenabled = false\n"
)
"""Only the monthly job of the table, whose periods are all caught up."""


def known_since(database: Path, day: str) -> None:
    """Let the registry have its jobs since a day."""
    with Session.open(database, key=KEY) as session:
        work_off(at(session, Clock(f"{day} 12:00")))


@contextmanager
def serving(database: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], RemoteSession]]:
    port = free_port()
    process = start(database, port, *words)
    try:
        yield process, RemoteSession(wait_for(database, port, process))
    finally:
        process.kill()
        process.communicate()


def until(found: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=90)
    return process.returncode, err


def test_missed_periods_are_caught_up_at_the_start(tmp_path: Path) -> None:
    database = make(tmp_path, MONTHLY)
    known_since(database, "2026-08-15")
    with Session.open(database, key=KEY) as session:
        wanted = [each["period"] for each in session.run("jobs.look")["due"]]
    assert wanted[:2] == ["2026-09", "2026-10"]
    with serving(database) as (process, session):
        until(lambda: len(rows(session, state="done")) == len(wanted))
        assert [row[1] for row in rows(session)] == wanted
        assert session.run("jobs.list")["scheduler"].to_list()[0]
        assert ended(process)[0] == 0
    with serving(database) as (process, session):
        time.sleep(1)
        assert {row[3] for row in rows(session)} == {1}  # nothing twice
        assert ended(process)[0] == 0


def test_asked_for_from_a_screen_it_runs_in_the_server(tmp_path: Path) -> None:
    database = make(tmp_path, MONTHLY)
    with serving(database) as (process, session):
        told = session.run("jobs.run_now", job="monthly", period="2026-02")
        assert (told["period"], told["state"]) == ("2026-02", "waiting")
        shown = until(
            lambda: (run := session.run("jobs.show", run_id=told["run_id"]))["run"]["state"] == "done" and run
        )
        assert (shown["run"]["actor"], shown["run"]["cause"]) == ("job:scheduler", "by hand")
        assert session.run("jobs.run_now", job="monthly", period="2026-02")["state"] == "done"
        again = session.run("jobs.run_now", job="monthly", period="2026-02", again=True)
        assert again["run_id"] == told["run_id"]
        until(lambda: session.run("jobs.show", run_id=told["run_id"])["run"]["attempt"] == 2)
        code, err = ended(process)
    assert code == 0
    assert "Traceback" not in err


def test_no_jobs_leaves_them_to_others(tmp_path: Path) -> None:
    database = make(tmp_path, MONTHLY)
    known_since(database, "2026-08-15")
    with serving(database, "--no-jobs") as (process, session):
        time.sleep(1)
        assert rows(session) == []
        with pytest.raises(NotReady, match="no scheduler"):
            session.run("jobs.run_now", job="monthly")
        assert command(database, "run", "monthly")[0] == 0
        assert len(rows(session)) == 1
        assert ended(process)[0] == 0


def command(database: Path, *words: str) -> tuple[int, str]:
    ran = asked(database, *words)
    out, err = ran.communicate(timeout=120)
    return ran.returncode, out + err


def asked(database: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "registry", "jobs", *words, "--db", str(database)],
        cwd=ROOT, env={**os.environ, "REGISTRY_KEY": KEY, "REGISTRY_WAIT": "60"}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_four_schedulers_at_once_run_a_job_once(tmp_path: Path) -> None:
    """The server's own and three of cron's, which come through its loopback interface."""
    database = make(tmp_path, MONTHLY)
    known_since(database, "2026-08-15")
    with serving(database) as (process, session):
        others = [asked(database, "run", "--due", "--json") for _ in range(3)]
        told = [other.communicate(timeout=120) for other in others]
        assert [other.returncode for other in others] == [0, 0, 0], told
        until(lambda: not session.run("jobs.look")["due"] and {row[2] for row in rows(session)} == {"done"})
        found = rows(session)
        assert len({row[1] for row in found}) == len(found) >= 3
        assert {row[2:4] for row in found} == {("done", 1)}
        assert ended(process)[0] == 0


def stubborn(database: Path) -> str:
    """A job table with an edit of the registry's own that takes long and asks nobody whether to go on."""
    own = database.parent / "own.py"
    own.write_text(
        "import time\nfrom pathlib import Path\nPath(__file__).with_name('began').touch()\ntime.sleep(SECONDS)\n"
    )
    return f"[jobs.slow]\ndoes = 'edits'\nperiod = 'day'\nschedule = {{ hour = 1 }}\nparameters = {{ own = '{own}' }}\n"


@pytest.mark.parametrize("seconds", [3, pytest.param(300, marks=pytest.mark.slow)])
def test_stopped_while_a_job_runs_it_ends_in_order(tmp_path: Path, seconds: int) -> None:
    """The job stops where it next can; one that never asks is left behind after half a minute, and taken up later."""
    database = make(tmp_path, MONTHLY)
    table = database.with_name("r.duckdb.jobs.toml")
    table.write_text(MONTHLY + stubborn(database))
    own = tmp_path / "own.py"
    own.write_text(own.read_text().replace("SECONDS", str(seconds)))
    with serving(database) as (process, session):
        session.run("jobs.run_now", job="slow")
        until((tmp_path / "began").exists)
        code, err = ended(process)
    assert code == 0
    assert "Traceback" not in err
    left = {each.name for each in tmp_path.iterdir()}
    assert "r.duckdb.serve.json" not in left
    with Session.open(database, key=KEY, wait=5) as session:
        assert session.run("audit.verify")["ok"]
        assert session._store.query("SELECT count(*) FROM edit_run").item() == 0
        job, _, state, attempt, _ = rows(session)[0]
        assert (job, state, attempt) == ("slow", "waiting" if seconds == 3 else "running", 1)
        own.write_text("")
        assert [each["job"] for each in work_off(session)[0]][:1] == ["slow"]
        assert rows(session)[0][2:4] == ("problems", 2)


def test_killed_with_its_server_a_job_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    database = make(tmp_path, MONTHLY)
    table = database.with_name("r.duckdb.jobs.toml")
    table.write_text(MONTHLY + stubborn(database))
    own = tmp_path / "own.py"
    own.write_text(own.read_text().replace("SECONDS", "300"))
    with serving(database) as (process, session):
        run_id = session.run("jobs.run_now", job="slow")["run_id"]
        until((tmp_path / "began").exists)
        process.kill()
        process.communicate()
    own.write_text("")
    with serving(database) as (process, session):
        until(lambda: session.run("jobs.show", run_id=run_id)["run"]["state"] == "problems")
        shown = session.run("jobs.show", run_id=run_id)
        assert shown["attempts"].select("attempt", "cause", "state").rows() == [
            (1, "by hand", "cut off"), (2, "cut off", "problems"),
        ]  # fmt: skip
        assert ended(process)[0] == 0
    assert not [name for name in bytes_of(tmp_path / "jobs") if ".part" in name]


def test_a_command_that_is_killed_lets_the_server_take_over(tmp_path: Path) -> None:
    """What it began in the server goes on there; the second attempt may meet it, and then a third makes it good."""
    database = make(tmp_path, MONTHLY)
    table = database.with_name("r.duckdb.jobs.toml")
    table.write_text(MONTHLY + stubborn(database).replace("period", "lease = 2\nretry_wait = 1\nperiod"))
    own = tmp_path / "own.py"
    own.write_text(own.read_text().replace("SECONDS", "4"))
    with serving(database) as (process, session):
        one = asked(database, "run", "slow")
        until((tmp_path / "began").exists)
        one.kill()
        one.communicate()
        until(lambda: rows(session)[0][2] == "problems")
        attempts = session.run("jobs.show", run_id=1)["attempts"]
        assert attempts.select("cause", "state").row(0) == ("by hand", "cut off")
        assert attempts.select("cause", "state").row(1) in {("cut off", "problems"), ("cut off", "failed")}
        assert ended(process)[0] == 0


def test_a_bad_table_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    database = make(tmp_path, "[jobs.backup]\nretries = 'often'\n")
    process = start(database, free_port())
    out, err = process.communicate(timeout=90)
    assert (process.returncode, out) == (2, "")
    assert err == (
        "registry: r.duckdb.jobs.toml: [jobs.backup] retries: 'often' will not do; expected a whole number from 0 to 20\n"
    )
    assert not database.with_name("r.duckdb.serve.json").exists()
    code, text = command(database, "list")
    assert (code, "the packaged table stands in" in text) == (1, True)
