"""What the scanner knows of a document's items, and what it learns of their values while reading.

Import this only when `jit.available()`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from registry import standards
from registry.formats.naaccr import kernel, kernel_values
from registry.formats.naaccr.data import LEVELS, PLACES
from registry.formats.naaccr.frames import MAX_COLUMNS, PAIR, key_table, merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.judge import judge_pairs
from registry.formats.naaccr.keys import KeyTable
from registry.formats.naaccr.root import RECORD_TYPES
from registry.standards import Dictionary

KINDS = {
    "text": kernel_values.TEXT,
    "digits": kernel_values.DIGITS,
    "alpha": kernel_values.ALPHA,
    "mixed": kernel_values.MIXED,
    "numeric": kernel_values.NUMERIC,
    "date": kernel_values.DATE,
}
PLAIN_ID = re.compile(r"[A-Za-z0-9_.-]{1,60}", re.ASCII)
NO_LIMIT = 2**31 - 1
FIRST_PAIRS = 1 << 15
MOST_PAIRS = 1 << 22
JUDGED: dict[str, Any] = {"at": pl.Int64, "code": pl.String, "severity": pl.String, "message": pl.String}


class Vocabulary:
    """The items of patients and tumors that a document may hold, as the arrays that the scanner reads.

    An id that several definitions share is left out, so that patients with it take the reference path.

    Attributes:
        frame: definitions by number of the item here (see `keys.SCHEMA`).
        items, tags, ids: for `kernel.scan`.
        order: place of each item among the columns of a frame.
        slots: how many items patients and tumors can have.
        numbers: NAACCR number of each column that a frame can have (those left out here included).
    """

    def __init__(self, header: NaaccrHeader, given: Sequence[Dictionary]) -> None:
        self.version, self.record_type = header.version, header.record_type
        _, used = key_table(header, given)
        self.frame, self.numbers = _definitions(header.version, tuple(used))
        self.is_usable = 0 < self.frame.height <= MAX_COLUMNS
        items, self.tags, self.ids = _arrays(header.version, tuple(used), header.record_type)
        self.items = items.copy()
        place = pl.struct("number", "column").rank("ordinal") - 1
        self.order = self.frame.select(place).to_series().to_numpy()
        level = items[:-2, kernel.LEVEL]
        self.slots = int((level == 1).sum()), int((level == 2).sum())

    def judge(self, keys: Any, values: pl.Series) -> pl.DataFrame:
        """Faults of values: `at` (place among the values given) and code, severity and message of the fault.

        Args:
            keys: numbers of the items here.
            values: one text an item, as in the document.
        """
        definitions = self.frame.select(pl.col("column").alias("item"), *PAIR[2:]).select(
            pl.all().gather(keys)
        )
        frame = definitions.with_columns(values.alias("value"))
        distinct = frame.unique(["item", "value"], keep="first", maintain_order=True)
        faults = judge_pairs(distinct.select(PAIR), self.version)
        placed = frame.select("item", "value").with_row_index("at").join(faults, on=["item", "value"])
        return placed.select(pl.col(name).cast(kind) for name, kind in JUDGED.items())


@lru_cache(16)
def _definitions(version: str, used: tuple[Dictionary, ...]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Items of patients and tumors whose id has one meaning, as in `keys.SCHEMA`; numbers of all columns."""
    table = KeyTable(merged_dictionary(version, used))
    definitions = table.dictionary.definitions
    times = Counter(item.id for item in definitions)
    names = [item.id for item in definitions if times[item.id] == 1 and PLAIN_ID.fullmatch(item.id)]
    frame = table.frame({(name, None): key for key, name in enumerate(names)})
    is_known = pl.all_horizontal(pl.col("data_type", "length", "number", "record_types").is_not_null())
    is_placed = pl.col("level_wanted").is_in(LEVELS[2:]) & ~pl.col("column").is_in(sorted(PLACES))
    numbers = {item.column: item.number for item in definitions}
    return frame.filter(is_known & is_placed & (pl.col("number") > 0)), numbers


