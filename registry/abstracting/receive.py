"""Taking in abstracts: a received batch becomes patients, tumors, abstracts and source records.

Everything happens inside one unit of work of the store, so a file is in as a whole or not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from registry import linkage
from registry.abstracting import consolidated, resends
from registry.abstracting.matching import TUMOR_KEY, find_resends, find_tumors, rounds
from registry.formats import NaaccrData
from registry.linkage.known import IDENTITY_ITEMS, facility_number, known_abstracts
from registry.linkage.persons import IDENTITY
from registry.store import Store, UnitOfWork

CORE_ITEMS = [
    *IDENTITY_ITEMS, "tumorRecordNumber", "registryId", "reportingFacility", "accessionNumberHosp",
    "sequenceNumberHospital", "medicalRecordNumber", "classOfCase", "dateOf1stContact", *TUMOR_KEY,
    "addrAtDxState", "vitalStatus", "dateOfLastContact", "summaryStage2018",
]  # fmt: skip
"""Items that joining and the first questions need, so their columns always exist."""

HELPERS = [*IDENTITY[2:], "row", "rule"]
"""Columns of a record while it is taken in, beside NAACCR items and names with an underscore."""
OWN_COLUMNS = ["patient_index", "tumor_index", "line", "byte_start", "byte_length"]


@dataclass
class Receipt:
    """Counts of one received file, in records (tumors) unless named otherwise."""

    patients: int = 0
    tumors: int = 0
    items: int = 0
    accepted: int = 0
    new_versions: int = 0
    duplicates: int = 0
    review_tasks: int = 0
    new_patients: int = 0
    touched: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Arrival:
    """What is the same for every record of a received file."""

    load_id: int
    file_id: int
    record_type: str
    naaccr_version: str
    sender: str | None
    root_items: dict[str, str]
    actor: str
    now: dt.datetime
    items: tuple[str, ...] = ()


def receive(work: UnitOfWork, batches: Iterable[NaaccrData], arrival: Arrival) -> Receipt:
    """Take in the batches of one file.

    Args:
        work: an open unit of work; columns for the file's items must exist already.
        batches: from `registry.formats.iter_naaccr_xml`.
        arrival: load, file, sender and clock.
    """
    receipt = Receipt()
    for batch in batches:
        receipt.patients += batch.patients.height
        receipt.tumors += batch.tumors.height
        receipt.items += batch.items.height
        records = _records(batch, arrival)
        if records.is_empty():
            continue
        turn = rounds(records)
        for number in sorted(set(turn)):
            _receive_round(work, records.filter(turn == number), batch.items, arrival, receipt)
    return receipt


def facilities(tumors: pl.DataFrame) -> list[str | None]:
    """Facilities that report these tumors, None for tumors without one.

    >>> facilities(pl.DataFrame({"reportingFacility": ["6210010", "0006210010", None]}))
    [None, '0006210010']
    """
    if "reportingFacility" not in tumors.columns:
        return [None]
    return tumors.select(facility_number(pl.col("reportingFacility"))).to_series().unique().sort().to_list()


def _records(batch: NaaccrData, arrival: Arrival) -> pl.DataFrame:
    """One row a tumor (or a patient without tumors) with patient- and tumor-level items and identity."""
    patients = batch.patients
    tumors = batch.tumors.drop("line", strict=False)
    shared = [c for c in tumors.columns if c in patients.columns and c != "patient_index"]
    wide = patients.join(tumors.drop(shared), on="patient_index", how="left", maintain_order="left")
    missing = [pl.lit(None, pl.String).alias(item) for item in CORE_ITEMS if item not in wide.columns]
    wide = wide.with_columns(missing)
    own_facility = facility_number(pl.col("reportingFacility"))
    registry_id = arrival.root_items.get("registryId")
    wide = wide.with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        facility_id=own_facility,
        sender=pl.coalesce(
            pl.lit(arrival.sender, pl.String),
            facility_number(pl.lit(registry_id, pl.String)),
            own_facility.drop_nulls().first().over("patient_index"),
        ),
        registryId=pl.coalesce(pl.col("registryId"), pl.lit(registry_id, pl.String)),
    )
    identity = linkage.identity(wide, ["row"]).drop("sender", "patientIdNumber")
    return wide.join(identity, on="row", how="left", maintain_order="left")


def _receive_round(
    work: UnitOfWork, records: pl.DataFrame, items: pl.DataFrame, arrival: Arrival, receipt: Receipt
) -> None:
    known = known_abstracts(work, records)
    resent = find_resends(records, known)
    new_versions = records.join(resent.matches, on="row", how="inner")
    fresh = records.join(resent.matches, on="row", how="anti")

    fresh = _with_persons(work, fresh, known, _persons_of_resends(new_versions, known), arrival, receipt)
    fresh = _with_tumors(work, fresh, arrival, receipt)
    fresh = _without_columnless(fresh, arrival)
    fresh = fresh.with_columns(
        abstract_id=pl.when(pl.col("tumor_index").is_not_null()).then(
            pl.Series(list(work.new_ids("abstract", fresh.height)), dtype=pl.Int64)
        )
    )
    _queue(
        work,
        resent.ambiguous.join(records.select("row", "facility_id"), on="row"),
        "ambiguous-resend",
        arrival,
        receipt,
    )

    all_records = pl.concat(
        [
            fresh,
            new_versions.join(
                known.select("abstract_id", "patient_id", "tumor_id").unique(), on="abstract_id"
            ),
        ],
        how="diagonal_relaxed",
    ).sort("row")
    sources = _keep_sources(work, all_records, items, arrival)
    fresh = fresh.join(sources, on="row", how="left")
    new_versions = new_versions.join(sources, on="row", how="left")

    _insert_abstracts(work, fresh, arrival)
    outcome = resends.apply(work, new_versions, arrival)
    touched = set(fresh["patient_id"].drop_nulls()) | outcome.patients
    consolidated.refresh(work, touched, fresh, arrival.now)

    tumors = fresh.filter(pl.col("tumor_index").is_not_null()).height
    receipt.accepted += tumors + outcome.changed
    receipt.new_versions += outcome.changed
    receipt.duplicates += outcome.unchanged
    receipt.review_tasks += outcome.review_tasks
    receipt.touched |= touched


def _persons_of_resends(new_versions: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Patient elements that hold a resent record of exactly one known patient: frame[patient_index, patient_id, rule].

    The sender says that the other tumors of the element are the same person's, even when the name changed.
    """
    owners = new_versions.select("patient_index", "abstract_id").join(
        known.select("abstract_id", "patient_id"), on="abstract_id"
    )
    return (
        owners.group_by("patient_index")
        .agg(pl.col("patient_id").unique())
        .filter(pl.col("patient_id").list.len() == 1)
        .select("patient_index", pl.col("patient_id").list.first(), rule=pl.lit("same-patient-element"))
    )


