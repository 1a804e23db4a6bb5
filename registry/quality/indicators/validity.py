"""Validity: how the diagnoses were made and how exactly they are coded."""

from __future__ import annotations

from functools import cache

import polars as pl

from registry import standards
from registry.quality.indicators.definition import Formula, records
from registry.quality.indicators.vocabulary import (
    DCO,
    EVERY,
    EXTRA_COPY,
    MALIGNANT,
    confirmed,
    missing,
    site_group,
)

PARKIN = "Bray & Parkin, Eur J Cancer 2009;45:747-755 (part I: comparability, validity and timeliness)"
CI5 = "Cancer Incidence in Five Continents, volume XI, chapter 5"
VERIFIED = confirmed("1", "2", "3", "4")
UNSPECIFIED = pl.col("histologicTypeIcdO3").is_in([*map(str, range(8000, 8006)), "8010", "8020", "8021"])


@records(
    "dco_pct",
    "Death-certificate-only percentage",
    group="validity",
    formula="100 * n(typeOfReportingSource = 7) / n, malignant tumors",
    source="NAACCR certification criteria; CDC NPCR standards; Parkin & Bray 2009",
    items="typeOfReportingSource behaviorCodeIcdO3",
    examples=["7|3 / 1|3 / |3 / 7|2 => 1/3 = 33.333333", "7|2 / 1|1 => 0/0 = none", "7|3 => 1/1 = 100"],
    notes="Malignant is behaviour 3 as reported; in situ bladder is not added, because the catalogue says behaviour 3.",
)
def dco_pct() -> Formula:
    """Tumors known from a death certificate alone, among the malignant ones."""
    return Formula(DCO, among=MALIGNANT)


@records(
    "duplicate_per_1000",
    "Unresolved duplicates per 1,000",
    group="validity",
    formula="1000 * records that are extra copies / records",
    source="NAACCR duplicate protocol; CDC NPCR standards",
    items="patientIdNumber primarySite histologicTypeIcdO3 behaviorCodeIcdO3 laterality dateOfDiagnosis",
    examples=[
        "1|C504|8500|3|1|20200105 / 1|C504|8500|3|1|20200105 => 1/2 = 500",
        "1|C504|8500|3|1|20200105 / 2|C504|8500|3|1|20200105 => 0/2 = 0",
        "1|C504|8500|3|1| / 1|C504|8500|3|1| => 0/2 = 0",
        "1|C504|8500|3|1|2020 / 1|C504|8500|3|1|2020 / 1|C504|8500|3|1|2020 / 1|C504|8500|3|2|2020 => 2/4 = 500",
    ],
    notes="Exhaustive, within a patient: all but the first of records equal in site, histology, behaviour, laterality "
    "and diagnosis date. Blanks are not equal to blanks, as in the edit ir-duplicate-tumor. Two persons who are one "
    "are found by linkage, not here.",
)
def duplicate_per_1000() -> Formula:
    """Extra copies of a tumor under one patient."""
    return Formula(EXTRA_COPY, among=EVERY, per=1000)


@records(
    "mv_pct",
    "Morphologically verified percentage (MV%)",
    group="validity",
    formula="100 * n(diagnosticConfirmation in 1,2,3,4) / n",
    source=f"{PARKIN}; {CI5}",
    population="site x sex x year",
    items="diagnosticConfirmation",
    examples=["1 / 2 / 3 / 4 / 5 / 9 /  => 4/7 = 57.142857", "5 => 0/1 = 0"],
    notes="All registered cases: unknown and blank basis stays in the denominator, DCO too.",
)
def mv_pct() -> Formula:
    """Histology, cytology or both, with or without immunophenotype (codes 1 to 4)."""
    return Formula(VERIFIED, among=EVERY)


@records(
    "hv_pct",
    "Histologically verified percentage (HV%)",
    group="validity",
    formula="100 * n(diagnosticConfirmation in 1,3) / n",
    source=PARKIN,
    population="site x sex",
    items="diagnosticConfirmation",
    examples=["1 / 2 / 3 / 4 => 2/4 = 50", " => 0/1 = 0"],
)
def hv_pct() -> Formula:
    """Positive histology, with immunophenotype or not."""
    return Formula(confirmed("1", "3"), among=EVERY)


@records(
    "clinical_only_pct",
    "Clinical or imaging only",
    group="validity",
    formula="100 * n(diagnosticConfirmation in 6,7,8) / n",
    source=PARKIN,
    population="site x sex",
    items="diagnosticConfirmation",
    examples=["5 / 6 / 7 / 8 / 9 => 3/5 = 60", "1 => 0/1 = 0"],
)
def clinical_only_pct() -> Formula:
    """Seen, imaged or diagnosed clinically, without microscopy or a marker."""
    return Formula(confirmed("6", "7", "8"), among=EVERY)


@records(
    "basis_unknown_pct",
    "Basis of diagnosis unknown",
    group="validity",
    formula="100 * n(diagnosticConfirmation = 9 and typeOfReportingSource not 7) / n",
    source=CI5,
    population="site x sex",
    items="diagnosticConfirmation typeOfReportingSource",
    examples=["9|1 / 9|7 / 9| / |1 => 2/4 = 50", "9|7 => 0/1 = 0"],
    notes="Code 9 only: a blank basis is missing, which completeness counts. DCO stay in the denominator.",
)
def basis_unknown_pct() -> Formula:
    """Nobody knows how it was diagnosed, although it is no DCO."""
    return Formula(confirmed("9") & ~DCO, among=EVERY)


