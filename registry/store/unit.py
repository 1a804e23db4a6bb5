"""Unit of work: one transaction that holds a change together with its audit rows.

Steps run at once inside the transaction and are remembered. When DuckDB refuses because another transaction
was quicker (same row, or a table that just got a column), the transaction is rolled back and the steps are run
again, with growing waits; version checks make sure that nothing is overwritten unseen. The writer lock is
taken only to number and insert the audit rows and to commit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import duckdb
import polars as pl

from registry.errors import BadInput, Busy, Conflict, NotFound
from registry.store import files, schema
from registry.store.audit import Event, frame_digest, to_json
from registry.store.connection import quote
from registry.store.engine import Engine, Repeat, key_condition, roll_back, waits

T = TypeVar("T")
EVENT_ROWS = 20  # inserts up to this many rows get an event each, larger ones a digest
REPLAY_BYTES = 512 << 20  # frames beyond this are not kept for a second attempt
SECRET_COLUMNS = frozenset({"password_hash", "token_hash"})


class VersionConflict(Conflict):
    """Somebody saved the row after it was read.

    Attributes:
        version: the version it has now.
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


@dataclass
class _Step:
    name: str
    run: Callable[[duckdb.DuckDBPyConnection, list[Event]], Any]
    table: str | None = None
    result: Any = None
    events: list[Event] = field(default_factory=list)
    must_repeat: bool = False  # a read: on a second attempt it must give the same answer


