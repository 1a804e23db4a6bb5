"""Derived variables: what there is, and deriving them for every tumor."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry import coding
from registry.service import frames
from registry.service.operations import Context, operation

EVERY_LOAD = ["age-at-diagnosis", "seer-site-recode-2008", "seer-site-recode-2023", "survival-time"]
"""What the main job derives."""


@operation("derive.list")
def derivations(context: Context) -> pl.DataFrame:
    """Every derivation: id, version, inputs, outputs, source."""
    return coding.derivations()


@operation("derive.run", changes=True)
def run(context: Context, ids: list[str] | None = None, as_of: str | None = None) -> dict[str, Any]:
    """Derive variables for all tumors and keep them with algorithm and version.

    Values that did not change are left as they are. Returns {tumors, values, changed, derivations}.
    """
    context.require_central("derive.run")
    chosen = ids or EVERY_LOAD
    patients, tumors = frames.load(
        context, frames.every_item(context, "patient"), frames.every_item(context, "tumor")
    )
    shared = [name for name in patients.columns if name in tumors.columns and name != "patient_id"]
    records = tumors.join(patients.drop(shared), on="patient_id", how="left", maintain_order="left")
    derived = coding.derive(records, chosen, as_of=context.day(as_of))
    values = coding.derived_values(derived, chosen).with_columns(pl.col("tumor_id").cast(pl.Int64))
    changed = _keep(context, values, chosen)
    return {"tumors": tumors.height, "values": values.height, "changed": changed, "derivations": chosen}


def _keep(context: Context, values: pl.DataFrame, chosen: list[str]) -> int:
    marks = ", ".join("?" * len(chosen))
    columns = ["tumor_id", "item", "value", "algorithm", "version"]
    held = context.store.query(
        f"SELECT {', '.join(columns)} FROM derived WHERE algorithm IN ({marks})", chosen
    )
    held = held.with_columns(pl.col("tumor_id").cast(pl.Int64))
    gone = held.join(values, on=columns, how="anti").select("tumor_id", "item", "algorithm")
    new = values.join(held, on=columns, how="anti")
    if gone.is_empty() and new.is_empty():
        return 0
    with context.store.unit_of_work(context.actor.name, "derive.run") as work:
        if gone.height:
            work.execute(
                "DELETE FROM derived WHERE (tumor_id, item, algorithm) IN (SELECT (tumor_id, item, algorithm) FROM gone)",
                frames={"gone": gone},
            )
            work.digest(gone, entity="derived")
        if new.height:
            work.insert("derived", new.with_columns(derived_at=pl.lit(context.stamp)))
    return new.height + gone.height
