"""Tell from its first bytes what a file is, whatever it is called."""

from __future__ import annotations

import csv
import re

from registry.formats.sources import Source, chunks, opened, source_name

LOOKED_AT = 1 << 16
_ROOT = re.compile(r"<(?:[\w.-]+:)?NaaccrData[\s>/]")
_HL7 = re.compile(r"[\s\x0b]*(MSH|FHS|BHS)[^\w\s]")
_DEATHS = ({"death_date"}, {"date_of_death"}, {"underlying_cod"})


def sniff(source: Source) -> str | None:
    r"""The kind of a file: "naaccr-xml", "hl7", "treatments", "deaths", or None.

    Plain or gzipped. A stream is read from where it stands: give a path or bytes to read it again.

    Raises:
        NotFound, Denied, BadInput: the file cannot be opened or unpacked.

    >>> sniff(b"MSH|^~\\&|LIS"), sniff(b"mrn,treatment_type,start_date\n"), sniff(b"hello")
    ('hl7', 'treatments', None)
    """
    head = b""
    with opened(source) as stream:
        for data in chunks(stream, source_name(source)):
            head += data
            if len(head) >= LOOKED_AT:
                break
    return _kind(_decode(head))


def _decode(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    return head.decode("utf-8-sig", errors="replace")


def _kind(text: str) -> str | None:
    start = text.lstrip()
    if start.startswith("<"):
        without_comments = re.sub(r"<!--.*?-->", "", start, flags=re.S)
        return "naaccr-xml" if _ROOT.search(without_comments) else None
    if _HL7.match(text):
        return "hl7"
    first = next(csv.reader([start.split("\n", 1)[0].rstrip("\r")]), [])
    columns = {re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in first}
    if {"treatment_type", "start_date"} <= columns:
        return "treatments"
    return "deaths" if any(wanted <= columns for wanted in _DEATHS) else None
