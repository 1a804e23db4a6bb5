"""What an edit is, and the register of all edits.

An edit is a small named function that returns one polars Boolean expression which is **True when
the record fails**; null counts as "does not fail". Its message, severity, items, version, source
and its passing and failing examples stand beside it and feed the engine, the spec tests and the
edit manual alike.

Four levels:

* `item`: the function takes the value's expression (and, when it wants it, the item's id) and is
  applied to each of the edit's items. A blank value passes unless the function says otherwise.
* `inter-item`: the function takes nothing and speaks of columns by NAACCR id. It sees only values
  that passed their own item edits (others are null) and, unless `requires` says otherwise, is
  asked only when none of its items is null: the *null rule*.
* `inter-record`: like inter-item, with window expressions over the records that share the `over`
  columns (`PATIENT` unless the edit says otherwise; none = the whole file belongs together). Where
  windows cannot say it, the function takes the frame itself: see `Edit.judges_frames`.
* `text`: like inter-item, and reads narrative text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import polars as pl

from registry.edits import foreign
from registry.edits.foreign import ForeignId
from registry.errors import NotFound

ERROR, REVIEW, WARNING = "error", "review", "warning"
LEVELS = ("item", "inter-item", "inter-record", "text")
ASKED = ("inter-item", "text")
"""Levels under the null rule: the edit is asked when all that it `requires` is valid and filled."""

PATIENT = "@patient"
"""Engine column that says whose record it is: patient_id, patient_index or patientIdNumber."""

ALTERNATIVES = (
    ("sexAssignedAtBirth", "sex"),
    ("rxSummSurgPrimSite2023", "rxSummSurgPrimSite"),
)
"""Items of which one filled is enough: a newer item and the one that it replaced."""

Expression = Callable[..., Any]
"""A rule's function: it returns an expression or, when it is given a frame, a series."""

OVERRIDE_FLAG = "overRide"
"""How the ids of all over-ride flags begin."""


