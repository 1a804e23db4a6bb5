"""Answers of a rule's question for many pairs at once: yes, no, or which information is missing.

Three values are needed because a registry has partial dates and unknown sides: "not known" is neither
yes nor no, and a later rule may still decide the pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]

DATE = 1
"""Missing: a full diagnosis date."""
SIDE = 2
"""Missing: the side (right or left) of a tumor."""
SITE = 16
"""Missing: the subsite of a tumor (the organ is stated without it)."""
TABLE = 4
"""A histology is not in the rule's table: the question cannot be asked, no later rule may decide."""
REVIEW = 8
"""A person must look: the codes cannot tell (the rule itself says so), no later rule may decide."""

STOPS = TABLE | REVIEW
"""Gaps that end the search for a rule; the others leave the pair to later rules."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, no or not known, one element a pair; `&`, `|`, `~` follow three-valued logic.

    Attributes:
        yes: the answer is certainly yes.
        missing: what is missing where the answer is not known (DATE, SIDE, ... added up), else 0.
            Never set where `yes` is.
    """

    yes: Mask
    missing: NDArray[np.uint8]

    __array_ufunc__ = None  # `mask & answer` comes to __rand__ instead of being spread by numpy

    def possible(self) -> Mask:
        """Not certainly no."""
        return self.yes | (self.missing != 0)

    def __and__(self, other: Answer | Mask) -> Answer:
        if isinstance(other, Answer):
            both = self.possible() & other.possible()
            return Answer(self.yes & other.yes, (self.missing | other.missing) * both)
        return Answer(self.yes & other, self.missing * other)

    __rand__ = __and__

    def __or__(self, other: Answer | Mask) -> Answer:
        if isinstance(other, Answer):
            yes = self.yes | other.yes
            return Answer(yes, (self.missing | other.missing) * ~yes)
        return Answer(self.yes | other, self.missing * ~other)

    __ror__ = __or__

    def __invert__(self) -> Answer:
        return Answer(~self.possible(), self.missing)


def unknown(where: Mask, missing: int) -> Answer:
    """Not known where the mask is set (for this reason), no elsewhere.

    >>> unknown(np.array([True, False]), DATE).missing.tolist()
    [1, 0]
    """
    return Answer(np.zeros(len(where), bool), where * np.uint8(missing))


def yes_or(yes: Mask, where_unknown: Mask, missing: int) -> Answer:
    """Yes where `yes`; not known, for this reason, where `where_unknown` and not yes.

    >>> answer = yes_or(np.array([True, False, False]), np.array([True, True, False]), SIDE)
    >>> answer.yes.tolist(), answer.missing.tolist()
    ([True, False, False], [0, 2, 0])
    """
    return Answer(yes, (where_unknown & ~yes) * np.uint8(missing))
