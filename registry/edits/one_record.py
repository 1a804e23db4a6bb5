"""Judging the one record that somebody is typing, at every key stroke.

The plan's expressions, turned into Python functions once (`registry.edits.interpreter`), are asked
in the plan's order. Edits that have no such form are asked as a frame of one row.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from registry.edits import definition, failures, interpreter, overrides, sets, terms
from registry.edits.definition import OVERRIDE_FLAG, PATIENT, Edit
from registry.edits.engine import days, judge
from registry.edits.plan import Plan, compile_plan, flag, is_asked, silenced, softer_column

Function = Callable[[Mapping[str, Any]], Any]
_DAYS = {"@as_of": pl.Int32(), "@overdue_before": pl.Int32(), PATIENT: pl.String()}


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


def check_record(
    record: Mapping[str, str | None],
    edit_set: str | Sequence[str] = "hospital",
    *,
    as_of: dt.date | None = None,
) -> list[Failure]:
    """Judge one record by the set's edits that need no other record, in the order of their ids.

    An over-ride flag is called unneeded only when all edits that it silences can be asked of the
    record alone.

    >>> [failure.edit for failure in check_record({"laterality": "7"}, ["laterality-valid"],
    ...                                            as_of=dt.date(2026, 11, 1))]
    ['laterality-valid']
    """
    ids = sets.edit_ids(edit_set)
    judge_one = _judge(ids)
    values = {item: _text(record.get(item)) for item in judge_one.plan.columns}
    today = days(as_of or dt.date.today())
    fired = judge_one.fired({**values, **today})
    found = [_failure(edit, record, softer=softer) for edit, softer in fired]
    if judge_one.plan.of_flags:
        found += _of_flags(judge_one.plan.of_flags, values, today)
    place = judge_one.places
    return sorted(found, key=lambda failure: place[failure.edit])


class _Judge:
    """A plan ready for single records."""

    def __init__(self, plan: Plan, ids: Sequence[str]) -> None:
        self.plan = plan
        self.places = {edit_id: place for place, edit_id in enumerate(ids)}
        compiled = _Compiled(plan)
        self.reported, self.bad, self.terms = compiled.reported, compiled.bad, compiled.terms
        self.edits, self.rest = compiled.edits, compiled.rest

    def fired(self, values: dict[str, Any]) -> list[tuple[Edit, bool]]:
        """Edits that the record fails, and whether each is only a review of it."""
        reported = dict(values)
        for name, term in self.reported:
            values[name] = term(values)
        invalid = {name for name, bad in self.bad if bad(values)}
        for name in invalid:
            values[name.partition("@")[0]] = None
        for name, term in self.terms:
            values[name] = term(values)
        found = []
        for edit, flags, question, softer in self.edits:
            if flags:
                fails = not invalid.isdisjoint(flags)
            else:
                fails = question is not None and is_asked(edit, values) and bool(question(values))
            if fails:
                found.append((edit, bool(softer and softer(values))))
        rest = tuple(edit.id for edit, may_wait in self.rest if not may_wait or is_asked(edit, values))
        return found + (_by_frame(compile_plan(rest), reported) if rest else [])


def _by_frame(plan: Plan, values: Mapping[str, Any]) -> list[tuple[Edit, bool]]:
    """Edits of the plan that the record fails, judged as a frame of one row."""
    schema = {**dict.fromkeys(plan.columns, pl.String()), **_DAYS}
    frame = pl.DataFrame([{name: values.get(name) for name in schema}], schema=schema)
    answers = judge(plan, frame).row(0, named=True)
    return [(edit, bool(answers.get(softer_column(edit)))) for edit in plan.edits if answers[edit.id]]


class _Compiled:
    """The plan's expressions as functions; `rest` are the edits that have no such form.

    With each of the rest stands whether what it requires is known here, so that it is asked only
    when the null rule lets it be.
    """

    def __init__(self, plan: Plan) -> None:
        self.schema: dict[str, Any] = {**dict.fromkeys(plan.columns, pl.String()), **_DAYS}
        self.unknown: set[str] = set()
        self.reported = [pair for step in plan.reported for pair in self._functions(step)]
        self.bad = self._functions(tuple(plan.bad.values()))
        self.unknown |= {name.partition("@")[0] for name in self.unknown if "@bad:" in name}
        self.terms = [pair for step in plan.terms for pair in self._functions(step)]
        questions = dict(self._functions(tuple(plan.questions.values())))
        softer = dict(self._functions(tuple(plan.softer[e.id] for e in plan.edits if e.review_when)))
        self.edits: list[tuple[Edit, frozenset[str], Function | None, Function | None]] = []
        self.rest: list[tuple[Edit, bool]] = []
        for edit in plan.edits:
            flags = frozenset(flag(edit.id, item) for item in edit.items if edit.level == "item")
            names = {*flags, *(() if flags else (edit.id,)), *_needed(edit)}
            if edit.review_when:
                names.add(softer_column(edit))
            if names & self.unknown:
                self.rest.append((edit, not flags and not _needed(edit) & self.unknown))
            else:
                entry = (edit, flags, questions.get(edit.id), softer.get(softer_column(edit)))
                self.edits.append(entry)

    def _functions(self, expressions: Sequence[pl.Expr]) -> list[tuple[str, Function]]:
        """Functions of a step by name; the step's columns join the schema."""
        named = {expression.meta.output_name(): expression for expression in expressions}
        asked = {
            name: terms.BY_VALUE[name][0]() if name in terms.BY_VALUE else e for name, e in named.items()
        }
        made = interpreter.functions(asked, self.schema)
        known = []
        for name, expression in named.items():
            function = made[name]
            if function is None or set(expression.meta.root_names()) & self.unknown:
                self.unknown.add(name)
            else:
                known.append((name, _by_value(name, function) if name in terms.BY_VALUE else function))
        if expressions:
            frame = pl.LazyFrame(schema=self.schema).select(expressions)
            self.schema |= dict(frame.collect_schema())
        return known


