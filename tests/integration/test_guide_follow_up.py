"""The guide on follow-up is true: its commands run as written on a small registry, and do what it says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.service import Session
from tests.integration.conftest import Run
from tests.paths import ROOT
from tests.received import KEY, ONE, PERSON, TUMOR, changed, write

GUIDE = (ROOT / "docs" / "guide" / "follow-up.md").read_text(encoding="utf-8").replace("\\\n", "")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.S) for line in block.splitlines()]
INLINE = re.findall(r"`(registry followup [^`]+ [^`]+)`", GUIDE)
"""Commands inside sentences; those without options only name a command."""
HERE = {
    " 1017": " 1",
    "1203:": "1:",
    "--mark-sent 12 --mark-sent 13": "--mark-sent 1",
    "--cancel 14": "--cancel 2",
}
"""The guide's numbers of people, tumors and batches, and those of this registry."""
VISITS = f"""visit_date,patient_id,facility,medicalRecordNumber,nameLast,dateOfBirth,vitalStatus
2026-09-20,1,,,,,
20260921,,{ONE},MRN2,NameB,,1
2026-09-22,3,,,Wrong,19000101,
2026-09-22,99,,,,,
22.9.2026,3,,,,,
2026-09-22,,{ONE},MRN3,,,
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people whom nobody heard of since March 2024, the files that the guide names, another registry's file."""
    folder = tmp_path_factory.mktemp("made")
    cases = []
    for number in (1, 2, 3, 4, 5):
        person = changed(
            PERSON, patientIdNumber=f"{number:08}", nameLast=f"Name{chr(64 + number)}", dateOfBirth=f"19{40 + number}0101",
            socialSecurityNumber=f"2{number:08}", addrCurrentNoStreet=f"{number} Elm St", addrCurrentCity="Albany",
            addrCurrentState="NY", addrCurrentPostalCode="12207", addrCurrentCountry="USA", noPatientContactFlag="0",
        )  # fmt: skip
        tumor = changed(
            TUMOR,
            accessionNumberHosp=f"20230000{number}",
            medicalRecordNumber=f"MRN{number}",
            physicianFollowUp="P1" if number < 5 else None,
        )
        cases.append((person, [tumor]))
    other = changed(cases[3][0], dateOfLastContact="20260901")
    write(folder / "other-registry.xml", (other, cases[3][1]))
    pl.DataFrame([person for person, _ in cases]).write_csv(folder / "patients.csv")
    rows = [{"patientIdNumber": person["patientIdNumber"], **tumors[0]} for person, tumors in cases]
    pl.DataFrame(rows).with_columns(physicianFollowUp=pl.lit("P1")).write_csv(folder / "tumors.csv")
    (folder / "visits.csv").write_text(VISITS, encoding="utf-8")
    with Session.create(folder / "registry.duckdb", key=KEY, reference_date="2007-01-01") as session:
        session.run("ingest.file", path=write(folder / "abstracts.xml", *cases))
    return folder


@pytest.fixture
def registry(made: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands typed in a folder with a copy of the small registry and its files."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    for name in ("REGISTRY_DB", "REGISTRY_USER"):
        monkeypatch.delenv(name, raising=False)
    return run


def _typed(registry: Run, line: str) -> tuple[int, str, str]:
    for told, here in HERE.items():
        line = line.replace(told, here)
    code, out, err = registry(*shlex.split(line)[1:])
    assert "a defect" not in err and "Traceback" not in err, (line, err)
    return code, out, err


def _json(registry: Run, *words: object) -> Any:
    code, out, err = registry("--json", *words)
    assert code == 0, (words, err)
    return json.loads(out)


def test_every_command_runs_as_written(registry: Run, tmp_path: Path) -> None:
    assert len(COMMANDS) >= 20
    told = {}
    for line in COMMANDS:
        if "--cancel" in line:
            assert (
                _typed(registry, "registry followup letters --as-of 2026-11-02 --to contact --out letters")[0]
                == 0
            )
            continue
        code, out, err = _typed(registry, line)
        assert code == (1 if "--kind visits" in line else 0), (line, code, out, err)
        told[line] = out + err
    files = {path.name for path in tmp_path.iterdir()}
    assert {"list.csv", "eligibility.csv", "summary.json", "follow-up.csv"} <= files
    (visits,) = (text for line, text in told.items() if "--kind visits" in line)
    counts = dict(re.findall(r"^(\w+) +(\d+)$", visits, re.M))
    assert [counts[name] for name in ("rows", "moved", "unmatched", "unreadable", "review")] == list("62121")
    assert "Name" not in visits
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["20261101-000001.pdf"]


def test_commands_in_sentences_run_too(registry: Run) -> None:
    assert len(INLINE) >= 5
    assert _typed(registry, "registry followup import visits.csv --kind visits")[0] == 1
    for line in INLINE:
        code, out, err = _typed(registry, line)
        assert code == 0, (line, out, err)


def test_the_columns_of_the_guide_are_those_that_are_needed(registry: Run) -> None:
    from registry.cli.followup_files import PATIENT_COLUMNS, TUMOR_COLUMNS

    rows = dict(re.findall(r"^\| (patients|tumors)[^|]*\| ([^|]+) \|$", GUIDE, re.M))
    assert re.findall(r"\w+", rows["tumors"]) == list(TUMOR_COLUMNS)
    assert rows["patients"].split(", and ")[0].split(", ") == list(PATIENT_COLUMNS)
    frame = pl.read_csv("tumors.csv", infer_schema=False)
    frame.drop("classOfCase").write_csv("tumors.csv")
    code, _, err = _typed(registry, COMMANDS[0])
    assert code == 2 and "column classOfCase is missing" in err and not Path("list.csv").exists()


def test_replies_move_the_last_contact_as_the_guide_says(registry: Run) -> None:
    def last() -> str:
        return str(_json(registry, "followup", "history", 1)["patient"]["dateOfLastContact"])

    reply = "registry followup record 1 --on 2026-09-14 --alive --from physician"
    assert _typed(registry, reply + " --dry-run")[0] == 0 and last() == "20240301"
    assert _typed(registry, reply)[0] == 0 and last() == "20260914"
    assert (
        _typed(registry, "registry followup record 1 --on 2026-08-01 --alive")[0] == 0
        and last() == "20260914"
    )
    assert _typed(registry, "registry followup record 1 --alive")[0] == 2
    assert _typed(registry, "registry followup record 1 --on 2026-08-01 --correct")[0] == 2
    back = "registry followup record 1 --on 2026-08-01 --correct --reason misread"
    assert _typed(registry, back)[0] == 0 and last() == "20260801"
    assert _typed(registry, "registry followup record 1 --on 2026-09-01 --dead --from physician")[0] == 0
    code, out, _ = _typed(registry, "registry followup record 1 --on 2026-10-01 --alive")
    assert code == 1 and "review" in out and last() == "20260901"
    plan = _json(registry, "followup", "letters", "--as-of", "2026-11-01", "--plan")
    assert "1" not in {str(row.get("patient_id")) for row in plan.get("letters", [])}


def test_what_an_import_leaves_is_listed(registry: Run) -> None:
    first = _typed(registry, "registry followup import visits.csv --kind visits")
    assert first[0] == 1
    for outcome, rows in (("moved", 2), ("unmatched", 1), ("unreadable", 2), ("review", 1)):
        assert len(_json(registry, "followup", "import-lines", 1, "--outcome", outcome)) == rows
    code, _, err = _typed(registry, "registry followup import visits.csv --kind visits")
    assert code == 0 and "nothing changed" in err
