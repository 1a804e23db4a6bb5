"""Hematopoietic and lymphoid neoplasms, diagnosed 2001-2009 (SEER single versus subsequent primaries, 2001)."""

from __future__ import annotations

from registry.coding.primaries import hematopoietic
from registry.coding.primaries.answers import Mask
from registry.coding.primaries.pairs import FIRST_LATER, ORDER_UNKNOWN, SAME_DAY, Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, QUESTIONABLE, SINGLE, Group

HEMATO = Group("hemato_2001_to_2009")


def _groups(pair: Pairs) -> tuple[Numbers, Numbers]:
    return hematopoietic.group_2001(pair.a.histology), hematopoietic.group_2001(pair.b.histology)


@HEMATO.rule(
    "",
    SINGLE,
    question="Are the histologies the same?",
    reason="The same hematopoietic disease is one primary.",
    examples="""
    C421 9836/3 - 2005 | C421 9836/3 - 2005 | single
    """,
)
def same_disease(pair: Pairs) -> Mask:
    """Without asking for the dates."""
    return pair.same("histology")


@HEMATO.rule(
    "",
    QUESTIONABLE,
    question="Are both histologies in the table of 2001, and is it unknown which disease came first?",
    reason="Which disease came first decides, and the diagnosis dates do not tell it.",
    examples="""
    C001 9590/3 - 2001 | C425 9940/3 - 2001 | questionable
    """,
)
def unknown_order(pair: Pairs) -> Mask:
    """A histology that is not in the table makes the order needless."""
    a, b = _groups(pair)
    return (a > 0) & (b > 0) & (pair.order() == ORDER_UNKNOWN)


@HEMATO.rule(
    "",
    SINGLE,
    question="Does the table of 2001 call the later disease the same primary as the earlier one?",
    reason="By the table of 2001 the later disease is presumed to be the same primary.",
    examples="""
    C001 9590/3 - 2001 | C425 9940/3 - 2009 | single
    C001 9963/3 - 1990 | C425 9844/3 - 2005 | single
    C001 9909/3 - 1990 | C425 9945/3 - 2005 | single
    C001 9940/3 - 2005-01-01 | C425 9590/3 - 2005-01-01 | single
    """,
)
def listed_as_same(pair: Pairs) -> Mask:
    """On the same day either direction will do."""
    (a, b), order = _groups(pair), pair.order()
    forward, backward = hematopoietic.same_2001(a, b), hematopoietic.same_2001(b, a)
    return ((order != FIRST_LATER) & forward) | (((order == FIRST_LATER) | (order == SAME_DAY)) & backward)


@HEMATO.rule(
    "",
    MULTIPLE,
    question="Does the table of 2001 not list the later disease after the earlier one?",
    reason="By the table of 2001 the later disease is presumed to be a new primary.",
    examples="""
    C001 9590/3 - 2005 | C425 9940/3 - 2000 | multiple
    C001 9836/3 - 1990 | C425 9833/3 - 2005 | multiple
    C001 9909/3 - 1990 | C425 9940/3 - 2005 | multiple
    """,
)
def not_listed(pair: Pairs) -> Mask:
    """All that remain."""
    return ~pair.none()
