"""The audit chain: every change is an event whose hash covers the event and the hash before it.

The hash is an HMAC whose key lies outside the database, so a changed, missing, added or swapped row is found
even when the intruder knows the method. The end of the chain is anchored in a small file beside the database,
written after each commit: it may lag behind the chain (a crash in between), never be ahead of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from registry.errors import BadInput
from registry.store.keys import write_private

GENESIS = "0" * 64
EPOCH = datetime(1970, 1, 1)
_SMALL = 8
_NULL = -1

COLUMNS = (
    *("seq", "happened_at", "actor", "action", "entity", "entity_id", "facility_id", "reason"),
    *("before_value", "after_value", "digest", "previous_hash", "hash"),
)
_SCHEMA: dict[str, Any] = dict.fromkeys(COLUMNS, pl.String) | {
    "seq": pl.Int64,
    "happened_at": pl.Datetime("us"),
}


@dataclass(frozen=True)
class Event:
    """One audited fact. `before` and `after` are JSON objects by item, or None."""

    action: str
    entity: str | None = None
    entity_id: str | None = None
    before: str | None = None
    after: str | None = None
    digest: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Head:
    """End of the chain: number and hash of its last row (0 and GENESIS when empty)."""

    seq: int = 0
    hash: str = GENESIS


def utc_now() -> datetime:
    """Return the time now, UTC without zone, as all timestamps are kept."""
    return datetime.now(UTC).replace(tzinfo=None)


def to_json(values: dict[str, Any] | None) -> str | None:
    """Canonical JSON of before/after values; None stays None.

    >>> to_json({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    if values is None:
        return None
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def row_hash(key: bytes, fields: Sequence[Any]) -> str:
    """HMAC-SHA256 of a row without its own hash; `fields` follow COLUMNS, time in microseconds since 1970.

    >>> len(row_hash(b"k", [1, 0, "anna", "update", None, None, None, None, None, None, None, GENESIS]))
    64
    """
    return hmac.digest(key, _encode(fields).encode("utf-8", "surrogatepass"), "sha256").hex()


def frame_digest(frame: pl.DataFrame) -> str:
    """SHA-256 of a frame's content: column names, types and rows in the order given.

    Column by column: each row's length (`_NULL` for null, so that null and an empty text differ), then the bytes.

    Raises:
        BadInput: a column holds lists, structs or objects.

    >>> a = pl.DataFrame({"x": ["1", None]})
    >>> frame_digest(a) == frame_digest(a.clone()), frame_digest(a) == frame_digest(a.reverse())
    (True, False)
    """
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype == pl.Object]
    if nested:
        raise BadInput(f"column {nested[0]}", "nested values cannot be digested", "write them as JSON text")
    header = [frame.height, [[name, str(dtype)] for name, dtype in frame.schema.items()]]
    digest = hashlib.sha256(_encode(header).encode())
    for column in frame.iter_columns():
        is_text = column.dtype in (pl.String, pl.Binary)
        for part in _text_bytes(column if is_text else column.cast(pl.String)):
            digest.update(part)
    return digest.hexdigest()


def _text_bytes(column: pl.Series) -> Iterator[memoryview]:
    """Lengths and content of a column of texts or bytes, however it lies in memory."""
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    if not len(array):
        return
    valid, offsets, content = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    lengths = np.diff(ends)
    if valid is not None and column.null_count():
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")
        lengths[bits[array.offset : array.offset + len(array)] == 0] = _NULL
    yield lengths.astype("<i8", copy=False).data
    if content is not None:
        yield memoryview(content)[ends[0] : ends[-1]]


class Anchor:
    """The file `<db>.anchor.json`: how far the chain had come, sealed with the audit key."""

    def __init__(self, database: Path, key: bytes) -> None:
        self.path = database.with_name(database.name + ".anchor.json")
        self._key = key
        self._guard = threading.Lock()
        self._written = -1
        self.frozen = False  # it contradicts the chain: kept as evidence, not overwritten

    def write(self, head: Head, *, durable: bool = False) -> None:
        """Replace the anchor unless a later one is there already."""
        with self._guard:
            if head.seq <= self._written or self.frozen:
                return
            content = {"seq": head.seq, "hash": head.hash, "seal": self._seal(head)}
            write_private(self.path, json.dumps(content) + "\n", durable=durable)
            self._written = head.seq

    def read(self) -> Head | str:
        """Return the anchored head, or a sentence saying why there is none."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            head = Head(int(content["seq"]), str(content["hash"]))
            sealed = hmac.compare_digest(str(content["seal"]), self._seal(head))
        except OSError:
            return f"{self.path.name} is missing, so a cut-off end could not be noticed"
        except (ValueError, KeyError, TypeError):
            return f"{self.path.name} is damaged"
        return head if sealed else f"{self.path.name} was not written with this registry's audit key"

    def _seal(self, head: Head) -> str:
        return hmac.digest(self._key, f"anchor|{head.seq}|{head.hash}".encode(), "sha256").hex()


class Chain:
    """Head of the chain in memory. Callers hold the writer lock from `append` to `advance`."""

    def __init__(self, key: bytes, head: Head) -> None:
        self.key = key
        self.head = head
        self.stale = False  # a commit ended without a clear answer: read the head again

    def append(
        self,
        cursor: duckdb.DuckDBPyConnection,
        events: Iterable[Event],
        *,
        actor: str,
        facility_id: str | None,
        now: datetime,
    ) -> Head:
        """Number, hash and insert events within the caller's transaction; return the head to advance to."""
        micros = _micros(now)
        seq, previous = self.head.seq, self.head.hash
        rows = []
        for event in events:
            seq += 1
            texts = (actor, event.action, event.entity, event.entity_id, facility_id, event.reason)
            fields: list[Any] = [seq, micros, *(None if text is None else str(text) for text in texts)]
            fields += [event.before, event.after, event.digest, previous]
            own = row_hash(self.key, fields)
            fields[1] = now
            rows.append([*fields, own])
            previous = own
        if len(rows) <= _SMALL:
            marks = ", ".join([f"({', '.join('?' * len(COLUMNS))})"] * len(rows))
            values = [value for row in rows for value in row]
            cursor.execute(f"INSERT INTO audit_event ({', '.join(COLUMNS)}) VALUES {marks}", values)
        else:
            cursor.register("new_audit_events", pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
            try:
                cursor.execute("INSERT INTO audit_event BY NAME SELECT * FROM new_audit_events ORDER BY seq")
            finally:
                cursor.unregister("new_audit_events")
        return Head(seq, previous)

    def advance(self, head: Head) -> None:
        """Make `head` the end of the chain, after its commit."""
        self.head = head
        self.stale = False

    def reload(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Read the head from the database (at opening, and after a commit with an unclear end)."""
        self.head = read_head(cursor)
        self.stale = False


def read_head(cursor: duckdb.DuckDBPyConnection) -> Head:
    """Last row of the chain as it is stored."""
    rows = cursor.execute("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1").fetchall()
    return Head(int(rows[0][0]), str(rows[0][1])) if rows else Head()


def _micros(moment: datetime) -> int:
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
