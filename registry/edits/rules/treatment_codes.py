"""Item edits of treatment whose codes depend on site and year, or are numbers with special codes."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from registry.coding import reference
from registry.coding.treatment.surgery import TABLES, rules
from registry.edits.definition import edit
from registry.edits.rules import reported
from registry.edits.rules.codes import DICTIONARY, expand, matching, one_of

LETTERS = {"rxSummSurgPrimSite": "", "rxSummSurgPrimSite2023": "AB"}
"""Letters before the digits of a code: none to 2022, A or B from 2023."""

_CODES = 1_000
"""Numbers of a block of codes: 0 to 999 without a letter, then those of A, then those of B."""

for _id, _category, _item, _listed, _passes, _fails in [
    ("lvi-valid", "stage", "lymphVascularInvasion", "0-4,8,9", ["0", "4", "8", "9", ""], ["5", "7", "04"]),
    ("scope-ln-valid", "treatment", "rxSummScopeRegLnSur", "0-7,9", ["0", "7", "9", ""], ["8", "00", "A"]),
    ("surg-other-valid", "treatment", "rxSummSurgOthRegDis", "0-5,9", ["0", "5", "9", ""], ["6", "8", "X"]),
]:
    edit(
        _id,
        message="{" + _item + "} is not a code of this item (expected " + _listed.replace(",", ", ") + ")",
        items=[_item],
        level="item",
        category=_category,
        source=DICTIONARY,
        passes=_passes,
        fails=_fails,
    )(one_of(expand(_listed)))


_DIGITS = {"phase1TotalDose": 6, "phase1DosePerFraction": 5, "phase1NumberOfFractions": 3}


@edit(
    "rad-dose-valid",
    message="Radiation dose or fractions are not digits of full length (999998, 99998 not applicable; 999999, "
    "99999, 999 unknown)",
    items=[*_DIGITS],
    level="item",
    category="treatment",
    source=DICTIONARY,
    passes=[
        "005000 | 00200 | 025",
        "000000 | 00000 | 000",
        "999998 | 99998 | 998",
        "999999 | 99999 | 999",
        " | | ",
    ],
    fails=[
        "5000 | 00200 | 025",
        "005000 | 200 | 025",
        "005000 | 00200 | 25",
        "0050.0 | | ",
        " | 00200A | ",
        " | | 0025",
    ],
)
def dose_valid(value: pl.Expr, item: str) -> pl.Expr:
    """Every number of the item's length is a quantity or a special code."""
    return matching(f"[0-9]{{{_DIGITS[item]}}}")(value)


@cache
def legal_codes() -> pl.Series:
    """Whether each table of surgery codes (row of `surgery_tables.csv`) has each code."""
    rows = reference.table(TABLES).get_column("codes").to_list()
    legal = np.zeros((len(rows), 3 * _CODES), dtype=bool)
    for row, codes in enumerate(rows):
        for code in codes.split():
            legal[row, " AB".index(code[0]) * _CODES + int(code[1:]) if code[0] in "AB" else int(code)] = True
    return pl.Series("legal", legal.ravel())


@cache
def without_surgery() -> tuple[pl.Series, pl.Series]:
    """Whether each table has no other codes than 98 (or, long ago, 99), and whether it has 99."""
    tables = [set(codes.split()) for codes in reference.table(TABLES).get_column("codes")]
    only_98 = [codes <= {"98", "99", "A980"} for codes in tables]
    return pl.Series("only_98", only_98), pl.Series("also_99", ["99" in codes for codes in tables])


def surgery_table(site: pl.Expr, histology: pl.Expr, year: pl.Expr) -> pl.Expr:
    """Row of the surgery table that applies; null when there is none.

    Args:
        site, histology, year: numbers.
    """
    row = rules().lookup(*(number.cast(pl.UInt32, strict=False) for number in (year, site, histology)))
    return row.cast(pl.UInt32)


