"""Breast, diagnosed 2007-2017 (SEER Multiple Primary and Histology Coding Rules 2007, breast M4-M13)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import morphologies, named
from registry.coding.primaries.pairs import MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

BREAST = Group("mph_2007_to_2017_breast")

BREAST.shared(
    "M4",
    common.DIFFERENT_SITE_GROUP,
    # every site of this group begins with C50, so the rule never decides here
    examples="""
    C501 8500/3 1 2010-01-01 | C509 8500/3 1 2010-01-01 | single M11
    """,
)

BREAST.shared(
    "M5",
    common.years_apart(5),
    examples="""
    C501 8500/3 1 2008-01-01 | C509 8500/3 1 2014-01-01 | multiple
    C501 8500/3 1 2008-03-05 | C509 8500/3 1 2013-03-05 | multiple
    C501 8500/3 1 2008-03-05 | C509 8500/3 1 2013-03-04 | single M11
    C501 8500/3 1 2008 | C509 8500/3 1 2013-03-04 | questionable
    """,
)


@BREAST.rule(
    "M6",
    SINGLE,
    question="Are both tumors inflammatory carcinoma (8530/3)?",
    reason="Inflammatory carcinoma of one or both breasts is one primary.",
    examples="""
    C509 8530/3 1 2010-01-01 | C509 8530/3 2 2010-02-01 | single
    C509 8530/2 1 2010-01-01 | C509 8530/3 2 2010-02-01 | multiple M7
    """,
)
def inflammatory(pair: Pairs) -> Mask:
    """Only invasive inflammatory carcinoma counts."""
    return pair.both(named("inflammatory_carcinoma")) & pair.both_behavior(MALIGNANT)


@BREAST.rule(
    "M7",
    MULTIPLE,
    question="Is there a tumor in each breast?",
    reason="One tumor is in the right and one in the left breast.",
    examples="""
    C509 8520/3 1 2010-01-01 | C509 8520/3 2 2010-01-01 | multiple
    C509 8520/3 1 2010-01-01 | C509 8520/3 9 2010-01-01 | questionable
    C509 8520/3 1 2010-01-01 | C509 8520/3 1 2010-01-01 | single M13
    C509 8500/3 9 2010-01-01 | C509 8140/3 9 2010-01-01 | multiple M12
    """,
)
def each_breast(pair: Pairs) -> Answer:
    """With an unknown side the later rules may still make them multiple primaries."""
    return pair.opposite_sides()


BREAST.shared(
    "M8",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C509 8500/2 1 2010-01-01 | C509 8500/3 1 2010-03-03 | multiple
    C509 8500/2 1 2010-01-01 | C509 8500/3 1 2010-03-02 | single M11
    C509 8500/3 1 2010-01-01 | C509 8500/2 1 2010-03-03 | single M11
    C509 8500/2 1 2010-01 | C509 8500/3 1 2010-03-15 | questionable
    """,
)

DUCT = named("intraductal_carcinoma") | named("duct_carcinoma")


@BREAST.rule(
    "M9",
    SINGLE,
    question="Is one tumor Paget disease and the other intraductal or duct carcinoma?",
    reason="Paget disease together with intraductal or duct carcinoma is one primary.",
    examples="""
    C500 8540/3 1 2010-01-01 | C509 8500/3 1 2010-01-01 | single
    C500 8540/3 1 2010-01-01 | C509 8520/3 1 2010-01-01 | multiple M12
    """,
)
def paget_and_duct(pair: Pairs) -> Mask:
    """Tables 1 and 2 of the manual list the intraductal and duct carcinomas."""
    return pair.one_each(named("paget_disease"), DUCT)


@BREAST.rule(
    "M10",
    SINGLE,
    question="Is one tumor lobular (8520) and the other intraductal or duct carcinoma?",
    reason="Lobular carcinoma together with intraductal or duct carcinoma is one primary.",
    examples="""
    C509 8520/3 1 2010-01-01 | C509 8501/2 1 2010-01-01 | single
    C509 8520/3 1 2010-01-01 | C509 8480/3 1 2010-01-01 | multiple M12
    """,
)
def lobular_and_duct(pair: Pairs) -> Mask:
    """Tables 1 and 2 of the manual list the intraductal and duct carcinomas."""
    return pair.one_each(morphologies("8520"), DUCT)


@BREAST.rule(
    "M11",
    SINGLE,
    question="Are both tumors intraductal or duct carcinoma?",
    reason="Several intraductal or duct carcinomas of a breast are one primary.",
    examples="""
    C509 8500/3 1 2010-01-01 | C509 8201/2 1 2010-01-01 | single
    C509 8500/3 1 2010-01-01 | C509 8480/3 1 2010-01-01 | multiple M12
    """,
)
def all_duct(pair: Pairs) -> Mask:
    """Tables 1 and 2 of the manual list the intraductal and duct carcinomas."""
    return pair.both(DUCT)


BREAST.shared(
    "M12",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C509 8480/3 1 2010-01-01 | C509 8500/3 1 2010-01-01 | multiple
    C509 8480/3 1 2010-01-01 | C509 8481/3 1 2010-01-01 | single M13
    """,
)

BREAST.shared(
    "M13",
    common.NO_OTHER_RULE,
    examples="""
    C509 8520/3 1 2010-01-01 | C501 8520/2 1 2010-01-20 | single
    """,
)
