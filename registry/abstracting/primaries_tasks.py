"""Review tasks about primaries: one for each pair where records and rules disagree and nobody decided."""

from __future__ import annotations

import datetime as dt

import polars as pl

from registry.abstracting.primaries import TUMORS
from registry.store import UnitOfWork

KIND = "primaries-disagree"
SETTLED = "decided, or no longer so"


def sync(
    work: UnitOfWork, pairs: pl.DataFrame, patient_ids: pl.DataFrame | None, now: dt.datetime
) -> dict[str, int]:
    """Open tasks for pairs that need a look, close those that no longer do.

    Args:
        pairs: from `primaries.listed`, all pairs of these patients.
        patient_ids: frame[patient_id] that were compared; None for everybody.

    Returns:
        {opened, closed}.
    """
    wanted = pairs.filter("open").with_columns(detail=detail()).select("patient_id", "detail")
    whose = "" if patient_ids is None else "SEMI JOIN wanted USING (patient_id)"
    held = work.query(
        # what a person closed is not asked again, unless the rules say something else
        f"SELECT task_id, patient_id, detail, state FROM review_task {whose} "
        "WHERE kind = ? AND (state = 'open' OR outcome <> ?) ORDER BY task_id",
        [KIND, SETTLED],
        frames={} if patient_ids is None else {"wanted": patient_ids},
    ).with_columns(pl.col("task_id", "patient_id").cast(pl.Int64))
    new = wanted.join(held, on=["patient_id", "detail"], how="anti").sort("patient_id", "detail")
    done = (
        held.filter(pl.col("state") == "open")
        .join(wanted, on=["patient_id", "detail"], how="anti")
        .select("task_id")
    )
    if new.height:
        ids = pl.Series("task_id", list(work.new_ids("review_task", new.height)), dtype=pl.Int64)
        rows = new.with_columns(ids, kind=pl.lit(KIND), state=pl.lit("open"), created_at=pl.lit(now))
        work.insert("review_task", rows)
    if done.height:
        work.execute(
            "UPDATE review_task SET state = 'closed', closed_at = ?, closed_by = ?, outcome = ? "
            "WHERE task_id IN (SELECT task_id FROM done)",
            [now, work.actor, SETTLED],
            frames={"done": done},
        )
        work.digest(done, entity="review_task")
    return {"opened": new.height, "closed": done.height}


def detail() -> pl.Expr:
    """The task's text: ids, rule and its verdict, no values of the patient."""
    by = pl.format(" ({}{})", pl.col("group_id"), pl.concat_str(pl.lit(" "), "step").fill_null(""))
    rule = pl.when(pl.col("group_id").is_not_null()).then(by).otherwise(pl.lit(""))
    return (
        pl.when(pl.col("kind") == TUMORS)
        .then(pl.format("tumors {} and {} are one primary by the rules{}", "first_id", "second_id", rule))
        .otherwise(
            pl.format(
                "abstracts {} and {} of one tumor are two primaries by the rules{}",
                "first_id",
                "second_id",
                rule,
            )
        )
    )
