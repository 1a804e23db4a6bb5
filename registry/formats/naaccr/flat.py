"""Read NAACCR records with fixed columns (versions 14 to 18), in bounded memory.

One line is one tumor with its patient's and its file's items. Lines that follow each other with equal
patientIdNumber are one patient. Values are trimmed as the dictionary says; blank ones are none.
Source: NAACCR Volume I and II, versions 14 to 18; the version stands in columns 17 to 19, the record type
in column 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from registry import standards
from registry.formats.naaccr.data import QUARANTINED, NaaccrData, Problem, UnreadableFile
from registry.formats.naaccr.flat_layout import Layout, flat_versions, layout
from registry.formats.naaccr.flat_writer import FlatReport, flat_writer, write_naaccr_flat
from registry.formats.naaccr.frames import merged_dictionary
from registry.formats.naaccr.header import NAMESPACE, NaaccrHeader
from registry.formats.naaccr.judge import BLANKS
from registry.formats.naaccr.reader import Dictionaries, as_dictionaries
from registry.formats.naaccr.records import in_dictionary_order, records, sorted_errors
from registry.formats.naaccr.root import root_faults
from registry.formats.sources import Source, chunks, opened, source_name
from registry.standards import Dictionary, Item

__all__ = ["FlatReport", "flat_writer", "iter_naaccr_flat", "read_naaccr_flat", "write_naaccr_flat"]

MAX_LINE = 1 << 20
BATCH_BYTES = 24 << 20
READ = 4 << 20
PATIENT_ID = "patientIdNumber"
SAID_BY_HEADER = ("recordType", "naaccrRecordVersion")
VERSION_COLUMNS = slice(16, 19)
DOS_END = b"\x1a"
ODD = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]"


def read_naaccr_flat(
    source: Source,
    *,
    version: str | None = None,
    record_type: str | None = None,
    dictionary: Dictionaries = None,
) -> NaaccrData:
    r"""Read a whole file (see `iter_naaccr_flat` for arguments and errors).

    >>> line = "I".ljust(16) + "180".ljust(25) + "00000007" + " " * 504 + "C504"
    >>> data = read_naaccr_flat(line.ljust(4048).encode() + b"\r\n")
    >>> data.patients["patientIdNumber"].to_list(), data.tumors["primarySite"].to_list()
    (['00000007'], ['C504'])
    """
    given = as_dictionaries(dictionary)
    batches = list(iter_naaccr_flat(source, version=version, record_type=record_type, dictionary=given))
    header = batches[-1].header
    patients, tumors, errors, quarantined = (
        pl.concat([getattr(batch, name) for batch in batches], how="diagonal")
        for name in ("patients", "tumors", "errors", "quarantined")
    )
    order = merged_dictionary(header.version, given).columns()
    patients, tumors = (in_dictionary_order(frame, order) for frame in (patients, tumors))
    return NaaccrData(header, patients, tumors, sorted_errors([errors]), quarantined)


def iter_naaccr_flat(
    source: Source,
    *,
    version: str | None = None,
    record_type: str | None = None,
    dictionary: Dictionaries = None,
    batch_bytes: int = BATCH_BYTES,
) -> Iterator[NaaccrData]:
    """Read a file in batches of whole patients.

    Args:
        source: path, bytes or stream; plain or gzipped; UTF-8, or Windows-1252 in lines that are not.
        version: "140" to "180"; that of the first line when not given.
        record_type: A, M, C or I; that of the first line when not given.
        dictionary: user-defined dictionaries with start columns, for the state requestor's columns.
        batch_bytes: about how much text a batch holds.

    Yields:
        Batches. recordType and naaccrRecordVersion become the header's, not root items. Beside the
        faults of values, `errors` holds lines that are too short or long (line-length), that do not
        fit their patient's or file's first line (conflicting-values), text where no item is
        (unexpected-text), characters that XML forbids (odd-character), and lines of another version
        (base-dictionary); the latter are in `quarantined`, without a patient_index.

    Raises:
        UnreadableFile: empty, not text, or of a version without fixed columns. It may be raised after
            some batches: refuse the whole file.
    """
    name = source_name(source)
    given = as_dictionaries(dictionary)
    reader: _FlatReader | None = None
    pending: list[tuple[int, bytes]] = []
    size = 0
    with opened(source) as stream:
        for number, line in _lines(chunks(stream, name, READ), name):
            if reader is None:
                header = _header(line, number, name, version, record_type, given)
                reader = _FlatReader(header, given)
            pending.append((number, line))
            size += len(line)
            if size >= batch_bytes:
                whole = reader.whole_patients(pending)
                if whole:
                    yield reader.batch(pending[:whole])
                    pending = pending[whole:]
                    size = sum(len(rest) for _, rest in pending)
    if reader is None:
        raise UnreadableFile(name, 1, "not-well-formed", "the file is empty", "send it again")
    yield reader.batch(pending)


def _lines(pieces: Iterator[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, without their ends; blank lines are left out."""
    rest, number = b"", 0
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            number += 1
            if line.strip():
                yield number, line.rstrip(b"\r")
        if len(rest) > MAX_LINE:
            what = f"a line has more than {MAX_LINE:,} characters: not a NAACCR file with fixed columns"
            raise UnreadableFile(name, number + 1, "not-well-formed", what)
    if rest.strip(DOS_END + b" \r\t"):
        yield number + 1, rest.rstrip(DOS_END + b"\r")