def _with_persons(
    work: UnitOfWork,
    fresh: pl.DataFrame,
    known: pl.DataFrame,
    of_resends: pl.DataFrame,
    arrival: Arrival,
    receipt: Receipt,
) -> pl.DataFrame:
    """Adds patient_id: a known patient by the strict rules, else a new one. Doubts go to the queue."""
    one = fresh.unique("patient_index", keep="first", maintain_order=True)
    beside_resend = one.select("row", "patient_index").join(of_resends, on="patient_index")
    incoming = linkage.identity(one.join(beside_resend, on="row", how="anti"), ["row"])
    candidates = linkage.identity(known, ["patient_id"]).unique()
    match = linkage.match_persons(incoming, candidates)
    persons = one.select("row", "patient_index").join(
        pl.concat([match.matches, beside_resend.select(match.matches.columns)]),
        on="row",
        how="left",
        maintain_order="left",
    )
    new = persons.filter(pl.col("patient_id").is_null())
    ids = list(work.new_ids("patient", new.height))
    issued = new.select("row", pl.Series("issued", ids, dtype=pl.Int64))
    persons = persons.join(issued, on="row", how="left").with_columns(
        patient_id=pl.coalesce("patient_id", "issued"),
        is_new_patient=pl.col("issued").is_not_null(),
        rule=pl.col("rule").fill_null("new-patient"),
    )
    receipt.new_patients += new.height
    doubts = match.doubts.join(one.select("row", "facility_id"), on="row").join(
        persons.select("row", pl.col("patient_id").alias("incoming_id")), on="row"
    )
    doubts = doubts.with_columns(
        reason=pl.col("reason")
        + ": patient "
        + pl.col("incoming_id").cast(pl.String)
        + " and patient "
        + pl.col("patient_id").cast(pl.String)
    )
    _queue(work, doubts, "possible-same-person", arrival, receipt)
    return fresh.join(
        persons.select("patient_index", "patient_id", "is_new_patient", "rule"), on="patient_index", how="left",
        maintain_order="left",
    )  # fmt: skip


