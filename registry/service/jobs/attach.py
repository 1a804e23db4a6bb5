"""Weekly linkage: reports and treatments that fitted nobody when they came are tried again with who is known now."""

from __future__ import annotations

from typing import Any

import polars as pl

from registry.abstracting import treatments
from registry.formats import read_treatments
from registry.linkage import identity
from registry.linkage.known import IDENTITY_ITEMS, known_abstracts, match_by_record_number
from registry.service import frames
from registry.service.operations import Context, operation

_NUMBERED = [*IDENTITY_ITEMS, "medicalRecordNumber"]


@operation("jobs.attach", changes=True)
def attach(context: Context) -> dict[str, int]:
    """Attach waiting pathology reports and treatments to patients on strict agreement; count possible same persons.

    The rule is that of their arrival (`registry.linkage.persons`): number at the facility without contradiction, or name,
    birth date, sex and SSN all equal. What a patient has already is not attached a second time.

    Returns:
        {reports_waiting, reports_attached, treatments_waiting, treatments_attached, tasks_closed,
        possible_same_persons}: waiting = before this run; the last are patients who share an SSN, or name and birth
        date, with another.
    """
    context.require_central("jobs.attach")
    with context.store.unit_of_work(context.actor.name, "jobs.attach") as work:
        reports = _reports(context, work)
        treated = _treatments(context, work)
        same = _possible_same(context)
        work.log("linkage", None, "jobs.attach", None, {**reports, **treated, "possible_same_persons": same})
    return {**reports, **treated, "possible_same_persons": same}


def _reports(context: Context, work: Any) -> dict[str, int]:
    columns = [item for item in _NUMBERED if item in context.store.columns("pathology_report")]
    selected = "".join(f', "{item}"' for item in columns)
    waiting = work.query(
        f"""SELECT report_id AS row, source_id, facility_id{selected} FROM pathology_report
            WHERE patient_id IS NULL AND status <> 'cancelled' ORDER BY report_id"""
    ).with_columns(pl.col("row", "source_id").cast(pl.Int64))
    told = {"reports_waiting": waiting.height, "reports_attached": 0}
    if waiting.is_empty():
        return told
    waiting = waiting.with_columns(
        pl.lit(None, pl.String).alias(item) for item in _NUMBERED if item not in columns
    )
    found = match_by_record_number(waiting, known_abstracts(work, waiting)).matches
    if found.is_empty():
        return told
    work.execute(
        """UPDATE pathology_report SET patient_id = f.patient_id, version = version + 1, changed_at = ?, changed_by = ?
           FROM found f WHERE pathology_report.report_id = f.row AND pathology_report.patient_id IS NULL""",
        [context.stamp, context.actor.name],
        frames={"found": found},
    )
    work.digest(found, entity="pathology_report")
    _note(context, work, found.join(waiting.select("row", "source_id"), on="row"), "report")
    return {**told, "reports_attached": found.height}


def _note(context: Context, work: Any, joined: pl.DataFrame, kind: str) -> None:
    """One link_event a joined piece: frame[patient_id, source_id, rule]."""
    ids = pl.Series("event_id", list(work.new_ids("link_event", joined.height)), dtype=pl.Int64)
    events = joined.sort("source_id").select(
        ids, "patient_id", "source_id", "rule", happened_at=pl.lit(context.stamp), kind=pl.lit(kind),
        actor=pl.lit(context.actor.name),
    )  # fmt: skip
    work.insert("link_event", events, logged=False)


def _treatments(context: Context, work: Any) -> dict[str, int]:
    told = {"treatments_waiting": 0, "treatments_attached": 0, "tasks_closed": 0}
    waiting = work.query(
        """SELECT t.treatment_id, t.source_id, s.file_id, s.patient_index AS line
           FROM treatment t JOIN source_record s USING (source_id)
           WHERE t.abstract_id IS NULL AND t.tombstone_reason IS NULL ORDER BY t.treatment_id"""
    ).cast(pl.Int64)
    told["treatments_waiting"] = waiting.height
    read = [_as_received(context, part) for _, part in waiting.group_by("file_id", maintain_order=True)]
    if not read:
        return told
    rows = treatments.with_facility(work, pl.concat(read, how="diagonal").sort("row"))
    known = known_abstracts(work, rows)
    match = match_by_record_number(rows, known).matches
    found = treatments.with_abstract(rows.join(match, on="row"), known)
    found = _without_held(work, found.filter(pl.col("abstract_id").is_not_null()))
    if found.is_empty():
        return told
    given = found.select("row", "patient_id", "tumor_id", "abstract_id", "facility_id")
    work.execute(
        """UPDATE treatment SET patient_id = f.patient_id, tumor_id = f.tumor_id, abstract_id = f.abstract_id,
               facility_id = f.facility_id, version = version + 1, changed_at = ?, changed_by = ?
           FROM found f WHERE treatment.treatment_id = f.row AND treatment.abstract_id IS NULL""",
        [context.stamp, context.actor.name],
        frames={"found": given},
    )
    work.digest(given, entity="treatment")
    _note(context, work, found, "treatment")
    return {**told, "treatments_attached": found.height, "tasks_closed": _close_tasks(context, work, found)}


def _as_received(context: Context, waiting: pl.DataFrame) -> pl.DataFrame:
    """The lines of one kept file that wait, with the treatment's id as `row`."""
    content = context.store.file_bytes(int(waiting["file_id"][0]))
    lines = waiting.select("line", "source_id", row="treatment_id")
    return read_treatments(content).rows.join(lines, on="line")


def _without_held(work: Any, found: pl.DataFrame) -> pl.DataFrame:
    """Without treatments that their patient has already, or that came twice."""
    keys = ["patient_id", *treatments.KEY]
    held = work.query(
        f"""SELECT {", ".join(keys)} FROM treatment WHERE abstract_id IS NOT NULL AND tombstone_reason IS NULL
            ORDER BY treatment_id"""
    ).with_columns(pl.col("patient_id").cast(pl.Int64))
    once = found.sort("row").unique(keys, keep="first", maintain_order=True)
    return once.join(held, on=keys, how="anti", nulls_equal=True).sort("row")


def _close_tasks(context: Context, work: Any, found: pl.DataFrame) -> int:
    closed = work.execute(
        """UPDATE review_task SET state = 'closed', closed_at = ?, closed_by = ?, version = version + 1,
               outcome = 'attached by the weekly linkage'
           WHERE kind = 'unmatched-treatment' AND state = 'open' AND source_id IN (SELECT source_id FROM found)""",
        [context.stamp, context.actor.name],
        frames={"found": found.select("source_id")},
    )
    if closed:
        work.log("review_task", None, "close", {"state": "open"}, {"state": "closed", "rows": closed})
    return int(closed)


def _possible_same(context: Context) -> int:
    """Patients who share an SSN, or name and full birth date, with another patient."""
    held = [item for item in IDENTITY_ITEMS if item in context.store.columns("patient")]
    items = ", ".join(f'"{item}"' for item in held)
    rows = context.store.query(
        f"SELECT patient_id, {items} FROM patient WHERE {frames.NOT_GONE} ORDER BY patient_id"
    )
    who = identity(rows, ["patient_id"])
    by_ssn = who.filter(pl.col("ssn").is_not_null() & (pl.len().over("ssn") > 1))
    named = who.drop_nulls(["last", "first", "birth"]).filter(pl.col("birth").str.len_bytes() == 8)
    by_name = named.filter(pl.len().over("last", "first", "birth") > 1)
    return pl.concat([by_ssn, by_name])["patient_id"].n_unique()
