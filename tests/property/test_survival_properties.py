"""Kaplan-Meier and log-rank equal lifelines for any data: ties, groups, everybody dead, nobody dead."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics import kaplan_meier, log_rank, number_at_risk, quantiles

times = st.one_of(st.integers(0, 12), st.floats(0.1, 300, allow_nan=False).map(lambda value: round(value, 6)))
people = st.lists(st.tuples(times, st.booleans(), st.sampled_from("ab")), min_size=1, max_size=60)


def frame_of(rows: list[tuple[float, bool, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(float(time), dead, group) for time, dead, group in rows],
        schema={"months": pl.Float64, "dead": pl.Boolean, "group": pl.String},
        orient="row",
    )


@given(people)
@settings(max_examples=60, deadline=None)
def test_kaplan_meier_equals_lifelines(rows) -> None:  # type: ignore[no-untyped-def]
    from lifelines import KaplanMeierFitter

    frame = frame_of(rows)
    curve = kaplan_meier(frame, by="group")
    for group, mine in curve.group_by("group"):
        own = frame.filter(pl.col("group") == group[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = KaplanMeierFitter().fit(own["months"].to_numpy(), own["dead"].to_numpy())
        table, limits = fit.event_table, fit.confidence_interval_
        mine = mine.sort("time")
        assert mine["time"].to_list() == list(fit.survival_function_.index)
        np.testing.assert_allclose(mine["survival"], fit.survival_function_["KM_estimate"], atol=1e-10)
        assert mine["events"].to_list() == table["observed"].to_list()
        alive = (mine["survival"] > 0).to_numpy()
        for name, column in zip(("lower", "upper"), limits.columns, strict=True):
            np.testing.assert_allclose(
                mine[name].to_numpy()[alive], limits[column].to_numpy()[alive], atol=1e-10, rtol=0
            )


@given(people)
@settings(max_examples=60, deadline=None)
def test_invariants(rows) -> None:  # type: ignore[no-untyped-def]
    frame = frame_of(rows)
    for confidence in ("log-log", "log", "plain"):
        curve = kaplan_meier(frame, confidence=confidence)  # type: ignore[arg-type]
        assert curve["survival"].is_between(0, 1).all()
        assert (curve["survival"].diff().drop_nulls() <= 0).all()
        inside = curve.drop_nulls("lower")
        assert (inside["lower"] <= inside["survival"] + 1e-12).all()
        assert (inside["upper"] >= inside["survival"] - 1e-12).all()
    assert curve["events"].sum() + curve["censored"].sum() == frame.height == curve["at_risk"][0]
    assert kaplan_meier(frame.sample(fraction=1, shuffle=True, seed=1), confidence="plain").equals(curve)
    table = number_at_risk(frame, [0, 5, 500])
    assert table["at_risk"].to_list() == [frame.height, (frame["months"] >= 5).sum(), 0]
    assert quantiles(curve)["time"].drop_nulls().is_sorted()


@given(people)
@settings(max_examples=60, deadline=None)
def test_log_rank_equals_lifelines(rows) -> None:  # type: ignore[no-untyped-def]
    from lifelines.statistics import multivariate_logrank_test

    frame = frame_of(rows)
    if frame["group"].n_unique() < 2 or not frame["dead"].any():
        return
    mine = log_rank(frame, "group")
    if mine.chi2 == 0:  # no information: lifelines gives a p of NaN there
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = multivariate_logrank_test(frame["months"], frame["group"], frame["dead"])
    assert mine.chi2 == pytest.approx(theirs.test_statistic, abs=1e-8)
    assert mine.p == pytest.approx(theirs.p_value, abs=1e-8)
