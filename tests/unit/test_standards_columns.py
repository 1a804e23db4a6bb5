"""Items that share an id, a number or all but the case of an id, side by side."""

from __future__ import annotations

import pytest

from registry import standards
from registry.standards import Dictionary, Item, assign_columns


def item(naaccr_id: str, number: int, level: str = "Tumor", length: int = 2) -> Item:
    return Item(number, naaccr_id, naaccr_id, length, level, "AMCI")


@pytest.mark.parametrize(
    ("held", "items", "columns"),
    [
        ({}, [("a", 1), ("b", 2)], ["a", "b"]),
        ({}, [("a", 1), ("a", 2)], ["a", "a__2"]),
        ({}, [("aNos", 1), ("aNOS", 1)], ["aNos", "aNOS__1"]),
        ({}, [("aNos", 1), ("aNos", 2), ("aNOS", 2)], ["aNos", "aNos__2", "aNOS__2__2"]),
        ({"a": ("a", 2)}, [("a", 1), ("a", 2)], ["a__1", "a"]),
        ({"a": ("a", None)}, [("a", 1), ("a", 2)], ["a", "a__2"]),
        ({"A": ("A", 1)}, [("a", 1)], ["a__1"]),
        ({"a__2": ("a", 2)}, [("a", 2)], ["a__2"]),
        ({}, [("sex", 9999), ("Sex", 220), ("sex", 220)], ["sex__9999", "Sex__220", "sex"]),
        ({"sex": ("sex", 9999)}, [("sex", 220)], ["sex__220"]),
        ({"sex": ("Sex", 220)}, [("sex", 220)], ["sex"]),
        ({}, [("a", 1), ("a", 1)], ["a"]),
        ({}, [("line", 1), ("Status", 2), ("patient_id", 3)], ["line__1", "Status__2", "patient_id__3"]),
    ],
)
def test_columns_by_the_rule(
    held: dict[str, tuple[str, int | None]], items: list[tuple[str, int]], columns: list[str]
) -> None:
    found = assign_columns(held, [item(*key) for key in items])
    assert list(found) == list(dict.fromkeys(items))
    assert list(found.values()) == columns


def test_columns_stay_when_items_come_in_another_order() -> None:
    loads = [[("a", 2)], [("a", 1), ("A", 3)], [("A", 3), ("a", 1), ("a", 2), ("b", 4)]]
    held: dict[str, tuple[str, int | None]] = {}
    seen: dict[tuple[str, int], str] = {}
    for load in loads:
        given = assign_columns(held, [item(*key) for key in load])
        assert all(seen.get(key, column) == column for key, column in given.items())
        seen |= given
        held |= {column: key for key, column in given.items()}
    assert seen == {("a", 2): "a", ("a", 1): "a__1", ("A", 3): "A__3", ("b", 4): "b"}
    assert len({column.casefold() for column in seen.values()}) == len(seen)


def test_merging_keeps_every_item_and_resolves_them() -> None:
    one = Dictionary("250", "one", [item("height", 9960), item("noteNos", 9968)])
    two = Dictionary("250", "two", [item("height", 9504, length=3), item("noteNOS", 9968)])
    both = standards.dictionary("250").merged([one, two])
    assert both.version == "250"
    assert [found.number for found in both.items_of("height")] == [9960, 9504]
    assert both.item("height") == both.resolve("height") == both.resolve("height", 1)
    assert both.resolve("height", 9504).length == 3  # type: ignore[union-attr]
    assert both.resolve("Height") is None and both.items_of("Height") == ()
    assert both.item("noteNos").column == "noteNos"  # type: ignore[union-attr]
    assert both.item("noteNOS").column == "noteNOS__9968"  # type: ignore[union-attr]
    assert both.of_column("height__9504").number == 9504  # type: ignore[union-attr]
    assert both.items.height == 780 + 4
    assert both.items.filter(id="height")["column"].to_list() == ["height__9504", "height"]
    assert both.ids().count("height") == 1


def test_the_first_dictionary_wins_where_two_define_the_same_item() -> None:
    one = Dictionary(None, "one", [item("height", 9960, length=2)])
    two = Dictionary(None, "two", [item("height", 9960, length=3)])
    merged = Dictionary("250", "", []).merged([one, two])
    assert [found.length for found in merged.definitions] == [2]
    assert [found.length for found in merged.merged([two]).definitions] == [2]


def test_an_item_at_two_levels_has_one_column() -> None:
    older, newer = standards.dictionary("250"), standards.dictionary("140")
    levels = [d.item("followUpSourceCentral").level for d in (older, newer)]  # type: ignore[union-attr]
    assert sorted(levels) == ["Patient", "Tumor"]
    both = newer.merged([older])
    found = both.items_of("followUpSourceCentral")
    assert {one.level for one in found} == {"Patient", "Tumor"}
    assert {one.column for one in found} == {"followUpSourceCentral"}
    for level in ("Patient", "Tumor"):
        assert both.resolve("followUpSourceCentral", None, level).level == level  # type: ignore[union-attr]
        assert "followUpSourceCentral" in both.ids(level=level)
    assert both.resolve("followUpSourceCentral", 1791, "NaaccrData") == found[0]
    assert both.items.filter(id="followUpSourceCentral").height == 1


def test_columns_by_level_and_record_type() -> None:
    state = Dictionary(None, "state", [item("sex", 9999, "Patient"), item("own", 9998)])
    both = standards.dictionary("250").merged([state])
    patient = both.columns(level="Patient", record_type="I")
    assert patient.index("sex") < patient.index("sex__9999") and "own" not in patient
    assert both.columns() == both.items["column"].to_list()
