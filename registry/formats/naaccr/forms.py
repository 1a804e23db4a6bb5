"""Tell from its first bytes in which form a file holds NAACCR records."""

from __future__ import annotations

import csv
from pathlib import Path

from registry import standards
from registry.formats.naaccr.delimited import SEPARATORS
from registry.formats.naaccr.flat_layout import flat_versions, record_length
from registry.formats.naaccr.table_writer import ROOT
from registry.formats.sources import chunks, opened, source_name

LOOKED_AT = 1 << 16
PARQUET = b"PAR1"
TABLE_NAMES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
OWN = ("patient", "tumor")


def form_of(source: str | Path | bytes, *, is_table: bool = False) -> str:
    r"""What a file is: "xml", "flat", "csv" or "parquet".

    A file that is nothing of all this counts as XML, whose reader says what is wrong with it.

    Args:
        source: path or bytes; plain, gzipped or zipped.
        is_table: it is known to be a table (a mapping was given for it).

    Raises:
        NotFound, Denied, BadInput: the file cannot be opened or unpacked.

    >>> form_of(b"<NaaccrData/>"), form_of(b"patient,primarySite\n"), form_of(b"hello"), form_of(b"a\n", is_table=True)
    ('xml', 'csv', 'xml', 'csv')
    """
    name = source_name(source)
    if isinstance(source, bytes) or Path(source).is_file():
        with opened(source) as stream:
            head = next(chunks(stream, name, LOOKED_AT), b"")
    else:
        return "csv" if is_table else "xml"
    if head.startswith(PARQUET):
        return "parquet"
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = (
        head[: len(head) // 2 * 2].decode("utf-16", "replace")
        if wide
        else head.decode("utf-8-sig", "replace")
    )
    if is_table or name.lower().endswith(TABLE_NAMES):
        return "csv"
    if text.lstrip().startswith("<"):
        return "xml"
    first = next(iter(text.splitlines()), "")
    if _is_record(first):
        return "flat"
    return "csv" if _is_header(first) else "xml"


def _is_record(line: str) -> bool:
    """A line with a version that has fixed columns where it stands, and as long as a shortened record may be."""
    version = line[16:19]
    shortest = record_length(flat_versions()[0], "I")
    return version in flat_versions() and (line[:1] in "AMCI " or len(line) >= shortest)


def _is_header(line: str) -> bool:
    """A line that names an item, or columns of a table that we wrote."""
    separator = max(SEPARATORS, key=line.count)
    try:
        cells = {cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])}
    except csv.Error:
        return False
    known = set(OWN).union(*(standards.dictionary(version).ids() for version in standards.versions()))
    return bool(cells & known) or any(cell.startswith(ROOT) for cell in cells)
