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
_ARRIVED = {
    "patient_id": pl.Int64,
    "tumor_id": pl.Int64,
    "abstract_id": pl.Int64,
    "is_new_patient": pl.Boolean,
    "is_new_tumor": pl.Boolean,
}


def item_levels(
    columns: Collection[str], patient_columns: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """Item columns of an abstract as (patient-level, tumor-level).

    Args:
        columns: of an abstract; own columns and a sender's ids are left out.
        patient_columns: columns of the patient table: they tell the level of user-defined items, which no base
            dictionary knows and which count as tumor-level otherwise.

    >>> item_levels(["abstract_id", "nameLast", "primarySite", "patientIdNumber", "stateItem9", "stateNote"], ["stateNote"])
    (['nameLast', 'stateNote'], ['primarySite', 'stateItem9'])
    """
    items = [
        name for name in columns if "_" not in name and name not in SENDERS_IDS and name not in OWN_WORDS
    ]
    users = set(patient_columns)
    patient = [
        name for name in items if level_of(name) == "Patient" or (name in users and known_item(name) is None)
    ]
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


def ensure_columns(store: Store, items: Collection[str], of_patients: Collection[str] = ()) -> None:
    """Columns for items in the abstract, and for every item of an abstract in patient or tumor.

    Args:
        items: to be kept. of_patients: those of them that a file holds at the patient's level.
    """
    store.ensure_columns("abstract", items)
    known = {*store.columns("patient"), *(set(of_patients) - set(store.columns("tumor")))}
    patient_items, tumor_items = item_levels(store.columns("abstract"), known)
    store.ensure_columns("patient", patient_items)
    store.ensure_columns("tumor", tumor_items)


def refresh(work: UnitOfWork, touched: Collection[int], fresh: pl.DataFrame, now: dt.datetime) -> None:
    """Write the consolidated rows of patients whose abstracts arrived or changed.

    Args:
        touched: patient ids.
        fresh: records just taken in (patient_id, tumor_id, abstract_id null for a patient without
            tumors, is_new_patient, is_new_tumor, items); no columns when only known abstracts changed.
    """
    arrived = fresh if fresh.width else pl.DataFrame(schema=_ARRIVED)
    new = {
        "patient": arrived.filter("is_new_patient")["patient_id"].unique(),
        "tumor": arrived.filter(pl.col("is_new_tumor").fill_null(False))["tumor_id"].unique(),
    }
    waiting = arrived.filter("is_new_patient")
    known = sorted(set(touched) - set(new["patient"]))
    for start in range(0, max(len(known), 1), CHUNK):
        wanted = pl.DataFrame({"patient_id": known[start : start + CHUNK]}, schema={"patient_id": pl.Int64})
        parts = [waiting] if waiting.height else []
        if wanted.height:
            parts.append(
                work.query(
                    "SELECT a.* FROM abstract a SEMI JOIN wanted USING (patient_id) WHERE a.status <> 'void' "
                    "ORDER BY a.abstract_id",
                    frames={"wanted": wanted},
                )
            )
        if parts:
            _write(work, pl.concat(parts, how="diagonal_relaxed"), new, now)
        if wanted.height:
            _mark_gone(work, wanted)
        waiting = waiting.clear()


def _write(work: UnitOfWork, abstracts: pl.DataFrame, new: dict[str, pl.Series], now: dt.datetime) -> None:
    """Insert the rows of new patients and tumors; bring the known ones to their values, where they differ."""
    if abstracts.is_empty():
        return
    patient_items, tumor_items = item_levels(abstracts.columns, work.columns("patient"))
    # A patient received without tumors has no abstract yet: its record counts after all abstracts.
    with_order = abstracts.with_columns(pl.col("abstract_id").fill_null(2**62))
    patients, _ = follow_abstracts(with_order, patient_items, [])
    _, tumors = follow_abstracts(with_order.filter(pl.col("tumor_id").is_not_null()), [], tumor_items)
    for table, frame in (("patient", patients), ("tumor", tumors)):
        is_new = pl.col(f"{table}_id").is_in(new[table].implode())
        fresh, known = frame.filter(is_new), frame.filter(~is_new)
        if fresh.height:
            stamped = fresh.with_columns(
                version=pl.lit(1, pl.Int32), created_at=pl.lit(now), changed_at=pl.lit(now)
            )
            work.insert(table, stamped)
        if known.height:
            work.merge(table, known if table == "patient" else known.drop("patient_id"))


def _mark_gone(work: UnitOfWork, patients: pl.DataFrame) -> None:
    """A tumor or patient whose abstracts are all void is gone, until one is reopened or a new one arrives."""
    concerned = work.query(
        f"""SELECT patient_id FROM abstract SEMI JOIN wanted USING (patient_id) WHERE status = 'void'
            UNION SELECT patient_id FROM tumor SEMI JOIN wanted USING (patient_id) WHERE tombstone_reason = '{ALL_VOID}'
            ORDER BY patient_id""",
        frames={"wanted": patients},
    )
    if concerned.is_empty():
        return
    for table in ("patient", "tumor"):
        key = f"{table}_id"
        marks = work.query(
            f"""SELECT t.{key}, CASE WHEN bool_and(a.status = 'void') THEN '{ALL_VOID}' END AS tombstone_reason
                FROM {table} t JOIN abstract a USING ({key})
                WHERE a.patient_id IN (SELECT patient_id FROM concerned)
                  AND (t.tombstone_reason IS NULL OR t.tombstone_reason = '{ALL_VOID}')
                GROUP BY t.{key} ORDER BY t.{key}""",
            frames={"concerned": concerned},
        )
        if marks.height:
            work.merge(table, marks)
