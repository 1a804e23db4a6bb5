"""Rules of a recode from a table of this room's `data` folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from registry.coding import reference
from registry.coding.ranges import Condition, ranges
from registry.coding.recodes.recode_table import Rule

LAST_YEAR = 9999


def rules(name: str, recode: str, outputs: Sequence[str] = ("code",), blank: str | None = None) -> list[Rule]:
    """The rules of one recode, in order.

    Args:
        name: table with `recode, step, sites_in, sites_out, histologies_in, histologies_out, behaviors,
            year_min, year_max` (ranges blank-separated, all but the first two may be absent).
        recode: which of its recodes.
        outputs: columns that make the answer.
        blank: what a blank output means.

    >>> rules("site_recode_rules.csv", "2008")[0].answer
    ('20010',)
    """
    rows = reference.table(name).filter(pl.col("recode") == recode).sort(pl.col("step").cast(pl.Int32))
    return [
        Rule(_conditions(row), tuple(row[output] or blank for output in outputs))
        for row in rows.iter_rows(named=True)
    ]


def _conditions(row: Mapping[str, str | None]) -> dict[str, Condition]:
    return {
        "site": Condition(ranges(row.get("sites_in")), ranges(row.get("sites_out"))),
        "histology": Condition(ranges(row.get("histologies_in")), ranges(row.get("histologies_out"))),
        "behavior": Condition(ranges(row.get("behaviors"))),
        "year": _years(row.get("year_min"), row.get("year_max")),
    }


def _years(first: str | None, last: str | None) -> Condition:
    """The maximum is tested only where there is no minimum."""
    if first:
        return Condition(((int(first), LAST_YEAR),))
    return Condition(((0, int(last)),)) if last else Condition()
