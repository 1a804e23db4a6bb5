"""Read the whole patients of a document that is not well-formed, and say what was not read.

Where the document breaks, the patient it breaks in is given up; reading goes on with the next Patient tag
behind the break. What was not read is reported, and its bytes are put aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat

import polars as pl

from registry.formats.naaccr.data import QUARANTINED, NaaccrData, Problem, UnreadableFile
from registry.formats.naaccr.frames import Builder
from registry.formats.naaccr.parsed import Parsed
from registry.formats.naaccr.parser import PATIENT, NaaccrParser
from registry.formats.naaccr.window import BLANKS, Window
from registry.formats.sources import CHUNK

# What is put aside of one break; of more only place and size are kept.
MAX_KEPT = 32 << 20
BATCH_BYTES = 24 << 20
MAX_COMMENT = 16 << 20
_TAG = r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"


class CarefulParser(NaaccrParser):
    """Takes a Patient inside a Patient for a missing end tag, and knows where an open CDATA section began."""

    open_cdata: tuple[int, int] | None = None

    def _make_parser(self, encoding: str | None) -> expat.XMLParserType:
        parser = super()._make_parser(encoding)
        parser.StartCdataSectionHandler = self._begin_cdata
        parser.EndCdataSectionHandler = self._end_cdata
        return parser

    def _begin_cdata(self) -> None:
        self.open_cdata = self._place(), self._parser.CurrentLineNumber

    def _end_cdata(self) -> None:
        self.open_cdata = None

    def _start(self, tag: str, attributes: list[str]) -> None:
        if tag == self._patient_tag and (self._skipping or self._state >= PATIENT):
            raise self._not_well_formed("a Patient begins before the one before it ends")
        super()._start(tag, attributes)


@dataclass
class _Piece:
    """A parser of a piece of the document, and what to add to its indexes, lines and places."""

    parser: NaaccrParser
    patients: int = 0
    lines: int = 0
    places: int = 0

    def take(self) -> Parsed:
        """Everything read of the piece but the open patient, at its place in the document."""
        parsed = self.parser.take_whole()
        parsed.shift(self.patients, self.lines, self.places)
        return parsed


def iter_recovered(stream: BinaryIO, builder: Builder, patients_per_batch: int) -> Iterator[NaaccrData]:
    """The batches of a decompressed document; a break costs the patient it is in.

    Raises:
        UnreadableFile: already the root element cannot be read.
    """
    reading = _Reading(stream, builder.name)
    for parsed, losses in reading.pieces(patients_per_batch):
        batch = builder.batch(reading.piece.parser, parsed, reading.window.get)
        lost = pl.DataFrame(losses, schema=QUARANTINED, orient="row")
        batch.quarantined = pl.concat([batch.quarantined, lost]).sort("byte_start", "patient_index")
        yield batch


class _Reading:
    """One run over a document: the present piece, the latest bytes, and what waits to be given out."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self.window = Window()
        self.piece = _Piece(NaaccrParser(name))
        self._stream = stream
        self._read = 0
        self._at = 0
        self._begun = 0
        self._prefix = b""
        self._ready = Parsed()
        self._losses: list[tuple[object, ...]] = []

    def pieces(self, patients_per_batch: int) -> Iterator[tuple[Parsed, list[tuple[object, ...]]]]:
        """Patients and losses, about so many patients at a time."""
        is_open = True
        while is_open:
            try:
                is_open = self._step()
            except UnreadableFile as error:
                if not self.piece.parser.is_begun:
                    raise
                self._remember_prefix()
                is_open = self._break(error)
            self._ready.extend(self.piece.take())
            ready = len(self._ready.patient_ends)
            if ready >= patients_per_batch or (ready and len(self.window) > BATCH_BYTES):
                yield self._given_out()
        yield self._given_out()

    def _given_out(self) -> tuple[Parsed, list[tuple[object, ...]]]:
        given = self._ready, self._losses
        self._ready, self._losses = Parsed(), []
        return given

    def _step(self) -> bool:
        """Feed the next bytes; False at the end."""
        parser = self.piece.parser
        kept = parser.kept_from + self.piece.places
        first = self._ready.node_start[0] if self._ready.node_start else kept
        if self._prefix:
            self.window.drop(min(first, kept))
        data = self.window.get(self._at, CHUNK) if self._at < self._read else self._more()
        if not data:
            parser.close()
            return False
        self._at += len(data)
        parser.feed(data)
        if parser.is_begun:
            self._remember_prefix()
        return True

    def _more(self) -> bytes:
        data = self._stream.read(CHUNK)
        self.window.add(data)
        self._read += len(data)
        return data

    def _remember_prefix(self) -> None:
        """Keep the document up to the end of its root tag: every piece is read behind it."""
        if not self._prefix:
            parser = self.piece.parser
            raw = self.window.get(parser.root_place, self._read).decode(parser.codec, errors="ignore")
            tag = re.match(_TAG, raw)
            size = len((tag[0] if tag else "").encode(parser.codec))
            self._prefix = self.window.get(0, parser.root_place + size)

    # -- breaks --------------------------------------------------------------------------------

    def _break(self, error: UnreadableFile) -> bool:
        """Go on behind a break; False when nothing is left to read."""
        piece, parser = self.piece, self.piece.parser
        begun = parser.open_patient
        self._ready.extend(piece.take())
        if begun and not isinstance(parser, CarefulParser):
            place, line = begun[1] + piece.places, begun[2] + piece.lines
            self._resume(place, line, begun[0] + piece.patients)
            return True
        place, line = parser.trouble + piece.places, error.line + piece.lines
        if isinstance(parser, CarefulParser) and parser.open_cdata:
            place, line = parser.open_cdata[0] + piece.places, parser.open_cdata[1] + piece.lines
        after = parser.patients_begun + piece.patients
        if begun:
            start, start_line, index = begun[1] + piece.places, begun[2] + piece.lines, after - 1
        else:
            start, index = self._begin_of(place), None
            start_line = line - self._lines(start, place)
            if self._is_patient_tag(start) and parser.inside:
                index, after = after, after + 1
        following = self._next_patient(start + 1 if index is not None and place <= start else place)
        end = self._read if following is None else following
        self._lose(error, line, start, start_line, end, index)
        if following is None:
            return False
        self._resume(following, line + self._lines(place, following), after)
        return True

    def _resume(self, place: int, line: int, patients: int) -> None:
        """Read on from a Patient tag, as if it stood right behind the root tag."""
        old = self.piece.parser
        parser = CarefulParser(self.name)
        parser.share_names(old)
        parser.feed(self._prefix)
        parser.parsed = Parsed()
        parser.header = old.header
        lines = line - 1 - len(old.line_end.findall(self._prefix.decode(old.codec, errors="ignore")))
        self.piece = _Piece(parser, patients, lines, place - len(self._prefix))
        self._at = self._begun = place

    def _lose(
        self, error: UnreadableFile, line: int, start: int, start_line: int, end: int, index: int | None
    ) -> None:
        """Report a part of the document that was not read, and put it aside."""
        content = self.window.get(start, end - start) if end - start <= MAX_KEPT else None
        blank = len(content) - len(content.rstrip(b" \t\r\n\0")) if content else 0
        last = start_line + self._lines(start, end - blank)
        lines = f"line {start_line}" if last == start_line else f"lines {start_line} to {last}"
        what = re.sub(r" at column \d+", "", error.what)  # of a piece, not of the document
        parser = self.piece.parser
        begun = (content or b"").decode(parser.codec, errors="ignore").count(parser.patient_tag)
        who = (
            "no whole patient"
            if index is None and not begun
            else "one patient"
            if begun < 2
            else f"{begun} patients begin there"
        )
        lost = f"{lines} ({who}) not read"
        lost = lost if end > start else "nothing was lost"
        level = "NaaccrData" if index is None else "Patient"
        problem = Problem(line, index, None, level, None, None, "not-well-formed", "error", f"{what}; {lost}")
        self._ready.problems.append(problem)
        if content is None or content.strip(b" \t\r\n\0"):
            self._losses.append((index, start_line, start, end - start, what, content))

    def _lines(self, start: int, end: int) -> int:
        raw = self.window.get(start, max(end - start, 0)).decode(self.piece.parser.codec, errors="ignore")
        return len(self.piece.parser.line_end.findall(raw))

    def _begin_of(self, place: int) -> int:
        """Start of the tag or text that a break outside of patients is in."""
        codec = self.piece.parser.codec
        known = max(self.piece.parser.kept_from + self.piece.places, self._begun)
        raw = self.window.get(known, place - known).decode(codec, errors="ignore")
        begin = max(raw.rfind("<"), raw.rfind(">") + 1)
        begin += len(raw[begin:]) - len(raw[begin:].lstrip(BLANKS))
        return known + len(raw[:begin].encode(codec))

    def _is_patient_tag(self, place: int) -> bool:
        codec = self.piece.parser.codec
        tag = self.piece.parser.patient_tag
        return self.window.get(place, 4 * len(tag) + 8).decode(codec, errors="ignore").startswith(tag)

    def _next_patient(self, place: int) -> int | None:
        """Place of the next Patient tag outside of comments; None when there is none in this document."""
        parser = self.piece.parser
        step = 2 if parser.codec.startswith("utf-16") else 1
        words = {
            kind: text.encode(parser.codec)
            for kind, text in {
                **{f"patient{n}": parser.patient_tag + end for n, end in enumerate(" \t\r\n/>")},
                **{f"root{n}": parser.root_tag + end for n, end in enumerate(" \t\r\n/>")},
                **{"comment": "<!--", "cdata": "<![CDATA[", "pi": "<?"},
            }.items()
        }
        ends = {"comment": "-->", "cdata": "]]>", "pi": "?>"}
        pattern = re.compile(b"|".join(b"(?P<%s>%s)" % (k.encode(), re.escape(w)) for k, w in words.items()))
        overlap = max(map(len, words.values()))
        while True:
            raw = self.window.get(place, self._read - place)
            found = pattern.search(raw)
            if found is None:
                place += max(len(raw) - overlap, 0)
                if not self._more():
                    return None
                continue
            here = place + found.start()
            if here % step:
                place = here + 1
                continue
            kind = str(found.lastgroup)
            if kind.startswith("root"):
                while self._more():  # another document begins: nothing of it belongs to this one
                    pass
                return None
            if kind.startswith("patient"):
                return here
            closed = self._closed(here, ends[kind].encode(parser.codec))
            place = closed or here + step

    def _closed(self, start: int, end: bytes) -> int | None:
        """Place behind a comment or the like that begins here; None when nothing ends it."""
        while True:
            raw = self.window.get(start, self._read - start)
            at = raw.find(end)
            if at >= 0:
                return start + at + len(end)
            if len(raw) > MAX_COMMENT or not self._more():
                return None
