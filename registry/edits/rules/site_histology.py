"""Histologies at sites where the lists do not have them, or where they cannot arise at all.

The lists are data, chosen by diagnosis year: `registry.edits.site_histology`.
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.site_and_sex import SEER
from registry.edits.site_histology import IMPOSSIBLE, UNLIKELY, status
from registry.edits.terms import HISTOLOGY, SEX, SITE, histology_in, number, site_in

LISTS = "SEER Site/Histology Validation List (to 2023); Cancer PathCHART Site Morphology Validation List (from 2024)"


@edit(
    "site-histology-unlikely",
    message="Histology {histologicTypeIcdO3}/{behaviorCodeIcdO3} is not listed for {primarySite}",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source=LISTS + "; " + SEER,
    version="2026.2",
    naaccr_name="Primary Site, Morphology-Type, Behavior ICDO3 (SEER IF25)",
    override_item=["overRideSiteType", "overRideCocSiteType"],
    columns=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    passes=[
        "C509 | 8500 | 3 | 2015",
        "C509 | 8500 | 2 | ",
        "C649 | 8000 | 3 | 2015",
        "C509 | 8005 | 2 | 2015",
        "C440 | 8000 | 0 | 2015",
        "C443 | 8090 | 3 | 2015",
        "C449 | 8110 | 3 | 2025",
        "C679 | 8130 | 3 | 2015",
        "C499 | 8890 | 3 | 2015",
        "C809 | 8140 | 3 | 2015",
        "C700 | 9530 | 0 | 2015",
        " | 8500 | 3 | 2015",
        "C710 | 8500 |  | 2015",
        "C710 | 8500 | 6 | 2015",
        "C710 | 8499 | 3 | 2015",
    ],
    fails=[
        "C710 | 8500 | 3 | 2015",
        "C710 | 8500 | 3 | 2025",
        "C710 | 8500 | 3 | ",
        "C509 | 9440 | 3 | 2015",
        "C649 | 8312 | 2 | 2015",
        "C509 | 8500 | 0 | 2015",
        "C443 | 8120 | 3 | 2015",
        "C500 | 8090 | 3 | 2015",
        "C449 | 8123 | 2 | 2015",
        "C509 | 8483 | 3 | 2022",
    ],
    notes="SEER's list is the union of three editions (to about 2022); histologies that are newer than these are "
    "reviewed. 8000-8005 fit every site with any behavior. Diagnoses from 2024 are judged by the year's Cancer "
    "PathCHART list: neither valid nor impossible is a review. Until that is installed SEER's list stands in.",
)
def unlisted_combination() -> pl.Expr:
    """One look-up per record; carcinomas of the skin that nobody collects are left out, as in the CoC edit."""
    skin = site_in("C440-C449") & histology_in("8000-8110")
    return (status() == UNLIKELY) & ~skin


@edit(
    "site-histology-impossible",
    message="Histology {histologicTypeIcdO3} cannot arise in primary site {primarySite}",
    items=["primarySite", "histologicTypeIcdO3"],
    category="tumor",
    source="ICD-O-3.2, site-specific morphologies; " + LISTS,
    version="2026.2",
    columns=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    passes=[
        "C220 | 8170 | 3 | 2020",
        "C220 | 8175 | 3 | 2020",
        "C250 | 8169 | 3 | 2020",
        "C250 | 8180 | 3 | 2020",
        "C690 | 9510 | 3 | 2020",
        "C699 | 9514 | 3 | 2020",
        "C509 | 9515 | 3 | 2020",
        "C629 | 9100 | 3 | 2020",
        "C620 | 9102 | 3 | 2020",
        "C589 | 9104 | 3 | 2020",
        "C569 | 9105 | 3 | 2020",
        "C619 | 9090 | 3 | 2020",
        "C509 | 8500 | 3 | 2020",
        " | 8170 | 3 | 2020",
    ],
    fails=[
        "C250 | 8170 | | ",
        "C221 | 8175 | 3 | 2020",
        "C509 | 9510 | 3 | 2020",
        "C710 | 9514 | 3 | 2020",
        "C700 | 9512 | 3 | 2020",
        "C689 | 9511 | 3 | 2020",
        "C600 | 9100 | 3 | 2020",
        "C619 | 9105 | 3 | 2020",
        "C630 | 9101 | 3 | 2020",
        "C639 | 9104 | 3 | 2020",
        "C620 | 9103 | 3 | 2020",
        "C629 | 9105 | 3 | 2020",
    ],
    notes="The catalogue bars placental histologies 9100-9105 from all male sites; choriocarcinoma "
    "(9100-9102) does arise in the testis, so only 9103-9105 fail there. IARC's must-table is not free to copy: "
    "what Cancer PathCHART's installed lists call impossible is tested in its place, from 2024.",
)
def impossible_site() -> pl.Expr:
    """Hard conflicts of any year, and the list's own from 2024."""
    liver = histology_in("8170-8175") & (SITE != 220)
    eye = histology_in("9510-9514") & ~site_in("C690-C699")
    placenta = histology_in("9100-9105") & site_in("C600-C619,C630-C639")
    trophoblast = histology_in("9103-9105") & site_in("C620-C629")
    return liver | eye | placenta | trophoblast | (status() == IMPOSSIBLE)


