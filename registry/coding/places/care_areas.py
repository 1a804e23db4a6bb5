"""Where American Indians and Alaska Natives find care: delivery areas and urban health organizations.

Studies of these peoples are limited to such counties, because there linkage with the Indian Health
Service corrects their race best.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from registry.coding.derivation import derivation
from registry.coding.places import states
from registry.standards import code_lists

INPUTS = ("addrAtDxState", "countyAtDxAnalysis")


def _labels(output: str) -> Mapping[str, str]:
    return code_lists.labels("ihsPurchRefCareDeliveryArea")


@derivation(
    "prcda",
    version="2.2, 2022-06 (lists of 2017 and 2020)",
    inputs=INPUTS,
    outputs=["ihsPurchRefCareDeliveryArea", "ihsPurchRefCareDeliveryArea2017"],
    source="NPCR PRCDA linkage program; NAACCR Data Dictionary version 26, item 194; Indian Health Service",
    distinct=True,
    labels=_labels,
    examples=[
        "AL | 003 | 1 | 1",
        "AL | 001 | 0 | 0",
        "MN | 035 | 1 | 0",
        "AK | 999 | 1 | 1",
        "ok | | 1 | 1",
        "GA | 999 | 0 | 0",
        "AT | 089 | 0 | 0",
        "PR | 001 | 0 | 0",
        "ON | 998 | 0 | 0",
        "AE | | 0 | 0",
        "AL | 999 | 9 | 9",
        "AL | 000 | 9 | 9",
        "AL | 998 | 0 | 0",
        "AL | 1 | 9 | 9",
        "AL | | 9 | 9",
        "DT | 163 | 0 | 0",
        "XX | 001 | 9 | 9",
        "QQ | 001 | 9 | 9",
        " | 001 | 9 | 9",
    ],
)
def prcda() -> list[dict[str, pl.Expr]]:
    """Whether the county is a Purchased/Referred Care Delivery Area: 1 yes, 0 no, 9 unknown.

    Some states are one as a whole and some not at all, and then the county may be blank or wrong;
    elsewhere the list of counties decides, that of 2020 (item 194) or of 2017.
    """

    def area(column: str) -> pl.Expr:
        return (
            pl.when(pl.col("@state").is_in(states.states_in_areas("1")))
            .then(pl.lit("1"))
            .when(pl.col("@state").is_in(states.states_in_areas("0")))
            .then(pl.lit("0"))
            .when(pl.col("@standing") != states.KNOWN)
            .then(pl.lit("9"))
            .otherwise(states.of_county("prcda_counties.csv", column).fill_null("0"))
        )

    outputs = {
        "ihsPurchRefCareDeliveryArea": area("prcda_2020"),
        "ihsPurchRefCareDeliveryArea2017": area("prcda_2017"),
    }
    return [*states.place(), outputs]


@derivation(
    "uiho",
    version="2.2, 2022-06 (list of 2020)",
    inputs=INPUTS,
    outputs=["urbanIndianHealthOrganization", "uihoFacility"],
    source="NPCR UIHO linkage program; NAACCR Data Dictionary version 26, items 284 and 285; Indian Health Service",
    distinct=True,
    examples=[
        "AK | 020 | 1 | 41",
        "AZ | 005 | 1 | 01",
        "az | 005 | 1 | 01",
        "AZ | 001 | 0 | 00",
        "PR | 001 | 0 | 00",
        "SE | 033 | 1 | 31",
        "AZ | 000 | 9 | 99",
        "AZ | 999 | 9 | 99",
        "AZ | | 9 | 99",
        "AZ | 05 | 9 | 99",
        "ZZ | 005 | 9 | 99",
        "QQ | 005 | 9 | 99",
        " | 005 | 9 | 99",
    ],
)
def uiho() -> list[dict[str, pl.Expr]]:
    """Whether an Urban Indian Health Organization serves the county (1, 0, 9 unknown) and which facility."""
    known = pl.col("@standing") == states.KNOWN
    facility = states.of_county("uiho_counties.csv", "facility")
    served = pl.when(facility.is_not_null()).then(pl.lit("1")).otherwise(pl.lit("0"))
    outputs = {
        "urbanIndianHealthOrganization": pl.when(known).then(served).otherwise(pl.lit("9")),
        "uihoFacility": pl.when(known).then(facility.fill_null("00")).otherwise(pl.lit("99")),
    }
    return [*states.place(), outputs]
