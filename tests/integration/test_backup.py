"""Backup and restore: complete, verified, under another key, while writers run."""

from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import pytest

from registry.errors import BadInput, NotFound, NotReady, RegistryError, WrongKey
from registry.store import Store

KEY = "a long and random key 0123456789"
OTHER = "another long and random key 98765"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "r.duckdb", key=KEY)
    ids = store.new_ids("patient", 500)
    frame = pl.DataFrame({"patient_id": ids, "nameLast": [f"NAME{i}" for i in ids], "userItem": ["x"] * 500})
    with store.unit_of_work("anna", "load") as uow:
        uow.insert("patient", frame)
        uow.keep_file("a.xml", "naaccr-xml", b"<x/>" * 1000)
    return store


def names(store: Store) -> list[str]:
    return store.query('SELECT "nameLast" FROM patient ORDER BY patient_id').to_series().to_list()


@pytest.mark.parametrize("key", [KEY, OTHER, None])
@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_round_trip(store: Store, tmp_path: Path, key: str | None) -> None:
    backup = tmp_path / "safe" / "b.duckdb"
    backup.parent.mkdir()
    report = store.backup(backup, key=key, plain=key is None)
    assert (
        report.tables["patient"] == 500 and report.audit_rows == 2 and report.encrypted == (key is not None)
    )
    assert backup.stat().st_mode & 0o077 == 0
    before = names(store)
    store.close()
    assert not list(tmp_path.glob("*.part")) and not (tmp_path / "r.duckdb.backups").exists()

    restored = Store.restore(backup, tmp_path / "new.duckdb", key=key)
    assert {**restored.tables, "meta": 0} == {**report.tables, "meta": 0} and restored.notes == ()
    with Store.open(tmp_path / "new.duckdb", key=key) as again:
        assert names(again) == before
        assert again.file_bytes(1) == b"<x/>" * 1000
        assert again.new_ids("patient", 1)[0] > 500
        with again.unit_of_work("anna", "edit") as uow:
            uow.update("patient", 7, {"nameLast": "ROE"}, expected_version=1)
        assert again.verify_audit().ok, again.verify_audit().message


def test_backup_can_be_opened_itself_and_restored_under_a_third_key(store: Store, tmp_path: Path) -> None:
    store.backup(tmp_path / "b.duckdb", key=OTHER)
    store.close()
    with Store.open(tmp_path / "b.duckdb", key=OTHER) as copy:
        assert copy.verify_audit().ok
    Store.restore(
        tmp_path / "b.duckdb", tmp_path / "c.duckdb", key="third key, long and random", backup_key=OTHER
    )
    with Store.open(tmp_path / "c.duckdb", key="third key, long and random") as copy:
        assert copy.verify_audit().ok
        copy.backup(tmp_path / "d.duckdb")
    with Store.open(tmp_path / "d.duckdb", key="third key, long and random") as copy:
        assert copy.verify_audit().ok


def test_while_writers_run(store: Store, tmp_path: Path) -> None:
    stop, saved, failed = threading.Event(), [0] * 3, []

    def write(worker: int) -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                with store.unit_of_work(f"w{worker}", "edit") as uow:
                    uow.update("patient", worker + 1, {"race1": str(number)}, expected_version=number)
                    row = {"treatment_id": [worker * 100_000 + number], "patient_id": [worker + 1]}
                    uow.insert("treatment", pl.DataFrame(row | {"code": [str(number)]}))
                saved[worker] = number
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for thread in threads:
        thread.start()
    try:
        reports = [store.backup(tmp_path / f"b{n}.duckdb") for n in range(3)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed
    assert reports[-1].audit_rows > reports[0].audit_rows and all(saved)
    assert store.verify_audit().ok
    store.close()
    for n, report in enumerate(reports):
        with Store.open(tmp_path / f"b{n}.duckdb", key=KEY) as copy:
            assert copy.verify_audit().ok
            # one consistent view: each save is there with both its rows, or not at all
            pairs = copy.query(
                "SELECT p.patient_id, p.version - 1 AS edits, count(t.treatment_id) AS rows FROM patient p "
                "LEFT JOIN treatment t USING (patient_id) WHERE p.patient_id <= 3 GROUP BY ALL ORDER BY ALL"
            )
            assert (pairs["edits"] == pairs["rows"]).all()
            assert report.tables["treatment"] == copy.query("SELECT count(*) FROM treatment").item()


def test_wrong_key_and_missing_files(store: Store, tmp_path: Path) -> None:
    store.backup(tmp_path / "b.duckdb")
    store.close()
    with pytest.raises(WrongKey) as caught:
        Store.restore(tmp_path / "b.duckdb", tmp_path / "n.duckdb", key=OTHER)
    assert OTHER not in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(WrongKey):
        Store.restore(tmp_path / "b.duckdb", tmp_path / "n.duckdb")
    with pytest.raises(NotFound):
        Store.restore(tmp_path / "missing.duckdb", tmp_path / "n.duckdb", key=KEY)
    with pytest.raises(BadInput):
        Store.restore(tmp_path / "b.duckdb", tmp_path / "r.duckdb", key=KEY)
    with pytest.raises(NotFound):
        Store.restore(tmp_path / "b.duckdb", tmp_path / "no" / "n.duckdb", key=KEY)
    assert sorted(path.name for path in tmp_path.glob("n.duckdb*")) == []


def test_damaged_backup_is_refused_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    backup = tmp_path / "b.duckdb"
    store.backup(backup)
    store.close()
    content = bytearray(backup.read_bytes())
    refused = 0
    for place in range(20_000, len(content), max(len(content) // 12, 1)):
        damaged = bytes(content[:place]) + bytes(64) + bytes(content[place + 64 :])
        backup.write_bytes(damaged)
        try:
            Store.restore(backup, tmp_path / "n.duckdb", key=KEY)
        except RegistryError as error:
            assert "\n" not in str(error)
            refused += 1
            assert not list(tmp_path.glob("n.duckdb*"))
        else:  # an unused block was hit: then everything must be there
            with Store.open(tmp_path / "n.duckdb", key=KEY) as copy:
                assert len(names(copy)) == 500 and copy.verify_audit().ok
            for path in tmp_path.glob("n.duckdb*"):
                path.unlink()
    assert refused


def test_backup_whose_end_was_cut_off_contradicts_its_anchor(store: Store, tmp_path: Path) -> None:
    store.backup(tmp_path / "b.duckdb")
    store.close()
    anchor = (tmp_path / "b.duckdb.anchor.json").read_text()
    with Store.open(tmp_path / "b.duckdb", key=KEY) as copy:
        copy.cursor().execute("DELETE FROM audit_event WHERE seq = 2")
    (tmp_path / "b.duckdb.anchor.json").write_text(anchor)
    with pytest.raises(NotReady, match="cut off"):
        Store.restore(tmp_path / "b.duckdb", tmp_path / "n.duckdb", key=KEY)
    (tmp_path / "b.duckdb.anchor.json").unlink()
    report = Store.restore(tmp_path / "b.duckdb", tmp_path / "n.duckdb", key=KEY)
    assert "missing" in report.notes[0]


def test_existing_target_is_never_replaced(store: Store, tmp_path: Path) -> None:
    (tmp_path / "b.duckdb").write_text("mine")
    with pytest.raises(BadInput):
        store.backup(tmp_path / "b.duckdb")
    assert (tmp_path / "b.duckdb").read_text() == "mine"
    store.close()
