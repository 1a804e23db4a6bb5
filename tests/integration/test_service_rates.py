"""Rates and prevalence of a registry: matched with its population, small numbers hidden, missing denominators said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from registry.analytics import incidence
from registry.analytics.incidence import AGE_GROUPS
from registry.errors import BadInput, Conflict, Denied, NotFound
from registry.security.roles import Actor
from registry.service import Session
from tests.received import KEY

YEARS = range(2012, 2020)
COUNTIES = ("001", "003")
PEOPLE = {("1", "001"): 900, ("1", "003"): 400, ("2", "001"): 1000, ("2", "003"): 500}
"""Of each age group, in each year."""


def cases() -> pl.DataFrame:
    """Lung and prostate in two counties, few of the larynx, some that belong nowhere."""
    random = np.random.default_rng(11)
    rows: list[tuple[Any, ...]] = []
    for year in YEARS:
        for (sex, county), people in PEOPLE.items():
            for site, mean in (("C341", 0.02), ("C619", 0.03 if sex == "1" else 0), ("C329", 0.002)):
                number = random.poisson(mean * people)
                rows += [
                    (site, sex, county, "NY", f"{year}0702", int(age))
                    for age in random.integers(40, 95, number)
                ]
    rows += [("C341", "9", "001", "NY", "20150101", 60), ("C341", "1", "001", "NY", "20150101", None)]
    rows += [("C341", "2", "001", "PA", "20150101", 60)] * 12 + [("C619", "2", "001", "NY", "20150101", 60)]
    rows += [("C341", "1", "999", "NY", "20150702", 61), ("C341", "1", "001", "NY", "20200301", 61)]
    columns = ["site", "sex", "county", "state", "date", "age"]
    return (
        pl.DataFrame(rows, schema=columns, orient="row")
        .with_row_index("n", offset=1)
        .with_columns(pl.col("n").cast(pl.Int64))
    )


def population(folder: Path) -> Path:
    rows = [
        ("NY", county, year, sex, age, people)
        for (sex, county), people in PEOPLE.items() for year in YEARS for age in AGE_GROUPS
    ]  # fmt: skip
    table = pl.DataFrame(
        rows, schema=["state", "county", "year", "sex", "age_group", "population"], orient="row"
    )
    table.write_csv(folder / "population.csv")
    return folder / "population.csv"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rates")
    table, random = cases(), np.random.default_rng(12)
    seen = pl.Series([f"20{year}0101" for year in random.integers(13, 21, table.height)])
    table = table.with_columns(pl.when(seen > pl.col("date")).then(seen).otherwise("date").alias("last"))
    dead = pl.Series(random.choice(["0", "1"], table.height))
    with Session.create(folder / "r.duckdb", key=KEY, reference_date="2012-01-01") as session:
        with session._store.unit_of_work("tester", "load") as work:
            work.insert("patient", table.select(
                pl.col("n").alias("patient_id"), pl.col("sex").alias("sexAssignedAtBirth"), dead.alias("vitalStatus"),
                pl.col("last").alias("dateOfLastContact"),
            ))  # fmt: skip
            work.insert("tumor", table.select(
                pl.col("n").alias("tumor_id"), pl.col("n").alias("patient_id"), pl.col("site").alias("primarySite"),
                pl.lit("8070").alias("histologicTypeIcdO3"), pl.lit("3").alias("behaviorCodeIcdO3"),
                pl.col("date").alias("dateOfDiagnosis"), pl.col("state").alias("addrAtDxState"), pl.col("county").alias("countyAtDx"),
                pl.col("age").cast(pl.String).alias("ageAtDiagnosis"), pl.lit("00").alias("sequenceNumberCentral"),
            ))  # fmt: skip
        session.run("population.load", path=str(population(folder)), source="Made up")
    return folder / "r.duckdb"


@pytest.fixture
def session(database: Path) -> Iterator[Session]:
    with Session.open(database, key=KEY) as opened:
        yield opened


def inside() -> pl.DataFrame:
    """Tumors that have a denominator, with the population's divisions."""
    good = cases().filter(
        (pl.col("state") == "NY") & pl.col("sex").is_in(["1", "2"]) & pl.col("age").is_not_null()
        & ~((pl.col("site") == "C619") & (pl.col("sex") == "2")) & (pl.col("date") < "2020")
    )  # fmt: skip
    return good.with_columns(
        year=pl.col("date").str.slice(0, 4).cast(pl.Int64),
        age_group=incidence.age_group("age").cast(pl.String),
    )


