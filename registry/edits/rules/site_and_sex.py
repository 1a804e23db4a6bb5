"""What cannot be, or hardly is, at a site: sex, histology, leukemia, lymph nodes, melanoma."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import DX_YEAR, HISTOLOGY, SEX, SITE, histology_in, site_in

SEER = "SEER edits (interfield), restated in the NAACCR data dictionary version 26"


@edit(
    "site-sex",
    message="Primary site {primarySite} cannot occur in a patient whose sex is {sex}",
    items=["primarySite", "sexAssignedAtBirth", "sex"],
    category="tumor",
    source="NAACCR edit 'Sex, Primary Site'",
    passes=["C619 | 1 | ", "C504 | 1 | ", " | 1 | ", "C530 |  | 5", "C619 | 9 | ", "C619 | | "],
    fails=["C619 | 2 |", "C530 | 1 | ", "C569 |  | 1", "C629 | 2 | 1"],
    notes="Codes 3 to 6 of the older item are not tested, even where they imply a sex at birth.",
)
def site_fits_sex() -> pl.Expr:
    """C51-C58 are female organs, C60-C63 male."""
    return ((SEX == "1") & site_in("C510-C589")) | ((SEX == "2") & site_in("C600-C639"))


@edit(
    "site-histology-impossible",
    message="Histology {histologicTypeIcdO3} cannot arise in primary site {primarySite}",
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="ICD-O-3.2 site-specific morphologies",
    passes=["C220 | 8170", "C692 | 9510", "C629 | 9100", "C589 | 9104", "C509 | 8500"],
    fails=["C250 | 8170", "C509 | 9510", "C619 | 9100", "C629 | 9104"],
    notes="The catalogue bars placental histologies 9100-9105 from all male sites; choriocarcinoma "
    "(9100-9102) does arise in the testis, so only 9103-9105 fail there.",
)
def impossible_site() -> pl.Expr:
    """Hard conflicts only; unlikely combinations have an edit of their own."""
    liver = histology_in("8170-8175") & (SITE != 220)
    eye = histology_in("9510-9514") & ~site_in("C690-C699")
    placenta = histology_in("9100-9105") & site_in("C600-C619,C630-C639")
    trophoblast = histology_in("9103-9105") & site_in("C620-C629")
    return liver | eye | placenta | trophoblast


@edit(
    "benign-reportable-site",
    message="Behavior {behaviorCodeIcdO3} at {primarySite}, diagnosed {dateOfDiagnosis}, is not reportable",
    items=["primarySite", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source="Benign Brain Tumor Cancer Registries Amendment Act (2004); " + DICTIONARY,
    passes=["C710 | 0 | 2010", "C752 | 1 | 20040101", "C509 | 3 | 2010", "C509 | 0 | "],
    fails=["C509 | 0 | 2010", "C710 | 1 | 2003"],
)
def benign_not_reportable() -> pl.Expr:
    """Benign and borderline: brain, CNS and intracranial glands, since 2004."""
    benign = pl.col("behaviorCodeIcdO3").is_in(["0", "1"])
    return benign & ~(site_in("C700-C729,C751-C753") & (DX_YEAR >= 2004))


@edit(
    "skin-nonreportable",
    message="Histology {histologicTypeIcdO3} of the skin ({primarySite}) is not reportable",
    severity=WARNING,
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source="SEER and NPCR reportability",
    requires=["primarySite", "histologicTypeIcdO3"],
    passes=["C443 | 8720 | 3", "C519 | 8070 | 3", "C443 | | 3"],
    fails=["C443 | 8090 | 3", "C449 | 8000 | 3"],
)
def skin_not_reportable() -> pl.Expr:
    """Basal, squamous and unspecified carcinomas of the skin."""
    return site_in("C440-C449") & histology_in("8000-8110")


@edit(
    "leukemia-site",
    message="Leukemia {histologicTypeIcdO3} with primary site {primarySite} (expected C421)",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="SEER Hematopoietic and Lymphoid Neoplasm Coding Manual",
    override_item="overRideSiteType",
    passes=["C421 | 9861", "C779 | 9823", "C809 | 9930", "C509 | 8500"],
    fails=["C809 | 9861", "C779 | 9801"],
)
def leukemia_site() -> pl.Expr:
    """Lymphocytic leukemias that may be nodal or extramedullary are never tested."""
    named = histology_in("9801,9805-9809,9820,9832-9920,9931,9940,9945,9946,9948")
    return named & (HISTOLOGY != 9837) & (SITE != 421)


@edit(
    "myeloma-site",
    message="Plasma cell myeloma (9732) with primary site {primarySite} (expected C421)",
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="SEER Hematopoietic and Lymphoid Neoplasm Coding Manual",
    passes=["C421 | 9732", "C412 | 9731", " | 9732"],
    fails=["C412 | 9732", "C809 | 9732"],
)
def myeloma_site() -> pl.Expr:
    """Bone marrow only."""
    return (HISTOLOGY == 9732) & (SITE != 421)


@edit(
    "marrow-nonheme",
    message="Histology {histologicTypeIcdO3} with primary site {primarySite} (blood, marrow): a metastasis?",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source=SEER,
    override_item="overRideSiteType",
    passes=["C421 | 9861", "C422 | 8000", "C509 | 8500"],
    fails=["C421 | 8500", "C420 | 8000"],
)
def marrow_not_heme() -> pl.Expr:
    """Blood, marrow and hematopoietic system hold hematopoietic neoplasms."""
    return site_in("C420,C421,C424") & (HISTOLOGY < 9590)


@edit(
    "node-nonlymphoma",
    message="Histology {histologicTypeIcdO3} with a lymph node ({primarySite}) as primary: a metastasis?",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source=SEER,
    override_item="overRideSiteType",
    passes=["C770 | 9680", "C779 | 9590", "C509 | 8500"],
    fails=["C773 | 8500", "C779 | 8000"],
)
def node_not_lymphoma() -> pl.Expr:
    """Solid tumors do not begin in a lymph node."""
    return site_in("C770-C779") & (HISTOLOGY < 9590)


@edit(
    "melanoma-site",
    message="Melanoma {histologicTypeIcdO3} with primary site {primarySite}",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="SEER site/histology validation list: sites with melanoma",
    override_item="overRideSiteType",
    passes=["C445 | 8720", "C692 | 8730", "C211 | 8720", "C509 | 8500"],
    fails=["C649 | 8720", "C619 | 8720", "C809 | 8720"],
    notes="The catalogue names groups (skin, eye, genital, mucosal, meningeal); they are written out here. "
    "An unknown primary is coded C449, so C809 is reviewed.",
)
def melanoma_site() -> pl.Expr:
    """Skin, eye, mucosa of mouth, nose, throat, gut and genitals, and the meninges."""
    expected = (
        "C000-C069,C090-C148,C150-C159,C180-C218,C239,C300-C329,C440-C449,C500,"
        "C510-C539,C600-C609,C632,C670-C689,C690-C699,C700-C729"
    )
    return histology_in("8720-8790") & ~site_in(expected)
