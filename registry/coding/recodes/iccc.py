"""International Classification of Childhood Cancer (ICCC): third edition 2005, WHO 2008, IARC 2017.

Rules are data (`iccc_rules.csv`). The third edition was published in extended codes only and without
behavior; the later ones give a main and an extended code to malignant tumors, and to benign and
borderline ones of the brain.
"""

from __future__ import annotations

from functools import cache

from registry.coding.derivation import Outputs, derivation
from registry.coding.recodes import groups
from registry.coding.recodes.recode_table import NUMBERS, NUMBERS_AND_BEHAVIOR, RecodeTable
from registry.coding.recodes.rules import rules

UNKNOWN = "999"
_SITE = ["primarySite", "histologicTypeIcdO3"]
_THREE = [*_SITE, "behaviorCodeIcdO3"]


@cache
def _table(recode: str) -> RecodeTable:
    made = rules("iccc_rules.csv", recode, ("code", "extended"), blank=UNKNOWN)
    reading = NUMBERS if recode == "iccc_third_edition" else NUMBERS_AND_BEHAVIOR
    return RecodeTable(made, (UNKNOWN, UNKNOWN), reading)


def _steps(recode: str) -> Outputs:
    return _table(recode).steps(recode, recode.replace("iccc_", "iccc_extended_"))


@derivation(
    "iccc-third-edition",
    version="third edition (2005), based on ICD-O-3",
    inputs=_SITE,
    outputs=["iccc_third_edition", "iccc_extended_third_edition"],
    source="https://seer.cancer.gov/iccc/iccc3.html",
    labels=groups.labels,
    why=lambda record: _table("iccc_third_edition").why(record),
    examples=[
        "C421 | 9835 | 001 | 999",
        "C421 | 9823 | 002 | 999",
        "C716 | 9470 | 020 | 999",
        "C692 | 9510 | 035 | 999",
        "C649 | 8960 | 036 | 999",
        "C739 | 8260 | 093 | 999",
        "C509 | 8500 | 102 | 999",
        "C692 |  | 999 | 999",
        "c692 | 9510 | 999 | 999",
        "C69 | 9510 | 035 | 999",
        " | 9510 | 999 | 999",
    ],
)
def iccc_third_edition() -> Outputs:
    """Childhood cancer groups of 2005; their codes are the extended ones, and no second code exists.

    Behavior is not looked at. The column of extended codes always says unknown (999), as in SEER's
    program, so that the three editions have the same columns.
    """
    return _steps("iccc_third_edition")


@derivation(
    "iccc-who2008",
    version="ICD-O-3/WHO 2008",
    inputs=_THREE,
    outputs=["iccc_who2008", "iccc_extended_who2008"],
    source="https://seer.cancer.gov/iccc/iccc-who2008.html",
    labels=groups.labels,
    why=lambda record: _table("iccc_who2008").why(record),
    examples=[
        "C421 | 9835 | 3 | 011 | 001",
        "C421 | 9823 | 3 | 011 | 002",
        "C779 | 9823 | 3 | 022 | 011",
        "C716 | 9470 | 3 | 033 | 020",
        "C700 | 9530 | 0 | 035 | 031",
        "C692 | 9510 | 3 | 050 | 035",
        "C739 | 8260 | 3 | 112 | 093",
        "C739 | 8260 | 2 | 999 | 999",
        "C692 | 9510 |  | 999 | 999",
        "C692 | 9510 | 03 | 050 | 035",
        "C692 | 9510 | X | 999 | 999",
    ],
)
def iccc_who2008() -> Outputs:
    """Childhood cancer groups with the WHO 2008 classification of blood cancers."""
    return _steps("iccc_who2008")


@derivation(
    "iccc-iarc2017",
    version="third edition, based on ICD-O-3/IARC 2017 (histologies of 2023-09)",
    inputs=_THREE,
    outputs=["iccc_iarc2017", "iccc_extended_iarc2017"],
    source="https://seer.cancer.gov/iccc/iccc-iarc-2017.html",
    labels=groups.labels,
    why=lambda record: _table("iccc_iarc2017").why(record),
    examples=[
        "C421 | 9811 | 3 | 011 | 001",
        "C809 | 9811 | 3 | 011 | 001",
        "C779 | 9811 | 3 | 022 | 010",
        "C421 | 9591 | 3 | 011 | 004",
        "C723 | 9380 | 3 | 032 | 019",
        "C710 | 9380 | 3 | 034 | 025",
        "C751 | 8290 | 0 | 035 | 027",
        "C700 | 8000 | 1 | 036 | 032",
        "C649 | 8960 | 3 | 061 | 036",
        "C649 | 8960 | 2 | 999 | 999",
        "C649 | 8960 |  | 999 | 999",
    ],
)
def iccc_iarc2017() -> Outputs:
    """Childhood cancer groups in use today, with the histologies of IARC 2017."""
    return _steps("iccc_iarc2017")
