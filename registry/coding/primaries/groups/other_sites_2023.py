"""All organs without rules of their own, diagnosed 2023 and later (SEER Solid Tumor Rules, other sites M3-M21, 2026)."""

from __future__ import annotations

from registry.coding.primaries import common
from registry.coding.primaries import common_2018 as solid
from registry.coding.primaries.answers import TABLE, Answer, Mask, yes_or
from registry.coding.primaries.codes import morphologies, named, site_rows, sites
from registry.coding.primaries.pairs import IN_SITU, MALIGNANT, Numbers, Pairs
from registry.coding.primaries.rule import MULTIPLE, SINGLE, Group

OTHER_SITES = Group("str_2023_and_later_other_sites")

_ROWS, _SUBTYPES = "other_sites_2023_table_rows_for_site", "other_sites_2023_table_subtypes_for_site"
_PROSTATE, _THYROID, _OVARY = "C619", "C739", "C569"


@OTHER_SITES.rule(
    "M3",
    SINGLE,
    question="Are both tumors acinar adenocarcinoma of the prostate (8140) or a subtype of it?",
    reason="Acinar adenocarcinoma of the prostate is one primary for life.",
    examples="""
    C619 8140/2 - 2015 | C619 8140/3 - 2023 | single
    C619 8490/3 - 2023 | C619 8572/3 - 2023 | single
    C619 8490/2 - 2023-01 | C619 8572/2 - 2023-05 | multiple M17
    C619 8140/3 - 2019 | C619 8041/3 - 2023 | multiple M4
    """,
)
def prostate(pair: Pairs) -> Mask:
    """8140 and 8500 of any behavior, the others only invasive."""
    return pair.both(sites(_PROSTATE)) & pair.both(named("adenocarcinoma_prostate_subtypes"))


SMALL_CELL = "8041/3"
ACINAR = "8140/2 8140/3 8201/3 8230/3 8260/3 8480/3 8490/3 8500/3 8572/3 8574/3"


@OTHER_SITES.rule(
    "M4",
    MULTIPLE,
    question="""Is a small cell carcinoma (8041/3) of the prostate diagnosed after an acinar adenocarcinoma or a
        subtype of it?""",
    reason="A small cell carcinoma of the prostate after an adenocarcinoma is a new primary.",
    examples="""
    C619 8140/3 - 2019 | C619 8041/3 - 2023 | multiple
    C619 8140/3 - 2023-02-01 | C619 8041/3 - 2023-01-01 | multiple M19
    C619 8574/3 - 2023 | C619 8041/3 - 2023 | multiple M19
    """,
)
def small_cell_of_prostate(pair: Pairs) -> Answer:
    """The manual says more than one year after; the order alone decides, earlier ones differ in their rows."""
    asked = pair.both(sites(_PROSTATE)) & pair.one_each(morphologies(SMALL_CELL), morphologies(ACINAR))
    return asked & pair.later_is(
        pair.a.is_in(morphologies(SMALL_CELL)), pair.b.is_in(morphologies(SMALL_CELL))
    )


@OTHER_SITES.rule(
    "M5",
    SINGLE,
    question="Are both tumors retinoblastoma?",
    reason="Retinoblastoma is one primary, in one eye and in both.",
    examples="""
    C692 9510/3 1 2023 | C692 9513/3 2 2024 | single
    C692 9510/3 1 2023 | C692 8720/3 2 2023 | multiple M10
    """,
)
def retinoblastoma(pair: Pairs) -> Mask:
    """The side does not matter."""
    return pair.both(named("retino_blastoma"))


@OTHER_SITES.rule(
    "M6",
    SINGLE,
    question="Are both tumors Kaposi sarcoma?",
    reason="Kaposi sarcoma is one primary in whatever sites.",
    examples="""
    C400 9140/3 - 2023 | C619 9140/3 - 2024 | single
    C400 9140/3 - 2023 | C619 8140/3 - 2023 | multiple M13
    """,
)
def kaposi(pair: Pairs) -> Mask:
    """Site and time do not matter."""
    return pair.both(named("kaposi_sarcoma"))


