"""Benign and borderline brain and CNS, diagnosed 2007-2017 (SEER MP/H rules 2007, M3-M12)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import rows, sites
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

BENIGN_BRAIN = Group("mph_2007_to_2017_benign_brain")

CHART_1 = "benign_brain_2007_chart1"


@BENIGN_BRAIN.rule(
    "M3",
    MULTIPLE,
    question="Is one tumor malignant (/3) and the other benign or borderline (/0, /1)?",
    reason="A malignant and a non-malignant tumor of the brain are always different primaries.",
    # a malignant tumor is in another group of rules: such a pair is multiple without asking this rule
    examples="""
    C701 8050/0 - 2015 | C700 8123/0 - 2015 | multiple M4
    """,
)
def with_malignant(pair: Pairs) -> Mask:
    """Malignant tumors have their own group, so no pair comes here."""
    return pair.none()


BENIGN_BRAIN.shared(
    "M4",
    common.DIFFERENT_SITE,
    examples="""
    C701 8050/0 - 2015 | C700 8123/0 - 2015 | multiple
    C720 8740/1 - 2015 | C720 8746/1 - 2015 | single M12
    """,
)


@BENIGN_BRAIN.rule(
    "M5",
    MULTIPLE,
    question="Is one tumor in the right and one in the left of a paired site (cerebral meninges, cerebrum and its lobes, "
    "olfactory, optic, acoustic and other cranial nerves)?",
    reason="One tumor is in the right and one in the left of a paired site.",
    examples="""
    C714 9540/0 1 2012 | C714 9442/1 2 2015 | multiple
    C714 9540/0 1 2012 | C714 9540/1 4 2015 | questionable
    C714 9540/0 1 2012 | C714 9442/1 4 2015 | multiple M9
    C720 9540/0 1 2012 | C720 9442/1 2 2015 | multiple M9
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """Both tumors are in the same site here: different sites were parted before."""
    return pair.both(sites("C700 C710-C714 C722-C725")) & pair.opposite_sides()


BENIGN_BRAIN.shared(
    "M6",
    common.following(
        "9390/1",
        "9390/0",
        "Does an atypical choroid plexus papilloma (9390/1) follow a choroid plexus papilloma, NOS (9390/0)?",
        "The atypical choroid plexus papilloma is the progression of the choroid plexus papilloma.",
    ),
    examples="""
    C720 9390/1 1 2015-02-01 | C720 9390/0 1 2015-01-01 | single
    C720 9390/1 1 2015-01-01 | C720 9390/0 1 2015-02-01 | single M12
    C720 9390/1 1 2015 | C720 9390/0 1 2015 | single M12
    """,
)

BENIGN_BRAIN.shared(
    "M7",
    common.following(
        "9540/1",
        "9540/0",
        "Does a neurofibromatosis, NOS (9540/1) follow a neurofibroma, NOS (9540/0)?",
        "The neurofibromatosis is the progression of the neurofibroma.",
    ),
    examples="""
    C720 9540/1 1 2015-02-01 | C720 9540/0 1 2015-01-01 | single
    C720 9540/1 1 2015-01-01 | C720 9540/0 1 2015-02-01 | single M8
    """,
)


@BENIGN_BRAIN.rule(
    "M8",
    SINGLE,
    question="Are the histologies on the same branch of chart 1?",
    reason="The histologies belong to the same branch of chart 1.",
    examples="""
    C720 9383/1 1 2015 | C720 9444/1 1 2015 | single
    C720 9383/1 1 2015 | C720 9562/1 1 2015 | multiple M9
    """,
)
def same_branch(pair: Pairs) -> Mask:
    """Also two tumors of the same histology, when it is in the chart."""
    a, b = pair.a.row(rows(CHART_1)), pair.b.row(rows(CHART_1))
    return (a == b) & (a > 0)


@BENIGN_BRAIN.rule(
    "M9",
    MULTIPLE,
    question="Are the histologies on different branches of chart 1?",
    reason="The histologies belong to different branches of chart 1.",
    examples="""
    C720 9383/1 1 2015 | C720 9562/1 1 2015 | multiple
    C720 9383/0 1 2015 | C720 9562/1 1 2015 | multiple M10
    """,
)
def different_branches(pair: Pairs) -> Mask:
    """Both histologies must be in the chart."""
    a, b = pair.a.row(rows(CHART_1)), pair.b.row(rows(CHART_1))
    return (a != b) & (a > 0) & (b > 0)


@BENIGN_BRAIN.rule(
    "M10",
    MULTIPLE,
    question="Is only one of the two histologies in chart 1?",
    reason="One histology is in chart 1 and the other is not, so they are different.",
    examples="""
    C720 9383/0 1 2015 | C720 9562/1 1 2015 | multiple
    C720 8740/1 1 2015 | C720 8730/1 1 2015 | multiple M11
    """,
)
def one_in_chart(pair: Pairs) -> Mask:
    """The chart names behaviors: 9383/1 is in it, 9383/0 is not."""
    return (pair.a.row(rows(CHART_1)) > 0) != (pair.b.row(rows(CHART_1)) > 0)


BENIGN_BRAIN.shared(
    "M11",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C720 8740/1 1 2015 | C720 8730/1 1 2015 | multiple
    C720 8746/1 1 2015 | C720 8740/1 1 2015 | single M12
    """,
)

BENIGN_BRAIN.shared(
    "M12",
    common.NO_OTHER_RULE,
    examples="""
    C720 8746/1 1 2015 | C720 8740/1 1 2015 | single
    """,
)
