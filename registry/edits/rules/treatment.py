"""Treatment: given or not, why not, and in which item."""

from __future__ import annotations

import polars as pl

from registry.edits.definition import REVIEW, edit
from registry.edits.rules.behavior import CONFIRMATION
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.given import (
    NODE_SURGERY,
    OTHER_GIVEN,
    OTHER_SURGERY,
    RADIATION,
    RADIATION_GIVEN,
    SURGERY,
    SURGERY_GIVEN,
    SURGERY_ITEMS,
    SYSTEMIC,
    SYSTEMIC_GIVEN,
    TRANSPLANT,
    any_surgery,
    known,
)
from registry.edits.rules.treatment_codes import surgery_table, without_surgery
from registry.edits.terms import DX_YEAR, HISTOLOGY, SITE, blank, site_in


@edit(
    "surgery-dxconf",
    message="Surgery {surgery}, but diagnostic confirmation is {diagnosticConfirmation}",
    severity=REVIEW,
    items=[*SURGERY_ITEMS, "diagnosticConfirmation"],
    category="treatment",
    source="SEER edit IF76",
    naaccr_name="RX Summ--Surg Prim Site, Diag Conf (SEER IF76)",
    override_item="overRideSurgDxconf",
    requires=["diagnosticConfirmation"],
    passes=[
        " | 30 | 1",
        " | 30 | 2",
        " | 30 | 3",
        "A100 | | 7",
        "A190 | | 9",
        " | 00 | 7",
        " | 98 | 8",
        "A990 | | 9",
        "B300 | | 4",
        " | | 7",
        " | 30 | ",
        " | 95 | 7",
    ],
    fails=[" | 20 | 7", " | 21 | 6", "A200 | | 9", "B900 | | 5", "A900 | | 8"],
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
    requires=["reasonForNoSurgery"],
    passes=[
        " | 30 | 0",
        " | 10 | 0",
        "B900 | | 0",
        "A000 | | 1",
        " | 00 | 9",
        " | 98 | 1",
        "A980 | | 9",
        " | 99 | 9",
        " | 99 | 8",
        " | 30 | ",
        " | | 0",
        " | 95 | 0",
        " | 30 | 3",
    ],
    fails=[
        " | 30 | 1",
        " | 90 | 9",
        "A100 | | 7",
        "A000 | | 0",
        " | 98 | 0",
        " | 99 | 0",
        " | 99 | 1",
        "A990 | | 2",
        " | 99 | 7",
    ],
    notes="98 (not applicable) takes any reason but 0. 99 (unknown whether done) takes 8 or 9 only: every other reason says "
    "that it is known.",
)
def surgery_and_reason() -> pl.Expr:
    """Reason 0 means that surgery was performed."""
    reason = pl.col("reasonForNoSurgery")
    unknown = (SURGERY == 99) & ~reason.is_in(["8", "9"])
    return ((reason == "0") != SURGERY_GIVEN) | unknown


@edit(
    "radiation-reason",
    message="Radiation {phase1RadiationTreatmentModality} contradicts the reason for no radiation "
    "{reasonForNoRadiation}",
    items=[RADIATION, "reasonForNoRadiation"],
    category="treatment",
    source=DICTIONARY,
    passes=[
        "01 | 0",
        "16 | 0",
        "98 | 0",
        "00 | 1",
        "00 | 8",
        "99 | 9",
        "99 | 8",
        "00 | ",
        " | 0",
        "17 | 1",
        "02 | 3",
    ],
    fails=["02 | 1", "98 | 9", "00 | 0", "00 | 9", "99 | 0"],
    notes="99 (unknown whether given) takes any reason but 0.",
)
def radiation_and_reason() -> pl.Expr:
    """Reason 0 means given; none given leaves reasons 1 to 8."""
    reason = pl.col("reasonForNoRadiation")
    return ((reason == "0") != RADIATION_GIVEN) | ((pl.col(RADIATION) == "00") & (reason == "9"))


