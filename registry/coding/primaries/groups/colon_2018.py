"""Colon, rectosigmoid and rectum, diagnosed 2018 and later (SEER Solid Tumor Rules, colon M3-M15, edition of 2026).

The manual's M7 and M8 (tumor at the anastomosis) need the surgery and its place, which codes do not tell.
"""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import SITE, Answer, Mask, yes_or
from registry.coding.primaries.codes import morphologies, named, sites
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

COLON = Group("str_2018_and_later_colon")


@COLON.rule(
    "M3",
    SINGLE,
    question="Are both tumors adenocarcinoma in familial polyposis (8220)?",
    reason="Adenocarcinomas of a bowel with familial polyposis (more than 100 polyps) are one primary.",
    examples="""
    C180 8220/3 - 2017 | C209 8220/2 - 2019 | single
    C180 8140/3 - 2019-01-01 | C209 8220/2 - 2019-01-01 | multiple M4
    """,
)
def familial_polyposis(pair: Pairs) -> Mask:
    """8221 (several polyps) is not enough."""
    return pair.both(morphologies("8220"))


COLON.shared(
    "M4",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C180 8140/3 - 2019 | C209 8140/3 - 2019 | multiple
    C189 8140/3 - 2019 | C199 8140/3 - 2019 | multiple
    C180 8140/3 - 2019-01-01 | C180 8140/3 - 2019-01-01 | single M11
    """,
)


@COLON.rule(
    "M5",
    MULTIPLE,
    question="Are the tumors two different subtypes of Table 1?",
    reason="The tumors are two different subtypes of Table 1, so each is a primary of its own.",
    examples="""
    C180 8200/2 - 2019 | C180 8249/3 - 2019 | multiple
    C180 8142/3 - 2019 | C185 8241/3 - 2019 | multiple
    C180 8200/2 - 2019-01-01 | C180 8200/3 - 2019-01-01 | single M11
    C180 8023/3 - 2019 | C180 8241/3 - 2019 | questionable M6
    """,
)
def different_subtypes(pair: Pairs) -> Mask:
    """Every subtype of the table is a histology of its own."""
    return pair.both(named("colon_2018_table1_subtypes")) & ~pair.same("histology")


COLON.shared(
    "M6",
    solid.on_different_rows("colon_2018_table1_rows", "Table 1"),
    examples="""
    C180 8140/3 - 2017 | C180 8246/2 - 2019 | multiple
    C180 8560/3 - 2017 | C180 8241/2 - 2019 | multiple
    C180 8899/3 - 2017 | C180 8246/2 - 2019 | questionable
    C180 8240/3 - 2017 | C180 8241/2 - 2019 | multiple M10
    C180 8899/3 - 2019-01-01 | C185 8899/3 - 2019-01-01 | multiple M9
    C180 8000/3 - 2019-01-01 | C185 8000/3 - 2019-01-01 | multiple M9
    C180 8000/3 - 2019-01-01 | C180 8000/3 - 2019-01-01 | questionable M11
    """,
)


@COLON.rule(
    "M9",
    MULTIPLE,
    question="Are the tumors in different segments of the colon (topography differs in the fourth character)?",
    reason="The tumors are in different segments of the colon.",
    examples="""
    C180 8140/2 - 2019-01-01 | C185 8265/3 - 2019-01-01 | multiple
    C180 8140/2 - 2019-01-01 | C189 8265/3 - 2019-01-01 | questionable
    C180 8140/3 - 2017-01-01 | C189 8265/3 - 2019-01-01 | multiple M10
    """,
)
def different_segment(pair: Pairs) -> Answer:
    """The colon NOS (C189) may be any segment, also when both tumors have it."""
    return yes_or(~pair.same("site") & ~pair.either(sites("C189")), pair.either(sites("C189")), SITE)


COLON.shared(
    "M10",
    common.years_apart(1),
    examples="""
    C180 8140/2 - 2017 | C180 8265/3 - 2019 | multiple
    C180 8140/2 - 2018-07-01 | C180 8265/3 - 2019-06-30 | multiple M14
    C180 8140/2 - 2018 | C180 8265/3 - 2019-06-30 | multiple M14
    """,
)

COLON.shared(
    "M11",
    solid.on_same_row_within_60_days("colon_2018_table1_rows", "Table 1"),
    examples="""
    C180 8140/2 - 2019-02-01 | C180 8200/2 - 2019-03-01 | single
    C180 8244/3 - 2019-02-01 | C180 8243/3 - 2019-03-01 | single
    C180 8140/3 - 2019-02-01 | C180 8200/3 - 2019-08-01 | single M15
    """,
)

COLON.shared(
    "M12",
    common.IN_SITU_AFTER_INVASIVE,
    examples="""
    C180 8244/3 - 2019-01-01 | C180 8243/2 - 2019-04-01 | single
    C180 8244/3 - 2019-01-01 | C180 8243/6 - 2019-04-01 | single M15
    """,
)

COLON.shared(
    "M13",
    common.INVASIVE_SOON_AFTER_IN_SITU,
    # within 60 days M11 has decided already
    examples="""
    C180 8244/2 - 2019-01-01 | C180 8243/3 - 2019-02-01 | single M11
    """,
)

COLON.shared(
    "M14",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C180 8244/2 - 2019-01-01 | C180 8243/3 - 2019-05-01 | multiple
    C180 8244/3 - 2019-01-01 | C180 8243/2 - 2019-05-01 | single M12
    """,
)

COLON.shared(
    "M15",
    common.NO_OTHER_RULE,
    examples="""
    C180 8244/2 - 2019-01-01 | C180 8243/6 - 2019-05-01 | single
    """,
)
