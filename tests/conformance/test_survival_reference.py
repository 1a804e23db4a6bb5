"""Kaplan–Meier, Nelson–Aalen, quantiles, restricted means and the log-rank family against R's survival package.

Every row of the public expected results, from Python and through the file command.
"""

from __future__ import annotations

import csv
import io
import math
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from registry import analytics
from registry.cli import main
from tests.paths import needs_shared, shared

pytestmark = needs_shared

EXACT, LIMIT = 1e-9, 1e-8
CASES = {"lung_all": ("lung", None), "lung_sex": ("lung", "sex"), "colon_death_rx": ("colon", "rx")}
TESTS = {
    "lung:logrank:sex": ("lung", "sex", None, "log-rank"),
    "lung:logrank:sex:strata_inst": ("lung", "sex", "inst", "log-rank"),
    "lung:logrank:ph.ecog": ("lung", "ph.ecog", None, "log-rank"),
    "colon:logrank:rx": ("colon", "rx", None, "log-rank"),
    "colon:logrank:rx:strata_sex": ("colon", "rx", "sex", "log-rank"),
    "lung:peto_peto:sex": ("lung", "sex", None, "peto-peto"),
}
TRENDS = {"lung:trend_score:ph.ecog": {"chisq": "score_chisq"}, "lung:trend_tarone:ph.ecog": {}}
NAMES = {
    "n.risk": "n_risk", "n.event": "n_event", "std.err": "se", "std.chaz": "se", "rmean": "rmst", "obs": "observed",
    "exp": "expected",
}  # fmt: skip
"""Statistics of the expected file → of the file command, where the names differ."""
COLUMNS = {
    "n_risk": "at_risk", "n_event": "events", "surv": "survival", "se": "std_error", "cumhaz": "hazard",
    "rmst": "mean",
}  # fmt: skip
Rows = dict[tuple[str, str, str], float | None]
"""(group, time, stat) → value; None where it is not reached or not defined."""


def number(text: str) -> float | None:
    return float(text) if text else None


