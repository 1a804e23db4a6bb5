"""The owner of a registry hands the suites small frames: counts of what it holds, and nothing of a record."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from registry.errors import Denied
from registry.quality.suite_frames import NAMES
from registry.security.roles import Actor
from registry.service import Session
from tests.integration.test_quality_run import KEY, load

AS_OF = dt.date(2026, 10, 31).isoformat()
TUMOR = (
    '<Item naaccrId="primarySite">C619</Item><Item naaccrId="laterality">7</Item>'
    '<Item naaccrId="dateOfDiagnosis">20240101</Item>'
)


def test_frames_hold_loads_and_the_verdict_of_the_edits(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        load(session, tmp_path, "A", TUMOR)
        before = session.run("quality.suite_frames", folder=str(tmp_path / "before"), as_of=AS_OF)
        assert set(before) == set(NAMES)
        assert pl.read_parquet(tmp_path / "before" / "about.parquet")["edited"].to_list() == [False]
        session.run("quality.run", edit_set="all", as_of=AS_OF)
        session.run("quality.suite_frames", folder=str(tmp_path / "after"), as_of=AS_OF)
        about, loads, edits = (
            pl.read_parquet(tmp_path / "after" / f"{n}.parquet") for n in ("about", "loads", "edits")
        )
        assert about.select("as_of", "records", "edited", "official").row(0) == (
            dt.date(2026, 10, 31),
            1,
            True,
            False,
        )
        assert loads.select("received", "loaded", "quarantined", "missing").rows() == [(1, 1, 0, 0)]
        assert edits.filter(pl.col("edit") == "laterality-valid").select("source", "open").rows() == [
            ("own", 1)
        ]


def test_who_is_held_to_facilities_has_no_frames_of_the_registry(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb", key=KEY) as session:
        held = session.as_actor(Actor("quinn", "quality", frozenset({"0000000001"})))
        with pytest.raises(Denied):
            held.run("quality.suite_frames", folder=str(tmp_path / "none"))
        assert not (tmp_path / "none").exists()
