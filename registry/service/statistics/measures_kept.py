"""Quality measures in force: the package's own, and those that the registry added, which go before them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from registry.analytics.outcomes.measure import Measure, measure_from, own_measures
from registry.errors import NotFound

if TYPE_CHECKING:
    from registry.service.operations import Context


def rows(context: Context) -> pl.DataFrame:
    """The registry's own measures in every version, sorted by id and time of adding."""
    return context.store.query(
        """SELECT measure_id, measure_version, definition, current, added_by, added_at FROM measure
           ORDER BY measure_id, added_at, measure_version"""
    )


def added(context: Context) -> dict[str, Measure]:
    """The registry's own measures in force, by id."""
    kept = rows(context).filter(pl.col("current"))
    return {
        row["measure_id"]: measure_from(json.loads(row["definition"])) for row in kept.iter_rows(named=True)
    }


def current(context: Context) -> list[Measure]:
    """Measures in force, sorted by id; of two with one id the registry's own."""
    every: dict[str, Measure] = {one.id: one for one in own_measures()} | added(context)
    return [every[name] for name in sorted(every)]


def find(context: Context, wanted: str) -> Measure:
    """The measure of this id.

    Raises:
        NotFound: there is none, with the nearest id.
    """
    from registry import standards

    every = {one.id: one for one in current(context)}
    if wanted not in every:
        near = standards.nearest(wanted, list(every))
        hint = f"did you mean {near}?" if near else "see the list of measures"
        raise NotFound("measure", f"there is no measure {wanted!r}", hint)
    return every[wanted]


def definition_text(one: Measure) -> str:
    """The definition as it is kept."""
    kept: dict[str, Any] = one.as_dict()
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
