"""The side of a tumor: which sites are paired, and what a text says about the side."""

from __future__ import annotations

from collections.abc import Collection

from registry.standards.laterality import MIDLINE as MIDLINE_SITES
from registry.standards.laterality import PAIRED, PAIRED_SINCE_2004, sites

RIGHT, LEFT, ONE_SIDE, BOTH, MIDLINE = "1", "2", "3", "4", "5"
SIDES = {
    "right": RIGHT,
    "left": LEFT,
    "unilateral": ONE_SIDE,
    "bilateral": BOTH,
    "both": BOTH,
    "midline": MIDLINE,
}
"""Words for a side in a query, and the code of laterality."""

NO_SIDE = frozenset({"C42", "C80"})
"""Blood, bone marrow and unknown primary: always "not a paired site"."""


def is_paired(site: str, year: int | None = None) -> bool:
    """Whether a site has a side; brain and its nerves only from 2004 on.

    >>> is_paired("C504"), is_paired("C711", 2003), is_paired("C619")
    (True, False, False)
    """
    return site in sites(PAIRED) or (site in sites(PAIRED_SINCE_2004) and (year is None or year >= 2004))


def laterality(site: str, words: Collection[str], year: int | None = None) -> str | None:
    """The code of the named side; None when no side is named or the site can have none.

    An organ that is not paired keeps a side that is recorded (NAACCR, item 410): a left vocal cord.

    Args:
        site: such as "C504".
        words: the words of the query that name a side and do not belong to the site ("left colon").

    >>> laterality("C504", {"left"}), laterality("C320", {"left"}), laterality("C569", {"left", "right"})
    ('2', '2', '4')
    >>> laterality("C320", {"unilateral"}) is None, laterality("C809", {"left"}) is None
    (True, True)
    """
    sides = {SIDES[word] for word in words}
    if not is_paired(site, year):
        sides &= {LEFT, RIGHT, BOTH}
        if site[:3] in NO_SIDE or site in sites(PAIRED_SINCE_2004):
            return None
    if MIDLINE in sides:
        return MIDLINE if site in sites(MIDLINE_SITES) else None
    if BOTH in sides or sides >= {LEFT, RIGHT}:
        return BOTH
    return next((side for side in (RIGHT, LEFT, ONE_SIDE) if side in sides), None)
