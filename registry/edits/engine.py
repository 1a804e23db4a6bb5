"""Running edits over frames of any size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from registry.edits import failures, sets
from registry.edits import overrides as flags
from registry.edits.definition import PATIENT, Edit
from registry.edits.plan import Plan, columns_of, compile_plan, silenced, softer_column, together
from registry.errors import BadInput
from registry.standards import dates

PATIENT_KEYS = ("patient_id", "patient_index", "patientIdNumber")
SURROGATE_KEYS = (
    "facility_id",
    "patient_id",
    "tumor_id",
    "abstract_id",
    "patient_index",
    "tumor_index",
    "recordId",
)
REPORTED_KEYS = ("patientIdNumber", "tumorRecordNumber")


def run(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    edit_set: str | Sequence[str] = "central",
    *,
    as_of: dt.date | None = None,
    keys: Sequence[str] | None = None,
    own: str | Path | None = None,
    overrides: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Judge records by an edit set.

    Args:
        patients: Patient-level items; joined to `tumors` on patient_id, else patient_index, else
            patientIdNumber. None when the tumors carry the patient's items themselves.
        tumors: one row per record, columns NAACCR XML ids, blank = null. An item without a column
            counts as never sent.
        edit_set: a set's name (see `names`) or a list of edit ids.
        as_of: the day of judgement, today when absent; later dates are in the future.
        keys: columns that identify a record in the result; by default the platform's own ids that
            the frames have, else patientIdNumber and tumorRecordNumber.
        own: file of the registry's own edits, see `load_own`.
        overrides: why records were over-ridden, for the edits about that: the keys, then
            `edit, item_values, account, created_at, reason`, one row an over-ride.

    Returns:
        One row a failure: the keys, then `edit, edit_version, severity, override_item, items,
        item_values, message, state`, in total order (keys, edit, values). `items` is joined with
        `;`, `item_values` is a JSON object, `state` is open or overridden.

    Raises:
        NotFound: no such set or edit. BadInput: the frames share no patient key, or a column holds
        something else than single values.

    >>> tumors = pl.DataFrame({"tumor_id": [7], "primarySite": ["C619"], "sex": ["2"]})
    >>> found = run(None, tumors, ["site-sex"], as_of=dt.date(2026, 11, 1))
    >>> found.select("tumor_id", "edit", "message").row(0)
    (7, 'site-sex', 'Primary site C619 cannot occur in a patient whose sex is 2')
    """
    plan, records, key_columns = _prepared(patients, tumors, edit_set, as_of, keys, own)
    found = [
        failures.collect(judged, verdicts, edits, key_columns)
        for judged, verdicts, edits in _judged(plan, records)
    ]
    found += _of_flags(plan, records, key_columns, overrides)
    return failures.combine(found, records.select(key_columns).schema, key_columns)


