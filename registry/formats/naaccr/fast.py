"""Read NAACCR XML with the compiled scanner; whatever it doesn't know goes to the reference parser.

One reference parser lives through the whole document. It gets the document's beginning, each stretch that
is not everyday (from the end of one patient to the end of another, which the parser itself must confirm),
and the document's end. So every byte is read either by the scanner, as a patient without any structural
fault, or by the parser, in the state it would have in the whole document; the results are the same.

Import this only when `jit.available()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from registry.formats.naaccr import kernel
from registry.formats.naaccr.blocks import PATIENT_END, Blocks, line_ends
from registry.formats.naaccr.data import NaaccrData, UnreadableFile
from registry.formats.naaccr.everyday import Pairs, Vocabulary
from registry.formats.naaccr.frames import Builder
from registry.formats.naaccr.joining import in_sequence, interleaved
from registry.formats.naaccr.parsed import ROOT_NODE, Parsed
from registry.formats.naaccr.parser import NaaccrParser
from registry.formats.naaccr.reader import iter_reference
from registry.formats.naaccr.sheaf import Sheaf
from registry.standards import Dictionary

BLOCK = 16 << 20
"""Bytes that are looked at at once; a patient that is larger takes the reference path."""
PATIENT_START = b"<Patient"
PROBE = b"<Patient></Patient>"
# What an everyday document begins with: nothing, or a declaration of XML 1.0 in UTF-8.
EVERYDAY_START = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?!\s*<\?xml\s|[\xfe\xff\0])
    |(?:\xef\xbb\xbf)?<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')
     (?:\s+encoding\s*=\s*(?:"utf-8"|'utf-8'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>""",
    re.VERBOSE | re.IGNORECASE,
)
NODES_BEFORE_RESET = 2**30


def iter_fast(
    stream: BinaryIO,
    name: str,
    dictionaries: Sequence[Dictionary] = (),
    patients_per_batch: int = 5000,
    on_error: str = "quarantine",
) -> Iterator[NaaccrData]:
    """The batches of a document, equal to those of the reference path but for where they are cut.

    Args:
        stream: the document's bytes, decompressed.
        name: of the document, for error lines.
        dictionaries: user dictionaries that were given.
        patients_per_batch: patients in a batch; an odd stretch may bring some more.
        on_error: see `reader.iter_naaccr_xml`.

    Raises:
        UnreadableFile, BadInput: as the reference path does.
    """
    blocks = Blocks(stream, BLOCK)
    blocks.fill()
    reader = _Reader(blocks, name, dictionaries, on_error)
    if reader.begin():
        yield from reader.batches(patients_per_batch)
    else:
        rest: BinaryIO = blocks  # type: ignore[assignment]
        yield from iter_reference(rest, Builder(name, dictionaries, on_error), patients_per_batch)


@dataclass
class _Stretch:
    """Where the reference parser's places lie in the document: what is to be added to them."""

    patients: int
    lines: int
    places: int


@dataclass
class _Part:
    """Patients that follow each other: everyday ones, and among them what the parser read."""

    sheaf: Sheaf | None = None
    parsed: Parsed = field(default_factory=Parsed)
    contents: dict[int, bytes] = field(default_factory=dict)

    def patients(self) -> int:
        scanned = self.sheaf.patients.shape[1] if self.sheaf else 0
        return scanned + len(self.parsed.patient_ends)


