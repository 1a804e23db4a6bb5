"""The guide on statistics is true: its commands and its Python run as written on a small registry and its own files."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest

from registry.analytics.incidence import AGE_GROUPS
from registry.cli.stats.survival import METHODS
from registry.service import Session
from registry.service.statistics import survival_groups, survival_methods
from tests.integration.conftest import Run
from tests.paths import ROOT
from tests.received import KEY, ONE, PERSON, TUMOR, changed, write

GUIDE = (ROOT / "docs" / "guide" / "statistics.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S)


COMMANDS = [line for block in _blocks("sh") for line in block.splitlines()]
(PATIENTS,) = _blocks("csv")
(COHORT,) = _blocks("yaml")
(MEASURE,) = _blocks("toml")
PURE, WITH_SESSION = _blocks("python")
FACILITIES = f"facility_id,npi,name\n{ONE},1000001010,FIRST\n0006219999,1000001011,SECOND\n"
SITES = (("C504", "8500"), ("C504", "8500"), ("C182", "8140"))


def _people() -> list[tuple[dict[str, str], list[dict[str, str]]]]:
    """Breast and colon, two hospitals, both sexes, deaths of cancer and of the heart."""
    people = []
    for number in range(180):
        site, histology = SITES[number % 3]
        sex = "1" if site == "C182" and number % 2 else "2"
        dead = number % 5 == 0
        year = 2012 + number % 8
        person = changed(
            PERSON, patientIdNumber=f"{number + 1:08}", nameLast=f"Person{chr(65 + number % 26)}{chr(65 + number // 26)}",
            socialSecurityNumber=f"21909{number:04}", sexAssignedAtBirth=sex, vitalStatus="0" if dead else "1",
            dateOfBirth=f"{1932 + number % 40}0214", dateOfLastContact=f"{year + 1 + number % 5}{number % 12 + 1:02}28",
            causeOfDeath=(f"{site[:3]}9" if number % 10 else "I219") if dead else None, icdRevisionNumber="1" if dead else None,
        )  # fmt: skip
        tumor = changed(
            TUMOR, reportingFacility=ONE if number % 2 else "0006219999", accessionNumberHosp=f"{year}{number:05}",
            medicalRecordNumber=f"MRN{number}", primarySite=site, histologicTypeIcdO3=histology, countyAtDx="001",
            dateOfDiagnosis=f"{year}0615", dateOf1stContact=f"{year}0610", laterality="2" if site == "C504" else "0",
            summaryStage2018=None if year < 2018 else "1237"[number % 4],
            seerSummaryStage2000="1237"[number % 4] if year < 2018 else None,
        )  # fmt: skip
        people.append((person, [tumor]))
    return people


def _written(name: str, head: str, rows: list[str]) -> None:
    Path(name).write_text("\n".join([head, *rows, ""]), encoding="utf-8")


def _files() -> None:
    """The files that the guide names."""
    cells = [(year, sex, age) for year in range(2012, 2021) for sex in "12" for age in AGE_GROUPS]
    _written("population.csv", "state,county,year,sex,age_group,population",
             [f"NY,001,{year},{sex},{age},900" for year, sex, age in cells])  # fmt: skip
    _written("mortality.csv", "site_group,state,county,year,sex,age_group,deaths",
             [f"Breast,NY,001,{year},2,70-74,2" for year in range(2012, 2021)])  # fmt: skip
    _written("life_table.csv", "sex,year,age,daily_hazard",
             [f"{sex},{year},{age},{0.00001 * 1.09 ** (age - 30):.12f}"
              for sex in "12" for year in (2010, 2015) for age in range(30, 100)])  # fmt: skip
    _written("counts.csv", "group,year,age_group,count,population",
             [f"lung,{year},{age},{3 + place * (year - 2013)},10000"
              for year in range(2014, 2020) for place, age in enumerate(AGE_GROUPS)])  # fmt: skip
    _written("series.csv", "group,year,rate,se",
             [f"all,{year},{40 + abs(year - 2008) * 1.5},0.8" for year in range(2000, 2020)])  # fmt: skip
    for name, text in {"patients.csv": PATIENTS, "breast.yaml": COHORT, "own.toml": MEASURE}.items():
        Path(name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small registry."""
    place = tmp_path_factory.mktemp("statistics")
    (place / "facilities.csv").write_text(FACILITIES, encoding="utf-8")
    with Session.create(place / "my.duckdb", key=KEY, reference_date="2012-01-01") as session:
        session.run("ingest.file", path=str(place / "facilities.csv"))
        session.run("ingest.file", path=write(place / "all.xml", *_people()))
    return place


@pytest.fixture
def registry(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("REGISTRY_DB", "my.duckdb")
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.delenv("REGISTRY_USER", raising=False)
    _files()
    return run


def test_every_command_and_its_python_run_as_written(registry: Run) -> None:
    assert len(COMMANDS) >= 40
    for line in [*COMMANDS, "registry stats measures add own.toml", "registry stats measures --by year"]:
        code, out, err = registry(*shlex.split(line)[1:])
        assert code == 0, (line, out, err)
        assert "Traceback" not in err and "a defect" not in err, (line, err)
        assert out or "--input" in line, line
    names: dict[str, object] = {}
    exec(PURE, names)
    assert names["table"] and names["rates"].height == 1 and names["curve"].height  # type: ignore[attr-defined]
    exec(WITH_SESSION, names)
    assert names["found"]["at_years"].height and names["sir"].height and names["deaths"].height  # type: ignore[index, attr-defined]


def test_the_answers_from_file_to_file(registry: Run) -> None:
    for line in COMMANDS:
        if "--input" in line:
            registry(*shlex.split(line)[1:])
    with Path("km.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["method", "group", "time", "stat", "value"]
    alive = {row["group"]: row["value"] for row in rows if (row["stat"], row["time"]) == ("surv", "365.25")}
    assert alive == {"Distant": "0.0", "Localized": "1.0", "Regional": "1.0"}
    limits = [
        row["value"] for row in rows if row["group"] == "Localized" and row["stat"] in ("lower", "upper")
    ]
    assert limits[:2] == ["1.0", "1.0"], "nobody has left yet"
    wrong = "registry stats survival --input patients.csv --method km --start start --end end --status status"
    assert registry(*shlex.split(wrong)[1:])[0] == 2
    with Path("patients.csv").open("a", encoding="utf-8") as more:
        more.write("2014-01-01,2013-01-01,1,1,1950-01-01,Regional\n")
    first = next(line for line in COMMANDS if "kaplan-meier,quantiles" in line)
    code, _, err = registry(*shlex.split(first)[1:])
    assert code == 1 and "line 10" in err


def test_the_guide_has_every_method_and_division() -> None:
    told = GUIDE.split("| method of `survival --input`")[1].split("\n\n")[0]
    assert all(re.search(rf"\b{name}\b", told) for name in METHODS)
    told = GUIDE.split("## Survival")[1].split("## Incidence")[0]
    assert all(re.search(rf"\b{name}\b", told) for name in (*survival_methods.METHODS, "cox", "excess"))
    assert all(re.search(rf"\b{name}\b", told) for name in survival_groups.TITLES)
    assert all(f"| {name}" in told for name in survival_methods.APPROACHES)
