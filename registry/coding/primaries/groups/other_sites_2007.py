"""All other solid tumors, diagnosed 2007-2022 (SEER Multiple Primary and Histology Rules 2007, M3-M18)."""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries.answers import Answer, Mask
from registry.coding.primaries.codes import morphologies, named, sites
from registry.coding.primaries.pairs import IN_SITU, MALIGNANT, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

OTHER_SITES = Group("mph_2007_to_2022_other_sites")

ADENOCARCINOMA = named("adenocarcinoma_nos") | named("adenocarcinoma_specific")

EXACT_PAIRED = sites(
    "C384 C400-C403 C413-C414 C441-C443 C445-C447 C471-C472 C491-C492 C569 C570 C630 C631 C754"
)
"""Paired sites that are paired only with themselves."""

WHOLE_PAIRED = ("C620-C629", "C690-C699", "C740-C749")
"""Paired organs of several subsites: testis, eye, adrenal gland."""


@OTHER_SITES.rule(
    "M3",
    SINGLE,
    question="Are both tumors adenocarcinoma (8140) of the prostate?",
    reason="Adenocarcinoma of the prostate is reported once in a lifetime.",
    examples="""
    C619 8140/2 - 2000 | C619 8140/3 - 2015 | single
    C619 8140/3 - 2015-01-01 | C619 8141/3 - 2015-01-01 | single M16
    """,
)
def prostate_adenocarcinoma(pair: Pairs) -> Mask:
    """Only the code 8140 itself."""
    return pair.both(sites("C619")) & pair.both(named("adenocarcinoma_nos"))


@OTHER_SITES.rule(
    "M4",
    SINGLE,
    question="Are both tumors retinoblastoma (9510-9513)?",
    reason="Retinoblastoma of one or both eyes is one primary.",
    examples="""
    C692 9510/3 1 2000 | C692 9513/3 2 2015 | single
    C692 9510/3 1 2015-01-01 | C692 8720/3 2 2015-01-01 | multiple M8
    """,
)
def retinoblastoma(pair: Pairs) -> Mask:
    """In any site."""
    return pair.both(named("retino_blastoma"))


@OTHER_SITES.rule(
    "M5",
    SINGLE,
    question="Are both tumors Kaposi sarcoma (9140)?",
    reason="Kaposi sarcoma is one primary, whatever its sites.",
    examples="""
    C400 9140/2 - 2000 | C619 9140/3 - 2015 | single
    C180 9140/3 - 2008 | C509 9140/3 - 2015 | single
    C449 9140/3 - 2008 | C449 8800/3 - 2015 | multiple M10
    """,
)
def kaposi(pair: Pairs) -> Mask:
    """Kaposi sarcoma of every site is in these rules, also of breast or colon."""
    return pair.both(named("kaposi_sarcoma"))


@OTHER_SITES.rule(
    "M6",
    SINGLE,
    question="Are both tumors follicular (8330/3) or papillary (8260/3) carcinoma of the thyroid, within 60 days?",
    reason="Follicular and papillary carcinoma of the thyroid within 60 days are one primary.",
    examples="""
    C739 8330/3 - 2011-01 | C739 8260/3 - 2011-02 | single
    C739 8260/3 - 2011 | C739 8260/3 - 2011 | single M18
    C739 8260/3 - 2011 | C739 8330/3 - 2011 | questionable
    C739 8340/3 - 2011-01 | C739 8330/3 - 2011-02 | multiple M17
    """,
)
def thyroid_follicular_and_papillary(pair: Pairs) -> Answer:
    """Only these two codes, and only invasive."""
    kinds = named("follicular_nos") | named("papillary_nos")
    return (pair.both(sites("C739")) & pair.both(kinds)) & pair.within_days(60)


@OTHER_SITES.rule(
    "M7",
    SINGLE,
    question="Are both tumors epithelial tumors (8000-8799) of the ovary within 60 days, of the same histology, or one "
    "unspecific (8000, 8010), or one 8441 and the other 8460 or 8461?",
    reason="Epithelial tumors of the ovaries within 60 days are one primary, also on both sides.",
    examples="""
    C569 8001/3 1 2011-01 | C569 8001/3 2 2011-02 | single
    C569 8010/3 1 2011-01 | C569 8720/3 2 2011-02 | single
    C569 8441/3 1 2011-01 | C569 8461/3 2 2011-02 | single
    C569 8001/3 1 2011-01 | C569 8001/3 2 2011 | questionable
    C569 8440/3 1 2011-01-01 | C569 8461/3 2 2011-01-01 | multiple M8
    C569 8801/3 1 2011-01-01 | C569 8801/3 2 2011-01-01 | multiple M8
    """,
)
def ovaries(pair: Pairs) -> Answer:
    """Whatever the sides are."""
    alike = pair.same("histology") | pair.either(morphologies("8000 8010"))
    alike |= pair.one_each(morphologies("8441"), morphologies("8460 8461"))
    return (pair.both(sites("C569")) & pair.both(morphologies("8000-8799")) & alike) & pair.within_days(60)


