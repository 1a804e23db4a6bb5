"""Outcomes and quality measures of a registry of five hospitals: right, hidden where small, held to the actor's scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY, PERSON, TUMOR, changed, write

Run = Callable[..., tuple[int, str, str]]
HOSPITALS = [f"000000000{number}" for number in range(1, 6)]
AS_OF = "2024-12-31"
STAGES = {"1": "Localized", "3": "Regional", "7": "Distant", "9": "Unknown or unstaged"}
DIAGNOSED = dt.date(2020, 3, 2)


def world() -> list[dict[str, Any]]:
    """Five hundred women; every fourth case was diagnosed elsewhere first."""
    people = []
    for number in range(500):
        stage = "1379"[number * 7 % 20 // 6] if number % 50 else "9"
        wait = number * 13 % 90
        people.append({
            "hospital": HOSPITALS[number % 5] if number % 3 else HOSPITALS[0], "stage": stage, "year": 2015 + number % 8,
            "class": "22" if number % 4 == 0 else "14", "operated": number % 6 != 0, "wait": wait, "irradiated": number % 3 != 1,
            "dead": number % 7 == 0, "months": 20 + number % 50, "age": 45 + number % 40,
        })  # fmt: skip
    return people


def day(year: int, after: int) -> str:
    return (dt.date(year, 3, 2) + dt.timedelta(days=after)).strftime("%Y%m%d")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("outcomes")
    patients = []
    for number, one in enumerate(world()):
        new = one["year"] >= 2018
        tumor = {
            "reportingFacility": one["hospital"], "accessionNumberHosp": f"{one['year']}{number:05}", "classOfCase": one["class"],
            "primarySite": "C504", "dateOfDiagnosis": day(one["year"], 0), "dateOf1stContact": day(one["year"], 0),
            "summaryStage2018": one["stage"] if new else "", "seerSummaryStage2000": "" if new else one["stage"],
            "rxSummSurgPrimSite": "22" if one["operated"] else "00", "rxDateSurgery": day(one["year"], one["wait"]) if one["operated"] else "",
            "phase1RadiationTreatmentModality": "02" if one["irradiated"] else "00", "rxSummChemo": "00", "rxSummHormone": "00",
            "rxSummBrm": "00", "rxDateRadiation": day(one["year"], one["wait"] + 60) if one["irradiated"] else "", "ageAtDiagnosis": f"{one['age']:03}",
            "rxDateChemo": "", "rxDateHormone": "", "rxDateBrm": "", "rxDateSystemic": "", "reasonForNoRadiation": "1",
            "date1stCrsRxCoc": "", "dateInitialRxSeer": day(one["year"], one["wait"]) if one["operated"] else "",
        }  # fmt: skip
        person = {
            "patientIdNumber": f"{number + 1:08}", "nameLast": f"Woman{chr(65 + number % 26)}{chr(65 + number // 26)}",
            "socialSecurityNumber": f"21909{number:04}", "vitalStatus": "0" if one["dead"] else "1",
            "dateOfLastContact": day(one["year"], 30 * one["months"]), "dateOfBirth": f"{one['year'] - one['age']}0101",
        }  # fmt: skip
        patients.append((changed(PERSON, **person), [changed(TUMOR, **tumor)]))
    with Session.create(folder / "r.duckdb", key=KEY, reference_date="2007-01-01") as made:
        made.run("ingest.file", path=write(folder / "all.xml", *patients))
        yield made


@pytest.fixture(scope="module")
def local(session: Session) -> Session:
    return session.as_actor(Actor("anna", "registrar", frozenset({HOSPITALS[1]})))


def test_stage_by_hospital(session: Session) -> None:
    answer = session.run("outcomes.stage", by="facility", as_of=AS_OF)
    people = world()
    assert answer["table"]["group"].n_unique() == 5
    seen = 0
    for row in answer["table"].iter_rows(named=True):
        mine = [one for one in people if row["group"].endswith(one["hospital"])]
        count = sum(STAGES[one["stage"]] == row["stage"] for one in mine)
        if row["hidden"]:
            assert row["count"] is None and row["percent"] is None
            continue
        assert (row["count"], row["total"]) == (count, len(mine))
        assert row["percent"] == pytest.approx(100 * count / len(mine))
        seen += 1
    assert seen > 8
    assert any("manuals of 2000 and 2018" in note for note in answer["notes"])
    assert {"exclusions", "methods", "provenance", "threshold"} <= set(answer)
    assert "Wilson" in answer["methods"]


def test_a_hospital_sees_itself_and_the_pooled_rest(session: Session, local: Session) -> None:
    own = [one for one in world() if one["hospital"] == HOSPITALS[1]]
    for operation, table in (("outcomes.stage", "table"), ("outcomes.treatment", "combinations"), ("outcomes.time", "table"), ("outcomes.oe", "table"), ("measures.figures", "table"), ("outcomes.flow", "table")):  # fmt: skip
        words = {} if operation == "outcomes.oe" else {"by": "facility"}
        answer = local.run(operation, as_of=AS_OF, **words)
        groups = set(answer[table]["group"])
        assert len(groups) == 2 and "Other hospitals" in groups, operation
        for other in set(HOSPITALS) - {HOSPITALS[1]}:
            assert not any(other in str(value) for value in answer[table]["group"]), operation
    shares = local.run("outcomes.stage", by="facility", as_of=AS_OF)["table"]
    assert shares.filter(pl.col("group") != "Other hospitals")["total"].drop_nulls().unique().to_list() == [
        len(own)
    ]
    assert shares.filter(pl.col("group") == "Other hospitals")["total"].drop_nulls().unique().to_list() == [
        500 - len(own)
    ]
    plain = local.run("outcomes.stage", by=None, as_of=AS_OF)["table"]
    assert plain["total"].drop_nulls().unique().to_list() == [len(own)]
    assert local.run("outcomes.flow", as_of=AS_OF)["transfers"] is None
    exact = local.run("outcomes.stage", by="facility", profile="1", as_of=AS_OF)["table"]
    assert "Other hospitals" not in set(exact["group"])  # small numbers of others are never shown
    few = session.as_actor(Actor("mia", "registrar", frozenset(HOSPITALS[:3])))
    assert "Other hospitals" not in set(
        few.run("outcomes.stage", by="facility", as_of=AS_OF)["table"]["group"]
    )


def test_research_accounts_see_no_names_of_hospitals(session: Session) -> None:
    rita = session.as_actor(Actor("rita", "researcher"))
    groups = rita.run("outcomes.volume", by=["facility"], as_of=AS_OF)["table"]["facility"].to_list()
    assert groups[-1] == "All hospitals"
    assert all(name.startswith("Hospital ") for name in groups[:-1])
    with pytest.raises(Denied):
        rita.run("measures.cases", measure="colon-twelve-nodes")


def test_time_to_surgery(session: Session) -> None:
    answer = session.run("outcomes.time", of="surgery", as_of=AS_OF)
    row = answer["table"].row(0, named=True)
    waits = sorted(one["wait"] for one in world() if one["operated"])
    assert (row["total"], row["treated"], row["untreated"]) == (500, len(waits), 500 - len(waits))
    assert row["p50"] == waits[-(-len(waits) // 2) - 1]
    assert row["begun_60"] == pytest.approx(100 * sum(wait <= 60 for wait in waits) / 500, abs=1e-6)
    curve = answer["curve"]
    assert curve["begun"].is_sorted() and curve["day"][0] == 0


def test_observed_deaths_and_volume(session: Session) -> None:
    people = world()
    found = session.run("outcomes.oe", years=2, mix=["stage"], as_of=AS_OF)["table"]
    for row in found.filter(~pl.col("hidden")).iter_rows(named=True):
        mine = [one for one in people if row["group"].endswith(one["hospital"])]
        died = sum(one["dead"] and 30 * one["months"] <= 730 for one in mine)
        assert (row["patients"], row["observed"]) == (len(mine), died)
        assert row["ratio"] == pytest.approx(died / row["expected"])
        assert row["lower_99_8"] <= row["lower_95"] < 1 < row["upper_95"] < row["upper_99_8"]
    volume = session.run("outcomes.volume", by=["facility", "year"], as_of=AS_OF)["table"]
    total = volume.filter(pl.col("facility") == "All hospitals", pl.col("year") == "All years")
    assert total["count"].to_list() == [500]
    shown = volume.filter(
        pl.col("year") != "All years", pl.col("facility") != "All hospitals", ~pl.col("hidden")
    )
    for row in shown.iter_rows(named=True):
        assert row["count"] == sum(row["facility"].endswith(one["hospital"]) and one["year"] == int(row["year"]) for one in people)  # fmt: skip


def test_flow_and_migration(session: Session) -> None:
    flow = session.run("outcomes.flow", by="facility", as_of=AS_OF)
    assert set(flow["table"]["flow"]) == {"Diagnosed here, treated here", "Diagnosed elsewhere, treated here"}
    assert set(flow["transfers"]["treated_at"]) == set(flow["table"]["group"])
    moved = session.run("outcomes.migration", periods=[[2015, 2018], [2019, 2022]], years=2, as_of=AS_OF)
    assert moved["groups"] == ["2015-2018", "2019-2022"]
    row = (
        moved["shares"]
        .filter(pl.col("stage") == "Localized", pl.col("period") == "2019-2022")
        .row(0, named=True)
    )
    known = [one for one in world() if one["year"] >= 2019 and one["stage"] != "9"]
    assert row["count"] == sum(one["stage"] == "1" for one in known)
    with pytest.raises(BadInput, match="without overlap"):
        session.run("outcomes.migration", periods=[[2015, 2019], [2018, 2022]])


def meets(one: dict[str, Any]) -> bool | None:
    """Radiation after breast-conserving surgery; None = not asked."""
    if not one["operated"] or one["stage"] not in "13" or not 18 <= one["age"] <= 69:
        return None
    return bool(one["irradiated"])


def test_measure_by_year_and_its_cases(session: Session, local: Session) -> None:
    name = "breast-radiation-after-conserving-surgery"
    people = [one | {"met": meets(one)} for one in world() if meets(one) is not None]
    answer = session.run("measures.figures", measure=name, by="year", as_of=AS_OF, profile="1")
    assert answer["table"].height == 8
    for row in answer["table"].iter_rows(named=True):
        mine = [one for one in people if str(one["year"]) == row["group"]]
        assert (row["total"], row["met"]) == (len(mine), sum(one["met"] for one in mine))
    assert answer["why"]["remaining"][-1] == len(people)
    cases = session.run("measures.cases", measure=name, as_of=AS_OF)
    assert cases.height == sum(not one["met"] for one in people)
    own = local.run("measures.cases", measure=name, as_of=AS_OF)
    assert 0 < own.height == sum(not one["met"] for one in people if one["hospital"] == HOSPITALS[1])
    funnel = session.run("outcomes.funnel", measure=name, profile="1", as_of=AS_OF)
    assert funnel["points"].height == 5
    assert funnel["points"]["total"].sum() == len(people)
    assert funnel["lines"]["total"].is_sorted()


OWN = """
[[measure]]
id = "breast-surgery"
version = "VERSION"
title = "Surgery of breast cancer, été"
question = "Was the tumor removed?"
site = "Breast"
source = "ours"
benchmark = 80
denominator = ["site = C50"]
numerator = ["surgery = yes"]
"""


def test_a_registry_adds_measures_of_its_own(session: Session, local: Session) -> None:
    first = OWN.replace("VERSION", "1")
    assert session.run("measures.add", text=first) == {"added": ["breast-surgery"], "unchanged": []}
    assert session.run("measures.add", text=first)["unchanged"] == ["breast-surgery"]
    with pytest.raises(Conflict, match="new version"):
        session.run("measures.add", text=first.replace("80", "85"))
    with pytest.raises(BadInput, match="no column sight"):
        session.run("measures.add", text=first.replace('"site =', '"sight ='))
    with pytest.raises(Denied):
        local.run("measures.add", text=first)
    manager = session.as_actor(Actor("mo", "manager", frozenset({HOSPITALS[1]})))
    with pytest.raises(Denied, match="whole registry"):
        manager.run("measures.withdraw", measure="breast-surgery")
    row = session.run("measures.figures", measure="breast-surgery", as_of=AS_OF)["table"].row(0, named=True)
    operated = sum(one["operated"] for one in world())
    assert (row["total"], row["met"], row["found"]) == (500, operated, "as the benchmark" if row["lower"] <= 80 <= row["upper"] else "better than the benchmark")  # fmt: skip
    session.run("measures.add", text=OWN.replace("VERSION", "2"))
    shown = session.run("measures.show", measure="breast-surgery")
    assert shown["versions"].sort("version")["current"].to_list() == [False, True]
    session.run("measures.withdraw", measure="breast-surgery")
    with pytest.raises(NotFound):
        session.run("measures.show", measure="breast-surgery")
    with pytest.raises(NotFound, match="did you mean colon-twelve-nodes"):
        session.run("measures.show", measure="colon-twelve-node")
    with pytest.raises(NotFound, match="belongs to the package"):
        session.run("measures.withdraw", measure="colon-twelve-nodes")


def test_command_line(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    Session.create(tmp_path / "r.duckdb", key=KEY).close()
    base = ("--db", tmp_path / "r.duckdb")
    for words in (("stage",), ("migration",), ("treatment",), ("time",), ("oe",), ("funnel", "colon-twelve-nodes"), ("volume",), ("flow",)):  # fmt: skip
        code, out, err = run("stats", "outcomes", *words, *base)
        assert (code, err) == (0, ""), words
        assert "not shown" in out
    assert "colon-twelve-nodes" in run("stats", "measures", "list", *base)[1]
    assert run("stats", "measures", *base)[0] == 0
    assert "asked of" in run("stats", "measures", "show", "colon-twelve-nodes", *base)[1]
    file = tmp_path / "own.toml"
    file.write_text(OWN.replace("VERSION", "1"), encoding="utf-8")
    assert "added: breast-surgery" in run("stats", "measures", "add", file, *base)[1]
    assert "withdrawn" in run("stats", "measures", "withdraw", "breast-surgery", *base)[1]
    for words in (("measures", "add", "missing.toml"), ("outcomes", "migration", "--periods", "x"), ("outcomes", "time", "--to-treatment", "x")):  # fmt: skip
        code, out, err = run("stats", *words, *base)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
