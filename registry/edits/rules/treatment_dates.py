"""Dates of treatment against what was given.

A given treatment with a blank date is legal from version 23: the date is unknown. Up to version 22 a
date flag had to say so (12 = given, date not known).
"""

from __future__ import annotations

import polars as pl

from registry.edits.definition import edit
from registry.edits.rules.codes import DICTIONARY
from registry.edits.rules.given import (
    NODE_SURGERY,
    NODES_GIVEN,
    OTHER_GIVEN,
    OTHER_SURGERY,
    OTHER_SURGERY_GIVEN,
    RADIATION,
    RADIATION_GIVEN,
    SURGERY,
    SURGERY_GIVEN,
    SURGERY_ITEMS,
    drug_given,
    known,
)
from registry.edits.terms import blank, first, last, number

_NOTE = (
    "Given with a blank date fails only in records of version 22 and older (naaccrRecordVersion) whose date flag is "
    "not 12 (given, date unknown); records without a version count as newer."
)
_NOT_GIVEN = ["00", "82", "85", "86", "87"]


def blank_without_reason(date: str) -> pl.Expr:
    """True when an old record has neither the date nor the flag that says it is unknown."""
    old = (number("naaccrRecordVersion") <= 220).fill_null(value=False)
    explained = (pl.col(f"{date}Flag") == "12").fill_null(value=False)
    return old & blank(date) & ~explained


def dated_wrongly(none: pl.Expr, given: pl.Expr, date: str) -> pl.Expr:
    """A date of something that was not done, or none where one is needed."""
    dated = none & pl.col(date).is_not_null()
    return dated | (given & blank_without_reason(date))


_DRUG_EXAMPLES = {
    "passes": [
        "01 | 20200105 | | 260",
        "00 | | | 260",
        "01 | | | 230",
        "01 | | | ",
        "01 | | 12 | 220",
        "01 | 20200105 | | 220",
        "99 | | | 220",
        "88 | 2020 | | 260",
        " | 2020 | | 260",
        "00 | 20201399 | | 260",
        "01 | 20201399 | | 220",
        "83 | 2020 | | 260",
        "00 | | 11 | 220",
    ],
    "fails": [
        "00 | 20200105 | | 260",
        "82 | 2020 | | ",
        "85 | 2020 | | 260",
        "86 | 2020 | | 260",
        "87 | 202001 | | 260",
        "01 | | | 220",
        "01 | | 11 | 180",
    ],
}

for _id, _name, _item, _date, _highest in [
    ("chemo-date", "Chemotherapy", "rxSummChemo", "rxDateChemo", "03"),
    ("hormone-date", "Hormone therapy", "rxSummHormone", "rxDateHormone", "01"),
    ("brm-date", "Immunotherapy", "rxSummBrm", "rxDateBrm", "01"),
]:
    _more = ["03 | | | 220"] if _highest == "03" else []
    edit(
        _id,
        message=f"{_name} {{{_item}}} and its date ({{{_date}}}) contradict each other",
        items=[_item, _date],
        category="treatment",
        source=DICTIONARY,
        requires=[_item],
        columns=[_item, _date, f"{_date}Flag", "naaccrRecordVersion"],
        passes=_DRUG_EXAMPLES["passes"],
        fails=[*_DRUG_EXAMPLES["fails"], *_more],
        notes=_NOTE,
    )(
        lambda item=_item, date=_date, highest=_highest: dated_wrongly(
            pl.col(item).is_in(_NOT_GIVEN), drug_given(item, highest), date
        )
    )


@edit(
    "other-rx-date",
    message="Other treatment {rxSummOther} and its date ({rxDateOther}) contradict each other",
    items=["rxSummOther", "rxDateOther"],
    category="treatment",
    source=DICTIONARY,
    requires=["rxSummOther"],
    columns=["rxSummOther", "rxDateOther", "rxDateOtherFlag", "naaccrRecordVersion"],
    passes=[
        "1 | 20200105 | | 260",
        "0 | | | 260",
        "7 | | | 220",
        "8 | 2020 | | 260",
        "9 | 2020 | | 260",
        "6 | | | 230",
        "6 | | | ",
        "2 | | 12 | 220",
        "9 | | | 220",
        " | 2020 | | 260",
        "0 | 20201399 | | 260",
        "4 | 2020 | | 260",
    ],
    fails=[
        "0 | 20200105 | | 260",
        "7 | 2020 | | ",
        "1 | | | 220",
        "2 | | 11 | 210",
        "3 | | | 180",
        "6 | | | 220",
    ],
    notes=_NOTE,
)
def other_date() -> pl.Expr:
    """None and refused have no date."""
    return dated_wrongly(pl.col("rxSummOther").is_in(["0", "7"]), OTHER_GIVEN, "rxDateOther")


