"""Figures on a small registry: the analysis frame, studies, saved cohorts, survival by every method, scope, empty ones."""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from registry import analytics
from registry.analytics import cohorts
from registry.analytics.cohorts import SurvivalRules, survival_cohort
from registry.errors import BadInput, Conflict, Denied, NotFound, NotReady
from registry.security.roles import Actor
from registry.service import Session, frames
from registry.service.operations import Context
from registry.service.statistics import analysis, analysis_columns

ONE, TWO = "0000000001", "0000000002"
AS_OF = "2024-12-31"
PEOPLE = 900
PATIENT = ["sexAssignedAtBirth", "race1", "spanishHispanicOrigin", "dateOfBirth", "dateOfLastContact", "vitalStatus",
           "causeOfDeath", "icdRevisionNumber"]  # fmt: skip
TUMOR = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis", "ageAtDiagnosis", "classOfCase",
         "sequenceNumberCentral", "typeOfReportingSource", "summaryStage2018", "seerSummaryStage2000", "addrAtDxState",
         "countyAtDx", "reportingFacility", "diagnosticConfirmation", "dateInitialRxSeer", "rxDateSurgery",
         "rxDateChemo", "rxSummTreatmentStatus", "rxSummChemo"]  # fmt: skip


def written(days: np.ndarray) -> list[str]:
    """NAACCR dates; some without a day, some without a month, some impossible."""
    text = pl.Series(days).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y%m%d").to_list()
    cut = [8, 8, 8, 8, 8, 8, 8, 8, 6, 4]
    return [("20150230" if n % 97 == 5 else one[: cut[(n * 7) % 10]]) for n, one in enumerate(text)]


