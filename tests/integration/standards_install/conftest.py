"""A registry with records, and files of the next version, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import standards
from registry.service import Session
from tests.integration.standards_install.records import FIRST, SECOND, THIRD
from tests.next_version import (
    publish,
)
from tests.received import KEY, OTHER_PERSON, PERSON, write


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of two people and three abstracts, made once."""
    folder = tmp_path_factory.mktemp("template")
    with Session.create(folder / "r.duckdb", key=KEY) as session:
        people = [(PERSON, [FIRST]), (PERSON, [SECOND]), (OTHER_PERSON, [THIRD])]
        for number, one in enumerate(people):
            session.run("ingest.file", path=write(folder / f"{number}.xml", one))
    return folder


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    for file in template.glob("r.duckdb*"):
        shutil.copy(file, tmp_path)
    return tmp_path / "r.duckdb"


@pytest.fixture
def session(database: Path) -> Iterator[Session]:
    with Session.open(database, key=KEY) as opened:
        yield opened
    assert standards.CURRENT_VERSION == "260", "tables of a closed database are still in use"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("published") / "naaccr-27")
