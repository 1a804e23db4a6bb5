"""The file-to-file commands as processes: exit codes, tables, JSON, several files, nothing half-written."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from registry.cli.naaccr_faults import ADVICE
from tests.conformance.naaccr_corpus_base import doc, item, user_dictionary
from tests.paths import ROOT

ANN, SITE = item("nameLast", "Doe"), item("primarySite", "C504")
PATIENT = f"<Patient>{ANN}<Tumor>{SITE}</Tumor></Patient>\n"
GOOD = doc(PATIENT * 3, mark="")
FAULTY = doc(f"{PATIENT}<Patient>\n<Item>x</Item></Patient>{PATIENT.replace('C504', 'C5O4')}", mark="")
BROKEN = GOOD[:-30]
COMMAND = [sys.executable, "-c", "from registry.cli import main; main()"]


def run(*words: object, cwd: Path, limit: int | None = None) -> tuple[int, str, str]:
    """A process of its own; `limit` is the largest file that it may write."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, limit or 0))

    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=small if limit else None,
        timeout=300,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("naaccr")
    (made / "in").mkdir()
    for name, text in (("good", GOOD), ("faulty", FAULTY), ("broken", BROKEN)):
        (made / "in" / f"{name}.xml").write_text(text)
    with zipfile.ZipFile(made / "two.zip", "w") as archive:
        archive.writestr("a.xml", GOOD)
        archive.writestr("b.xml", FAULTY)
    return made


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 10 MB, so that a process can be met while it writes."""
    path = tmp_path_factory.mktemp("large") / "large.xml"
    path.write_text(doc(PATIENT * 100_000, mark=""))
    return path


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("faulty", 1), ("broken", 2)])
def test_exit_codes_of_validate_and_read(folder: Path, tmp_path: Path, name: str, code: int) -> None:
    path = folder / "in" / f"{name}.xml"
    got, out, err = run("naaccr", "validate", path, cwd=tmp_path)
    assert got == code
    assert name in out
    assert ("not-well-formed" in out) == (code == 2)
    assert "defect" not in err
    got, _, err = run("naaccr", "read", path, "--long", "--out", "items.csv", cwd=tmp_path)
    assert got == code
    assert (tmp_path / "items.csv").exists() == (code < 2)
    assert len(err.splitlines()) == (code == 2)
    assert [each.name for each in tmp_path.iterdir()] == (["items.csv"] if code < 2 else [])


def test_validate_takes_files_folders_patterns_and_zips(folder: Path) -> None:
    code, out, err = run("naaccr", "validate", "in", "two.zip", "in/g*.xml", "--errors", "-", cwd=folder)
    assert code == 2
    head, *rows = table(out)
    assert head == ["file", "line", "patient", "tumor", "level", "naaccr_id", "code", "message", "value"]
    faulty = [
        ["5", "2", "", "Patient", "", "missing-id"],
        ["5", "3", "1", "Tumor", "primarySite", "code-list"],
    ]
    assert [row[:1] + row[2:7] for row in rows if row[6] == "not-well-formed"] == [
        ["in/broken.xml", "", "", "File", "", "not-well-formed"]
    ]
    for name in ("in/faulty.xml", "two.zip!b.xml"):
        assert [row[1:7] for row in rows if row[0] == name] == faulty
    assert {row[0] for row in rows} == {"in/broken.xml", "in/faulty.xml", "two.zip!b.xml"}
    assert rows[-1][8] == "C5O4"
    assert "in/broken.xml" in err  # the summary goes where the table is not


def test_json_for_scripts(folder: Path) -> None:
    code, out, _ = run("naaccr", "validate", "in", "--json", "--errors", "faults.csv", cwd=folder)
    answer = json.loads(out)
    assert (code, answer["exit_code"], len(out.splitlines())) == (2, 2, 1)
    broken, faulty, good = answer["files"]
    assert (broken["unreadable"], broken["patients"]) == ("not-well-formed", 0)
    assert (good["patients"], good["tumors"], good["items"], good["faults"]) == (3, 3, 6, {})
    assert (faulty["patients"], faulty["quarantined"]) == (2, 1)
    assert (faulty["errors"], faulty["warnings"]) == (1, 1)
    assert faulty["faults"] == {"code-list": 1, "missing-id": 1}
    assert answer["faults"] == {"code-list": 1, "missing-id": 1, "not-well-formed": 1}
    assert len(table((folder / "faults.csv").read_text())) == 4


def test_people_see_place_fault_and_what_to_do(folder: Path) -> None:
    code, out, _ = run("naaccr", "validate", "in/faulty.xml", cwd=folder)
    assert code == 1
    assert re.search(r"^in/faulty.xml:5 patient 3 tumor 1: warning: .*C5O4", out, re.M)
    assert re.search(rf"^missing-id +1  {re.escape(ADVICE['missing-id'])}$", out, re.M)
    code, out, _ = run("naaccr", "validate", "in/faulty.xml", "--limit", "1", cwd=folder)
    assert "1 more faults" in out
    assert "C5O4" not in out


def test_the_old_name_of_the_option(tmp_path: Path) -> None:
    uri = "https://example.org/d.xml"
    (tmp_path / "d.xml").write_text(user_dictionary(uri, "myCode 95001 2 Tumor"))
    (tmp_path / "a.xml").write_text(
        doc(f"<Patient><Tumor>{item('myCode', 'x')}</Tumor></Patient>", users=uri, mark="")
    )
    assert run("naaccr", "validate", "a.xml", cwd=tmp_path)[0] == 1
    for name in ("--dictionary", "--user-dictionary"):
        assert run("naaccr", "validate", "a.xml", name, "d.xml", cwd=tmp_path)[0] == 0
    assert "--dictionary" not in run("naaccr", "validate", "--help", cwd=tmp_path)[1].replace(
        "user-dictionary", ""
    )


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_wide_tables_and_back(folder: Path, tmp_path: Path, kind: str) -> None:
    path = folder / "in" / "faulty.xml"
    words = ("--format", kind, "--quarantine", "bad.zip", "--errors", "faults.csv")
    assert run("naaccr", "read", path, "--out", "tables", *words, cwd=tmp_path)[0] == 1
    tables = tmp_path / "tables"
    assert {each.name for each in tables.iterdir()} == {
        f"patients.{kind}", f"tumors.{kind}", f"errors.{kind}", "header.json"
    }  # fmt: skip
    load: dict[str, Callable[[Path], pl.DataFrame]] = {
        "parquet": pl.read_parquet,
        "csv": lambda file: pl.read_csv(file, infer_schema=False),
        "json": lambda file: pl.DataFrame(json.loads(file.read_text())),
    }
    tumors = load[kind](tables / f"tumors.{kind}").cast({"patient": pl.Int64, "tumor": pl.Int64})
    assert tumors.select("patient", "tumor", "primarySite").rows() == [(1, 1, "C504"), (3, 1, "C5O4")]
    errors = load[kind](tables / f"errors.{kind}")
    assert errors["code"].to_list() == ["missing-id", "code-list"]
    with zipfile.ZipFile(tmp_path / "bad.zip") as archive:
        assert archive.read("patient-0000002.xml") == b"<Patient>\n<Item>x</Item></Patient>"
        assert b"2,4," in archive.read("reasons.csv")
    code, out, err = run("naaccr", "write", "tables", "--out", "again.xml.gz", "--json", cwd=tmp_path)
    assert (code, json.loads(out)["items"]) == (0, 4), err
    run("naaccr", "read", path, "--long", "--out", "before.csv", cwd=tmp_path)
    run("naaccr", "read", "again.xml.gz", "--long", "--out", "after.csv", cwd=tmp_path)
    rows = [[row[2:] for row in table((tmp_path / name).read_text())] for name in ("before.csv", "after.csv")]
    assert rows[0] == rows[1]


def test_the_long_table_to_stdout(folder: Path) -> None:
    code, out, err = run("naaccr", "read", "in/faulty.xml", "--long", "--out", "-", cwd=folder)
    assert code == 1
    assert table(out)[1:] == [
        ["1", "", "Patient", "nameLast", "Doe"],
        ["1", "1", "Tumor", "primarySite", "C504"],
        ["3", "", "Patient", "nameLast", "Doe"],
        ["3", "1", "Tumor", "primarySite", "C5O4"],
    ]
    assert "missing-id" in err
    code, out, err = run("naaccr", "read", "in/broken.xml", "--long", "--out", "-", cwd=folder)
    assert (code, out) == (2, "")


def test_a_break_after_many_patients_leaves_nothing(large: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.xml").write_bytes(large.read_bytes()[:-20])
    for words in (
        ("--long", "--out", "items.csv"),
        ("--out", "tables"),
        ("--format", "csv", "--out", "tables"),
    ):
        code, _, err = run("naaccr", "read", "cut.xml", *words, "--quarantine", "q.zip", cwd=tmp_path)
        assert code == 2
        assert err.count("\n") == 1
        assert [each.name for each in tmp_path.iterdir()] == ["cut.xml"]
    code, _, _ = run(
        "naaccr", "read", "cut.xml", "--long", "--out", "i.csv", "--errors", "e.csv", cwd=tmp_path
    )
    assert [row[4:7] for row in table((tmp_path / "e.csv").read_text())[1:]] == [
        ["File", "", "not-well-formed"]
    ]


def test_recover_loads_whole_patients(folder: Path, tmp_path: Path) -> None:
    path = folder / "in" / "broken.xml"
    code, _, _ = run(
        "naaccr", "read", path, "--recover", "--long", "--out", "i.csv", "--errors", "e.csv", cwd=tmp_path
    )
    assert code == 1
    assert {row[0] for row in table((tmp_path / "i.csv").read_text())[1:]} >= {"1", "2"}
    assert "not-well-formed" in (tmp_path / "e.csv").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("validate", "nowhere.xml"), "nowhere.xml"),
        (("validate", "good.xml", "--errors", "no/such/folder/e.csv"), "no/such/folder"),
        (("validate", "good.xml", "--errors", "."), "folder"),
        (("validate", "good.xml", "--user-dictionary", "good.xml"), "good.xml"),
        (("validate", "empty"), "empty"),
        (("read", "good.xml", "--long", "--out", "no/such/items.csv"), "no/such"),
        (("read", "good.xml", "--out", "good.xml"), "good.xml"),
        (("read", "two.zip", "--long", "--out", "i.csv"), "2 documents"),
        (("write", "empty", "--out", "x.xml"), "patients"),
        (("write", "t", "--out", "x.xml"), "--record-type"),
        (("write", "nowhere", "--out", "x.xml"), "nowhere"),
        (("write", "good.xml", "--out", "x.xml"), "good.xml"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_what_is_mistyped_is_one_line(
    folder: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "good.xml").write_text(GOOD)
    (tmp_path / "two.zip").write_bytes((folder / "two.zip").read_bytes())
    (tmp_path / "empty").mkdir()
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "patients.csv").write_text("patient,nameLast\n1,Doe\n")
    before = {each.name for each in tmp_path.iterdir()}
    code, out, err = run("naaccr", *words, cwd=tmp_path)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert said in err
    assert "defect" not in err
    assert {each.name for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "words",
    [("--long", "--out", "out"), ("--out", "out"), ("--format", "csv", "--out", "out"), ("--format", "json", "--out", "out")],
    ids=" ".join,
)  # fmt: skip
def test_a_full_disk_is_one_line_and_leaves_nothing(
    large: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, out, err = run("naaccr", "read", large, *words, cwd=tmp_path, limit=20_000)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert "cannot be written" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("--long", "--out", "out"), ("--out", "out")], ids=" ".join)
def test_a_killed_process_leaves_the_old_table(large: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    old = tmp_path / "out"
    if "--long" in words:
        old.write_text("old")
    else:
        old.mkdir()
        (old / "patients.parquet").write_text("old")
    process = subprocess.Popen(
        [*COMMAND, "naaccr", "read", str(large), *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not list(tmp_path.glob(".out.*.part")) and time.monotonic() < until:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    assert list(tmp_path.glob(".out.*.part"))  # it was met while it wrote
    assert (old if old.is_file() else old / "patients.parquet").read_text() == "old"
    if old.is_dir():
        assert [each.name for each in old.iterdir()] == ["patients.parquet"]


def test_progress_is_for_terminals_only(folder: Path, tmp_path: Path) -> None:
    assert "%" not in run("naaccr", "validate", folder / "in" / "good.xml", cwd=tmp_path)[2]
    ours, theirs = pty.openpty()
    words = [*COMMAND, "naaccr", "validate", str(folder / "in" / "good.xml")]
    subprocess.run(words, stderr=theirs, stdout=subprocess.DEVNULL, cwd=ROOT, timeout=60, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert re.search(r"\rgood.xml \[#+\.*\] +\d+%", shown)
    assert shown.endswith("\x1b[K")


def test_messages_hold_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    text = doc(
        f"<Patient><Tumor>{item('primarySite', chr(0x9B) + '2J' + chr(10) + 'C')}</Tumor></Patient>", mark=""
    )
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    code, out, _ = run("naaccr", "validate", "a.xml", cwd=tmp_path)
    assert code == 1
    assert "\x9b" not in out


def test_help_loads_nothing_heavy() -> None:
    for words in (
        ["--help"],
        ["naaccr", "--help"],
        ["naaccr", "validate", "--help"],
        ["dictionary", "--help"],
    ):
        code = (
            "import sys\nfrom registry.cli import main\n"
            f"try: main({words!r})\nexcept SystemExit: pass\n"
            "print([m for m in ('polars', 'numba', 'numpy', 'duckdb', 'pyarrow') if m in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True, check=True
        )
        assert done.stderr.strip() == "[]", words


# -- tables to XML ----------------------------------------------------------------------------------


def test_write_a_registry_table_with_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("PAT,NAME,SITE,NOTE\n1,DOE,C504,x\n1,DOE,C619,y\n2,ROE,C50,z\n")
    (tmp_path / "m.csv").write_text(
        "column,naaccr_id\nPAT,patientIdNumber\nNAME,nameLast\nSITE,primarySite\nNOTE,\n"
    )
    words = ("r.csv", "--mapping", "m.csv", "--record-type", "I", "--naaccr-version", "250")
    code, out, err = run(
        "naaccr", "write", *words, "--out", "x.xml", "--errors", "e.csv", "--time-generated", "2026-01-31T12:00:00Z",
        cwd=tmp_path,
    )  # fmt: skip
    assert code == 1, err
    assert "nameLast: not part of record type I" in out
    written = (tmp_path / "x.xml").read_text()
    assert 'timeGenerated="2026-01-31T12:00:00Z"' in written
    assert "naaccr-dictionary-250" in written
    assert (written.count("<Patient>"), written.count("<Tumor>")) == (2, 3)
    assert {row[6] for row in table((tmp_path / "e.csv").read_text())[1:]} >= {"code-list", "too-short"}


def test_a_value_too_long_is_an_error_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "patients.csv").write_text(f"patient,nameLast\n1,{'x' * 41}\n")
    code, out, err = run("naaccr", "write", "t", "--out", "x.xml", "--record-type", "A", cwd=tmp_path)
    assert (code, out, (tmp_path / "x.xml").exists()) == (2, "", False)
    assert "nameLast" in err
    code, out, _ = run(
        "naaccr", "write", "t", "--out", "x.xml", "--record-type", "A", "--too-long", "cut", cwd=tmp_path
    )
    assert (code, "nameLast" in out) == (1, True)
    assert f">{'x' * 40}<" in (tmp_path / "x.xml").read_text()
    assert (
        run(
            "naaccr", "write", "t", "--out", "x.xml", "--record-type", "A", "--too-long", "keep", cwd=tmp_path
        )[0]
        == 0
    )


# -- dictionaries -----------------------------------------------------------------------------------


def test_show_finds_items_in_many_ways(tmp_path: Path) -> None:
    (tmp_path / "d.xml").write_text(user_dictionary("https://example.org/d.xml", "myCode 95001 2 Tumor"))

    def shown(*words: str) -> dict[str, object]:
        code, out, err = run("dictionary", "show", *words, "--json", cwd=tmp_path)
        assert code == 0, err
        (one,) = json.loads(out)["items"]
        return one  # type: ignore[no-any-return]

    assert shown("PRIMARYSITE") == shown("400") == shown("primarySite")
    site = shown("primarySite")
    assert site["flat_columns"]["180"] == "554-557"  # type: ignore[index]
    assert {"code": "C619", "label": "Prostate gland"} in site["codes"]  # type: ignore[operator]
    assert shown("sex")["retired_after"] == "250"
    assert shown("derivedSumStg2017")["id"] == "derivedSummaryStage2018"
    assert {"version": "240", "attribute": "level", "before": "Tumor", "after": "Patient"} in shown("1791")[
        "changes"
    ]  # type: ignore[operator]
    assert shown("MYCODE", "--user-dictionary", "d.xml")["dictionary"] == "https://example.org/d.xml"
    assert shown("npcrSpecificField")["retired_after"] == "210"
    code, _, err = run("dictionary", "show", "primarySit", cwd=tmp_path)
    assert code == 2
    assert "did you mean primarySite?" in err


def test_search_and_diff(tmp_path: Path) -> None:
    found = json.loads(run("dictionary", "search", "Last", "contact", "--json", cwd=tmp_path)[1])
    assert {"dateOfLastContact", "dateOfLastContactFlag"} == {one["id"] for one in found}
    found = json.loads(run("dictionary", "search", "derivedsumstg2017", "--json", cwd=tmp_path)[1])
    assert [one["id"] for one in found] == ["derivedSummaryStage2018"]
    changes = json.loads(run("dictionary", "diff", "25", "260", "--json", cwd=tmp_path)[1])
    assert ("sexAssignedAtBirth", "added") in {(one["item"], one["change"]) for one in changes}
    assert ("sex", "retired") in {(one["item"], one["change"]) for one in changes}
    assert run("dictionary", "diff", "260", "260", cwd=tmp_path)[:2] == (0, "no difference\n")


def test_validate_dictionaries(tmp_path: Path) -> None:
    uri = "https://example.org/{}.xml"
    (tmp_path / "good.xml").write_text(user_dictionary(uri.format("a"), "myCode 95001 2 Tumor"))
    (tmp_path / "clash.xml").write_text(user_dictionary(uri.format("b"), "myCode 95002 3 Tumor"))
    (tmp_path / "bad.xml").write_text(
        user_dictionary(uri.format("c"), "myCode 95001 2 Foot", "my2 95001 2 Tumor")
    )
    (tmp_path / "none.xml").write_text("<nothing/>")
    assert run("dictionary", "validate", "good.xml", "clash.xml", cwd=tmp_path)[0] == 0
    assert run("dictionary", "validate", "good.xml", "clash.xml", "--together", cwd=tmp_path)[0] == 1
    code, out, _ = run("dictionary", "validate", "bad.xml", "good.xml", "--json", cwd=tmp_path)
    answer = json.loads(out)
    assert (code, answer["exit_code"]) == (1, 1)
    assert {one["file"] for one in answer["faults"]} == {"bad.xml"}
    assert len(answer["faults"]) >= 2
    assert run("dictionary", "validate", "none.xml", "good.xml", cwd=tmp_path)[0] == 2
    assert run("dictionary", "validate", "nowhere.xml", cwd=tmp_path)[0] == 2
    code, _, _ = run("dictionary", "validate", "bad.xml", "--errors", "e.csv", cwd=tmp_path)
    assert table((tmp_path / "e.csv").read_text())[0] == ["file", "line", "item", "code", "message"]
