"""Sets and tables of codes as dense arrays, so that a million look-ups are one numpy index.

A site is its number (C509 → 509), a morphology is histology and behavior as one number (8500/3 →
85003). Tables come from `mph_constants.csv.gz`; short lists stand in the rules, next to their use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.coding import reference
from registry.errors import NotFound

SITES = 1_000
MORPHOLOGIES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """A set of topography codes; `member[509]` tells whether C509 is in it."""

    member: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Morphologies:
    """A set of morphologies; `member[85003]` tells whether 8500/3 is in it."""

    member: NDArray[np.bool_]

    def __or__(self, other: Morphologies) -> Morphologies:
        return Morphologies(self.member | other.member)

    def __sub__(self, other: Morphologies) -> Morphologies:
        return Morphologies(self.member & ~other.member)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A table that puts morphologies into rows; `row[85003]` is the row's number, 0 = not in the table."""

    row: NDArray[np.int32]

    def member(self) -> Morphologies:
        """All morphologies of the table."""
        return Morphologies(self.row > 0)


@dataclass(frozen=True, slots=True, eq=False)
class SiteRows:
    """One table of rows a site: `table[509]` is the number of C509's table, `row[table, 85003]` the row.

    Table 0 is empty: a site without table finds no row. Equal row numbers mean equal row names, also
    across tables.
    """

    table: NDArray[np.int16]
    row: NDArray[np.int32]


class Entry(NamedTuple):
    """One line of a named table: sites (blank when it is for all), code, value (blank in plain sets)."""

    sites: str
    code: str
    value: str


@cache
def sites(text: str) -> Sites:
    """Topography codes and ranges; three characters stand for all their subsites.

    >>> sites("C18 C199 C530-C539").member[[189, 199, 198, 531]].tolist()
    [True, True, False, True]
    """
    member = np.zeros(SITES, bool)
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        last = last or first
        member[int(first[1:].ljust(3, "0")) : int(last[1:].ljust(3, "9")) + 1] = True
    return Sites(member)


@cache
def morphologies(text: str) -> Morphologies:
    """Histologies (any behavior), ranges of them, or histologies with behavior.

    >>> morphologies("8500 8520/3 8041-8045").member[[85002, 85203, 85202, 80433]].tolist()
    [True, True, False, True]
    """
    return _morphologies(text.replace(",", " ").split())


def _morphologies(codes: Iterable[str]) -> Morphologies:
    member = np.zeros(MORPHOLOGIES, bool)
    for code in codes:
        member[_span(code)] = True
    return Morphologies(member)


def _span(code: str) -> slice:
    """The numbers of one code: 8520/3 is one, 8520 is ten, 8041-8045 is fifty."""
    histology, _, behavior = code.partition("/")
    if behavior:
        return slice(int(histology) * 10 + int(behavior), int(histology) * 10 + int(behavior) + 1)
    first, _, last = histology.partition("-")
    return slice(int(first) * 10, int(last or first) * 10 + 10)


@cache
def _constants() -> dict[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = {}
    for name, *cells in reference.table("mph_constants.csv.gz").fill_null("").iter_rows():
        found.setdefault(name, []).append(Entry(*cells))
    return {name: tuple(entries) for name, entries in found.items()}


def entries(name: str) -> tuple[Entry, ...]:
    """The lines of a named table, in the published order.

    Raises:
        NotFound: there is no table of that name.

    >>> entries("paget_disease")[0]
    Entry(sites='', code='8540', value='')
    """
    try:
        return _constants()[name]
    except KeyError:
        raise NotFound(name, "there is no such table for the multiple primary rules") from None


def names() -> list[str]:
    """All named tables.

    >>> "duct_carcinoma" in names()
    True
    """
    return list(_constants())


@cache
def named_sites(name: str) -> Sites:
    """A named list of sites."""
    return sites(" ".join(entry.code for entry in entries(name)))


@cache
def named(name: str) -> Morphologies:
    """A named list (or all keys of a named table) of histologies and morphologies.

    >>> bool(named("paget_disease").member[85403])
    True
    """
    return _morphologies(entry.code for entry in entries(name))


@cache
def rows(name: str) -> Rows:
    """A named table whose values are rows. A histology without behavior beats one with behavior."""
    return Rows(_rows(entries(name), {}))


@cache
def editions(*names: str) -> tuple[Rows, ...]:
    """Several editions of one table: equal row numbers mean equal row names in all of them."""
    numbers: dict[str, int] = {}
    return tuple(Rows(_rows(entries(name), numbers)) for name in names)


@cache
def site_rows(name: str) -> SiteRows:
    """A named table of rows that differs by site."""
    table = np.zeros(SITES, np.int16)
    groups: dict[str, list[Entry]] = {}
    for entry in entries(name):
        groups.setdefault(entry.sites, []).append(entry)
    numbers: dict[str, int] = {}
    row = [np.zeros(MORPHOLOGIES, np.int32)]
    for number, (group, lines) in enumerate(groups.items(), start=1):
        table[sites(group).member] = number
        row.append(_rows(lines, numbers))
    return SiteRows(table, np.stack(row))


def _rows(lines: Iterable[Entry], numbers: dict[str, int]) -> NDArray[np.int32]:
    """Row number of every morphology; `numbers` names the rows and grows."""
    row = np.zeros(MORPHOLOGIES, np.int32)
    for entry in sorted(lines, key=lambda one: "/" not in one.code):
        row[_span(entry.code)] = numbers.setdefault(entry.value, len(numbers) + 1)
    return row
