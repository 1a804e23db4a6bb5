"""What a zip file holds: its documents by name, none twice and none passed over in silence."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import IO

from registry.errors import BadInput

MAX_MEMBERS = 10_000
DOCUMENTS = (".xml", ".xml.gz")
"""Endings of documents; other files are looked into."""
ENCRYPTED = 0x1
GZIP_START = b"\x1f\x8b"
# Of a zip file with members, of an empty one, of one written in parts.
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
DAMAGE = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
TROUBLE = (*DAMAGE, NotImplementedError, RuntimeError, EOFError, OSError)
# A zip file that cannot seek (a pipe) is held in memory up to this size.
MAX_HELD = 1 << 30
LOOKED_AT = 1 << 16
ROOT = b"NaaccrData"
SHOWN = 5


class Damaged(BadInput):
    """Compressed bytes that are cut off, damaged, or unpack to an absurd size."""


def open_archive(raw: IO[bytes], head: bytes, name: str) -> zipfile.ZipFile:
    """A zip file over a stream of which `head` was read; one that can't seek is taken into memory.

    Raises:
        BadInput: too large for that. Damaged: no zip file can be read from it.
    """
    try:
        if not raw.seekable():
            rest = raw.read(MAX_HELD + 1)
            if len(rest) > MAX_HELD:
                raise BadInput(name, f"a zip file of more than {MAX_HELD >> 20} MiB must be a file on disk")
            raw = io.BytesIO(head + rest)
        return zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise Damaged(name, f"the zip file is damaged ({error})", "send it again") from None


def documents_in(
    archive: zipfile.ZipFile, name: str, *, any_kind: bool = True, say: bool = False
) -> dict[str, zipfile.ZipInfo]:
    """Documents of a zip file under the names that they are asked for by, in the order of the names.

    Documents are *.xml, *.xml.gz and whatever else begins as NAACCR XML. Of members with the same name
    the second is named "a.xml#2".

    Args:
        archive: the zip file.
        name: what to call it in messages.
        any_kind: take files of other kinds (tables, fixed columns) when there is nothing else.
        say: warn of what is passed over.

    Raises:
        BadInput: there are none. Damaged: as of `files_in`.
    """
    files = files_in(archive, name)
    heads = {
        label: b"" if each.filename.lower().endswith(DOCUMENTS) else _head(archive, each)
        for label, each in files.items()
    }
    found = [
        label
        for label, each in files.items()
        if each.filename.lower().endswith(DOCUMENTS) or is_naaccr_xml(heads[label])
    ]
    zips = [label for label in files if heads[label].startswith(ZIP_STARTS)]
    if not found and any_kind:
        found = [label for label in files if label not in zips]
    if not found:
        inside = f"unpack it first, it holds {zips[0]}" if zips else "send it again"
        raise BadInput(name, "this zip file holds no documents", inside)
    if say:
        _say(name, [label for label in files if label not in found])
    return {label: files[label] for label in found}


def files_in(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    """Every file of a zip file that is not hidden, named as by `documents_in`.

    Raises:
        Damaged: members overlap, or there are absurdly many.
    """
    members = archive.infolist()
    files = [each for each in members if not each.is_dir() and not is_hidden(PurePosixPath(each.filename))]
    # Members that overlap count twice here: more packed bytes than the file has is a bomb.
    packed, size = sum(each.compress_size for each in members), _size(archive)
    if len(files) > MAX_MEMBERS or packed > size:
        raise Damaged(name, "this zip file is made to unpack to an absurd size", "ask the sender what it is")
    return _labelled(files)


def open_member(
    stack: contextlib.ExitStack, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str
) -> tuple[IO[bytes], bytes]:
    """A stream over a member, and its first bytes (taken from the stream).

    Raises:
        BadInput: encrypted, or a zip file itself. Damaged: it can't be unpacked.
    """
    if member.flag_bits & ENCRYPTED:
        raise BadInput(name, "the zip file is encrypted", "unpack it first")
    try:
        stream = stack.enter_context(archive.open(member))
        head = stream.read(4)
    except TROUBLE as error:
        what = f"the zip file is damaged or of an unknown kind ({error})"
        raise Damaged(name, what, "send it again") from None
    if head in ZIP_STARTS:
        raise BadInput(name, f"{member.filename} in it is a zip file itself", "unpack it first")
    return stream, head


def is_hidden(path: PurePosixPath) -> bool:
    """Files that begin with a dot, and those that a Mac adds.

    >>> is_hidden(PurePosixPath("in/.a.xml")), is_hidden(PurePosixPath("in/a.xml"))
    (True, False)
    """
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _labelled(members: Iterable[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Members by name; of those with the same name the second as "a.xml#2", in the order of the zip file.

    >>> list(_labelled(zipfile.ZipInfo(name) for name in ("b.xml", "a.xml", "b.xml", "b.xml#2")))
    ['a.xml', 'b.xml', 'b.xml#3', 'b.xml#2']
    """
    ordered = sorted(members, key=lambda each: each.filename)
    taken = {each.filename for each in ordered}
    labels, last = dict[str, zipfile.ZipInfo](), dict[str, int]()
    for each in ordered:
        label, number = each.filename, last.get(each.filename, 0) + 1
        while number > 1 and (label := f"{each.filename}#{number}") in taken:
            number += 1
        last[each.filename] = number
        labels[label] = each
    return labels


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's first bytes, unpacked when they are gzipped; none when it can't be read."""
    if member.flag_bits & ENCRYPTED:
        return b""
    try:
        with archive.open(member) as stream:
            head = stream.read(LOOKED_AT)
        if head.startswith(GZIP_START):
            head = zlib.decompressobj(31).decompress(head, LOOKED_AT)
    except TROUBLE:
        return b""
    return head


def is_naaccr_xml(head: bytes) -> bool:
    r"""Bytes that begin as XML with our root, in UTF-8 or UTF-16.

    >>> is_naaccr_xml(b"<?xml version='1.0'?>\n<NaaccrData>"), is_naaccr_xml(b"<html>")
    (True, False)
    """
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").replace(b"\0", b"").lstrip()
    return plain.startswith(b"<") and ROOT in plain


def _say(name: str, passed: list[str]) -> None:
    if passed:
        more = f" and {len(passed) - SHOWN:,} more" if len(passed) > SHOWN else ""
        shown = "".join(letter if letter.isprintable() else " " for letter in ", ".join(passed[:SHOWN]))
        warnings.warn(f"{name}: not read, as it is no NAACCR XML: {shown}{more}", stacklevel=1)


def _size(archive: zipfile.ZipFile) -> int:
    file = archive.fp
    assert file is not None
    here = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(here)
    return size
