"""Facilities and physicians from CSV files that leave out what they may leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.errors import BadInput, NotFound
from registry.service import Session


def test_a_physician_file_without_a_word_on_activity_means_active(tmp_path: Path) -> None:
    path = tmp_path / "physicians.csv"
    path.write_text("physician_id,name,city\n1,A PHYSICIAN,ALBANY\n2,ANOTHER,\n")
    with Session.create(tmp_path / "r.duckdb") as session:
        session.run("ingest.file", path=str(path))
        rows = session.run("physician.list").select("physician_id", "active", "city").rows()
    assert rows == [("1", True, "ALBANY"), ("2", True, None)]


def test_settings_refuse_a_state_that_is_none(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb") as session:
        with pytest.raises(BadInput, match="home_state"):
            session.run("settings.change", home_state="XY")
        session.run("settings.change", home_state="NY")
        assert session.run("settings.show")["home_state"] == "NY"


def test_settings_refuse_a_profile_that_is_none(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb") as session:
        with pytest.raises(NotFound, match="NOPE"):
            session.run("settings.change", submission_profiles="NPCR_CSS NOPE")
        session.run("settings.change", submission_profiles="NPCR_CSS NAACCR_CFD")
