"""Numbers for our own keys: issued once, never again, whatever becomes of the transaction that uses them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import duckdb

from registry.errors import BadInput

_BLOCK = 100


class Ids:
    """Issues ids from blocks that are reserved in the database before they are handed out.

    A crash loses the rest of a block (a gap, never a repetition); an orderly close gives it back.
    """

    def __init__(self, cursor: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._cursor = cursor
        self._guard = threading.Lock()
        self._next: dict[str, int] = {}
        self._end: dict[str, int] = {}

    def take(self, kind: str, n: int) -> range:
        """Return `n` new ids of a kind ("patient", "tumor", ...), ascending from 1.

        Raises:
            BadInput: `kind` is not a plain name or `n` is negative.
        """
        if not re.fullmatch(r"[a-z][a-z_]*", kind) or n < 0:
            raise BadInput("new_ids", "kind must be a lower-case name and n at least 0")
        with self._guard:
            if kind not in self._next or self._end[kind] - self._next[kind] < n:
                self._reserve(kind, max(n, _BLOCK))
            start = self._next[kind]
            self._next[kind] = start + n
            return range(start, start + n)

    def _reserve(self, kind: str, n: int) -> None:
        start = self._next.get(kind)
        if start is None:
            rows = self._cursor().execute("SELECT next_id FROM id_counter WHERE kind = ?", [kind]).fetchall()
            start = int(rows[0][0]) if rows else 1
        self._write(kind, start + n)
        self._next[kind], self._end[kind] = start, start + n

    def _write(self, kind: str, next_id: int) -> None:
        self._cursor().execute(
            "INSERT INTO id_counter VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET next_id = excluded.next_id",
            [kind, next_id],
        )

    def give_back(self) -> None:
        """Return the unused rest of each block (at an orderly close)."""
        with self._guard:
            for kind, start in self._next.items():
                if start < self._end[kind]:
                    self._write(kind, start)
            self._next.clear()
            self._end.clear()
