"""What integration tests share: a real store, made anew, encrypted, closed afterwards; a typed command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry.cli import main
from registry.store import Store
from tests.integration.stores import KEY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.create(path, key=KEY)
    yield store
    store.close()


Run = Callable[..., tuple[int, str, str]]
"""A command typed in a folder of its own: exit code, what it printed, what it complained of."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`registry ...` in this process, in an empty folder; own edits that it loaded are gone afterwards."""
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    yield command
    if "registry.edits" in sys.modules:
        sys.modules["registry.edits"].unload_own()
