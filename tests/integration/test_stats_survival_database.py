"""`registry stats survival` of the registry itself: by method, compared, selected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.service import Session
from tests.received import KEY, PERSON, TUMOR, changed, write

Run = Callable[..., tuple[int, str, str]]
AT = ("--as-of", "2024-12-31")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Women, every third of whom died, followed for one to sixty months."""
    folder = tmp_path_factory.mktemp("survival")
    patients = [
        (
            changed(
                PERSON, patientIdNumber=f"{number + 1:08}", nameLast=f"Woman{chr(65 + number % 26)}{chr(65 + number // 26)}",
                socialSecurityNumber=f"21909{number:04}", vitalStatus="0" if number % 3 == 0 else "1",
                dateOfLastContact=f"{2019 + number // 24}{number // 2 % 12 + 1:02}28", dateOfBirth=f"{1930 + number % 60}0214",
            ),
            [changed(
                TUMOR, dateOfDiagnosis="20190101", dateOf1stContact="20190101", accessionNumberHosp=f"2019{number:05}",
                summaryStage2018="1" if number % 2 else "7",
            )],
        )
        for number in range(120)
    ]  # fmt: skip
    with Session.create(folder / "r.duckdb", key=KEY, reference_date="2007-01-01") as session:
        session.run("ingest.file", path=write(folder / "all.xml", *patients))
    return folder / "r.duckdb"


@pytest.fixture
def ask(database: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    return lambda *words: run("stats", "survival", "--db", database, *AT, *words)


def test_the_plain_question_and_the_same_by_method(ask: Run) -> None:
    code, out, err = ask("--by", "stage", "--json")
    assert (code, err) == (0, "")
    plain = json.loads(out)
    assert {row["group"] for row in plain["at_years"]} == {"Localized", "Distant"}
    further = json.loads(ask("--by", "stage", "--method", "kaplan-meier", "--test", "log-rank", "--json")[1])
    assert further["method"] == "kaplan-meier"
    shown = {(row["group"], row["years"]): row["survival"] for row in plain["at_years"]}
    for row in further["at_years"]:
        if row["estimate"] is not None and (row["group"], row["years"]) in shown:
            assert row["estimate"] == pytest.approx(shown[row["group"], row["years"]], rel=1e-12)
    assert further["test"]["df"] == 1
    assert {row["group"] for row in further["at_years"] if not row["hidden"]} == {"Localized", "Distant"}


def test_the_answer_for_people(ask: Run) -> None:
    code, out, _ = ask("--by", "stage", "--method", "kaplan-meier", "--test", "log-rank")
    assert code == 0
    assert "chi-square" in out and "1 degree of freedom" in out
    assert out.startswith("Observed survival (Kaplan–Meier); years since diagnosis")
    assert "median" in out
    assert "tumors in the registry" in out
    code, out, _ = ask("--method", "conditional", "--given", "365.25", "--stage", "Localized", "--sex", "2")
    assert code == 0
    assert "hidden" in out


def test_the_table_as_csv_and_the_text_of_methods(ask: Run, tmp_path: Path) -> None:
    code, out, _ = ask(
        "--by", "site_group", "--method", "kaplan-meier", "--out", tmp_path / "o.csv", "--methods"
    )
    assert code == 0
    assert "Calculated with cancer-registry" in out and "Breast" not in out
    head, *rows = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()
    assert head == "group,years,estimate,lower,upper,hidden"
    assert rows and all(row.startswith("Breast,") for row in rows)


def test_excess_hazards_by_sex_have_the_names_of_the_sexes(
    database: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_KEY", KEY)
    table = tmp_path / "life.csv"
    table.write_text("sex,year,age,daily_hazard\n1,2000,0,0.00001\n2,2000,0,0.00001\n", encoding="utf-8")
    where = ("--db", database)
    assert run("stats", "population", "load", table, "--kind", "life-table", "--source", "L", *where)[0] == 0
    try:
        words = ("--method", "excess", "--covariates", "sex,stage", "--intervals", "0,5", "--json")
        code, out, err = run("stats", "survival", *where, *AT, *words)
        assert (code, err) == (0, "")
        terms = json.loads(out)["terms"]
        assert [row["level"] for row in terms if row["covariate"] == "sex"] == ["Female"]
    finally:
        assert run("stats", "population", "remove", "L", "--kind", "life-table", *where)[0] == 0


def test_models_and_three_comparisons(ask: Run) -> None:
    code, out, _ = ask("--method", "cox", "--covariates", "age,stage", "--ties", "breslow", "--sex", "2")
    assert code == 0
    assert "Stage: Distant" in out
    assert "All covariates together" in out
    found = json.loads(ask("--by", "stage,sex,site", "--method", "kaplan-meier", "--json")[1])
    assert found["groups"] == ["Localized, Female, Breast", "Distant, Female, Breast"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "bogus"), "no method 'bogus'"),
        (("--method", "net"), "life table"),
        (("--period", "2015-01-01:2016-01-01"), "not two years"),
        (("--method", "excess"), "life table"),
        (("--method", "conditional-net", "--given", "365.25"), "life table"),
        (("--method", "excess", "--intervals", "0,soon"), "no numbers of years"),
        (("--method", "excess", "--ties", "efron"), "does not go with --method excess"),
        (("--covariates", "age"), "goes with --method cox or excess"),
        (("--given", "soon"), "no number of days"),
        (("--by", "stage,sex,site,race"), "three"),
        (("--at", "365"), "goes with --input only"),
        (("--test", "log-rank"), "say which with --by"),
        (("--method", "net", "--ci", "plain"), "--ci: does not go with --method net"),
        (("--method", "rmst"), "it is part of kaplan-meier here"),
        (("--as-of", "soon"), "not a date"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_what_can_not_be_answered_is_one_line(ask: Run, words: tuple[str, ...], message: str) -> None:
    code, out, err = ask(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
