"""Records for a submission: rows to select from, frames to write, what the receiver has accepted before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from registry import standards, submissions
from registry.service import frames
from registry.service.quality.records import ends
from registry.service.submissions import fingerprints
from registry.service.submissions import profiles as submission_profiles
from registry.service.submissions.fingerprints import Form
from registry.service.submissions.request import Wish
from registry.submissions import ItemPlan

if TYPE_CHECKING:
    from registry.service.operations import Context

CHUNK: Final = 50_000
"""Patients that are read at once: bounds the memory of a submission."""
IDS: Final = ("record_id", "patient_id", "tumor_id", "abstract_id")
LOOKED_AT: Final = ("dateOfDiagnosis", "primarySite")
"""Items that counts are made of."""
LINE: Final = """list_contains($profiles, s.profile) AND s.region IS NOT DISTINCT FROM $region
    AND s.facility_id IS NOT DISTINCT FROM $facility"""

BASE: Final = pl.Schema(
    dict.fromkeys(("record_id", "tumor_id", "patient_id", "abstract_id"), pl.Int64)
    | {"facility_id": pl.String, "diagnosis_year": pl.Int32, "tumor_number": pl.String}
    | dict.fromkeys(("record_hash", "record_hash2"), pl.UInt64)
)


class Piece(NamedTuple):
    """Some thousand patients' records.

    Attributes:
        patients: frame[patient_id, (element_id), items].
        tumors: frame[tumor_id, patient_id, (element_id), tumor_number, items]; `tumor_id` is the record's id whatever
            the level.
        quick: frame[record_id, quick, quick2], when asked for.
    """

    patients: pl.DataFrame
    tumors: pl.DataFrame
    quick: pl.DataFrame | None


def rows(context: Context, wish: Wish) -> pl.DataFrame:
    """Every record in scope with the items that the selection reads.

    Returns:
        frame[tumor_id, patient_id, abstract_id, facility_id, status, record_type, version, *items] for abstracts,
        frame[tumor_id, patient_id, *items] for tumors, and for patients too: a patient is chosen by its tumors.
    """
    items = list(dict.fromkeys([*submissions.selection_items(wish.profile), *LOOKED_AT]))
    if wish.profile.level == "abstract":
        found = frames.abstracts(context, items)
        return found if wish.facility is None else found.filter(pl.col("facility_id") == wish.facility)
    of_patient = [name for name in items if name in set(context.store.columns("patient"))]
    patients, tumors = frames.load(context, of_patient, [name for name in items if name not in of_patient])
    return tumors.join(patients, on="patient_id", how="inner", maintain_order="left")


def columns(context: Context, wish: Wish) -> list[str]:
    """Item columns that the written frames can have."""
    tables = ("abstract",) if wish.profile.level == "abstract" else ("patient", "tumor")
    return list(dict.fromkeys(name for table in tables for name in frames.every_item(context, table)))


def pieces(
    context: Context, wish: Wish, plan: ItemPlan, going: pl.DataFrame, form: Form | None = None
) -> Iterator[Piece]:
    """Patients and records to be written, whole patients, ascending, some thousands at once.

    Args:
        going: frame[record_id, patient_id].
        form: how the store hashes them, when their quick hashes are wanted too.
    """
    patients = going.select("patient_id").unique().sort("patient_id")
    for start in range(0, patients.height, CHUNK):
        wanted = patients.slice(start, CHUNK)
        chosen = going.select("record_id", "patient_id").join(wanted, on="patient_id", how="semi")
        if wish.profile.level == "abstract":
            yield _abstracts(context, plan, wanted, chosen, form)
        else:
            yield _consolidated(context, plan, wanted, chosen, form)


def _consolidated(
    context: Context, plan: ItemPlan, wanted: pl.DataFrame, chosen: pl.DataFrame, form: Form | None
) -> Piece:
    of_patient, of_tumor = (
        frames.select_items(context, table, alias, items) + _hashes(form, table, alias)
        for table, alias, items in (("patient", "p", plan.patient), ("tumor", "t", plan.tumor))
    )
    patients = context.store.query(
        f"SELECT p.patient_id {of_patient} FROM patient p "
        "SEMI JOIN wanted USING (patient_id) WHERE p.patient_id BETWEEN $low AND $high ORDER BY p.patient_id",
        ends(wanted),
        frames={"wanted": wanted},
    )
    tumors = context.store.query(
        f"SELECT t.tumor_id, t.patient_id, n.tumor_number {of_tumor} "
        f"FROM tumor t JOIN ({numbers('tumor')}) n ON n.id = t.tumor_id "
        "SEMI JOIN chosen ON t.tumor_id = chosen.record_id "
        f"WHERE t.{frames.NOT_GONE} AND t.patient_id BETWEEN $low AND $high ORDER BY t.patient_id, t.tumor_id",
        ends(wanted),
        frames={"chosen": chosen},
    )
    if form is None:
        return Piece(patients, tumors, None)
    quick = fingerprints.together(patients, tumors)
    return Piece(patients.drop(fingerprints.QUICK), tumors.drop(fingerprints.QUICK), quick)


def _abstracts(
    context: Context, plan: ItemPlan, wanted: pl.DataFrame, chosen: pl.DataFrame, form: Form | None
) -> Piece:
    items = dict.fromkeys([*plan.patient, *plan.tumor])
    selected = frames.select_items(context, "abstract", "a", items) + _hashes(form, "abstract", "a")
    found = context.store.query(
        f"SELECT a.abstract_id, a.patient_id, n.tumor_number {selected} "
        f"FROM abstract a JOIN ({numbers('abstract')}) n ON n.id = a.abstract_id "
        "SEMI JOIN chosen ON a.abstract_id = chosen.record_id "
        "WHERE a.status <> 'void' AND a.patient_id BETWEEN $low AND $high ORDER BY a.patient_id, a.abstract_id",
        ends(wanted),
        frames={"chosen": chosen},
    )
    quick = None
    if form is not None:
        quick = found.select(pl.col("abstract_id").cast(pl.Int64).alias("record_id"), *fingerprints.QUICK)
        found = found.drop(fingerprints.QUICK)
    return Piece(*submissions.elements_of_abstracts(found, plan.patient, plan.tumor), quick)


def _hashes(form: Form | None, table: str, alias: str) -> str:
    return "" if form is None else f", {form.hashes(table, alias)}"


def numbers(level: str) -> str:
    """Query of id and tumor_number between the patients $low and $high, for abstracts or else tumors.

    A record's number is its place among all that its patient ever had, gone ones too: what leaves once keeps it.
    """
    table, key = ("abstract", "abstract_id") if level == "abstract" else ("tumor", "tumor_id")
    return (
        f"SELECT {key} AS id, row_number() OVER (PARTITION BY patient_id ORDER BY {key}) AS tumor_number "
        f"FROM {table} WHERE patient_id BETWEEN $low AND $high"
    )


def with_file_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Records with the numbers that they have in the file: patientIdNumber and tumorRecordNumber.

    Args:
        rows: frame[patient_id, tumor_number, ...].

    >>> rows = pl.DataFrame({"patient_id": [7], "tumor_number": ["3"]})
    >>> with_file_numbers(rows).select("patientIdNumber", "tumorRecordNumber").row(0)
    ('00000007', '03')
    """
    width = {name: standards.item(name).length for name in ("patientIdNumber", "tumorRecordNumber")}
    return rows.with_columns(
        patientIdNumber=pl.col("patient_id").cast(pl.String).str.zfill(width["patientIdNumber"]),
        tumorRecordNumber=pl.col("tumor_number").cast(pl.String).str.zfill(width["tumorRecordNumber"]),
    )


