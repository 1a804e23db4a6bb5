"""SEER lymphoid neoplasm recode, 2021 revision: lymphomas and lymphoid leukemias by cell."""

from __future__ import annotations

from functools import cache

from registry.coding.derivation import Outputs, derivation
from registry.coding.recodes import groups
from registry.coding.recodes.recode_table import Reading, RecodeTable, as_written
from registry.coding.recodes.rules import rules

RECODE = "seerLymphNeoplasmRecode2021"
UNKNOWN = "99"


def _site(text: str) -> str | None:
    """A site needs digits after the letter C, however many."""
    return text if text.removeprefix("C").isdecimal() else None


@cache
def _table() -> RecodeTable:
    return RecodeTable(rules("lymphoid_rules.csv", RECODE), (UNKNOWN,), Reading(_site, as_written))


@derivation(
    "lymphoid-neoplasm-recode-2021",
    version="2021 revision (histologies of 2023-09)",
    inputs=["primarySite", "histologicTypeIcdO3"],
    outputs=[RECODE],
    source="https://seer.cancer.gov/lymphomarecode/",
    labels=groups.labels,
    why=lambda record: _table().why(record),
    examples=[
        "C779 | 9651 | 01",
        "C779 | 9663 | 04",
        "C421 | 9811 | 07",
        "C421 | 9823 | 08",
        "C779 | 9680 | 13",
        "C499 | 9680 | 14",
        "C499 | 9684 | 13",
        "C779 | 9712 | 14",
        "C770 | 9699 | 20",
        "C162 | 9699 | 19",
        "C421 | 9732 | 24",
        "C509 | 8500 | 99",
        "C909 | 9651 | 99",
        "C77 | 9651 | 01",
        "779 | 9651 | 99",
        "C77X | 9651 | 99",
        "C779 |  | 99",
    ],
)
def lymphoid_neoplasm_recode_2021() -> Outputs:
    """Hodgkin and non-Hodgkin lymphomas and lymphoid leukemias by cell; all other tumors are 99.

    Behavior is not looked at. Large B-cell lymphoma of blood vessels is told by its site (C499).
    """
    return _table().steps(RECODE)
