"""Survival figures of a small registry: every method, tests, models, approaches, wrong questions, empty registries."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from registry import analytics
from registry.analytics import cohorts
from registry.analytics.cohorts import SurvivalRules, survival_cohort
from registry.errors import BadInput, NotReady
from registry.security.roles import Actor
from registry.service import Session, frames
from registry.service.statistics import analysis
from tests.integration.figures_registry import (
    AS_OF,
    PATIENT,
    PEOPLE,
    TUMOR,
    context,
    opened,
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with opened(tmp_path_factory.mktemp("statistics")) as made:
        yield made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with opened(tmp_path_factory.mktemp("empty"), 0) as made:
        yield made


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
