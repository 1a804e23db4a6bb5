"""TNM categories and stage groups against each other, against Summary Stage 2000, behavior and year."""

from __future__ import annotations

import polars as pl

from registry import staging
from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import BEHAVIOR
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.schema import SCHEMAS
from registry.edits.rules.stage_categories import group_early, group_zero, m_positive, n_positive, t_in_situ
from registry.edits.terms import AGE, DX_YEAR, HISTOLOGY, histology_in, site_in
from registry.staging import stage_groups

STAGE_2000 = pl.col("seerSummaryStage2000")
_CLINICAL = ("ajccTnmClinT", "ajccTnmClinN", "ajccTnmClinM", "ajccTnmClinStageGroup")
_PATHOLOGICAL = ("ajccTnmPathT", "ajccTnmPathN", "ajccTnmPathM", "ajccTnmPathStageGroup")

_NOT_SOLID_ADULT = (
    "lymphoma",
    "lymphoma_cll_sll",
    "lymphoma_ocular_adnexa",
    "mycosis_fungoides",
    "primary_cutaneous_lymphoma_non_mf_ss",
    "plasma_cell_myeloma",
    "plasma_cell_disorders",
    "hemeretic",
    "retinoblastoma",
    "medulloblastoma_v9_2023",
)

_EXEMPT_NUMBERS = "00680 00710 00790 00795 00811 00812 00821 00822 00830 09724"


@edit(
    "ss-tnm-n",
    message="Summary Stage 2000 {seerSummaryStage2000} contradicts N: pathological {tnmPathN}, clinical {tnmClinN}",
    severity=REVIEW,
    items=["seerSummaryStage2000", "tnmPathN", "tnmClinN"],
    category="stage",
    source=DICTIONARY,
    naaccr_name="Summary Stage 2000, TNM-N (NAACCR)",
    override_item="overRideSsTnmN",
    requires=["seerSummaryStage2000"],
    passes=[
        "3 | p1 | c0",
        "4 | | c2",
        "1 | p0 | c1",
        "0 | pX | c0",
        "2 | p1 | ",
        "5 | p0 | ",
        "7 | p0 | ",
        "9 | 1A | ",
        "3 | X | 88",
        "3 | | ",
        "1 | 0I+ | ",
        " | p1 | ",
        "1 | 9 | ",
    ],
    fails=["3 | p0 | c1", "4 | | c0", "3 | 88 | 0", "1 | p1 | c0", "0 | X | c1A", "1 | 1MI | ", "0 | p4 | "],
    notes="The pathological N counts where it says something (not X, 88 or blank), else the clinical one. Stages 3 and 4 "
    "need N1 or more; 0 and 1 must not have it.",
)
def nodes_of_summary_stage() -> pl.Expr:
    """N of the earlier manuals against the stage's regional nodes."""
    positive = pl.coalesce(n_positive(pl.col("tnmPathN")), n_positive(pl.col("tnmClinN")))
    return (STAGE_2000.is_in(["3", "4"]) & ~positive) | (STAGE_2000.is_in(["0", "1"]) & positive)


@edit(
    "ss-tnm-m",
    message="Summary Stage 2000 {seerSummaryStage2000} contradicts M: pathological {tnmPathM}, clinical {tnmClinM}",
    severity=REVIEW,
    items=["seerSummaryStage2000", "tnmPathM", "tnmClinM"],
    category="stage",
    source=DICTIONARY,
    naaccr_name="Summary Stage 2000, TNM-M (NAACCR)",
    override_item="overRideSsTnmM",
    requires=["seerSummaryStage2000"],
    passes=[
        "7 | p1 | c0",
        "7 | | c1A",
        "1 | X | c0",
        "3 | 0 | 1",
        "7 | X | 88",
        "9 | c0 | ",
        "7 | | ",
        " | p1 | ",
    ],
    fails=["7 | 0 | c1", "7 | | c0", "7 | 88 | 0I+", "1 | p1 | c0", "0 | | 1B", "9 | c1 | ", "5 | 1 | "],
    notes="The pathological M counts where it says something (not X, 88 or blank), else the clinical one. As in the named "
    "edit every other stage than 7 contradicts M1, unknown (9) too.",
)
def metastasis_of_summary_stage() -> pl.Expr:
    """Distant and M1 belong together."""
    metastasis = pl.coalesce(m_positive(pl.col("tnmPathM")), m_positive(pl.col("tnmClinM")))
    return (STAGE_2000 == "7") != metastasis