@OTHER_SITES.rule(
    "M8",
    MULTIPLE,
    question="Is one tumor in the right and one in the left of a paired site (table 1)?",
    reason="One tumor is in the right and one in the left of a paired site.",
    examples="""
    C622 8001/3 1 2011-01 | C629 8799/3 2 2011-02 | multiple
    C740 8001/3 1 2011-01 | C749 8799/3 2 2011-02 | multiple
    C622 8001/3 - 2011-01 | C629 8799/3 - 2011-02 | multiple M17
    C692 8720/3 1 2011-01-01 | C692 8720/3 9 2011-01-01 | questionable
    C400 9180/3 1 2011-01-01 | C401 9180/3 2 2011-01-01 | multiple M12
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """Subsites of testis, eye and adrenal gland are one paired organ, the others only with themselves."""
    in_one_organ = pair.both(EXACT_PAIRED) & pair.same("site")
    for organ in WHOLE_PAIRED:
        in_one_organ |= pair.both(sites(organ))
    return in_one_organ & pair.opposite_sides()


@OTHER_SITES.rule(
    "M9",
    SINGLE,
    question="Is one tumor adenocarcinoma in familial polyposis (8220), the other a polyp, both in colon or rectum, and "
    "at least one of them malignant?",
    reason="Adenocarcinoma in familial polyposis together with malignant polyps is one primary.",
    examples="""
    C199 8220/3 1 2011-01 | C209 8262/2 1 2011-02 | single
    C199 8220/2 1 2011-01 | C209 8262/2 1 2011-02 | multiple M11
    """,
)
def polyposis(pair: Pairs) -> Mask:
    """Colon itself has its own group, so these are tumors of the rectosigmoid junction and rectum."""
    malignant = (pair.a.behavior == MALIGNANT) | (pair.b.behavior == MALIGNANT)
    one_each = pair.one_each(named("familial_adenomatous_polyposis"), named("polyp"))
    return malignant & one_each & pair.both(sites("C18 C199 C209"))


OTHER_SITES.shared(
    "M10",
    common.years_apart(1),
    examples="""
    C199 8220/2 1 2015 | C209 8262/2 1 2013 | multiple
    C199 8220/2 1 2015-01 | C209 8262/2 1 2014-01 | multiple M11
    C209 8140/3 - 2015-01 | C209 8140/3 - 2014-01 | questionable
    C209 8140/3 - 2015-01-05 | C209 8140/3 - 2014-01-06 | single M18
    """,
)

OTHER_SITES.shared(
    "M11",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C199 8220/2 - 2015-01 | C209 8262/2 - 2015-01 | multiple
    C609 8070/3 - 2012-05-01 | C209 8070/3 - 2012-05-01 | multiple
    C461 8140/3 - 2015 | C462 8140/3 - 2015 | single M18
    """,
)


@OTHER_SITES.rule(
    "M12",
    MULTIPLE,
    question="Do the topography codes differ in the fourth character, in anus (C21), bones (C40, C41), skin (C44), "
    "peripheral nerves (C47) or soft tissue (C49)?",
    reason="The tumors are in different subsites of anus, bone, skin, nerves or soft tissue, which count as sites.",
    examples="""
    C471 8140/3 1 2015 | C472 8140/3 2 2015 | multiple
    C461 8140/3 1 2015 | C462 8140/3 2 2015 | single M18
    """,
)
def different_subsites(pair: Pairs) -> Mask:
    """The first three characters are the same here."""
    return pair.a.is_in(sites("C21 C40 C41 C44 C47 C49")) & (pair.a.site % 10 != pair.b.site % 10)


@OTHER_SITES.rule(
    "M13",
    SINGLE,
    question="Is one tumor an adenocarcinoma and the other a tumor in a polyp, each in situ or malignant?",
    reason="An adenocarcinoma together with a tumor in a polyp is one primary.",
    examples="""
    C209 8220/3 - 2015 | C209 8141/3 - 2015 | single
    C209 8210/3 - 2015 | C209 8263/3 - 2015 | single M14
    C209 8220/6 - 2015-01-01 | C209 8141/3 - 2015-01-01 | multiple M17
    """,
)
def adenocarcinoma_and_polyp(pair: Pairs) -> Mask:
    """Two polyps are for the next rule."""
    one_each = pair.one_each(ADENOCARCINOMA, named("polyp")) & ~pair.both(named("polyp"))
    return one_each & _in_situ_or_malignant(pair)


@OTHER_SITES.rule(
    "M14",
    SINGLE,
    question="Are both tumors in polyps, each in situ or malignant?",
    reason="Several tumors in polyps are one primary.",
    examples="""
    C209 8210/3 - 2015 | C209 8263/3 - 2015 | single
    C209 8220/3 - 2015 | C209 8222/3 - 2015 | single M18
    """,
)
def several_polyps(pair: Pairs) -> Mask:
    """Adenomatous, tubular, villous and tubulovillous polyps in any combination."""
    return pair.both(named("polyp")) & _in_situ_or_malignant(pair)


def _in_situ_or_malignant(pair: Pairs) -> Mask:
    counted = np.array([IN_SITU, MALIGNANT])
    return np.isin(pair.a.behavior, counted) & np.isin(pair.b.behavior, counted)


OTHER_SITES.shared(
    "M15",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C199 8140/3 - 2015-07 | C197 8140/2 - 2015-01 | multiple
    C199 8140/2 - 2015-07 | C197 8140/3 - 2015-01 | single M18
    C199 8140/2 - 2015 | C197 8140/3 - 2015-01 | questionable
    """,
)

OTHER_SITES.shared(
    "M16",
    common.nos_and_specific("8000", "8010", "8070", "8140", "8720", "8800"),
    examples="""
    C199 8140/2 - 2015-07 | C197 8147/3 - 2015-01 | single
    C199 8140/2 - 2015-07 | C197 8170/3 - 2015-01 | multiple M17
    """,
)

OTHER_SITES.shared(
    "M17",
    common.DIFFERENT_HISTOLOGY_GROUP,
    examples="""
    C199 8140/2 - 2015-07 | C197 8170/3 - 2015-01 | multiple
    C199 8140/2 - 2015-07 | C197 8149/3 - 2015-01 | single M18
    """,
)

OTHER_SITES.shared(
    "M18",
    common.NO_OTHER_RULE,
    examples="""
    C199 8140/2 - 2015-07 | C197 8149/3 - 2015-01 | single
    """,
)
