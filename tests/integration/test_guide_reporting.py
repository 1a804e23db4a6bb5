"""The guide on reporting is true: its commands run as written on a small registry, its own files are loaded."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Run
from tests.integration.submitted import RECORDS, tumor
from tests.integration.submitted import registry as submitted
from tests.paths import ROOT
from tests.received import KEY, ONE, PERSON, changed

GUIDE = (ROOT / "docs" / "guide" / "reporting.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.S) for line in block.splitlines()]
REPORT, REQUIRED = (
    next(text for text in re.findall(r"```csv\n(.*?)```", GUIDE, re.S) if word in text)
    for word in ("receipt", "gradeClinical")
)
(PROFILE,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
SENT = re.compile(r"(send|ack|records|resubmit|show) 3")
"""The guide's submission is the third of its registry, the first of this one."""


PLACE = {"addrAtDxNoStreet": "1 Elm St", "addrAtDxCity": "New York", "addrAtDxCountry": "USA"}
FOURTH = changed(
    PERSON, patientIdNumber="4", nameLast="Dorsey", dateOfBirth="19440704", socialSecurityNumber="302019999"
)
PEOPLE = (
    *((person, [changed(tumors[0], **PLACE)]) for person, tumors in RECORDS),
    (FOURTH, [tumor(4, addrAtDxState="PA", countyAtDx="003", addrAtDxPostalCode="15201")]),
)
"""Three residents and, the fourth, one of another state; their records pass the edits."""


@pytest.fixture
def registry(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands typed in a folder with a small registry and the guide's files."""
    for name, text in {"report.csv": REPORT, "required.csv": REQUIRED, "profiles.toml": PROFILE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with submitted(tmp_path, *PEOPLE):
        pass
    monkeypatch.setenv("REGISTRY_DB", "r.duckdb")
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.delenv("REGISTRY_USER", raising=False)
    return run


def _typed(registry: Run, line: str) -> tuple[int, str, str]:
    line = SENT.sub(r"\1 1", line).replace("--patient 1017", "--patient 1")
    code, out, err = registry(*shlex.split(line)[1:])
    assert "a defect" not in err and "Traceback" not in err, (line, err)
    return code, out, err


def _json(registry: Run, *words: object) -> Any:
    code, out, err = registry("--json", *words)
    assert code == 0, (words, err)
    return json.loads(out)


def _geocoded() -> None:
    """What a geocoder makes of the exported addresses."""
    with Path("addresses.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert not {"nameLast", "primarySite"} & set(rows[0])
    with Path("geocoded.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(["key", "latitude", "longitude", "gisCoordinateQuality", "geocodingQualityCode"])
        table.writerows([row["key"], "42.6525", "-73.7562", "02", "M"] for row in rows)


def test_every_command_runs_as_written(registry: Run, tmp_path: Path) -> None:
    assert len(COMMANDS) >= 18
    for line in COMMANDS:
        if "geocode import" in line:
            _geocoded()
        code, out, err = _typed(registry, line)
        assert code == (1 if "export ack" in line else 0), (line, code, out, err)
        if "export ack" in line:
            assert "rejected" in out + err
            (row,) = _json(registry, "export", "records", 1, "--answer", "rejected")
            assert (row["patient_id"], row["reason"]) == (1, "county and state contradict")
            assert _json(registry, "export", "list")[0]["state"] == "PARTLY_REJECTED"
    for name in ("out/NPCR_CSS-1.xml", "limited/manifest.json", "deid/manifest.json", "addresses.csv"):
        assert (tmp_path / name).is_file(), name


def test_the_guide_has_every_profile() -> None:
    from registry.submissions import profiles

    told = set(re.findall(r"\b[A-Z][A-Z0-9_]{2,}\b", GUIDE.split("| profile |")[1].split("\n\n")[0]))
    assert set(profiles()) | {"LIMITED", "DEID"} <= told


def test_a_profile_of_ones_own(registry: Run, tmp_path: Path) -> None:
    for line in (
        "registry settings home_state=NY",
        "registry export profiles --add profiles.toml",
        "registry export COUNTY --out county/ --as-of 2026-11-01",
    ):
        code, _, err = _typed(registry, line)
        assert code == 0, (line, err)
    file = tmp_path / "county" / "COUNTY-1.csv"
    head, *rows = file.read_text(encoding="utf-8-sig").splitlines()
    assert head == "site,histology,year" and len(rows) == 3
    Path("wrong.toml").write_text(PROFILE.replace('level = "tumor"', 'level = "person"'), encoding="utf-8")
    code, _, err = _typed(registry, "registry export profiles --add wrong.toml")
    assert code == 2 and "level is one of tumor, abstract, patient" in err


def test_the_same_day_gives_the_same_bytes_and_a_preview_writes_nothing(
    registry: Run, tmp_path: Path
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    assert _typed(registry, "registry export preview NPCR_CSS --state NY --as-of 2026-11-01")[0] == 0
    assert before == {path.name for path in tmp_path.iterdir()} and not _json(registry, "export", "list")
    for folder in ("one", "two"):
        line = f"registry export NPCR_CSS --state NY --as-of 2026-11-01 --out {folder}/data.xml"
        Path(folder).mkdir()
        code, _, err = _typed(registry, line)
        assert code == 0, err
    assert Path("one/data.xml").read_bytes() == Path("two/data.xml").read_bytes()
    assert _typed(registry, "registry export NPCR_CSS --state ZZ --out none/")[0] == 1
    assert _json(registry, "export", "list", "--state", "DRAFT")[0]["records"] == 0


def test_each_patient_of_an_identified_file_has_a_disclosure(registry: Run) -> None:
    line = f"registry export COC_RCRS --facility {ONE} --out out/"
    code, out, err = _typed(registry, line)
    assert code == 0, (out, err)
    for words in (
        "settings home_state=NY",
        "export key k",
        "export IDE --state PA --file-key-file k --out out/",
    ):
        assert _typed(registry, f"registry {words}")[0] == 0
    assert _json(registry, "disclosures", "--patient", 4) == []
    assert _typed(registry, "registry export send 2")[0] == 0
    (row,) = _json(registry, "disclosures", "--patient", 4)
    assert row["disclosed_on"] and row["recipient"]
    assert _json(registry, "disclosures", "--patient", 1) == []
