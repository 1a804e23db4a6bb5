"""Dates of treatment against what was given.

A given treatment with a blank date is legal from version 23 (the date is unknown), so only a date
without a treatment fails here.
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.treatment import RADIATION, SURGERY_ITEMS
from registry.edits.terms import SURGERY, first, last

_NOTE = "A blank date is legal from version 23; up to 22 the date flag gave the reason, which is not tested."

for _id, _name, _item, _date in [
    ("chemo-date", "Chemotherapy", "rxSummChemo", "rxDateChemo"),
    ("hormone-date", "Hormone therapy", "rxSummHormone", "rxDateHormone"),
    ("brm-date", "Immunotherapy", "rxSummBrm", "rxDateBrm"),
]:
    edit(
        _id,
        message=f"{_name} {{{_item}}} was not given, but has a date ({{{_date}}})",
        items=[_item, _date],
        category="treatment",
        source=DICTIONARY,
        passes=["01 | 20200105", "00 | ", "01 | ", "88 | 2020", " | 2020"],
        fails=["00 | 20200105", "85 | 2020", "87 | 202001"],
        notes=_NOTE,
    )(lambda item=_item: pl.col(item).is_in(["00", "82", "85", "86", "87"]))


@edit(
    "radiation-date",
    message="Radiation was not given, but has a date ({rxDateRadiation})",
    items=[RADIATION, "rxDateRadiation"],
    category="treatment",
    source=DICTIONARY,
    passes=["02 | 20200105", "00 | ", "99 | 2020", "02 | "],
    fails=["00 | 20200105", "00 | 2020"],
    notes=_NOTE,
)
def radiation_date() -> pl.Expr:
    """Modality 00."""
    return pl.col(RADIATION) == "00"


@edit(
    "surgery-date",
    message="No surgery was done, but it has a date ({rxDateSurgery})",
    items=[*SURGERY_ITEMS, "rxSummScopeRegLnSur", "rxSummSurgOthRegDis", "rxDateSurgery"],
    category="treatment",
    source=DICTIONARY,
    passes=[" | 30 | 0 | 0 | 20200105", " | 00 | 2 | 0 | 2020", "A000 | | 0 | 0 | ", " | 00 | | | 2020"],
    fails=[" | 00 | 0 | 0 | 20200105", "A980 | | 0 | 0 | 2020"],
    notes=_NOTE,
)
def surgery_date() -> pl.Expr:
    """Primary site, nodes and other surgery all none."""
    return (
        SURGERY.is_in([0, 98])
        & (pl.col("rxSummScopeRegLnSur") == "0")
        & (pl.col("rxSummSurgOthRegDis") == "0")
    )


@edit(
    "surg-rad-seq-dates",
    message="Radiation/surgery sequence {rxSummSurgRadSeq} contradicts the dates: surgery {rxDateSurgery}, "
    "radiation {rxDateRadiation}",
    items=["rxSummSurgRadSeq", "rxDateSurgery", "rxDateRadiation"],
    category="treatment",
    source=DICTIONARY,
    passes=["2 | 20200301 | 20200105", "3 | 20200105 | 20200301", "3 | 2020 | 20200101", "2 | | 2020"],
    fails=["2 | 20200105 | 20200301", "3 | 20200301 | 20200105"],
)
def sequence_and_dates() -> pl.Expr:
    """Code 2: radiation first; code 3: surgery first."""
    sequence = pl.col("rxSummSurgRadSeq")
    before = (sequence == "2") & (first("rxDateRadiation") > last("rxDateSurgery"))
    after = (sequence == "3") & (last("rxDateRadiation") < first("rxDateSurgery"))
    return before | after
