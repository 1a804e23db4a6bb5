"""SEER Behavior Recode for Analysis."""

from __future__ import annotations

import re
from functools import cache

from registry.coding.derivation import Outputs, derivation
from registry.coding.ranges import Condition, ranges
from registry.coding.recodes import groups
from registry.coding.recodes.recode_table import Reading, RecodeTable, Rule

_BLADDER = "670-679"
_BRAIN = "700-701 709-729 751-753"
_NOT_BRAIN = "0-699 730-750 754-809"
_LUNG = "340-349"
_SINCE_2001 = "9393 9538 9950 9960-9962 9980 9982-9987 9989"
_SINCE_2010 = "9724 9751 9759 9831 9975 9991-9992"

RULES = (
    # sites, histologies, behaviors, first year, recode
    ("", "", "", "9999", "9"),
    (_BLADDER, _SINCE_2010, "", "2010", "6"),
    ("", _SINCE_2010, "3", "2010", "6"),
    (_BRAIN, "", "0", "2004", "0"),
    (_BRAIN, "", "1", "2004", "1"),
    (_BLADDER, _SINCE_2001, "", "2001", "4"),
    (_BLADDER, "", "", "", "3"),
    ("", "", "2", "", "2"),
    ("", _SINCE_2001, "3", "2001", "4"),
    (_LUNG, "9133", "3", "2001", "4"),
    (_NOT_BRAIN, "", "1", "", "5"),
    ("", "", "3", "", "3"),
)
"""The steps of the published definition, first match wins; blank = any. Year 9999 means unknown."""


def _site(text: str) -> str | None:
    return text.upper() if re.fullmatch("c[0-9]{3}", text) else None


def _only_well_formed(text: str) -> None:
    """No odd text is taken."""


@cache
def _table() -> RecodeTable:
    rules = [
        Rule(
            {
                "site": Condition(ranges(sites)),
                "histology": Condition(ranges(histologies)),
                "behavior": Condition(ranges(behaviors)),
                "year": Condition(((int(first), 9999),) if first else ()),
            },
            (recode,),
        )
        for sites, histologies, behaviors, first, recode in RULES
    ]
    return RecodeTable(rules, ("9",), Reading(_site, _only_well_formed, _only_well_formed, year=True))


@derivation(
    "seer-behavior-recode",
    version="for 2006+ submissions",
    inputs=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    outputs=["seerBehaviorRecode"],
    source="https://seer.cancer.gov/behavrecode/",
    labels=groups.labels,
    why=lambda record: _table().why(record),
    examples=[
        "C509 | 8500 | 3 | 2015 | 3",
        "C509 | 8500 | 2 | 2015 | 2",
        "C679 | 8130 | 2 | 2015 | 3",
        "C679 | 8130 | 1 | 2015 | 3",
        "C700 | 9530 | 0 | 2004 | 0",
        "C700 | 9530 | 1 | 200412 | 1",
        "C700 | 9530 | 0 | 2003 | 9",
        "C421 | 9950 | 3 | 2001 | 4",
        "C421 | 9950 | 3 | 2000 | 3",
        "C341 | 9133 | 3 | 2005 | 4",
        "C569 | 8472 | 1 | 2015 | 5",
        "C421 | 9975 | 3 | 2010 | 6",
        "C421 | 9975 | 3 | 2009 | 3",
        "C679 | 9975 | 1 | 2010 | 6",
        "C679 | 9950 | 2 | 2001 | 4",
        "C700 | 9950 | 2 | 2015 | 2",
        "C751 | 8272 | 0 | 2004 | 0",
        "C702 | 9530 | 0 | 2015 | 9",
        "C702 | 9530 | 1 | 2015 | 9",
        "C999 | 8000 | 3 | 2015 | 3",
        "C999 | 8000 | 1 | 2015 | 9",
        "C509 | 8500 | 6 | 2015 | 9",
        "C509 | 8500 | 3 |  | 9",
        "C509 | 8500 | 3 | 9999 | 9",
        "C679 | 8130 |  | 2015 | 9",
        "c509 | 8500 | 3 | 2015 | 3",
        "C50 | 8500 | 3 | 2015 | 9",
        "C509 | 8500 | 03 | 2015 | 9",
    ],
)
def seer_behavior_recode() -> Outputs:
    """Behavior as SEER counts it: bladder always malignant, changes of ICD-O-3 and of 2010 apart.

    In situ urinary bladder counts as malignant because pathologists' habits of calling it in situ
    have changed over the years; codes 4 and 6 mark tumors that only the later edition calls
    malignant, so that trends can leave them out, and 5 those that are no longer reportable.
    """
    return _table().steps("seerBehaviorRecode")
