"""What all units of work of one open database share: connection, writer lock, audit chain, ids, columns."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from registry.errors import BadInput, Busy, Conflict, NotReady, RegistryError
from registry.store import schema
from registry.store.audit import Anchor, Chain
from registry.store.connection import Connection, explain
from registry.store.ids import Ids

ATTEMPTS = 14


@dataclass(frozen=True)
class Repeat:
    """What a finished unit of work answered, step by step, under its idempotency key."""

    action: str
    steps: list[tuple[str, Any]]
    result: Any


def waits(attempts: int = ATTEMPTS) -> Iterator[float]:
    """Seconds to wait before each next attempt: doubling from 2 ms to 250 ms, with jitter.

    >>> len(list(waits(5)))
    4
    """
    for attempt in range(attempts - 1):
        yield min(0.002 * 2**attempt, 0.25) * random.uniform(0.5, 1.0)  # noqa: S311 (not a secret)


class Engine:
    """Owner of one open database's shared state."""

    def __init__(
        self,
        connection: Connection,
        chain: Chain | None,
        anchor: Anchor | None,
        clock: Callable[[], datetime],
    ) -> None:
        assert connection.path is not None
        self.connection = connection
        self.where = connection.path.name
        self.chain = chain
        self.anchor = anchor
        self.clock = clock
        self.writer = threading.RLock()  # number + audit insert + commit; also ALTER TABLE
        self.altering = threading.RLock()  # a backup's copy and ALTER TABLE exclude each other
        self.closed = False
        self._local = threading.local()
        self._columns: dict[str, tuple[str, ...]] = {}
        self.generation = 0  # counts the times that tables grew; a transaction sees those before it began
        self.ids = Ids(self.cursor)

    def thread_cursor(self) -> duckdb.DuckDBPyConnection:
        """Cursor of the calling thread, for reading."""
        self.check_open()
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self.connection.cursor()
        return cursor

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own for a unit of work."""
        self.check_open()
        return self.connection.cursor()

    def check_open(self) -> None:
        """Refuse to work on a closed store."""
        if self.closed:
            raise NotReady(self.where, "this session is closed", "open the database again")

    def check_writable(self) -> tuple[Chain, Anchor]:
        """Return chain and anchor, or refuse.

        Raises:
            NotReady: opened read-only.
        """
        self.check_open()
        if self.chain is None or self.anchor is None or self.connection.read_only:
            raise NotReady(self.where, "the database was opened read-only", "open it for writing")
        return self.chain, self.anchor

    def columns(self, table: str) -> tuple[str, ...]:
        """Column names of a table (cached: this process is the only one that alters)."""
        known = self._columns.get(table)
        if known is None:
            known = self._columns[table] = tuple(schema.columns(self.cursor(), table))
        return known

    def ensure_columns(self, table: str, items: Iterable[str]) -> list[str]:
        """Add missing item columns in a transaction of their own, under the writer lock.

        Returns:
            The columns that were added.
        """
        present = set(self.columns(table))
        wanted = [item for item in dict.fromkeys(items) if item not in present]
        if not wanted:
            return []
        self.check_writable()
        with self.altering, self.writer:
            cursor = self.cursor()
            try:
                for wait in (*waits(), None):
                    cursor.execute("BEGIN")
                    try:
                        added = schema.add_columns(cursor, table, wanted)
                        cursor.execute("COMMIT")
                        return added
                    except duckdb.TransactionException:
                        roll_back(cursor)
                        if wait is None:
                            raise Busy(
                                table, "its columns could not be extended while it is in use"
                            ) from None
                        time.sleep(wait)
                    except RegistryError:
                        roll_back(cursor)
                        raise
                    except duckdb.Error as error:
                        roll_back(cursor)
                        raise self.translate(error, table) from None
            finally:
                self._columns.pop(table, None)
                self.generation += 1
                cursor.close()
        return []

    def find_repeat(self, key: str | None) -> Repeat | None:
        """Return what was saved under an idempotency key, if anything."""
        if key is None:
            return None
        cursor = self.cursor()
        try:
            rows = cursor.execute(
                "SELECT action, steps, result FROM idempotency WHERE key = ?", [key]
            ).fetchall()
        finally:
            cursor.close()
        if not rows:
            return None
        action, steps, result = rows[0]
        return Repeat(
            action,
            [(step[0], step[1]) for step in json.loads(steps)],
            None if result is None else json.loads(result),
        )

    def translate(self, error: duckdb.Error, table: str | None = None) -> Exception:
        """Error for people, without values; programming errors stay as they are."""
        where = table or self.where
        if isinstance(error, duckdb.ConstraintException):
            return Conflict(
                where, "a row with this key exists already, or a value breaks a rule of the table"
            )
        if isinstance(error, duckdb.ConversionException):
            return BadInput(where, "a value does not fit the type of its column")
        if isinstance(error, duckdb.ProgrammingError) and not isinstance(error, duckdb.IOException):
            return error
        return explain(error, self.where)


def roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    """Roll back if a transaction is open (a failed COMMIT has ended it already)."""
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error:
        return


@contextmanager
def reading(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction that cannot change anything."""
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        yield
    finally:
        roll_back(cursor)
