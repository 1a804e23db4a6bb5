"""Benign and borderline brain and CNS, diagnosed 2006 and earlier (SEER Program Manual 2004, pages 16-17)."""

from __future__ import annotations

from registry.coding.primaries.answers import Mask
from registry.coding.primaries.codes import rows
from registry.coding.primaries.pairs import Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

BENIGN_BRAIN = Group("2006_and_earlier_benign_brain")


def same_histology(pair: Pairs) -> Mask:
    """The same group of the manual's table; the first three digits when a histology is not in it."""

    def work() -> Mask:
        table = rows("benign_brain_2004_histology_grouping")
        a, b = pair.a.row(table), pair.b.row(table)
        listed = (a > 0) & (b > 0)
        return (listed & (a == b)) | (~listed & pair.same_histology_group())

    return pair.once("2004 same benign histology", work)


@BENIGN_BRAIN.rule(
    "M1",
    SINGLE,
    question="Are site, histology and side the same?",
    reason="A non-malignant tumor of the same histology, site and side is a recurrence, even after 20 years.",
    examples="""
    C728 9384/0 1 2006 | C721 9506/1 1 2000 | single
    C728 8670/0 1 2006 8234/- | C721 9000/1 1 2000 8679/- | single
    C728 9560/0 1 2006 | C721 9560/1 1 2000 | multiple M5
    """,
)
def same_side(pair: Pairs) -> Mask:
    """Both sides are known."""
    return same_histology(pair) & pair.same_site_group() & pair.sides_known() & ~pair.opposite()


@BENIGN_BRAIN.rule(
    "M2",
    SINGLE,
    question="Are site and histology the same and a side unknown?",
    reason="A non-malignant tumor of the same histology and site is a recurrence when the side is not known.",
    examples="""
    C728 9384/0 4 2006 | C721 9506/1 9 2000 | single
    C728 9384/0 5 2006 | C721 9506/1 0 2000 | single
    C728 9384/0 - 2006 | C753 9506/1 - 2000 | multiple M3
    """,
)
def unknown_side(pair: Pairs) -> Mask:
    """Any laterality but right and left counts as unknown."""
    return same_histology(pair) & pair.same_site_group() & ~pair.sides_known()


@BENIGN_BRAIN.rule(
    "M3",
    MULTIPLE,
    question="Is the histology the same, but not the site?",
    reason="Non-malignant tumors of the same histology in different sites are different primaries.",
    examples="""
    C728 9505/1 - 2006 | C753 9412/0 - 2000 | multiple
    C728 9505/0 - 2006 | C753 9500/0 - 2000 | multiple
    C728 9505/0 - 2006 | C753 9412/0 - 2000 | multiple M5
    """,
)
def different_site(pair: Pairs) -> Mask:
    """The site is the first three characters."""
    return same_histology(pair) & ~pair.same_site_group()


@BENIGN_BRAIN.rule(
    "M4",
    MULTIPLE,
    question="Is the histology the same, but not the side?",
    reason="Non-malignant tumors of the same histology on different sides are different primaries.",
    examples="""
    C728 9540/0 1 2006 | C721 9560/0 2 2000 | multiple
    C728 9540/0 1 2006 | C721 9560/1 2 2000 | multiple M5
    """,
)
def different_side(pair: Pairs) -> Mask:
    """One right, the other left."""
    return same_histology(pair) & pair.opposite()


@BENIGN_BRAIN.rule(
    "M5",
    MULTIPLE,
    question="Are the histologies different?",
    reason="Non-malignant tumors of different histologies are different primaries.",
    examples="""
    C728 9540/0 1 2006 | C721 9560/1 2 2000 | multiple
    C728 8000/0 - 2006 | C753 8010/0 - 2000 | multiple
    """,
)
def different_histology(pair: Pairs) -> Mask:
    """Tumors of the same histology were all decided before."""
    return ~same_histology(pair)
