"""Head and neck, diagnosed 2007-2017 (SEER Multiple Primary and Histology Coding Rules 2007, M3-M12)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import named_sites, sites
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import MULTIPLE, Group

HEAD_AND_NECK = Group("mph_2007_to_2017_head_and_neck")

PAIRED = ("C079", "C080 C081", "C090 C091 C098 C099", "C300", "C310 C312", "C301")


@HEAD_AND_NECK.rule(
    "M3",
    MULTIPLE,
    question="Is one tumor in the right and one in the left of a paired organ (parotid, submandibular or "
    "sublingual gland, tonsil, nasal cavity, middle ear, maxillary or frontal sinus)?",
    reason="One tumor is in the right and one in the left of a paired organ.",
    examples="""
    C090 8000/3 1 2000 | C098 8100/2 2 2015 | multiple
    C300 8070/3 1 2010-01-01 | C300 8070/3 2 2010-01-01 | multiple
    C090 8070/3 1 2010-01-01 | C098 8070/3 9 2010-01-01 | questionable
    C090 8000/3 1 2000 | C098 8100/2 9 2015 | multiple M9
    C080 8070/3 1 2010-01-01 | C088 8070/3 2 2010-01-01 | single M12
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """Both subsites must belong to the same paired organ."""
    in_one_organ = pair.none()
    for organ in PAIRED:
        in_one_organ |= pair.both(sites(organ))
    return in_one_organ & pair.opposite_sides()


@HEAD_AND_NECK.rule(
    "M4",
    MULTIPLE,
    question="Is one tumor on the upper lip (C000, C003) and one on the lower lip (C001, C004)?",
    reason="One tumor is on the upper and one on the lower lip.",
    examples="""
    C000 8000/3 - 2015 | C001 8100/2 - 2015 | multiple
    C000 8070/3 - 2015-01-01 | C003 8070/3 - 2015-01-01 | single M12
    """,
)
def both_lips(pair: Pairs) -> Mask:
    """The lips count as two organs though their codes begin alike."""
    return pair.one_each(named_sites("upper_lip"), named_sites("lower_lip"))


@HEAD_AND_NECK.rule(
    "M5",
    MULTIPLE,
    question="Is one tumor on the upper gum (C030) and one on the lower gum (C031)?",
    reason="One tumor is on the upper and one on the lower gum.",
    examples="""
    C030 8000/3 - 2015 | C031 8100/2 - 2015 | multiple
    C030 8070/3 - 2015-01-01 | C039 8070/3 - 2015-01-01 | single M12
    """,
)
def both_gums(pair: Pairs) -> Mask:
    """The gums count as two organs though their codes begin alike."""
    return pair.one_each(named_sites("upper_gum"), named_sites("lower_gum"))


@HEAD_AND_NECK.rule(
    "M6",
    MULTIPLE,
    question="Is one tumor in the nasal cavity (C300) and one in the middle ear (C301)?",
    reason="One tumor is in the nasal cavity and one in the middle ear.",
    examples="""
    C300 8000/3 - 2015 | C301 8100/2 - 2015 | multiple
    C300 8070/3 1 2015-01-01 | C300 8070/3 1 2015-01-01 | single M12
    """,
)
def nose_and_ear(pair: Pairs) -> Mask:
    """Two organs though their codes begin alike."""
    return pair.one_each(named_sites("nasal_cavity"), named_sites("middle_ear"))


HEAD_AND_NECK.shared(
    "M7",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C138 8000/3 - 2015 | C148 8100/2 - 2015 | multiple
    C140 8070/3 - 2015-01-01 | C148 8070/3 - 2015-01-01 | single M12
    """,
)

HEAD_AND_NECK.shared(
    "M8",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C147 8005/3 - 2011 | C148 8100/2 - 2010-07 | multiple
    C147 8005/3 - 2011 | C148 8100/2 - 2010-11 | multiple M11
    C147 8070/3 - 2011 | C148 8070/2 - 2010-11 | questionable
    """,
)

HEAD_AND_NECK.shared(
    "M9",
    common.years_apart(5),
    examples="""
    C147 8000/3 - 2015 | C148 8000/3 - 2009 | multiple
    C147 8000/3 - 2015 | C148 8000/3 - 2010 | questionable
    C147 8000/3 - 2015 | C148 8000/3 - 2011 | single M12
    """,
)

HEAD_AND_NECK.shared(
    "M10",
    common.nos_and_specific("8000", "8010", "8140", "8070", "8720", "8800"),
    examples="""
    C147 8000/3 - 2013 | C148 9500/3 - 2010 | single
    C147 8070/3 - 2013 | C148 8071/3 - 2010 | single
    C147 8900/3 - 2013 | C148 8910/3 - 2010 | multiple M11
    """,
)

HEAD_AND_NECK.shared(
    "M11",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C147 8900/3 - 2013 | C148 8910/3 - 2010 | multiple
    C147 8900/3 - 2013 | C148 8904/3 - 2010 | single M12
    """,
)

HEAD_AND_NECK.shared(
    "M12",
    common.NO_OTHER_RULE,
    examples="""
    C147 8900/3 - 2013 | C148 8904/3 - 2010 | single
    """,
)
