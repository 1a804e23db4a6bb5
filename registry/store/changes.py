"""What single steps of a unit of work do in its transaction, and the audit events they leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from registry.errors import BadInput, Conflict, NotFound
from registry.store.audit import Event, frame_digest, to_json
from registry.store.connection import quote
from registry.store.schema import Table, table

EVENT_ROWS = 20  # inserts up to this many rows get an event each, larger ones a digest
SECRET_COLUMNS = frozenset({"password_hash", "token_hash"})


class VersionConflict(Conflict):
    """Somebody saved the row after it was read.

    Attributes:
        version: the version it has now.
        expected: the version that the change was based on.
        actor: who saved it, when known.
        changed_at: when, UTC.
    """

    def __init__(
        self, where: str, version: int, expected: int, actor: str | None, at: datetime | None
    ) -> None:
        by = f" by {actor}" if actor else ""
        when = f" at {at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
        super().__init__(
            where,
            f"changed{by}{when} since you read it (version {version}, you had {expected})",
            "read it again and repeat your change",
        )
        self.version, self.expected, self.actor, self.changed_at = version, expected, actor, at


def key_condition(name: str, row_id: Any) -> tuple[str, list[Any], str]:
    """SQL condition, its parameters and the audit text of a row's key.

    Args:
        name: table name.
        row_id: the key's value, or a mapping by column for a key of several columns.

    Raises:
        BadInput: the table has no key, or the mapping does not fit it.

    >>> key_condition("patient", 7)
    ('"patient_id" = ?', [7], '7')
    """
    key = table(name).key
    if isinstance(row_id, Mapping):
        values = [row_id[column] for column in key] if set(row_id) == set(key) else []
    else:
        values = [row_id]
    if not key or len(values) != len(key):
        raise BadInput(name, f"a row is named by {', '.join(key) or 'nothing: this table has no key'}")
    condition = " AND ".join(f'"{column}" = ?' for column in key)
    return condition, values, "|".join(str(value) for value in values)


class _Lent:
    """A frame that DuckDB may read for a while, texts in the layout in which polars holds them.

    Handed the frame itself, DuckDB has every text copied into another layout; and whatever it is handed within a
    transaction, it keeps until that ends, also after `unregister`.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame: pl.DataFrame | None = frame
        self.schema = frame.schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        assert self.frame is not None
        return self.frame.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()


@contextmanager
def lent(cursor: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> Iterator[None]:
    """A frame as a table of this name while a statement runs; its memory is free afterwards."""
    loan = _Lent(frame)
    cursor.register(name, loan)
    try:
        yield
    finally:
        cursor.unregister(name)
        loan.frame = None


def insert_frame(cursor: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Insert a frame by column name; columns it lacks get their default."""
    with lent(cursor, "new_rows", frame):
        cursor.execute(f"INSERT INTO {quote(name)} BY NAME SELECT * FROM new_rows")


def insert_events(name: str, frame: pl.DataFrame, action: str, reason: str | None) -> list[Event]:
    """Audit events of an insert: one a row with its values, or one with the digest of many rows."""
    key = table(name).key
    if frame.height > EVENT_ROWS or not key or not set(key) <= set(frame.columns):
        after = to_json({"rows": frame.height, "columns": frame.columns})
        return [Event(action, name, None, None, after, frame_digest(frame), reason)]
    events = []
    for row in frame.iter_rows(named=True):
        identity = "|".join(str(row[column]) for column in key)
        filled = {column: value for column, value in row.items() if value is not None}
        events.append(Event(action, name, identity, None, audited(filled), None, reason))
    return events


@dataclass(frozen=True)
class RowUpdate:
    """New values for one row, based on a version of it."""

    spec: Table
    row_id: Any
    values: Mapping[str, Any]
    expected: int | None
    stamps: Mapping[str, Any]
    actor: str
    action: str
    now: datetime
    reason: str | None = None
    source_id: int | None = None

    def run(self, cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
        """Check the version, write what differs, say so; returns the row's version afterwards."""
        spec = self.spec
        condition, key, identity = key_condition(spec.name, self.row_id)
        names = list(self.values)
        selected = [*(["version"] if spec.versioned else ["0"]), *(quote(name) for name in names)]
        rows = cursor.execute(
            f"SELECT {', '.join(selected)} FROM {quote(spec.name)} WHERE {condition}", key
        ).fetchall()
        if not rows:
            raise NotFound(f"{spec.name} {identity}", "there is no such row")
        version, *old = rows[0]
        if spec.versioned and version != self.expected:
            raise self._conflict(cursor, identity, int(version))
        before = {name: value for name, value in zip(names, old, strict=True) if value != self.values[name]}
        if not before:
            return int(version)
        after = {name: self.values[name] for name in before}
        self._write(cursor, condition, key, after)
        if spec.name == "abstract":
            self._keep_changes(cursor, int(version) + 1, before, after)
        events.append(
            Event(self.action, spec.name, identity, audited(before), audited(after), None, self.reason)
        )
        return int(version) + 1 if spec.versioned else 0

    def _write(
        self, cursor: duckdb.DuckDBPyConnection, condition: str, key: list[Any], after: Mapping[str, Any]
    ) -> None:
        written = {**self.stamps, **after}
        sets = [f"{quote(name)} = ?" for name in written]
        if self.spec.versioned:
            sets.append("version = version + 1")
        cursor.execute(
            f"UPDATE {quote(self.spec.name)} SET {', '.join(sets)} WHERE {condition}",
            [*written.values(), *key],
        )

    def _keep_changes(
        self,
        cursor: duckdb.DuckDBPyConnection,
        version: int,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        values: list[Any] = []
        for name, old in before.items():
            values += [self.row_id, version, name, _text(old), _text(after[name])]
            values += [self.source_id, self.actor, self.now, self.reason]
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(before))
        cursor.execute(f"INSERT INTO abstract_change VALUES {marks}", values)

    def _conflict(self, cursor: duckdb.DuckDBPyConnection, identity: str, version: int) -> VersionConflict:
        rows = cursor.execute(
            "SELECT actor, happened_at FROM audit_event WHERE entity = ? AND entity_id = ? "
            "ORDER BY seq DESC LIMIT 1",
            [self.spec.name, identity],
        ).fetchall()
        actor, at = rows[0] if rows else (None, None)
        return VersionConflict(f"{self.spec.name} {identity}", version, self.expected or 0, actor, at)


def audited(values: Mapping[str, Any] | None) -> str | None:
    """JSON of values for the audit; of a secret only that there is one, of bytes only how many.

    >>> audited({"name": "anna", "password_hash": "$argon2id$..."})
    '{"name":"anna","password_hash":"(secret)"}'
    """
    if values is None:
        return None
    return to_json(
        {
            name: "(secret)" if name in SECRET_COLUMNS and value is not None else _plain(value)
            for name, value in values.items()
        }
    )


def _plain(value: Any) -> Any:
    return f"({len(value)} bytes)" if isinstance(value, bytes) else value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