@dataclass(frozen=True)
class Edit:
    """One edit. Build it with the `edit` decorator or `add`, not by hand.

    Attributes:
        id: stable name, as in the catalogue (`site-sex`).
        message: sentence for the registrar; `{primarySite}` stands for the item's value, `{sex}`
            for sex at birth or, in older records, sex.
        severity: error (must be fixed), review (may be over-ridden) or warning (informs).
        items: NAACCR XML ids that the edit judges; they are shown with a failure.
        level: item, inter-item, inter-record or text.
        version: changes whenever the logic changes.
        source: where the rule comes from.
        expression: the function that makes the expression.
        category: date, demographic, tumor, stage, treatment, followup, patient …
        naaccr_name: the official edit's name where one is known.
        override_items: NAACCR over-ride flags that silence it.
        override_codes: values of those flags that do so.
        effective_years: first and last diagnosis year to which it applies (None = open).
        requires: items that must be valid and filled before the edit is asked; `a|b` = one of them.
        over: columns that make records belong together (inter-record only).
        review_when: records for which an error is only a review (an expression's function).
        of_flags: whether the rule is about over-ride flags that are set: its expression is asked of the
            table that `registry.edits.overrides` makes of them.
        reads: columns beside `items` that a function of frames is given: items, or terms such as
            `dateOfDiagnosis@first`.
        columns: items of the example columns (default: `items`).
        passes, fails: examples, one row each, cells split by `|`; records of one patient by `/`.
        reviews: examples that fail, softened to a review by `review_when`.
        overridden: examples that fail and come out as over-ridden. Where `columns` holds no over-ride
            flag, the flag is set for them; when none are given, the first of `fails` is used.
        notes: where the rule departs from the catalogue, and why.
        sets: edit sets of a registry's own edit; None = those whose table rows match it.
        own: whether a registry added it (`edits.load_own`).
    """

    id: str
    message: str
    severity: str
    items: tuple[str, ...]
    level: str
    version: str
    source: str
    expression: Expression = field(repr=False)
    category: str = ""
    naaccr_name: str = ""
    override_items: tuple[str, ...] = ()
    override_codes: tuple[str, ...] = ("1",)
    effective_years: tuple[int | None, int | None] | None = None
    requires: tuple[str, ...] = ()
    over: tuple[str, ...] = (PATIENT,)
    review_when: Expression | None = field(default=None, repr=False)
    of_flags: bool = False
    reads: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    notes: str = ""
    sets: tuple[str, ...] | None = None
    own: bool = False

    @property
    def foreign_ids(self) -> tuple[ForeignId, ...]:
        """What other agencies call the edit: their names and tags."""
        return foreign.of_edit(self.id)

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags of the official edits that it stands for."""
        return tuple(other.tag for other in self.foreign_ids if other.tag)

    @cached_property
    def judges_frames(self) -> bool:
        """Whether the function of this inter-record edit takes a frame and returns a series.

        The frame holds the records of all groups of two or more, in the file's order: `items` and
        `reads` (cleaned: invalid = null), `PATIENT` and `@as_of`. The series has the frame's height
        and is Boolean (True = fails) or String (text = fails, and stands for `{found}` in the
        message; null = passes).
        """
        needed = [p for p in inspect.signature(self.expression).parameters.values() if p.default is p.empty]
        return self.level == "inter-record" and len(needed) == 1

    def invalid(self, item: str) -> pl.Expr:
        """Expression that is True where `item` itself is not valid (item edits only)."""
        value = pl.col(item)
        arguments = len(inspect.signature(self.expression).parameters)
        fires: pl.Expr = self.expression(value) if arguments == 1 else self.expression(value, item)
        return fires.fill_null(value=False)


_REGISTER: dict[str, Edit] = {}


def add(edit: Edit) -> Edit:
    """Put an edit on the register; two edits with one id are a programming error."""
    if edit.id in _REGISTER:
        raise ValueError(f"edit {edit.id} is defined twice")
    if edit.level not in LEVELS or edit.severity not in (ERROR, REVIEW, WARNING):
        raise ValueError(f"edit {edit.id} has no such level or severity")
    _REGISTER[edit.id] = edit
    all_edits.cache_clear()
    return edit


def edit(
    id: str,
    *,
    message: str,
    items: Sequence[str],
    severity: str = ERROR,
    level: str = "inter-item",
    version: str = "2026.2",
    source: str = "NAACCR Data Standards and Data Dictionary, version 26",
    category: str = "",
    naaccr_name: str = "",
    override_item: str | Sequence[str] = (),
    override_codes: Sequence[str] = ("1",),
    effective_years: tuple[int | None, int | None] | None = None,
    requires: Sequence[str] | None = None,
    over: Sequence[str] = (PATIENT,),
    review_when: Expression | None = None,
    of_flags: bool = False,
    reads: Sequence[str] = (),
    columns: Sequence[str] = (),
    passes: Sequence[str] = (),
    fails: Sequence[str] = (),
    reviews: Sequence[str] = (),
    overridden: Sequence[str] = (),
    notes: str = "",
    sets: Sequence[str] | None = None,
) -> Callable[[Expression], Expression]:
    """Declare an edit: decorate the function that returns its expression (True = fails).

    Args: see `Edit`. `requires` defaults to all `items` for inter-item edits, with a replaced item
    and its successor (sex, surgery of the primary site) counting as one.

    >>> from registry.edits import definition
    >>> definition.default_requires(["primarySite", "sexAssignedAtBirth", "sex"])
    ('primarySite', 'sexAssignedAtBirth|sex')
    """
    overrides = (override_item,) if isinstance(override_item, str) else tuple(override_item)

    def declare(function: Expression) -> Expression:
        needed = default_requires(items) if requires is None and level in ASKED else requires or ()
        add(
            Edit(
                id=id,
                message=message,
                severity=severity,
                items=tuple(items),
                level=level,
                version=version,
                source=source,
                expression=function,
                category=category,
                naaccr_name=naaccr_name,
                override_items=overrides,
                override_codes=tuple(override_codes),
                effective_years=effective_years,
                requires=tuple(needed),
                over=tuple(over),
                review_when=review_when,
                of_flags=of_flags,
                reads=tuple(reads),
                columns=tuple(columns) or tuple(items),
                passes=tuple(passes),
                fails=tuple(fails),
                reviews=tuple(reviews),
                overridden=tuple(overridden),
                notes=notes,
                sets=None if sets is None else tuple(sets),
            )
        )
        return function

    return declare


def default_requires(items: Sequence[str]) -> tuple[str, ...]:
    """All items, those that replace one another joined with `|`."""
    needed = list(items)
    for pair in ALTERNATIVES:
        if all(item in needed for item in pair):
            needed[needed.index(pair[0])] = "|".join(pair)
            needed.remove(pair[1])
    return tuple(needed)


@cache
def all_edits() -> dict[str, Edit]:
    """Every edit by id, sorted (modules may be imported in any order). Not to be changed."""
    from registry.edits import rules

    rules.load()
    return dict(sorted(_REGISTER.items()))


def find(edit_id: str) -> Edit:
    """The edit of that id.

    Raises:
        NotFound: there is none.
    """
    found = all_edits().get(edit_id)
    if found is None:
        raise NotFound(f"edit {edit_id}", "there is no such edit", "see `registry edits list`")
    return found
