"""`kill -9` of a process that installs a new version of the standard and takes it back: all of it, or nothing.

6 kills in CI; `REGISTRY_CRASHES=100 pytest tests/integration/test_standards_crash.py` for the long run.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import polars as pl
import pytest

import registry
from registry import standards
from registry.service import Session
from tests.integration.killing import killed_child
from tests.next_version import ADDED, BEFORE, LONGER, MOVED, RENAMED, publish
from tests.received import KEY, PERSON, TUMOR, changed, write

CRASHES = int(os.environ.get("REGISTRY_CRASHES", "6"))
RECORDS = 60


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    people = []
    for number in range(RECORDS):
        person = changed(
            PERSON, nameLast=f"Family{number}", socialSecurityNumber=f"{100000001 + number * 37}"
        )
        tumor = changed(
            TUMOR,
            accessionNumberHosp=f"2023{number:05d}",
            **{BEFORE: "1", MOVED: "2", LONGER: f"{number:010d}"},
        )
        people.append((person, [tumor]))
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        session.run("ingest.file", path=write(tmp_path / "one.xml", *people))
    return tmp_path / "r.duckdb"


def check(session: Session) -> bool:
    """Whether the new version is in use; everything must agree on that."""
    new = standards.CURRENT_VERSION == "270"
    states = session.run("standards.list").filter(pl.col("pack_id") > 0)
    assert (states["state"] == "installed").sum() == int(new)
    assert (standards.dictionary().item(ADDED) is not None) == new
    columns = session._store.columns("abstract")
    renamed = f'"{RENAMED}"' if RENAMED in columns else "NULL"
    moved = f'"{MOVED}"' if MOVED in session._store.columns("patient") else "NULL"
    counts = {
        "old": f'SELECT count("{BEFORE}") FROM abstract',
        "renamed": f"SELECT count({renamed}) FROM abstract",
        "longer": f'SELECT count(*) FROM abstract WHERE length("{LONGER}") = 12',
        "old, tumors": f'SELECT count("{BEFORE}") FROM tumor',
        "of tumors": f'SELECT count("{MOVED}") FROM tumor',
        "of patients": f"SELECT count({moved}) FROM patient",
    }
    found = {name: session._store.query(sql).item() for name, sql in counts.items()}
    here = {"renamed", "longer", "of patients"}
    assert found == {name: RECORDS if (name in here) == new else 0 for name in counts}
    logged = session._store.query("SELECT count(DISTINCT pack_id) FROM standards_change").item()
    assert logged == states.height
    report = session.run("audit.verify")
    assert report["ok"], report["message"]
    events = session.run("audit.log", entity="standards")["action"].to_list()
    assert events.count("install") == states.height
    assert events.count("undo") == (states["state"] == "undone").sum()
    return new


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_an_update_is_whole_or_not_there(database: Path, tmp_path: Path) -> None:
    folder = publish(tmp_path / "naaccr-27")
    rng = random.Random(27)
    last, seen = 0, set()
    for _ in range(CRASHES):
        acknowledged = killed_child(
            "standards_child",
            database,
            folder,
            key=KEY,
            operations=rng.randrange(2),
            seconds=rng.uniform(0, 2.5),
        )
        with registry.open(database) as session:
            new = check(session)
            packs = session.run("standards.list")["pack_id"].max()
        done = [(kind, int(words[0])) for kind, *words in acknowledged if words]
        assert packs >= max([last, *(pack for _, pack in done)]), "an acknowledged installation is missing"
        last = max(packs, last)
        seen.add(new)
    assert last, "the processes were killed before they did anything"
