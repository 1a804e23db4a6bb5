"""The guide on quality is true: its commands run as written on a small registry, its own edits are loaded."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import polars as pl
import pytest

from registry.cli import cli
from registry.formats import edit_results
from tests.integration.conftest import Run
from tests.paths import ROOT
from tests.received import KEY, PERSON, TUMOR, changed, write

GUIDE = (ROOT / "docs" / "guide" / "quality.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.S) for line in block.splitlines()]
ELSEWHERE = {"registry quality suites --docs data-docs": "test_expectations_run.py"}
"""Great Expectations takes its time; run there and in the demo."""
PROBLEMS = {
    "registry edits run --input cohort.csv --as-of 2026-11-01 --out failures.csv",
    "registry edits run --input submission.xml --set submission --as-of 2026-11-01 --out failures.csv",
    "registry edits run --input cohort.csv --edits site-sex,ir-seq-unique --as-of 2026-11-01 --out failures.csv",
    "registry edits run --set central",
    "registry edits failures --severity error --facility 0006210010",
    "registry edits import-results state-report.csv --mapping state.toml --run-date 2026-11-02",
    "registry edits unmatched",
    "registry edits gate",
    "registry edits run --input cohort.csv --own own-edits.csv --as-of 2026-11-01 --out failures.csv",
    "registry quality scorecard --year 2024",
    "registry quality audit casefinding listed.csv --facility 0006210010",
}
"""Commands that end with 1 here, done but with findings; the others end with 0."""
FACILITY = "0006210010"
COHORT = """recordId,patientIdNumber,primarySite,sex,countyAtDx
10,00000001,C619,2,001
9,00000001,C509,2,005
"""
REPORT = f"""Facility,Accession,Seq,Patient ID,Tumor,Tag,Edit,Message,Type
{FACILITY},202400001,00,,,N0045,Site and morphology,They contradict,E
{FACILITY},209900001,00,,,N0045,Site and morphology,They contradict,W
"""
LISTED = f"""facility,source,mrn,last name,first name,birth date,site,date
{FACILITY},pathology,MRN1,,,,C50.4,2024-01-15
{FACILITY},index,NOBODY,Nowhere,Ann,19500101,C61,2024-01-15
"""
PATHCHART = "Site,Histology,Behavior,CPC Validity Status\nC509,8500,3,Valid\nC710,8500,3,Impossible\n"


@pytest.fixture
def registry(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A registry of three patients at the guide's facility, and the files that the guide names."""
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    for name in ("REGISTRY_DB", "REGISTRY_USER"):
        monkeypatch.delenv(name, raising=False)
    cases = []
    for number in (1, 2, 3):
        person = changed(
            PERSON, patientIdNumber=f"{number:08}", nameLast=f"Name{chr(64 + number)}",
            socialSecurityNumber=f"2{number:08}", dateOfBirth=f"19{40 + number}0101",
        )  # fmt: skip
        tumor = changed(
            TUMOR, reportingFacility=FACILITY, accessionNumberHosp=f"20240000{number}", primarySite="C619", laterality="0",
            medicalRecordNumber=f"MRN{number}", dateOfDiagnosis="20240115", dateOf1stContact="20240110",
            behaviorCodeIcdO3="2", diagnosticConfirmation="7",
        )  # fmt: skip
        cases.append((person, [tumor]))
    files = {
        "cohort.csv": COHORT,
        "state-report.csv": REPORT,
        "state.toml": re.findall(r"```toml\n(.*?)```", edit_results.__doc__ or "", re.S)[0],
        "own-edits.csv": re.findall(r"```csv\n(.*?)```", GUIDE, re.S)[0],
        "listed.csv": LISTED,
        "pathchart 2025.csv": PATHCHART,
        "password": "a good long password of ana",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    write(tmp_path / "submission.xml", *cases)
    for line in (
        "init --reference-date 2007-01-01",
        "user add ana --role quality --password-file password",
        "user add ben --role registrar --password-file password",
        "ingest submission.xml",
    ):
        code, _, err = run(*line.split())
        assert code == 0, (line, err)
    return run


def _numbered(line: str) -> str:
    """The line with the numbers of this registry's failures and abstracts."""
    numbers = _failures()
    reviews = [row[0] for row in numbers if row[1] == "review"]
    errors = [row[0] for row in numbers if row[1] == "error"]
    line = line.replace("assign 17 18", f"assign {errors[0]} {errors[1]}")
    return line.replace("override 19", f"override {reviews[0]}").replace("--abstract 17", "--abstract 1")


def _failures() -> list[tuple[int, str]]:
    from registry.service import Session

    with Session.open(Path("registry.duckdb"), key=KEY) as session:
        rows: list[tuple[int, str]] = (
            session.run("quality.failures", source="own").select("failure_id", "severity").rows()
        )
    return rows


def test_every_command_runs_as_written(registry: Run, tmp_path: Path) -> None:
    assert len(COMMANDS) >= 25 and set(COMMANDS) >= PROBLEMS | set(ELSEWHERE)
    told = {}
    for line in COMMANDS:
        if line in ELSEWHERE:
            continue
        typed = _numbered(line) if re.search(r"assign 17|override 19|abstract 17", line) else line
        code, out, err = registry(*shlex.split(typed)[1:])
        assert code == (1 if line in PROBLEMS else 0), (typed, code, out, err)
        assert "Traceback" not in err, typed
        told[line] = out
        if "--own" in line:
            own = pl.read_csv("failures.csv", infer_schema=False).filter(
                pl.col("edit_id").str.contains("own")
            )
            assert own.select("record_id", "message").rows() == [("9", "County 005 is not one of ours")]
    (taken,) = (out for line, out in told.items() if "import-results" in line)
    assert "2 results of State edits v26: 1 of known records, 1 of none, 0 lines in quarantine" in taken
    assert "1 official failure is open" in told["registry edits gate"]
    code, out, err = registry("edits", "gate", "--facility", "123")
    assert (code, out) == (2, "") and "no such facility" in err
    made = {path.name for path in tmp_path.iterdir()}
    assert {"failures.csv", "indicators.csv", "edits.html", "edits.xlsx"} <= made
    page = (tmp_path / "edits.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?\s*(?:https?:)?//", page)


def test_what_takes_long_is_run_elsewhere() -> None:
    for line, name in ELSEWHERE.items():
        assert line in COMMANDS and (ROOT / "tests" / "integration" / name).is_file()
        words = shlex.split(line)[1:]
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, line
            command = found
        command.make_parser(click.Context(command)).parse_args(words)


def test_the_sets_of_the_guide_are_all() -> None:
    from registry import edits

    told = re.findall(r"^\| ([a-z, ]+) \|", GUIDE.split("| set |")[1].split("\n\n")[0], re.M)
    assert {name for cell in told for name in cell.split(", ")} == set(edits.names())


@pytest.mark.parametrize("text", ["recordId;primarySite;sex\n1;C619;2\n", "a,b\n1,2\n"])
def test_a_table_without_any_item_is_refused(run: Run, text: str) -> None:
    Path("odd.csv").write_text(text)
    code, out, err = run("edits", "run", "--input", "odd.csv", "--out", "f.csv")
    assert (code, out) == (2, "") and "no column that is a NAACCR XML id" in err
    assert not Path("f.csv").exists()


def test_a_column_written_otherwise_is_named(run: Run) -> None:
    Path("upper.csv").write_text("recordId,SEX,laterality\n1,7,1\n")
    code, _, err = run(
        "edits", "run", "--input", "upper.csv", "--edits", "laterality-valid", "--out", "f.csv"
    )
    assert code == 0 and "column SEX is not read; its NAACCR XML id is written sex" in err
