"""Variables of the county at diagnosis: whole frames against one tumor at a time."""

from __future__ import annotations

import random
from functools import cache

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import coding
from registry.coding import reference

Row = dict[str, str | None]

COUNTIES: list[str | None] = [
    "001",
    "003",
    "005",
    "035",
    "560",
    "002",
    "000",
    "998",
    "999",
    "99",
    "1",
    "0A1",
    None,
]
CERTAINTIES: list[str | None] = ["1", "2", "3", "4", "5", "6", "9", "X", None]
PLACE: dict[str, list[str | None]] = {
    "addrAtDxState": [
        "AL",
        "al ",
        "AK",
        "AZ",
        "MN",
        "VA",
        "SE",
        "DT",
        "PR",
        "ON",
        "AE",
        "XX",
        "ZZ",
        "QQ",
        "GC",
        None,
    ],
    "countyAtDxAnalysis": [*COUNTIES, " 001 ", "0001"],
}
ADDRESS: dict[str, list[str | None]] = {
    "dateOfDiagnosis": [
        "1999",
        "19991231",
        "20000101",
        "2009",
        "201006",
        "20191231",
        "2020",
        "9999",
        "+201",
        "201",
        None,
    ],
    "addrAtDxState": ["AL", "AL", "AL", "VA", "PR", "ON", "SE", "XX", "al", None],
    "countyAtDx": COUNTIES,
    **{f"countyAtDxGeocode{year}": COUNTIES for year in (1990, 2000, 2010, 2020)},
    "censusTrCert19708090": CERTAINTIES,
    "censusTrCertainty2000": CERTAINTIES,
    "censusTrCertainty2010": CERTAINTIES,
    "censusTractCertainty2020": CERTAINTIES,
}
OUTPUTS = {
    "prcda": ["ihsPurchRefCareDeliveryArea", "ihsPurchRefCareDeliveryArea2017"],
    "uiho": ["urbanIndianHealthOrganization", "uihoFacility"],
    "rural-urban-continuum": [f"ruralurbanContinuum{year}" for year in (1993, 2003, 2013)],
}
CITIES = {"AT": "GA", "DT": "MI", "GB": "CA", "LO": "CA", "SE": "WA"}