@records(
    "psu_pct",
    "Primary site uncertain (PSU%)",
    group="validity",
    formula="100 * n(C26, C39, C48, C76, C80) / n, malignant tumors except C44",
    source=f"Parkin & Bray 2009; {CI5}",
    items="primarySite behaviorCodeIcdO3",
    examples=[
        "C809|3 / C269|3 / C443|3 / C509|3 / C509|2 => 2/3 = 66.666667",
        "C390|3 / C482|3 / C768|3 / C800|3 / C480|1 / C779|3 => 4/5 = 80",
        "|3 / C480|3 => 1/2 = 50",
    ],
    notes="By ICD-O-3 topography, whose groups carry the ICD-10 numbers of solid tumors; histologies that ICD-10 files "
    "elsewhere (lymphoma at C80.9) stay with their topography. A blank site is not C44, so it counts below the line.",
)
def psu_pct() -> Formula:
    """Ill-defined and unknown primary sites among malignant tumors other than of skin."""
    not_skin = (~site_group("C44")).fill_null(value=True)
    return Formula(site_group("C26 C39 C48 C76 C80"), among=MALIGNANT & not_skin)


@records(
    "cup_pct",
    "Cancer of unknown primary",
    group="validity",
    formula="100 * n(primarySite = C809) / n",
    source=CI5,
    items="primarySite",
    examples=["C809 / C509 /  / C800 => 1/4 = 25", "C50 => 0/1 = 0"],
)
def cup_pct() -> Formula:
    """Site C80.9 among all records."""
    return Formula(pl.col("primarySite") == "C809", among=EVERY)


@records(
    "unspecified_morph_pct",
    "Unspecified morphology among microscopically verified",
    group="validity",
    formula="100 * n(histology 8000-8005, 8010, 8020, 8021 and MV) / n(MV)",
    source=f"{PARKIN}; canregtools (indicator mvs)",
    population="site",
    items="histologicTypeIcdO3 diagnosticConfirmation",
    examples=[
        "8000|1 / 8005|4 / 8006|1 / 8000|9 => 2/3 = 66.666667",
        "8010|2 / 8020|3 / 8021|1 / 8011|1 / |1 => 3/5 = 60",
        "8000|7 => 0/0 = none",
    ],
)
def unspecified_morph_pct() -> Formula:
    """Neoplasm, carcinoma and undifferentiated carcinoma without more, although somebody saw the cells."""
    return Formula(UNSPECIFIED, among=VERIFIED)


@cache
def unspecified_subsites() -> tuple[str, ...]:
    """Topography codes with fourth character 9 whose group has other codes as well.

    >>> [code in unspecified_subsites() for code in ("C509", "C619", "C809", "C189")]
    [True, False, False, True]
    """
    sites = standards.topography().select("code", group=pl.col("code").str.slice(0, 3))
    several = sites.filter(pl.len().over("group") > 1, pl.col("code").str.ends_with("9"))
    return tuple(several.get_column("code").sort().to_list())


@records(
    "unspecified_subsite_pct",
    "Unspecified subsite",
    group="validity",
    formula="100 * n(fourth character 9 where the site group has subsites) / n",
    source="canregtools (indicator sub)",
    population="site",
    items="primarySite",
    examples=["C509 / C504 / C619 / C809 => 1/4 = 25", "C189 /  / C599 => 1/3 = 33.333333"],
    notes="Groups with one code only (C61.9, C80.9 …) have no subsite to name and count below the line alone.",
)
def unspecified_subsite_pct() -> Formula:
    """Site group known, subsite not."""
    return Formula(pl.col("primarySite").is_in(unspecified_subsites()), among=EVERY)


@records(
    "age_unknown_pct",
    "Age unknown (CI5)",
    group="validity",
    formula="100 * n(ageAtDiagnosis = 999 or blank) / n",
    source=CI5,
    items="ageAtDiagnosis",
    examples=["999 / 062 /  => 2/3 = 66.666667", "000 / 120 => 0/2 = 0"],
    notes="As missing_age_pct; the programmes' limits differ.",
)
def age_unknown_pct() -> Formula:
    """Age blank or 999."""
    return Formula(missing(pl.col("ageAtDiagnosis"), "999"), among=EVERY)


@records(
    "stage_unknown_pct",
    "Unknown stage",
    group="validity",
    formula="100 * n(summaryStage2018 = 9) / n, DCO excluded",
    source="SEER practice",
    population="site",
    items="summaryStage2018 typeOfReportingSource",
    examples=["9|1 / 1|1 / |1 / 9|7 / 9| => 2/4 = 50", "9|7 => 0/0 = none"],
    notes="Code 9 only; a blank stage (diagnosed before 2018) is below the line alone. DCO are left out on both sides.",
)
def stage_unknown_pct() -> Formula:
    """Stage coded unknown in tumors that are more than a death certificate."""
    return Formula(pl.col("summaryStage2018") == "9", among=~DCO)


@records(
    "treatment_unknown_pct",
    "Unknown treatment",
    group="validity",
    formula="100 * n(rxSummTreatmentStatus = 9) / n",
    source="Registry practice",
    population="facility",
    items="rxSummTreatmentStatus",
    examples=["9 / 1 /  / 0 => 1/4 = 25", "2 => 0/1 = 0"],
    notes="Code 9 only; blank counts below the line alone.",
)
def treatment_unknown_pct() -> Formula:
    """Nobody knows whether treatment was given."""
    return Formula(pl.col("rxSummTreatmentStatus") == "9", among=EVERY)
