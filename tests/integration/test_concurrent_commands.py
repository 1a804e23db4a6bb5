"""Two commands at once on one file: both succeed, or one says in one line that it is busy; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry.errors import BadInput, Busy
from registry.service import Session
from registry.store import opening
from tests.paths import ROOT
from tests.received import KEY, PERSON, TUMOR, changed, write


def start(folder: Path, *words: str, wait: str, key: str = KEY) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "registry", *words, "--db", str(folder / "r.duckdb")],
        cwd=ROOT,
        env={**os.environ, "REGISTRY_KEY": key, "REGISTRY_WAIT": wait},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Session.create(tmp_path / "r.duckdb", key=KEY).close()
    return tmp_path


def files(folder: Path, number: int) -> list[str]:
    return [
        write(
            folder / f"{name}.xml",
            *(
                (changed(PERSON, patientIdNumber=f"{name * 1000 + n:08}", nameLast=f"L{chr(97 + name)}{chr(97 + n % 26)}",
                         socialSecurityNumber=f"{name + 1}{n + 10_000_000}"),
                 [changed(TUMOR, accessionNumberHosp=f"20{name:02}{n:05}")])
                for n in range(50)
            ),
        )
        for name in range(number)
    ]  # fmt: skip


def test_three_commands_wait_for_one_another(folder: Path) -> None:
    running = [start(folder, "ingest", path, "--quiet", wait="120") for path in files(folder, 3)]
    for process in running:
        out, err = process.communicate(timeout=180)
        assert (process.returncode, err) == (0, ""), err
        assert "50 accepted" in out
    with Session.open(folder / "r.duckdb", key=KEY) as session:
        assert session.run("overview.summary")["abstracts"] == 150
        assert session.run("load.list").height == 3
        assert session.run("audit.verify")["ok"]


@pytest.mark.parametrize("key", [KEY, ""], ids=["encrypted", "plain"])
@pytest.mark.parametrize("_round", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_three_commands_make_the_database_together(tmp_path: Path, key: str, _round: int) -> None:
    running = [start(tmp_path, "ingest", path, "--quiet", wait="120", key=key) for path in files(tmp_path, 3)]
    for process in running:
        _, err = process.communicate(timeout=180)
        assert (process.returncode, err) == (0, ""), err
    with Session.open(tmp_path / "r.duckdb", key=key or None) as session:
        report = session.run("audit.verify")
        assert report["ok"]
        assert "missing" not in report["message"]
        assert session.run("overview.summary")["abstracts"] == 150
        assert session.run("load.list").height == 3
    beside = {"r.duckdb", "r.duckdb.anchor.json"} | (set() if key else {"r.duckdb.audit-key"})
    assert {each.name for each in tmp_path.iterdir() if each.suffix != ".xml"} == beside


_MAKE = """
import sys, time
from pathlib import Path
from registry.errors import BadInput
from registry.store import opening, utc_now
time.sleep(max(0.0, float(sys.argv[3]) - time.time()))
try:
    opening.make(Path(sys.argv[1]), key=sys.argv[2] or None, options=None, clock=utc_now)
except BadInput:
    print("lost")
else:
    print("made")
"""


@pytest.mark.parametrize("key", [KEY, ""], ids=["encrypted", "plain"])
@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_of_those_who_make_it_at_once_one_does(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REGISTRY_KEY", raising=False)
    for number in range(3):
        database, moment = tmp_path / f"{number}.duckdb", str(time.time() + 2)
        makers = [
            subprocess.Popen(
                [sys.executable, "-c", _MAKE, str(database), key, moment],
                cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(3)
        ]  # fmt: skip
        told = [maker.communicate(timeout=60) for maker in makers]
        assert sorted(out.strip() for out, _ in told) == ["lost", "lost", "made"], told
        with Session.open(database, key=key or None) as session:
            report = session.run("audit.verify")
        assert report["ok"]
        assert "missing" not in report["message"]
    assert not [each.name for each in tmp_path.iterdir() if each.suffix in {".creating", ".new", ".tmp"}]


def test_a_killed_makers_lock_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "r.duckdb.creating").touch()
    Session.create(tmp_path / "r.duckdb", key=KEY).close()
    assert not (tmp_path / "r.duckdb.creating").exists()


def test_who_comes_too_late_leaves_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "r.duckdb"
    with opening.naming(path) as beside:
        assert beside == []
        path.touch()
    before = {each.name for each in tmp_path.iterdir()}
    with pytest.raises(BadInput), opening.naming(path):
        raise AssertionError("nobody may name it again")
    assert {each.name for each in tmp_path.iterdir()} == before == {"r.duckdb"}


def test_who_waits_too_long_for_a_maker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LONGEST_MAKING", 0.1)
    path = tmp_path / "r.duckdb"
    with (
        opening.naming(path),
        pytest.raises(Busy, match="another process is making it"),
        opening.naming(path),
    ):
        raise AssertionError("two may not name it")


def test_the_same_file_twice_at_once_is_loaded_once(folder: Path) -> None:
    path = files(folder, 1)[0]
    running = [start(folder, "ingest", path, wait="120") for _ in range(2)]
    outs = [process.communicate(timeout=180)[0] for process in running]
    assert sorted("50 accepted" in out for out in outs) == [False, True]
    with Session.open(folder / "r.duckdb", key=KEY) as session:
        assert session.run("overview.summary")["abstracts"] == 50


def test_who_does_not_wait_is_told_in_one_line(folder: Path) -> None:
    with Session.open(folder / "r.duckdb", key=KEY):
        process = start(folder, "stats", "overview", wait="0")
        _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert (
        err
        == f"registry: r.duckdb: another process (pid {os.getpid()}) has it open; go through that process or stop it\n"
    )


def test_the_wait_is_a_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_WAIT", "a while")
    with pytest.raises(BadInput, match="REGISTRY_WAIT"):
        Session.open(folder / "r.duckdb", key=KEY)
    monkeypatch.setenv("REGISTRY_WAIT", "0.1")
    with Session.open(folder / "r.duckdb", key=KEY), pytest.raises(Busy):
        Session.open(folder / "r.duckdb", key=KEY)
