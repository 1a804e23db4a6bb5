"""Melanoma of the skin, diagnosed 2021 and later (SEER Solid Tumor Rules, cutaneous melanoma M3-M8, edition of 2026)."""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import DATE, REVIEW, SIDE, SITE, Answer, Mask, yes_or
from registry.coding.primaries.codes import named, sites
from registry.coding.primaries.pairs import LEFT, RIGHT, Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

MELANOMA = Group("str_2021_and_later_cutaneous_melanoma")

MIDLINE, SIDE_UNKNOWN, BLANK = 5, 9, -1


@MELANOMA.rule(
    "M3",
    MULTIPLE,
    question="Are the melanomas in different sites of the skin (topography differs in any character)?",
    reason="The melanomas are in different sites of the skin.",
    examples="""
    C441 8720/3 1 2022-01-01 | C442 8720/3 1 2022-01-01 | multiple
    C441 8720/3 1 2022-01-01 | C449 8720/3 1 2022-01-01 | questionable
    C441 8720/3 1 2022-01-01 | C441 8720/3 1 2022-01-01 | single M6
    """,
)
def different_skin_site(pair: Pairs) -> Answer:
    """Skin NOS (C449) may be any site, also when both melanomas have it."""
    unspecific = pair.either(sites("C449"))
    return yes_or(~pair.same("site") & ~unspecific, unspecific, SITE)


def _sided(side: Numbers) -> Mask:
    """Right, left or midline."""
    return (side == RIGHT) | (side == LEFT) | (side == MIDLINE)


def _without_side(pair: Pairs) -> Mask:
    """The first melanoma is in lip, overlapping sites or skin NOS, which have no side."""
    return pair.a.is_in(sites("C440 C448 C449"))


@MELANOMA.rule(
    "M4",
    MULTIPLE,
    question="Are the melanomas on different sides (right, left and midline are three sides)?",
    reason="The melanomas are on different sides of the body; the midline is a side too.",
    examples="""
    C445 8720/3 1 2022-01-01 | C445 8720/3 2 2022-01-01 | multiple
    C445 8720/3 1 2022-01-01 | C445 8720/3 5 2022-01-01 | multiple
    C445 8720/3 1 2022-01-01 | C445 8720/3 3 2022-09-01 | questionable
    C445 8720/3 1 2022-01-01 | C445 8720/3 9 2022-09-01 | questionable M6
    C445 8720/3 1 2022-01-01 | C445 8772/2 4 2022-01-05 | questionable
    C445 8750/3 1 2022-01-01 | C445 8720/3 X 2022-01-05 | questionable
    C445 8750/3 1 2022-01-01 | C445 8720/3 - 2022-01-05 | single M8
    """,
)
def different_side(pair: Pairs) -> Answer:
    """A blank or unknown side (9) goes on to the next rules; other codes leave it open."""
    one, other = pair.a.laterality, pair.b.laterality
    stated = [(side != SIDE_UNKNOWN) & (side != BLANK) for side in (one, other)]
    asked = ~_without_side(pair) & stated[0] & stated[1]
    sided = _sided(one) & _sided(other)
    return yes_or(asked & sided & (one != other), asked & ~sided, SIDE)


MELANOMA.shared(
    "M5",
    solid.of_different_subtypes("cutaneous_melanoma_2021_table2_subtypes", "Table 2"),
    examples="""
    C445 8771/3 1 2022-01-01 | C445 8721/3 1 2022-01-01 | multiple
    C445 8720/3 1 2022-01-01 | C445 8721/3 1 2022-01-01 | single M6
    """,
)


@MELANOMA.rule(
    "M6",
    SINGLE,
    question="Are the melanomas in Table 2, on the same side and diagnosed within 60 days?",
    reason="Melanomas of one site and side that came together are one primary.",
    examples="""
    C445 8720/3 1 2022-01-01 | C445 8721/3 1 2022-02-01 | single
    C440 8720/3 - 2022-01-01 | C440 8721/3 - 2022-02-01 | single
    C445 8720/3 1 2022-01-01 | C445 8721/3 9 2022-02-01 | questionable
    C445 8720/3 1 2022 | C445 8721/3 1 2022-02-01 | questionable
    C445 8720/3 1 2022-01-01 | C445 8721/3 1 2022-09-01 | multiple M7
    """,
)
def same_side_together(pair: Pairs) -> Answer:
    """All melanomas of the table are on one row; without side or date the search ends."""
    asked = pair.both(named("cutaneous_melanoma_2021_table2_rows"))
    no_side = asked & ~_without_side(pair) & ~(_sided(pair.a.laterality) & _sided(pair.b.laterality))
    same = asked & ~no_side & (_without_side(pair) | pair.same("laterality"))
    soon = pair.within_days(60)
    no_date = same & (soon.missing != 0)
    missing = no_side * np.uint8(SIDE | REVIEW) | no_date * np.uint8(DATE | REVIEW)
    return Answer(same & soon.yes, missing)


@MELANOMA.rule(
    "M7",
    MULTIPLE,
    question="Are the melanomas diagnosed more than 60 days apart?",
    reason="More than 60 days lie between the melanomas, so the later one is a new primary.",
    examples="""
    C445 8720/3 1 2022-01-01 | C445 8720/3 1 2022-05-01 | multiple
    C445 8750/3 1 2022 | C445 8720/3 1 2022-05-01 | questionable
    C445 8750/3 1 2022-04-20 | C445 8720/3 1 2022-05-01 | single M8
    """,
)
def sixty_days(pair: Pairs) -> Answer:
    """Without full dates the search ends."""
    apart = pair.more_than_days(60)
    return Answer(apart.yes, (apart.missing != 0) * np.uint8(DATE | REVIEW))


MELANOMA.shared(
    "M8",
    common.NO_OTHER_RULE,
    examples="""
    C445 8750/3 1 2022-04-20 | C445 8720/3 1 2022-05-01 | single
    """,
)
