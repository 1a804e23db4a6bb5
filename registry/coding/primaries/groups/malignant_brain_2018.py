"""Malignant tumors of brain, cord and nerves, diagnosed 2018 and later.

SEER Solid Tumor Rules, malignant central nervous system and peripheral nerves M6-M14, edition of 2026.
"""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import REVIEW, TABLE, Answer, Mask, yes_or
from registry.coding.primaries.codes import morphologies, named, rows, sites
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

MALIGNANT_BRAIN = Group("str_2018_and_later_malignant_cns")

_TABLE_3 = "malignant_cns_2018_table3_rows"
BRAIN = "C710-C719"


@MALIGNANT_BRAIN.rule(
    "M6",
    MULTIPLE,
    question="Is one tumor malignant and the other benign or borderline?",
    reason="A malignant and a non-malignant tumor are always two primaries.",
    # such tumors belong to two groups of rules, so the rule never decides
    examples="""
    C711 9440/3 - 2019 | C712 9440/3 - 2019 | single M8
    """,
)
def malignant_and_benign(pair: Pairs) -> Mask:
    """All tumors of this group are malignant."""
    return pair.none()


@MALIGNANT_BRAIN.rule(
    "M7",
    MULTIPLE,
    question="Is a glioblastoma (9440) diagnosed after another glial tumor?",
    reason="A glioblastoma after another glial tumor counts as a primary of its own.",
    examples="""
    C700 9385/3 - 2019-06 | C725 9440/3 - 2019-08 | multiple
    C711 9400/3 - 2019 | C711 9440/3 - 2020 | multiple
    C711 9440/3 - 2019-06 | C711 9400/3 - 2019-08 | multiple M13
    C711 9440/3 - 2019-06 | C711 9440/3 - 2019-08 | single M8
    C711 9441/3 - 2019 | C711 9440/3 - 2019 | questionable
    """,
)
def glioblastoma_after_glioma(pair: Pairs) -> Answer:
    """A glioblastoma after a glioblastoma is none."""
    glioblastoma = named("glioblastoma_nos_and_multiforme")
    asked = pair.one_each(named("glial_tumor_2018"), glioblastoma) & ~pair.same("histology")
    return asked & pair.later_is(pair.a.is_in(glioblastoma), pair.b.is_in(glioblastoma))


@MALIGNANT_BRAIN.rule(
    "M8",
    SINGLE,
    question="Are both tumors in the brain (C71), with the same histology?",
    reason="Several tumors of one histology in the brain are one multifocal primary.",
    examples="""
    C713 9443/3 - 2018 | C714 9443/3 - 2019 | single
    C711 8000/3 1 2018 | C711 8000/3 2 2019 | single
    C729 9443/3 - 2018 | C714 9443/3 - 2019 | multiple M9
    """,
)
def same_histology_in_brain(pair: Pairs) -> Mask:
    """Lobe, side and time do not matter."""
    return pair.both(sites(BRAIN)) & pair.same("histology")


PARTS = (BRAIN, "C700", "C701", "C709", "C720", "C721", "C722-C725")
"""Brain, meninges of brain, cord and nerves, spinal cord, cauda equina, cranial nerves."""


@MALIGNANT_BRAIN.rule(
    "M9",
    MULTIPLE,
    question="""Is one tumor in the brain, the meninges, the spinal cord, the cauda equina or a cranial nerve and
        the other in another part (or in another cranial nerve)?""",
    reason="The tumors are in different parts of the nervous system.",
    examples="""
    C710 9400/3 - 2019 | C729 8050/3 - 2019 | multiple
    C700 9530/3 - 2019 | C701 9530/3 - 2019 | multiple
    C723 9380/3 1 2019 | C724 9380/3 1 2019 | multiple
    C701 9540/3 - 2019 | C476 9540/3 - 2019 | multiple
    C728 9391/3 - 2019 | C729 9391/3 - 2019 | single M12
    """,
)
def different_parts(pair: Pairs) -> Mask:
    """Two cranial nerves are two parts."""
    found = pair.both(sites("C722-C725")) & ~pair.same("site")
    for part in PARTS:
        found |= pair.a.is_in(sites(part)) != pair.b.is_in(sites(part))
    return found


