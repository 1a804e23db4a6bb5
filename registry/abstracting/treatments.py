"""Taking in treatments of an oncology information system: joined to the facility's abstract, or queued.

A row that cannot be read is in quarantine with its text; a row that fits nobody is kept without a
patient and waits in the review queue.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from registry.formats import read_treatments
from registry.formats.sources import read_all
from registry.linkage.known import known_abstracts, match_by_record_number
from registry.store import Store, UnitOfWork

KEY = ["facility_id", "treatment_type", "start_date", "end_date", "code", "code_system", "description"]


@dataclass(frozen=True)
class ParsedTreatments:
    """rows: one a treatment; faults: as `load_fault` keeps them; pieces: rows for quarantine."""

    rows: pl.DataFrame
    faults: pl.DataFrame
    pieces: pl.DataFrame
    content: bytes


def parse(file: Path) -> ParsedTreatments:
    """Read a treatment table.

    Raises:
        registry.errors.BadInput: not a CSV of this layout.
    """
    batch = read_treatments(file)
    faults = batch.faults.select(
        "line", pl.col("column").alias("item"), "value", "code", "severity", "message"
    )
    rows = batch.rows.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
    pieces = batch.faults.filter(pl.col("severity") == "error").unique(
        "line", keep="first", maintain_order=True
    )
    return ParsedTreatments(rows, faults, pieces, read_all(file))


def prepare(_store: Store, _parsed: ParsedTreatments) -> None:
    """Nothing: the table's columns are fixed."""


def facilities(store: Store, parsed: ParsedTreatments) -> list[str | None]:
    """Facilities of these treatments, None for rows of an unknown one."""
    return with_facility(store, parsed.rows)["facility_id"].unique().sort().to_list()


def receive(
    work: UnitOfWork,
    parsed: ParsedTreatments,
    *,
    file_name: str,
    load_id: int,
    file_id: int,
    now: dt.datetime,
) -> dict[str, int]:
    """Write the treatments of one file.

    Returns:
        counts: patients (distinct joined), accepted, duplicates, quarantined, faults, joined, review_tasks.
    """
    for piece in parsed.pieces.iter_rows(named=True):
        work.quarantine(
            kind="treatment", reason=piece["message"], content=(piece["row_text"] or "").encode(), load_id=load_id,
            file_name=file_name, place=f"line {piece['line']}", expected="a treatment row",
        )  # fmt: skip
    rows = with_facility(work, parsed.rows)
    known = known_abstracts(work, rows)
    match = match_by_record_number(rows, known)
    rows = with_abstract(rows.join(match.matches, on="row", how="left").sort("row"), known)
    fresh = _without_known(work, rows)
    fresh = fresh.with_columns(
        pl.Series("source_id", list(work.new_ids("source", fresh.height)), dtype=pl.Int64),
        pl.Series("treatment_id", list(work.new_ids("treatment", fresh.height)), dtype=pl.Int64),
    )
    work.insert(
        "source_record",
        fresh.select(
            "source_id", "facility_id", load_id=pl.lit(load_id), file_id=pl.lit(file_id), kind=pl.lit("treatment"),
            sender=pl.col("source_system"), patient_index=pl.col("line"),
        ),
        logged=False,
    )  # fmt: skip
    work.insert(
        "treatment",
        fresh.select(
            "treatment_id", "source_id", "patient_id", "tumor_id", "abstract_id", *KEY, pl.col("dose_cgy").cast(pl.Float64),
            pl.col("fractions").cast(pl.Int32),
        ),
    )  # fmt: skip
    tasks = _queue(work, fresh, now)
    return {
        "patients": fresh["patient_id"].drop_nulls().n_unique(),
        "accepted": fresh.height,
        "duplicates": rows.height - fresh.height,
        "quarantined": parsed.pieces.height,
        "faults": parsed.faults.height,
        "joined": int(fresh["abstract_id"].is_not_null().sum()),
        "review_tasks": tasks,
    }


def with_facility(work: UnitOfWork | Store, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds facility_id, found in the facility table by its NPI."""
    facilities = work.query(
        'SELECT npi AS "npiReportingFacility", min(facility_id) AS facility_id FROM facility WHERE npi IS NOT NULL GROUP BY npi ORDER BY npi'
    )
    return rows.join(facilities, on="npiReportingFacility", how="left", maintain_order="left")


def with_abstract(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Adds abstract_id and tumor_id: the facility's only abstract of the patient, or its only one of that site."""
    candidates = rows.select("row", "patient_id", "facility_id", "primarySite").join(
        known.select(
            "abstract_id", "tumor_id", "patient_id", "facility_id", pl.col("primarySite").alias("site")
        ),
        on=["patient_id", "facility_id"],
    )
    counted = candidates.with_columns(
        fits=pl.col("site").str.slice(0, 3) == pl.col("primarySite").str.slice(0, 3),
        several=pl.len().over("row") > 1,
    )
    chosen = (
        counted.filter(pl.col("fits") | (~pl.col("several") & pl.col("primarySite").is_null()))
        .group_by("row")
        .agg(pl.col("abstract_id", "tumor_id").sort_by("abstract_id").first(), n=pl.len())
        .filter(pl.col("n") == 1)
        .drop("n")
    )
    return rows.join(chosen, on="row", how="left", maintain_order="left")


def _without_known(work: UnitOfWork, rows: pl.DataFrame) -> pl.DataFrame:
    """Treatments that are not here yet; rows without a patient are told apart by file alone."""
    keys = ["patient_id", *KEY]
    held = work.query(
        f"SELECT {', '.join(keys)} FROM treatment WHERE patient_id IS NOT NULL ORDER BY treatment_id"
    ).with_columns(pl.col("patient_id").cast(pl.Int64))
    once = rows.filter(pl.col("patient_id").is_not_null()).unique(keys, keep="first", maintain_order=True)
    fresh = once.join(held, on=keys, how="anti", nulls_equal=True)
    return pl.concat([fresh, rows.filter(pl.col("patient_id").is_null())]).sort("row")


def _queue(work: UnitOfWork, fresh: pl.DataFrame, now: dt.datetime) -> int:
    waiting = fresh.filter(pl.col("abstract_id").is_null())
    ids = pl.Series("task_id", list(work.new_ids("review_task", waiting.height)), dtype=pl.Int64)
    tasks = waiting.select(
        ids, "patient_id", "source_id", "facility_id", kind=pl.lit("unmatched-treatment"), state=pl.lit("open"),
        created_at=pl.lit(now),
        detail=pl.format("{} on {} fits no abstract of the facility", "treatment_type", "start_date"),
    )  # fmt: skip
    if tasks.height:
        work.insert("review_task", tasks)
    return tasks.height
