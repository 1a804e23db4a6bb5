"""Samples for audits."""

from __future__ import annotations

import polars as pl
import pytest

from registry.errors import BadInput
from registry.quality.sampling import allocate, draw, size


@pytest.mark.parametrize(
    ("population", "wanted"),
    [(0, 0), (1, 1), (10, 1), (11, 2), (30, 3), (1999, 200), (2000, 200), (9999, 200)],
)
def test_ten_percent_at_most_two_hundred(population: int, wanted: int) -> None:
    assert size(population) == wanted


@pytest.mark.parametrize(("fraction", "at_most"), [(0, 200), (1.5, 200), (0.1, 0)])
def test_senseless_sizes_are_refused(fraction: float, at_most: int) -> None:
    with pytest.raises(BadInput, match="sample"):
        size(100, fraction, at_most)


def test_small_strata_are_not_left_out() -> None:
    given = allocate({"big": 970, "small": 29, "one": 1, "none": 0}, 20)
    assert given == {"big": 18, "small": 1, "one": 1}
    # without room for all, the largest come first
    assert allocate({"a": 1, "b": 5, "c": 4}, 2) == {"a": 0, "b": 1, "c": 1}


CASES = pl.DataFrame(
    {"abstract_id": range(500), "abstractor": [f"R{n % 4}" if n % 9 else None for n in range(500)]}
)


def test_the_order_of_rows_does_not_matter() -> None:
    wanted = draw(CASES, 11, strata=["abstractor"])
    assert draw(CASES.reverse(), 11, strata=["abstractor"]).equals(wanted)
    assert wanted["draw"].to_list() == list(range(1, 51))


def test_strata_are_in_proportion_and_blanks_are_one() -> None:
    counts = dict(draw(CASES, 3, strata=["abstractor"]).group_by("stratum").len().iter_rows())
    assert set(counts) == {"(blank)", "R0", "R1", "R2", "R3"}
    assert counts["(blank)"] == 6  # 56 of 500, of 50
    assert sum(counts.values()) == 50


def test_a_larger_sample_holds_the_smaller() -> None:
    small, large = draw(CASES, 5, fraction=0.05), draw(CASES, 5, fraction=0.2)
    assert large.head(small.height)["abstract_id"].equals(small["abstract_id"])


def test_another_seed_is_another_sample() -> None:
    assert not draw(CASES, 1).equals(draw(CASES, 2))


def test_no_cases_no_sample() -> None:
    assert draw(CASES.clear(), 1).is_empty()


def test_a_case_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="twice"):
        draw(pl.concat([CASES, CASES.head(1)]), 1)
