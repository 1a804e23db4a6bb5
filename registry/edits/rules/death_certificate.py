"""Tumors known from a death certificate only (source 7) or an autopsy only (source 6)."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import HISTOLOGY, SURGERY, first, last

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
    passes=["7 | 49", "6 | 38", "1 | 14", "7 | "],
    fails=["7 | 14", "1 | 49", "6 | 14", "1 | 38"],
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
    passes=["7 | 9", "6 | 1", "7 | "],
    fails=["7 | 1", "7 | 8"],
)
def certificate_confirmation() -> pl.Expr:
    """A certificate confirms nothing."""
    return CERTIFICATE & (pl.col("diagnosticConfirmation") != "9")


@edit(
    "dco-dates-equal",
    message="Autopsy or death certificate only: diagnosis {dateOfDiagnosis} is not the date of death "
    "{dateOfLastContact}",
    items=["typeOfReportingSource", "dateOfDiagnosis", "dateOfLastContact"],
    category="tumor",
    source=DICTIONARY,
    review_when=lambda: CERTIFICATE,
    passes=["7 | 20200105 | 20200105", "6 | 2020 | 20200105", "1 | 2010 | 2020", "7 | | 2020"],
    fails=["7 | 20190105 | 20200105", "6 | 2019 | 2020"],
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
    columns=["typeOfReportingSource", "rxSummSurgPrimSite2023", "rxSummSurgPrimSite", "rxSummChemo"],
    passes=["7 | | 99 | 99", "6 | A000 | | 00", "6 | A980 | | 00", "1 | | 50 | 03", "7 | | | "],
    fails=["7 | | 50 | 00", "6 | | 00 | 99", "7 | A200 | | "],
    notes="Blank items are not compared. Surgery 98 (not applicable) is accepted for source 6 too.",
)
def treated_without_record() -> pl.Expr:
    """Autopsy: none; certificate: none or unknown."""
    known_none = ~SURGERY.is_in([0, 98])
    maybe_none = ~SURGERY.is_in([0, 98, 99])
    faults = [AUTOPSY & known_none, CERTIFICATE & maybe_none]
    for item in ("rxSummChemo", "rxSummHormone", "rxSummBrm", "phase1RadiationTreatmentModality"):
        faults += [AUTOPSY & (pl.col(item) != "00"), CERTIFICATE & ~pl.col(item).is_in(["00", "99"])]
    return pl.any_horizontal([fault.fill_null(value=False) for fault in faults])


@edit(
    "dco-multiple-primaries",
    message="Death certificate only, but one of several primaries (central sequence {sequenceNumberCentral})",
    severity=REVIEW,
    items=["typeOfReportingSource", "sequenceNumberCentral", "histologicTypeIcdO3"],
    category="tumor",
    source=DICTIONARY,
    naaccr_name="Type of Rep Srce(DC), Seq Num--Cent, ICDO3 (SEER IF04)",
    override_item="overRideReportSource",
    passes=["7 | 00 | 8500", "7 | 02 | 9823", "1 | 02 | 8500"],
    fails=["7 | 01 | 8500", "7 | 02 | 8000"],
)
def certificate_and_other_primaries() -> pl.Expr:
    """Solid tumors."""
    return CERTIFICATE & (HISTOLOGY < 9590) & (pl.col("sequenceNumberCentral") != "00")


@edit(
    "dco-stage",
    message="Death certificate only, but summary stage is {summaryStage2018} (expected 9)",
    items=["typeOfReportingSource", "summaryStage2018", "histologicTypeIcdO3", "behaviorCodeIcdO3"],
    category="stage",
    source=DICTIONARY,
    requires=["typeOfReportingSource", "summaryStage2018"],
    passes=["7 | 9 | 8500 | 3", "7 | 7 | 9861 | 3", "7 | 8 | 9530 | 0", "1 | 1 | 8500 | 3"],
    fails=["7 | 1 | 8500 | 3", "7 | 7 | 8500 | 3", "7 | 8 | 8500 | 3"],
)
def certificate_stage() -> pl.Expr:
    """Unless the schema fixes it: 7 for hematopoietic, 8 for benign and borderline tumors."""
    stage = pl.col("summaryStage2018")
    heme = ((stage == "7") & (HISTOLOGY >= 9590)).fill_null(value=False)
    benign = ((stage == "8") & pl.col("behaviorCodeIcdO3").is_in(["0", "1"])).fill_null(value=False)
    return CERTIFICATE & (stage != "9") & ~heme & ~benign
