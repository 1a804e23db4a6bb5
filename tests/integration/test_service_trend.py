"""Trends over a registry's own rates: what is fitted, what is hidden or left out, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from registry.analytics import joinpoint
from registry.analytics.incidence import AGE_GROUPS
from registry.cli import main
from registry.errors import BadInput, Denied
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY

YEARS = range(2001, 2023)


def cases() -> pl.DataFrame:
    """Lung cancers of women that rise by 6 % a year until 2012 and then fall by 8 %, of men that stay; few of the larynx."""
    random = np.random.default_rng(5)
    rows = []
    for year in YEARS:
        bend = 1.06 ** min(year - 2001, 11) * 0.92 ** max(year - 2012, 0)
        share = 0.4 if year == 2022 else 1.0  # still being reported
        yearly = {("C341", "2"): 60 * bend, ("C341", "1"): 60, ("C329", "1"): 3, ("C259", "1"): 35}
        for (site, sex), number in yearly.items():
            ages = random.integers(45, 90, random.poisson(number * share)).tolist()
            rows += [(site, sex, year, age) for age in ages]
    table = pl.DataFrame(rows, schema=["primarySite", "sex", "year", "age"], orient="row")
    return table.with_row_index("number", offset=1).with_columns(pl.col("number").cast(pl.Int64))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trend")
    table = cases()
    patients = table.select(
        pl.col("number").alias("patient_id"), pl.col("sex").alias("sexAssignedAtBirth"), pl.lit("1").alias("vitalStatus"),
        pl.lit("20230101").alias("dateOfLastContact"),
    )  # fmt: skip
    tumors = table.select(
        pl.col("number").alias("tumor_id"), pl.col("number").alias("patient_id"), "primarySite",
        pl.lit("8070").alias("histologicTypeIcdO3"), pl.lit("3").alias("behaviorCodeIcdO3"),
        pl.format("{}0702", "year").alias("dateOfDiagnosis"), pl.lit("NY").alias("addrAtDxState"),
        pl.col("age").cast(pl.String).str.zfill(3).alias("ageAtDiagnosis"), pl.lit("00").alias("sequenceNumberCentral"),
        pl.format("{}0301", pl.col("year") + 1).alias("dateCaseReportReceived"),
    )  # fmt: skip
    population = pl.DataFrame({"year": list(YEARS)}).join(pl.DataFrame({"sex": ["1", "2"]}), how="cross")
    population = population.join(pl.DataFrame({"age_group": AGE_GROUPS}), how="cross").select(
        pl.lit("NY").alias("state"), pl.lit("").alias("county"), "year", "sex", pl.lit("").alias("race"), "age_group",
        pl.lit(4000).alias("population"),
    )  # fmt: skip
    population.write_csv(folder / "population.csv")
    with Session.create(folder / "r.duckdb", key=KEY, reference_date="2001-01-01") as session:
        with session._store.unit_of_work("tester", "load") as work:
            work.insert("patient", patients)
            work.insert("tumor", tumors)
        session.run(
            "population.load", path=str(folder / "population.csv"), kind="population", source="Made up"
        )
    return folder / "r.duckdb"


@pytest.fixture
def session(database: Path) -> Iterator[Session]:
    with Session.open(database, key=KEY) as opened:
        yield opened


def test_trends_are_fitted_to_what_is_published(session: Session) -> None:
    found = session.run("trend.table", by="sex", site="Lung and Bronchus", as_of="2023-06-30")
    rates, segments = found["rates"], found["segments"]
    assert rates["group"].unique(maintain_order=True).to_list() == ["Male", "Female"]
    late = rates.filter("incomplete")["year"].unique().to_list()
    assert 2022 in late
    women = rates.filter((pl.col("group") == "Female") & ~pl.col("incomplete"))
    model = joinpoint(women)
    (turn,) = model.joinpoints
    assert abs(turn - 2012) <= 1
    shown = segments.filter(group="Female").drop("group", "segment")
    assert shown.rows() == model.segments.select(shown.columns).rows()
    first, second = shown["apc"]
    assert first > 2 and second < -4
    assert segments.filter(group="Male").height == 1
    assert found["locations"].filter(group="Female")["joinpoint"].to_list() == [turn]
    assert found["fitted"].filter(group="Female")["year"].to_list() == women["year"].to_list()
    spans = found["averages"].filter(group="Female")["span"].to_list()
    assert spans == ["all years", "last 10 years", "last 5 years"]
    assert found["left_out"].is_empty()
    assert (found["standard"], found["source"], found["by"]) == ("us2000", "Made up", ["sex"])
    assert "joinpoint models" in found["methods"] and "at most 3 joinpoints" in found["note"]
    assert {"exclusions", "provenance", "threshold", "delay", "missing"} <= set(found)


def test_a_group_with_hidden_years_has_no_trend(session: Session) -> None:
    """The larynx is rare; the pancreas is hidden with it, or the total by year would tell."""
    found = session.run("trend.table", by="site", as_of="2023-06-30")
    reason = "a year has too few cases to be shown"
    assert found["left_out"].rows() == [("Larynx", reason), ("Pancreas", reason)]
    assert found["segments"]["group"].unique().to_list() == ["Lung and Bronchus"]
    larynx = found["rates"].filter((pl.col("group") == "Larynx") & pl.col("hidden"))
    shown = larynx.select("count", "rate", "se", "lower", "upper")
    assert larynx.height and all(shown[name].null_count() == larynx.height for name in shown.columns)
    assert "Larynx" not in found["fitted"]["group"].to_list() + found["averages"]["group"].to_list()


def test_one_series_years_narrowed_and_a_permutation_test(session: Session) -> None:
    found = session.run(
        "trend.table",
        year_from=2005,
        year_to=2020,
        select="permutation",
        max_joinpoints=1,
        as_of="2023-06-30",
    )
    assert found["rates"]["group"].unique().to_list() == ["All"]
    assert found["rates"]["year"].to_list() == list(range(2005, 2021))
    assert "permutation tests" in found["methods"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"max_joinpoints": 6}, "6 joinpoints; ask for 0 to 5"),
        ({"select": "aic"}, '"aic" is no way to select'),
        ({"by": ["sex", "year"]}, "is by year already"),
        ({"by": "shoe_size"}, "shoe_size"),
        ({"standard": "mars"}, "mars"),
    ],
)
def test_what_is_asked_wrongly(session: Session, words: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        session.run("trend.table", **words)


def test_accounts_held_to_a_facility_may_not_ask(session: Session) -> None:
    with pytest.raises(Denied, match="held to facilities"):
        session.as_actor(Actor("maya", "manager", frozenset({"0009990010"}))).run("trend.table")


def test_the_command_prints_segments_and_averages(
    database: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    monkeypatch.setenv("REGISTRY_DB", str(database))
    for words in (["--by", "site_group", "--to", "2020"], ["--json", "--sex", "2", "--max-joinpoints", "1"]):
        with pytest.raises(SystemExit) as stop:
            main(["stats", "trend", *words])
        shown = capsys.readouterr().out
        assert not stop.value.code
        assert (
            ("Larynx" in shown and "last 10 years" in shown) if words[0] == "--by" else '"segments"' in shown
        )
