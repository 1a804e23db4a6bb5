"""Received files, kept exactly: zstd chunks in the database, readable from any byte to any byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
import zstandard

from registry.errors import BadInput, NotFound

CHUNK = 1 << 20  # bytes before compression: a record is read by decompressing one or two chunks
_ROWS = 64
AHEAD = 8  # chunks read at once where several parts of a file are wanted


@dataclass(frozen=True)
class KeptFile:
    """A file on its way into `source_file` and `source_chunk`."""

    name: str
    kind: str
    size: int
    sha256: str
    packed: tuple[bytes, ...]

    def row(self, file_id: int, now: datetime) -> pl.DataFrame:
        """Its row of `source_file`."""
        return pl.DataFrame(
            {
                "file_id": [file_id],
                "file_name": [self.name],
                "kind": [self.kind],
                "sha256": [self.sha256],
                "bytes": [self.size],
                "stored_bytes": [sum(map(len, self.packed))],
                "chunks": [len(self.packed)],
                "created_at": [now],
            }
        )

    def chunks(self, file_id: int) -> Iterator[pl.DataFrame]:
        """Its rows of `source_chunk`, some at a time."""
        for first in range(0, len(self.packed), _ROWS):
            part = self.packed[first : first + _ROWS]
            numbers = range(first, first + len(part))
            yield pl.DataFrame(
                {
                    "file_id": [file_id] * len(part),
                    "chunk": list(numbers),
                    "byte_start": [number * CHUNK for number in numbers],
                    "byte_length": [min(CHUNK, self.size - number * CHUNK) for number in numbers],
                    "content": list(part),
                },
                schema_overrides={"chunk": pl.Int32},
            )


def prepare(
    name: str, kind: str, data: bytes | Callable[[], Iterable[bytes]], sha256: str | None = None
) -> KeptFile:
    """Check and compress a file.

    Args:
        data: its bytes, or what gives them in pieces.

    Raises:
        BadInput: `sha256` is not the data's.

    >>> prepare("a.hl7", "hl7", b"MSH|").packed != ()
    True
    >>> prepare("a.hl7", "hl7", lambda: [b"MS", b"H|"]) == prepare("a.hl7", "hl7", b"MSH|")
    True
    """
    digest, size, packed = hashlib.sha256(), 0, []
    compressor = zstandard.ZstdCompressor(level=3)
    for chunk in _in_chunks([data] if isinstance(data, bytes) else data()):
        digest.update(chunk)
        size += len(chunk)
        packed.append(compressor.compress(chunk))
    if sha256 is not None and sha256 != digest.hexdigest():
        raise BadInput(name, "its bytes do not have the checksum that was announced", "send the file again")
    return KeptFile(name, kind, size, digest.hexdigest(), tuple(packed))


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of CHUNK bytes, the last one shorter."""
    rest = b""
    for piece in pieces:
        data = rest + piece if rest else piece
        whole = len(data) - len(data) % CHUNK
        for start in range(0, whole, CHUNK):
            yield data[start : start + CHUNK]
        rest = data[whole:]
    if rest:
        yield rest


def read_bytes(
    cursor: duckdb.DuckDBPyConnection, file_id: int, start: int = 0, length: int | None = None
) -> bytes:
    """Exact bytes of a kept file, or of a part of it.

    Raises:
        NotFound: no such file. BadInput: the part lies outside the file, or the content is damaged.
    """
    size = _size(cursor, file_id)
    end = size if length is None else start + length
    if not 0 <= start <= end <= size:
        raise BadInput(f"file {file_id}", f"bytes {start} to {end} lie outside its {size} bytes")
    parts = cursor.execute(
        "SELECT byte_start, content FROM source_chunk WHERE file_id = ? AND byte_start < ? "
        "AND byte_start + byte_length > ? ORDER BY chunk",
        [file_id, end, start],
    ).fetchall()
    unpack = zstandard.ZstdDecompressor()
    try:
        data = b"".join(unpack.decompress(content, max_output_size=CHUNK) for _, content in parts)
    except zstandard.ZstdError:
        raise BadInput(f"file {file_id}", "its kept content is damaged", "restore a backup") from None
    offset = start - int(parts[0][0]) if parts else 0
    if len(data) < offset + end - start:
        raise BadInput(f"file {file_id}", "its kept content is incomplete", "restore a backup")
    return data[offset : offset + end - start]


def read_spans(
    cursor: duckdb.DuckDBPyConnection, file_id: int, spans: Sequence[tuple[int, int]]
) -> list[bytes]:
    """Exact bytes of several parts of a kept file, each chunk unpacked once.

    Args:
        spans: (first byte, length), ascending.

    Raises:
        NotFound, BadInput: as `read_bytes`.
    """
    found, window, first = [], b"", 0
    for start, length in spans:
        end = start + length
        if not first <= start <= end <= first + len(window):
            # whole chunks around the part and some after it: the next parts mostly lie there
            first = start // CHUNK * CHUNK
            size = _size(cursor, file_id)
            window = read_bytes(cursor, file_id, first, max(min(first + AHEAD * CHUNK, size), end) - first)
        found.append(window[start - first : end - first])
    return found


def _size(cursor: duckdb.DuckDBPyConnection, file_id: int) -> int:
    rows = cursor.execute("SELECT bytes FROM source_file WHERE file_id = ?", [file_id]).fetchall()
    if not rows:
        raise NotFound(f"file {file_id}", "no such file was kept")
    return int(rows[0][0])


def read_record(cursor: duckdb.DuckDBPyConnection, source_id: int) -> bytes:
    """Exact bytes of one received record (patient element, message, line).

    Raises:
        NotFound: no such record, or its file was not kept.
    """
    rows = cursor.execute(
        "SELECT file_id, byte_start, byte_length FROM source_record WHERE source_id = ?", [source_id]
    ).fetchall()
    if not rows or rows[0][0] is None:
        raise NotFound(f"source {source_id}", "no received bytes are kept for this record")
    file_id, start, length = rows[0]
    return read_bytes(cursor, int(file_id), int(start or 0), None if length is None else int(length))
