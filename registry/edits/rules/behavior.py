"""Behavior against histology, site and confirmation, and diagnostic confirmation itself."""

from __future__ import annotations

import polars as pl

from registry import standards
from registry.edits.definition import REVIEW, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.site_and_sex import SEER
from registry.edits.terms import DX_YEAR, HISTOLOGY, histology_in, site_in

BEHAVIOR = pl.col("behaviorCodeIcdO3")
IN_SITU = BEHAVIOR == "2"
CONFIRMATION = pl.col("diagnosticConfirmation")
NEVER_IN_SITU = "8000-8005,8020,8021,8331,8332,8800-9055,9062,9082,9083,9110-9493,9501-9989"


def _only_benign() -> list[str]:
    """Histologies that the newest edition publishes with behavior 0 or 1 only."""
    listed = standards.morphology().filter(pl.col("edition") == "ICD-O-3.2")
    malignant = pl.col("behavior").is_in(["2", "3", "6", "9"]).any().alias("malignant")
    by_code = listed.group_by("code").agg(malignant)
    return by_code.filter(~pl.col("malignant")).get_column("code").sort().to_list()


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
    requires=["histologicTypeIcdO3", "behaviorCodeIcdO3"],
    columns=["histologicTypeIcdO3", "behaviorCodeIcdO3"],
    passes=["8500 | 2", "8211 | 0", "9530 | 3", "8890 | 0", "8140 | 3"],
    fails=["8000 | 2", "8890 | 2", "8850 | 2", "8454 | 3"],
)
def behavior_not_published() -> pl.Expr:
    """Malignant for a histology that is only benign, or in situ where that makes no sense."""
    benign = pl.col("histologicTypeIcdO3").is_in(_only_benign())
    return (BEHAVIOR.is_in(["2", "3"]) & benign) | (IN_SITU & histology_in(NEVER_IN_SITU))


@edit(
    "insitu-hematopoietic",
    message="Hematopoietic neoplasm {histologicTypeIcdO3} cannot be in situ",
    items=["histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source=DICTIONARY,
    passes=["9680 | 3", "8500 | 2", " | 2"],
    fails=["9680 | 2", "9993 | 2"],
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
    override_codes=("2", "3"),
    passes=["2 | 1", "2 | 4", "3 | 7", "2 | "],
    fails=["2 | 7", "2 | 9", "2 | 5"],
    notes="Over-ride histology silences it with 2 or 3, as the dictionary defines those codes.",
)
def in_situ_unconfirmed() -> pl.Expr:
    """In situ is a microscopic diagnosis."""
    return IN_SITU & ~CONFIRMATION.is_in(["1", "2", "4"])


@edit(
    "insitu-nonspecific-site",
    message="In situ at the non-specific site {primarySite}",
    severity=REVIEW,
    items=["primarySite", "behaviorCodeIcdO3"],
    category="tumor",
    source=SEER,
    naaccr_name="Primary Site, Behavior Code ICDO3 (SEER IF39)",
    override_item="overRideSiteBehavior",
    passes=["C509 | 2", "C809 | 3", "C679 | 2"],
    fails=["C809 | 2", "C559 | 2", "C762 | 2"],
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
    passes=["C509 | 2", "C710 | 3", "C500 | 2"],
    fails=["C710 | 2", "C413 | 2", "C490 | 2"],
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
    passes=["9680 | 1", "9861 | 8", "8500 | 6", "9949 | 6"],
    fails=["9680 | 6", "9590 | 8", "9861 | 6"],
)
def lymphoma_unconfirmed() -> pl.Expr:
    """Lymphoma needs tissue, leukemia at least blood."""
    lymphoma = histology_in("9590-9729") & CONFIRMATION.is_in(["6", "8"])
    return lymphoma | (histology_in("9731-9948") & (CONFIRMATION == "6"))


@edit(
    "dxconf3-hematopoietic-only",
    message="Confirmation 3 is for malignant hematopoietic neoplasms diagnosed 2010 or later",
    items=["diagnosticConfirmation", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source="SEER Hematopoietic and Lymphoid Neoplasm Coding Manual; " + DICTIONARY,
    passes=["3 | 9861 | 3 | 2010", "1 | 8500 | 3 | 2015", "3 | 9861 | 3 | "],
    fails=["3 | 8500 | 3 | 2015", "3 | 9861 | 3 | 2009", "3 | 9861 | 1 | 2015"],
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
    columns=["histologicTypeIcdO3", "diagnosticConfirmation", "primarySite", "typeOfReportingSource"],
    passes=["8140 | 1 | C509 | 1", "8000 | 7 | C509 | 1", "8720 | 6 | C443 | 1", "8140 | 9 | C509 | 7"],
    fails=["8140 | 7 | C509 | 1", "8720 | 6 | C211 | 1", "8500 | 9 | C509 | "],
    notes="The accepted list is CanReg5's; 8001-8005 are held equal to 8000.",
)
def specific_without_microscopy() -> pl.Expr:
    """A specific histology needs a microscope, except where imaging or a marker names it."""
    accepted = (
        "8000-8005,8150-8154,8170,8270-8281,8800,8960,9050,9100,9140,9350,9380,9384,9500,9510,9530-9539,"
        "9590,9732,9761,9800"
    )
    melanoma = (HISTOLOGY == 8720) & site_in("C440-C449,C690-C699")
    certificate = (pl.col("typeOfReportingSource") == "7").fill_null(value=False)
    return CONFIRMATION.is_in(["5", "6", "7", "8", "9"]) & ~(histology_in(accepted) | melanoma | certificate)
