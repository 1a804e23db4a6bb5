"""Look-ups of the hematopoietic lists: same primary by the rules of 1998, 2001 and 2010, transformations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from registry.coding import reference
from registry.coding.primaries.answers import Mask
from registry.coding.primaries.codes import MORPHOLOGIES
from registry.coding.primaries.pairs import Numbers, Pairs

LOWEST, HIGHEST = 9590, 9993
"""Histologies of the hematopoietic groups."""


def _rows(name: str) -> Iterator[list[str]]:
    table = reference.table("hematopoietic_pairs.csv.gz").filter(list=name).drop("list").fill_null("")
    yield from map(list, table.iter_rows())


def _span(text: str) -> slice:
    """Positions of a range of histologies, counted from the lowest one."""
    first, _, last = text.partition("-")
    return slice(max(int(first) - LOWEST, 0), max(int(last) - LOWEST + 1, 0))


@cache
def _same_1998() -> NDArray[np.bool_]:
    same = np.zeros((HIGHEST - LOWEST + 1,) * 2, bool)
    for first, later, *_ in _rows("same_1998"):
        same[_span(first), _span(later)] = True
    return same


def same_1998(first: Numbers, later: Numbers) -> Mask:
    """Histology `later` after `first` is the same primary by the rules of 1998."""
    return _same_1998()[first - LOWEST, later - LOWEST]


@cache
def _groups_2001() -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """(group of each histology, 0 = none; whether the later group after the first is the same primary)."""
    group = np.zeros(HIGHEST - LOWEST + 1, np.int16)
    for histologies, number, *_ in reversed(list(_rows("group_2001"))):
        group[_span(histologies)] = int(number)
    same = np.zeros((group.max() + 1,) * 2, bool)
    for first, later, *_ in _rows("same_2001"):
        same[int(first), int(later)] = True
    return group, same


def group_2001(histology: Numbers) -> Numbers:
    """Group of a histology in the rules of 2001, 0 when it is in none."""
    return _groups_2001()[0][histology - LOWEST]


def same_2001(first: Numbers, later: Numbers) -> Mask:
    """Group `later` after group `first` is the same primary by the rules of 2001."""
    return _groups_2001()[1][first, later]


@dataclass(frozen=True)
class Links:
    """Pairs of morphologies that are linked in some years.

    Attributes:
        number: small number of each morphology of the list, 0 when it is not in it.
        first, last: years in which a pair is linked, `[layer, number, number of the other]`; a pair that
            is listed several times fills several layers; never linked: first year after the last.
    """

    number: NDArray[np.int16]
    first: NDArray[np.int16]
    last: NDArray[np.int16]

    def linked(self, one: Numbers, other: Numbers, year: Numbers) -> Mask:
        """The list of morphology `one` has the other, in this year."""
        a, b = self.number[one], self.number[other]
        found = np.zeros(len(a), bool)
        for first, last in zip(self.first, self.last, strict=True):
            found |= (first[a, b] <= year) & (year <= last[a, b])
        return found


@cache
def links(name: str) -> Links:
    """One of the lists same_2010, transform_to_2010 and transform_from_2010.

    The years of a pair come first, then the years in which its first code is valid, then all years.
    """
    number = np.zeros(MORPHOLOGIES, np.int16)
    years: dict[tuple[int, int], list[tuple[int, int]]] = {}
    count = 0
    for code, other, valid_from, valid_to, first, last in _rows(name):
        for text in (code, other):
            morphology = int(text.replace("/", ""))
            if not number[morphology]:
                count += 1
                number[morphology] = count
        pair = (int(number[int(code.replace("/", ""))]), int(number[int(other.replace("/", ""))]))
        years.setdefault(pair, []).append((int(first or valid_from or 0), int(last or valid_to or 9999)))
    layers = max(map(len, years.values()))
    begin = np.full((layers, count + 1, count + 1), 9999, np.int16)
    end = np.full((layers, count + 1, count + 1), -1, np.int16)
    for (a, b), spans in years.items():
        for layer, (first_year, last_year) in enumerate(spans):
            begin[layer, a, b], end[layer, a, b] = first_year, last_year
    return Links(number, begin, end)


def same_2010(pair: Pairs) -> Mask:
    """The hematopoietic database calls both morphologies one primary.

    The list of the later disease, in the year of its diagnosis, tells; in one year both must list each
    other. So an earlier code that was no longer (or not yet) valid does not make a new primary.
    """
    a, b, list_ = pair.a, pair.b, links("same_2010")
    first = list_.linked(a.morphology, b.morphology, a.year)
    second = list_.linked(b.morphology, a.morphology, b.year)
    listed = (first | (a.year < b.year)) & (second | (b.year < a.year))
    return listed | pair.same("morphology")


def chronic_to_acute(pair: Pairs, *, swapped: bool = False) -> Mask:
    """The first tumor (the second when `swapped`) is a chronic neoplasm that transforms to the other one."""
    chronic, acute = (pair.b, pair.a) if swapped else (pair.a, pair.b)
    to = links("transform_to_2010").linked(chronic.morphology, acute.morphology, chronic.year)
    return to & links("transform_from_2010").linked(acute.morphology, chronic.morphology, acute.year)


def transformation(pair: Pairs) -> Mask:
    """One tumor can be the transformation of the other, in either direction."""
    return pair.once("transformation", lambda: chronic_to_acute(pair) | chronic_to_acute(pair, swapped=True))
