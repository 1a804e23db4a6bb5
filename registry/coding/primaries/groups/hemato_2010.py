"""Hematopoietic and lymphoid neoplasms, diagnosed 2010 and later (SEER Hematopoietic Manual, M1-M15)."""

from __future__ import annotations

from registry.coding.primaries import hematopoietic
from registry.coding.primaries.answers import DATE, Answer, Mask, yes_or
from registry.coding.primaries.codes import morphologies, named, sites
from registry.coding.primaries.pairs import FIRST_LATER, ORDER_UNKNOWN, SAME_DAY, SECOND_LATER, Pairs
from registry.coding.primaries.rule import MULTIPLE, QUESTIONABLE, SINGLE, Group

HEMATO = Group("hemato_2010_and_later")

SIMULTANEOUS = 21
"""Days within which two diagnoses count as simultaneous."""

PTLD_PARTNERS = named("bcell") | named("tcell") | named("hodgkin_lymphoma") | named("plasmacytoma")


def same_location(pair: Pairs) -> Mask:
    """The same organ; lymph nodes (C77) are one location only within their region (fourth character)."""
    return pair.same("site") | (pair.same_site_group() & ~pair.a.is_in(sites("C77")))


@HEMATO.rule(
    "M1",
    SINGLE,
    question="Is there only minimal information (death certificate only, pathology report only)?",
    reason="With minimal information only, abstract one primary.",
    # the codes of two tumors do not tell how much is known about them
    examples="""
    C779 9740/3 - 2015 | C189 9740/3 - 2010 | single M2
    """,
)
def minimal_information(pair: Pairs) -> Mask:
    """The codes do not tell."""
    return pair.none()


@HEMATO.rule(
    "M2",
    QUESTIONABLE,
    question="Are both MALT lymphoma (9699/3), one in lymph nodes (C77) and the other elsewhere?",
    reason="Nodal and extranodal MALT lymphoma have one code but are two diseases: review the records.",
    examples="""
    C779 9699/3 - 2015 | C189 9699/3 - 2010 | questionable
    C779 9699/3 - 2015 | C770 9699/3 - 2010 | single
    """,
)
def nodal_and_extranodal_malt(pair: Pairs) -> Mask:
    """The exception of the next rule."""
    nodal = sites("C77")
    return pair.both(named("malt")) & (pair.a.is_in(nodal) != pair.b.is_in(nodal))


@HEMATO.rule(
    "M2",
    SINGLE,
    question="Is it a single histology?",
    reason="A single histology is one primary, at any time and in any place.",
    examples="""
    C779 9740/3 - 2015 | C189 9740/3 - 2010 | single
    C779 9740/3 - 2010 | C189 9742/3 - 2015 | multiple M15
    """,
)
def single_histology(pair: Pairs) -> Mask:
    """Whatever the behavior."""
    return pair.same("histology")


@HEMATO.rule(
    "M3",
    SINGLE,
    question="Is a mast cell or myeloid sarcoma diagnosed simultaneously with or after a leukemia of its lineage?",
    reason="The sarcoma is the solid manifestation of the leukemia.",
    examples="""
    C408 9740/3 - 2015 | C189 9742/3 - 2010 | single
    C408 9930/3 - 2015 | C189 9866/3 - 2010 | single
    C408 9930/3 - 2010-01-15 | C189 9866/3 - 2010-01 | single
    C408 9930/3 - 2010 | C189 9866/3 - 2010 | questionable
    C408 9930/3 - 2010 | C189 9866/3 - 2015 | multiple M15
    """,
)
def sarcoma_and_leukemia(pair: Pairs) -> Answer:
    """Simultaneous is within 21 days, in either order."""
    sarcoma = named("mast_cell_sarcoma") | named("myeloid_sarcoma")
    one_each = pair.one_each(named("mast_cell_sarcoma"), named("mast_cell_leukemia"))
    one_each |= pair.one_each(named("myeloid_sarcoma"), named("myeloid_leukemia"))
    asked = one_each & pair.both_behavior(3)
    within = pair.within_days(SIMULTANEOUS)
    order = pair.order()
    later = (order == FIRST_LATER) & pair.a.is_in(sarcoma)
    later |= (order == SECOND_LATER) & pair.b.is_in(sarcoma)
    open_ = asked & (within.missing != 0) & (order == ORDER_UNKNOWN)
    return yes_or(asked & (within.yes | later), open_, DATE)


