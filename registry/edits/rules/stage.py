"""Summary Stage 2018 against behavior, metastases, nodes and diagnosis year."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import BEHAVIOR
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import DX_YEAR, blank, histology_in, site_in

SOURCE = "SEER Summary Stage 2018; " + DICTIONARY
STAGE = pl.col("summaryStage2018")
METS = [f"metsAtDx{part}" for part in ("Bone", "Brain", "Liver", "Lung", "DistantLn", "Other")]
BENIGN_SITES = "C700-C729,C751-C753"


@edit(
    "ss-behavior",
    message="Summary stage {summaryStage2018} does not fit behavior {behaviorCodeIcdO3}",
    items=["summaryStage2018", "behaviorCodeIcdO3"],
    category="stage",
    source=SOURCE,
    review_when=lambda: BEHAVIOR == "2",
    passes=["0 | 2", "1 | 3", "9 | 3", "1 | 2", "0 | "],
    fails=["0 | 3", "0 | 1", "7 | 2", "3 | 2"],
    notes="Behavior 2 with nodes or metastasis (3, 7) is a review, the rest errors.",
)
def stage_fits_behavior() -> pl.Expr:
    """In situ both ways; an in situ primary with nodes or metastases is questionable."""
    stage_0 = (STAGE == "0") & (BEHAVIOR != "2")
    return stage_0 | ((BEHAVIOR == "2") & STAGE.is_in(["3", "7"]))


@edit(
    "ss-benign",
    message="Summary stage {summaryStage2018} with behavior {behaviorCodeIcdO3} at {primarySite}: 8 is for benign "
    "and borderline tumors of brain, CNS and intracranial glands, and only for them",
    items=["summaryStage2018", "behaviorCodeIcdO3", "primarySite"],
    category="stage",
    source=SOURCE,
    passes=["8 | 0 | C700", "1 | 3 | C700", "9 | 1 | C569", "8 | | C700"],
    fails=["8 | 3 | C710", "8 | 1 | C569", "1 | 0 | C700"],
)
def stage_8() -> pl.Expr:
    """Required there, forbidden elsewhere."""
    benign = BEHAVIOR.is_in(["0", "1"]) & site_in(BENIGN_SITES)
    return (STAGE == "8") != benign


@edit(
    "ss-leukemia",
    message="Leukemia of the marrow is systemic: summary stage 7, not {summaryStage2018}",
    items=["summaryStage2018", "primarySite", "histologicTypeIcdO3"],
    category="stage",
    source=SOURCE,
    passes=["7 | C421 | 9861", "1 | C421 | 9823", "1 | C779 | 9680", "  | C421 | 9861"],
    fails=["1 | C421 | 9861", "9 | C421 | 9801"],
    notes="Tested for C421 with 9800-9948 other than 9823, 9826 and 9827; the schemas' own tables of stages "
    "come with the staging room.",
)
def leukemia_stage() -> pl.Expr:
    """Lymphocytic leukemias that are also lymphomas are not tested."""
    leukemia = histology_in("9800-9822,9824,9825,9828-9948")
    return site_in("C421") & leukemia & (STAGE != "7")


@edit(
    "ss-mets",
    message="Metastases at diagnosis are coded, but summary stage is {summaryStage2018} (expected 7)",
    items=["summaryStage2018", *METS],
    category="stage",
    source=SOURCE,
    requires=["summaryStage2018"],
    columns=["summaryStage2018", "metsAtDxBone", "metsAtDxOther"],
    passes=["7 | 1 | 0", "1 | 0 | 9", "1 | | "],
    fails=["1 | 1 | 0", "3 | | 2", "9 | 1 | 1"],
)
def metastases_not_staged() -> pl.Expr:
    """Any of the six items."""
    return pl.any_horizontal([pl.col(item).is_in(["1", "2"]) for item in METS]) & (STAGE != "7")


@edit(
    "ss-nodespos",
    message="Nodes positive {regionalNodesPositive} contradict summary stage {summaryStage2018}",
    severity=REVIEW,
    items=["summaryStage2018", "regionalNodesPositive"],
    category="stage",
    source=SOURCE,
    naaccr_name="Summary Stage 2000, Regional Nodes Pos (NAACCR)",
    override_item="overRideSsNodespos",
    passes=["3 | 02", "1 | 00", "7 | 00", "1 | 98", "4 | 97"],
    fails=["1 | 02", "3 | 00", "2 | 97"],
    notes="The named edit is on Summary Stage 2000; this is its analogue for 2018.",
)
def nodes_and_stage() -> pl.Expr:
    """Positive nodes mean 3, 4 or 7; stage 3 or 4 means that not all nodes were negative."""
    nodes = pl.col("regionalNodesPositive")
    positive = (nodes != "00") & (nodes <= "97") & ~STAGE.is_in(["3", "4", "7"])
    return positive | (STAGE.is_in(["3", "4"]) & (nodes == "00"))


@edit(
    "ss-era",
    message="Summary Stage 2018 is {summaryStage2018}, diagnosed {dateOfDiagnosis}: it is coded from 2018 on",
    items=["summaryStage2018", "dateOfDiagnosis"],
    category="stage",
    source=SOURCE,
    requires=["dateOfDiagnosis"],
    passes=["1 | 2018", " | 2017", "1 | ", "5 | 2020"],
    fails=[" | 2018", "1 | 2017"],
)
def stage_of_its_time() -> pl.Expr:
    """Filled from 2018, blank before; an invalid code has its own edit."""
    missing = blank("summaryStage2018")
    return ((DX_YEAR >= 2018) & missing) | ((DX_YEAR < 2018) & ~missing)
