"""Relative and net survival of published patients as relsurv and survival (R) give them; see ../shared/statistics/README.md.

Rows of Pohar Perme on relsurv's default grid depend on that grid, so they are compared only loosely. Hakulinen's rows come from
a calendar that relsurv reads 3,653 days early; the same rows with the right calendar differ by up to 0.06.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from registry.analytics.relative import (
    LifeTable,
    conditional_net_survival,
    crude_probability,
    excess_hazard,
    expected_hazard,
    expected_survival,
    life_table,
    net_survival,
    net_survival_test,
    relative_survival,
)
from registry.cli import main
from tests.paths import needs_shared, shared

pytestmark = needs_shared
YEAR = 365.241
TIMES = [YEAR * number for number in (1, 2, 3, 4, 5, 10)]
STAGES = {
    "stage2=0, stage3=0, stage99=0": 1,
    "stage2=1, stage3=0, stage99=0": 2,
    "stage2=0, stage3=1, stage99=0": 3,
    "stage2=0, stage3=0, stage99=1": 99,
}
GROUPS = {
    "all": {"": pl.lit(True)},
    "site": {"siterectum=0": pl.col("site") != "rectum", "siterectum=1": pl.col("site") == "rectum"},
    "sex": {"sex=1": pl.col("sex") == 1, "sex=2": pl.col("sex") == 2},
    "stage": {name: pl.col("stage") == stage for name, stage in STAGES.items()},
}
SHIFT = {"hakulinen": {"calendar_shift": 3653}}


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    patients = pl.read_csv(shared("statistics", "colrec.csv"), try_parse_dates=True)
    start = pl.col("diag")
    return patients.with_columns(
        start.alias("start"), (start - pl.duration(days="age")).alias("born"), pl.col("stat").alias("dead")
    )


def table_rows() -> pl.DataFrame:
    rows = pl.read_csv(shared("statistics", "slopop_long.csv.gz"))
    return rows.select("sex", "age_start_days", "daily_hazard", year="year_label", age="age_label")


@pytest.fixture(scope="module")
def table() -> LifeTable:
    return life_table(table_rows())


def expected(file: str, case: str) -> dict[tuple[str, str, str], float]:
    """(strata, time as text, stat) -> value of one case."""
    with shared("statistics", file).open(encoding="utf-8", newline="") as lines:
        return {
            (row["strata"], row["time"], row["stat"]): float(row["value"])
            for row in csv.DictReader(lines)
            if row["case"] == case
        }


NET, RELATIVE = "expected_net_survival_colrec.csv", "expected_relative_survival_colrec.csv"
SETS = {
    "all": pl.lit(True),
    "rectum": pl.col("site") == "rectum",
    "stage1": pl.col("stage") == 1,
    "stage3": pl.col("stage") == 3,
    "stage2_female": (pl.col("stage") == 2) & (pl.col("sex") == 2),
}
COLUMNS = {"surv": "survival", "std.err": "std_error", "lower": "lower", "upper": "upper"}


def rows_of_daily_file() -> list[tuple[str, str]]:
    if not (path := Path(__file__).parents[3] / "shared" / "statistics" / NET).is_file():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        cases = {row["case"] for row in csv.DictReader(lines)}
    return sorted((case.split(":")[0], case.split(":")[1]) for case in cases)


@pytest.mark.parametrize(("group", "method"), rows_of_daily_file())
def test_rows_of_the_daily_file(group: str, method: str, people: pl.DataFrame, table: LifeTable) -> None:
    want = expected(NET, f"{group}:{method}")
    some = people.filter(SETS[group.removeprefix("colrec_").removesuffix("_dailygrid")])
    if method == "pohar-perme":
        found = net_survival(some, table, at=TIMES)
    else:
        found = relative_survival(some, table, method, at=TIMES, **SHIFT.get(method, {}))  # type: ignore[arg-type]
    for row, time in zip(found.iter_rows(named=True), TIMES, strict=True):
        for stat, column in COLUMNS.items():
            value = want[("", f"{time:.12g}", stat)]
            assert row[column] == pytest.approx(value, rel=0, abs=1e-9), (time, stat)


@pytest.mark.parametrize("method", ["ederer1", "ederer2", "hakulinen", "pohar-perme"])
@pytest.mark.parametrize("by", GROUPS)
def test_rows_by_group(by: str, method: str, people: pl.DataFrame, table: LifeTable) -> None:
    """relsurv's error is on the survival scale here."""
    want = expected(RELATIVE, f"colrec_{by}:{method}")
    close = 1e-9 if method != "pohar-perme" else 1e-2  # default grid: far off in small groups
    for strata, some in GROUPS[by].items():
        chosen = people.filter(some)
        closing: dt.date = people.select((pl.col("start") + pl.duration(days="time")).max()).item()
        if method == "pohar-perme":
            found = net_survival(chosen, table, at=TIMES)
        else:
            more = SHIFT.get(method, {}) | ({"closing": closing} if method == "hakulinen" else {})
            found = relative_survival(chosen, table, method, at=TIMES, **more)  # type: ignore[arg-type]
        for row, time in zip(found.iter_rows(named=True), TIMES, strict=True):
            scale = {"std.err": row["survival"]}
            for stat, column in COLUMNS.items():
                value = want[(strata, f"{time:.12g}", stat)]
                assert row[column] * scale.get(stat, 1) == pytest.approx(value, rel=0, abs=close), (
                    time,
                    stat,
                )


