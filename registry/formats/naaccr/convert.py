"""From file to file: NAACCR XML, fixed columns, CSV and Parquet, any to any, in bounded memory.

Equal input gives equal bytes: nothing is taken from the clock or the machine. Faults of values don't stop
a conversion; what can't be carried is listed. Extensions (elements of other namespaces) are no items and
have no place in the result.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.formats.naaccr.data import FAULTS, QUARANTINED, NaaccrData
from registry.formats.naaccr.flat import flat_writer, iter_naaccr_flat
from registry.formats.naaccr.forms import form_of
from registry.formats.naaccr.frames import merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.mapping import Mapping
from registry.formats.naaccr.reader import Dictionaries, as_dictionaries, iter_naaccr_xml
from registry.formats.naaccr.root import RECORD_TYPES
from registry.formats.naaccr.spreadsheet import read_table
from registry.formats.naaccr.table_writer import TableWriter, in_order, table_columns
from registry.formats.naaccr.translate import LOST, translate
from registry.formats.naaccr.writer import LeftOut, naaccr_writer
from registry.formats.sources import Source, replacing, source_name
from registry.standards import Dictionary

Form = Literal["xml", "flat", "csv", "parquet"]
FORMS: tuple[Form, ...] = ("xml", "flat", "csv", "parquet")
TABLES = ("csv", "parquet")


@dataclass
class ConvertReport:
    """What became of a file.

    Attributes:
        read_as: what the source was: xml, flat, csv or parquet.
        patients, tumors: how many were written.
        errors: the faults of the source, as its reader gives them.
        lost: one row a value that is not in the result as it was: `patient_index`, `tumor_index`, `item`,
            `number`, `value`, `reason`.
        left_out: items that the XML written could not hold (item, reason, number of values).
        quarantined: patients that are not in the result, whole, with their exact bytes.
    """

    read_as: str = ""
    patients: int = 0
    tumors: int = 0
    errors: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))
    lost: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOST))
    left_out: list[LeftOut] = field(default_factory=list)
    quarantined: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINED))


def convert(
    source: Source,
    target: str | Path,
    form: Form,
    *,
    dictionary: Dictionaries = None,
    mapping: Mapping | Source | None = None,
    version: str | None = None,
    to_version: str | None = None,
    record_type: str | None = None,
    time_generated: str | None = None,
    numbers: bool = False,
    recover: bool = False,
    quarantine: str | Path | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> ConvertReport:
    """Convert one file; the target is replaced only when all of it is on disk.

    Args:
        source: path, bytes or stream of NAACCR XML, fixed columns, CSV or Parquet: what it is, is seen
            from its first bytes.
        target: path; one that ends in .gz is compressed.
        form: xml, flat, csv or parquet.
        dictionary: user-defined dictionaries.
        mapping: mapping file of a table that is read (see `registry.formats.naaccr.mapping`).
        version: NAACCR version of a table or flat file that does not say it.
        to_version: NAACCR version wanted; the source's own when not given.
        record_type: record type wanted; items that it hasn't are left out.
        time_generated: for sources that have none (XML has one, and keeps it).
        numbers: write naaccrNum beside naaccrId.
        recover: of XML that is not well-formed, convert the whole patients.
        quarantine: path for the patients with structural faults, which are not converted.
        on_batch: called with the number of patients so far.

    Returns:
        Counts, faults and losses. Values are written as they are, also when they are too long; in fixed
        columns those are cut and listed.

    Raises:
        UnreadableFile, BadInput, NotFound, Denied: the source can't be read, is more than one document,
            or the target can't be written. An existing target stays as it was.

    >>> import tempfile
    >>> xml = (b'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-250.xml" '
    ...        b'recordType="I" specificationVersion="1.7" xmlns="http://naaccr.org/naaccrxml"><Patient>'
    ...        b'<Item naaccrId="sex">2</Item></Patient></NaaccrData>')
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = convert(xml, Path(folder, "out.csv"), "csv", to_version="26")
    ...     print(Path(folder, "out.csv").read_text().split(",ht")[0].splitlines()[-1])
    1,,2
    >>> report.read_as, report.patients, report.lost.height
    ('xml', 1, 0)
    """
    if form not in FORMS:
        raise BadInput(str(form), "not a form that can be written", f"use {', '.join(FORMS)}")
    if not isinstance(source, str | Path | bytes):
        source = source.read()
    elif not isinstance(source, bytes) and Path(source).is_fifo():  # it gives its bytes only once
        source = Path(source).read_bytes()
    given = as_dictionaries(dictionary)
    read_as = form_of(source, is_table=mapping is not None)
    reading = _Reading(source, read_as, given, mapping, version, record_type, recover)
    wanted = _Wanted(to_version, record_type, time_generated, given, read_as == "xml")
    run = _Run(reading, wanted, Path(target), form, numbers, on_batch)
    report = run.convert()
    report.read_as = read_as
    if quarantine is not None and report.quarantined.height:
        write_quarantine(quarantine, report.quarantined)
    return report


def write_quarantine(target: str | Path, quarantined: pl.DataFrame) -> None:
    """Write patients that were put aside: with their exact bytes as Parquet, as text otherwise (CSV).

    Args:
        target: path; .parquet or anything else.
        quarantined: as in `NaaccrData.quarantined`.
    """
    table = quarantined.select(
        *([pl.col("file")] if "file" in quarantined.columns else []),
        (pl.col("patient_index") + 1).alias("patient"),
        *("line", "byte_start", "byte_length", "reason", "content"),
    )
    with replacing(target) as stream:
        if str(target).endswith(".parquet"):
            table.write_parquet(stream)
        else:
            content = [
                None if raw is None else raw.decode(errors="backslashreplace") for raw in table["content"]
            ]
            table.with_columns(pl.Series("content", content, dtype=pl.String)).write_csv(stream)


@dataclass
class _Reading:
    """The source as batches, as often as wanted; one that is small is read once."""

    source: str | Path | bytes
    form: str
    given: list[Dictionary]
    mapping: Mapping | Source | None
    version: str | None
    record_type: str | None
    recover: bool
    kept: NaaccrData | None = None

    def __iter__(self) -> Iterator[NaaccrData]:
        if self.kept is not None:
            yield self.kept
            return
        count, last = 0, None
        for batch in self._batches():
            if "file" in batch.patients.columns:
                name = source_name(self.source)
                raise BadInput(name, "holds several documents", "convert them one by one")
            count, last = count + 1, batch
            yield batch
        if count == 1:
            self.kept = last

    def _batches(self) -> Iterator[NaaccrData]:
        if self.form == "xml":
            return iter_naaccr_xml(self.source, dictionary=self.given, recover=self.recover)
        if self.form == "flat":
            return iter_naaccr_flat(self.source, version=self.version, dictionary=self.given)
        table = read_table(
            self.source,
            self.mapping,
            version=self.version,
            record_type=self.record_type,
            dictionary=self.given,
        )
        return iter([table])


@dataclass
class _Wanted:
    """What records are to become before they are written."""

    version: str | None
    record_type: str | None
    time_generated: str | None
    given: Sequence[Dictionary]
    only_named: bool

    def dictionaries(self, header: NaaccrHeader) -> list[Dictionary]:
        """The user dictionaries that apply, in the file's order; of XML those that it names (a table has no name)."""
        return [
            one
            for one in header.in_order(self.given)
            if not self.only_named or not one.uri_given or one.uri in header.user_dictionaries
        ]

    def apply(self, data: NaaccrData) -> tuple[NaaccrData, pl.DataFrame]:
        """The records as wanted, and the values lost."""
        lost = pl.DataFrame(schema=LOST)
        if self.version is not None and standards.version_code(self.version) != data.header.version:
            done = translate(data, self.version, dictionaries=self.dictionaries(data.header))
            data, lost = done.data, done.lost
        # A copy: the reader's header grows when root items come late.
        items, kind = {**data.header.items}, self.record_type or data.header.record_type
        if self.record_type and "recordType" in items:
            items["recordType"] = self.record_type
        time = data.header.time_generated or self.time_generated
        header = replace(data.header, items=items, record_type=kind, time_generated=time)
        return replace(data, header=header), lost


