"""Malignant and in situ solid tumors, diagnosed 2006 and earlier (SEER Program Manual 2004, pages 10-15)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from registry.coding.primaries import common
from registry.coding.primaries.answers import DATE, SIDE, Answer, Mask
from registry.coding.primaries.codes import named, named_sites, sites
from registry.coding.primaries.pairs import MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

SOLID = Group("2006_and_earlier_solid_malignant")

ADENOCARCINOMA = named("adenocarcinoma_nos") | named("adenocarcinoma_specific")
TRANSITIONAL = named("transitional_cell_carcinoma") | named("papillary_transitional_cell_carcinoma")
DUCT_OR_LOBULAR = named("duct_carcinoma") | named("lobular_carcinoma")
PAGET_OR_DUCT = named("paget_disease") | named("duct_carcinoma") | named("intraductal_carcinoma")

ORGANS = (
    *("tongue", "mouth", "salivary", "oropharynx", "hypopharynx", "biliary", "sinus", "lung"),
    *("mediastinum", "female_genital", "ovary_or_female_genital", "male_genital"),
    *("kidney_or_urinary", "endocrine"),
)
"""Lists of sites of more than one code that count as one site."""


@cache
def _organs() -> NDArray[np.uint16]:
    return common.bits([named_sites(name) for name in ORGANS])


def same_site(pair: Pairs) -> Mask:
    """The same organ: first three characters, all four in some organs (colon, skin, bone ...), or one list."""

    def work() -> Mask:
        a, b = pair.a.site, pair.b.site
        same = pair.same_site_group() & ~pair.a.is_in(named_sites("exact_match_sites"))
        return same | pair.same("site") | ((_organs()[a] & _organs()[b]) != 0)

    return pair.once("2004 same site", work)


def same_histology(pair: Pairs) -> Mask:
    """First three digits, but small cell and non-small cell carcinoma differ."""

    def work() -> Mask:
        apart = pair.one_each(named("small_cell_carcinoma"), named("non_small_cell_carcinoma"))
        return pair.same_histology_group() & ~apart

    return pair.once("2004 same histology", work)


def paired(pair: Pairs) -> Mask:
    """Both tumors are in paired sites."""
    return pair.once("2004 paired", lambda: pair.both(named_sites("all_paired_sites")))


def same_side_if_paired(pair: Pairs) -> Answer:
    """Each side of a paired organ is a site of its own."""
    return ~paired(pair) | pair.same_side()


def bilateral_exception(pair: Pairs) -> Mask:
    """Both sides together are one primary: ovary, retinoblastoma, Wilms tumor."""
    ovary = pair.both(named_sites("ovary"))
    return ovary | pair.both(named("retino_blastoma")) | pair.both(named("wilms"))


def mixed_exception(pair: Pairs) -> Mask:
    """Different histologies that are one primary: unspecific and specific, thyroid, bladder, breast."""
    one = pair.none()
    for kind in ("carcinoma", "adenocarcinoma", "melanoma", "sarcoma"):
        one |= pair.one_each(named(f"{kind}_nos"), named(f"{kind}_specific"))
    thyroid = pair.both(sites("C739")) & pair.both(named("follicular") | named("papillary"))
    bladder = pair.both(sites("C67")) & pair.both(TRANSITIONAL | named("papillary_carcinoma"))
    breast = pair.both(sites("C50")) & (pair.both(DUCT_OR_LOBULAR) | pair.both(PAGET_OR_DUCT))
    return one | thyroid | bladder | breast


@SOLID.rule(
    "M1",
    SINGLE,
    question="Is it a single lesion of one histologic type?",
    reason="A single lesion of one histologic type is one primary, also when it crosses the borders of sites.",
    # two abstracted tumors are two lesions: only the record tells otherwise
    examples="""
    C180 8140/3 - 2004-01-01 | C180 8140/3 - 2004-01-01 | single M3
    """,
)
def single_lesion(pair: Pairs) -> Mask:
    """The codes do not tell."""
    return pair.none()


@SOLID.rule(
    "M2",
    SINGLE,
    question="Is it a single lesion of several histologic types?",
    reason="A single lesion of several histologic types is one primary, also when it crosses the borders of sites.",
    examples="""
    C220 8170/3 - 2004-01-01 | C220 8246/3 - 2004-01-01 | multiple M6
    """,
)
def single_mixed_lesion(pair: Pairs) -> Mask:
    """The codes do not tell."""
    return pair.none()


@SOLID.rule(
    "M3",
    SINGLE,
    question="Are they of one histologic type, in one site (and side of a paired organ), within two months?",
    reason="Lesions of one histologic type in one site within two months are one primary.",
    examples="""
    C515 9384/3 1 2006-01 | C579 9380/3 1 2006-02 | single
    C515 9384/3 1 2006-07 | C579 9380/3 1 2006-08 | questionable
    C090 8100/3 1 2004-01-01 | C090 8100/2 0 2004-01-01 | questionable
    C090 8100/3 1 2004-01-01 | C090 8100/2 1 2004-01-01 | single
    C180 9384/3 1 2006 | C181 9380/3 1 2006 | multiple M10
    """,
)
def simultaneous_same_histology(pair: Pairs) -> Answer:
    """Two months are 60 days."""
    return (same_site(pair) & same_histology(pair)) & pair.within_days(60) & same_side_if_paired(pair)


def _both_sides(pair: Pairs) -> Answer:
    together = same_site(pair) & same_histology(pair) & paired(pair)
    return together & pair.within_days(60) & pair.opposite_sides()


@SOLID.rule(
    "M4",
    SINGLE,
    question="Are both sides involved within two months, by one histologic type of the ovary, retinoblastoma or Wilms "
    "tumor?",
    reason="Both ovaries, retinoblastomas of both eyes and Wilms tumors of both kidneys are one primary.",
    examples="""
    C569 9384/3 1 2006-06 | C569 9380/3 2 2006-06 | single
    C692 9510/3 1 2006-06 | C692 9513/3 2 2006-06 | single
    C649 8960/3 1 2006-06 | C649 8960/3 2 2006-06 | single
    """,
)
def both_sides_exception(pair: Pairs) -> Answer:
    """The exceptions of the next rule, asked first."""
    return bilateral_exception(pair) & _both_sides(pair)


@SOLID.rule(
    "M4",
    MULTIPLE,
    question="Are both sides of a paired organ involved by one histologic type within two months?",
    reason="Each side of a paired organ is a primary, unless a physician calls one the metastasis of the other.",
    examples="""
    C080 9384/3 1 2006-06 | C081 9380/3 2 2006-06 | multiple
    C080 9384/3 1 2006 | C081 9380/3 2 2006 | questionable
    C080 8550/3 1 2004 | C081 8550/3 2 2006 | multiple M5
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """Ovary, retinoblastoma and Wilms tumor are one primary."""
    return ~bilateral_exception(pair) & _both_sides(pair)


