"""Makes the tables of this room from the lists that NAACCR publishes with NHAPIIA.

* `nhia_surnames.csv.gz`: surname, kind (heavily, rarely Hispanic);
* `nhia_low_hispanic_counties.csv`: state, county (fewer than 5 % of the people Hispanic);
* `napiia_surnames.csv`: surname, population (asian, pacific_islander), race;
* `birthplace_groups.csv`: algorithm, population, country, code: birth countries that decide by themselves.

The birth countries stand in the algorithms' programs, not in a published list, and so they stand here.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

NHAPIIA = "NAACCR Hispanic and Asian/Pacific Islander Identification Algorithm (NHAPIIA), www.naaccr.org"
NHIA_VERSION, NAPIIA_VERSION = "2024-08-01", "2025-08-01"

TABLES = (
    Table(
        "nhia_surnames.csv.gz",
        "surnames that are heavily or rarely Hispanic: one row a surname",
        f"{NHAPIIA}, through imsweb/algorithms f8aad8d",
        NHIA_VERSION,
    ),
    Table(
        "nhia_low_hispanic_counties.csv",
        "counties where fewer than 5 % of the people are Hispanic: one row a county",
        f"{NHAPIIA}, through imsweb/algorithms f8aad8d",
        NHIA_VERSION,
    ),
    Table(
        "napiia_surnames.csv",
        "Asian and Pacific Islander surnames (US Census) and the race they stand for: one row a surname and list",
        f"{NHAPIIA}, through imsweb/algorithms f8aad8d",
        NAPIIA_VERSION,
    ),
    Table(
        "birthplace_groups.csv",
        "birth countries that decide an ethnicity or race by themselves, or rule out the surname lists: "
        "one row an algorithm and country",
        f"{NHAPIIA}: steps 2 of NHIA and 3.1 to 3.3 of NAPIIA",
        f"NHIA {NHIA_VERSION}, NAPIIA {NAPIIA_VERSION}",
    ),
)

HISPANIC_BIRTHPLACES = {
    "1": "MEX",
    "2": "PRI",
    "3": "CUB",
    "4": "ZZC GTM HND SLV NIC CRI PAN ZZS COL VEN ECU PER BOL CHL ARG PRY URY",
    "5": "ESP AND",
    "8": "DOM",
}
"""NHIA code → countries of birth (ISO 3166-1 alpha-3 and NAACCR's own regions)."""

ASIAN_BIRTHPLACES = {
    "04": "XCH CHN HKG TWN MAC",
    "05": "JPN",
    "06": "PHL",
    "08": "KOR PRK",
    "10": "VNM",
    "13": "KHM",
    "14": "THA",
    "16": "IND",
    "17": "PAK",
}
PACIFIC_ISLANDER_BIRTHPLACES = {
    "20": "KIR FSM MHL PLW XMC NRU",
    "25": "COK TUV TKL XPL PYF NFK PCN WSM TON",
    "27": "ASM",
}
"""Race code → countries of birth."""

OTHER_ASIAN_BIRTHPLACES = "MDV NPL BTN BGD LKA MMR XMS MYS SGP BND IDN TLS MNG"
"""Born there, an Asian keeps race 96: no surname list is meant for these countries."""


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Rewrite the tables; returns the rows of each.

    Args:
        shared: folder that holds `coding/seer/nhia` and `coding/seer/napiia`.
        out: where to write.
        partly: leave out tables whose published files are absent.

    Raises:
        NotFound: a published list is not there.
    """
    return reference.write_each(
        out,
        {
            "nhia_surnames.csv.gz": (("surname", "kind"), lambda: _hispanic_surnames(shared)),
            "nhia_low_hispanic_counties.csv": (("state", "county"), lambda: _low_counties(shared)),
            "napiia_surnames.csv": (("surname", "population", "race"), lambda: _asian_surnames(shared)),
            "birthplace_groups.csv": (("algorithm", "population", "country", "code"), _birthplaces),
        },
        partly=partly,
    )


def _hispanic_surnames(shared: Path) -> Iterator[list[str]]:
    names = {"heavily": "heavily-hisp-names.csv", "rarely": "rarely-hisp-names.csv.gz"}
    for kind, name in names.items():
        for (surname,) in _lines(shared, "nhia", f"nhia-{name}"):
            yield [surname, kind]


def _low_counties(shared: Path) -> Iterator[list[str]]:
    for (county,) in _lines(shared, "nhia", "nhia-low-hisp-ethn-counties.csv"):
        yield [county[:2], county[2:]]


def _asian_surnames(shared: Path) -> Iterator[list[str]]:
    for population, name in (("asian", "asian"), ("pacific_islander", "pi")):
        for surname, race in _lines(shared, "napiia", f"napiia-census-{name}.csv"):
            yield [surname, population, race]


def _lines(shared: Path, folder: str, name: str) -> list[list[str]]:
    """Rows of a published list (no header) in capitals, each once, sorted; a later row replaces an earlier."""
    content = reference.published(shared, "seer", folder, name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode("ascii")
    rows = {row[0].upper(): [row[0].upper(), *row[1:]] for row in csv.reader(io.StringIO(text)) if row}
    return [rows[first] for first in sorted(rows)]


def _birthplaces() -> list[list[str]]:
    groups = [
        ("nhia", "hispanic", HISPANIC_BIRTHPLACES),
        ("napiia", "asian", ASIAN_BIRTHPLACES),
        ("napiia", "pacific_islander", PACIFIC_ISLANDER_BIRTHPLACES),
        ("napiia", "other_asian", {"": OTHER_ASIAN_BIRTHPLACES}),
        ("napiia", "hispanic", {"": " ".join(HISPANIC_BIRTHPLACES.values())}),
    ]
    return [
        [algorithm, population, country, code]
        for algorithm, population, codes in groups
        for code, countries in codes.items()
        for country in sorted(countries.split())
    ]
