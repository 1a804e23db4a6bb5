"""Taking in abstracts: a received batch becomes patients, tumors, abstracts and source records.

Everything happens inside one unit of work of the store, so a file is in as a whole or not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from registry import linkage
from registry.abstracting import consolidated, resends
from registry.abstracting.carrying import items_of
from registry.abstracting.consolidated import rows_at
from registry.abstracting.matching import TUMOR_KEY, find_resends, find_tumors, rounds
from registry.abstracting.numbering import former_numbers
from registry.formats import NaaccrData
from registry.linkage.known import IDENTITY_ITEMS, NUMBERS, facility_number, known_abstracts
from registry.standards import Dictionary
from registry.store import UnitOfWork

CORE_ITEMS = [
    *IDENTITY_ITEMS, "tumorRecordNumber", "registryId", "reportingFacility", "accessionNumberHosp",
    "sequenceNumberHospital", "medicalRecordNumber", "classOfCase", "dateOf1stContact", *TUMOR_KEY,
    "addrAtDxState", "vitalStatus", "dateOfLastContact", "summaryStage2018",
]  # fmt: skip
"""Items that joining and the first questions need, so their columns always exist."""

LINKING = [*dict.fromkeys([*IDENTITY_ITEMS, *NUMBERS, *TUMOR_KEY])]
"""Items by which records are told apart and joined; the other items of a record follow by position."""


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
    quarantined: int = 0


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
    legal: frozenset[str] = frozenset()
    """Columns of the items that such a record can carry."""
    dictionaries: tuple[Dictionary, ...] = ()
    """User dictionaries that are kept, to read received bytes again."""


def receive(work: UnitOfWork, batches: Iterable[NaaccrData], arrival: Arrival, receipt: Receipt) -> None:
    """Take in the batches of one file.

    Args:
        work: an open unit of work; columns for the file's items must exist already.
        batches: frames under the store's columns; large ones cost less a record.
        arrival: load, file, sender and clock.
        receipt: is counted up.
    """
    for batch in batches:
        receipt.patients += batch.patients.height
        receipt.tumors += batch.tumors.height
        wide = _Wide(batch)
        records = _records(batch, arrival)
        if records.is_empty():
            continue
        turn = rounds(records)
        for number in sorted(set(turn)):
            chosen = records if (turn == number).all() else records.filter(turn == number)
            _receive_round(work, chosen, wide, arrival, receipt)
        del batch, wide, records, chosen  # before the next one is read


class _Wide:
    """The items of a batch, gathered by position where they are wanted."""

    def __init__(self, batch: NaaccrData) -> None:
        self.patients, self.tumors = items_of(batch.patients), items_of(batch.tumors)

    def rows(self, records: pl.DataFrame) -> pl.DataFrame:
        """Every item of records (`p_row`, `t_row`); of an item at both levels the tumor's value counts."""
        left = rows_at(self.patients, records["p_row"])
        right = rows_at(self.tumors, records["t_row"])
        both = [name for name in left.columns if name in right.columns]
        shared = [pl.select(pl.coalesce(right[name], left[name])).to_series().alias(name) for name in both]
        return pl.DataFrame([*left.drop(both).iter_columns(), *right.drop(both).iter_columns(), *shared])


def facilities(tumors: pl.DataFrame) -> list[str | None]:
    """Facilities that report these tumors, None for tumors without one.

    >>> facilities(pl.DataFrame({"reportingFacility": ["6210010", "0006210010", None]}))
    [None, '0006210010']
    """
    if "reportingFacility" not in tumors.columns:
        return [None]
    return tumors.select(facility_number(pl.col("reportingFacility"))).to_series().unique().sort().to_list()


def _records(batch: NaaccrData, arrival: Arrival) -> pl.DataFrame:
    """One row a tumor (or a patient without tumors): place, position in the frames, linking items and identity."""
    places = batch.patients.select("patient_index", "byte_start", "byte_length").with_row_index("p_row")
    own = batch.tumors.select("patient_index", "tumor_index").with_row_index("t_row")
    joined = places.join(own, on="patient_index", how="left", maintain_order="left")
    joined = joined.with_columns(pl.col("p_row", "t_row").cast(pl.Int64))
    narrow = joined.with_columns(
        _item(batch, joined, name) for name in dict.fromkeys([*LINKING, "reportingFacility"])
    )
    own_facility = facility_number(pl.col("reportingFacility"))
    registry_id = arrival.root_items.get("registryId")
    narrow = narrow.with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64),
        facility_id=own_facility,
        sender=pl.coalesce(
            pl.lit(arrival.sender, pl.String),
            facility_number(pl.lit(registry_id, pl.String)),
            own_facility.drop_nulls().first().over("patient_index"),
        ),
    )
    identity = linkage.identity(narrow, ["row"]).drop("sender", "patientIdNumber")
    return narrow.join(identity, on="row", how="left", maintain_order="left")


def _item(batch: NaaccrData, records: pl.DataFrame, name: str) -> pl.Series:
    """One item of each record, the tumor's value before the patient's."""
    sides = [
        frame[name].gather(records[position])
        for frame, position in ((batch.tumors, "t_row"), (batch.patients, "p_row"))
        if name in frame.columns
    ]
    if not sides:
        return pl.repeat(None, records.height, dtype=pl.String, eager=True).alias(name)
    return (sides[0] if len(sides) == 1 else pl.select(pl.coalesce(*sides)).to_series()).alias(name)


