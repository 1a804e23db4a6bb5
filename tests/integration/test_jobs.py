"""Runs of jobs: a period once, whoever asks; missed periods, retries, leases; what is kept and shown."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import run as runner
from pipelines.run import run_job, work_off
from registry.errors import BadInput, Busy, Conflict, Denied, NotFound, NotReady
from registry.security.roles import Actor
from registry.service import Session
from registry.service.jobs import due
from tests.integration.jobs_at import Clock, at, bytes_of, make, rows
from tests.received import KEY, ONE


@pytest.fixture
def clock() -> Clock:
    return Clock("2026-11-22 12:00")


@pytest.fixture
def session(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.delenv("REGISTRY_JOBS", raising=False)
    with Session.open(make(tmp_path), key=KEY) as opened:
        yield at(opened, clock)


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, does: str = "derive") -> list[int]:
    """Let a work fail; returns a list that grows with each attempt."""
    tried: list[int] = []

    def work(task: Any) -> dict[str, Any]:
        tried.append(1)
        task.log("began")
        raise error

    monkeypatch.setitem(runner.WORKS, does, work)
    return tried


def test_a_period_is_run_once(session: Session, tmp_path: Path) -> None:
    first = run_job(session, "derive")
    assert (first["ran"], first["state"], first["period"], str(first["as_of"])) == (
        True,
        "done",
        "2026-11-22",
        "2026-11-22",
    )
    folder = tmp_path / "jobs" / "derive" / "2026-11-22"
    made = json.loads((folder / "derived.json").read_text())
    assert (made["as_of"], made["tumors"]) == ("2026-11-22", 2)
    again = run_job(session, "derive")
    assert (again["ran"], again["state"], again["message"]) == (False, "done", "it was done already")
    assert rows(session) == [("derive", "2026-11-22", "done", 1, "by hand")]
    before = bytes_of(folder)
    third = run_job(session, "derive", again=True)
    assert (third["ran"], third["attempt"], bytes_of(folder)) == (True, 2, before)
    shown = session.run("jobs.show", run_id=first["run_id"])
    assert shown["attempts"].select("attempt", "cause", "state").rows() == [
        (1, "by hand", "done"),
        (2, "again", "done"),
    ]
    assert shown["attempts"]["output_hash"].n_unique() == 1
    assert shown["run"]["folder"] == "jobs/derive/2026-11-22"
    assert shown["outputs"]["name"].to_list() == ["derived.json"]
    assert "2 tumors" in shown["log"]
    assert session.run("audit.verify")["ok"]


def test_outputs_are_private(session: Session, tmp_path: Path) -> None:
    run_job(session, "edits")
    for path in [tmp_path / "jobs", *(tmp_path / "jobs").rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    assert [each.name for each in (tmp_path / "jobs" / "edits").iterdir()] == ["2026-11-22"]


def test_the_period_decides_the_day_not_the_clock(session: Session, clock: Clock, tmp_path: Path) -> None:
    run_job(session, "edits", "2026-11-20")
    edits = tmp_path / "jobs" / "edits"
    first = bytes_of(edits / "2026-11-20")
    assert json.loads(first["edits.json"])["as_of"] == "2026-11-20"
    clock.forward(days=400, hours=5)
    run_job(session, "edits", "2026-11-20", again=True)
    assert bytes_of(edits / "2026-11-20") == first


def test_a_period_that_is_none_or_has_not_begun(session: Session) -> None:
    with pytest.raises(BadInput, match="'2026-11' is not a day"):
        run_job(session, "derive", "2026-11")
    with pytest.raises(BadInput, match="2026-11-23 has not begun"):
        run_job(session, "derive", "2026-11-23")
    with pytest.raises(BadInput, match="there is no job 'derives'"):
        run_job(session, "derives")
    assert rows(session) == []


def test_before_its_first_moment_a_run_by_hand_is_of_today(session: Session, clock: Clock) -> None:
    clock.set("2026-11-22 00:10")  # derive comes at 01:00
    assert run_job(session, "derive")["period"] == "2026-11-21"
    assert run_job(session, "monthly")["period"] == "2026-11"


def test_what_was_missed_is_caught_up_in_order(session: Session, clock: Clock) -> None:
    assert work_off(session)[0] == []  # a registry that never had jobs missed none
    clock.set("2027-02-03 12:00")
    told, seen = work_off(session)
    assert [(each["job"], each["period"]) for each in told] == [
        ("monthly", "2026-12"),
        ("monthly", "2027-01"),
        ("linkage", "2027-W05"),
        ("monthly", "2027-02"),
        ("derive", "2027-02-03"),
        ("edits", "2027-02-03"),
        ("backup", "2027-02-03"),
    ]
    assert {row[4] for row in rows(session)} == {"missed"}
    assert (seen["due"], seen["wake_at"]) == ([], None)
    assert work_off(session)[0] == []
    clock.set("2027-02-04 01:05")
    assert [(each["job"], each["period"]) for each in work_off(session)[0]] == [("derive", "2027-02-04")]
    assert rows(session)[-1] == ("derive", "2027-02-04", "done", 1, "schedule")


def test_a_job_that_is_new_to_the_table_missed_nothing(
    session: Session, clock: Clock, tmp_path: Path
) -> None:
    work_off(session)
    clock.set("2027-06-15 12:00")
    table = tmp_path / "r.duckdb.jobs.toml"
    table.write_text(table.read_text() + '[jobs.later]\ndoes = "linkage"\nschedule = { day = 1 , hour = 5 }\n'
                     'period = "month"\ncatch_up = "all"\n')  # fmt: skip
    assert "later" not in {each["job"] for each in work_off(session)[0]}
    clock.set("2027-08-15 12:00")
    assert [each["period"] for each in work_off(session)[0] if each["job"] == "later"] == [
        "2027-07",
        "2027-08",
    ]


def test_a_job_switched_off_waits_for_nobody(session: Session, clock: Clock, tmp_path: Path) -> None:
    work_off(session)
    table = tmp_path / "r.duckdb.jobs.toml"
    table.write_text(table.read_text() + "[jobs.derive]\nenabled = false\n")
    clock.forward(days=3)
    assert {each["job"] for each in work_off(session)[0]} == {"linkage", "edits", "backup"}
    row = session.run("jobs.list").row(by_predicate=pl.col("job") == "derive", named=True)
    assert (row["enabled"], row["next_at"]) == (False, None)
    assert run_job(session, "derive")["state"] == "done"  # a person may


def test_retries_come_later_and_later_and_end(
    session: Session, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_off(session)
    tried = failing(monkeypatch, Busy("store", "somebody else has it"))
    clock.set("2026-11-23 01:00")
    waits = []
    for attempt in (1, 2, 3):
        _, seen = work_off(session)
        assert len(tried) == attempt
        waits.append((seen["wake_at"] - clock.now).total_seconds())
        clock.now = seen["wake_at"] - (seen["wake_at"] - clock.now) / 2
        assert work_off(session)[0] == []  # not before its time
        clock.now = seen["wake_at"]
    assert waits == [300, 600, 1200]
    _, seen = work_off(session)
    assert (len(tried), seen["wake_at"]) == (4, None)
    assert rows(session, job="derive") == [("derive", "2026-11-23", "failed", 4, "retry")]
    clock.set("2026-11-23 01:25")
    assert work_off(session)[0] == []
    run = session.run("jobs.history", job="derive").row(0, named=True)
    assert run["error"] == "store: somebody else has it"
    assert session.run("jobs.show", run_id=run["run_id"])["log"] == "began"
    monkeypatch.undo()
    assert run_job(session, "derive")["state"] == "done"  # a person may try again, and the count begins anew
    assert "derive" not in session.run("jobs.failures")["job"].to_list()


def test_what_another_attempt_cannot_mend_is_not_tried_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, BadInput("own.py", "there is no such file"))
    told = run_job(session, "derive")
    assert (told["state"], told["ran"], told["message"]) == ("failed", True, "own.py: there is no such file")


def test_a_defect_is_kept_without_its_words(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing(monkeypatch, ValueError("ALVAREZ, MARIA"))
    told = run_job(session, "derive")
    assert (told["state"], told["ended"]) == ("waiting", "failed")
    assert told["message"].startswith("job: a defect (ValueError at tests.integration.test_jobs:")
    assert "ALVAREZ" not in str(session.run("jobs.show", run_id=told["run_id"]))
    assert list((tmp_path / "jobs" / "derive").iterdir()) == []


def test_a_full_disk_is_said_in_words(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, OSError(28, "No space left on device", "/srv/patients/x"))
    assert (
        run_job(session, "derive")["message"]
        == "job: No space left on device; check the disk and permissions"
    )


def test_when_many_ask_at_once_one_runs(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setitem(runner.WORKS, "derive", lambda task: ran.append(task.period) or {})
    start = threading.Barrier(8)

    for day in range(1, 6):
        with ThreadPoolExecutor(8) as pool:
            told = list(
                pool.map(lambda n, period=f"2026-11-0{day}": _at_once(start, session, period), range(8))
            )
        assert sum(each["ran"] for each in told) == 1
    assert ran == [f"2026-11-0{day}" for day in range(1, 6)]
    assert {row[2:4] for row in rows(session)} == {("done", 1)}


def _at_once(start: threading.Barrier, session: Session, period: str) -> dict[str, Any]:
    start.wait()
    return run_job(session, "derive", period, cause="schedule")


def claimed(session: Session, owner: str, **more: Any) -> dict[str, Any]:
    return session.run("jobs.claim", job="derive", owner=owner, period="2026-11-22", **more)


def test_a_holder_that_lives_keeps_its_run(session: Session, clock: Clock) -> None:
    mine, other = due.owner_name(), due.owner_name()
    run = claimed(session, mine)
    assert run["claimed"]
    for _ in range(5):
        clock.forward(seconds=250)
        assert session.run("jobs.beat", run_id=run["run_id"], attempt=1, owner=mine)
        refused = claimed(session, other)
        assert (refused["claimed"], refused["message"]) == (False, "another process works on it")
    assert session.run("jobs.look")["wake_at"] == clock.now + dt.timedelta(seconds=300)


def test_a_lease_that_passes_lets_another_take_over(session: Session, clock: Clock) -> None:
    mine, other = due.owner_name(), due.owner_name()
    run = claimed(session, mine)
    clock.forward(seconds=299)
    assert not claimed(session, other)["claimed"]
    clock.forward(seconds=1)
    taken = claimed(session, other)
    assert (taken["claimed"], taken["attempt"]) == (True, 2)
    assert not session.run("jobs.beat", run_id=run["run_id"], attempt=1, owner=mine)
    late = {"run_id": run["run_id"], "attempt": 1, "owner": mine, "state": "done"}
    with pytest.raises(Conflict, match="taken this run over"):
        session.run("jobs.finish", **late)
    session.run("jobs.finish", **{**late, "attempt": 2, "owner": other})
    shown = session.run("jobs.show", run_id=run["run_id"])
    assert shown["attempts"]["state"].to_list() == ["cut off", "done"]
    assert shown["run"]["cause"] == "cut off"


def test_a_holder_whose_process_ended_loses_its_run_at_once(session: Session) -> None:
    claimed(session, "999999999-aaaaaaaa-x")  # no process has this number
    seen = session.run("jobs.look")
    assert [(each["job"], each["period"], each["cause"]) for each in seen["due"]] == [
        ("derive", "2026-11-22", "cut off")
    ]
    told, _ = work_off(session)
    assert [(each["state"], each["attempt"]) for each in told] == [("done", 2)]


def test_a_number_that_was_given_again_is_waited_for(session: Session, clock: Clock) -> None:
    """The process with the holder's number is another one by now: nobody can tell, so the lease decides."""
    claimed(session, f"{os.getppid()}-aaaaaaaa-x")
    assert session.run("jobs.look")["due"] == []
    clock.forward(seconds=301)
    assert work_off(session)[0][0]["state"] == "done"


