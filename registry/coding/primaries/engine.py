"""Finds the group of each pair and asks its rules, all pairs of a group at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from registry.coding import reference
from registry.coding.primaries import codes, reading
from registry.coding.primaries.answers import STOPS, Answer
from registry.coding.primaries.pairs import SAME_DAY, Numbers, Pairs
from registry.coding.primaries.rule import INVALID, MULTIPLE, QUESTIONABLE, RESULTS, SINGLE, Group, Rule

OPEN = 0
_SINGLE, _MULTIPLE, _QUESTIONABLE, _INVALID = (
    RESULTS.index(one) for one in (SINGLE, MULTIPLE, QUESTIONABLE, INVALID)
)

NO_GROUP, OTHER_GROUP, SAME_CODES, UNUSABLE = -1, -2, -3, -4
"""Why a pair has no rule: no rules for a tumor, different groups, equal codes, unusable codes."""

REASONS = 4
"""How many of these reasons there are."""

_WORTH = 0.7
"""Decided pairs are left out of the arrays once fewer than this share is open."""


@dataclass
class Decisions:
    """What was decided, one element a pair.

    Attributes:
        result: index in `RESULTS`.
        group: index in `group_ids()`; negative: NO_GROUP, OTHER_GROUP, SAME_CODES or UNUSABLE.
        rule: index in the group's rules, -1 when no rule decided.
        missing: what is missing (see `answers`) where the result is questionable.
        which: 1 or 2, the tumor that is meant by NO_GROUP and UNUSABLE.
    """

    result: NDArray[np.uint8]
    group: NDArray[np.int16]
    rule: NDArray[np.int16]
    missing: NDArray[np.uint8]
    which: NDArray[np.uint8]


def decide(frame: pl.DataFrame, groups: dict[str, Group], today: date) -> Decisions:
    """Compare the tumors of every pair; see `registry.coding.primaries.compare_tumors`."""
    columns, usable_1, usable_2 = reading.read(frame, today)
    pairs = Pairs(columns)
    size = len(pairs)
    found = Decisions(
        np.zeros(size, np.uint8),
        np.zeros(size, np.int16),
        np.full(size, -1, np.int16),
        np.zeros(size, np.uint8),
        np.zeros(size, np.uint8),
    )
    usable = usable_1 & usable_2
    year = np.maximum(pairs.a.year, pairs.b.year)
    group_1, group_2 = (
        _groups_of(pairs.a.site, pairs, "_1", year),
        _groups_of(pairs.b.site, pairs, "_2", year),
    )
    same = usable & (group_1 == group_2) & (group_1 >= 0)
    found.group[:] = np.where(same, group_1, OTHER_GROUP)
    found.result[:] = np.where(same, OPEN, _MULTIPLE)
    _without_group(found, pairs, usable, group_1, group_2)
    found.group[~usable] = UNUSABLE
    found.result[~usable] = _INVALID
    found.which[~usable] = np.where(usable_1, 2, 1)[~usable]
    for number, name in enumerate(group_ids()):
        rows = np.flatnonzero(found.group == number)
        if len(rows):
            _ask(found, groups[name].rules if name in groups else [], pairs, rows)
    return found


def _without_group(
    found: Decisions, pairs: Pairs, usable: NDArray[np.bool_], group_1: Numbers, group_2: Numbers
) -> None:
    """Pairs of which a tumor has no rules (a benign skin tumor): questionable, unless they are equal."""
    rows = np.flatnonzero(usable & ((group_1 < 0) | (group_2 < 0)))
    if not len(rows):
        return
    pair = pairs.take(rows)
    equal = pair.same("site") & pair.same("morphology") & pair.same("laterality") & (pair.a.laterality >= 0)
    equal &= (pair.order() == SAME_DAY) & (group_1[rows] < 0) & (group_2[rows] < 0)
    found.result[rows] = np.where(equal, _SINGLE, _QUESTIONABLE)
    found.group[rows] = np.where(equal, SAME_CODES, NO_GROUP)
    found.which[rows] = np.where(group_1[rows] < 0, 1, 2)


def _ask(found: Decisions, rules: list[Rule], pairs: Pairs, rows: Numbers) -> None:
    """Ask the rules of one group in order, until every pair is decided.

    A question that cannot be answered does not end the search: if the rule that decides later has the
    same result, that stands; otherwise the pair is questionable at the first unanswered rule.
    """
    pair = pairs.take(rows)
    pending = np.zeros(len(rows), np.uint8)
    pending_rule = np.zeros(len(rows), np.int16)
    pending_missing = np.zeros(len(rows), np.uint8)
    still = np.ones(len(rows), bool)
    for number, rule in enumerate(rules):
        result = RESULTS.index(rule.result)
        answer = rule.predicate(pair)
        yes = answer.yes if isinstance(answer, Answer) else answer
        ended = yes & still
        final = np.where(ended, np.uint8(result), np.uint8(OPEN))
        if isinstance(answer, Answer) and answer.missing.any():
            stopped = still & ((answer.missing & STOPS) != 0)
            final[stopped] = _QUESTIONABLE
            missing = still & (answer.missing != 0) & ~stopped
            clash = missing & (pending != 0) & (pending != result)
            ended = ended | stopped | clash
            first = missing & (pending == 0)
            pending[first], pending_rule[first] = result, number
            pending_missing[first] = answer.missing[first]
            found.missing[rows[stopped]] = answer.missing[stopped]
        _settle(found, rows, number, np.flatnonzero(ended), final, (pending, pending_rule, pending_missing))
        still &= ~ended
        share = np.count_nonzero(still)
        if not share:
            return
        if share < _WORTH * len(rows):
            keep = np.flatnonzero(still)
            pair, rows, still = pair.take(keep), rows[keep], np.ones(share, bool)
            pending, pending_rule, pending_missing = pending[keep], pending_rule[keep], pending_missing[keep]
    found.result[rows[still]] = _QUESTIONABLE


def _settle(
    found: Decisions,
    rows: Numbers,
    number: int,
    ended: Numbers,
    final: NDArray[np.uint8],
    pending: tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.uint8]],
) -> None:
    """Write the decisions of one rule for the pairs at `ended`."""
    before, rule, missing = (one[ended] for one in pending)
    result, where = final[ended], rows[ended]
    agrees = (before == 0) | (before == result)
    found.result[where] = np.where(agrees, result, _QUESTIONABLE)
    found.rule[where] = np.where(agrees, number, rule)
    found.missing[where] = np.where(agrees, found.missing[where], missing)


@cache
def group_ids() -> list[str]:
    """All group ids in the order in which a pair looks for its group."""
    return reference.table("mph_groups.csv")["group_id"].unique(maintain_order=True).to_list()


_BEHAVIORS = 10


@cache
def _group_table() -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]:
    """(group of [site class, histology class, behavior, year class], class of site, histology, year).

    Sites, histologies and years that no group tells apart share a class, which keeps the table small.
    """
    groups = reference.table("mph_groups.csv").fill_null("").to_dicts()
    site = np.stack([codes.sites(one["sites"] or "C000-C999").member for one in groups])
    histology = np.stack([_histologies(one) for one in groups])
    behavior = np.stack([_spans(one["behaviors"], _BEHAVIORS) for one in groups])
    year = np.stack([_spans(one["years"], 10_000) for one in groups])
    site_class, sites = _classes(site)
    histology_class, histologies = _classes(histology)
    year_class, years = _classes(year)
    fits = (
        sites[:, :, None, None, None]
        & histologies[:, None, :, None, None]
        & behavior[:, None, None, :, None]
        & years[:, None, None, None, :]
    )
    number = np.array([group_ids().index(one["group_id"]) for one in groups])
    group = np.where(fits.any(axis=0), number[fits.argmax(axis=0)], -1).astype(np.int16)
    return group, site_class, histology_class, year_class


def _histologies(group: dict[str, str]) -> NDArray[np.bool_]:
    if group["histologies"]:
        return _spans(group["histologies"], 10_000)
    return ~_spans(group["without_histologies"], 10_000)


def _spans(text: str, size: int) -> NDArray[np.bool_]:
    member = np.zeros(size, bool)
    for part in text.split():
        first, _, last = part.partition("-")
        member[int(first) : int(last or first) + 1] = True
    return member


def _classes(member: NDArray[np.bool_]) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """(class of each code, member[group, class]) for member[group, code]."""
    classes, number = np.unique(member, axis=1, return_inverse=True)
    return number.ravel().astype(np.int16), classes


def _groups_of(site: Numbers, pairs: Pairs, suffix: str, year: Numbers) -> NDArray[np.int16]:
    """Group of a tumor by the later year of its pair; -1 when no rules are made for it."""
    group, site_class, histology_class, year_class = _group_table()
    return group[
        site_class[site],
        histology_class[pairs.column("histology" + suffix)],
        pairs.column("behavior" + suffix),
        year_class[year],
    ]
