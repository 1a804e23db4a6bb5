"""Makes the tables of this room from the published surgery tables of SEER's manuals.

* `surgery_tables.csv`: `version, year_min, year_max, step, title, sites, histologies_in,
  histologies_out, codes`: which codes are legal where; the first table of a version that fits wins, and
  the codes stand in the order of the manual;
* `surgery_code_names.csv`: `title, code, version_min, version_max, level, name`: what the codes are
  called, for pick lists. It holds the words of the manuals and can be replaced on its own.
"""

from __future__ import annotations

import gzip
import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from registry.coding import reference
from registry.coding.reference import Table
from registry.errors import BadInput

KNOWN_YEARS = (1998, 2004, 2007, 2010, 2012, 2013, 2014, 2015, 2016, 2018, 2021, 2022, 2023, 2024)
"""First diagnosis year of each published version; a file of a later year is taken as it comes."""

_SOURCE = "SEER Program Coding and Staging Manuals 2003-2024, appendix C, through imsweb/algorithms"

TABLES = (
    Table(
        "surgery_tables.csv",
        "surgery of primary site: which table of codes applies to a site, histology and diagnosis year; first "
        "match within a version wins",
        _SOURCE,
        "14 versions, 1998 to 2024 (f8aad8d, 2026-05-14)",
        valid_from="1998-01-01",
    ),
    Table(
        "surgery_code_names.csv",
        "names of the surgery codes, with their level in the manual; replaceable",
        _SOURCE,
        "14 versions, 1998 to 2024 (f8aad8d, 2026-05-14)",
        valid_from="1998-01-01",
        licence="SEER: US government work; codes: American College of Surgeons, Commission on Cancer "
        "(FORDS, STORE); imsweb/algorithms: BSD-style, copyright Information Management Services, Inc.",
    ),
)

_TABLE_COLUMNS = (
    "version",
    "year_min",
    "year_max",
    "step",
    "title",
    "sites",
    "histologies_in",
    "histologies_out",
    "codes",
)
_NAME_COLUMNS = ("title", "code", "version_min", "version_max", "level", "name")


@dataclass(frozen=True)
class _Code:
    code: str
    level: int
    name: str


@dataclass(frozen=True)
class _Surgery:
    """One table of one version."""

    version: str
    year: int
    step: int
    title: str
    conditions: tuple[str, str, str]
    codes: tuple[_Code, ...]


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Rewrite the tables; returns the rows of each.

    Args:
        shared: folder that holds `coding/seer/surgery`: all versions, or only those after the known ones,
            which are added to the package's own.
        out: where to write.
        partly: nothing is written when no file is there.

    Raises:
        NotFound: a published file is not there. BadInput: it is no surgery table.
    """
    found = _found(shared)
    if partly and not found:
        return {}
    only_new = bool(found) and min(found) > KNOWN_YEARS[-1]
    years = sorted({*KNOWN_YEARS, *found})
    tables = [
        table
        for year in years
        for table in (_own(year) if only_new and year in KNOWN_YEARS else _published(shared, year))
    ]
    last_years = {year: later - 1 for year, later in pairwise(years)}
    rows = (_cells(one, last_years.get(one.year)) for one in tables)
    return {
        "surgery_tables.csv": reference.write(out / "surgery_tables.csv", _TABLE_COLUMNS, rows),
        "surgery_code_names.csv": reference.write(
            out / "surgery_code_names.csv", _NAME_COLUMNS, _names(tables)
        ),
    }


def _cells(one: _Surgery, last_year: int | None) -> tuple[object, ...]:
    codes = " ".join(code.code for code in one.codes)
    return (one.version, one.year, last_year, one.step, one.title, *one.conditions, codes)


def _found(shared: Path) -> list[int]:
    """Years of the published files."""
    names = (path.name for path in shared.glob("coding/seer/surgery/*.xml.gz"))
    years = (re.fullmatch(r"site-specific-surgery-tables-(\d{4})\.xml\.gz", name) for name in names)
    return [int(year[1]) for year in years if year]


def _own(year: int) -> Iterator[_Surgery]:
    """Tables of a version as the package has them."""
    names = pl.read_csv(reference.DATA / "surgery_code_names.csv", infer_schema=False).to_dicts()
    tables = pl.read_csv(reference.DATA / "surgery_tables.csv", infer_schema=False).to_dicts()
    for one in tables:
        if one["year_min"] == str(year):
            version, title = one["version"], one["title"]
            words = {
                name["code"]: _Code(name["code"], int(name["level"]), name["name"])
                for name in names
                if name["title"] == title and name["version_min"] <= version <= name["version_max"]
            }
            conditions = (one["sites"] or "", one["histologies_in"] or "", one["histologies_out"] or "")
            codes = tuple(words[code] for code in one["codes"].split())
            yield _Surgery(version, year, int(one["step"]), title, conditions, codes)


def _published(shared: Path, year: int) -> Iterator[_Surgery]:
    name = f"site-specific-surgery-tables-{year}.xml.gz"
    content = gzip.decompress(reference.published(shared, "seer", "surgery", name).read_bytes())
    try:
        root = ET.fromstring(content)  # noqa: S314 a file of our own folder of published tables
    except ET.ParseError as problem:
        raise BadInput(name, f"is not XML ({problem})", "get the file again") from None
    for step, table in enumerate(root.iter("surgery-table"), 1):
        sites, included, excluded = (
            _ranges(table.findtext(part)) for part in ("site-inclusion", "hist-inclusion", "hist-exclusion")
        )
        codes = tuple(_codes(table))
        yield _Surgery(
            root.attrib["version"], year, step, table.attrib["title"], (sites, included, excluded), codes
        )


def _codes(table: ET.Element) -> Iterator[_Code]:
    """Rows that have a code; the others are headings and notes."""
    for row in table.iter("row"):
        code = (row.findtext("code") or "").strip()
        if code:
            yield _Code(code, int(row.get("level") or 0), _plain(row.findtext("description") or ""))


def _ranges(text: str | None) -> str:
    """Ranges without letters and commas: "C000-C009,C019" → "000-009 019"."""
    return " ".join(part.strip().replace("C", "") for part in (text or "").split(","))


def _plain(text: str) -> str:
    """Words without markup: "<b>Total</b> removal&nbsp;<br/>" → "Total removal"."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def _names(tables: list[_Surgery]) -> Iterator[tuple[str, str, str, str, int, str]]:
    """Names, one row for consecutive versions that say the same."""
    versions = list(dict.fromkeys(one.version for one in tables))
    places: dict[tuple[str, _Code], list[int]] = {}
    for one in tables:
        for code in one.codes:
            places.setdefault((one.title, code), []).append(versions.index(one.version))
    for (title, code), found in places.items():
        for first, last in _runs(found):
            yield title, code.code, versions[first], versions[last], code.level, code.name


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of consecutive numbers: [0, 1, 3] → (0, 1), (3, 3)."""
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last
