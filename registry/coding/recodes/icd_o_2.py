"""ICD-O-3 morphology to ICD-O-2 (1990), for histories and programs of before 2001.

The conversion of 2001 is data (`icd_o_2_rules.csv`): most codes are the same, some depend on behavior,
six on the site. Histologies that ICD-O-3 has got since have no ICD-O-2 code.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from registry.coding.derivation import Outputs, derivation
from registry.coding.recodes.recode_table import BEYOND, Reading, RecodeTable, number_histology
from registry.coding.recodes.rules import rules


def _site(text: str) -> str | None:
    """C or c and a number in the three places after it."""
    number = text[1:].strip(" ")
    if len(text) != 4 or text[0] not in "Cc" or not number.isdecimal():
        return None
    return f"C{int(number):03d}"


def _no_behavior(text: str) -> str:
    """A behavior of any other length has no conversion."""
    return BEYOND


@cache
def _table() -> RecodeTable:
    made = rules("icd_o_2_rules.csv", "icd-o-2", ("histology", "behavior", "review"))
    return RecodeTable(made, (None, None, None), Reading(_site, number_histology, _no_behavior))


@derivation(
    "icd-o-2-morphology",
    version="conversion of 2001",
    inputs=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    outputs=["histologyIcdO2", "behaviorIcdO2", "icd_o_2_review"],
    source="https://seer.cancer.gov/tools/conversion/",
    why=lambda record: _table().why(record),
    examples=[
        "C300 | 8300 | 3 | 8300 | 3 | ",
        "C343 | 9699 | 3 | 9680 | 3 | 1",
        "C300 | 8345 | 3 | 8511 | 3 | 1",
        "C300 | 8402 | 3 | 8400 | 3 | 1",
        "C300 | 8642 | 1 | 8640 | 0 | ",
        "C300 | 9712 | 3 | 9680 | 3 | ",
        "C300 | 8240 | 1 | 8241 | 1 | ",
        "C181 | 8240 | 1 | 8240 | 1 | 1",
        "C181 | 8245 | 1 | 8240 | 1 | 1",
        "C300 | 8245 | 1 | 8240 | 3 | 1",
        "C181 | 8249 | 3 | 8240 | 1 | ",
        "C345 | 9133 | 3 | 9134 | 1 | 1",
        "C441 | 9160 | 0 | 8724 | 0 | 1",
        "C500 | 9160 | 0 | 9160 | 0 | 1",
        "C712 | 9590 | 3 | 9594 | 3 | 1",
        "c509 | 8500 | 2 | 8500 | 2 | ",
        "C900 | 8900 | 9 |  |  | ",
        "C503 | 7777 | 3 |  |  | ",
        "C503 | 8007 | 3 |  |  | ",
        "C503 | 8480 | 8 |  |  | ",
        "C40 | 8200 | 3 |  |  | ",
        " | 8500 | 3 |  |  | ",
    ],
)
def icd_o_2_morphology() -> Outputs:
    """ICD-O-2 histology and behavior; `icd_o_2_review` is 1 where a person should look at the result.

    Blank where there is no conversion: a code that is not valid, or a histology newer than the tables.
    """
    histology, behavior, review = (pl.lit(values) for values in _table().answers)
    number = pl.col("@answer")
    converted = histology.gather(number).is_not_null()
    unchanged = pl.when(converted).then(pl.col("behaviorCodeIcdO3"))
    return [
        {"@answer": _table().expression()},
        {
            "histologyIcdO2": histology.gather(number),
            "behaviorIcdO2": pl.coalesce(behavior.gather(number), unchanged),
            "icd_o_2_review": review.gather(number),
        },
    ]
