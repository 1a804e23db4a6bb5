"""What the file-to-file commands refuse to write over, and what they do with several documents."""

from __future__ import annotations

import csv
import os
import threading
import zipfile
from pathlib import Path

import pytest

from registry.cli import main
from tests.unit.test_naaccr_faults import document, item


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    return int(stopped.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    xml = document(item("patientIdNumber", "00000001"))
    (tmp_path / "a.xml").write_bytes(xml)
    (tmp_path / "b.xml").write_bytes(xml)
    (tmp_path / "twice.xml").write_bytes(xml + xml)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("a.xml", "b.xml"):
            archive.write(tmp_path / name, name)
    return tmp_path


@pytest.mark.parametrize("source", ["two.zip", "."])
def test_converting_several_documents_at_once_is_refused(
    folder: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("naaccr", "convert", folder / source, "--format", "csv", "--out", folder / "out.csv") == 2
    assert "convert one at a time" in capsys.readouterr().err and not (folder / "out.csv").exists()
    one = f"{folder / 'two.zip'}!b.xml"
    assert run("naaccr", "convert", one, "--format", "csv", "--out", folder / "out.csv") == 0


@pytest.mark.parametrize(
    "words",
    [
        ("convert", "a.xml", "--format", "xml", "--out", "a.xml"),
        ("convert", "a.xml", "--format", "xml", "--out", "b.xml", "--errors", "a.xml"),
        ("convert", "two.zip!a.xml", "--format", "xml", "--out", "two.zip"),
        ("read", "a.xml", "--long", "--out", "./a.xml"),
        ("validate", "b.xml", "a.xml", "--errors", "a.xml"),
    ],
)
def test_a_file_is_never_written_over_while_it_is_read(
    folder: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert run("naaccr", *words) == 2
    assert "is the file to read" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_pieces_outside_of_patients_are_quarantined_too(folder: Path) -> None:
    words = (
        "read",
        folder / "twice.xml",
        "--recover",
        "--out",
        folder / "out",
        "--quarantine",
        folder / "q.zip",
    )
    assert run("naaccr", *words) == 1
    with zipfile.ZipFile(folder / "q.zip") as archive:
        (row,) = csv.DictReader(archive.read("reasons.csv").decode().splitlines())
        assert row["patient"] == "" and archive.read(row["member"]) in (folder / "twice.xml").read_bytes()


def test_tables_of_an_earlier_reading_in_another_format_give_way(folder: Path) -> None:
    (folder / "b.xml").write_bytes(document(item("patientIdNumber", "00000009")))
    for name, kind in (("a.xml", "parquet"), ("b.xml", "csv")):
        run("naaccr", "read", folder / name, "--out", folder / "tables", "--format", kind)
    assert sorted(path.name for path in (folder / "tables").iterdir()) == [
        "errors.csv",
        "header.json",
        "patients.csv",
        "tumors.csv",
    ]
    assert run("naaccr", "write", folder / "tables", "--out", folder / "again.xml") == 0
    assert b"00000009" in (folder / "again.xml").read_bytes()


@pytest.mark.parametrize("command", ["validate", "read", "convert"])
def test_a_pipe_is_read_like_a_file(folder: Path, command: str) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    sender = threading.Thread(target=lambda: pipe.write_bytes((folder / "a.xml").read_bytes()))
    sender.start()
    out = folder / "out.csv"
    more = {
        "validate": ["--errors", out],
        "read": ["--long", "--out", out],
        "convert": ["--format", "csv", "--out", out],
    }
    assert run("naaccr", command, pipe, *more[command]) == 0
    sender.join(10)
    assert out.read_bytes()


def test_a_file_that_is_not_there_is_one_row_and_the_others_are_judged(folder: Path) -> None:
    (folder / "c.xml").write_bytes(document(item("patientIdNumber", "1")))
    names = [str(folder / name) for name in ("none.xml", "c.xml")]
    assert run("naaccr", "validate", *names, "--errors", folder / "e.csv") == 2
    rows = list(csv.DictReader((folder / "e.csv").read_text().splitlines()))
    assert [(row["file"], row["level"], row["code"]) for row in rows] == [
        (names[0], "File", "not-well-formed"),
        (names[1], "Patient", "too-short"),
    ]
