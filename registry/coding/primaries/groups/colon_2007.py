"""Colon, diagnosed 2007-2017 (SEER Multiple Primary and Histology Coding Rules 2007, M3-M11)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import Mask
from registry.coding.primaries.codes import named
from registry.coding.primaries.pairs import MALIGNANT, Pairs
from registry.coding.primaries.rule import SINGLE, Group

COLON = Group("mph_2007_to_2017_colon")

ADENOCARCINOMA = named("adenocarcinoma_nos") | named("adenocarcinoma_specific")


@COLON.rule(
    "M3",
    SINGLE,
    question="Is one tumor adenocarcinoma in familial polyposis (8220, 8221), the other a polyp, and at least one of "
    "them malignant?",
    reason="Adenocarcinoma in familial polyposis together with malignant polyps is one primary, also in other "
    "segments of the colon.",
    examples="""
    C180 8220/3 - 2015 | C180 8262/2 - 2015 | single
    C180 8220/2 - 2015 | C185 8220/3 - 2015 | single
    C180 8220/2 - 2015-01-01 | C180 8262/2 - 2015-01-01 | single M7
    """,
)
def polyposis(pair: Pairs) -> Mask:
    """A polyposis code counts as a polyp, too."""
    malignant = (pair.a.behavior == MALIGNANT) | (pair.b.behavior == MALIGNANT)
    return malignant & pair.one_each(named("famillial_polyposis"), named("polyp"))


COLON.shared(
    "M4",
    common.DIFFERENT_SITE,
    examples="""
    C180 8220/2 - 2015 | C185 8265/3 - 2015 | multiple
    C185 8140/3 - 2015-01-01 | C185 8140/3 - 2015-01-01 | single M11
    """,
)

COLON.shared(
    "M5",
    common.years_apart(1),
    examples="""
    C180 8220/2 - 2015 | C180 8265/3 - 2013 | multiple
    C180 8140/3 - 2014-01-31 | C180 8140/3 - 2015-01-31 | multiple
    C180 8220/2 - 2015 | C180 8265/3 - 2014 | multiple M10
    C180 8140/3 - 2015 | C180 8140/3 - 2014 | questionable
    """,
)

COLON.shared(
    "M6",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C180 8000/2 - 2015-02 | C180 8000/3 - 2015-05 | multiple
    C180 8000/2 - 2015-01 | C180 8000/3 - 2015-04 | questionable
    C180 8000/3 - 2015-02 | C180 8000/2 - 2015-05 | single M11
    """,
)


@COLON.rule(
    "M7",
    SINGLE,
    question="Is one tumor an adenocarcinoma and the other a tumor in a polyp?",
    reason="An adenocarcinoma together with a tumor in a polyp of the same segment is one primary.",
    examples="""
    C180 8220/3 - 2015-02 | C180 8003/2 - 2015-05 | single
    C180 8263/3 - 2015-02-01 | C180 8140/3 - 2015-02-01 | single
    C180 8222/3 - 2015-02 | C180 8003/2 - 2015-05 | multiple M10
    """,
)
def adenocarcinoma_and_polyp(pair: Pairs) -> Mask:
    """In situ or invasive."""
    return pair.one_each(ADENOCARCINOMA, named("polyp"))


COLON.shared(
    "M8",
    common.nos_and_specific("8000", "8010", "8140", "8800"),
    examples="""
    C180 8140/3 - 2015-02 | C180 8148/2 - 2015-05 | single
    C180 8130/3 - 2015-02 | C180 8148/2 - 2015-05 | multiple M10
    """,
)


@COLON.rule(
    "M9",
    SINGLE,
    question="Are both tumors in polyps?",
    reason="Several tumors in polyps of one segment are one primary.",
    examples="""
    C180 8213/2 - 2015-02-01 | C180 8213/2 - 2015-02-01 | single
    C180 8213/2 - 2015-02-01 | C180 8265/2 - 2015-02-01 | multiple M10
    """,
)
def several_polyps(pair: Pairs) -> Mask:
    """Adenomatous, tubular, villous and tubulovillous polyps in any combination."""
    return pair.both(named("polyp"))


COLON.shared(
    "M10",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C180 8213/3 - 2015-02 | C180 8265/2 - 2015-05 | multiple
    C180 8265/3 - 2015-02 | C180 8265/2 - 2015-05 | single M11
    """,
)

COLON.shared(
    "M11",
    common.NO_OTHER_RULE,
    examples="""
    C180 8265/3 - 2015-02 | C180 8265/2 - 2015-05 | single
    """,
)