class _HeaderGrew(Exception):
    """A root item came after the first patients: the beginning must be written again."""


@dataclass
class _Run:
    """One conversion: reads, changes, writes, and notes what happens."""

    reading: _Reading
    wanted: _Wanted
    target: Path
    form: Form
    numbers: bool
    on_batch: Callable[[int], None] | None

    def convert(self) -> ConvertReport:
        header: NaaccrHeader | None = None
        columns: list[str] = []
        if self.form in TABLES:
            header, columns = self._survey()
        try:
            return self._write(header, columns)
        except _HeaderGrew:
            header, _ = self._survey()
            return self._write(header, columns)

    def _survey(self) -> tuple[NaaccrHeader, list[str]]:
        """The header with all root items, and for a table its columns."""
        headers: list[NaaccrHeader] = []
        names = set[str]()
        known: Dictionary | None = None
        for batch in self.reading:
            data, _ = self.wanted.apply(batch)
            headers = [data.header]
            known = known or self._known(data.header)
            names.update(table_columns([data], known))
        assert known is not None
        return headers[0], in_order(names, known)

    def _known(self, header: NaaccrHeader) -> Dictionary:
        return merged_dictionary(header.version, self.wanted.dictionaries(header))

    def _write(self, header: NaaccrHeader | None, columns: list[str]) -> ConvertReport:
        report = ConvertReport()
        errors, lost, aside = [report.errors], [report.lost], [report.quarantined]
        last: NaaccrHeader | None = None
        with contextlib.ExitStack() as stack:
            add: Callable[[NaaccrData], None] | None = None
            for batch in self.reading:
                data, gone = self.wanted.apply(batch)
                last = data.header
                header = header or last
                if add is None:
                    self._refuse_typeless(header)
                    stream = stack.enter_context(replacing(self.target))
                    add = stack.enter_context(self._writing(stream, header, columns, report, lost))
                errors.append(data.errors)
                lost.append(gone)
                aside.append(data.quarantined)
                add(data)
                report.patients += data.patients.height
                report.tumors += data.tumors.height
                if self.on_batch:
                    self.on_batch(report.patients)
            if last and header and last.items != header.items:
                raise _HeaderGrew
        report.errors, report.quarantined = pl.concat(errors), pl.concat(aside)
        order = ["patient_index", "tumor_index", "number", "item", "reason", "value"]
        # The root's items are translated with each batch, and lost once.
        report.lost = pl.concat(lost).unique(maintain_order=True).sort(order, nulls_last=False)
        return report

    def _refuse_typeless(self, header: NaaccrHeader) -> None:
        """Records to be written as such need a record type; a table may go without."""
        if self.form not in TABLES and header.record_type not in RECORD_TYPES:
            found = "has no record type" if header.record_type is None else "has an unknown record type"
            raise BadInput(source_name(self.reading.source), found, "say which is wanted: A, M, C or I")

    @contextlib.contextmanager
    def _writing(
        self,
        stream: BinaryIO,
        header: NaaccrHeader,
        columns: list[str],
        report: ConvertReport,
        lost: list[pl.DataFrame],
    ) -> Iterator[Callable[[NaaccrData], None]]:
        """A function that writes a batch; at the end the report has what the writer left out."""
        used = self.wanted.dictionaries(header)
        if self.form == "xml":
            with naaccr_writer(stream, header, used, numbers=self.numbers, too_long="keep") as xml:
                yield lambda data: xml.add(data.patients, data.tumors)
            report.left_out = xml.report.left_out
        elif self.form == "flat":
            with flat_writer(stream, header, used, too_long="cut") as flat:
                yield flat.add
            lost.append(flat.report.lost)
        else:
            table = TableWriter(stream, self.form, header, columns, self._known(header))
            yield table.add
            table.close()
