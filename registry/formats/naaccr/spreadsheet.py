"""Read records from a table (CSV or Parquet), as this package writes it or as a registry exports it.

One row is one tumor, or a patient without tumors; patient and root items are repeated. Values are judged
as those of an XML file are. Text is never taken for a number. Numbers and dates of a Parquet file become
text by these rules: whole numbers are written in digits, with zeros on the left to the item's length
where the dictionary pads so or asks for digits; dates become YYYYMMDD, and YYYY-MM-DD in dateTime items;
true is 1 and false is 0. What doesn't fit the item then is a fault like any other.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from registry import standards
from registry.errors import BadInput
from registry.formats.naaccr.data import NaaccrData, Problem
from registry.formats.naaccr.delimited import read_delimited
from registry.formats.naaccr.frames import merged_dictionary
from registry.formats.naaccr.header import NAMESPACE, NaaccrHeader, read_header
from registry.formats.naaccr.mapping import PLACES, BadMapping, Mapped, Mapping, read_mapping
from registry.formats.naaccr.reader import Dictionaries, as_dictionaries
from registry.formats.naaccr.records import bare_name, records, sorted_errors
from registry.formats.naaccr.root import root_faults
from registry.formats.naaccr.table_writer import ATTRIBUTES, METADATA, NO_NAMESPACE, ROOT, write_table
from registry.formats.sources import Source, opened, read_all, source_name
from registry.standards import Dictionary, Item

__all__ = ["read_table", "write_table"]

PARQUET = b"PAR1"
RECORD_TYPE = "A"
NESTED = (pl.List, pl.Array, pl.Struct, pl.Binary, pl.Object)


@dataclass
class _Table:
    """What a file holds before anything is known of its items."""

    name: str
    frame: pl.DataFrame
    lines: pl.Series
    problems: list[Problem] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)


def read_table(
    source: Source,
    mapping: Mapping | Source | None = None,
    *,
    version: str | None = None,
    record_type: str | None = None,
    header: NaaccrHeader | None = None,
    dictionary: Dictionaries = None,
    key: str | None = None,
) -> NaaccrData:
    r"""Read a table of records.

    Args:
        source: path, bytes or stream of a CSV (comma, semicolon, tab or |; UTF-8, UTF-16 or
            Windows-1252; plain or gzipped) or Parquet file.
        mapping: mapping file or object: which column holds which item (see
            `registry.formats.naaccr.mapping`). Columns that it doesn't name are read under their own
            name if that is an item's, else reported and left out. Without it every column must be an
            item, `patient`, `tumor` or an attribute of the root ("NaaccrData.timeGenerated").
        version: NAACCR version. When not given: what the table says (attribute, or item
            naaccrRecordVersion), else the newest.
        record_type: A, M, C or I. When not given: what the table says, else A (none, with a fault, when
            the table holds attributes of a root that had none).
        header: all that is to be known of the file; used instead of what the table says.
        dictionary: user-defined dictionaries.
        key: column or item whose equal values make rows one patient, wherever they stand. When not
            given: `patient`, else patientIdNumber; without these each row is a patient.

    Returns:
        The records. `line` is that of the row in a CSV, and its number in a Parquet file. `errors` also
        holds what rows of one patient say differently (conflicting-values), rows of a wrong width
        (row-length) and columns left out (unmapped-column).

    Raises:
        NotFound, Denied, BadInput: no such file, or not a table.
        BadMapping: columns and items that do not fit together, a line each.

    >>> table = b"patientIdNumber;nameLast;primarySite\n00000007;DOE;C504\n00000007;DOE;C619\n"
    >>> data = read_table(table, version="260")
    >>> data.patients["nameLast"].to_list(), data.tumors["primarySite"].to_list()
    (['DOE'], ['C504', 'C619'])
    """
    table = _load(source)
    given = as_dictionaries(dictionary)
    mapped = (
        mapping if isinstance(mapping, Mapping) else read_mapping(mapping) if mapping is not None else None
    )
    header = header or _header(table, mapped, version, record_type, given)
    known = merged_dictionary(header.version, header.in_order(given))
    columns, problems = _columns(table, mapped, known)
    rows = table.frame.select(
        table.lines.alias("line"),
        *(values.alias(name) for name, values in columns.items() if name not in PLACES),
    )
    patient = _key(table, columns, key)
    header = replace(header, items={**table.items, **header.items})
    data = records(rows, header=header, dictionary=known, patient=patient, tumor=columns.get("tumor"))
    problems += [
        *table.problems,
        *root_faults(data.header, 1, NAMESPACE, given, _default_uris(header.version)),
    ]
    data.errors = sorted_errors([data.errors], problems)
    return data


def _default_uris(version: str) -> list[str]:
    default = standards.default_user_dictionary(version)
    return [default.uri] if default else []


# -- the file --------------------------------------------------------------------------------------


def _load(source: Source) -> _Table:
    name = source_name(source)
    if not isinstance(source, str | Path | bytes):
        source = read_all(source, 1 << 34)
    _refuse_office(source, name)
    with opened(source) as stream:
        is_parquet = stream.read(4) == PARQUET
    if is_parquet:
        return _load_parquet(source, name)
    read = read_delimited(source)
    problems = [
        Problem(row.line, None, None, "NaaccrData", None, row.text, "row-length", "error", row.message)
        for row in read.odd_rows
    ]
    if read.encoding == "cp1252":
        what = "not UTF-8; read as Windows-1252"
        problems.append(Problem(1, None, None, "NaaccrData", None, None, "encoding", "warning", what))
    frame = read.frame
    said = [column for column in frame.columns if _is_attribute(column)]
    attributes = {}
    for column in said:
        values = frame[column].drop_nulls()
        if values.len():
            attributes[column.removeprefix(ROOT).removeprefix(NO_NAMESPACE)] = str(values[0])
        if values.n_unique() > 1:
            what = f"{column} has several values; the first is used"
            problems.append(
                Problem(
                    1, None, None, "NaaccrData", None, str(values[-1]), "conflicting-values", "error", what
                )
            )
    return _Table(name, frame.drop(said), read.lines, problems, attributes)


def _refuse_office(source: str | Path | bytes, name: str) -> None:
    """An Excel file is a zip file of XML, which must not be taken for a zipped table."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(file) as archive:
        if "[Content_Types].xml" in archive.namelist():
            raise BadInput(name, "an Office file, not a text table", "export the table as CSV")


