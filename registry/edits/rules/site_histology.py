"""Histologies at sites, and in a sex, where the validation list does not have them.

The list is data (`data/site_histology.csv.gz`) and is compiled into one dense look-up over
histology, behavior and site.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from registry.edits.build import TABLE
from registry.edits.definition import REVIEW, edit
from registry.edits.rules.site_and_sex import SEER
from registry.edits.terms import HISTOLOGY, SEX, SITE, histology_in, intervals, number, site_in

_SITES, _BEHAVIORS = 810, 10
_SEX_CORD = range(8590, 8672)
"""Sex cord and gonadal stromal tumors arise in ovary and testis."""


@cache
def _listed_sites() -> dict[tuple[int, int], set[int]]:
    """Sites of each histology and behavior on the list."""
    table = pl.read_csv(TABLE, infer_schema=False)
    listed = {}
    for histology, behavior, sites in table.iter_rows():
        spans = [range(low, high + 1) for low, high in intervals(sites)]
        listed[int(histology), int(behavior)] = {site for span in spans for site in span}
    return listed


@cache
def _lookup() -> tuple[pl.Series, pl.Series]:
    """Row number of every histology (null = not on the list), and whether each cell is on the list.

    Sites that the list leaves out altogether count as listed.
    """
    listed = _listed_sites()
    histologies = sorted({histology for histology, _ in listed})
    row = {histology: position for position, histology in enumerate(histologies)}
    known = set().union(*listed.values())
    cells = np.zeros((len(row), _BEHAVIORS, _SITES), dtype=bool)
    cells[:, :, [site for site in range(_SITES) if site not in known]] = True
    for (histology, behavior), sites in listed.items():
        cells[row[histology], behavior, list(sites)] = True
    rows = pl.Series("row", [row.get(histology) for histology in range(10_000)], pl.UInt32)
    return rows, pl.Series("listed", cells.ravel())


def _of_one_sex(low: int, high: int) -> list[int]:
    """Histologies whose every listed site lies in the range."""
    sites: dict[int, set[int]] = {}
    for (histology, _), places in _listed_sites().items():
        sites.setdefault(histology, set()).update(places)
    only = [h for h, places in sites.items() if all(low <= site <= high for site in places)]
    return sorted(h for h in only if h not in _SEX_CORD)


@edit(
    "site-histology-unlikely",
    message="Histology {histologicTypeIcdO3}/{behaviorCodeIcdO3} is not listed for {primarySite}",
    severity=REVIEW,
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source="SEER Site/Histology Validation List (an older edition)",
    naaccr_name="Primary Site, Morphology-Type, Behavior ICDO3 (SEER IF25)",
    override_item=["overRideSiteType", "overRideCocSiteType"],
    passes=[
        "C509 | 8500 | 3",
        "C619 | 8140 | 3",
        "C443 | 8090 | 3",
        "C649 | 8000 | 3",
        "C509 | 8500 | 2",
        "C809 | 8140 | 3",
    ],
    fails=["C710 | 8500 | 3", "C509 | 9440 | 3", "C649 | 8312 | 2"],
    notes="Histologies that the installed edition does not have at all (new ones) are not tested, nor sites it "
    "has no row for (C490-C499, C760-C768, C809), nor benign and borderline behavior; 8000-8005 fit every site and C44 with 8000-8110 "
    "is left out. Diagnoses from 2024 need the year's Cancer PathCHART list.",
)
def unlisted_combination() -> pl.Expr:
    """One look-up per record."""
    rows, listed = _lookup()
    row = pl.lit(rows).gather(HISTOLOGY)
    behavior = number("behaviorCodeIcdO3")
    cell = (row * _BEHAVIORS + behavior) * _SITES + SITE
    skin = site_in("C440-C449") & histology_in("8000-8110")
    tested = (behavior >= 2) & ~skin & (HISTOLOGY > 8005)
    return tested & ~pl.lit(listed).gather(cell)


@edit(
    "histology-sex",
    message="Histology {histologicTypeIcdO3} hardly occurs in a patient whose sex is {sex}",
    severity=REVIEW,
    items=["sexAssignedAtBirth", "sex", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source="SEER Site/Histology Validation List; " + SEER,
    override_item="overRideSiteType",
    requires=["sexAssignedAtBirth|sex", "histologicTypeIcdO3"],
    columns=["sexAssignedAtBirth", "sex", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    passes=["2 | | 8441 | 3", "1 | | 8140 | 3", "1 | | 8620 | 3", "9 | | 8930 | 3", "2 | | 9084 | 3"],
    fails=["1 | | 8441 | 3", " | 1 | 8930 | 3", "2 | | 9102 | 3", "1 | | 9084 | 3"],
    notes="The catalogue refers to families of a table that is not free to copy; histologies whose "
    "listed sites are all female (C51-C58) or all male (C60-C63) stand in for them, sex cord tumors "
    "(8590-8671) left out, 9084/3 in males added.",
)
def histology_fits_sex() -> pl.Expr:
    """Histologies of one sex's organs only."""
    ovarian_teratoma = (HISTOLOGY == 9084) & (pl.col("behaviorCodeIcdO3") == "3")
    female = HISTOLOGY.is_in(_of_one_sex(510, 589)) | ovarian_teratoma
    male = HISTOLOGY.is_in(_of_one_sex(600, 639))
    return ((SEX == "1") & female) | ((SEX == "2") & male)
