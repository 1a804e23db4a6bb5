"""Questions that several groups of the Solid Tumor Rules (2018 and later) share.

Their tables have a row for each not otherwise specified (NOS) histology with its subtypes: same row,
different rows and different subtypes are asked in every group, with small differences between organs.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from registry.coding.primaries.answers import DATE, SIDE, TABLE, Answer, Mask, yes_or
from registry.coding.primaries.codes import Rows, SiteRows, entries, morphologies, rows, site_rows
from registry.coding.primaries.pairs import FIRST_LATER, IN_SITU, MALIGNANT, SECOND_LATER, Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Shared

UNSPECIFIC = "8000 8010"
"""Neoplasm and carcinoma without further description: two of them need not be the same histology."""


def same_code(pair: Pairs) -> Mask:
    """Same histology and behavior, unless the histology says nothing (8000, 8010)."""
    return pair.once("same code", lambda: pair.same("morphology") & ~pair.a.is_in(morphologies(UNSPECIFIC)))


def row_pair(pair: Pairs, table: Rows | SiteRows) -> tuple[Numbers, Numbers]:
    """The rows of both tumors, 0 when a histology is not in the table."""
    return pair.a.row(table), pair.b.row(table)


@cache
def overlapping(name: str) -> NDArray[np.bool_]:
    """`overlapping(name)[row, other]`: two rows of a named table are one, or one of them includes the other.

    A few codes belong to several rows: 9445 to those of 9440 and 9400, 8900 to all rhabdomyosarcomas.

    >>> table = rows("malignant_cns_2018_table3_rows").row
    >>> bool(overlapping("malignant_cns_2018_table3_rows")[table[94453], table[94403]])
    True
    """
    texts = _row_texts(name)
    size = max(texts) + 1
    found = np.zeros((size, size), bool)
    for row, text in texts.items():
        for other, more in texts.items():
            found[row, other] = text in more or more in text
    return found


def _row_texts(name: str) -> dict[int, str]:
    """The codes that name a row, by row number."""
    by_site = any(entry.sites for entry in entries(name))
    table = site_rows(name) if by_site else rows(name)
    texts: dict[int, str] = {}
    # a histology without behavior beats one with behavior, so it is written last
    for entry in sorted(entries(name), key=lambda one: "/" not in one.code):
        histology, _, behavior = entry.code.partition("/")
        number = int(histology) * 10 + int(behavior or 0)
        site = int(entry.sites.split()[0][1:]) if by_site else 0
        row = table.row[table.table[site], number] if isinstance(table, SiteRows) else table.row[number]
        texts[int(row)] = entry.value
    return texts


def apart(pair: Pairs, name: str, table: Rows | SiteRows) -> Mask:
    """Both tumors are in the table, in rows of which none includes the other."""
    row_a, row_b = row_pair(pair, table)
    return (row_a > 0) & (row_b > 0) & ~overlapping(name)[row_a, row_b]


def different_subtypes(pair: Pairs, name: str) -> Mask:
    """Both tumors are subtypes in the named table, and not the same subtype."""
    return apart(pair, name, rows(name))


def same_row_or_code(pair: Pairs, row_a: Numbers, row_b: Numbers) -> Answer:
    """Same code or same row; the search ends when a histology is not in the table."""
    same = same_code(pair)
    present = (row_a > 0) & (row_b > 0)
    return yes_or(same | (present & (row_a == row_b)), ~present, TABLE)


def different_row_or_code(pair: Pairs, row_a: Numbers, row_b: Numbers) -> Answer:
    """Different rows; no for the same code; the search ends when a histology is not in the table."""
    other = ~same_code(pair)
    present = (row_a > 0) & (row_b > 0)
    return yes_or(other & present & (row_a != row_b), other & ~present, TABLE)


def when(asked: Answer, then: Answer) -> Answer:
    """`then` where `asked` is yes; what `asked` lacks stays open whatever `then` says."""
    both = asked.yes & then
    return Answer(both.yes, both.missing | asked.missing)


def on_different_rows(name: str, table: str) -> Shared:
    """Multiple primaries on different rows of the named table; `table` is its number in the manual.

    Two tumors of one code, also of an unspecific one (8000, 8010), are on no different rows.
    """

    def differ(pair: Pairs) -> Answer:
        return different_row_or_code(pair, *row_pair(pair, rows(name))) & ~pair.same("morphology")

    return Shared(
        MULTIPLE,
        f"Are the histologies on different rows of {table}?",
        f"The histologies are on different rows of {table}, so they are different kinds of tumor.",
        differ,
    )


def on_same_row_within_60_days(name: str, table: str) -> Shared:
    """One primary for simultaneous tumors on one row of the named table."""
    return Shared(
        SINGLE,
        f"Are the tumors on the same row of {table} and diagnosed within 60 days?",
        f"The tumors came together and are on one row of {table}: one histology, or an NOS and its subtype.",
        lambda pair: when(same_row_or_code(pair, *row_pair(pair, rows(name))), pair.within_days(60)),
    )


def of_different_subtypes(name: str, table: str) -> Shared:
    """Multiple primaries of two different subtypes of the named table."""
    return Shared(
        MULTIPLE,
        f"Are the tumors two different subtypes of {table}?",
        f"The tumors are two different subtypes of {table}, so each is a primary of its own.",
        lambda pair: different_subtypes(pair, name),
    )


def invasive_is_later(pair: Pairs) -> Mask:
    """Certainly the invasive tumor is the later one."""
    order = pair.order()
    first = (order == FIRST_LATER) & (pair.a.behavior == MALIGNANT)
    return first | ((order == SECOND_LATER) & (pair.b.behavior == MALIGNANT))


def in_situ_is_later(pair: Pairs) -> Mask:
    """Certainly the invasive tumor is the earlier one."""
    order = pair.order()
    first = (order == FIRST_LATER) & (pair.a.behavior != MALIGNANT)
    return first | ((order == SECOND_LATER) & (pair.b.behavior != MALIGNANT))


def _in_situ_after_invasive_same_side(pair: Pairs) -> Answer:
    """Without known sides the question stays open, unless the invasive tumor is the later one."""
    asked = pair.in_situ_and_invasive() & ~pair.opposite() & ~invasive_is_later(pair)
    later = pair.later_is(pair.a.behavior == IN_SITU, pair.b.behavior == IN_SITU)
    return _on_known_sides(pair, asked, later)


def _on_known_sides(pair: Pairs, asked: Mask, then: Answer) -> Answer:
    """`then` where asked and both sides are known; open where a side is not."""
    side = asked & ~pair.sides_known()
    missing = (asked & (then.missing != 0)) * np.uint8(DATE) | side * np.uint8(SIDE)
    return Answer(asked & ~side & then.yes, missing)


def in_situ_after_invasive_in(organ: str) -> Shared:
    """One primary when an in situ tumor follows an invasive one on the same side of a paired organ."""
    return Shared(
        SINGLE,
        f"Is an in situ tumor diagnosed after an invasive tumor of the same {organ}?",
        f"The in situ tumor came after the invasive tumor of the same {organ} and belongs to it.",
        _in_situ_after_invasive_same_side,
    )


def _invasive_soon_after_in_situ_same_side(pair: Pairs) -> Answer:
    """Without known sides the question stays open, even when the dates are certain."""
    soon = pair.within_days(60)
    asked = pair.in_situ_and_invasive() & ~pair.opposite() & ~in_situ_is_later(pair) & soon.possible()
    return _on_known_sides(pair, asked, soon)


def invasive_soon_after_in_situ_in(organ: str) -> Shared:
    """One primary when an invasive tumor follows an in situ one soon, on the same side of a paired organ."""
    return Shared(
        SINGLE,
        f"Is an invasive tumor diagnosed within 60 days after an in situ tumor of the same {organ}?",
        f"The invasive tumor came within 60 days after the in situ tumor of the same {organ}: they are one "
        "primary, coded as invasive.",
        _invasive_soon_after_in_situ_same_side,
    )


def together_on_one_side(pair: Pairs, alike: Answer) -> Answer:
    """Alike, within 60 days and on the same side; a missing date or side leaves it open."""
    soon = pair.within_days(60)
    answer = _on_known_sides(pair, alike.yes & soon.possible(), soon)
    return Answer(answer.yes & ~pair.opposite(), answer.missing | alike.missing)
