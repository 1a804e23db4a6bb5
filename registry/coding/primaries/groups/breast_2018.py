"""Breast, diagnosed 2018 and later (SEER Solid Tumor Rules, breast M4-M17, edition of 2026).

The manual's M8 and M9 (Paget disease) need the underlying tumor, which codes do not tell: histologies
on different rows of Table 3 decide instead.
"""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import TABLE, Answer, Mask, yes_or
from registry.coding.primaries.codes import morphologies, named, rows
from registry.coding.primaries.pairs import MALIGNANT, Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

BREAST = Group("str_2018_and_later_breast")

BREAST.shared(
    "M4",
    common.DIFFERENT_SITE_GROUP,
    # every site of this group begins with C50, so the rule never decides here
    examples="""
    C501 8500/3 1 2019-01-01 | C509 8500/3 1 2019-01-20 | single M12
    """,
)

BREAST.shared(
    "M5",
    common.years_apart(5),
    examples="""
    C501 8500/3 1 2013-01-01 | C509 8500/3 1 2019-01-01 | multiple
    C501 8500/3 1 2014-03-05 | C509 8500/3 1 2019-03-05 | multiple
    C501 8500/3 1 2014-03-05 | C509 8500/3 1 2019-03-04 | single M17
    C501 8500/3 1 2014 | C509 8500/3 1 2019-03-04 | questionable
    """,
)


@BREAST.rule(
    "M6",
    SINGLE,
    question="Are both tumors inflammatory carcinoma (8530/3)?",
    reason="Inflammatory carcinoma is one primary, in several quadrants of a breast and in both breasts.",
    examples="""
    C500 8530/3 1 2019-01-01 | C509 8530/3 2 2020-01-01 | single
    C500 8530/3 1 2019-01-01 | C509 8530/2 2 2020-01-01 | multiple M7
    """,
)
def inflammatory(pair: Pairs) -> Mask:
    """Asked before the side, which does not matter here."""
    return pair.both(named("inflammatory_carcinoma")) & pair.both_behavior(MALIGNANT)


@BREAST.rule(
    "M7",
    MULTIPLE,
    question="Is there a tumor in each breast?",
    reason="One tumor is in the right and one in the left breast.",
    examples="""
    C500 8730/3 1 2019-01-01 | C509 8730/3 2 2019-01-01 | multiple
    C500 8520/3 1 2019-01-01 | C509 8520/3 1 2019-01-01 | single M12
    C500 8520/3 1 2019-01-01 | C509 8520/3 9 2019-01-01 | questionable
    """,
)
def each_breast(pair: Pairs) -> Answer:
    """With an unknown side a later rule may still make them multiple primaries."""
    return pair.opposite_sides()


@BREAST.rule(
    "M10",
    SINGLE,
    question="""Did duct carcinoma follow a combination code with duct carcinoma: DCIS (8500/2) after
        8522/2, 8523/2, 8543/2 or 8543/3, invasive duct carcinoma (8500/3) after 8522/3, 8523/3 or 8541/3?""",
    reason="The duct carcinoma was already part of the earlier, mixed tumor.",
    examples="""
    C504 8543/2 1 2017-01 | C506 8500/2 1 2019-02 | single
    C504 8541/3 1 2017 | C506 8500/3 1 2019 | single
    C504 8522/3 1 2019-05-01 | C506 8500/3 1 2019-05-01 | single
    C504 8500/3 1 2017 | C506 8541/3 1 2019 | multiple M13
    C504 8522/2 1 2017 | C506 8500/3 1 2019 | multiple M13
    C504 8541/3 1 2019 | C506 8500/3 1 2019 | questionable
    """,
)
def duct_after_combination(pair: Pairs) -> Answer:
    """On one day counts too; unknown order leaves it open."""
    in_situ = pair.one_each(morphologies("8500/2"), morphologies("8522/2 8523/2 8543/2 8543/3"))
    invasive = pair.one_each(morphologies("8500/3"), morphologies("8522/3 8523/3 8541/3"))
    combination_later = pair.later_is(pair.a.histology != 8500, pair.b.histology != 8500)
    return (in_situ | invasive) & ~combination_later