@OTHER_SITES.rule(
    "M7",
    SINGLE,
    question="Are both tumors follicular or papillary carcinoma of the thyroid, diagnosed within 60 days?",
    reason="Follicular and papillary carcinomas of the thyroid that came together are one primary.",
    examples="""
    C739 8340/3 - 2023-01 | C739 8340/3 - 2023-02 | single
    C739 8260/3 - 2023-01-01 | C739 8330/3 - 2023-02-01 | single
    C739 8260/3 - 2023-01-01 | C739 8330/3 - 2023-05-01 | multiple M19
    """,
)
def follicular_and_papillary(pair: Pairs) -> Answer:
    """All kinds of Table 12."""
    kinds = named("follicular") | named("papillary")
    return (pair.both(sites(_THYROID)) & pair.both(kinds)) & pair.within_days(60)


@OTHER_SITES.rule(
    "M8",
    MULTIPLE,
    question="Is one tumor of the thyroid anaplastic carcinoma (8021/3) and the other a different histology?",
    reason="Anaplastic carcinoma of the thyroid is a primary apart from its other carcinomas.",
    examples="""
    C739 8021/3 - 2023-01 | C739 8343/3 - 2023-02 | multiple
    C739 8021/3 - 2023-01-01 | C739 8021/3 - 2023-02-01 | single M18
    """,
)
def anaplastic(pair: Pairs) -> Mask:
    """The list of other histologies is the manual's Table 12."""
    other = pair.one_each(named("anaplastic_carcinoma"), named("other_thyroid_histologies"))
    return pair.both(sites(_THYROID)) & other


def _rows(pair: Pairs) -> tuple[Numbers, Numbers]:
    """Rows in the tables of the sites, 0 when a site has no table or a histology is not in it."""
    return solid.row_pair(pair, site_rows(_ROWS))


@OTHER_SITES.rule(
    "M9",
    SINGLE,
    question="""Are both tumors epithelial (8000-8799) tumors of the ovary, of one histology or row, diagnosed
        within 60 days?""",
    reason="Epithelial tumors of one kind in both ovaries that came together are one primary.",
    examples="""
    C569 8441/3 1 2023-01-05 | C569 8460/3 2 2023-02-05 | single
    C569 8140/3 1 2023-01-05 | C569 8380/3 2 2023-02-05 | single
    C569 8480/3 1 2023-01-05 | C569 8380/3 2 2023-02-05 | single
    C569 8441/3 1 2023-01-05 | C569 8044/3 2 2023-02-05 | multiple M10
    """,
)
def ovaries(pair: Pairs) -> Answer:
    """Sides do not matter, so both ovaries count as one."""
    row_a, row_b = _rows(pair)
    alike = pair.same("histology") | ((row_a > 0) & (row_a == row_b))
    epithelial = pair.both(sites(_OVARY)) & pair.both(morphologies("8000-8799"))
    return (epithelial & alike) & pair.within_days(60)


PAIRED = (
    *("C384", "C400", "C401", "C402", "C403", "C441", "C442", "C443", "C444", "C445", "C446", "C447"),
    *("C471", "C472", "C491", "C492", "C569", "C570", "C620-C629", "C630", "C631", "C690-C699", "C740-C749"),
    "C754",
)
"""Paired organs of Table 1; ribs and pelvic bones (C413, C414) left it in 2025."""


@OTHER_SITES.rule(
    "M10",
    MULTIPLE,
    question="Is one tumor on the right and the other on the left side of a paired organ (Table 1)?",
    reason="The tumors are on both sides of a paired organ.",
    examples="""
    C622 8001/3 1 2023 | C629 8799/3 2 2023 | multiple
    C740 8001/3 1 2023 | C749 8799/3 2 2023 | multiple
    C413 8001/3 1 2023 | C413 8799/3 2 2023 | questionable M19
    C629 9061/3 1 2023-01-01 | C629 9061/3 9 2023-01-01 | questionable
    """,
)
def both_sides(pair: Pairs) -> Answer:
    """Both tumors must be of the same organ of the list."""
    paired = pair.none()
    for organ in PAIRED:
        paired |= pair.both(sites(organ))
    return paired & pair.opposite_sides()


