"""Makes the tables of this room from the published lists of counties.

* `counties_by_state.csv`: state, county: pairs that exist or existed;
* `prcda_counties.csv`: state, county, prcda_2017, prcda_2020;
* `uiho_counties.csv`: state, county, facility;
* `rural_urban_continuum.csv`: state, county, code_1993, code_2003, code_2013;
* `states_at_diagnosis.csv`: state, kind, part_of, prcda.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

_SOURCE = "through imsweb/algorithms f8aad8d, 2026-05-14"

TABLES = (
    Table(
        "counties_by_state.csv",
        "pairs of state and county (FIPS) that exist or existed: one row a county",
        f"NAACCR County at Diagnosis Analysis program, {_SOURCE}",
        "3.0, 2023-08",
    ),
    Table(
        "prcda_counties.csv",
        "counties of Purchased/Referred Care Delivery Areas in states that are only partly one: one row a county",
        f"Indian Health Service, compiled by CDC, {_SOURCE}",
        "2.2, 2022-06 (lists of 2017 and 2020)",
    ),
    Table(
        "uiho_counties.csv",
        "counties served by an Urban Indian Health Organization and its facility: one row a county",
        f"Indian Health Service, compiled by CDC, {_SOURCE}",
        "2.2, 2022-06 (list of 2020)",
    ),
    Table(
        "rural_urban_continuum.csv",
        "rural-urban continuum codes of 1993, 2003 and 2013: one row a county",
        f"US Department of Agriculture, NAACCR Rural Urban program, {_SOURCE}",
        "2025-09 (HI 005 in 1993: 5, as corrected by NAACCR)",
    ),
    Table(
        "states_at_diagnosis.csv",
        "states, territories, provinces and codes for unknown that item 80 allows; cities that report as a state; "
        "whether the whole of it is a Purchased/Referred Care Delivery Area: one row a code",
        "NAACCR Data Dictionary, item 80; Indian Health Service list of 2020",
        "version 26; 2020",
    ),
)

STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND "
    "OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"
)
ELSEWHERE = {
    "territory": "AS GU MP PW PR UM VI FM MH TT",
    "province": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "armed_forces": "AA AE AP",
}
"""Counts as a state that is known, though no list of counties speaks of it (but Puerto Rico's)."""

UNKNOWN = "CD US XX YY ZZ"
CITIES = {"AT": "GA", "DT": "MI", "GB": "CA", "LO": "CA", "SE": "WA"}
"""Codes of SEER's city registries → their state."""

WHOLLY_IN, WHOLLY_OUT = "AK CT NV OK SC", "AR DE DC GA HI IL KY MD MO NH NJ OH TN VT WV"
"""States of which every county is in a Purchased/Referred Care Delivery Area, or none is."""


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Rewrite the tables; returns the rows of each.

    Args:
        shared: folder that holds `coding/seer` with its folders of counties.
        out: where to write.
        partly: leave out tables whose published files are absent.

    Raises:
        NotFound: a published list is not there.
    """
    county = ("state", "county")
    return reference.write_each(
        out,
        {
            "counties_by_state.csv": (
                county,
                lambda: _counties(shared, "countyatdxanalysis", "state-county-map.csv"),
            ),
            "prcda_counties.csv": (
                (*county, "prcda_2017", "prcda_2020"),
                lambda: _counties(shared, "prcda", "prcda.csv"),
            ),
            "uiho_counties.csv": ((*county, "facility"), lambda: _served(shared)),
            "rural_urban_continuum.csv": (
                (*county, "code_1993", "code_2003", "code_2013"),
                lambda: _continuum(shared),
            ),
            "states_at_diagnosis.csv": (("state", "kind", "part_of", "prcda"), _states),
        },
        partly=partly,
    )


def _served(shared: Path) -> Iterator[list[str]]:
    """Counties that an Urban Indian Health Organization serves, with its facility."""
    for state, county, served, facility in _counties(shared, "uiho", "uiho.csv"):
        if served == "1":
            yield [state, county, facility]


def _counties(shared: Path, folder: str, name: str) -> list[list[str]]:
    """Rows of a published list whose first columns are state and county, sorted, header left out."""
    path = reference.published(shared, "seer", folder, name)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if row]
    return sorted(rows[1:])


def _continuum(shared: Path) -> list[list[str]]:
    years = ("1993", "2003", "2013")
    codes: dict[tuple[str, str], dict[str, str]] = {}
    for year in years:
        for state, county, code in _counties(shared, "ruralurban", f"rural-urban-continuum-{year}.csv"):
            codes.setdefault((state, county), {})[year] = code.zfill(2)
    return [[*place, *(codes[place].get(year, "") for year in years)] for place in sorted(codes)]


def _states() -> list[list[str]]:
    whole = {**dict.fromkeys(WHOLLY_IN.split(), "1"), **dict.fromkeys(WHOLLY_OUT.split(), "0")}
    rows = [[state, "state", "", whole.get(state, "")] for state in STATES.split()]
    rows += [[code, kind, "", "0"] for kind, codes in ELSEWHERE.items() for code in codes.split()]
    rows += [[code, "unknown", "", ""] for code in UNKNOWN.split()]
    rows += [[city, "city", state, ""] for city, state in CITIES.items()]
    return sorted(rows)
