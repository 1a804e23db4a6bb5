"""The side of a tumor: which sites are paired, and what a text says about the side."""

from __future__ import annotations

from collections.abc import Collection

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

PAIRED = frozenset(
    "C079 C080 C081 C090 C091 C098 C099 C300 C301 C310 C312 C340 C341 C342 C343 C348 C349 C384 "
    "C400 C401 C402 C403 C413 C414 C441 C442 C443 C445 C446 C447 C471 C472 C491 C492 "
    "C500 C501 C502 C503 C504 C505 C506 C508 C509 C569 C570 C620 C621 C629 C630 C631 C649 C659 C669 "
    "C690 C691 C692 C693 C694 C695 C696 C698 C699 C740 C741 C749 C754".split()
)
"""Sites for which SEER wants a side (SEER Program Coding and Staging Manual, Laterality)."""
PAIRED_SINCE_2004 = frozenset("C700 C710 C711 C712 C713 C714 C722 C723 C724 C725".split())
NO_SIDE = frozenset({"C42", "C80"})
"""Blood, bone marrow and unknown primary: always "not a paired site"."""
CAN_BE_MIDLINE = frozenset("C700 C710 C711 C712 C713 C714 C722 C723 C724 C725 C443 C445".split())


def is_paired(site: str, year: int | None = None) -> bool:
    """Whether a site has a side; brain and its nerves only from 2004 on.

    >>> is_paired("C504"), is_paired("C711", 2003), is_paired("C619")
    (True, False, False)
    """
    return site in PAIRED or (site in PAIRED_SINCE_2004 and (year is None or year >= 2004))


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
        if site[:3] in NO_SIDE or site in PAIRED_SINCE_2004:
            return None
    if MIDLINE in sides:
        return MIDLINE if site in CAN_BE_MIDLINE else None
    if BOTH in sides or sides >= {LEFT, RIGHT}:
        return BOTH
    return next((side for side in (RIGHT, LEFT, ONE_SIDE) if side in sides), None)
