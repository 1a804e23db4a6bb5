"""Write NAACCR records with fixed columns (versions 14 to 18): one line a tumor.

What a line cannot hold is listed, value by value: too long a text, items without columns or not part of
the record type, line breaks (blanks stand for them, as in the standard's own library).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from registry.errors import BadInput
from registry.formats.naaccr.data import PLACES, NaaccrData
from registry.formats.naaccr.flat_layout import layout
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.reader import Dictionaries, as_dictionaries
from registry.formats.naaccr.records import joined
from registry.formats.naaccr.translate import LOST
from registry.formats.sources import replacing
from registry.standards import Item

TooLong = Literal["error", "cut"]
BREAKS = r"\r\n|[\n\r\v\f\x{85}\x{2028}\x{2029}]"
PATIENT_ID = "patientIdNumber"
LINES_AT_ONCE = 500


@dataclass
class FlatReport:
    """What was written.

    Attributes:
        lines: how many.
        lost: one row a value that is not in the file as it was: `patient_index`, `tumor_index`, `item`,
            `number`, `value`, `reason`; sorted by place, number and reason.
    """

    lines: int = 0
    lost: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOST))


def write_naaccr_flat(
    target: str | Path | BinaryIO,
    data: NaaccrData,
    *,
    dictionary: Dictionaries = None,
    too_long: TooLong = "error",
    padding: bool = False,
) -> FlatReport:
    """Write one file. A path is replaced only when everything is on disk; .gz is compressed.

    Args:
        target: path, or a binary stream.
        data: records of version 14 to 18 (translate others first).
        dictionary: user-defined dictionaries with start columns.
        too_long: what becomes of a value longer than its columns: "error" refuses, "cut" cuts and lists.
        padding: fill with zeros where the dictionary says so; without it values stay as they are, save
            that items padded with blanks on the left stand at the end of their columns.

    Returns:
        The number of lines, and the values that are not in the file as they were.

    Raises:
        BadInput: a version without fixed columns, no record type, a value too long, a tumor without its
            patient, or the target cannot be written. Nothing is written then.

    >>> import io
    >>> data = NaaccrData(
    ...     NaaccrHeader(version="180", record_type="I"),
    ...     pl.DataFrame({"patient_index": [0], "patientIdNumber": ["00000007"]}),
    ...     pl.DataFrame({"patient_index": [0], "tumor_index": [0], "primarySite": ["C504"]}),
    ...     pl.DataFrame())
    >>> out = io.BytesIO()
    >>> write_naaccr_flat(out, data).lines, len(out.getvalue()), out.getvalue()[41:49]
    (1, 4049, b'00000007')
    """
    with flat_writer(target, data.header, dictionary, too_long, padding) as writer:
        writer.add(data)
    return writer.report


@contextlib.contextmanager
def flat_writer(
    target: str | Path | BinaryIO,
    header: NaaccrHeader,
    dictionary: Dictionaries = None,
    too_long: TooLong = "error",
    padding: bool = False,
) -> Iterator[FlatWriter]:
    """Write a file in batches: `writer.add(data)` for each, then read `writer.report`.

    Arguments and errors as of `write_naaccr_flat`.
    """
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(replacing(target)) if isinstance(target, str | Path) else target
        writer = FlatWriter(stream, header, dictionary, too_long, padding)
        yield writer
        writer.finish()


class FlatWriter:
    """Writes lines to a stream; made by `flat_writer`."""

    def __init__(
        self,
        stream: BinaryIO,
        header: NaaccrHeader,
        dictionary: Dictionaries,
        too_long: TooLong,
        padding: bool,
    ) -> None:
        if header.record_type not in ("A", "M", "C", "I"):
            raise BadInput("the records", f"have record type {header.record_type!r}", "give A, M, C or I")
        self.report = FlatReport()
        self._stream, self._header, self._padding, self._cut = stream, header, padding, too_long == "cut"
        self._layout = layout(header.version, header.record_type, as_dictionaries(dictionary))
        self._items = {item.column: item for item in self._layout.items}
        self._lost: list[pl.DataFrame] = []
        said = {"recordType": header.record_type, "naaccrRecordVersion": header.version}
        self._root = {**header.items, **said}
        for name, value in header.items.items():
            if self._why_not(name, "NaaccrData"):
                self._lose(pl.DataFrame({"value": [value]}), name, self._why_not(name, "NaaccrData"))
        self._last_id: str | None = None

    def add(self, data: NaaccrData) -> None:
        """Write the next patients.

        Raises:
            BadInput: a value too long, or a tumor without its patient; nothing of them is written then.
        """
        rows = joined(self._legal(data.patients, "Patient"), self._legal(data.tumors, "Tumor"))
        root = {name: text for name, text in self._root.items() if not self._why_not(name, "NaaccrData")}
        rows = rows.with_columns(pl.lit(text).alias(name) for name, text in root.items())
        rows = self._fitted(rows)
        self._list_regrouped(rows)
        whole = pl.concat_str(list(self._pieces(rows.columns)))
        for part in rows.iter_slices(LINES_AT_ONCE):
            lines = part.select(whole).to_series().to_list()
            self._stream.write(b"".join(f"{line}\n".encode() for line in lines))
        self.report.lines += rows.height

    def finish(self) -> None:
        """Complete the report."""
        lost = pl.concat([pl.DataFrame(schema=LOST), *self._lost])
        order = ["patient_index", "tumor_index", "number", "item", "reason", "value"]
        self.report.lost = lost.sort(order, nulls_last=False)

    def _legal(self, frame: pl.DataFrame, level: str) -> pl.DataFrame:
        """The items that have columns here; values of the others are listed."""
        kept = []
        for name in frame.columns:
            if name in PLACES:
                continue
            why = self._why_not(name, level)
            if not why:
                kept.append(name)
                continue
            rows = frame.select(pl.col("^(patient|tumor)_index$"), pl.col(name).alias("value"))
            self._lose(rows.filter(pl.col("value").is_not_null()), name, why)
        return frame.select(pl.col("^(file|patient_index|tumor_index)$"), pl.col(kept).cast(pl.String))

    def _why_not(self, name: str, level: str) -> str:
        item = self._items.get(name)
        if item is None:
            return (
                f"no columns in records of type {self._header.record_type} of NAACCR {self._header.version}"
            )
        if item.level != level:
            return f"belongs to {item.level}, not to {level}"
        if str(self._header.record_type) not in item.record_types:
            return f"not part of record type {self._header.record_type}"
        return ""

    def _fitted(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Every value in one line and as long as its columns."""
        fitted = []
        for name in (name for name in rows.columns if name in self._items):
            item, values = self._items[name], rows[name]
            if values.str.contains(BREAKS).any():
                broken = values.str.contains(BREAKS).fill_null(False)
                self._note(rows, broken, item, "line breaks became blanks")
                values = values.str.replace_all(BREAKS, " ")
            if self._padding and item.padding == "leftZero":
                values = values.str.pad_start(item.length, "0")
            elif self._padding and item.padding == "rightZero":
                values = values.str.pad_end(item.length, "0")
            size = values.str.strip_chars_end(" ").str.len_chars().fill_null(0)
            long = size > item.length
            if long.any():
                self._refuse(rows, long, item)
                self._note(rows, long, item, f"cut to {item.length:,} characters")
            fitted.append(values.str.slice(0, item.length).alias(name))
        return rows.with_columns(fitted)

    def _refuse(self, rows: pl.DataFrame, long: pl.Series, item: Item) -> None:
        if not self._cut:
            at = rows.row(int(long.arg_true()[0]), named=True)
            where = f"patient {at['patient_index'] + 1}"
            if at.get("tumor_index") is not None:
                where += f" tumor {at['tumor_index'] + 1}"
            what = f"{item.id} is longer than its {item.length:,} columns"
            raise BadInput(where, what, "correct it, or ask to have it cut")

    def _pieces(self, present: list[str]) -> Iterator[pl.Expr]:
        """The items in order of their columns, with blanks where there is nothing."""
        blank, at = 0, 1
        for item in self._layout.items:
            start = item.start_column or at
            blank += start - at
            at = start + item.length
            if item.column not in present:
                blank += item.length
                continue
            if blank:
                yield pl.lit(" " * blank)
                blank = 0
            values = pl.col(item.column).fill_null("")
            left = item.padding == "leftBlank"
            yield values.str.pad_start(item.length) if left else values.str.pad_end(item.length)
        yield pl.lit(" " * (blank + self._layout.length + 1 - at))

    def _list_regrouped(self, rows: pl.DataFrame) -> None:
        """Lines tell patients apart by patientIdNumber alone: list where that makes other patients."""
        if not rows.height:
            return
        number = pl.col(PATIENT_ID) if PATIENT_ID in rows.columns else pl.lit(None, pl.String)
        rows = rows.select("patient_index", "tumor_index", number.alias("value"))
        before = pl.col("value").shift(1, fill_value=pl.lit(self._last_id, pl.String))
        same = (pl.col("patient_index") == pl.col("patient_index").shift(1)).fill_null(False)
        split = rows.filter(same & pl.col("value").is_null())
        self._lose(split, PATIENT_ID, "without this number each tumor of the patient becomes a patient")
        merged = rows.filter(~same & (pl.col("value") == before).fill_null(False))
        self._lose(merged, PATIENT_ID, "becomes one patient with the patient before, who has the same number")
        self._last_id = rows["value"][-1]

    def _note(self, rows: pl.DataFrame, mask: pl.Series, item: Item, reason: str) -> None:
        """List values; those of a patient or of the file once, not once a line."""
        places = rows.select(pl.col("^(patient|tumor)_index$"), pl.col(item.column).alias("value")).filter(
            mask
        )
        own = {"NaaccrData": [], "Patient": ["patient_index"], "Tumor": ["patient_index", "tumor_index"]}
        self._lose(places.select(*own[item.level], "value").unique(maintain_order=True), item.column, reason)

    def _lose(self, rows: pl.DataFrame, column: str, reason: str) -> None:
        item = self._items.get(column)
        known = {
            "item": pl.lit(item.id if item else column),
            "number": pl.lit(item.number if item else None),
            "reason": pl.lit(reason),
        }
        empty = {name: pl.lit(None) for name in LOST if name not in rows.columns}
        rows = rows.with_columns(**{**empty, **known})
        self._lost.append(rows.select(pl.col(name).cast(kind) for name, kind in LOST.items()))