@cache
def expected() -> dict[str, Rows]:
    """Case → its rows."""
    cases: dict[str, Rows] = {}
    with shared("statistics", "expected_km_logrank.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            group = row["strata"].partition("=")[2]
            stat = NAMES.get(row["stat"], row["stat"]).removesuffix("_loglog")
            cases.setdefault(row["case"], {})[group, row["time"], stat] = number(row["value"])
    return cases


@cache
def people(name: str) -> pl.DataFrame:
    table = pl.read_csv(shared("statistics", f"{name}.csv"), infer_schema_length=None)
    if name == "colon":
        return table.filter(pl.col("etype") == 2).with_columns(dead=pl.col("status") == 1)
    return table.with_columns(dead=pl.col("status") == 2)


def same(mine: float | None, theirs: float | None, tolerance: float, what: object) -> None:
    if mine is None or theirs is None:
        assert mine is theirs, what
        return
    assert math.isclose(mine, theirs, rel_tol=tolerance, abs_tol=tolerance), (what, mine, theirs)


def tolerance(stat: str) -> float:
    return LIMIT if stat.endswith(("lower", "upper")) and not stat.startswith("q") else EXACT


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("confidence", ["plain", "log", "log-log"])
def test_kaplan_meier(case: str, confidence: str) -> None:
    name, by = CASES[case]
    rows = expected()[f"{case}:km:{confidence}"]
    curve = analytics.kaplan_meier(people(name), "time", "dead", by, confidence)
    compare_at(curve, by, rows, analytics.survival_at)
    assert len(rows) >= 30


@pytest.mark.parametrize("case", CASES)
def test_nelson_aalen(case: str) -> None:
    name, by = CASES[case]
    curve = analytics.nelson_aalen(people(name), "time", "dead", by)
    compare_at(curve, by, expected()[f"{case}:nelson_aalen"], analytics.hazard_at)


def compare_at(curve: pl.DataFrame, by: str | None, rows: Rows, values) -> None:  # type: ignore[no-untyped-def]
    times = sorted({float(time) for _, time, _ in rows})
    extend = {"extend": True} if values is analytics.survival_at else {}
    got = values(curve, times, by, **extend)
    found = {(str(row[by]) if by else "", row["time"]): row for row in got.iter_rows(named=True)}
    for (group, time, stat), value in rows.items():
        same(found[group, float(time)][COLUMNS.get(stat, stat)], value, tolerance(stat), (group, time, stat))


@pytest.mark.parametrize("case", CASES)
def test_quantiles_and_restricted_mean(case: str) -> None:
    name, by = CASES[case]
    got = analytics.quantiles(analytics.kaplan_meier(people(name), "time", "dead", by), by=by)
    found = {(str(row[by]) if by else "", row["share"]): row for row in got.iter_rows(named=True)}
    for (group, _, stat), value in expected()[f"{case}:quantile"].items():
        share, _, limit = stat.partition("_")
        same(found[group, int(share[1:]) / 100][limit or "time"], value, EXACT, (group, stat))
    rows = expected()[f"{case}:rmst"]
    until = {float(time) for _, time, _ in rows}
    means = analytics.restricted_mean(people(name), until.pop(), "time", "dead", by)
    of_group = {str(row[by]) if by else "": row for row in means.iter_rows(named=True)}
    for (group, _, stat), value in rows.items():
        same(of_group[group][COLUMNS[stat]], value, EXACT, (group, stat))


@pytest.mark.parametrize("case", TESTS)
def test_log_rank(case: str) -> None:
    name, by, strata, method = TESTS[case]
    frame = people(name).drop_nulls(by)
    test = analytics.log_rank(frame, by, time="time", strata=strata, rho=float(method == "peto-peto"))
    whole = {"chisq": test.chi2, "df": test.df, "p": test.p}
    groups = {str(row[by]): row for row in test.groups.iter_rows(named=True)}
    for (group, _, stat), value in expected()[case].items():
        same(groups[group][stat] if group else whole[stat], value, LIMIT, (group, stat))
    assert math.isclose(test.groups["observed"].sum(), test.groups["expected"].sum(), rel_tol=1e-9)


def test_trend() -> None:
    test = analytics.log_rank_trend(people("lung"), "ph.ecog", time="time")
    same(test.score, expected()["lung:trend_score:ph.ecog"]["", "", "chisq"], LIMIT, "score")
    rows = expected()["lung:trend_tarone:ph.ecog"]
    same(test.tarone, rows["", "", "chisq"], LIMIT, "tarone")
    same(test.tarone_p, rows["", "", "p"], LIMIT, "p")


def test_every_expected_row_has_a_test() -> None:
    kinds = [f"{case}:{kind}" for case in CASES for kind in ("nelson_aalen", "quantile", "rmst")]
    kinds += [f"{case}:km:{scale}" for case in CASES for scale in ("plain", "log", "log-log")]
    assert set(expected()) == {*kinds, *TESTS, *TRENDS}


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Rows:
    """What the file command writes for the last method asked for."""
    with pytest.raises(SystemExit) as stop:
        main(["stats", "survival", *words])
    assert not stop.value.code
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    return {(row["group"], row["time"], row["stat"]): number(row["value"]) for row in rows}


def source(name: str, folder: Path) -> list[str]:
    """Options for a data set; of colon the deaths only."""
    if name == "lung":
        return [
            "--input",
            str(shared("statistics", "lung.csv")),
            "--status",
            "status",
            "--event",
            "2",
            "--time",
            "time",
        ]
    path = folder / "colon.csv"
    people("colon").drop("dead").write_csv(path)
    return ["--input", str(path), "--status", "status", "--time", "time"]


@pytest.mark.parametrize("case", CASES)
def test_curves_through_the_file_command(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, by = CASES[case]
    words = source(name, tmp_path) + (["--by", by] if by else [])
    for scale in ("plain", "log", "log-log"):
        rows = expected()[f"{case}:km:{scale}"]
        times = ",".join(dict.fromkeys(time for _, time, _ in rows))
        compare(answer(capsys, *words, "--method", "kaplan-meier", "--at", times, "--ci", scale), rows)
    compare(
        answer(capsys, *words, "--method", "nelson-aalen", "--at", times), expected()[f"{case}:nelson_aalen"]
    )
    compare(answer(capsys, *words, "--method", "quantiles"), expected()[f"{case}:quantile"])
    rows = expected()[f"{case}:rmst"]
    until = next(iter(rows))[1]
    compare(answer(capsys, *words, "--method", "rmst", "--at", f"1,{until}"), rows)


@pytest.mark.parametrize("case", [*TESTS, *TRENDS])
def test_comparisons_through_the_file_command(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, by, strata, method = TESTS.get(case, ("lung", "ph.ecog", None, "log-rank-trend"))
    words = [*source(name, tmp_path), "--by", by, *(["--strata", strata] if strata else [])]
    called = TRENDS.get(case, {})
    rows = {
        (group, time, called.get(stat, stat)): value
        for (group, time, stat), value in expected()[case].items()
    }
    compare(answer(capsys, *words, "--method", method), rows, LIMIT)


def compare(mine: Rows, theirs: Rows, loosest: float = 0.0) -> None:
    for key, value in theirs.items():
        same(mine[key], value, max(tolerance(key[2]), loosest), key)
