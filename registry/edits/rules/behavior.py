"""Behavior against histology, site and confirmation, and diagnostic confirmation itself."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry import standards
from registry.edits.definition import REVIEW, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.site_and_sex import SEER
from registry.edits.site_histology import malignant_histologies
from registry.edits.terms import DX_YEAR, HISTOLOGY, histology_in, number, site_in, within

BEHAVIOR = pl.col("behaviorCodeIcdO3")
IN_SITU = BEHAVIOR == "2"
CONFIRMATION = pl.col("diagnosticConfirmation")
METHOD = number("diagnosticConfirmation")
"""Confirmation as a number, which compares faster: 1-4 microscopic, 5-8 other, 9 unknown."""

NEVER_IN_SITU = "8000-8005,8020,8021,8331,8332,8800-9055,9062,9082,9083,9110-9493,9501-9989"


@cache
def _only_benign() -> str:
    """Histologies that are published with behavior 0 or 1 only: by ICD-O-3.2, by any edition where that has none.

    What SEER's validation list accepts as in situ or malignant (pilocytic astrocytoma, 9421/3) is published.
    """
    terms = standards.morphology().with_columns(
        pl.col("behavior").is_in(["2", "3", "6", "9"]).alias("malignant")
    )
    newest = terms.filter(pl.col("edition") == "ICD-O-3.2")
    older = terms.join(newest, on="code", how="anti")
    by_code = pl.concat([newest, older]).group_by("code").agg(pl.col("malignant").any())
    benign = set(by_code.filter(~pl.col("malignant")).get_column("code").to_list())
    return ",".join(sorted(benign - {str(histology) for histology in malignant_histologies()}))


@edit(
    "histology-behavior",
    message="Behavior {behaviorCodeIcdO3} is not published for histology {histologicTypeIcdO3}",
    severity=REVIEW,
    items=["histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source="ICD-O-3.2; " + SEER,
    naaccr_name="Morphology--Type/Behavior ICDO3 (SEER MORPH)",
    override_item="overRideHistology",
    override_codes=("1", "3"),
    version="2026.2",
    passes=[
        "8500 | 2 | 2020",
        "8211 | 0 | 2020",
        "9530 | 3 | 2020",
        "8890 | 0 | 2020",
        "8454 | 1 | 2020",
        "8140 | 3 | 2020",
        "9421 | 3 | 2020",
        *(f"{code} | 2 | 2020" for code in (8010, 8330, 8350, 8780, 9060, 9080, 9100, 9500)),
        "9990 | 2 | 2020",
        "8000 | | 2020",
        "8000 | 2 | ",
    ],
    fails=[
        "8890 | 2 | 2020",
        "8454 | 2 | 2020",
        "8454 | 3 | 2020",
        "9752 | 3 | 2020",
        *(
            f"{code} | 2 | 2020"
            for code in (8000, 8005, 8020, 8021, 8331, 8332, 8800, 9055, 9062, 9082, 9083)
        ),
        *(f"{code} | 2 | 2020" for code in (9110, 9493, 9501, 9989)),
    ],
    notes="Only benign or borderline: by ICD-O-3.2, by any edition where that lacks the code, and not on SEER's list "
    "with behavior 2 or 3 (such as 9421/3). The dictionary lets "
    "over-ride codes 1 and 3 silence it (2 is about in situ without microscopy).",
)
def behavior_not_published() -> pl.Expr:
    """Malignant for a histology that is only benign, or in situ where that makes no sense."""
    benign = histology_in(_only_benign())
    return ((number("behaviorCodeIcdO3") >= 2) & benign) | (IN_SITU & histology_in(NEVER_IN_SITU))


@edit(
    "insitu-hematopoietic",
    message="Hematopoietic neoplasm {histologicTypeIcdO3} cannot be in situ",
    items=["histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source=DICTIONARY,
    passes=["9680 | 3", "8500 | 2", "9581 | 2", " | 2", "9680 | "],
    fails=["9590 | 2", "9680 | 2", "9993 | 2"],
)
def heme_in_situ() -> pl.Expr:
    """9590-9993."""
    return IN_SITU & histology_in("9590-9993")


@edit(
    "insitu-dxconf",
    message="In situ, but diagnostic confirmation is {diagnosticConfirmation} (expected 1, 2 or 4)",
    severity=REVIEW,
    items=["behaviorCodeIcdO3", "diagnosticConfirmation"],
    category="tumor",
    source=SEER,
    naaccr_name="Diagnostic Confirmation, Behavior ICDO3 (SEER IF31)",
    override_item="overRideHistology",
    override_codes=("1", "2", "3"),
    version="2026.2",
    passes=["2 | 1", "2 | 2", "2 | 4", "3 | 7", "1 | 9", "2 | ", "2 | 0"],
    fails=["2 | 7", "2 | 9", "2 | 5", "2 | 3", "2 | 6", "2 | 8"],
    notes="The dictionary gives over-ride histology 2 and 3 for this; the catalogue's plain flag (1 = histology and "
    "behavior reviewed) is taken as well.",
)
def in_situ_unconfirmed() -> pl.Expr:
    """In situ is a microscopic diagnosis."""
    return IN_SITU & ~within(METHOD, "1-2,4")


@edit(
    "insitu-nonspecific-site",
    message="In situ at the non-specific site {primarySite}",
    severity=REVIEW,
    items=["primarySite", "behaviorCodeIcdO3"],
    category="tumor",
    source=SEER,
    naaccr_name="Primary Site, Behavior Code ICDO3 (SEER IF39)",
    override_item="overRideSiteBehavior",
    passes=["C509 | 2", "C809 | 3", "C679 | 2", "C268 | 2", "C778 | 2", "C758 | 2", "C809 | "],
    fails=[f"{site} | 2" for site in "C269 C399 C559 C579 C639 C689 C729 C759 C760 C768 C809".split()],
)
def in_situ_somewhere() -> pl.Expr:
    """An in situ tumor's site is known exactly."""
    return IN_SITU & site_in("C269,C399,C559,C579,C639,C689,C729,C759,C760-C768,C809")


