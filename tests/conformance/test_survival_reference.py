"""Kaplan-Meier, quantiles and log-rank against R's survival package (public expected results)."""

from __future__ import annotations

import math

import polars as pl
import pytest

from registry.analytics import kaplan_meier, log_rank, quantiles, survival_at
from tests.paths import needs_shared, shared

pytestmark = needs_shared


def expected() -> pl.DataFrame:
    table = pl.read_csv(shared("statistics", "expected_km_logrank.csv"), infer_schema=False)
    return table.with_columns(pl.col("time", "value").cast(pl.Float64, strict=False))


def people(name: str) -> pl.DataFrame:
    table = pl.read_csv(shared("statistics", f"{name}.csv"), infer_schema_length=None)
    if name == "colon":
        return table.filter(pl.col("etype") == 2).with_columns(dead=pl.col("status") == 1)
    return table.with_columns(dead=pl.col("status") == 2)


CASES = {"lung_all": ("lung", None), "lung_sex": ("lung", "sex"), "colon_death_rx": ("colon", "rx")}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("confidence", ["plain", "log", "log-log"])
def test_kaplan_meier(case: str, confidence: str) -> None:
    name, by = CASES[case]
    frame = people(name)
    curve = kaplan_meier(frame, "time", "dead", by, confidence)  # type: ignore[arg-type]
    rows = expected().filter(pl.col("case") == f"{case}:km:{confidence}")
    times = rows["time"].unique().sort().to_list()
    got = survival_at(curve, times, by, extend=True)
    stats = {"n.risk": "at_risk", "n.event": "events", "surv": "survival", "std.err": "std_error",
             "lower": "lower", "upper": "upper"}  # fmt: skip
    checked = 0
    for row in rows.iter_rows(named=True):
        mine = got.filter(pl.col("time") == row["time"])
        if by:
            mine = mine.filter(pl.col(by).cast(pl.String) == row["strata"].split("=")[1])
        assert mine[stats[row["stat"]]].item() == pytest.approx(row["value"], rel=1e-9), row
        checked += 1
    assert checked >= 30


@pytest.mark.parametrize("case", CASES)
def test_quantiles(case: str) -> None:
    name, by = CASES[case]
    got = quantiles(kaplan_meier(people(name), "time", "dead", by), by=by)
    for row in expected().filter(pl.col("case") == f"{case}:quantile").iter_rows(named=True):
        share, _, limit = row["stat"].partition("_")
        mine = got.filter(pl.col("share") == int(share[1:]) / 100)
        if by:
            mine = mine.filter(pl.col(by).cast(pl.String) == row["strata"].split("=")[1])
        column = limit.removesuffix("_loglog") or "time"
        assert mine[column].item() == row["value"], row


@pytest.mark.parametrize(
    ("case", "name", "by", "strata"),
    [
        ("lung:logrank:sex", "lung", "sex", None),
        ("lung:logrank:sex:strata_inst", "lung", "sex", "inst"),
        ("lung:logrank:ph.ecog", "lung", "ph.ecog", None),
        ("colon:logrank:rx", "colon", "rx", None),
        ("colon:logrank:rx:strata_sex", "colon", "rx", "sex"),
    ],
)
def test_log_rank(case: str, name: str, by: str, strata: str | None) -> None:
    test = log_rank(people(name).drop_nulls(by), by, time="time", strata=strata)
    values = expected().filter(pl.col("case") == case)
    whole = dict(values.filter(pl.col("strata").fill_null("") == "").select("stat", "value").iter_rows())
    assert test.chi2 == pytest.approx(whole["chisq"], rel=1e-8)
    assert test.df == whole["df"]
    assert test.p == pytest.approx(whole["p"], rel=1e-8)
    for row in values.filter(pl.col("strata") != "").iter_rows(named=True):
        mine = test.groups.filter(pl.col(by).cast(pl.String) == row["strata"].split("=")[1])
        column = {"obs": "observed", "exp": "expected"}[row["stat"]]
        assert mine[column].item() == pytest.approx(row["value"], rel=1e-9)
    assert math.isclose(test.groups["observed"].sum(), test.groups["expected"].sum(), rel_tol=1e-9)
