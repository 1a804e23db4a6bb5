"""Bytes in, bytes out: open plain, gzipped or zipped files, read them in chunks, write them whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from registry.errors import BadInput, Denied, NotFound
from registry.formats.zipped import (
    DAMAGE,
    GZIP_START,
    ZIP_STARTS,
    Damaged,
    documents_in,
    files_in,
    is_hidden,
    open_archive,
    open_member,
)

Source = str | Path | bytes | BinaryIO

CHUNK = 1 << 16
# Limits that no real file comes near; they stop a compression bomb, not a big registry.
MAX_BYTES = 64 << 30
RATIO_CHECKED_FROM = 64 << 20
MAX_RATIO = 500
MEMBER = "!"
"""Between the name of a zip file and that of a document in it."""
DOCUMENTS = (".xml", ".xml.gz", ".zip")


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
    """A binary stream over a path, bytes or stream; gzip and zip are recognised by their first bytes.

    A zip file must hold one document; of several, one is named as "a.zip!b.xml".

    Raises:
        NotFound, Denied, BadInput: no such file, no permission, a folder, or a zip file that cannot be used.
    """
    with contextlib.ExitStack() as stack:
        raw: IO[bytes]
        member = None
        if isinstance(source, str | Path):
            path, member = split_member(source)
            raw = stack.enter_context(_open_file(path))
        elif isinstance(source, bytes):
            raw = io.BytesIO(source)
        else:
            raw = source
        head = _first(raw, source_name(source))
        whole: IO[bytes] = _Rejoined(head, raw)  # type: ignore[assignment]
        if head in ZIP_STARTS:
            archive = stack.enter_context(open_archive(raw, head, source_name(source)))
            whole, head = _open_member(stack, archive, member, source_name(source))
        elif member is not None:
            raise BadInput(str(source), "is not in a zip file", "check the name")
        if head.startswith(GZIP_START):
            yield gzip.GzipFile(fileobj=whole, mode="rb")  # type: ignore[misc]
        else:
            yield whole  # type: ignore[misc]


def split_member(name: str | Path) -> tuple[Path, str | None]:
    """The file of a name, and the document in it when it is a zip file's.

    >>> split_member("in/a.zip!b.xml")
    (PosixPath('in/a.zip'), 'b.xml')
    """
    text = str(name)
    if MEMBER not in text or Path(name).exists():
        return Path(name), None
    places = [at for at, letter in enumerate(text) if letter == MEMBER]
    named = [at for at in places if text[:at].lower().endswith(".zip")]
    at = next((at for at in places if Path(text[:at]).is_file()), named[0] if named else None)
    return (Path(name), None) if at is None else (Path(text[:at]), text[at + 1 :])


def expand_sources(patterns: Iterable[str | Path], *, any_kind: bool = True) -> list[str]:
    """Names of documents from files, globs, folders (with all below them) and zip files.

    Of a folder *.xml, *.xml.gz and *.zip count, hidden ones not; of a zip file every document, named as
    "a.zip!b.xml" (the zip file's own name when it holds only one), a second one of the same name as
    "a.zip!b.xml#2". Documents of a zip file are *.xml, *.xml.gz and whatever begins as NAACCR XML; a warning
    says what else it holds. A pattern that fits nothing stays, so that opening it says so.

    Args:
        patterns: names of files and folders, and globs.
        any_kind: of a zip file without documents take its other files (tables, fixed columns).

    Returns:
        Names that `opened` takes: patterns in the order given, within one by name; each once.

    Raises:
        BadInput: a folder without documents, or a zip file that cannot be used.
    """
    names: list[str] = []
    for pattern in map(str, patterns):
        path = Path(pattern)
        if path.is_dir():
            inside = sorted(
                str(each) for each in path.rglob("*") if _is_document(each.relative_to(path), each)
            )
            if not inside:
                kinds = ", ".join(f"*{kind}" for kind in DOCUMENTS)
                raise BadInput(pattern, f"this folder holds no documents ({kinds})", "name the files")
            found = inside
        elif glob.has_magic(pattern) and not path.exists():
            found = sorted(glob.glob(pattern, recursive=True)) or [pattern]  # noqa: PTH207 (absolute patterns too)
            found = [name for name in found if not Path(name).is_dir()]
        else:
            found = [pattern]
        for name in found:
            names += members(name, any_kind=any_kind)
    return list(dict.fromkeys(names))


def members(name: str | Path, *, any_kind: bool = True) -> list[str]:
    """A file's own name, or the names of the documents in a zip file of several; see `expand_sources`.

    Raises:
        BadInput: the zip file is damaged or holds nothing.
    """
    path = Path(name)
    if not path.is_file():  # a pipe gives its bytes only once
        return [str(name)]
    try:
        with path.open("rb") as file:
            if file.read(4) not in ZIP_STARTS:
                return [str(name)]
            with open_archive(file, b"", str(name)) as archive:
                inside = documents_in(archive, str(name), any_kind=any_kind, say=True)
    except OSError:
        return [str(name)]
    return [str(name)] if len(inside) == 1 else [f"{name}{MEMBER}{label}" for label in inside]


class Unpacked(io.RawIOBase):
    """A stream from `opened`, read with every trouble as one clear line.

    Its `read` raises `Damaged` for compressed bytes that are damaged or unpack to an absurd size, and
    BadInput when the file cannot be read.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._total = 0

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, all when negative; no bytes at the end."""
        name = self._name
        try:
            data = self._stream.read(size)
        except EOFError:
            raise Damaged(name, "the compressed file is cut off", "send it again") from None
        except DAMAGE as error:
            raise Damaged(name, f"the compressed file is damaged ({error})", "send it again") from None
        except OSError as error:
            raise BadInput(name, f"cannot be read ({error.strerror or error})", "check the file") from None
        self._total += len(data)
        _refuse_bomb(self._stream, name, self._total)
        return data


def documents(source: Source) -> Iterator[tuple[str, Source]]:
    """Every document of a source with its name; a glob, a folder and a zip file may have several.

    >>> [name for name, _ in documents(b"<NaaccrData/>")]
    ['<input>']
    """
    if isinstance(source, str | Path):
        yield from ((name, name) for name in expand_sources([source], any_kind=False))
    elif isinstance(source, bytes) and source.startswith(ZIP_STARTS):
        name = source_name(source)
        with open_archive(io.BytesIO(source), b"", name) as archive:
            inside = documents_in(archive, name, any_kind=False, say=True)
            if len(inside) == 1:
                yield name, source
                return
            for label in inside:
                with contextlib.ExitStack() as stack:
                    stream, _ = _open_member(stack, archive, label, name)
                    place = f"{name}{MEMBER}{label}"
                    yield place, b"".join(chunks(stream, place))  # type: ignore[arg-type]
    else:
        yield source_name(source), source


def chunks(stream: BinaryIO, name: str, size: int = CHUNK) -> Iterator[bytes]:
    """The decompressed bytes in pieces.

    Raises:
        BadInput: the compressed file is damaged or cut off, or unpacks to an absurd size.
    """
    unpacked = Unpacked(stream, name)
    while data := unpacked.read(size):
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
        self.rest = rest
        self.received = 0
        self.packed = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._head:
            cut = len(self._head) if size < 0 else min(size, len(self._head))
            data, self._head = self._head[:cut], self._head[cut:]
            data += self.rest.read(size - cut if size >= 0 else -1) or b""
        else:
            data = self.rest.read(size) or b""
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


def _first(raw: IO[bytes], name: str) -> bytes:
    """The first four bytes of a stream; what is none is the caller's mistake, said in one line."""
    if not hasattr(raw, "read"):
        raise BadInput(
            name, f"cannot be read from {type(raw).__name__}", "give a path, bytes or a binary stream"
        )
    head = raw.read(4)
    if isinstance(head, str):
        raise BadInput(name, "is open as text", 'open it with mode "rb"')
    return head


def _refuse_bomb(stream: BinaryIO, name: str, total: int) -> None:
    if total > MAX_BYTES:
        raise Damaged(name, f"unpacks to more than {MAX_BYTES >> 30} GiB", "split the file")
    if total > RATIO_CHECKED_FROM:
        packed = _packed(stream, total)
        if packed and total > packed * MAX_RATIO:
            raise Damaged(name, f"unpacks to {MAX_RATIO} times its size", "ask the sender what it is")


def _packed(stream: object, total: int) -> int:
    """Bytes that a stream took so far to give `total` bytes."""
    inner = getattr(stream, "fileobj", stream) if isinstance(stream, gzip.GzipFile) else stream
    if isinstance(inner, _Rejoined) and isinstance(inner.rest, zipfile.ZipExtFile):
        return inner.packed
    return inner.received if isinstance(stream, gzip.GzipFile) and isinstance(inner, _Rejoined) else total


def _open_member(
    stack: contextlib.ExitStack, archive: zipfile.ZipFile, member: str | None, name: str
) -> tuple[IO[bytes], bytes]:
    """A document of a zip file and its first bytes (which it gives again)."""
    if member is None:
        inside = documents_in(archive, name, say=True)
        label, chosen = next(iter(inside.items()))
        if len(inside) > 1:
            example = f"{name}{MEMBER}{label}"
            raise BadInput(name, f"holds {len(inside)} documents", f"name one, as in {example}")
    elif (chosen := files_in(archive, name).get(member)) is None:  # type: ignore[assignment]
        raise NotFound(name, "there is no such document in the zip file", "check the name")
    stream, head = open_member(stack, archive, chosen, name)
    rejoined = _Rejoined(head, stream)
    rejoined.packed = max(chosen.compress_size, 1)
    return rejoined, head  # type: ignore[return-value]


def _is_document(below: Path, path: Path) -> bool:
    return not is_hidden(PurePosixPath(below)) and path.name.lower().endswith(DOCUMENTS) and path.is_file()


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
