"""First commands on a machine: nothing half-made is left, nobody is asked who cannot answer, and the words fit."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from registry.cli.demo import _fresh
from registry.service import Session
from tests.paths import ROOT
from tests.received import KEY, ONE, PERSON, TUMOR, write

PASSWORD = "correct horse battery staple 7"


def command(folder: Path, *words: object, **environment: str) -> tuple[int, str, str]:
    """A real command without a terminal: exit code, stdout, stderr."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    done = subprocess.run(
        [sys.executable, "-m", "registry", *map(str, words)],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), "REGISTRY_KEY": KEY, "REGISTRY_WAIT": "0", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        session.run("ingest.file", path=write(tmp_path / "one.xml", (PERSON, [TUMOR])))
    return tmp_path / "r.duckdb"


def left(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_missing_file_makes_no_database(tmp_path: Path) -> None:
    code, _, err = command(tmp_path, "ingest", "nosuch.xml", "--db", "fresh.duckdb")
    assert (code, err) == (
        2, "registry: nosuch.xml: there is no such file; check the name; no database was made\n"
    )  # fmt: skip
    assert command(tmp_path, "ingest", "nosuch.xml", "nor*.xml", "--db", "fresh.duckdb")[0] == 2
    assert left(tmp_path) == set()


def test_a_file_that_is_there_makes_one(tmp_path: Path) -> None:
    write(tmp_path / "one.xml", (PERSON, [TUMOR]))
    code, out, err = command(tmp_path, "ingest", "nosuch.xml", "one.xml", "--db", "fresh.duckdb", "--quiet")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "1 accepted" in out
    assert (tmp_path / "fresh.duckdb").exists()


def test_a_wrong_dictionary_makes_no_database_and_quarantines_nothing(tmp_path: Path, database: Path) -> None:
    (tmp_path / "wrong.xml").write_text("<not a dictionary")
    for name in ("fresh.duckdb", database.name):
        code, out, err = command(
            tmp_path, "ingest", "one.xml", "--dictionary", "wrong.xml", "--db", name, "--quiet"
        )
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert "wrong.xml" in err
    assert not [name for name in left(tmp_path) if name.startswith("fresh")]
    with Session.open(database, key=KEY) as session:
        assert session.run("quarantine.list").is_empty()


def test_an_account_or_a_wrong_date_makes_no_database(tmp_path: Path) -> None:
    write(tmp_path / "one.xml", (PERSON, [TUMOR]))
    code, _, err = command(tmp_path, "ingest", "one.xml", "--as", "anna", REGISTRY_PASSWORD=PASSWORD)
    assert (code, len(err.splitlines())) == (2, 1)
    assert command(tmp_path, "init", "--reference-date", "soon")[0] == 2
    assert left(tmp_path) == {"one.xml"}


def test_nobody_is_asked_without_a_terminal(tmp_path: Path, database: Path) -> None:
    said = "registry: password: there is no terminal to ask for the password; use "
    code, out, err = command(tmp_path, "user", "add", "bob", "--role", "quality", "--db", database)
    assert (code, out, err) == (2, "", said + "--password-file\n")
    code, out, err = command(tmp_path, "stats", "overview", "--as", "anna", "--db", database)
    assert (code, out, err) == (2, "", said + "REGISTRY_PASSWORD_FILE\n")


def test_a_facility_nobody_knows_is_warned_about(tmp_path: Path, database: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    held = ("--facility", "123", "--facility", ONE, "--password-file", "password", "--db", database)
    code, out, err = command(tmp_path, "user", "add", "bob", "--role", "registrar", *held)
    assert (code, out) == (0, "bob may sign in as registrar\n")
    assert err == (
        "registry: warning: facility 0000000123 is neither in the facility table nor in any abstract; "
        "bob sees nothing of it until it is\n"
    )


def test_a_backup_is_told_in_numbers(tmp_path: Path, database: Path) -> None:
    code, out, _ = command(tmp_path, "backup", "copy.duckdb", "--db", database)
    assert code == 0
    head, tables, rows, verified = out.replace(":", ",").strip().split(", ")
    assert (head, verified) == ("copy.duckdb", "verified")
    assert int(tables.removesuffix(" tables")) > 20
    assert int(rows.removesuffix(" rows").replace(",", "")) > 3


def test_demo_secrets_are_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        _fresh(tmp_path / "demo")
    finally:
        os.umask(before)
    for name in ("accounts.json", "key"):
        assert stat.S_IMODE((tmp_path / "demo" / name).stat().st_mode) == 0o600
