"""Planted names and SSNs must not be found on disk: database, log, spill files, backup, program logs.

The process is killed in the middle of spilling. Compressed data is decoded, not only searched, and controls show
that the same search does find canaries where nothing is encrypted.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard

from registry.store import Store
from tests.integration.canary_child import NAME, SSN
from tests.paths import ROOT

KEY = "a long and random key 0123456789"
CANARIES = tuple(text.encode(code) for text in (NAME, SSN) for code in ("utf-8", "utf-16-le"))
ZSTD, LZ4 = bytes.fromhex("28b52ffd"), bytes.fromhex("04224d18")
LIMIT = 64 << 20


def places(data: bytes, magic: bytes) -> Iterator[int]:
    place = data.find(magic)
    while place >= 0:
        yield place
        place = data.find(magic, place + 1)


def decoded(data: bytes) -> Iterator[bytes]:
    """Every zstd and lz4 frame inside the data, as far as it can be decoded."""
    for place in places(data, ZSTD):
        try:
            with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data[place:])) as stream:
                yield stream.read(LIMIT)
        except zstandard.ZstdError:
            continue
    for place in places(data, LZ4):
        try:
            with pa.CompressedInputStream(pa.BufferReader(data[place:]), "lz4") as stream:
                yield stream.read(LIMIT)
        except (OSError, pa.ArrowException):
            continue


def hits(path: Path) -> tuple[bool, bool]:
    """Whether canaries are in a file: as they are, and inside its compressed parts."""
    data = path.read_bytes()
    raw = any(canary in data for canary in CANARIES)
    return raw, any(canary in part for part in decoded(data) for canary in CANARIES)


def search(folder: Path) -> dict[str, tuple[bool, bool]]:
    """Files with canaries below a folder: found raw, found decoded."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = {str(path.relative_to(folder)): hits(path) for path in files}
    return {name: count for name, count in found.items() if any(count)}


def spilled(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def killed_while_spilling(folder: Path, mode: str) -> tuple[Path, int]:
    """Run the child in a folder of its own (home, temp, working directory) and kill it when DuckDB has spilled."""
    for name in ("home", "tmp", "cwd", "polars"):
        (folder / name).mkdir()
    database = folder / "r.duckdb"
    environment = {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("POLARS_", "REGISTRY_"))
        },
        **{"REGISTRY_KEY": KEY, "PYTHONPATH": str(ROOT), "HOME": str(folder / "home")},
        **{"TMPDIR": str(folder / "tmp"), "POLARS_TEMP_DIR": str(folder / "polars")},
        **{"POLARS_OOC_SPILL_DIR": str(folder / "polars")},
        **{"POLARS_OOC_MEMORY_BUDGET_MB": "60", "POLARS_OOC_SPILL_MIN_BYTES": "1024"},
    }
    if mode == "naked":
        environment["POLARS_OOC_DISK_BUDGET_MB"] = "4000"
    log = folder / "child.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.canary_child", str(database), mode],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder / "cwd",
            env=environment,
        )
        deadline = time.monotonic() + 90
        size = 0
        while time.monotonic() < deadline and child.poll() is None:
            size = spilled(folder / "r.duckdb.tmp")
            if size > 24 << 20 and (mode != "naked" or spilled(folder / "polars") > 1 << 20):
                break
            time.sleep(0.02)
        early = child.poll()
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert early is None, log.read_text()[-2000:]
    return database, size


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_encrypted_database_leaves_no_canary_anywhere(tmp_path: Path) -> None:
    database, size = killed_while_spilling(tmp_path, "encrypted")
    assert size > 24 << 20, "nothing was spilled, so nothing was shown"
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"r.duckdb", "r.duckdb.wal", "backup.duckdb", "r.duckdb.anchor.json", "child.log"} <= names
    assert spilled(tmp_path / "r.duckdb.tmp") > 24 << 20
    assert search(tmp_path) == {}
    assert spilled(tmp_path / "polars") == 0 and spilled(tmp_path / "tmp") == 0
    exposed = [path for path in tmp_path.rglob("r.duckdb*") if path.stat().st_mode & 0o077]
    exposed += [path for path in (tmp_path / "r.duckdb.tmp").rglob("*") if path.stat().st_mode & 0o077]
    assert exposed == [], "others may read these files"
    assert not list((tmp_path / "cwd").iterdir())

    with Store.open(database, key=KEY) as store:  # the canaries are really there, and the owner tidies up
        assert (
            store.query(f"SELECT count(*) FROM patient WHERE \"nameLast\" LIKE '{NAME}%'").item() == 150_000
        )
        assert store.query(f"SELECT count(*) FROM patient WHERE \"nameMiddle\" LIKE '{NAME}%'").item() == 49
        assert store.file_bytes(1).count(NAME.encode()) == 4000
        assert spilled(tmp_path / "r.duckdb.tmp") == 0
        assert store.verify_audit().ok


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_control_plain_database_is_seen_by_the_search(tmp_path: Path) -> None:
    killed_while_spilling(tmp_path, "plain")
    found = search(tmp_path)
    assert {"r.duckdb", "r.duckdb.wal", "backup.duckdb"} <= set(found), found
    assert any(decoded_hits for _, decoded_hits in found.values()), (
        "kept files are zstd: decoding must find them"
    )
    assert not any(name.startswith("r.duckdb.tmp") for name in found), "spill files are encrypted even so"
    assert "child.log" not in found


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_control_spill_files_of_default_settings_are_seen_by_the_search(tmp_path: Path) -> None:
    killed_while_spilling(tmp_path, "naked")
    found = search(tmp_path)
    assert any(name.startswith("r.duckdb.tmp") for name in found), found
    assert any(name.startswith("polars") for name in found), found
    assert any(in_compressed for _, in_compressed in found.values()), (
        "spill files are compressed: decoding must find them"
    )
