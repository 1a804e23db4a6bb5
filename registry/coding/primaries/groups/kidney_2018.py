"""Kidney, diagnosed 2018 and later (SEER Solid Tumor Rules, kidney M3-M13, edition of 2026)."""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import REVIEW, Answer, Mask
from registry.coding.primaries.codes import morphologies, named, rows
from registry.coding.primaries.pairs import MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

KIDNEY = Group("str_2018_and_later_kidney")

KIDNEY.shared(
    "M3",
    common.DIFFERENT_SITE,
    # the group has one site, so the rule never decides
    examples="""
    C649 8312/3 1 2019-01-01 | C649 8312/3 1 2019-01-01 | single M8
    """,
)


@KIDNEY.rule(
    "M4",
    SINGLE,
    question="Are both tumors nephroblastoma (8960/3)?",
    reason="Nephroblastomas (Wilms tumors) are one primary, at any time and on both sides.",
    examples="""
    C649 8960/3 1 2017 | C649 8960/3 2 2019 | single
    C649 8960/3 1 2019 | C649 8312/3 2 2019 | multiple M5
    """,
)
def nephroblastoma(pair: Pairs) -> Mask:
    """Asked before the side, which does not matter here."""
    return pair.both(named("wilms")) & pair.both_behavior(MALIGNANT)


@KIDNEY.rule(
    "M5",
    MULTIPLE,
    question="Is there a tumor in each kidney?",
    reason="One tumor is in the right and one in the left kidney.",
    examples="""
    C649 8312/3 1 2019 | C649 8310/3 2 2019 | multiple
    C649 8312/3 1 2019-01-01 | C649 8310/3 1 2019-01-01 | single M8
    C649 8312/3 1 2019-01-01 | C649 8310/3 9 2019-01-01 | questionable
    """,
)
def each_kidney(pair: Pairs) -> Answer:
    """With an unknown side a later rule may still make them multiple primaries."""
    return pair.opposite_sides()


KIDNEY.shared(
    "M6",
    common.years_apart(3),
    examples="""
    C649 8312/3 1 2015-01 | C649 8312/3 1 2019-03 | multiple
    C649 8312/3 1 2017-01-01 | C649 8312/3 1 2019-03-01 | single M13
    """,
)

KIDNEY.shared(
    "M7",
    solid.of_different_subtypes("kidney_2018_table1_subtypes", "Table 1"),
    examples="""
    C649 8310/3 1 2019 | C649 8311/3 1 2019 | multiple
    C649 8316/3 1 2019 | C649 9180/3 1 2019 | multiple
    C649 8900/3 1 2019-01-01 | C649 8920/3 1 2019-02-01 | single M8
    """,
)


@KIDNEY.rule(
    "M8",
    SINGLE,
    question="""Are the tumors on the same row of Table 1, in the same kidney and diagnosed within 60 days?""",
    reason="""The tumors came together in one kidney and are on one row of Table 1: one histology, or an NOS
        and its subtype.""",
    examples="""
    C649 8312/3 1 2019-01-01 | C649 8310/3 1 2019-02-01 | single
    C649 8001/3 1 2019-01-01 | C649 8001/3 1 2019-02-01 | single
    C649 8311/3 1 2019-01-01 | C649 8311/3 1 2019-02-01 | questionable
    C649 8960/3 1 2019-01-01 | C649 8042/3 1 2019-02-01 | questionable
    C649 8312/3 1 2019-01-01 | C649 8310/3 1 2019-05-01 | single M13
    """,
)
def same_row_together(pair: Pairs) -> Answer:
    """8311 stands for four hereditary carcinomas: two of them may be one or two primaries."""
    alike = solid.same_row_or_code(pair, *solid.row_pair(pair, rows("kidney_2018_table1_rows")))
    answer = solid.together_on_one_side(pair, alike)
    several = answer.yes & pair.both(morphologies("8311"))
    return Answer(answer.yes & ~several, answer.missing | (several * np.uint8(REVIEW)))


KIDNEY.shared(
    "M9",
    solid.on_different_rows("kidney_2018_table1_rows", "Table 1"),
    examples="""
    C649 8312/3 1 2019 | C649 8800/3 1 2019 | multiple
    C649 8316/3 1 2019 | C649 8800/3 1 2019 | multiple
    C649 8312/3 1 2018-12-01 | C649 8310/3 1 2019-05-01 | single M13
    """,
)

KIDNEY.shared(
    "M10",
    solid.in_situ_after_invasive_in("kidney"),
    examples="""
    C649 8312/3 1 2017-01 | C649 8317/2 1 2019-02 | single
    C649 8312/2 1 2017-01 | C649 8317/3 1 2019-02 | multiple M12
    """,
)

KIDNEY.shared(
    "M11",
    solid.invasive_soon_after_in_situ_in("kidney"),
    # within 60 days M8 has decided already
    examples="""
    C649 8312/2 1 2019-01-01 | C649 8317/3 1 2019-02-01 | single M8
    """,
)

KIDNEY.shared(
    "M12",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C649 8312/2 1 2017-01 | C649 8317/3 1 2019-02 | multiple
    C649 8312/2 1 2017-01 | C649 8317/6 1 2019-02 | single M13
    """,
)

KIDNEY.shared(
    "M13",
    common.NO_OTHER_RULE,
    examples="""
    C649 8312/2 1 2017-01 | C649 8317/6 1 2019-02 | single
    """,
)