@HEMATO.rule(
    "M4",
    SINGLE,
    question="Are two types of non-Hodgkin lymphoma present simultaneously in one location?",
    reason="Two types of non-Hodgkin lymphoma in one location at one time are one primary.",
    examples="""
    C771 9590/3 - 2010-01-08 | C771 9738/3 - 2010-01-20 | single
    C771 9590/3 - 2010 | C771 9738/3 - 2010 | single M15
    C771 9590/3 - 2010-01-08 | C771 9738/3 - 2011-01-20 | single M15
    """,
)
def two_lymphomas(pair: Pairs) -> Answer:
    """Simultaneous is within 21 days."""
    asked = pair.both(named("lymphoma_nos_and_non_hodgkin_lymphoma")) & same_location(pair)
    return asked & pair.within_days(SIMULTANEOUS)


@HEMATO.rule(
    "M5",
    SINGLE,
    question="Are Hodgkin and non-Hodgkin lymphoma present simultaneously in one location?",
    reason="Hodgkin and non-Hodgkin lymphoma in one location at one time are one primary.",
    examples="""
    C771 9653/3 - 2010-01-08 | C771 9738/3 - 2010-01-20 | single
    C771 9653/3 - 2010-01-08 | C772 9591/3 - 2010-01-20 | multiple M6
    """,
)
def hodgkin_and_other(pair: Pairs) -> Answer:
    """Simultaneous is within 21 days."""
    asked = pair.one_each(named("hodgkin_lymphoma"), named("lymphoma_nos_and_non_hodgkin_lymphoma"))
    return (asked & same_location(pair)) & pair.within_days(SIMULTANEOUS)


@HEMATO.rule(
    "M6",
    MULTIPLE,
    question="Is Hodgkin lymphoma in one location and non-Hodgkin lymphoma in another?",
    reason="Hodgkin and non-Hodgkin lymphoma in different locations are different primaries.",
    examples="""
    C771 9653/3 - 2010 | C772 9700/3 - 2010 | multiple
    C421 9653/3 - 2010 | C422 9700/3 - 2010 | multiple M15
    """,
)
def hodgkin_elsewhere(pair: Pairs) -> Mask:
    """At any time."""
    return pair.one_each(named("hodgkin_lymphoma"), named("non_hodgkin_lymphoma")) & ~same_location(pair)


@HEMATO.rule(
    "M7",
    SINGLE,
    question="Is a more specific histology diagnosed after an unspecific one, and are they the same primary in the "
    "hematopoietic database?",
    reason="The later diagnosis is only the more specific name.",
    # rule M15 asks the same database for all pairs
    examples="""
    C771 9591/3 - 2010 | C421 9680/3 - 2015 | single M15
    """,
)
def more_specific_later(pair: Pairs) -> Mask:
    """Left to M15."""
    return pair.none()


@HEMATO.rule(
    "M8",
    QUESTIONABLE,
    question="Are a chronic neoplasm and the acute one it transforms to diagnosed within 21 days?",
    reason="Chronic and acute neoplasm within 21 days: the number of positive biopsies decides (one: a single primary, "
    "the acute one; two: multiple primaries). Review the records.",
    examples="""
    C001 9875/3 - 2010 | C772 9867/3 - 2010 | questionable
    C001 9875/3 - 2010-01-01 | C772 9867/3 - 2010-01-22 | questionable
    C001 9875/3 - 2010-01-01 | C772 9867/3 - 2010-01-23 | multiple M10
    """,
)
def simultaneous_transformation(pair: Pairs) -> Mask:
    """Also when the dates do not tell whether it was within 21 days."""
    return hematopoietic.transformation(pair) & ~pair.more_than_days(SIMULTANEOUS).yes


@HEMATO.rule(
    "M9",
    SINGLE,
    question="Are a chronic and an acute neoplasm diagnosed within 21 days, without documentation of a biopsy?",
    reason="Without biopsy the later diagnosis is coded, as one primary.",
    # rule M8 leaves all such pairs to a person
    examples="""
    C001 9875/3 - 2010 | C772 9867/3 - 2010 | questionable M8
    """,
)
def no_biopsy(pair: Pairs) -> Mask:
    """The codes do not tell."""
    return pair.none()


@HEMATO.rule(
    "M10",
    QUESTIONABLE,
    question="Are they plasmacytoma (9731/3, 9734/3) and plasma cell myeloma (9732/3), more than 21 days apart?",
    reason="A myeloma after a plasmacytoma is a second primary only when the first work-up and treatment were "
    "completed: review the records.",
    examples="""
    C001 9731/3 - 2010 | C772 9732/3 - 2015 | questionable
    """,
)
def plasmacytoma_and_myeloma(pair: Pairs) -> Mask:
    """The exception of the next rule."""
    one_each = pair.one_each(morphologies("9732/3"), morphologies("9731/3 9734/3"))
    return one_each & hematopoietic.transformation(pair)