def test_hakulinen_with_the_right_calendar_differs(people: pl.DataFrame, table: LifeTable) -> None:
    """How much relsurv's early calendar does; within a year nobody leaves, so Hakulinen must be Ederer I."""
    right = relative_survival(people, table, "hakulinen", at=TIMES)["survival"]
    first = relative_survival(people, table, "ederer1", at=TIMES)["survival"]
    want = expected(RELATIVE, "colrec_all:hakulinen")
    assert right[0] == pytest.approx(first[0], abs=1e-5)
    apart = [want[("", f"{time:.12g}", "surv")] - value for time, value in zip(TIMES, right, strict=True)]
    assert [round(value, 3) for value in apart] == [0.005, 0.009, 0.012, 0.015, 0.018, 0.032]


def test_expected_hazard_of_each_person(people: pl.DataFrame, table: LifeTable) -> None:
    want = expected(RELATIVE, "colrec_first20:expected_cumhaz_individual")
    found = expected_hazard(people.head(20), table)
    for (name, _, _), value in want.items():
        assert found[int(name.removeprefix("id")) - 1] == pytest.approx(value, rel=0, abs=1e-10), name


@pytest.mark.parametrize(
    ("method", "case"), [("ederer1", "expected_ederer1"), ("ederer2", "expected_conditional(ederer2)")]
)
def test_expected_survival(method: str, case: str, people: pl.DataFrame, table: LifeTable) -> None:
    want = expected(RELATIVE, f"colrec_all:{case}")
    found = expected_survival(people, table, TIMES, method)  # type: ignore[arg-type]
    for time, value in zip(TIMES, found["survival"], strict=True):
        assert value == pytest.approx(want[("", f"{time:.12g}", "expected")], rel=0, abs=1e-8)


def test_crude_probability(people: pl.DataFrame, table: LifeTable) -> None:
    """At ten years relsurv adds the part of a day after the last whole one."""
    want = expected(RELATIVE, "colrec_all:crude_prob")
    found = crude_probability(people, table, at=TIMES)
    for strata, column in (("causeSpec", "cancer"), ("population", "population")):
        for row, time in zip(found.iter_rows(named=True), TIMES, strict=True):
            close = 1e-9 if time < 3000 else 2e-5
            assert row[column] == pytest.approx(want[(strata, f"{time:.12g}", "prob")], rel=0, abs=close)
            assert row[f"{column}_se"] == pytest.approx(
                want[(strata, f"{time:.12g}", "se")], rel=0, abs=close
            )
        lost = want[(strata, f"{TIMES[-1]:.12g}", "area_days_lost")]
        assert found[f"{column}_days_lost"][-1] / YEAR == pytest.approx(lost, abs=1e-6)


