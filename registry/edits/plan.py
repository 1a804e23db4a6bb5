"""From a list of edits to expressions in dependency order, compiled once and used for every run.

The stages, each one `with_columns` or `select`:

1. *reported*: terms of values as reported, such as copies that stay when the value is invalid;
2. *bad*: one flag for each item and item edit (True = this value is not valid);
3. *clean*: invalid values become null, which is what makes the null rule hold by itself;
4. *terms*: vocabulary of `registry.edits.terms`, as many steps as they depend on each other;
5. *fires*: one Boolean column per edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import polars as pl

from registry.edits import definition, failures, terms
from registry.edits.definition import Edit
from registry.standards import tables

DAYS = ("@as_of", "@overdue_before")
"""Engine columns that depend on the day of judgement."""

ENGINE_COLUMNS = (*DAYS, definition.PATIENT)


@dataclass(frozen=True)
class Plan:
    """Compiled edits.

    Attributes:
        edits: item, inter-item and text edits, in the order of the columns that `fires` makes.
        grouped: inter-record edits by the columns that hold records together.
        of_flags: edits of over-ride flags.
        columns: every NAACCR item that is read, by edits that the flags silence too.
        reported: terms of values as reported, step by step.
        bad: flag of each item and item edit, by the column's name.
        clean: items without their invalid values.
        terms: vocabulary of cleaned values, step by step.
        fires: one Boolean expression per edit in `edits`, named by the edit's id.
        questions: inter-item edits' own expressions, without the null rule, by id.
        softer: expressions of `review_when`, by id.
    """

    edits: tuple[Edit, ...]
    grouped: dict[tuple[str, ...], tuple[Edit, ...]]
    of_flags: tuple[Edit, ...]
    columns: tuple[str, ...]
    reported: tuple[tuple[pl.Expr, ...], ...]
    bad: dict[str, pl.Expr]
    clean: tuple[pl.Expr, ...]
    terms: tuple[tuple[pl.Expr, ...], ...]
    fires: tuple[pl.Expr, ...]
    questions: dict[str, pl.Expr]
    softer: dict[str, pl.Expr]

    def prepare(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add flags, cleaned values and terms to records that have all of `columns`."""
        for stage in (*self.reported, tuple(self.bad.values()), self.clean, *self.terms):
            frame = frame.with_columns(stage) if stage else frame
        return frame


@lru_cache(maxsize=64)
def compile_plan(edit_ids: tuple[str, ...]) -> Plan:
    """Plan of the named edits.

    >>> plan = compile_plan(("site-sex",))
    >>> plan.columns
    ('primarySite', 'sex', 'sexAssignedAtBirth')
    """
    every = definition.all_edits()
    chosen = [every[edit_id] for edit_id in edit_ids]
    of_flags = tuple(edit for edit in chosen if edit.of_flags)
    single = tuple(edit for edit in chosen if edit.level != "inter-record" and not edit.of_flags)
    grouped: dict[tuple[str, ...], tuple[Edit, ...]] = {}
    for edit in chosen:
        if edit.level == "inter-record":
            grouped[edit.over] = (*grouped.get(edit.over, ()), edit)

    questions = {edit.id: edit.expression() for edit in single if edit.level in definition.ASKED}
    fires = [_fires(edit, questions.get(edit.id)).alias(edit.id) for edit in single]
    windows = [needed for edit in chosen if edit.level == "inter-record" for needed in together(edit)]
    softer = {edit.id: _softer(edit, edit.review_when()) for edit in chosen if edit.review_when}
    wanted, items = _terms_of([*fires, *windows, *softer.values()])
    items |= {key for over in grouped for key in over if not key.startswith("@")}

    validity = _item_edits()
    cleaned = sorted(item for item in items if item in validity)
    direct = {(edit.id, item) for edit in single if edit.level == "item" for item in edit.items}
    flags = sorted(direct | {(edit_id, item) for item in cleaned for edit_id in validity[item]})
    bad = {flag(*pair): every[pair[0]].invalid(pair[1]).alias(flag(*pair)) for pair in flags}
    reported, more_items = _terms_of(bad.values())
    items |= more_items | {item for _, item in flags}
    reported |= {name: term for name, term in wanted.items() if terms.is_of_reported(name)}
    wanted = {name: term for name, term in wanted.items() if name not in reported}
    clean = tuple(
        pl.when(~_any([pl.col(flag(edit_id, item)) for edit_id in validity[item]]))
        .then(pl.col(item))
        .alias(item)
        for item in cleaned
    )
    return Plan(
        edits=single,
        grouped=grouped,
        of_flags=of_flags,
        columns=tuple(sorted(items | _behind_flags(of_flags))),
        reported=tuple(_in_order(reported)),
        bad=bad,
        clean=clean,
        terms=tuple(_in_order(wanted)),
        fires=tuple(fires),
        questions={edit_id: question.alias(edit_id) for edit_id, question in questions.items()},
        softer=softer,
    )


