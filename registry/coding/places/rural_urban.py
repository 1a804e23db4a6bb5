"""Rural-urban continuum: how urban a county is, from metropolitan (01) to completely rural (09)."""

from __future__ import annotations

import polars as pl

from registry.coding.derivation import derivation
from registry.coding.places import states

YEARS = ("1993", "2003", "2013")


@derivation(
    "rural-urban-continuum",
    version="2025-09 (codes of 1993, 2003, 2013)",
    inputs=["addrAtDxState", "countyAtDxAnalysis"],
    outputs=[f"ruralurbanContinuum{year}" for year in YEARS],
    source="NAACCR Rural Urban program; NAACCR Data Dictionary version 26, items 3300, 3310, 3312; USDA",
    distinct=True,
    examples=[
        "AL | 001 | 02 | 02 | 02",
        "AL | 003 | 02 | 04 | 03",
        "AL | 007 | 06 | 01 | 01",
        "al | 007 | 06 | 01 | 01",
        "HI | 005 | 05 | 05 | 03",
        "VA | 560 | 06 | 06 | 98",
        "PR | 001 | 98 | 06 | 06",
        "GB | 001 | 00 | 01 | 01",
        "ON | 998 | 98 | 98 | 98",
        "AL | 002 | 98 | 98 | 98",
        "AL | 000 | 97 | 97 | 97",
        "AL | 999 | 99 | 99 | 99",
        "AL | | 99 | 99 | 99",
        "XX | 001 | 99 | 99 | 99",
        " | 001 | 99 | 99 | 99",
        "AL | 1 | 96 | 96 | 96",
        "AL | 0A1 | 96 | 96 | 96",
        "QQ | 001 | 96 | 96 | 96",
        "QQ | 999 | 96 | 96 | 96",
    ],
)
def rural_urban_continuum() -> list[dict[str, pl.Expr]]:
    """Rural-urban continuum code of the county, for the codes of 1993, 2003 and 2013.

    96 invalid state or county, 97 county not reported (000), 98 valid but without a code (such as
    territories), 99 unknown. The publishers give one digit; the items have two.
    """
    without_code = {states.INVALID: "96", states.NOT_REPORTED: "97", states.UNKNOWN: "99"}
    answer = pl.col("@standing").replace_strict(without_code, default=None, return_dtype=pl.String)
    outputs = {
        f"ruralurbanContinuum{year}": pl.coalesce(
            answer, states.of_county("rural_urban_continuum.csv", f"code_{year}"), pl.lit("98")
        )
        for year in YEARS
    }
    return [*states.place(), outputs]
