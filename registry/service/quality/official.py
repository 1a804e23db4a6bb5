"""Official results: what an external EDITS run said of the records that were sent, on the same board as our own.

Only a newer official run closes what an official run reported; our own runs leave it alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl

from registry import edits
from registry.edits.foreign import edit_of
from registry.errors import BadInput, Conflict
from registry.formats.edit_results import BAD, COVERS, ROWS, SENT
from registry.linkage.known import facility_number
from registry.service import frames
from registry.service.operations import Context, operation
from registry.service.quality import keeping as quality_keeping
from registry.service.quality import records

FOUND_BY = """
    WITH wanted AS MATERIALIZED (SELECT * FROM asked)
    SELECT row, min(abstract_id) AS abstract_id, count(DISTINCT abstract_id) AS hits FROM ({}) GROUP BY row ORDER BY row"""
"""Materialized, because DuckDB may hand a condition to the frame, which cannot filter texts."""

BY_ACCESSION = """
    SELECT r.row, a.abstract_id FROM wanted r JOIN abstract a ON trim(a."accessionNumberHosp") = r.accession
        AND (r.facility IS NULL OR a.facility_id = r.facility)
        AND (r.sequence IS NULL OR lpad(trim(a."sequenceNumberHospital"), 2, '0') = r.sequence)
    WHERE a.status <> 'void'"""

BY_ABSTRACT = """
    WITH sent AS (
        SELECT abstract_id, patient_id, facility_id, rank() OVER (PARTITION BY patient_id ORDER BY abstract_id) AS nth,
               rank() OVER (PARTITION BY patient_id, facility_id ORDER BY abstract_id) AS nth_there
        FROM abstract WHERE status IN ('complete', 'exported'))
    SELECT r.row, s.abstract_id FROM wanted r JOIN sent s ON s.patient_id = r.patient_id
        AND (s.nth = r.nth AND (r.facility IS NULL OR s.facility_id = r.facility)
             OR r.facility IS NOT NULL AND s.nth_there = r.nth AND s.facility_id = r.facility)"""
"""Files that we send of abstracts number a patient's abstracts from 1, or those of one facility."""

BY_TUMOR = f"""
    WITH sent AS (SELECT tumor_id, patient_id, rank() OVER (PARTITION BY patient_id ORDER BY tumor_id) AS nth
                  FROM tumor WHERE {frames.NOT_GONE}),
         firsts AS (SELECT tumor_id, min(abstract_id) AS abstract_id FROM abstract WHERE status <> 'void' GROUP BY tumor_id)
    SELECT r.row, l.abstract_id FROM wanted r JOIN sent s ON s.patient_id = r.patient_id AND s.nth = r.nth
        JOIN firsts l USING (tumor_id)"""


