"""Terms and the words in them, as arrays: which terms hold a word, and how much a term's words weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from registry.coding.search.vocabulary import Vocabulary

LIGHT = {
    "malignant": 0.35, "cell": 0.6, "differentiated": 0.1, "primary": 0.15, "variant": 0.4, "classic": 0.4, "usual": 0.3,
    "gland": 0.25, "disease": 0.5, "tissue": 0.4, "associated": 0.4, "skin": 0.8, "soft": 0.6, "connective": 0.6,
    "subcutaneous": 0.8, "grade": 0.5, "high": 0.5, "low": 0.5, "well": 0.2, "moderately": 0.15, "poorly": 0.2, "invasive": 0.5, "syndrome": 0.4,
    "area": 0.4, "joint": 0.7, "lesion": 0.4, "organ": 0.5, "system": 0.6, "region": 0.4, "quadrant": 0.5, "without": 0.3,
    "involvement": 0.3, "not": 0.3, "this": 0.2, "female": 0.4, "male": 0.4, "adult": 0.5, "lymph": 0.6, "node": 0.6,
    "lobe": 0.6, "proximal": 0.6, "distal": 0.6, "type": 0.3, "negative": 0.6, "positive": 0.6,
    "1": 0.4, "2": 0.4, "3": 0.4, "4": 0.4,
}  # fmt: skip
"""Words that say little although they are rare, by the share of their weight that counts."""


@dataclass(frozen=True)
class Term:
    """One name of a code.

    Attributes:
        words: as `words.index_words` gives them.
        worth: added to the term's score.
        sites: where the list that the term comes from says that it arises, "C220" or a whole group "C44".
        implied: words that go without saying, such as the larynx of a vocal cord.
    """

    code: str
    name: str
    words: tuple[str, ...]
    worth: float = 0.0
    sites: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()


IMPLIED = 0.7
"""How well a term covers a word that goes without saying."""


def postings(
    words: Sequence[tuple[str, ...]], vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Word numbers and places of the terms that hold them, sorted, and where each word's places start."""
    pairs = sorted({(vocabulary.number[word], place) for place, held in enumerate(words) for word in held})
    numbers = np.array([number for number, _ in pairs], dtype=np.int32)
    places = np.array([place for _, place in pairs], dtype=np.int32)
    return numbers, places, np.searchsorted(numbers, np.arange(len(vocabulary.words) + 1))


class Index:
    """Which terms hold which words.

    Args:
        terms: what is searched.
        vocabulary: holds every word of the terms.

    Attributes:
        weight: by word number, how much it tells (0 when no term holds it).
        length: by term, the sum of its words' weights.
    """

    def __init__(self, terms: Sequence[Term], vocabulary: Vocabulary) -> None:
        self.terms = terms
        numbers, self.places, self.starts = postings([term.words for term in terms], vocabulary)
        _, self.implied_places, self.implied_starts = postings([term.implied for term in terms], vocabulary)
        held = np.diff(self.starts)
        weight = np.where(held > 0, np.log1p(len(terms) / np.maximum(held, 1)), 0.0)
        light = np.array([LIGHT.get(word, 1.0) for word in vocabulary.words])
        self.weight = (weight * light).astype(np.float32)
        self.length = np.bincount(self.places, self.weight[numbers], len(terms)).astype(np.float32)
        self.worth = np.array([term.worth for term in terms], dtype=np.float32)

    def holding(self, number: int) -> np.ndarray:
        """Places of the terms that hold a word."""
        return self.places[self.starts[number] : self.starts[number + 1]]

    def implying(self, number: int) -> np.ndarray:
        """Places of the terms for which a word goes without saying."""
        return self.implied_places[self.implied_starts[number] : self.implied_starts[number + 1]]

    def cover(self, meanings: Sequence[Sequence[tuple[int, float]]]) -> tuple[np.ndarray, np.ndarray]:
        """How well each term covers each word of a query, and how much of each term is left uncovered.

        Args:
            meanings: for each word of the query what it may mean, best first.

        Returns:
            closeness (float32, one row a term, one column a word of the query) and missing weight by term.
        """
        closeness = np.zeros((len(self.terms), len(meanings)), dtype=np.float32)
        best: dict[int, float] = {}
        for column, choices in enumerate(meanings):
            for number, close in reversed(choices):
                closeness[self.implying(number), column] = IMPLIED * close
            for number, close in reversed(choices):
                closeness[self.holding(number), column] = close
                best[number] = max(best.get(number, 0.0), close)
        missing = self.length.copy()
        for number, close in best.items():
            missing[self.holding(number)] -= self.weight[number] * close
        return closeness, missing