@HEMATO.rule(
    "M10",
    MULTIPLE,
    question="Is an acute neoplasm diagnosed more than 21 days after the chronic one that transforms to it?",
    reason="The acute neoplasm came more than 21 days after the chronic one: it is a new primary.",
    examples="""
    C001 9875/3 - 2010 | C772 9867/3 - 2015 | multiple
    C001 9867/3 - 2010 | C772 9875/3 - 2015 | questionable M12
    """,
)
def acute_after_chronic(pair: Pairs) -> Mask:
    """Pairs within 21 days are decided before, so the order of these is known."""
    order = pair.order()
    forward = (order == SECOND_LATER) & hematopoietic.chronic_to_acute(pair)
    return forward | ((order == FIRST_LATER) & hematopoietic.chronic_to_acute(pair, swapped=True))


@HEMATO.rule(
    "M11",
    MULTIPLE,
    question="Are a chronic and an acute neoplasm diagnosed within 21 days, each confirmed by a biopsy of its own?",
    reason="Two biopsies that confirm both neoplasms make two primaries.",
    # rule M8 leaves all such pairs to a person
    examples="""
    C001 9875/3 - 2010 | C772 9867/3 - 2010 | questionable M8
    """,
)
def two_biopsies(pair: Pairs) -> Mask:
    """The codes do not tell."""
    return pair.none()


@HEMATO.rule(
    "M12",
    QUESTIONABLE,
    question="Does an acute neoplasm revert to the chronic one?",
    reason="An acute neoplasm that reverts to a chronic one is a single primary unless it was treated: review the "
    "records.",
    examples="""
    C001 9867/3 - 2010 | C772 9875/3 - 2015 | questionable
    C001 9590/3 - 2010 | C772 9940/3 - 2015 | multiple M15
    """,
)
def reverts(pair: Pairs) -> Mask:
    """All transformations that remain."""
    return hematopoietic.transformation(pair)


@HEMATO.rule(
    "M13",
    MULTIPLE,
    question="Does an acute neoplasm revert to the chronic one after treatment?",
    reason="A chronic neoplasm after treatment of the acute one is a new primary.",
    # rule M12 leaves all such pairs to a person
    examples="""
    C001 9867/3 - 2010 | C772 9875/3 - 2015 | questionable M12
    """,
)
def reverts_after_treatment(pair: Pairs) -> Mask:
    """The codes do not tell."""
    return pair.none()


@HEMATO.rule(
    "M14",
    SINGLE,
    question="Is post-transplant lymphoproliferative disorder (9971) diagnosed on the same day as a B-cell, T-cell or "
    "Hodgkin lymphoma or a plasmacytoma or myeloma?",
    reason="The post-transplant disorder and the lymphoma of the same day are one primary.",
    examples="""
    C001 9971/3 - 2010-01-20 | C772 9680/3 - 2010-01-20 | single
    C001 9971/3 - 2010-01-20 | C772 9732/3 - 2010-01 | questionable
    C001 9971/3 - 2010-01-20 | C772 9732/3 - 2010-01-21 | multiple M15
    """,
)
def post_transplant(pair: Pairs) -> Answer:
    """A lymphoma of a later day is a new primary."""
    order = pair.order()
    return pair.one_each(named("ptld"), PTLD_PARTNERS) & yes_or(
        order == SAME_DAY, order == ORDER_UNKNOWN, DATE
    )


@HEMATO.rule(
    "M15",
    SINGLE,
    question="Does the hematopoietic database call them the same primary?",
    reason="By the hematopoietic database the two diseases are the same primary.",
    examples="""
    C001 9732/3 - 2010-01-20 | C772 9733/3 - 2009-03 | single
    C001 9732/3 - 2010-01-20 | C772 9733/3 - 2010-03 | multiple
    C001 9801/3 - 2015 | C772 9837/3 - 2001 | single
    C421 9820/3 - 2004 | C421 9814/3 - 2011 | single
    C421 9814/3 - 2004 | C421 9820/3 - 2011 | single
    C421 9987/3 - 2011 | C421 9920/3 - 2008 | multiple
    """,
)
def same_in_database(pair: Pairs) -> Mask:
    """The list of the later disease, in its year, decides."""
    return hematopoietic.same_2010(pair)


@HEMATO.rule(
    "M15",
    MULTIPLE,
    question="Does the hematopoietic database call them different primaries?",
    reason="By the hematopoietic database the two diseases are different primaries.",
    examples="""
    C001 9732/3 - 2010-01-20 | C772 9971/3 - 2010-03 | multiple
    C421 9950/3 - 2001 | C421 9961/3 - 2013 | multiple
    """,
)
def different_in_database(pair: Pairs) -> Mask:
    """All that remain."""
    return ~pair.none()
