"""Which column of a registry's own table holds which NAACCR item: the mapping file.

A CSV with the columns `column` and `naaccr_id` and, when wanted, `default`, `date_format` and
`code_map`:

| column | naaccr_id | default | date_format | code_map |
|---|---|---|---|---|
| DX_DATE | dateOfDiagnosis | | %m/%d/%Y | |
| SEX | sexAssignedAtBirth | 9 | | M=1; F=2 |
| | registryId | 0000001234 | | |
| NOTES | | | | |

`default` fills blank cells (without a column: every row). `date_format` is that of Python's strptime; such
dates become YYYYMMDD. `code_map` replaces whole values. What a rule can't read stays as it is and is
judged so. A column without an id is left out on purpose; `patient` and `tumor` may stand for an id.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.formats.sources import Source, read_all, source_name
from registry.standards import Dictionary

COLUMNS = ("column", "naaccr_id", "default", "date_format", "code_map")
PLACES = ("patient", "tumor")
DAY = "%Y%m%d"


class BadMapping(BadInput):
    """A mapping file, or a table that does not fit it.

    Attributes:
        lines: one line a fault, each with its place.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        where, _, what = lines[0].partition(": ")
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        super().__init__(where, f"{what}{more}")


@dataclass(frozen=True)
class Mapped:
    """One row of a mapping file; `line` is 1-based."""

    line: int
    column: str
    naaccr_id: str
    default: str = ""
    date_format: str = ""
    code_map: dict[str, str] = field(default_factory=dict)

    def values(self, cells: pl.Series) -> pl.Series:
        """The item's values from a column's cells (text).

        >>> dates = pl.Series(["2/28/2024", "2/30/2024", None])
        >>> Mapped(1, "DX", "dateOfDiagnosis", "9", "%m/%d/%Y").values(dates).to_list()
        ['20240228', '2/30/2024', '9']
        """
        if self.date_format:
            days = cells.str.strip_chars().str.to_date(self.date_format, strict=False)
            cells = pl.select(pl.coalesce(days.dt.strftime(DAY), cells)).to_series()
        if self.code_map:
            cells = pl.select(
                pl.coalesce(
                    cells.str.strip_chars().replace_strict(
                        self.code_map, default=None, return_dtype=pl.String
                    ),
                    cells,
                )
            ).to_series()
        return cells.fill_null(self.default) if self.default else cells


@dataclass(frozen=True)
class Mapping:
    """A mapping file as written; `name` is for messages."""

    name: str
    rows: tuple[Mapped, ...]

    def column_of(self, naaccr_id: str) -> Mapped | None:
        """The row for an item, or None."""
        return next((row for row in self.rows if row.naaccr_id == naaccr_id), None)

    def check(self, columns: Sequence[str], dictionary: Dictionary, table: str) -> None:
        """Refuse a mapping with unknown ids, missing columns, or two columns for one item.

        Raises:
            BadMapping: with a line for each fault.
        """
        faults, used = [], dict[str, Mapped]()
        for row in self.rows:
            where, known = f"{self.name}:{row.line}: ", row.naaccr_id in PLACES
            if row.column and row.column not in columns:
                hint = standards.did_you_mean(standards.nearest(row.column, columns))
                faults.append(f"{where}{table} has no column {row.column[:60]}{hint}")
            if not row.naaccr_id:
                continue
            if not known and dictionary.of_column(row.naaccr_id) is None:
                hint = standards.did_you_mean(dictionary.nearest(row.naaccr_id[:100]))
                faults.append(f"{where}no item {row.naaccr_id[:60]} in NAACCR {dictionary.version}{hint}")
            first = used.setdefault(row.naaccr_id, row)
            if first is not row:
                names = f"columns {first.column or 'none'} and {row.column or 'none'}"
                faults.append(f"{where}{row.naaccr_id} is mapped twice ({names}); keep one of them")
        if faults:
            raise BadMapping(faults)


def read_mapping(source: Source) -> Mapping:
    r"""Read a mapping file.

    Raises:
        NotFound, Denied, BadInput: no such file, or not a mapping.
        BadMapping: rows that say nothing, date formats or code maps that cannot be read.

    >>> mapping = read_mapping(b"column,naaccr_id,code_map\nSEX,sexAssignedAtBirth,M=1; F=2\n")
    >>> mapping.rows[0].code_map
    {'M': '1', 'F': '2'}
    """
    name = source_name(source)
    try:
        text = read_all(source, 1 << 24).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(name, "the mapping file is not UTF-8", "save it as UTF-8") from None
    try:
        return _mapping(text, name)
    except csv.Error as error:
        raise BadInput(name, f"not a readable mapping file ({error})", "save it again as CSV") from None


def _mapping(text: str, name: str) -> Mapping:
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), skipinitialspace=True
    )
    columns = [column.strip() for column in reader.fieldnames or []]
    if not {"column", "naaccr_id"} <= set(columns):
        raise BadInput(f"{name}:1", "a mapping file has the columns column and naaccr_id", "name them so")
    odd = [column for column in columns if column not in COLUMNS]
    if odd:
        raise BadInput(f"{name}:1", f"column {odd[0][:60]} of the mapping is not known", f"use {COLUMNS}")
    reader.fieldnames = columns
    rows, faults = [], list[str]()
    for cells in reader:
        row = _row(
            reader.line_num, {key: (value or "").strip() for key, value in cells.items() if key}, faults
        )
        if row.column or row.naaccr_id:
            rows.append(row)
    if faults:
        raise BadMapping([f"{name}:{fault}" for fault in faults])
    return Mapping(name, tuple(rows))


def _row(line: int, cells: dict[str, str], faults: list[str]) -> Mapped:
    codes = {}
    for pair in filter(None, (part.strip() for part in cells.get("code_map", "").split(";"))):
        old, equals, new = pair.partition("=")
        if not equals or not old.strip() or old.strip() in codes:
            faults.append(f'{line}: code_map "{pair[:60]}" is not like "M=1; F=2"')
        codes[old.strip()] = new.strip()
    date_format, column = cells.get("date_format", ""), cells["column"]
    if date_format and not _is_date_format(date_format):
        faults.append(f'{line}: date_format "{date_format[:60]}" is not like "%m/%d/%Y"')
    if not column and cells["naaccr_id"] and not cells.get("default"):
        faults.append(f"{line}: {cells['naaccr_id'][:60]} has neither a column nor a default")
    return Mapped(line, column, cells["naaccr_id"], cells.get("default", ""), date_format, codes)


def _is_date_format(text: str) -> bool:
    """True when a date written in this format comes back the same."""
    day = dt.date(1999, 12, 31)
    try:
        return dt.datetime.strptime(day.strftime(text), text).date() == day
    except ValueError:
        return False