class _Reader:
    """Reads one document; call `begin`, then `batches`."""

    def __init__(self, blocks: Blocks, name: str, dictionaries: Sequence[Dictionary], on_error: str) -> None:
        self._blocks, self._dictionaries = blocks, dictionaries
        self._parser = NaaccrParser(name)
        self._builder = Builder(name, dictionaries, on_error)
        self._state = np.zeros(kernel.STATE_SIZE, np.int64)
        self._state[kernel.LINE] = 1
        self._stretch: _Stretch | None = None
        self._is_over = False
        # What the parser got so far: bytes, line ends + 1, whole patients.
        self._fed, self._fed_line, self._fed_patients = 0, 1, 0
        self._tumors_room = 1

    def begin(self) -> bool:
        """Read up to the first patient; False when the document is not one for the scanner."""
        blocks = self._blocks
        at = blocks.data.find(PATIENT_START, 0, blocks.stop)
        head = bytes(blocks.data[:at]) if at > 0 else b""
        if not head or not EVERYDAY_START.match(head) or b"<!DOCTYPE" in head:
            return False
        try:
            self._parser.feed(head + PROBE)
        except UnreadableFile:
            return False
        parsed, header = self._parser.parsed, self._parser.header
        # The parser must see the probe as a patient: not within a comment, in the right namespace.
        is_plain = parsed.node_start == [at] and parsed.node_length == [len(PROBE)]
        if header is None or not is_plain:
            return False
        self._vocabulary = Vocabulary(header, self._dictionaries)
        if not self._vocabulary.is_usable:
            return False
        self._pairs = Pairs(self._vocabulary)
        root = self._parser.take(1)
        root.node_patient, root.node_tumor, root.node_line = [], [], []
        root.node_start, root.node_length, root.patient_ends = [], [], []
        self._head = self._builder.batch(self._parser, root, self._parser.content)
        self._fed, self._fed_patients = len(head) + len(PROBE), 1
        self._fed_line += line_ends(head)
        self._state[kernel.LINE] = self._fed_line
        blocks.position = at
        self._sizes = blocks.sample_sizes()
        return True

    def batches(self, patients_per_batch: int) -> Iterator[NaaccrData]:
        """Everything, a batch at a time."""
        built, is_first = [self._head], True
        while not self._is_over:
            parts: list[_Part] = []
            while not self._is_over and (wanted := patients_per_batch - sum(p.patients() for p in parts)) > 0:
                parts += self._next(wanted)
            built += [data for part in parts for data in self._built(part)]
            if is_first or any(_has_something(data) for data in built):
                yield in_sequence(built, self._vocabulary.numbers)
            built, is_first = [], False

    def _built(self, part: _Part) -> list[NaaccrData]:
        """Frames of a part."""
        header, parsed = self._head.header, part.parsed
        everyday = odd = None
        if part.sheaf and part.sheaf.patients.shape[1]:
            everyday = part.sheaf.data(header, self._pairs)
        if parsed.node_line or parsed.item_line or parsed.problems:
            odd = self._builder.batch(self._parser, parsed, lambda start, _: part.contents[start])
        if everyday and odd:
            return [interleaved(everyday, odd, self._vocabulary.numbers)]
        return [data for data in (everyday, odd) if data]

    # -- reading -------------------------------------------------------------------------------

    def _next(self, wanted: int) -> list[_Part]:
        """Read on, up to `wanted` patients, within the present block."""
        blocks = self._blocks
        stop = blocks.last_patient_end()
        if stop <= blocks.position and not blocks.is_last:
            blocks.fill()
            stop = blocks.last_patient_end()
        if self._stretch or stop <= blocks.position:
            self._open()
            part = _Part()
            self._feed(part, wanted)
            return [part]
        return self._scan(stop, wanted)

    def _scan(self, stop: int, wanted: int) -> list[_Part]:
        """Let the scanner read up to `stop`, and the parser what the scanner doesn't know."""
        blocks, state, pairs = self._blocks, self._state, self._pairs
        size = stop - blocks.position
        per_patient, per_tumor = self._sizes
        room = min(wanted, int(size / per_patient * 1.2) + 64)
        pairs.make_room()
        sheaf = Sheaf(self._vocabulary, room, int(size / per_tumor * 1.2) + 64 * self._tumors_room, size)
        self._begin_sheaf()
        part, after = _Part(sheaf), None
        while True:
            state[kernel.POSITION] = blocks.position
            result = sheaf.scan(blocks.address, stop, state, pairs)
            blocks.position = int(state[kernel.POSITION])
            if result != kernel.ODD:
                break
            self._open()
            odd = _Part()
            self._feed(odd, wanted)
            if ROOT_NODE in odd.parsed.item_node:
                after = odd  # root items come where they stand, not sorted among the patients
                break
            _append(part, odd)
            if self._stretch or self._is_over or part.patients() + state[kernel.PATIENTS] >= wanted:
                break
        is_stuck = result == kernel.FULL and not state[kernel.PATIENTS] and room
        self._tumors_room = self._tumors_room * 4 if is_stuck else 1
        sheaf.close(state, blocks.origin, pairs)
        return [part] if after is None else [part, after]

    def _begin_sheaf(self) -> None:
        state = self._state
        for name in (
            *(kernel.PATIENTS, kernel.TUMORS, kernel.VALUES, kernel.SUSPECTS),
            *(kernel.PATIENT_SLOTS, kernel.TUMOR_SLOTS),
        ):
            state[name] = 0
        state[kernel.TEXT_USED] = 8  # so that eight bytes that end with any text can be read
        if state[kernel.NODE] > NODES_BEFORE_RESET:
            state[kernel.NODE] = 0
            self._vocabulary.items[:, kernel.STAMP] = 0

    def _open(self) -> None:
        """Let the parser go on here, unless it is at work already."""
        if self._stretch:
            return
        blocks, state = self._blocks, self._state
        # So that the columns of errors are those of the document.
        lead = b"\n" + b" " * blocks.column()
        self._stretch = _Stretch(0, 0, 0)
        self._give(lead)
        self._stretch = _Stretch(
            int(state[kernel.PATIENT]) - self._fed_patients,
            int(state[kernel.LINE]) - self._fed_line,
            blocks.origin + blocks.position - self._fed,
        )

    def _feed(self, part: _Part, wanted: int) -> None:
        """Give the parser bytes until a patient ends, `wanted` patients are there or the block is used up."""
        blocks, parser = self._blocks, self._parser
        while True:
            at = blocks.data.find(PATIENT_END, blocks.position, blocks.stop)
            end = at + len(PATIENT_END)
            if at < 0:
                end = blocks.stop if blocks.is_last else blocks.end_of_safe()
            data = bytes(blocks.data[blocks.position : end])
            self._give(data)
            self._state[kernel.LINE] += line_ends(data)
            blocks.position = end
            is_between = at >= 0 and self._has_just_ended()
            self._is_over = at < 0 and blocks.is_last
            if self._is_over:
                self._finish()
            if at < 0 or is_between or len(parser.parsed.patient_ends) >= wanted:
                break
        self._take(part)
        if is_between or self._is_over:
            self._stretch = None

    def _give(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except UnreadableFile as error:
            raise self._moved(error) from None
        self._fed += len(data)
        self._fed_line += line_ends(data)

    def _finish(self) -> None:
        try:
            self._parser.close()
        except UnreadableFile as error:
            raise self._moved(error) from None

    def _moved(self, error: UnreadableFile) -> UnreadableFile:
        lines = self._stretch.lines if self._stretch else 0
        return UnreadableFile(error.name, error.line + lines, error.code, error.what, error.action)

    def _has_just_ended(self) -> bool:
        """True when the last byte given to the parser is the last one of a patient."""
        parsed = self._parser.parsed
        if not parsed.patient_ends or parsed.patient_ends[-1][1] != len(parsed.node_start):
            return False
        patient = parsed.patient_ends[-2][1] if len(parsed.patient_ends) > 1 else 0
        return parsed.node_start[patient] + parsed.node_length[patient] == self._fed

    def _take(self, part: _Part) -> None:
        """Move what the parser has gathered to the part, at its place in the document."""
        assert self._stretch is not None
        parser, stretch = self._parser, self._stretch
        count = len(parser.parsed.patient_ends)
        parsed = parser.parsed if self._is_over else parser.take(count)
        for start, length, tumor in zip(
            parsed.node_start, parsed.node_length, parsed.node_tumor, strict=True
        ):
            if tumor is None:
                part.contents[start + stretch.places] = parser.content(start, length)
        parsed.shift(stretch.patients, stretch.lines, stretch.places)
        self._fed_patients += count
        self._state[kernel.PATIENT] += count
        part.parsed = parsed


def _has_something(data: NaaccrData) -> bool:
    return any(frame.height for frame in (data.patients, data.errors, data.quarantined))


def _append(part: _Part, more: _Part) -> None:
    to, new = part.parsed, more.parsed
    items, nodes = len(to.item_node), len(to.node_line)
    to.item_node += [node + nodes for node in new.item_node]
    to.patient_ends += [(item + items, node + nodes) for item, node in new.patient_ends]
    for name in (
        *("item_key", "item_value", "item_line", "problems"),
        *("node_patient", "node_tumor", "node_line", "node_start", "node_length"),
    ):
        getattr(to, name).extend(getattr(new, name))
    part.contents |= more.contents