_MODALITIES = [RADIATION, *SYSTEMIC, TRANSPLANT, "rxSummOther"]


@edit(
    "rx-status-none",
    message="Treatment status {rxSummTreatmentStatus} contradicts the treatment items",
    items=["rxSummTreatmentStatus", *SURGERY_ITEMS, *_MODALITIES],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummTreatmentStatus"],
    columns=["rxSummTreatmentStatus", "rxSummSurgPrimSite2023", *_MODALITIES],
    passes=[
        "1 | A200 | 00 | 00 | 00 | 00 | 00 | 0",
        "1 | A000 | 00 | 00 | 00 | 00 | 00 | 0",
        "0 | A000 | 00 | 00 | 00 | 00 | 00 | 0",
        "2 | A000 | 00 | 87 | 86 | 85 | 82 | 7",
        "9 | A990 | 99 | 99 | 99 | 99 | 99 | 9",
        "0 | A980 | | | | | | 8",
        " | A200 | 00 | 00 | 00 | 00 | 00 | 0",
        "3 | A200 | | | | | | ",
        "0 | X200 | 17 | 04 | 02 | 02 | 50 | 4",
    ],
    fails=[
        "0 | A200 | 00 | 00 | 00 | 00 | 00 | 0",
        "0 | A100 | | | | | | ",
        "2 | | 01 | | | | | ",
        "0 | | 98 | | | | | ",
        "2 | | | 03 | | | | ",
        "0 | | | | 01 | | | ",
        "0 | | | | | 01 | | ",
        "0 | | | | | | 10 | ",
        "0 | | | | | | 40 | ",
        "9 | | | | | | | 1",
        "0 | | | | | | | 6",
    ],
)
def status_and_treatment() -> pl.Expr:
    """Any modality given means status 1."""
    any_given = known(SURGERY_GIVEN, RADIATION_GIVEN, SYSTEMIC_GIVEN, OTHER_GIVEN)
    return any_given & (pl.col("rxSummTreatmentStatus") != "1")


@edit(
    "rx-died-alive",
    message="Treatment was not given because the patient died, but the patient is alive",
    items=[*SYSTEMIC, "reasonForNoSurgery", "vitalStatus"],
    category="treatment",
    source=DICTIONARY,
    requires=["vitalStatus"],
    passes=[
        "85 | 00 | 00 | 1 | 0",
        "00 | 00 | 00 | 1 | 1",
        "86 | 87 | 82 | 6 | 1",
        " | | | 5 | ",
        "85 | | | | 4",
    ],
    fails=["85 | 00 | 00 | 1 | 1", " | | | 5 | 1", " | 85 | | | 1", " | | 85 | | 1"],
)
def died_before_treatment() -> pl.Expr:
    """Code 85, or 5 as the reason for no surgery."""
    died = [(pl.col(item) == "85") for item in SYSTEMIC] + [pl.col("reasonForNoSurgery") == "5"]
    return pl.any_horizontal(died) & (pl.col("vitalStatus") == "1")