def _in_situ_contradicted(items: tuple[str, str, str, str]) -> pl.Expr:
    """One classification: Tis or Ta against N, M and group, and a group 0 against T, N and M."""
    t, n, m, group = (pl.col(item) for item in items)
    situ, zero = t_in_situ(t), group_zero(group)
    spread = n_positive(n).fill_null(value=False) | m_positive(m).fill_null(value=False)
    other_group = situ & (spread | ~zero.fill_null(value=True))
    other_t = zero & (spread | ~situ.fill_null(value=True))
    return other_group | other_t


@edit(
    "stage-behavior-tnm",
    message="In situ and stage do not agree: clinical {ajccTnmClinT}, group {ajccTnmClinStageGroup}; pathological "
    "{ajccTnmPathT}, group {ajccTnmPathStageGroup}; behavior {behaviorCodeIcdO3}",
    severity=REVIEW,
    items=[*_PATHOLOGICAL, *_CLINICAL, "behaviorCodeIcdO3", "primarySite"],
    category="stage",
    source=DICTIONARY,
    naaccr_name="TNM Path T, N, M, In Situ (CoC)",
    override_item="overRideTnmTis",
    requires=(),
    columns=[*_PATHOLOGICAL, "ajccTnmClinT", "ajccTnmClinStageGroup", "behaviorCodeIcdO3", "primarySite"],
    passes=[
        "pTis | pN0 | cM0 | 0 | cTis | 0 | 2 | C509",
        "pTis(DCIS) | | | 0 | | | 2 | C509",
        "pTa | pN0 | cM0 | 0A | | | 2 | C679",
        "pTa | pN0 | cM0 | 0a | | | 3 | C679",
        "pTa | pN0 | cM0 | 0a | | | 3 | C670",
        "pT1 | pN0 | cM0 | 1 | cT1 | 1A | 3 | C509",
        "pT1a | pN1 | cM0 | 2 | | | 3 | C509",
        "pTis | pNX | cM0 | 99 | cTX | 99 | 2 | C509",
        "pTis | | | 88 | | | 2 | C509",
        "88 | 88 | 88 | 88 | 88 | 88 | 3 | C421",
        "pTX | | | 0 | | | 2 | C509",
        " | | | 0 | | | | ",
        " | | | | | | 3 | C509",
    ],
    fails=[
        "pTis | pN0 | cM0 | 1 | | | 2 | C509",
        "pTis | pN1 | cM0 | 0 | | | 2 | C509",
        "pTis | pN0 | pM1 | 0 | | | 2 | C509",
        "pTis | pN1a | cM0 | | | | 2 | C509",
        "pTa | | | 2 | | | 2 | C679",
        "pT1 | pN0 | cM0 | 0 | | | 2 | C509",
        "pT0 | pN0 | cM0 | 0 | | | 2 | C509",
        " | | | | cTis | 1A | 2 | C509",
        " | | | | cT1 | 0 | 2 | C509",
        " | pN1 | | 0 | | | 2 | C509",
        " | | pM1 | 0 | | | 2 | C509",
        "pTis | pN0 | cM0 | 0 | | | 3 | C509",
        " | | | | | 0 | 3 | C509",
        "pT1 | pN0 | cM0 | 1 | | 0 | 3 | C679",
        "pTa | | | 0A | | | 3 | ",
        "pTa | pN0 | cM0 | 0A | | | 3 | C619",
        "pTis | pN0 | cM0 | 0IS | | | 3 | C679",
        "pTa | pN0 | cM0 | 0 | cTis | 0 | 3 | C679",
    ],
    notes="Clinical and pathological classification each by itself; unknown categories (X, 88, 99, blank) say nothing. "
    "Behavior 3 with group 0 passes only for Ta of the bladder (C670-C679). N and M are read although the catalogue "
    "lists only T and the groups, because its line names them.",
)
def in_situ_and_stage() -> pl.Expr:
    """Tis and Ta go with group 0, N0 and M0; group 0 goes with behavior 2."""
    contradicted = [_in_situ_contradicted(_CLINICAL), _in_situ_contradicted(_PATHOLOGICAL)]
    bladder = site_in("C670-C679")
    invasive = []
    for t, _, _, group in (_CLINICAL, _PATHOLOGICAL):
        papillary = bladder & pl.col(t).str.contains("T?[aA]$")
        invasive.append(group_zero(pl.col(group)) & ~papillary.fill_null(value=False))
    return pl.any_horizontal([*contradicted, (BEHAVIOR == "3") & pl.any_horizontal(invasive)])