def expected(by: list[str], sexes: tuple[str, ...] = ("1", "2")) -> pl.DataFrame:
    """The same rates from a plain frame of counts and populations."""
    people = pl.DataFrame(
        [(sex, county, number) for (sex, county), number in PEOPLE.items()],
        schema=["sex", "county", "population"],
        orient="row",
    ).filter(pl.col("sex").is_in(list(sexes)))
    people = people.join(pl.DataFrame({"year": list(YEARS)}), how="cross").join(
        pl.DataFrame({"age_group": AGE_GROUPS}), how="cross"
    )
    counts = inside().group_by([*by, "age_group"]).agg(pl.len().alias("count"))
    grid = people.group_by([*by, "age_group"]).agg(pl.col("population").sum())
    return incidence.age_adjusted_rates(grid.join(counts, on=[*by, "age_group"], how="left"), by=by)


def test_rates_are_matched_with_the_population(session: Session) -> None:
    found = session.run("rates.table", by=["year", "sex"], as_of="2021-12-31")
    plain = expected(["year", "sex"])
    table = found["table"].filter(pl.col("year") < 2020)
    assert table.select("year", "sex").rows() == plain.select("year", "sex").rows()
    shown = ~table["hidden"]  # the few of 2020 are hidden with what would give them away
    assert table.height - shown.sum() <= 4
    table, plain = table.filter(shown), plain.filter(shown)
    assert table["count"].to_list() == plain["count"].to_list()
    for name, other in (("rate", "rate"), ("se", "se"), ("lower", "lower"), ("upper", "upper_tiwari")):
        assert table[name].to_list() == pytest.approx(plain[other].to_list(), rel=6e-4)  # four digits
    # 2020 has cases but no population: said, and no rate.
    late = found["table"].filter(year=2020)
    assert late["rate"].null_count() == late.height == 2
    assert found["missing"].rows() == [("2020", "Made up has no population of this year")]
    assert found["delay"].filter(year=2020)["incomplete"].item()
    assert "Made up" in found["methods"] and found["source"] == "Made up"
    assert found["exclusions"]["remaining"][-1] == inside().height + 1


def test_years_without_a_population_are_left_out_of_sums(session: Session) -> None:
    found = session.run("rates.table", by=["sex"], as_of="2021-12-31")
    assert found["table"]["count"].to_list() == [
        inside().filter(sex=sex).height for sex in ("1", "2")
    ]  # fmt: skip
    assert found["table"]["population"].to_list() == [19 * 8 * 1300.0, 19 * 8 * 1500.0]
    assert found["missing"].height == 1


def test_counties_and_unknown_counties(session: Session) -> None:
    found = session.run("rates.table", by=["county"], measure="crude", as_of="2021-12-31")["table"]
    known = inside().filter(pl.col("county") != "999")
    assert found.select("state", "county", "count").rows() == [
        ("NY", county, known.filter(county=county).height) for county in COUNTIES
    ]  # fmt: skip
    assert found["rate"].to_list() == pytest.approx(
        [100_000 * one / (19 * 8 * people) for one, people in zip(found["count"], (1900, 900), strict=True)],
        rel=6e-4,
    )
    one = session.run("rates.table", cohort={"counties": ["003"]}, by=[], as_of="2021-12-31")["table"]
    assert one["count"].item() == found["count"][1] and one["population"].item() == 19 * 8 * 900


def test_sites_of_one_sex_have_their_own_people(session: Session) -> None:
    both = session.run("rates.table", by=["site_group"], as_of="2021-12-31")["table"]
    people = dict(both.select("site_group", "population").iter_rows())
    assert people["Prostate"] == 19 * 8 * 1300 and people["Lung and Bronchus"] == 19 * 8 * 2800
    by_sex = session.run("rates.table", by=["site_group", "sex"], as_of="2021-12-31")["table"]
    assert by_sex.filter(site_group="Prostate")["sex"].to_list() == ["1"]
    alone = session.run("rates.table", by=["year"], site="Prostate", as_of="2021-12-31")["table"]
    assert alone["population"].drop_nulls().unique().to_list() == [19 * 1300.0]


