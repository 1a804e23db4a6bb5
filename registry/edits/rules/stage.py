"""Summary Stage 2018 and metastases at diagnosis against behavior, nodes, schema and diagnosis year."""

from __future__ import annotations

import polars as pl

from registry import staging
from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import BEHAVIOR
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.schema import EOD, SCHEMAS, code
from registry.edits.rules.stage_categories import m_positive
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
    columns=["summaryStage2018", "behaviorCodeIcdO3", "dateOfDiagnosis"],
    passes=[
        "0 | 2 | 2020",
        "1 | 3 | 2020",
        "9 | 3 | 2020",
        "1 | 2 | 2020",
        "4 | 2 | 2020",
        "9 | 2 | 2020",
        "3 | 3 | 2020",
        "8 | 1 | 2020",
        "0 | | 2020",
        "0 | 1 | 2017",
        "5 | 2 | 2020",
    ],
    fails=["0 | 3 | 2020", "0 | 3 | 2017", "0 | 1 | 2018", "0 | 0 | "],
    reviews=["7 | 2 | 2020", "3 | 2 | 2018"],
    notes="Behavior 2 with nodes or metastasis (3, 7) is a review, the rest errors. Benign and borderline tumors "
    "diagnosed before 2018 are not tested.",
)
def stage_fits_behavior() -> pl.Expr:
    """Stage 0 is in situ; an in situ primary with nodes or metastases is questionable."""
    before = (DX_YEAR < 2018).fill_null(value=False)
    benign = BEHAVIOR.is_in(["0", "1"]) & ~before
    stage_0 = (STAGE == "0") & ((BEHAVIOR == "3") | benign)
    return stage_0 | ((BEHAVIOR == "2") & STAGE.is_in(["3", "7"]))


@edit(
    "ss-benign",
    message="Summary stage {summaryStage2018} with behavior {behaviorCodeIcdO3} at {primarySite}: 8 is for benign "
    "and borderline tumors of brain, CNS and intracranial glands, and only for them",
    items=["summaryStage2018", "behaviorCodeIcdO3", "primarySite"],
    category="stage",
    source=SOURCE,
    passes=[
        "8 | 0 | C700",
        "8 | 1 | C729",
        "8 | 1 | C751",
        "8 | 0 | C753",
        "1 | 3 | C700",
        "9 | 1 | C569",
        "1 | 2 | C700",
        "9 | 0 | C754",
        "8 | | C700",
        "8 | 3 | ",
        "5 | 0 | C700",
    ],
    fails=[
        "8 | 3 | C710",
        "8 | 2 | C710",
        "8 | 1 | C569",
        "8 | 0 | C754",
        "8 | 0 | C750",
        "1 | 0 | C700",
        "9 | 1 | C729",
        "0 | 0 | C753",
    ],
)
def stage_8() -> pl.Expr:
    """Required there, forbidden elsewhere."""
    benign = BEHAVIOR.is_in(["0", "1"]) & site_in(BENIGN_SITES)
    return (STAGE == "8") != benign


@edit(
    "ss-leukemia",
    message="Summary stage {summaryStage2018} is not one for {primarySite}, {histologicTypeIcdO3} (leukemia of the "
    "marrow: 7)",
    items=["summaryStage2018", "histologicTypeIcdO3", "primarySite", "schemaId"],
    category="stage",
    source=SOURCE + "; " + EOD,
    requires=["summaryStage2018", "histologicTypeIcdO3", "primarySite"],
    columns=["summaryStage2018", "primarySite", "histologicTypeIcdO3", "schemaId", "dateOfDiagnosis"],
    passes=[
        "7 | C421 | 9861 | | 2020",
        "1 | C421 | 9823 | | 2020",
        "1 | C421 | 9826 | | 2020",
        "9 | C421 | 9827 | | 2020",
        "1 | C421 | 9732 | | 2020",
        "9 | C421 | 9950 | | 2020",
        "2 | C779 | 9680 | | 2020",
        "4 | C509 | 8500 | | 2020",
        "7 | C809 | 8140 | 99999 | 2020",
        "8 | C710 | 9440 | | 2020",
        "3 | C779 | 9680 | | 2017",
        "  | C421 | 9861 | | 2020",
        "1 | C421 | | | 2020",
        "1 | | 9861 | | 2020",
        "3 | C760 | 8140 | 00060 | 2020",
    ],
    fails=[
        "1 | C421 | 9861 | | 2020",
        "9 | C421 | 9800 | | 2020",
        "9 | C421 | 9948 | | 2017",
        "2 | C421 | 9826 | 00830 | 2020",
        "3 | C779 | 9680 | | 2020",
        "2 | C421 | 9732 | | 2018",
        "0 | C619 | 8140 | 00440 | 2020",
        "1 | C760 | 8140 | | 2020",
        "8 | C509 | 8500 | | ",
        "2 | C509 | 8500 | 00830 | 2020",
    ],
    notes="Leukemia is 9800-9948. Other tumors: the stage must be in the Summary Stage table of the schema, stored or "
    "else by site and histology (not before 2018); C809 is left to ss-unknown-primary, which allows 7.",
)
def stage_of_schema() -> pl.Expr:
    """Lymphocytic leukemias that are also lymphomas are staged like other tumors."""
    leukemia = site_in("C421") & histology_in("9800-9948") & ~histology_in("9823,9826-9827")
    before = (DX_YEAR < 2018).fill_null(value=False)
    tested = ~leukemia & ~site_in("C809") & ~before
    of_schema = staging.allows(SCHEMAS, "summaryStage2018", code(STAGE))
    return (leukemia & (STAGE != "7")) | (tested & ~of_schema)