@operation("quality.import_official", changes=True)
def import_official(
    context: Context,
    rows: pl.DataFrame,
    source_name: str,
    run_date: str | dt.date | None = None,
    covers: str = "all",
    sent: str = "abstracts",
    bad: pl.DataFrame | None = None,
    file_name: str | None = None,
) -> dict[str, Any]:
    """Take the report of an official EDITS run in.

    A record is found by facility, accession number and hospital sequence, else by the patient id and tumor record number
    that our files carry. Rows of no known record are kept (`quality.unmatched`), lines that were no result go to
    quarantine. Failures of the same source that the report names no more are closed, those that it names again reopened.

    Args:
        rows, bad: as `registry.formats.edit_results.read_edit_results` gives them.
        source_name: which official run; newer reports of one source replace older ones.
        run_date: day of the official run; today when absent.
        covers: what the run judged: `all` records, the `facilities` that it names, or the `records` that it names.
        sent: what the judged file was made of: `abstracts` (type A, M) or `tumors` (type I, C).

    Returns:
        {run_id, source_name, run_date, rows, matched, unmatched, unreadable, failures, new, fixed, reopened}.

    Raises:
        Denied: held to facilities. BadInput: no such frame or word. Conflict: a newer run of this source was imported.
    """
    context.require_central("quality.import_official")
    _check(rows, bad, source_name, covers, sent)
    day, started = context.day(run_date), context.stamp
    latest = context.store.query(
        "SELECT max(as_of) FROM edit_run WHERE kind = 'official' AND source_name = ?", [source_name]
    ).item()
    if latest is not None and latest > day:
        raise Conflict(
            f"official results of {source_name}", f"a run of {latest.isoformat()} was imported already",
            "import the newest report only",
        )  # fmt: skip
    found = _found(context, rows, sent)
    lost = found.filter(pl.col("abstract_id").is_null()).height
    failures = _failures(context, found, source_name, sent)
    held = _held(context, source_name)
    with context.store.unit_of_work(
        context.actor.name, "quality.import_official", reason=source_name
    ) as work:
        run_id = work.new_ids("edit_run", 1)[0]
        counts = _write(work, failures, held, _covered(held, failures, covers), run_id, context.stamp)
        kept = _with_failures(work, found, source_name).with_columns(run_id=pl.lit(run_id))
        ids = pl.Series("result_id", list(work.new_ids("official_result", kept.height)), dtype=pl.Int64)
        if kept.height:
            work.insert("official_result", kept.with_columns(ids), logged=False)
            work.digest(
                kept.select("line", "tag", "edit", "severity", "abstract_id"), entity="official_result"
            )
        unreadable = _quarantine(work, bad, file_name)
        board = quality_keeping.count(work, run_id, "official")
        row = {
            "run_id": run_id, "kind": "official", "source_name": source_name, "as_of": day, "started_at": started,
            "finished_at": context.stamp, "actor": context.actor.name, "covered": covers, "unreadable": unreadable,
            "unmatched": lost,
            "abstracts": failures["abstract_id"].n_unique(), **counts, **board,
        }  # fmt: skip
        work.insert("edit_run", pl.DataFrame([row]))
    return {
        "run_id": run_id, "source_name": source_name, "run_date": day.isoformat(), "rows": rows.height,
        "matched": rows.height - lost, "unmatched": lost, "unreadable": unreadable,
        "failures": failures.height, **counts,
    }  # fmt: skip


@operation("quality.unmatched")
def unmatched(context: Context, source_name: str | None = None) -> pl.DataFrame:
    """Official results of the latest run of each source that belong to no record, with the reason.

    Returns:
        frame[result_id, run_id, source_name, line, facility, accession, sequence, patient, tumor, tag, edit, message,
        severity, problem], in the report's order.
    """
    context.require_central("quality.unmatched")
    return context.store.query(
        """SELECT r.result_id, r.run_id, e.source_name, r.line, r.facility, r.accession, r.sequence, r.patient, r.tumor,
                  r.tag, r.edit, r.message, r.severity, r.problem
           FROM official_result r JOIN edit_run e USING (run_id)
           WHERE r.abstract_id IS NULL AND (? IS NULL OR e.source_name = ?)
             AND r.run_id IN (SELECT max(run_id) FROM edit_run WHERE kind = 'official' GROUP BY source_name)
           ORDER BY r.result_id""",
        [source_name, source_name],
    )


def _check(rows: Any, bad: Any, source_name: str, covers: str, sent: str) -> None:
    for frame, columns, what in ((rows, ROWS, "rows"), (bad, BAD, "bad")):
        if frame is None and what == "bad":
            continue
        if not isinstance(frame, pl.DataFrame) or not set(columns) <= set(frame.columns):
            raise BadInput(
                "official results", f"{what} is no frame with {', '.join(columns)}", "read the report first"
            )
    if not source_name.strip():
        raise BadInput("official results", "need a source", "name the official run")
    for word, value, allowed in (("covers", covers, COVERS), ("sent", sent, SENT)):
        if value not in allowed:
            raise BadInput(
                "official results", f"{word} {value!r} is not known", f"use one of: {', '.join(allowed)}"
            )


