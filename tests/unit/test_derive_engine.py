"""The engine behind `derive`: blanks, types, sex, distinct combinations, whole frames, versions compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from registry import coding
from registry.coding import comparison, derivation, reference
from registry.coding.explaining import explain
from registry.errors import BadInput, NotFound

SITES = ["primarySite", "histologicTypeIcdO3"]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Declare derivations that are gone after the test."""
    derivation.all_derivations()
    monkeypatch.setattr(derivation, "_REGISTER", dict(derivation._REGISTER))
    yield derivation.derivation


def test_blanks_of_every_kind_are_no_value_and_stay_as_they_were() -> None:
    frame = pl.DataFrame({"primarySite": ["C509", "", "   ", None], "histologicTypeIcdO3": ["8500"] * 4})
    derived = coding.derive(frame, ["site_recode_2008"])
    assert derived.get_column("site_recode_2008").to_list() == ["26000", "99999", "99999", "99999"]
    assert derived.select(frame.columns).equals(frame)


def test_numbers_and_dates_are_read_as_codes() -> None:
    frame = pl.DataFrame(
        {
            "primarySite": ["C421"],
            "histologicTypeIcdO3": [9727],
            "behaviorCodeIcdO3": [3],
            "dateOfDiagnosis": [dt.date(2009, 5, 1)],
        }
    )
    assert coding.derive(frame, ["site_recode_2023"]).item(0, "site_recode_2023") == "67"


def test_sex_comes_from_either_item(declare) -> None:  # type: ignore[no-untyped-def]
    @declare("echo-sex", version="1", inputs=["sex"], outputs=["echo"], source="test")
    def echo() -> pl.Expr:
        """Sex again."""
        return pl.col("sex")

    both = pl.DataFrame({"sex": ["1", "", None], "sexAssignedAtBirth": ["2", "2", None]})
    assert coding.derive(both, ["echo"]).get_column("echo").to_list() == ["1", "2", None]
    only = both.drop("sex")
    assert coding.derive(only, ["echo"]).get_column("echo").to_list() == ["2", "2", None]
    assert "sex" not in coding.derive(only, ["echo"]).columns


def test_distinct_combinations_give_the_same_as_every_row(declare) -> None:  # type: ignore[no-untyped-def]
    def both() -> dict[str, pl.Expr]:
        """Two letters and a shared number."""
        return {"a": pl.concat_str("x", "y", ignore_nulls=True), "b": (pl.col("@site") + 1).cast(pl.String)}

    facts = {"version": "1", "inputs": ["x", "y", "primarySite"], "source": "test"}
    declare("by-row", outputs=["a", "b"], **facts)(both)
    declare("by-combination", outputs=["c", "d"], distinct=True, **facts)(
        lambda: {"c": both()["a"], "d": both()["b"]}
    )
    frame = pl.DataFrame(
        {
            "x": ["p", None, "p", "q", None] * 20,
            "y": [None, None, "r", "r"] * 25,
            "primarySite": ["C509", "bad"] * 50,
        }
    )
    derived = coding.derive(frame, ["by-row", "by-combination"])
    assert derived.get_column("a").to_list() == derived.get_column("c").to_list()
    assert derived.get_column("b").to_list() == derived.get_column("d").to_list()


