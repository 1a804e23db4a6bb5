"""`kill -9` in the middle of a run of the edits: the board is that of one run, whole.

6 kills in CI; `REGISTRY_CRASHES=100 pytest tests/integration/test_quality_crash.py` for the long run.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
from pathlib import Path

import pytest

import registry
from registry.service import Session
from registry.synthetic import generate
from tests.integration.killing import killed_child

KEY = "a long and random key 0123456789"
CRASHES = int(os.environ.get("REGISTRY_CRASHES", "6"))


def check(session: Session, acknowledged: set[int]) -> int:
    """The board agrees with the last run that is there; returns its number."""
    report = session.run("audit.verify")
    assert report["ok"], report["message"]
    ask = session._store.query
    runs = ask("SELECT run_id, edits, failures, overridden, patients FROM edit_run ORDER BY run_id")
    assert acknowledged <= set(runs["run_id"]), "an acknowledged run is missing"
    if runs.is_empty():
        assert ask("SELECT count(*) FROM edit_failure").item() == 0
        assert ask("SELECT count(*) FROM edit_judged").item() == 0
        return 0
    last = runs.row(-1, named=True)
    board = ask(
        """SELECT count(*) FILTER (state = 'open') AS open, count(*) FILTER (state = 'overridden') AS overridden,
                  max(run_id) AS newest, max(fixed_run_id) AS fixed FROM edit_failure"""
    ).row(0, named=True)
    assert (board["open"], board["overridden"]) == (last["failures"], last["overridden"]), "a torn run"
    assert max(board["newest"], board["fixed"] or 0) <= last["run_id"], "failures of a run that is not there"
    assert ask("SELECT count(*) FROM edit_in_force").item() == last["edits"]
    assert ask("SELECT count(*) FROM edit_judged").item() == last["patients"]
    counted = ask("SELECT sum(open) FROM edit_run_count WHERE run_id = ?", [last["run_id"]]).item()
    assert (counted or 0) == last["failures"]
    audited = ask("SELECT entity_id FROM audit_event WHERE entity = 'edit_run' ORDER BY seq")
    assert audited["entity_id"].cast(int).to_list() == runs["run_id"].to_list()
    return int(last["run_id"])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_run_leaves_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    database = tmp_path / "registry.duckdb"
    generate(150, 3, tmp_path / "made", as_of=dt.date(2026, 10, 31))
    with Session.create(database, key=KEY) as session:
        for file in sorted((tmp_path / "made" / "abstracts").glob("*.xml")):
            session.run("ingest.file", path=str(file))
    rng = random.Random(11)
    seen: set[int] = set()
    reached = []
    for crash in range(CRASHES):
        lines = killed_child(
            "quality_child",
            database,
            key=KEY,
            operations=0 if crash == 0 else rng.randrange(3),
            seconds=rng.uniform(0.0, 1.5),
        )
        seen |= {int(words[1]) for words in lines if words[0] == "Q"}
        with registry.open(database) as session:
            reached.append(check(session, seen))
    assert reached[-1] > 0, "the processes were killed before they did anything"
