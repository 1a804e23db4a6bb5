"""Sections of the abstract form: NAACCR items by number range, the everyday items first.

The ranges follow the order of NAACCR's data standards (Volume II, record layout by item number). An item is in the
first section whose range holds its number, and in "Other" when none does.
"""

from __future__ import annotations

from typing import Any, Final

MAIN: Final = "Main items"
CHANGED: Final = "Not saved yet"

#: What registrars look at first, in the order of a case.
_MAIN_ITEMS: Final = (
    "nameLast",
    "nameFirst",
    "dateOfBirth",
    "sexAssignedAtBirth",
    "race1",
    "addrAtDxCity",
    "addrAtDxState",
    "addrAtDxPostalCode",
    "accessionNumberHosp",
    "sequenceNumberHospital",
    "classOfCase",
    "dateOf1stContact",
    "dateOfDiagnosis",
    "primarySite",
    "laterality",
    "histologicTypeIcdO3",
    "behaviorCodeIcdO3",
    "gradeClinical",
    "gradePathological",
    "diagnosticConfirmation",
    "summaryStage2018",
    "tumorSizeSummary",
    "regionalNodesExamined",
    "regionalNodesPositive",
    "rxSummSurgPrimSite2023",
    "rxSummChemo",
    "rxSummRadiation",
    "vitalStatus",
    "dateOfLastContact",
    "cancerStatus",
)
_RANGES: Final[tuple[tuple[str, tuple[tuple[int, int], ...]], ...]] = (
    ("Patient", ((2220, 2390), (20, 21), (40, 42), (60, 65))),
    ("Demographics", ((70, 379), (1810, 1849), (3400, 3419))),
    ("Cancer", ((380, 539), (3840, 3845), (2116, 2120))),
    ("Hospital and case", ((540, 699), (2080, 2115), (10, 59), (2410, 2459))),
    ("Stage", ((700, 1179), (2800, 3049), (3605, 3679), (772, 776))),
    ("Site-specific", ((3800, 3999), (1150, 1189))),
    ("Treatment", ((1180, 1749), (3160, 3399), (4000, 4020))),
    ("Follow-up and death", ((1750, 1980), (2445, 2459))),
    ("Physicians", ((2460, 2519),)),
    ("Text", ((2520, 2699),)),
    ("Edit overrides", ((1981, 2079),)),
    ("Pathology", ((7010, 7490),)),
)


def sections(items: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Items by section, in reading order; sections without items are left out.

    >>> found = sections([{"item": "primarySite", "number": 400}, {"item": "nameLast", "number": 2230}])
    >>> [(name, [i["item"] for i in rows]) for name, rows in found.items()]
    [('Main items', ['nameLast', 'primarySite']), ('Patient', ['nameLast']), ('Cancer', ['primarySite'])]
    """
    by_id = {entry["item"]: entry for entry in items}
    found: dict[str, list[dict[str, Any]]] = {MAIN: [by_id[name] for name in _MAIN_ITEMS if name in by_id]}
    for name, _ranges in _RANGES:
        found[name] = []
    found["Other"] = []
    for entry in sorted(items, key=lambda each: each["number"] or 99_999):
        found[_section_of(entry["number"])].append(entry)
    return {name: rows for name, rows in found.items() if rows}


def _section_of(number: int | None) -> str:
    for name, ranges in _RANGES:
        if number is not None and any(low <= number <= high for low, high in ranges):
            return name
    return "Other"
