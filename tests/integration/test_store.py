"""The store on real files: opening and its errors, units of work, files, drafts, ids."""

from __future__ import annotations

import hashlib
import os
import random
import resource
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from registry.errors import BadInput, Busy, Conflict, NotFound, NotReady, RegistryError, WrongKey
from registry.store import Options, Store, VersionConflict, connect, opening
from registry.store import connection as connections
from registry.store.files import CHUNK
from tests.paths import ROOT

KEY = "a long and random key 0123456789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.duckdb"


@pytest.fixture
def store(path: Path) -> Store:  # type: ignore[misc]
    store = Store.create(path, key=KEY)
    yield store
    store.close()


def add(store: Store, *ids: int, **items: str) -> None:
    with store.unit_of_work("anna", "register") as uow:
        uow.insert("patient", pl.DataFrame([{"patient_id": n, **items} for n in ids]))


# opening -------------------------------------------------------------------------------------------------


def test_files_are_private_and_polars_may_not_spill(store: Store, path: Path) -> None:
    add(store, 1)
    for file in path.parent.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name
    assert store.connection.temp_dir.stat().st_mode & 0o777 == 0o700
    assert os.environ["POLARS_OOC_DISK_BUDGET_MB"] == "0"


def test_connection_cannot_reach_out(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    frame = pl.DataFrame({"a": [1]})  # noqa: F841 (a replacement scan would find it)
    for sql in (
        f"SELECT * FROM '{tmp_path}/other.csv'",
        "SELECT * FROM frame",
        f"COPY patient TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/out.duckdb' AS o",
        "INSTALL spatial",
        "SET enable_external_access=true",
        "SET temp_file_encryption=false",
    ):
        with pytest.raises((duckdb.Error, RegistryError)):
            store.query(sql)
    assert not (tmp_path / "out.csv").exists()
    settings = dict(store.query("SELECT name, value FROM duckdb_settings()").iter_rows())
    assert settings["temp_file_encryption"] == "true" and settings["lock_configuration"] == "true"
    assert settings["autoinstall_known_extensions"] == "false"


def test_queries_cannot_change_anything(store: Store) -> None:
    add(store, 1)
    for sql in (
        "DELETE FROM patient",
        "UPDATE audit_event SET actor = 'eve'",
        "ALTER TABLE patient ADD COLUMN x INT",
    ):
        with pytest.raises(BadInput, match="unit of work"):
            store.query(sql)
    assert store.query("SELECT count(*) FROM patient").item() == 1


def test_memory_limit_is_at_most_half(path: Path) -> None:
    memory = connect()
    text = memory.cursor().sql("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'").pl().item()
    memory.close()
    number, unit = text.split()
    size = float(number) * {"MiB": 2**20, "GiB": 2**30}[unit]
    assert size <= connections.usable_memory() / 2
    assert not memory.temp_dir.exists()


def test_wrong_key_is_one_clear_line_without_the_key(store: Store, path: Path) -> None:
    store.close()
    for key in ("some quite other key", None, ""):
        with pytest.raises(WrongKey) as caught:
            Store.open(path, key=key)
        text = str(caught.value)
        assert "\n" not in text and text.startswith("r.duckdb: ") and str(path.parent) not in text
        assert not key or key not in text
    assert not list(path.parent.glob("*.tmp/*"))


@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_key_for_a_plain_database(path: Path) -> None:
    Store.create(path).close()
    with pytest.raises(WrongKey, match="not encrypted"):
        Store.open(path, key=KEY)


def test_plain_mode_warns_once(path: Path) -> None:
    with pytest.warns(UserWarning, match="plain mode"):
        Store.create(path).close()
    Store.open(path).close()  # no second warning: pytest would not fail, so count it
    assert str(path.absolute()) in opening._warned


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, NotFound),
        (b"", BadInput),
        (b"hello " * 4000, BadInput),
        (b"\0" * 8 + b"DUCK" + b"\0" * 40, RegistryError),
    ],
)
def test_not_a_database(path: Path, content: bytes | None, error: type[RegistryError]) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error) as caught:
        Store.open(path, key=KEY)
    assert "\n" not in str(caught.value) and "r.duckdb" in str(caught.value)
    assert (path.read_bytes() if path.exists() else None) == content


