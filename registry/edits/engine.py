"""Running edits: over frames of any size, or over the one record that somebody is typing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import polars as pl

from registry.edits import definition, failures, sets
from registry.edits.definition import PATIENT, Edit
from registry.edits.plan import Plan, columns_of, compile_plan, flag, is_asked, together
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


_AS_WRITTEN = pl.QueryOptFlags.none()
"""For one record planning costs more than it saves."""


@dataclass(frozen=True)
class Failure:
    """What one edit says about one record. `values` holds the edit's items as reported."""

    edit: str
    edit_version: str
    severity: str
    message: str
    items: tuple[str, ...]
    values: dict[str, str | None]
    override_item: str | None
    state: str


def run(
    patients: pl.DataFrame | None,
    tumors: pl.DataFrame,
    edit_set: str | Sequence[str] = "central",
    *,
    as_of: dt.date | None = None,
    keys: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Judge records by an edit set.

    Args:
        patients: Patient-level items; joined to `tumors` on patient_id, else patient_index, else
            patientIdNumber. None when the tumors carry the patient's items themselves.
        tumors: one row per record, columns NAACCR XML ids, blank = null. An item without a column
            counts as never sent.
        edit_set: a set's name (hospital, central, submission, all) or a list of edit ids.
        as_of: the day of judgement, today when absent; later dates are in the future.
        keys: columns that identify a record in the result; by default the platform's own ids that
            the frames have, else patientIdNumber and tumorRecordNumber.

    Returns:
        One row a failure: the keys, then `edit, edit_version, severity, override_item, items,
        item_values, message, state`, sorted by keys and edit. `items` is joined with `;`,
        `item_values` is a JSON object, `state` is open or overridden.

    >>> tumors = pl.DataFrame({"tumor_id": [7], "primarySite": ["C619"], "sex": ["2"]})
    >>> found = run(None, tumors, ["site-sex"], as_of=dt.date(2026, 11, 1))
    >>> found.select("tumor_id", "edit", "message").row(0)
    (7, 'site-sex', 'Primary site C619 cannot occur in a patient whose sex is 2')
    """
    as_of = as_of or dt.date.today()
    plan = compile_plan(sets.edit_ids(edit_set))
    records, patient_key = joined(patients, tumors)
    key_columns = _keys(records, keys)
    shown = [c for c in columns_of([*plan.edits, *sum(plan.grouped.values(), ())]) if c not in key_columns]
    records = _complete(records, [*key_columns, *plan.columns, *shown], patient_key, as_of)
    found = [failures.collect(records, judge(plan, records), plan.edits, key_columns)]
    found += _grouped(plan, records, key_columns)
    return failures.combine(found, records.select(key_columns).schema, key_columns)


def judge(plan: Plan, records: pl.DataFrame) -> pl.DataFrame:
    """Boolean frame, one column per item and inter-item edit of the plan (True = fails)."""
    if not plan.edits:
        return pl.DataFrame()
    softer = [_softer(edit) for edit in plan.edits if edit.review_when]
    return plan.prepare(_items(records, plan)).select([*plan.fires, *softer]).collect()


def check_record(
    record: Mapping[str, str | None],
    edit_set: str | Sequence[str] = "hospital",
    *,
    as_of: dt.date | None = None,
) -> list[Failure]:
    """Judge one record by the set's item and inter-item edits, fast enough for every key stroke.

    >>> [failure.edit for failure in check_record({"laterality": "7"}, ["laterality-valid"],
    ...                                            as_of=dt.date(2026, 11, 1))]
    ['laterality-valid']
    """
    as_of = as_of or dt.date.today()
    plan = compile_plan(sets.edit_ids(edit_set))
    values = {item: _text(record.get(item)) for item in plan.columns}
    frame = pl.DataFrame([{**values, **_days(as_of)}], schema=_schema_of(plan.columns))
    for step in plan.reported:
        frame = _add(frame, step)
    invalid = {name for name, bad in _item_verdicts(plan, values, frame, as_of).items() if bad}
    not_valid = {name.partition("@")[0] for name in invalid}
    frame = _add(frame, [pl.lit(None, pl.String).alias(item) for item in not_valid])
    for step in plan.terms:
        frame = _add(frame, step)
    cleaned = frame.row(0, named=True)
    asked = [edit for edit in plan.edits if edit.id in plan.questions and is_asked(edit, cleaned)]
    softer = [_softer(edit) for edit in asked if edit.review_when]
    answers = _ask(frame, [*(plan.questions[edit.id] for edit in asked), *softer])
    fired = [
        edit
        for edit in plan.edits
        if answers.get(edit.id) or any(flag(edit.id, item) in invalid for item in edit.items)
    ]
    return [_failure(edit, record, softer=bool(answers.get(f"{edit.id}@softer"))) for edit in fired]


def _item_verdicts(
    plan: Plan, values: Mapping[str, str | None], frame: pl.DataFrame, as_of: dt.date
) -> dict[str, bool]:
    """Flags of one record's items. A verdict depends on the value alone, so it is remembered."""
    remembered = _remembered()
    if len(remembered) > 50_000:
        remembered.clear()
    keys = {name: (name, values[name.partition("@")[0]], as_of) for name in plan.bad}
    verdicts = {name: known for name, key in keys.items() if (known := remembered.get(key)) is not None}
    for name, verdict in _ask(frame, [bad for name, bad in plan.bad.items() if name not in verdicts]).items():
        verdicts[name] = verdict
        if name.partition("@")[0] not in _NOT_REMEMBERED:
            remembered[keys[name]] = verdict
    return verdicts


@cache
def _remembered() -> dict[tuple[str, str | None, dt.date], bool]:
    """Verdicts so far; a cache, so that they are forgotten when other reference tables come into use."""
    return {}


_NOT_REMEMBERED = {"nameLast", "patientIdNumber", "dateOfBirth"}
"""Items that say who somebody is are judged anew each time and leave no trace in memory."""


def _add(frame: pl.DataFrame, columns: Sequence[pl.Expr]) -> pl.DataFrame:
    return frame.lazy().with_columns(columns).collect(optimizations=_AS_WRITTEN) if columns else frame


def _ask(frame: pl.DataFrame, questions: Sequence[pl.Expr]) -> dict[str, Any]:
    if not questions:
        return {}
    return frame.lazy().select(questions).collect(optimizations=_AS_WRITTEN).row(0, named=True)


@lru_cache(maxsize=64)
def _schema_of(columns: tuple[str, ...]) -> dict[str, pl.DataType]:
    numbers = {"@as_of": pl.Int32(), "@overdue_before": pl.Int32(), PATIENT: pl.String()}
    return {**dict.fromkeys(columns, pl.String()), **numbers}


def _softer(edit: Edit) -> pl.Expr:
    assert edit.review_when is not None
    return edit.review_when().fill_null(value=False).alias(f"{edit.id}@softer")


def joined(patients: pl.DataFrame | None, tumors: pl.DataFrame) -> tuple[pl.DataFrame, str | None]:
    """Tumors with the patient's items, and the column that says whose they are.

    Raises:
        BadInput: the two frames share no patient key.
    """
    if patients is None:
        return tumors, next((key for key in PATIENT_KEYS if key in tumors.columns), None)
    key = next((k for k in PATIENT_KEYS if k in tumors.columns and k in patients.columns), None)
    if key is None:
        raise BadInput("edits", f"patients and tumors need one of {', '.join(PATIENT_KEYS)} in common")
    columns = [c for c in patients.columns if c not in tumors.columns]
    one_each = patients.select([key, *columns]).unique(subset=key, keep="first", maintain_order=True)
    return tumors.join(one_each, on=key, how="left", maintain_order="left"), key


def _grouped(plan: Plan, records: pl.DataFrame, keys: Sequence[str]) -> list[pl.DataFrame]:
    """Failures of the inter-record edits: only groups of two or more records are looked at."""
    found = []
    for over, edits in plan.grouped.items():
        groups = _groups(records, over)
        if groups.height < 2:
            continue
        asked: dict[str, pl.Expr] = {}
        for edit in edits:
            asked |= {expression.meta.output_name(): expression for expression in together(edit)}
        answers = plan.prepare(groups.lazy()).select(*asked.values(), *_ENGINE_COLUMNS).collect()
        verdicts = [verdict for edit in edits for verdict in _together(edit, answers)]
        found.append(failures.collect(groups, pl.DataFrame(verdicts), edits, keys))
    return found


_ENGINE_COLUMNS = (pl.col(PATIENT), pl.col("@as_of"))


def _groups(records: pl.DataFrame, over: Sequence[str]) -> pl.DataFrame:
    """Records that share the columns with another one."""
    if not over:
        return records
    filled = pl.all_horizontal([pl.col(c).is_not_null() for c in over])
    return records.filter(filled & (pl.len().over(over) > 1))


def _together(edit: Edit, answers: pl.DataFrame) -> list[pl.Series]:
    """Verdicts of an inter-record edit, and what it found when it says that in words."""
    if not edit.judges_frames:
        return [answers.get_column(edit.id)]
    columns = dict.fromkeys((*edit.items, *edit.reads, PATIENT, "@as_of"))
    found = edit.expression(answers.select(list(columns)))
    if found.dtype != pl.String:
        return [found.cast(pl.Boolean).fill_null(value=False).alias(edit.id)]
    return [found.is_not_null().alias(edit.id), found.alias(failures.found_column(edit))]


def _keys(records: pl.DataFrame, keys: Sequence[str] | None) -> list[str]:
    if keys is not None:
        return list(keys)
    own = [key for key in SURROGATE_KEYS if key in records.columns]
    return own if set(own) - {"facility_id"} else [*own, *REPORTED_KEYS]


def _complete(
    records: pl.DataFrame, columns: Sequence[str], patient_key: str | None, as_of: dt.date
) -> pl.DataFrame:
    """The wanted columns as text (those nobody sent are null), plus the engine's own."""
    patient = pl.lit(None, pl.String) if patient_key is None else pl.col(patient_key).cast(pl.String)
    return records.select(
        [_column(records, name) for name in dict.fromkeys(columns)]
        + [pl.lit(day, pl.Int32).alias(name) for name, day in _days(as_of).items()]
        + [patient.alias(PATIENT)]
    )


def _days(as_of: dt.date) -> dict[str, int]:
    """The engine's own dates as numbers YYYYMMDD."""
    overdue = dates.months_after(as_of, -15)
    return {"@as_of": int(f"{as_of:%Y%m%d}"), "@overdue_before": int(f"{overdue:%Y%m%d}")}


def _column(records: pl.DataFrame, name: str) -> pl.Expr:
    if name not in records.columns:
        return pl.lit(None, pl.String).alias(name)
    keep = name in SURROGATE_KEYS or records.schema[name] == pl.String
    return pl.col(name) if keep else pl.col(name).cast(pl.String)


def _items(records: pl.DataFrame, plan: Plan) -> pl.LazyFrame:
    engine = [name for name in ("@as_of", "@overdue_before", PATIENT) if name in records.columns]
    return records.lazy().select([*plan.columns, *engine])


def _text(value: str | None) -> str | None:
    text = None if value is None else str(value).rstrip()
    return text or None


def _failure(edit: Edit, record: Mapping[str, str | None], *, softer: bool) -> Failure:
    values = {item: _text(record.get(item)) for item in edit.items}
    flagged = any(_text(record.get(item)) in edit.override_codes for item in edit.override_items)
    return Failure(
        edit=edit.id,
        edit_version=edit.version,
        severity=definition.REVIEW if softer else edit.severity,
        message=failures.sentence(edit, record),
        items=edit.items,
        values=values,
        override_item=";".join(edit.override_items) or None,
        state="overridden" if flagged else "open",
    )


def as_json(failure: Failure) -> str:
    """The failure's values as the JSON text that the failures table holds."""
    return json.dumps(failure.values, separators=(",", ":"))
