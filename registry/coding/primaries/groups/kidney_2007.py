"""Kidney, diagnosed 2007-2017 (SEER Multiple Primary and Histology Coding Rules 2007, M3-M11)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import Mask
from registry.coding.primaries.codes import named, sites
from registry.coding.primaries.pairs import MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

KIDNEY = Group("mph_2007_to_2017_kidney")


@KIDNEY.rule(
    "M3",
    SINGLE,
    question="Are both tumors Wilms tumor (8960/3)?",
    reason="Wilms tumors are one primary, also in both kidneys.",
    examples="""
    C649 8960/3 - 2000 | C649 8960/3 - 2015 | single
    C649 8960/3 1 2015-01-01 | C649 8310/3 1 2015-01-01 | multiple M10
    """,
)
def wilms(pair: Pairs) -> Mask:
    """Only invasive ones."""
    return pair.both(named("wilms")) & pair.both_behavior(MALIGNANT)


KIDNEY.shared(
    "M4",
    common.DIFFERENT_SITE_GROUP,
    # all tumors of this group are C649, so the rule never decides here
    examples="""
    C649 8310/3 1 2015-01-01 | C649 8310/3 1 2015-01-01 | single M11
    """,
)

KIDNEY.shared(
    "M5",
    common.opposite_sides_of(sites("C649"), "kidney"),
    examples="""
    C649 8060/3 1 2015 | C649 8960/3 2 2015 | multiple
    C649 8060/3 1 2015 | C649 8960/3 9 2015 | multiple M10
    C649 8000/3 1 2015 | C649 8001/3 9 2015 | questionable
    """,
)

KIDNEY.shared(
    "M6",
    common.years_apart(3),
    examples="""
    C649 8060/3 1 2009-01 | C649 8960/3 1 2012-02 | multiple
    C649 8310/3 1 2009-01 | C649 8310/3 1 2012-01 | questionable
    C649 8310/3 1 2009-02 | C649 8310/3 1 2012-01 | single M11
    """,
)

KIDNEY.shared(
    "M7",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C649 8060/2 1 2009-01 | C649 8960/3 1 2011-02 | multiple
    C649 8310/3 1 2009-01 | C649 8310/2 1 2011-02 | single M11
    """,
)


@KIDNEY.rule(
    "M8",
    MULTIPLE,
    question="Have the tumors different specific renal cell histologies?",
    reason="The tumors are of two different specific renal cell types.",
    examples="""
    C649 8510/3 1 2009-01 | C649 8260/3 1 2011-02 | multiple
    C649 8316/3 1 2009-01 | C649 8317/3 1 2011-02 | multiple
    C649 8317/3 1 2009-01 | C649 8317/3 1 2011-02 | single M11
    """,
)
def different_renal_cell_types(pair: Pairs) -> Mask:
    """Table 1 of the manual lists the specific types."""
    return pair.both(named("specific_renal_cell_histologies")) & ~pair.same("histology")


KIDNEY.shared(
    "M9",
    common.nos_and_specific("8000", "8010", "8140", "8312"),
    examples="""
    C649 8312/3 1 2009-01 | C649 8317/3 1 2011-02 | single
    C649 8312/3 1 2009-01 | C649 8370/3 1 2011-02 | multiple M10
    """,
)

KIDNEY.shared(
    "M10",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C649 8312/3 1 2009-01 | C649 8370/3 1 2011-02 | multiple
    C649 8300/3 1 2009-01 | C649 8305/3 1 2011-02 | single M11
    """,
)

KIDNEY.shared(
    "M11",
    common.NO_OTHER_RULE,
    examples="""
    C649 8300/3 1 2009-01 | C649 8305/3 1 2011-02 | single
    """,
)
