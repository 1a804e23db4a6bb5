"""Stored values and a new version: what goes where, what stays, and that taking it back gives what was."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.service.standards_packs.conversion import (
    KEYS,
    Carry,
    Changes,
    Columns,
    carries,
    columns_needed,
    convert,
)
from registry.service.standards_packs.undo import take_back
from registry.standards.comparison import TableSet
from registry.standards.tables import DATA
from tests.next_version import LONGER, LONGER_CODES, MOVED, RENAMED, publish

OWN = {
    "abstract": ["patient_id", "tumor_id", "status", "classOfCase", "dateOf1stContact", "dateOfLastContact", "vitalStatus"],
    "tumor": ["patient_id"],
    "patient": [],
    "pathology_report": [],
}  # fmt: skip


class Registry:
    """Tables with items in memory, which changes can be written to."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self.tables = tables

    @property
    def present(self) -> dict[str, list[str]]:
        return {name: frame.columns for name, frame in self.tables.items()}

    def query(self, sql: str) -> pl.DataFrame:
        with duckdb.connect() as connection:
            for name, frame in self.tables.items():
                connection.register(name, frame)
            return connection.execute(sql).pl()

    def add_columns(self, plan: list[Carry]) -> None:
        for table, names in columns_needed(plan, self.present).items():
            held = self.tables[table]
            missing = [
                pl.lit(None, pl.String).alias(name)
                for name in dict.fromkeys(names)
                if name not in held.columns
            ]
            self.tables[table] = held.with_columns(missing)

    def apply(self, changes: Changes) -> None:
        for table, rows in changes.rows.items():
            self.tables[table] = self.tables[table].update(rows, on=KEYS[table], include_nulls=True)

    def filled(self) -> dict[str, list[dict[str, object]]]:
        return {
            name: frame.select(c for c in frame.columns if frame[c].is_not_null().any()).to_dicts()
            for name, frame in self.tables.items()
        }


def registry_of(abstracts: list[dict[str, str | None]], items: list[str]) -> Registry:
    """One patient a row, one tumor a patient; patients and tumors say what their abstract says."""
    schema = {"abstract_id": pl.Int64, **dict.fromkeys((*OWN["abstract"][2:], *items), pl.String)}
    frame = pl.DataFrame(
        [{"abstract_id": n, "status": "complete", **row} for n, row in enumerate(abstracts, 1)], schema=schema
    ).with_columns(patient_id="abstract_id", tumor_id="abstract_id")
    tumors = frame.select("tumor_id", "patient_id", *items)
    empty = {"report_id": pl.Int64, **dict.fromkeys(items, pl.String)}
    return Registry(
        {
            "abstract": frame,
            "tumor": tumors,
            "patient": frame.select("patient_id"),
            "pathology_report": pl.DataFrame(schema=empty),
        }
    )


def tumor(item: str, before: str, pad: tuple[int, int] | None = None) -> Carry:
    return Carry(item, before, "Tumor", "Tumor", pad)


def test_ids_may_follow_each_other_and_change_places() -> None:
    held = registry_of([{"a": "1", "b": "2", "c": "3"}, {"a": "4"}], ["a", "b", "c", "d"])
    chain = [tumor("b", "a"), tumor("c", "b"), tumor("d", "c")]
    held.apply(convert(held.query, held.present, chain))
    assert held.tables["tumor"].select("a", "b", "c", "d").rows() == [
        (None, "1", "2", "3"),
        (None, "4", None, None),
    ]
    held = registry_of([{"a": "1", "b": "2"}, {"a": "3"}, {"b": "4"}], ["a", "b"])
    held.apply(convert(held.query, held.present, [tumor("b", "a"), tumor("a", "b")]))
    assert held.tables["abstract"].select("a", "b").rows() == [("2", "1"), (None, "3"), ("4", None)]


def test_a_value_stays_where_its_new_column_is_filled() -> None:
    held = registry_of([{"a": "1", "b": "9"}, {"a": "1", "b": "1"}, {"a": "1"}], ["a", "b"])
    changes = convert(held.query, held.present, [tumor("b", "a")])
    held.apply(changes)
    assert held.tables["abstract"].select("a", "b").rows() == [("1", "9"), ("1", "1"), (None, "1")]
    lost = changes.not_carried.filter(pl.col("entity") == "abstract")
    assert lost.select("item", "records", "reason").rows() == [("a", 1, "b has another value already")]
    assert changes.converted.filter(pl.col("entity") == "abstract")["records"].to_list() == [1]


