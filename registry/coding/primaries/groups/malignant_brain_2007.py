"""Malignant brain and CNS, diagnosed 2007-2017 (SEER Multiple Primary and Histology Rules 2007, M4-M10)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from registry.coding.primaries import common
from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import entries, morphologies, named
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

MALIGNANT_BRAIN = Group("mph_2007_to_2017_malignant_brain")

CHARTS = ("malignant_brain_2007_chart1", "malignant_brain_2007_chart2")


@cache
def branches(chart: str) -> NDArray[np.uint16]:
    """A bit for each branch of a chart that a morphology is on; some are on several."""
    members: dict[str, list[str]] = {}
    for entry in entries(chart):
        for branch in entry.value.split("|"):
            members.setdefault(branch, []).append(entry.code)
    return common.bits([morphologies(" ".join(codes)) for codes in members.values()])


@MALIGNANT_BRAIN.rule(
    "M4",
    MULTIPLE,
    question="Is one tumor malignant (/3) and the other benign or borderline (/0, /1)?",
    reason="A malignant and a non-malignant tumor of the brain are always different primaries.",
    # a non-malignant tumor is in another group of rules: such a pair is multiple without asking this rule
    examples="""
    C700 8050/3 - 2000 | C725 8123/3 - 2015 | multiple M5
    """,
)
def with_benign(pair: Pairs) -> Mask:
    """Benign tumors have their own group, so no pair comes here."""
    return pair.none()


MALIGNANT_BRAIN.shared(
    "M5",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C700 8050/3 - 2000 | C725 8123/3 - 2015 | multiple
    C710 8230/3 - 2014 | C714 8235/3 - 2015 | single M10
    """,
)


@MALIGNANT_BRAIN.rule(
    "M6",
    SINGLE,
    question="Does a glioblastoma (9440) follow another glial tumor?",
    reason="The glioblastoma is the progression of the glial tumor.",
    examples="""
    C710 9440/3 - 2016 | C714 9380/3 - 2015 | single
    C710 9440/3 - 2015 | C714 9380/3 - 2015 | single M7
    C710 9440/3 - 2014 | C714 9420/3 - 2015 | multiple M8
    C710 9440/3 - 2015 | C714 9420/3 - 2015 | questionable
    """,
)
def glioblastoma_after_glial(pair: Pairs) -> Answer:
    """Two glioblastomas are for the next rule."""
    glioblastoma = morphologies("9440")
    one_each = pair.one_each(named("glial_tumor"), glioblastoma) & ~pair.same("histology")
    return one_each & pair.later_is(pair.a.is_in(glioblastoma), pair.b.is_in(glioblastoma))


@MALIGNANT_BRAIN.rule(
    "M7",
    SINGLE,
    question="Are the histologies on the same branch of chart 1 or of chart 2?",
    reason="The histologies belong to one branch of chart 1 or 2: the same disease, whatever the time between.",
    examples="""
    C710 9380/3 - 2014 | C714 9411/3 - 2015 | single
    C710 9503/3 - 2014 | C714 9410/3 - 2015 | single
    C710 9100/3 - 2014 | C714 9071/3 - 2015 | single
    C710 9392/3 - 2014 | C714 9501/3 - 2015 | multiple M8
    """,
)
def same_branch(pair: Pairs) -> Mask:
    """A histology high in the tree (9503, 9380) is on all branches below it."""
    return _shared(pair, CHARTS[0]) | _shared(pair, CHARTS[1])


@MALIGNANT_BRAIN.rule(
    "M8",
    MULTIPLE,
    question="Are the histologies on different branches of chart 1 or of chart 2?",
    reason="The histologies belong to different branches of the chart.",
    examples="""
    C710 9505/3 - 2014 | C714 9523/3 - 2015 | multiple
    C710 9420/3 - 2014 | C714 9421/3 - 2015 | multiple
    C710 9540/3 - 2014 | C714 9100/3 - 2015 | multiple
    C710 8230/3 - 2014 | C714 8240/3 - 2015 | multiple M9
    """,
)
def different_branches(pair: Pairs) -> Mask:
    """Both histologies must be in the same chart."""
    return _apart(pair, CHARTS[0]) | _apart(pair, CHARTS[1])


def _shared(pair: Pairs, chart: str) -> Mask:
    on = branches(chart)
    return (on[pair.a.morphology] & on[pair.b.morphology]) != 0


def _apart(pair: Pairs, chart: str) -> Mask:
    a, b = branches(chart)[pair.a.morphology], branches(chart)[pair.b.morphology]
    return (a != 0) & (b != 0) & ((a & b) == 0)


MALIGNANT_BRAIN.shared(
    "M9",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C710 8230/3 - 2014 | C714 8240/3 - 2015 | multiple
    C710 8230/3 - 2014 | C714 8235/3 - 2015 | single M10
    """,
)

MALIGNANT_BRAIN.shared(
    "M10",
    common.NO_OTHER_RULE,
    examples="""
    C710 8230/3 - 2014 | C714 8235/3 - 2015 | single
    C710 9397/3 1 2014 | C714 9397/3 2 2015 | single
    """,
)
