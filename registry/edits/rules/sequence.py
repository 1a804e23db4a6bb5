"""The central sequence number against behavior, confirmation and ill-defined sites."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import BEHAVIOR, CONFIRMATION
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.site_and_sex import SEER
from registry.edits.terms import DX_YEAR, HISTOLOGY, histology_in, number, site_in

SEQUENCE = number("sequenceNumberCentral")
ONE_OF_SEVERAL = SEQUENCE.is_between(1, 59)
ILL_DEFINED = "C760-C768,C809"


@edit(
    "seq-behavior",
    message="Central sequence {sequenceNumberCentral} does not fit behavior {behaviorCodeIcdO3}",
    items=["sequenceNumberCentral", "behaviorCodeIcdO3", "primarySite"],
    category="tumor",
    source=DICTIONARY,
    requires=["sequenceNumberCentral", "behaviorCodeIcdO3"],
    columns=[
        "sequenceNumberCentral",
        "behaviorCodeIcdO3",
        "primarySite",
        "histologicTypeIcdO3",
        "dateOfDiagnosis",
    ],
    passes=[
        "00 | 3 | C509 | |",
        "60 | 0 | C710 | | ",
        "98 | 2 | C539 | | 1999",
        "61 | 2 | C539 | 8077 | 2010",
    ],
    fails=["60 | 3 | C509 | 8500 | 2010", "00 | 0 | C710 | | ", "98 | 1 | C569 | | "],
)
def sequence_fits_behavior() -> pl.Expr:
    """60 to 88 count non-malignant and registry-defined tumors."""
    malignant = BEHAVIOR.is_in(["2", "3"])
    series_of_benign = SEQUENCE.is_between(60, 88)
    cervix = site_in("C530-C539") & (BEHAVIOR == "2") & (DX_YEAR >= 2003)
    skin = site_in("C440-C449") & histology_in("8000-8110")
    defined_here = (cervix | skin).fill_null(value=False)
    return (malignant & series_of_benign & ~defined_here) | (~malignant & ~series_of_benign)


@edit(
    "seq-dxconf",
    message="One of several primaries (sequence {sequenceNumberCentral}) without microscopic confirmation "
    "({diagnosticConfirmation})",
    severity=REVIEW,
    items=["sequenceNumberCentral", "diagnosticConfirmation", "primarySite"],
    category="tumor",
    source=SEER,
    naaccr_name="Diagnostic Confirm, Seq Num--Central (SEER IF23)",
    override_item="overRideSeqnoDxconf",
    passes=["00 | 7 | C509", "02 | 1 | C509", "02 | 7 | C809", "60 | 8 | C709"],
    fails=["01 | 7 | C509", "02 | 9 | C220"],
)
def several_unconfirmed() -> pl.Expr:
    """Ill-defined and unknown sites are not tested."""
    return ONE_OF_SEVERAL & CONFIRMATION.is_in(["6", "7", "8", "9"]) & ~site_in(ILL_DEFINED)


@edit(
    "seq-illdefined",
    message="One of several primaries (sequence {sequenceNumberCentral}) at {primarySite}, "
    "{histologicTypeIcdO3}: a metastasis or the same disease?",
    severity=REVIEW,
    items=["sequenceNumberCentral", "primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source=SEER,
    naaccr_name="Seq Num--Central, Prim Site, Morph ICDO3 (SEER IF22)",
    override_item="overRideIllDefineSite",
    passes=["00 | C809 | 8000", "01 | C509 | 8500", "02 | C779 | 9680", "02 | C421 | 9861"],
    fails=["01 | C809 | 8000", "02 | C779 | 8500", "02 | C421 | 8000", "01 | C445 | 9751"],
)
def several_ill_defined() -> pl.Expr:
    """Unknown site, solid tumor in nodes or marrow, histiocytic and mast cell neoplasms."""
    unknown = site_in(ILL_DEFINED) & (HISTOLOGY < 9590)
    nodes = site_in("C770-C779") & ~histology_in("9590-9729")
    marrow = site_in("C420-C424") & ~histology_in("9590-9989")
    return ONE_OF_SEVERAL & (unknown | nodes | marrow | histology_in("9740-9758"))
