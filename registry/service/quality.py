"""Quality: edit failures, indicators, completeness, and what the suites said."""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl

from registry import edits, standards
from registry.service import frames
from registry.service.operations import Context, operation

FAILURE_KEY = ["patient_id", "tumor_id", "abstract_id", "edit", "edit_version", "items", "item_values"]

STANDS_FOR = {"surgery": "rxSummSurgPrimSite2023"}
"""Words of messages that are no item's id → the item whose name says what they mean."""


def _split(edit_set: str) -> tuple[list[str], list[str]]:
    """Edits of a set that judge one record, and those that compare records."""
    ids = edits.edit_ids(edit_set)
    between = [name for name in ids if edits.find(name).level == "inter-record"]
    return [name for name in ids if name not in set(between)], between


@operation("quality.run", changes=True)
def run(context: Context, edit_set: str = "central", as_of: str | None = None) -> dict[str, Any]:
    """Judge every abstract, and the tumors of each patient among one another; keep what fails.

    A failure that no longer occurs becomes `fixed`; one that is still there keeps its id and state.

    Returns:
        {run_id, abstracts, failures, new, fixed, errors, reviews, warnings}.
    """
    context.require_central("quality.run")
    day = context.day(as_of)
    single, between = _split(edit_set)
    rows = frames.abstracts(context, frames.every_item(context, "abstract"))
    context.progress("edits: abstracts", 0, 2)
    found = edits.run(
        None,
        rows.drop("record_type", "status", "version"),
        single,
        as_of=day,
        keys=["facility_id", "patient_id", "tumor_id", "abstract_id"],
    )
    found = _that_apply(found, rows)
    context.progress("edits: patients", 1, 2)
    patients, tumors = frames.load(
        context, frames.every_item(context, "patient"), frames.every_item(context, "tumor")
    )
    leading = rows.group_by("tumor_id").agg(
        pl.col("abstract_id", "facility_id").sort_by("abstract_id").first()
    )
    compared = edits.run(patients, tumors, between, as_of=day, keys=["patient_id", "tumor_id"])
    compared = compared.join(leading, on="tumor_id", how="left")
    failures = pl.concat([found, compared.select(found.columns)]).sort("abstract_id", "edit", "items")
    context.progress("edits: patients", 2, 2)
    return _keep(context, failures, rows.height)


def _that_apply(failures: pl.DataFrame, abstracts: pl.DataFrame) -> pl.DataFrame:
    """Failures without those of edits whose items the received record type cannot carry (a type I record has no names)."""
    types = abstracts.select("abstract_id", "record_type")
    pairs = failures.join(types, on="abstract_id", how="left", maintain_order="left")
    carried = dict(standards.all_items().select("id", "record_types").iter_rows())
    cannot = [
        (edit, record_type)
        for edit, record_type in pairs.select("edit", "record_type").drop_nulls().unique().iter_rows()
        if not any(record_type in (carried.get(item) or record_type) for item in edits.find(edit).items)
    ]
    dropped = pl.DataFrame(cannot, schema={"edit": pl.String, "record_type": pl.String}, orient="row")
    return pairs.join(dropped, on=["edit", "record_type"], how="anti", maintain_order="left").drop(
        "record_type"
    )


def _keep(context: Context, failures: pl.DataFrame, abstracts: int) -> dict[str, Any]:
    earlier = context.store.query(
        f"SELECT failure_id, {', '.join(FAILURE_KEY)} FROM edit_failure WHERE state <> 'fixed' ORDER BY failure_id"
    ).with_columns(pl.col("patient_id", "tumor_id", "abstract_id").cast(pl.Int64))
    failures = failures.with_columns(pl.col("patient_id", "tumor_id", "abstract_id").cast(pl.Int64)).unique(
        FAILURE_KEY, keep="first", maintain_order=True
    )
    new = failures.join(earlier, on=FAILURE_KEY, how="anti", nulls_equal=True)
    gone = earlier.join(failures, on=FAILURE_KEY, how="anti", nulls_equal=True).select("failure_id")
    with context.store.unit_of_work(context.actor.name, "quality.run") as work:
        run_id = work.new_ids("edit_run", 1)[0]
        if gone.height:
            work.execute(
                "UPDATE edit_failure SET state = 'fixed' WHERE failure_id IN (SELECT failure_id FROM gone)",
                frames={"gone": gone},
            )
            work.digest(gone, entity="edit_failure")
        if new.height:
            ids = pl.Series("failure_id", list(work.new_ids("edit_failure", new.height)), dtype=pl.Int64)
            kept = new.drop("override_item").with_columns(
                ids, run_id=pl.lit(run_id), found_at=pl.lit(context.stamp)
            )
            work.insert("edit_failure", kept)
        counts = failures.filter(pl.col("state") == "open")["severity"].value_counts()
        by_severity = dict(counts.iter_rows())
        result = {
            "run_id": run_id, "abstracts": abstracts, "failures": int(sum(by_severity.values())),
            "overridden": failures.height - int(sum(by_severity.values())), "new": new.height, "fixed": gone.height,
            "errors": int(by_severity.get("error", 0)), "reviews": int(by_severity.get("review", 0)),
            "warnings": int(by_severity.get("warning", 0)),
        }  # fmt: skip
        work.log("edit_run", run_id, "quality.run", None, result)
    return result


