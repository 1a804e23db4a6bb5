"""Competing risks and Cox models against R's results (survival, cmprsk)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from registry.analytics import (
    aalen_johansen,
    cox,
    gray_test,
    parametric,
    predicted_survival,
    proportional_hazards,
)
from registry.analytics.regression import CoxFit
from tests.paths import needs_shared, shared

pytestmark = needs_shared
THREE = ["age", "sex", "ph.ecog"]
STATS = {"hr_lower95": "lower", "hr_upper95": "upper"}
WHOLE = {"nevent": "n_event"}


def expected(file: str, case: str) -> Iterator[dict[str, str]]:
    rows = pl.read_csv(shared("statistics", file), infer_schema=False).fill_null("").filter(case=case)
    assert rows.height
    yield from rows.iter_rows(named=True)


def data(name: str, **columns: pl.Expr) -> pl.DataFrame:
    return pl.read_csv(shared("statistics", name)).with_columns(**columns)


@pytest.fixture(scope="module")
def gammopathy() -> pl.DataFrame:
    """Progression, or death before it."""
    progressed = pl.col("pstat") == 1
    return data(
        "mgus2.csv",
        days=pl.when(progressed).then("ptime").otherwise("futime"),
        cause=pl.when(progressed).then(pl.lit("pcm")).when(pl.col("death") == 1).then(pl.lit("death")),
    )


@pytest.mark.parametrize(("case", "by"), [("mgus2:aj:all", None), ("mgus2:aj:sex", "sex")])
def test_cumulative_incidence(gammopathy: pl.DataFrame, case: str, by: str | None) -> None:
    table = aalen_johansen(gammopathy, by=by, at=[12, 60, 120, 240, 360])
    for row in expected("expected_competing_risks.csv", case):
        stat, cause = row["stat"].split("_")
        wanted = table.filter(cause=cause, time=float(row["time"]))
        wanted = wanted.filter(sex=row["strata"][-1]) if by else wanted
        value = wanted["incidence" if stat == "cif" else "std_error"].item()
        assert value == pytest.approx(float(row["value"]), abs=1e-9), row


def test_gray(gammopathy: pl.DataFrame) -> None:
    for row in expected("expected_competing_risks.csv", "mgus2:aj:sex:gray"):
        test = gray_test(gammopathy, "sex", row["strata"])
        value = {"stat": test.chi2, "df": test.df, "p": test.p}[row["stat"]]
        assert value == pytest.approx(float(row["value"]), abs=1e-8)


def lung(**words: object) -> CoxFit:
    frame = data("lung.csv", dead=pl.col("status") == 2)
    return cox(frame, THREE, time="time", **words)  # type: ignore[arg-type]


def rotterdam() -> CoxFit:
    frame = data("rotterdam.csv", size=pl.col("size").replace({"<=20": "-"}))
    terms = ["age", "meno", "size", "grade", "nodes", "er", "hormon", "chemo"]
    return cox(frame, terms, time="dtime", event="death")


def heart() -> CoxFit:
    return cox(
        data("heart.csv"), ["age", "year", "surgery", "transplant"], start="start", time="stop", event="event"
    )


def colon() -> CoxFit:
    frame = data("colon.csv", rx=pl.col("rx").replace({"Obs": "-"}))
    return cox(frame, ["rx", "sex", "age"], time="time", event="status", cluster="id")


@pytest.mark.parametrize(("case", "fit", "renamed"), [
    ("lung:cox:efron:age+sex+ph.ecog", lung, {}),
    ("lung:cox:breslow:age+sex+ph.ecog", lambda: lung(ties="breslow"), {}),
    ("lung:cox:efron:age+sex+ph.ecog+strata(inst)", lambda: lung(strata="inst"), {}),
    ("rotterdam:cox:efron", rotterdam, {"size20-50": "size=20-50", "size>50": "size=>50"}),
    ("heart:cox:efron:timevarying", heart, {"transplant1": "transplant"}),
    ("colon:cox:efron:cluster(id)", colon, {"rxLev": "rx=Lev", "rxLev+5FU": "rx=Lev+5FU"}),
], ids=["efron", "breslow", "strata", "levels", "time-varying", "cluster"])  # fmt: skip
def test_cox(case: str, fit, renamed: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    model = fit()
    for row in expected("expected_cox.csv", case):
        if row["strata"]:
            term = model.terms.filter(term=renamed.get(row["strata"], row["strata"]))
            value = term[STATS.get(row["stat"], row["stat"])].item()
        else:
            value = getattr(model, WHOLE.get(row["stat"], row["stat"]))
        assert value == pytest.approx(float(row["value"]), rel=1e-7, abs=1e-7), row


def test_predicted_survival() -> None:
    people = pl.DataFrame({"age": [50, 70], "sex": [1, 2], "ph.ecog": [0, 2]})
    table = predicted_survival(lung(), people, [180, 365, 730])
    for row in expected("expected_cox.csv", "lung:cox:efron:predict"):
        found = table.filter(row=int(row["strata"][-1]) - 1, time=float(row["time"]))
        value = found["survival" if row["stat"] == "surv" else "std_error"].item()
        assert value == pytest.approx(float(row["value"]), abs=1e-9)


@pytest.mark.parametrize("transform", ["identity", "log"])
def test_proportional_hazards_as_lifelines(transform: str) -> None:
    import lifelines

    frame = data("lung.csv", dead=(pl.col("status") == 2).cast(pl.Int8)).drop_nulls(THREE)
    table = frame.select("time", "dead", *THREE).to_pandas()
    peer = lifelines.CoxPHFitter().fit(table, "time", "dead")
    wanted = lifelines.statistics.proportional_hazard_test(peer, table, time_transform=transform).summary
    ours = proportional_hazards(lung(), transform)
    for name in THREE:
        value = ours.filter(term=name)["chi2"].item()
        assert value == pytest.approx(wanted.loc[name, "test_statistic"], rel=1e-4)


def test_weibull_as_lifelines() -> None:
    import lifelines

    frame = data("lung.csv", dead=(pl.col("status") == 2).cast(pl.Int8)).drop_nulls(THREE)
    peer = lifelines.WeibullAFTFitter().fit(frame.select("time", "dead", *THREE).to_pandas(), "time", "dead")
    fit = parametric(frame, THREE, time="time")
    assert fit.loglik == pytest.approx(peer.log_likelihood_, abs=1e-4)
    for name in THREE:
        row = fit.terms.filter(term=name)
        assert row["coef"].item() == pytest.approx(peer.summary.loc[("lambda_", name), "coef"], abs=1e-4)
        assert row["se"].item() == pytest.approx(peer.summary.loc[("lambda_", name), "se(coef)"], abs=1e-4)
    assert fit.terms.filter(term="(log scale)")["coef"].item() == pytest.approx(-0.31319, abs=1e-4)
