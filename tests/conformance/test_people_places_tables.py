"""Tables of people and places against the published files, and the answers for every row of them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import polars as pl
import pytest

from registry import coding
from registry.coding import reference
from registry.coding.people import build as people
from registry.coding.places import build as places
from registry.errors import NotFound
from tests.paths import needs_shared, shared

BUILDERS = pytest.mark.parametrize("room", [people, places], ids=["people", "places"])


def _published(*parts: str) -> list[list[str]]:
    content = shared("coding", "seer", *parts).read_bytes()
    text = (gzip.decompress(content) if parts[-1].endswith(".gz") else content).decode("utf-8-sig")
    return [row for row in csv.reader(text.splitlines()) if row]


@needs_shared
@BUILDERS
def test_committed_tables_are_what_build_writes(room: object, tmp_path: Path) -> None:
    assert room in (people, places)
    rows = people.build(shared(), tmp_path) if room is people else places.build(shared(), tmp_path)
    tables = (people if room is people else places).TABLES
    assert sorted(rows) == sorted(table.name for table in tables)
    for table in tables:
        assert (tmp_path / table.name).read_bytes() == (reference.DATA / table.name).read_bytes(), table.name
        assert reference.table(table.name).height == rows[table.name] > 0


@BUILDERS
def test_absent_published_files_are_named(room: object, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="published file is not there"):
        (people.build if room is people else places.build)(tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []


@needs_shared
def test_surnames_are_the_published_ones() -> None:
    table = reference.table("nhia_surnames.csv.gz")
    for kind, name in (
        ("heavily", "nhia-heavily-hisp-names.csv"),
        ("rarely", "nhia-rarely-hisp-names.csv.gz"),
    ):
        published = {row[0] for row in _published("nhia", name)}
        assert set(table.filter(pl.col("kind") == kind).get_column("surname")) == published
    counties = {row[0] for row in _published("nhia", "nhia-low-hisp-ethn-counties.csv")}
    own = reference.table("nhia_low_hispanic_counties.csv").rows()
    assert {state + county for state, county in own} == counties


@needs_shared
def test_each_published_surname_answers() -> None:
    heavily = [row[0] for row in _published("nhia", "nhia-heavily-hisp-names.csv")]
    rarely = [row[0] for row in _published("nhia", "nhia-rarely-hisp-names.csv.gz")]
    people_ = pl.DataFrame(
        {
            "sex": ["2"] * (len(heavily) + len(rarely)),
            "spanishHispanicOrigin": "7",
            "nameLast": "GARCIA",
            "nameBirthSurname": heavily + rarely,
        }
    )
    made = coding.derive(people_, ["nhia"]).get_column("nhia_option1").to_list()
    assert made == ["7"] * len(heavily) + ["0"] * len(rarely)
    for race, name in (("96", "napiia-census-asian.csv"), ("97", "napiia-census-pi.csv")):
        rows = _published("napiia", name)
        named = pl.DataFrame({"race1": race, "sex": "1", "nameLast": [row[0].title() for row in rows]})
        answers = coding.derive(named, ["napiia"]).get_column("raceNapiia").to_list()
        assert answers == [row[1] for row in rows]


@needs_shared
def test_each_published_county_answers() -> None:
    for year in (1993, 2003, 2013):
        rows = _published("ruralurban", f"rural-urban-continuum-{year}.csv")[1:]
        made = _of_counties(rows, "rural-urban-continuum")
        assert made.get_column(f"ruralurbanContinuum{year}").to_list() == [f"0{row[2]}" for row in rows]
    rows = _published("prcda", "prcda.csv")[1:]
    made = _of_counties(rows, "prcda")
    assert made.get_column("ihsPurchRefCareDeliveryArea2017").to_list() == [row[2] for row in rows]
    assert made.get_column("ihsPurchRefCareDeliveryArea").to_list() == [row[3] for row in rows]
    rows = _published("uiho", "uiho.csv")[1:]
    made = _of_counties(rows, "uiho")
    assert made.select("urbanIndianHealthOrganization", "uihoFacility").rows() == [(r[2], r[3]) for r in rows]
    rows = _published("countyatdxanalysis", "state-county-map.csv")[1:]
    tumors = pl.DataFrame(
        {"dateOfDiagnosis": "2021", "addrAtDxState": [r[0] for r in rows], "countyAtDx": "777"}
    ).with_columns(
        countyAtDxGeocode2020=pl.Series([r[1] for r in rows]), censusTractCertainty2020=pl.lit("1")
    )
    flags = coding.derive(tumors, ["countyAtDxAnalysisFlag"]).get_column("countyAtDxAnalysisFlag")
    # 999 stands in the list too, but an unknown county is never taken from the geocoder.
    assert flags.to_list() == ["2.1" if row[1] == "999" else "4" for row in rows]


def _of_counties(rows: list[list[str]], derivation: str) -> pl.DataFrame:
    counties = {"addrAtDxState": [row[0] for row in rows], "countyAtDxAnalysis": [row[1] for row in rows]}
    return coding.derive(pl.DataFrame(counties), [derivation])


def test_tables_stand_alone() -> None:
    """Facts that hold without the published files."""
    hispanic = reference.table("nhia_surnames.csv.gz")
    assert hispanic.get_column("surname").is_unique().all()  # none is heavily and rarely Hispanic
    assert set(hispanic.get_column("kind")) == {"heavily", "rarely"}
    states = reference.table("states_at_diagnosis.csv")
    assert states.get_column("state").is_unique().all()
    wholly = states.filter(pl.col("prcda").is_not_null()).get_column("state")
    assert not set(reference.table("prcda_counties.csv").get_column("state")) & set(wholly)
    codes = reference.table("rural_urban_continuum.csv").select(pl.col("^code_.*$")).to_numpy().ravel()
    assert {code for code in codes if code} <= {f"0{digit}" for digit in range(10)}
