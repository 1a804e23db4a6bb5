"""An update is taken back; a newer program brings its version to the records of an older one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import standards
from registry.errors import BadInput, NotFound
from registry.service import Session
from registry.service.standards_packs import in_use as standards_in_use
from registry.service.standards_packs import room as standards_update
from registry.standards import comparison, installed, merging, tables
from tests.integration.standards_install.records import cells, content
from tests.next_version import (
    ADDED,
    BEFORE,
    LONGER,
    LONGER_CODES,
    MOVED,
    RENAMED,
)
from tests.received import KEY, OTHER_PERSON, TUMOR, changed, write


def test_undo_gives_back_what_was(session: Session, published: Path) -> None:
    before = content(session)
    session.run("standards.install", path=str(published))
    assert content(session) != before
    done = session.run("standards.undo")
    assert (done["version"], done["version_now"], done["edited"].height) == ("270", "260", 0)
    assert content(session) == before
    assert standards.CURRENT_VERSION == "260"
    assert session.run("audit.verify")["ok"]
    assert session.run("standards.list")["state"].to_list() == ["own", "undone"]
    with pytest.raises(NotFound, match="nothing is installed"):
        session.run("standards.undo")
    again = session.run("standards.install", path=str(published))
    assert (again["changed"], again["pack_id"]) == (True, 2)


def test_undo_keeps_what_people_and_files_brought_since(
    session: Session, published: Path, tmp_path: Path
) -> None:
    session.run("standards.install", path=str(published))
    session.run("records.status", abstract_id=1, to="reopened", reason="a correction")
    version = session.run("records.abstract", abstract_id=1)["version"]
    session.run(
        "records.save",
        abstract_id=1,
        changes={RENAMED: "3", LONGER: "009999999999"},
        expected_version=version,
    )
    person = changed(OTHER_PERSON, nameFirst="Carla", socialSecurityNumber="219099998", **{MOVED: "3"})
    tumor = changed(TUMOR, accessionNumberHosp="202300900", **{RENAMED: "8", ADDED: "02"})
    session.run("ingest.file", path=write(tmp_path / "new.xml", (person, [tumor]), version="270"))
    done = session.run("standards.undo")
    assert done["edited"].rows() == [("abstract", 1, LONGER), ("abstract", 1, RENAMED)]
    assert cells(session, "abstract", BEFORE, RENAMED, LONGER, ADDED) == [
        ("3", None, "009999999999", None),
        ("4", None, None, None),
        (None, None, None, None),
        ("8", None, None, "02"),
    ]
    assert cells(session, "tumor", BEFORE, MOVED) == [("3", "2"), ("4", "9"), (None, "9"), ("8", "3")]
    assert cells(session, "patient", MOVED) == [(None,), (None,), (None,)]
    kept = {row["item"]: row["records"] for row in done["not_carried"].to_dicts()}
    assert kept == {ADDED: 1}
    assert session.run("audit.verify")["ok"]


def test_two_installations_are_taken_back_one_by_one(
    session: Session, published: Path, tmp_path: Path
) -> None:
    session.run("standards.install", path=str(published))
    corrected = tmp_path / "corrected"
    shutil.copytree(published, corrected)
    name = corrected / "dictionaries" / "naaccr-dictionary-270.xml"
    name.write_text(name.read_text().replace(f'"{ADDED}"', '"serumMarkerLevelOne"'))
    done = session.run("standards.install", path=str(corrected))
    assert done["items"].select("change", "item", "before").rows() == [
        ("renamed", "serumMarkerLevelOne", ADDED)
    ]
    assert standards.dictionary("270").item(ADDED) is None
    assert session.run("standards.undo")["version_now"] == "270"
    assert standards.dictionary("270").item(ADDED) is not None
    assert session.run("standards.undo")["version_now"] == "260"


def test_a_newer_program_is_not_held_back(
    database: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(database, key=KEY) as session:
        session.run("standards.install", path=str(published))
    monkeypatch.setattr(standards_in_use, "own_version", lambda: "280")
    with Session.open(database, key=KEY) as session:
        assert session.run("standards.list")["in_use"].to_list() == [True, False]
        with pytest.raises(BadInput, match="280 is newer"):
            session.run("standards.undo")


@pytest.fixture
def newer_program(database: Path, published: Path, tmp_path: Path) -> Iterator[None]:
    """A program that came with the version that is published here."""
    own, folder = tables.DATA, tmp_path / "data"
    shutil.copytree(own, folder)
    merging.merge(own, merging.published(published), folder)
    with pytest.MonkeyPatch.context() as patch:
        for module in (tables, installed, comparison, merging, standards_update):
            patch.setattr(module, "DATA", folder)
        tables.use()
        assert standards.CURRENT_VERSION == "270"
        yield
    tables.use()
    assert standards.CURRENT_VERSION == "260"


@pytest.mark.parametrize("named", [False, True])
def test_a_newer_program_brings_its_version_to_the_records(
    named: bool, database: Path, published: Path, newer_program: None, tmp_path: Path
) -> None:
    path = str(published) if named else None
    with Session.open(database, key=KEY) as session:
        before = content(session)
        listed = session.run("standards.list")
        assert listed.select("version", "in_use", "records").rows() == [("270", True, False)]
        dry = session.run("standards.install", path=path, dry_run=True)
        assert (dry["version_before"], dry["version"], dry["changed"], dry["own"]) == (
            "260", "270", True, True,
        )  # fmt: skip
        assert content(session) == before
        done = session.run("standards.install", path=path)
        assert done["converts"].equals(dry["converts"]) and done["new_faults"].equals(dry["new_faults"])
        assert cells(session, "abstract", BEFORE, RENAMED, LONGER, LONGER_CODES) == [
            (None, "1", "001234567890", "030"),
            (None, "4", None, "99"),
            (None, None, None, "99"),
        ]
        assert cells(session, "patient", MOVED) == [("2",), ("9",)]
        assert not session.run("standards.install", path=path)["changed"]
        assert session.run("standards.list").select("version", "state", "in_use", "records").rows() == [
            ("270", "own", True, True), ("270", "installed", False, True),
        ]  # fmt: skip
    with Session.open(database, key=KEY) as session:
        assert standards.CURRENT_VERSION == "270"
        taken = session.run("standards.undo")
        assert (taken["version"], taken["version_now"], taken["own"]) == ("270", "260", True)
        assert content(session) == before
        assert session.run("standards.install", dry_run=True)["changed"]
        assert session.run("audit.verify")["ok"]
    with Session.create(tmp_path / "new.duckdb", key=KEY) as session:
        assert not session.run("standards.install")["changed"], (
            "a new registry begins with the newest version"
        )
