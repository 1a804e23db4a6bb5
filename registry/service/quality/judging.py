"""Judging: what fails among the records of some patients, ready to be compared with what the board holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from registry import edits, standards
from registry.edits.definition import OVERRIDE_FLAG
from registry.service.quality import records

if TYPE_CHECKING:
    from registry.service.operations import Context

KEY = ("abstract_id", "tumor_id", "edit")
"""One failure at most stands for a record and an edit."""
VALUES = (
    "patient_id", "facility_id", "edit_version", "severity", "items", "item_values", "message", "state", "override_item",
)  # fmt: skip
"""What a failure says; the same columns are compared with the kept one."""
FOUND = pl.Schema(
    dict.fromkeys(("abstract_id", "tumor_id"), pl.Int64)
    | dict.fromkeys(("edit", *VALUES), pl.String)
    | {"patient_id": pl.Int64}
)


class Asked:
    """Edits of a run, by what they must see.

    Attributes:
        ids: all of them. single: those that judge one record. within: those that compare records of one patient.
        across: those that compare records of several patients.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        between = [name for name in self.ids if edits.find(name).level == "inter-record"]
        beyond = set(edits.across_patients(self.ids))
        self.single = [name for name in self.ids if name not in set(between)]
        self.within = [name for name in between if name not in beyond]
        self.across = [name for name in between if name in beyond]


