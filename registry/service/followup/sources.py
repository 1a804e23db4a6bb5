"""Lines of passive sources, each with the patient it means: visits, another registry's records, pathology reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry import formats
from registry.abstracting.carrying import carry
from registry.errors import BadInput
from registry.followup import passive
from registry.followup.contact_codes import DEATH_FILES
from registry.followup.last_contact import as_naaccr
from registry.followup.visits import read_visits
from registry.linkage import consolidate, identity, match_persons
from registry.linkage.known import IDENTITY_ITEMS, known_abstracts
from registry.service import user_dictionaries
from registry.service.naaccr_ingest import require_own
from registry.service.operations import Context
from registry.service.received_file import ReceivedFile
from registry.store import UnitOfWork

LINES: Final[dict[str, Any]] = {
    "line": pl.Int64, "patient_id": pl.Int64, "facility_id": pl.String, "date": pl.String, "dead": pl.Boolean,
    "source_id": pl.Int64, "outcome": pl.String, "detail": pl.String, "note": pl.String, "content": pl.String,
}  # fmt: skip
"""One line of a source: `outcome` is filled where nothing more is to be decided, `note` says where from."""

TOLD = ("vitalStatus", "dateOfLastContact", "followUpSourceCentral")
NO_DEATH = "a linkage that finds no death is no contact"
AUTOPSY = "05"
"""Path Report Type [7480] of an autopsy: its specimen is of no living person."""


def visits(context: Context, work: UnitOfWork, received: ReceivedFile) -> pl.DataFrame:
    """Lines of a file of visits.

    Raises:
        BadInput: not such a file. Denied: it names facilities that the actor does not have.
    """
    rows = read_visits(received.content(), received.path.name)
    rows = _with_facility(work, rows)
    if context.actor.facilities is not None:
        require_own(context, received.path, rows["facility_id"].unique().to_list())
    usable = rows.filter(pl.col("fault").is_null())
    people = passive.find_people(usable, _numbered(context, work, usable))
    found = rows.drop("patient_id").join(people, on="line", how="left", maintain_order="left")
    bad = pl.col("fault").is_not_null()
    where = pl.concat_str(pl.lit("visit"), "facility_id", "department", separator=" ", ignore_nulls=True)
    return found.select(
        "line",
        "patient_id",
        "facility_id",
        "date",
        dead="dead",
        source_id=pl.lit(None, pl.Int64),
        outcome=pl.when(bad).then(pl.lit(passive.UNREADABLE)).otherwise("outcome"),
        detail=pl.when(bad).then("fault").otherwise("detail"),
        note=where,
        content=pl.col("content"),
    )


def _with_facility(work: UnitOfWork, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds facility_id, from a facility's number or its NPI."""
    table = work.query(
        "SELECT npi AS number, min(facility_id) AS of_npi FROM facility WHERE npi IS NOT NULL GROUP BY npi ORDER BY npi"
    )
    known = work.query("SELECT DISTINCT facility_id AS number FROM facility ORDER BY 1")["number"].to_list()
    number = pl.col("facility").str.zfill(10)
    return (
        rows.with_columns(number=number)
        .join(table, on="number", how="left", maintain_order="left")
        .with_columns(facility_id=pl.when(pl.col("number").is_in(known)).then("number").otherwise(pl.coalesce("of_npi", "number")))
        .drop("number", "of_npi")
    )  # fmt: skip


def _numbered(context: Context, work: UnitOfWork, rows: pl.DataFrame) -> pl.DataFrame:
    """Abstracts in scope that the numbers of the lines point to."""
    condition, scope = context.actor.scope_sql("a.facility_id")
    numbers = rows.drop_nulls(["facility_id", "medicalRecordNumber"]).select(
        number=pl.concat_str("facility_id", pl.lit("|"), "medicalRecordNumber")
    )
    ids = rows.select("patient_id").drop_nulls()
    # Materialized: DuckDB may hand a filter to the frame, and Arrow cannot filter texts as polars holds them.
    return work.query(
        f"""WITH asked AS MATERIALIZED (SELECT number FROM numbers), named AS MATERIALIZED (SELECT patient_id FROM ids)
            SELECT DISTINCT a.patient_id, a.facility_id, a."medicalRecordNumber", a."nameLast", a."nameFirst", a."dateOfBirth"
            FROM abstract a WHERE a.status <> 'void' AND {condition}
              AND (a.patient_id IN (SELECT patient_id FROM named)
                   OR a.facility_id || '|' || a."medicalRecordNumber" IN (SELECT number FROM asked))
            ORDER BY ALL""",
        scope,
        frames={"numbers": numbers.unique(), "ids": ids.unique()},
    ).with_columns(pl.col("patient_id").cast(pl.Int64))


