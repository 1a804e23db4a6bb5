"""Lung, diagnosed 2018 and later (SEER Solid Tumor Rules, lung M3-M14, edition of 2026)."""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import DATE, REVIEW, SIDE, TABLE, Answer, Mask, yes_or
from registry.coding.primaries.codes import Morphologies, morphologies, named, rows
from registry.coding.primaries.pairs import Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

LUNG = Group("str_2018_and_later_lung")

_TABLE_3 = "lung_2018_table3_rows"

LUNG.shared(
    "M3",
    common.DIFFERENT_SITE_GROUP,
    # every site of this group begins with C34, so the rule never decides here
    examples="""
    C342 8140/3 1 2019-01-01 | C349 8140/3 1 2019-01-01 | single M7
    """,
)

LUNG.shared(
    "M4",
    common.years_apart(3),
    examples="""
    C342 8140/3 1 2019-09 | C349 8140/3 1 2016-08 | multiple
    C342 8140/3 1 2019-09 | C349 8140/3 1 2016 | questionable
    C342 8140/3 1 2019-09-05 | C349 8140/3 1 2017-08-05 | single M14
    """,
)


def _neuroendocrine() -> Morphologies:
    """Neuroendocrine carcinoma (8246) and tumor (8240) with their subtypes in Table 3."""
    return morphologies("8041 8045 8240 8246 8249")


def _non_small_cell() -> Morphologies:
    """Everything else of Table 3, large cell neuroendocrine carcinoma (8013) apart; 8046 has left the table."""
    return named(_TABLE_3) - _neuroendocrine() - morphologies("8013")


@LUNG.rule(
    "M5",
    MULTIPLE,
    question="""Is one tumor a neuroendocrine carcinoma or tumor (8240, 8246 or a subtype, such as small cell
        carcinoma 8041) and the other a non-small cell carcinoma?""",
    reason="A neuroendocrine tumor (small cell carcinoma too) and a non-small cell carcinoma are two primaries.",
    examples="""
    C342 8041/3 1 2019-09-01 | C349 8031/3 1 2018-08-01 | multiple
    C342 8041/3 1 2019-09-01 | C349 8046/3 1 2018-08-01 | questionable M7
    C342 8240/3 1 2019-09-01 | C349 8022/3 1 2019-08-01 | multiple
    C342 8041/3 1 2019-09-01 | C349 8140/3 1 2019-08-01 | multiple
    C342 8041/3 1 2019-09-01 | C349 8246/3 1 2019-08-01 | single M7
    """,
)
def neuroendocrine_and_other(pair: Pairs) -> Mask:
    """The side does not matter."""
    return pair.one_each(_neuroendocrine(), _non_small_cell())


LUNG.shared(
    "M6",
    solid.of_different_subtypes("lung_2018_table3_subtypes", "Table 3"),
    examples="""
    C342 8480/3 1 2019-09-01 | C349 8072/3 1 2018-08-01 | multiple
    C342 8045/3 1 2019-09-01 | C349 8041/3 1 2019-08-01 | multiple
    C342 8250/2 1 2019-09-01 | C349 8256/3 1 2019-08-01 | multiple
    C342 8480/3 1 2019-09-01 | C349 8480/3 1 2019-08-01 | single M7
    """,
)

_COMBINATION = 1_000_000


def _rows(pair: Pairs) -> tuple[Numbers, Numbers]:
    """Rows of Table 3; combination codes that are only in Table 2 stand together for one more row."""
    found = []
    for tumor in (pair.a, pair.b):
        row = tumor.row(rows(_TABLE_3))
        found.append(np.where((row == 0) & tumor.is_in(named("lung_2018_table2")), _COMBINATION, row))
    return found[0], found[1]


@LUNG.rule(
    "M7",
    SINGLE,
    question="Are the tumors on the same row of Table 3, in the same lung and diagnosed within 60 days?",
    reason="""The tumors came together in one lung and are on one row of Table 3: one histology, or an NOS and
        its subtype.""",
    examples="""
    C342 8041/3 2 2019-09-01 | C349 8041/3 2 2019-08-05 | single
    C342 8070/3 2 2019-09-01 | C349 8071/3 2 2019-08-05 | single
    C342 8000/3 2 2019-09-01 | C349 8002/3 2 2019-08-05 | questionable
    C342 8070/3 2 2019-09-01 | C349 8071/3 2 2018-08-05 | single M14
    """,
)
def same_row_together(pair: Pairs) -> Answer:
    """Two combination codes of Table 2 are not on one row, but they end no search either."""
    row_a, row_b = _rows(pair)
    same = solid.same_code(pair)
    present = (row_a > 0) & (row_b > 0)
    alike = same | (present & (row_a == row_b) & (row_a != _COMBINATION))
    return solid.together_on_one_side(pair, yes_or(alike, ~present & ~same, TABLE))


