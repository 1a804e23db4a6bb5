"""A process that is killed leaves no half file and no half submission, and the rest is made again byte by byte."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from registry.formats import read_naaccr_xml
from registry.service import Session
from registry.service.submissions.kept import digest
from tests.integration.killing import killed_child
from tests.integration.submitted import RECORDS, opened, registry
from tests.received import KEY

STEPS = {"P": "SEALED", "S": "SENT", "A": "ACKNOWLEDGED"}
LATER = {"SEALED": 0, "SENT": 1, "ACKNOWLEDGED": 2}


def check(session: Session, folder: Path, said: list[list[str]]) -> None:
    """What the child acknowledged is there, and nothing is half there."""
    listed = session._store.query(
        """SELECT s.submission_id, s.state, s.tumors, s.deleted, s.as_of, s.files, count(r.record_id) AS records
           FROM submission s LEFT JOIN submission_record r USING (submission_id) GROUP BY ALL ORDER BY s.submission_id"""
    )
    states = dict(listed.select("submission_id", "state").iter_rows())
    for word, number, *_ in said[1:]:
        assert LATER[states[int(number)]] >= LATER[STEPS[word]]
    for row in listed.iter_rows(named=True):
        assert row["records"] == (0 if row["state"] == "DISCARDED" else row["tumors"] + row["deleted"])
        for file in json.loads(row["files"] or "[]"):
            assert digest(folder / "out" / file["name"]) == file["sha256"]
    for path in (folder / "out").glob("*.xml"):
        manifest = json.loads(path.with_name(path.name + ".manifest.json").read_text())
        assert manifest["sha256"] == digest(path)
        assert read_naaccr_xml(path).tumors.height == manifest["records"]
    assert session.run("audit.verify")["ok"]


def finish(session: Session, folder: Path) -> None:
    """Whatever stopped half-way goes on, and gives the bytes that stand already."""
    left = session.run("submission.list", limit=1000).filter(pl.col("state").is_in(["VALIDATED", "SEALED"]))
    for number in left["submission_id"]:
        there = folder / "out" / f"NPCR_CSS-{number}.xml"
        before = digest(there) if there.exists() else None
        again = session.run("submission.seal", submission_id=number, out=str(folder / "out"))
        assert again["state"] == "SEALED"
        assert before in (None, digest(there))
    assert not list((folder / "out").glob(".submission-*"))


KILLED_WHILE_MARKING = """
import os, signal, sys
from pathlib import Path
from registry.service.submissions import sealing as submission_sealing
from tests.integration.submitted import opened

folder = Path(sys.argv[1])
submission_sealing._mark = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with opened(folder) as session:
    session.run("submission.prepare", profile="NPCR_CSS", as_of="2027-01-01", seal=True, out=str(folder / "out"))
"""


def test_names_given_before_a_kill_are_taken_back(tmp_path: Path) -> None:
    with registry(tmp_path, *RECORDS):
        pass
    (tmp_path / "out").mkdir()
    root = Path(__file__).parents[2]
    child = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_MARKING, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root), "REGISTRY_KEY": KEY},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "out" / "NPCR_CSS-1.xml").exists()
    with opened(tmp_path) as session:
        made = session.run(
            "submission.prepare", profile="NPCR_CSS", as_of="2027-02-01", seal=True, out=str(tmp_path / "out")
        )
        states = session._store.query("SELECT state FROM submission ORDER BY submission_id")[
            "state"
        ].to_list()
    assert states == ["DISCARDED", "SEALED"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {file["name"] for file in made["files"]}


def kill_and_look(tmp_path: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    with registry(tmp_path, *RECORDS):
        pass
    (tmp_path / "out").mkdir()
    for _ in range(kills):
        with opened(tmp_path) as session:
            done = session._store.query("SELECT count(*) FROM submission WHERE state <> 'DISCARDED'").item()
        said = killed_child(
            "submission_child",
            tmp_path,
            done,
            key=KEY,
            operations=rng.randrange(0, 4),
            seconds=rng.random() * 0.6,
        )
        with opened(tmp_path) as session:
            check(session, tmp_path, said)
    with opened(tmp_path) as session:
        made = session.run(
            "submission.prepare",
            profile="NPCR_CSS",
            as_of="2027-12-30",
            seal=True,
            out=str(tmp_path / "out"),
        )
        finish(session, tmp_path)
        assert made["state"] == "SEALED"
        check(session, tmp_path, [["R"], ["P", str(made["submission_id"])]])


def test_a_killed_process_leaves_nothing_half_done(tmp_path: Path) -> None:
    kill_and_look(tmp_path, 3, 1)


@pytest.mark.slow
def test_fifty_kills(tmp_path: Path) -> None:
    kill_and_look(tmp_path, 50, 2)


def test_what_a_dead_process_left_is_cleared(tmp_path: Path) -> None:
    with registry(tmp_path) as session:
        number = session.run("submission.prepare", profile="NPCR_CSS", as_of="2026-11-01")["submission_id"]
        (tmp_path / "out").mkdir()
        dead = tmp_path / "out" / f".submission-{number}-999999999-x"
        alive = tmp_path / "out" / f".submission-{number}-1-x"
        for folder in (dead, alive):
            folder.mkdir()
        session.run("submission.seal", submission_id=number, out=str(tmp_path / "out"))
        assert (dead.exists(), alive.exists()) == (False, True)
