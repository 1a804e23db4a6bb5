"""Facts of one tumor that count for all tumors of the patient."""

from __future__ import annotations

import polars as pl


def shared_with_patient(fact: pl.Series, patient: pl.Series, wanted: pl.Series | None = None) -> pl.Series:
    """Whether the fact holds for this or another row of the same patient.

    Args:
        fact: Boolean, one a row, none missing.
        patient: identifies the patient; a row without one is a patient of its own.
        wanted: rows whose answer is asked; the others keep their own fact (few rows make it cheap).

    >>> fact, patient = pl.Series([True, False, False, False]), pl.Series(["1", "1", "2", None])
    >>> shared_with_patient(fact, patient).to_list()
    [True, True, False, False]
    """
    concerned = fact if wanted is None else fact & _among(patient, wanted)
    return fact | _among(patient, concerned) if concerned.any() else fact


def _among(patient: pl.Series, rows: pl.Series) -> pl.Series:
    patients = patient.filter(rows).drop_nulls().unique()
    return patient.is_in(patients.implode()).fill_null(False)
