"""Head and neck, diagnosed 2018 and later (SEER Solid Tumor Rules, head and neck M3-M13, edition of 2026).

The manual has one table of histologies for each part: nose and sinuses (1), nasopharynx (2), larynx and
hypopharynx (3), mouth (4), oropharynx (5), salivary glands (6), jaw (7), middle ear (8), paraganglia (9).
"""

from __future__ import annotations

import numpy as np

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import REVIEW, TABLE, Answer, Mask, yes_or
from registry.coding.primaries.codes import entries, morphologies, named_sites, site_rows, sites
from registry.coding.primaries.pairs import Numbers, Pairs, Tumor
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

HEAD_AND_NECK = Group("str_2018_and_later_head_and_neck")

_ROWS, _SUBTYPES = "head_and_neck_2018_table_for_site", "head_and_neck_2018_subtypes_for_site"

PARTS = (
    ("C000 C003", "C001 C004"),  # upper and lower lip
    ("C030", "C031"),  # upper and lower gum
    ("C050", "C051", "C052"),  # hard palate, soft palate, uvula
    ("C080", "C081"),  # submandibular and sublingual gland
    ("C130", "C131", "C132"),  # postcricoid, aryepiglottic fold, posterior wall of the hypopharynx
    ("C300", "C301"),  # nasal cavity and middle ear
    ("C310", "C311", "C312", "C313"),  # maxillary, ethmoid, frontal and sphenoid sinus
    ("C320", "C321", "C322", "C323"),  # glottis, supraglottis, subglottis, laryngeal cartilage
    ("C410", "C411"),  # maxilla and mandible
    ("C754", "C755"),  # carotid and aortic body
)
"""Neighbours that differ in the fourth character only and yet are different primary sites."""


@HEAD_AND_NECK.rule(
    "M3",
    MULTIPLE,
    question="""Are the tumors in two parts that count as different organs: upper and lower lip, upper and lower
        gum, hard palate, soft palate and uvula, submandibular and sublingual gland, the three parts of the
        hypopharynx, nasal cavity and middle ear, the four sinuses, the four parts of the larynx, maxilla and
        mandible, carotid and aortic body?""",
    reason="The tumors are in neighbouring parts that count as different organs.",
    examples="""
    C000 8000/3 - 2016 | C001 8100/2 - 2019 | multiple
    C300 8000/3 - 2016 | C301 8100/2 - 2019 | multiple
    C313 8000/3 - 2016 | C310 8100/2 - 2019 | multiple
    C131 8000/3 - 2016 | C130 8100/2 - 2019 | multiple
    C754 8693/3 1 2019 | C755 8693/3 - 2019 | multiple
    C000 8070/3 - 2019-01-01 | C003 8070/3 - 2019-01-01 | single M12
    """,
)
def neighbouring_parts(pair: Pairs) -> Mask:
    """Timing and histology do not matter."""
    found = pair.none()
    for parts in PARTS:
        part_a, part_b = np.zeros(len(pair), np.int8), np.zeros(len(pair), np.int8)
        for number, part in enumerate(parts, start=1):
            part_a[pair.a.is_in(sites(part))] = number
            part_b[pair.b.is_in(sites(part))] = number
        found |= (part_a > 0) & (part_b > 0) & (part_a != part_b)
    return found


