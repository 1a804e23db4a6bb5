"""One received file: its unpacked bytes, their checksum, and never the whole of a large one in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from registry.errors import BadInput
from registry.formats.sources import chunks, opened, split_member

HELD_IN_MEMORY = 64 << 20
"""Unpacked bytes up to which a file and its frames are held whole."""
LARGEST = 8 << 30
"""Bytes that a compressed file may unpack to."""
PIECE = 1 << 20


class ReceivedFile:
    """A file as it was received; the same file whether it comes compressed, in a zip file ("a.zip!b.xml") or plain.

    Attributes:
        size, digest: of the unpacked bytes (SHA-256).

    Raises:
        BadInput: it is not there, may not be read, or is empty. `unpack` adds: damaged or too large.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file, self._member = split_member(path)
        self.size = 0
        self.digest = ""
        self.head = b""
        self._held: bytes | None = None
        try:
            with self._file.open("rb") as stream:
                is_empty = not stream.read(1)
            self._stamp = self._now()
        except FileNotFoundError:
            raise BadInput(str(path), "there is no such file", "check the name") from None
        except IsADirectoryError:
            raise BadInput(str(path), "is a folder", "name the files in it") from None
        except PermissionError:
            raise BadInput(str(path), "may not be read by you", "check its permissions") from None
        if is_empty:
            raise BadInput(str(path), "is empty", "send the file again")

    def unpack(self) -> None:
        """Read it once: size, checksum, and the content when it is small."""
        digest, kept = hashlib.sha256(), []
        for piece in self._read():
            self.size += len(piece)
            if self.size > LARGEST:
                raise BadInput(self.path.name, f"holds more than {LARGEST:,} bytes", "split the file")
            digest.update(piece)
            kept.append(piece)
            if self.size > HELD_IN_MEMORY and len(kept) > 1:
                kept = kept[:1]
        self.digest = digest.hexdigest()
        self.head = kept[0] if kept else b""
        if self.size <= HELD_IN_MEMORY:
            self._held = b"".join(kept)

    @property
    def is_held(self) -> bool:
        """Whether the content is in memory."""
        return self._held is not None

    def content(self) -> bytes:
        """The unpacked bytes, whole."""
        return self._held if self._held is not None else b"".join(self._read())

    def pieces(self) -> Iterator[bytes]:
        """The unpacked bytes in pieces.

        Raises:
            BadInput: the file changed since it was read first.
        """
        if self._held is not None:
            yield self._held
            return
        yield from self._read()
        self.require_unchanged()

    def require_unchanged(self) -> None:
        """Refuse a file that was written to while it was being loaded.

        Raises:
            BadInput: it was.
        """
        if self._now() != self._stamp:
            raise BadInput(
                self.path.name, "changed while it was being loaded", "load it again when it is complete"
            )

    @cached_property
    def packed(self) -> bytes:
        """The bytes as they lie there, for the quarantine; of a document in a zip file its own."""
        return self._file.read_bytes() if self._member is None else self.content()

    def _read(self) -> Iterator[bytes]:
        try:
            with opened(self.path) as stream:
                yield from chunks(stream, self.path.name, PIECE)
        except BadInput as error:
            raise BadInput(self.path.name, error.what, error.action) from None

    def _now(self) -> tuple[int, int]:
        found = self._file.stat()
        return found.st_size, found.st_mtime_ns
