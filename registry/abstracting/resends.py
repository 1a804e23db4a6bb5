"""Applying resent records: new versions of abstracts that are already here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from registry.abstracting.received import received_items
from registry.abstracting.versions import FOLLOW_UP, differences
from registry.store import UnitOfWork

if TYPE_CHECKING:
    from registry.abstracting.receive import Arrival


AT_ONCE = 4_000  # records compared together: their items are held in several long frames


class Outcome(NamedTuple):
    """changed / unchanged: abstracts; review_tasks: rows put into the queue; patients: their ids."""

    changed: int
    unchanged: int
    review_tasks: int
    patients: set[int]


def _long(wide: pl.DataFrame, items: list[str]) -> pl.DataFrame:
    return (
        wide.unpivot(index="abstract_id", on=items, variable_name="item", value_name="value")
        .drop_nulls("value")
        .with_columns(pl.col("abstract_id").cast(pl.Int64))
    )


def apply(work: UnitOfWork, versions: pl.DataFrame, wide: pl.DataFrame, arrival: Arrival) -> Outcome:
    """Store the differences of resent records, apply those that may be, list those to review, leave out older follow-up.

    Args:
        versions: records with abstract_id and source_id of this receipt.
        wide: their items, in the same order.
    """
    together = Outcome(0, 0, 0, set())
    for start in range(0, versions.height, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        one = _apply(work, versions[part], wide[part], arrival)
        together = Outcome(
            together.changed + one.changed,
            together.unchanged + one.unchanged,
            together.review_tasks + one.review_tasks,
            together.patients | one.patients,
        )
    return together


def _apply(work: UnitOfWork, versions: pl.DataFrame, wide: pl.DataFrame, arrival: Arrival) -> Outcome:
    keys = versions.select("abstract_id", pl.col("source_id").alias("new_source"))
    held_rows = work.query(
        "SELECT a.* FROM abstract a SEMI JOIN keys USING (abstract_id) ORDER BY a.abstract_id",
        frames={"keys": keys},
    )
    last = held_rows.select(pl.col("abstract_id", "source_id").cast(pl.Int64)).drop_nulls("source_id")
    received = (
        received_items(work, last["source_id"].to_list(), arrival.dictionaries)
        .join(last, on="source_id")
        .select("abstract_id", "item", "value")
    )
    incoming = _long(pl.DataFrame([versions["abstract_id"], *wide]), wide.columns)
    items = sorted({*received["item"], *incoming["item"], *FOLLOW_UP})
    current = _long(held_rows, [item for item in items if item in held_rows.columns])
    frozen = held_rows.filter(pl.col("status") == "void")["abstract_id"].to_list()
    changes = differences(incoming, received, current, arrival.legal, frozen)
    _write_versions(work, keys, changes, held_rows, arrival)
    tasks = _list_for_review(work, changes, held_rows, arrival)
    changed = set(changes["abstract_id"])
    patients = set(held_rows.filter(pl.col("abstract_id").is_in(list(changed)))["patient_id"])
    return Outcome(len(changed), versions.height - len(changed), tasks, patients)


def _write_versions(
    work: UnitOfWork, keys: pl.DataFrame, changes: pl.DataFrame, held: pl.DataFrame, arrival: Arrival
) -> None:
    applied = changes.filter("applied")
    # What is only held or left out belongs to the version that stands; the row itself does not change.
    rises = pl.col("abstract_id").is_in(applied["abstract_id"].unique().to_list())
    versions = held.select(
        pl.col("abstract_id").cast(pl.Int64), version=pl.col("version") + rises.cast(pl.Int32)
    )
    log = changes.join(versions, on="abstract_id").join(keys, on="abstract_id").select(
        "abstract_id", "version", "item", "before", "after",
        source_id=pl.col("new_source"), changed_by=pl.lit(arrival.actor), changed_at=pl.lit(arrival.now),
        reason=pl.when("applied").then(pl.lit("resent by the facility"))
        .when("older").then(pl.lit("resent; older than what is known here"))
        .otherwise(pl.lit("resent; held for review")),
    )  # fmt: skip
    work.insert("abstract_change", log)
    if applied.height:
        # The wide table takes one statement: every changed column, the current value where a row keeps it.
        wide = applied.pivot(on="item", index="abstract_id", values="after").sort("abstract_id")
        touched = (
            applied.select("abstract_id", "item", pl.lit(True).alias("set"))
            .pivot(on="item", index="abstract_id", values="set")
            .sort("abstract_id")
        )
        base = (
            held.with_columns(pl.col("abstract_id").cast(pl.Int64))
            .join(wide.select("abstract_id"), on="abstract_id", how="semi")
            .sort("abstract_id")
        )
        columns = [name for name in wide.columns if name != "abstract_id"]
        merged = wide.select(
            "abstract_id",
            *(
                pl.when(touched[name].fill_null(False))
                .then(pl.col(name))
                .otherwise(base[name] if name in base.columns else pl.lit(None, pl.String))
                .alias(name)
                for name in columns
            ),
        )
        work.merge("abstract", merged)
    work.execute(
        "UPDATE abstract SET source_id = k.new_source FROM keys k WHERE abstract.abstract_id = k.abstract_id",
        frames={"keys": keys},
    )


def _list_for_review(work: UnitOfWork, changes: pl.DataFrame, held: pl.DataFrame, arrival: Arrival) -> int:
    listed = changes.filter((pl.col("critical") | ~pl.col("applied")) & ~pl.col("older"))
    if listed.is_empty():
        return 0
    owners = held.select(pl.col("abstract_id").cast(pl.Int64), "patient_id", "facility_id", "status")
    tasks = (
        listed.group_by("abstract_id", maintain_order=True)
        .agg(
            critical=pl.col("item").filter("applied").sort().str.join(", "),
            held=pl.col("item").filter(~pl.col("applied")).sort().str.join(", "),
        )
        .join(owners, on="abstract_id")
        .sort("abstract_id")
        .select(
            "abstract_id", "patient_id", "facility_id",
            detail=pl.concat_str(
                pl.lit("resent record"),
                pl.when(pl.col("critical") != "").then(pl.lit("; changed: ") + pl.col("critical")).otherwise(pl.lit("")),
                pl.when(pl.col("held") != "").then(
                    pl.format("; held, because {}: {}", pl.when(pl.col("status") == "void").then(
                        pl.lit("the abstract is void")).otherwise(pl.lit("it was edited here")), "held")
                ).otherwise(pl.lit("")),
            ),
            kind=pl.lit("resent-critical"), state=pl.lit("open"), created_at=pl.lit(arrival.now),
        )
    )  # fmt: skip
    ids = pl.Series("task_id", list(work.new_ids("review_task", tasks.height)), dtype=pl.Int64)
    work.insert("review_task", tasks.with_columns(ids))
    return tasks.height