# Families of tumors by the organ that names them, after ICD-O-3: vulva and vagina, uterus (endometrial stroma,
# Muellerian mixed tumors, endometrioid and endocervical types), ovary (serous, clear cell and mucinous
# adenofibroma, Brenner, thecal, granulosa and lutein cells, dysgerminoma's struma), placenta.
_FEMALE = (
    "8905,8930-8933,8950,8313,8380-8384,8482,8441-8444,8451,8460-8463,8472-8474,8593,8600-8602,8610,8620-8623,"
    "8632,8660,8670,9000,9013-9015,9090-9091,9103-9105"
)
# Penis (8054, 8080), testis (Sertoli and Leydig cells, seminomas, trophoblastic teratoma).
_MALE = "8054,8080,8640-8642,8650,9061-9063,9102"


@edit(
    "histology-sex",
    message="Histology {histologicTypeIcdO3} hardly occurs in a patient whose sex is {sex}",
    severity=REVIEW,
    items=["sexAssignedAtBirth", "sex", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source="ICD-O-3.2, morphologies named after one sex's organs; SEER Site/Histology Validation List",
    version="2026.3",
    override_item="overRideSiteType",
    passes=[
        "2 | | 8441 | 3",
        "1 | | 8140 | 3",
        "1 | | 8470 | 3",
        "1 | | 8450 | 3",
        "1 | | 8630 | 3",
        "2 | | 8630 | 3",
        "1 | | 9102 | 3",
        "1 | | 9100 | 3",
        "1 | | 9100 | 2",
        "1 | | 9084 | 0",
        "1 | | 9061 | 3",
        "2 | | 9060 | 3",
        "2 | | 9084 | 3",
        "2 | | 9100 | 0",
        "9 | | 8930 | 3",
        " | 5 | 8441 | 3",
        "1 | | 8441 | ",
    ],
    fails=[
        "1 | | 8441 | 3",
        " | 1 | 8930 | 3",
        "1 | | 8620 | 3",
        "1 | | 9091 | 1",
        "1 | | 9104 | 1",
        "1 | | 9084 | 3",
        "1 | | 9100 | 0",
        "1 | | 9100 | 1",
        "2 | | 9061 | 3",
        "2 | | 9102 | 3",
        " | 2 | 8080 | 2",
        "2 | 1 | 8054 | 3",
        *(
            f"1 | | {code} | 3"
            for code in (8905, 8931, 8933, 8950, 8313, 8380, 8384, 8482, 8444, 8451, 8460, 8463)
        ),
        *(
            f"1 | | {code} | 3"
            for code in (8472, 8474, 8593, 8600, 8602, 8610, 8623, 8632, 8660, 8670, 9000, 9013)
        ),
        *(f"1 | | {code} | 3" for code in (9015, 9090, 9103, 9105)),
        *(f"2 | | {code} | 3" for code in (8640, 8642, 8650, 9062, 9063)),
    ],
    notes="The catalogue refers to families 22-28 of a table that is not free to copy; they are written anew here "
    "after ICD-O-3's names. Left out, because SEER lists them for the other sex too: mucinous and papillary "
    "cystadenocarcinoma (8450, 8470-8471, pancreas), choriocarcinoma (9100/3, "
    "testis) and androblastoma (8630-8631). Sex codes 3-6 are not tested.",
)
def histology_fits_sex() -> pl.Expr:
    """Histologies named after one sex's organs, malignant struma's dermoid (9084/3) and moles (9100/0, 9100/1)."""
    behavior = pl.col("behaviorCodeIcdO3")
    female = (
        histology_in(_FEMALE)
        | ((HISTOLOGY == 9084) & (behavior == "3"))
        | ((HISTOLOGY == 9100) & (number("behaviorCodeIcdO3") <= 1))
    )
    return ((SEX == "1") & female) | ((SEX == "2") & histology_in(_MALE))
