"""Read a table of text cells (CSV and its relatives) exactly: no types guessed, every row with its line."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.csv

from registry.errors import BadInput
from registry.formats.sources import Source, read_all, source_name

SEPARATORS = ",;\t|"
MAX_BYTES = 16 << 30
BLOCK = 64 << 20
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
LINE_END = re.compile(rb"\r\n|\n|\r")


class OddRow(NamedTuple):
    """A row that is no record of the table: its line, its text, what is wrong."""

    line: int
    text: str
    message: str


@dataclass
class Delimited:
    """A table as it is written.

    Attributes:
        frame: every cell as text under its column's name; an empty cell is null.
        lines: 1-based line of each row of `frame` (its first, when a quoted cell spans several).
        odd_rows: rows with too many or too few cells; they are not in `frame`.
        encoding: "utf-8", "utf-16", or "cp1252" when the bytes were no UTF-8.
    """

    frame: pl.DataFrame
    lines: pl.Series
    odd_rows: list[OddRow] = field(default_factory=list)
    encoding: str = "utf-8"


def read_delimited(source: Source) -> Delimited:
    r"""Read a table with a header line (RFC 4180): UTF-8, UTF-16 or Windows-1252, plain or gzipped.

    The separator is the one of comma, semicolon, tab and | that the header line has most of. Quoted
    cells keep their line feeds; lines without any value are skipped.

    Raises:
        BadInput: empty, not a table of text, a column without a name, or a name given twice.

    >>> table = read_delimited(b'id;note\r\n007;"a\nb"\r\n\r\n8;;\r\n9;c\r\n')
    >>> table.frame.rows(), table.lines.to_list()
    ([('007', 'a\nb'), ('9', 'c')], [2, 6])
    >>> table.odd_rows
    [OddRow(line=5, text='8;;', message='the row has 3 cells, the header 2')]
    """
    name = source_name(source)
    data, encoding = _as_utf8(read_all(source, MAX_BYTES), name)
    separator, columns = _header(data, name)
    odd: list[tuple[int, int, str]] = []

    def note(row: Any) -> str:
        odd.append((row.number, row.actual_columns, row.text))
        return "skip"

    try:
        table = pa.csv.read_csv(
            io.BytesIO(data),
            # Row numbers of odd rows are known to a single thread only.
            read_options=pa.csv.ReadOptions(
                use_threads=False, block_size=min(max(BLOCK, len(data) + 1), 2**31 - 1)
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.large_string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        what = f"not a readable table ({str(error).splitlines()[0][:120]})"
        raise BadInput(name, what, "export the table again") from None
    if table.column_names != columns:
        raise BadInput(f"{name}:1", "not a readable header line", "export the table again")
    frame = pl.DataFrame(table).rename(lambda column: column.strip())
    lines, odd_lines = _line_numbers(frame, odd, _height(data))
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    rows = [
        OddRow(line, text, f"the row has {cells} cells, the header {len(columns)}")
        for line, (_, cells, text) in zip(odd_lines, odd, strict=True)
    ]
    return Delimited(frame.filter(~blank), lines.filter(~blank), rows, encoding)


def _as_utf8(data: bytes, name: str) -> tuple[bytes, str]:
    if not data.strip():
        raise BadInput(name, "the file is empty", "send it again")
    if data[:2] in WIDE_MARKS:
        try:
            return data.decode("utf-16").encode(), "utf-16"
        except UnicodeDecodeError:
            raise BadInput(name, "not readable as UTF-16", "export the table as UTF-8") from None
    if b"\0" in data[:4096] or data[:2] == b"PK":
        raise BadInput(name, "not a text table", "export the table as CSV")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; there Latin-1 says what they are.
        return b"".join(_from_windows(line) for line in data.splitlines(keepends=True)), "cp1252"
    return data, "utf-8"


def _from_windows(line: bytes) -> bytes:
    try:
        return line.decode("cp1252").encode()
    except UnicodeDecodeError:
        return line.decode("latin-1").encode()


def _first_record(data: bytes) -> str:
    """The header with its line feeds, when a quoted name has any."""
    quotes, last = 0, 0
    for end in LINE_END.finditer(data):
        quotes += data.count(b'"', last, end.start())
        last = end.start()
        if quotes % 2 == 0:
            return data[: end.start()].decode()
    return data.decode()


def _header(data: bytes, name: str) -> tuple[str, list[str]]:
    first = _first_record(data)
    unquoted = "".join(first.split('"')[::2])
    separator = max(SEPARATORS, key=unquoted.count)
    try:
        columns = next(csv.reader([first], delimiter=separator), [])
    except csv.Error as error:
        raise BadInput(f"{name}:1", f"not a header line ({error})", "export the table again") from None
    names = [column.strip() for column in columns]
    if not any(names):
        raise BadInput(f"{name}:1", "the first line is blank, expected the names of columns", "name them")
    if "" in names:
        raise BadInput(f"{name}:1", f"column {names.index('') + 1} has no name", "name every column")
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise BadInput(f"{name}:1", f"column {twice[0][:60]} is there twice", "keep one of them")
    return separator, columns


def _height(data: bytes) -> int:
    return len(LINE_END.findall(_first_record(data).encode())) + 1


def _line_numbers(
    frame: pl.DataFrame, odd: list[tuple[int, int, str]], header_height: int
) -> tuple[pl.Series, list[int]]:
    """First line of each good row and of each odd one; the parser counts rows from 1, the header's."""
    breaks = pl.sum_horizontal(pl.all().str.count_matches("\n", literal=True).fill_null(0))
    heights = (
        frame.select(breaks.cast(pl.Int64) + 1).to_series() if frame.width else pl.Series([], dtype=pl.Int64)
    )
    odd_rows = pl.DataFrame(
        {"row": [n - 2 for n, _, _ in odd], "height": [text.count("\n") + 1 for _, _, text in odd]},
        schema={"row": pl.Int64, "height": pl.Int64},
    ).with_columns(pl.lit(True).alias("odd"))
    taken = set(odd_rows["row"])
    total = frame.height + len(odd)
    row = pl.int_range(total, eager=True)
    good = row.filter(~row.is_in(list(taken))) if taken else row
    everything = pl.concat(
        [
            pl.DataFrame({"row": good, "height": heights}).with_columns(pl.lit(False).alias("odd")),
            odd_rows,
        ]
    ).sort("row")
    first = everything.with_columns(
        (pl.col("height").cum_sum() - pl.col("height") + header_height + 1).alias("line")
    )
    return first.filter(~pl.col("odd"))["line"], first.filter(pl.col("odd"))["line"].to_list()