def test_a_rule_over_all_rows_sees_exactly_its_inputs(declare) -> None:  # type: ignore[no-untyped-def]
    @declare("count", version="1", inputs=["patientIdNumber", "absent"], outputs=["tumors"], source="test")
    def count(frame: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
        """Tumors of the patient."""
        assert frame.columns == ["patientIdNumber", "absent"] and as_of == dt.date(2020, 1, 1)
        return frame.select(tumors=pl.len().over("patientIdNumber").cast(pl.String))

    frame = pl.DataFrame({"patientIdNumber": ["1", "2", "1"], "other": [1, 2, 3]})
    derived = coding.derive(frame, ["tumors"], as_of=dt.date(2020, 1, 1))
    assert derived.get_column("tumors").to_list() == ["2", "1", "2"]


def test_a_duckdb_table_is_derived_like_a_frame() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE tumor (primarySite VARCHAR, histologicTypeIcdO3 VARCHAR)")
    connection.execute("INSERT INTO tumor VALUES ('C619', '8140'), ('C509', '8500')")
    derived = coding.derive(connection.table("tumor"), ["site_recode_2008"])
    assert derived.get_column("site_recode_2008").to_list() == ["28010", "26000"]
    with pytest.raises(BadInput, match="collect it first"):
        coding.derive(derived.lazy(), ["site_recode_2008"])


def test_no_rows_give_no_rows_and_all_columns() -> None:
    frame = pl.DataFrame(schema=dict.fromkeys(SITES, pl.String))
    derived = coding.derive(frame, [one.id for one in derivation.all_derivations().values()])
    assert derived.height == 0
    assert {"site_recode_2008", "survMosActiveFollowup"} <= set(derived.columns)


def test_an_older_output_is_replaced_where_it_stands() -> None:
    frame = pl.DataFrame(
        {"site_recode_2008": ["old"], "primarySite": ["C619"], "histologicTypeIcdO3": ["8140"]}
    )
    derived = coding.derive(frame, ["site_recode_2008"])
    assert derived.row(0) == ("28010", "C619", "8140")
    assert derived.columns == frame.columns


def test_what_can_be_derived_from_given_columns() -> None:
    assert "seer-site-recode-2008" in derivation.usable(SITES)
    assert "seer-site-recode-2023" not in derivation.usable(SITES)
    assert {"age-at-diagnosis", "age-group"} <= set(derivation.usable(["dateOfBirth", "dateOfDiagnosis"]))


def test_a_value_is_explained_by_what_was_read() -> None:
    told = explain("site_recode_2008", {"primarySite": "C619", "histologicTypeIcdO3": "8140"})
    assert told["id"] == "seer-site-recode-2008"
    assert [row["value"] for row in told["outputs"]] == ["28010"]
    with pytest.raises(BadInput, match="is not read by seer-site-recode-2008"):
        explain("site_recode_2008", {"nameLast": "x"})


def test_other_tables_show_what_they_change(tmp_path: Path) -> None:
    """A new edition that moves prostate to another group changes exactly the prostate tumors."""
    rules = reference.table("site_recode_rules.csv")
    prostate = (pl.col("recode") == "2008") & (pl.col("code") == "28010")
    newer = rules.with_columns(pl.when(prostate).then(pl.lit("77777")).otherwise("code").alias("code"))
    newer.write_csv(tmp_path / "site_recode_rules.csv")
    frame = pl.DataFrame({"primarySite": ["C619", "C619", "C509"], "histologicTypeIcdO3": ["8140"] * 3})
    found = comparison.compare("package", str(tmp_path), ids=["site_recode_2008"], frame=frame)
    assert (found.rows, found.changed) == (3, 2)
    assert found.summary().rows() == [("site_recode_2008", "28010", "77777", 2)]
    assert found.changes.select("primarySite", "histologicTypeIcdO3", "records").rows() == [
        ("C619", "8140", 2)
    ]
    assert coding.derive(frame, ["site_recode_2008"]).item(0, "site_recode_2008") == "28010"
    with pytest.raises(NotFound, match="folder of reference tables"):
        comparison.compare("package", str(tmp_path / "none"))


def test_two_versions_that_need_more_than_is_there_are_named() -> None:
    with pytest.raises(BadInput, match="age-group need more items"):
        comparison.compare("age-group", "age-group", frame=pl.DataFrame({"x": [1]}))


def test_columns_of_other_types_are_read_as_the_codes_they_mean() -> None:
    """A table with blanks often comes with 8500.0, and with days as timestamps."""
    day = dt.datetime(2015, 3, 1)
    tumors = pl.DataFrame(
        {
            "primarySite": pl.Series(["C509", "C341"], dtype=pl.Categorical),
            "histologicTypeIcdO3": [8500.0, float("nan")],
            "behaviorCodeIcdO3": [3, None],
            "dateOfDiagnosis": [day, None],
        }
    )
    plain = pl.DataFrame(
        {
            "primarySite": ["C509", "C341"],
            "histologicTypeIcdO3": ["8500", None],
            "behaviorCodeIcdO3": ["3", None],
            "dateOfDiagnosis": ["20150301", None],
        }
    )
    names = ["site_recode_2023", "site_recode_2008"]
    found = coding.derive(tumors, names)
    assert found.select(names).equals(coding.derive(plain, names).select(names))
    assert found.row(0)[-2:] == ("39", "26000")
    with pytest.raises(BadInput, match="column primarySite: holds"):
        coding.derive(pl.DataFrame({"primarySite": [["C509"]]}), ["site_recode_2008"])