@edit(
    "insitu-unlikely-site",
    message="In situ at {primarySite}, where there is no epithelium",
    severity=REVIEW,
    items=["primarySite", "behaviorCodeIcdO3"],
    category="tumor",
    source=SEER,
    override_item="overRideSiteBehavior",
    passes=["C509 | 2", "C710 | 3", "C399 | 2", "C449 | 2", "C480 | 2", "C699 | 2", "C739 | 2", "C710 | "],
    fails=[f"{site} | 2" for site in "C400 C419 C420 C424 C470 C479 C490 C499 C700 C710 C729".split()],
)
def in_situ_without_epithelium() -> pl.Expr:
    """Bone, blood, nerves, soft tissue, brain."""
    return IN_SITU & site_in("C400-C429,C470-C479,C490-C499,C700-C729")


@edit(
    "lymphoma-dxconf",
    message="Confirmation {diagnosticConfirmation} is unlikely for {histologicTypeIcdO3}",
    severity=REVIEW,
    items=["histologicTypeIcdO3", "diagnosticConfirmation"],
    category="tumor",
    source=SEER,
    naaccr_name="Diagnostic Confirmation, Histology ICDO3 (SEER IF48)",
    override_item="overRideLeukLymphoma",
    passes=["9680 | 1", "9680 | 7", "9731 | 8", "9861 | 8", "9861 | 7", "9581 | 6", "9950 | 6", "9680 | "],
    fails=["9590 | 6", "9729 | 8", "9731 | 6", "9948 | 6"],
)
def lymphoma_unconfirmed() -> pl.Expr:
    """Lymphoma needs tissue, leukemia at least blood."""
    lymphoma = histology_in("9590-9729") & within(METHOD, "6,8")
    return lymphoma | (histology_in("9731-9948") & (CONFIRMATION == "6"))


@edit(
    "dxconf3-hematopoietic-only",
    message="Confirmation 3 is for malignant hematopoietic neoplasms diagnosed 2010 or later",
    items=["diagnosticConfirmation", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source="SEER Hematopoietic and Lymphoid Neoplasm Coding Manual; " + DICTIONARY,
    passes=[
        "3 | 9590 | 3 | 2010",
        "3 | 9993 | 3 | 20100101",
        "1 | 8500 | 3 | 2015",
        "4 | 8500 | 3 | 2015",
        "3 | 9861 | 3 | ",
        "3 | 9861 | | 2009",
        "3 | | 3 | 2009",
    ],
    fails=["3 | 9581 | 3 | 2015", "3 | 9861 | 3 | 2009", "3 | 9861 | 1 | 2015", "3 | 9861 | 2 | 2015"],
)
def confirmation_3() -> pl.Expr:
    """Histology with immunophenotyping or genetics."""
    heme = histology_in("9590-9993") & (BEHAVIOR == "3") & (DX_YEAR >= 2010)
    return (CONFIRMATION == "3") & ~heme


@edit(
    "histology-needs-microscopy",
    message="Histology {histologicTypeIcdO3} without microscopic confirmation ({diagnosticConfirmation})",
    severity=REVIEW,
    items=["histologicTypeIcdO3", "diagnosticConfirmation", "primarySite"],
    category="tumor",
    source="IARC Technical Report 42, after CanReg5's checks",
    override_item="overRideHistology",
    override_codes=("1", "2", "3"),
    version="2026.2",
    columns=["histologicTypeIcdO3", "diagnosticConfirmation", "primarySite", "typeOfReportingSource"],
    passes=[
        *(f"8140 | {code} | C509 | 1" for code in (1, 2, 3, 4)),
        "8720 | 6 | C443 | 1",
        "8720 | 5 | C699 | 1",
        "8140 | 9 | C509 | 7",
        *(
            f"{code} | 7 | C809 | 1"
            for code in (8000, 8150, 8154, 8170, 8270, 8281, 8800, 8960, 9050, 9100, 9140)
        ),
        *(
            f"{code} | 7 | C809 | 1"
            for code in (9350, 9380, 9384, 9500, 9510, 9530, 9539, 9590, 9732, 9761, 9800)
        ),
        "8140 | | C509 | 1",
        "8140 | 7 | | 1",
    ],
    fails=[
        *(f"8140 | {code} | C509 | 1" for code in (5, 6, 7, 8, 9)),
        "8720 | 6 | C211 | 1",
        "8721 | 6 | C443 | 1",
        "8500 | 9 | C509 | ",
        "8500 | 9 | C509 | 6",
        *(
            f"{code} | 7 | C809 | 1"
            for code in (8001, 8010, 8155, 8260, 8290, 8801, 9390, 9501, 9540, 9591, 9801)
        ),
    ],
    notes="The accepted list is the catalogue's. Every code of over-ride histology says that the case was "
    "reviewed.",
)
def specific_without_microscopy() -> pl.Expr:
    """A specific histology needs a microscope, except where imaging or a marker names it."""
    accepted = (
        "8000,8150-8154,8170,8270-8281,8800,8960,9050,9100,9140,9350,9380,9384,9500,9510,9530-9539,"
        "9590,9732,9761,9800"
    )
    melanoma = (HISTOLOGY == 8720) & site_in("C440-C449,C690-C699")
    certificate = (pl.col("typeOfReportingSource") == "7").fill_null(value=False)
    return (METHOD >= 5) & ~(histology_in(accepted) | melanoma | certificate)
