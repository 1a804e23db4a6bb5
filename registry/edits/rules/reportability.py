"""Tumors that the programs do not collect: reported, they are wrong or belong to the registry's own list."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import WARNING, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import DX_YEAR, HISTOLOGY, SITE, histology_in, number, site_in

PROGRAMS = "SEER Program Coding and Staging Manual, reportability; NPCR reportable conditions"
BEHAVIOR = pl.col("behaviorCodeIcdO3")


@edit(
    "benign-reportable-site",
    message="Behavior {behaviorCodeIcdO3} at {primarySite}, diagnosed {dateOfDiagnosis}, is not reportable",
    items=["primarySite", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source="Benign Brain Tumor Cancer Registries Amendment Act (2004); " + DICTIONARY,
    passes=[
        "C700 | 0 | 2010",
        "C729 | 1 | 2010",
        "C751 | 0 | 2004",
        "C753 | 1 | 20040101",
        "C509 | 3 | 2010",
        "C509 | 2 | 2010",
        "C509 | 0 | ",
        "C509 | 0 | 2010-01",
        " | 0 | 2010",
        "C509 | 6 | 2010",
    ],
    fails=[
        "C509 | 0 | 2010",
        "C569 | 1 | 2010",
        "C710 | 1 | 2003",
        "C750 | 0 | 2010",
        "C754 | 1 | 2010",
        "C699 | 0 | 2010",
    ],
    notes="Benign and borderline tumors of a registry's own list are added by an edit of its own.",
)
def benign_not_reportable() -> pl.Expr:
    """Benign and borderline: brain, CNS and intracranial glands, since 2004."""
    return (number("behaviorCodeIcdO3") <= 1) & ~(site_in("C700-C729,C751-C753") & (DX_YEAR >= 2004))


@edit(
    "skin-nonreportable",
    message="Histology {histologicTypeIcdO3} of the skin ({primarySite}) is not reportable",
    severity=WARNING,
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source=PROGRAMS,
    passes=[
        "C443 | 8720 | 3",
        "C443 | 8120 | 3",
        "C519 | 8070 | 3",
        "C632 | 8070 | 3",
        "C443 | | 3",
        "C443 | 8070 | ",
    ],
    fails=["C443 | 8090 | 3", "C449 | 8000 | 3", "C440 | 8110 | 2"],
)
def skin_not_reportable() -> pl.Expr:
    """Basal, squamous and unspecified carcinomas of the skin."""
    return site_in("C440-C449") & histology_in("8000-8110")


@edit(
    "cervix-insitu",
    message="In situ tumors of the cervix ({primarySite}) diagnosed 1996 or later are not reportable",
    severity=WARNING,
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    category="tumor",
    source=PROGRAMS,
    passes=[
        "C539 | 8077 | 2 | 1995",
        "C539 | 8077 | 3 | 2020",
        "C529 | 8077 | 2 | 2020",
        "C541 | 8140 | 2 | 2020",
        "C539 | 8077 | 2 | ",
        "C539 | | 2 | 2020",
    ],
    fails=["C539 | 8077 | 2 | 1996", "C530 | 8140 | 2 | 202005"],
    notes="Any in situ histology; registries that collect these leave the edit out of their set.",
)
def cervix_in_situ() -> pl.Expr:
    """C53, behavior 2, from 1996."""
    return site_in("C530-C539") & (BEHAVIOR == "2") & (DX_YEAR >= 1996)


@edit(
    "prostate-pin",
    message="Intraepithelial neoplasia of the prostate (8148/2) is not reportable",
    severity=WARNING,
    items=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="tumor",
    source=PROGRAMS,
    columns=["primarySite", "histologicTypeIcdO3", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    passes=[
        "C619 | 8140 | 2 | 2020",
        "C619 | 8148 | 3 | 2020",
        "C250 | 8148 | 2 | 2020",
        "C619 | 8148 | | 2020",
        " | 8148 | 2 | 2020",
    ],
    fails=["C619 | 8148 | 2 | 2020", "C619 | 8148 | 2 | "],
)
def prostate_pin() -> pl.Expr:
    """8148/2 at C619."""
    return (SITE == 619) & (HISTOLOGY == 8148) & (BEHAVIOR == "2")
