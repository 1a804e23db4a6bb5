"""Sequence numbers of a patient's tumors: what is proposed beside what stands, and writing it when confirmed.

A hospital number belongs to one facility's abstract, the central number to the tumor, so all its abstracts carry it.
An abstract that was exported becomes complete again when its number changes: it goes out anew.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

import polars as pl

from registry.abstracting import consolidated
from registry.abstracting.item_columns import is_item
from registry.coding.numbering import CENTRAL, HOSPITAL, ITEMS, KINDS, propose
from registry.store import UnitOfWork

SHOWN = [
    "patient_id", "tumor_id", "abstract_id", "facility_id", "status", "version", "kind", "series", "old", "new", "why",
]  # fmt: skip
"""Columns of a proposal: one row an abstract and kind of number."""


def proposal(tumors: pl.DataFrame, abstracts: pl.DataFrame, kinds: Iterable[str] = KINDS) -> pl.DataFrame:
    """Old and proposed numbers of every abstract, also where they are the same.

    Args:
        tumors: frame[patient_id, tumor_id, gone, *ITEMS]; `gone` when all its abstracts are void.
        abstracts: those that are not void: frame[abstract_id, tumor_id, patient_id, facility_id, status, version,
            sequenceNumberHospital, sequenceNumberCentral], of these tumors.

    Returns:
        frame with columns SHOWN, sorted by patient, kind, facility, series and new number.
    """
    abstracts = abstracts.filter(pl.col("tumor_id").is_not_null()).sort("abstract_id")
    frames = [
        _hospital(tumors, abstracts) if kind == HOSPITAL else _central(tumors, abstracts) for kind in kinds
    ]
    order = ["patient_id", "kind", "facility_id", "series", "new", "abstract_id"]
    return pl.concat(frames).select(SHOWN).sort(order, nulls_last=True)


def _hospital(tumors: pl.DataFrame, abstracts: pl.DataFrame) -> pl.DataFrame:
    """Each facility counts all tumors of its patients, those reported by others too."""
    own = abstracts.filter(pl.col("facility_id").is_not_null())
    facilities = own.select("patient_id", "facility_id").unique()
    item = KINDS[HOSPITAL]
    existing = own.group_by("tumor_id", "facility_id").agg(existing=pl.col(item).drop_nulls().first())
    rows = tumors.join(facilities, on="patient_id").join(existing, on=["tumor_id", "facility_id"], how="left")
    numbered = propose(rows, HOSPITAL).select("tumor_id", "facility_id", "series", "proposed", "why")
    return _beside(own.join(numbered, on=["tumor_id", "facility_id"]), HOSPITAL)


def _central(tumors: pl.DataFrame, abstracts: pl.DataFrame) -> pl.DataFrame:
    item = KINDS[CENTRAL]
    existing = abstracts.group_by("tumor_id").agg(existing=pl.col(item).drop_nulls().first())
    rows = tumors.join(existing, on="tumor_id", how="left").with_columns(facility_id=pl.lit(None, pl.String))
    numbered = propose(rows, CENTRAL).select("tumor_id", "series", "proposed", "why")
    return _beside(abstracts.join(numbered, on="tumor_id"), CENTRAL)


def _beside(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    return rows.with_columns(
        kind=pl.lit(kind),
        old=pl.col(KINDS[kind]),
        new=pl.coalesce("proposed", KINDS[kind]),
    ).select(SHOWN)


def changes(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a proposal whose number would change."""
    return rows.filter(pl.col("old").ne_missing(pl.col("new")))


def mark(rows: pl.DataFrame) -> str:
    """What stands for a proposal as it was shown: numbers and versions of all abstracts of the patient.

    >>> rows = pl.DataFrame({"abstract_id": [3], "version": [2], "kind": ["central"], "old": ["00"], "new": ["01"]})
    >>> mark(rows) == mark(rows), mark(rows) == mark(rows.with_columns(version=pl.lit(3)))
    (True, False)
    """
    columns = ["abstract_id", "version", "kind", "old", "new"]
    lines = rows.select(columns).sort("kind", "abstract_id").rows()
    return hashlib.sha256(repr(lines).encode()).hexdigest()[:16]


def write(work: UnitOfWork, rows: pl.DataFrame, *, today: dt.date) -> dict[int, int]:
    """Write confirmed numbers into their abstracts.

    Args:
        rows: from `changes`, of one patient.

    Returns:
        abstract_id → its version afterwards.

    Raises:
        registry.store.changes.VersionConflict: somebody saved one of them meanwhile.
    """
    versions = {}
    for (abstract_id,), group in rows.group_by("abstract_id", maintain_order=True):
        first = group.row(0, named=True)
        values = {KINDS[kind]: new for kind, new in group.select("kind", "new").iter_rows()}
        values["dateCaseLastChanged"] = f"{today:%Y%m%d}"
        if first["status"] == "exported":
            values["status"] = "complete"
        key = int(str(abstract_id))
        versions[key] = work.update("abstract", key, values, expected_version=int(first["version"]))
    consolidated.refresh(work, {int(n) for n in rows["patient_id"].unique()}, work.now)
    return versions


def items_of(columns: Iterable[str]) -> list[str]:
    """Of the columns of a wide table, those that a proposal reads."""
    return [name for name in columns if is_item(name) and name in ITEMS]