def people(size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Made-up patients and tumors (a tenth with a second one), one facility a patient."""
    random = np.random.default_rng(7)
    diagnosed = random.integers(13_000, 19_500, size)
    lived = np.floor(random.exponential(1800, size))
    end = np.minimum(diagnosed + lived, 20_000 - random.integers(0, 900, size)).astype(int)
    dead = random.random(size) < 0.6
    ids = np.arange(1, size + 1)
    patients = pl.DataFrame({
        "patient_id": ids, "sexAssignedAtBirth": random.choice(["1", "2", "9"], size, p=[0.49, 0.49, 0.02]),
        "race1": random.choice(["01", "02", "03", "04", "97", "98", "99", ""], size),
        "spanishHispanicOrigin": random.choice(["0", "1", "7", "9"], size),
        "dateOfBirth": written(diagnosed - random.integers(365, 32_000, size)),
        "dateOfLastContact": written(end), "vitalStatus": np.where(dead, "0", random.choice(["1", "1", "1", "9"], size)),
        "causeOfDeath": np.where(dead, random.choice(["C509", "C349", "I219", "7777", "C61"], size), "0000"),
        "icdRevisionNumber": np.where(dead, random.choice(["1", "1", ""], size), "0"),
    })  # fmt: skip
    rows = size + size // 10
    owner = np.concatenate([ids, np.arange(1, size // 10 + 1)])
    since = diagnosed[owner - 1] + np.where(np.arange(rows) >= size, 200, 0)
    tumors = pl.DataFrame({
        "tumor_id": np.arange(1, rows + 1), "patient_id": owner,
        "primarySite": random.choice(["C509", "C619", "C341", "C672", "C189", " "], rows),
        "histologicTypeIcdO3": random.choice(["8140", "8500", "8070", "9680", "xxxx"], rows),
        "behaviorCodeIcdO3": random.choice(["3", "3", "3", "3", "2", "0", ""], rows), "dateOfDiagnosis": written(since),
        "ageAtDiagnosis": random.choice(["061", "999", "", "007", "093"], rows),
        "classOfCase": random.choice(["10", "14", "22", "32", "99", ""], rows),
        "sequenceNumberCentral": random.choice(["00", "01", "02", "60", ""], rows, p=[0.5, 0.1, 0.1, 0.05, 0.25]),
        "typeOfReportingSource": random.choice(["1", "3", "6", "7", ""], rows, p=[0.7, 0.1, 0.05, 0.05, 0.1]),
        "summaryStage2018": random.choice(["0", "1", "3", "7", "9", ""], rows),
        "seerSummaryStage2000": random.choice(["0", "1", "2", "7", "9", ""], rows),
        "addrAtDxState": random.choice(["NY", "NJ"], rows), "countyAtDx": random.choice(["001", "003", ""], rows),
        "reportingFacility": np.where(owner % 3 == 0, TWO, ONE),
        "diagnosticConfirmation": random.choice(["1", "5", "9"], rows),
        "dateInitialRxSeer": written(since + random.integers(-5, 90, rows)),
        "rxDateSurgery": written(since + random.integers(0, 200, rows)),
        "rxDateChemo": written(since + random.integers(0, 200, rows)),
        "rxSummTreatmentStatus": random.choice(["0", "1", "2"], rows, p=[0.1, 0.85, 0.05]),
        "rxSummChemo": random.choice(["00", "03", ""], rows),
    })  # fmt: skip
    blank = [pl.col(pl.String).replace("", None)]
    return patients.with_columns(blank), tumors.with_columns(blank)


def fill(session: Session, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
    store = session._store
    abstracts = tumors.join(patients, on="patient_id").with_columns(
        abstract_id=pl.col("tumor_id"), facility_id=pl.col("reportingFacility"), record_type=pl.lit("A"),
        status=pl.lit("complete"),
    )  # fmt: skip
    for table, frame, items in (
        ("patient", patients, PATIENT), ("tumor", tumors, TUMOR), ("abstract", abstracts, [*PATIENT, *TUMOR])
    ):  # fmt: skip
        store.ensure_columns(table, items)
        with store.unit_of_work("test", "load") as work:
            work.insert(table, frame)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    path = tmp_path_factory.mktemp("statistics") / "r.duckdb"
    with Session.create(path, key="a long and random key 0123456789") as opened:
        fill(opened, *people(PEOPLE))
        yield opened


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    path = tmp_path_factory.mktemp("empty") / "r.duckdb"
    with Session.create(path, key="a long and random key 0123456789") as opened:
        yield opened


def context(session: Session, actor: Actor | None = None) -> Context:
    return Context(session._store, actor or session.actor, session, session._now)


def day(text: str | None, *, years: bool = False) -> dt.date | None:
    """The house's rule, one value at a time."""
    if not text or not text.isdigit() or len(text) not in (4, 6, 8) or (len(text) == 4 and not years):
        return None
    try:
        parts = int(text[:4]), int(text[4:6] or 7), int(text[6:8] or (15 if len(text) == 6 else 1))
        return dt.date(*parts)
    except ValueError:
        return None


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


@pytest.mark.parametrize("by", [None, "stage", "sex"])
def test_kaplan_meier_agrees_with_the_library_on_the_records(session: Session, by: str | None) -> None:
    """Another way to the same numbers: the records themselves, the notebook's function."""
    patients, tumors = frames.load(context(session), PATIENT, TUMOR)
    answer = session.run("survival.kaplan_meier", by=by, as_of=AS_OF, profile="default")
    stages = analysis.tumors(context(session)).select("tumor_id", pl.col("stage").cast(pl.String))
    cohort, flow = survival_cohort(
        patients, tumors.join(stages, on="tumor_id", how="left"), dt.date(2024, 12, 31),
        rules=SurvivalRules(zero_time="half_day"), key="patient_id",
    )  # fmt: skip
    names = {"1": "Male", "2": "Female", "9": "Unknown"}
    group = {None: pl.lit("All"), "stage": pl.col("stage"), "sex": pl.col("sex_at_birth").replace(names)}[by]
    curve = analytics.kaplan_meier(cohort.with_columns(group.alias("group")), by="group")
    expected = analytics.survival_at(curve, [12, 60], by="group")
    told = answer["at_years"].filter(pl.col("years").is_in([1.0, 5.0]))
    assert told.height >= 2
    both = told.join(
        expected.with_columns(years=pl.col("time") / 12), on=["group", "years"], suffix="_expected"
    )
    assert both.height == told.height
    assert (both["survival"] - both["survival_expected"]).abs().max() < 1e-12  # type: ignore[operator]
    assert (both["lower"] - both["lower_expected"]).abs().max() < 1e-12  # type: ignore[operator]
    unknown = cohort.filter(pl.col("sex_at_birth") == "9").height if by == "sex" else 0
    assert answer["patients"] == flow["remaining"][-1] - unknown == answer["exclusions"]["remaining"][-1]


METHODS = ["kaplan-meier", "cause-specific", "competing", "conditional", "life-table", "nelson-aalen"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("by", [None, ["sex"], ["hispanic", "stage", "sex"]])
def test_every_method_answers_in_one_shape(session: Session, method: str, by: list[str] | None) -> None:
    answer = session.run("survival.estimate", method=method, by=by, as_of=AS_OF)
    cause = ["cause"] if method == "competing" else []
    assert answer["curve"].columns == ["group", *cause, "years", "estimate", "lower", "upper"]
    assert answer["at_years"].columns == ["group", *cause, "years", "estimate", "lower", "upper", "hidden"]
    assert answer["at_risk"].columns == ["group", "years", "at_risk", "hidden"]
    assert set(answer["curve"]["group"]) <= set(answer["groups"])
    shown = answer["at_years"].filter(~pl.col("hidden"))
    assert shown["estimate"].null_count() == 0
    assert (
        answer["at_risk"]["at_risk"].drop_nulls().filter(answer["at_risk"]["at_risk"].drop_nulls() > 0).min()
        >= 11
    )
    for name in ("exclusions", "methods", "provenance", "threshold", "notes"):
        assert answer[name] is not None
    assert answer["provenance"]["data_version"] == analysis.data_version(context(session))
    assert answer["exclusions"]["remaining"][0] == PEOPLE + PEOPLE // 10


def test_a_group_that_a_later_step_empties_is_gone(session: Session) -> None:
    asked = {"by": "period", "approach": "cohort", "period": [2010, 2014], "as_of": AS_OF}
    answer = session.run("survival.estimate", **asked)
    assert answer["groups"] == ["2010-2014"]
    assert answer["exclusions"]["remaining"][-1] == answer["people"]


def test_tests_and_models_answer(session: Session) -> None:
    plain = session.run("survival.compare", by="sex", as_of=AS_OF)["test"]
    layered = session.run("survival.compare", by="sex", strata="stage", as_of=AS_OF)["test"]
    gray = session.run("survival.compare", by="sex", test="gray", as_of=AS_OF)["test"]
    assert plain["df"] == layered["df"] == gray["df"]
    assert plain["chisq"] != layered["chisq"]
    assert session.run("survival.compare", by="sex", sexes=["1"], as_of=AS_OF)["test"] is None
    model = session.run("survival.cox", covariates=["age", "sex"], strata="stage", as_of=AS_OF)
    assert model["terms"]["term"].to_list()[0] == "Age, per 10 years"
    assert model["terms"].filter("reference")["hazard_ratio"].to_list() == [1.0]
    assert model["proportional"]["term"].to_list()[-1] == "All covariates together"


@pytest.mark.parametrize(
    ("operation", "asked", "words"),
    [
        ("survival.estimate", {"method": "magic"}, "choose one of kaplan-meier"),
        ("survival.estimate", {"approach": "period", "period": [2010, 2014]}, "has no period approach"),
        ("survival.estimate", {"approach": "cohort"}, "needs two years"),
        ("survival.estimate", {"standard": "icss1"}, "not standardised"),
        ("survival.estimate", {"by": ["sex", "stage", "site", "race"]}, "at most three"),
        ("survival.estimate", {"by": "colour"}, "cannot compare by 'colour'"),
        ("survival.estimate", {"sites": ["Brest"]}, "did you mean Breast"),
        ("survival.estimate", {"ci": "wide"}, "no kind of limits"),
        ("survival.compare", {"test": "magic"}, "choose one of log-rank"),
        ("survival.estimate", {"method": "conditional-net", "standard": "icss1"}, "not standardised"),
        ("survival.excess", {"covariates": ["sex"], "intervals": [0, 2, 1]}, "do not rise"),
        ("survival.excess", {"covariates": ["sex"], "intervals": [1, 2]}, "do not rise"),
        ("survival.excess", {"covariates": ["sex"], "approach": "period"}, "needs two years"),
        ("survival.cox", {"covariates": ["colour"]}, "there is no covariate"),
        ("survival.cox", {"covariates": ["sex"], "strata": "sex"}, "each once"),
        ("cohort.preview", {"cohort": {"sits": []}}, "did you mean sites"),
        ("cohort.export", {"cohort": {}, "form": "pdf"}, "choose yaml or link"),
    ],
)  # fmt: skip
def test_wrong_questions_are_refused_in_one_line(
    session: Session, operation: str, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words) as found:
        session.run(operation, **asked)
    assert "\n" not in str(found.value)


def test_without_a_life_table_the_answer_says_what_to_do(session: Session) -> None:
    with pytest.raises(NotReady, match="registry stats population load"):
        session.run("survival.estimate", method="net")


@pytest.fixture(scope="module")
def with_table(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The registry with a life table of two regions, in which everybody dies at the same rate (5 % a year)."""
    rows = [
        f"{region},{sex},{year},{age},{0.05 / 365.25}\n"
        for region in ("", "NY") for sex in "12" for year in (2005, 2006) for age in range(3)
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("table") / "life.csv"
    path.write_text("region,sex,year,age,daily_hazard\n" + "".join(rows))
    assert session.run("population.load", path=str(path), kind="life-table", source="FLAT")["loaded"]
    return session


@pytest.mark.parametrize("method", ["net", "ederer2", "ederer1", "hakulinen"])
def test_relative_survival_by_a_flat_life_table_is_survival_over_expected(
    with_table: Session, method: str
) -> None:
    """With one hazard for everybody each method divides by exp(-0.05 t), but for the grid of days."""
    relative = with_table.run("survival.estimate", method=method, as_of=AS_OF)
    observed = with_table.run("survival.estimate", method="kaplan-meier", sexes=["1", "2"], as_of=AS_OF)
    both = (
        relative["at_years"]
        .join(observed["at_years"], on="years", suffix="_observed")
        .filter(~pl.col("hidden"))
    )
    assert both.height >= 3
    ratio = both["estimate"] / both["estimate_observed"] / (0.05 * both["years"]).exp()
    assert (ratio - 1).abs().max() < 6e-3  # type: ignore[operator]
    assert "life table FLAT" in relative["methods"]


def test_approaches_standards_and_the_test_of_net_survival(with_table: Session) -> None:
    asked = {"method": "net", "by": "sex", "as_of": AS_OF}
    whole = with_table.run("survival.estimate", **asked, test="net")
    assert whole["test"]["df"] == 1
    period = with_table.run("survival.estimate", **asked, approach="period", period=[2018, 2020], test="net")
    assert period["test"]["chisq"] != whole["test"]["chisq"]
    with pytest.raises(BadInput, match="no window"):
        with_table.run("survival.estimate", **asked, approach="period", period=[2018, 2020], test="log-rank")
    hybrid = with_table.run("survival.estimate", **asked, approach="hybrid", period=[2018, 2020])
    cohort = with_table.run("survival.estimate", **asked, approach="cohort", period=[2008, 2012])
    standard = with_table.run("survival.estimate", **asked, standard="icss1")
    assert "2018-01-01 to 2020-12-31" in period["notes"][-1]
    assert "2018-01-01 to 2024-12-31" in hybrid["notes"][-1]
    assert cohort["exclusions"]["remaining"][-1] < period["exclusions"]["remaining"][-1]
    assert "ICSS 1" in standard["methods"]
    with pytest.raises(BadInput, match="there is none of 'NOPE'"):
        with_table.run("survival.estimate", method="net", life_table="NOPE")


def test_conditional_net_survival_is_a_ratio_and_crude_probabilities_are_all_deaths(
    with_table: Session,
) -> None:
    def ask(method: str, **more: Any) -> dict[str, Any]:
        return with_table.run("survival.estimate", method=method, by="sex", as_of=AS_OF, **more)

    net, later = ask("net"), ask("conditional-net", given=2)
    values = {(row["group"], row["years"]): row["estimate"] for row in net["at_years"].iter_rows(named=True)}
    shown = later["at_years"].filter(~pl.col("hidden"))
    assert set(shown["years"]) <= {3, 5, 10}
    assert shown.height >= 3
    for row in shown.iter_rows(named=True):
        assert row["estimate"] == pytest.approx(values[row["group"], row["years"]] / values[row["group"], 2])
        assert row["lower"] < row["estimate"] < row["upper"]
    assert later["curve"]["years"].min() == 2
    crude, seen = ask("crude-probability"), ask("kaplan-meier", sexes=["1", "2"])
    assert crude["curve"].columns == ["group", "cause", "years", "estimate", "lower", "upper", "std_error"]
    both = (
        crude["at_years"].filter(~pl.col("hidden")).group_by("group", "years").agg(pl.col("estimate").sum())
    )
    both = both.join(seen["at_years"].filter(~pl.col("hidden")), on=["group", "years"], suffix="_seen")
    assert both.height >= 6
    assert (both["estimate"] + both["estimate_seen"] - 1).abs().max() < 5e-3  # type: ignore[operator]
    assert "life table FLAT" in crude["methods"]


@pytest.mark.parametrize("method", ["net", "ederer2", "conditional-net", "crude-probability"])
def test_numbers_at_risk_are_those_within_the_window(with_table: Session, method: str) -> None:
    asked = {"method": method, "as_of": AS_OF, "profile": "1"}
    found = with_table.run("survival.estimate", **asked, approach="period", period=[2016, 2018])
    frame = analysis.study(
        context(with_table), None, as_of=AS_OF, follow_up=True, default=cohorts.SURVIVAL, columns=["sex"]
    ).frame.filter(pl.col("sex").cast(pl.String).is_in(["1", "2"]))
    first, last = dt.date(2016, 1, 1), dt.date(2018, 12, 31)
    for years, present, _ in found["at_risk"].select("years", "at_risk", "hidden").iter_rows():
        day = max(1, math.ceil(years * 365.25))  # the day of follow-up that ends then, or the first
        on = pl.col("start") + pl.duration(days=day)
        within = (pl.col("time").ceil() >= day) & on.is_between(first, last)
        if not (method == "conditional-net" and years == 0):
            assert present == frame.filter(within).height
    assert found["at_risk"]["at_risk"][0] > found["at_risk"]["at_risk"][-1]


def test_the_excess_hazard_model(with_table: Session) -> None:
    asked = {"covariates": ["age", "sex", "stage"], "intervals": [0, 1, 3, 5], "as_of": AS_OF}
    made = with_table.run("survival.excess", **asked)
    terms = made["terms"]
    assert terms["term"][0] == "Age, per 10 years"
    assert terms.filter("reference")["hazard_ratio"].to_list() == [1.0, 1.0]
    shown = terms.filter(~pl.col("hidden"), ~pl.col("reference"))
    assert shown.height
    assert (shown["lower"] < shown["hazard_ratio"]).all()
    baseline = made["baseline"]
    assert baseline.columns == ["from", "to", "events", "rate", "lower", "upper", "hidden"]
    assert baseline["events"].sum() == made["events"] == terms.filter(covariate="sex")["events"].sum()
    assert "at age 60" in made["methods"]
    assert "life table FLAT" in made["methods"]
    window = with_table.run("survival.excess", **asked, approach="period", period=[2014, 2018])
    assert window["events"] < made["events"]
    hidden = with_table.run("survival.excess", **asked, profile="40")
    small = pl.col("events").is_between(1, 39)
    for table in ("terms", "baseline"):
        assert hidden[table].filter(small).is_empty()
    dead = with_table.run("survival.cox", covariates=["age"], as_of=AS_OF)["events"]
    few = with_table.run("survival.cox", covariates=["age"], as_of=AS_OF, profile=str(dead + 1))
    assert [few[name] for name in ("events", "loglik", "loglik_null", "concordance")] == [None] * 4
    assert few["terms"]["events"].null_count() == few["terms"].height
    gone = hidden["baseline"].filter("hidden")
    assert gone.height != 1
    assert gone["rate"].null_count() == gone.height


def test_researchers_get_no_smaller_counts_than_the_default(session: Session) -> None:
    rita = session.as_actor(Actor("rita", "researcher"))
    with pytest.raises(BadInput, match="smaller counts"):
        rita.run("survival.estimate", profile="5")
    assert session.run("survival.estimate", profile="5", as_of=AS_OF)["threshold"] == 5


def test_saved_cohorts(session: Session) -> None:
    anna, otto = (
        session.as_actor(Actor(name, "registrar", frozenset({home})))
        for name, home in (("anna", ONE), ("otto", TWO))
    )
    rita = session.as_actor(Actor("rita", "researcher"))
    definition = {"sites": ["Breast"], "years": [2010, 2020]}
    assert anna.run("cohort.save", name="Mamma, früh", definition=definition)["version"] == 1
    session.run("cohort.save", name="Everywhere", definition={"sequence": "first"})
    session.run("cohort.save", name="Mine", definition={}, shared=False)
    assert anna.run("cohort.list")["name"].to_list() == ["Everywhere", "Mamma, früh"]
    assert otto.run("cohort.list")["name"].to_list() == ["Everywhere"]
    assert rita.run("cohort.list")["name"].to_list() == ["Everywhere", "Mamma, früh"]
    with pytest.raises(NotFound):
        otto.run("survival.estimate", cohort="Mamma, früh")
    shown = anna.run("cohort.show", name="mamma, FRÜH")
    assert (shown["definition"]["sites"], shown["may_change"]) == (["Breast"], True)
    for asked in (definition, shown["link"], "Mamma, früh"):
        assert anna.run("cohort.preview", cohort=asked, as_of=AS_OF)["exclusions"].height > 1
    with pytest.raises(Conflict, match="version 1"):
        anna.run("cohort.save", name="Mamma, früh", definition={})
    assert anna.run("cohort.save", name="Mamma, früh", definition={}, expected_version=1)["version"] == 2
    with pytest.raises(Conflict):
        anna.run("cohort.save", name="Mamma, früh", definition={}, expected_version=1)
    with pytest.raises(Denied):
        rita.run("cohort.remove", name="Mamma, früh", expected_version=2)
    with pytest.raises(Denied):
        rita.run("cohort.save", name="everywhere", definition={})
    assert anna.run("cohort.remove", name="Mamma, früh", expected_version=2)["version"] == 3
    assert anna.run("cohort.list")["name"].to_list() == ["Everywhere"]
    assert (
        anna.run("cohort.load", text=session.run("cohort.export", cohort="Everywhere"))["name"]
        == "Everywhere"
    )


def test_of_two_saves_of_one_name_at_once_one_is_kept(tmp_path: Path) -> None:
    with Session.create(tmp_path / "r.duckdb") as opened:

        def save(place: int) -> str:
            try:
                opened.run(
                    "cohort.save", name="Breast" if place % 2 else "breast", definition={"sites": ["Breast"]}
                )
            except Conflict:
                return "told"
            return "kept"

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(save, range(12)))
        assert answers.count("kept") == 1
        assert opened.run("cohort.list").height == 1
        assert opened.run("audit.verify")["ok"]


def test_an_empty_registry_answers(empty: Session) -> None:
    assert empty.run("survival.choices")["sites"] == []
    assert empty.run("cohort.choices")["years"] == []
    assert empty.run("cohort.preview")["n"] == 0
    for method in METHODS:
        answer = empty.run("survival.estimate", method=method, by=["stage", "sex"], test="log-rank")
        assert answer["curve"].is_empty()
        assert answer["test"] is None
    assert empty.run("survival.kaplan_meier", by="period")["curve"].is_empty()
    assert empty.run("survival.compare")["test"] is None
    with pytest.raises(BadInput, match=r"large enough|nobody died"):
        empty.run("survival.cox", covariates=["age"])
    with pytest.raises(NotReady):
        empty.run("survival.excess", covariates=["age"])
