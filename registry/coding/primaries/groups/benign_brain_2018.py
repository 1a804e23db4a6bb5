"""Benign and borderline tumors of brain and cord, diagnosed 2018 and later.

SEER Solid Tumor Rules, non-malignant central nervous system M6-M15, edition of 2026.
"""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import REVIEW, Answer, Mask, yes_or
from registry.coding.primaries.codes import editions, morphologies, named, sites
from registry.coding.primaries.groups.malignant_brain_2018 import BRAIN
from registry.coding.primaries.pairs import Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

BENIGN_BRAIN = Group("str_2018_and_later_non_malignant_cns")


@BENIGN_BRAIN.rule(
    "M6",
    MULTIPLE,
    question="Is a malignant tumor diagnosed after a benign or borderline one?",
    reason="A malignant and a non-malignant tumor are always two primaries.",
    # such tumors belong to two groups of rules, so the rule never decides
    examples="""
    C711 9380/1 - 2019 | C712 9380/1 - 2019 | single M11
    """,
)
def malignant_after_benign(pair: Pairs) -> Mask:
    """No tumor of this group is malignant."""
    return pair.none()


@BENIGN_BRAIN.rule(
    "M7",
    SINGLE,
    question="""Are both tumors acoustic neuroma (9560/0) or both optic glioma (9421/1), one on each side of a
        paired site?""",
    reason="Acoustic neuromas or optic gliomas of both sides are one primary, at any time.",
    examples="""
    C700 9560/0 1 2018 | C700 9560/0 2 2019 | single
    C725 9421/1 1 2018 | C725 9421/1 2 2019 | single
    C700 9560/0 1 2018 | C700 9560/0 1 2019 | single M12
    C725 9560/0 1 2018 | C720 9560/0 0 2019 | multiple M8
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """Only sites with two sides: meninges, lobes of the cerebrum, cranial nerves."""
    same = (pair.both(morphologies("9560/0")) | pair.both(morphologies("9421/1"))) & pair.same("morphology")
    return same & pair.both(sites("C700 C710-C714 C722-C725")) & pair.opposite_sides()


PARTS = (BRAIN, "C700", "C701", "C720", "C721", "C722-C725")
"""Brain, meninges of brain and cord, spinal cord, cauda equina, cranial nerves."""


@BENIGN_BRAIN.rule(
    "M8",
    MULTIPLE,
    question="""Is one tumor in the brain, the meninges, the spinal cord, the cauda equina or a cranial nerve and
        the other in another part?""",
    reason="The tumors are in different parts of the nervous system.",
    examples="""
    C710 9530/0 - 2019 | C729 8050/1 - 2019 | multiple
    C700 9530/0 1 2019 | C701 9530/0 - 2019 | multiple
    C721 9560/0 - 2019 | C722 9560/0 1 2019 | multiple
    C722 9560/0 1 2019 | C724 9560/0 1 2019 | single M12
    """,
)
def different_parts(pair: Pairs) -> Mask:
    """Cranial nerves together are one part here, unlike for malignant tumors."""
    found = pair.none()
    for part in PARTS:
        found |= pair.a.is_in(sites(part)) != pair.b.is_in(sites(part))
    return found


@BENIGN_BRAIN.rule(
    "M9",
    MULTIPLE,
    question="Are the tumors two different subtypes of Table 6?",
    reason="The tumors are two different subtypes of Table 6, so each is a primary of its own.",
    examples="""
    C701 9534/0 - 2019 | C701 9390/1 - 2019 | multiple
    C701 8825/1 - 2019 | C701 9493/0 - 2019 | multiple
    C701 9493/0 - 2019 | C701 9493/0 - 2019 | single M12
    """,
)
def different_subtypes(pair: Pairs) -> Mask:
    """Histologies of two behaviors are one."""
    return pair.both(named("non_malignant_cns_2018_table6_subtypes")) & ~pair.same("histology")


@BENIGN_BRAIN.rule(
    "M10",
    SINGLE,
    question="Are both tumors meningioma of the cranial meninges (C700)?",
    reason="Several meningiomas of the cranial meninges are one primary, on any side.",
    examples="""
    C700 9530/0 1 2018 | C700 9534/0 2 2019 | single
    C701 9530/0 - 2018 | C701 9534/0 - 2019 | single M12
    """,
)
def meningiomas(pair: Pairs) -> Mask:
    """Two different subtypes have been decided by M9."""
    return pair.both(sites("C700")) & pair.both(named("cns_2018_meningiomas"))


@BENIGN_BRAIN.rule(
    "M11",
    SINGLE,
    question="Are both tumors in the brain (C71), with the same histology?",
    reason="Several tumors of one histology in the brain are one multifocal primary.",
    examples="""
    C712 8050/0 - 2019 | C713 8050/1 - 2019 | single
    C711 9509/1 - 2019 | C711 9509/1 - 2019 | single
    C711 9509/0 - 2019 | C711 9509/1 - 2019 | questionable
    C711 9413/0 - 2019 | C711 9413/0 - 2019 | questionable
    C711 9492/0 - 2018 | C711 9493/0 - 2019 | single M12
    """,
)
def same_histology_in_brain(pair: Pairs) -> Answer:
    """Since 2021 9413 and 9509 are codes of several tumors: the record must tell which."""
    alike = pair.both(sites(BRAIN)) & pair.same("histology")
    several = pair.both(morphologies("9413")) | (pair.both(morphologies("9509")) & ~pair.same("behavior"))
    return yes_or(alike & ~several, alike & several, REVIEW)


def _rows(pair: Pairs) -> tuple[Numbers, Numbers]:
    """Rows of Table 6 in the edition of each tumor's year (2023 brought a new one)."""
    of_2018, of_2023 = editions("non_malignant_cns_2018_table6_rows", "non_malignant_cns_2023_table6_rows")
    row_a, row_b = (
        np.where(tumor.year >= 2023, tumor.row(of_2023), tumor.row(of_2018)) for tumor in (pair.a, pair.b)
    )
    return row_a, row_b


@BENIGN_BRAIN.rule(
    "M12",
    SINGLE,
    question="Are the histologies the same or on the same row of Table 6?",
    reason="The histologies are on one row of Table 6: one histology, or an NOS and its subtype.",
    examples="""
    C728 9350/1 - 2018 | C729 9351/1 - 2019 | single
    C728 9421/1 - 2018 | C729 9431/1 - 2024 | single
    C728 8000/0 - 2018 | C729 8000/1 - 2019 | single
    C728 8815/0 - 2018 | C729 8815/1 - 2019 | questionable
    C728 9444/1 - 2018 | C729 9413/0 - 2019 | multiple M14
    """,
)
def same_row(pair: Pairs) -> Answer:
    """Timing does not matter."""
    return solid.same_row_or_code(pair, *_rows(pair))


GLIOMA = "9380/1"
GLIAL = (
    "9383/1 9384/1 9394/1 9412/1 9413/0 9421/1 9431/1 9432/1 9444/1 9492/0 9493/0 9505/1 9506/1 9509/0 9509/1"
)
"""Gliomas, glioneuronal and neuronal tumors of Table 6."""


@BENIGN_BRAIN.rule(
    "M13",
    SINGLE,
    question="Is one tumor a (low-grade) glioma NOS (9380/1) and the other a kind of glioma?",
    reason="A glioma NOS and a specific glioma are one primary: the first diagnosis was only less exact.",
    examples="""
    C711 9380/1 - 2018 | C712 9421/1 - 2019 | single
    C701 9380/1 - 2019 | C701 9493/0 - 2019 | single
    C711 9380/1 - 2018 | C712 9161/1 - 2019 | multiple M14
    """,
)
def glioma_and_its_kind(pair: Pairs) -> Mask:
    """Low-grade glioma is often a diagnosis of imaging only."""
    return pair.one_each(morphologies(GLIOMA), morphologies(GLIAL))


@BENIGN_BRAIN.rule(
    "M14",
    MULTIPLE,
    question="Are the histologies on different rows of Table 6?",
    reason="The histologies are on different rows of Table 6, so they are different kinds of tumor.",
    examples="""
    C728 9444/1 - 2019 | C729 9413/0 - 2019 | multiple
    C728 8000/0 - 2019 | C729 9539/1 - 2019 | questionable
    C728 9390/0 - 2019 | C729 9390/1 - 2019 | single M12
    """,
)
def different_rows(pair: Pairs) -> Answer:
    """A neoplasm NOS (8000) may be the other tumor, less exactly described."""
    different = solid.different_row_or_code(pair, *_rows(pair)).yes
    unspecific = different & pair.either(morphologies("8000"))
    return yes_or(different & ~unspecific, unspecific, REVIEW)


BENIGN_BRAIN.shared(
    "M15",
    common.NO_OTHER_RULE,
    # M12 and M14 leave no pair
    examples="""
    C701 9530/0 - 2018 | C701 9530/0 - 2019 | single M12
    """,
)