def _with_tumors(work: UnitOfWork, fresh: pl.DataFrame, arrival: Arrival, receipt: Receipt) -> pl.DataFrame:
    """Adds tumor_id: a known tumor of a known patient by strict agreement, else a new one."""
    of_known = fresh.filter(~pl.col("is_new_patient") & pl.col("tumor_index").is_not_null())
    matched = pl.DataFrame(schema={"row": pl.Int64, "tumor_id": pl.Int64})
    if of_known.height:
        columns = ", ".join(f'any_value(t."{item}") AS "{item}"' for item in TUMOR_KEY)
        tumors = work.query(
            f"""
            SELECT t.tumor_id, any_value(t.patient_id) AS patient_id, {columns},
                   list(DISTINCT a.facility_id ORDER BY a.facility_id) FILTER (a.facility_id IS NOT NULL) AS facilities
            FROM tumor t JOIN abstract a USING (tumor_id)
            WHERE t.patient_id IN (SELECT patient_id FROM wanted)
            GROUP BY t.tumor_id ORDER BY t.tumor_id
            """,
            frames={"wanted": of_known.select("patient_id").unique()},
        ).with_columns(pl.col("tumor_id", "patient_id").cast(pl.Int64), pl.col("facilities").fill_null([]))
        matched, doubts = find_tumors(of_known, tumors)
        queue = doubts.join(of_known.select("row", "patient_id", "facility_id"), on="row").with_columns(
            reason=pl.format("a new tumor of the same site within a year of tumor {}", pl.col("tumor_id"))
        )
        _queue(work, queue, "possible-same-tumor", arrival, receipt)
    fresh = fresh.join(matched, on="row", how="left", maintain_order="left")
    new = fresh.filter(pl.col("tumor_id").is_null() & pl.col("tumor_index").is_not_null()).select("row")
    issued = new.with_columns(issued=pl.Series(list(work.new_ids("tumor", new.height)), dtype=pl.Int64))
    return (
        fresh.join(issued, on="row", how="left", maintain_order="left")
        .with_columns(is_new_tumor=pl.col("issued").is_not_null(), tumor_id=pl.coalesce("tumor_id", "issued"))
        .drop("issued")
    )