@LUNG.rule(
    "M8",
    MULTIPLE,
    question="""Are the histologies on different rows of Table 3, or is one a combination code of Table 2 and
        the other a code of Table 3?""",
    reason="The histologies are on different rows of Table 3, or only one of them is a combination (Table 2).",
    examples="""
    C342 8200/3 1 2019-09-01 | C349 8430/3 1 2018-08-01 | multiple
    C342 8072/3 1 2019-09-01 | C349 8033/3 1 2018-08-01 | multiple
    C342 8013/3 1 2019-09-01 | C349 8045/3 1 2018-08-01 | multiple
    C342 8140/3 1 2019-09-01 | C349 8480/3 1 2018-08-01 | single M14
    """,
)
def different_rows(pair: Pairs) -> Answer:
    """Histologies outside both tables have ended at M7."""
    return solid.different_row_or_code(pair, *_rows(pair))


BOTH_SIDES = 4


@LUNG.rule(
    "M9",
    SINGLE,
    question="Were there several tumors at one time (within 60 days), in one lung or in both lungs?",
    reason="""Several tumors at one time, in one lung or in both, are one primary: usually only one of them is
        biopsied.""",
    examples="""
    C342 8041/3 4 2019-09-01 | C341 8246/3 1 2019-08-05 | single
    C342 8041/3 4 2019-09-01 | C341 8246/3 9 2019-08-05 | single
    C342 8041/3 1 2019-09-01 | C341 8246/3 2 2019-08-05 | questionable
    C342 8041/3 1 2019-09-01 | C341 8246/3 2 2019-01-05 | multiple M11
    """,
)
def several_together(pair: Pairs) -> Answer:
    """One tumor right and one left: only the record tells whether there were more."""
    soon = pair.within_days(60)
    both = (pair.a.laterality == BOTH_SIDES) | (pair.b.laterality == BOTH_SIDES)
    asked = soon.possible()
    side = asked & ~both & ~pair.sides_known()
    date = asked & (soon.missing != 0)
    certain = asked & ~side & ~date
    one_in_each = certain & ~both & pair.opposite()
    missing = side * np.uint8(SIDE) | date * np.uint8(DATE) | one_in_each * np.uint8(REVIEW)
    return Answer(certain & ~one_in_each, missing)


LUNG.shared(
    "M10",
    solid.in_situ_after_invasive_in("lung"),
    examples="""
    C342 8140/2 1 2019-09 | C349 8253/3 1 2019-05 | single
    C342 8140/3 1 2019-09 | C349 8253/2 1 2019-05 | multiple M13
    """,
)


@LUNG.rule(
    "M11",
    MULTIPLE,
    question="Is there a tumor in each lung?",
    reason="One tumor is in the right and one in the left lung, at different times.",
    examples="""
    C342 8140/2 1 2019-09 | C349 8253/3 2 2019-06 | multiple
    C342 8140/3 1 2019-09 | C349 8140/3 1 2019-06 | single M14
    C342 8140/3 1 2019-09 | C349 8140/3 9 2019-06 | questionable
    """,
)
def each_lung(pair: Pairs) -> Answer:
    """An unknown side leaves it open, and M14 says the opposite."""
    return pair.opposite_sides()


LUNG.shared(
    "M12",
    common.INVASIVE_SOON_AFTER_IN_SITU,
    # within 60 days M7 and M9 have decided already
    examples="""
    C342 8253/2 1 2019-07-01 | C349 8140/3 1 2019-08-02 | single M7
    """,
)

LUNG.shared(
    "M13",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C342 8253/2 1 2019-03 | C349 8140/3 1 2019-11 | multiple
    C342 8253/2 1 2019-10-05 | C349 8140/3 1 2019-11-01 | single M7
    """,
)

LUNG.shared(
    "M14",
    common.NO_OTHER_RULE,
    examples="""
    C342 8140/3 1 2018-11 | C349 8480/3 1 2019-11 | single
    """,
)
