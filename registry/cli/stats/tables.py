"""Tables in and out of the file commands of `registry stats`: CSV as text, faulty rows named, results written.

A row that can't be used is named on stderr by its line and left out (exit code 1); what is left out by
definition, or has no group, is counted in a remark (exit code 0). No cell is ever shown: it may be a patient's.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.errors import BadInput, NotFound

if TYPE_CHECKING:
    import polars as pl

SHOWN = 20
"""At most so many faulty rows are named."""


@dataclass(frozen=True)
class Table:
    """A CSV file as text: blanks around a cell are cut, an empty cell is null, empty lines are gone."""

    path: str
    frame: pl.DataFrame
    lines: pl.Series
    """Line of the file that each row begins on (Int64; the header is line 1)."""

    def need(self, *columns: str | None) -> None:
        """Refuse a file that lacks one of these columns (None is passed over)."""
        lacking = [name for name in columns if name is not None and name not in self.frame.columns]
        if lacking:
            raise BadInput(
                self.path,
                f"there is no column {', '.join(lacking)}",
                f"it has {', '.join(self.frame.columns)}",
            )

    def text(self, column: str) -> pl.Series:
        """A column as it stands (String)."""
        self.need(column)
        return self.frame[column]

    def is_number(self, column: str) -> bool:
        """True when every filled cell of a column is a number, and one is filled."""
        values = self.text(column).drop_nulls()
        return bool(len(values)) and not parsed(values).null_count()

    def numbers(self, column: str) -> pl.Series:
        """A column as numbers (Float64): null where the cell is empty or no finite number."""
        return parsed(self.text(column))

    def dates(self, column: str) -> pl.Series:
        """A column of YYYY-MM-DD or YYYYMMDD as Date: null where the cell is empty or no such day."""
        import polars as pl

        text, whole = pl.col(column), r"^(\d{4}-\d{2}-\d{2}|\d{8})$"
        day = text.str.replace_all("-", "", literal=True).str.to_date("%Y%m%d", strict=False)
        self.need(column)
        return self.frame.select(pl.when(text.str.contains(whole)).then(day)).to_series().alias(column)

    def has_number_codes(self, column: str) -> bool:
        """True when more than half of the filled cells are numbers: then a cell that is none is a mistake."""
        values = self.text(column).drop_nulls()
        return parsed(values).null_count() * 2 < len(values)

    def codes(self, column: str) -> pl.Series:
        """A column of codes as text, numbers in one way of writing them ("1", "1.0", "01" are "1").

        Null where the cell is empty, or is no number among numbers (`has_number_codes`).
        """
        if not self.has_number_codes(column):
            return self.text(column)
        numbers = self.numbers(column)
        values = numbers.drop_nulls().unique().to_list()
        return numbers.replace_strict(values, [number_text(value) for value in values], default=None)

    def labels(self, column: str) -> tuple[pl.Series, list[str]]:
        """A column of groups: their names as in the file (null where empty), and the names in sorted order.

        Numbers sort as numbers, and numbers that are equal are one group, called as where it stands first.
        """
        import polars as pl

        text = self.text(column)
        if not self.is_number(column):
            return text, sorted(text.drop_nulls().unique().to_list())
        pairs = pl.DataFrame({"text": text, "number": self.numbers(column)})
        names = pairs.drop_nulls().group_by("number", maintain_order=True).first().sort("number")
        named = pairs.join(names.rename({"text": "name"}), on="number", how="left", maintain_order="left")
        return named["name"].alias(column), names["text"].to_list()


def parsed(text: pl.Series) -> pl.Series:
    """Text as finite numbers (Float64), anything else null.

    >>> import polars as pl
    >>> parsed(pl.Series(["1", "-2.50", "1e3", "nan", "inf", "one", None])).to_list()
    [1.0, -2.5, 1000.0, None, None, None, None]
    """
    import polars as pl

    values = text.cast(pl.Float64, strict=False)
    return (
        values.to_frame("v").select(pl.when(pl.col("v").is_finite()).then("v")).to_series().alias(text.name)
    )


def number_text(value: float) -> str:
    """A number as a cell: whole numbers without a point, others with every digit that counts.

    >>> number_text(30.0), number_text(0.1), number_text(-2), number_text(1e22)
    ('30', '0.1', '-2', '1e+22')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


@dataclass
class Faults:
    """What was wrong with single rows, and what was left out by definition."""

    rows: dict[int, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, lines: Iterable[int], what: str) -> None:
        """Rows that can't be used, by line, and why (never a value)."""
        for line in lines:
            reasons = self.rows.setdefault(int(line), [])
            if what not in reasons:
                reasons.append(what)

    def remark(self, text: str) -> None:
        """Something to know that is no fault."""
        if text not in self.remarks:
            self.remarks.append(text)

    @property
    def exit_code(self) -> int:
        """1 when a row was faulty, else 0."""
        return 1 if self.rows else 0

    def tell(self, path: str, *, quiet: bool = False) -> None:
        """Name the faults on stderr; remarks too unless `quiet`."""
        for line in sorted(self.rows)[:SHOWN]:
            click.echo(f"{path}, line {line}: {'; '.join(self.rows[line])}; left out", err=True)
        if len(self.rows) > SHOWN:
            click.echo(f"{path}: and {len(self.rows) - SHOWN} more faulty rows, left out", err=True)
        for remark in self.remarks if not quiet else ():
            click.echo(f"{path}: {remark}", err=True)


