"""`registry standards`: tables for people, JSON for scripts, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import standards
from registry.cli import main
from registry.service import Session
from registry.service.standards_packs import in_use as standards_in_use
from tests.next_version import ADDED, BEFORE, RENAMED, RETIRED, dictionary_xml, next_definitions, publish
from tests.received import KEY, PERSON, TUMOR, changed, write

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.setenv("REGISTRY_DB", str(tmp_path / "r.duckdb"))
    monkeypatch.setenv("REGISTRY_WAIT", "0")
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        assert standards.CURRENT_VERSION == "260", "a command left its database's tables in use"
        return int(stop.value.code or 0), captured.out, captured.err

    return command


@pytest.fixture
def database(tmp_path: Path) -> Path:
    tumor = changed(TUMOR, **{BEFORE: "1", RETIRED: "03"})
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        session.run("ingest.file", path=write(tmp_path / "one.xml", (PERSON, [tumor])))
    return tmp_path / "r.duckdb"


def test_compare_install_and_take_back(run: Run, database: Path, tmp_path: Path) -> None:
    publish(tmp_path / "naaccr-27")
    code, out, _ = run("standards", "install", "naaccr-27", "--dry-run")
    assert code == 1, "a value of a retired item cannot be carried"
    assert out.startswith("NAACCR 260 → 270: would happen (dry run, nothing changed)\n")
    for words in (
        f"{ADDED} added 01 Level 1",
        "laterality removed 5 Midline",
        f"retired 3934 {RETIRED}",
        f"{RENAMED} renamed {BEFORE} abstract 1",
        f"1 of {RETIRED} (abstract): no item of NAACCR 270",
        "New faults of stored values: none",
    ):
        assert words in " ".join(out.split())
    code, out, _ = run("standards", "install", "naaccr-27", "--dry-run", "--json")
    found = json.loads(out)
    assert code == 1
    assert {row["item"] for row in found["items"] if row["change"] == "added"} == {ADDED}
    assert found["converts"][0] == {
        "item": RENAMED, "change": "renamed", "before": BEFORE, "entity": "abstract", "records": 1,
    }  # fmt: skip
    assert json.loads(run("standards", "list", "--json")[1])["installed"][-1]["pack_id"] == 0

    code, out, _ = run("standards", "install", "naaccr-27")
    assert (code, out.splitlines()[0]) == (1, "NAACCR 260 → 270: installed as 1")
    code, out, _ = run("standards", "install", "naaccr-27")
    assert (code, out) == (0, "NAACCR 270: these tables are installed already, nothing changed\n")
    code, out, _ = run("standards", "list")
    assert code == 0
    assert [line.split()[:4] for line in out.splitlines()[2:4]] == [
        ["0", "260", "own", "no"],
        ["1", "270", "installed", "yes"],
    ]

    code, out, err = run("export", "--out", "new.xml", "--record-type", "I")
    assert code == 0, err
    text = (tmp_path / "new.xml").read_text()
    assert "naaccr-dictionary-270.xml" in text and RENAMED in text

    code, out, _ = run("standards", "undo")
    assert code == 0
    assert out.startswith("NAACCR 270 taken back, 260 is in use; ")
    code, out, err = run("standards", "undo", "--json")
    assert code == 2
    assert "nothing is installed" in json.loads(out)["error"]
    assert len(err.splitlines()) == 1


def test_nothing_to_look_at_ends_with_0(run: Run, tmp_path: Path) -> None:
    Session.create(tmp_path / "r.duckdb", key=KEY).close()
    (tmp_path / "new.xml").write_text(dictionary_xml(next_definitions()))
    assert run("standards", "install", "new.xml", "--dry-run")[0] == 0


def test_records_of_an_older_version_than_the_programs(
    run: Run, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("standards", "install") == (
        0, "NAACCR 260: these tables are installed already, nothing changed\n", "",
    )  # fmt: skip
    assert "older version" not in run("standards", "list")[1]
    monkeypatch.setattr(standards_in_use, "FIRST", "250")
    code, out, _ = run("standards", "list")
    assert (code, "Records are in an older version: registry standards install" in out) == (0, True)
    assert run("standards", "install", "--dry-run")[1].startswith("NAACCR 250 → 260: would happen")
    assert run("standards", "install")[1].startswith("NAACCR 250 → 260: installed as 1\n")
    assert "older version" not in run("standards", "list")[1]
    code, out, _ = run("standards", "undo")
    assert (code, out.split(";")[0]) == (0, "NAACCR 260 taken back, the records are in 250 again")


@pytest.mark.parametrize("text", ["<NaaccrDictionary", "<NaaccrData/>", "", "no XML"])
def test_a_bad_file_is_one_line(run: Run, database: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.xml").write_text(text)
    code, out, err = run("standards", "install", "bad.xml")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "bad.xml" in err


def test_the_programs_own_tables_need_no_database(run: Run) -> None:
    code, out, _ = run("standards", "list")
    assert code == 0
    assert "Sources of the tables" in out