@edit(
    "stage-group-consistent",
    message="Pathological group {ajccTnmPathStageGroup} is not one for {ajccTnmPathT} {ajccTnmPathN} {ajccTnmPathM} in "
    "schema {schemaId}",
    severity=REVIEW,
    items=["ajccTnmPathT", "ajccTnmPathN", "ajccTnmPathM", "ajccTnmPathStageGroup", "schemaId"],
    category="stage",
    source="Stage tables that the registry installed",
    naaccr_name="Primary Site, TNM Path Stage Valid A- Ed 7 (CoC)",
    override_item="overRideTnmStage",
    passes=[
        "pT8 | pN8 | cM8 | 1 | 99999",
        "T8 | N9 | M8 | IIA | 99999",
        "pT9(m) | pN1 | cM8 | 4 | 99999",
        "pT8 | pN8 | cM8 | 99 | 99999",
        "pT8 | pN8 | cM8 | | 99999",
        "pT8 | pN8 | cM1 | 2 | 99999",
        "pT1 | pN0 | cM0 | 4 | 00480",
    ],
    fails=["pT8 | pN8 | cM8 | 2 | 99999", "pT8 | pN9 | cM8 | 1 | 99999", "pT9 | pN8 | cM8 | 3 | 99999"],
    notes="Stage tables of the AJCC manuals are licensed and not shipped: until a registry installs its own "
    "(registry.staging.stage_groups.install: a CSV, or a staging-client zip), nothing fails. T, N and M that the "
    "installed table does not know are not tested. The examples use invented rows (T8, N8, M8 of the schema without "
    "stages) that show the form of the table.",
)
def group_of_the_table() -> pl.Expr:
    """False is an answer of the table; null is none."""
    columns = [pl.col(item) for item in ("schemaId", *_PATHOLOGICAL)]
    return ~stage_groups.consistent(*columns)


