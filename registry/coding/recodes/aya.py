"""SEER site recode for adolescents and young adults (AYA): WHO 2008 definition, 2020 revision."""

from __future__ import annotations

from functools import cache

from registry.coding.derivation import Outputs, derivation
from registry.coding.recodes import groups
from registry.coding.recodes.recode_table import Reading, RecodeTable, as_written
from registry.coding.recodes.rules import rules

UNKNOWN = {"ayaSiteRecode2008": "99", "ayaSiteRecode2020": "999"}
_INPUTS = ["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"]


@cache
def _table(recode: str) -> RecodeTable:
    reading = Reading(as_written, as_written, as_written)
    return RecodeTable(rules("aya_rules.csv", recode), (UNKNOWN[recode],), reading)


@derivation(
    "aya-site-recode-2008",
    version="WHO 2008",
    inputs=_INPUTS,
    outputs=["ayaSiteRecode2008"],
    source="https://seer.cancer.gov/ayarecode/aya-who2008.html",
    labels=groups.labels,
    why=lambda record: _table("ayaSiteRecode2008").why(record),
    examples=[
        "C421 | 9835 | 3 | 01",
        "C421 | 9811 | 3 | 01",
        "C779 | 9811 | 3 | 05",
        "C509 | 8500 | 3 | 36",
        "C509 | 8500 | 2 | 99",
        "C809 | 9010 | 3 | 48",
        "C809 | 8000 | 3 | 56",
        "C509 | 8500 |  | 99",
        "C509 |  | 3 | 99",
        " | 8500 | 3 | 99",
        "c509 | 8500 | 3 | 99",
        "C509 | 85003 | 3 | 36",
        "C50 | 8500 | 3 | 99",
        "C50 | 9835 | 3 | 01",
    ],
)
def aya_site_recode_2008() -> Outputs:
    """Site groups for ages 15 to 39; blood cancers by the WHO 2008 classification.

    Codes are compared as texts, as SEER's program does: an unfinished code still lies between two
    others, so that `C50` counts within C000-C809 but not within C500-C509.
    """
    return _table("ayaSiteRecode2008").steps("ayaSiteRecode2008")


@derivation(
    "aya-site-recode-2020",
    version="2020 revision",
    inputs=_INPUTS,
    outputs=["ayaSiteRecode2020"],
    source="https://seer.cancer.gov/ayarecode/aya-2020.html",
    labels=groups.labels,
    why=lambda record: _table("ayaSiteRecode2020").why(record),
    examples=[
        "C421 | 9835 | 3 | 001",
        "C421 | 9811 | 3 | 001",
        "C779 | 9811 | 3 | 016",
        "C421 | 9866 | 3 | 002",
        "C710 | 9450 | 1 | 032",
        "C710 | 9450 | 3 | 033",
        "C751 | 9421 | 0 | 038",
        "C504 | 8000 | 2 | 211",
        "C445 | 8743 | 2 | 205",
        "C809 | 8000 | 3 | 204",
        "C509 | 8500 | 1 | 999",
        "C509 | 8500 |  | 999",
        "C71 | 9450 | 3 | 033",
        "c710 | 9450 | 3 | 999",
    ],
)
def aya_site_recode_2020() -> Outputs:
    """Site groups for ages 15 to 39 in use today, with in situ tumors and benign ones of the brain.

    Codes are compared as texts, as in the older definition.
    """
    return _table("ayaSiteRecode2020").steps("ayaSiteRecode2020")
