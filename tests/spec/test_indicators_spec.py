"""Every indicator against the examples that stand beside it."""

from __future__ import annotations

import csv
import inspect

import pytest

from registry import standards
from registry.quality.indicators import CATALOGUE, all_indicators, listing
from registry.quality.indicators.examples import examples
from tests.paths import needs_shared, shared

ALL = all_indicators()
OF_RECORDS = [one.id for one in ALL.values() if one.of_records]
OUTSIDE = [one.id for one in ALL.values() if not one.of_records]


@pytest.mark.parametrize("indicator_id", OF_RECORDS)
def test_examples(indicator_id: str) -> None:
    indicator = ALL[indicator_id]
    cases = list(examples(indicator))
    assert len(cases) >= 2
    assert len({case.text for case in cases}) == len(cases), "no repeats"
    for case in cases:
        found = case.found()
        assert (found.numerator, found.denominator) == (case.expected.numerator, case.expected.denominator), (
            case.text
        )
        if case.expected.value is None:
            assert found.value is None, case.text
        else:
            assert found.value == pytest.approx(case.expected.value, abs=5e-7), case.text


@pytest.mark.parametrize("indicator_id", OF_RECORDS)
def test_one_example_says_something_and_one_says_nothing_or_zero(indicator_id: str) -> None:
    values = [case.expected.value for case in examples(ALL[indicator_id])]
    assert any(values)
    assert len({*values}) > 1


@pytest.mark.parametrize("indicator_id", OUTSIDE)
def test_an_outside_indicator_is_shown_by_its_doctest(indicator_id: str) -> None:
    indicator = ALL[indicator_id]
    assert indicator.needs
    assert ">>>" in (inspect.getdoc(indicator.make) or "")


def test_there_are_41_with_formula_source_and_known_items() -> None:
    assert len(CATALOGUE) == len(ALL) == 41
    assert len(OF_RECORDS) + len(OUTSIDE) == 41
    known = set(standards.all_items()["id"])
    for one in ALL.values():
        assert one.name and one.formula and one.source, one.id
        assert {item for item in one.items if not item.startswith("@")} <= known, one.id
    assert listing()["indicator"].to_list() == list(CATALOGUE)


@needs_shared
def test_ids_groups_and_order_are_the_catalogues() -> None:
    with shared("quality/indicators.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["indicator_id"] for row in rows] == list(CATALOGUE)
    assert {row["indicator_id"]: row["group"] for row in rows} == {one.id: one.group for one in ALL.values()}
