"""The history of one record, item by item, from the audit events."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

SCHEMA: dict[str, Any] = {
    "seq": pl.Int64,
    "happened_at": pl.Datetime("us"),
    "actor": pl.String,
    "action": pl.String,
    "item": pl.String,
    "before": pl.String,
    "after": pl.String,
    "reason": pl.String,
}
QUERY = (
    "SELECT seq, happened_at, actor, action, before_value, after_value, reason FROM audit_event "
    "WHERE entity = ? AND entity_id = ? ORDER BY seq"
)


def by_item(events: pl.DataFrame) -> pl.DataFrame:
    """One row per changed item of the events that QUERY found; an event without values has one with item null.

    >>> events = pl.DataFrame({"seq": [1], "happened_at": [None], "actor": ["anna"], "action": ["edit"],
    ...     "before_value": ['{"grade":"1"}'], "after_value": ['{"grade":"2"}'], "reason": [None]})
    >>> by_item(events).select("item", "before", "after").row(0)
    ('grade', '1', '2')
    """
    rows: list[list[Any]] = []
    for seq, happened_at, actor, action, before_text, after_text, reason in events.iter_rows():
        before, after = json.loads(before_text or "{}"), json.loads(after_text or "{}")
        for item in sorted({*before, *after}) or [None]:
            old, new = (None if v is None else str(v) for v in (before.get(item), after.get(item)))
            rows.append([seq, happened_at, actor, action, item, old, new, reason])
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