def accepted(context: Context, wish: Wish) -> pl.DataFrame:
    """What the receiver holds: of each record of the line, its last accepted state, unless that was a deletion.

    Returns:
        frame[record_id, tumor_id, patient_id, abstract_id, facility_id, diagnosis_year, tumor_number, record_hash,
        record_hash2], sorted by record_id. When years are asked, those of other years are left out.
    """
    first, last = wish.years
    given = {**_line(context, wish), "first": first, "last": last}
    found = context.store.query(
        f"""SELECT record_id, tumor_id, patient_id, abstract_id, facility_id, diagnosis_year, tumor_number, record_hash,
                   record_hash2
            FROM (SELECT r.*, row_number() OVER (PARTITION BY r.record_id ORDER BY r.submission_id DESC) AS latest
                  FROM submission_record r JOIN submission s USING (submission_id)
                  WHERE {LINE} AND r.answer = 'accepted')
            WHERE latest = 1 AND change <> 'deleted'
                AND ($first::INTEGER IS NULL OR diagnosis_year >= $first)
                AND ($last::INTEGER IS NULL OR diagnosis_year <= $last)
            ORDER BY record_id""",
        given,
    )
    return found.cast(BASE)


def renumbered(context: Context, wish: Wish, going: pl.DataFrame) -> pl.DataFrame:
    """What the receiver holds under numbers that no record has any more, because patients were joined or parted.

    Args:
        going: records that leave now.

    Returns:
        frame as of `accepted`: the old numbers of records that are sent under new ones.
    """
    held = accepted(context, wish)
    number = ["patient_id", "tumor_number"]
    now = going.select("record_id", new_patient="patient_id", new_number="tumor_number")
    both = held.join(now, on="record_id", how="inner")
    differs = (pl.col("patient_id") != pl.col("new_patient")) | pl.col("tumor_number").ne_missing(
        pl.col("new_number")
    )
    unmoved = held.join(now, on="record_id", how="anti").select(number)
    used = pl.concat([unmoved, going.select(number)])
    return both.filter(differs).select(held.columns).join(used, on=number, how="anti").sort("record_id")


def _line(context: Context, wish: Wish) -> dict[str, Any]:
    _, region, facility = wish.line
    return {
        "profiles": submission_profiles.kin(context, wish.profile), "region": region, "facility": facility,
    }  # fmt: skip


def rejected(context: Context, wish: Wish) -> pl.DataFrame:
    """Records whose last answer is a rejection that still waits as work.

    Returns:
        frame[record_id, rejected_hash, rejected_hash2, task_id], sorted by record_id.
    """
    found = context.store.query(
        f"""SELECT r.record_id, r.record_hash AS rejected_hash, r.record_hash2 AS rejected_hash2, r.task_id
            FROM (SELECT r.*, row_number() OVER (PARTITION BY r.record_id ORDER BY r.submission_id DESC) AS latest
                  FROM submission_record r JOIN submission s USING (submission_id)
                  WHERE {LINE} AND r.answer IS NOT NULL) r
            JOIN review_task t ON t.task_id = r.task_id AND t.state = 'open'
            WHERE r.latest = 1 AND r.answer = 'rejected' ORDER BY r.record_id""",
        _line(context, wish),
    )
    return found.cast(
        {"record_id": pl.Int64, "rejected_hash": pl.UInt64, "rejected_hash2": pl.UInt64, "task_id": pl.Int64}
    )
