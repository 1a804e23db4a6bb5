"""Patients and tumors follow their abstracts: whenever abstracts change, their consolidated rows do.

Ids that a sender wrote (patient id, tumor record number, registry id) stay on the abstract: in the
consolidated rows our own ids stand for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

import polars as pl

from registry import standards
from registry.abstracting.item_columns import OWN_WORDS, is_item
from registry.errors import NotFound
from registry.linkage import follow_abstracts
from registry.store import Store, UnitOfWork

__all__ = ["OWN_WORDS", "ensure_columns", "insert_new", "item_levels", "known_item", "level_of", "refresh"]

SENDERS_IDS = frozenset({"patientIdNumber", "tumorRecordNumber", "registryId", "patientSystemIdHosp"})
CHUNK = 20_000
ALL_VOID = "all its abstracts are void"


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
    items = [name for name in columns if is_item(name) and name not in SENDERS_IDS]
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


def refresh(work: UnitOfWork, touched: Collection[int], now: dt.datetime) -> None:
    """Bring the rows of known patients and tumors to what their abstracts say, where they differ.

    Args:
        touched: patient ids whose abstracts arrived or changed.
    """
    known = sorted(touched)
    for start in range(0, len(known), CHUNK):
        wanted = pl.DataFrame({"patient_id": known[start : start + CHUNK]}, schema={"patient_id": pl.Int64})
        abstracts = work.query(
            "SELECT a.* FROM abstract a SEMI JOIN wanted USING (patient_id) WHERE a.status <> 'void' "
            "ORDER BY a.abstract_id",
            frames={"wanted": wanted},
        )
        if abstracts.height:
            patients, tumors = follow_abstracts(
                abstracts, *item_levels(abstracts.columns, work.columns("patient"))
            )
            work.merge("patient", patients)
            work.merge("tumor", tumors.drop("patient_id"))
        _mark_gone(work, wanted)


class Arrived(NamedTuple):
    """Records as they arrived, to make rows of new patients and tumors from.

    Attributes:
        patients, tumors: items of the batch, one row an element of the file.
        rows: frame[patient_id, tumor_id, abstract_id (null without tumors), is_new_patient, is_new_tumor, p_row, t_row];
            `p_row` and `t_row` are positions in `patients` and `tumors` (`t_row` null without tumors).
    """

    patients: pl.DataFrame
    tumors: pl.DataFrame
    rows: pl.DataFrame


def insert_new(work: UnitOfWork, arrived: Arrived, now: dt.datetime) -> None:
    """Insert rows of new patients and tumors.

    Such a patient is one Patient element, and such a tumor one Tumor element, so consolidating them is copying.
    """
    columns = [
        *arrived.patients.columns,
        *(c for c in arrived.tumors.columns if c not in arrived.patients.columns),
    ]
    patient_items, tumor_items = item_levels(columns, work.columns("patient"))
    stamps = {"version": pl.lit(1, pl.Int32), "created_at": pl.lit(now), "changed_at": pl.lit(now)}
    new = arrived.rows.filter("is_new_patient").unique("patient_id", keep="first", maintain_order=True)
    own = arrived.patients.select(name for name in patient_items if name in arrived.patients.columns)
    patients = pl.DataFrame([new["patient_id"], *rows_at(own, new["p_row"])])
    patients = _with_misplaced(patients, arrived, arrived.tumors, "t_row", "patient_id", patient_items)
    if patients.height:
        work.insert("patient", patients.with_columns(**stamps))
    new = arrived.rows.filter(pl.col("is_new_tumor").fill_null(False))
    own = arrived.tumors.select(name for name in tumor_items if name in arrived.tumors.columns)
    tumors = pl.DataFrame([new["tumor_id"], new["patient_id"], *rows_at(own, new["t_row"])])
    tumors = _with_misplaced(tumors, arrived, arrived.patients, "p_row", "tumor_id", tumor_items)
    if tumors.height:
        work.insert("tumor", tumors.with_columns(**stamps))


def _with_misplaced(
    made: pl.DataFrame, arrived: Arrived, other: pl.DataFrame, row: str, key: str, items: Collection[str]
) -> pl.DataFrame:
    """Adds items of this level that the file holds at the other one: the first value that its records have."""
    names = [name for name in other.columns if name in items]
    if not names or made.is_empty():
        return made
    rows = arrived.rows.filter(pl.col(row).is_not_null() & pl.col(key).is_not_null()).sort("abstract_id")
    found = pl.DataFrame([rows[key], *rows_at(other.select(names), rows[row])])
    firsts = found.group_by(key).agg(pl.col(names).drop_nulls().first())
    joined = made.join(firsts, on=key, how="left", maintain_order="left", suffix="_other")
    both = [name for name in names if name in made.columns]
    return joined.with_columns(pl.coalesce(name, f"{name}_other").alias(name) for name in both).drop(
        f"{name}_other" for name in both
    )


def rows_at(frame: pl.DataFrame, positions: pl.Series) -> pl.DataFrame:
    """Rows of a frame by position; a null position gives nulls."""
    if frame.width == 0:
        return pl.DataFrame()
    in_place = positions.len() == frame.height and positions.null_count() == 0
    if in_place and (positions == pl.int_range(frame.height, eager=True)).all():
        return frame
    return frame.select(pl.all().gather(positions))


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
