"""Derived variables of a release: what figures are made of, so that researchers need not derive it again.

They are made from the records at the time of the release, never read from what was sent in, and pass the same allow
list, top-coding and last look as every other column.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from registry import coding
from registry.service.operations import Context
from registry.service.statistics.analysis_cache import tumors as analysis_frame

DERIVATIONS: Final = (
    "seer-site-recode-2008", "seer-site-recode-2023", "seer-behavior-recode", "age-group", "survival-time",
)  # fmt: skip
OUTPUTS: Final = (
    "site_recode_2008", "site_recode_2023", "seerBehaviorRecode", "age_group", "survMosActiveFollowup",
    "survFlagActiveFollowup", "vitalStatusRecode",
)  # fmt: skip
_DELAYS: Final = {
    "first_treatment": "days_to_first_treatment", "first_surgery": "days_to_surgery",
    "first_systemic": "days_to_systemic", "first_radiation": "days_to_radiation",
}  # fmt: skip


def with_derived(
    context: Context, patients: pl.DataFrame, tumors: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    """Tumors with the derived variables of the allow list, in their order.

    Args:
        patients, tumors: as `frames.load` gives them, of the actor's scope.
        as_of: a last contact after it is not known yet.
    """
    frame = analysis_frame(context)
    coded = _coded(
        patients,
        tumors.join(frame.select("tumor_id", "age"), on="tumor_id", how="left", maintain_order="left"),
        as_of,
    )
    return coded.join(_resolved(frame), on="tumor_id", how="left", maintain_order="left")


def _coded(patients: pl.DataFrame, tumors: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """SEER's recodes and survival time; values as received of the same items give way.

    Args:
        tumors: with `age`, which goes before a blank ageAtDiagnosis.
    """
    of_patient = [name for name in patients.columns if name not in tumors.columns or name == "patient_id"]
    joined = tumors.drop(OUTPUTS, strict=False).join(
        patients.select(of_patient), on="patient_id", how="left", maintain_order="left"
    )
    asked = joined.with_columns(
        pl.col("patient_id").cast(pl.String).alias("patientIdNumber"),
        pl.col("age").cast(pl.String).str.zfill(3).fill_null("999").alias("ageAtDiagnosis"),
    )
    made = coding.derive(asked, list(DERIVATIONS), as_of=as_of)
    return tumors.drop("age", *OUTPUTS, strict=False).hstack(made.select(OUTPUTS))


def _resolved(frame: pl.DataFrame) -> pl.DataFrame:
    """Resolved stage with its manual and item, what the patient died of, and days since diagnosis."""
    last = (pl.col("last_contact") - pl.col("diagnosed")).dt.total_days().cast(pl.Int32)
    return frame.select(
        "tumor_id",
        *(pl.col(name).cast(pl.String) for name in ("stage", "stage_era", "stage_source")),
        pl.col("cause").cast(pl.String).alias("death_class"),
        last.alias("days_to_last_contact"),
        *(pl.col(name).alias(column) for name, column in _DELAYS.items()),
    )
