"""Outcomes where there is little or nothing to count."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from registry.analytics.outcomes.delays import begun_curve, time_to
from registry.analytics.outcomes.expected import observed_expected, ratio_limits
from registry.analytics.outcomes.funnel_plot import binomial_limits, funnel, funnel_of_ratios, ratio_lines
from registry.analytics.outcomes.measure_figures import answers, measured
from registry.analytics.outcomes.stage_mix import adjusted_to_mix, moved, stage_distribution, stage_migration
from registry.analytics.outcomes.treatment import combinations, with_treatment
from registry.errors import BadInput

CASES = {"days": pl.Int32, "followed": pl.Int32, "group": pl.String}


def test_nobody_and_one() -> None:
    nobody = pl.DataFrame(schema=CASES)
    assert time_to(nobody, "days", ["group"]).height == 0
    assert begun_curve(nobody, "days", ["group"]).height == 0
    one = pl.DataFrame([{"days": None, "followed": None, "group": "Ç, d"}], schema=CASES)
    row = time_to(one, "days", ["group"]).row(0, named=True)
    assert (row["total"], row["untreated"], row["p50"], row["begun_30"], row["km_p50"]) == (
        1,
        1,
        None,
        0.0,
        None,
    )
    alone = time_to(pl.DataFrame([{"days": 0, "followed": 0, "group": "a"}], schema=CASES), "days").row(
        0, named=True
    )
    assert (alone["p10"], alone["p90"], alone["begun_30"], alone["km_p90"]) == (0, 0, 100.0, 0)


def test_beginning_and_leaving_on_one_day() -> None:
    """Who leaves on the day on which another begins was still at risk on it."""
    frame = pl.DataFrame({"days": [10, None], "followed": [99, 10]})
    assert time_to(frame, "days")["begun_30"].to_list() == [50.0]


def test_late_beginnings_are_no_beginnings_within_the_horizon() -> None:
    frame = pl.DataFrame({"days": [400, 5], "followed": [900, 900]})
    row = time_to(frame, "days", horizon=365).row(0, named=True)
    assert (row["p90"], row["begun_180"], row["km_p90"]) == (400, 50.0, None)


def test_observed_and_expected_without_deaths_or_groups() -> None:
    people = pl.DataFrame(
        {"facility": ["A", "B", None], "days": [5, 9, 9], "dead": [False] * 3, "stage": ["L"] * 3}
    )
    found = observed_expected(people, mix=["stage"], horizon=5)
    assert found.select("facility", "observed", "expected", "ratio", "survival").rows() == [
        ("A", 0, 0.0, None, 1.0), ("B", 0, 0.0, None, 1.0)
    ]  # fmt: skip
    assert observed_expected(people.clear(), mix=["stage"], horizon=5).height == 0
    with pytest.raises(BadInput, match="positive"):
        observed_expected(people, mix=["stage"], horizon=0)
    ratio, low, high = ratio_limits(np.array([0]), np.array([2.0]), "byar")
    assert (ratio[0], low[0]) == (0.0, 0.0) and 1 < high[0] < 3


def test_funnels_of_nobody_and_of_impossible_benchmarks() -> None:
    empty = pl.DataFrame({"group": ["a"], "met": [0], "total": [0]})
    assert funnel(empty, 85).height == 0
    assert funnel_of_ratios(pl.DataFrame({"observed": [0], "expected": [0.0]})).height == 0
    assert ratio_lines([0.0]).height == 0
    for benchmark in (0.0, 1.0):
        with pytest.raises(BadInput):
            binomial_limits(np.array([10]), benchmark)


def test_stages_of_nobody() -> None:
    nobody = pl.DataFrame(schema={"stage": pl.String, "year": pl.Int16})
    assert stage_distribution(nobody, ["year"]).height == 0
    migration = stage_migration(nobody, [(2000, 2004), (2005, 2009)])
    assert migration["count"].sum() == 0 and migration["change"].null_count() == migration.height
    assert moved(migration) == 0.0
    for periods in ([], [(2005, 2004)], [(2000, 2005), (2005, 2009)]):
        with pytest.raises(BadInput):
            stage_migration(nobody, periods)
    lacking = pl.DataFrame({"group": ["a"], "stage": ["Localized"], "survival": [0.9]})
    mix = pl.DataFrame({"stage": ["Localized", "Distant"], "weight": [1, 1]})
    assert adjusted_to_mix(lacking, mix).rows() == [("a", None, ["Distant"])]


def test_treatment_of_a_frame_without_treatment_items() -> None:
    frame = with_treatment(pl.DataFrame({"year": [2020, None]}, schema={"year": pl.Int16}))
    assert frame["treatment"].to_list() == ["Unknown", "Unknown"]
    assert combinations(frame.clear(), []).height == 0


def test_days_to_therapy_need_both_days() -> None:
    frame = pl.DataFrame({
        "year": [2020] * 3, "diagnosed": [dt.date(2020, 3, 15)] * 3, "dateOfDiagnosis": ["20200315", "202003", "20200315"],
        "rxDateChemo": ["20200320", "20200320", "202003"],
    })  # fmt: skip
    assert measured(frame)["days_to_chemo"].to_list() == [5, None, None]


def test_a_measure_that_asks_nobody() -> None:
    from registry.analytics.outcomes.measure import measure_from

    one = measure_from({
        "id": "x", "version": "1", "title": "t", "question": "q", "site": "s", "source": "s", "benchmark": 90,
        "denominator": ["site = C50"], "numerator": ["dead"],
    })  # fmt: skip
    frame = pl.DataFrame({"site": ["C34", None], "dead": [True, False]})
    assert answers(frame, one)["answer"].to_list() == ["not asked", "not asked"]
    assert answers(frame.clear(), one).height == 0
