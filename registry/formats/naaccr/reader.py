"""Read NAACCR XML into frames, a batch of patients at a time, with every fault of the file.

Source: NAACCR XML Data Exchange Standard, specifications 1.0 to 1.8.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import polars as pl

from registry.errors import BadInput
from registry.formats import jit
from registry.formats.naaccr import recover as recovery
from registry.formats.naaccr.data import FAULT_ORDER, PLACES, NaaccrData, UnreadableFile
from registry.formats.naaccr.frames import (
    ON_ERROR,
    Builder,
    key_table,
    load_user_dictionary,
    merged_dictionary,
)
from registry.formats.naaccr.parser import NaaccrParser
from registry.formats.sources import CHUNK, Damaged, Source, Unpacked, documents, opened
from registry.standards import Dictionary

__all__ = [
    "as_dictionaries",
    "iter_naaccr_xml",
    "load_user_dictionary",
    "merged_dictionary",
    "read_naaccr_xml",
    "together",
]

Dictionaries = Dictionary | str | Path | Sequence[Dictionary | str | Path] | None
# A batch ends early when its patients hold this many bytes, so that memory stays bounded.
BATCH_BYTES = 24 << 20
# From this size on the compiled reader pays: once it is loaded, and when it must be loaded first (two CPU seconds).
FAST_FROM = 4 << 20
COLD_FROM = 32 << 20
# From this size on the missing numba is worth a word.
SLOW_FROM = 64 << 20
KERNEL = "registry.formats.naaccr.kernel"
NO_NUMBER = 2**31


def iter_naaccr_xml(
    source: Source,
    *,
    dictionary: Dictionaries = None,
    on_error: str = "quarantine",
    recover: bool = False,
    patients_per_batch: int = 5000,
) -> Iterator[NaaccrData]:
    """Read documents in batches of patients, in bounded memory.

    Args:
        source: path, bytes or binary stream; plain, gzipped or zipped; UTF-8, UTF-16, Latin-1 or another
            encoding that the XML declaration names. A path may be a glob or a folder.
        dictionary: user-defined dictionaries (objects or paths); those that the document names are used.
        on_error: what happens to patients with a structural fault: "quarantine" puts them aside whole,
            "keep" reads what can be read of them, "raise" refuses the document.
        recover: read the whole patients of a document that is not well-formed; `errors` says what was
            not read, and `quarantined` holds it.
        patients_per_batch: about how many patients a batch holds.

    Yields:
        Batches; a document without patients yields one empty batch. Of several documents every frame has
        the column `file` first, and `patient_index` runs on from one to the next.

    Raises:
        UnreadableFile: a document is not well-formed or complete, not NAACCR XML, dangerous or of an
            unsupported version. It may be raised after some batches: refuse the whole document.
        BadInput: documents of different NAACCR versions; a structural fault when on_error is "raise".
        NotFound, Denied: no such file, or no permission.

    >>> xml = (b'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
    ...        b'recordType="I" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient>'
    ...        b'<Tumor><Item naaccrId="primarySite">C5O4</Item></Tumor></Patient></NaaccrData>')
    >>> batch = next(iter_naaccr_xml(xml))
    >>> batch.tumors["primarySite"].to_list(), batch.errors["message"].to_list()
    (['C5O4'], ['primarySite "C5O4" is not in the code list (did you mean C504?)'])
    """
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error is {on_error!r}, expected one of {', '.join(ON_ERROR)}")
    given = as_dictionaries(dictionary)
    version, before = None, 0
    for name, one, is_alone in _each(source):
        count = 0
        for batch in _document(name, one, given, on_error, recover, patients_per_batch):
            version = version or batch.header.version
            if batch.header.version != version:
                what = f"is for NAACCR {batch.header.version}, the documents before it for {version}"
                raise BadInput(name, what, "read the versions apart")
            count = max(count, _patients(batch))
            yield batch if is_alone else _placed(batch, name, before)
        before += count


def read_naaccr_xml(
    source: Source, *, dictionary: Dictionaries = None, on_error: str = "quarantine", recover: bool = False
) -> NaaccrData:
    """Read all patients of one document, or of several of one version (see `iter_naaccr_xml`).

    >>> from registry.formats import UnreadableFile
    >>> try:
    ...     read_naaccr_xml(b"<ClinicalDocument/>")
    ... except UnreadableFile as error:
    ...     print(error.code, error.line)
    wrong-root 1
    """
    given = as_dictionaries(dictionary)
    batches = list(iter_naaccr_xml(source, dictionary=given, on_error=on_error, recover=recover))
    return together(batches, given)


def together(batches: Sequence[NaaccrData], given: Sequence[Dictionary] = ()) -> NaaccrData:
    """Batches as one; the header is that of the first document, `given` the user dictionaries."""
    if len(batches) == 1:
        return batches[0]
    known = {
        item.column: item.number for item in key_table(batches[0].header, given)[0].dictionary.definitions
    }

    def joined(name: str) -> pl.DataFrame:
        return pl.concat([getattr(batch, name) for batch in batches], how="diagonal")

    def in_order(frame: pl.DataFrame) -> pl.DataFrame:
        items = [name for name in frame.columns if name not in PLACES]
        places = [name for name in frame.columns if name in PLACES]
        return frame.select(*places, *sorted(items, key=lambda name: (known.get(name, NO_NUMBER), name)))

    def sorted_faults(frame: pl.DataFrame) -> pl.DataFrame:
        document = [pl.col("file").rle_id()] if "file" in frame.columns else []
        return frame.sort(*document, *FAULT_ORDER, nulls_last=False)

    return NaaccrData(
        header=batches[0].header,
        patients=in_order(joined("patients")),
        tumors=in_order(joined("tumors")),
        errors=sorted_faults(joined("errors")),
        quarantined=joined("quarantined"),
        make_items=lambda: joined("items"),
    )


def as_dictionaries(given: Dictionaries) -> list[Dictionary]:
    """User dictionaries from objects, paths or a sequence of them."""
    many = [given] if isinstance(given, Dictionary | str | Path) else list(given or ())
    return [one if isinstance(one, Dictionary) else load_user_dictionary(one) for one in many]


def _each(source: Source) -> Iterator[tuple[str, Source, bool]]:
    """Each document with its name, and whether it is the only one."""
    try:
        found = documents(source)
        first, second = next(found), next(found, None)
        yield *first, second is None
        for name, one in itertools.chain([second] if second else [], found):
            yield name, one, False
    except Damaged as error:
        raise UnreadableFile(error.where, 1, "not-well-formed", error.what, error.action) from None


def _document(
    name: str, source: Source, given: list[Dictionary], on_error: str, recover: bool, patients: int
) -> Iterator[NaaccrData]:
    """The batches of one document, by the path that suits its size."""
    try:
        with contextlib.ExitStack() as stack:
            stream: BinaryIO = Unpacked(stack.enter_context(opened(source)), name)  # type: ignore[assignment]
            builder = Builder(name, given, on_error)
            if recover:
                yield from recovery.iter_recovered(stream, builder, patients)
                return
            head = b""
            enough = FAST_FROM if KERNEL in sys.modules else COLD_FROM
            while len(head) < enough and (data := stream.read(enough - len(head))):
                head += data
            joined: BinaryIO = _Behind(head, stream)  # type: ignore[assignment]
            fast = _fast() if len(head) >= enough else None
            if fast:
                yield from fast(joined, name, given, patients, on_error)
            else:
                yield from iter_reference(joined, builder, patients)
    except Damaged as error:
        raise UnreadableFile(name, 1, "not-well-formed", error.what, error.action) from None


def iter_reference(stream: BinaryIO, builder: Builder, patients_per_batch: int) -> Iterator[NaaccrData]:
    """The batches of a decompressed document, by the reference path."""
    parser, total = NaaccrParser(builder.name), 0
    while data := stream.read(CHUNK):
        parser.feed(data)
        total += len(data)
        if total >= SLOW_FROM > total - len(data):
            _say_what_is_missing()
        while (ready := len(parser.parsed.patient_ends)) > patients_per_batch or (
            ready and len(parser.window) > BATCH_BYTES
        ):
            yield builder.batch(parser, parser.take(min(ready, patients_per_batch)), parser.content)
    parser.close()
    yield builder.batch(parser, parser.parsed, parser.content)


def _patients(batch: NaaccrData) -> int:
    """How many patients the document has up to the end of a batch."""
    last = [frame["patient_index"].max() for frame in (batch.patients, batch.quarantined)]
    return max((int(index) + 1 for index in last if isinstance(index, int)), default=0)


def _placed(batch: NaaccrData, name: str, before: int) -> NaaccrData:
    """A batch of one of several documents: with its file, and patients numbered after those before it."""

    def placed(frame: pl.DataFrame) -> pl.DataFrame:
        moved = frame.with_columns(pl.col("patient_index") + before)
        return moved.select(pl.lit(name).alias("file"), pl.all())

    return NaaccrData(
        header=batch.header,
        patients=placed(batch.patients),
        tumors=placed(batch.tumors),
        errors=placed(batch.errors),
        quarantined=placed(batch.quarantined),
        make_items=lambda: placed(batch.items),
    )


class _Behind(io.RawIOBase):
    """A stream with its first bytes put back."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._rest.read(size)
        cut = len(self._head) if size < 0 else size
        data, self._head = bytes(self._head[:cut]), self._head[cut:]
        return data + self._rest.read() if size < 0 else data


def _fast() -> Callable[..., Iterator[NaaccrData]] | None:
    """The compiled reader, or None where it cannot run."""
    if not jit.available():
        return None
    from registry.formats.naaccr.fast import iter_fast  # takes a second to import

    return iter_fast


@cache
def _say_what_is_missing() -> None:
    if not jit.available() and not os.environ.get("REGISTRY_NO_JIT"):
        warnings.warn(
            "numba is not installed: large NAACCR files are read several times slower (pip install numba)",
            stacklevel=2,
        )