@OTHER_SITES.rule(
    "M11",
    SINGLE,
    question="""Is one tumor of the small bowel adenocarcinoma in familial polyposis (8220) and the other a
        tumor in a polyp, and is one of them invasive?""",
    reason="Tumors in the polyps of a bowel with familial polyposis are one primary.",
    examples="""
    C179 8220/3 - 2023 | C170 8262/2 - 2023 | single
    C179 8220/2 - 2023-01-01 | C170 8262/2 - 2023-01-01 | single M16
    """,
)
def familial_polyposis(pair: Pairs) -> Mask:
    """Two tumors coded 8220 count too."""
    asked = pair.both(sites("C17")) & ((pair.a.behavior == MALIGNANT) | (pair.b.behavior == MALIGNANT))
    return asked & pair.one_each(named("familial_adenomatous_polyposis"), named("polyp"))


OTHER_SITES.shared(
    "M12",
    common.years_apart(1),
    examples="""
    C400 8220/2 1 2023 | C490 8262/2 - 2021 | multiple
    C220 8170/3 - 2022-06-01 | C220 8170/3 - 2023-05-31 | single M21
    """,
)

OTHER_SITES.shared(
    "M13",
    common.DIFFERENT_SITE_GROUP,
    examples="""
    C400 8220/2 - 2023-02 | C490 8262/2 - 2023-02 | multiple
    C609 8070/3 - 2023-02 | C600 8070/3 - 2023-02 | single M18
    """,
)


@OTHER_SITES.rule(
    "M14",
    MULTIPLE,
    question="""Are the tumors in different parts (fourth character) of anus, bones, soft tissues or skin (C21,
        C40, C41, C44, C49)?""",
    reason="Different parts of anus, bones, soft tissues and skin are different organs.",
    examples="""
    C401 8140/3 - 2023-02 | C402 8140/3 - 2023-02 | multiple
    C461 8800/3 - 2023-02-01 | C462 8800/3 - 2023-02-01 | single M21
    """,
)
def different_part(pair: Pairs) -> Mask:
    """Organs that differ in more have been decided by M13."""
    return pair.a.is_in(sites("C21 C40 C41 C44 C49")) & ~pair.same("site")


def _in_situ_or_invasive(pair: Pairs) -> Mask:
    found = [(tumor.behavior == IN_SITU) | (tumor.behavior == MALIGNANT) for tumor in (pair.a, pair.b)]
    return found[0] & found[1]


@OTHER_SITES.rule(
    "M15",
    SINGLE,
    question="Is one tumor an adenocarcinoma and the other a tumor in a polyp, each in situ or invasive?",
    reason="An adenocarcinoma and a tumor in a polyp of the same organ are one primary.",
    examples="""
    C461 8220/3 - 2023-02 | C462 8141/3 - 2023-02 | single
    C169 8140/3 - 2023-02 | C169 8210/2 - 2023-02 | single
    C169 8140/3 - 2023-02 | C169 8140/3 - 2023-02-01 | single M18
    """,
)
def adenocarcinoma_and_polyp(pair: Pairs) -> Mask:
    """Two tumors in polyps are left to the next rule."""
    adenocarcinoma = named("adenocarcinoma_nos") | named("adenocarcinoma_specific")
    asked = pair.one_each(adenocarcinoma, named("polyp")) & ~pair.both(named("polyp"))
    return _in_situ_or_invasive(pair) & asked


@OTHER_SITES.rule(
    "M16",
    SINGLE,
    question="Are both tumors in polyps, each in situ or invasive?",
    reason="Several tumors in polyps of an organ are one primary.",
    examples="""
    C461 8220/3 - 2023-02 | C462 8211/3 - 2023-02 | single
    C169 8210/3 - 2023-02-01 | C169 8210/6 - 2023-02-01 | questionable M19
    """,
)
def polyps(pair: Pairs) -> Mask:
    """All kinds of adenoma and polyp."""
    return _in_situ_or_invasive(pair) & pair.both(named("polyp"))


