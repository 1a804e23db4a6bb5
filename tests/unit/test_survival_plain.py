"""Every estimate of observed survival against its definition, worked out slowly in fractions."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from registry import analytics
from registry.analytics import counts
from registry.analytics.survival.kaplan_meier import curve_frame
from registry.analytics.survival.quantiles import crossings
from registry.errors import BadInput

Person = tuple[float, bool]


def people(seed: int, size: int = 60, *, whole: bool = True) -> pl.DataFrame:
    """Many ties, four groups of which one is unknown, somebody who died on the first day."""
    random = np.random.default_rng(seed)
    days = random.integers(0, 15, size)
    return pl.DataFrame({
        "days": days if whole else days * 12 / 365.25,
        "dead": random.random(size) < 0.6,
        "stage": [["I, A", "II", "III é", None][one] for one in random.choice(4, size, p=[0.4, 0.3, 0.2, 0.1])],
        "sex": random.choice([1, 2], size),
    })  # fmt: skip


FRAMES = [people(seed, whole=seed % 2 == 0) for seed in range(4)]


def rows_of(frame: pl.DataFrame, stage: str | None) -> list[Person]:
    return [(row["days"], row["dead"]) for row in frame.iter_rows(named=True) if row["stage"] == stage]


def slow_survival(rows: list[Person], until: float) -> tuple[Fraction, Fraction | None]:
    """Survival at a time, and the variance of its logarithm (None: not defined)."""
    survival, variance = Fraction(1), Fraction(0)
    for moment in sorted({time for time, dead in rows if dead and time <= until}):
        at_risk = sum(time >= moment for time, _ in rows)
        died = sum(dead and time == moment for time, dead in rows)
        survival *= Fraction(at_risk - died, at_risk)
        if survival == 0:
            return survival, None
        variance += Fraction(died, at_risk * (at_risk - died))
    return survival, variance


def close(mine: Any, theirs: Any) -> bool:
    return mine is theirs is None or math.isclose(mine, theirs, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("frame", FRAMES, ids=["0", "1", "2", "3"])
def test_curve_and_hazard(frame: pl.DataFrame) -> None:
    curve = analytics.kaplan_meier(frame, "days", by="stage")
    hazard = analytics.nelson_aalen(frame, "days", by="stage")
    assert curve["stage"].unique(maintain_order=True).to_list() == ["I, A", "II", "III é", None]
    for row, other in zip(curve.iter_rows(named=True), hazard.iter_rows(named=True), strict=True):
        rows = rows_of(frame, row["stage"])
        survival, variance = slow_survival(rows, row["time"])
        assert close(row["survival"], survival)
        assert close(row["std_error"], None if variance is None else float(survival) * math.sqrt(variance))
        assert row["at_risk"] == sum(time >= row["time"] for time, _ in rows)
        assert row["censored"] == sum(time == row["time"] and not dead for time, dead in rows)
        steps = [
            (sum(dead and time == moment for time, dead in rows), sum(time >= moment for time, _ in rows))
            for moment in sorted({time for time, _ in rows if time <= row["time"]})
        ]
        assert close(other["hazard"], sum(Fraction(died, at_risk) for died, at_risk in steps))
        assert close(other["std_error"], math.sqrt(sum(Fraction(died, n * n) for died, n in steps)))


@pytest.mark.parametrize("frame", FRAMES[:2], ids=["0", "1"])
@pytest.mark.parametrize("until", [0.2, 6.0, 40.0])
def test_restricted_mean(frame: pl.DataFrame, until: float) -> None:
    means = analytics.restricted_mean(frame, until, "days", by="stage")
    for row in means.iter_rows(named=True):
        rows = rows_of(frame, row["stage"])
        edges = [0.0, *sorted({time for time, _ in rows if 0 < time < until}), until]
        areas = [(end - start) * float(slow_survival(rows, start)[0]) for start, end in pairwise(edges)]
        variance = 0.0
        for moment in sorted({time for time, dead in rows if dead and time <= until}):
            at_risk, died = sum(time >= moment for time, _ in rows), rows.count((moment, True))
            later = sum(area for area, start in zip(areas, edges, strict=False) if start >= moment)
            variance += later**2 * died / (at_risk * (at_risk - died)) if at_risk > died else 0.0
        assert close(row["mean"], sum(areas))
        assert close(row["std_error"], math.sqrt(variance))
        assert 0 <= row["lower"] <= row["mean"] <= row["upper"] <= until


@pytest.mark.parametrize("confidence", ["plain", "log", "log-log"])
def test_conditional_survival_is_the_survival_of_those_still_observed(confidence: str) -> None:
    frame = FRAMES[0]
    got = analytics.conditional_survival(frame, 4, [4, 9, 50], "days", by="stage", confidence=confidence)
    later = frame.filter(pl.col("days") > 4)
    theirs = analytics.survival_at(
        analytics.kaplan_meier(later, "days", by="stage", confidence=confidence),
        [4, 9, 50],
        "stage",
        extend=True,
    )
    for name in ("survival", "std_error", "lower", "upper"):
        assert all(map(close, got[name], theirs[name])), name
    assert (
        got["at_risk"].to_list()[::3]
        == later.group_by("stage").len().sort("stage", nulls_last=True)["len"].to_list()
    )
    nobody = analytics.conditional_survival(frame, 99, [100], "days")
    assert nobody.select("at_risk", "survival", "lower").rows() == [(0, None, None)]


@pytest.mark.parametrize("interval", [1.0, 4.0])
def test_actuarial_table(interval: float) -> None:
    frame = FRAMES[2]
    table = analytics.actuarial(frame, "days", by="stage", interval=interval)
    for stage in ["I, A", "II", "III é", None]:
        left, survival, variance = rows_of(frame, stage), Fraction(1), Fraction(0)
        own = table.filter(pl.col("stage").eq_missing(pl.lit(stage)))
        assert own["start"].to_list() == [number * interval for number in range(own.height)]
        for row in own.iter_rows(named=True):
            gone = [(time, dead) for time, dead in left if time < row["end"]]
            died, censored = sum(dead for _, dead in gone), sum(not dead for _, dead in gone)
            effective = len(left) - Fraction(censored, 2)
            survival *= 1 - died / effective
            assert (row["at_start"], row["events"], row["censored"]) == (len(left), died, censored)
            assert close(row["survival"], survival)
            if survival:
                variance += died / (effective * (effective - died))
                assert close(row["std_error"], float(survival) * math.sqrt(variance))
            else:
                assert row["std_error"] is row["upper"] is None
            left = [one for one in left if one not in gone]
        assert not left


def test_a_time_that_is_the_end_of_an_interval_begins_the_next() -> None:
    month = 365.25 / 12
    frame = pl.DataFrame({"days": [12 * month, 11.999 * month], "dead": [True, True]})
    assert analytics.actuarial(frame, "days", interval=month)["events"].to_list() == [0] * 11 + [1, 1]
    years = pl.DataFrame({"years": [0.1 + 0.2], "dead": [True]})  # 0.30000000000000004
    assert analytics.actuarial(years, "years", interval=0.1)["events"].to_list() == [0, 0, 0, 1]


@pytest.mark.parametrize(("rho", "strata"), [(0, None), (1, None), (0, "sex"), (1, "sex"), (0.5, "sex")])
def test_log_rank_family(rho: float, strata: str | None) -> None:
    frame = FRAMES[3].drop_nulls("stage")
    test = analytics.log_rank(frame, "stage", time="days", strata=strata, rho=rho)
    stages = ["I, A", "II", "III é"]
    observed, expected, variance, spread = (np.zeros(shape) for shape in (3, 3, (3, 3), (3, 3)))
    for _, part in frame.group_by(strata or pl.lit(0)):
        own = [(row["days"], row["dead"], stages.index(row["stage"])) for row in part.iter_rows(named=True)]
        before = 1.0
        for moment in sorted({time for time, dead, _ in own if dead}):
            at_risk = np.array(
                [sum(time >= moment and group == one for time, _, group in own) for one in range(3)]
            )
            died = np.array(
                [
                    sum(time == moment and dead and group == one for time, dead, group in own)
                    for one in range(3)
                ]
            )
            all_died, everybody, weight = died.sum(), at_risk.sum(), before**rho
            share = at_risk / everybody
            observed += weight * died
            expected += weight * all_died * share
            shape = weight**2 * all_died * (np.diag(share) - np.outer(share, share))
            spread += shape
            variance += shape * (everybody - all_died) / max(everybody - 1, 1)
            before *= 1 - all_died / everybody
    difference = (observed - expected)[1:]
    assert test.chi2 == pytest.approx(difference @ np.linalg.solve(variance[1:, 1:], difference), rel=1e-10)
    assert test.df == 2
    assert test.groups["expected"].to_list() == pytest.approx(expected.tolist(), rel=1e-12)
    if not rho:
        trend = analytics.log_rank_trend(frame, "stage", time="days", strata=strata, scores=[1, 2, 7])
        score = np.array([1, 2, 7])
        moved = score @ (observed - expected)
        assert trend.tarone == pytest.approx(moved**2 / (score @ variance @ score), rel=1e-10)
        assert trend.score == pytest.approx(moved**2 / (score @ spread @ score), rel=1e-10)


@pytest.mark.parametrize("whole", [True, False])
def test_the_sorted_count_equals_the_dense_one(whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(9, 200, whole=whole)
    by = ["stage", "sex"]
    dense = analytics.kaplan_meier(frame, "days", by=by)
    test = analytics.log_rank(frame, "stage", time="days", strata="sex")
    monkeypatch.setattr(counts, "SMALL", 1)
    monkeypatch.setattr(counts, "DENSE", 0)
    monkeypatch.setattr(sys.modules["registry.analytics.survival.log_rank"], "CELLS", 5)
    assert analytics.kaplan_meier(frame, "days", by=by).equals(dense)
    again = analytics.log_rank(frame, "stage", time="days", strata="sex")
    assert again.chi2 == pytest.approx(test.chi2, rel=1e-12)
    assert again.groups["n"].equals(test.groups["n"])


def test_coded_columns_give_the_same_curve_whatever_their_type() -> None:
    frame = people(5, 300)
    kinds = [
        frame,
        frame.with_columns(pl.col("stage").cast(pl.Enum(["I, A", "nobody", "II", "III é"]))),
        frame.with_columns(pl.col("stage").cast(pl.Categorical), pl.col("sex").cast(pl.Float64)),
        frame.with_columns(pl.col("sex").cast(pl.UInt8), pl.col("days").cast(pl.UInt16)),
        frame.with_columns(pl.col("days").cast(pl.Float32), pl.col("dead").cast(pl.Int8)),
    ]
    curves = [analytics.kaplan_meier(kind, "days", by=["sex", "stage"]) for kind in kinds]
    for curve in curves[1:]:
        assert curve["survival"].equals(curves[0]["survival"])
        assert curve["at_risk"].equals(curves[0]["at_risk"])
        assert curve["stage"].cast(pl.String).equals(curves[0]["stage"])
    codes, groups = counts.code_groups(kinds[1], ["sex", "stage"])
    counted = counts.tally(codes, frame["days"].to_numpy(), frame["dead"].to_numpy(), groups.height)
    assert curve_frame(counted, groups, pl.Int64)["upper"].equals(curves[1]["upper"])


def test_more_combinations_than_a_number_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(5, 300)
    curve = analytics.kaplan_meier(frame, "days", by=["sex", "stage"])
    monkeypatch.setattr(counts, "LARGEST", 2)
    assert analytics.kaplan_meier(frame, "days", by=["sex", "stage"]).equals(curve)


def test_times_that_differ_by_rounding_are_one_time() -> None:
    frame = pl.DataFrame({"years": [0.3, 0.1 + 0.2, 1.0], "dead": [True, True, False]})
    assert analytics.kaplan_meier(frame, "years").select("time", "events").rows() == [
        (0.0, 0),
        (0.3, 2),
        (1.0, 0),
    ]


def test_one_person_one_event_nobody_ill() -> None:
    one = pl.DataFrame({"months": [3.5], "dead": [True]})
    assert analytics.kaplan_meier(one).select("time", "survival", "upper").rows() == [
        (0.0, 1.0, 1.0),
        (3.5, 0.0, None),
    ]
    assert analytics.median_survival(analytics.kaplan_meier(one)).row(0) == (3.5, None, None)
    healthy = pl.DataFrame({"months": [3, 4], "dead": [False, False], "arm": ["a", "b"]})
    assert analytics.median_survival(analytics.kaplan_meier(healthy)).row(0) == (None, None, None)
    assert analytics.restricted_mean(healthy, 10).select("mean", "std_error").row(0) == (10.0, 0.0)
    assert analytics.log_rank_trend(healthy, "arm").tarone_p == 1.0
    for empty in (
        analytics.nelson_aalen(one.clear()), analytics.restricted_mean(one.clear(), 5),
        analytics.actuarial(one.clear()), analytics.conditional_survival(one.clear(), 1, [2]),
    ):  # fmt: skip
        assert empty.is_empty()


def test_a_flat_stretch_at_the_end_and_a_limit_that_ends_undefined() -> None:
    flat = pl.DataFrame({"months": [1, 2, 3, 9], "dead": [True, True, False, False]})
    assert (
        analytics.median_survival(analytics.kaplan_meier(flat))["time"].item() == 5.5
    )  # from 2 to the last, 9
    dead = pl.DataFrame({"months": [1, 2, 3, 4], "dead": [True] * 4})
    values = analytics.quantiles(analytics.kaplan_meier(dead, confidence="plain"), (0.5, 0.75))
    assert values["time"].to_list() == [2.5, 3.5]
    assert values["upper"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: analytics.restricted_mean(FRAMES[0], 0, "days"), "not above 0"),
        (lambda: analytics.actuarial(FRAMES[0], "days", interval=-1), "not above 0"),
        (lambda: analytics.actuarial(FRAMES[0], "days", interval=1e-7), "intervals"),
        (lambda: analytics.actuarial(FRAMES[0], "weeks"), "no column weeks"),
        (lambda: analytics.conditional_survival(FRAMES[0], 5, [4], "days"), "already survived"),
        (lambda: analytics.log_rank_trend(FRAMES[0], "stage", time="days", scores=[1]), "1 scores"),
        (lambda: analytics.nelson_aalen(FRAMES[0], "days", "stage"), "true/false"),
    ],
    ids=range(7),
)
def test_bad_input_is_named(act: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        act()


def test_limits_that_rise_again_cross_where_their_sorted_values_do() -> None:
    time, level = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.9, 0.7, 0.75, 0.5])
    assert crossings(time, level, np.array([0.24, 0.26, 0.6])).tolist()[:2] == [3.0, 2.0]
    assert math.isnan(crossings(time, level, np.array([0.6]))[0])
