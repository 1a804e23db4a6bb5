"""Survival on small tables that can be worked out by hand, and the ways in which input can be wrong."""

from __future__ import annotations

import polars as pl
import pytest

from registry.analytics import (
    count_table,
    counts_by,
    kaplan_meier,
    log_rank,
    median_survival,
    number_at_risk,
    quantiles,
    survival_at,
)
from registry.analytics.survival.log_rank import chi_square_tail
from registry.errors import BadInput

FRAME = pl.DataFrame({
    "months": [0, 2, 2, 6, 1, 3], "dead": [True, True, False, True, False, False],
    "stage": ["1", "1", "1", "1", None, None],
})  # fmt: skip


def test_ties_deaths_before_censorings_and_a_death_at_time_zero() -> None:
    curve = kaplan_meier(FRAME, by="stage").filter(pl.col("stage") == "1")
    assert curve.select("time", "at_risk", "events", "censored").rows() == [
        (0, 4, 1, 0),
        (2, 3, 1, 1),
        (6, 1, 1, 0),
    ]
    assert curve["survival"].to_list() == pytest.approx([0.75, 0.5, 0.0])
    assert (
        curve["lower"].to_list()[-1]
        is curve["upper"].to_list()[-1]
        is curve["std_error"].to_list()[-1]
        is None
    )


def test_unknown_group_is_a_group_and_comes_last() -> None:
    curve = kaplan_meier(FRAME, by="stage")
    assert curve["stage"].to_list() == ["1", "1", "1", None, None, None]
    assert curve.filter(pl.col("stage").is_null())["upper"].to_list() == [1.0, 1.0, 1.0]


def test_nobody() -> None:
    curve = kaplan_meier(FRAME.clear(), by="stage")
    assert curve.is_empty()
    assert curve.columns == [
        "stage",
        "time",
        "at_risk",
        "events",
        "censored",
        "survival",
        "std_error",
        "lower",
        "upper",
    ]
    assert kaplan_meier(FRAME.clear()).is_empty()
    assert number_at_risk(FRAME.clear(), [0, 1], "stage").is_empty()


def test_beyond_the_last_time_survival_is_not_known_unless_all_have_died() -> None:
    values = survival_at(kaplan_meier(FRAME, by="stage"), [3, 12], "stage")
    assert values.select("stage", "time", "survival").rows() == [
        ("1", 3.0, 0.5), ("1", 12.0, 0.0), (None, 3.0, 1.0), (None, 12.0, None),
    ]  # fmt: skip


def test_median_and_a_quantile_that_is_exactly_reached() -> None:
    curve = kaplan_meier(FRAME.filter(pl.col("stage") == "1"))
    assert median_survival(curve)["time"].item() == 4  # survival is exactly 0.5 from 2 to 6
    assert quantiles(curve, (0.25, 0.75))["time"].to_list() == [1, 6]
    complete = pl.DataFrame({"months": [1, 2, 3, 4], "dead": [True] * 4})
    assert median_survival(kaplan_meier(complete))["time"].item() == 2.5


def test_number_at_risk_by_group() -> None:
    table = number_at_risk(FRAME, [0, 2, 4], "stage")
    assert table.filter(pl.col("stage") == "1").select("at_risk", "events", "censored").rows() == [
        (4, 1, 0), (3, 1, 1), (1, 0, 0),
    ]  # fmt: skip


def test_counts_are_sorted_and_complete() -> None:
    assert counts_by(FRAME, ["stage", "dead"])["count"].sum() == FRAME.height
    assert counts_by(FRAME)["count"].item() == 6


@pytest.mark.parametrize(("chi2", "df", "tail"), [
    (3.841458820694124, 1, 0.05), (5.991464547107979, 2, 0.05), (18.307038053275146, 10, 0.05), (0, 3, 1.0),
    (24.995790139728616, 15, 0.05),
])  # fmt: skip
def test_chi_square_tail(chi2: float, df: int, tail: float) -> None:
    assert chi_square_tail(chi2, df) == pytest.approx(tail, rel=1e-10)


def test_groups_that_do_not_differ_and_groups_without_events() -> None:
    twice = pl.concat([FRAME.with_columns(arm=pl.lit(arm)) for arm in "ab"])
    assert log_rank(twice, "arm").chi2 == pytest.approx(0)
    assert log_rank(twice.with_columns(dead=pl.lit(False)), "arm").p == 1.0


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: kaplan_meier(FRAME, by="site"), "no column site"),
        (lambda: kaplan_meier(FRAME.with_columns(months=pl.lit(-1))), "6 rows have no usable months"),
        (lambda: kaplan_meier(FRAME.with_columns(months=pl.lit(None, pl.Int64))), "6 rows have no usable"),
        (lambda: kaplan_meier(FRAME.with_columns(dead=pl.lit(2))), "6 rows"),
        (lambda: kaplan_meier(FRAME.with_columns(months=pl.lit("5"))), "a number is expected"),
        (lambda: kaplan_meier(FRAME, confidence="loglog"), "is no kind of limits"),  # type: ignore[arg-type]
        (lambda: kaplan_meier(FRAME, level=95), "not between 0 and 1"),
        (lambda: survival_at(kaplan_meier(FRAME), [5, 2]), "increase"),
        (lambda: number_at_risk(FRAME, []), "no times"),
        (lambda: quantiles(kaplan_meier(FRAME), (50,)), "between 0 and 1"),
        (lambda: log_rank(FRAME.drop_nulls(), "stage"), "has 1 group"),
        (lambda: log_rank(FRAME, "stage", strata="stage"), "at once"),
        (lambda: count_table(FRAME.rename({"stage": "time"}), by="time"), "name of a result column"),
    ],
)
def test_bad_input_is_named(act, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadInput, match=message):
        act()
