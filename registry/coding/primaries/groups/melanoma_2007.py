"""Melanoma of the skin, diagnosed 2007-2020 (SEER Multiple Primary and Histology Coding Rules 2007, M3-M8)."""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries.answers import SIDE, Answer, yes_or
from registry.coding.primaries.pairs import MIDLINE, Pairs
from registry.coding.primaries.rule import MULTIPLE, Group

MELANOMA = Group("mph_2007_to_2017_melanoma")

MELANOMA.shared(
    "M3",
    common.DIFFERENT_SITE,
    examples="""
    C442 8720/3 1 2000 | C447 8780/3 1 2015 | multiple
    C442 8720/3 1 2015-01-01 | C442 8720/3 1 2015-01-01 | single M8
    """,
)


@MELANOMA.rule(
    "M4",
    MULTIPLE,
    question="Do the sides differ (right, left, midline)?",
    reason="The melanomas are on different sides; the midline counts as a side of its own.",
    examples="""
    C442 8720/3 1 2000 | C442 8780/3 2 2015 | multiple
    C442 8720/3 1 2015-01-01 | C442 8720/3 5 2015-01-01 | multiple
    C442 8720/3 1 2015-01-01 | C442 8720/3 4 2015-01-01 | questionable
    C442 8720/3 1 2000 | C442 8780/3 4 2015 | multiple M5
    C442 8720/3 5 2015-01-01 | C442 8720/3 5 2015-01-01 | single M8
    """,
)
def different_sides(pair: Pairs) -> Answer:
    """Any other laterality than right, left and midline is no information."""
    known = _has_side(pair.a.laterality, pair.a.has_side()) & _has_side(pair.b.laterality, pair.b.has_side())
    return yes_or(known & ~pair.same("laterality"), ~known, SIDE)


def _has_side(laterality: np.ndarray, right_or_left: np.ndarray) -> np.ndarray:
    return right_or_left | (laterality == MIDLINE)


MELANOMA.shared(
    "M5",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C442 8720/3 1 2000 | C442 8780/3 1 2015 | multiple
    C442 8720/3 1 2015-01-01 | C442 8721/3 1 2015-01-01 | single M8
    """,
)

MELANOMA.shared(
    "M6",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C442 8725/2 1 2009 | C442 8720/3 1 2011 | multiple
    C442 8725/2 1 2009 | C442 8720/3 1 2009 | questionable
    C442 8725/3 1 2009 | C442 8720/2 1 2011 | multiple M7
    """,
)


@MELANOMA.rule(
    "M7",
    MULTIPLE,
    question="Is one melanoma diagnosed more than 60 days after the other?",
    reason="More than 60 days lie between the diagnoses, so the later melanoma is a new primary.",
    examples="""
    C442 8725/3 1 2009 | C442 8720/3 1 2011 | multiple
    C442 8725/3 1 2011 | C442 8720/3 1 2011 | questionable
    C442 8725/3 1 2011-01 | C442 8720/3 1 2011-01 | single M8
    """,
)
def more_than_60_days(pair: Pairs) -> Answer:
    """Two partial dates of the same month are certainly within 60 days."""
    return pair.more_than_days(60)


MELANOMA.shared(
    "M8",
    common.NO_OTHER_RULE,
    examples="""
    C442 8725/3 1 2011-01 | C442 8720/3 1 2011-01 | single
    """,
)
