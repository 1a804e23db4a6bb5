"""What holds for any codings and any population."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.quality.agreement import cohen_kappa, fleiss_kappa
from registry.quality.proportions import exact_limits
from registry.quality.sampling import allocate, draw, size

CODES = st.sampled_from(["1", "2", "3", ""])
PAIRS = st.lists(st.tuples(CODES, CODES), min_size=1, max_size=40)


@given(PAIRS)
def test_agreement_is_symmetrical(pairs: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    one, other = cohen_kappa(first, second), cohen_kappa(second, first)
    assert one.observed == other.observed
    assert one.expected == pytest.approx(other.expected)
    assert one.kappa == pytest.approx(other.kappa)
    assert one.std_error == pytest.approx(other.std_error)


@given(st.lists(CODES, min_size=1, max_size=40))
def test_equal_codings_have_kappa_one(codes: list[str]) -> None:
    found = cohen_kappa(codes, codes)
    assert found.observed == 1
    assert found.kappa is None if len(set(codes)) == 1 else found.kappa == pytest.approx(1)
    several = fleiss_kappa([[code] * 3 for code in codes])
    assert several.kappa is None if len(set(codes)) == 1 else several.kappa == pytest.approx(1)


@given(PAIRS)
def test_kappa_never_exceeds_one_nor_its_limits(pairs: list[tuple[str, str]]) -> None:
    found = cohen_kappa([a for a, _ in pairs], [b for _, b in pairs])
    if found.kappa is None:
        return
    assert -1 - 1e-12 <= found.kappa <= 1 + 1e-12
    low, high = found.limits or (0, 0)
    assert low <= found.kappa + 1e-12
    assert high >= found.kappa - 1e-12


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_limits_hold_the_share_and_mirror(kn: tuple[int, int], level: float) -> None:
    k, n = kn
    low, high = exact_limits(k, n, level)
    assert 0 <= low <= k / n <= high <= 1
    mirrored = exact_limits(n - k, n, level)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


@settings(max_examples=50)
@given(st.integers(0, 2**63), st.integers(0, 300), st.floats(0.01, 1), st.integers(1, 250), st.integers(1, 7))
def test_samples_are_deterministic_and_within_limits(
    seed: int, population: int, fraction: float, at_most: int, strata: int
) -> None:
    cases = pl.DataFrame(
        {"abstract_id": range(population), "group": [n % strata for n in range(population)]},
        schema={"abstract_id": pl.Int64, "group": pl.Int64},
    )
    found = draw(cases, seed, fraction=fraction, at_most=at_most, strata=["group"])
    again = draw(cases.reverse(), seed, fraction=fraction, at_most=at_most, strata=["group"])
    assert found.equals(again)
    assert found.height == size(population, fraction, at_most) <= min(at_most, population)
    assert found["abstract_id"].is_unique().all()


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 60), max_size=8),
    st.integers(0, 200),
)
def test_allocation_adds_up(counts: dict[str, int], wanted: int) -> None:
    given_ = allocate(counts, wanted)
    filled = {name: n for name, n in counts.items() if n}
    assert sum(given_.values()) == min(wanted, sum(filled.values()))
    assert all(0 <= given_[name] <= n for name, n in filled.items())
    if wanted >= len(filled):
        assert all(given_.values())
