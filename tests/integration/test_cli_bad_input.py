"""Bad input: one line that names the file and what to do, exit code 2, nothing half-written, no traceback."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry.cli import main
from registry.service import Session, operations, received_file
from tests.paths import ROOT
from tests.received import (
    FACILITIES,
    KEY,
    PERSON,
    TREATMENT_HEADER,
    TUMOR,
    changed,
    hl7,
    treatment,
    write,
    xml,
)

Run = Callable[..., tuple[int, str, str]]
GOOD = xml((PERSON, [TUMOR]))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one abstract in it, and its key file."""
    folder = tmp_path_factory.mktemp("registry")
    (folder / "key").write_text(KEY + "\n")
    (folder / "key").chmod(0o600)
    with Session.create(folder / "r.duckdb", key=KEY) as session:
        session.run("ingest.file", path=write(folder / "first.xml", (PERSON, [TUMOR])))
    return folder


@pytest.fixture
def run(made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in this process: (exit code, stdout, stderr)."""
    monkeypatch.setenv("REGISTRY_DB", str(made / "r.duckdb"))
    monkeypatch.setenv("REGISTRY_WAIT", "0")
    for name in ("REGISTRY_KEY", "REGISTRY_KEY_FILE", "REGISTRY_USER"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: object, key: bool = True) -> tuple[int, str, str]:
        given = ["--key-file", str(made / "key")] if key else []
        with pytest.raises(SystemExit) as stop:
            main([*map(str, words), *given])
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return command


def counts(made: Path) -> tuple[object, ...]:
    """What must not change; the audit chain is verified on the way."""
    with Session.open(made / "r.duckdb", key=KEY) as session:
        assert session.run("audit.verify")["ok"]
        tables = (
            "patient tumor abstract source_record source_item source_file load load_fault review_task".split()
        )
        return tuple(session._store.query(f"SELECT count(*) FROM {table}").item() for table in tables)


def one_line(err: str, *parts: str) -> None:
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("registry: ")
    for part in parts:
        assert part in lines[0]
    assert not any(word in err for word in ("Traceback", "Alvarez", "078051120", "defect"))


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "empty.xml": (b"", "empty"),
    "blank.xml": (b"  \n\n ", "blank.xml"),
    "truncated.xml": (GOOD[: len(GOOD) // 2].encode(), "truncated.xml"),
    "truncated.xml.gz": (gzip.compress(GOOD.encode(), mtime=0)[:-30], "truncated.xml.gz"),
    "not-xml.xml": (b"%PDF-1.7 something else", "not NAACCR XML"),
    "noise.bin": (bytes(range(256)) * 8, "noise.bin"),
    "other.xml": (b"<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'/>", "other.xml"),
    "future.xml": (GOOD.replace("naaccr-dictionary-260", "naaccr-dictionary-990").encode(), "future.xml"),
    "entities.xml": (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><NaaccrData>&b;</NaaccrData>',
        "entities.xml",
    ),
    "letter.csv": (b"dear,registry\nplease,find\n", "letter.csv"),
    "deaths.txt": (b"plain words, no header\n", "deaths.txt"),
    "empty.xml.gz": (gzip.compress(b"", mtime=0), "empty.xml.gz"),
    "facilities.csv": (b"facility_id,name,colour\n0009990010,FIRST,blue\n", "colour"),
    "nameless.csv": (b"facility_id,name\n,FIRST\n", "facility_id"),
    "twice.csv": (b"facility_id,name\n0009990010,FIRST\n9990010,AGAIN\n", "twice"),
    "ragged.csv": (b'facility_id,name\n0009990010,FIRST,1,2,3,4\n"', "ragged.csv"),
    "date.csv": (b"facility_id,name,opened\n0009990010,FIRST,soon\n", "opened"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_whole_and_kept(run: Run, made: Path, tmp_path: Path, name: str) -> None:
    content, said = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    before = counts(made)
    code, _, err = run("ingest", path)
    assert code == 2
    one_line(err, name, said)
    assert counts(made) == before
    with Session.open(made / "r.duckdb", key=KEY) as session:
        entries = session.run("quarantine.list").filter(session.run("quarantine.list")["file_name"] == name)
        assert entries.height == (0 if name == "empty.xml" else 1)
        if entries.height:
            kept = session.run("quarantine.show", quarantine_id=entries["quarantine_id"][0])["content"]
            assert kept in {content, _unfolded(content)}
    assert run("ingest", path)[0] == 2  # again: refused again, kept once
    with Session.open(made / "r.duckdb", key=KEY) as session:
        assert (session.run("quarantine.list")["file_name"] == name).sum() == entries.height


def _unfolded(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError):
        return content


def test_the_next_file_goes_on(run: Run, made: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_text("nothing")
    good = write(tmp_path / "good.xml", (changed(PERSON, nameMiddle="Q"), [TUMOR]))
    code, out, err = run("ingest", bad, good, "--json")
    assert code == 2
    assert len(out.splitlines()) == 2
    assert '"error": "bad.xml' in out.splitlines()[0]
    assert '"new_versions": 1' in out.splitlines()[1]
    assert err == ""


@pytest.mark.parametrize(("name", "said"), [("missing.xml", "no such file"), ("*.hl7x", "no such file")])
def test_a_file_that_is_not_there(run: Run, tmp_path: Path, name: str, said: str) -> None:
    code, _, err = run("ingest", tmp_path / name)
    assert code == 2
    one_line(err, name, said)


def test_an_empty_folder(run: Run, tmp_path: Path) -> None:
    code, _, err = run("ingest", tmp_path)
    assert code == 2
    one_line(err, "holds no files")


def test_a_file_that_claims_to_be_huge(
    run: Run, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received_file, "LARGEST", 1 << 20)
    path = tmp_path / "bomb.xml.gz"
    path.write_bytes(gzip.compress(b"<?xml version='1.0'?>" + b" " * (8 << 20), mtime=0))
    before = counts(made)
    code, _, err = run("ingest", path)
    assert code == 2
    one_line(err, "bomb.xml.gz")
    assert counts(made) == before


def test_a_user_dictionary_that_is_none(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "good.xml", (changed(PERSON, nameMiddle="R"), [TUMOR]))
    (tmp_path / "dictionary.xml").write_text("<nothing/>")
    code, _, err = run("ingest", path, "--dictionary", tmp_path / "dictionary.xml")
    assert code == 2
    one_line(err, "dictionary.xml")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_missing_permissions(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_WAIT", "0")
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    operations()  # libraries are loaded while they can be read
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o777)
        with as_nobody():
            Session.create(folder / "r.duckdb", key=KEY).close()
            write(folder / "closed.xml", (PERSON, [TUMOR]))
            (folder / "closed.xml").chmod(0)
            (folder / "shut").mkdir(mode=0o555)
            for words, named in (
                (["ingest", str(folder / "closed.xml")], "closed.xml"),
                (["init", "--db", str(folder / "shut" / "new.duckdb")], "new.duckdb"),
                (["export", "--out", str(folder / "shut" / "out.xml")], "out.xml"),
                (["publish", "--out", str(folder / "shut" / "snapshot")], "snapshot"),
                (["backup", str(folder / "shut" / "copy.duckdb")], "copy.duckdb"),
            ):
                with pytest.raises(SystemExit) as stop:
                    main([*words, *([] if "--db" in words else ["--db", str(folder / "r.duckdb")])])
                assert stop.value.code == 2, words
                one_line(capsys.readouterr().err, named)
            (folder / "r.duckdb").chmod(0)
            with pytest.raises(SystemExit) as stop:
                main(["audit", "verify", "--db", str(folder / "r.duckdb")])
            assert stop.value.code == 2
            one_line(capsys.readouterr().err, "r.duckdb")


def test_wrong_missing_and_needless_keys(run: Run, made: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("another long and random key, not this one\n")
    (tmp_path / "other").chmod(0o600)
    code, _, err = run("stats", "overview", "--key-file", tmp_path / "other", key=False)
    assert code == 2
    one_line(err, "r.duckdb", "key")
    code, _, err = run("stats", "overview", key=False)
    assert code == 2
    one_line(err, "r.duckdb", "encrypted", "REGISTRY_KEY")
    code, _, err = run("stats", "overview", "--key-file", tmp_path / "nowhere", key=False)
    assert code == 2
    one_line(err, "nowhere")
    assert run("init", "--db", tmp_path / "plain.duckdb", key=False)[0] == 0
    code, _, err = run("stats", "overview", "--db", tmp_path / "plain.duckdb")
    assert code == 2
    one_line(err, "plain.duckdb", "not encrypted", "without a key")


def test_the_key_may_lie_in_the_system_keyring(run: Run, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def kept(service: str, name: str) -> str:
        asked.append(name)
        return KEY

    monkeypatch.setattr("keyring.get_password", kept)
    assert run("stats", "overview", key=False)[0] == 0
    assert asked == [str(made / "r.duckdb")]


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 20, b"\0" * 4096])
def test_a_file_that_is_no_database(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.duckdb"
    path.write_bytes(content)
    code, _, err = run("stats", "overview", "--db", path)
    assert code == 2
    one_line(err, "notes.duckdb")
    assert path.read_bytes() == content
    code, _, err = run("init", "--db", path)
    assert code == 2
    one_line(err, "notes.duckdb", "already")


def test_a_database_that_is_not_there(run: Run, tmp_path: Path) -> None:
    code, _, err = run("stats", "overview", "--db", tmp_path / "none.duckdb")
    assert code == 2
    one_line(err, "none.duckdb", "registry init")
    assert not list(tmp_path.iterdir())


def test_a_damaged_database(run: Run, made: Path, tmp_path: Path) -> None:
    data = bytearray((made / "r.duckdb").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20000] = b"\xff" * 20000
    (tmp_path / "r.duckdb").write_bytes(data)
    code, _, err = run("stats", "overview", "--db", tmp_path / "r.duckdb")
    assert code in {0, 2}  # blocks that nobody reads may be hit
    assert "Traceback" not in err
    (tmp_path / "r.duckdb").write_bytes(bytes(data[:9000]))
    code, _, err = run("stats", "overview", "--db", tmp_path / "r.duckdb")
    assert code == 2
    one_line(err, "r.duckdb")


def test_unreadable_pieces_of_readable_files_are_kept(run: Run, made: Path, tmp_path: Path) -> None:
    (tmp_path / "mixed.hl7").write_text(hl7() + "MSH|^~\\&|broken\rPID\r")
    code, out, _ = run("ingest", tmp_path / "mixed.hl7", "--json")
    assert code == 1
    assert '"quarantined": 1' in out
    (tmp_path / "sites.csv").write_text(FACILITIES)
    bad = treatment(start="2023-13-40")
    (tmp_path / "rows.csv").write_text("\n".join([TREATMENT_HEADER, treatment(), bad]) + "\n")
    code, out, _ = run("ingest", tmp_path / "sites.csv", tmp_path / "rows.csv", "--json")
    assert code == 1
    assert '"accepted": 1' in out.splitlines()[1]
    assert '"quarantined": 1' in out.splitlines()[1]
    code, out, _ = run("quarantine", "list", "--json")
    assert code == 1
    assert "line 3" in out


def test_a_full_disk(made: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    people = [
        (changed(PERSON, patientIdNumber=f"{n:08}", nameLast=f"L{n}", dateOfBirth=None, socialSecurityNumber=f"{n + 100_000_000}"),
         [changed(TUMOR, accessionNumberHosp=f"2023{n:05}", textRemarks=os.urandom(1500).hex())])
        for n in range(1, 900)
    ]  # fmt: skip
    path = write(tmp_path / "large.xml", *people)
    before = counts(made)
    largest = 1_000_000
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "registry",
            "ingest",
            path,
            "--db",
            made / "r.duckdb",
            "--key-file",
            made / "key",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
    )
    assert done.returncode == 2, done.stderr
    one_line(done.stderr, "disk is full")
    assert counts(made) == before