def in_table(table: pl.Expr, value: pl.Expr, letters: str) -> pl.Expr:
    """Whether the surgery table has the code; null when the table or the code is not known.

    Args:
        table: row of the table.
        value: the code as text, of right form.
        letters: letters that codes may begin with, none for codes of two digits.
    """
    if not letters:
        number = value.cast(pl.UInt32, strict=False)
    else:
        block = pl.when(value.str.starts_with("A")).then(_CODES).otherwise(2 * _CODES)
        number = block + value.str.slice(1).cast(pl.UInt32, strict=False)
    return pl.lit(legal_codes()).gather(table * (3 * _CODES) + number)


@edit(
    "surg-prim-site-valid",
    message="{surgery} is not a code for surgery of this primary site in the year of diagnosis",
    items=["rxSummSurgPrimSite", "rxSummSurgPrimSite2023"],
    level="item",
    category="treatment",
    source="SEER Program Coding and Staging Manuals, appendix C; STORE; " + DICTIONARY,
    columns=[
        "rxSummSurgPrimSite",
        "rxSummSurgPrimSite2023",
        "primarySite",
        "histologicTypeIcdO3",
        "dateOfDiagnosis",
    ],
    passes=[
        "00 | | C509 | 8500 | 2020",
        "41 | | C509 | 8500 | 20220615",
        "98 | | C421 | 9861 | 2018",
        "98 | | C509 | 8500 | 2020",
        " | A200 | C619 | 8140 | 2023",
        " | B200 | C445 | 8742 | 2023",
        " | A410 | C509 | 8500 | 2023",
        " | B410 | C509 | 8500 | 2024",
        " | B900 | C189 | 8140 | 202601",
        " | A980 | C809 | 8000 | 2024",
        "90 | | | | ",
        "41 | | C509 | | 2020",
        " | B980 | C509 | 8500 | ",
        "72 | | C509 | 8500 | 1990",
        "72 | | C507 | 8500 | 2020",
        "72 | | C509 | 8499 | 2020",
        "72 | | C509 | 8500 | 202013",
        "72 | | C509 | 8500 | 20270101",
        "30 | | C509 | 8500 | 2023",
        "30 | | C509 | 8500 | 2024",
        " | A300 | C509 | 8500 | 2022",
        " | | C509 | 8500 | 2024",
    ],
    fails=[
        "91 | | | | ",
        "A2 | | | | ",
        "A200 | | C619 | 8140 | 2020",
        "0 | | C509 | 8500 | 2020",
        "31 | | C509 | 8500 | 2020",
        "00 | | C421 | 9861 | 2018",
        "00 | | C779 | 9861 | 2018",
        " | 20 | C619 | 8140 | 2023",
        " | C200 | | | ",
        " | A991 | | | ",
        " | A200 | C445 | 8742 | 2023",
        " | A410 | C509 | 8500 | 2024",
        " | B410 | C509 | 8500 | 2023",
        " | A200 | C739 | 8260 | 2024",
        " | A200 | C341 | 8140 | 20250101",
        " | A300 | C250 | 8140 | 2024",
        " | A400 | C189 | 8140 | 2024",
        " | A000 | C809 | 8000 | 2024",
    ],
    notes="The table of site, histology and diagnosis year (the newest installed one after its last year). Without a "
    "table (site, histology or year not known, year before 1998) and for an item of the other era, which surgery-era "
    "reports, only the form counts. 98 (not applicable) passes at every site until 2022, as the catalogue has it, though few "
    "tables print it: a death certificate may carry it.",
)
def surgery_valid(value: pl.Expr, item: str) -> pl.Expr:
    """00-90, 98, 99 until 2022; A or B with three digits from 2023; in the table, or 98."""
    letters = LETTERS[item]
    form = "[AB](?:[0-8][0-9][0-9]|900|980|990)" if letters else "[0-8][0-9]|90|98|99"
    right = value.str.contains(f"^(?:{form})$")
    of_era = (reported.YEAR >= 2023) if letters else (reported.YEAR < 2023)
    table = surgery_table(reported.SITE, reported.HISTOLOGY, reported.YEAR)
    legal = in_table(pl.when(right & of_era).then(table), value, letters)
    return ~right | ~(legal.fill_null(value=True) | (value == "98"))