@pytest.mark.parametrize("by", ["site", "stage"])
def test_net_survival_test(by: str, people: pl.DataFrame, table: LifeTable) -> None:
    want = {stat: value for (_, _, stat), value in expected(RELATIVE, f"colrec:rs.diff:{by}").items()}
    found = net_survival_test(people, table, by)
    assert found.statistic == pytest.approx(want["chisq"], rel=1e-8)
    assert found.degrees_of_freedom == want["df"]
    assert found.p_value == pytest.approx(want["p"], abs=1e-8)


def test_conditional_net_survival_is_near_the_default_grid(people: pl.DataFrame, table: LifeTable) -> None:
    want = expected(RELATIVE, "colrec_all:conditional_pp")
    found = conditional_net_survival(people, table, [YEAR * years for years in (1, 2, 3, 5)], [YEAR * 5])
    for value, known in zip(found["survival"], want.values(), strict=True):
        assert value == pytest.approx(known, abs=1e-3)


def test_excess_hazards(people: pl.DataFrame, table: LifeTable) -> None:
    """relsurv moves ages by 365.24 days from year to year, so coefficients agree to 1e-4."""
    want = {
        (strata, stat): value
        for (strata, _, stat), value in expected(RELATIVE, "colrec:rsadd:glm.poi").items()
    }
    decades = (pl.col("age") - 25567) / 3652.41
    frame = people.with_columns(
        decades=decades, stage=pl.col("stage").cast(pl.String), number=pl.col("sex") * 1.0
    )
    cuts = [365.24 * year for year in range(6)]
    model = excess_hazard(frame, table, ["number", "site", "stage", "decades"], cuts, year=365.24)
    names = [f"fu {'[' if year == 0 else '('}{year},{year + 1}]" for year in range(5)]
    names += ["sex", "siterectum", "stage2", "stage3", "stage99", "I((age - 25567)/3652.41)"]
    for name, row in zip(names, model.coefficients.iter_rows(named=True), strict=True):
        assert row["coef"] == pytest.approx(want[(name, "coef")], abs=1e-4), name
        assert row["se"] == pytest.approx(want[(name, "se")], abs=1e-4), name


def test_the_file_command_gives_the_same(
    people: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dates = people.with_columns(end=pl.col("diag") + pl.duration(days="time"))
    dates.select("diag", "end", "stat", "sex", "site", birth="born").write_csv(tmp_path / "cohort.csv")
    table_rows().write_csv(tmp_path / "table.csv")
    out = tmp_path / "out.csv"
    methods = "pohar-perme,ederer1,ederer2,hakulinen"
    with pytest.raises(SystemExit) as ended:
        main([
            "stats", "survival", "--input", str(tmp_path / "cohort.csv"), "--method", methods, "--start", "diag", "--end", "end",
            "--status", "stat", "--sex", "sex", "--birth", "birth", "--life-table", str(tmp_path / "table.csv"),
            "--at", ",".join(f"{time:.12g}" for time in TIMES), "--out", str(out),
        ])  # fmt: skip
    assert not ended.value.code, capsys.readouterr().err
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert len(rows) == 4 * 6 * 4
    want = {
        "pohar-perme": expected(NET, "colrec_all_dailygrid:pohar-perme"),
        **{name: expected(RELATIVE, f"colrec_all:{name}") for name in ("ederer1", "ederer2", "hakulinen")},
    }
    for row in rows:
        stat = {"se": "std.err"}.get(row["stat"], row["stat"])
        if stat != "std.err":
            known = want[row["method"]][("", row["time"], stat)]
            assert float(row["value"]) == pytest.approx(known, rel=0, abs=1e-9), row