def _is_attribute(column: str) -> bool:
    name = column.removeprefix(ROOT)
    return name != column and (name in ATTRIBUTES or name.startswith("{"))


def _load_parquet(source: str | Path | bytes, name: str) -> _Table:
    data: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        # Arrow refuses a damaged file with an error; polars may panic.
        table = pq.read_table(data)
        said = json.loads((table.schema.metadata or {}).get(METADATA.encode(), b"{}"))
        attributes, items = (
            {str(key): str(value) for key, value in said.get(part, {}).items()}
            for part in ("attributes", "items")
        )
        frame = pl.DataFrame(table)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, OSError, AttributeError) as error:
        what = f"not a readable Parquet file ({str(error).splitlines()[0][:120]})"
        raise BadInput(name, what, "export the table again") from None
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True)
    return _Table(name, frame, lines, [], attributes, items)


# -- what is said of the file ----------------------------------------------------------------------


def _header(
    table: _Table,
    mapping: Mapping | None,
    version: str | None,
    record_type: str | None,
    given: Sequence[Dictionary],
) -> NaaccrHeader:
    attributes = dict(table.attributes)
    said = _said(table, mapping, "naaccrRecordVersion")
    if version is None and "baseDictionaryUri" not in attributes and said in standards.VERSIONS:
        version = said
    if version is not None or "baseDictionaryUri" not in attributes:
        attributes["baseDictionaryUri"] = standards.dictionary(version).uri
    kind = record_type or attributes.get("recordType") or _said(table, mapping, "recordType")
    if kind or not table.attributes:
        attributes["recordType"] = kind or RECORD_TYPE
    try:
        header = read_header(attributes)
    except ValueError as error:
        raise BadInput(table.name, str(error), "name the NAACCR version") from None
    return replace(header, user_dictionaries=header.uris_with(given))


def _said(table: _Table, mapping: Mapping | None, item: str) -> str | None:
    """The first value of an item in the table."""
    row = mapping.column_of(item) if mapping else None
    column = row.column if row else item
    if column not in table.frame.columns:
        return (row.default if row else None) or table.items.get(item)
    values = table.frame[column].cast(pl.String).str.strip_chars()
    values = row.values(values) if row else values
    return next((value for value in values.drop_nulls() if value), None)