@edit(
    "ss-unknown-primary",
    message="Unknown primary site, but summary stage is {summaryStage2018} (expected 9, or 7)",
    items=["summaryStage2018", "primarySite"],
    category="stage",
    source=SOURCE,
    passes=["9 | C809", "7 | C809", "1 | C768", "5 | C809", " | C809", "1 | "],
    fails=["0 | C809", "1 | C809", "4 | C809", "8 | C809"],
    notes="Stage 8 fails too: it is for benign tumors of brain, CNS and intracranial glands.",
)
def stage_of_unknown_primary() -> pl.Expr:
    """Nothing can be local or regional to a site that is not known."""
    return site_in("C809") & ~STAGE.is_in(["7", "9"])


@edit(
    "localized-nonspecific-site",
    message="Localized stage, but {primarySite} does not say where: find the part of the organ",
    severity=REVIEW,
    items=["primarySite", "summaryStage2018"],
    category="stage",
    source=SOURCE + "; SEER edit IF176",
    naaccr_name="Primary Site, CS Extension (SEER IF176)",
    override_item="overRideSiteEodDxDt",
    passes=["C180 | 1", "C189 | 2", "C189 | 9", "C509 | 1", "C559 | 1", "C189 | ", " | 1", "C189 | 5"],
    fails=[
        "C069 | 1",
        "C189 | 1",
        "C269 | 1",
        "C399 | 1",
        "C419 | 1",
        "C579 | 1",
        "C639 | 1",
        "C689 | 1",
        "C759 | 1",
    ],
    notes="The catalogue names C069, C189, C419, C579, C639 and more of their kind without listing them: organ "
    "systems without a site (C269, C399, C689, C759) are added.",
)
def localized_somewhere() -> pl.Expr:
    """Sites that stand for an organ or an organ system as a whole."""
    return (STAGE == "1") & site_in("C069,C189,C269,C399,C419,C579,C639,C689,C759")


@edit(
    "ss-mets",
    message="Metastases at diagnosis are coded, but summary stage is {summaryStage2018} (expected 7)",
    items=["summaryStage2018", *METS],
    category="stage",
    source=SOURCE,
    requires=["summaryStage2018"],
    columns=["summaryStage2018", *METS, "primarySite"],
    passes=[
        "9 | 0 | 0 | 1 | 0 | 0 | 0 | C809",
        "7 | 1 | | | | | 0 | ",
        "7 | 0 | | | | | 2 | ",
        "1 | 0 | | | | | 9 | ",
        "1 | 8 | | | | | 8 | ",
        "1 | | | | | | | ",
        "1 | 2 | | | | | 0 | ",
        "1 | 0 | | | | | 3 | ",
        " | 1 | | | | | 0 | ",
        "5 | 1 | | | | | 0 | ",
    ],
    fails=[
        "1 | 0 | 1 | 0 | 0 | 0 | 0 | ",
        "1 | 0 | 0 | 1 | 0 | 0 | 0 | ",
        "1 | 0 | 0 | 0 | 1 | 0 | 0 | ",
        "1 | 0 | 0 | 0 | 0 | 1 | 0 | ",
        "1 | 1 | | | | | 0 | ",
        "3 | | | | | | 2 | ",
        "9 | 1 | | | | | 1 | ",
        "8 | 0 | | | | | 1 | ",
        "0 | 1 | | | | | | ",
        "9 | 1 | | | | | | C768",
        "1 | 1 | | | | | | C809",
    ],
    notes="Not for stage 9 of an unknown primary (C809), which the manual leaves unknown whatever is found.",
)
def metastases_not_staged() -> pl.Expr:
    """Any of the six items."""
    unknown = (site_in("C809") & (STAGE == "9")).fill_null(value=False)
    return pl.any_horizontal([pl.col(item).is_in(["1", "2"]) for item in METS]) & (STAGE != "7") & ~unknown


