"""Write records as a table (CSV or Parquet): one row a tumor, patient and root items repeated.

The table says all that its file said: columns `patient` and `tumor` (1-based), items in dictionary order,
and the attributes of the root element (in CSV as columns "NaaccrData.timeGenerated" and so on, those that no
specification knows as "NaaccrData.{namespace}name" or "NaaccrData.{}name"; in Parquet in the file's metadata
under the key "naaccr").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from registry.errors import BadInput
from registry.formats.naaccr.data import PLACES, NaaccrData
from registry.formats.naaccr.frames import merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.records import bare_name, joined
from registry.formats.sources import replacing
from registry.standards import Dictionary

FORMATS = ("csv", "parquet")
METADATA = "naaccr"
ROOT = "NaaccrData."
NO_NAMESPACE = "{}"
ATTRIBUTES = (
    "baseDictionaryUri",
    "userDictionaryUri",
    "recordType",
    "timeGenerated",
    "specificationVersion",
)


def attributes_of(header: NaaccrHeader) -> dict[str, str]:
    """The attributes of the root element, under their names; absent ones are left out.

    >>> attributes_of(NaaccrHeader(version="260", record_type="I"))["recordType"]
    'I'
    """
    named = {
        "baseDictionaryUri": header.base_dictionary_uri,
        "userDictionaryUri": " ".join(header.user_dictionaries),
        "recordType": header.record_type,
        "timeGenerated": header.time_generated,
        "specificationVersion": header.specification_version,
        **dict(sorted(header.attributes.items())),
    }
    return {name: value for name, value in named.items() if value}


def _attribute_column(name: str) -> str:
    """One that no specification knows might have the name of an item, so its missing namespace is written."""
    return ROOT + (name if name in ATTRIBUTES or name.startswith("{") else NO_NAMESPACE + name)


def table_columns(batches: Iterable[NaaccrData], dictionary: Dictionary) -> list[str]:
    """The item columns of a table for some records, in dictionary order.

    An item that stands at another level than its definition's has the level before its name
    ("Tumor.sex"), so that nothing is mixed when the table is read.
    """
    names = set[str]()
    for batch in batches:
        found = (
            ("NaaccrData", batch.header.items),
            ("Patient", batch.patients.columns),
            ("Tumor", batch.tumors.columns),
        )
        for level, columns in found:
            names |= {_name(column, level, dictionary) for column in columns if column not in PLACES}
    return in_order(names, dictionary)


def in_order(names: Iterable[str], dictionary: Dictionary) -> list[str]:
    """Columns of a table in dictionary order, unknown ones last."""
    order = {column: at for at, column in enumerate(dictionary.columns())}
    return sorted(names, key=lambda name: (order.get(bare_name(name), len(order)), name))


def _name(column: str, level: str, dictionary: Dictionary) -> str:
    item = dictionary.of_column(column)
    return column if item is None or item.level == level else f"{level}.{column}"


class TableWriter:
    """Writes batches of records to one table.

    Args:
        stream: where to.
        form: "csv" or "parquet".
        header: of the records; its attributes and root items are written.
        columns: `table_columns` of all records that will come.
        dictionary: base and user items.
    """

    def __init__(
        self,
        stream: BinaryIO,
        form: str,
        header: NaaccrHeader,
        columns: Sequence[str],
        dictionary: Dictionary,
    ) -> None:
        if form not in FORMATS:
            raise BadInput(form, "not a kind of table that can be written", f"use {' or '.join(FORMATS)}")
        self._stream, self._header, self._columns, self._dictionary = stream, header, columns, dictionary
        self._is_csv = form == "csv"
        self._attributes = attributes_of(header)
        self.rows, self._begun = 0, False
        self._parquet = None if self._is_csv else pq.ParquetWriter(stream, self._schema(), compression="zstd")

    def _schema(self) -> pa.Schema:
        places = [pa.field(name, pa.int64()) for name in ("patient", "tumor")]
        items = [pa.field(name, pa.large_string()) for name in self._columns]
        said = json.dumps({"attributes": self._attributes, "items": self._header.items}, ensure_ascii=False)
        return pa.schema([*places, *items], metadata={METADATA: said})

    def add(self, data: NaaccrData) -> None:
        """Write the next records.

        Raises:
            BadInput: a tumor without its patient, or records of several files.
        """
        rows = self._rows(data)
        if rows.height:
            self._write(rows)

    def close(self) -> None:
        """Finish. A CSV without records gets one row, which holds only what is said of the file."""
        if not self.rows and self._is_csv:
            none = pl.DataFrame(
                {"patient": [None], "tumor": [None]}, schema={"patient": pl.Int64, "tumor": pl.Int64}
            )
            self._write(self._with_file(none))
        if self._parquet:
            self._parquet.close()

    def _write(self, table: pl.DataFrame) -> None:
        if self._parquet:
            self._parquet.write_table(
                table.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._schema())
            )
        else:
            table.write_csv(self._stream, include_header=not self._begun)
        self.rows, self._begun = self.rows + table.height, True

    def _rows(self, data: NaaccrData) -> pl.DataFrame:
        patients, tumors = (
            self._named(frame, level) for level, frame in (("Patient", data.patients), ("Tumor", data.tumors))
        )
        rows = joined(patients, tumors)
        places = (pl.col("patient_index") + 1).alias("patient"), (pl.col("tumor_index") + 1).alias("tumor")
        return self._with_file(rows.with_columns(places))

    def _named(self, frame: pl.DataFrame, level: str) -> pl.DataFrame:
        items = {name: _name(name, level, self._dictionary) for name in frame.columns if name not in PLACES}
        items = {name: column for name, column in items.items() if column in self._columns}
        return frame.select(pl.col("^(file|patient_index|tumor_index)$"), *items).rename(items)

    def _with_file(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The table's columns in order: places, items, and in a CSV the root's attributes."""
        root = {
            _name(name, "NaaccrData", self._dictionary): text for name, text in self._header.items.items()
        }
        said = {name: pl.lit(text) for name, text in root.items() if name in self._columns}
        missing = {name: pl.lit(None) for name in self._columns if name not in rows.columns}
        items = [
            said.get(name, missing.get(name, pl.col(name))).cast(pl.String).alias(name)
            for name in self._columns
        ]
        file = (
            [pl.lit(text).alias(_attribute_column(name)) for name, text in self._attributes.items()]
            if self._is_csv
            else []
        )
        return rows.select(pl.col("patient", "tumor").cast(pl.Int64), *items, *file)


