"""Laterality: paired organs, midline tumors, tumors of both sides, in situ tumors, stage."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import IN_SITU
from registry.edits.terms import DX_YEAR, HISTOLOGY, histology_in, number, site_in, within
from registry.standards.laterality import MIDLINE, PAIRED, PAIRED_SINCE_2004, PARTLY_PAIRED

SOURCE = "SEER Program Coding and Staging Manual, Laterality: sites for which it must be coded"
SIDE = pl.col("laterality")


def is_paired() -> pl.Expr:
    """True for a paired site at its diagnosis year; null when site or year is unknown."""
    return site_in(PAIRED) | (site_in(PAIRED_SINCE_2004) & (DX_YEAR >= 2004))


@edit(
    "laterality-paired-required",
    message="{primarySite} is a paired site: laterality {laterality} must be 1 to 5 or 9",
    items=["primarySite", "laterality", "dateOfDiagnosis"],
    category="laterality",
    source=SOURCE,
    version="2026.2",
    passes=[
        "C509 | 1 | 2020",
        "C509 | 9 | 2020",
        "C710 | 0 | 2003",
        "C710 | 1 | 2004",
        "C619 | 0 | 2020",
        *(f"{site} | 0 | 2020" for site in ("C300", "C340", "C413", "C414")),
        "C509 | 0 | ",
        "C509 | 6 | 2020",
        " | 0 | 2020",
    ],
    fails=[
        "C509 | 0 | 2020",
        "C509 | 0 | 1980",
        "C700 | 0 | 2004",
        "C725 | 0 | 20040101",
        *(
            f"{site} | 0 | 2020"
            for site in "C079 C090 C301 C341 C384 C441 C471 C492 C569 C620 C649 C692 C749 C754".split()
        ),
    ],
    notes="C300, C340, C413 and C414 have unpaired parts (septum, carina, sternum, sacrum) and may be 0. Brain, "
    "meninges and cranial nerves are paired from 2004.",
)
def side_missing() -> pl.Expr:
    """Brain and nerves are paired from 2004."""
    return is_paired() & ~site_in(PARTLY_PAIRED) & (SIDE == "0")


@edit(
    "laterality-unpaired-zero",
    message="{primarySite} is not a paired site: laterality {laterality} must be 0",
    items=["primarySite", "laterality"],
    category="laterality",
    source=SOURCE,
    passes=["C619 | 0", "C509 | 1", "C710 | 1", "C725 | 2", "C340 | 0", "C443 | 5", "C619 | ", "C619 | 7"],
    fails=["C619 | 1", "C809 | 9", "C187 | 4", "C444 | 2", "C720 | 5", "C750 | 3", "C421 | 9"],
    notes="Brain and nerves are left alone, paired or not by year.",
)
def side_of_unpaired() -> pl.Expr:
    """Not in any list of paired sites."""
    return ~site_in(PAIRED) & ~site_in(PAIRED_SINCE_2004) & (SIDE != "0")


@edit(
    "laterality-midline-sites",
    message="Laterality 5 (midline) is not used for {primarySite} diagnosed {dateOfDiagnosis}",
    items=["primarySite", "laterality", "dateOfDiagnosis"],
    category="laterality",
    source=SOURCE,
    passes=[
        "C700 | 5 | 2010",
        "C714 | 5 | 2010",
        "C725 | 5 | 2010",
        "C443 | 5 | 20100101",
        "C445 | 5 | 2020",
        "C509 | 1 | 2020",
        "C710 | 4 | 2009",
        "C710 | 5 | ",
        " | 5 | 2020",
    ],
    fails=[
        "C509 | 5 | 2020",
        "C710 | 5 | 2009",
        "C444 | 5 | 2020",
        "C446 | 5 | 2020",
        "C715 | 5 | 2020",
        "C721 | 5 | 2020",
    ],
)
def midline() -> pl.Expr:
    """Brain, nerves, face and trunk, from 2010."""
    return (SIDE == "5") & ~(site_in(MIDLINE) & (DX_YEAR >= 2010))


@edit(
    "laterality-insitu",
    message="In situ at the paired site {primarySite}: laterality {laterality} must be 1, 2 or 3",
    severity=REVIEW,
    items=["primarySite", "laterality", "behaviorCodeIcdO3", "histologicTypeIcdO3"],
    category="laterality",
    source="SEER edit IF42",
    naaccr_name="Laterality, Primary Site, Morph ICDO3 (SEER IF42)",
    override_item="overRideSiteLatMorph",
    columns=["primarySite", "laterality", "behaviorCodeIcdO3", "histologicTypeIcdO3", "dateOfDiagnosis"],
    version="2026.2",
    passes=[
        *(f"C509 | {side} | 2 | 8500 | 2020" for side in (1, 2, 3)),
        "C509 | 9 | 3 | 8500 | 2020",
        "C619 | 0 | 2 | 8140 | 2020",
        "C710 | 9 | 2 | 8010 | 2003",
        "C300 | 0 | 2 | 8070 | 2020",
        "C442 | 9 | 2 | 9140 | 1988",
        "C442 | 9 | 2 | 9700 | 1988",
        "C442 | 9 | 2 | 9590 | 2020",
        "C442 | 9 | 2 | 9980 | 2020",
        "C442 | 9 | 2 | 9701 | ",
        "C509 | | 2 | 8500 | 2020",
        "C509 | 9 | 2 | | 2020",
    ],
    fails=[
        "C509 | 9 | 2 | 8500 | 2020",
        "C509 | 4 | 2 | 8500 | ",
        "C509 | 0 | 2 | 8500 | 2020",
        "C443 | 5 | 2 | 8720 | 2020",
        "C710 | 9 | 2 | 8010 | 2004",
        "C300 | 9 | 2 | 8070 | 2020",
        "C442 | 9 | 2 | 9140 | 1987",
        "C442 | 9 | 2 | 9680 | 1987",
        "C442 | 9 | 2 | 9581 | 2020",
        "C442 | 9 | 2 | 9982 | 2020",
    ],
    notes="0 is right for the unpaired parts of C300, C340, C413 and C414. The histologies of the exemption are "
    "exempt when the diagnosis year is unknown too.",
)
def side_of_in_situ() -> pl.Expr:
    """An in situ tumor is on one side; Kaposi sarcoma and lymphoid neoplasms are not tested after 1987."""
    exempt = histology_in("9140,9590-9980") & (DX_YEAR > 1987).fill_null(value=True)
    unpaired_part = site_in(PARTLY_PAIRED) & (SIDE == "0")
    return IN_SITU & is_paired() & ~within(number("laterality"), "1-3") & ~unpaired_part & ~exempt


@edit(
    "laterality-bilateral-site",
    message="Laterality 4 (both sides, origin unknown) is unusual at {primarySite}",
    severity=REVIEW,
    items=["primarySite", "laterality"],
    category="laterality",
    source="SEER Program Coding and Staging Manual, Laterality, code 4",
    override_item="overRideSiteLatMorph",
    columns=["primarySite", "laterality", "histologicTypeIcdO3"],
    passes=[
        "C569 | 4 | 8441",
        "C569 | 4 | ",
        "C649 | 4 | 8960",
        "C690 | 4 | 9510",
        "C699 | 4 | 9514",
        "C340 | 4 | 8140",
        "C349 | 4 | 8140",
        "C509 | 3 | 8500",
        "C649 | 4 | ",
        "C692 | 4 | ",
        " | 4 | 8500",
        "C509 | | 8500",
    ],
    fails=[
        "C509 | 4 | 8500",
        "C509 | 4 | ",
        "C649 | 4 | 8312",
        "C659 | 4 | 8960",
        "C692 | 4 | 8720",
        "C692 | 4 | 9520",
        "C700 | 4 | 9510",
        "C339 | 4 | 8140",
        "C384 | 4 | 9050",
        "C570 | 4 | 8441",
        "C187 | 4 | 8140",
    ],
    notes="No item says that a tumor of the lung is diffuse, so every site of the lung (C34) passes. Kidney passes "
    "with nephroblastoma (8960), eye with retinoblastoma (9510-9514); with unknown histology nothing is said.",
)
def both_sides() -> pl.Expr:
    """Tumors that are known to arise on both sides."""
    kidney = site_in("C649") & (HISTOLOGY == 8960)
    eye = site_in("C690-C699") & histology_in("9510-9514")
    return (SIDE == "4") & ~(site_in("C340-C349,C569") | kidney | eye)


@edit(
    "laterality-stage",
    message="Laterality {laterality} at the paired site {primarySite} does not fit summary stage {summaryStage2018}: "
    "a tumor so confined is on a known side",
    severity=REVIEW,
    items=["primarySite", "laterality", "summaryStage2018"],
    category="laterality",
    source="SEER edit IF177, for Summary Stage 2018",
    naaccr_name="Primary Site, Laterality, CS Extension (SEER IF177)",
    override_item="overRideSiteLatEod",
    columns=["primarySite", "laterality", "summaryStage2018", "dateOfDiagnosis"],
    passes=[
        *(f"C509 | 9 | {stage} | 2020" for stage in (3, 4, 7, 8, 9)),
        *(f"C509 | {side} | 1 | 2020" for side in (1, 2, 3, 5)),
        "C619 | 9 | 1 | 2020",
        "C710 | 9 | 1 | 2003",
        "C710 | 9 | 1 | ",
        "C509 | 9 | | 2020",
        "C509 | 9 | 5 | 2020",
        " | 9 | 1 | 2020",
    ],
    fails=[
        "C509 | 4 | 0 | 2020",
        "C509 | 9 | 1 | 2020",
        "C569 | 4 | 2 | ",
        "C710 | 9 | 1 | 2020",
    ],
    notes="In situ, localized and regional by direct extension are stages 0, 1 and 2.",
)
def side_of_confined() -> pl.Expr:
    """Side not known, extent known."""
    return is_paired() & within(number("laterality"), "4,9") & (number("summaryStage2018") <= 2)
