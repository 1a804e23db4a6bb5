"""The January update in a real, encrypted registry: compared, installed, used, refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import registry
from registry import standards
from registry.errors import BadInput, Denied, NotFound, RegistryError
from registry.formats import read_naaccr_xml
from registry.security.roles import ROLES, Actor
from registry.service import Session
from registry.service.standards_packs.room import _named
from registry.standards import tables
from tests.integration.standards_install.records import cells, content
from tests.next_version import (
    ADDED,
    BEFORE,
    LONGER,
    LONGER_CODES,
    MOVED,
    RENAMED,
    RETIRED,
    definitions,
    dictionary_xml,
)
from tests.paths import needs_shared, shared
from tests.received import KEY, OTHER_PERSON, TUMOR, changed, write


def test_a_dry_run_says_everything_and_changes_nothing(session: Session, published: Path) -> None:
    before, events = content(session), session.run("audit.verify")["rows"]
    columns = session._store.columns("abstract")
    found = session.run("standards.install", path=str(published), dry_run=True)
    assert (found["version_before"], found["version"], found["changed"], found["pack_id"]) == (
        "260", "270", True, None,
    )  # fmt: skip
    assert set(found["items"].select("change", "item", "before", "after").rows()) == {
        ("added", ADDED, None, "Serum Marker Level (Tumor, 2)"),
        ("retired", RETIRED, "Tumor Deposits", None),
        ("renamed", RENAMED, BEFORE, RENAMED),
        ("name", RENAMED, "Lymphovascular Invasion", "Lymphovascular Invasion (27)"),
        ("level", MOVED, "Tumor", "Patient"),
        ("length", LONGER, "10", "12"),
        ("length", LONGER_CODES, "2", "3"),
    }
    codes = found["codes"]
    sides = codes.filter((pl.col("item") == "laterality") & (pl.col("change") != "label"))
    assert sides.select("change", "code", "before", "after").rows() == [
        ("added", "6", None, "Side 6"),
        ("removed", "5", "Midline", None),
    ]
    assert codes.filter(pl.col("item") == ADDED)["code"].to_list() == ["01", "02", "03"]
    assert set(codes.filter(pl.col("item") == RENAMED)["change"]) == {"label"}
    listed = {"laterality", RENAMED, LONGER_CODES, ADDED}
    assert set(codes["item"]) == listed, "codes of items that nobody published again are no change"
    converts = {(row["item"], row["entity"]): row["records"] for row in found["converts"].to_dicts()}
    assert converts == {
        (RENAMED, "abstract"): 2,
        (RENAMED, "tumor"): 2,
        (MOVED, "patient"): 2,
        (LONGER, "abstract"): 1,
        (LONGER, "tumor"): 1,
        (LONGER_CODES, "abstract"): 1,
        (LONGER_CODES, "tumor"): 1,
    }
    lost = {(row["item"], row["entity"]): row["records"] for row in found["not_carried"].to_dicts()}
    assert lost == {
        (MOVED, "patient"): 1,
        (LONGER_CODES, "abstract"): 2,
        (LONGER_CODES, "tumor"): 2,
        (RETIRED, "abstract"): 1,
    }
    faults = {
        (row["item"], row["code"]): (row["values"], row["records"]) for row in found["new_faults"].to_dicts()
    }
    assert faults == {
        ("laterality", "code-list"): (1, 2),
        (LONGER_CODES, "too-short"): (1, 2),
        (LONGER_CODES, "code-list"): (1, 2),
    }
    assert content(session) == before
    assert session._store.columns("abstract") == columns
    assert session.run("audit.verify")["rows"] == events + 1  # the look at the audit itself
    assert standards.CURRENT_VERSION == "260"


def test_installed_tables_and_values(session: Session, published: Path) -> None:
    done = session.run("standards.install", path=str(published))
    assert done["pack_id"] == 1
    assert standards.CURRENT_VERSION == "270"
    assert standards.item(ADDED).first_version == "270"
    assert standards.item(BEFORE).id == RENAMED
    assert standards.dictionary("180").items.height and standards.dictionary("260").item(BEFORE) is not None
    assert "5" in standards.code_set("laterality", "260") and "5" not in standards.code_set("laterality")
    assert cells(session, "abstract", BEFORE, RENAMED, LONGER, LONGER_CODES) == [
        (None, "1", "001234567890", "030"),
        (None, "4", None, "99"),
        (None, None, None, "99"),
    ]
    assert cells(session, "tumor", BEFORE, RENAMED, LONGER, MOVED) == [
        (None, "1", "001234567890", None),
        (None, "4", None, None),
        (None, None, None, None),
    ]
    assert cells(session, "patient", MOVED) == [("2",), ("9",)]
    assert cells(session, "abstract", RETIRED, MOVED)[0] == ("03", "2"), "what has no place stays"
    history = session.run("records.history", abstract_id=1)
    assert history.filter(pl.col("item") == RENAMED).select(
        "version", "before", "after", "reason"
    ).rows() == [(2, None, "1", "NAACCR 270 installed")]
    assert history.filter(pl.col("item") == LONGER).select("before", "after").rows() == [
        ("1234567890", "001234567890")
    ]
    log = session._store.query("SELECT * FROM standards_change ORDER BY ALL")
    assert set(log["pack_id"]) == {1}
    assert log.filter((pl.col("entity") == "patient") & (pl.col("item") == MOVED))["after"].to_list() == [
        "2",
        "9",
    ]
    assert session.run("audit.verify")["ok"]
    event = session.run("audit.log", entity="standards").row(0, named=True)
    assert (event["action"], event["reason"]) == ("install", "NAACCR 270 installed")
    assert json.loads(event["before_value"])["version"] == "260"
    listed = session.run("standards.list")
    assert listed.select("pack_id", "version", "state", "in_use").rows() == [
        (0, "260", "own", False), (1, "270", "installed", True),
    ]  # fmt: skip
    assert listed["installed_by"][1].startswith("local:")


def test_the_same_files_again_change_nothing(session: Session, published: Path) -> None:
    session.run("standards.install", path=str(published))
    before, versions = content(session), cells(session, "abstract", "version")
    again = session.run("standards.install", path=str(published))
    assert (again["changed"], again["pack_id"]) == (False, None)
    assert (again["items"].height, again["converts"].height, again["new_faults"].height) == (0, 0, 0)
    assert (content(session), cells(session, "abstract", "version")) == (before, versions)
    assert session.run("standards.list").height == 2


def test_another_database_in_the_same_process_has_its_own_tables(
    session: Session, published: Path, tmp_path: Path
) -> None:
    session.run("standards.install", path=str(published))
    with Session.create(tmp_path / "other.duckdb", key=KEY) as other:
        assert standards.CURRENT_VERSION == "260"
        assert other.run("standards.list")["in_use"].to_list() == [True]
        assert session.run("standards.list")["in_use"].to_list() == [False, True]
        assert standards.CURRENT_VERSION == "270"
        assert other.run("settings.show") is not None
        assert standards.CURRENT_VERSION == "260"
    assert session.run("settings.show") is not None
    assert standards.CURRENT_VERSION == "270"


def test_tables_come_with_the_database_and_its_backup(
    database: Path, published: Path, tmp_path: Path
) -> None:
    with Session.open(database, key=KEY) as session:
        session.run("standards.install", path=str(published))
        session.run("store.backup", path=str(tmp_path / "copy.duckdb"))
    assert standards.CURRENT_VERSION == "260"
    for path in (database, tmp_path / "copy.duckdb"):
        with Session.open(path, key=KEY):
            assert standards.CURRENT_VERSION == "270"
            (folder,) = (one for one in tables.FOLDERS if one != tables.DATA)
            assert folder.stat().st_mode & 0o777 == 0o700
            assert path.with_name(path.name + ".tmp") in folder.parents, "where the next start would clean up"
        assert not folder.exists()
    with Session.open(database, key=KEY, read_only=True):
        assert standards.item(ADDED).length == 2


def test_two_databases_with_the_same_tables(database: Path, published: Path, tmp_path: Path) -> None:
    with Session.open(database, key=KEY) as session:
        session.run("standards.install", path=str(published))
        session.run("store.backup", path=str(tmp_path / "copy.duckdb"))
        with Session.open(tmp_path / "copy.duckdb", key=KEY) as other:
            assert other.run("standards.list")["in_use"].to_list() == [False, True]
        assert session.run("records.codes", item=ADDED).height == 3, "the other one took its tables away"


def test_verdicts_of_edits_follow_the_tables(session: Session, published: Path) -> None:
    def judged() -> bool:
        found = session.run(
            "records.check", abstract_id=2, changes={"recordType": "A", "naaccrRecordVersion": "270"}
        )
        return "record-type-valid" in found["edit"]

    assert judged()
    session.run("standards.install", path=str(published))
    assert not judged()
    session.run("standards.undo")
    assert judged()


def test_damaged_tables_are_not_used(database: Path, published: Path) -> None:
    with Session.open(database, key=KEY) as session:
        session.run("standards.install", path=str(published))
        session._store._engine.cursor().execute("UPDATE standards_pack SET digest = repeat('0', 64)")
    with pytest.raises(RegistryError, match="stored tables cannot be unfolded"):
        Session.open(database, key=KEY)
    assert standards.CURRENT_VERSION == "260"


def test_files_of_the_new_version_and_of_the_old_one(
    session: Session, published: Path, tmp_path: Path
) -> None:
    session.run("standards.install", path=str(published))
    third = changed(OTHER_PERSON, nameFirst="Carla", socialSecurityNumber="219099998", **{MOVED: "3"})
    tumor = changed(
        TUMOR, accessionNumberHosp="202300900", **{RENAMED: "8", ADDED: "02", LONGER: "000000000001"}
    )
    new = session.run("ingest.file", path=write(tmp_path / "new.xml", (third, [tumor]), version="270"))
    assert (new["accepted"], new["faults"]) == (1, 0), new["messages"]
    assert cells(session, "tumor", RENAMED, ADDED)[-1] == ("8", "02")
    assert cells(session, "patient", MOVED)[-1] == ("3",)

    fourth = changed(
        third, nameLast="Dorn", nameFirst="Eva", socialSecurityNumber="219099997", **{MOVED: None}
    )
    tumor = changed(TUMOR, accessionNumberHosp="202300901", **{BEFORE: "3", MOVED: "1"})
    session.run("ingest.file", path=write(tmp_path / "old.xml", (fourth, [tumor]), version="260"))
    assert cells(session, "abstract", BEFORE, RENAMED)[-1] == (None, "3")
    assert cells(session, "patient", MOVED)[-1] == ("1",)

    session.run("export.naaccr_xml", out=str(tmp_path / "270.xml"), record_type="I")
    made = read_naaccr_xml(tmp_path / "270.xml")
    assert made.header.version == "270"
    assert sorted(made.tumors[RENAMED].drop_nulls()) == ["1", "3", "4", "8"]
    assert sorted(made.patients[MOVED].drop_nulls()) == ["1", "2", "3", "9"]
    assert made.tumors[ADDED].drop_nulls().to_list() == ["02"]
    assert not {BEFORE, RETIRED} & {*made.tumors.columns, *made.patients.columns}

    session.run("export.naaccr_xml", out=str(tmp_path / "260.xml"), record_type="I", naaccr_version="260")
    made = read_naaccr_xml(tmp_path / "260.xml")
    assert made.header.version == "260"
    assert sorted(made.tumors[BEFORE].drop_nulls()) == ["1", "3", "4", "8"]
    assert "3" in made.tumors[MOVED].to_list(), "an item of the patient now goes back to the tumors"
    assert made.tumors[RETIRED].drop_nulls().to_list() == ["03"]
    assert not {RENAMED, ADDED} & {*made.tumors.columns, *made.patients.columns}


def test_nothing_to_install(session: Session) -> None:
    found = session.run("standards.install")
    assert (found["version"], found["version_before"], found["changed"]) == ("260", "260", False)
    assert session.run("standards.list").select("in_use", "records").rows() == [(True, True)]


def test_what_is_refused(session: Session, published: Path, tmp_path: Path) -> None:
    def made(name: str, text: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "naaccr-dictionary-270.xml").write_text(text)
        return folder

    items = definitions()
    whole = dictionary_xml(items)
    older = dictionary_xml(definitions("250"), "250")
    refused = {
        "older": (made("older", older), "older than 260"),
        "cut": (made("cut", whole[: len(whole) // 2]), "not well-formed"),
        "twice": (made("twice", dictionary_xml([*items, items[0]])), "twice"),
        "none": (made("none", dictionary_xml([])), "defines no items"),
        "uri": (made("uri", whole.replace('naaccrVersion="270"', 'naaccrVersion="280"')), "270 by its URI"),
        "state": (
            made("state", whole.replace("http://naaccr.org/naaccrxml/n", "https://x.org/n")),
            "no NAACCR base",
        ),
        "data": (made("data", "<NaaccrData/>"), "expected NaaccrDictionary"),
        "empty": (tmp_path / "nothing", "no such folder"),
    }
    (tmp_path / "bare").mkdir()
    refused["bare"] = (tmp_path / "bare", "no NAACCR base")
    torn = tmp_path / "torn"
    shutil.copytree(published, torn)
    file = torn / "codes" / "naaccr-v27-lookups.csv.gz"
    file.write_bytes(file.read_bytes()[:60])
    refused["torn"] = (torn, "cannot be read")
    before = content(session)
    for path, words in refused.values():
        with pytest.raises((BadInput, NotFound), match=words) as caught:
            session.run("standards.install", path=str(path))
        assert "\n" not in str(caught.value)
    assert content(session) == before
    assert session.run("standards.list").height == 1


def test_only_administrators(session: Session, published: Path) -> None:
    for role in ROLES:
        if role != "admin":
            other = session.as_actor(Actor(f"some {role}", role, None))
            for operation, arguments in (
                ("standards.install", {"path": str(published)}),
                ("standards.undo", {}),
            ):
                with pytest.raises(Denied):
                    other.run(operation, **arguments)
            assert other.run("standards.list").height == 1


def test_a_lone_dictionary_is_enough(session: Session, published: Path) -> None:
    path = published / "dictionaries" / "naaccr-dictionary-270.xml"
    found = session.run("standards.install", path=str(path))
    assert found["version"] == "270"
    assert standards.codes("laterality", "270").equals(standards.codes("laterality", "260"))


def test_opening_reads_no_other_rooms(database: Path, published: Path) -> None:
    with registry.open(database, key=KEY) as session:
        session.run("standards.install", path=str(published))
        assert session.run("records.abstract", abstract_id=2)["naaccr_version"] == "260"


def test_rules_that_name_a_renamed_item_are_said(session: Session, tmp_path: Path) -> None:
    text = dictionary_xml(definitions()).replace('naaccrId="laterality"', 'naaccrId="sideOfTumor"')
    (tmp_path / "new.xml").write_text(text)
    found = session.run("standards.install", path=str(tmp_path / "new.xml"), dry_run=True)
    assert found["warnings"] == [
        "laterality is now sideOfTumor: rules of this program name it, update the program"
    ]
    assert found["new_faults"].is_empty(), "its code list follows it"


def test_an_item_that_changes_only_in_capitals_keeps_its_column(session: Session, tmp_path: Path) -> None:
    text = dictionary_xml(definitions(), "270").replace('naaccrId="laterality"', 'naaccrId="Laterality"')
    text = text.replace('naaccrId="gradeClinical"', 'naaccrId="gradeCLINICAL"')
    (tmp_path / "new.xml").write_text(text)
    before = content(session)
    found = session.run("standards.install", path=str(tmp_path / "new.xml"))
    assert found["warnings"] == [
        "laterality is now Laterality: its column keeps its name, only capitals differ; "
        "rules of this program name it, update the program",
        "gradeClinical is now gradeCLINICAL: its column keeps its name, only capitals differ"
        + ("; rules of this program name it, update the program" if "gradeClinical" in _named() else ""),
    ]
    assert (found["converts"].height, found["not_carried"].height, found["new_faults"].height) == (0, 0, 0)
    assert content(session) == before
    tumor = changed(TUMOR, laterality=None, Laterality="1", accessionNumberHosp="202300901")
    person = changed(OTHER_PERSON, nameFirst="Carla", socialSecurityNumber="219099998")
    new = session.run("ingest.file", path=write(tmp_path / "new.data", (person, [tumor]), version="270"))
    assert (new["accepted"], new["faults"]) == (1, 0), new["messages"]
    tumor = changed(TUMOR, laterality="4", accessionNumberHosp="202300902")
    person = changed(OTHER_PERSON, nameFirst="Dora", socialSecurityNumber="219099997")
    session.run("ingest.file", path=write(tmp_path / "old.data", (person, [tumor])))
    sides = [("2",), ("5",), ("5",), ("1",), ("4",)]
    assert cells(session, "abstract", "laterality") == cells(session, "tumor", "laterality") == sides
    assert not [name for name in session._store.columns("abstract") if "__" in name]
    for version, name in (("270", "Laterality"), ("260", "laterality")):
        out = tmp_path / f"{version}.xml"
        session.run("export.naaccr_xml", out=str(out), record_type="I", naaccr_version=version)
        made = read_naaccr_xml(out)
        assert sorted(made.tumors["laterality"]) == sorted(side for (side,) in sides)
        assert set(made.items["item"]) & {"laterality", "Laterality"} == {name}
    session.run("standards.undo")
    tumor = changed(TUMOR, laterality="3", accessionNumberHosp="202300903")
    session.run("ingest.file", path=write(tmp_path / "undone.data", (person, [tumor])))
    assert cells(session, "abstract", "laterality")[-1] == ("3",)


@needs_shared
def test_what_the_program_was_built_from_changes_nothing(session: Session) -> None:
    found = session.run("standards.install", path=str(shared()))
    assert (found["version"], found["changed"], found["items"].height, found["codes"].height) == (
        "260", False, 0, 0,
    )  # fmt: skip


@needs_shared
def test_other_site_recodes_come_along(session: Session, published: Path, tmp_path: Path) -> None:
    from registry.coding.recodes.site import recode_names

    shutil.copytree(published, tmp_path / "next")
    shutil.copytree(
        shared("coding", "seer", "seersiterecode"), tmp_path / "next" / "coding" / "seer" / "seersiterecode"
    )
    path = tmp_path / "next" / "coding" / "seer" / "seersiterecode" / "site-recode-data-2008.csv"
    path.write_text(path.read_text().replace("Prostate", "Prostate Gland"))
    session.run("standards.install", path=str(tmp_path / "next"))
    assert "Prostate Gland" in recode_names("2008")["name"]
    session.run("standards.undo")
    assert "Prostate Gland" not in recode_names("2008")["name"]
