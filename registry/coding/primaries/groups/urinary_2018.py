"""Renal pelvis, ureter, bladder and other urinary organs, diagnosed 2018 and later.

SEER Solid Tumor Rules, urinary sites M3-M18, edition of 2026.
"""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import Morphologies, morphologies, named, named_sites, sites
from registry.coding.primaries.pairs import IN_SITU, MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

URINARY = Group("str_2018_and_later_urinary")


def _urothelial() -> Morphologies:
    """Urothelial carcinoma and its subtypes without the micropapillary one."""
    return named("urinary_2018_urothelial_carcinomas_exclude_micropapillary")


MICROPAPILLARY = "8131"

URINARY.shared(
    "M3",
    common.opposite_sides_of(sites("C659"), "renal pelvis"),
    examples="""
    C659 8720/3 1 2017 | C659 8721/3 2 2019 | multiple
    C659 8120/3 1 2019-01-01 | C659 8120/3 9 2019-01-01 | questionable
    C659 8120/3 1 2019-01-01 | C659 8120/3 1 2019-01-01 | single M15
    """,
)

URINARY.shared(
    "M4",
    common.opposite_sides_of(sites("C669"), "ureter"),
    examples="""
    C669 8120/3 1 2019 | C669 8120/3 2 2019 | multiple
    C669 8120/3 1 2019 | C659 8120/3 2 2019 | single M11
    """,
)


@URINARY.rule(
    "M5",
    SINGLE,
    question="""Are there flat in situ urothelial carcinomas (8120/2) of the bladder and of a ureter, diagnosed
        within 60 days?""",
    reason="Flat in situ urothelial carcinoma spreads along the lining: bladder and ureter are one primary.",
    examples="""
    C670 8120/2 1 2019-02-01 | C669 8120/2 2 2019-03-01 | single
    C670 8120/2 1 2019-02-01 | C669 8130/2 2 2019-03-01 | single M11
    C670 8120/2 1 2019-02-01 | C669 8120/2 2 2019-08-01 | single M11
    """,
)
def flat_in_bladder_and_ureter(pair: Pairs) -> Answer:
    """Unknown dates leave it to M11, which says the same."""
    flat = pair.both(morphologies("8120/2"))
    return flat & pair.one_each(sites("C67"), sites("C669")) & pair.within_days(60)


