"""Surgery of the primary site: which codes the manual of the diagnosis year has for a site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache

import polars as pl

from registry.coding import reference
from registry.coding.decision_table import OTHER, DecisionTable, whole_number
from registry.coding.derivation import derivation

TABLES, NAMES = "surgery_tables.csv", "surgery_code_names.csv"
_OUTPUTS = {"surgery_table_version": "version", "surgery_table_title": "title", "surgery_codes": "codes"}


def _why(values: Mapping[str, str | None]) -> str | None:
    """Which table of which manual, and whether the year has none of its own yet."""
    from registry.coding.treatment.surgery_lookup import surgery_table

    year = (values.get("dateOfDiagnosis") or "")[:4]
    if not (year.isdecimal() and year.isascii()):
        return None
    found = surgery_table(values.get("primarySite"), values.get("histologicTypeIcdO3"), int(year))
    return found.why if found else None


@derivation(
    "seer-surgery-codes",
    version="14 tables, 1998 to 2024",
    inputs=["primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
    outputs=list(_OUTPUTS),
    source="https://seer.cancer.gov/manuals/2024/appendixc.html",
    effective_years=(1998, None),
    examples=[
        "C739 | 8260 | 1997     |      |               |",
        "C739 | 8260 | 1998     | 2003 | Thyroid Gland | 00 13 25 26 27 20 21 22 23 30 40 50 80 90 99",
        "C739 | 8260 | 2017     | 2016 | Thyroid Gland | 00 13 25 26 27 20 21 22 23 30 40 50 80 90 99",
        "C73  | 8260 | 201406   | 2014 | Thyroid Gland | 00 13 25 26 27 20 21 22 23 30 40 50 80 90 99",
        "C739 | 8260 | 20240115 | 2024 | Thyroid Gland | B000 B130 B200 B210 B220 B250 B251 B252 B253 B300 B400 B500 B800 B900 B990",
        "C739 | 8260 | 2026     | 2024 | Thyroid Gland | B000 B130 B200 B210 B220 B250 B251 B252 B253 B300 B400 B500 B800 B900 B990",
        "C739 | 8260 | 2027     |      |               |",
        "C739 | 9732 | 2018     | 2018 | Hematopoietic/Reticuloendothelial/Immunoproliferative/Myeloproliferative Disease | 98",
        "C739 | 9732 | 2022     | 2022 | Thyroid Gland | 00 13 25 26 27 20 21 22 23 30 40 50 80 90 99",
        "C422 | 9702 | 2015     | 2015 | Spleen | 00 19 21 22 80 90 99",
        "C999 | 8500 | 2015     |      |               |",
        "C739 |      | 2015     |      |               |",
        "C739 | 826  | 2015     |      |               |",
    ],
    parameters={"as_of": dt.date(2026, 1, 31)},
    why=_why,
)
def surgery_of_primary_site(as_of: dt.date) -> list[dict[str, pl.Expr]]:
    """Legal codes of surgery of the primary site, in the manual's order, with its version and title.

    The version is that of the manual which first had the table (1998-2003: the 2003 manual). Histology
    decides before site where a table names it (leukemia and myeloma in any site, to 2021). Since 2023
    codes have four characters (A000 …, in some tables B000 …). Years after the newest table use it until
    the next one is installed; a diagnosis after the as-of date has none.
    """
    table = pl.col("@table")
    rows = reference.table(TABLES)
    return [
        {"@table": surgery_table_number(as_of.year)},
        {output: pl.lit(rows.get_column(column)).gather(table) for output, column in _OUTPUTS.items()},
    ]


def surgery_table_number(last_year: int) -> pl.Expr:
    """Row of `surgery_tables.csv` that applies to a tumor; null when there is none.

    A topography code of two digits counts as not otherwise specified (C50 → C509).
    """
    site, year = pl.col("primarySite"), pl.col("@diagnosis_year")
    two_digits = site.str.starts_with("C") & (site.str.len_chars() == 3)
    nos = pl.when(two_digits).then(whole_number(site.str.slice(1)) * 10 + 9)
    numbers = [
        pl.when(year <= last_year).then(year),
        pl.coalesce("@site", nos),
        pl.col("@histology"),
    ]
    return rules().lookup(*(number.cast(pl.UInt32) for number in numbers))


@cache
def rules() -> DecisionTable:
    """The tables as rules over year, site and histology; the result is the table's row."""
    made: list[tuple[Mapping[str, str], int]] = []
    for row, one in enumerate(reference.table(TABLES).iter_rows(named=True)):
        years = f"{one['year_min']}-{one['year_max'] or OTHER - 1}"
        if one["histologies_in"]:
            made.append(({"year": years, "site": "0-999", "histology": one["histologies_in"]}, row))
        if one["sites"]:
            allowed = _but(one["histologies_out"])
            made.append(({"year": years, "site": one["sites"], "histology": allowed}, row))
    return DecisionTable(("year", "site", "histology"), made)


def _but(text: str | None) -> str:
    """Histologies that are not these.

    >>> _but("9732 9750-9764")
    '0-9731 9733-9749 9765-9999'
    """
    parts, start = [], 0
    for low, _, high in sorted(part.partition("-") for part in (text or "").split()):
        parts += [f"{start}-{int(low) - 1}"] if int(low) > start else []
        start = int(high or low) + 1
    return " ".join([*parts, f"{start}-{OTHER - 1}"])
