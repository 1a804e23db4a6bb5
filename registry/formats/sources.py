"""Bytes in, bytes out: open plain or gzipped files, read them in chunks, write them whole or not at all."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from registry.errors import BadInput, Denied, NotFound

Source = str | Path | bytes | BinaryIO

CHUNK = 1 << 16
# Limits that no real file comes near; they stop a compression bomb, not a big registry.
MAX_BYTES = 64 << 30
RATIO_CHECKED_FROM = 64 << 20
MAX_RATIO = 500


def source_name(source: Source) -> str:
    """What to call a source in messages: the path as given, a stream's name, or <input>.

    >>> source_name("in/a.xml"), source_name(b"")
    ('in/a.xml', '<input>')
    """
    if isinstance(source, str | Path):
        return str(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<input>"


@contextlib.contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """A binary stream over a path, bytes or stream; gzip is recognised by its first bytes.

    Raises:
        NotFound, Denied, BadInput: no such file, no permission, or a folder.
    """
    with contextlib.ExitStack() as stack:
        raw: IO[bytes]
        if isinstance(source, str | Path):
            raw = stack.enter_context(_open_file(Path(source)))
        elif isinstance(source, bytes):
            raw = io.BytesIO(source)
        else:
            raw = source
        head = raw.read(2)
        whole = _Rejoined(head, raw)
        if head == b"\x1f\x8b":
            yield gzip.GzipFile(fileobj=whole, mode="rb")  # type: ignore[misc]
        else:
            yield whole  # type: ignore[misc]


def chunks(stream: BinaryIO, name: str, size: int = CHUNK) -> Iterator[bytes]:
    """The decompressed bytes in pieces.

    Raises:
        BadInput: the compressed file is damaged or cut off, or unpacks to an absurd size.
    """
    total = 0
    while True:
        try:
            data = stream.read(size)
        except EOFError:
            raise BadInput(name, "the compressed file is cut off", "send it again") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise BadInput(name, f"the compressed file is damaged ({error})", "send it again") from None
        except OSError as error:
            raise BadInput(name, f"cannot be read ({error.strerror or error})", "check the file") from None
        if not data:
            return
        total += len(data)
        _refuse_bomb(stream, name, total)
        yield data


def read_all(source: Source, limit: int = 1 << 30) -> bytes:
    """The whole decompressed content.

    Raises:
        BadInput: unreadable, damaged, or larger than `limit` bytes.
    """
    name = source_name(source)
    pieces, total = [], 0
    with opened(source) as stream:
        for data in chunks(stream, name):
            total += len(data)
            if total > limit:
                raise BadInput(name, f"holds more than {limit:,} bytes", "split the file")
            pieces.append(data)
    return b"".join(pieces)


@contextlib.contextmanager
def replacing(target: str | Path) -> Iterator[BinaryIO]:
    """Write a file beside its target and rename it when everything is on disk; else leave nothing.

    A name that ends in .gz is compressed, with no time stamp, so that equal content gives equal bytes.

    Raises:
        BadInput: the folder is missing, not writable, or the disk is full.
    """
    path = Path(target)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror})", "choose another place") from None
    try:
        with os.fdopen(handle, "wb") as file:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        _keep_mode(path, temporary)
        Path(temporary).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror or error})", "make room") from None
    finally:
        Path(temporary).unlink(missing_ok=True)


class _Rejoined(io.RawIOBase):
    """A stream with its first bytes put back, so that pipes (which can't seek) work too."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest
        self.received = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._head:
            cut = len(self._head) if size < 0 else min(size, len(self._head))
            data, self._head = self._head[:cut], self._head[cut:]
            data += self._rest.read(size - cut if size >= 0 else -1) or b""
        else:
            data = self._rest.read(size) or b""
        self.received += len(data)
        return data


def _open_file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NotFound(str(path), "there is no such file", "check the name") from None
    except IsADirectoryError:
        raise BadInput(str(path), "is a folder", "name the files in it") from None
    except PermissionError:
        raise Denied(str(path), "may not be read", "ask its owner for permission") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot be opened ({error.strerror})", "check the file") from None


def _refuse_bomb(stream: BinaryIO, name: str, total: int) -> None:
    if total > MAX_BYTES:
        raise BadInput(name, f"unpacks to more than {MAX_BYTES >> 30} GiB", "split the file")
    if isinstance(stream, gzip.GzipFile) and total > RATIO_CHECKED_FROM:
        packed = getattr(stream.fileobj, "received", total) if hasattr(stream, "fileobj") else total
        if packed and total > packed * MAX_RATIO:
            raise BadInput(name, f"unpacks to {MAX_RATIO} times its size", "ask the sender what it is")


def _keep_mode(path: Path, temporary: str) -> None:
    """An existing target keeps its permissions; a new file stays private to its owner."""
    if path.exists():
        Path(temporary).chmod(path.stat().st_mode & 0o777)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
