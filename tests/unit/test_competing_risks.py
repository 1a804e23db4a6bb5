"""Competing risks against slow plain Python, and the ways in which people can be few."""

from __future__ import annotations

import math
import random

import polars as pl
import pytest

from registry.analytics import aalen_johansen, cause_specific, gray_test, kaplan_meier
from registry.errors import BadInput


def people(seed: int, whole: bool) -> pl.DataFrame:
    chance = random.Random(seed)
    days = [
        chance.randint(1, 9) if whole else chance.choice([0.5, 1.25, 3.5, 7.75, 90000.5]) for _ in range(60)
    ]
    return pl.DataFrame({
        "days": days, "cause": [chance.choice([0, 0, 1, 2, 3]) for _ in days],
        "arm": [chance.choice("abc") for _ in days], "site": [chance.choice("xy") for _ in days],
    })  # fmt: skip


def by_definition(rows: list[tuple[float, int]], cause: int, until: float) -> tuple[float, float]:
    """Cumulative incidence and its variance, each step's multinomial covariance carried to the end."""
    times = sorted({time for time, code in rows if code and time <= until})
    survival, value, steps = 1.0, 0.0, []
    for time in times:
        n = sum(t >= time for t, _ in rows)
        d = sum(t == time and c != 0 for t, c in rows)
        own = sum(t == time and c == cause for t, c in rows)
        steps.append((n, d, own, survival))
        value += survival * own / n
        steps[-1] += (value,)
        survival *= (n - d) / n
    variance = 0.0
    for n, d, own, before, reached in steps:
        after = value - reached
        if n > d:
            variance += after**2 * d / (n * (n - d))
        variance += before**2 * own * (n - own) / n**3 - 2 * after * before * own / n**2
    return value, math.sqrt(max(variance, 0.0))


@pytest.mark.parametrize("whole", [True, False])
def test_incidence_and_error_by_definition(whole: bool) -> None:
    frame = people(3, whole)
    table = aalen_johansen(frame, by="arm", at=[2, 5, 200000])
    for arm, cause, time, incidence, error in table.select(
        "arm", "cause", "time", "incidence", "std_error"
    ).iter_rows():
        rows = frame.filter(arm=arm).select("days", "cause").rows()
        assert (incidence, error) == pytest.approx(by_definition(rows, cause, time), abs=1e-12)


def test_one_cause_is_one_minus_kaplan_meier() -> None:
    frame = people(5, True).with_columns(cause=(pl.col("cause") > 0).cast(pl.Int8))
    ours = aalen_johansen(frame).filter(pl.col("time") > 0)
    curve = kaplan_meier(frame.with_columns(dead=pl.col("cause") > 0), time="days").filter(pl.col("time") > 0)
    assert (1 - ours["incidence"]).to_list() == pytest.approx(curve["survival"].to_list())
    known = curve["std_error"].is_not_null()
    assert ours.filter(known)["std_error"].to_list() == pytest.approx(
        curve.filter(known)["std_error"].to_list()
    )


def test_causes_by_name_null_is_censored_and_the_last_value_is_carried_on() -> None:
    frame = pl.DataFrame({"days": [1, 2, 3, 4], "cause": ["cancer", None, "other", ""]})
    table = aalen_johansen(frame, at=[0, 3, 99])
    assert table.filter(cause="cancer")["incidence"].to_list() == [0.0, 0.25, 0.25]
    assert table.filter(cause="other")["incidence"].to_list() == [0.0, 0.375, 0.375]
    assert table.filter(cause="other")["at_risk"].to_list() == [4, 2, 0]


def test_nobody_and_nothing() -> None:
    frame = people(1, True)
    assert aalen_johansen(frame.clear(), by="arm", at=[1]).is_empty()
    assert aalen_johansen(frame.with_columns(cause=pl.lit(0)), at=[1]).is_empty()  # no cause, no row
    none = gray_test(frame.with_columns(cause=pl.lit(2)), "arm", 1)
    assert (none.chi2, none.p) == (0.0, 1.0)


def test_gray_same_groups_do_not_differ_and_strata_add_up() -> None:
    frame = people(7, True)
    twice = pl.concat([frame.with_columns(arm=pl.lit(arm)) for arm in "ab"])
    assert gray_test(twice, "arm", 1).chi2 == pytest.approx(0, abs=1e-12)
    alone = gray_test(frame, "arm", 1)
    assert alone.df == 2
    assert gray_test(frame.with_columns(one=pl.lit(1)), "arm", 1, strata="one").chi2 == pytest.approx(
        alone.chi2
    )
    renamed = frame.with_columns(arm=pl.col("arm").replace({"a": "z"}))
    assert gray_test(renamed, "arm", 1).chi2 == pytest.approx(alone.chi2)  # whichever group is left out
    assert gray_test(frame, "arm", 1, strata="site").chi2 != pytest.approx(alone.chi2)


def test_cause_specific_leaves_unknown_causes_out() -> None:
    frame = pl.DataFrame({"cause": ["alive", "this cancer", "unknown", None, "other cause"]})
    assert cause_specific(frame)["dead"].to_list() == [False, True, False]
    codes = pl.DataFrame({"cause": [0, 1, 2, None]})
    assert cause_specific(codes, of=[1, 2])["dead"].to_list() == [False, True, True]


@pytest.mark.parametrize(("act", "message"), [
    (lambda f: aalen_johansen(f, by="stage"), "no column stage"),
    (lambda f: aalen_johansen(f.with_columns(days=pl.lit(-1))), "negative"),
    (lambda f: aalen_johansen(f.with_columns(days=pl.lit(None, pl.Int64))), "unknown times"),
    (lambda f: aalen_johansen(f.rename({"arm": "time"}), by="time"), "name of a result column"),
    (lambda f: gray_test(f.filter(arm="a"), "arm", 1), "has 1 group"),
    (lambda f: gray_test(f, "arm", 1, strata="arm"), "at once"),
])  # fmt: skip
def test_bad_input_is_named(act, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match=message):
        act(people(1, True))
