"""What the store keeps: ids, received files, quarantine, drafts."""

from __future__ import annotations

import hashlib
import random
import threading
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput, NotFound
from registry.store import Options, Store
from registry.store.files import CHUNK
from tests.integration.stores import KEY


def test_ids_are_issued_once(store: Store, path: Path) -> None:
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.extend(store.new_ids("tumor", 37))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 8 * 37 + 1))
    assert list(store.new_ids("patient", 0)) == []
    store.close()
    with Store.open(path, key=KEY) as again:
        assert again.new_ids("tumor", 2) == range(297, 299)
        with pytest.raises(BadInput):
            again.new_ids("no such kind;", 1)


def test_received_bytes_are_exact(store: Store) -> None:
    rng = random.Random(1)
    data = rng.randbytes(2 * CHUNK + 12_345) + b"<Patient>caf\xc3\xa9</Patient>" * 10
    sha256 = hashlib.sha256(data).hexdigest()
    file_id = store.keep_file("a.xml", "naaccr-xml", data, sha256)
    assert store.keep_file("same again.xml", "naaccr-xml", data, sha256) == file_id
    assert store.file_bytes(file_id) == data
    spans = [(0, 1), (CHUNK - 3, 10), (CHUNK, CHUNK), (5, 2 * CHUNK), (len(data) - 20, 20), (len(data), 0)]
    ids = store.new_ids("source", len(spans))
    frame = pl.DataFrame(
        {
            "source_id": ids,
            "file_id": [file_id] * len(spans),
            "byte_start": [s for s, _ in spans],
            "byte_length": [n for _, n in spans],
        }
    )
    with store.unit_of_work("anna", "load") as uow:
        uow.insert("source_record", frame)
    for source_id, (start, length) in zip(ids, spans, strict=True):
        assert store.received_bytes(source_id) == data[start : start + length]
    with pytest.raises(NotFound):
        store.received_bytes(10**9)
    with pytest.raises(BadInput):
        store.file_bytes(file_id, len(data), 1)
    with pytest.raises(BadInput, match="checksum"):
        store.keep_file("b.xml", "naaccr-xml", data, "0" * 64)
    empty = store.keep_file("empty", "hl7", b"")
    assert store.file_bytes(empty) == b""


def test_a_load_is_found_by_its_checksum(store: Store) -> None:
    rows = {"load_id": [1, 2], "sha256": ["aa", "bb"], "status": ["done", "running"]}
    with store.unit_of_work("anna", "load") as uow:
        uow.insert("load", pl.DataFrame(rows))
    found = store.find_load("aa")
    assert found is not None and found["load_id"] == 1
    assert store.find_load("bb") is None


def test_quarantine_keeps_content_whole(store: Store) -> None:
    with store.unit_of_work("anna", "ingest") as uow:
        number = uow.quarantine(
            kind="naaccr-xml",
            reason="not XML",
            content=b"\x00<broken",
            file_name="x.xml",
            expected="NaaccrData",
        )
    row = store.query("SELECT * FROM quarantine").to_dicts()[0]
    assert row["quarantine_id"] == number and row["content"] == b"\x00<broken" and row["state"] == "open"


def test_drafts(store: Store) -> None:
    for n in range(3):
        store.save_draft("anna", "abstract", 9, {"primarySite": f"C50{n}"}, based_on=4)
    draft = store.draft("anna", "abstract", 9)
    assert draft is not None and draft["content"] == {"primarySite": "C502"} and draft["based_on"] == 4
    assert store.draft("boris", "abstract", 9) is None
    store.drop_draft("anna", "abstract", 9)
    assert store.draft("anna", "abstract", 9) is None
    for sql in ("DELETE FROM patient", "UPDATE audit_event SET actor = 'x'", "DROP TABLE draft"):
        with pytest.raises(BadInput):
            store.housekeeping(sql)


def test_options_limit_the_connection(path: Path) -> None:
    with Store.create(path, key=KEY, options=Options(memory_limit="100MB", threads=1)) as store:
        settings = dict(store.query("SELECT name, value FROM duckdb_settings()").iter_rows())
        assert settings["memory_limit"].startswith("95.3") and settings["threads"] == "1"


def test_clock_is_injected(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1)
    with Store.create(tmp_path / "r.duckdb", key=KEY, clock=lambda: now) as store:
        with store.unit_of_work("anna", "register") as uow:
            uow.insert("patient", pl.DataFrame({"patient_id": [1]}))
        assert store.query("SELECT happened_at FROM audit_event").item() == now
        assert store.query("SELECT created_at FROM patient").item() == now