def _found(context: Context, rows: pl.DataFrame, sent: str) -> pl.DataFrame:
    """Rows with their abstract, or why they have none: adds abstract_id and problem."""
    text = [name for name in ROWS if name != "line"]
    wanted = rows.select(ROWS.keys()).with_columns(pl.col(text).cast(pl.String).str.strip_chars())
    wanted = wanted.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in text)
    numbered = wanted.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    keys = numbered.select(
        "row",
        "accession",
        facility=facility_number(pl.col("facility")),
        sequence=pl.col("sequence").str.zfill(2),
        patient_id=pl.col("patient").str.to_integer(strict=False),
        nth=pl.col("tumor").str.to_integer(strict=False),
    )
    answers = {}
    for how, sql in (
        ("accession", BY_ACCESSION),
        ("number", BY_ABSTRACT if sent == "abstracts" else BY_TUMOR),
    ):
        asked = keys.filter(pl.col("accession" if how == "accession" else "patient_id").is_not_null())
        hit = context.store.query(FOUND_BY.format(sql), frames={"asked": asked})
        answers[how] = hit.cast(pl.Int64).rename({"abstract_id": f"by_{how}", "hits": f"{how}_hits"})
    joined = numbered.join(answers["accession"], on="row", how="left", maintain_order="left").join(
        answers["number"], on="row", how="left", maintain_order="left"
    )
    one, other = pl.col("accession_hits") == 1, pl.col("number_hits") == 1
    several = (pl.col("accession_hits") > 1) | (pl.col("number_hits") > 1)
    return joined.with_columns(
        abstract_id=pl.when(one).then("by_accession").when(other).then("by_number"),
        problem=pl.when(one.fill_null(value=False) | other.fill_null(value=False))
        .then(pl.lit(None, pl.String))
        .when(several)
        .then(pl.lit("several records have these numbers"))
        .otherwise(pl.lit("no record has these numbers")),
    ).select(*ROWS, "abstract_id", "problem")


def _failures(context: Context, found: pl.DataFrame, source_name: str, sent: str) -> pl.DataFrame:
    """One failure a record and official edit.

    Returns:
        frame[abstract_id, patient_id, tumor_id, facility_id, edit, tag, own_edit, severity, items, message], sorted.
    """
    named = found.drop_nulls("abstract_id").with_columns(edit=pl.coalesce("edit", "tag"))
    worst = pl.col("severity").replace_strict({"error": 0, "review": 1, "warning": 2}, default=0).min()
    each = named.group_by("abstract_id", "edit").agg(
        pl.col("tag").first(),
        worst.alias("worst"),
        message=pl.col("message").drop_nulls().unique(maintain_order=True).str.join("; "),
    )
    own = [edit_of(tag or "") or edit_of(edit or "") for tag, edit in each.select("tag", "edit").iter_rows()]
    items = [";".join(edits.find(name).items) if name else None for name in own]
    facility = "a.facility_id" if sent == "abstracts" else "p.only"  # a consolidated tumor may be of several
    where = records.with_ids(
        context.store.query(
            f"""SELECT a.abstract_id, a.patient_id, a.tumor_id, {facility} AS facility_id
                FROM abstract a SEMI JOIN wanted USING (abstract_id) LEFT JOIN (
                    SELECT patient_id, CASE WHEN count(DISTINCT facility_id) = 1 THEN min(facility_id) END AS only
                    FROM abstract WHERE status <> 'void' GROUP BY patient_id) p USING (patient_id)
                ORDER BY a.abstract_id""",
            frames={"wanted": each.select("abstract_id").unique()},
        )
    )
    return (
        each.with_columns(pl.Series("own_edit", own, pl.String), pl.Series("items", items, pl.String))
        .join(where, on="abstract_id")
        .select(
            "abstract_id", "patient_id", "tumor_id", "facility_id", "edit", "tag", "own_edit",
            pl.col("worst").replace_strict({0: "error", 1: "review", 2: "warning"}, return_dtype=pl.String).alias("severity"),
            "items", pl.when(pl.col("message") != "").then("message").alias("message"),
            source_name=pl.lit(source_name),
        )
        .sort("abstract_id", "edit")
    )  # fmt: skip


def _held(context: Context, source_name: str) -> pl.DataFrame:
    return records.with_ids(
        context.store.query(
            """SELECT failure_id, abstract_id, patient_id, facility_id, edit, state, severity, message, tag
               FROM edit_failure WHERE source = 'official' AND source_name = ? ORDER BY failure_id""",
            [source_name],
        )
    ).cast({"failure_id": pl.Int64, "facility_id": pl.String})


