"""Edit sets: which edits a hospital, a central registry or a submission applies, held as data.

`data/edit_sets.csv` is read from top to bottom; each row includes or excludes edits by id, level,
severity, category, tag (of an official edit) or own (yes: the registry's own); `*` = every edit. An
edit of the registry's own that names its sets is in those alone, and in `all`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl

from registry.edits import definition, plan
from registry.edits.definition import PATIENT, Edit
from registry.errors import NotFound

ALL = "all"

TABLE = Path(__file__).parent / "data" / "edit_sets.csv"


@cache
def _table() -> pl.DataFrame:
    return pl.read_csv(TABLE, comment_prefix="#")


def names() -> list[str]:
    """Names of the edit sets.

    >>> names()
    ['all', 'central', 'hospital', 'npcr', 'seer', 'submission']
    """
    return sorted(_table().get_column("edit_set").unique())


def edit_ids(edit_set: str | Sequence[str]) -> tuple[str, ...]:
    """Ids of the set's edits, sorted; a list of ids is checked and returned.

    Raises:
        NotFound: no such set or edit.
    """
    if not isinstance(edit_set, str):
        return tuple(definition.find(edit_id).id for edit_id in edit_set)
    return _of_set(edit_set)


def _field(edit: Edit, field: str) -> str | None:
    """What a row of the table compares."""
    if field == "own":
        return "yes" if edit.own else "no"
    if field == "tag":
        return next(iter(edit.tags), None)
    value: str = getattr(edit, field)
    return value


@cache
def _of_set(name: str) -> tuple[str, ...]:
    rows = _table().filter(pl.col("edit_set") == name)
    if rows.is_empty():
        raise NotFound(f"edit set {name}", "there is no such set", f"choose one of {', '.join(names())}")
    every = definition.all_edits()
    chosen: dict[str, bool] = {}
    for _, action, field, value in rows.iter_rows():
        for edit in every.values():
            if edit.sets is None and (value == "*" or value == _field(edit, field)):
                chosen[edit.id] = action == "include"
    chosen |= {edit.id: name == ALL or name in edit.sets for edit in every.values() if edit.sets is not None}
    return tuple(edit_id for edit_id in every if chosen.get(edit_id))


def across_patients(edit_set: str | Sequence[str] = "all") -> tuple[str, ...]:
    """Ids of the set's edits that compare records of different patients.

    They must see the whole file again when any patient's record changes.

    >>> "ir-ssn-shared" in across_patients(), "ir-sex-same" in across_patients()
    (True, False)
    """
    return tuple(
        edit_id
        for edit_id in edit_ids(edit_set)
        if (edit := definition.find(edit_id)).level == "inter-record" and PATIENT not in edit.over
    )


def time_dependent(edit_set: str | Sequence[str] = "all") -> tuple[str, ...]:
    """Ids of the set's edits whose answer can change from one day to the next by itself.

    Where such an answer has changed, all edits of that record are to be asked again: the null rule
    may have let or no longer let others be asked.

    >>> "followup-overdue" in time_dependent(), "site-sex" in time_dependent()
    (True, False)
    """
    return plan.time_dependent(edit_ids(edit_set))


def listing(edit_set: str | Sequence[str] = "all") -> pl.DataFrame:
    """What the set holds, one row an edit: id, version, level, severity, items, message, source …"""
    rows = [
        {
            "edit": edit.id,
            "version": edit.version,
            "category": edit.category,
            "level": edit.level,
            "severity": edit.severity,
            "override_item": ";".join(edit.override_items) or None,
            "items": ";".join(edit.items),
            "message": edit.message,
            "source": edit.source,
            "naaccr_name": edit.naaccr_name or None,
            "own": edit.own,
            "notes": edit.notes or None,
        }
        for edit in (definition.find(edit_id) for edit_id in edit_ids(edit_set))
    ]
    return pl.DataFrame(rows)