BREAST.shared(
    "M11",
    solid.of_different_subtypes("breast_2018_table3_subtypes", "Table 3"),
    examples="""
    C500 8035/2 1 2017 | C509 8032/3 1 2019 | multiple
    C500 8574/3 1 2019 | C509 8013/3 1 2019 | multiple
    C500 9170/3 1 2019 | C509 9120/3 1 2019-02-01 | single M17
    C500 8504/2 1 2019 | C509 8504/2 1 2019 | single M17
    """,
)


def _rows(pair: Pairs) -> tuple[Numbers, Numbers]:
    return solid.row_pair(pair, rows("breast_2018_table3_rows"))


@BREAST.rule(
    "M12",
    SINGLE,
    question="Are the tumors on the same row of Table 3 and diagnosed within 60 days?",
    reason="The tumors came together and are on one row of Table 3: one histology, or an NOS and its subtype.",
    examples="""
    C500 8200/2 1 2019-01-05 | C509 8200/2 1 2019-02-05 | single
    C504 8800/3 2 2019-10-28 | C504 9170/3 2 2019-09-14 | single
    C500 8001/3 1 2019-01-05 | C509 8001/3 1 2019-02-05 | single
    C500 8200/2 1 2019-01-05 | C509 8200/2 1 2019-05-05 | single M17
    """,
)
def same_row_together(pair: Pairs) -> Answer:
    """A histology outside the table is no reason to stop: the next rule looks at Table 2 too."""
    row_a, row_b = _rows(pair)
    return (solid.same_code(pair) | ((row_a > 0) & (row_a == row_b))) & pair.within_days(60)


@BREAST.rule(
    "M13",
    MULTIPLE,
    question="""Are the histologies on different rows of Table 3, or is one a combination code of Table 2 and
        the other a code of Table 3?""",
    reason="The histologies are on different rows of Table 3, or only one of them is a combination (Table 2).",
    examples="""
    C500 8315/2 1 2017 | C509 8575/2 1 2019 | multiple
    C500 8510/2 1 2017 | C509 8255/3 1 2019 | multiple
    C500 8500/3 1 2019-01-01 | C509 8520/3 1 2019-01-01 | multiple
    C500 8523/2 1 2019-02-01 | C509 8255/3 1 2019-03-01 | single M15
    C500 8519/2 1 2019 | C509 8512/3 1 2019 | questionable
    """,
)
def different_rows(pair: Pairs) -> Answer:
    """Codes of Table 2 that are not in Table 3 stand together for one row."""
    other = ~solid.same_code(pair)
    row_a, row_b = _rows(pair)
    in_2 = named("breast_2018_table2")
    a_in_2, b_in_2 = pair.a.is_in(in_2) & (row_a == 0), pair.b.is_in(in_2) & (row_b == 0)
    present = ((row_a > 0) | a_in_2) & ((row_b > 0) | b_in_2)
    return yes_or(other & present & (row_a != row_b), other & ~present, TABLE)


BREAST.shared(
    "M14",
    solid.in_situ_after_invasive_in("breast"),
    examples="""
    C500 8401/3 1 2017 | C509 8401/2 1 2019 | single
    C500 8401/3 1 2019-01-01 | C509 8401/2 1 2019-06-01 | single
    C500 8401/2 1 2019-01-01 | C509 8401/3 1 2019-06-01 | multiple M16
    """,
)

BREAST.shared(
    "M15",
    solid.invasive_soon_after_in_situ_in("breast"),
    examples="""
    C500 8523/2 1 2019-02-01 | C509 8255/3 1 2019-03-01 | single
    C500 8500/2 1 2019-02-01 | C509 8500/3 1 2019-03-01 | single M12
    """,
)

BREAST.shared(
    "M16",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C500 8401/2 1 2019-01-05 | C509 8401/3 1 2019-05-05 | multiple
    C500 8401/3 1 2019-01-05 | C509 8401/2 1 2019-05-05 | single M14
    """,
)

BREAST.shared(
    "M17",
    common.NO_OTHER_RULE,
    examples="""
    C500 8500/3 1 2019-01-05 | C509 8500/3 1 2020-05-05 | single
    """,
)
