"""`registry serve`: one process owns the file, other commands go through it with a token."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.cli import main
from registry.errors import Busy, Denied, NotFound
from registry.service import Session
from registry.service.remote import RemoteSession, connect, running_server
from tests.paths import ROOT
from tests.received import FACILITIES, KEY, ONE, OTHER_PERSON, PERSON, TUMOR, TWO, changed, write

PASSWORD = "correct horse battery staple 7"
Run = Callable[..., tuple[int, str, str]]


@dataclass(frozen=True)
class Served:
    """A database under a running server."""

    database: Path
    process: subprocess.Popen[str]
    announced: dict[str, Any]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(database: Path, port: int, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "registry", "serve", "--db", str(database), "--port", str(port), *words],
        cwd=ROOT,
        env={**os.environ, "REGISTRY_KEY": KEY, "REGISTRY_WAIT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(database: Path, port: int, process: subprocess.Popen[str]) -> dict[str, Any]:
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        found = running_server(database)
        if found is not None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return found
        time.sleep(0.1)
    raise AssertionError(
        process.communicate()[1] if process.poll() is not None else "the server did not start"
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    database = folder / "r.duckdb"
    with Session.create(database, key=KEY) as session:
        (folder / "facilities.csv").write_text(FACILITIES)
        session.run("ingest.file", path=str(folder / "facilities.csv"))
        two = changed(TUMOR, reportingFacility=TWO, accessionNumberHosp="202399999")
        for name, record in (("one", (PERSON, [TUMOR])), ("two", (OTHER_PERSON, [two]))):
            session.run("ingest.file", path=write(folder / f"{name}.xml", record))
        session.run("account.add", name="anna", password=PASSWORD, role="registrar", facilities=[ONE])
        session.run("account.add", name="rita", password=PASSWORD, role="researcher")
    port = free_port()
    process = start(database, port)
    try:
        yield Served(database, process, wait_for(database, port, process))
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in out + err
        assert not database.with_name("r.duckdb.serve.json").exists()
        with Session.open(database, key=KEY) as session:
            assert session.run("audit.verify")["ok"]


@pytest.fixture
def run(served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command line against the served database; no key is given, so only the server can answer."""
    for name in ("REGISTRY_KEY", "REGISTRY_USER", "REGISTRY_PASSWORD", "REGISTRY_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REGISTRY_WAIT", "0")

    def command(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([*map(str, words), "--db", str(served.database)])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return command


def test_the_file_that_says_how_is_private(served: Served) -> None:
    path = served.database.with_name("r.duckdb.serve.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(served.announced) == {"pid", "port", "token"}
    assert served.announced["pid"] == served.process.pid


def test_commands_go_through_the_server(run: Run, tmp_path: Path) -> None:
    code, out, err = run("stats", "overview", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["abstracts"] >= 2
    resent = write(tmp_path / "again.xml", (PERSON, [changed(TUMOR, rxSummChemo="03")]))
    code, out, _ = run("ingest", resent, "--json")
    assert (code, json.loads(out)["new_versions"]) == (0, 1)
    code, out, _ = run("ingest", resent, "--json")
    assert (code, json.loads(out)["duplicates"]) == (0, 1)
    code, out, _ = run("export", "--out", tmp_path / "out.xml", "--record-type", "A", "--json")
    assert (code, json.loads(out)["tumors"]) == (0, 2)
    assert (tmp_path / "out.xml").read_text().count("<Tumor>") == 2
    code, out, _ = run("backup", tmp_path / "copy.duckdb", "--json")
    assert code == 0
    assert (tmp_path / "copy.duckdb").stat().st_size > 0
    code, out, _ = run("audit", "verify")
    assert code == 0


def test_problems_come_back_as_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("nothing of ours")
    code, _, err = run("ingest", tmp_path / "bad.xml")
    assert code == 2
    assert err.startswith("registry: bad.xml: ")
    assert len(err.splitlines()) == 1
    code, _, err = run("quarantine", "show", 999)
    assert code == 2
    assert err == "registry: quarantine: there is no entry 999\n"


def test_as_a_user(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)
    code, out, _ = run("stats", "overview", "--json", "--as", "anna")
    assert (code, json.loads(out)["abstracts"]) == (0, 1)
    code, _, err = run("audit", "log", "--as", "rita")
    assert code == 2
    assert err == "registry: audit.log: role researcher may not do this; ask an administrator\n"
    monkeypatch.setenv("REGISTRY_USER", "rita")
    assert run("review")[0] == 2
    monkeypatch.delenv("REGISTRY_USER")
    monkeypatch.setenv("REGISTRY_PASSWORD", "wrong words altogether")
    code, _, err = run("stats", "overview", "--as", "anna")
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "wrong words" not in err
    code, _, again = run("stats", "overview", "--as", "nobody-at-all")
    assert (code, again) == (2, err)  # the same answer whether the account exists
    (tmp_path / "password").write_text(PASSWORD + "\n")
    monkeypatch.delenv("REGISTRY_PASSWORD")
    monkeypatch.setenv("REGISTRY_PASSWORD_FILE", str(tmp_path / "password"))
    assert run("stats", "overview", "--as", "anna")[0] == 0


def test_results_travel_whole(served: Served) -> None:
    remote = connect(served.database)
    assert isinstance(remote, RemoteSession)
    with remote:
        listed = remote.run("load.list")
        assert listed.height >= 3
        assert listed.schema["finished_at"].is_temporal()
        assert remote.run("records.patient", patient_id=1)["patient"]["nameLast"] == "Alvarez"
        with pytest.raises(NotFound):
            remote.run("records.patient", patient_id=99)
        with pytest.raises(NotFound):
            remote.run("no.such.operation")


def test_a_wrong_token_is_refused(served: Served) -> None:
    with pytest.raises(Denied, match="token"):
        RemoteSession({**served.announced, "token": "guess"}).run("overview.summary")


def request(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_nothing_without_a_token_and_nonsense_is_answered(served: Served) -> None:
    port = served.announced["port"]
    call = json.dumps({"operation": "overview.summary", "arguments": {}}).encode()
    status, body = request(port, "POST", "/api/run", call)
    assert status == 403
    assert b"abstracts" not in body
    assert request(port, "GET", "/api/run")[0] in {401, 403, 405}
    token = {"Authorization": f"Bearer {served.announced['token']}"}
    for nonsense in (b"", b"[]", b"{", b'{"operation": 7}', b'{"operation": "overview.summary", "arguments": []}',
                     b'{"operation": "records.search", "arguments": {"text": 5}}', b"\xff\xfe"):  # fmt: skip
        _, body = request(port, "POST", "/api/run", nonsense, **token)
        assert b"error" in body
        assert b"Traceback" not in body
    assert request(port, "POST", "/api/run", call, **token)[0] == 200


def test_a_second_server_is_refused(served: Served) -> None:
    second = start(served.database, free_port())
    _, err = second.communicate(timeout=90)
    assert second.returncode == 2
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1, err
    assert "r.duckdb" in lines[0]
    assert str(served.process.pid) in lines[0]
    assert running_server(served.database) == served.announced  # the first one's file stays


def test_a_taken_port_is_refused(served: Served, tmp_path: Path) -> None:
    Session.create(tmp_path / "other.duckdb", key=KEY).close()
    second = start(tmp_path / "other.duckdb", served.announced["port"])
    _, err = second.communicate(timeout=90)
    assert second.returncode == 2
    assert f"port {served.announced['port']}" in err
    assert len(err.strip().splitlines()) <= 2
    assert not (tmp_path / "other.duckdb.serve.json").exists()


def test_the_file_itself_cannot_be_opened_beside_the_server(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_WAIT", "0")
    with pytest.raises(Busy, match=str(served.process.pid)):
        Session.open(served.database, key=KEY)


@pytest.mark.parametrize(
    "content", ["{", "{}", '{"pid": 999999999, "port": 1, "token": "x"}', '{"pid": "me"}', "[]", "null", ""]
)
def test_a_stale_file_is_ignored(tmp_path: Path, content: str) -> None:
    database = tmp_path / "r.duckdb"
    Session.create(database, key=KEY).close()
    database.with_name("r.duckdb.serve.json").write_text(content)
    with connect(database, key=KEY) as session:
        assert isinstance(session, Session)


def test_the_file_of_a_process_that_is_something_else_by_now(tmp_path: Path) -> None:
    """The pid lives, but nobody listens on the port and the file is free: open it."""
    database = tmp_path / "r.duckdb"
    Session.create(database, key=KEY).close()
    stale = {"pid": os.getpid(), "port": free_port(), "token": "x"}
    database.with_name("r.duckdb.serve.json").write_text(json.dumps(stale))
    with connect(database, key=KEY) as session:
        assert session.run("overview.summary")["patients"] == 0
