"""Rules that several groups of the manuals share, with their texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import Morphologies, Sites, entries, morphologies
from registry.coding.primaries.pairs import IN_SITU, MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Shared


def _no_other_rule(pair: Pairs) -> Mask:
    return ~pair.none()


NO_OTHER_RULE = Shared(
    SINGLE,
    "Does none of the rules above fit?",
    "No rule makes these tumors multiple primaries, so they are one primary.",
    _no_other_rule,
)

DIFFERENT_SITE_GROUP = Shared(
    MULTIPLE,
    "Do the topography codes differ in the second or third character (C?xx, Cx?x)?",
    "The tumors are in different organs (topography differs in the second or third character).",
    lambda pair: ~pair.same_site_group(),
)

DIFFERENT_SITE = Shared(
    MULTIPLE,
    "Do the topography codes differ in any character?",
    "The tumors are in different subsites (topography differs in the second, third or fourth character).",
    lambda pair: ~pair.same("site"),
)

DIFFERENT_HISTOLOGY_GROUP = Shared(
    MULTIPLE,
    "Do the histologies differ in the first, second or third digit?",
    "The histologies are of different kinds (they differ in one of the first three digits).",
    lambda pair: ~pair.same_histology_group(),
)


def years_apart(years: int) -> Shared:
    """Multiple primaries when this number of years lies between the diagnoses."""
    text = {1: "one year", 3: "three years", 5: "five years"}[years]
    return Shared(
        MULTIPLE,
        f"Is one tumor diagnosed more than {text} after the other?",
        f"More than {text} lie between the diagnoses, so the later tumor is a new primary.",
        lambda pair: pair.years_apart(years),
    )


def _invasive_after_in_situ(pair: Pairs) -> Answer:
    """The invasive tumor is later and more than 60 days lie between; each part may be unknown."""
    invasive_later = pair.later_is(pair.a.behavior == MALIGNANT, pair.b.behavior == MALIGNANT)
    return pair.in_situ_and_invasive() & invasive_later & pair.more_than_days(60)


INVASIVE_AFTER_IN_SITU = Shared(
    MULTIPLE,
    "Is an invasive tumor diagnosed more than 60 days after an in situ tumor?",
    "The invasive tumor came more than 60 days after the in situ tumor: it is a new primary, so that it "
    "counts as an incident invasive case.",
    _invasive_after_in_situ,
)


def _invasive_soon_after_in_situ(pair: Pairs) -> Answer:
    """Within 60 days, unless the invasive tumor is known to be the earlier one; one day counts too."""
    invasive_first = pair.later_is(pair.a.behavior == IN_SITU, pair.b.behavior == IN_SITU).yes
    return pair.in_situ_and_invasive() & ~invasive_first & pair.within_days(60)


INVASIVE_SOON_AFTER_IN_SITU = Shared(
    SINGLE,
    "Is an invasive tumor diagnosed within 60 days after an in situ tumor?",
    "The invasive tumor came within 60 days after the in situ tumor: they are one primary, coded as invasive.",
    _invasive_soon_after_in_situ,
)


def _in_situ_after_invasive(pair: Pairs) -> Answer:
    in_situ_later = pair.later_is(pair.a.behavior == IN_SITU, pair.b.behavior == IN_SITU)
    return pair.in_situ_and_invasive() & in_situ_later


IN_SITU_AFTER_INVASIVE = Shared(
    SINGLE,
    "Is an in situ tumor diagnosed after an invasive tumor?",
    "The in situ tumor came after the invasive tumor and belongs to it.",
    _in_situ_after_invasive,
)


def opposite_sides_of(sites: Sites, organ: str) -> Shared:
    """Multiple primaries on both sides of a paired organ whose subsites are all in `sites`."""
    return Shared(
        MULTIPLE,
        f"Are there tumors in both the right and the left {organ}?",
        f"One tumor is in the right and one in the left {organ}.",
        lambda pair: pair.both(sites) & pair.opposite_sides(),
    )


def nos_and_specific(*nos: str) -> Shared:
    """One primary when one tumor has one of these unspecific histologies and the other a specific one of it."""
    listed = ", ".join(f"{_NOS[code]} ({code})" for code in nos)
    return Shared(
        SINGLE,
        f"Is one histology unspecific and the other a specific one of its kind: {listed}?",
        "One histology is only the less specific name of the other.",
        lambda pair: _nos_and_specific(pair, nos),
    )


_NOS = {
    "8000": "cancer, NOS",
    "8010": "carcinoma, NOS",
    "8070": "squamous cell carcinoma, NOS",
    "8140": "adenocarcinoma, NOS",
    "8312": "renal cell carcinoma, NOS",
    "8720": "melanoma, NOS",
    "8800": "sarcoma, NOS",
}


def _nos_and_specific(pair: Pairs, nos: tuple[str, ...]) -> Mask:
    unspecific, specific = _kinds(nos)
    a, b = pair.a.morphology, pair.b.morphology
    return ((unspecific[a] & specific[b]) | (unspecific[b] & specific[a])) != 0


@cache
def _kinds(nos: tuple[str, ...]) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """A bit for each unspecific histology: (those that a morphology is, those that it is a specific one of)."""
    specific_of = {entry.code: entry.value.split("|") for entry in entries("nos_vs_specific")}
    kinds = [(morphologies(code), morphologies(" ".join(specific_of[code]))) for code in nos]
    return bits([one for one, _ in kinds]), bits([other for _, other in kinds])


def bits(sets: Sequence[Morphologies | Sites]) -> NDArray[np.uint16]:
    """Membership in several sets as bits of one number a code: sets share a code where `a & b` is not 0."""
    found = np.zeros(len(sets[0].member), np.uint16)
    for number, one in enumerate(sets):
        found |= one.member.astype(np.uint16) << number
    return found


def following(later: str, earlier: str, question: str, reason: str) -> Shared:
    """One primary when the tumor of morphology `later` is diagnosed after that of `earlier`."""

    def follows(pair: Pairs) -> Answer:
        one, other = morphologies(later), morphologies(earlier)
        return pair.one_each(one, other) & pair.later_is(pair.a.is_in(one), pair.b.is_in(one))

    return Shared(SINGLE, question, reason, follows)
