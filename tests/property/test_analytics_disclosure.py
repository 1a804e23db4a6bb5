"""Suppression holds against an attacker who solves the published totals as a linear program."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics import (
    kaplan_meier,
    number_at_risk,
    profiles,
    suppress,
    suppress_at_risk,
    suppress_curve,
)
from registry.analytics.disclosure import profile
from registry.errors import BadInput

MARGINS = ["year", "site", None]


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Tables large enough that something is left to hide; a smaller one needs its totals withheld."""
    rows, columns = draw(st.integers(4, 6)), draw(st.integers(4, 6))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    mean = draw(st.sampled_from([12, 40, 100]))
    counts = 1 + random.poisson(random.gamma(0.7, mean, (rows, columns)))
    return pl.DataFrame({
        "year": np.repeat(np.arange(rows), columns), "site": np.tile(np.arange(columns), rows), "count": counts.ravel(),
    })  # fmt: skip


def attack(table: pl.DataFrame, published: pl.DataFrame) -> list[float]:
    """Width of what the totals leave open for each hidden cell."""
    from scipy.optimize import linprog

    hidden = np.flatnonzero(published["suppressed"].to_numpy())
    equations, totals = [], []
    for margin in MARGINS:
        groups = table[margin].to_numpy() if margin else np.zeros(table.height)
        for group in np.unique(groups):
            line = np.flatnonzero(groups == group)
            total = table["count"].to_numpy()[line].sum()
            if 0 < total < 11:
                continue  # such a total is not published
            equations.append(np.isin(hidden, line).astype(float))
            totals.append(total - (published["count"].fill_null(0).to_numpy()[line]).sum())
    if not equations:
        return [float("inf")]
    low = 0 if (table["count"].to_numpy()[hidden] == 0).any() else 1
    widths = []
    for cell in range(hidden.size):
        aim = np.zeros(hidden.size)
        aim[cell] = 1
        ends = [linprog(sign * aim, A_eq=equations, b_eq=totals, bounds=(low, None)) for sign in (1, -1)]
        assert ends[0].status == 0
        widths.append(float("inf") if ends[1].status == 3 else -ends[1].fun - ends[0].fun)
    return widths


@given(tables())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_hidden_cell_can_be_worked_out(table: pl.DataFrame) -> None:
    published = suppress(table, margins=MARGINS)
    shown = published.filter(pl.col("suppressed").not_())["count"]
    assert ((shown == 0) | (shown >= 11)).all()
    assert published["count"].null_count() == published["suppressed"].sum()
    if published["suppressed"].any():
        assert min(attack(table, published)) > 0.5


def test_nothing_small_nothing_hidden() -> None:
    table = pl.DataFrame({"year": [1, 2], "count": [11, 0]})
    assert suppress(table, margins=[None])["suppressed"].to_list() == [False, False]


def test_profile_of_cancer_statistics_hides_zeros_too() -> None:
    table = pl.DataFrame({"year": [1, 2, 3, 4], "count": [15, 0, 16, 90], "rate": [1.0, 0.0, 2.0, 3.0]})
    published = suppress(table, threshold="uscs", also=["rate"])
    assert published["count"].to_list() == [None, None, 16, 90]
    assert published["rate"].to_list() == [None, None, 2.0, 3.0]
    assert profiles()["uscs"].threshold == 16


def test_two_small_cells_with_a_telling_sum_need_a_third() -> None:
    """1 + 1 = 2 gives both away when zeros are shown."""
    table = pl.DataFrame({"site": ["a", "b", "c", "d"], "count": [1, 1, 30, 40]})
    assert suppress(table, margins=[None])["count"].to_list() == [None, None, None, 40]


def test_small_groups_and_the_thin_end_of_a_curve_disappear() -> None:
    people = pl.DataFrame({
        "months": list(range(1, 31)) + [5] * 5, "dead": [True] * 35, "stage": ["1"] * 30 + ["2"] * 5,
    })  # fmt: skip
    curve = suppress_curve(kaplan_meier(people, by="stage"), by="stage")
    assert curve["stage"].unique().to_list() == ["1"]
    assert curve["time"].max() == 20  # 11 are at risk just before 20
    assert {"at_risk", "events", "censored"}.isdisjoint(curve.columns)
    table = suppress_at_risk(number_at_risk(people, [0, 12, 24], "stage"))
    assert table.filter(stage="1")["at_risk"].to_list() == [30, 19, None]
    assert table.filter(stage="2")["at_risk"].to_list() == [None, 0, 0]
    assert table.filter(stage="1")["events"].to_list() == [0, 12, 12]
    assert table.filter(stage="2")["events"].to_list() == [None, None, None]  # 5 deaths, all in one row
    assert table["suppressed"].to_list() == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: profile("nonsense"), "is not one of cms, default, uscs"),
        (lambda: profile(0), "not a positive"),
        (lambda: suppress(pl.DataFrame({"count": [-1]})), "negative"),
        (lambda: suppress(pl.DataFrame({"count": [1]}), margins=["year"]), "no column year"),
    ],
)
def test_bad_input_is_named(act, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match=message):
        act()