def test_small_numbers_are_hidden_with_what_tells_them(session: Session) -> None:
    found = session.run("rates.table", by=["site_group", "year"], as_of="2021-12-31")
    rare = found["table"].filter((pl.col("site_group") == "Larynx") & pl.col("hidden"))
    assert (
        rare.height
        and rare.select("count", "rate", "se", "lower", "upper").null_count().row(0) == (rare.height,) * 5
    )
    small = found["table"].filter(pl.col("count").is_between(1, 10))
    assert small.is_empty()
    rounded = session.run("rates.table", by=["year"], rounding=5, as_of="2021-12-31")["table"]
    assert (rounded["count"].drop_nulls() % 5 == 0).all()


def test_ages_and_measures(session: Session) -> None:
    curve = session.run("rates.table", by=["age_group"], as_of="2021-12-31")
    assert curve["measure"] == "age_specific" and curve["table"]["age_group"].to_list() == list(AGE_GROUPS)
    adults = session.run("rates.table", by=[], cohort={"ages": [40, 84]}, as_of="2021-12-31")["table"]
    assert adults["population"].item() == 9 * 8 * 2800
    with pytest.raises(BadInput, match="cut an age group"):
        session.run("rates.table", cohort={"ages": [42, 84]})
    life = session.run("rates.table", by=["sex"], measure="cumulative", as_of="2021-12-31")["table"]
    assert (life["cumulative_risk"] < life["cumulative_rate"]).all()
    own = session.run("rates.table", by=[], standard={"0-49": 60, "50+": 40}, as_of="2021-12-31")
    assert own["standard"] == "own" and own["table"]["rate"].item() > 0
    with pytest.raises(BadInput, match="no measure"):
        session.run("rates.table", measure="odd")
    with pytest.raises(BadInput, match="cannot divide"):
        session.run("rates.table", by=["color"])
    with pytest.raises(BadInput, match="nothing of this race"):
        session.run("rates.table", by=["race"])
    with pytest.raises(NotFound, match="Made up"):
        session.run("rates.table", source="Census")


def test_comparisons_are_made_of_published_rates(session: Session) -> None:
    rates = session.run("rates.table", by=["year", "sex"], as_of="2019-12-31")["table"]
    found = session.run("rates.compare", by=["year", "sex"], reference={"year": 2012}, as_of="2019-12-31")[
        "table"
    ]
    women = {row["year"]: row["rate"] for row in rates.filter(sex="2").to_dicts()}
    for row in found.filter(sex="2").to_dicts():
        assert row["rate_ratio"] == pytest.approx(women[row["year"]] / women[2012], rel=2e-3)
        assert row["difference"] == pytest.approx(women[row["year"]] - women[2012], abs=0.2)
    wide = session.run("rates.compare", by=["sex"], limits="f-fay", as_of="2019-12-31")["table"].row(
        0, named=True
    )
    narrow = session.run("rates.compare", by=["sex"], limits="f-tiwari", as_of="2019-12-31")["table"].row(
        0, named=True
    )
    assert wide["lower"] <= narrow["lower"] < narrow["rate_ratio"] < narrow["upper"] <= wide["upper"]
    with pytest.raises(BadInput, match="not divided by"):
        session.run("rates.compare", by=["sex"], reference={"year": 2012})


def test_sir_against_the_whole_and_against_a_year(session: Session) -> None:
    whole = session.run("rates.sir", by=["county"], as_of="2019-12-31")["table"]
    assert whole["expected"].sum() == pytest.approx(whole["observed"].sum(), abs=0.2)
    later = session.run("rates.sir", by=["year"], reference_year=2012, as_of="2019-12-31")["table"]
    assert later["year"].to_list() == [year for year in YEARS if year != 2012]
    cases_2012 = inside().filter(year=2012).height
    assert later["expected"].to_list() == pytest.approx(
        [cases_2012] * 7, abs=0.06
    )  # the same people each year
    rare = session.run("rates.sir", by=["site_group", "year"], reference_year=2012, as_of="2019-12-31")[
        "table"
    ]
    assert (
        rare.filter(site_group="Larynx")["expected"].null_count() == 7
    )  # it would tell the few cases of 2012
    with pytest.raises(BadInput, match="by year"):
        session.run("rates.sir", by=["county"], reference_year=2012)


