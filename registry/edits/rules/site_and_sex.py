"""What cannot be, or hardly is, at a site: sex, leukemia, lymph nodes, melanoma, Kaposi sarcoma."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, WARNING, edit
from registry.edits.terms import HISTOLOGY, SEX, SITE, histology_in, site_in

SEER = "SEER edits (interfield), restated in the NAACCR data dictionary version 26"


@edit(
    "site-sex",
    message="Primary site {primarySite} cannot occur in a patient whose sex is {sex}",
    items=["primarySite", "sexAssignedAtBirth", "sex"],
    category="tumor",
    source="NAACCR edit 'Sex, Primary Site'",
    passes=[
        "C619 | 1 | ",
        "C600 | 1 | ",
        "C530 | 2 | ",
        "C509 | 1 | ",
        "C649 | 2 | ",
        " | 1 | ",
        "C530 |  | 5",
        "C619 |  | 6",
        "C619 |  | 3",
        "C619 | 9 | 2",
        "C619 | | ",
        "C619 | 7 | ",
        "C61 | 2 | ",
    ],
    fails=["C619 | 2 |", "C510 | 1 | ", "C589 |  | 1", "C600 | | 2", "C639 | 2 | 1"],
    notes="Sex assigned at birth counts; the older item only where that is blank. Its codes 3 to 6 and 9 are not "
    "tested, even where they imply a sex at birth.",
)
def site_fits_sex() -> pl.Expr:
    """C51-C58 are female organs, C60-C63 male."""
    return ((SEX == "1") & site_in("C510-C589")) | ((SEX == "2") & site_in("C600-C639"))


@edit(
    "leukemia-site",
    message="Leukemia {histologicTypeIcdO3} with primary site {primarySite} (expected C421)",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="SEER Hematopoietic and Lymphoid Neoplasm Coding Manual",
    override_item="overRideSiteType",
    passes=[
        "C421 | 9861",
        *(f"C779 | {code}" for code in (9811, 9819, 9823, 9826, 9827, 9831, 9837, 9930)),
        "C809 | 9800",
        "C809 | 9947",
        "C509 | 8500",
        "C420 | ",
    ],
    fails=[
        "C809 | 9861",
        *(
            f"C420 | {code}"
            for code in (9801, 9805, 9809, 9820, 9832, 9836, 9920, 9931, 9940, 9945, 9946, 9948)
        ),
    ],
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
    passes=["C421 | 9732", "C412 | 9731", "C412 | 9733", " | 9732", "C42 | 9732"],
    fails=["C412 | 9732", "C809 | 9732", "C420 | 9732", "C424 | 9732"],
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
    passes=["C421 | 9861", "C421 | 9590", "C422 | 8000", "C423 | 8000", "C509 | 8500", "C421 | "],
    fails=["C421 | 9580", "C420 | 8000", "C424 | 8010"],
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
    passes=["C770 | 9680", "C779 | 9590", "C768 | 8500", "C809 | 8500", "C779 | "],
    fails=["C773 | 8500", "C779 | 8000", "C770 | 9581"],
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
    version="2026.2",
    passes=[
        *(f"{site} | 8720" for site in "C000 C069 C090 C159 C209 C211 C268 C300 C329 C445 C510 C539".split()),
        *(f"{site} | 8746" for site in "C600 C609 C632 C680 C692 C700 C709".split()),
        "C509 | 8500",
        "C509 | 8711",
        "C509 | 8800",
        "C509 | ",
    ],
    fails=[
        "C649 | 8720",
        "C619 | 8790",
        "C809 | 8720",
        "C504 | 8720",
        "C189 | 8743",
        "C349 | 8720",
        "C710 | 8720",
        "C569 | 8720",
    ],
    notes="The catalogue names groups (skin, eye, genital, mucosal, meningeal); they are written out here after the "
    "sites where SEER's list has melanoma: lip, mouth, nose, throat, esophagus, rectum and anus, vulva, vagina and "
    "cervix, penis and scrotum, urethra. An unknown primary is coded C449 and one of the nipple C445, so C809 and "
    "the breast are reviewed.",
)
def melanoma_site() -> pl.Expr:
    """Where melanocytes are: skin, eye, meninges and the mucosa at the body's openings."""
    expected = (
        "C000-C069,C090-C159,C209-C218,C260-C269,C300-C329,C440-C449,C510-C539,C600-C609,C632,C680-C709"
    )
    return histology_in("8720-8790") & ~site_in(expected)


@edit(
    "kaposi-age-site",
    message="Kaposi sarcoma with unknown primary site: the skin (C44) is coded then",
    severity=WARNING,
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="SEER Program Coding and Staging Manual, Primary Site, Kaposi sarcoma",
    columns=["primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
    passes=[
        "C449 | 9140 | ",
        "C300 | 9140 | ",
        "C768 | 9140 | ",
        "C809 | 9130 | ",
        " | 9140 | ",
        "C80 | 9140 | ",
    ],
    fails=["C809 | 9140 | ", "C809 | 9140 | 1990"],
    notes="Only C809 is an unknown site. The edit's name speaks of age too, its logic does not.",
)
def kaposi_site() -> pl.Expr:
    """9140 at C809."""
    return (HISTOLOGY == 9140) & (SITE == 809)
