"""SEER brain and CNS recode, 2020 revision."""

from __future__ import annotations

from functools import cache

from registry.coding.derivation import Outputs, derivation
from registry.coding.recodes import groups
from registry.coding.recodes.recode_table import Reading, RecodeTable, as_written
from registry.coding.recodes.rules import rules

RECODE = "seerBrainCnsRecode2020"
UNKNOWN = "99"


@cache
def _table() -> RecodeTable:
    reading = Reading(as_written, as_written, as_written)
    return RecodeTable(rules("brain_cns_rules.csv", RECODE), (UNKNOWN,), reading)


@derivation(
    "brain-cns-recode-2020",
    version="2020 revision (histologies of 2023-09)",
    inputs=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    outputs=[RECODE],
    source="https://seer.cancer.gov/seerstat/variables/seer/brain_cns-recode/",
    labels=groups.labels,
    why=lambda record: _table().why(record),
    examples=[
        "C711 | 9440 | 3 | 02",
        "C719 | 9380 | 3 | 09",
        "C719 | 9382 | 3 | 05",
        "C700 | 9530 | 3 | 12",
        "C700 | 9530 | 0 | 16",
        "C700 | 9539 | 1 | 16",
        "C719 | 8000 | 3 | 15",
        "C719 | 8000 | 1 | 24",
        "C719 | 8000 | 2 | 24",
        "C719 | 9680 | 3 | 27",
        "C753 | 9362 | 3 | 25",
        "C753 | 9361 | 1 | 26",
        "C751 | 8272 | 0 | 27",
        "C509 | 8500 | 3 | 27",
        "C711 | 9440 |  | 99",
        "C711 |  | 3 | 99",
        "C71 | 9440 | 3 | 02",
        "C70 | 9440 | 3 | 27",
    ],
)
def brain_cns_recode_2020() -> Outputs:
    """Tumors of the brain and other nervous system by kind, malignant and not; all others are 27.

    Any behavior but 3 counts as non-malignant, in situ and unknown codes too; 99 only where site,
    histology or behavior is missing.
    """
    return _table().steps(RECODE)