URINARY.shared(
    "M6",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C670 8070/2 1 2019-01-05 | C670 8051/3 2 2019-07-05 | multiple
    C670 8120/2 - 2018-01-05 | C671 8120/3 - 2019-07-05 | multiple
    C670 8120/3 - 2018-01-05 | C671 8120/2 - 2019-07-05 | single M16
    """,
)


@URINARY.rule(
    "M7",
    SINGLE,
    question="Are both tumors in situ urothelial carcinoma of the bladder (flat or papillary)?",
    reason="In situ urothelial carcinoma of the bladder is one primary for life, however often it returns.",
    examples="""
    C670 8120/2 - 2019-02 | C671 8120/2 - 2019-03 | single
    C670 8130/2 - 2012 | C671 8120/2 - 2019 | single
    C670 8130/2 - 2019-01-01 | C659 8120/2 - 2019-01-01 | single M11
    """,
)
def in_situ_of_bladder(pair: Pairs) -> Mask:
    """Timing does not matter; micropapillary carcinoma is left out."""
    return pair.both_behavior(IN_SITU) & pair.both(sites("C67")) & pair.both(_urothelial())


@URINARY.rule(
    "M8",
    MULTIPLE,
    question="Is one tumor micropapillary (8131) and the other any other urothelial carcinoma?",
    reason="Micropapillary urothelial carcinoma is so aggressive that it counts as a primary of its own.",
    examples="""
    C670 8131/3 - 2019-02 | C671 8120/3 - 2019-03 | multiple
    C659 8131/3 1 2019-02 | C671 8130/3 - 2019-03 | multiple
    C670 8131/3 - 2019-02 | C671 8131/3 - 2019-03 | single M9
    """,
)
def micropapillary(pair: Pairs) -> Mask:
    """In the same urinary organ or in two of them."""
    return pair.one_each(morphologies(MICROPAPILLARY), _urothelial())


@URINARY.rule(
    "M9",
    SINGLE,
    question="Are both tumors invasive urothelial carcinoma of the bladder?",
    reason="Invasive urothelial carcinoma of the bladder is one primary for life, however often it returns.",
    examples="""
    C670 8020/3 - 2019-02 | C671 8082/3 - 2019-03 | single
    C670 8120/3 - 2010 | C671 8120/3 - 2019 | single
    C670 8120/3 - 2010 | C659 8120/3 1 2019 | multiple M10
    """,
)
def invasive_of_bladder(pair: Pairs) -> Mask:
    """Timing does not matter."""
    urothelial = pair.both(named("urinary_2018_urothelial_carcinomas"))
    return pair.both_behavior(MALIGNANT) & pair.both(sites("C67")) & urothelial


@URINARY.rule(
    "M10",
    MULTIPLE,
    question="""Is one tumor diagnosed more than three years after the other, and are they not both urothelial
        carcinoma of the bladder?""",
    reason="More than three years lie between the diagnoses, so the later tumor is a new primary.",
    examples="""
    C679 8610/3 - 2015 | C679 8611/3 - 2019 | multiple
    C659 8130/3 1 2015 | C679 8130/3 - 2019 | multiple
    C679 8130/3 - 2012 | C679 8130/2 - 2019 | single M16
    C679 8070/3 - 2018 | C679 8051/3 - 2019 | single M18
    """,
)
def three_years(pair: Pairs) -> Answer:
    """A bladder keeps its urothelial carcinoma whatever the time."""
    return ~(pair.both(sites("C67")) & pair.both(_urothelial())) & pair.years_apart(3)


@URINARY.rule(
    "M11",
    SINGLE,
    question="Are both tumors urothelial carcinoma, in two of renal pelvis, ureter, bladder and urethra?",
    reason="Urothelial carcinoma of several urinary organs is one primary.",
    examples="""
    C659 8031/3 1 2019-01-01 | C670 8031/3 2 2017-02-01 | single
    C659 8120/3 1 2019-01-01 | C680 8120/2 - 2019-02-01 | single
    C659 8120/3 1 2019-01-01 | C688 8120/3 - 2019-02-01 | multiple M14
    """,
)
def several_organs(pair: Pairs) -> Mask:
    """Behavior does not matter."""
    organs = pair.both(named_sites("urinary_2018_urinary_sites")) & ~pair.same_site_group()
    return organs & pair.both(named("urinary_2018_urothelial_carcinomas"))


URINARY.shared(
    "M12",
    solid.of_different_subtypes("urinary_2018_table2_subtypes", "Table 2"),
    examples="""
    C670 8144/3 - 2017 | C670 8480/3 - 2019 | multiple
    C670 8070/3 - 2019-01-01 | C670 8051/3 - 2019-01-01 | single M15
    """,
)

URINARY.shared(
    "M13",
    solid.on_different_rows("urinary_2018_table2_rows", "Table 2"),
    examples="""
    C670 8070/3 - 2017 | C670 8310/3 - 2019 | multiple
    C670 8041/3 - 2019 | C670 8120/3 - 2019 | multiple
    C670 9500/3 - 2019 | C670 8070/3 - 2019 | questionable
    C670 8010/3 - 2019-01-01 | C670 8010/3 - 2019-01-01 | questionable M15
    C670 8070/3 - 2017 | C670 8051/3 - 2019 | single M18
    """,
)

URINARY.shared(
    "M14",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C670 8051/3 - 2017 | C669 8070/2 2 2019 | multiple
    C670 8051/3 - 2019-01-01 | C671 8070/3 - 2019-01-01 | single M15
    """,
)

URINARY.shared(
    "M15",
    solid.on_same_row_within_60_days("urinary_2018_table2_rows", "Table 2"),
    examples="""
    C670 8070/3 - 2019-02-01 | C670 8051/3 - 2019-01-05 | single
    C670 8144/2 - 2019-02-01 | C670 8140/3 - 2019-01-05 | single
    C670 8070/3 - 2018-02-01 | C670 8051/3 - 2019-01-05 | single M18
    """,
)

URINARY.shared(
    "M16",
    common.IN_SITU_AFTER_INVASIVE,
    examples="""
    C670 8070/3 - 2017-02 | C670 8051/2 - 2019-01 | single
    C670 8031/3 - 2017-02 | C670 8120/2 - 2019-01 | single
    C670 8070/2 - 2017-02 | C670 8051/2 - 2019-01 | single M18
    """,
)

URINARY.shared(
    "M17",
    common.INVASIVE_SOON_AFTER_IN_SITU,
    # within 60 days M15 has decided already
    examples="""
    C670 8070/2 - 2019-01-05 | C670 8051/3 - 2019-02-01 | single M15
    """,
)

URINARY.shared(
    "M18",
    common.NO_OTHER_RULE,
    examples="""
    C670 8070/2 - 2019-01-05 | C670 8051/2 - 2019-07-05 | single
    """,
)
