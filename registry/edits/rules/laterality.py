"""Laterality: paired organs, midline tumors, in situ tumors."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import IN_SITU
from registry.edits.terms import DX_YEAR, histology_in, site_in
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
    requires=["primarySite", "laterality"],
    passes=["C509 | 1 | 2020", "C710 | 0 | 2003", "C619 | 0 | 2020", "C340 | 0 | 2020", "C710 | 0 | "],
    fails=["C509 | 0 | 2020", "C710 | 0 | 2004", "C649 | 0 | "],
    notes="C300, C340, C413 and C414 have unpaired parts and may be 0.",
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
    passes=["C619 | 0", "C509 | 1", "C710 | 1", "C619 | "],
    fails=["C619 | 1", "C809 | 9", "C187 | 4"],
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
    passes=["C710 | 5 | 2010", "C443 | 5 | 2020", "C509 | 1 | 2020", "C710 | 5 | "],
    fails=["C509 | 5 | 2020", "C710 | 5 | 2009"],
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
    passes=["C509 | 1 | 2 | 8500 | 2020", "C509 | 9 | 3 | 8500 | 2020", "C619 | 0 | 2 | 8140 | 2020"],
    fails=["C509 | 9 | 2 | 8500 | 2020", "C509 | 4 | 2 | 8500 | "],
)
def side_of_in_situ() -> pl.Expr:
    """An in situ tumor is on one side; Kaposi sarcoma and lymphoid neoplasms are not tested."""
    exempt = histology_in("9140,9700,9701,9590-9980") & (DX_YEAR > 1987).fill_null(value=True)
    return IN_SITU & site_in(PAIRED) & ~SIDE.is_in(["1", "2", "3"]) & ~exempt
