"""SEER race recode: one race for each patient, as SEER's statistics use it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from registry.coding import numbers
from registry.coding.derivation import derivation
from registry.coding.people.patients import shared_with_patient
from registry.standards import code_lists

WHITE, AMERICAN_INDIAN, NO_FURTHER, LAST_SPECIFIC, OTHER, UNKNOWN = 1, 3, 88, 97, 98, 99
FIRST_YEAR = 1991
"""Patients first seen earlier keep race 98: race 2 was not collected then."""


def _number(race: str) -> pl.Expr:
    """Race code as a number; 99 when it is blank or not a number."""
    written = pl.col(race).str.contains("^[0-9]+$")
    return pl.when(written).then(pl.col(race).cast(pl.Int64, strict=False)).fill_null(UNKNOWN)


def _labels(output: str) -> Mapping[str, str]:
    return code_lists.labels("race1")


@derivation(
    "race-1-recode",
    version="1, 2024-08",
    inputs=["patientIdNumber", "dateOfDiagnosis", "addrAtDxState", "race1", "race2", "ihsLink"],
    outputs=["race1Recode"],
    source="SEER Race 1 Recode, August 2024",
    labels=_labels,
    examples=[
        " | 20200101 | MD | 01 | 88 | | 01",
        " | 20200101 | MD | 01 | 02 | | 02",
        " | 20200101 | MD | 01 | 98 | | 01",
        " | 20200101 | MD | 02 | 01 | | 02",
        " | 20200101 | MD | 88 | 01 | | 88",
        " | 20200101 | MD | 98 | 01 | | 01",
        " | 19901231 | MD | 98 | 01 | | 98",
        " | | MD | 98 | 01 | | 01",
        "A | 2020 | MD | 98 | 01 | | 98",
        "A | 1980 | MD | 98 | 01 | | 98",
        "B | 2020 | MD | 01 | 02 | 1 | 01",
        "B | 2020 | ak | 01 | 02 | 1 | 01",
        " | 20200101 | MD | 01 | 88 | 1 | 03",
        " | 20200101 | MD | 01 | 02 | 1 | 02",
        " | 20200101 | MD | 98 | 88 | 1 | 03",
        " | 20200101 | MD | 99 | 02 | 1 | 03",
        " | 20200101 | MD | 01 | 02 | 9 | 99",
        " | 20200101 | MD | | 01 | | 99",
        " | 20200101 | MD | 1 | X | | 01",
    ],
)
def race_1_recode(frame: pl.DataFrame) -> pl.DataFrame:
    """Race of the patient for SEER: a further race goes before White, and before 98 from 1991 on.

    A link with the Indian Health Service makes White, 98 and unknown American Indian (03); a link code of 9
    makes the race unknown. Nothing is changed for patients with a tumor diagnosed in Alaska. Patients with
    any tumor before 1991 keep 98.
    """
    facts = frame.select(
        early=(numbers.diagnosis_year() < FIRST_YEAR).fill_null(False),
        alaska=(pl.col("addrAtDxState").str.to_uppercase() == "AK").fill_null(False),
        first=_number("race1"),
        second=_number("race2"),
        ihs=pl.col("ihsLink").fill_null(""),
    )
    patient = frame["patientIdNumber"]
    early = shared_with_patient(facts["early"], patient, wanted=facts["first"] == OTHER)
    alaska = shared_with_patient(facts["alaska"], patient)
    first, second, ihs = pl.col("first"), pl.col("second"), pl.col("ihs")
    specific = (second <= LAST_SPECIFIC) & (second != NO_FURTHER)
    second_counts = ((first == WHITE) & (second > WHITE) & specific) | (
        (first == OTHER) & ~pl.lit(early) & (second >= WHITE) & specific
    )
    switched = pl.when(second_counts).then(second).otherwise(first)
    recode = (
        pl.when(pl.lit(alaska))
        .then(first)
        .when(ihs == "9")
        .then(UNKNOWN)
        .when((ihs == "1") & switched.is_in([WHITE, OTHER, UNKNOWN]))
        .then(AMERICAN_INDIAN)
        .otherwise(switched)
    )
    return facts.select(recode.cast(pl.String).str.zfill(2).alias("race1Recode"))
