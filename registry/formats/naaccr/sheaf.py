"""What one run of the scanner gathers: patients that follow each other, as matrices of string views.

Import this only when `jit.available()`.
"""

from __future__ import annotations

import contextlib
import mmap
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from registry.formats.naaccr import kernel
from registry.formats.naaccr.data import (
    FAULT_ORDER,
    FAULTS,
    ITEMS,
    LEVELS,
    PATIENT_COLUMNS,
    TUMOR_COLUMNS,
    NaaccrData,
)
from registry.formats.naaccr.everyday import Pairs, Vocabulary, texts
from registry.formats.naaccr.header import NaaccrHeader

VIEW = 16
HUGE = 4 << 20
# The shortest item with a value; what is asked of the system is used only where it is written.
SHORTEST = len('<Item naaccrId="x">v</Item>')


def untouched(size: int) -> Any:
    """Zeroed bytes that take memory only when they are written; freed with the last array on them."""
    pages = mmap.mmap(-1, max(size, 1))
    if size >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without huge pages; they only save time
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.uint8)


class Sheaf:
    """Patients of a part of a block.

    Args:
        vocabulary: its `items` note which row of the matrix each item got.
        patients, tumors: room for so many.
        size: bytes of the part.
    """

    def __init__(self, vocabulary: Vocabulary, patients: int, tumors: int, size: int) -> None:
        self._vocabulary = vocabulary
        vocabulary.items[:, kernel.SLOT] = -1
        vocabulary.items[:, kernel.IS_LONG] = 0
        # An odd number of cache lines from row to row, so that cells of one column don't share few cache sets.
        views = [((rows * VIEW + 63) // 64 | 1) * 64 for rows in (patients, tumors)]
        self.strides = [*views, *(-(-rows // 64) * 8 for rows in (patients, tumors))]
        # The views of patients and of tumors, then the validity bits of both.
        self.cells = [
            untouched(stride * slots + kernel.SLACK)
            for stride, slots in zip(self.strides, vocabulary.slots * 2, strict=True)
        ]
        self.filled = np.zeros((2, max(vocabulary.slots)), np.int64)
        self.patients = np.empty((5, patients), np.int64)
        self.tumors = np.empty((4, tumors), np.int64)
        values = size // SHORTEST + 1
        self.keys = untouched(values * 2).view(np.uint16)
        self.suspects = untouched(values * 48).view(np.int64).reshape(values, 6)
        self.text = untouched(size + 2 * kernel.SLACK)

    def scan(self, block: int, stop: int, state: Any, pairs: Pairs) -> int:
        """Go on reading at `state`; see `kernel.scan`."""
        vocabulary = self._vocabulary
        return kernel.scan(
            np.uint64(block),
            stop,
            state,
            vocabulary.items,
            np.uint64(vocabulary.tags.ctypes.data),
            vocabulary.ids,
            pairs.arrays,
            np.array([cells.ctypes.data for cells in self.cells], np.uint64),
            np.array(self.strides, np.uint64),
            self.filled,
            self.patients,
            self.tumors,
            self.keys,
            self.suspects,
            np.uint64(self.text.ctypes.data),
        )

    def close(self, state: Any, origin: int, pairs: Pairs) -> None:
        """No more is to come: judge new pairs, keep what is there and drop suspects that are fine.

        Args:
            state: as the last scan left it.
            origin: where the block begins in the document.
            pairs: of the document.
        """
        items = self._vocabulary.items
        pairs.judge(int(state[kernel.PAIRS]))
        suspects = self.suspects[: state[kernel.SUSPECTS]]
        pair, is_illegal = suspects[:, 5], items[suspects[:, 2], kernel.ILLEGAL] != 0
        self.suspects = suspects[pairs.are_faulty(pair) | (pair == kernel.UNLISTED) | is_illegal]
        self.patients = self.patients[:, : state[kernel.PATIENTS]].copy()
        self.patients[2] += origin
        self.tumors = self.tumors[:, : state[kernel.TUMORS]].copy()
        self.keys = self.keys[: state[kernel.VALUES]].copy()
        self.text = self.text[: state[kernel.TEXT_USED]]
        self._slots = items[:-2, kernel.SLOT].copy()
        self._is_long = items[:-2, kernel.IS_LONG].copy()

    def data(self, header: NaaccrHeader, pairs: Pairs) -> NaaccrData:
        """Frames and faults; `pairs` must have judged the pairs of this sheaf."""
        patients = dict(zip(PATIENT_COLUMNS, self.patients, strict=False))
        tumors = dict(zip(TUMOR_COLUMNS, self.tumors, strict=False))
        return NaaccrData(
            header=header,
            patients=pl.DataFrame(patients).hstack(self._wide(0)),
            tumors=pl.DataFrame(tumors).hstack(self._wide(1)),
            errors=self._errors(pairs),
            make_items=self._items,
        )

    def _wide(self, level: int) -> pl.DataFrame:
        """The columns of patients (0) or tumors (1) that hold a value."""
        vocabulary, rows = self._vocabulary, (self.patients, self.tumors)[level].shape[1]
        keys = np.flatnonzero((self._slots >= 0) & (vocabulary.items[:-2, kernel.LEVEL] == level + 1))
        keys = keys[np.argsort(vocabulary.order[keys])]
        if not rows or not len(keys):
            return pl.DataFrame()
        slots, stride, width = self._slots[keys], self.strides[level], self.strides[level + 2]
        counts, longs = self.filled[level, slots], self._is_long[keys]
        views, valid = pa.py_buffer(self.cells[level]), pa.py_buffer(self.cells[level + 2])
        text, kind = pa.py_buffer(self.text), pa.string_view()
        columns, found = [], []
        for name, slot, count, is_long in zip(
            *(vocabulary.frame["column"].gather(keys), slots.tolist(), counts.tolist(), longs.tolist()),
            strict=True,
        ):
            if count:
                bits = valid.slice(slot * width, width) if count < rows else None
                data = [bits, views.slice(slot * stride, rows * VIEW), *([text] if is_long else [])]
                columns.append(pa.Array.from_buffers(kind, rows, data, rows - count))
                found.append(name)
        return pl.DataFrame(pa.RecordBatch.from_arrays(columns, found)) if columns else pl.DataFrame()

    def _places(self, levels: Any, rows: Any) -> list[pl.Series]:
        """patient_index, tumor_index and level of rows of the patients (level 0) and tumors (1)."""
        is_tumor = levels == 1
        patient, tumor = np.empty(len(rows), np.int64), np.zeros(len(rows), np.int64)
        patient[~is_tumor] = self.patients[0, rows[~is_tumor]]
        patient[is_tumor] = self.tumors[0, rows[is_tumor]]
        tumor[is_tumor] = self.tumors[1, rows[is_tumor]]
        names = pl.Series(LEVELS[2:]).gather(levels)
        present = pl.Series(is_tumor)
        return [
            pl.Series("patient_index", patient),
            pl.select(pl.when(present).then(pl.Series(tumor))).to_series().alias("tumor_index"),
            names.alias("level"),
        ]

    def _items(self) -> pl.DataFrame:
        """The long view."""
        vocabulary = self._vocabulary
        patients, tumors = self.patients, self.tumors
        levels = np.repeat([0, 1], [patients.shape[1], tumors.shape[1]])
        rows = np.concatenate([np.arange(patients.shape[1]), np.arange(tumors.shape[1])])
        counts = np.concatenate([patients[4], tumors[3]])
        index = np.concatenate([patients[0], tumors[0]])
        order = np.lexsort((rows, levels, index))
        levels, rows = (np.repeat(array[order], counts[order]) for array in (levels, rows))
        keys = self.keys.astype(np.int64)
        views = np.empty((len(keys), 2), np.uint64)
        for level in (0, 1):
            chosen = np.flatnonzero(levels == level)
            words = self.cells[level].view(np.uint64)
            at = self._slots[keys[chosen]].astype(np.int64) * (self.strides[level] // 8) + rows[chosen] * 2
            views[chosen, 0], views[chosen, 1] = words[at], words[at + 1]
        patient, tumor, name = self._places(levels, rows)
        item = vocabulary.frame["item"].gather(keys)
        value = texts(views, [pa.py_buffer(self.text)]).alias("value")
        return pl.DataFrame([patient, tumor, name, item.alias("item"), value]).select(*ITEMS)

    def _errors(self, pairs: Pairs) -> pl.DataFrame:
        """Faults of the suspects."""
        vocabulary, suspects = self._vocabulary, self.suspects
        if not len(suspects):
            return pl.DataFrame(schema=FAULTS)
        key, row, line, pair = (np.ascontiguousarray(suspects[:, field]) for field in range(2, 6))
        places = pl.DataFrame(
            [
                pl.Series("line", line),
                *self._places(vocabulary.items[key, kernel.LEVEL] - 1, row),
                vocabulary.frame["item"].gather(key).alias("item"),
                texts(suspects[:, :2].view(np.uint64), [pa.py_buffer(self.text)]).alias("value"),
                pl.Series("pair", pair),
            ]
        )
        unlisted = np.flatnonzero(pair == kernel.UNLISTED)
        illegal = np.flatnonzero(vocabulary.items[key, kernel.ILLEGAL])
        judged = vocabulary.judge(key[unlisted], places["value"].gather(unlisted))
        what = f"{{}} is not part of record type {vocabulary.record_type}"
        parts = [
            places.join(pairs.faults, left_on="pair", right_on="at"),
            places[unlisted]
            .with_columns(pl.int_range(pl.len()).alias("pair"))
            .join(judged, left_on="pair", right_on="at"),
            places[illegal].with_columns(
                pl.lit("record-type").alias("code"),
                pl.lit("warning").alias("severity"),
                pl.format(what, "item").alias("message"),
            ),
        ]
        return pl.concat([part.select(*FAULTS) for part in parts]).sort(FAULT_ORDER, nulls_last=False)
