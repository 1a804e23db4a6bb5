"""All words of the indexed terms; finds the ones a typed word may mean: itself, related, mistyped, unfinished."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from registry.coding.search.words import related_words

LETTERS = "abcdefghijklmnopqrstuvwxyz"
UNFINISHED = 0.88
"""Closeness of a word that goes on from what was typed so far."""
CUT_SHORT, CUT_SHORT_FROM = 0.8, 4
"""Closeness of a word that was cut off ("epithel."), and the letters that must be left."""
PER_TYPO = 0.1
LONGEST = 40
"""Letters of the longest word that is corrected."""
MOST_COMPLETIONS = 150


def distance(left: str, right: str, most: int) -> int:
    """Letters to insert, delete, replace or swap with the next (optimal string alignment), up to `most` + 1.

    >>> distance("larnyx", "larynx", 2), distance("adenocarcnoma", "adenocarcinoma", 2), distance("lip", "lung", 1)
    (1, 1, 2)
    """
    if abs(len(left) - len(right)) > most:
        return most + 1
    older: list[int] = []
    old = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        new = [row] + [0] * len(right)
        for column, other in enumerate(right, 1):
            cost = min(old[column] + 1, new[column - 1] + 1, old[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, older[column - 2] + 1)
            new[column] = cost
        if min(new) > most:
            return most + 1
        older, old = old, new
    return old[-1]


def letter_counts(words: list[str]) -> np.ndarray:
    """How often each letter occurs: int16 array, one row a word."""
    counts = np.zeros((len(words), 27), dtype=np.int16)
    for row, word in enumerate(words):
        for letter in word:
            counts[row, LETTERS.find(letter)] += 1
    return counts


class Vocabulary:
    """Words with a number each.

    Args:
        words: all words of the terms, in any order, repeated or not.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(set(words))
        self.number = {word: number for number, word in enumerate(self.words)}
        self.lengths = np.array([len(word) for word in self.words])
        self.counts = letter_counts(self.words)
        self.remembered: dict[tuple[str, bool], list[tuple[int, float]]] = {}

    def __contains__(self, word: str) -> bool:
        return word in self.number

    def meanings(self, word: str, unfinished: bool = False) -> list[tuple[int, float]]:
        """Numbers of the words that `word` may mean with how close they are (1 = the same), best first.

        Args:
            word: one word as `words.tokens` gives it.
            unfinished: the word may go on, because somebody is typing it.
        """
        key = (word, unfinished)
        if key not in self.remembered:
            if len(self.remembered) > 50_000:
                self.remembered.clear()
            self.remembered[key] = self.look_up(word, unfinished)
        return self.remembered[key]

    def look_up(self, word: str, unfinished: bool) -> list[tuple[int, float]]:
        """As `meanings`, without remembering."""
        found = {self.number[word]: 1.0} if word in self.number else {}
        for other, closeness in related_words().get(word, ()):
            if other in self.number:
                found.setdefault(self.number[other], closeness)
        if unfinished and len(word) >= 3:
            closeness = UNFINISHED if not found else UNFINISHED / 2
            for number in self.completions(word):
                found.setdefault(number, closeness)
        if not found:
            found = self.mistyped(word)
            if len(word) >= CUT_SHORT_FROM and word.isalpha():
                found = dict.fromkeys(self.completions(word), CUT_SHORT) | found
        return sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))

    def completions(self, start: str) -> range:
        """Numbers of the longer words that begin so; none when there are too many to mean anything."""
        first = bisect_left(self.words, start)
        last = bisect_left(self.words, start + "\x7f")
        if first < last and self.words[first] == start:
            first += 1
        return range(first, last) if last - first <= MOST_COMPLETIONS else range(0)

    def mistyped(self, word: str) -> dict[int, float]:
        """The words at the smallest distance: one letter wrong in four, two in seven, three in twelve."""
        most = (len(word) >= 4) + (len(word) >= 7) + (len(word) >= 12)
        if not most or len(word) > LONGEST or not word.isalpha():
            return {}
        differing = np.abs(self.counts - letter_counts([word])).sum(axis=1)
        near = np.nonzero((differing <= 2 * most) & (np.abs(self.lengths - len(word)) <= most))[0]
        found: dict[int, int] = {}
        for number in near.tolist():
            other = self.words[number]
            if len(other) > 3 and (steps := distance(word, other, most)) <= most:
                most = min(most, steps)
                found[number] = steps
        same_start = {number for number in found if self.words[number][0] == word[0]}
        kept = {number: steps for number, steps in found.items() if steps == most}
        if kept.keys() & same_start:
            kept = {number: steps for number, steps in kept.items() if number in same_start}
        return {number: 1 - PER_TYPO * steps for number, steps in kept.items()}