@lru_cache(16)
def _arrays(version: str, used: tuple[Dictionary, ...], record_type: str | None) -> tuple[Any, Any, Any]:
    """`items`, `tags` and `ids` of a vocabulary that has read nothing yet."""
    frame, _ = _definitions(version, used)
    items = np.zeros((frame.height + 2, kernel.ITEM_COLUMNS), np.int32)
    texts = bytearray()
    closed = set(standards.closed_items(version))
    for key, row in enumerate(frame.iter_rows(named=True)):
        tag = f'<Item naaccrId="{row["item"]}"'.encode()
        kind = KINDS.get(row["data_type"], kernel_values.UNPROVEN)
        if row["unlimited"] and kind != kernel_values.TEXT:
            kind = kernel_values.UNPROVEN
        items[key, : kernel.LIMIT + 1] = (
            *(len(texts), len(tag), row["number"], LEVELS.index(row["level_wanted"]) - 1),
            *(kernel_values.LISTED if row["column"] in closed else kind,),
            *(NO_LIMIT if row["unlimited"] else row["length"],),
        )
        items[key, kernel.ILLEGAL] = record_type in RECORD_TYPES and record_type not in row["record_types"]
        texts += tag + bytes(16 - len(tag) % 8)
    tags = np.frombuffer(bytes(texts) + bytes(kernel.SLACK), np.uint8)
    ids = np.full(1 << max(4, (frame.height * 4).bit_length()), -1, np.int32)
    kernel.enter_ids(items, np.uint64(tags.ctypes.data), ids)
    return items, tags, ids


class Pairs:
    """Values of at most eight bytes that no rule of their item proves fine, each judged once.

    Attributes:
        arrays: the table for `kernel.scan`: values, marks, places of the pairs.
        faults: `at` is the number of a pair; see `Vocabulary.judge`.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.arrays = _pair_arrays(FIRST_PAIRS)
        self._judged = 0
        self.faults = pl.DataFrame(schema=JUDGED)

    def make_room(self) -> None:
        """Enlarge the table when it is nearly full."""
        if self._judged * 4 > len(self.arrays[0]) and len(self.arrays[0]) < MOST_PAIRS:
            larger = _pair_arrays(len(self.arrays[0]) * 4)
            kernel.move_pairs(*self.arrays, self._judged, larger)
            self.arrays = larger

    def judge(self, count: int) -> None:
        """Judge the pairs that came since the last time; `count` is that of all."""
        words, marks, places = self.arrays
        new = places[self._judged : count]
        if not len(new):
            return
        item = (marks[new] & np.uint64(0xFFFF)).astype(np.int64) - 1
        views = np.empty((len(new), 2), np.uint64)
        views[:, 0] = (marks[new] >> np.uint64(16)) & np.uint64(0xFFFF) | words[new] << np.uint64(32)
        views[:, 1] = words[new] >> np.uint64(32)
        faults = self._vocabulary.judge(item, texts(views))
        faults = faults.with_columns(pl.col("at") + self._judged)
        is_fine = np.ones(len(new), bool)
        is_fine[faults["at"].to_numpy() - self._judged] = False
        marks[new[is_fine]] &= np.uint64(0xFFFFFFFF)
        self.faults = pl.concat([self.faults, faults])
        self._judged = count

    def are_faulty(self, numbers: Any) -> Any:
        """Of each number of a judged pair, whether it has a fault; False for numbers below zero."""
        return np.isin(numbers, self.faults["at"].to_numpy())


def _pair_arrays(size: int) -> tuple[Any, Any, Any]:
    table = np.zeros((size, 2), np.uint64)  # a value beside its mark: one cache line for both
    return table[:, 0], table[:, 1], np.zeros(size // 2, np.int64)


def texts(views: Any, buffers: Sequence[pa.Buffer] = ()) -> pl.Series:
    """Texts of Arrow string views (two words each, none null), without copying."""
    data = [None, pa.py_buffer(np.ascontiguousarray(views)), *buffers]
    return pl.Series(pa.Array.from_buffers(pa.string_view(), len(views), data, 0))