@operation("quality.summary")
def summary(context: Context) -> pl.DataFrame:
    """Failures by edit: frame[edit, severity, message, open, overridden], most first.

    The message is the edit's rule: where a failure's message quotes a value, it names the item.
    """
    condition, scope = context.actor.scope_sql("facility_id")
    counted = context.store.query(
        f"""SELECT edit, any_value(severity) AS severity, count(*) FILTER (state = 'open') AS open,
                   count(*) FILTER (state = 'overridden') AS overridden
            FROM edit_failure WHERE state <> 'fixed' AND {condition} GROUP BY edit ORDER BY open DESC, edit""",
        scope,
    )
    texts = [_rule(edits.find(name).message) for name in counted["edit"]]
    return counted.with_columns(pl.Series("message", texts, dtype=pl.String)).select(
        "edit", "severity", "message", "open", "overridden"
    )


def _rule(message: str) -> str:
    """An edit's message with its items' names instead of values; a name that is said already is not repeated.

    >>> _rule("{regionalNodesPositive} nodes positive of {regionalNodesExamined} examined")
    '[Regional Nodes Positive] nodes positive of [Regional Nodes Examined] examined'
    >>> _rule("Primary site {primarySite} cannot occur in a patient whose sex is {sex}")
    'Primary site cannot occur in a patient whose sex is [Sex]'
    >>> _rule("dateOfBirth {dateOfBirth} is after dateOfLastContact {dateOfLastContact}")
    'Date of Birth is after Date of Last Contact'
    """
    for word in dict.fromkeys(re.findall(r"\{(\w+)\}", message)):
        name = standards.item(STANDS_FOR.get(word, word)).name
        message = message.replace(f"{word} {{{word}}}", name)
        message = re.sub(rf"(?i)\b({re.escape(name)}) \(?\{{{word}\}}\)?", r"\1", message)
        message = message.replace(f"{{{word}}}", f"[{name}]")
    return message


@operation("quality.failures")
def failures(
    context: Context,
    edit: str | None = None,
    severity: str | None = None,
    facility: str | None = None,
    state: str = "open",
    limit: int = 500,
) -> pl.DataFrame:
    """Failures, newest edits first by id."""
    condition, scope = context.actor.scope_sql("facility_id")
    conditions, parameters = [condition, "state = ?"], [*scope, state]
    for column, value in (("edit", edit), ("severity", severity), ("facility_id", facility)):
        if value is not None:
            conditions.append(f"{column} = ?")
            parameters.append(value)
    return context.store.query(
        f"""SELECT failure_id, patient_id, tumor_id, abstract_id, facility_id, edit, severity, items, item_values,
                   message, state, found_at
            FROM edit_failure WHERE {" AND ".join(conditions)} ORDER BY failure_id LIMIT ?""",
        [*parameters, limit],
    )


def completeness_frame(context: Context) -> pl.DataFrame:
    """Filled and known values of the required items, by facility and diagnosis year."""
    from registry.quality.completeness import completeness

    patients, tumors = _judged(context)
    counts = pl.col("records", "filled", "unknown").cast(
        pl.Int64
    )  # unsigned counts would wrap when subtracted
    return completeness(patients, tumors).rename({"facility": "facility_id"}).with_columns(counts)


def _judged(context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    patient_items, tumor_items = frames.every_item(context, "patient"), frames.every_item(context, "tumor")
    patients, tumors = frames.load(context, patient_items, tumor_items)
    if "facility_id" not in tumors.columns and "reportingFacility" in tumors.columns:
        tumors = tumors.with_columns(facility_id=pl.col("reportingFacility"))
    return patients, tumors


@operation("quality.completeness")
def completeness(context: Context) -> pl.DataFrame:
    """Completeness of required items: frame[facility_id, diagnosis_year, item, records, filled, unknown, percent]."""
    return completeness_frame(context)


@operation("quality.indicators")
def indicators(context: Context, as_of: str | None = None) -> pl.DataFrame:
    """Quality indicators with their thresholds and status."""
    from registry.quality.indicators import indicators as judge

    patients, tumors = _judged(context)
    open_failures = context.store.query(
        "SELECT tumor_id, edit, severity, state FROM edit_failure WHERE state = 'open' ORDER BY failure_id"
    )
    return judge(patients, tumors, context.day(as_of), failures=open_failures)


@operation("quality.record_suites", changes=True)
def record_suites(context: Context, result: dict[str, Any], data_docs: str) -> None:
    """Keep what the completeness suites said (the pipeline runs them in a process of their own)."""
    with context.store.unit_of_work(context.actor.name, "quality.suites") as work:
        run_id = work.new_ids("job_run", 1)[0]
        row = {
            "run_id": run_id, "job": "quality-suites", "period": context.now().isoformat(), "state": "done",
            "attempt": 1, "actor": context.actor.name, "started_at": context.stamp, "finished_at": context.stamp,
            "result": json.dumps({**result, "data_docs": data_docs}),
        }  # fmt: skip
        work.insert("job_run", pl.DataFrame([row]))


@operation("quality.suites")
def suites(context: Context) -> dict[str, Any] | None:
    """The latest result of the suites, or None."""
    rows = context.store.query(
        "SELECT result FROM job_run WHERE job = 'quality-suites' ORDER BY run_id DESC LIMIT 1"
    )
    return json.loads(rows.item()) if rows.height else None
