"""Patients and tumors follow their abstracts: whenever abstracts change, their consolidated rows do.

Ids that a sender wrote (patient id, tumor record number, registry id) stay on the abstract: in the
consolidated rows our own ids stand for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

from registry import standards
from registry.errors import NotFound
from registry.linkage import follow_abstracts
from registry.store import Store, UnitOfWork

SENDERS_IDS = frozenset({"patientIdNumber", "tumorRecordNumber", "registryId", "patientSystemIdHosp"})
CHUNK = 20_000
ALL_VOID = "all its abstracts are void"


def item_levels(columns: Collection[str]) -> tuple[list[str], list[str]]:
    """Item columns of an abstract as (patient-level, tumor-level); unknown items count as tumor-level.

    >>> item_levels(["abstract_id", "nameLast", "primarySite", "patientIdNumber", "stateItem9"])
    (['nameLast'], ['primarySite', 'stateItem9'])
    """
    items = [
        name for name in columns if "_" not in name and name not in SENDERS_IDS and name not in OWN_WORDS
    ]
    patient = [name for name in items if level_of(name) == "Patient"]
    return patient, [name for name in items if name not in set(patient)]


def known_item(item: str) -> standards.Item | None:
    """The dictionary's definition, None for an item that no version knows."""
    try:
        return standards.item(item)
    except NotFound:
        return None


def level_of(item: str) -> str:
    """NaaccrData, Patient or Tumor; an item that no dictionary knows counts as tumor-level."""
    known = known_item(item)
    return known.level if known else "Tumor"


OWN_WORDS = frozenset({"sender", "status", "version", "row", "last", "first", "birth", "ssn", "rule", "line"})


def ensure_columns(store: Store, items: Collection[str]) -> None:
    """Columns for items in the abstract, and for every item of an abstract in patient or tumor."""
    store.ensure_columns("abstract", items)
    patient_items, tumor_items = item_levels(store.columns("abstract"))
    store.ensure_columns("patient", patient_items)
    store.ensure_columns("tumor", tumor_items)


def refresh(work: UnitOfWork, touched: Collection[int], fresh: pl.DataFrame, now: dt.datetime) -> None:
    """Write the consolidated rows of patients whose abstracts arrived or changed.

    Args:
        touched: patient ids.
        fresh: records just taken in (patient_id, tumor_id, abstract_id null for a patient without
            tumors, is_new_patient, is_new_tumor, items).
    """
    ids = sorted(touched)
    new_patients = (
        set(fresh.filter(pl.col("is_new_patient"))["patient_id"])
        if "is_new_patient" in fresh.columns
        else set()
    )
    only_new = fresh.filter(pl.col("is_new_patient")) if new_patients else fresh.head(0)
    _write(work, only_new, now, new=True)
    known = [patient for patient in ids if patient not in new_patients]
    for start in range(0, len(known), CHUNK):
        wanted = pl.DataFrame({"patient_id": known[start : start + CHUNK]}, schema={"patient_id": pl.Int64})
        abstracts = work.query(
            "SELECT a.* FROM abstract a SEMI JOIN wanted USING (patient_id) WHERE a.status <> 'void' "
            "ORDER BY a.abstract_id",
            frames={"wanted": wanted},
        )
        _write(work, abstracts, now, new=False)
        _mark_gone(work, wanted)


def _mark_gone(work: UnitOfWork, patients: pl.DataFrame) -> None:
    """A tumor or patient whose abstracts are all void is gone, until one is reopened or a new one arrives."""
    for table in ("patient", "tumor"):
        key = f"{table}_id"
        marks = work.query(
            f"""SELECT t.{key}, CASE WHEN bool_and(a.status = 'void') THEN '{ALL_VOID}' END AS tombstone_reason
                FROM {table} t JOIN abstract a USING ({key})
                WHERE a.patient_id IN (SELECT patient_id FROM wanted)
                  AND (t.tombstone_reason IS NULL OR t.tombstone_reason = '{ALL_VOID}')
                GROUP BY t.{key} ORDER BY t.{key}""",
            frames={"wanted": patients},
        )
        if marks.height:
            work.merge(table, marks)


def _write(work: UnitOfWork, abstracts: pl.DataFrame, now: dt.datetime, *, new: bool) -> None:
    if abstracts.is_empty():
        return
    patient_items, tumor_items = item_levels(abstracts.columns)
    with_order = abstracts.with_columns(
        abstract_id=pl.col("abstract_id").fill_null(2**62), tumor_id=pl.col("tumor_id")
    )
    of_tumors = with_order.filter(pl.col("tumor_id").is_not_null())
    patients, _ = follow_abstracts(with_order, patient_items, [])
    _, tumors = follow_abstracts(of_tumors, [], tumor_items)
    for table, frame in (("patient", patients), ("tumor", tumors)):
        key = f"{table}_id"
        existing = set() if new else set(_existing(work, table, frame.select(key)))
        fresh = frame.filter(~pl.col(key).is_in(list(existing))) if existing else frame
        if fresh.height:
            stamped = fresh.with_columns(
                version=pl.lit(1, pl.Int32), created_at=pl.lit(now), changed_at=pl.lit(now)
            )
            work.insert(table, stamped)
        if existing:
            _update(work, table, frame.filter(pl.col(key).is_in(list(existing))))


def _existing(work: UnitOfWork, table: str, keys: pl.DataFrame) -> list[int]:
    key = f"{table}_id"
    found = work.query(
        f"SELECT t.{key} FROM {table} t SEMI JOIN keys USING ({key}) ORDER BY t.{key}", frames={"keys": keys}
    )
    return found[key].to_list()


def _update(work: UnitOfWork, table: str, frame: pl.DataFrame) -> None:
    """Bring existing rows to the new values; only rows and columns that differ are written."""
    key = f"{table}_id"
    items = [name for name in frame.columns if name not in {key, "patient_id"}]
    work.merge(table, frame.select(key, *items))