@edit(
    "surg-rad-seq",
    message="Radiation/surgery sequence {rxSummSurgRadSeq} contradicts what was given",
    items=["rxSummSurgRadSeq", *SURGERY_ITEMS, RADIATION, NODE_SURGERY, OTHER_SURGERY],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummSurgRadSeq"],
    columns=["rxSummSurgRadSeq", "rxSummSurgPrimSite", RADIATION, NODE_SURGERY, OTHER_SURGERY],
    passes=[
        "3 | 30 | 02 | 0 | 0",
        "9 | 00 | 98 | 2 | 0",
        "2 | 00 | 02 | 0 | 1",
        "0 | 00 | 02 | 0 | 0",
        "0 | 30 | 00 | 0 | 0",
        "0 | 30 | 99 | 0 | 0",
        "0 | 99 | 02 | 9 | 9",
        "3 | 00 | 02 | 1 | 0",
        "0 | 00 | 02 | 1 | 0",
        "3 | | 02 | 0 | 0",
        "3 | 00 | 02 | | 0",
        "3 | 00 | 02 | 0 | ",
        "3 | 30 | | 0 | 0",
        "0 | 30 | | 0 | 0",
        " | 30 | 02 | 0 | 0",
        "1 | 00 | 02 | 0 | 0",
        "3 | 95 | 02 | 0 | 0",
    ],
    fails=[
        "0 | 30 | 02 | 0 | 0",
        "0 | 30 | 98 | | ",
        "0 | 00 | 02 | 2 | 0",
        "0 | 00 | 02 | 0 | 5",
        "3 | 30 | 00 | 0 | 0",
        "3 | 30 | 99 | 0 | 0",
        "9 | 00 | 02 | 0 | 0",
        "2 | 99 | 02 | 9 | 9",
        "4 | | 00 | | ",
    ],
    notes="A blank item may hide a treatment: fails only when what is coded decides. A biopsy of nodes (scope 1) alone "
    "allows both answers.",
)
def surgery_and_radiation() -> pl.Expr:
    """2 to 9 when both were given, 0 otherwise."""
    both = any_surgery() & RADIATION_GIVEN
    return (pl.col("rxSummSurgRadSeq") != "0") != both


@edit(
    "systemic-surg-seq",
    message="Systemic/surgery sequence {rxSummSystemicSurSeq}, but not both were given",
    items=["rxSummSystemicSurSeq", *SYSTEMIC, TRANSPLANT, *SURGERY_ITEMS, NODE_SURGERY, OTHER_SURGERY],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummSystemicSurSeq"],
    columns=[
        "rxSummSystemicSurSeq",
        "rxSummSurgPrimSite",
        NODE_SURGERY,
        OTHER_SURGERY,
        *SYSTEMIC,
        TRANSPLANT,
    ],
    passes=[
        "3 | 30 | 0 | 0 | 03 | 00 | 00 | 00",
        "2 | 00 | 5 | 0 | 00 | 01 | 00 | 00",
        "9 | 00 | 0 | 1 | 00 | 00 | 01 | 00",
        "3 | 30 | 0 | 0 | 00 | 00 | 00 | 20",
        "0 | 30 | 0 | 0 | 03 | 00 | 00 | 00",
        "0 | 00 | 0 | 0 | 00 | 00 | 00 | 00",
        "3 | 30 | 0 | 0 | | 00 | 00 | 00",
        "3 | 30 | 0 | 0 | 00 | 00 | 00 | ",
        "3 | | 0 | 0 | 03 | 00 | 00 | 00",
        "3 | 00 | 1 | 0 | 03 | 00 | 00 | 00",
        " | 00 | 0 | 0 | 03 | 00 | 00 | 00",
        "1 | 00 | 0 | 0 | 03 | 00 | 00 | 00",
    ],
    fails=[
        "3 | 00 | 0 | 0 | 03 | 00 | 00 | 00",
        "2 | 30 | 0 | 0 | 00 | 00 | 00 | 00",
        "9 | 98 | 9 | 0 | 01 | | | ",
        "4 | | | | 99 | 88 | 87 | 82",
    ],
    notes="The catalogue lists only the systemic items; surgery has to be known as well. A blank item may hide a "
    "treatment; code 0 is not tested.",
)
def systemic_and_surgery() -> pl.Expr:
    """2 to 9 only when both were given."""
    return (pl.col("rxSummSystemicSurSeq") != "0") & ~(any_surgery() & SYSTEMIC_GIVEN)


