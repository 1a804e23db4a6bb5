"""Reporting: NAACCR XML files for a state, a year, a record type; each run is recorded."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from registry import standards
from registry.abstracting import item_columns
from registry.errors import BadInput
from registry.service import disclosures, frames, user_dictionaries
from registry.service.operations import Context, operation
from registry.standards import dates
from registry.submissions import FileRequest, elements_of_abstracts, write_file
from registry.submissions.outgoing_frames import as_version, writers_columns
from registry.submissions.profiles import RECORD_TYPES


@operation("export.naaccr_xml", changes=True)
def naaccr_xml(
    context: Context,
    out: str,
    record_type: str = "I",
    naaccr_version: str | None = None,
    state: str | None = None,
    year: int | None = None,
    year_to: int | None = None,
    facility: str | None = None,
    time_generated: str | None = None,
    mark_exported: bool = False,
    recipient: str | None = None,
) -> dict[str, Any]:
    """Write one NAACCR XML file with its manifest; one with identifiers (C, A, M) is a disclosure of its patients.

    Types I and C come from consolidated tumors, A and M from facilities' finished abstracts (complete, exported).

    Args:
        out: the file to write (.xml or .xml.gz).
        state: only residents of this state at diagnosis (item 80). year, year_to: diagnosis years.
        facility: only this facility's abstracts (types A and M).
        time_generated: ISO time for the header; default now.
        mark_exported: complete abstracts in the file become `exported`, with today's dateCaseReportExported
            (types A and M).
        recipient: who gets it, for the accounting of disclosures.

    Returns:
        {file, record_type, naaccr_version, patients, tumors, items, left_out, errors, warnings, sha256, ...}.
    """
    if record_type not in RECORD_TYPES:
        raise BadInput("record type", f"{record_type!r} is none of {', '.join(RECORD_TYPES)}")
    naaccr_version = naaccr_version or standards.CURRENT_VERSION
    if naaccr_version not in standards.VERSIONS:
        raise BadInput("NAACCR version", f"{naaccr_version!r} is none of {', '.join(standards.VERSIONS)}")
    if mark_exported and record_type not in {"A", "M"}:
        raise BadInput("mark exported", f"a type {record_type} file holds no abstracts", "use type A or M")
    if state and state.upper() not in standards.code_set("addrAtDxState"):
        raise BadInput("state", f"{state!r} is not a code of item 80", "use the postal code, such as NY")
    path = Path(out)
    if not path.parent.is_dir():
        raise BadInput(str(path.parent), "there is no such folder", "make it, or name another")
    patients, tumors, not_taken = _selected(context, record_type, state, year, year_to, facility)
    moment = _moment(time_generated) or context.now()
    synthetic = "SYNTHETIC DATA, no real persons" if context.store.get_meta("synthetic") == "true" else None
    request = FileRequest(
        record_type,
        naaccr_version,
        moment,
        registry_id=context.store.get_meta("registry_id_item"),
        remark=synthetic,
        dictionaries=tuple(user_dictionaries.of_columns(context, [*patients.columns, *tumors.columns])),
        items=item_columns.held(context.store),
    )
    patients, tumors = (
        writers_columns(frame, request.items, request.dictionaries) for frame in (patients, tumors)
    )
    patients, tumors, lost = as_version(patients, tumors, naaccr_version, record_type, request.dictionaries)
    written = write_file(path, patients, tumors, request)
    left_out = {name: max(written.left_out.get(name, 0), n) for name, n in lost.items()}
    result = {
        "file": str(path), "record_type": record_type, "naaccr_version": naaccr_version,
        "patients": written.patients, "tumors": written.tumors, "items": written.items,
        "left_out": written.left_out | left_out, "errors": written.errors, "warnings": written.warnings,
        "not_taken": not_taken, "sha256": written.sha256, "manifest": str(path) + ".manifest.json",
        "messages": written.messages,
    }  # fmt: skip
    if mark_exported:
        result["marked_exported"] = _mark_exported(context, tumors["tumor_id"].to_list())
    _record(context, result, state, year, recipient, tumors["patient_id"].unique().sort().to_list())
    return result


def _moment(text: str | None) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput("time generated", "is no ISO time", "write it as 2026-10-31T12:00:00") from None


def _mark_exported(context: Context, abstract_ids: list[int]) -> int:
    """Complete abstracts of a file become exported; returns how many."""
    wanted = pl.DataFrame({"abstract_id": abstract_ids}, schema={"abstract_id": pl.Int64})
    with context.store.unit_of_work(context.actor.name, "status:exported") as work:
        complete = work.query(
            "SELECT a.abstract_id, a.version FROM abstract a SEMI JOIN wanted USING (abstract_id) WHERE a.status = 'complete' "
            "ORDER BY a.abstract_id",
            frames={"wanted": wanted},
        )
        changes = complete.select(
            pl.col("abstract_id").cast(pl.Int64), version=pl.col("version") + 1, item=pl.lit("status"),
            before=pl.lit("complete"), after=pl.lit("exported"), changed_by=pl.lit(context.actor.name),
            changed_at=pl.lit(context.stamp),
        )  # fmt: skip
        if changes.height:
            work.insert("abstract_change", changes, logged=False)
        return work.merge(
            "abstract",
            changes.select(
                "abstract_id",
                status=pl.lit("exported"),
                dateCaseReportExported=pl.lit(f"{context.today:%Y%m%d}"),
            ),
        )


def _selected(
    context: Context,
    record_type: str,
    state: str | None,
    year: int | None,
    year_to: int | None,
    facility: str | None,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    if record_type in {"I", "C"}:
        if facility:
            raise BadInput(
                "facility", f"a type {record_type} file is made of consolidated tumors", "use type A or M"
            )
        not_taken: dict[str, int] = {}
        patients, tumors = frames.load(
            context, frames.every_item(context, "patient"), frames.every_item(context, "tumor")
        )
    else:
        patients, tumors, not_taken = _from_abstracts(context, record_type, facility)
    wanted = pl.lit(True)
    if state:
        wanted &= pl.col("addrAtDxState") == state.upper()
    if year is not None:
        wanted &= dates.year("dateOfDiagnosis").is_between(year, year if year_to is None else year_to)
    tumors = tumors.filter(wanted)
    if state is None and year is None:
        return patients, tumors, not_taken
    key = "element_id" if "element_id" in patients.columns else "patient_id"
    return patients.join(tumors.select(key).unique(), on=key, how="semi"), tumors, not_taken


def _from_abstracts(
    context: Context, record_type: str, facility: str | None
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    """Finished abstracts as patients and tumors, one Tumor element an abstract; and how many are not taken, by reason.

    Abstracts that say the same of a patient share a Patient element; where facilities say different things,
    each keeps its own.
    """
    from registry.abstracting.consolidated import item_levels
    from registry.abstracting.item_columns import is_item

    rows = frames.abstracts(
        context, frames.every_item(context, "abstract"), received_as=_as_full_as(record_type)
    )
    if facility:
        rows = rows.filter(pl.col("facility_id") == facility.zfill(10))
    if record_type == "M":
        rows = rows.filter(pl.col("version") > 1)
    finished = pl.col("status").is_in(["complete", "exported"])
    not_taken = {
        "not complete": rows.filter(~finished).height,
        f"received as a lesser type than {record_type}": _lesser(context, record_type, facility),
    }
    rows = rows.filter(finished)
    patient_items, tumor_items = item_levels(
        [name for name in rows.columns if is_item(name)], context.store.columns("patient")
    )
    patients, tumors = elements_of_abstracts(rows, patient_items, tumor_items)
    return patients, tumors, {why: n for why, n in not_taken.items() if n}


def _lesser(context: Context, record_type: str, facility: str | None) -> int:
    """Abstracts that were received without the items of this record type."""
    full = _as_full_as(record_type)
    marks = ", ".join("?" * len(full))
    found = context.store.query(
        f"SELECT count(*) FROM abstract WHERE status <> 'void' AND coalesce(record_type, 'A') NOT IN ({marks}) "
        "AND (? IS NULL OR facility_id = ?)",
        [*full, facility and facility.zfill(10), facility and facility.zfill(10)],
    )
    return int(found.item())


def _as_full_as(record_type: str) -> list[str]:
    """Received record types that hold at least what this one does (entered here counts as full)."""
    return ["A", "M"] if record_type in {"A", "M"} else ["I", "C", "A", "M"]


def _record(
    context: Context,
    result: dict[str, Any],
    state: str | None,
    year: int | None,
    recipient: str | None,
    patient_ids: list[int],
) -> None:
    with context.store.unit_of_work(context.actor.name, "export", reason=Path(result["file"]).name) as work:
        submission_id = context.store.new_ids("submission", 1)[0]
        row = {
            "submission_id": submission_id, "kind": "naaccr-xml", "recipient": state, "period": str(year or "all"),
            "record_type": result["record_type"], "naaccr_version": result["naaccr_version"],
            "file_name": Path(result["file"]).name, "sha256": result["sha256"], "tumors": result["tumors"],
            "state": "written", "created_at": context.stamp, "created_by": context.actor.name,
        }  # fmt: skip
        work.insert("submission", pl.DataFrame([row], schema_overrides={"recipient": pl.String}))
        if result["record_type"] != "I" and patient_ids:
            disclosures.record(
                work, recipient=recipient or "not stated", purpose="file written without a profile",
                content=f"NAACCR XML type {result['record_type']}: {row['file_name']}", legal_basis=None, kind="submission",
                subject_id=submission_id, patient_ids=patient_ids, on=context.today,
            )  # fmt: skip


@operation("export.list")
def list_exports(context: Context) -> pl.DataFrame:
    """Files written so far, newest first."""
    return context.store.query(
        """SELECT submission_id, file_name, recipient, period, record_type, naaccr_version, tumors, state, created_at,
                  created_by FROM submission ORDER BY submission_id DESC"""
    )
