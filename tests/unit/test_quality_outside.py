"""Indicators of outside figures against numbers worked by hand and figures of the literature."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import BadInput
from registry.quality.indicators.ascertainment import (
    completeness_dup_adj,
    completeness_naaccr_imr,
    completeness_oe,
    dci_mi_completeness,
    death_certificate_initiated,
    expected_rates,
    mi_ratio,
    observed_cases,
    truncated,
)
from registry.quality.indicators.capture import chapman, log_linear, overlap, poisson_fit
from registry.quality.indicators.flow import flow, flow_completeness, flow_curves, flow_limits
from registry.quality.indicators.plausibility import age_curve, childhood, childhood_rate, stability, trend
from registry.quality.indicators.reliability import kappa
from registry.quality.indicators.timeliness import deadline, received_by, timeliness_12m, timeliness_23m


def test_completeness_is_cut_never_rounded_up() -> None:
    assert completeness_oe(9499, 10_000).value == pytest.approx(94.99)
    assert truncated(94.99) == 94.9
    assert truncated(completeness_oe(943, 1000).value or 0) == 94.3  # 94.3 * 10 is below 943 as a float
    assert completeness_oe(5, 0).value is None


def test_observed_cases_are_distinct_malignant_residents_with_bladder_in_situ() -> None:
    tumors = pl.DataFrame(
        {
            "patientIdNumber": ["1", "1", "2", "3", "4", "5", "6"],
            "primarySite": ["C509", "C509", "C679", "C539", "C341", "C341", "C341"],
            "histologicTypeIcdO3": ["8500"] * 7,
            "behaviorCodeIcdO3": ["3", "3", "2", "2", "3", "3", "1"],
            "laterality": ["1", "1", "0", "0", "1", "1", "1"],
            "dateOfDiagnosis": ["20240105", "20240105", "202403", "2024", "2023", "2024", "2024"],
            "addrAtDxState": ["KY", "KY", "KY", "KY", "KY", "OH", "KY"],
        }
    )
    assert observed_cases(tumors, 2024) == 3
    assert observed_cases(tumors, 2024, "KY") == 2
    assert observed_cases(tumors.drop("patientIdNumber"), 2024) == 4


def rates() -> pl.DataFrame:
    rows = [
        ("colon", "white", 40.0, 15.0, 42.0, 14.0),  # expected 45
        ("lung", "white", 60.0, 50.0, 63.0, 45.0),  # expected 70
        ("colon", "black", 50.0, 20.0, 48.0, 16.0),  # expected 60
        ("lung", "black", 70.0, 60.0, 66.0, 55.0),  # expected 72
        ("prostate", "white", 500.0, 20.0, 110.0, 20.0),
        ("breast", "black", 500.0, 20.0, 110.0, 20.0),
        ("rare", "white", 1.0, 1.0, 1.0, 0.0),
    ]
    names = ["site", "race", "incidence", "mortality", "standard_incidence", "standard_mortality"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_expected_rates_follow_mortality() -> None:
    assert expected_rates(rates())["expected"].to_list() == pytest.approx([60.0, 45.0, 72.0, 70.0])


def test_incidence_to_mortality_by_race_and_combined() -> None:
    plain = completeness_naaccr_imr(rates())
    assert (plain.numerator, plain.denominator) == pytest.approx((220.0, 247.0))
    weighted = completeness_naaccr_imr(rates(), weights={"white": 0.8, "black": 0.2}, all_sites=1.1)
    assert weighted.numerator == pytest.approx(0.8 * 100 + 0.2 * 120)
    assert weighted.denominator == pytest.approx(1.1 * (0.8 * 115 + 0.2 * 132))
    assert weighted.value == pytest.approx(100 * weighted.numerator / weighted.denominator)
    with pytest.raises(BadInput, match="no weight for race black"):
        completeness_naaccr_imr(rates(), weights={"white": 1.0})


def test_duplicates_and_deaths() -> None:
    assert completeness_dup_adj(100.0, 10.0).value == pytest.approx(99.0)
    assert mi_ratio(43, 0).value is None
    assert death_certificate_initiated(30, 20, 1000).value == 5.0


@given(st.floats(0, 0.9), st.floats(0.05, 2))
def test_both_forms_of_ajiki_are_one(dci: float, mi: float) -> None:
    found = dci_mi_completeness(dci, mi).value
    assert found == pytest.approx(1 - dci * (1 / mi - 1) / (1 - dci), abs=1e-9)


def test_ajiki_in_the_simple_world_it_is_made_for() -> None:
    """1,000 cases, 40 % fatal, 80 % found in life, missed alike; the dead among the missed come by certificate."""
    found, missed = 800, 200
    initiated = 0.4 * missed
    registered = found + initiated
    mi = 0.4 * 1000 / registered
    estimate = dci_mi_completeness(initiated / registered, mi).value
    assert estimate == pytest.approx(registered / 1000)
    assert dci_mi_completeness(1.0, 0.5).value is None
    assert dci_mi_completeness(0.1, 0.0).value is None


def test_chapman_by_hand() -> None:
    found = chapman(60, 50, 20)
    assert found.cases == pytest.approx(61 * 51 / 21 - 1)
    assert found.variance == pytest.approx(61 * 51 * 40 * 30 / (21**2 * 22))
    assert found.seen == 90
    low, high = found.limits or (0, 0)
    assert high - found.cases == pytest.approx(1.959964 * math.sqrt(found.variance or 0), rel=1e-6)
    assert low >= 90
    with pytest.raises(BadInput, match="70 cases in both"):
        chapman(60, 50, 70)


def test_chapman_with_full_overlap_has_nothing_missing() -> None:
    found = chapman(50, 50, 50)
    assert (found.cases, found.variance, found.completeness) == (50.0, 0.0, 100.0)


def test_three_sources_that_are_independent_give_the_truth() -> None:
    """10,000 cases seen with chances 1/2, 2/5 and 1/4, independently."""
    chances = {"a": 0.5, "b": 0.4, "c": 0.25}
    seen = {}
    for pattern in (("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c")):
        chance = math.prod(p if name in pattern else 1 - p for name, p in chances.items())
        seen[pattern] = round(10_000 * chance)
    assert log_linear(seen).cases == pytest.approx(10_000, rel=1e-6)
    assert log_linear(seen, [("a", "b")]).cases == pytest.approx(10_000, rel=1e-4)


def test_two_sources_log_linear_is_lincoln_petersen() -> None:
    assert log_linear({("a",): 40, ("b",): 30, ("a", "b"): 20}).cases == pytest.approx(60 * 50 / 20)


def test_log_linear_refuses_what_it_cannot_tell() -> None:
    with pytest.raises(BadInput, match="two sources"):
        log_linear({("a",): 5})
    with pytest.raises(BadInput, match="as many parameters"):
        log_linear({("a",): 5, ("b",): 4, ("a", "b"): 3}, [("a", "b")])


def test_overlap_counts_a_case_once_however_often_it_is_reported() -> None:
    rows = pl.DataFrame({"case": [1, 1, 1, 2, None], "source": ["b", "a", "a", "b", "a"]})
    assert overlap(rows, "case", "source") == {("a", "b"): 1, ("b",): 1}


def test_poisson_fit_meets_its_totals() -> None:
    design = np.column_stack([np.ones(5), np.arange(5)])
    counts, years = [12, 30, 18, 40, 35], np.array([100.0, 110, 120, 130, 140])
    fitted = np.exp(design @ poisson_fit(design, counts, years)) * years
    assert fitted.sum() == pytest.approx(sum(counts))
    assert (fitted * np.arange(5)).sum() == pytest.approx(sum(n * c for n, c in enumerate(counts)))


def test_a_jump_and_a_missing_year_are_flagged() -> None:
    years = pl.DataFrame(
        {"year": [2018, 2019, 2021, 2022], "cases": [400, 410, 405, 520], "population": [100_000] * 4}
    )
    found = trend(years)
    assert found["flagged"].to_list() == [False, False, True, True]
    assert found["change"].null_count() == 2
    assert found["change"][3] == pytest.approx((520 - 405) / math.sqrt(520 + 405))
    measure = stability(years)
    assert (measure.numerator, measure.denominator) == (2, 4)
    assert measure.value == pytest.approx(float(found["deviation"].abs().max()))
    with pytest.raises(BadInput, match="three years"):
        trend(years.head(2))


def test_the_age_curve_falls_where_the_old_are_missed() -> None:
    ages = pl.DataFrame({"age": [60, 65, 70, 75, 80], "cases": [1, 30, 30, 10, 5], "population": [1000] * 5})
    assert age_curve(ages).value == pytest.approx(7.5 / 30)
    assert age_curve(ages.head(3)).value is None


def test_childhood_rates_are_low_expected_or_high() -> None:
    ages = pl.DataFrame(
        {
            "group": ["10-14", "0-4", "5-9", "15-19"], "cases": [20, 8, 10, 99], "population": [100_000] * 4,
            "lowest": [7.0, 12.0, 7.0, 0.0], "highest": [15.0, 24.0, 14.0, 1.0],
        }
    )  # fmt: skip
    assert childhood(ages).select("group", "verdict").rows() == [
        ("0-4", "low"),
        ("5-9", "expected"),
        ("10-14", "high"),
    ]
    assert childhood_rate(ages).value == pytest.approx(100 / 3)


def test_the_flow_method_by_hand() -> None:
    """Alive and unregistered at the end, and dead in either interval while unregistered and without mention."""
    curves = pl.DataFrame(
        {
            "time": [0, 1, 2], "survival": [1.0, 0.7, 0.5], "mention": [None, 0.9, 0.8],
            "unregistered": [1.0, 0.2, 0.1],
        }
    )  # fmt: skip
    last = flow(curves).row(2, named=True)
    assert last["missing"] == pytest.approx(0.5 * 0.1)
    assert last["lost"] == pytest.approx(0.3 * 0.6 * 0.1 + 0.2 * 0.15 * 0.2)
    assert last["completeness"] == pytest.approx(1 - 0.05 - 0.024)
    assert flow(curves)["completeness"][0] == 0.0
    with pytest.raises(BadInput, match="row at time 0"):
        flow(curves.tail(2))


def test_the_flow_method_in_a_registry_that_registers_at_once() -> None:
    curves = pl.DataFrame(
        {"time": [0, 1], "survival": [1.0, 0.5], "mention": [None, 0.5], "unregistered": [0.0, 0.0]}
    )
    assert flow_completeness(curves, 1).value == 1.0


def test_flow_curves_and_limits_from_patients() -> None:
    patients = pl.DataFrame(
        {
            "days": [100, 300, 500, 900, 2000, 2000] * 10, "dead": [True, True, True, False, False, False] * 10,
            "mentioned": [True, False, True, None, None, None] * 10,
            "registered_after": [None, 50, 100, 30, 40, 400] * 10,
        }
    )  # fmt: skip
    curves = flow_curves(patients, (0, 1, 5))
    assert curves["survival"].to_list() == pytest.approx([1, 4 / 6, 4 / 6 * 0.75])
    assert curves["mention"].to_list()[1:] == [0.5, 1.0]
    assert curves["unregistered"].to_list() == pytest.approx([1, 1 / 4, 0])
    low, high = flow_limits(patients, samples=50)
    assert low < (flow_completeness(flow_curves(patients)).value or 0) < high
    assert flow_limits(patients, samples=50) == (low, high)


def test_deadlines() -> None:
    assert deadline(2023, 23) == dt.date(2025, 11, 30)
    assert deadline(2023, 2) == dt.date(2024, 2, 29)
    assert timeliness_23m(2023, dt.date(2025, 12, 1)).value == 0.0
    assert timeliness_12m(900, 1000).value == 90.0
    assert (
        received_by(pl.DataFrame({"dateCaseReportReceived": ["2025", "20250102"]}), dt.date(2025, 6, 1)) == 1
    )


def test_kappa_of_two_and_of_three() -> None:
    assert kappa("aabb", "aabb").value == 1.0
    assert kappa("aa", "aa").value is None
    three = kappa("aab", "aab", "aab")
    assert three.value == 1.0