@SOLID.rule(
    "M5",
    SINGLE,
    question="Are both invasive adenocarcinoma of the prostate, invasive transitional cell carcinoma (8120-8131) of the "
    "bladder, or Kaposi sarcoma (9140)?",
    reason="Adenocarcinoma of the prostate, transitional cell carcinoma of the bladder and Kaposi sarcoma are reported "
    "once.",
    examples="""
    C619 8330/3 - 2006 | C619 8333/3 - 2004 | single
    C679 8131/3 - 2006 | C672 8130/3 - 2004 | single
    C230 9140/3 - 2006 | C449 9140/3 - 2004 | single
    """,
)
def reported_once(pair: Pairs) -> Mask:
    """An in situ tumor makes prostate and bladder ordinary sites."""
    malignant = pair.both_behavior(MALIGNANT)
    prostate = pair.both(named_sites("prostate")) & pair.both(ADENOCARCINOMA)
    bladder = pair.both(sites("C67")) & pair.both(TRANSITIONAL)
    return (malignant & (prostate | bladder)) | pair.both(named("kaposi_sarcoma"))


@SOLID.rule(
    "M5",
    MULTIPLE,
    question="Are they of one histologic type, in one site, more than two months apart?",
    reason="A tumor of the same type in the same site more than two months later is a new primary.",
    examples="""
    C380 9384/3 - 2006 | C371 9380/3 - 2004 | multiple
    C679 8330/3 - 2006 | C672 8333/3 - 2004 | multiple
    C384 9384/3 - 2006 | C371 9380/3 - 2004 | multiple M10
    C619 8330/2 - 2006 | C619 8333/3 - 2004 | multiple
    """,
)
def later_same_histology(pair: Pairs) -> Answer:
    """Prostate, bladder and Kaposi sarcoma were decided before."""
    return same_site(pair) & same_histology(pair) & pair.more_than_days(60)


def _simultaneous_different(pair: Pairs) -> Answer:
    return (same_site(pair) & ~same_histology(pair)) & pair.within_days(60) & same_side_if_paired(pair)


