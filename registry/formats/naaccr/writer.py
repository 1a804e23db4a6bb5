"""Write frames as NAACCR XML: items in dictionary order, equal input gives equal bytes.

Source: NAACCR XML Data Exchange Standard, specification 1.8.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Literal, NamedTuple

import numpy as np
import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.formats import jit
from registry.formats.naaccr import write_text
from registry.formats.naaccr.frames import load_user_dictionary, merged_dictionary
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.write_items import Column, Hand, ItemRules
from registry.formats.naaccr.write_root import root_start
from registry.formats.sources import replacing
from registry.standards import Dictionary

# The compiled way is ten times as fast, but numba takes two seconds to load: it pays from this many cells
# (rows times columns) on, all that the process has written; sooner when numba is loaded anyway.
COMPILED_FROM = 4_000_000
COMPILED_FROM_WHEN_LOADED = 200_000
NO_PATIENT = "a tumor has no patient among the patients to write"
TooLong = Literal["error", "cut", "keep"]
Dictionaries = Dictionary | str | Path | Sequence[Dictionary | str | Path]


class LeftOut(NamedTuple):
    """Values that were not written as they stand: which item, why, and how many values."""

    item: str
    reason: str
    values: int


@dataclass
class WriteReport:
    """What was written, and the items that could not be (sorted by item and reason)."""

    patients: int = 0
    tumors: int = 0
    items: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


def write_naaccr_xml(
    target: str | Path | BinaryIO,
    patients: pl.DataFrame,
    tumors: pl.DataFrame,
    *,
    header: NaaccrHeader,
    dictionaries: Dictionaries = (),
    patient_key: str = "patient_index",
    numbers: bool = False,
    too_long: TooLong = "error",
) -> WriteReport:
    """Write one file. A path is replaced only when everything is on disk; .gz is compressed.

    Args:
        target: path, or a binary stream.
        patients: one row a patient: `patient_key` and items under their columns, in the order to write.
        tumors: one row a tumor: `patient_key`, items, and `tumor_index` when their order matters.
        header: version, record type, time, root items.
        dictionaries: user-defined dictionaries whose items are to be written.
        patient_key: the column that joins tumors to patients.
        numbers: write naaccrNum beside every naaccrId; else only where several items have the same id.
        too_long: what becomes of a value longer than its item (in characters, without the blanks around
            it; never of unlimited text): "error" refuses, "cut" cuts and reports, "keep" writes it whole.

    Returns:
        Counts, and the items left out: not in this version, not part of the record type, or at the
        wrong level; values that were cut or had illegal characters. Null, empty and blank values are no
        items; the blanks around others are kept. Snake_case columns are ours, not items.

    Raises:
        BadInput: a tumor without its patient, a value too long, or the target cannot be written.
            Nothing is written then.

    >>> import io
    >>> out = io.BytesIO()
    >>> report = write_naaccr_xml(
    ...     out, pl.DataFrame({"patient_index": [0], "nameLast": ["O'Hara"], "sex": ["2"]}),
    ...     pl.DataFrame({"patient_index": [0], "primarySite": ["C504"]}),
    ...     header=NaaccrHeader(version="260", record_type="I"))
    >>> report.items, [(left.item, left.reason) for left in report.left_out]
    (1, [('nameLast', 'not part of record type I'), ('sex', 'not an item of NAACCR 260')])
    """
    with naaccr_writer(target, header, dictionaries, patient_key, numbers, too_long) as writer:
        writer.add(patients, tumors)
    return writer.report


@contextlib.contextmanager
def naaccr_writer(
    target: str | Path | BinaryIO,
    header: NaaccrHeader,
    dictionaries: Dictionaries = (),
    patient_key: str = "patient_index",
    numbers: bool = False,
    too_long: TooLong = "error",
) -> Iterator[NaaccrWriter]:
    """Write a file in batches: `writer.add(patients, tumors)` for each, then read `writer.report`.

    Arguments and errors as of `write_naaccr_xml`. To a stream, batches before a refused one are written.

    >>> import io
    >>> with naaccr_writer(io.BytesIO(), NaaccrHeader(version="260", record_type="I")) as writer:
    ...     for start in (0, 2):
    ...         patients = pl.DataFrame({"patient_index": [start, start + 1], "vitalStatus": ["0", "1"]})
    ...         writer.add(patients, pl.DataFrame())
    >>> writer.report.patients, writer.report.items
    (4, 4)
    """
    given = [dictionaries] if isinstance(dictionaries, Dictionary | str | Path) else dictionaries
    loaded = [d if isinstance(d, Dictionary) else load_user_dictionary(d) for d in given]
    name = str(target) if isinstance(target, str | Path) else "<output>"
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(replacing(target)) if isinstance(target, str | Path) else target
        writer = NaaccrWriter(stream.write, name, header, loaded, patient_key, numbers, too_long)
        yield writer
        writer.finish()


class NaaccrWriter:
    """Writes patients to a stream; made by `naaccr_writer`."""

    cells: ClassVar[int] = 0  # given to any writer of this process

    def __init__(
        self,
        sink: Callable[[Any], object],
        name: str,
        header: NaaccrHeader,
        dictionaries: Sequence[Dictionary],
        patient_key: str,
        numbers: bool,
        too_long: TooLong,
    ) -> None:
        self.report = WriteReport()
        self._sink, self._name, self._key = sink, name, patient_key
        known = _dictionary(header, dictionaries)
        self._rules = ItemRules(name, header.version, header.record_type, known, too_long, numbers)
        self._start: str | None = root_start(header, header.uris_with(dictionaries), self._rules.leave_out)
        fixed = {"recordType": str(header.record_type), "naaccrRecordVersion": header.version}
        values = {i: fixed.get(i, value) for i, value in header.items.items()}
        row = pl.DataFrame(
            {i: [value] for i, value in values.items()}, schema=dict.fromkeys(values, pl.String)
        )
        columns = self._rules.columns(row, "NaaccrData", 4, write_text, lambda _: "the root items")
        self._start += write_text.elements(columns, 1)[0]
        self._count(columns)

    def add(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
        """Write patients in the order of their frame, each with its tumors.

        Raises:
            BadInput: a tumor whose patient is not in the frame, a patient twice, or a value too long;
                nothing of the frames is written then.
        """
        order, ends = self._ordered(patients, tumors)
        hand = self._hand(patients, tumors)
        rules, first = self._rules, self.report.patients
        columns = (
            rules.columns(patients, "Patient", 8, hand, partial(_patient_place, first)),
            rules.columns(tumors, "Tumor", 12, hand, partial(_tumor_place, first, order, ends)),
        )
        self._begin()
        hand.write(self._sink, *columns, order, ends)
        self.report.patients += patients.height
        self.report.tumors += tumors.height
        self._count(*columns)

    def finish(self) -> None:
        """Close the root element and complete the report."""
        self._begin()
        self._sink(b"</NaaccrData>\n")
        left = (LeftOut(item, reason, count) for (item, reason), count in self._rules.left_out.items())
        self.report.left_out = sorted(left)

    def _begin(self) -> None:
        """Write the beginning once, when the first patients are known to be writable."""
        if self._start is not None:
            self._sink(self._start.encode())
            self._start = None

    def _count(self, *levels: Sequence[Column]) -> None:
        self.report.items += sum(column.look.values for columns in levels for column in columns)

    def _hand(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> Hand:
        """The compiled way once there is enough to write, where numba is installed."""
        NaaccrWriter.cells += patients.height * patients.width + tumors.height * tumors.width
        if not jit.available() or not compiled_pays(NaaccrWriter.cells):
            return write_text
        try:
            from registry.formats.naaccr import write_kernel
        except ImportError:  # numba is there but does not fit this numpy
            return write_text
        return write_kernel

    def _ordered(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the tumors in the order to write, and for each patient where its tumors end there."""
        for name, frame in (("patients", patients), ("tumors", tumors)):
            if frame.height and self._key not in frame.columns:
                raise BadInput(self._name, f"the {name} have no column {self._key}")
        if patients.height and patients[self._key].is_duplicated().any():
            raise BadInput(self._name, f"the same {self._key} stands twice among the patients")
        if not tumors.height:
            return np.zeros(0, np.int64), np.zeros(patients.height, np.int64)
        if not patients.height:
            raise BadInput(self._name, NO_PATIENT)
        keys = patients.select(self._key).with_row_index("_patient")
        key = pl.col(self._key).cast(keys[self._key].dtype, strict=False)
        number = pl.col("tumor_index") if "tumor_index" in tumors.columns else pl.lit(0)
        placed = (
            tumors.select(key, number.alias("_tumor"))
            .with_row_index("_row")
            .join(keys, on=self._key, how="left", maintain_order="left")
        )
        if placed["_patient"].null_count():
            raise BadInput(self._name, NO_PATIENT)
        placed = placed.sort("_patient", "_tumor", maintain_order=True)
        ends = np.cumsum(np.bincount(placed["_patient"].to_numpy(), minlength=patients.height))
        return placed["_row"].to_numpy().astype(np.int64), ends.astype(np.int64)


def compiled_pays(cells: int) -> bool:
    """True when loading the compiled way costs less than it saves."""
    return cells >= (COMPILED_FROM_WHEN_LOADED if "numba" in sys.modules else COMPILED_FROM)


def _dictionary(header: NaaccrHeader, given: Sequence[Dictionary]) -> Dictionary:
    """All items that may be written; of user dictionaries the header's order decides, as for a reader."""
    if not given and standards.default_user_dictionary(header.version) is None:
        return standards.dictionary(header.version)
    return merged_dictionary(header.version, header.in_order(given))


def _patient_place(before: int, mask: pl.Series) -> str:
    return f"patient {before + int(mask.arg_true()[0]) + 1}"


def _tumor_place(before: int, order: np.ndarray, ends: np.ndarray, mask: pl.Series) -> str:
    """The first marked tumor in the order of the file, as people count."""
    at = int(np.flatnonzero(mask.to_numpy()[order])[0])
    patient = int(np.searchsorted(ends, at, side="right"))
    first = int(ends[patient - 1]) if patient else 0
    return f"patient {before + patient + 1} tumor {at - first + 1}"