def _receive_round(
    work: UnitOfWork, records: pl.DataFrame, wide: _Wide, arrival: Arrival, receipt: Receipt
) -> None:
    known = known_abstracts(work, records)
    resent = find_resends(records, known, former_numbers(work, known))
    new_versions = records.join(resent.matches, on="row", how="inner")
    fresh = records.join(resent.matches, on="row", how="anti", maintain_order="left")

    fresh = _with_persons(work, fresh, known, _persons_of_resends(new_versions, known), arrival, receipt)
    fresh = _with_tumors(work, fresh, arrival, receipt)
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
    sources = _keep_sources(work, all_records, arrival)
    fresh = fresh.join(sources, on="row", how="left", maintain_order="left")
    new_versions = new_versions.join(sources, on="row", how="left", maintain_order="left")

    _insert_abstracts(work, fresh, wide, arrival)
    consolidated.insert_new(work, consolidated.Arrived(wide.patients, wide.tumors, fresh), arrival.now)
    outcome = resends.apply(work, new_versions, wide.rows(new_versions), arrival)
    of_known = fresh.filter(~pl.col("is_new_patient"))["patient_id"].drop_nulls()
    consolidated.refresh(work, set(of_known) | outcome.patients, arrival.now)
    _queue_contradicted_deaths(work, fresh.filter(~pl.col("is_new_patient")), arrival, receipt)

    tumors = fresh.filter(pl.col("tumor_index").is_not_null()).height
    receipt.accepted += tumors + outcome.changed
    receipt.new_versions += outcome.changed
    receipt.duplicates += outcome.unchanged
    receipt.review_tasks += outcome.review_tasks


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


def _keep_sources(work: UnitOfWork, records: pl.DataFrame, arrival: Arrival) -> pl.DataFrame:
    """Writes source records and the join events; returns frame[row, source_id]."""
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
    events = sources.filter(pl.col("rule").is_not_null()).select(
        "patient_id", "abstract_id", "source_id", "rule",
        event_id=pl.Series(list(work.new_ids("link_event", sources["rule"].count())), dtype=pl.Int64),
        happened_at=pl.lit(arrival.now), kind=pl.lit("join"),
    )  # fmt: skip
    work.insert("link_event", events, logged=False)
    return sources.select("row", "source_id")


def _insert_abstracts(work: UnitOfWork, fresh: pl.DataFrame, wide: _Wide, arrival: Arrival) -> None:
    chosen = fresh.filter(pl.col("abstract_id").is_not_null())
    if chosen.is_empty():
        return
    keys = chosen.select("abstract_id", "tumor_id", "patient_id", "facility_id", "sender", "source_id")
    rows = pl.DataFrame([*keys, *wide.rows(chosen)]).with_columns(
        record_type=pl.lit(arrival.record_type),
        naaccr_version=pl.lit(arrival.naaccr_version),
        status=pl.lit("complete"),
        version=pl.lit(1, pl.Int32),
        created_at=pl.lit(arrival.now),
        changed_at=pl.lit(arrival.now),
        changed_by=pl.lit(arrival.actor),
    )
    registry_id = pl.lit(arrival.root_items.get("registryId"), pl.String)
    own = pl.col("registryId") if "registryId" in rows.columns else pl.lit(None, pl.String)
    work.insert("abstract", rows.with_columns(registryId=pl.coalesce(own, registry_id)))


def _queue_contradicted_deaths(
    work: UnitOfWork, fresh: pl.DataFrame, arrival: Arrival, receipt: Receipt
) -> None:
    """New abstracts of known patients against the others: alive on a day that is surely after a death, or the reverse.

    One task a patient and kind (those that follow-up work opens); of several facilities it is the central staff's.
    """
    new = fresh.select("abstract_id", "patient_id").drop_nulls()
    if new.is_empty():
        return
    found = work.query(
        """WITH told AS (
               SELECT a.abstract_id, a.patient_id, a.facility_id, a."dateOfLastContact" AS day, a."vitalStatus" <> '1' AS dead,
                   n.abstract_id IS NOT NULL AS new
               FROM abstract a LEFT JOIN new n USING (abstract_id) WHERE a.status <> 'void' AND a."vitalStatus" IN ('0', '1', '4')
                   AND a.patient_id IN (SELECT patient_id FROM new)),
           clash AS (
               SELECT l.patient_id, CASE WHEN l.new THEN 'contact after death' ELSE 'death before last contact' END AS kind,
                   min(CASE WHEN l.new THEN l.abstract_id ELSE d.abstract_id END) AS abstract_id
               FROM told l JOIN told d USING (patient_id)
               WHERE d.dead AND NOT l.dead AND (l.new OR d.new) AND l.day > d.day AND NOT starts_with(l.day, d.day)
               GROUP BY ALL)
           SELECT c.*, (SELECT CASE WHEN count(DISTINCT t.facility_id) = 1 THEN min(t.facility_id) END FROM told t
                        WHERE t.patient_id = c.patient_id) AS facility_id
           FROM clash c WHERE NOT EXISTS (SELECT 1 FROM review_task r WHERE r.patient_id = c.patient_id AND r.kind = c.kind
                                          AND r.state = 'open')
           ORDER BY c.kind, c.patient_id""",
        frames={"new": new},
    ).with_columns(reason=pl.lit("a new abstract contradicts the others about the death"))
    for kind in found["kind"].unique().sort():
        _queue(work, found.filter(pl.col("kind") == kind), kind, arrival, receipt)


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