def test_truncated_and_damaged_files(store: Store, path: Path) -> None:
    add(store, *range(1, 2001), nameLast="DOE")
    store.close()
    whole = path.read_bytes()
    for content in (whole[:5000], whole[:20_000], whole[:12_500] + b"\0" * 5000 + whole[17_500:]):
        path.write_bytes(content)
        with pytest.raises(RegistryError) as caught:
            Store.open(path, key=KEY).close()
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == content


@pytest.mark.filterwarnings("ignore:.*plain mode")
def test_other_duckdb_databases_are_not_touched(path: Path) -> None:
    con = duckdb.connect(str(path))
    con.execute("CREATE TABLE mine (i INTEGER)")
    con.close()
    with pytest.raises(BadInput, match="not a registry"):
        Store.open(path)


def test_newer_schema_is_refused(store: Store, path: Path) -> None:
    cursor = store.cursor()
    cursor.execute("INSERT INTO schema_version VALUES (999, 'future', now()::TIMESTAMP)")
    cursor.close()
    store.close()
    for read_only in (False, True):
        with pytest.raises(NotReady, match="newer program"):
            Store.open(path, key=KEY, read_only=read_only)


def test_create_never_replaces(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(BadInput):
        Store.create(path, key=KEY)
    assert path.read_text() == "mine" and [p.name for p in path.parent.iterdir()] == ["r.duckdb"]
    with pytest.raises(NotFound):
        Store.create(path.parent / "no" / "r.duckdb", key=KEY)


def test_no_permission_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path.write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(NotReady, match="no permission") as caught:
        Store.open(path, key=KEY)
    assert str(path.parent) not in str(caught.value)


def test_missing_extension_means_plain_mode(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "extension_file", lambda: None)
    with pytest.raises(NotReady, match="duckdb-extension-httpfs"):
        Store.create(path, key=KEY)
    assert not list(path.parent.iterdir())


def run(code: str, path: Path, **limits: int) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if "fsize" in limits:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits["fsize"], limits["fsize"]))

    environment = {**os.environ, "REGISTRY_KEY": KEY, "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=ROOT, env=environment,
        preexec_fn=limit, timeout=100, check=False,
    )  # fmt: skip


def test_another_process_owns_it(store: Store, path: Path) -> None:
    code = (
        "import sys\nfrom registry.store import Store\nfrom registry.errors import RegistryError\n"
        f"try: Store.open(sys.argv[1], key={KEY!r})\n"
        "except RegistryError as error: print(type(error).__name__, error)"
    )
    done = run(code, path)
    assert done.stdout.startswith("Busy r.duckdb: ") and f"pid {os.getpid()}" in done.stdout, done.stderr
    assert len(done.stdout.splitlines()) == 1
    add(store, 1)  # the owner's spill folder and work are unharmed
    with pytest.raises(Busy, match="this process"):
        Store.open(path, key=KEY)


FULL_DISK = """
import signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import polars as pl
from registry.errors import RegistryError
from registry.store import Store
store = Store.open(sys.argv[1], key=%r)
saved = 0
try:
    for n in range(200):
        ids = store.new_ids("patient", 5000)
        with store.unit_of_work("anna", "load") as uow:
            uow.insert("patient", pl.DataFrame({"patient_id": ids, "nameLast": [f"{hash((n, i)):x}" * 4 for i in ids]}))
        saved += 5000
except RegistryError as error:
    print(saved, error)
"""


def test_full_disk(store: Store, path: Path) -> None:
    add(store, *range(1_000_001, 1_000_011))
    store.close()
    done = run(FULL_DISK % KEY, path, fsize=6 << 20)
    assert done.returncode == 0 and "disk is full" in done.stdout, (done.stdout, done.stderr[-800:])
    saved = int(done.stdout.split()[0])
    with Store.open(path, key=KEY) as again:
        assert again.query("SELECT count(*) FROM patient").item() == saved + 10
        assert again.verify_audit().ok
        add(again, 2_000_000)


def test_full_disk_while_creating_leaves_nothing(path: Path) -> None:
    code = (
        "import signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from registry.store import Store\nfrom registry.errors import RegistryError\n"
        f"try: Store.create(sys.argv[1], key={KEY!r})\n"
        "except RegistryError as error: print(error)"
    )
    done = run(code, path, fsize=100_000)
    assert "disk is full" in done.stdout, (done.stdout, done.stderr[-800:])
    assert not [p.name for p in path.parent.iterdir() if p.is_file()]


