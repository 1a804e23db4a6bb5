"""Lung, diagnosed 2007-2017 (SEER Multiple Primary and Histology Coding Rules 2007, M3-M12)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import SIDE, Answer, Mask, yes_or
from registry.coding.primaries.codes import named
from registry.coding.primaries.pairs import BOTH_SIDES, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

LUNG = Group("mph_2007_to_2017_lung")

LUNG.shared(
    "M3",
    common.DIFFERENT_SITE_GROUP,
    # every site of this group begins with C34, so the rule never decides here
    examples="""
    C341 8070/3 1 2010-01-01 | C349 8070/3 1 2010-01-01 | single M12
    """,
)


@LUNG.rule(
    "M4",
    MULTIPLE,
    question="Is one tumor non-small cell carcinoma (8046) and the other small cell carcinoma (8041-8045)?",
    reason="Non-small cell and small cell carcinoma of the lung are different primaries.",
    examples="""
    C342 8046/3 - 2000 | C349 8043/3 - 2015 | multiple
    C342 8046/3 1 2010-01-01 | C349 8070/3 1 2010-01-01 | single M10
    """,
)
def small_and_non_small_cell(pair: Pairs) -> Mask:
    """Only the code 8046 itself, not its specific kinds."""
    return pair.one_each(named("non_small_cell_carcinoma"), named("small_cell_carcinoma"))


@LUNG.rule(
    "M5",
    MULTIPLE,
    question="Is one tumor adenocarcinoma with mixed subtypes (8255) and the other bronchioloalveolar (8250-8254)?",
    reason="Adenocarcinoma with mixed subtypes and bronchioloalveolar carcinoma are different primaries.",
    examples="""
    C342 8253/3 - 2000 | C349 8255/3 - 2015 | multiple
    C342 8253/3 1 2010-01-01 | C349 8252/3 1 2010-01-01 | single M12
    """,
)
def mixed_and_bronchioloalveolar(pair: Pairs) -> Mask:
    """Their codes differ only in the last digit, so the later rules would not part them."""
    return pair.one_each(named("adenocarcinoma_with_mixed_subtypes"), named("bronchioalveolar"))


@LUNG.rule(
    "M6",
    MULTIPLE,
    question="Is there one tumor in the right and one in the left lung?",
    reason="A single tumor in each lung makes two primaries.",
    examples="""
    C342 8155/3 2 2000 | C349 8153/3 1 2015 | multiple
    C342 8155/3 9 2000 | C349 8153/3 1 2015 | multiple M8
    C342 8155/3 9 2010-01-01 | C349 8153/3 1 2010-01-01 | questionable
    C342 8155/3 4 2010-01-01 | C349 8153/3 1 2010-01-01 | single M12
    """,
)
def each_lung(pair: Pairs) -> Answer:
    """Laterality 4 (both lungs) is known information: then the rule does not apply."""
    a, b = pair.a, pair.b
    known = (a.has_side() | (a.laterality == BOTH_SIDES)) & (b.has_side() | (b.laterality == BOTH_SIDES))
    return yes_or(pair.opposite(), ~known, SIDE)


@LUNG.rule(
    "M7",
    MULTIPLE,
    question="Are there tumors in both lungs (laterality 4) and do the histologies differ in the first, second or third "
    "digit?",
    reason="Several tumors in both lungs are of different kinds (histology differs in one of the first three digits).",
    examples="""
    C342 8150/3 - 2000 | C349 8165/3 4 2015 | multiple
    C342 8150/3 4 2010-01-01 | C349 8165/3 9 2010-01-01 | multiple
    C342 8150/3 1 2010-01-01 | C349 8165/3 1 2010-01-01 | multiple M11
    """,
)
def both_lungs_different_histology(pair: Pairs) -> Mask:
    """One tumor coded to both lungs is enough."""
    both_lungs = (pair.a.laterality == BOTH_SIDES) | (pair.b.laterality == BOTH_SIDES)
    return both_lungs & ~pair.same_histology_group()


LUNG.shared(
    "M8",
    common.years_apart(3),
    examples="""
    C342 8160/3 1 2013-09 | C349 8165/3 1 2010-08 | multiple
    C342 8160/3 1 2013-09 | C349 8165/3 1 2010-09 | questionable
    C342 8160/3 1 2013-08 | C349 8165/3 1 2010-09 | single M12
    """,
)

LUNG.shared(
    "M9",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C342 8160/3 1 2011 | C349 8165/2 1 2010-07 | multiple
    C342 8160/3 1 2011 | C349 8165/2 1 2010-11 | questionable
    C342 8160/2 1 2011 | C349 8165/3 1 2010-07 | single M12
    """,
)


@LUNG.rule(
    "M10",
    SINGLE,
    question="Is one tumor non-small cell carcinoma (8046) and the other a specific non-small cell carcinoma?",
    reason="Non-small cell carcinoma, NOS, is only the less specific name of the other tumor.",
    examples="""
    C342 8046/3 1 2011 | C349 8310/3 1 2011 | single
    C342 8046/3 1 2011 | C349 8021/3 1 2011 | multiple M11
    """,
)
def non_small_cell_and_specific(pair: Pairs) -> Mask:
    """Chart 1 of the manual lists the specific kinds."""
    return pair.one_each(named("non_small_cell_carcinoma"), named("specific_non_small_cell_carcinoma"))


LUNG.shared(
    "M11",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C342 8140/3 1 2011 | C349 8070/3 1 2011 | multiple
    C342 8045/3 1 2011 | C349 8041/3 1 2011 | single M12
    """,
)

LUNG.shared(
    "M12",
    common.NO_OTHER_RULE,
    examples="""
    C342 8045/3 1 2011 | C349 8041/3 1 2011 | single
    """,
)