def write_table(
    target: str | Path | BinaryIO,
    data: NaaccrData,
    form: str = "csv",
    *,
    dictionary: Dictionary | None = None,
) -> int:
    """Write records as one table; a path is replaced only when everything is on disk.

    Args:
        target: path (.gz is compressed) or binary stream.
        data: the records, of one file.
        form: "csv" (RFC 4180 with line feeds, UTF-8) or "parquet".
        dictionary: user-defined items too, for the order of the columns; the base and default user
            dictionary of the version when not given.

    Returns:
        The number of rows: one a tumor, and one for each patient without tumors.

    Raises:
        BadInput: a tumor without its patient, an unknown form, or the target cannot be written.

    >>> import io
    >>> data = NaaccrData(
    ...     NaaccrHeader(version="260", record_type="I"), pl.DataFrame({"patient_index": [0]}),
    ...     pl.DataFrame({"patient_index": [0], "tumor_index": [0], "primarySite": ["C504"]}), pl.DataFrame())
    >>> out = io.BytesIO()
    >>> write_table(out, data)
    1
    >>> print(out.getvalue().decode().splitlines()[1][:11])
    1,1,C504,ht
    """
    if isinstance(target, str | Path):
        with replacing(target) as stream:
            return write_table(stream, data, form, dictionary=dictionary)
    known = dictionary or merged_dictionary(data.header.version)
    writer = TableWriter(target, form, data.header, table_columns([data], known), known)
    writer.add(data)
    writer.close()
    return writer.rows