def test_read_only(store: Store, path: Path) -> None:
    add(store, 1)
    store.close()
    with (
        Store.open(path, key=KEY, read_only=True) as one,
        Store.open(path.parent / "r.duckdb", key=KEY, read_only=True) as two,
    ):
        assert (
            one.query("SELECT count(*) FROM patient").item()
            == two.query("SELECT count(*) FROM patient").item()
            == 1
        )
        with pytest.raises(NotReady, match="read-only"):
            one.unit_of_work("anna", "edit")
        with pytest.raises(NotReady):
            one.new_ids("patient", 1)
        assert one.verify_audit().ok


def test_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(NotReady, match="closed"):
        store.query("SELECT 1")


# units of work -------------------------------------------------------------------------------------------


def test_change_and_audit_are_one(store: Store) -> None:
    with store.unit_of_work("anna", "register", reason="first report", facility_id="0001234567") as uow:
        uow.insert("patient", pl.DataFrame({"patient_id": [1], "nameLast": ["DOE"], "race1": ["01"]}))
        uow.insert("abstract", pl.DataFrame({"abstract_id": [9], "patient_id": [1], "primarySite": ["C504"]}))
        assert (
            uow.update(
                "abstract", 9, {"primarySite": "C509", "grade": "", "laterality": "1"}, expected_version=1
            )
            == 2
        )
    event = store.query("SELECT * FROM audit_event ORDER BY seq DESC LIMIT 1").to_dicts()[0]
    assert (event["actor"], event["entity"], event["entity_id"]) == ("anna", "abstract", "9")
    assert (event["reason"], event["facility_id"]) == ("first report", "0001234567")
    assert event["before_value"] == '{"laterality":null,"primarySite":"C504"}'
    assert event["after_value"] == '{"laterality":"1","primarySite":"C509"}'
    changes = store.query("SELECT item, before, after, version FROM abstract_change ORDER BY item").rows()
    assert changes == [("laterality", None, "1", 2), ("primarySite", "C504", "C509", 2)]
    history = store.changes("abstract", 9)
    assert history.filter(pl.col("item") == "primarySite")["after"].to_list() == ["C504", "C509"]


