"""From a list of edits to expressions in dependency order, compiled once and used for every run.

The stages, each one `with_columns` or `select`:

1. *raw*: copies of reported values that some edit wants to see even when they are invalid;
2. *bad*: one flag for each item and item edit (True = this value is not valid);
3. *clean*: invalid values become null, which is what makes the null rule hold by itself;
4. *terms*: vocabulary of `registry.edits.terms`, as many steps as they depend on each other;
5. *fires*: one Boolean column per edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from registry.edits import definition, failures, terms
from registry.edits.definition import Edit

ENGINE_COLUMNS = ("@as_of", "@overdue_before", definition.PATIENT)


@dataclass(frozen=True)
class Plan:
    """Compiled edits.

    Attributes:
        edits: item and inter-item edits, in the order of the columns that `fires` makes.
        grouped: inter-record edits by the columns that hold records together.
        columns: every NAACCR item that is read.
        stages: expressions to add, step by step.
        fires: one Boolean expression per edit in `edits`, named by the edit's id.
    """

    edits: tuple[Edit, ...]
    grouped: dict[tuple[str, ...], tuple[Edit, ...]]
    columns: tuple[str, ...]
    stages: tuple[tuple[pl.Expr, ...], ...]
    fires: tuple[pl.Expr, ...]

    def prepare(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add flags, cleaned values and terms to records that have all of `columns`."""
        for stage in self.stages:
            frame = frame.with_columns(stage)
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
    single = tuple(edit for edit in chosen if edit.level != "inter-record")
    grouped: dict[tuple[str, ...], tuple[Edit, ...]] = {}
    for edit in chosen:
        if edit.level == "inter-record":
            grouped[edit.over] = (*grouped.get(edit.over, ()), edit)

    fires = [_fires(edit).alias(edit.id) for edit in single]
    windows = [fires_together(edit) for edit in chosen if edit.level == "inter-record"]
    softer = [edit.review_when() for edit in chosen if edit.review_when]
    steps, items = _terms_of([*fires, *windows, *softer])
    items |= {key for over in grouped for key in over if not key.startswith("@")}

    validity = _item_edits()
    cleaned = sorted(item for item in items if item in validity)
    direct = {(edit.id, item) for edit in single if edit.level == "item" for item in edit.items}
    flags = sorted(direct | {(edit_id, item) for item in cleaned for edit_id in validity[item]})
    bad = tuple(every[edit_id].invalid(item).alias(_flag(edit_id, item)) for edit_id, item in flags)
    clean = tuple(
        pl.when(~pl.any_horizontal([pl.col(_flag(edit_id, item)) for edit_id in validity[item]]))
        .then(pl.col(item))
        .alias(item)
        for item in cleaned
    )
    copies = tuple(expression for expression in steps.pop(0))
    columns = tuple(sorted(items | {item for _, item in flags}))
    stages = tuple(stage for stage in (copies, bad, clean, *map(tuple, steps)) if stage)
    return Plan(single, grouped, columns, stages, tuple(fires))


def fires_together(edit: Edit) -> pl.Expr:
    """Expression of an inter-record edit, for frames whose groups hold two records or more."""
    return _guarded(edit, edit.expression()).alias(edit.id)


def _fires(edit: Edit) -> pl.Expr:
    if edit.level == "item":
        return pl.any_horizontal([pl.col(_flag(edit.id, item)) for item in edit.items])
    return _guarded(edit, edit.expression())


def _guarded(edit: Edit, fires: pl.Expr) -> pl.Expr:
    """The edit's expression under the null rule and within its diagnosis years."""
    conditions = [fires]
    for needed in edit.requires:
        filled = [pl.col(item).is_not_null() for item in needed.split("|")]
        conditions.append(filled[0] if len(filled) == 1 else pl.any_horizontal(filled))
    if edit.effective_years is not None:
        since, until = edit.effective_years
        if since is not None:
            conditions.append(since <= terms.DX_YEAR)
        if until is not None:
            conditions.append(until >= terms.DX_YEAR)
    return pl.all_horizontal(conditions).fill_null(value=False)


def _flag(edit_id: str, item: str) -> str:
    return f"{item}@bad:{edit_id}"


@lru_cache(maxsize=1)
def _item_edits() -> dict[str, tuple[str, ...]]:
    """Item edits of every item, whatever the edit set: they say what a valid value is."""
    found: dict[str, tuple[str, ...]] = {}
    for edit in definition.all_edits().values():
        if edit.level == "item":
            for item in edit.items:
                found[item] = (*found.get(item, ()), edit.id)
    return found


def _terms_of(expressions: Iterable[pl.Expr]) -> tuple[list[list[pl.Expr]], set[str]]:
    """Terms the expressions need, in steps (raw copies first), and the plain items below them."""
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
    copies = [e.alias(name) for name, e in wanted.items() if name.endswith("@raw")]
    return [copies, *_in_order({n: e for n, e in wanted.items() if not n.endswith("@raw")})], items


def _in_order(wanted: dict[str, pl.Expr]) -> list[list[pl.Expr]]:
    steps: list[list[pl.Expr]] = []
    while wanted:
        ready = sorted(n for n, e in wanted.items() if not set(e.meta.root_names()) & set(wanted))
        steps.append([wanted[name].alias(name) for name in ready])
        wanted = {name: e for name, e in wanted.items() if name not in ready}
    return steps


def forget() -> None:
    """Drop compiled plans (after a registry added edits of its own)."""
    compile_plan.cache_clear()
    _item_edits.cache_clear()


def columns_of(edits: Sequence[Edit]) -> list[str]:
    """Items that the edits' failures show: judged, in the message, and their over-ride flags."""
    return sorted(
        {
            item
            for edit in edits
            for item in (*edit.items, *edit.override_items, *failures.message_items(edit))
        }
    )
