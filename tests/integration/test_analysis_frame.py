"""The analysis frame: what it says, when it is made anew, whom it shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.security.roles import Actor
from registry.service import Session
from registry.service.statistics import analysis, analysis_columns
from tests.integration.figures_registry import (
    AS_OF,
    PEOPLE,
    TWO,
    context,
    day,
    fill,
    opened,
    people,
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with opened(tmp_path_factory.mktemp("statistics")) as made:
        yield made


def test_the_frame_says_what_the_records_say(session: Session) -> None:
    patients, tumors = people(PEOPLE)
    frame = analysis.tumors(context(session))
    assert frame["tumor_id"].to_list() == tumors["tumor_id"].to_list()
    told = {row["patient_id"]: row for row in patients.iter_rows(named=True)}
    firsts: dict[int, tuple[Any, ...]] = {}
    for row in tumors.iter_rows(named=True):
        text = row["dateOfDiagnosis"]
        known = day(text, years=True)
        key = (row["behaviorCodeIcdO3"] != "3", f"{text}0101"[:8] if known else "9", row["tumor_id"])
        firsts[row["patient_id"]] = min(firsts.get(row["patient_id"], key), key)
    for row, found in zip(tumors.iter_rows(named=True), frame.iter_rows(named=True), strict=True):
        person = told[row["patient_id"]]
        diagnosed, born = day(row["dateOfDiagnosis"]), day(person["dateOfBirth"], years=True)
        stated = row["ageAtDiagnosis"]
        age = int(stated) if stated not in (None, "999") else None
        if age is None and diagnosed and born:
            age = diagnosed.year - born.year - ((diagnosed.month, diagnosed.day) < (born.month, born.day))
            age = age if 0 <= age <= 120 else None
        assert (found["diagnosed"], found["born"], found["age"]) == (diagnosed, born, age)
        assert found["last_contact"] == day(person["dateOfLastContact"])
        year = day(row["dateOfDiagnosis"], years=True)
        assert found["year"] == (year.year if year else None)
        assert found["dead"] == {"0": True, "1": False}.get(person["vitalStatus"])
        behavior, site = row["behaviorCodeIcdO3"], row["primarySite"]
        assert found["malignant"] == (behavior == "3" or (behavior == "2" and site == "C672"))
        sequence = row["sequenceNumberCentral"]
        first = sequence in ("00", "01") if sequence else firsts[row["patient_id"]][2] == row["tumor_id"]
        assert found["first_primary"] == first
        race = {"01": "White", "02": "Black", "03": "American Indian or Alaska Native"}.get(person["race1"])
        asian = person["race1"] in ("04", "97")
        assert found["race"] == (race or ("Asian or Pacific Islander" if asian else "Other or unknown"))
        surgery = day(row["rxDateSurgery"]) if len(row["rxDateSurgery"]) == 8 else None
        whole = diagnosed is not None and len(row["dateOfDiagnosis"]) == 8
        assert found["first_surgery"] == (
            (surgery - diagnosed).days if surgery and whole and diagnosed else None
        )
        if found["dead"] is not True:
            assert found["cause"] == ("alive" if found["dead"] is False else "unknown")
    groups = dict(zip(frame["primarySite"].cast(pl.String), frame["site_group"].cast(pl.String), strict=True))
    assert groups["C619"] in ("Prostate", "Non-Hodgkin Lymphoma", "Unknown")
    breast = frame.filter((pl.col("primarySite") == "C509") & (pl.col("histologicTypeIcdO3") == 8500))
    assert breast["site_group"].unique().to_list() == ["Breast"]
    assert {"this cancer", "other cause", "unknown", "alive"} == set(frame["cause"].unique())


def test_reading_keeps_the_frame_and_a_change_makes_a_new_one(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb") as opened:
        fill(opened, *people(30))
        asked = context(opened)
        frame, version = analysis.tumors(asked), analysis.data_version(asked)
        opened.run("survival.kaplan_meier")
        opened.run("cohort.save", name="x", definition={})
        assert analysis.data_version(asked) == version
        assert analysis.tumors(asked) is frame
        with opened._store.unit_of_work("test", "correct") as work:
            work.update("tumor", 1, {"primarySite": "C220"}, expected_version=1)
        assert analysis.data_version(asked) > version
        assert analysis.tumors(asked)["primarySite"][0] == "C220"
        assert analysis.tumors(asked).equals(analysis_columns.build(asked))
        with opened._store.unit_of_work("test", "correct") as work:
            work.update("patient", 2, {"vitalStatus": "0", "sexAssignedAtBirth": "2"}, expected_version=1)
            work.tombstone("tumor", 3, expected_version=1, reason="no cancer")
            work.update("tumor", 31, {"patient_id": 5}, expected_version=1)
        anew = analysis.tumors(asked)
        assert anew.equals(analysis_columns.build(asked))
        assert 3 not in anew["tumor_id"]
        assert anew.filter(pl.col("tumor_id") == 31)["patient_id"].item() == 5
        items = analysis.items(asked, ["rxSummChemo", "nothingLikeIt", "race1"])
        assert items.columns == ["tumor_id", "rxSummChemo", "nothingLikeIt", "race1"]
        assert items["nothingLikeIt"].null_count() == items.height == 32


def test_one_thread_makes_the_frame_and_the_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    build = analysis_columns.build

    def counted(*asked: Any) -> pl.DataFrame:
        made.append(threading.get_ident())
        return build(*asked)

    monkeypatch.setattr(analysis_columns, "build", counted)
    with Session.create(tmp_path / "r.duckdb", key="a long and random key 0123456789") as opened:
        fill(opened, *people(60))
        asked = context(opened)
        with ThreadPoolExecutor(4) as pool:
            frames_made = list(pool.map(lambda _: analysis.tumors(asked), range(12)))
    assert len(made) == 1
    assert all(frame is frames_made[0] for frame in frames_made)


def test_early_diagnoses_get_their_historic_stage(tmp_path: Path) -> None:
    """Extent of disease of 1995: colon, extension 10 without nodes is localized by the tables, 85 distant."""
    patients, tumors = people(30)
    with Session.create(tmp_path / "r.duckdb", key="a long and random key 0123456789") as opened:
        early = tumors.head(3).with_columns(
            dateOfDiagnosis=pl.Series(["19950301", "19950301", "20050301"]), primarySite=pl.lit("C187"),
            histologicTypeIcdO3=pl.lit("8140"), behaviorCodeIcdO3=pl.lit("3"), seerSummaryStage2000=pl.lit("1"),
            codingSystemForEod=pl.lit("4"), eodExtension=pl.Series(["10", "85", "85"]), eodLymphNodeInvolv=pl.lit("0"),
        )  # fmt: skip
        opened._store.ensure_columns("tumor", ["codingSystemForEod", "eodExtension", "eodLymphNodeInvolv"])
        fill(opened, patients, tumors.head(0))
        with opened._store.unit_of_work("test", "load") as work:
            work.insert("tumor", early)
        frame = analysis.tumors(context(opened))
    assert frame.select("stage", "stage_source", "stage_era").rows() == [
        ("Localized", "historic", "1977"), ("Distant", "historic", "1977"), ("Localized", "759", "2000"),
    ]  # fmt: skip


def test_a_facility_sees_its_own(session: Session) -> None:
    own = context(session, Actor("anna", "registrar", frozenset({TWO})))
    frame = analysis.tumors(own)
    assert frame["facility"].unique().to_list() == [TWO]
    whole = analysis.tumors(context(session)).filter(pl.col("facility") == TWO)
    assert frame.drop("cause", "first_primary").equals(whole.drop("cause", "first_primary"))
    answer = session.as_actor(own.actor).run("survival.estimate", as_of=AS_OF)
    assert answer["exclusions"]["remaining"][0] == frame.height
