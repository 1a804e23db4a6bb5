"""Taking in pathology reports (HL7 v2): kept with their bytes, joined to a known patient on strict agreement.

A corrected report (result status C) supersedes the earlier one of the same report number, a
cancelled one (X) cancels it; nothing is overwritten. A report that fits nobody known waits for
casefinding without a patient.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from registry.formats import read_hl7
from registry.formats.sources import read_all
from registry.linkage.known import facility_number, known_abstracts, match_by_record_number
from registry.store import Store, UnitOfWork

STATUS = {"F": "final", "C": "corrected", "A": "addendum", "X": "cancelled", "P": "preliminary"}
KEY = ["sender", "control_id", "obr_set_id", "report_text"]
SECTIONS = [
    "final_diagnosis",
    "clinical_history",
    "gross",
    "microscopic",
    "nature_of_specimen",
    "comment",
    "report_text",
]


@dataclass(frozen=True)
class ParsedReports:
    """rows: one a report; faults: as `load_fault` keeps them; pieces: faults with a byte range, for quarantine."""

    rows: pl.DataFrame
    faults: pl.DataFrame
    pieces: pl.DataFrame
    content: bytes
    messages: int

    @property
    def items(self) -> list[str]:
        """NAACCR items of the reports."""
        return [
            name
            for name in self.rows.columns
            if "_" not in name
            and name
            not in {
                "sender",
                "gross",
                "microscopic",
                "comment",
                "row",
                "supplemental",
                "synoptic",
                "attachments",
            }
        ]


def parse(file: Path) -> ParsedReports:
    """Read a file of messages.

    Raises:
        registry.errors.BadInput: it holds no HL7 message at all.
    """
    batch = read_hl7(file)
    faults = batch.faults.select(
        pl.col("message_index").alias("line"),
        pl.col("place").alias("item"),
        "code",
        "severity",
        pl.format("message {} ({}): {}", pl.col("message_index") + 1, "place", "message").alias("message"),
    )
    rows = batch.reports.with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int64), facility_id=facility_number(pl.col("pathOrderingFacNo1"))
    )
    pieces = batch.faults.filter(pl.col("severity") == "error").sort("byte_start")
    return ParsedReports(rows, faults, pieces, read_all(file), batch.messages)


def prepare(store: Store, parsed: ParsedReports) -> None:
    """Columns for the items of the reports."""
    store.ensure_columns("pathology_report", parsed.items)


def facilities(_store: Store, parsed: ParsedReports) -> list[str | None]:
    """Facilities that ordered these reports, None for reports without one."""
    return parsed.rows["facility_id"].unique().sort().to_list()


def receive(
    work: UnitOfWork, parsed: ParsedReports, *, file_name: str, load_id: int, file_id: int, now: dt.datetime
) -> dict[str, int]:
    """Write the reports of one file.

    Returns:
        counts: patients (distinct joined), accepted, duplicates, quarantined (messages), faults, joined.
    """
    for piece in parsed.pieces.unique("message_index", keep="first", maintain_order=True).iter_rows(
        named=True
    ):
        start, length = piece["byte_start"] or 0, piece["byte_length"]
        content = parsed.content[start : start + length] if length else parsed.content[start:]
        work.quarantine(
            kind="hl7", reason=f"{piece['code']}: {piece['message']}", content=content, load_id=load_id,
            file_name=file_name, place=f"message {piece['message_index']}", expected="ORU^R01, NAACCR Volume V",
        )  # fmt: skip
    fresh = _without_known(work, parsed.rows)
    known = known_abstracts(work, fresh)
    match = match_by_record_number(fresh, known)
    fresh = fresh.join(match.matches, on="row", how="left").sort("row")
    sources = pl.Series("source_id", list(work.new_ids("source", fresh.height)), dtype=pl.Int64)
    reports = pl.Series("report_id", list(work.new_ids("report", fresh.height)), dtype=pl.Int64)
    fresh = fresh.with_columns(sources, reports)
    work.insert(
        "source_record",
        fresh.select(
            "source_id", "byte_start", "byte_length", "sender", "facility_id", load_id=pl.lit(load_id),
            file_id=pl.lit(file_id), kind=pl.lit("hl7"), patient_index=pl.col("message_index"),
        ),
        logged=False,
    )  # fmt: skip
    _close_earlier(work, fresh)
    work.insert(
        "pathology_report",
        fresh.select(
            "report_id", "source_id", "patient_id", "facility_id", "sender", "control_id", "obr_set_id",
            "result_status", *SECTIONS, *parsed.items, received_at=pl.lit(now),
            status=pl.col("result_status").replace_strict(STATUS, default="final"),
        ),
    )  # fmt: skip
    _note_joins(work, fresh, now)
    return {
        "patients": fresh["patient_id"].drop_nulls().n_unique(),
        "accepted": fresh.height,
        "duplicates": parsed.rows.height - fresh.height,
        "quarantined": parsed.pieces["message_index"].n_unique(),
        "faults": parsed.faults.height,
        "joined": int(fresh["patient_id"].is_not_null().sum()),
    }


def _without_known(work: UnitOfWork, rows: pl.DataFrame) -> pl.DataFrame:
    """Reports that are not here yet, word for word, from the same message."""
    once = rows.unique(KEY, keep="first", maintain_order=True)
    held = work.query(
        f"SELECT {', '.join(KEY)} FROM pathology_report WHERE control_id IN (SELECT control_id FROM incoming) ORDER BY report_id",
        frames={"incoming": once.select("control_id")},
    )
    return once.join(held, on=KEY, how="anti", nulls_equal=True)


def _close_earlier(work: UnitOfWork, fresh: pl.DataFrame) -> None:
    later = fresh.filter(
        pl.col("result_status").is_in(["C", "X"]) & pl.col("pathReportNumber1").is_not_null()
    ).select(
        "sender",
        "pathReportNumber1",
        pl.when(pl.col("result_status") == "X")
        .then(pl.lit("cancelled"))
        .otherwise(pl.lit("superseded"))
        .alias("new_status"),
    )
    if later.is_empty():
        return
    last = later.unique(["sender", "pathReportNumber1"], keep="last", maintain_order=True)
    work.execute(
        """UPDATE pathology_report SET status = l.new_status, version = version + 1 FROM later l
           WHERE pathology_report.sender = l.sender AND pathology_report."pathReportNumber1" = l."pathReportNumber1"
             AND pathology_report.status NOT IN ('cancelled', 'superseded')""",
        frames={"later": last},
    )
    work.digest(last, entity="pathology_report")


def _note_joins(work: UnitOfWork, fresh: pl.DataFrame, now: dt.datetime) -> None:
    joined = fresh.filter(pl.col("patient_id").is_not_null())
    ids = pl.Series("event_id", list(work.new_ids("link_event", joined.height)), dtype=pl.Int64)
    events = joined.select(
        ids,
        "patient_id",
        "source_id",
        "rule",
        happened_at=pl.lit(now),
        kind=pl.lit("report"),
        actor=pl.lit(work.actor),
    )
    work.insert("link_event", events, logged=False)
