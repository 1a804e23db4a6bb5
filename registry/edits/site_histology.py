"""Which combinations of site, histology and behavior are listed, by diagnosis year, as dense look-ups.

Diagnoses to 2023 are judged by SEER's list (`registry.edits.build`), later ones by the year's Cancer
PathCHART list (`registry.edits.pathchart`). Until that is installed the newest list before it stands in
for it, Cancer PathCHART's or else SEER's, and `table_in_use` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from registry.edits import build, pathchart
from registry.edits.terms import DX_YEAR, HISTOLOGY, SITE, number
from registry.standards import tables

LISTED, UNLIKELY, IMPOSSIBLE = 0, 1, 2
_SITES, _BEHAVIORS, _YEARS = 810, 4, 10_000
_NONSPECIFIC = range(8000, 8006)
"""Neoplasm and malignant cells, not further specified: listed at every site with any behavior."""
_CODE = {"valid": LISTED, "unlikely": UNLIKELY, "impossible": IMPOSSIBLE}
_SEER = "SEER Site/Histology Validation List (editions to 2022)"


@dataclass(frozen=True)
class TableInUse:
    """The list that diagnoses of a year are judged by.

    Attributes:
        name: its name.
        missing: one sentence when the year's own list is not installed, else empty.
    """

    name: str
    missing: str = ""


def table_in_use(year: int | None) -> TableInUse:
    """The list for diagnoses of the year; None = the year is not known.

    >>> table_in_use(2019).missing
    ''
    """
    if year is None or year < pathchart.FIRST_YEAR:
        return TableInUse(_SEER)
    at_hand = [installed for installed in pathchart.installed() if installed <= year]
    if not at_hand:
        return TableInUse(
            _SEER, "2024+ table not installed: combinations that SEER's older list lacks are reviews"
        )
    name = f"Cancer PathCHART Site Morphology Validation List {at_hand[-1]}"
    if at_hand[-1] == year:
        return TableInUse(name)
    return TableInUse(name, f"{year} table not installed: the list of {at_hand[-1]} stands in for it")


def missing_tables(years: Iterable[int | None]) -> list[str]:
    """What reports say about lists that are not installed, one sentence each; nothing when all are.

    >>> missing_tables([2010, 2023, None])
    []
    """
    said = [table_in_use(year).missing for year in sorted({year or 0 for year in years})]
    return list(dict.fromkeys(sentence for sentence in said if sentence))


def status() -> pl.Expr:
    """LISTED, UNLIKELY or IMPOSSIBLE for the record's site, histology, behavior and diagnosis year.

    Null when site, histology or behavior is unknown. A record without a diagnosis year is judged by
    SEER's list.
    """
    look_up = _look_up()
    table = pl.lit(look_up.tables).gather(DX_YEAR.fill_null(0))
    row = table + pl.lit(look_up.rows).gather(HISTOLOGY)
    cell = (row * _BEHAVIORS + number("behaviorCodeIcdO3")) * _SITES + SITE
    return pl.lit(look_up.cells).gather(cell)


@dataclass(frozen=True)
class _LookUp:
    """`cells[(tables[year] + rows[histology], behavior, site)]`, flat."""

    tables: pl.Series
    rows: pl.Series
    cells: pl.Series


@cache
def _look_up() -> _LookUp:
    years = pathchart.installed()
    lists = [_seer(), *(pathchart.load(year) for year in years)]
    histologies = sorted({int(code) for table in lists for code in table.get_column(build.COLUMNS[0])})
    row_of = {histology: row for row, histology in enumerate([-1, *histologies])}
    height = len(row_of)
    cells = np.full((len(lists) * height, _BEHAVIORS, _SITES), UNLIKELY, dtype=np.uint8)
    for position, table in enumerate(lists):
        for code, histology, behavior, sites in table.iter_rows():
            row = position * height + row_of[int(histology)]
            cells[row, int(behavior), list(build.sites_of(sites))] = _CODE[code]
    cells[[row_of[histology] for histology in _NONSPECIFIC if histology in row_of]] = LISTED
    in_use = [sum(first <= year for first in years) * height for year in range(_YEARS)]
    return _LookUp(
        tables=pl.Series("table", in_use, pl.UInt32),
        rows=pl.Series("row", [row_of.get(histology, 0) for histology in range(10_000)], pl.UInt32),
        cells=pl.Series("status", cells.ravel()),
    )


def _seer() -> pl.DataFrame:
    """SEER's list in the form of the others: an installed edition, else the package's own."""
    found = tables.find(build.TABLE.name)
    path = found if found.is_file() else build.TABLE
    return pl.read_csv(path, infer_schema=False).select(pl.lit("valid").alias("status"), *build.COLUMNS)


@cache
def malignant_histologies() -> frozenset[int]:
    """Histologies that SEER's list has with behavior 2 or 3.

    >>> 9421 in malignant_histologies(), 8890 in malignant_histologies()
    (True, True)
    """
    malignant = _seer().filter(pl.col(build.COLUMNS[1]).is_in(["2", "3"]))
    return frozenset(int(code) for code in malignant.get_column(build.COLUMNS[0]))