def test_an_error_rolls_everything_back(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    rows = store.verify_audit().rows
    with pytest.raises(RuntimeError), store.unit_of_work("anna", "edit") as uow:
        uow.update("patient", 1, {"nameLast": "ROE"}, expected_version=1)
        raise RuntimeError
    assert store.query('SELECT "nameLast", version FROM patient').row(0) == ("DOE", 1)
    assert store.verify_audit().rows == rows


def test_conflict_names_who_and_when(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    with store.unit_of_work("boris", "edit") as uow:
        uow.update("patient", 1, {"nameLast": "ROE"}, expected_version=1)
    with pytest.raises(VersionConflict) as caught, store.unit_of_work("anna", "edit") as uow:
        uow.update("patient", 1, {"nameLast": "POE"}, expected_version=1)
    conflict = caught.value
    assert (conflict.actor, conflict.version, conflict.expected) == ("boris", 2, 1)
    assert (
        isinstance(conflict.changed_at, datetime) and "boris" in str(conflict) and "DOE" not in str(conflict)
    )


def test_nothing_changed_is_no_version_and_no_audit(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    rows = store.verify_audit().rows
    with store.unit_of_work("anna", "edit") as uow:
        assert uow.update("patient", 1, {"nameLast": "DOE"}, expected_version=1) == 1
    assert store.verify_audit().rows == rows


def test_misuse(store: Store) -> None:
    add(store, 1)
    with store.unit_of_work("anna", "edit") as uow:
        for wrong in (
            lambda: uow.update("patient", 1, {"race1": "x"}, expected_version=None),
            lambda: uow.update("patient", 1, {"version": 7}, expected_version=1),
            lambda: uow.update("patient", 1, {"x; DROP TABLE patient": "1"}, expected_version=1),
            lambda: uow.update("patient", 1, {"NAMELAST": "1"}, expected_version=1),
            lambda: uow.insert("load", pl.DataFrame({"load_id": [1], "unknown": ["x"]})),
            lambda: uow.update("source_item", 1, {"value": "1"}, expected_version=None),
        ):
            with pytest.raises(BadInput):
                wrong()
        with pytest.raises(NotFound):
            uow.update("patient", 4711, {"race1": "x"}, expected_version=1)
        with pytest.raises(NotFound):
            uow.insert("no_such_table", pl.DataFrame({"a": [1]}))
        with pytest.raises(Conflict):
            uow.insert("patient", pl.DataFrame({"patient_id": [1]}))
        with pytest.raises(BadInput):
            uow.insert("patient", pl.DataFrame({"patient_id": ["not a number"]}))
        uow.update("patient", 1, {"race1": "02"}, expected_version=1)  # the unit is still good
    assert store.query("SELECT race1, version FROM patient").row(0) == ("02", 2)
    with pytest.raises(BadInput):
        store.unit_of_work("", "edit")


def test_idempotency_key(store: Store) -> None:
    add(store, 1)

    def save(value: str) -> tuple[int, object, bool]:
        with store.unit_of_work("anna", "save", idempotency_key="form-1") as uow:
            version = uow.update("patient", 1, {"race1": value}, expected_version=1)
            uow.log("form", 1, "submitted")
            if not uow.repeated:
                uow.result = {"saved": version}
            return version, uow.result, uow.repeated

    assert save("02") == (2, {"saved": 2}, False)
    rows = store.verify_audit().rows
    assert save("02") == (2, {"saved": 2}, True)
    assert store.verify_audit().rows == rows
    assert store.query("SELECT version FROM patient").item() == 2
    with (
        pytest.raises(Conflict, match="idempotency"),
        store.unit_of_work("anna", "save", idempotency_key="form-1") as uow,
    ):
        uow.insert("patient", pl.DataFrame({"patient_id": [2]}))
    with (
        pytest.raises(Conflict, match="idempotency"),
        store.unit_of_work("anna", "x", idempotency_key="form-1"),
    ):
        pass


def test_same_idempotency_key_from_many_threads_saves_once(store: Store) -> None:
    add(store, 1)
    answers: list[int] = []

    def save() -> None:
        with store.unit_of_work("anna", "save", idempotency_key="once") as uow:
            version = uow.update("patient", 1, {"race1": "05"}, expected_version=1)
            uow.insert("patient", pl.DataFrame({"patient_id": [2]}))
        answers.append(version)

    threads = [threading.Thread(target=save) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [2] * 6
    assert store.query("SELECT count(*) FROM audit_event WHERE action = 'save'").item() == 2


def test_tombstone(store: Store) -> None:
    add(store, 1)
    with store.unit_of_work("anna", "merge") as uow:
        uow.tombstone("patient", 1, expected_version=1, reason="same person as 2")
        with pytest.raises(BadInput):
            uow.tombstone("patient", 1, expected_version=2, reason=" ")
    assert store.query("SELECT tombstone_reason, version FROM patient").row(0) == ("same person as 2", 2)


def test_secrets_do_not_enter_the_audit(store: Store) -> None:
    row = pl.DataFrame(
        {"account_id": [1], "name": ["anna"], "role": ["admin"], "password_hash": ["$argon2id$x"]}
    )
    with store.unit_of_work("setup", "add account") as uow:
        uow.insert("account", row)
        uow.update("account", 1, {"password_hash": "$argon2id$y"}, expected_version=None)
    text = store.query("SELECT before_value, after_value FROM audit_event").write_csv()
    assert "argon2id" not in text and "(secret)" in text


def test_bulk_insert_is_one_chained_event_with_a_digest(store: Store) -> None:
    frame = pl.DataFrame(
        {"patient_id": range(1, 60_001), "nameLast": ["DOE"] * 60_000, "newItem": ["1"] * 60_000}
    )
    with store.unit_of_work("anna", "load") as uow:
        assert uow.insert("patient", frame) == 60_000
    events = store.query("SELECT digest, after_value FROM audit_event")
    assert (
        events.height == 1 and len(events["digest"][0]) == 64 and '"rows":60000' in events["after_value"][0]
    )
    assert "newItem" in store.columns("patient")


def test_merge_touches_only_what_differs(store: Store) -> None:
    add(store, *range(1, 31), race1="01", nameLast="DOE")
    frame = pl.DataFrame(
        {"patient_id": [3, 1, 2, 99], "race1": ["02", "01", None, "05"], "nameLast": ["DOE"] * 4}
    )
    with store.unit_of_work("anna", "consolidate") as uow:
        assert uow.merge("patient", frame) == 2
        assert uow.merge("patient", frame) == 0
    rows = store.query(
        "SELECT patient_id, race1, version FROM patient WHERE patient_id <= 3 ORDER BY 1"
    ).rows()
    assert rows == [(1, "01", 1), (2, None, 2), (3, "02", 2)]
    assert store.changes("patient", 3).row(-1, named=True)["before"] == "01"
    many = pl.DataFrame({"patient_id": range(1, 31), "race1": ["09"] * 30})
    with store.unit_of_work("anna", "consolidate") as uow:
        assert uow.merge("patient", many) == 30
    last = store.query("SELECT digest, entity_id FROM audit_event ORDER BY seq DESC LIMIT 1").row(0)
    assert len(last[0]) == 64 and last[1] is None and store.verify_audit().ok


def test_frames_can_be_named_in_queries(store: Store) -> None:
    add(store, 1, 2, 3)
    wanted = pl.DataFrame({"patient_id": [2, 7]})
    sql = "SELECT patient_id FROM patient SEMI JOIN wanted USING (patient_id) ORDER BY 1"
    assert store.query(sql, frames={"wanted": wanted})["patient_id"].to_list() == [2]
    with store.unit_of_work("anna", "edit") as uow:
        assert uow.query(sql, frames={"wanted": wanted}).height == 1
        update = "UPDATE patient SET race1 = '09' FROM wanted w WHERE patient.patient_id = w.patient_id"
        assert uow.execute(update, frames={"wanted": wanted}) == 1
    assert store.query("SELECT action FROM audit_event ORDER BY seq DESC LIMIT 1").item() == "edit"
    with pytest.raises(duckdb.Error):
        store.query(sql)


def test_ids_and_reasons_of_any_type_verify(store: Store) -> None:
    with store.unit_of_work("anna", "note", reason=5, facility_id=12) as uow:  # type: ignore[arg-type]
        uow.log("thing", 7, "note", {"when": datetime(2026, 1, 1), "n": 1}, {"text": "naïve \U0001f9ec \x01"})
    assert store.verify_audit().ok


def test_a_column_added_meanwhile_does_not_lose_the_save(store: Store) -> None:
    add(store, 1, nameLast="DOE")
    with store.unit_of_work("anna", "edit") as uow:
        uow.update("patient", 1, {"race1": "02"}, expected_version=1)
        assert store.ensure_columns("patient", ["itemA", "itemB", "nameLast"]) == ["itemA", "itemB"]
        assert uow.update("patient", 1, {"itemA": "x"}, expected_version=2) == 3
        store.ensure_columns("patient", ["itemC"])
    assert store.query('SELECT race1, "itemA", version FROM patient').row(0) == ("02", "x", 3)
    assert store.verify_audit().ok
    with pytest.raises(BadInput):
        store.ensure_columns("patient", ["itema"])
    with pytest.raises(BadInput):
        store.ensure_columns("load", ["itemA"])


def test_what_was_read_must_still_hold_when_tried_again(store: Store) -> None:
    add(store, 1, 2)
    with pytest.raises(Conflict), store.unit_of_work("anna", "edit") as uow:
        assert uow.query("SELECT count(*) FROM patient").item() == 2
        uow.update("patient", 1, {"race1": "02"}, expected_version=1)
        add(store, 3)
        store.ensure_columns("patient", ["itemA"])
        uow.update("patient", 2, {"race1": "02"}, expected_version=1)
    assert store.query("SELECT max(version) FROM patient").item() == 1


def test_eight_editors_on_twenty_rows_lose_no_update(store: Store) -> None:
    add(store, *range(1, 21), race1="0")
    saved, conflicts, errors = [0] * 8, [0] * 8, []

    def edit(worker: int) -> None:
        rng = random.Random(worker)
        try:
            while saved[worker] < 25:
                patient = rng.randint(1, 20)
                version, value = store.query(
                    "SELECT version, race1 FROM patient WHERE patient_id = ?", [patient]
                ).row(0)
                try:
                    with store.unit_of_work(f"w{worker}", "edit") as uow:
                        uow.update(
                            "patient", patient, {"race1": str(int(value) + 1)}, expected_version=version
                        )
                    saved[worker] += 1
                except Conflict:
                    conflicts[worker] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors and sum(saved) == 200 and sum(conflicts) > 0
    total, versions = store.query("SELECT sum(race1::INT)::INT, sum(version - 1)::INT FROM patient").row(0)
    assert total == versions == 200, "an update was lost"
    report = store.verify_audit()
    assert report.ok and report.rows == 220


# ids, files, drafts --------------------------------------------------------------------------------------


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