def test_zeros_are_added_to_numbers_that_filled_the_length() -> None:
    codes = {"codes": frozenset({"999"}), "codes_before": frozenset({"99"})}
    carry = Carry("a", "a", "Tumor", "Tumor", (2, 3), **codes)
    held = registry_of([{"a": value} for value in ("07", "7", "99", "AB", "123")], ["a"])
    changes = convert(held.query, held.present, [carry])
    held.apply(changes)
    assert held.tables["abstract"]["a"].to_list() == ["007", "7", "99", "AB", "123"]
    assert changes.not_carried.filter(pl.col("entity") == "abstract")["records"].to_list() == [2]


def test_an_item_of_the_patient_goes_to_every_tumor() -> None:
    held = registry_of([{"a": "1"}, {"a": "2"}, {}], ["a"])
    abstracts = held.tables["abstract"].with_columns(patient_id=pl.lit(1, pl.Int64))
    held.tables |= {
        "abstract": abstracts,
        "tumor": abstracts.select("tumor_id", "patient_id"),
        "patient": pl.DataFrame({"patient_id": [1], "a": ["1"]}),
    }
    carry = Carry("a", "a", "Tumor", "Patient")
    before = held.filled()
    held.add_columns([carry])
    changes = convert(held.query, held.present, [carry])
    held.apply(changes)
    assert held.tables["tumor"]["a"].to_list() == ["1", "2", None]
    assert held.tables["patient"]["a"].to_list() == [None]
    held.apply(take_back(held.query, held.present, [carry], changes.log))
    assert held.filled() == before


def test_columns_of_items() -> None:
    columns = Columns(["weight", "Height", "height__9502"], {"weight": 9501, "height__9502": 9502})
    assert columns.of("weight", 8801) == "weight__8801", "a user-defined item has the id already"
    assert columns.of("anything", 9502) == "height__9502"
    assert columns.of("height", 8802) == "height__8802", "only capitals differ"
    assert columns.of("Height", 8802) == "Height"
    assert columns.of("primarySite", 400) == "primarySite"


def test_the_plan_of_a_new_version(tmp_path_factory: pytest.TempPathFactory) -> None:
    from registry.standards import merging

    folder = tmp_path_factory.mktemp("plan")
    merging.merge(DATA, merging.published(publish(folder / "published")), folder / "tables")
    plan = carries(TableSet(DATA), TableSet(folder / "tables"), Columns([], {}))
    assert [(carry.item, carry.what()) for carry in plan] == [
        (MOVED, "moved from Tumor to Patient"),
        (LONGER_CODES, "zeros added to 3 digits"),
        (RENAMED, "renamed"),
        (LONGER, "zeros added to 12 digits"),
    ]
    assert carries(TableSet(DATA), TableSet(DATA), Columns([], {})) == []


VALUES = st.one_of(st.none(), st.sampled_from(["1", "07", "99", "ABC", "é"]))
PLANS = st.sampled_from(
    [
        [tumor("b", "a")],
        [tumor("b", "a", (2, 4))],
        [tumor("a", "a", (2, 4))],
        [tumor("b", "a"), tumor("c", "b", (2, 3))],
        [tumor("b", "a"), tumor("a", "b")],
        [Carry("a", "a", "Patient", "Tumor"), tumor("c", "b")],
        [Carry("c", "a", "Patient", "Tumor")],
    ]
)


@settings(max_examples=30, deadline=None)
@given(plan=PLANS, rows=st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), max_size=5))
def test_taking_back_gives_what_was(plan: list[Carry], rows: list[dict[str, str | None]]) -> None:
    sources = {carry.before for carry in plan}
    held = registry_of([{k: v for k, v in row.items() if k in sources} for row in rows], sorted(sources))
    before = held.filled()
    held.add_columns(plan)
    changes = convert(held.query, held.present, plan)
    held.apply(changes)
    for entity, number, item, after in changes.log.select("entity", "entity_id", "item", "after").iter_rows():
        table = held.tables[entity]
        assert table.filter(pl.col(KEYS[entity]) == number)[item].to_list() == [after]
    held.apply(take_back(held.query, held.present, plan, changes.log))
    assert held.filled() == before
