"""Saved cohorts in the database: who sees which, finding one by name.

A cohort belongs to whoever saved it; shared ones are seen by central staff and, for a facility's staff, when they were
saved by central staff or by staff of their own facility.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.analytics.cohorts import Cohort, cohort_from
from registry.errors import NotFound

if TYPE_CHECKING:
    from registry.service.operations import Context

EDITORS = ("admin", "manager")
"""Roles that may change or remove shared cohorts of others."""


@dataclass(frozen=True)
class Saved:
    """A saved cohort."""

    cohort_id: int
    name: str
    cohort: Cohort
    note: str | None
    owner: str
    shared: bool
    version: int
    changed_at: Any

    def may_change(self, context: Context) -> bool:
        """Whether the actor may change or remove it."""
        return self.owner == context.actor.name or (self.shared and context.actor.role in EDITORS)


def visible(context: Context) -> pl.DataFrame:
    """Rows of the table that the actor may see, own ones first among equal names."""
    scope, parameters = context.actor.scope_sql("facility_id")
    return context.store.query(
        f"""SELECT cohort_id, name, definition, note, owner, shared, version, changed_at FROM cohort
            WHERE removed_at IS NULL AND (owner = ? OR (shared AND (facility_id IS NULL OR {scope})))
            ORDER BY lower(name), owner <> ?, cohort_id""",
        [context.actor.name, *parameters, context.actor.name],
    )


def find(context: Context, name: str) -> Saved:
    """The cohort of this name that the actor sees, their own before others'.

    Raises:
        NotFound: there is none.
    """
    wanted = name.strip().casefold()
    rows = [row for row in visible(context).iter_rows(named=True) if row["name"].casefold() == wanted]
    if not rows:
        raise NotFound("cohort", "there is no saved cohort of this name", "see `registry stats cohort list`")
    return of_row(rows[0])


def of_row(row: dict[str, Any]) -> Saved:
    """A row of `visible` with its definition read."""
    definition = cohort_from(json.loads(row["definition"]))
    return Saved(**{**{key: row[key] for key in row if key != "definition"}, "cohort": definition})


def home(context: Context) -> str | None:
    """Facility that a cohort is kept under: none for central staff."""
    facilities = context.actor.facilities
    return None if facilities is None else min(facilities, default="")