def softer_column(edit: Edit) -> str:
    """Column of the verdicts that is True where a failure is only a review."""
    return f"{edit.id}@softer"


def _softer(edit: Edit, when: pl.Expr) -> pl.Expr:
    return when.fill_null(value=False).alias(softer_column(edit))


def _behind_flags(of_flags: Sequence[Edit]) -> set[str]:
    """Items that edits of flags need: the flags, and all that the silenced edits read and show."""
    if not of_flags:
        return set()
    every = definition.all_edits()
    ids = silenced()
    return {*compile_plan(ids).columns, *columns_of([every[edit_id] for edit_id in ids])}


def together(edit: Edit) -> list[pl.Expr]:
    """What an inter-record edit asks of frames whose groups hold two records or more.

    Its expression; or, when its function judges frames, the columns that the function is given.
    """
    if edit.judges_frames:
        return [pl.col(name) for name in dict.fromkeys((*edit.items, *edit.reads))]
    return [_guarded(edit, edit.expression()).alias(edit.id)]


def flag(edit_id: str, item: str) -> str:
    """Name of the column that is True where the item fails that item edit."""
    return f"{item}@bad:{edit_id}"


def _fires(edit: Edit, question: pl.Expr | None) -> pl.Expr:
    if question is None:
        return _any([pl.col(flag(edit.id, item)) for item in edit.items])
    return _guarded(edit, question)


def _any(conditions: Sequence[pl.Expr]) -> pl.Expr:
    return conditions[0] if len(conditions) == 1 else pl.any_horizontal(conditions)


def _guarded(edit: Edit, fires: pl.Expr) -> pl.Expr:
    """The edit's expression under the null rule and within its diagnosis years."""
    conditions = [fires]
    conditions += [
        _any([pl.col(item).is_not_null() for item in needed.split("|")]) for needed in edit.requires
    ]
    since, until = edit.effective_years or (None, None)
    if since is not None:
        conditions.append(since <= terms.DX_YEAR)
    if until is not None:
        conditions.append(until >= terms.DX_YEAR)
    return pl.all_horizontal(conditions).fill_null(value=False)


def is_asked(edit: Edit, cleaned: Mapping[str, Any]) -> bool:
    """Whether the null rule and the diagnosis year let an inter-item edit look at one record."""
    for needed in edit.requires:
        if all(cleaned[item] is None for item in needed.split("|")):
            return False
    if edit.effective_years is None:
        return True
    year = cleaned["dateOfDiagnosis@year"]
    since, until = edit.effective_years
    return year is not None and (since or year) <= year <= (until or year)


@lru_cache(maxsize=1)
def _item_edits() -> dict[str, tuple[str, ...]]:
    """Item edits of every item, whatever the edit set: they say what a valid value is."""
    found: dict[str, tuple[str, ...]] = {}
    for edit in definition.all_edits().values():
        if edit.level == "item":
            for item in edit.items:
                found[item] = (*found.get(item, ()), edit.id)
    return found


