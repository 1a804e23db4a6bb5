"""Addresses to send, changed addresses, and what a geocoder's line may say."""

from __future__ import annotations

import polars as pl
import pytest

from registry import standards
from registry.abstracting import geocoding
from registry.errors import BadInput

KEY = "7-0123456789abcdef"


def line(**values: str | None) -> pl.DataFrame:
    return pl.DataFrame({"key": [KEY]} | {name: [value] for name, value in values.items()}, schema_overrides=dict.fromkeys(values, pl.String))  # fmt: skip


def result(**values: str | None) -> tuple[dict[str, object], list[tuple[str, str]]]:
    good, faults, _ = geocoding.read_result(line(**values), "f.csv")
    rows = good.to_dicts()
    return (rows[0] if rows else {}), faults.select("item", "reason").rows()


def test_every_item_is_one_of_the_dictionary() -> None:
    known = {*standards.dictionary().items["id"]}
    assert {*geocoding.ADDRESS, *geocoding.RESULT} <= known
    assert "countyAtDx" not in geocoding.RESULT
    assert "countyAtDxAnalysis" not in geocoding.RESULT


ADDRESS = {"addrAtDxNoStreet": "7 Main St", "addrAtDxCity": "Albany", "addrAtDxState": "NY", "addrAtDxPostalCode": "12207"}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"addrAtDxNoStreet": "7  MAIN st "}, True),
        ({"addrAtDxNoStreet": "9 Main St"}, False),
        ({"addrAtDxSupplementl": "Apt 2"}, False),
        ({"addrAtDxCity": "Troy"}, False),
        ({"addrAtDxState": "VT"}, False),
        ({"addrAtDxPostalCode": "122071234"}, False),
        ({"addrAtDxCountry": "USA"}, False),
        ({"countyAtDx": "001"}, True),  # the reported county is not what a geocoder looks for
    ],
)
def test_any_change_of_the_address_changes_its_digest(change: dict[str, str], same: bool) -> None:
    before, after = (
        geocoding.digests(pl.DataFrame({k: [v] for k, v in each.items()})).item()
        for each in (ADDRESS, ADDRESS | change)
    )
    assert (before == after) is same


def test_parts_do_not_run_together() -> None:
    frame = pl.DataFrame({"addrAtDxNoStreet": ["7 Main", "7 Mai"], "addrAtDxSupplementl": ["Nord", "nNord"]})
    assert geocoding.digests(frame).n_unique() == 2


@pytest.mark.parametrize(
    ("address", "somewhere"),
    [
        ({"addrAtDxNoStreet": "UNKNOWN", "addrAtDxCity": "unknown", "addrAtDxPostalCode": "99999"}, False),
        ({"addrAtDxState": "NY", "addrAtDxCountry": "USA"}, False),
        ({"addrAtDxPostalCode": "12207"}, True),
        ({"addrAtDxNoStreet": "PO Box 3", "addrAtDxCity": "UNKNOWN"}, True),
    ],
)
def test_an_address_that_says_nothing_is_none(address: dict[str, str], somewhere: bool) -> None:
    found = geocoding.digests(pl.DataFrame({name: [value] for name, value in address.items()})).item()
    assert (found is not None) is somewhere


def test_a_good_line() -> None:
    row, faults = result(
        latitude="42.6525793", longitude="-73.7562317", gisCoordinateQuality="02", stateAtDxGeocode2020="36",
        countyAtDxGeocode2020="1", censusTract2020="000401", censusTractCertainty2020="1", censusBlockGroup2020="2",
        geocodingQualityCode="M", geocodingQualityCodeDetail="MMMMMMMMMMMMMM", geocodingAccuracyScore="0.97",
        geocodingAccuracyType="rooftop",
    )  # fmt: skip
    assert faults == []
    assert (row["latitude"], row["longitude"]) == ("42.652579", "-73.756232")
    assert (row["countyAtDxGeocode2020"], row["tumor_id"], row["digest"]) == ("001", 7, "0123456789abcdef")


def test_values_keep_within_the_length_of_their_items() -> None:
    row, _ = result(latitude="-89.9999999", longitude="-179.9999999")
    assert (row["latitude"], row["longitude"]) == ("-90.000000", "-180.000000")
    assert (
        len(str(row["latitude"])) <= standards.item("latitude").length
        and len(str(row["longitude"])) <= standards.item("longitude").length
    )


