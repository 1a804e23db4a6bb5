"""The 23 published state dictionaries load, alone and all at once, each item with a column of its own."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest

from registry import standards
from registry.standards import Dictionary, assign_columns
from tests.paths import needs_shared, shared


@cache
def states() -> list[Dictionary]:
    folder = shared("naaccr", "dictionaries", "user-defined-v250")
    return [standards.user_dictionary(path.read_bytes(), path.name) for path in sorted(folder.glob("*.xml"))]


@needs_shared
def test_every_dictionary_loads() -> None:
    assert len(states()) == 23
    assert sum(one.items.height for one in states()) == 433
    assert len({one.uri for one in states()}) == 23


@needs_shared
def test_all_at_once_with_their_clashes() -> None:
    merged = standards.dictionary("250").merged(states())
    numbers, spellings = defaultdict(set), defaultdict(set)
    for item in merged.definitions:
        numbers[item.id].add(item.number)
        spellings[item.id.casefold()].add(item.id)
    assert {name: found for name, found in numbers.items() if len(found) > 1} == {
        "height": {9504, 9960},
        "weight": {9505, 9961},
        "alcoholHistory": {350, 22350},
        "tobaccoHistory": {340, 10784},
    }
    assert [found for found in spellings.values() if len(found) > 1] == [{"tobaccoUseNos", "tobaccoUseNOS"}]
    items = {
        (item.id, item.number) for one in (standards.dictionary("250"), *states()) for item in one.definitions
    }
    assert {(item.id, item.number) for item in merged.definitions} == items
    columns = [column.casefold() for column in merged.items["column"]]
    assert len(set(columns)) == len(columns) == len(items) == merged.items.height


@needs_shared
def test_columns_hold_whichever_dictionary_comes_first() -> None:
    base = standards.dictionary("260")
    for order in (states(), states()[::-1]):
        held: dict[str, tuple[str, int | None]] = {}
        for one in order:
            items = [*base.definitions, *one.definitions]
            held |= {column: key for key, column in assign_columns(held, items).items()}
        again = assign_columns(held, [item for one in order[::-1] for item in one.definitions])
        assert {column: held[column] for column in again.values()} == {c: k for k, c in again.items()}
        assert all(held[item.id] == (item.id, item.number) for item in base.definitions)


@needs_shared
@pytest.mark.parametrize("version", standards.VERSIONS)
def test_published_dictionaries_have_no_fault(version: str) -> None:
    for kind in ("", "user-defined-"):
        path = shared("naaccr", "dictionaries", f"{kind}naaccr-dictionary-{version}.xml")
        if path.exists():
            assert standards.validate_dictionary(path.read_bytes(), path.name, version).rows() == []


@needs_shared
def test_the_faults_of_state_dictionaries() -> None:
    folder = shared("naaccr", "dictionaries", "user-defined-v250")
    files = [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.xml"))]
    alone = {name: standards.validate_dictionary(data, name, "250") for name, data in files}
    faulty = {
        name: found["code"].value_counts().sort("code").rows()
        for name, found in alone.items()
        if found.height
    }
    assert faulty == {"KS NAACCR Dictionary_V25.xml": [("id-format", 7), ("name-length", 4)]}
    together = standards.validate_dictionaries(files, "250")
    assert set(together["code"]) == {"id-format", "name-length", "other-item", "other-number"}
    clash = together.filter(item="height", code="other-item", file="shri-naaccr-dictionary-250.xml")
    assert "naaccrNum" in clash["message"].item()