def test_prevalence(session: Session) -> None:
    found = session.run(
        "prevalence.table", by=["sex"], at="2018-01-01", durations=[1, 5, 20], as_of="2020-12-31"
    )
    assert found["durations"] == [1, 5] and found["missing"].is_empty()
    table = found["table"]
    assert table["population"].drop_nulls().unique(maintain_order=True).to_list() == [
        19 * 1300.0,
        19 * 1500.0,
    ]
    shown = table.filter(~pl.col("hidden") & pl.col("population").is_not_null())
    assert shown["rate"].to_list() == pytest.approx(
        (100_000 * shown["count"] / shown["population"]).to_list(), rel=0.02
    )
    every = session.run(
        "prevalence.table", by=[], at="2018-01-01", durations=[5], which="tumors", as_of="2020-12-31"
    )["table"]
    assert every["count"].item() >= table.filter(years=5)["count"].sum() - 2
    by_stage = session.run("prevalence.table", by=["stage"], at="2018-01-01", as_of="2020-12-31")
    assert (
        by_stage["table"]["rate"].null_count() == by_stage["table"].height and by_stage["missing"].height == 1
    )
    with pytest.raises(BadInput, match="after the data cut-off"):
        session.run("prevalence.table", at="2022-01-01", as_of="2020-12-31")


def test_deaths_over_cases(session: Session, tmp_path: Path) -> None:
    assert session.run("rates.mortality_incidence")["missing"].height == 1
    rows = ["site_group,state,county,year,sex,age_group,deaths"]
    rows += [
        f"Lung and Bronchus,NY,{county},{year},1,70-74,9" for county in COUNTIES for year in (2013, 2014)
    ]
    (tmp_path / "deaths.csv").write_text("\n".join(rows))
    session.run("population.load", path=str(tmp_path / "deaths.csv"), kind="mortality", source="Deaths")
    found = session.run(
        "rates.mortality_incidence", by=["site_group"], cohort={"sexes": ["1"]}, as_of="2019-12-31"
    )
    cases_then = (
        inside()
        .filter((pl.col("site") == "C341") & (pl.col("sex") == "1") & pl.col("year").is_in([2013, 2014]))
        .height
    )
    assert found["table"].select("site_group", "deaths", "cases").rows() == [
        ("Lung and Bronchus", 36, cases_then)
    ]
    assert "2015" in found["missing"]["what"].to_list()
    with pytest.raises(BadInput, match="ages"):
        session.run("rates.mortality_incidence", cohort={"ages": [40, 84]})
    session.run("population.remove", source="Deaths", kind="mortality")


def test_tables_are_named_and_replaced(session: Session, tmp_path: Path) -> None:
    path = population(tmp_path)
    assert session.run("population.load", path=str(path), source="Made up")["already"]
    path.write_text(path.read_text().replace(",900\n", ",901\n"))
    with pytest.raises(Conflict, match="already"):
        session.run("population.load", path=str(path), source="Made up")
    assert session.run("population.load", path=str(path), source="Other")["loaded"]
    assert session.run("rates.choices")["in_use"] == "Other"
    session.run("population.use", source="Made up")
    assert session.run("population.tables")["source"] == "Made up"
    session.run("population.remove", source="Other")
    assert session.run("population.list")["source"].to_list() == ["Made up"]


def test_who_may_ask(session: Session) -> None:
    held = session.as_actor(Actor("anna", "registrar", frozenset(["0000000001"])))
    with pytest.raises(Denied, match="whole registry"):
        held.run("rates.table")
    assert held.run("prevalence.table")["source"] is None
    with pytest.raises(Denied):
        session.as_actor(Actor("rose", "researcher")).run("population.remove", source="Made up")
    assert session.as_actor(Actor("rose", "researcher")).run("rates.table")["table"].height


def test_an_empty_registry_answers(tmp_path: Path) -> None:
    with Session.create(tmp_path / "e.duckdb", key=KEY) as empty:
        for name in (
            "rates.table",
            "rates.compare",
            "rates.sir",
            "rates.delay",
            "rates.mortality_incidence",
            "prevalence.table",
        ):
            assert empty.run(name)["table"].height == 0, name
        assert empty.run("rates.choices")["in_use"] is None
        assert empty.run("population.list").is_empty() and empty.run("population.tables")["source"] is None
