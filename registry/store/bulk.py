"""Changing many rows at once: whole columns against a frame, logged as one change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from registry.store import schema
from registry.store.audit import Event, frame_digest, to_json
from registry.store.changes import EVENT_ROWS, lent
from registry.store.connection import quote

if TYPE_CHECKING:
    Run = Callable[[duckdb.DuckDBPyConnection, list[Event]], Any]


@contextmanager
def registered(
    cursor: duckdb.DuckDBPyConnection, frames: Mapping[str, pl.DataFrame] | None
) -> Iterator[None]:
    """Frames as tables of these names while a statement runs."""
    with ExitStack() as loans:
        for name, frame in (frames or {}).items():
            loans.enter_context(lent(cursor, name, frame))
        yield


class BulkSteps:
    """Steps of a unit of work over frames (a part of `UnitOfWork`)."""

    actor: str
    action: str
    reason: str | None
    now: datetime
    _do: Callable[..., Any]

    def merge(self, table: str, frame: pl.DataFrame) -> int:
        """Bring existing rows to the values of a frame; rows and columns that do not differ stay untouched.

        Args:
            table: a versioned table with a key of one column.
            frame: the key and the columns to compare; keys that the table does not have are left out.

        Returns:
            Rows changed; each has one version more. Up to 20 rows get an audit event each with the values
            before and after, more rows one event with the digest of all changes.
        """
        (key,) = schema.table(table).key
        items = [name for name in frame.columns if name != key]

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            current = _current(cursor, table, key, items, frame)
            new = frame.join(current.select(key), on=key, how="semi").sort(key).select(current.columns)
            differs = {name: new[name].ne_missing(current[name]) for name in items}
            columns = [name for name in items if differs[name].any()]
            if not columns:
                return 0
            changed = (
                pl.DataFrame([differs[name] for name in columns])
                .select(pl.any_horizontal(pl.all()))
                .to_series()
            )
            after, before = new.filter(changed), current.filter(changed)
            _update(cursor, table, key, columns, after, self.now, self.actor)
            events.extend(self._merge_events(table, key, columns, before, after))
            return after.height

        return int(self._do(f"merge:{table}", run, table, int(frame.estimated_size())))

    def _merge_events(
        self, table: str, key: str, columns: list[str], before: pl.DataFrame, after: pl.DataFrame
    ) -> list[Event]:
        if after.height > EVENT_ROWS:
            digest = frame_digest(after.select(key, *columns))
            counts = to_json({"rows": after.height, "columns": columns})
            return [Event(self.action, table, None, None, counts, digest, self.reason)]
        events = []
        for old, new in zip(before.to_dicts(), after.to_dicts(), strict=True):
            touched = [name for name in columns if old[name] != new[name]]
            events.append(
                Event(
                    self.action,
                    table,
                    str(new[key]),
                    to_json({name: old[name] for name in touched}),
                    to_json({name: new[name] for name in touched}),
                    None,
                    self.reason,
                )
            )
        return events


def _current(
    cursor: duckdb.DuckDBPyConnection, table: str, key: str, items: list[str], frame: pl.DataFrame
) -> pl.DataFrame:
    selected = ", ".join(f"t.{quote(name)}" for name in [key, *items])
    with registered(cursor, {"merged_keys": frame.select(key)}):
        return cursor.execute(
            f"SELECT {selected} FROM {quote(table)} t SEMI JOIN merged_keys USING ({quote(key)}) ORDER BY t.{quote(key)}"
        ).pl()


def _update(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    key: str,
    columns: list[str],
    rows: pl.DataFrame,
    now: datetime,
    actor: str,
) -> None:
    sets = ", ".join(f"{quote(name)} = u.{quote(name)}" for name in columns)
    # Materialized, because DuckDB 1.5.5 may hand a join's filter to the frame, and Arrow cannot filter texts as polars
    # holds them: it does when the table is about as small as the frame.
    with registered(cursor, {"merged_rows": rows.select(key, *columns)}):
        cursor.execute(
            f"WITH u AS MATERIALIZED (SELECT * FROM merged_rows) UPDATE {quote(table)} SET {sets}, version = version + 1, changed_at = ?, changed_by = ? "
            f"FROM u WHERE {quote(table)}.{quote(key)} = u.{quote(key)}",
            [now, actor],
        )
