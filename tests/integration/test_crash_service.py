"""`kill -9` of a process that really ingests files and saves abstracts, through the service.

12 kills in CI; `REGISTRY_CRASHES=200 pytest tests/integration/test_crash_service.py` for the long run.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
from pathlib import Path

import polars as pl
import pytest

import registry
from registry.service import Session
from registry.synthetic import generate
from tests.integration.killing import killed_child

KEY = "a long and random key 0123456789"
CRASHES = int(os.environ.get("REGISTRY_CRASHES", "12"))


def files_to_load(folder: Path, count: int) -> Path:
    """Small NAACCR XML files of made-up patients whose last names start with SYN."""
    target = folder / "files"
    target.mkdir()
    for number in range(count):
        source = folder / f"made-{number}"
        generate(200, 1000 + number, source, as_of=dt.date(2026, 10, 31))
        for file in sorted((source / "abstracts").glob("*.xml"))[:1]:
            text = file.read_text().replace('naaccrId="nameLast">', 'naaccrId="nameLast">SYN')
            (target / f"{number:03d}.xml").write_text(text.replace("00099900", f"{number + 1000:08d}"))
    return target


def check(session: Session, loads: dict[str, int], saves: dict[str, tuple[int, int]]) -> None:
    report = session.run("audit.verify")
    assert report["ok"], report["message"]
    store = session._store
    held = dict(store.query("SELECT file_name, tumors FROM load WHERE status = 'done'").iter_rows())
    assert loads.items() <= held.items(), "an acknowledged load is missing"
    abstracts = store.query("SELECT count(*) FROM abstract").item()
    assert abstracts == sum(held.values()), "abstracts of a load that is not there, or a torn load"
    assert store.query("SELECT count(*) FROM tumor").item() == abstracts
    assert store.query("SELECT count(*) FROM source_record ANTI JOIN load USING (load_id)").item() == 0

    changed = store.query(
        "SELECT abstract_id, version, \"after\" AS value FROM abstract_change WHERE item = 'nameMiddle' ORDER BY ALL"
    )
    stored = {value: (abstract, version) for abstract, version, value in changed.iter_rows()}
    assert saves.items() <= stored.items(), "an acknowledged save is missing"
    audited = store.query(
        "SELECT after_value FROM audit_event WHERE entity = 'abstract' AND action = 'edit' ORDER BY seq"
    )
    values = {
        json.loads(text)["nameMiddle"] for text in audited["after_value"] if "nameMiddle" in json.loads(text)
    }
    assert values == set(stored), "a change without its audit row, or the other way round"

    last = changed.sort("version").group_by("abstract_id").agg(pl.col("value").last())
    now = store.query(
        'SELECT abstract_id, tumor_id, patient_id, "nameMiddle" AS held FROM abstract ORDER BY 1'
    )
    together = last.join(now, on="abstract_id")
    assert together["value"].to_list() == together["held"].to_list()
    patients = store.query('SELECT patient_id, "nameMiddle" AS consolidated FROM patient')
    single = together.join(patients, on="patient_id").filter(~pl.col("patient_id").is_duplicated())
    several = store.query("SELECT patient_id FROM abstract GROUP BY 1 HAVING count(*) > 1")
    single = single.join(several, on="patient_id", how="anti")
    assert single["held"].to_list() == single["consolidated"].to_list(), (
        "the patient does not follow its abstract"
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_ingest_and_edit_survive_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    database = tmp_path / "registry.duckdb"
    Session.create(database, key=KEY).close()
    files = files_to_load(tmp_path, max(12, CRASHES // 4))
    rng = random.Random(7)
    loads: dict[str, int] = {}
    saves: dict[str, tuple[int, int]] = {}
    for crash in range(CRASHES):
        acknowledged = killed_child(
            "crash_service_child",
            database,
            files,
            crash,
            key=KEY,
            operations=rng.randrange(6),
            seconds=rng.uniform(0.0, 0.6),
        )
        for kind, *words in acknowledged:
            if kind == "L":
                loads[words[0]] = int(words[1])
            elif kind == "S":
                saves[words[2]] = (int(words[0]), int(words[1]))
        with registry.open(database) as session:
            check(session, loads, saves)
    assert loads and saves, "the processes were killed before they did anything"
