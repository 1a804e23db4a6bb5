"""`kill -9` at random moments: nothing acknowledged is lost, no change without its audit row, nor the other way.

12 kills in CI; `REGISTRY_CRASHES=200 pytest tests/integration/test_crash.py` for the long run.
"""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path

import pytest

from registry.store import Options, Store
from tests.integration.killing import killed_child

KEY = "a long and random key 0123456789"
CRASHES = int(os.environ.get("REGISTRY_CRASHES", "12"))
OPTIONS = Options(memory_limit="300MB", threads=1)


class Known:
    """What the killed processes acknowledged, over all crashes."""

    def __init__(self) -> None:
        self.ingested: dict[int, tuple[int, str]] = {}
        self.edited: dict[str, tuple[int, int]] = {}
        self.kept: set[str] = set()
        self.count = 0

    def add(self, lines: list[list[str]]) -> None:
        for kind, *words in lines:
            self.count += kind != "R"
            if kind == "I":
                self.ingested[int(words[0])] = (int(words[1]), words[2])
            elif kind == "U":
                self.edited[words[2]] = (int(words[0]), int(words[1]))
            elif kind == "K":
                self.kept.add(words[0])


def check(store: Store, known: Known) -> int:
    """Compare the reopened database with what was acknowledged; returns audit rows."""
    report = store.verify_audit()
    assert report.ok, report.message

    batches = store.query(
        'SELECT min(patient_id) AS first, "nameAlias" AS mark, count(*) AS rows FROM patient GROUP BY ALL'
    )
    found = {first: (rows, mark) for first, mark, rows in batches.iter_rows()}
    assert known.ingested.items() <= found.items(), "an acknowledged batch is missing or torn"
    assert store.query("SELECT count(*) FROM patient ANTI JOIN tumor USING (patient_id)").item() == 0, (
        "torn unit"
    )

    audited = store.query(
        "SELECT entity, entity_id, before_value, after_value, digest FROM audit_event ORDER BY seq"
    )
    edits = {}
    inserted = 0
    for entity, entity_id, before, after, _ in audited.iter_rows():
        values = json.loads(after) if after else {}
        if entity == "patient" and before is not None:
            edits[values["nameMiddle"]] = int(entity_id)
        elif entity == "patient":
            inserted += values["rows"] if entity_id is None else 1
    assert inserted == store.query("SELECT count(*) FROM patient").item(), (
        "inserts and their audit rows differ"
    )
    assert {value: patient for value, (patient, _) in known.edited.items()}.items() <= edits.items()

    # each patient's version counts its audited edits, and its value is the last audited one
    versions = dict(store.query("SELECT patient_id, version FROM patient WHERE version > 1").iter_rows())
    counted: dict[int, int] = {}
    last: dict[int, str] = {}
    for value, patient in edits.items():
        counted[patient] = counted.get(patient, 1) + 1
        last[patient] = value
    assert versions == counted, "a change without its audit row, or an audit row without its change"
    values_now = dict(
        store.query('SELECT patient_id, "nameMiddle" FROM patient WHERE version > 1').iter_rows()
    )
    assert values_now == last

    kept = set(store.query("SELECT sha256 FROM source_file").to_series())
    assert known.kept <= kept
    newest = store.query("SELECT coalesce(max(patient_id), 0) FROM patient").item()
    assert store.new_ids("patient", 1)[0] > newest, "an id would be issued twice"
    return report.rows


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_random(tmp_path: Path) -> None:
    path = tmp_path / "r.duckdb"
    Store.create(path, key=KEY, options=OPTIONS).close()
    rng = random.Random(20261121)
    known = Known()
    rows = 0
    for crash in range(CRASHES):
        known.add(killed_child("crash_child", path, crash, key=KEY, seconds=rng.uniform(0.0, 0.6)))
        with Store.open(path, key=KEY, options=OPTIONS) as store:
            left = [entry.name for entry in store.connection.temp_dir.parent.iterdir()]
            assert left == [store.connection.temp_dir.name], "spill files of the killed process were left"
            rows = check(store, known)
        if crash % 20 == 19:
            print(f"{crash + 1} kills: {known.count} acknowledged, {rows} audit rows")
    assert known.edited and known.ingested and known.count > 3 * CRASHES