MALIGNANT_BRAIN.shared(
    "M10",
    solid.of_different_subtypes("malignant_cns_2018_table3_subtypes", "Table 3"),
    examples="""
    C728 9401/3 - 2019 | C729 9396/3 - 2019 | multiple
    C728 8859/3 - 2019 | C729 9366/3 - 2019 | multiple
    C728 8890/3 - 2019 | C729 8896/3 - 2019 | single M12
    """,
)

GLIOMA = "9380"


@MALIGNANT_BRAIN.rule(
    "M11",
    SINGLE,
    question="Is one tumor a glioma NOS (9380) and the other a kind of glioma?",
    reason="A glioma NOS and a specific glioma are one primary: the first diagnosis was only less exact.",
    examples="""
    C728 9380/3 - 2019 | C729 9430/3 - 2019 | single
    C711 9380/3 - 2019 | C712 9385/3 - 2019 | single
    C711 9380/3 - 2018 | C712 9440/3 - 2019 | multiple M7
    """,
)
def glioma_and_its_kind(pair: Pairs) -> Mask:
    """A later glioblastoma has been decided by M7."""
    return pair.one_each(morphologies(GLIOMA), named("glial_tumor_2018")) & ~pair.same("histology")


def _alike(pair: Pairs) -> tuple[Mask, Mask]:
    """(both histologies in Table 3, on rows that are one or of which one includes the other)."""
    row_a, row_b = solid.row_pair(pair, rows(_TABLE_3))
    present = (row_a > 0) & (row_b > 0)
    return present, present & ~solid.apart(pair, _TABLE_3, rows(_TABLE_3))


@MALIGNANT_BRAIN.rule(
    "M12",
    SINGLE,
    question="Are the histologies the same or on the same row of Table 3?",
    reason="The histologies are on one row of Table 3: one histology, or an NOS and its subtype.",
    examples="""
    C728 9490/3 - 2018 | C729 9473/3 - 2019 | single
    C728 8800/3 - 2018 | C729 9220/3 - 2019 | single
    C728 9445/3 - 2018 | C729 9400/3 - 2019 | single
    C728 8720/3 - 2018 | C729 8728/3 - 2019 | questionable
    C728 9505/3 - 2018 | C729 9430/3 - 2019 | multiple M13
    """,
)
def same_row(pair: Pairs) -> Answer:
    """Astrocytoma, IDH-mutant, grade 4 (9445) is on the rows of astrocytoma and of glioblastoma."""
    present, alike = _alike(pair)
    same = solid.same_code(pair)
    return yes_or(same | alike, ~present & ~same, TABLE)


@MALIGNANT_BRAIN.rule(
    "M13",
    MULTIPLE,
    question="Are the histologies on different rows of Table 3?",
    reason="The histologies are on different rows of Table 3, so they are different kinds of tumor.",
    examples="""
    C728 9505/3 - 2019 | C729 9430/3 - 2019 | multiple
    C728 9401/3 - 2019 | C729 8800/3 - 2019 | multiple
    C728 8000/3 - 2019 | C729 8693/3 - 2019 | questionable
    C711 8000/3 - 2019 | C711 8000/3 - 2019 | single M8
    """,
)
def different_rows(pair: Pairs) -> Answer:
    """A neoplasm NOS (8000) may be the other tumor, less exactly described."""
    present, alike = _alike(pair)
    other = present & ~alike & ~solid.same_code(pair)
    unspecific = other & pair.either(morphologies("8000"))
    return yes_or(other & ~unspecific, unspecific, REVIEW)


MALIGNANT_BRAIN.shared(
    "M14",
    common.NO_OTHER_RULE,
    # M12 and M13 leave no pair
    examples="""
    C711 9400/3 - 2018 | C711 9400/3 - 2019 | single M8
    """,
)