@SOLID.rule(
    "M6",
    SINGLE,
    question="Are they of different histologic types in one site within two months, but one type unspecific (carcinoma, "
    "adenocarcinoma, melanoma, sarcoma, NOS), or a known mixture of thyroid, bladder or breast?",
    reason="One type is only the less specific name of the other, or both are commonly found together in this organ: "
    "one primary.",
    examples="""
    C080 8010/3 2 2004-04 | C081 8243/3 2 2004-04 | single
    C080 8720/3 2 2004-04 | C081 8789/3 2 2004-04 | single
    C671 8120/2 2 2004-04 | C679 8130/3 2 2004-04 | single
    C501 8035/3 2 2004-04 | C509 8522/3 2 2004-04 | single
    C501 8503/3 2 2004-04 | C509 8542/3 2 2004-04 | single
    C739 8330/3 - 2004-04 | C739 8260/3 - 2004-04 | single
    """,
)
def simultaneous_mixed_exception(pair: Pairs) -> Answer:
    """The exceptions of the next rule, asked first."""
    return mixed_exception(pair) & _simultaneous_different(pair)


@SOLID.rule(
    "M6",
    MULTIPLE,
    question="Are they of different histologic types, in one site (and side of a paired organ), within two months?",
    reason="Lesions of different histologic types in one site are different primaries.",
    examples="""
    C380 8045/3 - 2004-04 | C371 8046/3 - 2004-04 | multiple
    C080 8045/3 2 2004-04 | C081 8046/3 2 2004-04 | multiple
    C671 8120/3 2 2004-04 | C209 8130/3 2 2004-04 | multiple M9
    C739 8331/3 - 2004-04 | C739 8052/3 - 2004-04 | multiple
    """,
)
def simultaneous_mixed(pair: Pairs) -> Answer:
    """Unless they are one of the exceptions."""
    return ~mixed_exception(pair) & _simultaneous_different(pair)


@SOLID.rule(
    "M7",
    MULTIPLE,
    question="Are they of different histologic types, on different sides of a paired organ, within two months?",
    reason="Different histologic types on the two sides of a paired organ are different primaries.",
    examples="""
    C080 8045/3 1 2004-04 | C081 8046/3 2 2004-04 | multiple
    C501 8500/3 1 2004-04 | C509 8520/3 2 2004-04 | multiple
    C080 8045/3 1 2006-04 | C081 8046/3 2 2004-04 | multiple M8
    C501 8500/3 1 2004-04 | C509 8520/3 9 2004-04 | questionable M6
    """,
)
def simultaneous_mixed_sides(pair: Pairs) -> Answer:
    """A missing side, then a missing date, leaves the question open, whatever the other says."""
    within = pair.within_days(60)
    together = same_site(pair) & ~same_histology(pair) & paired(pair) & within.possible()
    no_side = together & ~pair.sides_known()
    missing = together * (within.missing & np.uint8(DATE)) | no_side * np.uint8(SIDE)
    return Answer(together & (missing == 0) & pair.opposite(), missing)


@SOLID.rule(
    "M8",
    MULTIPLE,
    question="Are they of different histologic types, in one site, more than two months apart?",
    reason="A tumor of another histologic type in the same site more than two months later is a new primary.",
    examples="""
    C080 8045/3 1 2006-04 | C081 8046/3 2 2004-04 | multiple
    C180 8045/3 1 2006-04 | C181 8046/3 2 2004-04 | multiple M9
    """,
)
def later_different_histology(pair: Pairs) -> Answer:
    """Two months are 60 days."""
    return (same_site(pair) & ~same_histology(pair)) & pair.more_than_days(60)


@SOLID.rule(
    "M9",
    MULTIPLE,
    question="Are they of different histologic types, in different sites?",
    reason="Different histologic types in different sites are different primaries, at any time.",
    examples="""
    C180 8045/3 1 2006-04 | C181 8046/3 2 2004-04 | multiple
    C180 8045/3 1 2004-04 | C181 8045/3 2 2004-04 | multiple M10
    """,
)
def different_histology_and_site(pair: Pairs) -> Mask:
    """Whatever the dates and sides."""
    return ~same_site(pair) & ~same_histology(pair)


@SOLID.rule(
    "M10",
    MULTIPLE,
    question="Are they of one histologic type, in different sites?",
    reason="One histologic type in different sites makes different primaries, unless one is stated to be metastatic.",
    examples="""
    C180 8045/3 1 2004-04 | C181 8045/3 2 2004-04 | multiple
    """,
)
def different_site(pair: Pairs) -> Mask:
    """Whatever the dates and sides."""
    return ~same_site(pair) & same_histology(pair)


SOLID.shared(
    "M10",
    common.NO_OTHER_RULE,
    # only a pair with an unanswered rule comes here: it is questionable at that rule, or single like it
    examples="""
    C515 9384/3 1 2006-07 | C579 9380/3 1 2006-08 | questionable M3
    """,
)
