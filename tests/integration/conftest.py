"""A real store for the tests of the store: made anew, encrypted, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
