r"""Read the report of an official EDITS run, as a mapping (TOML) describes it.

Programs that run the official edits write their results in ways of their own, so the mapping says where things stand:

```toml
source = "State edits v26"          # name on the board; runs of one source replace one another
format = "delimited"                # delimited, fixed or lines
delimiter = ","                     # "\t" for tabs
skip = 0                            # lines before the header line
covers = "all"                      # what a run judges: all, facilities (those it names), records (those it names)
sent = "abstracts"                  # what the judged file was made of: abstracts (type A, M), tumors (type I, C)

[columns]                           # header name, or position from 1; for fixed: [first position, length]
facility = "Facility"
accession = "Accession"
sequence = "Seq"
patient = "Patient ID"
tumor = "Tumor"
tag = "Tag"
edit = "Edit"
message = "Message"
severity = "Type"

[severity]                          # the report's word = error, review or warning; anything else counts as error
E = "error"
W = "warning"

[lines]                             # for format "lines": regular expressions with the words above as named groups
record = 'Facility (?P<facility>\d+) Accession (?P<accession>\d+)/(?P<sequence>\d\d)'
failure = '^ +(?P<tag>N\d{4}) (?P<severity>[EW]) (?P<message>.+)'
ignore = ['^Page ', '^=+$']
```

A line that cannot be read, or names no edit or no record, is kept whole with the reason.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.formats.sources import Source, read_all, source_name

WORDS = ("facility", "accession", "sequence", "patient", "tumor", "tag", "edit", "message", "severity")
ROWS: dict[str, Any] = {"line": pl.Int64, **dict.fromkeys(WORDS, pl.String)}
BAD: dict[str, Any] = {"line": pl.Int64, "text": pl.String, "reason": pl.String}
FORMATS = ("delimited", "fixed", "lines")
COVERS = ("all", "facilities", "records")
SENT = ("abstracts", "tumors")
SEVERITIES = ("error", "review", "warning")
MAX_BYTES = 1 << 30
QUOTED_LINES = 20
"""Lines that a quoted cell may go over; a quote that is open for longer was never meant as one."""


@dataclass(frozen=True)
class ResultMapping:
    """Where things stand in a report; see the module's text.

    Attributes:
        columns: our word → header name, position from 1, or (first position, length).
        severity: the report's word in upper case → error, review or warning.
    """

    source: str
    format: str = "delimited"
    delimiter: str = ","
    skip: int = 0
    covers: str = "all"
    sent: str = "abstracts"
    columns: dict[str, Any] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    record: re.Pattern[str] | None = None
    failure: re.Pattern[str] | None = None
    ignore: tuple[re.Pattern[str], ...] = ()


@dataclass(frozen=True)
class EditResults:
    """What a report holds.

    Attributes:
        rows: frame[line, facility, accession, sequence, patient, tumor, tag, edit, message, severity], in its order.
        bad: frame[line, text, reason]: lines that are no result, whole.
        warnings: one line each.
    """

    rows: pl.DataFrame
    bad: pl.DataFrame
    warnings: tuple[str, ...] = ()


def read_mapping(source: Source) -> ResultMapping:
    r"""Read and check a mapping.

    Raises:
        BadInput: not TOML, or a word in it that is not known.

    >>> read_mapping(b'source = "State"\n[columns]\nfacility = 1\naccession = 2\ntag = 3').columns["tag"]
    3
    """
    name = source_name(source)
    try:
        text = read_all(source, 1 << 20).decode("utf-8-sig")
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(name, f"not a readable mapping ({error})", "write it as TOML") from None
    known = {"source", "format", "delimiter", "skip", "covers", "sent", "columns", "severity", "lines"}
    if unknown := sorted(set(given) - known):
        raise BadInput(name, f"{unknown[0]!r} is no word of a mapping", f"use {', '.join(sorted(known))}")
    form = str(given.get("format", "delimited"))
    _one_of(name, "format", form, FORMATS)
    _one_of(name, "covers", str(given.get("covers", "all")), COVERS)
    _one_of(name, "sent", str(given.get("sent", "abstracts")), SENT)
    severity = {str(word).upper(): str(means) for word, means in dict(given.get("severity", {})).items()}
    for means in severity.values():
        _one_of(name, "severity", means, SEVERITIES)
    patterns = _patterns(name, given) if form == "lines" else {}
    mapping = ResultMapping(
        source=str(given.get("source") or Path(name).stem),
        format=form,
        delimiter=str(given.get("delimiter", ",")),
        skip=int(given.get("skip", 0)),
        covers=str(given.get("covers", "all")),
        sent=str(given.get("sent", "abstracts")),
        columns={} if form == "lines" else _columns(name, form, given.get("columns", {})),
        severity=severity,
        **patterns,
    )
    if form == "delimited" and len(mapping.delimiter) != 1:
        raise BadInput(name, "delimiter is one character", 'write "," or "\\t"')
    return mapping


def _one_of(name: str, word: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadInput(name, f"{word} {value!r} is not known", f"use one of: {', '.join(allowed)}")


def _columns(name: str, form: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or not given:
        raise BadInput(name, "has no [columns]", f"say where these stand: {', '.join(WORDS)}")
    for word, place in given.items():
        if word not in WORDS:
            raise BadInput(name, f"[columns] {word!r} is not known", f"use {', '.join(WORDS)}")
        pair = (
            isinstance(place, list) and len(place) == 2 and all(isinstance(n, int) and n > 0 for n in place)
        )
        single = (isinstance(place, str) and place) or (isinstance(place, int) and place > 0)
        if not (pair if form == "fixed" else single):
            wanted = "[first position, length]" if form == "fixed" else "a header name or a position from 1"
            raise BadInput(name, f"[columns] {word} is not {wanted}")
    _require_words(name, set(given))
    return dict(given)


def _patterns(name: str, given: dict[str, Any]) -> dict[str, Any]:
    lines = given.get("lines", {})
    if not isinstance(lines, dict) or "failure" not in lines:
        raise BadInput(name, "has no [lines] failure", "give the regular expression of a failure's line")
    try:
        record = re.compile(lines["record"]) if "record" in lines else None
        failure = re.compile(lines["failure"])
        ignore = tuple(re.compile(text) for text in lines.get("ignore", []))
    except (re.error, TypeError) as error:
        raise BadInput(name, f"[lines] holds no regular expression ({error})") from None
    groups = {*failure.groupindex, *(record.groupindex if record else ())}
    if unknown := sorted(groups - set(WORDS)):
        raise BadInput(name, f"[lines] group {unknown[0]!r} is not known", f"use {', '.join(WORDS)}")
    _require_words(name, groups)
    return {"record": record, "failure": failure, "ignore": ignore}


def _require_words(name: str, words: set[str]) -> None:
    if not words & {"tag", "edit"}:
        raise BadInput(name, "names no edit", "say where the tag or the edit stands")
    if not words & {"accession", "patient"}:
        raise BadInput(
            name, "names no record", "say where accession (with facility), or patient and tumor, stand"
        )


def read_edit_results(source: Source, mapping: ResultMapping) -> EditResults:
    r"""Read a report.

    Raises:
        BadInput: it is empty, no text, or lacks a column that the mapping names.

    >>> mapping = read_mapping(b'source="S"\n[columns]\nfacility="F"\naccession="A"\nsequence="S"\ntag="T"')
    >>> results = read_edit_results(b"F,A,S,T\n9990010,202300001,00,N0045\n9990010,,00,N0045\n", mapping)
    >>> results.rows.select("line", "accession", "tag", "severity").rows(), results.bad.rows()
    ([(2, '202300001', 'N0045', 'error')], [(3, '9990010,,00,N0045', 'names no record')])
    """
    name = source_name(source)
    data = read_all(source, MAX_BYTES)
    if not data.strip():
        raise BadInput(name, "the file is empty", "export the report again")
    lines = re.split(r"\r\n|\n|\r", _text(data, name))
    read = {"delimited": _delimited, "fixed": _fixed, "lines": _by_pattern}[mapping.format]
    rows: list[tuple[Any, ...]] = []
    bad: list[tuple[int, str, str]] = []
    strange: dict[str, int] = {}
    for line, text, values in read(lines, mapping, name):
        reason = values if isinstance(values, str) else _missing(values)
        if reason:
            bad.append((line, text, reason))
            continue
        assert isinstance(values, dict)
        word = (values.get("severity") or "").upper()
        severity = mapping.severity.get(word) or (word.lower() if word.lower() in SEVERITIES else "error")
        if word and word not in mapping.severity and word.lower() not in SEVERITIES:
            strange[word] = strange.get(word, 0) + 1
        rows.append((line, *({**values, "severity": severity}.get(name) for name in WORDS)))
    warnings = tuple(
        f"{name}: severity {word!r} is not in the mapping ({count:,} rows count as error)"
        for word, count in sorted(strange.items())
    )
    return EditResults(
        pl.DataFrame(rows, schema=ROWS, orient="row"), pl.DataFrame(bad, schema=BAD, orient="row"), warnings
    )


def _text(data: bytes, name: str) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data[:4096]:
        raise BadInput(name, "is no text", "export the report as text or CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _missing(values: dict[str, str | None]) -> str | None:
    if not values.get("tag") and not values.get("edit"):
        return "names no edit"
    if not values.get("accession") and not (values.get("patient") and values.get("tumor")):
        return "names no record"
    return None


Read = Iterator[tuple[int, str, "dict[str, str | None] | str"]]
"""Line number, its text, and its values; or, as a text, why it has none."""


def _delimited(lines: list[str], mapping: ResultMapping, name: str) -> Read:
    by_name = any(isinstance(place, str) for place in mapping.columns.values())
    rows = _csv_rows(lines, mapping.skip, mapping.delimiter)
    width, places = 0, dict[str, int]()
    if by_name:
        _line, _text, header = next(rows, (0, "", []))
        header = [cell.strip().casefold() for cell in header] if isinstance(header, list) else []
        width = len(header)
    for word, place in mapping.columns.items():
        if isinstance(place, str) and place.strip().casefold() not in header:
            raise BadInput(
                f"{name}:{mapping.skip + 1}", f"has no column {place!r}", "check the mapping's [columns]"
            )
        places[word] = header.index(place.strip().casefold()) if isinstance(place, str) else place - 1
    for line, text, cells in rows:
        if isinstance(cells, str):
            yield line, text, cells
        elif width and len(cells) != width:
            yield line, text, f"has {len(cells)} cells, the header {width}"
        elif max(places.values()) >= len(cells):
            yield line, text, f"has {len(cells)} cells, the mapping asks for {max(places.values()) + 1}"
        else:
            yield line, text, {word: cells[place].strip() or None for word, place in places.items()}


def _csv_rows(lines: list[str], skip: int, delimiter: str) -> Iterator[tuple[int, str, list[str] | str]]:
    """Rows of a table, each from the shortest run of lines that reads; blank lines are none."""
    at = skip
    while at < len(lines):
        cells: list[str] | str = "a quote is not closed"
        taken = 1
        for taken in range(1, min(QUOTED_LINES, len(lines) - at) + 1):
            try:
                cells = next(
                    csv.reader(["\n".join(lines[at : at + taken])], delimiter=delimiter, strict=True), []
                )
                break
            except csv.Error as error:
                if "end of data" not in str(error):
                    cells = f"is not a readable row ({error})"
                    break
        if isinstance(cells, str):
            taken = 1
        text = "\n".join(lines[at : at + taken])
        if text.strip():
            yield at + 1, text, cells
        at += taken


def _fixed(lines: list[str], mapping: ResultMapping, _name: str) -> Read:
    for number, text in enumerate(lines[mapping.skip :], start=mapping.skip + 1):
        if text.strip():
            values = {
                word: text[first - 1 : first - 1 + length].strip() or None
                for word, (first, length) in mapping.columns.items()
            }
            yield number, text, values


def _by_pattern(lines: list[str], mapping: ResultMapping, _name: str) -> Read:
    """Failures below the line that names their record; what fits nothing is no result."""
    assert mapping.failure is not None
    record: dict[str, str | None] = {}
    for number, text in enumerate(lines[mapping.skip :], start=mapping.skip + 1):
        if not text.strip() or any(pattern.search(text) for pattern in mapping.ignore):
            continue
        named = mapping.record.search(text) if mapping.record else None
        failed = mapping.failure.search(text)
        if named:
            record = {word: (value or "").strip() or None for word, value in named.groupdict().items()}
        if failed:
            own = {word: (value or "").strip() or None for word, value in failed.groupdict().items()}
            yield number, text, {**record, **{word: value for word, value in own.items() if value}}
        elif not named:
            record = {}  # it may have named the record of the lines below
            yield number, text, "fits no pattern of the mapping"