def _covered(held: pl.DataFrame, failures: pl.DataFrame, covers: str) -> pl.DataFrame:
    """Kept failures about which the new report has the last word."""
    if covers == "facilities":
        return held.join(failures.select("facility_id").unique(), on="facility_id", how="semi")
    if covers == "records":
        return held.join(failures.select("abstract_id").unique(), on="abstract_id", how="semi")
    return held


def _write(
    work: Any,
    failures: pl.DataFrame,
    held: pl.DataFrame,
    covered: pl.DataFrame,
    run_id: int,
    now: dt.datetime,
) -> dict[str, int]:
    """Bring the board to the report; returns {new, fixed, reopened}."""
    key: Sequence[str] = ("abstract_id", "edit")
    last = held.sort("failure_id").unique(key, keep="last", maintain_order=True)
    known = failures.join(last.select("failure_id", *key, "state"), on=key)
    gone = covered.filter(pl.col("state") != "fixed").join(failures, on=key, how="anti")
    if gone.height:
        work.execute(
            """UPDATE edit_failure SET state = 'fixed', closed_as = 'not reported', fixed_at = ?, fixed_run_id = ?
               WHERE failure_id IN (SELECT failure_id FROM gone)""",
            [now, run_id],
            frames={"gone": gone},
        )
        work.digest(gone.select("failure_id"), entity="edit_failure", entity_id="fixed")
    if known.height:
        work.execute(
            """WITH k AS MATERIALIZED (SELECT * FROM known)
               UPDATE edit_failure SET severity = k.severity, message = k.message, tag = k.tag, state = 'open',
                   reopened_at = CASE WHEN k.state = 'fixed' THEN ? ELSE edit_failure.reopened_at END,
                   fixed_at = NULL, fixed_run_id = NULL, closed_as = NULL
               FROM k WHERE edit_failure.failure_id = k.failure_id""",
            [now],
            frames={"known": known},
        )
        work.digest(known.select("failure_id", "state"), entity="edit_failure", entity_id="reported again")
    new = failures.join(last, on=key, how="anti")
    if new.height:
        ids = pl.Series("failure_id", list(work.new_ids("edit_failure", new.height)), dtype=pl.Int64)
        stamps = {
            "run_id": pl.lit(run_id),
            "found_at": pl.lit(now),
            "source": pl.lit("official"),
            "state": pl.lit("open"),
        }
        work.insert("edit_failure", new.with_columns(ids, **stamps), logged=False)
        work.digest(new.select(*key, "severity"), entity="edit_failure", entity_id="reported")
    return {
        "new": new.height,
        "fixed": gone.height,
        "reopened": known.filter(pl.col("state") == "fixed").height,
    }


def _with_failures(work: Any, found: pl.DataFrame, source_name: str) -> pl.DataFrame:
    """The report's rows with the failure that stands for each."""
    now = work.query(
        """SELECT failure_id, abstract_id, edit AS label FROM edit_failure
           WHERE source = 'official' AND source_name = ? AND state = 'open' ORDER BY failure_id""",
        [source_name],
    ).cast({"failure_id": pl.Int64, "abstract_id": pl.Int64})
    return (
        found.with_columns(label=pl.coalesce("edit", "tag"))
        .join(now, on=["abstract_id", "label"], how="left", maintain_order="left")
        .drop("label")
    )


def _quarantine(work: Any, bad: pl.DataFrame | None, file_name: str | None) -> int:
    """Keep lines that are no result, whole; returns how many."""
    if bad is None or bad.is_empty():
        return 0
    pieces = bad.select(
        load_id=pl.lit(None, pl.Int64),
        file_name=pl.lit(file_name, pl.String),
        kind=pl.lit("edit result"),
        place=pl.format("line {}", "line"),
        reason="reason",
        expected=pl.lit("a result: which record, which edit"),
        content=pl.col("text").cast(pl.Binary),
    )
    work.quarantine_all(pieces)
    return int(bad.height)