class UnitOfWork:
    """Use through `Store.unit_of_work` in a `with` block; leaving the block commits, an error rolls back.

    Attributes:
        result: any JSON-able answer, kept with the idempotency key.
        repeated: True when this idempotency key was saved before: steps then change nothing and return the
            first answers.
    """

    def __init__(
        self,
        engine: Engine,
        actor: str,
        action: str,
        *,
        reason: str | None = None,
        facility_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        if not actor or not action:
            raise BadInput("unit of work", "an actor and an action are needed")
        self._chain, self._anchor = engine.check_writable()
        self._engine = engine
        self.actor, self.action, self.reason, self.facility_id = actor, action, reason, facility_id
        self._key = idempotency_key
        self.now = engine.clock()
        self.result: Any = None
        self._repeat: Repeat | None = None
        self._steps: list[_Step] = []
        self._replayed = 0
        self._kept_bytes = 0
        self._begun = False
        self._cursor: duckdb.DuckDBPyConnection | None = None

    # the block -------------------------------------------------------------------------------------------

    def __enter__(self) -> UnitOfWork:
        self._become(self._engine.find_repeat(self._key))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._repeat is None and self._steps:
                self._attempt(self._commit, None)
        finally:
            if self._cursor is not None:
                if self._begun:
                    roll_back(self._cursor)
                self._cursor.close()
                self._cursor = None

    @property
    def repeated(self) -> bool:
        """Whether this idempotency key was saved before."""
        return self._repeat is not None

    # steps -----------------------------------------------------------------------------------------------

    def insert(self, table: str, frame: pl.DataFrame, *, logged: bool = True) -> int:
        """Insert a frame by column name; missing item columns are added beforehand.

        Args:
            table: table name.
            frame: columns of the table (others become item columns of a wide table); the key included.
                `created_at`, `changed_at` and `changed_by` are filled when absent.
            logged: write audit rows: one a row up to 20 rows, else one with the digest of all rows. Say False
                only when you log the change yourself.

        Returns:
            Rows inserted.

        Raises:
            BadInput: unknown column, or a value that does not fit. Conflict: the key exists already.
        """
        known = self._engine.columns(table)
        new = [column for column in frame.columns if column not in known]
        if new and self._repeat is None:
            self._engine.ensure_columns(table, new)
            self._restart()
        stamps = {"created_at": self.now, "changed_at": self.now, "changed_by": self.actor}
        filled = frame.with_columns(
            pl.lit(value).alias(name)
            for name, value in stamps.items()
            if name in known and name not in frame.columns
        )

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            _insert_frame(cursor, table, filled)
            if logged and filled.height:
                events.extend(self._insert_events(table, frame))
            return filled.height

        return int(self._do(f"insert:{table}", run, table, int(frame.estimated_size())))

    def update(
        self,
        table: str,
        row_id: Any,
        changes: Mapping[str, Any],
        *,
        expected_version: int | None,
        source_id: int | None = None,
        reason: str | None = None,
        action: str | None = None,
    ) -> int:
        """Change columns of one row, if nobody changed it since.

        Args:
            table: table name.
            row_id: its key (a mapping by column when the key has several columns).
            changes: new values by column; equal ones are left out, "" in an item means null.
            expected_version: version that the change is based on; None for tables without versions.
            source_id: the received record that the change comes from.
            reason: why, when it differs from the unit's reason.
            action: name of this step in the audit, when it differs from the unit's.

        Returns:
            The row's version afterwards (unchanged when nothing differed; 0 without versions).

        Raises:
            VersionConflict: somebody saved it meanwhile. NotFound: no such row.
        """
        spec = schema.table(table)
        if spec.versioned and expected_version is None:
            raise BadInput(table, "the version that the change is based on is needed")
        if bad := {*spec.key, *(["version"] if spec.versioned else [])} & set(changes):
            raise BadInput(table, f"{sorted(bad)[0]} cannot be changed")
        known = self._engine.columns(table)
        new = [column for column in changes if column not in known]
        if new and self._repeat is None:
            self._engine.ensure_columns(table, new)
            self._restart()
        values = {name: (None if value == "" and spec.wide else value) for name, value in changes.items()}

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            return self._run_update(
                cursor,
                events,
                spec,
                row_id,
                values,
                expected_version,
                source_id,
                reason or self.reason,
                action,
            )

        return int(self._do(f"update:{table}:{key_condition(table, row_id)[2]}", run, table))

    def tombstone(self, table: str, row_id: Any, *, expected_version: int, reason: str) -> int:
        """Mark a row as gone, with its reason; nothing is deleted. An abstract becomes void.

        Returns:
            The row's version afterwards.

        Raises:
            VersionConflict, NotFound: as `update`. BadInput: no reason, or the table keeps no tombstones.
        """
        if not reason.strip():
            raise BadInput(table, "a reason is needed")
        changes = (
            {"status": "void", "void_reason": reason} if table == "abstract" else {"tombstone_reason": reason}
        )
        if not set(changes) <= set(self._engine.columns(table)):
            raise BadInput(table, "rows of this table cannot be marked as gone")
        return self.update(
            table,
            row_id,
            changes,
            expected_version=expected_version,
            reason=reason,
            action=f"{self.action}: tombstone",
        )

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Change a set of rows by SQL; say what it did with `log` or `digest`.

        Returns:
            Rows changed.
        """

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            rows = cursor.execute(sql, params).fetchall()
            return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0

        return int(self._do(f"execute:{sql}", run))

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pl.DataFrame:
        """Read inside the transaction (its own changes included).

        Raises:
            Conflict: on a second attempt the answer differs, so what was decided on it no longer holds.
        """
        if self._repeat is not None:
            return self._engine.thread_cursor().execute(sql, params).pl()

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> pl.DataFrame:
            return cursor.execute(sql, params).pl()

        frame: pl.DataFrame = self._do("query", run, must_repeat=True)
        return frame

    def log(
        self,
        entity: str,
        entity_id: int | str | None,
        action: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        *,
        digest: str | None = None,
    ) -> None:
        """Add an audit event with item-level values before and after."""
        event = Event(
            action,
            entity,
            None if entity_id is None else str(entity_id),
            _audited(before),
            _audited(after),
            digest,
            self.reason,
        )
        self._do(f"log:{entity}", lambda cursor, events: events.append(event))

    def digest(self, frame: pl.DataFrame, entity: str = "bulk", entity_id: int | str | None = None) -> str:
        """Add one audit event that holds the digest of a bulk change's rows.

        Returns:
            SHA-256 of the rows (hex).
        """
        value = frame_digest(frame)
        after = {"rows": frame.height, "columns": frame.columns}
        self.log(entity, entity_id, self.action, None, after, digest=value)
        return value

    def keep_file(self, name: str, kind: str, data: bytes, sha256: str | None = None) -> int:
        """Keep a received file once, as compressed chunks.

        Returns:
            Its file_id (the earlier one when the same bytes were kept before).

        Raises:
            BadInput: `sha256` is not the data's.
        """
        kept = files.prepare(name, kind, data, sha256)
        new_id = self._engine.ids.take("file", 1)[0]

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            rows = cursor.execute(
                "SELECT file_id FROM source_file WHERE sha256 = ?", [kept.sha256]
            ).fetchall()
            if rows:
                return int(rows[0][0])
            _insert_frame(cursor, "source_file", kept.row(new_id, self.now))
            for chunks in kept.chunks(new_id):
                _insert_frame(cursor, "source_chunk", chunks)
            after = to_json({"kind": kind, "bytes": len(data)})
            events.append(
                Event("keep file", "source_file", str(new_id), None, after, kept.sha256, self.reason)
            )
            return new_id

        return int(self._do("keep_file", run, "source_file", len(data)))

    def quarantine(
        self,
        *,
        kind: str,
        reason: str,
        content: bytes,
        load_id: int | None = None,
        file_name: str | None = None,
        place: str | None = None,
        expected: str | None = None,
    ) -> int:
        """Keep, whole, what could not be loaded, with the reason and what was expected.

        Returns:
            Its quarantine_id.
        """
        new_id = self._engine.ids.take("quarantine", 1)[0]
        row = [new_id, load_id, file_name, kind, place, reason, expected, content, self.now]

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            cursor.execute(
                "INSERT INTO quarantine (quarantine_id, load_id, file_name, kind, place, reason, expected, content, "
                "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            after = to_json({"kind": kind, "load_id": load_id, "bytes": len(content)})
            events.append(Event("quarantine", "quarantine", str(new_id), None, after, None, self.reason))
            return new_id

        return int(self._do("quarantine", run, "quarantine", len(content)))

    # machinery -------------------------------------------------------------------------------------------

    def _do(
        self,
        name: str,
        run: Callable[[duckdb.DuckDBPyConnection, list[Event]], Any],
        table: str | None = None,
        size: int = 0,
        *,
        must_repeat: bool = False,
    ) -> Any:
        if self._repeat is not None:
            return self._replay_answer(name, self._repeat)
        step = _Step(name, run, table, must_repeat=must_repeat)
        try:
            self._attempt(lambda: self._run(step), table)
        except Conflict:
            # the same save may have got through in another thread or in a lost answer's first try
            repeat = self._engine.find_repeat(self._key)
            if repeat is None:
                raise
            self._become(repeat)
            return self._replay_answer(name, repeat)
        self._steps.append(step)
        self._kept_bytes += size
        return step.result

    def _run(self, step: _Step) -> None:
        assert self._cursor is not None
        step.events = []
        step.result = step.run(self._cursor, step.events)

    def _attempt(self, act: Callable[[], T], table: str | None) -> T:
        for wait in (*waits(), None):
            try:
                self._begin()
                return act()
            except duckdb.TransactionException as error:
                self._abandon()
                if wait is None or self._kept_bytes > REPLAY_BYTES:
                    raise Busy(
                        table or self._engine.where, "the save kept being overtaken by others", "try again"
                    ) from error
                time.sleep(wait)
            except duckdb.Error as error:
                self._abandon()
                translated = self._engine.translate(error, table)
                raise translated from (None if translated is not error else error.__cause__)
        raise AssertionError("unreachable")

    def _begin(self) -> None:
        """Open the transaction; after a rollback, run the earlier steps again."""
        if self._begun:
            return
        if self._cursor is None:
            self._cursor = self._engine.cursor()
        self._cursor.execute("BEGIN")
        self._begun = True
        for step in self._steps:
            answer = step.result
            self._run(step)
            same = answer.equals(step.result) if isinstance(answer, pl.DataFrame) else answer == step.result
            if not same:
                raise Conflict(
                    step.table or self._engine.where, "the data changed while it was being saved", "try again"
                )

    def _restart(self) -> None:
        """Give up the transaction's view so that it sees columns that were just added."""
        if self._begun:
            self._abandon()

    def _abandon(self) -> None:
        if self._cursor is not None and self._begun:
            roll_back(self._cursor)
        self._begun = False

    def _commit(self) -> None:
        assert self._cursor is not None
        events = [event for step in self._steps for event in step.events]
        writes = [step for step in self._steps if not step.must_repeat]
        if not writes:
            return
        if not any(step.name.startswith(("insert:", "execute:")) for step in writes) and not events:
            return  # updates that changed nothing
        events = events or [Event(self.action, "unit", None, reason=self.reason)]
        chain = self._chain
        with self._engine.writer:
            repeat = self._engine.find_repeat(self._key)
            if repeat is not None:
                self._abandon()
                self._check_same(repeat)
                self._become(repeat)
                return
            if chain.stale:
                chain.reload(self._engine.cursor())
            now = max(self._engine.clock(), self.now)
            head = chain.append(self._cursor, events, actor=self.actor, facility_id=self.facility_id, now=now)
            self._keep_answers(head.seq)
            chain.stale = True
            try:
                self._cursor.execute("COMMIT")
            except duckdb.TransactionException:
                chain.stale = False  # certainly rolled back
                raise
            self._begun = False
            chain.advance(head)
        self._anchor.write(head)

    def _keep_answers(self, seq: int) -> None:
        if self._key is None:
            return
        assert self._cursor is not None
        steps = [[step.name, step.result] for step in self._steps if not step.must_repeat]
        result = None if self.result is None else json.dumps(self.result)
        row = [self._key, self.actor, self.action, json.dumps(steps), result, seq, self.now]
        self._cursor.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def _become(self, repeat: Repeat | None) -> None:
        if repeat is None:
            return
        if repeat.action != self.action:
            raise Conflict("idempotency key", "it was used for another kind of change", "use a new key")
        self._abandon()
        self._repeat, self.result = repeat, repeat.result
        self._replayed = sum(not step.must_repeat for step in self._steps)

    def _replay_answer(self, name: str, repeat: Repeat) -> Any:
        position, self._replayed = self._replayed, self._replayed + 1
        if position >= len(repeat.steps) or repeat.steps[position][0] != name:
            raise Conflict("idempotency key", "it was used for another change", "use a new key")
        return repeat.steps[position][1]

    def _check_same(self, repeat: Repeat) -> None:
        own = [(step.name, step.result) for step in self._steps if not step.must_repeat]
        if own != repeat.steps:
            raise Conflict(
                "idempotency key", "the same key was saved with another outcome", "read the record again"
            )

    def _insert_events(self, table: str, frame: pl.DataFrame) -> list[Event]:
        key = schema.table(table).key
        if frame.height > EVENT_ROWS or not key or not set(key) <= set(frame.columns):
            after = to_json({"rows": frame.height, "columns": frame.columns})
            return [Event(self.action, table, None, None, after, frame_digest(frame), self.reason)]
        events = []
        for row in frame.iter_rows(named=True):
            identity = "|".join(str(row[column]) for column in key)
            filled = {name: value for name, value in row.items() if value is not None}
            events.append(Event(self.action, table, identity, None, _audited(filled), None, self.reason))
        return events

    def _run_update(
        self,
        cursor: duckdb.DuckDBPyConnection,
        events: list[Event],
        spec: schema.Table,
        row_id: Any,
        values: Mapping[str, Any],
        expected: int | None,
        source_id: int | None,
        reason: str | None,
        action: str | None,
    ) -> int:
        condition, key, identity = key_condition(spec.name, row_id)
        names = list(values)
        selected = (
            ", ".join([*(["version"] if spec.versioned else []), *(quote(name) for name in names)]) or "1"
        )
        rows = cursor.execute(f"SELECT {selected} FROM {quote(spec.name)} WHERE {condition}", key).fetchall()
        if not rows:
            raise NotFound(f"{spec.name} {identity}", "there is no such row")
        old = list(rows[0])
        version = int(old.pop(0)) if spec.versioned else 0
        if spec.versioned and version != expected:
            raise self._conflict(cursor, spec.name, identity, version, expected or 0)
        before = {name: value for name, value in zip(names, old, strict=False) if value != values[name]}
        if not before:
            return version
        after = {name: values[name] for name in before}
        self._write(cursor, spec, condition, key, after)
        events.append(
            Event(action or self.action, spec.name, identity, _audited(before), _audited(after), None, reason)
        )
        if spec.name == "abstract":
            rows_ = [
                [
                    key[0],
                    version + 1,
                    name,
                    _text(before[name]),
                    _text(after[name]),
                    source_id,
                    self.actor,
                    self.now,
                    reason,
                ]
                for name in before
            ]
            cursor.executemany("INSERT INTO abstract_change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows_)
        return version + 1 if spec.versioned else 0

    def _write(
        self,
        cursor: duckdb.DuckDBPyConnection,
        spec: schema.Table,
        condition: str,
        key: list[Any],
        after: Mapping[str, Any],
    ) -> None:
        known = self._engine.columns(spec.name)
        stamps = {"changed_at": self.now, "changed_by": self.actor}
        stamped = {
            **after,
            **{name: value for name, value in stamps.items() if name in known and name not in after},
        }
        sets = [f"{quote(name)} = ?" for name in stamped] + (
            ["version = version + 1"] if spec.versioned else []
        )
        cursor.execute(
            f"UPDATE {quote(spec.name)} SET {', '.join(sets)} WHERE {condition}", [*stamped.values(), *key]
        )

    def _conflict(
        self, cursor: duckdb.DuckDBPyConnection, table: str, identity: str, version: int, expected: int
    ) -> VersionConflict:
        rows = cursor.execute(
            "SELECT actor, happened_at FROM audit_event WHERE entity = ? AND entity_id = ? ORDER BY seq DESC LIMIT 1",
            [table, identity],
        ).fetchall()
        actor, at = rows[0] if rows else (None, None)
        return VersionConflict(f"{table} {identity}", version, expected, actor, at)


def _insert_frame(cursor: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    cursor.register("new_rows", frame)
    try:
        cursor.execute(f"INSERT INTO {quote(table)} BY NAME SELECT * FROM new_rows")
    finally:
        cursor.unregister("new_rows")


def _audited(values: Mapping[str, Any] | None) -> str | None:
    """JSON of values for the audit; secrets only as the fact that there is one."""
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