@pytest.mark.parametrize(
    ("values", "item"),
    [
        ({"latitude": "91", "longitude": "1"}, "latitude"),
        ({"latitude": "1", "longitude": "-180.5"}, "longitude"),
        ({"latitude": "40 N", "longitude": "1"}, "latitude"),
        ({"latitude": "1e1", "longitude": "1"}, "latitude"),
        ({"latitude": "nan", "longitude": "1"}, "latitude"),
        ({"latitude": "40.1", "longitude": None}, "latitude"),
        ({"longitude": "40.1"}, "latitude"),
        ({"latitude": "0", "longitude": "0.0"}, "latitude"),
        ({"latitude": "1", "longitude": "1", "gisCoordinateQuality": "99"}, "gisCoordinateQuality"),
        ({"gisCoordinateQuality": "13"}, "gisCoordinateQuality"),
        ({"latitude": "1", "longitude": "1", "geocodingQualityCode": "F"}, "geocodingQualityCode"),
        ({"geocodingQualityCode": "X"}, "geocodingQualityCode"),
        ({"censusTract2020": "000099"}, "censusTract2020"),
        ({"censusTract2020": "4.01"}, "censusTract2020"),
        ({"censusTract2010": "0004011"}, "censusTract2010"),
        ({"censusTract2010": "٠٠٠٤٠١"}, "censusTract2010"),
        ({"censusTractCertainty2020": "7"}, "censusTractCertainty2020"),
        ({"censusTract2020": "000401", "censusTractCertainty2020": "9"}, "censusTractCertainty2020"),
        ({"countyAtDxGeocode2010": "ALB"}, "countyAtDxGeocode2010"),
        ({"countyAtDxGeocode2020": "001", "stateAtDxGeocode2020": None}, "countyAtDxGeocode2020"),
        ({"stateAtDxGeocode2020": "NY"}, "stateAtDxGeocode2020"),
        ({"geocodingAccuracyScore": "1.5"}, "geocodingAccuracyScore"),
        ({"geocodingAccuracyType": "roof"}, "geocodingAccuracyType"),
        ({"key": "7"}, "key"),
        ({"key": None, "latitude": "1", "longitude": "1"}, "key"),
    ],
)
def test_a_bad_value_refuses_its_line_and_is_not_repeated(values: dict[str, str | None], item: str) -> None:
    table = line(latitude="1", longitude="1") if set(values) == {"key"} else line()
    table = table.with_columns(**{name: pl.lit(value, pl.String) for name, value in values.items()})
    good, faults, _ = geocoding.read_result(table, "f.csv")
    assert good.is_empty()
    assert item in faults["item"].to_list()
    assert faults["line"].unique().to_list() == [2]
    shown = " ".join(faults["reason"].to_list())
    assert not any(value in shown for value in values.values() if value and len(value) > 3)


def test_a_key_on_several_lines_is_used_on_none() -> None:
    table = pl.concat([line(latitude="1", longitude="1"), line(latitude="2", longitude="2")])
    good, faults, _ = geocoding.read_result(table, "f.csv")
    assert good.is_empty()
    assert faults["line"].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"latitude": "1", "longitude": "1"}, "done"),
        ({"latitude": "1", "longitude": "1", "geocodingQualityCode": "R"}, "review"),
        ({"geocodingQualityCode": "F"}, "failed"),
        ({"latitude": None, "longitude": None, "gisCoordinateQuality": "99"}, "failed"),
        ({"countyAtDxGeocode2010": "001"}, "done"),
    ],
)
def test_outcome(values: dict[str, str | None], expected: str) -> None:
    good, _, _ = geocoding.read_result(line(**values), "f.csv")
    items = [item for item in geocoding.RESULT if item in good.columns]
    assert good.select(geocoding.outcome(items)).item() == expected


def test_the_newest_census_gives_the_county() -> None:
    good, _, _ = geocoding.read_result(
        line(
            countyAtDxGeocode2000="001",
            countyAtDxGeocode2010="003",
            countyAtDxGeocode2020="999",
            latitude=None,
        ),
        "f.csv",
    )
    assert good.select(geocoding.geocoded_county(good.columns)).item() == "003"


def test_other_columns_are_named_and_files_without_a_result_refused() -> None:
    _, _, other = geocoding.read_result(
        line(latitude="1", longitude="1", addrAtDxCity="Albany", confidence="9"), "f.csv"
    )
    assert other == ["confidence"]
    with pytest.raises(BadInput, match="no column key"):
        geocoding.read_result(pl.DataFrame({"latitude": ["1"]}), "f.csv")
    with pytest.raises(BadInput, match="no column of a result"):
        geocoding.read_result(line(note="x"), "f.csv")
