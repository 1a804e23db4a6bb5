"""County at diagnosis for analysis: the reported county, or the geocoded one where that is better."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.derivation import derivation

GEOCODES = (
    (2000, "countyAtDxGeocode1990", "censusTrCert19708090"),
    (2010, "countyAtDxGeocode2000", "censusTrCertainty2000"),
    (2020, "countyAtDxGeocode2010", "censusTrCertainty2010"),
    (10_000, "countyAtDxGeocode2020", "censusTractCertainty2020"),
)
"""Diagnosis before this year → geocoded county, and how certain the geocode is."""

FLAGS = {
    "2": "Reported and geocoded county agree",
    "2.1": "Reported: geocoded county is blank or unknown",
    "2.2": "Reported: geocoded county is not one of the state's",
    "3": "Geocoded: reported county is unknown, certainty of the geocode is known",
    "4": "Geocoded: certainty 1 or 6 (street address, or residence confirmed)",
    "5": "Reported: certainty 5 (post office box)",
    "6": "Reported: certainty of the geocode is unknown",
    "6.1": "Geocoded: certainty of the geocode and reported county are unknown",
    "7": "Reported: certainty 2, 3 or 4 (post code only)",
    "9": "998: Canadian province",
    "10": "999: state or year of diagnosis is unknown",
    "10.1": "999: neither a reported nor a geocoded county",
}
"""Why that county was taken (`countyAtDxAnalysisFlag`)."""


@cache
def _counties() -> pl.Series:
    pairs = reference.table("counties_by_state.csv").select(pl.concat_str("state", "county", separator=" "))
    return pairs.to_series().implode()


@cache
def _provinces() -> list[str]:
    table = reference.table("states_at_diagnosis.csv")
    return table.filter(pl.col("kind") == "province").get_column("state").to_list()


def _labels(output: str) -> Mapping[str, str]:
    return FLAGS if output == "countyAtDxAnalysisFlag" else {}


def _unknown(column: str) -> pl.Expr:
    """Blank, or nothing but nines."""
    return pl.col(column).fill_null("").str.strip_chars("9") == ""


def _year() -> pl.Expr:
    """Year of diagnosis; null when blank, all nines or not beginning with a number."""
    year = pl.col("dateOfDiagnosis").str.slice(0, 4)
    written = year.str.contains("^[+-]?[0-9]+$") & (year.str.len_bytes() == 4)
    return pl.when(written & ~_unknown("dateOfDiagnosis")).then(year.cast(pl.Int32, strict=False))


def _by_year(columns: list[str]) -> pl.Expr:
    """The one of four columns that fits the year of diagnosis."""
    chosen: pl.Expr = pl.lit(None, pl.String)
    for (before, _, _), column in zip(reversed(GEOCODES), reversed(columns), strict=True):
        chosen = pl.when(pl.col("@year") < before).then(pl.col(column)).otherwise(chosen)
    return chosen


@derivation(
    "county-at-diagnosis-analysis",
    version="3.0, 2023-08",
    inputs=[
        "dateOfDiagnosis",
        "addrAtDxState",
        "countyAtDx",
        *(item for _, county, certainty in GEOCODES for item in (county, certainty)),
    ],
    outputs=["countyAtDxAnalysis", "countyAtDxAnalysisFlag"],
    source="NAACCR County at Diagnosis Analysis program; NAACCR Data Dictionary version 26, item 89",
    labels=_labels,
    examples=[
        "20150101 | AL | 001 | | | | | 001 | 1 | | | 001 | 2",
        "20150101 | AL | 001 | | | | | | 1 | | | 001 | 2.1",
        "20150101 | AL | | | | | | 999 | 1 | | | | 2.1",
        "20150101 | AL | 001 | | | | | 999 | 1 | | | 001 | 2.1",
        "20150101 | AL | 001 | | | | | 002 | 1 | | | 001 | 2.2",
        "20150101 | QQ | 001 | | | | | 003 | 1 | | | 001 | 2.2",
        "20150101 | al | 001 | | | | | 003 | 1 | | | 001 | 2.2",
        "20150101 | AL0 | 001 | | | | | 03 | 1 | | | 001 | 2.2",
        "20150101 | AL | 999 | | | | | 003 | 5 | | | 003 | 3",
        "20150101 | AL | | | | | | 003 | 2 | | | 003 | 3",
        "20150101 | AL | 001 | | | | | 003 | 1 | | | 003 | 4",
        "20150101 | AL | 001 | | | | | 003 | 6 | | | 003 | 4",
        "20150101 | AL | 001 | | | | | 003 | 5 | | | 001 | 5",
        "20150101 | AL | 001 | | | | | 003 | 9 | | | 001 | 6",
        "20150101 | AL | 001 | | | | | 003 | | | | 001 | 6",
        "20150101 | AL | 999 | | | | | 003 | 9 | | | 003 | 6.1",
        "20150101 | AL | 001 | | | | | 003 | 4 | | | 001 | 7",
        "20150101 | ON | 001 | | | | | 003 | 1 | | | 998 | 9",
        "20150101 | | 001 | | | | | 001 | 1 | | | 999 | 10",
        " | AL | 001 | | | | | 001 | 1 | | | 999 | 10",
        "99999999 | AL | 001 | | | | | 001 | 1 | | | 999 | 10",
        "201 | AL | 001 | 003 | 1 | | | | | | | 999 | 10",
        "2X15 | AL | 001 | 003 | 1 | | | | | | | 999 | 10",
        "20150101 | AL | | 001 | 1 | 001 | 1 | | | 001 | 1 | 999 | 10.1",
        "1999 | AL | 001 | 003 | 1 | 005 | 1 | 007 | 1 | 009 | 1 | 003 | 4",
        "2000 | AL | 001 | 003 | 1 | 005 | 1 | 007 | 1 | 009 | 1 | 005 | 4",
        "201912 | AL | 001 | 003 | 1 | 005 | 1 | 007 | 1 | 009 | 1 | 007 | 4",
        "20200101 | AL | 001 | 003 | 1 | 005 | 1 | 007 | 1 | 009 | 1 | 009 | 4",
    ],
)
def county_at_diagnosis_analysis() -> list[dict[str, pl.Expr]]:
    """County to analyse by, and why: geocoded when its address was certain, else as reported.

    The geocode of the census that fits the year of diagnosis is used. A post office box says little of
    where somebody lives, so such a geocode counts only when no county was reported.
    """
    reported, geocoded, certainty = pl.col("countyAtDx"), pl.col("@geocoded"), pl.col("@certainty")
    pair = pl.concat_str("addrAtDxState", "@geocoded", separator=" ")  # IN0 with 67 is not IN with 067
    in_state = pair.is_in(_counties()).fill_null(False)
    certain = ~_unknown("@certainty")
    flag = (
        pl.when(pl.col("@year").is_null() | pl.col("addrAtDxState").is_null())
        .then(pl.lit("10"))
        .when(pl.col("addrAtDxState").is_in(_provinces()))
        .then(pl.lit("9"))
        .when(geocoded.is_null() & reported.is_null())
        .then(pl.lit("10.1"))
        .when(_unknown("@geocoded"))
        .then(pl.lit("2.1"))
        .when(geocoded == reported)
        .then(pl.lit("2"))
        .when(~in_state)
        .then(pl.lit("2.2"))
        .when(certain & _unknown("countyAtDx"))
        .then(pl.lit("3"))
        .when(certainty.is_in(["1", "6"]))
        .then(pl.lit("4"))
        .when(certainty.is_in(["2", "3", "4"]))
        .then(pl.lit("7"))
        .when(certainty == "5")
        .then(pl.lit("5"))
        .when(_unknown("countyAtDx"))
        .then(pl.lit("6.1"))
        .otherwise(pl.lit("6"))
    )
    county = (
        pl.when(pl.col("@flag").is_in(["10", "10.1"]))
        .then(pl.lit("999"))
        .when(pl.col("@flag") == "9")
        .then(pl.lit("998"))
        .when(pl.col("@flag").is_in(["3", "4", "6.1"]))
        .then(geocoded)
        .otherwise(reported)
    )
    return [
        {"@year": _year()},
        {
            "@geocoded": _by_year([county for _, county, _ in GEOCODES]),
            "@certainty": _by_year([certainty for _, _, certainty in GEOCODES]),
        },
        {"@flag": flag},
        {"countyAtDxAnalysis": county, "countyAtDxAnalysisFlag": pl.col("@flag")},
    ]
