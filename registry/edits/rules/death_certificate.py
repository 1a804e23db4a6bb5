"""Tumors known from a death certificate only (source 7), an autopsy only (6) or a laboratory only (3)."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import CONFIRMATION, METHOD
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import HISTOLOGY, SURGERY, first, histology_in, last, number, site_in, within

SOURCE = pl.col("typeOfReportingSource")
CERTIFICATE = SOURCE == "7"
AUTOPSY = SOURCE == "6"


@edit(
    "dco-class-source",
    message="Class of case {classOfCase} and reporting source {typeOfReportingSource} contradict each other "
    "(49 = death certificate 7, 38 = autopsy 6)",
    items=["typeOfReportingSource", "classOfCase"],
    category="tumor",
    source=DICTIONARY,
    passes=["7 | 49", "6 | 38", "1 | 14", "8 | 99", "7 | ", " | 49", "7 | 50"],
    fails=["7 | 14", "1 | 49", "6 | 14", "1 | 38", "7 | 38", "6 | 49"],
)
def class_fits_source() -> pl.Expr:
    """Both ways round."""
    group = pl.col("classOfCase")
    return ((group == "49") != CERTIFICATE) | ((group == "38") != AUTOPSY)


@edit(
    "dco-dxconf",
    message="Death certificate only, but diagnostic confirmation is {diagnosticConfirmation} (expected 9)",
    items=["typeOfReportingSource", "diagnosticConfirmation"],
    category="tumor",
    source=DICTIONARY,
    passes=["7 | 9", "6 | 1", "1 | 8", "7 | ", " | 1", "7 | 0"],
    fails=["7 | 1", "7 | 8"],
)
def certificate_confirmation() -> pl.Expr:
    """A certificate confirms nothing."""
    return CERTIFICATE & (CONFIRMATION != "9")


@edit(
    "autopsy-only-dxconf",
    message="Autopsy only, but diagnostic confirmation is {diagnosticConfirmation} (expected 1, 3 or 6)",
    items=["typeOfReportingSource", "diagnosticConfirmation"],
    category="tumor",
    source=DICTIONARY,
    passes=["6 | 1", "6 | 3", "6 | 6", "7 | 9", "1 | 2", "6 | ", "6 | 0", " | 9"],
    fails=[f"6 | {code}" for code in (2, 4, 5, 7, 8, 9)],
)
def autopsy_confirmation() -> pl.Expr:
    """Histology, or what the pathologist saw."""
    return AUTOPSY & ~within(METHOD, "1,3,6")


@edit(
    "lab-only-dxconf",
    message="Laboratory only, but diagnostic confirmation is {diagnosticConfirmation} (expected 1 to 5)",
    items=["typeOfReportingSource", "diagnosticConfirmation"],
    category="tumor",
    source=DICTIONARY,
    passes=[*(f"3 | {code}" for code in (1, 2, 3, 4, 5)), "1 | 7", "2 | 6", "4 | 9", "3 | ", "3 | 0", " | 9"],
    fails=[f"3 | {code}" for code in (6, 7, 8, 9)],
)
def laboratory_confirmation() -> pl.Expr:
    """A laboratory reports what it examined."""
    return (SOURCE == "3") & (METHOD >= 6)


@edit(
    "dco-dates-equal",
    message="Autopsy or death certificate only: diagnosis {dateOfDiagnosis} is not the date of death "
    "{dateOfLastContact}",
    items=["typeOfReportingSource", "dateOfDiagnosis", "dateOfLastContact"],
    category="tumor",
    source=DICTIONARY,
    review_when=lambda: CERTIFICATE,
    passes=[
        "7 | 20200105 | 20200105",
        "6 | 2020 | 20200105",
        "6 | 20200105 | 2020",
        "7 | 202002 | 20200229",
        "1 | 2010 | 2020",
        "8 | 2010 | 2020",
        "7 | | 2020",
        "6 | 2020 | ",
        "6 | 20201345 | 2019",
    ],
    fails=["6 | 2019 | 2020", "6 | 202002 | 20200301", "6 | 20200105 | 20200104"],
    reviews=["7 | 20190105 | 20200105", "7 | 2021 | 2020"],
    notes="An error for autopsy only; a review for death certificate only, where follow-back may find an "
    "earlier date.",
)
def diagnosed_at_death() -> pl.Expr:
    """As far as both dates are known."""
    earlier = last("dateOfDiagnosis") < first("dateOfLastContact")
    later = first("dateOfDiagnosis") > last("dateOfLastContact")
    return (CERTIFICATE | AUTOPSY) & (earlier | later)


@edit(
    "dco-treatment",
    message="Autopsy or death certificate only, but treatment is coded",
    items=[
        "typeOfReportingSource",
        "rxSummSurgPrimSite2023",
        "rxSummSurgPrimSite",
        "rxSummChemo",
        "rxSummHormone",
        "rxSummBrm",
        "phase1RadiationTreatmentModality",
    ],
    category="treatment",
    source=DICTIONARY,
    requires=["typeOfReportingSource"],
    columns=[
        "typeOfReportingSource",
        "rxSummSurgPrimSite2023",
        "rxSummSurgPrimSite",
        "rxSummChemo",
        "rxSummHormone",
        "rxSummBrm",
        "phase1RadiationTreatmentModality",
    ],
    passes=[
        "6 | | 00 | 00 | 00 | 00 | 00",
        "6 | A000 | | 00 | | | ",
        "6 | A980 | | 00 | | | ",
        "7 | | 00 | 00 | 00 | 00 | 00",
        "7 | | 99 | 99 | 99 | 99 | 99",
        "7 | B980 | | | | | ",
        "7 | A990 | | | | | ",
        "1 | | 50 | 03 | 01 | 01 | 02",
        "7 | | | | | | ",
        "7 | | | 04 | | | ",
        " | | 50 | 03 | 01 | 01 | 02",
    ],
    fails=[
        "7 | | 50 | 00 | 00 | 00 | 00",
        "7 | A200 | | | | | ",
        "7 | | 00 | 03 | | | ",
        "7 | | 00 | | 01 | | ",
        "7 | | 00 | | | 01 | ",
        "7 | | 00 | | | | 02",
        "7 | | | 85 | | | ",
        "6 | | 99 | | | | ",
        "6 | B300 | | | | | ",
        "6 | | 00 | 99 | | | ",
        "6 | | 00 | | 99 | | ",
        "6 | | 00 | | | 99 | ",
        "6 | | 00 | | | | 99",
    ],
    notes="Blank items are not compared. Surgery 98 (not applicable) is accepted for source 6 too.",
)
def treated_without_record() -> pl.Expr:
    """Autopsy: none; certificate: none or unknown."""
    treated = (SURGERY != 0) & (SURGERY != 98) & (AUTOPSY | (SURGERY != 99))
    faults = [treated.fill_null(value=False)]
    for item in ("rxSummChemo", "rxSummHormone", "rxSummBrm", "phase1RadiationTreatmentModality"):
        given = (pl.col(item) != "00") & (AUTOPSY | (pl.col(item) != "99"))
        faults.append(given.fill_null(value=False))
    return (AUTOPSY | CERTIFICATE) & pl.any_horizontal(faults)


@edit(
    "dco-multiple-primaries",
    message="Death certificate only, but one of several primaries (central sequence {sequenceNumberCentral})",
    severity=REVIEW,
    items=["typeOfReportingSource", "sequenceNumberCentral", "histologicTypeIcdO3"],
    category="tumor",
    source=DICTIONARY,
    naaccr_name="Type of Rep Srce(DC), Seq Num--Cent, ICDO3 (SEER IF04)",
    override_item="overRideReportSource",
    passes=[
        "7 | 00 | 8500",
        "7 | 02 | 9590",
        "1 | 02 | 8500",
        "6 | 02 | 8500",
        "7 | | 8500",
        "7 | 02 | ",
        "7 | 2 | 8500",
    ],
    fails=["7 | 01 | 8500", "7 | 02 | 9581", "7 | 60 | 9530", "7 | 99 | 8000"],
)
def certificate_and_other_primaries() -> pl.Expr:
    """Solid tumors."""
    return CERTIFICATE & (HISTOLOGY < 9590) & (pl.col("sequenceNumberCentral") != "00")


@edit(
    "dco-stage",
    message="Death certificate only, but summary stage is {summaryStage2018} (expected 9)",
    items=[
        "typeOfReportingSource",
        "summaryStage2018",
        "histologicTypeIcdO3",
        "behaviorCodeIcdO3",
        "primarySite",
    ],
    category="stage",
    source="Summary Stage 2018; " + DICTIONARY,
    version="2026.2",
    requires=["typeOfReportingSource", "summaryStage2018"],
    passes=[
        "7 | 9 | 8500 | 3 | C509",
        "7 | 9 | | | ",
        "7 | 7 | 9861 | 3 | C421",
        "7 | 7 | 9732 | 3 | C421",
        "7 | 7 | 9740 | 3 | C421",
        "7 | 7 | 9993 | 3 | C421",
        "7 | 7 | | 3 | C421",
        "7 | 8 | 9530 | 0 | C700",
        "7 | 8 | 9350 | 1 | C752",
        "7 | 8 | 9530 | | C700",
        "6 | 1 | 8500 | 3 | C509",
        "1 | 1 | 8500 | 3 | C509",
        " | 1 | 8500 | 3 | C509",
        "7 | 5 | 8500 | 3 | C509",
    ],
    fails=[
        "7 | 1 | 8500 | 3 | C509",
        "7 | 1 | | | ",
        "7 | 1 | 9861 | 3 | C421",
        "7 | 7 | 8500 | 3 | C509",
        "7 | 7 | 9680 | 3 | C779",
        "7 | 7 | 9731 | 3 | C412",
        "7 | 7 | 9734 | 3 | C300",
        "7 | 8 | 8500 | 3 | C509",
        "7 | 8 | 9530 | 3 | C700",
        "7 | 8 | 9530 | 2 | C700",
        "7 | 8 | 8442 | 1 | C569",
        "7 | 0 | 9530 | 0 | C700",
    ],
    notes="The schema fixes 7 for myeloma and for leukemia and its kin (9732-9733, 9740-9993), not for lymphoma or "
    "plasmacytoma, and 8 for benign and borderline tumors of brain, CNS and intracranial glands.",
)
def certificate_stage() -> pl.Expr:
    """9, unless the schema leaves no choice."""
    stage = pl.col("summaryStage2018")
    systemic = (stage == "7") & histology_in("9732-9733,9740-9993")
    benign = (stage == "8") & (number("behaviorCodeIcdO3") <= 1) & site_in("C700-C729,C751-C753")
    return CERTIFICATE & (stage != "9") & ~systemic & ~benign


_RECEPTORS = ("estrogenReceptorSummary", "progesteroneRecepSummary", "her2OverallSummary")


@edit(
    "dco-ssdi",
    message="Death certificate only, but a receptor is coded as tested (ER {estrogenReceptorSummary}, "
    "PR {progesteroneRecepSummary}, HER2 {her2OverallSummary})",
    items=["typeOfReportingSource", "schemaId", *_RECEPTORS],
    category="stage",
    source="SSDI manual: estrogen, progesterone and HER2 summaries",
    effective_years=(2018, None),
    requires=["typeOfReportingSource"],
    columns=["typeOfReportingSource", "dateOfDiagnosis", "schemaId", *_RECEPTORS],
    passes=[
        "7 | 2020 | 00480 | 9 | 9 | 9",
        "7 | 2020 | 00480 | 7 | 7 | 8",
        "7 | 2020 | 00480 | | | ",
        "7 | 2020 | | X | XX | 2",
        "7 | 2017 | 00480 | 1 | 0 | 0",
        "7 | | 00480 | 1 | 0 | 0",
        "6 | 2020 | 00480 | 1 | 1 | 1",
        " | 2020 | 00480 | 1 | 1 | 1",
    ],
    fails=[
        "7 | 2018 | 00480 | 1 | 9 | 9",
        "7 | 2020 | 00480 | 0 | 9 | 9",
        "7 | 2020 | 00480 | 9 | 1 | 9",
        "7 | 2020 | 00480 | 9 | 0 | 9",
        "7 | 2020 | 00480 | 9 | 9 | 1",
        "7 | 2020 | | | | 0",
    ],
    notes="Negative (0) and positive (1) are results, which a certificate does not give; blank, not applicable (8), "
    "unknown (9) and no result in the chart (7) pass, and so does what is no code. Asked whatever the schema is.",
)
def certificate_receptors() -> pl.Expr:
    """Any of the three receptor summaries."""
    tested = [(pl.col(item) == result).fill_null(value=False) for item in _RECEPTORS for result in ("0", "1")]
    return CERTIFICATE & pl.any_horizontal(tested)