def read_csv(path: str | Path, faults: Faults) -> Table:
    """Read a CSV file (UTF-8, byte-order mark or not, gzip or not; one header line).

    Args:
        path: the file.
        faults: gets the rows that have more cells than there are columns; they are left out.

    Raises:
        NotFound: there is no such file.
        BadInput: it is a folder, empty, not UTF-8, has a column twice or without a name, or is no CSV.
    """
    import polars as pl

    source, file = str(path), Path(path)
    if file.is_dir():
        raise BadInput(source, "is a folder", "name a file in it")
    if not file.is_file():
        raise NotFound(source, "there is no such file")
    data = _bytes(source, file)
    _check_header(source, data)
    frame: pl.DataFrame | None = None
    try:
        frame = pl.read_csv(io.BytesIO(data), infer_schema=False)
    except pl.exceptions.PolarsError:
        pass
    else:
        if frame.height + 1 != data.count(b"\n") + (not data.endswith(b"\n")):  # a cell holds a line break
            frame = None
    if frame is None:
        frame, lines = _slowly(source, data, faults)
    else:
        lines = pl.Series("line", range(2, frame.height + 2), pl.Int64)
    cut = pl.all().str.strip_chars()
    frame = frame.select(pl.when(cut != "").then(cut).name.keep())
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    return Table(source, frame.filter(filled), lines.filter(filled))


def _bytes(source: str, file: Path) -> bytes:
    data = file.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError):
            raise BadInput(source, "can't be unpacked", "look whether it is whole") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise BadInput(source, "is empty", "it needs at least a line of column names")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(source, "is not text in UTF-8", "save it as “CSV UTF-8”") from None
    return data.replace(b"\r\n", b"\n")


def _check_header(source: str, data: bytes) -> None:
    names = next(csv.reader(io.StringIO(data[:1_000_000].decode("utf-8", "ignore"))), [])
    if any(not name.strip() for name in names) or not names:
        raise BadInput(source, "a column has no name", "give each column a name in the first line")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(source, f"has the column {', '.join(twice)} twice", "take one of them out")


def _slowly(source: str, data: bytes, faults: Faults) -> tuple[pl.DataFrame, pl.Series]:
    """Row by row, for files with line breaks in cells or with rows of another length."""
    import polars as pl

    reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    rows: list[list[str | None]] = []
    lines: list[int] = []
    try:
        names = next(reader)
        before = reader.line_num
        for row in reader:
            line, before = before + 1, reader.line_num
            if len(row) > len(names):
                faults.add([line], f"has {len(row)} cells where there are {len(names)} columns")
                continue
            rows.append([*row, *[None] * (len(names) - len(row))])
            lines.append(line)
    except csv.Error:
        raise BadInput(source, "can't be read as a CSV table", "look at the quotation marks") from None
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return frame, pl.Series("line", lines, pl.Int64)


def cell(value: Any) -> str:
    """A value of a result as it is written: floats to the last digit, nothing for None and NaN.

    >>> cell(0.1), cell(3), cell(2.0), cell(None), cell(float("nan")), cell("II, A"), cell(float("inf"))
    ('0.1', '3', '2.0', '', '', 'II, A', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, int) or math.isfinite(value) else ""


def finish(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    out: str | None,
    *,
    source: str | None = None,
    as_json: bool = False,
) -> None:
    """Write rows as CSV to a file (whole or not at all) or to stdout; with `as_json` as JSON to stdout.

    Args:
        header: names of the columns.
        rows: in the order they are written; numbers stay numbers in JSON, None and NaN are null there.
        out: the file; None is stdout.
        source: the file that was read; it is never overwritten.
        as_json: one line of JSON on stdout, a list of objects (the file, when asked for, is CSV all the same).

    Raises:
        BadInput: it can't be written there, or it is the file that was read.
    """
    if out and source and Path(out).exists() and Path(out).samefile(source):
        raise BadInput("--out", "is the file that is read", "name another file")
    kept = [list(row) for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in kept)
    if out:
        from registry.cli.frames import whole

        with whole(Path(out)) as part:
            part.write_bytes(text.getvalue().encode())
    if as_json:
        click.echo(json.dumps([dict(zip(header, map(_plain, row), strict=True)) for row in kept]))
    elif not out:
        click.echo(text.getvalue(), nl=False)


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def listed(text: str | None, what: str) -> list[str]:
    """The parts of a list with commas, each once, in order; `what` is the option's name.

    >>> listed("a, b,a", "--by")
    ['a', 'b']
    """
    if text is None:
        return []
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise BadInput(what, "has an empty part", "write the parts with a comma between them")
    return list(dict.fromkeys(parts))


def choose(values: Sequence[str], allowed: Iterable[str], what: str) -> None:
    """Refuse a value that is none of those allowed (exit code 2)."""
    import difflib

    known = list(allowed)
    for value in values:
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1)
            action = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
            raise BadInput(what, f"there is no {value!r}", action)
