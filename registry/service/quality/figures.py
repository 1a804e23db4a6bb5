"""Figures of the board: failures by facility, abstractor, edit and year, their trend, and what holds a submission back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from registry import edits
from registry.errors import BadInput
from registry.service import frames
from registry.service.operations import Context, operation
from registry.service.quality import records
from registry.service.quality.keeping import ABSTRACTOR, BOARD, YEAR

BY = {
    "facility": "facility_id", "abstractor": "abstractor", "year": "diagnosis_year", "edit": "edit",
    "severity": "severity", "source": "source",
}  # fmt: skip
"""Word of a question → column."""
OF_RECORDS = ("facility", "abstractor", "year")
"""What a record has by itself; the others are a failure's."""


def _dimensions(by: str | Sequence[str]) -> list[str]:
    words = [by] if isinstance(by, str) else list(by)
    for word in words:
        if word not in BY:
            raise BadInput("quality figures", f"cannot count by {word!r}", f"choose of {', '.join(BY)}")
    return list(dict.fromkeys(words))


def _where(
    context: Context, wanted: dict[str, Any], words: Sequence[str] = tuple(BY)
) -> tuple[str, list[Any]]:
    """Condition in scope for the wanted values, of these words alone."""
    condition, scope = context.actor.scope_sql("facility_id")
    conditions, parameters = [condition], list[Any](scope)
    for word, value in wanted.items():
        if value is not None and word in words:
            conditions.append(f"{BY[word]} = ?")
            parameters.append(value.zfill(10) if word == "facility" else value)
    return " AND ".join(conditions), parameters


@operation("quality.report")
def report(
    context: Context,
    by: str | Sequence[str] = ("facility",),
    facility: str | None = None,
    abstractor: str | None = None,
    edit: str | None = None,
    year: int | None = None,
    severity: str | None = None,
    source: str | None = None,
) -> pl.DataFrame:
    """Failures of the board and the records behind them.

    Args:
        by: any of facility, abstractor, year, edit, severity, source; none = one row for all.

    Returns:
        frame[*columns of `by` (facility_id, abstractor, diagnosis_year, edit, severity, source), records, failing, open,
        overridden, fixed, errors, reviews, warnings, per_100], sorted by the columns. `records` are abstracts that are not
        void, by facility, abstractor and year; `failing` those with an open failure; `per_100` open failures for 100
        records. A group without failures has zeros.
    """
    words = _dimensions(by)
    wanted = {
        "facility": facility, "abstractor": abstractor, "edit": edit, "year": year, "severity": severity,
        "source": source,
    }  # fmt: skip
    condition, parameters = _where(context, wanted)
    columns = [BY[word] for word in words]
    listed = "".join(f"{name}, " for name in columns)
    grouped = f"GROUP BY {', '.join(columns)}" if columns else ""
    counted = context.store.query(
        f"""SELECT {listed} count(DISTINCT abstract_id) FILTER (state = 'open') AS failing,
                   count(*) FILTER (state = 'open') AS open, count(*) FILTER (state = 'overridden') AS overridden,
                   count(*) FILTER (closed_as = 'fixed') AS fixed,
                   count(*) FILTER (state = 'open' AND severity = 'error') AS errors,
                   count(*) FILTER (state = 'open' AND severity = 'review') AS reviews,
                   count(*) FILTER (state = 'open' AND severity = 'warning') AS warnings
            FROM ({BOARD}) WHERE {condition} {grouped}""",
        parameters,
    )
    of_records = [BY[word] for word in words if word in OF_RECORDS]
    judged = _records(context, of_records, wanted)
    return _with_rates(counted, judged, columns, of_records)


def _records(context: Context, columns: list[str], wanted: dict[str, Any]) -> pl.DataFrame:
    """Abstracts that are not void: frame[*columns, records]."""
    condition, parameters = _where(context, wanted, OF_RECORDS)
    listed = "".join(f"{name}, " for name in columns)
    grouped = f"GROUP BY {', '.join(columns)}" if columns else ""
    return context.store.query(
        f"""SELECT {listed} count(*) AS records
            FROM (SELECT facility_id, {ABSTRACTOR} AS abstractor, {YEAR} AS diagnosis_year
                  FROM abstract a WHERE a.status <> 'void') WHERE {condition} {grouped}""",
        parameters,
    )


def _with_rates(
    counted: pl.DataFrame, judged: pl.DataFrame, columns: list[str], of_records: list[str]
) -> pl.DataFrame:
    """Counts beside the records that they are of, with the rate."""
    figures = [name for name in counted.columns if name not in columns]
    if not of_records:
        joined = counted.join(judged, how="cross")
    elif columns == of_records:
        joined = judged.join(counted, on=columns, how="full", coalesce=True, nulls_equal=True)
    else:
        joined = counted.join(judged, on=of_records, how="left", nulls_equal=True)
    whole = joined.with_columns(pl.col("records", *figures).cast(pl.Int64).fill_null(0))
    rate = pl.when(pl.col("records") > 0).then(100 * pl.col("open") / pl.col("records"))
    shown = whole.select(*columns, "records", *figures, per_100=rate.round(2))
    return shown.sort(columns, nulls_last=True) if columns else shown


