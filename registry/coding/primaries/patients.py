"""All pairs of each patient's tumors, for `compare_tumors`."""

from __future__ import annotations

import polars as pl

from registry.errors import BadInput

PATIENT_KEYS = ("patientIdNumber", "patient_id")


def pairs_of(tumors: pl.DataFrame, *, patient: str | None = None) -> pl.DataFrame:
    """Every pair of tumors of one patient, in the order of the tumors.

    Args:
        tumors: one tumor a row; a tumor without patient makes no pair.
        patient: column of the patient; `patientIdNumber` or `patient_id` when absent.

    Returns:
        The patient, `tumor_1` and `tumor_2` (row numbers in `tumors`, from 0) and all other columns with
        `_1` and `_2`. A patient with n tumors has n * (n - 1) / 2 rows; the order of tumors is that of
        `tumors`.

    Raises:
        BadInput: there is no column of the patient.

    >>> tumors = pl.DataFrame({"patient_id": ["A", "B", "A", "A"], "primarySite": ["C509", "C619", "C180", "C341"]})
    >>> pairs_of(tumors).select("tumor_1", "tumor_2", "primarySite_1", "primarySite_2").rows()
    [(0, 2, 'C509', 'C180'), (0, 3, 'C509', 'C341'), (2, 3, 'C180', 'C341')]
    """
    key = patient or next((name for name in PATIENT_KEYS if name in tumors.columns), None)
    if key is None or key not in tumors.columns:
        named = patient or " or ".join(PATIENT_KEYS)
        raise BadInput("tumors", f"there is no column {named}", "name the column of the patient")
    numbered = tumors.with_row_index("tumor").drop_nulls(key)
    several = numbered.filter(pl.len().over(key) > 1)
    first, second = (
        several.rename({name: name + suffix for name in several.columns if name != key})
        for suffix in ("_1", "_2")
    )
    pairs = first.join(second, on=key).filter(pl.col("tumor_1") < pl.col("tumor_2"))
    return pairs.sort("tumor_1", "tumor_2").select(
        key, "tumor_1", "tumor_2", pl.exclude(key, "tumor_1", "tumor_2")
    )
