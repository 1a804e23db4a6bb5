"""Renal pelvis, ureter, bladder and urethra, diagnosed 2007-2017 (SEER MP/H rules 2007, M3-M11)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import Mask
from registry.coding.primaries.codes import morphologies, named, sites
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import SINGLE, Group

URINARY = Group("mph_2007_to_2017_urinary")

URINARY.shared(
    "M3",
    common.opposite_sides_of(sites("C659"), "renal pelvis"),
    examples="""
    C659 8720/3 1 2015 | C659 8780/3 2 2015 | multiple
    C659 8120/3 1 2015-01-01 | C659 8130/3 9 2015-01-01 | questionable
    C659 8120/3 1 2015-01-01 | C659 8130/3 1 2015-01-01 | single M8
    """,
)

URINARY.shared(
    "M4",
    common.opposite_sides_of(sites("C669"), "ureter"),
    examples="""
    C669 8720/3 1 2015 | C669 8780/3 2 2015 | multiple
    C669 8120/3 1 2015-01-01 | C659 8120/3 2 2015-01-01 | single M8
    """,
)

URINARY.shared(
    "M5",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C659 8120/3 9 2007-05 | C679 8120/2 9 2007-01 | multiple
    C659 8000/3 9 2007 | C679 8000/2 9 2007 | multiple M10
    C659 8120/3 9 2007 | C679 8120/2 9 2007 | questionable
    """,
)


@URINARY.rule(
    "M6",
    SINGLE,
    question="Are both tumors of the bladder papillary (8050), transitional cell (8120-8124) or papillary transitional "
    "cell carcinoma (8130, 8131)?",
    reason="Papillary and transitional cell carcinomas of the bladder, in any combination, are one primary.",
    examples="""
    C672 8050/3 - 2000 | C679 8123/3 - 2015 | single
    C672 8050/3 - 2015-01-01 | C679 8140/3 - 2015-01-01 | multiple M9
    """,
)
def papillary_bladder(pair: Pairs) -> Mask:
    """At any time: this rule comes before the one about three years."""
    kinds = (
        morphologies("8050")
        | named("transitional_cell_carcinoma")
        | named("papillary_transitional_cell_carcinoma")
    )
    return pair.both(sites("C67")) & pair.both(kinds)


URINARY.shared(
    "M7",
    common.years_apart(3),
    examples="""
    C659 8720/3 - 2015 | C679 8180/3 - 2001 | multiple
    C670 8120/3 - 2012-01-01 | C680 8120/3 - 2015-01 | questionable
    """,
)


@URINARY.rule(
    "M8",
    SINGLE,
    question="Are both tumors urothelial and in renal pelvis (C659), ureter (C669), bladder (C67) or urethra (C680)?",
    reason="Urothelial tumors of renal pelvis, ureter, bladder and urethra are one primary.",
    examples="""
    C659 8131/3 9 2008 | C680 8020/3 9 2007 | single
    C659 8131/3 9 2008 | C688 8020/3 9 2007 | multiple M9
    """,
)
def urothelial(pair: Pairs) -> Mask:
    """Table 1 of the manual lists the urothelial histologies."""
    return pair.both(named("urothelial")) & pair.both(sites("C659 C669 C67 C680"))


URINARY.shared(
    "M9",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C659 8130/3 9 2008 | C680 8150/3 9 2007 | multiple
    C659 8630/3 9 2008 | C680 8630/3 9 2007 | multiple M10
    """,
)

URINARY.shared(
    "M10",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C659 8630/3 9 2008 | C680 8630/3 9 2007 | multiple
    C670 8630/3 9 2008 | C675 8630/3 9 2007 | single M11
    """,
)

URINARY.shared(
    "M11",
    common.NO_OTHER_RULE,
    examples="""
    C670 8630/3 9 2008 | C675 8630/3 9 2007 | single
    """,
)