def _header(
    line: bytes,
    number: int,
    name: str,
    version: str | None,
    record_type: str | None,
    given: list[Dictionary],
) -> NaaccrHeader:
    if line[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0\0" in line[:200]:
        raise UnreadableFile(name, number, "not-well-formed", "not a text file of one byte a character")
    text = _decoded(line.removeprefix(b"\xef\xbb\xbf"))
    said = text[VERSION_COLUMNS].strip()
    if version is None and said not in flat_versions():
        supported = ", ".join(flat_versions())
        what = f"columns 17 to 19 of the first line are {said[:3]!r}, no version with fixed columns ({supported})"
        raise UnreadableFile(name, number, "base-dictionary", what, "check the file, or give its version")
    code = standards.version_code(version or said)
    if code not in flat_versions():
        what = f"NAACCR {code} has no records with fixed columns"
        raise UnreadableFile(name, number, "base-dictionary", what, "send XML")
    return NaaccrHeader(
        version=code,
        record_type=record_type or text[:1].strip() or None,
        user_dictionaries=tuple(one.uri for one in given),
    )


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        try:
            return line.decode("cp1252")
        except UnicodeDecodeError:
            return line.decode("latin-1")


class _FlatReader:
    """Turns lines into batches; remembers what belongs to the whole file."""

    def __init__(self, header: NaaccrHeader, given: list[Dictionary]) -> None:
        self._header, self._given = header, given
        self._known = merged_dictionary(header.version, given)
        self._layout: Layout = layout(header.version, header.record_type, given)
        place = next(item for item in self._layout.items if item.id == PATIENT_ID)
        start = (place.start_column or 1) - 1
        self._id = slice(start, start + place.length)
        self._cells = [_cell(item) for item in self._layout.items]
        self._patients = 0
        self._first = True
        self._guessed = False

    def whole_patients(self, lines: list[tuple[int, bytes]]) -> int:
        """How many lines belong to patients that are complete: the next line may be the last one's."""
        last = _decoded(lines[-1][1])[self._id].strip()
        end = len(lines) - 1
        while last and end and _decoded(lines[end - 1][1])[self._id].strip() == last:
            end -= 1
        return end

    def batch(self, lines: list[tuple[int, bytes]]) -> NaaccrData:
        """Patients of some lines, which are whole."""
        text, problems = self._text(lines)
        version = pl.col("text").str.slice(VERSION_COLUMNS.start, 3).str.strip_chars(BLANKS)
        foreign = text.select((version != "") & (version != self._header.version)).to_series()
        quarantined = self._foreign(text.filter(foreign), dict(lines), problems)
        text = text.filter(~foreign)
        rows = self._rows(text)
        patient = rows[PATIENT_ID].rle_id().cast(pl.String)
        own = pl.format("row {}", pl.int_range(rows.height))
        patient = pl.select(pl.when(rows[PATIENT_ID].is_not_null()).then(patient).otherwise(own)).to_series()
        said = rows.select("line", *SAID_BY_HEADER)
        data = records(
            rows.drop(SAID_BY_HEADER),
            header=self._header,
            dictionary=self._known,
            patient=patient,
            first_patient=self._patients,
        )
        self._header, self._patients = data.header, self._patients + data.patients.height
        faults = _placed([*problems, *self._line_faults(text, said)], data)
        if self._first:
            default = standards.default_user_dictionary(self._header.version)
            named = [default.uri] if default else []
            faults += root_faults(self._header, 1, NAMESPACE, self._given, named)
            self._first = False
        return replace(data, errors=sorted_errors([data.errors], faults), quarantined=quarantined)

    def _rows(self, text: pl.DataFrame) -> pl.DataFrame:
        """The items that have a value in any line, and those that are needed; blank is null."""
        cells = text.select("line", *self._cells)
        found = cells.select((pl.exclude("line").str.strip_chars(BLANKS) != "").any()).row(0, named=True)
        needed = (PATIENT_ID, *SAID_BY_HEADER)
        kept = [name for name, any_value in found.items() if any_value or name in needed]
        return cells.select(
            "line",
            *(
                pl.when(pl.col(name).str.strip_chars(BLANKS) != "").then(pl.col(name)).alias(name)
                for name in kept
            ),
        )

    def _text(self, lines: list[tuple[int, bytes]]) -> tuple[pl.DataFrame, list[Problem]]:
        problems: list[Problem] = []
        texts = []
        for number, raw in lines:
            line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            texts.append(_decoded(line))
            if not self._guessed and not line.isascii() and not _is_utf8(line):
                self._guessed = True
                what = "not UTF-8 from this line on; such lines are read as Windows-1252"
                problems.append(_problem(number, None, "encoding", "warning", what))
        frame = pl.DataFrame(
            {"line": [number for number, _ in lines], "text": texts},
            schema={"line": pl.Int64, "text": pl.String},
        )
        return frame, problems

    def _foreign(self, rows: pl.DataFrame, lines: dict[int, bytes], problems: list[Problem]) -> pl.DataFrame:
        """Lines of another version have other columns: nothing of them can be read here."""
        kept = []
        for number, text in rows.rows():
            version = re.sub(r"\s", " ", text[VERSION_COLUMNS])
            what = f"the line is of NAACCR {version!r}, the file of {self._header.version}; it is not read"
            problems.append(_problem(number, version, "base-dictionary", "error", what))
            kept.append((None, number, None, len(lines[number]), what, lines[number]))
        return pl.DataFrame(kept, schema=QUARANTINED, orient="row")

    def _line_faults(self, text: pl.DataFrame, said: pl.DataFrame) -> Iterator[Problem]:
        kind, length = self._header.record_type, self._layout.length
        if kind in ("A", "M", "C", "I"):
            for number, line in text.filter(pl.col("text").str.len_chars() != length).rows():
                what = f"the line has {len(line):,} characters, records of type {kind} have {length:,}"
                rest = line[length:].strip()
                yield _problem(number, rest or None, "line-length", "error" if rest else "warning", what)
        for start, width in self._layout.gaps:
            inside = text.with_columns(pl.col("text").str.slice(start - 1, width).str.strip_chars(BLANKS))
            for number, value in inside.filter(pl.col("text") != "").rows():
                what = f"columns {start} to {start + width - 1} hold text, but no item"
                yield _problem(number, value, "unexpected-text", "warning", what)
        for number, line in text.filter(pl.col("text").str.contains(ODD)).rows():
            found = re.search(ODD.replace(r"\x{FFFE}\x{FFFF}", "\ufffe\uffff"), line)
            if found:
                what = f"column {found.start() + 1} holds U+{ord(found[0]):04X}, which XML does not allow"
                yield _problem(number, None, "odd-character", "warning", what)
        other = said.filter((pl.col("recordType") != kind).fill_null(False))
        for number, value in other.select("line", "recordType").rows():
            what = f"the line is of record type {value}, the file of {kind}"
            yield _problem(number, value, "record-type", "warning", what, "recordType")


def _cell(item: Item) -> pl.Expr:
    """What stands in an item's columns, trimmed as the dictionary says."""
    raw = pl.col("text").str.slice((item.start_column or 1) - 1, item.length)
    return (raw if item.trim == "none" else raw.str.strip_chars(BLANKS)).alias(item.column)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _problem(
    line: int, value: str | None, code: str, severity: str, message: str, item: str | None = None
) -> Problem:
    return Problem(line, None, None, "NaaccrData", item, value, code, severity, message)


def _placed(problems: list[Problem], data: NaaccrData) -> list[Problem]:
    """The problems of lines, with the patient and tumor that the line became."""
    if not problems:
        return []
    tumors = {
        line: (patient, tumor)
        for patient, tumor, line in data.tumors.select("patient_index", "tumor_index", "line").rows()
    }
    patients = {
        line: (patient, None) for patient, line in data.patients.select("patient_index", "line").rows()
    }
    placed = []
    for problem in problems:
        patient, tumor = tumors.get(problem.line) or patients.get(problem.line) or (None, None)
        level = "Tumor" if tumor is not None else "Patient" if patient is not None else "NaaccrData"
        placed.append(problem._replace(patient_index=patient, tumor_index=tumor, level=level))
    return placed
