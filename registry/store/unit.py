"""Unit of work: one transaction that holds a change together with its audit rows (steps people call)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import duckdb
import polars as pl

from registry.errors import BadInput
from registry.store import files, schema
from registry.store.audit import Event, frame_digest, to_json
from registry.store.bulk import BulkSteps, registered
from registry.store.changes import EVENT_ROWS, RowUpdate, audited, insert_events, insert_frame, key_condition
from registry.store.transaction import Transaction


class UnitOfWork(BulkSteps, Transaction):
    """Use through `Store.unit_of_work` in a `with` block; leaving the block commits, an error rolls back.

    Attributes:
        result: any JSON-able answer, kept with the idempotency key.
        repeated: True when this idempotency key was saved before: steps then change nothing and return the
            first answers.
    """

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
        known = self._with_columns(table, frame.columns)
        filled = frame.with_columns(
            pl.lit(value).alias(name)
            for name, value in self._stamps().items()
            if name in known and name not in frame.columns
        )

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            insert_frame(cursor, table, filled)
            if logged and filled.height:
                events.extend(insert_events(table, frame, self.action, self.reason))
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
        known = self._with_columns(table, changes)
        values = {name: (None if value == "" and spec.wide else value) for name, value in changes.items()}

        step = RowUpdate(
            spec,
            row_id,
            values,
            expected_version,
            {name: value for name, value in self._stamps().items() if name in known and name != "created_at"},
            self.actor,
            action or self.action,
            self.now,
            reason or self.reason,
            source_id,
        )
        return int(self._do(f"update:{table}:{key_condition(table, row_id)[2]}", step.run, table))

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

    def execute(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        frames: Mapping[str, pl.DataFrame] | None = None,
    ) -> int:
        """Change a set of rows by SQL; say what it did with `log` or `digest`.

        `frames` are tables that the statement may name.

        Returns:
            Rows changed.
        """

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            with registered(cursor, frames):
                rows = cursor.execute(sql, params).fetchall()
            return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0

        return int(self._do(f"execute:{sql}", run))

    def query(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        frames: Mapping[str, pl.DataFrame] | None = None,
    ) -> pl.DataFrame:
        """Read inside the transaction (its own changes included); `frames` are tables that it may name.

        Raises:
            Conflict: on a second attempt the answer differs, so what was decided on it no longer holds.
        """
        if self._repeat is not None:
            shared = self._engine.thread_cursor()
            with registered(shared, frames):
                return shared.execute(sql, params).pl()

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> pl.DataFrame:
            with registered(cursor, frames):
                return cursor.execute(sql, params).pl()

        frame: pl.DataFrame = self._do("query", run, reads=True)
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
            audited(before),
            audited(after),
            digest,
            self.reason,
        )
        self._do(f"log:{entity}", lambda cursor, events: events.append(event))

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names of a table."""
        return self._engine.columns(table)

    def new_ids(self, kind: str, n: int) -> range:
        """Issue `n` new ids of a kind (see `Store.new_ids`)."""
        return self._engine.ids.take(kind, n)

    def digest(self, frame: pl.DataFrame, entity: str = "bulk", entity_id: int | str | None = None) -> str:
        """Add one audit event that holds the digest of a bulk change's rows.

        Returns:
            SHA-256 of the rows (hex).
        """
        value = frame_digest(frame)
        after = {"rows": frame.height, "columns": frame.columns}
        self.log(entity, entity_id, self.action, None, after, digest=value)
        return value

    def keep_file(
        self, name: str, kind: str, data: bytes | Callable[[], Iterable[bytes]], sha256: str | None = None
    ) -> int:
        """Keep a received file once, as compressed chunks.

        Args:
            data: its bytes, or what gives them in pieces (a large file is then never whole in memory).

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
            insert_frame(cursor, "source_file", kept.row(new_id, self.now))
            for chunks in kept.chunks(new_id):
                insert_frame(cursor, "source_chunk", chunks)
            after = to_json({"kind": kind, "bytes": kept.size})
            events.append(
                Event("keep file", "source_file", str(new_id), None, after, kept.sha256, self.reason)
            )
            return new_id

        return int(self._do("keep_file", run, "source_file", sum(map(len, kept.packed))))

    def received(self, file_id: int, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Exact bytes of parts of a kept file (one kept in this unit of work included).

        Args:
            spans: (first byte, length), ascending.

        Raises:
            NotFound: no such file. BadInput: a part lies outside it, or its content is damaged.
        """
        if self._repeat is not None:
            return files.read_spans(self._engine.thread_cursor(), file_id, spans)

        def read() -> list[bytes]:
            assert self._cursor is not None
            return files.read_spans(self._cursor, file_id, spans)

        return self._attempt(read, "source_file")

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

    def quarantine_all(self, pieces: pl.DataFrame) -> None:
        """Keep many pieces of one file at once.

        Args:
            pieces: frame[load_id, file_name, kind, place, reason, expected, content].
        """
        ids = pl.Series("quarantine_id", list(self._engine.ids.take("quarantine", pieces.height)), pl.Int64)
        rows = pieces.with_columns(ids, created_at=pl.lit(self.now))

        def run(cursor: duckdb.DuckDBPyConnection, events: list[Event]) -> int:
            insert_frame(cursor, "quarantine", rows)
            sizes = rows.select("quarantine_id", "kind", "load_id", bytes=pl.col("content").bin.size())
            if rows.height > EVENT_ROWS:
                after = to_json({"rows": rows.height, "bytes": int(sizes["bytes"].sum())})
                events.append(
                    Event("quarantine", "quarantine", None, None, after, frame_digest(rows), self.reason)
                )
                return rows.height
            for row in sizes.iter_rows(named=True):
                number = str(row.pop("quarantine_id"))
                events.append(
                    Event("quarantine", "quarantine", number, None, to_json(row), None, self.reason)
                )
            return rows.height

        if rows.height:
            self._do("quarantine_all", run, "quarantine", int(rows.estimated_size()))

    def _stamps(self) -> dict[str, Any]:
        return {"created_at": self.now, "changed_at": self.now, "changed_by": self.actor}

    def _with_columns(self, table: str, wanted: Iterable[str]) -> tuple[str, ...]:
        """Columns of a table, after adding the missing ones in a transaction of their own."""
        known = self._engine.columns(table)
        new = [column for column in wanted if column not in known]
        if new and self._repeat is None:
            self._restart()
            self._engine.ensure_columns(table, new)
            known = self._engine.columns(table)
        elif self._begun and self._generation != self._engine.generation:
            self._restart()  # others added columns that this transaction does not see
        return known