@OTHER_SITES.rule(
    "M17",
    MULTIPLE,
    question="Are the tumors two different subtypes of the tables of their sites (Tables 3-23)?",
    reason="The tumors are two different subtypes, so each is a primary of its own.",
    examples="""
    C379 8581/3 - 2023-02 | C379 8582/3 - 2023-02 | multiple
    C608 8083/2 - 2023-02 | C608 8084/2 - 2023-02 | multiple
    C519 8071/2 - 2023-02 | C519 8072/2 - 2023-02 | multiple
    C540 8380/3 - 2023-02-01 | C543 8570/3 - 2023-03-01 | single M18
    """,
)
def different_subtypes(pair: Pairs) -> Mask:
    """The sites need not have the same table."""
    return solid.apart(pair, _SUBTYPES, site_rows(_SUBTYPES))


@OTHER_SITES.rule(
    "M18",
    SINGLE,
    question="Are the tumors on the same row of the table of their sites and diagnosed within 60 days?",
    reason="The tumors came together and are on one row of their table: one histology, or an NOS and its subtype.",
    examples="""
    C540 8380/3 - 2023-02-01 | C543 8570/3 - 2023-03-01 | single
    C490 9367/3 - 2023-02-01 | C490 8800/3 - 2023-03-01 | single
    C540 8002/3 - 2023-02-01 | C540 8002/3 - 2023-03-01 | single
    C540 8000/3 - 2023-02-01 | C540 8000/3 - 2023-03-01 | questionable M19
    C540 8380/3 - 2023-02-01 | C543 8570/3 - 2023-08-01 | single M21
    """,
)
def same_row_together(pair: Pairs) -> Answer:
    """Sites with one table only; a histology outside the table is left to the next rule."""
    row_a, row_b = _rows(pair)
    table = site_rows(_ROWS).table
    one_table = (table[pair.a.site] > 0) & (table[pair.a.site] == table[pair.b.site])
    alike = solid.same_code(pair) | ((row_a > 0) & (row_a == row_b))
    return (one_table & alike) & pair.within_days(60)


@OTHER_SITES.rule(
    "M19",
    MULTIPLE,
    question="Are the histologies on different rows of the tables of their sites, or combinations of Table 2?",
    reason="The histologies are on different rows of their tables, so they are different kinds of tumor.",
    examples="""
    C490 8890/3 - 2023 | C490 8850/3 - 2023 | multiple
    C384 8045/3 1 2023 | C384 8013/3 1 2023 | multiple
    C150 8720/3 - 2023 | C150 8070/3 - 2023 | multiple
    C540 8000/3 - 2023-02 | C540 8002/3 - 2023-03 | questionable
    C409 8720/3 1 2023-02 | C409 9180/3 1 2023-03 | questionable
    C490 8800/3 - 2022-12-01 | C490 9367/3 - 2023-05-01 | single M21
    """,
)
def different_rows(pair: Pairs) -> Answer:
    """A combination code that is not in the table of the site is a row of its own."""
    row_a, row_b = _rows(pair)
    other = ~solid.same_code(pair)
    combinations = named("other_sites_2023_table_2")
    a_combined, b_combined = (
        (row_a == 0) & pair.a.is_in(combinations),
        (row_b == 0) & pair.b.is_in(combinations),
    )
    present = ((row_a > 0) | a_combined) & ((row_b > 0) | b_combined)
    one_combination = a_combined & b_combined & pair.same("histology")
    different = present & ~one_combination & ((row_a != row_b) | a_combined)
    return yes_or(other & different, other & ~present, TABLE)


OTHER_SITES.shared(
    "M20",
    common.INVASIVE_AFTER_IN_SITU,
    examples="""
    C384 8013/3 1 2023-07 | C384 8013/2 1 2023-01 | multiple
    C384 8013/2 1 2023-07 | C384 8013/3 1 2023-01 | single M21
    """,
)

OTHER_SITES.shared(
    "M21",
    common.NO_OTHER_RULE,
    examples="""
    C384 8013/2 1 2023-07 | C384 8013/3 1 2023-01 | single
    C220 8170/3 - 2022-12-01 | C220 8170/3 - 2023-07-01 | single
    """,
)
