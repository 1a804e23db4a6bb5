"""The store on real files: opening, its limits and its errors."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from registry.errors import BadInput, Busy, NotFound, NotReady, RegistryError, WrongKey
from registry.store import Store, connect, opening
from registry.store import connection as connections
from tests.integration.stores import KEY, add
from tests.paths import ROOT


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
