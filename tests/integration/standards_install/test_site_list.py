"""The Cancer PathCHART list of a year is kept with the registry's data, used by its edits, and taken back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from registry import edits
from registry.edits import pathchart, site_histology
from registry.service import Session
from registry.staging import stage_groups
from tests.received import KEY

LINES = "Site,Histology,Behavior,CPC Validity Status\nC509,8500,3,Valid\nC710,8500,3,Impossible\n"
RECORD = {
    "primarySite": "C710",
    "histologicTypeIcdO3": "8500",
    "behaviorCodeIcdO3": "3",
    "dateOfDiagnosis": "2025",
}


def fired() -> set[str]:
    found = edits.check_record(
        RECORD, ["site-histology-unlikely", "site-histology-impossible"], as_of=dt.date(2026, 11, 1)
    )
    return {failure.edit for failure in found}


def test_a_list_is_installed_used_and_taken_back(session: Session, database: Path, tmp_path: Path) -> None:
    published = tmp_path / "pathchart 2025.csv"
    published.write_text(LINES)
    assert fired() == {"site-histology-unlikely"} and site_histology.missing_tables([2025])
    done = session.run("standards.install", path=str(published))
    assert done["tables"] == ["pathchart_2025.csv.gz"]
    assert done["changed"] and done["version"] == done["version_before"] and not done["converts"].height
    assert pathchart.installed() == [2025] and fired() == {"site-histology-impossible"}
    assert not session.run("standards.install", path=str(published))["changed"], "the same list twice"
    session.close()
    assert pathchart.installed() == []
    with Session.open(database, key=KEY) as again:
        assert fired() == {"site-histology-impossible"}, "it comes back with the database"
        again.run("standards.undo")
        assert fired() == {"site-histology-unlikely"}


def test_licensed_stage_groups_are_installed_and_taken_back(session: Session, tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("schemaId,basis,T,N,M,group\n99998,p,8,8,8,1\n")
    assert not stage_groups.stage_groups("99998", "8", "8", "8")
    session.run("standards.install", path=str(table))
    assert stage_groups.stage_groups("99998", "8", "8", "8") == {"1"}
    session.run("standards.undo")
    assert not stage_groups.stage_groups("99998", "8", "8", "8")


def test_a_next_year_s_dictionary_keeps_the_list(session: Session, published: Path, tmp_path: Path) -> None:
    path = tmp_path / "pathchart 2024.csv"
    path.write_text(LINES)
    session.run("standards.install", path=str(path))
    session.run("standards.install", path=str(published))
    assert pathchart.installed() == [2024]
