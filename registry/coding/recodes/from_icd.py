"""Diagnosis codes of hospitals (ICD-10-CM, ICD-10, ICD-9-CM) to ICD-O-3 site, histology and behavior.

The conversions are data (`icd_to_icd_o_3.csv.gz`). They are starting points for a registrar: a code of
a diagnosis list says little of the cell.
"""

from __future__ import annotations

import polars as pl

from registry.coding import reference
from registry.coding.derivation import derivation

SYSTEMS = ("icd10cm", "icd10", "icd9cm")
MALE, FEMALE = "1", "2"
_VALUES = {"icd_site": "site", "icd_histology": "histology", "icd_behavior": "behavior"}


@derivation(
    "icd-to-icd-o-3",
    version="ICD-10-CM, ICD-10 and ICD-9-CM tables of 2026-05",
    inputs=["icdSystem", "icdCode", "sex"],
    outputs=list(_VALUES),
    source="https://seer.cancer.gov/tools/conversion/",
    distinct=True,
    examples=[
        "icd10cm | C00 | 1 | C009 | 8000 | 3",
        "icd10cm | C6312 | 1 | C631 | 8000 | 3",
        "icd10cm | C4A52 | 2 | C445 | 8247 | 3",
        "icd10cm | C8308 | 2 | C778 | 9823 | 3",
        "icd10cm | C00.0 | 1 |  |  | ",
        "icd10cm | c00 | 1 |  |  | ",
        "icd10 | C000 | 1 | C000 | 8000 | 3",
        "icd10 | C00 | 1 | C009 | 8000 | 3",
        "icd10 | c00 | 1 | C009 | 8000 | 3",
        "icd10 | C999 | 1 |  |  | ",
        "icd9cm | 1400 | 1 | C000 | 8000 | 3",
        "icd9cm | 1734 | 2 | C444 | 8000 | 3",
        "icd9cm | 2396 |  | C719 | 8000 | 1",
        "icd9cm | 2320 | 1 | C440 | 8000 | 2",
        "icd9cm | 2320 | 2 | C440 | 8720 | 2",
        "icd9cm | 2320 |  | C440 | 8000 | 2",
        "icd9cm | 2320 | 9 |  |  | ",
        "icd9cm | 140 | 1 | C001 | 8000 | 3",
        "icd9cm | 140 | 9 | C009 | 8000 | 3",
        "icd9cm | NOTACODE |  |  |  | ",
        " | C509 | 2 |  |  | ",
    ],
)
def icd_to_icd_o_3(frame: pl.DataFrame) -> pl.DataFrame:
    """ICD-O-3 site, histology and behavior of a diagnosis code, written without the dot.

    A code of the table is taken as it is written; only ICD-10 codes may be in small letters, and a
    category of three characters means its unspecified code (C00 is C009). Nine skin and genital codes of
    ICD-9-CM differ by sex; without sex they are taken as a man's. Write ICD-9-CM codes in full: the standard
    conversion looks for the code followed by the sex first, so that category 140 of a man finds 140.1.
    """
    system, code, sex = pl.col("icdSystem"), pl.col("icdCode"), pl.col("sex")
    upper = code.str.to_uppercase()
    completed = pl.when(upper.str.len_chars() == 3).then(upper + "9").otherwise(upper)
    known = sex.is_in([MALE, FEMALE])
    first = (
        pl.when(system == "icd10")
        .then(completed)
        .when((system == "icd9cm") & known)
        .then(code + sex)
        .otherwise(code)
    )
    second = pl.when(system == "icd9cm").then(code)
    third = pl.when((system == "icd9cm") & sex.is_null()).then(code + MALE)
    keys = frame.select(system, first.alias("1"), second.alias("2"), third.alias("3"))
    table = _conversions()
    found = [
        keys.select("icdSystem", key=name)
        .join(table, on=["icdSystem", "key"], how="left", maintain_order="left")
        .select(pl.col("row"))
        .to_series()
        for name in ("1", "2", "3")
    ]
    row = pl.select(pl.coalesce(found)).to_series()
    return pl.DataFrame(
        [table.get_column(column).gather(row).alias(name) for name, column in _VALUES.items()]
    )


def _conversions() -> pl.DataFrame:
    """The table with `icdSystem`, `key` (code and sex, where the code differs by sex) and `row`."""
    table = reference.table("icd_to_icd_o_3.csv.gz")
    key = pl.col("code") + pl.col("sex").fill_null("")
    return table.with_columns(key=key).rename({"system": "icdSystem"}).with_row_index("row")