def _terms_of(expressions: Iterable[pl.Expr]) -> tuple[dict[str, pl.Expr], set[str]]:
    """Terms that the expressions need, directly or not, and the plain items below them."""
    wanted: dict[str, pl.Expr] = {}
    items: set[str] = set()
    waiting = list(dict.fromkeys(name for e in expressions for name in e.meta.root_names()))
    while waiting:
        name = waiting.pop()
        term = terms.definition(name)
        if term is None:
            if name not in ENGINE_COLUMNS and "@bad:" not in name:
                items.add(name)
        elif name not in wanted:
            wanted[name] = term
            waiting.extend(term.meta.root_names())
    return wanted, items


def _in_order(wanted: dict[str, pl.Expr]) -> list[tuple[pl.Expr, ...]]:
    """Steps in which each term comes after those that it is made of."""
    steps = []
    while wanted:
        ready = sorted(n for n, e in wanted.items() if not set(e.meta.root_names()) & set(wanted))
        steps.append(tuple(wanted[name].alias(name) for name in ready))
        wanted = {name: e for name, e in wanted.items() if name not in ready}
    return steps


@cache
def silenced() -> tuple[str, ...]:
    """Ids of all edits that an over-ride flag has a say in: it silences them, or they read it."""
    return tuple(
        edit.id
        for edit in definition.all_edits().values()
        if edit.level != "item" and not edit.of_flags and (edit.override_items or flags_read(edit.id))
    )


@cache
def flags_read(edit_id: str) -> tuple[str, ...]:
    """Over-ride flags that the rule itself reads.

    >>> flags_read("rx-before-dx")
    ('overRideAgeSiteMorph',)
    """
    edit = definition.find(edit_id)
    if edit.level == "item" or edit.of_flags:
        return ()
    _, items = _terms_of(together(edit) if edit.level == "inter-record" else [edit.expression()])
    return tuple(sorted(item for item in items if item.startswith(definition.OVERRIDE_FLAG)))


def time_dependent(edit_ids: Sequence[str]) -> tuple[str, ...]:
    """Ids, among these, of the edits whose answer can change from one day to the next by itself.

    An edit counts when its rule looks at the day of judgement, or when it compares an item whose
    validity does so and no edit among these says whether that item is valid. Where the answer of
    one of them has changed, the null rule may let or no longer let others be asked: judge those
    records by all edits again.
    """
    every, validity = definition.all_edits(), _item_edits()
    direct = {edit_id for edit_id in {*edit_ids, *sum(validity.values(), ())} if _reads_day(edit_id)}
    chosen = set(edit_ids)
    found = []
    for edit_id in edit_ids:
        if edit_id in direct or every[edit_id].of_flags:
            found.append(edit_id)
        elif every[edit_id].level != "item":
            behind = {one for item in compile_plan((edit_id,)).columns for one in validity.get(item, ())}
            if behind & direct - chosen:
                found.append(edit_id)
    return tuple(found)


@cache
def _reads_day(edit_id: str) -> bool:
    edit = definition.find(edit_id)
    if edit.of_flags:
        return False
    if edit.level == "item":
        asked = [edit.invalid(item) for item in edit.items]
    else:
        asked = together(edit) if edit.level == "inter-record" else [edit.expression()]
    asked += [edit.review_when()] if edit.review_when else []
    wanted, _ = _terms_of(asked)
    names = {name for expression in (*asked, *wanted.values()) for name in expression.meta.root_names()}
    return bool(names & set(DAYS))


def forget() -> None:
    """Drop everything compiled (after a registry added edits of its own)."""
    tables.forget()


def columns_of(edits: Sequence[Edit]) -> list[str]:
    """Items that the edits' failures show: judged, in the message, and their over-ride flags."""
    return sorted(
        {
            item
            for edit in edits
            for item in (*edit.items, *edit.override_items, *failures.message_items(edit))
        }
        | _behind_flags([edit for edit in edits if edit.of_flags])
    )
