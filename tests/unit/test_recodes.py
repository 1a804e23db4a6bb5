"""Names of recode groups, compiled tables of rules, and what a recode says of a code that is no code."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import polars as pl
import pytest

from registry import coding
from registry.coding import reference
from registry.coding.derivation import Derivation, all_derivations
from registry.coding.ranges import Condition
from registry.coding.recodes import build, groups
from registry.coding.recodes.recode_table import NUMBERS, Reading, RecodeTable, Rule, as_written
from registry.errors import NotFound

CONVERSIONS = {"icd-to-icd-o-3", "icd-o-2-morphology"}
RECODES = [
    pytest.param(one, id=one.id)
    for one in all_derivations().values()
    if one.make.__module__.startswith("registry.coding.recodes") and one.id not in CONVERSIONS
]


def _tumors() -> pl.DataFrame:
    rows = product(
        [f"C{number:03d}" for number in range(0, 810, 3)],
        [*map(str, range(8000, 10_000, 7)), None],
        ["0", "1", "3", None],
    )
    frame = pl.DataFrame(
        list(rows), schema=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"], orient="row"
    )
    return frame.with_columns(dateOfDiagnosis=pl.lit("2015"), sequenceNumberCentral=pl.lit("00"))


@pytest.mark.parametrize("one", RECODES)
def test_every_code_of_a_recode_has_a_name(one: Derivation) -> None:
    derived = coding.derive(_tumors(), [one.id])
    for output in one.outputs:
        named = groups.labels(output)
        assert set(derived.get_column(output)) <= set(named)
        assert all(named.values())


def test_groups_keep_the_printed_order_and_headings() -> None:
    printed = groups.groups("ayaSiteRecode2020")
    assert printed.get_column("position").to_list() == list(range(1, printed.height + 1))
    first = printed.head(3).select("code", "name", "indentation").rows()
    assert first == [
        (None, "1. Leukemias and related disorders", 0),
        ("001", "1.1 Acute lymphoblastic leukemia", 1),
        (None, "1.2 Acute myeloid leukemia", 1),
    ]


def test_a_heading_over_the_parts_of_one_code_names_it() -> None:
    assert groups.labels("iccc_who2008")["022"] == "Non-Hodgkin lymphomas (except Burkitt lymphoma)"
    assert groups.labels("iccc_extended_who2008")["011"].startswith("Mature B-cell lymphomas")


@pytest.mark.parametrize("output", ["vitalStatus", "site_recode_1999", "cause_of_death"])
def test_what_is_no_recode_has_no_groups(output: str) -> None:
    with pytest.raises(NotFound):
        groups.labels(output)


def test_a_missing_published_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="site-recode-data-2003"):
        build.build(tmp_path, tmp_path)


def _table(reading: Reading = NUMBERS) -> RecodeTable:
    first = Rule({"site": Condition(((100, 109),)), "histology": Condition(excluded=((9590, 9989),))}, ("a",))
    second = Rule({"histology": Condition(((9590, 9590),), ((9590, 9989),))}, ("b",))
    return RecodeTable([first, second], ("none",), reading)


def _answers(table: RecodeTable, codes: list[tuple[str, str]]) -> list[str | None]:
    frame = pl.DataFrame(codes, schema=["primarySite", "histologicTypeIcdO3"], orient="row")
    numbers = frame.select(
        pl.col("primarySite").str.extract("^C([0-9]{3})$").cast(pl.UInt16).alias("@site"),
        pl.col("histologicTypeIcdO3").str.extract("^([0-9]{4})$").cast(pl.UInt16).alias("@histology"),
    )
    columns = frame.with_columns(numbers.get_columns())
    found = table.numbers([columns.get_column(name) for name in table.columns()])
    return table.answers[0].gather(pl.Series(found)).to_list()


def test_first_rule_wins_and_inclusion_beats_exclusion() -> None:
    codes = [("C105", "8000"), ("C105", "9590"), ("C105", "9591"), ("C500", "9590"), ("C110", "8000")]
    assert _answers(_table(), codes) == ["a", "b", "none", "b", "none"]


def test_odd_codes_are_numbers_for_one_recode_and_texts_for_another() -> None:
    odd = [
        ("C10", "8000"),
        ("C0105", "8000"),
        ("C105", "95"),
        ("C105", "95905"),
        ("X", "8000"),
        ("C105", "x"),
    ]
    assert _answers(_table(), odd) == ["none", "a", "a", "a", "none", "none"]
    texts = Reading(as_written, as_written)
    assert _answers(_table(texts), odd) == ["none", "none", "a", "none", "none", "a"]


def test_tables_of_this_room_are_listed_with_their_source() -> None:
    for table in build.TABLES:
        assert reference.table(table.name).height > 20
        assert table.source and table.version and table.content