def counts(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    edit_set: str | Sequence[str] = "central",
    *,
    as_of: dt.date | None = None,
    own: str | Path | None = None,
    overrides: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """How many records fail each edit, without the table of failures. Arguments as in `run`.

    Returns:
        frame[edit, severity, records, overridden], one row an edit and severity of what failed,
        sorted. `records` counts the overridden as well.

    >>> tumors = pl.DataFrame({"primarySite": ["C619", "C509"], "sex": ["2", "2"]})
    >>> counts(None, tumors, ["site-sex"], as_of=dt.date(2026, 11, 1)).rows()
    [('site-sex', 'error', 1, 0)]
    """
    plan, records, key_columns = _prepared(patients, tumors, edit_set, as_of, None, own)
    rows = [
        row
        for judged, verdicts, edits in _judged(plan, records)
        for row in failures.count(judged, verdicts, edits)
    ]
    for part in _of_flags(plan, records, key_columns, overrides):
        rows += part.group_by("edit", "severity").agg(pl.len(), pl.lit(0)).rows()
    schema = {"edit": pl.String, "severity": pl.String, "records": pl.Int64, "overridden": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("edit", "severity")


def judge(plan: Plan, records: pl.DataFrame) -> pl.DataFrame:
    """Boolean frame, one column per item, inter-item and text edit of the plan (True = fails)."""
    if not plan.edits:
        return pl.DataFrame()
    softer = [plan.softer[edit.id] for edit in plan.edits if edit.review_when]
    return plan.prepare(_items(records, plan)).select([*plan.fires, *softer]).collect()


def judge_groups(
    plan: Plan, over: Sequence[str], records: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """The records that share the columns with another one, and the verdicts on them."""
    groups = _groups(records, over)
    if groups.height < 2:
        return None
    edits = plan.grouped[tuple(over)]
    asked: dict[str, pl.Expr] = {}
    for edit in edits:
        asked |= {expression.meta.output_name(): expression for expression in together(edit)}
    softer = [plan.softer[edit.id] for edit in edits if edit.review_when]
    answers = plan.prepare(groups.lazy()).select(*asked.values(), *softer, *_GIVEN).collect()
    verdicts = [verdict for edit in edits for verdict in _together(edit, answers)]
    soft = [answers.get_column(softer_column(edit)) for edit in edits if edit.review_when]
    return groups, pl.DataFrame([*verdicts, *soft])


_GIVEN = (pl.col(PATIENT), pl.col("@as_of"))
"""Engine columns that rules over whole frames are given."""


def _judged(plan: Plan, records: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, Sequence[Edit]]]:
    """Records, their verdicts, and the edits that gave them: single records first, then groups."""
    if records.is_empty():
        return
    yield records, judge(plan, records), plan.edits
    for over, edits in plan.grouped.items():
        grouped = judge_groups(plan, over, records)
        if grouped is not None:
            yield *grouped, edits


def _groups(records: pl.DataFrame, over: Sequence[str]) -> pl.DataFrame:
    if not over:
        return records
    filled = pl.all_horizontal([pl.col(c).is_not_null() for c in over])
    return records.filter(filled & (pl.len().over(over) > 1))


def _together(edit: Edit, answers: pl.DataFrame) -> list[pl.Series]:
    """Verdicts of an inter-record edit, and what it found when it says that in words."""
    if not edit.judges_frames:
        return [answers.get_column(edit.id)]
    columns = dict.fromkeys((*edit.items, *edit.reads, PATIENT, "@as_of"))
    found: pl.Series = edit.expression(answers.select(list(columns)))
    if found.dtype != pl.String:
        return [found.cast(pl.Boolean).fill_null(value=False).alias(edit.id)]
    return [found.is_not_null().alias(edit.id), found.alias(failures.found_column(edit))]


def _of_flags(
    plan: Plan, records: pl.DataFrame, keys: Sequence[str], reasons: pl.DataFrame | None
) -> list[pl.DataFrame]:
    """Failures of the edits of over-ride flags."""
    if not plan.of_flags:
        return []
    behind = compile_plan(silenced())
    return flags.collect(plan.of_flags, records, lambda blanked: _judged(behind, blanked), keys, reasons)


# --- what the records look like ------------------------------------------------------------------


def _prepared(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    edit_set: str | Sequence[str],
    as_of: dt.date | None,
    keys: Sequence[str] | None,
    own: str | Path | None,
) -> tuple[Plan, pl.DataFrame, list[str]]:
    """The plan, the records with every column that it reads or shows, and their key columns."""
    if own is not None:
        from registry.edits.own import load_own

        load_own(own)
    plan = compile_plan(sets.edit_ids(edit_set))
    edits = [*plan.edits, *plan.of_flags, *(edit for edits in plan.grouped.values() for edit in edits)]
    needed = [*plan.columns, *columns_of(edits)]
    records, patient_key = joined(patients, tumors, {*needed, *SURROGATE_KEYS, *REPORTED_KEYS, *(keys or ())})
    key_columns = _keys(records, keys)
    wanted = [*key_columns, *(column for column in needed if column not in key_columns)]
    return plan, _complete(records, wanted, patient_key, as_of or dt.date.today()), key_columns


def joined(
    patients: pl.DataFrame | None, tumors: pl.DataFrame, needed: Collection[str] | None = None
) -> tuple[pl.DataFrame, str | None]:
    """Tumors with the patient's items, and the column that says whose they are.

    Args:
        patients, tumors: see `run`.
        needed: columns that are wanted of both, others may be left out; None = all.

    Raises:
        BadInput: the two frames share no patient key.
    """
    if patients is None:
        return tumors, next((key for key in PATIENT_KEYS if key in tumors.columns), None)
    key = next((k for k in PATIENT_KEYS if k in tumors.columns and k in patients.columns), None)
    if key is None:
        raise BadInput("edits", f"patients and tumors need one of {', '.join(PATIENT_KEYS)} in common")
    if needed is not None:
        tumors = tumors.select([c for c in tumors.columns if c in needed or c == key])
    columns = [c for c in patients.columns if c not in tumors.columns and (needed is None or c in needed)]
    one_each = patients.select([key, *columns])
    if one_each.get_column(key).n_unique() < one_each.height:
        one_each = one_each.unique(subset=key, keep="first", maintain_order=True)
    return tumors.join(one_each, on=key, how="left", maintain_order="left"), key


def _keys(records: pl.DataFrame, keys: Sequence[str] | None) -> list[str]:
    if keys is not None:
        return list(keys)
    own = [key for key in SURROGATE_KEYS if key in records.columns]
    return own if set(own) - {"facility_id"} else [*own, *REPORTED_KEYS]


def _complete(
    records: pl.DataFrame, columns: Sequence[str], patient_key: str | None, as_of: dt.date
) -> pl.DataFrame:
    """The wanted columns as text (those nobody sent are null), plus the engine's own."""
    records = _without_empty_text(records, columns)
    patient = pl.lit(None, pl.String) if patient_key is None else pl.col(patient_key).cast(pl.String)
    kinds = records.schema
    return records.select(
        [_column(kinds, name) for name in dict.fromkeys(columns)]
        + [pl.lit(day, pl.Int32).alias(name) for name, day in days(as_of).items()]
        + [patient.alias(PATIENT)]
    )


def _without_empty_text(records: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Records in which text of no characters is null, as it is in files."""
    kinds = records.schema
    text = [name for name in dict.fromkeys(columns) if kinds.get(name) == pl.String]
    empty = records.select((pl.col(name) == "").any() for name in text).row(0, named=True) if text else {}
    return records.with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in text if empty[name]
    )


def days(as_of: dt.date) -> dict[str, int]:
    """The engine's own dates as numbers YYYYMMDD."""
    overdue = dates.months_after(as_of, -15)
    return {"@as_of": int(f"{as_of:%Y%m%d}"), "@overdue_before": int(f"{overdue:%Y%m%d}")}


def _column(kinds: Mapping[str, pl.DataType], name: str) -> pl.Expr:
    kind = kinds.get(name)
    if kind is None:
        return pl.lit(None, pl.String).alias(name)
    if name in SURROGATE_KEYS or kind == pl.String:
        return pl.col(name)
    if kind in (pl.Date, pl.Datetime):
        return pl.col(name).dt.strftime("%Y%m%d")
    if kind.is_nested() or kind == pl.Object:
        raise BadInput(f"column {name}", "its cells hold lists or objects", "give one value a cell, as text")
    return pl.col(name).cast(pl.String, strict=False)


def _items(records: pl.DataFrame, plan: Plan) -> pl.LazyFrame:
    engine = [name for name in ("@as_of", "@overdue_before", PATIENT) if name in records.columns]
    return records.lazy().select([*plan.columns, *engine])