@edit(
    "radiation-date",
    message="Radiation {phase1RadiationTreatmentModality} and its date ({rxDateRadiation}) contradict each other",
    items=[RADIATION, "rxDateRadiation"],
    category="treatment",
    source=DICTIONARY,
    requires=[RADIATION],
    columns=[RADIATION, "rxDateRadiation", "rxDateRadiationFlag", "naaccrRecordVersion"],
    passes=[
        "02 | 20200105 | | 260",
        "00 | | | 260",
        "99 | 2020 | | 260",
        "02 | | | 230",
        "02 | | | ",
        "98 | | 12 | 220",
        "99 | | | 220",
        " | 2020 | | 260",
        "17 | 2020 | | 260",
        "00 | 202013 | | 260",
    ],
    fails=["00 | 20200105 | | 260", "00 | 2020 | | 220", "01 | | | 220", "16 | | | 210", "98 | | 10 | 180"],
    notes=_NOTE,
)
def radiation_date() -> pl.Expr:
    """Modality 00 has no date."""
    return dated_wrongly(pl.col(RADIATION) == "00", RADIATION_GIVEN, "rxDateRadiation")


@edit(
    "surgery-date",
    message="Surgery {surgery} (nodes {rxSummScopeRegLnSur}, other {rxSummSurgOthRegDis}) and its date "
    "({rxDateSurgery}) contradict each other",
    items=[*SURGERY_ITEMS, NODE_SURGERY, OTHER_SURGERY, "rxDateSurgery"],
    category="treatment",
    source=DICTIONARY,
    requires=(),
    columns=[
        *SURGERY_ITEMS,
        NODE_SURGERY,
        OTHER_SURGERY,
        "rxDateSurgery",
        "rxDateSurgeryFlag",
        "naaccrRecordVersion",
    ],
    passes=[
        " | 30 | 0 | 0 | 20200105 | | 260",
        " | 00 | 2 | 0 | 2020 | | 260",
        " | 00 | 1 | 0 | 2020 | | 260",
        " | 00 | 0 | 5 | 2020 | | 260",
        "A000 | | 0 | 0 | | | 260",
        " | 00 | | 0 | 2020 | | 260",
        " | 00 | 0 | | 2020 | | 260",
        " | | 0 | 0 | 2020 | | 260",
        " | 00 | 9 | 0 | 2020 | | 260",
        " | 99 | 0 | 0 | 2020 | | 260",
        " | 00 | 0 | 0 | 202013 | | 260",
        "A300 | | 0 | 0 | | | 230",
        " | 30 | 0 | 0 | | | ",
        " | 30 | 0 | 0 | | 12 | 220",
        " | 99 | 9 | 9 | | | 220",
        " | 30 | 0 | 0 | 202013 | | 220",
    ],
    fails=[
        " | 00 | 0 | 0 | 20200105 | | 260",
        "A980 | | 0 | 0 | 2020 | | ",
        " | 98 | 0 | 0 | 202001 | | 220",
        " | 30 | 0 | 0 | | | 220",
        " | 10 | | | | 11 | 180",
        " | 00 | 4 | 0 | | | 220",
        " | 00 | 0 | 1 | | | 210",
    ],
    notes=_NOTE,
)
def surgery_date() -> pl.Expr:
    """Primary site, nodes and other surgery all none: no date."""
    none = SURGERY.is_in([0, 98]) & (pl.col(NODE_SURGERY) == "0") & (pl.col(OTHER_SURGERY) == "0")
    given = known(SURGERY_GIVEN, NODES_GIVEN, OTHER_SURGERY_GIVEN)
    return dated_wrongly(none, given, "rxDateSurgery")


for _id, _sequence, _date, _name in [
    ("surg-rad-seq-dates", "rxSummSurgRadSeq", "rxDateRadiation", "radiation"),
    ("systemic-surg-seq-dates", "rxSummSystemicSurSeq", "rxDateSystemic", "systemic treatment"),
]:
    edit(
        _id,
        message=f"Sequence {{{_sequence}}} contradicts the dates: surgery {{rxDateSurgery}}, {_name} {{{_date}}}",
        items=[_sequence, _date, "rxDateSurgery"],
        category="treatment",
        source=DICTIONARY,
        passes=[
            "2 | 20200105 | 20200301",
            "2 | 20200105 | 20200105",
            "2 | 2020 | 20200101",
            "2 | 202003 | 20200301",
            "3 | 20200301 | 20200105",
            "3 | 20200105 | 20200105",
            "3 | 20200101 | 2020",
            "4 | 20200301 | 20200105",
            "5 | 20200105 | 20200301",
            "0 | 20200105 | 20200301",
            "2 | 2020 | ",
            "2 | | 20200105",
            " | 20200301 | 20200105",
            "8 | 20200301 | 20200105",
            "2 | 20201399 | 20200105",
        ],
        fails=[
            "2 | 20200301 | 20200105",
            "2 | 202004 | 20200331",
            "3 | 20200105 | 20200301",
            "3 | 2019 | 202001",
        ],
    )(
        lambda sequence=_sequence, date=_date: (
            ((pl.col(sequence) == "2") & (first(date) > last("rxDateSurgery")))
            | ((pl.col(sequence) == "3") & (last(date) < first("rxDateSurgery")))
        )
    )