HEAD_AND_NECK.shared(
    "M4",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C000 8000/3 - 2019 | C148 8000/3 - 2019 | multiple
    C138 8070/3 - 2019 | C148 8070/3 - 2019 | multiple
    C138 8070/3 - 2019-01-01 | C139 8070/3 - 2019-01-01 | single M12
    """,
)


@HEAD_AND_NECK.rule(
    "M5",
    MULTIPLE,
    question="Is one tumor on the right and the other on the left side of a paired site?",
    reason="The tumors are on both sides of a paired site.",
    examples="""
    C312 8000/3 1 2016 | C312 8100/2 2 2019 | multiple
    C079 8550/3 1 2019-01-01 | C079 8550/3 9 2019-01-01 | questionable
    C300 8070/3 1 2019-01-01 | C300 8070/3 2 2019-01-01 | single M12
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """The nasal cavity (C300) is no paired site here, unlike in the table of all paired organs."""
    paired = pair.none()
    for entry in entries("head_and_neck_2018_paired_sites"):
        paired |= pair.both(sites(entry.code))
    return paired & pair.opposite_sides()


HEAD_AND_NECK.shared(
    "M6",
    common.years_apart(5),
    examples="""
    C147 8000/3 - 2019 | C148 8000/3 - 2010 | multiple
    C100 8070/3 - 2015-01-01 | C100 8070/3 - 2019-01-01 | single M12
    """,
)


@HEAD_AND_NECK.rule(
    "M7",
    MULTIPLE,
    question="Are the tumors two different subtypes of the table of their site?",
    reason="The tumors are two different subtypes of the table of their site, so each is a primary of its own.",
    examples="""
    C112 8071/3 - 2019 | C118 8083/3 - 2019 | multiple
    C312 8121/3 1 2019-11 | C319 8144/3 - 2019-11 | multiple
    C321 8851/3 - 2022-11 | C328 9222/3 - 2022-11 | multiple
    C112 8052/3 - 2019 | C118 8071/3 - 2019 | questionable
    C148 8070/3 - 2019 | C148 8070/3 - 2019 | questionable
    C112 8052/3 - 2019-01-01 | C118 8052/3 - 2019-01-01 | single M12
    """,
)
def different_subtypes(pair: Pairs) -> Answer:
    """Sites without a table, and histologies that are not in it (unless they are equal), end the search."""
    row_a, row_b = solid.row_pair(pair, site_rows(_ROWS))
    without = (_table(pair.a, _ROWS) == 0) | (_table(pair.b, _ROWS) == 0)
    one_table = ~without & _one_table(pair, _ROWS)
    absent = one_table & ((row_a == 0) | (row_b == 0))
    subtypes = one_table & ~absent & _one_table(pair, _SUBTYPES)
    yes = subtypes & solid.apart(pair, _SUBTYPES, site_rows(_SUBTYPES))
    return yes_or(yes, without | (absent & ~pair.same("histology")), TABLE)


def _table(tumor: Tumor, name: str) -> Numbers:
    """Number of the table of the tumor's site, 0 = none."""
    return site_rows(name).table[tumor.site]


def _one_table(pair: Pairs, name: str) -> Mask:
    return (_table(pair.a, name) > 0) & (_table(pair.a, name) == _table(pair.b, name))


@HEAD_AND_NECK.rule(
    "M8",
    MULTIPLE,
    question="Are the tumors in parts with different tables, or on different rows of their table?",
    reason="The sites have different tables, or the histologies are on different rows of the table.",
    examples="""
    C130 8041/3 - 2019-01-05 | C139 8070/3 - 2019-03-05 | multiple
    C021 8070/3 - 2019-01-05 | C024 8070/3 - 2019-01-05 | multiple
    C479 8690/3 - 2019-11 | C479 8692/3 - 2019-11 | multiple
    C479 8690/3 - 2019-11 | C479 8693/3 - 2019-11 | questionable
    C130 8560/3 - 2019-01-05 | C139 8070/3 - 2019-03-05 | single M12
    """,
)
def different_rows(pair: Pairs) -> Answer:
    """8690 was the code of several paragangliomas before 2021: two of them need a look."""
    one_table = _one_table(pair, _ROWS)
    paraganglia = pair.both(named_sites("head_and_neck_2018_table9_sites"))
    older = one_table & paraganglia & pair.one_each(morphologies("8690"), morphologies("8690 8693"))
    yes = ~one_table | (one_table & ~older & solid.apart(pair, _ROWS, site_rows(_ROWS)))
    return yes_or(yes, older, REVIEW)


HEAD_AND_NECK.shared(
    "M9",
    common.IN_SITU_AFTER_INVASIVE,
    examples="""
    C100 8071/3 - 2019-01 | C100 8071/2 - 2019-03 | single
    C100 8071/3 - 2019-01 | C100 8071/6 - 2019-03 | single M12
    """,
)

HEAD_AND_NECK.shared(
    "M10",
    common.INVASIVE_SOON_AFTER_IN_SITU,
    examples="""
    C100 8070/2 1 2019-01-05 | C100 8071/3 2 2019-02-05 | single
    C100 8070/2 1 2018 | C100 8071/3 2 2019 | questionable
    C100 8070/2 1 2019-01-05 | C100 8071/3 2 2019-06-05 | multiple M11
    """,
)

HEAD_AND_NECK.shared(
    "M11",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C100 8070/3 - 2019-06 | C100 8071/2 - 2018-07 | multiple
    C100 8070/3 - 2019-06 | C100 8071/3 - 2018-07 | single M12
    """,
)


@HEAD_AND_NECK.rule(
    "M12",
    SINGLE,
    question="Are the tumors in sites with one table, and on the same row of it?",
    reason="The histologies are on one row of the table of the site: one histology, or an NOS and its subtype.",
    examples="""
    C100 8071/3 - 2018-06 | C100 8071/3 - 2019-06 | single
    C328 9220/3 - 2022-11 | C321 9222/3 - 2022-11 | single
    C479 8692/3 - 2019-11 | C479 8692/3 - 2019-11 | single
    C130 8075/3 - 2019-11 | C130 8075/6 - 2019-11 | questionable
    """,
)
def same_row(pair: Pairs) -> Answer:
    """Timing does not matter; a histology outside the table must have the same behavior too."""
    row_a, row_b = solid.row_pair(pair, site_rows(_ROWS))
    one_table = _one_table(pair, _ROWS)
    absent = one_table & ((row_a == 0) | (row_b == 0))
    alike = one_table & ~absent & ~solid.apart(pair, _ROWS, site_rows(_ROWS))
    code = absent & pair.same("morphology")
    return yes_or(alike | code, absent & ~code, TABLE)


HEAD_AND_NECK.shared(
    "M13",
    common.NO_OTHER_RULE,
    # M7, M8 and M12 leave no pair
    examples="""
    C100 8070/3 - 2018-06 | C100 8070/3 - 2019-06 | single M12
    """,
)
