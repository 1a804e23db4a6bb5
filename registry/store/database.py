"""The store: one DuckDB file that holds a registry, opened by one process at a time.

>>> import tempfile, polars as pl
>>> folder = tempfile.TemporaryDirectory()
>>> path = Path(folder.name) / "registry.duckdb"
>>> with Store.create(path, key="a long and random key") as store:
...     new = store.new_ids("patient", 1)[0]
...     with store.unit_of_work("local:anna", "register") as uow:
...         _ = uow.insert("patient", pl.DataFrame({"patient_id": [new], "nameLast": ["Doe"]}))
...     with store.unit_of_work("local:anna", "correct") as uow:
...         version = uow.update("patient", new, {"nameLast": "Roe"}, expected_version=1)
...     version, store.query('SELECT "nameLast" FROM patient').item(), store.verify_audit().ok
(2, 'Roe', True)
>>> folder.cleanup()
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import polars as pl

from registry.errors import BadInput, NotReady, RegistryError
from registry.store import backup as backups
from registry.store import connection as connections
from registry.store import files, history, housekeeping, keys, opening, verify
from registry.store.audit import Anchor, Head, utc_now
from registry.store.backup import BackupReport
from registry.store.bulk import registered
from registry.store.connection import Connection, Options
from registry.store.engine import Engine, reading, waits
from registry.store.unit import UnitOfWork
from registry.store.verify import AuditReport


class Store:
    """An open registry database. Make one with `create`, `open` or `restore`; close it when done."""

    def __init__(self, engine: Engine, audit_key: bytes | None, key: str | None) -> None:
        self._engine = engine
        self._audit_key = audit_key
        self._key = key
        self._opened = engine.chain.head if engine.chain is not None else Head()

    # opening ---------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        key: str | None = None,
        options: Options | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> Store:
        """Make a new registry database and open it; nothing is left behind when it fails.

        Args:
            path: the file to make; must not exist.
            key: encryption key; None makes a plain database (warned about).
            options: memory, threads, backup folder.
            clock: gives the time (UTC without zone).

        Raises:
            BadInput: the file exists. NotReady: no permission, disk full, encryption missing.
        """
        cls.make(path, key=key, options=options, clock=clock)
        return cls.open(path, key=key, options=options, clock=clock)

    @staticmethod
    def make(
        path: str | Path,
        *,
        key: str | None = None,
        options: Options | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Make a new registry database without opening it; arguments and errors as of `create`."""
        opening.make(Path(path), key=key, options=options, clock=clock)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        key: str | None = None,
        read_only: bool = False,
        options: Options | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> Store:
        """Open an existing registry database, bringing it to the newest schema.

        Raises:
            WrongKey: the key does not open it, or one is missing or not wanted. Busy: another process has it.
            NotFound, BadInput, NotReady: no such file, not a registry, written by a newer program, no permission.
        """
        engine, audit_key = opening.open_engine(
            Path(path), key=key, read_only=read_only, options=options, clock=clock
        )
        return cls(engine, audit_key, key)

    @staticmethod
    def restore(
        backup: str | Path,
        path: str | Path,
        *,
        key: str | None = None,
        backup_key: str | None = None,
        options: Options | None = None,
    ) -> BackupReport:
        """Make a new database file from a backup, verified by counts, table hashes and audit chain.

        Args:
            backup: the backup file (its anchor beside it, when there is one, is checked too).
            path: the new database; must not exist.
            key: encryption key of the new database, and of the backup unless `backup_key` is given.
            backup_key: key of the backup when it is another one.
            options: memory and threads.

        Raises:
            WrongKey, BadInput, NotFound, NotReady: nothing is left behind.
        """
        return backups.restore(Path(backup), Path(path), key=key, backup_key=backup_key, options=options)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give unused ids back, write the log into the file, let go of it."""
        if self._engine.closed:
            return
        if not self.read_only:
            with contextlib.suppress(duckdb.Error, RegistryError):
                self._engine.ids.give_back()
            with contextlib.suppress(duckdb.Error, RegistryError):
                self.checkpoint(attempts=3)
            chain, anchor = self._engine.check_writable()
            with contextlib.suppress(OSError):
                anchor.write(chain.head, durable=True)
        self._engine.closed = True
        self._engine.connection.close()

    # properties ------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The database file."""
        assert self._engine.connection.path is not None
        return self._engine.connection.path

    @property
    def encrypted(self) -> bool:
        """Whether the file is encrypted."""
        return self._engine.connection.encrypted

    @property
    def read_only(self) -> bool:
        """Whether it was opened read-only."""
        return self._engine.connection.read_only

    @property
    def connection(self) -> Connection:
        """The connection itself, for backup and tests."""
        return self._engine.connection

    def now(self) -> datetime:
        """Return the store's time (UTC without zone)."""
        return self._engine.clock()

    # reading ---------------------------------------------------------------------------------------------

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor on the registry's tables; use it in one thread and close it."""
        return self._engine.cursor()

    def query(
        self,
        sql: str,
        params: Sequence[Any] | Mapping[str, Any] = (),
        *,
        frames: Mapping[str, pl.DataFrame] | None = None,
    ) -> pl.DataFrame:
        """Answer a query as a frame; each thread has a cursor of its own.

        Args:
            sql: a SELECT; give it an ORDER BY with a total key.
            params: values for its `?` or `$name`.
            frames: tables of these names that the query may use.

        Raises:
            BadInput: the statement would change data, which belongs into a unit of work with its audit.
        """
        try:
            cursor = self._engine.thread_cursor()
            with registered(cursor, frames), reading(cursor):
                return cursor.execute(sql, params).pl()
        except duckdb.TransactionException:
            raise BadInput("query", "this only reads", "change data in a unit of work") from None
        except duckdb.Error as error:
            raise self._engine.translate(error) from None

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names of a table.

        Raises:
            NotFound: no such table.
        """
        return self._engine.columns(table)

    def column_types(self, table: str) -> dict[str, str]:
        """SQL type of each column of a table."""
        rows = self.query(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database() AND table_name = ? ORDER BY column_index",
            [table],
        )
        return dict(rows.iter_rows())

    def get_meta(self, name: str) -> str | None:
        """A setting of this database, or None."""
        rows = self.query("SELECT value FROM meta WHERE name = ?", [name])
        return rows.item() if rows.height else None

    def study_key(self, study: str) -> bytes:
        """Secret key for pseudonyms of one study: derived from the audit key, never kept in the database.

        Raises:
            NotReady: the audit key is missing.
        """
        if self._audit_key is None:
            raise NotReady(self.path.name, "the audit key is missing", "put the key file beside the database")
        return keys.hkdf(self._audit_key, salt=b"registry study ids v1", info=study.encode())

    def changes(self, entity: str, entity_id: int | str) -> pl.DataFrame:
        """History of one record: a row per changed item.

        Returns:
            Frame of seq, happened_at, actor, action, item, before, after, reason; by seq and item. An event
            without values has one row with item null.
        """
        return history.by_item(self.query(history.QUERY, [entity, str(entity_id)]))

    def find_load(self, sha256: str) -> dict[str, Any] | None:
        """Return the finished load of exactly these bytes, as a dict of its columns, or None."""
        frame = self.query(
            "SELECT * FROM load WHERE sha256 = ? AND status = 'done' ORDER BY load_id LIMIT 1", [sha256]
        )
        return frame.to_dicts()[0] if frame.height else None

    # writing ---------------------------------------------------------------------------------------------

    def unit_of_work(
        self,
        actor: str,
        action: str,
        *,
        reason: str | None = None,
        facility_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> UnitOfWork:
        """Begin one transaction of change and audit rows; use it in a `with` block.

        Args:
            actor: who, such as "local:anna".
            action: what, such as "save abstract".
            reason: why.
            facility_id: the facility that the change belongs to.
            idempotency_key: a repeated save with the same key changes nothing and returns the first answers.
        """
        return UnitOfWork(
            self._engine,
            actor,
            action,
            reason=reason,
            facility_id=facility_id,
            idempotency_key=idempotency_key,
        )

    def new_ids(self, kind: str, n: int) -> range:
        """Issue `n` new ids of a kind ("patient", "tumor", "abstract", "source", ...); never issued again."""
        self._engine.check_writable()
        return self._engine.ids.take(kind, n)

    def ensure_columns(self, table: str, ids: Iterable[str]) -> list[str]:
        """Add missing item columns (VARCHAR) to a wide table; returns those added."""
        return self._engine.ensure_columns(table, ids)

    def housekeeping(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Change a table that holds no records (draft, session, job_run, job_attempt) without audit rows.

        Returns:
            Rows changed.

        Raises:
            BadInput: the statement is about another table.
        """
        return housekeeping.run(self._engine, sql, params)

    # received files --------------------------------------------------------------------------------------

    def keep_file(
        self, name: str, kind: str, data: bytes, sha256: str | None = None, *, actor: str = "store"
    ) -> int:
        """Keep a received file once; returns its file_id (the earlier one for the same bytes)."""
        with self.unit_of_work(actor, "keep file") as uow:
            return uow.keep_file(name, kind, data, sha256)

    def received_bytes(self, source_id: int) -> bytes:
        """Exact bytes of one received record. Raises NotFound."""
        return files.read_record(self._engine.thread_cursor(), source_id)

    def file_bytes(self, file_id: int, start: int = 0, length: int | None = None) -> bytes:
        """Exact bytes of a kept file or of a part of it. Raises NotFound, BadInput."""
        return files.read_bytes(self._engine.thread_cursor(), file_id, start, length)

    def received(self, file_id: int, spans: Sequence[tuple[int, int]]) -> list[bytes]:
        """Exact bytes of parts (first byte, length; ascending) of a kept file. Raises NotFound, BadInput."""
        return files.read_spans(self._engine.thread_cursor(), file_id, spans)

    # drafts ----------------------------------------------------------------------------------------------

    def save_draft(
        self,
        account: str,
        entity: str,
        entity_id: int | str,
        content: Mapping[str, Any],
        *,
        based_on: int | None = None,
    ) -> None:
        """Keep unfinished typing (JSON); it enters the record's table on completion, as a unit of work."""
        housekeeping.save_draft(self._engine, account, entity, str(entity_id), content, based_on)

    def draft(self, account: str, entity: str, entity_id: int | str) -> dict[str, Any] | None:
        """Return a draft as {content, based_on, changed_at}, or None."""
        rows = self.query(
            "SELECT content, based_on, changed_at FROM draft WHERE account = ? AND entity = ? AND entity_id = ?",
            [account, entity, str(entity_id)],
        ).to_dicts()
        return {**rows[0], "content": json.loads(rows[0]["content"])} if rows else None

    def drop_draft(self, account: str, entity: str, entity_id: int | str) -> None:
        """Forget a draft."""
        self.housekeeping(
            "DELETE FROM draft WHERE account = ? AND entity = ? AND entity_id = ?",
            [account, entity, str(entity_id)],
        )

    # keeping ---------------------------------------------------------------------------------------------

    def checkpoint(self, *, attempts: int = 14) -> None:
        """Write the log into the file; waits for open writes.

        Raises:
            Busy: writes never paused.
        """
        cursor = self._engine.cursor()
        try:
            for wait in (*waits(attempts), None):
                try:
                    cursor.execute("CHECKPOINT")
                    return
                except duckdb.TransactionException as error:
                    if wait is None:
                        raise connections.explain(error, self._engine.where) from None
                    time.sleep(wait)
        finally:
            cursor.close()

    def verify_audit(self, *, references: bool = True) -> AuditReport:
        """Recompute the audit chain against its anchors and look for broken references.

        Raises:
            NotReady: the audit key is missing.
        """
        if self._audit_key is None:
            self._audit_key = opening.audit_key(self._engine.cursor(), self.path, self._key, required=True)
        assert self._audit_key is not None
        chain = self._engine.chain
        anchors = (Anchor(self.path, self._audit_key).read(), self._opened, *([chain.head] if chain else []))
        cursor = self._engine.cursor()
        try:
            cursor.execute("BEGIN")
            report = verify.verify_chain(cursor, self._audit_key, anchors=anchors)
            broken = verify.orphans(cursor) if references else ()
            cursor.execute("ROLLBACK")
        finally:
            cursor.close()
        if broken:
            table, column, rows = broken[0]
            text = f"{report.message}; {rows} rows of {table} point with {column} to nothing"
            return AuditReport(False, report.rows, report.first_bad, text, broken)
        return report

    def backup(self, path: str | Path, *, key: str | None = None, plain: bool = False) -> BackupReport:
        """Copy everything into a new file while work goes on; verified before it gets its name.

        Args:
            path: the new file; must not exist.
            key: encryption key of the copy; None means this registry's own.
            plain: make an unencrypted copy all the same.

        Raises:
            BadInput: the file exists. NotReady: no permission, disk full, or the copy does not agree.
        """
        if self._audit_key is None:
            self._audit_key = opening.audit_key(self._engine.cursor(), self.path, self._key, required=True)
        assert self._audit_key is not None
        copy_key = None if plain else key or self._key
        return backups.back_up(
            self._engine, self._audit_key, Path(path), copy_key, carry=copy_key != self._key
        )

    def renew_anchor(self, actor: str, reason: str) -> None:
        """Accept the chain as it is after an explained loss of the anchor; the act itself is audited."""
        chain, anchor = self._engine.check_writable()
        with self.unit_of_work(actor, "renew audit anchor", reason=reason) as uow:
            uow.log("audit", None, "renew audit anchor")
        anchor.frozen = False
        anchor.write(chain.head, durable=True)