def _by_value(name: str, key: Function) -> Function:
    """A term that a Python function gives."""
    ask = terms.BY_VALUE[name][1]

    def answer(values: Mapping[str, Any]) -> Any:
        value = key(values)
        return None if value is None else ask(value)

    return answer


def _needed(edit: Edit) -> set[str]:
    needed = {item for group in edit.requires for item in group.split("|")}
    return needed | ({"dateOfDiagnosis@year"} if edit.effective_years else set())


@lru_cache(maxsize=64)
def _judge(edit_ids: tuple[str, ...]) -> _Judge:
    return _Judge(compile_plan(edit_ids), edit_ids)


def _of_flags(
    edits: Sequence[Edit], values: Mapping[str, str | None], today: Mapping[str, int]
) -> list[Failure]:
    """What the edits of over-ride flags say when flags are set, which is seldom."""
    flags = {item: value for item, value in values.items() if value and item.startswith(OVERRIDE_FLAG)}
    if not flags:
        return []
    ids = silenced()
    single = tuple(one for one in ids if definition.find(one).level != "inter-record")
    fires: dict[str, bool | None] = dict.fromkeys(ids) | dict.fromkeys(single, False)
    blanked = {**values, **today, **dict.fromkeys(flags)}
    fires |= {one.id: True for one, _ in _judge(single).fired(blanked)}
    return [
        Failure(
            edit=row["edit"],
            edit_version=row["edit_version"],
            severity=row["severity"],
            message=row["message"],
            items=tuple(row["items"].split(";")),
            values=json.loads(row["item_values"]),
            override_item=None,
            state=row["state"],
        )
        for edit in edits
        for row in overrides.of_one(edit, flags, fires).iter_rows(named=True)
    ]


def _text(value: Any) -> str | None:
    if isinstance(value, dt.date):
        return f"{value:%Y%m%d}"
    return None if value is None else str(value) or None


def _failure(edit: Edit, record: Mapping[str, str | None], *, softer: bool) -> Failure:
    values = {item: failures.shown(item, _text(record.get(item))) for item in edit.items}
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