def registry_records(context: Context, work: UnitOfWork, received: ReceivedFile) -> pl.DataFrame:
    """Lines of another registry's NAACCR file, one a patient; patients are joined by strict agreement alone."""
    parts = list(_patients(context, received.path))
    if not parts:
        raise BadInput(received.path.name, "holds no patients", "send the file again")
    rows = pl.concat(parts, how="diagonal").with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
    match = match_persons(
        identity(rows, ["row"]), identity(known_abstracts(work, rows), ["patient_id"]).unique()
    )
    doubts = match.doubts.group_by("row").agg(pl.col("patient_id").min(), pl.col("reason").sort().first())
    joined = rows.join(match.matches, on="row", how="left", maintain_order="left").join(
        doubts.rename({"patient_id": "doubtful"}), on="row", how="left", maintain_order="left"
    )
    return pl.DataFrame([_told(row) for row in joined.iter_rows(named=True)], schema=LINES, orient="row")


def _patients(context: Context, path: Path) -> Iterator[pl.DataFrame]:
    """Identity and follow-up of the patients of a file, one row each, as their records tell them together."""
    dictionaries = user_dictionaries.kept(context.store)
    for batch in formats.iter_naaccr_xml(path, dictionary=dictionaries):
        data = carry(batch, dictionaries).data
        items = [*IDENTITY_ITEMS, *TOLD]
        tumors = data.tumors.select("patient_index", *(item for item in items if item in data.tumors.columns))
        one = data.patients.select(
            "patient_index", *(item for item in items if item in data.patients.columns)
        )
        both = one.join(tumors, on="patient_index", how="left", maintain_order="left", suffix="_tumor")
        both = both.with_columns(
            pl.coalesce(item, f"{item}_tumor").alias(item)
            for item in items
            if f"{item}_tumor" in both.columns
        ).with_columns(abstract_id=pl.int_range(pl.len(), dtype=pl.Int64))
        yield consolidate(both, "patient_index", items).select(
            pl.lit(batch.header.items.get("registryId"), pl.String).alias("sender"),
            pl.all(),
        )


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A line from one patient of another registry's file."""
    told = {item: row.get(item) for item in ("nameLast", "nameFirst", "dateOfBirth", *TOLD) if row.get(item)}
    line: dict[str, Any] = {
        "line": row["row"] + 1, "patient_id": row["patient_id"], "dead": row.get("vitalStatus") == "0",
        "note": " ".join(filter(None, ("record of registry", row["sender"]))), "content": json.dumps(told),
    }  # fmt: skip
    try:
        line["date"] = as_naaccr(row.get("dateOfLastContact"))
    except BadInput:
        line.update(outcome=passive.UNREADABLE, detail="the date of last contact is not a date")
    if row["patient_id"] is None:
        contradicts = "contradicts" in (row["reason"] or "")
        line.update(
            patient_id=row["doubtful"] if contradicts else None,
            outcome=passive.REVIEW if contradicts else passive.UNMATCHED,
            detail=row["reason"] or "nobody known agrees in name, birth date, sex and SSN",
        )
    elif line.get("date") is None and "outcome" not in line:
        line.update(outcome=passive.REVIEW if line["dead"] else passive.NOT_LATER, detail="without a date")
    elif not line["dead"] and row.get("followUpSourceCentral") in DEATH_FILES:
        line.update(outcome=passive.NOT_LATER, detail=NO_DEATH)
    return {name: line.get(name) for name in LINES}


def pathology(context: Context, work: UnitOfWork) -> pl.DataFrame:
    """Reports of known patients in scope whose specimen was taken after the last contact."""
    if not {"pathDateSpecCollect1", "pathReportType1"} <= set(work.columns("pathology_report")):
        return pl.DataFrame(schema=LINES)
    condition, scope = context.actor.scope_sql("r.facility_id")
    found = work.query(
        f"""SELECT r.report_id, r.source_id, r.patient_id, r.facility_id, left(r."pathDateSpecCollect1", 10) AS day
            FROM pathology_report r JOIN patient p USING (patient_id)
            WHERE coalesce(r.status, '') NOT IN ('cancelled', 'superseded') AND p.tombstone_reason IS NULL
              AND coalesce(r."pathReportType1", '') <> '{AUTOPSY}'
              AND replace(left(r."pathDateSpecCollect1", 10), '-', '') > coalesce(p."dateOfLastContact", '') AND {condition}
            ORDER BY r.report_id""",
        scope,
    )
    rows = []
    for report in found.iter_rows(named=True):
        told = {"report_id": report["report_id"], "specimen": report["day"]}
        row: dict[str, Any] = {
            "line": report["report_id"], "patient_id": report["patient_id"], "facility_id": report["facility_id"],
            "source_id": report["source_id"], "dead": False, "note": f"pathology report {report['report_id']}",
            "content": json.dumps(told),
        }  # fmt: skip
        try:
            row["date"] = as_naaccr(report["day"])
        except BadInput:
            row.update(outcome=passive.UNREADABLE, detail="the day of the specimen is not a date")
        rows.append({name: row.get(name) for name in LINES})
    return pl.DataFrame(rows, schema=LINES, orient="row")
