"""Items that come, go, change their id or an attribute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry import standards
from registry.errors import NotFound
from registry.standards import Dictionary, Item, diff

A = Item(1, "a", "A", 2, "Tumor", "AMCI", start_column=7)
B = Item(2, "b", "B", 2, "Patient", "AMCI", start_column=9)


def changes(
    before: list[Item], after: list[Item]
) -> list[tuple[str, int, str, str | None, str | None, str | None]]:
    return diff(Dictionary("1", "", before), Dictionary("2", "", after)).rows()


def test_nothing_changed() -> None:
    assert changes([A, B], [B, A]) == []
    assert diff("260", 26).is_empty()


@pytest.mark.parametrize(
    ("attribute", "value", "texts"),
    [
        ("name", "Aa", ("A", "Aa")),
        ("length", 3, ("2", "3")),
        ("level", "Patient", ("Tumor", "Patient")),
        ("record_types", "AM", ("AMCI", "AM")),
        ("data_type", "digits", ("text", "digits")),
        ("padding", "leftZero", ("none", "leftZero")),
        ("trim", "none", ("all", "none")),
        ("unlimited", True, ("false", "true")),
        ("start_column", 11, ("7", "11")),
    ],
)
def test_an_attribute_changed(attribute: str, value: object, texts: tuple[str, str]) -> None:
    changed = replace(A, **{attribute: value})  # type: ignore[arg-type]
    assert changes([A, B], [changed, B]) == [("a", 1, "changed", attribute, *texts)]


def test_items_that_come_go_and_are_renamed() -> None:
    renamed = replace(B, id="bb", column="", length=4)
    assert changes([A, B], [renamed, Item(3, "c", "C", 1, "Tumor", "A", start_column=7)]) == [
        ("c", 3, "added", None, None, "C"),
        ("a", 1, "retired", None, "A", None),
        ("bb", 2, "renamed", "id", "b", "bb"),
        ("bb", 2, "changed", "length", "2", "4"),
    ]


def test_columns_count_only_where_both_have_them() -> None:
    later = [replace(A, start_column=None), replace(B, start_column=None)]
    assert changes([A, B], later) == []
    assert diff("160", "180").filter(attribute="start_column").height > 100
    assert diff("180", "210").filter(attribute="start_column").is_empty()


def test_one_number_for_several_items() -> None:
    twin = replace(A, id="twin", column="")
    assert changes([A, twin], [A]) == [("twin", 1, "retired", None, "A", None)]
    assert changes([A], [A, twin]) == [("twin", 1, "added", None, None, "A")]


def test_renames_of_the_standard() -> None:
    renamed = standards.diff("160", "180").filter(change="renamed")
    assert ("eodMets", "seerMets") in renamed.select("item", "before").rows()


def test_an_unknown_version() -> None:
    with pytest.raises(NotFound):
        diff("260", "999")