@edit(
    "surgery-site-none",
    message="Surgery {surgery} at {primarySite}, {histologicTypeIcdO3}: no surgery codes apply (expected 98)",
    items=[*SURGERY_ITEMS, "primarySite", "histologicTypeIcdO3"],
    category="treatment",
    source="SEER Program Coding and Staging Manuals, appendix C; STORE, appendix A",
    requires=["primarySite", "histologicTypeIcdO3"],
    columns=[*SURGERY_ITEMS, "primarySite", "histologicTypeIcdO3", "dateOfDiagnosis"],
    passes=[
        " | 98 | C421 | 9861 | 2018",
        "A980 | | C809 | 8000 | 2024",
        "A980 | | C421 | 9861 | ",
        " | 30 | C509 | 8500 | 2020",
        " | 98 | C619 | 8140 | 2018",
        " | 30 | C779 | 9680 | 2020",
        " | 30 | C422 | 9591 | 2020",
        "A000 | | C445 | 9861 | 2023",
        " | 98 | C779 | 9861 | 2018",
        " | 99 | C421 | 9861 | 2003",
        " | 30 | C779 | 9861 | ",
        " | | C421 | 9861 | 2018",
        " | 95 | C421 | 9861 | 2018",
        " | 00 | | 9861 | 2018",
        " | 00 | C421 | | 2018",
    ],
    fails=[
        " | 00 | C421 | 9861 | 2018",
        " | 30 | C779 | 9861 | 2018",
        "A200 | | C809 | 8000 | 2024",
        "B990 | | C420 | 9861 | 2023",
        " | 99 | C421 | 9861 | 2004",
        " | 00 | C768 | 8010 | ",
        " | 99 | C760 | 8010 | 1995",
        " | 00 | C423 | 8000 | 1997",
        " | 30 | C424 | 9861 | ",
        " | 30 | C420 | 9861 | ",
        " | 30 | C421 | 9861 | ",
        " | 30 | C809 | 8000 | ",
    ],
    notes="From 1998 the surgery table of site, histology and year decides: to 2021 leukemias and their kind have no "
    "surgery codes at any site, nodal lymphomas have; from 2022 the site alone counts. Until 2003 the tables take 99 too. "
    "Without a table (year before 1998 or not known) the sites of the catalogue count.",
)
def surgery_does_not_apply() -> pl.Expr:
    """Blood, marrow, ill-defined and unknown sites, hematopoietic neoplasms."""
    table = surgery_table(SITE, HISTOLOGY, DX_YEAR)
    only_98, also_99 = (pl.lit(one).gather(table) for one in without_surgery())
    sites = site_in("C420,C421,C423,C424,C760-C768,C809")
    other = (SURGERY != 98) & ~((SURGERY == 99) & also_99.fill_null(value=False))
    return pl.coalesce(only_98, sites) & other


@edit(
    "surgery-era",
    message="Surgery of the primary site is coded in the new item from 2023, in the old one before "
    "(diagnosed {dateOfDiagnosis})",
    items=[*SURGERY_ITEMS, "dateOfDiagnosis"],
    category="treatment",
    source=DICTIONARY,
    requires=["dateOfDiagnosis"],
    passes=[
        "A200 | | 2023",
        "A990 | | 20240115",
        " | 30 | 2022",
        " | 99 | 20221231",
        " | | ",
        "A200 | 30 | ",
        "X | | 2023",
        " | 95 | 2022",
        " | 30 | 202313",
    ],
    fails=[
        " | 30 | 2023",
        " | | 2023",
        "A200 | 30 | 2024",
        "A200 | 95 | 2024",
        "A200 | | 2022",
        "A200 | 30 | 2022",
        " | | 2020",
    ],
    notes="An invalid code is not blank: it has its own edit.",
)
def surgery_of_its_time() -> pl.Expr:
    """One item or the other."""
    newer, older = blank("rxSummSurgPrimSite2023"), blank("rxSummSurgPrimSite")
    return ((DX_YEAR >= 2023) & (newer | ~older)) | ((DX_YEAR < 2023) & (older | ~newer))