def test_a_clock_set_back_does_not_hold_a_run_for_ever(session: Session, clock: Clock) -> None:
    claimed(session, f"{os.getppid()}-aaaaaaaa-x")
    clock.forward(hours=-10)
    assert claimed(session, due.owner_name())["claimed"]


def test_who_is_overtaken_leaves_no_output(
    session: Session, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another takes the run while the first one works: the first throws its files away."""

    def slow(task: Any) -> dict[str, Any]:
        task.figures("derived.json", {"by": "first"})
        clock.forward(seconds=400)
        other = claimed(session, due.owner_name(), cause="cut off")
        assert other["claimed"]
        return {}

    monkeypatch.setitem(runner.WORKS, "derive", slow)
    told = run_job(session, "derive")
    assert (told["ran"], told["state"]) == (False, "running")
    assert list((tmp_path / "jobs" / "derive").iterdir()) == []


def test_a_run_that_ends_with_its_process_each_time_is_given_up(session: Session) -> None:
    for attempt in range(1, 6):
        assert claimed(session, "999999999-aaaaaaaa-x", cause="cut off")["attempt"] == attempt
    assert claimed(session, due.owner_name(), cause="cut off")["state"] == "failed"
    run = session.run("jobs.failures").row(0, named=True)
    assert run["error"] == "jobs: its process ended 5 times while it ran; look at memory and disk"
    assert session.run("jobs.look")["due"] == []
    assert run_job(session, "derive")["attempt"] == 6


def test_stopped_in_order_it_goes_on_at_the_next_start(
    session: Session, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    stop = threading.Event()
    original = runner.WORKS["derive"]

    def interrupted(task: Any) -> dict[str, Any]:
        stop.set()
        return original(task)  # its first sign of progress ends it

    monkeypatch.setitem(runner.WORKS, "derive", interrupted)
    for attempt in range(1, 8):  # more often than retries: stopping is no failure
        told = run_job(session, "derive", "2026-11-22", cause="schedule", stop=stop)
        assert (told["state"], told["ended"], told["attempt"]) == ("waiting", "stopped", attempt)
        stop.clear()
    monkeypatch.undo()
    assert session.run("derive.of_tumor", tumor_id=1).is_empty()  # the unit of work was rolled back
    told, _ = work_off(session)
    assert [(each["job"], each["state"], each["attempt"]) for each in told] == [("derive", "done", 8)]


def test_ctrl_c_lets_go_of_the_run(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_job(session, "derive")
    assert rows(session) == [("derive", "2026-11-22", "waiting", 1, "stopped")]


def test_problems_are_a_result_of_their_own(session: Session, clock: Clock) -> None:
    told = run_job(session, "edits")
    assert (told["state"], told["ran"]) == ("problems", True)
    assert told["problems"][0].endswith("errors are open")
    assert session.run("jobs.failures")["job"].to_list() == ["edits"]
    clock.forward(days=1)
    run_job(session, "edits")
    assert session.run("jobs.failures")["period"].to_list() == ["2026-11-23"]


def test_the_input_hash_tells_what_changed(session: Session) -> None:
    def hashed(**more: Any) -> str:
        told = run_job(session, "edits", again=True, **more)
        run = session.run("jobs.show", run_id=told["run_id"])["run"]
        return str(run["input_hash"])

    first = hashed()
    assert hashed() == first  # what the run itself wrote is no input
    session.run("records.status", abstract_id=1, to="reopened", reason="seen")
    session.run("records.save", abstract_id=1, changes={"laterality": "1"}, expected_version=2)
    second = hashed()
    assert second != first
    session.run("settings.change", reference_date="2010-01-01")
    assert len({first, second, hashed(), hashed(period="2026-11-21")}) == 4


def test_outputs_beyond_keep_are_removed(session: Session, clock: Clock, tmp_path: Path) -> None:
    table = tmp_path / "r.duckdb.jobs.toml"
    table.write_text(table.read_text() + f"[jobs.derive]\nkeep = 2\nfolder = '{tmp_path / 'elsewhere'}'\n")
    (tmp_path / "elsewhere" / "notes").mkdir(parents=True)
    for day in (20, 21, 22):
        run_job(session, "derive", f"2026-11-{day}")
    assert sorted(each.name for each in (tmp_path / "elsewhere").iterdir()) == [
        "2026-11-21",
        "2026-11-22",
        "notes",
    ]
    assert not (tmp_path / "jobs").exists()


def test_what_a_killed_attempt_left_is_cleared(session: Session, tmp_path: Path) -> None:
    left = tmp_path / "jobs" / "derive" / ".2026-11-22.0badcafe.part"
    left.mkdir(parents=True)
    (left / "half.json").write_text("{")
    run_job(session, "derive", "2026-11-21")
    assert left.exists()  # another period's
    run_job(session, "derive", "2026-11-22")
    assert sorted(each.name for each in left.parent.iterdir()) == ["2026-11-21", "2026-11-22"]


def test_backups_can_be_restored(session: Session, tmp_path: Path) -> None:
    told = run_job(session, "backup")
    copy = Path(told["folder"]) / "registry-2026-11-22.duckdb"
    assert Session.restore(copy, tmp_path / "again.duckdb", key=KEY)["rows"] > 0
    with Session.open(tmp_path / "again.duckdb", key=KEY) as restored:
        assert restored.run("overview.summary")["patients"] == 2
        assert restored.run("audit.verify")["ok"]


def test_a_snapshot_is_noted_where_it_lies(session: Session, tmp_path: Path) -> None:
    run_job(session, "snapshot")
    run_job(session, "snapshot", again=True)
    held = session._store.query("SELECT name, path FROM snapshot ORDER BY snapshot_id").rows()
    place = tmp_path / "jobs" / "snapshot" / "2026-11-22" / "research-2026-11-22"
    assert held == [(place.name, str(place))]
    assert (place / "manifest.json").exists()


def test_the_table_with_its_runs(session: Session, clock: Clock) -> None:
    work_off(session)
    run_job(session, "derive")
    listed = session.run("jobs.list")
    assert listed["job"].to_list()[-1] == "monthly"
    row = listed.row(by_predicate=pl.col("job") == "derive", named=True)
    shown = ("schedule", "time_zone", "next_period", "last_period", "last_state", "scheduler", "fault")
    assert tuple(row[name] for name in shown) == (
        "every day at 01:00", "UTC", "2026-11-23", "2026-11-22", "done", False, None,
    )  # fmt: skip
    coming = session.run("jobs.next", count=3)
    assert coming.select("job", "period", "state").rows() == [
        ("linkage", "2026-W48", "planned"), ("derive", "2026-11-23", "planned"), ("edits", "2026-11-23", "planned"),
    ]  # fmt: skip
    clock.set("2027-01-05 12:00")
    assert session.run("jobs.next", count=2).select("job", "period", "state").rows() == [
        ("monthly", "2026-12", "waiting"), ("monthly", "2027-01", "waiting"),
    ]  # fmt: skip


def test_a_fault_in_the_table_stops_the_jobs_and_is_shown(session: Session, tmp_path: Path) -> None:
    (tmp_path / "r.duckdb.jobs.toml").write_text("[jobs.backup]\nkeep = -1\n")
    with pytest.raises(BadInput, match=r"r\.duckdb\.jobs\.toml: \[jobs\.backup\] keep: -1"):
        work_off(session)
    with pytest.raises(BadInput):
        run_job(session, "backup")
    assert set(session.run("jobs.list")["fault"].str.contains("keep: -1")) == {True}


def test_a_waiting_report_finds_its_patient(session: Session, tmp_path: Path) -> None:
    """It came before the abstract; linkage attaches it, says so, and a rerun ends in the same bytes."""
    held = session._store.query("SELECT patient_id FROM pathology_report")
    assert held["patient_id"].to_list() == [None]
    run_job(session, "linkage")
    folder = tmp_path / "jobs" / "linkage" / "2026-W47"
    first = bytes_of(folder)
    assert json.loads(first["linkage.json"]) == {
        "as_of": "2026-11-16", "possible_same_persons": 0, "reports_waiting": 0, "treatments_waiting": 0,
    }  # fmt: skip
    assert session._store.query("SELECT patient_id, version FROM pathology_report").rows() == [(1, 2)]
    event = session._store.query("SELECT kind, rule, patient_id FROM link_event WHERE kind = 'report'")
    assert event.rows() == [("report", "strict-agreement", 1)]
    run_job(session, "linkage", again=True)
    assert bytes_of(folder) == first


def test_jobs_are_for_central_staff_and_their_roles(session: Session) -> None:
    with pytest.raises(Denied, match="held to facilities"):
        session.as_actor(Actor("maya", "manager", frozenset({ONE}))).run("jobs.list")
    with pytest.raises(Denied):
        session.as_actor(Actor("maya", "manager")).run("jobs.run_now", job="derive")
    with pytest.raises(NotFound):
        session.run("jobs.show", run_id=99)
    with pytest.raises(NotReady, match="no scheduler runs in this process; type registry jobs run derive"):
        session.run("jobs.run_now", job="derive")


def test_results_of_suites_are_kept_apart_from_runs(session: Session) -> None:
    assert session.run("quality.suites") is None
    for passed in (3, 4):
        session.run("quality.record_suites", result={"suites_passed": passed}, data_docs="index.html")
    assert session.run("quality.suites") == {"suites_passed": 4, "data_docs": "index.html"}
    assert rows(session) == []