def of_patients(context: Context, asked: Asked, wanted: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Failures of the patients `wanted`, by the edits that need to see no others.

    Returns:
        frame[*KEY, *VALUES], one row a record and edit; overrides count already.
    """
    kept = overrides(context, wanted)
    found = [_empty()]
    if asked.single:
        rows = records.abstracts(context, asked.single, wanted)
        judged = edits.run(
            None,
            rows.drop("record_type"),
            asked.single,
            as_of=day,
            keys=["facility_id", "patient_id", "tumor_id", "abstract_id"],
            overrides=_reasons(context, asked, kept, rows),
        )
        found.append(_that_apply(judged, rows).select(list(FOUND)).cast(FOUND))
    if asked.within:
        found.append(_compared(context, asked.within, wanted, day))
    return _with_overrides(pl.concat(found).unique(KEY, keep="first", maintain_order=True), kept)


def across_patients(context: Context, asked: Asked, everybody: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Failures of the edits that compare patients with one another; columns as `of_patients`.

    They tell of other people's records, so they are central staff's unless the registry has one facility alone.
    """
    if not asked.across or everybody.is_empty():
        return _empty()
    found = _compared(context, asked.across, everybody, day)
    facilities = context.store.query(
        "SELECT count(DISTINCT coalesce(facility_id, '')) FROM abstract WHERE status <> 'void'"
    ).item()
    if facilities > 1:
        found = found.with_columns(facility_id=pl.lit(None, pl.String))
    return _with_overrides(found, overrides(context, everybody))


def _compared(context: Context, edit_ids: Sequence[str], wanted: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Failures among consolidated tumors, at the tumor's leading abstract."""
    patients, tumors = records.consolidated(context, edit_ids, wanted)
    if tumors.is_empty():
        return _empty()
    judged = edits.run(patients, tumors, edit_ids, as_of=day, keys=["patient_id", "tumor_id"])
    led = judged.join(records.leading(context, wanted), on="tumor_id", how="left", maintain_order="left")
    return led.select(list(FOUND)).cast(FOUND).unique(KEY, keep="first", maintain_order=True)


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema=FOUND)


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
    return pairs.join(dropped, on=["edit", "record_type"], how="anti", maintain_order="left")


def overrides(context: Context, wanted: pl.DataFrame) -> pl.DataFrame:
    """Overrides of these patients that were not withdrawn.

    Returns:
        frame[override_id, facility_id, patient_id, tumor_id, abstract_id, edit, item_values, account, created_at, reason],
        sorted by override_id.
    """
    return records.with_ids(
        context.store.query(
            """SELECT o.override_id, a.facility_id, o.patient_id, o.tumor_id, o.abstract_id, o.edit, o.item_values,
                      o.account, o.created_at, o.reason
               FROM edit_override o SEMI JOIN wanted USING (patient_id) LEFT JOIN abstract a USING (abstract_id)
               WHERE o.withdrawn_at IS NULL ORDER BY o.override_id""",
            frames={"wanted": wanted.select("patient_id")},
        )
    )


REASONS = {"abstract_id": pl.Int64} | dict.fromkeys(
    ("edit", "item_values", "account", "created_at", "reason"), pl.String
)


def _reasons(context: Context, asked: Asked, kept: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame | None:
    """Who over-rode what and why, as the engine takes it; None where no edit about flags is asked."""
    if not any(edits.find(name).of_flags for name in asked.single):
        return None
    own = kept.select(list(REASONS)).cast(pl.Schema(REASONS))
    return pl.concat([own, _senders_flags(context, rows)])


def _senders_flags(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """Flags that records came with, as the sender's word: who set them here has to say why, a sender did it elsewhere.

    Args:
        rows: abstracts with their flags.
    """
    flags = [name for name in rows.columns if name.startswith(OVERRIDE_FLAG)]
    if not flags:
        return pl.DataFrame(schema=REASONS)
    held = rows.select("abstract_id", *flags).unpivot(
        flags, index="abstract_id", variable_name="flag", value_name="code"
    )
    set_flags = (
        held.cast({"flag": pl.String, "code": pl.String}).drop_nulls("code").select("abstract_id", "flag")
    )
    if set_flags.is_empty():
        return pl.DataFrame(schema=REASONS)
    came = records.with_ids(
        context.store.query(
            """WITH s AS MATERIALIZED (SELECT * FROM set_flags)
               SELECT s.abstract_id, s.flag, coalesce(a.sender, a.facility_id, 'sender') AS account, a.created_at
               FROM s JOIN abstract a USING (abstract_id) WHERE a.source_id IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM abstract_change c
                   WHERE c.abstract_id = s.abstract_id AND c.item = s.flag AND c.source_id IS NULL)
               ORDER BY s.abstract_id, s.flag""",
            frames={"set_flags": set_flags},
        )
    )
    silenced = [(flag, name) for name, edit in edits.all_edits().items() for flag in edit.override_items]
    pairs = pl.DataFrame(silenced, schema={"flag": pl.String, "edit": pl.String}, orient="row")
    return (
        came.cast({"flag": pl.String})
        .join(pairs, on="flag")
        .with_columns(item_values=pl.lit(None, pl.String), reason=pl.lit("received with the record"))
        .select(list(REASONS))
        .cast(pl.Schema(REASONS))
    )


def _with_overrides(found: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Failures with the state that the registry's own overrides give them.

    An override counts for the values that it was given for. When an item changed since, it is stale: the failure is
    open again although the record's flag is still set, because nobody looked at these values.
    """
    if kept.is_empty() or found.is_empty():
        return found
    return overridden(found, kept, "abstract_id").select(list(FOUND))


def overridden(found: pl.DataFrame, kept: pl.DataFrame, key: str) -> pl.DataFrame:
    """`found` in its order, its `state` as the over-rides of each record (`key`) make it; stale ones do not count."""
    by = [key, "edit"]
    for_edit = kept.select(by).unique().with_columns(has=pl.lit(value=True))
    for_values = kept.select(*by, "item_values").unique().with_columns(same=pl.lit(value=True))
    joined = found.join(for_edit, on=by, how="left", maintain_order="left").join(
        for_values, on=[*by, "item_values"], how="left", maintain_order="left"
    )
    soft = pl.col("severity") == edits.REVIEW
    state = (
        pl.when(soft & pl.col("same").is_not_null())
        .then(pl.lit("overridden"))
        .when(soft & pl.col("has").is_not_null())
        .then(pl.lit("open"))
        .otherwise("state")
    )
    return joined.with_columns(state=state)