@operation("quality.trend")
def trend(
    context: Context,
    by: str | Sequence[str] = (),
    facility: str | None = None,
    abstractor: str | None = None,
    edit: str | None = None,
    year: int | None = None,
    severity: str | None = None,
    source: str | None = None,
    limit: int = 24,
) -> pl.DataFrame:
    """What stood on the board after each of the latest runs.

    Args:
        by: as for `quality.report`.

    Returns:
        frame[run_id, kind, as_of, finished_at, *columns of `by`, records, open, overridden, per_100], oldest run first.
        A group that had no failure at a run has a row only when `by` names nothing but what records have.
    """
    words = _dimensions(by)
    columns = [BY[word] for word in words]
    of_records = [BY[word] for word in words if word in OF_RECORDS]
    wanted = {
        "facility": facility, "abstractor": abstractor, "edit": edit, "year": year, "severity": severity,
        "source": source,
    }  # fmt: skip
    condition, parameters = _where(context, wanted)
    newest = "SELECT run_id FROM edit_run ORDER BY run_id DESC LIMIT ?"
    counted = context.store.query(
        f"""SELECT run_id, {"".join(f"{name}, " for name in columns)} sum(open) AS open, sum(overridden) AS overridden
            FROM edit_run_count WHERE run_id IN ({newest}) AND {condition} GROUP BY ALL""",
        [limit, *parameters],
    )
    on_records, on_parameters = _where(context, wanted, OF_RECORDS)
    judged = context.store.query(
        f"""SELECT run_id, {"".join(f"{name}, " for name in of_records)} sum(records) AS records
            FROM edit_run_record WHERE run_id IN ({newest}) AND {on_records} GROUP BY ALL""",
        [limit, *on_parameters],
    )
    rated = _with_rates(counted, judged, ["run_id", *columns], ["run_id", *of_records])
    runs = context.store.query(
        f"SELECT run_id, kind, as_of, finished_at FROM edit_run WHERE run_id IN ({newest}) ORDER BY run_id",
        [limit],
    )
    return runs.join(rated, on="run_id", how="inner").sort("run_id", *columns, nulls_last=True)


@operation("quality.gate")
def gate(context: Context, facility: str | None = None) -> dict[str, Any]:
    """What holds a submission back: our own open errors, and all that the official run reported and nobody mended.

    An official failure stands until a newer official run does not name it: only that verdict is accepted.

    Returns:
        {ready, facility, errors, official, reviews, by_edit: frame[source, edit, severity, failures, records], runs:
        frame[kind, source_name, as_of, finished_at], the last of each source, reasons: why it is not ready, notes: what
        to know besides}. `errors` counts own errors, `official` official failures that are no warnings; `reviews`, own
        reviews that are open, hold nothing back.

    Raises:
        NotFound: no such facility in scope.
    """
    if facility is not None:
        facility = frames.known_facility(context, facility)
    condition, parameters = _where(context, {"facility": facility})
    held = context.store.query(
        f"""SELECT source, edit, min(severity) AS severity, count(*) AS failures, count(DISTINCT abstract_id) AS records
            FROM ({BOARD}) WHERE state = 'open' AND (severity = 'error' OR source = 'official' AND severity <> 'warning')
                AND {condition} GROUP BY source, edit ORDER BY source, failures DESC, edit""",
        parameters,
    )
    reviews = context.store.query(
        f"""SELECT count(*) FROM ({BOARD}) WHERE state = 'open' AND severity = 'review' AND source = 'own'
            AND {condition}""",
        parameters,
    ).item()
    runs = context.store.query(
        """SELECT kind, source_name, as_of, finished_at FROM edit_run
           QUALIFY row_number() OVER (PARTITION BY kind, source_name ORDER BY as_of DESC, run_id DESC) = 1
           ORDER BY kind, source_name"""
    )
    counts = {
        name: int(held.filter(pl.col("source") == name)["failures"].sum()) for name in ("own", "official")
    }
    reasons, notes = _reasons(context, counts, runs, facility)
    if reviews:
        notes.append(_said(reviews, "review is open", "reviews are open"))
    return {
        "ready": not reasons, "facility": facility, "errors": counts["own"], "official": counts["official"],
        "reviews": int(reviews), "by_edit": held, "runs": runs, "reasons": reasons, "notes": notes,
    }  # fmt: skip


def _said(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _last_set(context: Context) -> str:
    """The edit set of the last run of our own edits: a set's name, or the edits that were asked."""
    last = context.store.query(
        "SELECT edit_set FROM edit_run WHERE kind = 'own' ORDER BY run_id DESC LIMIT 1"
    )
    return str(last.item())


def _reasons(
    context: Context, counts: dict[str, int], runs: pl.DataFrame, facility: str | None
) -> tuple[list[str], list[str]]:
    """Why a submission waits, and what to know besides, in sentences."""
    reasons, notes = [], []
    kinds = set(runs["kind"])
    if "own" not in kinds:
        reasons.append("the edits were never run")
    elif (asked := _last_set(context)) not in edits.names():
        reasons.append(
            f"the last run asked {len(asked.split())} edits only; run the set that the receiver wants"
        )
    if counts["own"]:
        reasons.append(_said(counts["own"], "error is open", "errors are open"))
    if counts["official"]:
        reasons.append(_said(counts["official"], "official failure is open", "official failures are open"))
    if "official" not in kinds:
        notes.append("no official result was imported")
    if facility is None and context.actor.facilities is None:
        waiting = records.waiting(context.store)
        if waiting and "own" in kinds:
            notes.append(
                _said(waiting, "patient changed since the last run", "patients changed since the last run")
            )
        unmatched = context.store.query(
            """SELECT count(*) FROM official_result WHERE abstract_id IS NULL
               AND run_id IN (SELECT max(run_id) FROM edit_run WHERE kind = 'official' GROUP BY source_name)"""
        ).item()
        if unmatched:
            notes.append(
                _said(
                    unmatched, "official result belongs to no record", "official results belong to no record"
                )
            )
    return reasons, notes
