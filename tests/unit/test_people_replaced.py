"""A registry's newer surname and county tables take the place of the package's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from registry import coding
from registry.coding import reference
from registry.standards import tables

PERSON = pl.DataFrame(
    {
        "spanishHispanicOrigin": ["7"],
        "sex": ["1"],
        "nameLast": ["Newlisted"],
        "race1": ["96"],
        "addrAtDxState": ["AL"],
        "countyAtDxAnalysis": ["001"],
    }
)
OUTPUTS = ["raceNapiia", "ihsPurchRefCareDeliveryArea"]


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    tables.use()


def test_a_newer_table_counts_and_an_older_comes_back(installed: Path) -> None:
    before = coding.derive(PERSON, OUTPUTS).select(OUTPUTS).row(0)
    surnames = ["surname", "population", "race"]
    reference.write(installed / "napiia_surnames.csv", surnames, [["NEWLISTED", "asian", "10"]])
    areas = ["state", "county", "prcda_2017", "prcda_2020"]
    reference.write(installed / "prcda_counties.csv", areas, [["AL", "001", "0", "1"]])
    tables.use(installed)
    assert coding.derive(PERSON, OUTPUTS).select(OUTPUTS).row(0) == ("10", "1")
    tables.use()
    assert coding.derive(PERSON, OUTPUTS).select(OUTPUTS).row(0) == before == ("96", "0")


def test_a_newer_list_of_hispanic_surnames_counts(installed: Path) -> None:
    person = PERSON.with_columns(race1=pl.lit("01"))
    assert coding.derive(person, ["nhia"]).get_column("nhia_option2").to_list() == ["0"]
    reference.write(installed / "nhia_surnames.csv.gz", ["surname", "kind"], [["NEWLISTED", "heavily"]])
    tables.use(installed)
    assert coding.derive(person, ["nhia"]).get_column("nhia_option2").to_list() == ["7"]