def _keep_sources(
    work: UnitOfWork, records: pl.DataFrame, items: pl.DataFrame, arrival: Arrival
) -> pl.DataFrame:
    """Writes source records, their items and the join events; returns frame[row, source_id]."""
    sources = records.select(
        "row", "patient_index", "tumor_index", "byte_start", "byte_length", "sender", "facility_id",
        "patient_id", "abstract_id", "rule",
        pl.Series("source_id", list(work.new_ids("source", records.height)), dtype=pl.Int64),
    )  # fmt: skip
    work.insert(
        "source_record",
        sources.select(
            "source_id", "byte_start", "byte_length", "patient_index", "tumor_index", "sender", "facility_id",
            load_id=pl.lit(arrival.load_id), file_id=pl.lit(arrival.file_id), kind=pl.lit("naaccr"),
            record_type=pl.lit(arrival.record_type), naaccr_version=pl.lit(arrival.naaccr_version),
        ),
        logged=False,
    )  # fmt: skip
    keys = sources.select("source_id", "patient_index", "tumor_index")
    of_patient = (
        items.filter(pl.col("tumor_index").is_null())
        .drop("tumor_index")
        .join(keys, on="patient_index", maintain_order="left")
    )
    of_tumor = items.join(keys, on=["patient_index", "tumor_index"], maintain_order="left")
    long = pl.concat([frame.select("source_id", "item", "value") for frame in (of_patient, of_tumor)])
    work.insert("source_item", long.sort("source_id", maintain_order=True), logged=False)
    events = sources.filter(pl.col("rule").is_not_null()).select(
        "patient_id", "abstract_id", "source_id", "rule",
        event_id=pl.Series(list(work.new_ids("link_event", sources["rule"].count())), dtype=pl.Int64),
        happened_at=pl.lit(arrival.now), kind=pl.lit("join"),
    )  # fmt: skip
    work.insert("link_event", events, logged=False)
    return sources.select("row", "source_id")


def _without_columnless(fresh: pl.DataFrame, arrival: Arrival) -> pl.DataFrame:
    """Items that have no column (see `storable`) stay in `source_item` alone."""
    kept = {*arrival.items, "sender", "line", *HELPERS}
    return fresh.select(name for name in fresh.columns if "_" in name or name in kept)


def _insert_abstracts(work: UnitOfWork, fresh: pl.DataFrame, arrival: Arrival) -> None:
    own = [*OWN_COLUMNS, *HELPERS, "is_new_patient", "is_new_tumor"]
    helpers = [name for name in own if name in fresh.columns]
    rows = (
        fresh.filter(pl.col("abstract_id").is_not_null())
        .drop(*helpers)
        .with_columns(
            record_type=pl.lit(arrival.record_type),
            naaccr_version=pl.lit(arrival.naaccr_version),
            status=pl.lit("complete"),
            version=pl.lit(1, pl.Int32),
            created_at=pl.lit(arrival.now),
            changed_at=pl.lit(arrival.now),
            changed_by=pl.lit(arrival.actor),
        )
    )
    work.insert("abstract", rows)


def _queue(work: UnitOfWork, rows: pl.DataFrame, kind: str, arrival: Arrival, receipt: Receipt) -> None:
    """Put doubtful rows into the review queue: frame[facility_id, reason, patient_id?, abstract_id?]."""
    if rows.is_empty():
        return
    receipt.review_tasks += rows.height
    columns: dict[str, Any] = {
        name: pl.col(name) if name in rows.columns else pl.lit(None, pl.Int64)
        for name in ("patient_id", "abstract_id")
    }
    work.insert(
        "review_task",
        rows.select(
            pl.Series("task_id", list(work.new_ids("review_task", rows.height)), dtype=pl.Int64),
            pl.lit(kind).alias("kind"),
            "facility_id",
            **columns,
            detail=pl.col("reason"),
            state=pl.lit("open"),
            created_at=pl.lit(arrival.now),
        ),
    )


def storable(store: Store, names: Iterable[str]) -> list[str]:
    """Items that can have a column: an id that differs from another only by case stays in `source_item` alone."""
    taken = {name.casefold(): name for name in store.columns("abstract")}
    kept = []
    for name in sorted(dict.fromkeys(names), key=lambda each: (consolidated.known_item(each) is None, each)):
        if name.isidentifier() and name.isascii() and taken.setdefault(name.casefold(), name) == name:
            kept.append(name)
    return kept
