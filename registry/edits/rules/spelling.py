"""How two columns of words differ: equal, one slip of the typist, one begins or ends with the other."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Sizes = NDArray[np.int64]

LONGEST = 40
"""Letters that are compared, the length of NAACCR's name items."""


class Words:
    """Two columns of words, row by row; null is not known."""

    def __init__(self, one: pl.Series, other: pl.Series) -> None:
        self.known: Mask = (one.is_not_null() & other.is_not_null()).to_numpy()
        self.one, self.other = (_letters(side) for side in (one, other))
        self.size_one, self.size_other = ((side != 0).sum(axis=1) for side in (self.one, self.other))

    @cached_property
    def shorter(self) -> Sizes:
        """Length of the shorter word."""
        return np.minimum(self.size_one, self.size_other)

    @cached_property
    def longer(self) -> Sizes:
        """Length of the longer word."""
        return np.maximum(self.size_one, self.size_other)

    @cached_property
    def start(self) -> Sizes:
        """Letters that both have in common from the start."""
        return self._common(self.one, self.other)

    @cached_property
    def end(self) -> Sizes:
        """Letters that both have in common from the end."""
        return self._common(*(_turned(side, size) for side, size in self._sides()))

    @property
    def equal(self) -> Mask:
        """The same word."""
        return self.known & (self.start == self.longer)

    def _sides(self) -> list[tuple[NDArray[np.uint32], Sizes]]:
        return [(self.one, self.size_one), (self.other, self.size_other)]

    def _common(self, one: NDArray[np.uint32], other: NDArray[np.uint32]) -> Sizes:
        differ = one != other
        first = np.where(differ.any(axis=1), differ.argmax(axis=1), LONGEST)
        return np.minimum(first, self.shorter)


def _letters(words: pl.Series) -> NDArray[np.uint32]:
    """Code points, one row a word, 0 after its end."""
    texts = np.asarray(words.fill_null("").to_list(), dtype=f"<U{LONGEST}")
    return np.ascontiguousarray(texts).view(np.uint32).reshape(len(texts), LONGEST)


def _turned(letters: NDArray[np.uint32], size: Sizes) -> NDArray[np.uint32]:
    """The words written backwards."""
    place = size[:, None] - 1 - np.arange(LONGEST)
    return np.where(place >= 0, np.take_along_axis(letters, np.maximum(place, 0), axis=1), 0)


def one_error(words: Words) -> Mask:
    """One letter more, less or other, or two neighbouring letters exchanged; not the same word.

    >>> pairs = [("SMITH", "SMYTH"), ("SMITH", "SMIHT"), ("ANN", "ANNE"), ("ANN", "NANA"), ("ANN", "ANN")]
    >>> one_error(Words(*(pl.Series(side) for side in zip(*pairs)))).tolist()
    [True, True, True, False, False]
    """
    other_letter = words.start + words.end >= words.longer - 1
    rows, place = np.arange(len(words.known)), np.minimum(words.start, LONGEST - 2)
    exchanged = (
        (words.start + words.end == words.longer - 2)
        & (words.one[rows, place] == words.other[rows, place + 1])
        & (words.one[rows, place + 1] == words.other[rows, place])
    )
    near = words.longer - words.shorter <= 1
    return words.known & ~words.equal & near & (other_letter | exchanged)


def one_digit_error(one: NDArray[np.integer], other: NDArray[np.integer]) -> Mask:
    """Numbers of up to nine digits: one digit differs, or two neighbouring digits are exchanged.

    >>> one_digit_error(np.array([111223333] * 3), np.array([111223334, 112123333, 111223344])).tolist()
    [True, True, False]
    """
    places = 10 ** np.arange(9)
    digits, others = ((side[:, None] // places) % 10 for side in (one, other))
    differ = digits != others
    count = differ.sum(axis=1)
    swapped = differ[:, :-1] & (digits[:, :-1] == others[:, 1:]) & (digits[:, 1:] == others[:, :-1])
    slip: Mask = (count == 1) | ((count == 2) & swapped.any(axis=1))
    return slip


def begins(words: Words) -> Mask:
    """One word begins with the other.

    >>> begins(Words(pl.Series(["J", "ROB", "ANN"]), pl.Series(["JOHN", "ROBERT", "HANNAH"]))).tolist()
    [True, True, False]
    """
    return words.known & (words.start == words.shorter)


def ends(words: Words) -> Mask:
    """One word ends with the other.

    >>> ends(Words(pl.Series(["LOPEZ", "ANN"]), pl.Series(["GARCIALOPEZ", "HANNAH"]))).tolist()
    [True, False]
    """
    return words.known & (words.end == words.shorter)