@cache
def _table(name: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {row[:2]: row[2:] for row in reference.table(name).rows()}


def plain_place(row: Row) -> list[str]:
    """The seven answers of one tumor, in the order of `OUTPUTS`."""
    state = (row["addrAtDxState"] or "").strip().upper()
    state, county = CITIES.get(state, state), (row["countyAtDxAnalysis"] or "").strip()
    states = {
        code: (kind, whole) for code, kind, _, whole in reference.table("states_at_diagnosis.csv").rows()
    }
    kind, whole = states.get(state, ("unknown" if state == "" else "no state", None))
    digits = len(county) == 3 and county.isdigit()
    invalid = kind in ("no state", "city") or not (digits or county == "")
    unknown = kind == "unknown" or county in ("", "999")
    place = (state, county)
    known = not invalid and not unknown and county != "000"
    if whole is not None:
        areas = [whole, whole]
    else:
        areas = list(reversed(_table("prcda_counties.csv").get(place, ("0", "0")))) if known else ["9", "9"]
    (facility,) = _table("uiho_counties.csv").get(place, ("00",)) if known else ("99",)
    served = {"00": "0", "99": "9"}.get(facility, "1")
    without = "96" if invalid else "99" if unknown else "97"
    codes = _table("rural_urban_continuum.csv").get(place, (None,) * 3) if known else (without,) * 3
    return [*areas, served, facility, *(code or "98" for code in codes)]


def plain_county(row: Row) -> tuple[str | None, str]:
    """County for analysis and its flag."""
    state, reported, date = row["addrAtDxState"], row["countyAtDx"], row["dateOfDiagnosis"]
    if not date or len(date) < 4 or not date.strip("9") or not state:
        return "999", "10"
    year = int(date[:4])
    if state == "ON":
        return "998", "9"
    census, certainty = {
        year < 2020: ("countyAtDxGeocode2010", "censusTrCertainty2010"),
        year < 2010: ("countyAtDxGeocode2000", "censusTrCertainty2000"),
        year < 2000: ("countyAtDxGeocode1990", "censusTrCert19708090"),
    }.get(True, ("countyAtDxGeocode2020", "censusTractCertainty2020"))
    geocoded, how = row[census], row[certainty]
    nowhere = not (reported or "").strip("9")
    if not geocoded and not reported:
        return "999", "10.1"
    if not (geocoded or "").strip("9"):
        return reported, "2.1"
    if geocoded == reported:
        return reported, "2"
    if (state, geocoded) not in _table("counties_by_state.csv"):
        return reported, "2.2"
    if nowhere:
        return geocoded, "3" if (how or "9").strip("9") else "6.1"
    if how in ("1", "6"):
        return geocoded, "4"
    return reported, "7" if how in ("2", "3", "4") else "5" if how == "5" else "6"


def _rows(values: dict[str, list[str | None]]) -> st.SearchStrategy[list[Row]]:
    row = st.fixed_dictionaries({item: st.sampled_from(codes) for item, codes in values.items()})
    return st.lists(row, min_size=1, max_size=12)


def _frame(rows: list[Row], values: dict[str, list[str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(values, pl.String))


@given(_rows(PLACE))
@settings(deadline=None, max_examples=100)
def test_places_as_one_tumor_at_a_time(rows: list[Row]) -> None:
    made = coding.derive(_frame(rows, PLACE), list(OUTPUTS))
    answers = made.select([output for outputs in OUTPUTS.values() for output in outputs]).rows()
    for row, answer in zip(rows, answers, strict=True):
        assert list(answer) == plain_place(row), row


def test_every_state_and_many_counties() -> None:
    states = [*reference.table("states_at_diagnosis.csv").get_column("state"), "QQ", None]
    counties = [*(f"{number:03d}" for number in range(0, 1000, 2)), "035", "033", "005", None]
    rows: list[Row] = [{"addrAtDxState": s, "countyAtDxAnalysis": c} for s in states for c in counties[::7]]
    rows += [{"addrAtDxState": s, "countyAtDxAnalysis": c} for s, c in _table("rural_urban_continuum.csv")]
    made = coding.derive(_frame(rows, PLACE), list(OUTPUTS))
    answers = made.select([output for outputs in OUTPUTS.values() for output in outputs]).rows()
    assert [list(answer) for answer in answers] == [plain_place(row) for row in rows]


@given(_rows(ADDRESS))
@settings(deadline=None, max_examples=100)
def test_county_as_one_tumor_at_a_time(rows: list[Row]) -> None:
    made = coding.derive(_frame(rows, ADDRESS), ["county-at-diagnosis-analysis"])
    answers = made.select("countyAtDxAnalysis", "countyAtDxAnalysisFlag").rows()
    for row, answer in zip(rows, answers, strict=True):
        assert answer == plain_county(row), row


def test_every_flag_occurs_and_fits_its_county() -> None:
    chance = random.Random(2)
    rows = [{item: chance.choice(codes) for item, codes in ADDRESS.items()} for _ in range(5000)]
    made = coding.derive(_frame(rows, ADDRESS), ["county-at-diagnosis-analysis"])
    flags = made.get_column("countyAtDxAnalysisFlag")
    assert set(flags) == {"2", "2.1", "2.2", "3", "4", "5", "6", "6.1", "7", "9", "10", "10.1"}
    reported = made.filter(flags.is_in(["2", "2.1", "2.2", "5", "6", "7"]))
    assert reported.get_column("countyAtDxAnalysis").equals(
        reported.get_column("countyAtDx").rename("countyAtDxAnalysis"), null_equal=True
    )
    assert [tuple(row) for row in made.select("countyAtDxAnalysis", "countyAtDxAnalysisFlag").rows()] == [
        plain_county(row) for row in rows
    ]


def test_a_county_that_is_derived_feeds_what_needs_it() -> None:
    tumor = pl.DataFrame(
        {
            "dateOfDiagnosis": ["2015"],
            "addrAtDxState": ["AL"],
            "countyAtDx": ["003"],
            "countyAtDxAnalysis": ["001"],
        }
    )
    made = coding.derive(tumor, ["prcda", "county-at-diagnosis-analysis"])
    assert made.select("countyAtDxAnalysis", "ihsPurchRefCareDeliveryArea").row(0) == ("003", "1")
