"""Rates over any counts: what must hold whatever the numbers are."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.analytics import incidence
from registry.analytics.incidence import AGE_GROUPS, ages

TABLES = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 10**6)), min_size=19, max_size=19).map(
    lambda rows: pl.DataFrame(rows, schema=["count", "population"], orient="row").with_columns(
        age_group=pl.Series(AGE_GROUPS)
    )
)
SPANS = st.lists(st.integers(1, 99), min_size=1, max_size=12, unique=True).map(
    lambda cuts: [
        ages.name(low, high) for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), ages.OPEN], strict=True)
    ]
)
NUMBERS = ["rate", "se", "lower", "upper_fay_feuer", "upper_tiwari"]


@settings(max_examples=60, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_limits_stand_around_the_rate_and_order_does_not_matter(table: pl.DataFrame, random: object) -> None:
    found = incidence.age_adjusted_rates(table).row(0, named=True)
    assert (
        0
        <= found["lower"]
        <= found["rate"]
        <= found["upper_tiwari"]
        <= found["upper_fay_feuer"] * (1 + 1e-12)
    )
    order = list(range(19))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = incidence.age_adjusted_rates(table[order]).row(0, named=True)
    assert [again[name] for name in NUMBERS] == [found[name] for name in NUMBERS]


@settings(max_examples=40, deadline=None)
@given(TABLES, st.integers(2, 9))
def test_more_of_everything_is_the_same_rate_known_better(table: pl.DataFrame, times: int) -> None:
    one = incidence.age_adjusted_rates(table).row(0, named=True)
    more = incidence.age_adjusted_rates(table.with_columns(pl.col("count", "population") * times)).row(
        0, named=True
    )
    assert more["rate"] == pytest.approx(one["rate"], rel=1e-9)
    assert more["se"] == pytest.approx(one["se"] / times**0.5, rel=1e-9)
    if one["rate"]:
        assert more["upper_tiwari"] - more["lower"] < one["upper_tiwari"] - one["lower"]


@settings(max_examples=60, deadline=None)
@given(SPANS)
def test_divisions_of_age_fit_themselves_and_everybody_together(groups: list[str]) -> None:
    assert ages.order(reversed(groups)) == groups
    assert [ages.name(*span) for span in ages.common(groups, groups)] == groups
    assert [ages.name(*span) for span in ages.common(groups, ["00+"])] == ["00+"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 140) | st.none(), max_size=40))
def test_an_age_is_in_the_group_that_has_it(years: list[int | None]) -> None:
    found = (
        pl.DataFrame({"age": pl.Series(years, dtype=pl.Int64)}).select(incidence.age_group("age")).to_series()
    )
    for age, group in zip(years, found, strict=True):
        if age is None or not 0 <= age <= 125:
            assert group is None
        else:
            low, high = ages.bounds(group) or (0, 0)
            assert low <= age < high
