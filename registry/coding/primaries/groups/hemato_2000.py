"""Hematopoietic and lymphoid neoplasms, diagnosed 2000 and earlier (SEER Program Code Manual 1998, table)."""

from __future__ import annotations

from registry.coding.primaries import hematopoietic
from registry.coding.primaries.answers import Mask
from registry.coding.primaries.pairs import FIRST_LATER, ORDER_UNKNOWN, SAME_DAY, Pairs
from registry.coding.primaries.rule import MULTIPLE, QUESTIONABLE, SINGLE, Group

HEMATO = Group("hemato_2000_and_earlier")


@HEMATO.rule(
    "",
    SINGLE,
    question="Are the histologies the same?",
    reason="The same hematopoietic disease is one primary.",
    examples="""
    C421 9800/3 - 1995 | C421 9800/3 - 2000 | single
    C421 9800/3 - 2000 | C421 9800/3 - 2000 | single
    """,
)
def same_disease(pair: Pairs) -> Mask:
    """Without asking for the dates."""
    return pair.same("histology")


@HEMATO.rule(
    "",
    QUESTIONABLE,
    question="Is it unknown which disease came first?",
    reason="Which disease came first decides, and the diagnosis dates do not tell it.",
    examples="""
    C421 9590/3 - 2000 | C421 9687/3 - 2000 | questionable
    C421 9590/3 - 2000-01 | C421 9687/3 - 2000-01 | questionable
    """,
)
def unknown_order(pair: Pairs) -> Mask:
    """The table names an earlier and a later disease."""
    return pair.order() == ORDER_UNKNOWN


@HEMATO.rule(
    "",
    SINGLE,
    question="Does the table of 1998 call the later disease the same primary as the earlier one?",
    reason="By the table of 1998 the later disease is presumed to be the same primary.",
    examples="""
    C001 9594/3 - 1990 | C425 9803/3 - 2000 | single
    C001 9687/3 - 1990 | C425 9590/3 - 2000 | single
    C421 9590/3 - 2000-01-20 | C421 9687/3 - 2000-01-20 | single
    C001 9594/3 - 1990 9740/3 | C425 9803/3 - 2000 9801/- | single
    """,
)
def listed_as_same(pair: Pairs) -> Mask:
    """On the same day either direction will do."""
    a, b, order = pair.a.histology, pair.b.histology, pair.order()
    forward, backward = hematopoietic.same_1998(a, b), hematopoietic.same_1998(b, a)
    return ((order != FIRST_LATER) & forward) | (((order == FIRST_LATER) | (order == SAME_DAY)) & backward)


@HEMATO.rule(
    "",
    MULTIPLE,
    question="Does the table of 1998 not list the later disease after the earlier one?",
    reason="By the table of 1998 the later disease is presumed to be a new primary.",
    examples="""
    C001 9590/3 - 1990 | C425 9687/3 - 2000 | multiple
    C001 9594/3 - 1990 | C425 9803/3 - 2000 9900/- | multiple
    """,
)
def not_listed(pair: Pairs) -> Mask:
    """All that remain."""
    return ~pair.none()
