"""Records before they are written: abstracts as Patient elements, and values that the dictionary refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from registry.formats.naaccr.judge import judge_pairs
from registry.submissions.items import Legal
from registry.submissions.outgoing_frames import outgoing
from registry.submissions.request import Request

INVALID: Final[dict[str, Any]] = {
    "tumor_id": pl.Int64, "item": pl.String, "code": pl.String, "message": pl.String,
}  # fmt: skip


def elements_of_abstracts(
    rows: pl.DataFrame, patient_items: Sequence[str], tumor_items: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Abstracts as patients and tumors, one Tumor element an abstract.

    Abstracts that say the same of a patient share a Patient element; where facilities say different things,
    each keeps its own.

    Args:
        rows: frame[abstract_id, patient_id, (tumor_number), items].

    Returns:
        (frame[element_id, patient_id, patient_items], frame[element_id, tumor_id (= abstract_id), patient_id,
        (tumor_number), tumor_items]), sorted by patient_id and abstract_id.

    >>> rows = pl.DataFrame({"abstract_id": [2, 1], "patient_id": [7, 7], "sex": ["1", "1"], "laterality": ["1", "2"]})
    >>> patients, tumors = elements_of_abstracts(rows, ["sex"], ["laterality"])
    >>> patients.rows(), tumors["tumor_id"].to_list()
    ([(1, 7, '1')], [1, 2])
    """
    said = pl.struct(patient_items) if patient_items else pl.lit(0)
    rows = rows.sort("patient_id", "abstract_id").with_columns(said=said)
    rows = rows.with_columns(element_id=pl.col("abstract_id").min().over("patient_id", "said"))
    patients = rows.filter(pl.col("abstract_id") == pl.col("element_id"))
    own = [name for name in ("tumor_number",) if name in rows.columns]
    tumors = rows.select(
        "element_id", pl.col("abstract_id").alias("tumor_id"), "patient_id", *own, *tumor_items
    )
    return patients.select("element_id", "patient_id", *patient_items), tumors


def invalid_values(
    patients: pl.DataFrame, tumors: pl.DataFrame, request: Request, legal: Legal | None = None
) -> pl.DataFrame:
    """Values that the receiver's reader would call errors: too long, too short, of another data type.

    Args:
        patients, tumors: as for `outgoing`. A fault of a patient's item counts for each of the patient's records.

    Returns:
        frame[tumor_id, item, code, message], sorted; messages hold the value: for the screen, not for logs.
    """
    legal = legal or Legal(request)
    patients, tumors = outgoing(patients, tumors, request, legal)
    own = tumors.select("tumor_id", "element_id")
    of_patients = _faults(patients, "element_id", legal, "Patient").join(own, on="element_id", how="inner")
    of_tumors = _faults(tumors, "tumor_id", legal, "Tumor")
    both = pl.concat([frame.select(*INVALID).cast(INVALID) for frame in (of_patients, of_tumors)])  # type: ignore[arg-type]
    return both.sort("tumor_id", "item", "code")


def _faults(frame: pl.DataFrame, key: str, legal: Legal, level: str) -> pl.DataFrame:
    """frame[key, item, code, message] of one level; every distinct value is judged once."""
    found = [
        pl.DataFrame(
            schema={key: frame.schema[key], "item": pl.String, "code": pl.String, "message": pl.String}
        )
    ]
    pairs = []
    for column, item in legal.columns[level].items():
        if column in frame.columns:
            values = frame[column].drop_nulls().unique()
            pairs.append(
                pl.DataFrame({"value": values}).select(
                    pl.lit(column).alias("item"), pl.col("value").cast(pl.String), pl.lit(item.length).alias("length"),
                    data_type=pl.lit(item.data_type), padding=pl.lit(item.padding), trim=pl.lit(item.trim),
                    unlimited=pl.lit(item.unlimited),
                )
            )  # fmt: skip
    if pairs:
        judged = judge_pairs(pl.concat(pairs), legal.request.version).filter(severity="error")
        for (column,), faults in judged.group_by("item", maintain_order=True):
            wrong = faults.select(pl.col("value").alias(str(column)), "item", "code", "message")
            rows = frame.select(key, str(column)).join(wrong, on=str(column), how="inner")
            found.append(rows.select(key, "item", "code", "message"))
    return pl.concat(found)