@edit(
    "m1-stage4",
    message="M1 with a stage group below III: clinical {ajccTnmClinM}, group {ajccTnmClinStageGroup}; pathological "
    "{ajccTnmPathM}, group {ajccTnmPathStageGroup}",
    items=["ajccTnmClinM", "ajccTnmPathM", "ajccTnmClinStageGroup", "ajccTnmPathStageGroup"],
    category="stage",
    source=DICTIONARY,
    requires=(),
    columns=[
        "ajccTnmClinM",
        "ajccTnmPathM",
        "ajccTnmClinStageGroup",
        "ajccTnmPathStageGroup",
        "primarySite",
        "histologicTypeIcdO3",
        "schemaId",
        "ageAtDiagnosis",
    ],
    passes=[
        "cM1 | | 4 | | C509 | 8500 | | 060",
        "cM1a | pM1 | 4A | 4B | C509 | 8500 | | 060",
        "cM1 | | 3C | | C629 | 9061 | | 030",
        "cM0 | cM0 | 1 | 2A | C509 | 8500 | | 060",
        "cM1 | | 99 | 88 | C509 | 8500 | | 060",
        "cM0 | pM1 | 1 | 4 | C509 | 8500 | | 060",
        "cM1 | cM0 | 4 | 1 | C509 | 8500 | | 060",
        "cM1 | | 2 | | C739 | 8260 | | 054",
        "cM1 | | 2 | | C739 | 8260 | | 999",
        "cM1 | | 2 | | C778 | 9680 | 00790 | 060",
        "cM1 | | 2 | | C778 | 9680 | | 060",
        *(f"cM1 | | 2 | | C779 | 9680 | {schema} | 060" for schema in _EXEMPT_NUMBERS.split()),
        "cM1 | | 2 | | | 9590 | | 060",
        "cM1 | | 1 | | C692 | 9510 | | 001",
        " | | 1 | | C509 | 8500 | | 060",
        "cM1 | | | | C509 | 8500 | | 060",
    ],
    fails=[
        "cM1 | | 1 | | C509 | 8500 | | 060",
        "cM1b | | 2A | | C509 | 8500 | 00480 | 060",
        "cM1 | | IIB | | C509 | 8500 | | 060",
        " | pM1 | | 0 | C509 | 8500 | | 060",
        "cM0 | cM1 | 1 | 1A2 | C509 | 8500 | | 060",
        "cM1 | | | 1 | C509 | 8500 | | 060",
        "cM1 | | 1 | | | | | ",
        "cM1 | | 2 | | C739 | 8260 | | 055",
        "cM1 | | 2 | | C739 | 8020 | | 054",
        "cM1 | | 2 | | C739 | 8345 | | 054",
        "cM1 | | 2 | | C739 | 8021 | | 054",
        "cM1 | | 2 | | C739 | 8347 | | 054",
        "cM1 | | 2 | | C739 | 8510 | | 054",
        "cM1 | | 2 | | | 9582 | | 060",
    ],
    notes="M and group of the same classification; a clinical M1 also against a pathological group that has no M of its "
    "own. Not for hematopoietic and pediatric schemas (histology 9590 and over without a schema) nor for "
    "differentiated thyroid cancer under 55 or of unknown age, whose M1 is group II.",
)
def metastatic_but_early() -> pl.Expr:
    """Groups 0, I and II."""
    clinical, pathological = m_positive(pl.col("ajccTnmClinM")), m_positive(pl.col("ajccTnmPathM"))
    deciding = pl.coalesce(pathological, clinical)
    faults = []
    for m, group in ((clinical, "ajccTnmClinStageGroup"), (deciding, "ajccTnmPathStageGroup")):
        faults.append((m & group_early(pl.col(group))).fill_null(value=False))
    undifferentiated = histology_in("8020-8021,8345-8347,8510")
    young_thyroid = site_in("C739") & ~undifferentiated & ~(AGE >= 55).fill_null(value=False)
    other = pl.coalesce(staging.some(SCHEMAS, _NOT_SOLID_ADULT), HISTOLOGY >= 9590)
    exempt = [young_thyroid.fill_null(value=False), other.fill_null(value=False)]
    return pl.any_horizontal(faults) & ~pl.any_horizontal(exempt)


@edit(
    "tnm-edition-year",
    message="TNM edition {tnmEditionNumber} does not fit a diagnosis of {dateOfDiagnosis}",
    items=["tnmEditionNumber", "dateOfDiagnosis"],
    category="stage",
    source=DICTIONARY,
    passes=[
        "06 | 2003",
        "06 | 20091231",
        "07 | 2010",
        "07 | 2017",
        "U7 | 2012",
        "08 | 2018",
        "08 | 2026",
        "09 | 2018",
        "05 | 2002",
        "88 | 2018",
        "99 | 2005",
        "00 | 2012",
        "07 | ",
        " | 2012",
    ],
    fails=[
        "06 | 2002",
        "06 | 2010",
        "07 | 2009",
        "07 | 2018",
        "U7 | 2018",
        "08 | 2017",
        "09 | 2017",
        "05 | 2003",
        "04 | 2003",
        "03 | 2003",
        "02 | 2003",
        "01 | 2020",
    ],
    notes="Editions 01 to 05 are for diagnoses before 2003; 00, 88 and 99 are no editions.",
)
def edition_of_its_time() -> pl.Expr:
    """First and last diagnosis year of each edition."""
    edition = pl.col("tnmEditionNumber")
    fits = [
        (["01", "02", "03", "04", "05"], DX_YEAR <= 2002),
        (["06"], DX_YEAR.is_between(2003, 2009)),
        (["07", "U7"], DX_YEAR.is_between(2010, 2017)),
        (["08", "09"], DX_YEAR >= 2018),
    ]
    return pl.any_horizontal([edition.is_in(editions) & ~of_its_time for editions, of_its_time in fits])
