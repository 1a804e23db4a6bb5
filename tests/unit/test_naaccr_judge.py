"""Distinct values are judged as pure data: many faults a value, nothing but the definition counts."""

from __future__ import annotations

import polars as pl
import pytest

from registry import standards
from registry.formats.naaccr.judge import judge_pairs


def pair(value: str, item: str = "stateItem", **definition: object) -> dict[str, object]:
    plain = {"length": 3, "data_type": "text", "padding": "none", "trim": "all", "unlimited": False}
    return {"item": item, "value": value, **plain, **definition}


def judged(*pairs: dict[str, object], version: str = "260") -> list[tuple[str, str]]:
    schema = {"length": pl.Int32, "data_type": pl.String}
    return (
        judge_pairs(pl.DataFrame(list(pairs), schema_overrides=schema), version)
        .select("value", "code")
        .sort("value", "code")
        .rows()
    )


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("digits", ["123", "000"], ["12a", "1.3", "-12", "１２３"]),
        ("alpha", ["ABC"], ["abc", "AB1", "ÄBC"]),
        ("mixed", ["A1B", "123"], ["a1B", "A-1"]),
        ("numeric", ["1", "1.5", "123"], ["1.", ".5", "-1", "1,5", "1e2"]),
        ("date", ["2026", "202601", "20260131"], ["26", "2026-1", "3026", "2026013"]),
        ("dateTime", ["2026", "2026-01", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+01:00"], ["31.1.2026", "2026-1-1"]),
        ("text", ["any", "é", "a b"], []),
    ],
)  # fmt: skip
def test_data_types(kind: str, good: list[str], bad: list[str]) -> None:
    pairs = [pair(value, data_type=kind, length=30, padding="none") for value in good + bad]
    found = judged(*pairs)
    assert [value for value, code in found if code == "data-type"] == sorted(bad)


def test_lengths_are_counted_in_characters_without_blanks_around() -> None:
    pairs = [pair("ééé"), pair("éééé"), pair(" abc "), pair("abcd", unlimited=True), pair("ab")]
    assert [row for row in judged(*pairs) if "space" not in row[1]] == [("éééé", "too-long")]
    short = [pair("12", data_type=kind) for kind in ("digits",)] + [
        pair("AB", data_type="mixed", padding="leftZero")
    ]
    assert judged(*short) == [("12", "too-short"), ("AB", "too-short")]


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r"])
def test_blanks_of_xml_around_a_value(blank: str) -> None:
    assert judged(pair(f"{blank}a")) == [(f"{blank}a", "leading-space")]
    assert judged(pair(f"a{blank}")) == [(f"a{blank}", "trailing-space")]
    assert judged(pair(blank)) == [(blank, "leading-space"), (blank, "trailing-space")]
    assert judged(pair(f"{blank}a", trim="none"), pair(blank, trim="none")) == []


def test_other_blanks_belong_to_the_value() -> None:
    assert judged(pair("\u00a0a\u2003")) == []


def test_values_without_a_definition_are_not_judged() -> None:
    assert judged(pair(" x" * 50, data_type=None, length=None)) == []


def test_code_lists_with_ranges_are_those_of_the_version() -> None:
    definition = {"data_type": "digits", "length": 3}
    values = [
        pair(value, "tumorSizeSummary", **definition) for value in ("000", "002", "988", "989", "999", "99x")
    ]
    assert [row for row in judged(*values) if row[1] == "code-list"] == [("99x", "code-list")]
    for version in standards.VERSIONS:
        assert judged(pair("C509", "primarySite", length=4), version=version) == []
    assert judged(pair("anything", "nameLast", length=40)) == []


@pytest.mark.parametrize("name", standards.closed_items())
def test_every_closed_list_is_judged_as_in_list_says(name: str) -> None:
    codes = standards.codes(name)["code"].to_list()
    values = sorted(
        {*codes[:50], *codes[-50:], "", "0", "1", "01", "002", "500", "98.5", "XX.1", "x", "?"} - {""}
    )
    frame = pl.DataFrame({"value": values})
    allowed = frame.filter(standards.in_list(name, pl.col("value"), "260"))["value"]
    found = judged(*(pair(value, name, length=99) for value in values))
    assert sorted(value for value, code in found if code == "code-list") == sorted(set(values) - set(allowed))


def test_messages_are_one_line_and_say_what_was_meant() -> None:
    schema = {"length": pl.Int32}
    rows = [pair(value, "primarySite", length=4) for value in ("c50.4", "C5O4", "C5\n04" + "x" * 200)]
    found = judge_pairs(pl.DataFrame(rows, schema_overrides=schema), "260").filter(
        pl.col("code") == "code-list"
    )
    messages = dict(found.select("value", "message").rows())
    assert messages["c50.4"].endswith("(did you mean C504?)") and messages["C5O4"].endswith(
        "(did you mean C504?)"
    )
    assert all("\n" not in message and len(message) < 150 for message in messages.values())


@pytest.mark.parametrize(
    ("item", "value", "version", "is_listed"),
    [
        ("tnmClinStagedBy", "1", "140", True),  # one character then, two in the published list
        ("figoStage", "10", "180", True),
        ("residualTumVolPostCytoreduction", "40", "180", True),
        ("residualTumVolPostCytoreduction", "40", "250", False),
        ("vitalStatus", "4", "160", True),  # SEER's code of death until NAACCR 16
        ("vitalStatus", "4", "180", False),
        ("stateAtDxGeocode2020", "95", "250", True),  # a documented range beside the codes
        ("stateAtDxGeocode2020", "96", "250", False),
        ("laterality", "7", "140", False),
    ],
)
def test_lists_judge_only_versions_they_fit(item: str, value: str, version: str, is_listed: bool) -> None:
    found = standards.dictionary(version).item(item)
    assert found is not None
    known = {"length": found.length, "data_type": found.data_type}
    assert judged(pair(value, item, **known), version=version) == (
        [] if is_listed else [(value, "code-list")]
    )