# -- columns to items ------------------------------------------------------------------------------


def _columns(
    table: _Table, mapping: Mapping | None, known: Dictionary
) -> tuple[dict[str, pl.Series], list[Problem]]:
    """The values of each item, and of `patient` and `tumor`, as text; and the columns left out."""
    names = table.frame.columns
    if mapping:
        mapping.check(names, known, table.name)
    rows = mapping.rows if mapping else ()
    explained = {row.column for row in rows}
    found: dict[str, pl.Series] = {}
    for row in rows:
        if row.naaccr_id:
            found[row.naaccr_id] = _mapped(table, row, known.of_column(row.naaccr_id))
    faults, problems = [], []
    for column in names:
        if column in explained:
            continue
        item = known.of_column(bare_name(column))
        if column in found:
            faults.append(f"{table.name}: {column} is mapped and a column of its own; leave one out")
        elif item or column in PLACES:
            found[column] = _as_text(table.frame[column], item, table.name)
        elif mapping:
            what = f"column {column[:60]} is not in the mapping file; it is left out"
            problems.append(
                Problem(1, None, None, "NaaccrData", column, None, "unmapped-column", "warning", what)
            )
        else:
            hint = standards.did_you_mean(known.nearest(column[:100]))
            faults.append(
                f"{table.name}: column {column[:60]} is not an item of NAACCR {known.version}{hint}"
            )
    if faults:
        raise BadMapping(faults)
    return found, problems


def _mapped(table: _Table, row: Mapped, item: Item | None) -> pl.Series:
    if not row.column:
        return pl.Series([row.default] * table.frame.height, dtype=pl.String)
    return row.values(_as_text(table.frame[row.column], item, table.name))


def _as_text(values: pl.Series, item: Item | None, where: str) -> pl.Series:
    """Cells as text by the rules above; empty text is none."""
    kind = values.dtype
    if isinstance(kind, NESTED):
        raise BadInput(where, f"column {values.name[:60]} holds lists or bytes", "export it as text")
    if kind == pl.Boolean:
        values = values.cast(pl.Int8)
    elif kind == pl.Date or isinstance(kind, pl.Datetime):
        return _date_text(values, item)
    elif kind.is_float():
        values = values.fill_nan(None)
        whole = (values == values.round()) & (values.abs() < 2**53)
        digits = _digits(values.filter(whole.fill_null(False)).cast(pl.Int64), item)
        text = values.cast(pl.String)
        return text.scatter(whole.fill_null(False).arg_true(), digits)
    if values.dtype.is_integer():
        return _digits(values, item)
    text = values.cast(pl.String)
    return pl.select(pl.when(pl.lit(text) != "").then(pl.lit(text))).to_series().alias(values.name)


def _digits(values: pl.Series, item: Item | None) -> pl.Series:
    text = values.cast(pl.String)
    padded = item is not None and (item.padding == "leftZero" or item.data_type == "digits")
    return text.str.zfill(item.length) if item and padded else text


def _date_text(values: pl.Series, item: Item | None) -> pl.Series:
    """A day; with its time only where there is one, or in a dateTime item."""
    day = "%Y-%m-%d" if item and item.data_type == "dateTime" else "%Y%m%d"
    if values.dtype == pl.Date:
        return values.dt.strftime(day)
    has_time = values.dt.time() != dt.time(0)
    zone = "%:z" if getattr(values.dtype, "time_zone", None) else ""
    with_time = values.dt.strftime(f"%Y-%m-%dT%H:%M:%S{zone}")
    return pl.select(
        pl.when(pl.lit(has_time)).then(pl.lit(with_time)).otherwise(pl.lit(values.dt.strftime(day)))
    ).to_series()


def _key(table: _Table, columns: dict[str, pl.Series], key: str | None) -> pl.Series:
    """One key a row; null is a patient of its own."""
    if key is not None:
        if key in columns:
            return columns[key]
        if key in table.frame.columns:
            return _as_text(table.frame[key], None, table.name)
        hint = standards.did_you_mean(standards.nearest(key, table.frame.columns))
        raise BadInput(table.name, f"there is no column {key[:60]}{hint}", "name the column of the patient")
    none = pl.Series([None] * table.frame.height, dtype=pl.String)
    return columns.get("patient", columns.get("patientIdNumber", none))
