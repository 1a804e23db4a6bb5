"""The audit chain: 1,000 random tampers of one row are all found, at the row that was touched."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry.errors import NotReady
from registry.store import AuditReport, Store, verify
from registry.store.audit import COLUMNS, Anchor, Head, row_hash

KEY = "a long and random key 0123456789"
ROWS = 60
TEXTS = [name for name in COLUMNS if name not in ("seq", "happened_at")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.create(tmp_path_factory.mktemp("audit") / "r.duckdb", key=KEY)
    with store.unit_of_work("anna", "register", reason="test") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": range(1, 11), "nameLast": ["DOE"] * 10}))
    for n in range(10, ROWS):
        with store.unit_of_work("boris", "edit", facility_id="0000000001") as uow:
            uow.update("patient", n % 10 + 1, {"race1": f"{n}"}, expected_version=n // 10)
    yield store
    store.close()


def mutate(cursor, rng: random.Random, seq: int) -> int:  # type: ignore[no-untyped-def]
    column = rng.choice(["happened_at", *TEXTS])
    if column == "happened_at":
        change = "happened_at + INTERVAL 1 MICROSECOND"
    elif column in ("hash", "previous_hash"):
        change = f"left({column}, 10) || '{rng.choice('ghij')}' || substr({column}, 12)"
    else:
        change = f"coalesce({column}, '') || '{rng.choice(string.ascii_letters)}'"
    cursor.execute(f"UPDATE audit_event SET {column} = {change} WHERE seq = ?", [seq])
    return seq


def delete(cursor, rng: random.Random, seq: int) -> int:  # type: ignore[no-untyped-def]
    cursor.execute("DELETE FROM audit_event WHERE seq = ?", [seq])
    return seq


def insert(cursor, rng: random.Random, seq: int) -> int:  # type: ignore[no-untyped-def]
    new = rng.choice([0, -5, ROWS + 1, ROWS + 2, ROWS + 1000])
    cursor.execute(
        f"INSERT INTO audit_event SELECT * REPLACE ({new} AS seq) FROM audit_event WHERE seq = ?", [seq]
    )
    return new if new <= 0 else ROWS + 1


def swap(cursor, rng: random.Random, seq: int) -> int:  # type: ignore[no-untyped-def]
    other = rng.choice([n for n in range(1, ROWS + 1) if n != seq])
    columns = ", ".join(f"{name} = o.{name}" for name in COLUMNS if name != "seq")
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE pair AS SELECT * FROM audit_event WHERE seq IN (?, ?)", [seq, other]
    )
    cursor.execute("UPDATE temp.pair SET seq = CASE WHEN seq = ? THEN ? ELSE ? END", [seq, other, seq])
    cursor.execute(f"UPDATE audit_event SET {columns} FROM temp.pair o WHERE audit_event.seq = o.seq")
    return min(seq, other)


def truncate(cursor, rng: random.Random, seq: int) -> int:  # type: ignore[no-untyped-def]
    cursor.execute("DELETE FROM audit_event WHERE seq = ?", [ROWS])
    return ROWS


def test_1000_random_tampers_are_found(store: Store) -> None:
    rng = random.Random(20261121)
    key, head = store._audit_key, store._engine.chain.head  # type: ignore[union-attr]
    assert key is not None and head.seq == ROWS
    cursor = store.cursor()
    assert verify.verify_chain(cursor, key, anchors=(head,)).ok
    tampers = [mutate, delete, insert, swap, truncate]
    for n in range(1000):
        tamper = tampers[n % 5]
        cursor.execute("BEGIN")
        touched = tamper(cursor, rng, rng.randint(1, ROWS))
        report = verify.verify_chain(cursor, key, anchors=(head,))
        cursor.execute("ROLLBACK")
        assert not report.ok, tamper.__name__
        assert report.first_bad == touched, (tamper.__name__, touched, report)
    assert verify.verify_chain(cursor, key, anchors=(head,)).ok


def test_forging_the_hashes_needs_the_key(store: Store) -> None:
    cursor = store.cursor()
    cursor.execute("BEGIN")
    rows = cursor.execute("SELECT *, epoch_us(happened_at) AS us FROM audit_event ORDER BY seq").pl()
    forged, previous = [], None
    for row in rows.iter_rows(named=True):
        fields = [row["us"] if name == "happened_at" else row[name] for name in COLUMNS[:-1]]
        if row["seq"] >= 30:
            fields[2] = "somebody else"
            fields[11] = previous or row["previous_hash"]
            previous = row_hash(b"a guessed key", fields)
            forged.append((fields[2], fields[11], previous, row["seq"]))
    cursor.executemany("UPDATE audit_event SET actor = ?, previous_hash = ?, hash = ? WHERE seq = ?", forged)
    assert store._audit_key is not None
    report = verify.verify_chain(cursor, store._audit_key)
    cursor.execute("ROLLBACK")
    assert report.first_bad == 30


def reopened(store_path: Path, sql: str) -> AuditReport:
    with Store.open(store_path, key=KEY) as store:
        store.cursor().execute(sql)
    with Store.open(store_path, key=KEY) as store:
        return store.verify_audit()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "r.duckdb"
    with Store.create(path, key=KEY) as store:
        for n in range(1, 6):
            with store.unit_of_work("anna", "register") as uow:
                uow.insert("patient", pl.DataFrame({"patient_id": [n]}))
    return path


@pytest.mark.parametrize(
    ("sql", "first_bad"),
    [
        ("UPDATE audit_event SET actor = 'eve' WHERE seq = 3", 3),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        ("DELETE FROM audit_event WHERE seq = 5", 5),
        ("DELETE FROM audit_event", 1),
    ],
)
def test_tampering_with_the_file_is_found_after_reopening(small: Path, sql: str, first_bad: int) -> None:
    report = reopened(small, sql)
    assert not report.ok and report.first_bad == first_bad
    assert str(first_bad) in report.message


def test_work_after_a_truncation_does_not_cover_it_up(small: Path) -> None:
    with Store.open(small, key=KEY) as store:
        store.cursor().execute("DELETE FROM audit_event WHERE seq >= 4")
    with Store.open(small, key=KEY) as store:
        for n in range(6, 12):
            with store.unit_of_work("anna", "register") as uow:
                uow.insert("patient", pl.DataFrame({"patient_id": [n]}))
        report = store.verify_audit()
    assert not report.ok and report.first_bad == 5 and "anchored" in report.message


def test_anchor_may_lag_but_not_lead(small: Path) -> None:
    anchor = small.with_name(small.name + ".anchor.json")
    old = anchor.read_text()
    with Store.open(small, key=KEY) as store, store.unit_of_work("anna", "register") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": [99]}))
    anchor.write_text(old)
    with Store.open(small, key=KEY) as store:
        assert store.verify_audit().ok
        assert store._audit_key is not None
        Anchor(small, store._audit_key).write(Head(7, "f" * 64))
        report = store.verify_audit()
        assert not report.ok and report.first_bad == 7 and "cut off" in report.message


@pytest.mark.parametrize("content", [None, "", "{}", '{"seq": 5, "hash": "00", "seal": "00"}'])
def test_missing_damaged_or_forged_anchor_is_said_and_can_be_renewed(
    small: Path, content: str | None
) -> None:
    anchor = small.with_name(small.name + ".anchor.json")
    anchor.unlink()
    if content is not None:
        anchor.write_text(content)
    with Store.open(small, key=KEY) as store:
        report = store.verify_audit()
        assert not report.ok and report.first_bad is None and anchor.name in report.message
        store.renew_anchor("anna", "the folder was moved without it")
        assert store.verify_audit().ok
    with Store.open(small, key=KEY) as store:
        assert store.verify_audit().ok
        assert store.query("SELECT count(*) FROM audit_event WHERE action = 'renew audit anchor'").item() == 1


@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_plain_database_keeps_its_audit_key_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "p.duckdb"
    with Store.create(path) as store, store.unit_of_work("anna", "register") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": [1]}))
    key_file = tmp_path / "p.duckdb.audit-key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    content = key_file.read_text()
    key_file.write_text("00" * 32)
    with Store.open(path) as store:
        assert store.verify_audit().first_bad == 1
    key_file.unlink()
    with pytest.raises(NotReady, match="audit-key"):
        Store.open(path)
    with Store.open(path, read_only=True) as store, pytest.raises(NotReady):
        store.verify_audit()
    key_file.write_text(content)
    with Store.open(path, read_only=True) as store:
        assert store.verify_audit().ok


@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_audit_key_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_AUDIT_KEY", "kept elsewhere")
    with Store.create(tmp_path / "p.duckdb") as store, store.unit_of_work("anna", "register") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": [1]}))
    assert not (tmp_path / "p.duckdb.audit-key").exists()
    with Store.open(tmp_path / "p.duckdb") as store:
        assert store.verify_audit().ok
    monkeypatch.setenv("REGISTRY_AUDIT_KEY", "another")
    with Store.open(tmp_path / "p.duckdb") as store:
        assert store.verify_audit().first_bad == 1


def test_broken_references_are_found(small: Path) -> None:
    with Store.open(small, key=KEY) as store:
        with store.unit_of_work("anna", "register") as uow:
            uow.insert("tumor", pl.DataFrame({"tumor_id": [1, 2], "patient_id": [1, 777]}))
        report = store.verify_audit()
    assert not report.ok and report.orphans == (("tumor", "patient_id", 1),) and report.first_bad is None
