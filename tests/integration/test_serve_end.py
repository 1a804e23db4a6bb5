"""`registry serve` ends in order on SIGTERM as on Ctrl+C, and says its address only when it has the port."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from registry.service import Session
from tests.integration.test_serve_api import free_port, request, start, wait_for
from tests.received import KEY


@pytest.fixture
def database(tmp_path: Path) -> Path:
    Session.create(tmp_path / "r.duckdb", key=KEY).close()
    return tmp_path / "r.duckdb"


def left(database: Path) -> set[str]:
    return {each.name for each in database.parent.iterdir()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(database: Path, number: signal.Signals) -> None:
    port = free_port()
    process = start(database, port)
    try:
        wait_for(database, port, process)
        assert request(port, "GET", "/sign-in")[0] == 200
        assert {"r.duckdb.serve.json", "r.duckdb.tmp"} <= left(database)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert (out, err) == ("", f"http://127.0.0.1:{port}  (Ctrl+C stops)\n")
    assert left(database) == {"r.duckdb", "r.duckdb.anchor.json"}
    with Session.open(database, key=KEY, wait=0) as session:
        assert session.run("audit.verify")["ok"]


def test_terminated_before_it_serves(database: Path) -> None:
    port = free_port()
    process = start(database, port)
    try:
        while process.poll() is None and "r.duckdb.tmp" not in left(database):
            time.sleep(0.01)
        process.terminate()
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "r.duckdb.serve.json" not in left(database)
    with Session.open(database, key=KEY, wait=0) as session:
        assert session.run("audit.verify")["ok"]
    assert left(database) == {"r.duckdb", "r.duckdb.anchor.json"}


def test_a_taken_port_is_said_before_an_address(database: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(database, port)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert (out, err) == (
        "",
        f"registry: port {port}: cannot be used: Address already in use; give --port\n",
    )
    assert left(database) == {"r.duckdb", "r.duckdb.anchor.json"}