@edit(
    "ss-nodespos",
    message="Nodes positive {regionalNodesPositive} contradict summary stage {summaryStage2018}",
    severity=REVIEW,
    items=["summaryStage2018", "regionalNodesPositive"],
    category="stage",
    source=SOURCE,
    naaccr_name="Summary Stage 2000, Regional Nodes Pos (NAACCR)",
    override_item="overRideSsNodespos",
    passes=[
        "3 | 02",
        "4 | 97",
        "7 | 01",
        "1 | 00",
        "7 | 00",
        "1 | 98",
        "3 | 98",
        "2 | 99",
        "1 | 96",
        "5 | 02",
        " | 02",
        "1 | ",
    ],
    fails=["1 | 01", "2 | 97", "0 | 95", "9 | 90", "8 | 02", "3 | 00", "4 | 00"],
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
    passes=[
        "1 | 2018",
        "9 | 20180101",
        " | 2017",
        " | 20171231",
        "1 | ",
        " | ",
        "5 | 2020",
        "1 | 201713",
        " | 201813",
    ],
    fails=[" | 2018", " | 20200615", "1 | 2017", "5 | 2017", "9 | 201712"],
)
def stage_of_its_time() -> pl.Expr:
    """Filled from 2018, blank before; an invalid code has its own edit."""
    missing = blank("summaryStage2018")
    return ((DX_YEAR >= 2018) & missing) | ((DX_YEAR < 2018) & ~missing)


@edit(
    "eod-era",
    message="Extent of Disease 2018 is coded, diagnosed {dateOfDiagnosis}: it is for diagnoses from 2018 on",
    items=["eodPrimaryTumor", "eodRegionalNodes", "eodMets", "dateOfDiagnosis"],
    category="stage",
    source=SOURCE,
    requires=["dateOfDiagnosis"],
    passes=["100 | 000 | 00 | 2018", " | | | 2018", " | | | 2017", "100 | 000 | 00 | ", "100 | | | 201713"],
    fails=["100 | 000 | 00 | 2017", " | 000 | | 20171231", " | | 00 | 2010", "999 | | | 2004"],
    notes="Blank items of a later diagnosis are not tested: not every registry collects them.",
)
def extent_of_its_time() -> pl.Expr:
    """Any of the three before 2018."""
    filled = [~blank(item) for item in ("eodPrimaryTumor", "eodRegionalNodes", "eodMets")]
    return (DX_YEAR < 2018) & pl.any_horizontal(filled)


@edit(
    "mets-stage-m",
    message="Metastases at diagnosis are coded, but clinical M is {ajccTnmClinM} and pathological M {ajccTnmPathM}",
    items=[*METS[:4], "ajccTnmClinM", "ajccTnmPathM"],
    category="stage",
    source=DICTIONARY,
    requires=(),
    columns=["metsAtDxBone", "metsAtDxLung", "ajccTnmClinM", "ajccTnmPathM", "metsAtDxDistantLn"],
    passes=[
        "1 | 0 | cM1 | cM1 | 0",
        "1 | 0 | cM0 | pM1a | 0",
        "0 | 1 | cM1b |  | 0",
        "0 | 0 | cM0 | cM0 | 0",
        "1 | 0 | 88 | 88 | 0",
        "1 | 0 | |  | 0",
        "8 | 9 | cM0 | cM0 | 0",
        "2 | 0 | cM0 | cM0 | 0",
        "1 | 0 | cM0 | cM1 | 0",
        "0 | 0 | cM0 | cM0 | 1",
    ],
    fails=[
        "1 | 0 | cM0 | cM0 | 0",
        "0 | 1 | cM0 |  | 0",
        "1 | | | cM0(i+) | 0",
        "1 | 1 | cM0 | 88 | 0",
    ],
    notes="Fails when an M is coded as 0 and none as 1; 88 (not applicable) and blank say nothing. Distant lymph nodes "
    "and other sites are not tested: they are regional in some schemas.",
)
def metastases_without_m1() -> pl.Expr:
    """Bone, brain, liver or lung."""
    involved = pl.any_horizontal([pl.col(item) == "1" for item in METS[:4]])
    values = [m_positive(pl.col(item)) for item in ("ajccTnmClinM", "ajccTnmPathM")]
    none = pl.any_horizontal([(~value).fill_null(value=False) for value in values])
    some = pl.any_horizontal([value.fill_null(value=False) for value in values])
    return involved & none & ~some


@edit(
    "mets-benign",
    message="Behavior {behaviorCodeIcdO3} (not malignant), but bone metastases are {metsAtDxBone} (expected 0 or 8)",
    items=["metsAtDxBone", "behaviorCodeIcdO3"],
    category="stage",
    source=DICTIONARY,
    passes=["0 | 2", "8 | 0", "8 | 1", "1 | 3", "9 | 3", "2 | 2", "1 | ", " | 2"],
    fails=["1 | 2", "9 | 2", "1 | 0", "9 | 1"],
    notes="Bone only, as in the catalogue.",
)
def metastases_of_benign() -> pl.Expr:
    """Benign, borderline and in situ tumors do not metastasize, which is known: 9 does not fit either."""
    return BEHAVIOR.is_in(["0", "1", "2"]) & ~pl.col("metsAtDxBone").is_in(["0", "8"])
