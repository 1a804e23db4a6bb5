"""Treatment: given or not, why not, in which order, and in which item."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import CONFIRMATION
from registry.edits.rules.codes import DICTIONARY
from registry.edits.terms import DX_YEAR, SURGERY, blank, histology_in, site_in

SURGERY_ITEMS = ["rxSummSurgPrimSite2023", "rxSummSurgPrimSite"]
RADIATION = "phase1RadiationTreatmentModality"
SYSTEMIC = {"rxSummChemo": "03", "rxSummHormone": "01", "rxSummBrm": "01"}
"""Systemic items and their highest code that means given (01 is the lowest)."""

SURGERY_GIVEN = SURGERY.is_between(10, 90)
RADIATION_GIVEN = (pl.col(RADIATION) != "00") & (pl.col(RADIATION) <= "98")


def _given(*conditions: pl.Expr) -> pl.Expr:
    """True when one of the treatments is known to be given; unknown and blank count as not."""
    return pl.any_horizontal([condition.fill_null(value=False) for condition in conditions])


def surgery_of_any_kind() -> pl.Expr:
    """Primary site, regional nodes or other regional and distant surgery."""
    return _given(
        SURGERY_GIVEN,
        pl.col("rxSummScopeRegLnSur").is_between(pl.lit("1"), pl.lit("7")),
        pl.col("rxSummSurgOthRegDis").is_between(pl.lit("1"), pl.lit("5")),
    )


def systemic_given() -> pl.Expr:
    """Chemotherapy, hormones, biological response modifier, or transplant and endocrine procedures."""
    drugs = [pl.col(item).is_between(pl.lit("01"), pl.lit(high)) for item, high in SYSTEMIC.items()]
    return _given(*drugs, pl.col("rxSummTransplntEndocr").is_between(pl.lit("10"), pl.lit("40")))


@edit(
    "surgery-dxconf",
    message="Surgery {surgery}, but diagnostic confirmation is {diagnosticConfirmation}",
    severity=REVIEW,
    items=[*SURGERY_ITEMS, "diagnosticConfirmation"],
    category="treatment",
    source="SEER edit IF76",
    naaccr_name="RX Summ--Surg Prim Site, Diag Conf (SEER IF76)",
    override_item="overRideSurgDxconf",
    passes=[" | 30 | 1", "A100 | | 7", " | 00 | 7", "B300 | | 4"],
    fails=[" | 30 | 7", "A200 | | 9", "B900 | | 5"],
)
def surgery_without_microscopy() -> pl.Expr:
    """Resections (20 to 90) give tissue."""
    return SURGERY.is_between(20, 90) & ~CONFIRMATION.is_in(["1", "2", "3", "4"])


@edit(
    "surgery-reason",
    message="Surgery {surgery} contradicts the reason for no surgery {reasonForNoSurgery}",
    items=[*SURGERY_ITEMS, "reasonForNoSurgery"],
    category="treatment",
    source=DICTIONARY,
    passes=[" | 30 | 0", "A000 | | 1", " | 98 | 1", " | 99 | 9", " | 30 | "],
    fails=[" | 30 | 1", "A000 | | 0", " | 99 | 0"],
)
def surgery_and_reason() -> pl.Expr:
    """Reason 0 means that surgery was performed."""
    return (pl.col("reasonForNoSurgery") == "0") != SURGERY_GIVEN


@edit(
    "radiation-reason",
    message="Radiation {phase1RadiationTreatmentModality} contradicts the reason for no radiation "
    "{reasonForNoRadiation}",
    items=[RADIATION, "reasonForNoRadiation"],
    category="treatment",
    source=DICTIONARY,
    passes=["02 | 0", "00 | 1", "99 | 9", "99 | 8", "98 | 0", "00 | "],
    fails=["02 | 1", "00 | 0", "00 | 9", "99 | 0"],
)
def radiation_and_reason() -> pl.Expr:
    """Reason 0 means given; none given leaves reasons 1 to 8."""
    reason = pl.col("reasonForNoRadiation")
    return ((reason == "0") != RADIATION_GIVEN) | ((pl.col(RADIATION) == "00") & (reason == "9"))


@edit(
    "rx-status-none",
    message="Treatment status {rxSummTreatmentStatus} contradicts the treatment items",
    items=[
        "rxSummTreatmentStatus",
        *SURGERY_ITEMS,
        RADIATION,
        *SYSTEMIC,
        "rxSummTransplntEndocr",
        "rxSummOther",
    ],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummTreatmentStatus"],
    columns=["rxSummTreatmentStatus", "rxSummSurgPrimSite2023", "rxSummChemo", "rxSummOther"],
    passes=["1 | A200 | 00 | 0", "0 | A000 | 00 | 0", "2 | A000 | 87 | ", "9 | A990 | 99 | 9", "1 | | | "],
    fails=["0 | A200 | 00 | 0", "2 | | 03 | ", "9 | | | 1"],
)
def status_and_treatment() -> pl.Expr:
    """Any modality given means status 1."""
    other = pl.col("rxSummOther").is_in(["1", "2", "3", "6"])
    any_given = _given(SURGERY_GIVEN, RADIATION_GIVEN, systemic_given(), other)
    return any_given & (pl.col("rxSummTreatmentStatus") != "1")


@edit(
    "rx-died-alive",
    message="Treatment was not given because the patient died, but the patient is alive",
    items=[*SYSTEMIC, "reasonForNoSurgery", "vitalStatus"],
    category="treatment",
    source=DICTIONARY,
    requires=["vitalStatus"],
    passes=["85 | 00 | 00 | 1 | 0", "00 | 00 | 00 | 1 | 1", " | | | 5 | "],
    fails=["85 | 00 | 00 | 1 | 1", " | | | 5 | 1", " | 85 | | | 1"],
)
def died_before_treatment() -> pl.Expr:
    """Code 85, or 5 as the reason for no surgery."""
    died = [(pl.col(item) == "85") for item in SYSTEMIC] + [pl.col("reasonForNoSurgery") == "5"]
    return pl.any_horizontal(died) & (pl.col("vitalStatus") == "1")


@edit(
    "surg-rad-seq",
    message="Radiation/surgery sequence {rxSummSurgRadSeq} contradicts what was given",
    items=[
        "rxSummSurgRadSeq",
        *SURGERY_ITEMS,
        RADIATION,
        "rxSummScopeRegLnSur",
        "rxSummSurgOthRegDis",
    ],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummSurgRadSeq", "rxSummSurgPrimSite2023|rxSummSurgPrimSite", RADIATION],
    columns=["rxSummSurgRadSeq", "rxSummSurgPrimSite", RADIATION, "rxSummScopeRegLnSur"],
    passes=["3 | 30 | 02 | 0", "0 | 00 | 02 | 0", "3 | 00 | 02 | 2", "0 | 30 | 99 | ", "3 | | 02 | "],
    fails=["0 | 30 | 02 | 0", "3 | 30 | 00 | 0", "9 | 00 | 02 | 0"],
)
def surgery_and_radiation() -> pl.Expr:
    """2 to 9 when both were given, 0 otherwise."""
    both = surgery_of_any_kind() & RADIATION_GIVEN
    return (pl.col("rxSummSurgRadSeq") != "0") != both


@edit(
    "systemic-surg-seq",
    message="Systemic/surgery sequence {rxSummSystemicSurSeq}, but not both were given",
    items=[
        "rxSummSystemicSurSeq",
        *SYSTEMIC,
        "rxSummTransplntEndocr",
        *SURGERY_ITEMS,
        "rxSummScopeRegLnSur",
        "rxSummSurgOthRegDis",
    ],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummSystemicSurSeq", "rxSummSurgPrimSite2023|rxSummSurgPrimSite", *SYSTEMIC],
    columns=["rxSummSystemicSurSeq", "rxSummSurgPrimSite", *SYSTEMIC],
    passes=["3 | 30 | 03 | 00 | 00", "0 | 30 | 03 | 00 | 00", "0 | 00 | 00 | 00 | 00", "3 | 30 | | | "],
    fails=["3 | 00 | 03 | 00 | 00", "2 | 30 | 00 | 00 | 00"],
    notes="The catalogue lists only the systemic items; surgery has to be known as well.",
)
def systemic_and_surgery() -> pl.Expr:
    """2 to 9 only when both were given; 0 is not tested."""
    both = surgery_of_any_kind() & systemic_given()
    return (pl.col("rxSummSystemicSurSeq") != "0") & ~both


@edit(
    "surgery-site-none",
    message="Surgery {surgery} at {primarySite}, {histologicTypeIcdO3}: no surgery codes apply (expected 98)",
    items=[*SURGERY_ITEMS, "primarySite", "histologicTypeIcdO3"],
    category="treatment",
    source="STORE Appendix A; SEER Appendix C: sites without surgery codes",
    passes=[" | 98 | C421 | 9861", "A980 | | C809 | 8000", " | 30 | C509 | 8500", " | 30 | C779 | 9680"],
    fails=[" | 00 | C421 | 9861", "A200 | | C809 | 8000", " | 30 | C445 | 9731"],
    notes="Hematopoietic means the manual's list (9727, 9731-9734, 9741-9742, 9750, 9760-9769, 9800-9993); nodal "
    "lymphomas have surgery codes.",
)
def surgery_does_not_apply() -> pl.Expr:
    """Blood, marrow, ill-defined and unknown sites, hematopoietic neoplasms."""
    sites = site_in("C420,C421,C423,C424,C760-C768,C809")
    heme = histology_in("9727,9731-9734,9741-9742,9750,9760-9769,9800-9993")
    return (sites | heme) & (SURGERY != 98)


@edit(
    "surgery-era",
    message="Surgery of the primary site is coded in the new item from 2023, in the old one before "
    "(diagnosed {dateOfDiagnosis})",
    items=[*SURGERY_ITEMS, "dateOfDiagnosis"],
    category="treatment",
    source=DICTIONARY,
    requires=["dateOfDiagnosis"],
    passes=["A200 | | 2023", " | 30 | 2022", " | | "],
    fails=[" | 30 | 2023", "A200 | 30 | 2024", "A200 | | 2022", " | | 2020"],
)
def surgery_of_its_time() -> pl.Expr:
    """One item or the other."""
    newer, older = blank("rxSummSurgPrimSite2023"), blank("rxSummSurgPrimSite")
    return ((DX_YEAR >= 2023) & (newer | ~older)) | ((DX_YEAR < 2023) & (older | ~newer))
