"""What the file-to-file commands say when something can't be done: true, one line, and about this file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.cli import main
from tests.conformance.naaccr_corpus_base import doc, item, user_dictionary
from tests.unit.test_zipped import zipped

PATIENT = f"<Patient>{item('nameLast', 'Doe')}<Tumor>{item('primarySite', 'C504')}</Tumor></Patient>\n"
GOOD = doc(PATIENT * 3, mark="")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line in a folder of its own: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def once(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with warnings.catch_warnings(), pytest.raises(SystemExit) as stop:
            main(list(words))
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return once


def test_a_time_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "patients.csv").write_text("patient,nameLast\n1,Doe\n")
    (tmp_path / "a.xml").write_text(GOOD)
    (tmp_path / "a.csv").write_text("patientIdNumber,primarySite\n1,C504\n")
    for words in (
        ("write", "t", "--record-type", "A"),
        ("write", "a.csv", "--record-type", "A"),
        ("convert", "a.csv", "--format", "xml"),
        ("convert", "a.xml", "--format", "xml"),
    ):
        for time in ("yesterday", "2026-02-30T00:00:00Z", "2026-01-31", ""):
            code, out, err = run("naaccr", *words, "--out", "x.xml", "--time-generated", time)
            assert (code, out, len(err.splitlines())) == (2, "", 1), words
            assert "is not a date and time; write it as 2026-01-31T12:00:00Z" in err
            assert not (tmp_path / "x.xml").exists()
    code, *_ = run("naaccr", *words, "--out", "x.xml", "--time-generated", "2026-01-31T12:00:00Z")
    assert (code, (tmp_path / "x.xml").exists()) == (0, True)


def test_zip_files_say_what_they_hold(run: Run, tmp_path: Path) -> None:
    inner = zipped(("b.xml", GOOD.encode()))
    for name, data, said in (
        ("empty.zip", zipped(), "this zip file holds no documents; send it again"),
        ("none.zip", zipped(("readme.txt", b"hello")), "this zip file holds no documents; send it again"),
        ("inner.zip", zipped(("b.zip", inner)), "no documents; unpack it first, it holds b.zip"),
    ):
        (tmp_path / name).write_bytes(data)
        for words in (("validate", name), ("read", name, "--long", "--out", "i.csv")):
            code, out, err = run("naaccr", *words)
            assert (code, len(err.splitlines())) == (2, 1)
            assert said in err
            assert "--recover" not in out
        code, out, err = run("naaccr", "validate", name, "--json", "--errors", "e.csv")
        assert (json.loads(out)["exit_code"], "is_advised" in out) == (2, False)
    (tmp_path / "a.zip").write_bytes(zipped(("a.xml", GOOD.encode()), ("b.zip", inner)))
    code, out, err = run("naaccr", "validate", "a.zip")
    assert (code, err) == (0, "registry: a.zip: not read, as it is no NAACCR XML: b.zip\n")
    (tmp_path / "dup.zip").write_bytes(zipped(("a.xml", GOOD.encode()), ("a.xml", GOOD.encode()[:-30])))
    code, out, err = run("naaccr", "validate", "dup.zip")
    assert (code, "dup.zip!a.xml#2" in out) == (2, True)
    (tmp_path / "table.zip").write_bytes(zipped(("a.csv", b"patientIdNumber,primarySite\n00000001,C504\n")))
    assert run("naaccr", "convert", "table.zip", "--format", "xml", "--out", "x.xml")[0] == 0


def test_write_speaks_of_its_own_options(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "patients.csv").write_text(f"patient,nameLast\n1,{'x' * 41}\n")
    code, _, err = run("naaccr", "write", "t", "--out", "x.xml", "--record-type", "A")
    assert (code, "write with --too-long cut or keep" in err) == (2, True)
    for name in ("a.xml", "a.csv"):
        (tmp_path / name).write_text(GOOD)
        code, _, err = run("naaccr", "write", name, "--out", "x.xml")
        assert (code, err) == (
            2,
            f"registry: {name}: is NAACCR XML, not a table; use `registry naaccr convert`\n",
        )


def test_convert_tells_pieces_not_read_from_faulty_patients(run: Run, tmp_path: Path) -> None:
    faulty = "<Patient>\n<Item>x</Item></Patient>\n"
    broken = doc(PATIENT + faulty + PATIENT.replace("</Tumor>", "") + PATIENT, mark="")
    (tmp_path / "a.xml").write_text(broken)
    words = ("naaccr", "convert", "a.xml", "--recover", "--format", "csv", "--out", "a.csv")
    code, out, _ = run(*words)
    assert code == 1
    assert "left out: 1 patient with structural faults\nnot read (not well-formed): 1 piece\n" in out
    answer = json.loads(run(*words, "--json")[1])
    assert (answer["patients"], answer["quarantined"], answer["not_read"]) == (2, 2, 1)
    (tmp_path / "a.xml").write_text(GOOD + GOOD)
    _, out, _ = run(*words)
    assert "not read (not well-formed): 1 piece\n" in out
    assert "structural" not in out


def test_search_names_no_option_that_it_has_not(run: Run) -> None:
    _, out, _ = run("dictionary", "search", "e")
    assert "more (--json gives all)" in out
    assert "--out" not in out
    hidden = int(out.rsplit("... and ")[1].split()[0].replace(",", ""))
    every = json.loads(run("dictionary", "search", "e", "--json")[1])
    assert len(every) == 100 + hidden
    assert "--out" not in run("dictionary", "show", "primarySite")[1]


def test_a_checked_dictionary_is_not_written_over(run: Run, tmp_path: Path) -> None:
    text = user_dictionary("https://example.org/a.xml", "myCode 95001 2 Tumor")
    (tmp_path / "d.xml").write_text(text)
    code, _, err = run("dictionary", "validate", "d.xml", "--errors", "d.xml")
    assert (code, "is the file to read" in err) == (2, True)
    assert (tmp_path / "d.xml").read_text() == text


def test_a_folder_stands_for_its_dictionaries(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    code, _, err = run("dictionary", "show", "myCode", "--user-dictionary", "own")
    assert (code, "own: this folder holds no dictionaries" in err) == (2, True)
    for number, name in enumerate(("a", "b")):
        text = user_dictionary(f"https://example.org/{name}.xml", f"my{name.upper()} 9500{number} 2 Tumor")
        (tmp_path / "own" / f"{name}.xml").write_text(text)
    (tmp_path / "own" / "notes.txt").write_text("not a dictionary")
    found = json.loads(run("dictionary", "show", "myB", "--user-dictionary", "own", "--json")[1])
    assert [one["dictionary"] for one in found["items"]] == ["https://example.org/b.xml"]
    (tmp_path / "a.xml").write_text(GOOD)
    assert run("naaccr", "validate", "a.xml", "--user-dictionary", "own")[0] == 0
