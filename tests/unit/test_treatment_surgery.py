"""Surgery codes for a form: pick list, legality, years without a table of their own, replaced words."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from registry.coding import derive, reference
from registry.coding.explaining import explain
from registry.coding.treatment import check_surgery_code, surgery_codes, surgery_lookup, surgery_table


def test_pick_list_keeps_the_manuals_order_and_levels() -> None:
    codes = surgery_codes("C739", "8260", 2020)
    assert [code.code for code in codes][:6] == ["00", "13", "25", "26", "27", "20"]
    assert [code.level for code in codes][:7] == [0, 0, 0, 1, 1, 0, 1]
    assert codes[-1].code == "99"


def test_no_table_no_codes() -> None:
    assert surgery_codes("C739", "8260", 1997) == ()
    assert surgery_table("C999", "8260", 2020) is None
    check = check_surgery_code("30", "C999", "8260", 2020)
    assert check.legal is None and "2020" in check.why


@pytest.mark.parametrize(
    ("code", "year", "legal", "says"),
    [
        ("30", 2022, True, "SEER manual 2022"),
        ("31", 2022, False, "31 is not in table Thyroid Gland"),
        ("B300", 2022, False, "two digits, as 30"),
        ("30", 2023, False, "a letter and three digits, as A300"),
        ("77", 2023, False, "a letter and three digits, as A000"),
        ("A300", 2023, True, "SEER manual 2023"),
        ("A300", 2024, False, "A300 is not in table Thyroid Gland"),
        ("B300", 2024, True, "SEER manual 2024"),
        ("B300", 2027, True, "the update for 2027 may differ"),
        ("", 2020, False, " is not in table"),
    ],
)
def test_legality_says_why(code: str, year: int, legal: bool, says: str) -> None:
    check = check_surgery_code(code, "C739", "8260", year)
    assert check.legal is legal
    assert says in check.why
    assert (check.code is not None) is legal


def test_a_later_year_uses_the_newest_table_and_says_so() -> None:
    newest, own = surgery_table("C509", "8500", 2026), surgery_table("C509", "8500", 2024)
    assert newest is not None and own is not None
    assert newest.legal_codes == own.legal_codes
    assert "newest" in newest.why and "newest" not in own.why
    values = {"primarySite": "C509", "histologicTypeIcdO3": "8500", "dateOfDiagnosis": "20260115"}
    assert explain("surgery_codes", values, as_of=dt.date(2026, 1, 31))["why"] == newest.why
    assert explain("surgery_codes", values | {"dateOfDiagnosis": "199"})["why"] is None


def test_a_diagnosis_after_the_as_of_date_has_no_table() -> None:
    frame = pl.DataFrame(
        {"primarySite": ["C509"], "histologicTypeIcdO3": ["8500"], "dateOfDiagnosis": ["2026"]}
    )
    outputs = ["surgery_table_version", "surgery_table_title", "surgery_codes"]
    assert derive(frame, ["surgery_codes"], as_of=dt.date(2025, 12, 31)).select(outputs).row(0) == (
        None,
        None,
        None,
    )
    assert (
        derive(frame, ["surgery_codes"], as_of=dt.date(2026, 1, 1)).item(0, "surgery_table_version") == "2024"
    )


def test_words_are_replaceable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry's own words count; codes without words keep their place."""
    path = tmp_path / "names.csv"
    path.write_text(
        "title,code,version_min,version_max,level,name\nBreast,B000,2024,2024,0,Keine Operation\n"
    )
    own = pl.read_csv(path, infer_schema=False)
    packaged = reference.table

    def table(name: str) -> pl.DataFrame:
        return own if name == "surgery_code_names.csv" else packaged(name)

    surgery_lookup._names.cache_clear()
    monkeypatch.setattr(reference, "table", table)
    try:
        codes = surgery_codes("C509", "8500", 2024)
    finally:
        surgery_lookup._names.cache_clear()
    assert codes[0].name == "Keine Operation"
    assert codes[1].name is None and codes[1].code == "B200"
