"""The sequence numbers, central and hospital, against behavior, confirmation and ill-defined sites."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import BEHAVIOR, METHOD
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.site_and_sex import SEER
from registry.edits.terms import DX_YEAR, HISTOLOGY, histology_in, number, site_in

CENTRAL, HOSPITAL = "sequenceNumberCentral", "sequenceNumberHospital"
ILL_DEFINED = "C760-C768,C809"


@edit(
    "seq-behavior",
    message="Central sequence {sequenceNumberCentral} does not fit behavior {behaviorCodeIcdO3}",
    items=["sequenceNumberCentral", "behaviorCodeIcdO3", "primarySite"],
    category="tumor",
    source=DICTIONARY,
    version="2026.2",
    columns=[
        "sequenceNumberCentral",
        "behaviorCodeIcdO3",
        "primarySite",
        "histologicTypeIcdO3",
        "dateOfDiagnosis",
    ],
    passes=[
        "00 | 3 | C509 | |",
        "59 | 2 | C509 | |",
        "99 | 3 | C509 | |",
        "60 | 0 | C710 | | ",
        "88 | 1 | C710 | | ",
        "98 | 2 | C539 | | 1999",
        "61 | 2 | C530 | 8077 | 2003",
        "61 | 2 | C539 | 8077 | ",
        "60 | 3 | C449 | 8110 | ",
        "60 | 3 | C440 | | ",
        "00 | 3 | C440 | 8000 | ",
        "60 | 3 | | 8500 | 2010",
        "00 | | C710 | | ",
        "89 | 3 | C710 | | ",
    ],
    fails=[
        "60 | 3 | C509 | 8500 | 2010",
        "88 | 2 | C509 | | ",
        "61 | 2 | C539 | 8077 | 2002",
        "61 | 3 | C539 | 8077 | 2010",
        "60 | 3 | C449 | 8120 | ",
        "00 | 0 | C710 | | ",
        "59 | 1 | C710 | | ",
        "99 | 0 | C710 | | ",
        "98 | 1 | C569 | | ",
    ],
    notes="Registry-defined tumors may stand in either series. Where histology or year of such a tumor is unknown, "
    "nothing is said.",
)
def sequence_fits_behavior() -> pl.Expr:
    """60 to 88 count non-malignant and registry-defined tumors."""
    malignant = number("behaviorCodeIcdO3") >= 2
    series_of_benign = number(CENTRAL).is_between(60, 88)
    cervix = site_in("C530-C539") & (BEHAVIOR == "2") & (DX_YEAR >= 2003)
    skin = site_in("C440-C449") & histology_in("8000-8110")
    return (malignant & series_of_benign & ~(cervix | skin)) | (~malignant & ~series_of_benign)


@edit(
    "seq98-cervix",
    message="Central sequence 98 is for in situ tumors of the cervix diagnosed 1996 to 2002",
    items=["sequenceNumberCentral", "primarySite", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source=DICTIONARY + ", item 380",
    passes=[
        "98 | C530 | 2 | 1996",
        "98 | C539 | 2 | 20021231",
        "99 | C509 | 3 | 2010",
        "00 | C509 | 3 | 2010",
        "98 | C509 | 3 | ",
        "98 | C539 | | 2010",
        "98 | | 2 | 2010",
    ],
    fails=["98 | C539 | 2 | 1995", "98 | C539 | 2 | 2003", "98 | C539 | 3 | 1999", "98 | C549 | 2 | 1999"],
)
def sequence_98() -> pl.Expr:
    """CIN III and carcinoma in situ of those years."""
    cervix = site_in("C530-C539") & (BEHAVIOR == "2") & DX_YEAR.is_between(1996, 2002)
    return (pl.col(CENTRAL) == "98") & ~cervix


_CONFIRMED = [
    "00 | 7 | C509",
    "60 | 8 | C709",
    "99 | 9 | C509",
    *(f"02 | {code} | C509" for code in (1, 2, 3, 4, 5)),
    "02 | 7 | C809",
    "02 | 7 | C760",
    "02 | 7 | C768",
    "02 | | C509",
    "02 | 7 | ",
    "2 | 7 | C509",
]
_UNCONFIRMED = ["01 | 6 | C509", "02 | 7 | C509", "59 | 8 | C759", "02 | 9 | C770"]


def _several(item: str) -> pl.Expr:
    """One of two or more malignant tumors."""
    return number(item).is_between(1, 59)


def _unconfirmed(item: str) -> pl.Expr:
    return _several(item) & (METHOD >= 6) & ~site_in(ILL_DEFINED)


@edit(
    "seq-dxconf",
    message="One of several primaries (sequence {sequenceNumberCentral}) without microscopic confirmation "
    "({diagnosticConfirmation})",
    severity=REVIEW,
    items=[CENTRAL, "diagnosticConfirmation", "primarySite"],
    category="tumor",
    source=SEER,
    naaccr_name="Diagnostic Confirm, Seq Num--Central (SEER IF23)",
    override_item="overRideSeqnoDxconf",
    passes=_CONFIRMED,
    fails=_UNCONFIRMED,
)
def several_unconfirmed() -> pl.Expr:
    """Ill-defined and unknown sites are not tested."""
    return _unconfirmed(CENTRAL)


@edit(
    "seqhosp-dxconf",
    message="One of several primaries (hospital sequence {sequenceNumberHospital}) without microscopic "
    "confirmation ({diagnosticConfirmation})",
    severity=REVIEW,
    items=[HOSPITAL, "diagnosticConfirmation", "primarySite"],
    category="tumor",
    source="Commission on Cancer edits, restated in the NAACCR data dictionary version 26",
    naaccr_name="Diagnostic Confirm, Seq Num--Hosp (CoC)",
    override_item="overRideHospseqDxconf",
    passes=_CONFIRMED,
    fails=_UNCONFIRMED,
)
def several_unconfirmed_hospital() -> pl.Expr:
    """As the central edit."""
    return _unconfirmed(HOSPITAL)


_WELL_DEFINED = [
    "00 | C809 | 8000",
    "60 | C809 | 8000",
    "99 | C809 | 8000",
    "01 | C509 | 8500",
    "01 | C809 | 9590",
    "02 | C779 | 9590",
    "02 | C770 | 9729",
    "02 | C421 | 9590",
    "02 | C424 | 9989",
    "01 | C445 | 9731",
    "01 | C445 | 9760",
    "00 | C445 | 9751",
    "01 | C809 | ",
    "1 | C809 | 8000",
    "01 | | 8000",
]
_METASTASES = [
    "01 | C809 | 8000",
    "59 | C760 | 9581",
    "02 | C768 | 8140",
    "02 | C779 | 8500",
    "02 | C770 | 9731",
    "02 | C420 | 8000",
    "02 | C424 | 9991",
    "01 | C445 | 9740",
    "01 | C445 | 9758",
]


def _ill_defined(item: str) -> pl.Expr:
    unknown = site_in(ILL_DEFINED) & (HISTOLOGY < 9590)
    nodes = site_in("C770-C779") & ~histology_in("9590-9729")
    marrow = site_in("C420-C424") & ~histology_in("9590-9989")
    return _several(item) & (unknown | nodes | marrow | histology_in("9740-9758"))


@edit(
    "seq-illdefined",
    message="One of several primaries (sequence {sequenceNumberCentral}) at {primarySite}, "
    "{histologicTypeIcdO3}: a metastasis or the same disease?",
    severity=REVIEW,
    items=[CENTRAL, "primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source=SEER,
    naaccr_name="Seq Num--Central, Prim Site, Morph ICDO3 (SEER IF22)",
    override_item="overRideIllDefineSite",
    passes=_WELL_DEFINED,
    fails=_METASTASES,
)
def several_ill_defined() -> pl.Expr:
    """Unknown site, solid tumor in nodes or marrow, histiocytic and mast cell neoplasms."""
    return _ill_defined(CENTRAL)


@edit(
    "seqhosp-illdefined",
    message="One of several primaries (hospital sequence {sequenceNumberHospital}) at {primarySite}, "
    "{histologicTypeIcdO3}: a metastasis or the same disease?",
    severity=REVIEW,
    items=[HOSPITAL, "primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="Commission on Cancer edits, restated in the NAACCR data dictionary version 26",
    naaccr_name="Seq Num--Hosp, Primary Site, Morph ICDO3 (CoC)",
    override_item="overRideHospseqSite",
    passes=_WELL_DEFINED,
    fails=_METASTASES,
)
def several_ill_defined_hospital() -> pl.Expr:
    """As the central edit."""
    return _ill_defined(HOSPITAL)
