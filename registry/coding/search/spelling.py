"""Corrects mistyped words before they are understood, and joins or splits words that were written apart or together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from registry.coding.search.laterality import SIDES
from registry.coding.search.vocabulary import Vocabulary
from registry.coding.search.words import abbreviations, american, phrase_words, tokens

CUT_CARCINOMA = re.compile(r"ca(?:rc(?:in)?)?$")
"""cystadenoca, choriocarc."""
SHORTEST_PART = 3
"""Letters of the shorter part of a word that is split."""
SHORTEST_SPLIT = 8
FURTHER = 0.6
"""A second correction is tried when its word is used at least so often, compared with the first."""


class Spelling:
    """The words that are written in terms, before synonyms are made one.

    Args:
        names: names of terms as published.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.often = Counter(word for name in names for word in tokens(name))
        self.often.update([*phrase_words(), *SIDES])
        self.vocabulary = Vocabulary(self.often)
        self.corrected: dict[str, list[list[str]]] = {}

    def known(self, word: str) -> bool:
        """Whether a word needs no correction."""
        return word in self.vocabulary or word in abbreviations() or not word.isalpha() or len(word) < 4

    def goes_on(self, word: str) -> bool:
        """Whether a word begins one that is known."""
        return len(self.vocabulary.completions(word)) > 0

    def corrections(self, word: str, written: str = "") -> list[list[str]]:
        """What a word may have been meant to be, likeliest first; itself when nothing is near.

        Args:
            word: as it is looked for.
            written: its letters, when they may be nearer to a word ("squamos" is no plural).

        >>> Spelling(["Renal cell carcinoma"]).corrections("carcnoma")
        [['carcinoma']]
        """
        key = word if not written or self.known(word) else self.nearer(word, american(written))
        if key not in self.corrected:
            if len(self.corrected) > 20_000:
                self.corrected.clear()
            self.corrected[key] = self.look_up(key)
        return self.corrected[key]

    def nearer(self, word: str, written: str) -> str:
        """Of a word and its letters as written the one that fewer letters separate from a known word."""
        if word == written or not written.isalpha():
            return word
        near = [max(self.vocabulary.mistyped(one).values(), default=0.0) for one in (word, written)]
        return written if near[1] > near[0] else word

    def look_up(self, word: str) -> list[list[str]]:
        """As `corrections`, without remembering."""
        if self.known(word):
            return [[word]]
        if (whole := CUT_CARCINOMA.sub("carcinoma", word)) != word and whole in self.vocabulary:
            return [[whole]]
        near = self.vocabulary.mistyped(word)
        steps_are_few = bool(near) and max(near.values()) > 0.85
        if not steps_are_few:
            if parts := self.split(word):
                return [parts]
            if self.goes_on(word):
                return [[word]]
        ranked = sorted(
            (self.vocabulary.words[number] for number in near), key=lambda one: (-self.often[one], one)
        )
        if not ranked:
            return [[word]]
        kept = [one for one in ranked[:2] if self.often[one] >= FURTHER * self.often[ranked[0]]]
        return [[one] for one in kept]

    def split(self, word: str) -> list[str]:
        """Two known words that were written as one, as even as possible; empty when there are none."""
        if len(word) < SHORTEST_SPLIT:
            return []
        places = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)
        pairs = [[word[:place], word[place:]] for place in places]
        pairs = [pair for pair in pairs if all(part in self.vocabulary for part in pair)]
        return max(pairs, key=lambda pair: min(map(len, pair)), default=[])

    def joined(self, words: list[str]) -> list[tuple[int, str]]:
        """For each place where two words are one known word written apart: the place and the word."""
        return [
            (place, one + other)
            for place, (one, other) in enumerate(pairwise(words))
            if one + other in self.vocabulary and not (one in self.vocabulary and other in self.vocabulary)
        ]
