"""Write frames as NAACCR XML: items in dictionary order, equal input gives equal bytes.

Source: NAACCR XML Data Exchange Standard, specification 1.8.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple
from xml.sax.saxutils import quoteattr

import polars as pl

from registry.errors import BadInput
from registry.formats.naaccr.header import NAMESPACE, NaaccrHeader
from registry.formats.naaccr.reader import load_user_dictionary, merged_dictionary
from registry.formats.sources import replacing
from registry.standards import Dictionary, Item

ILLEGAL = r"[^\t\n\r\x{20}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]"
NOT_PLAIN = r"[^\t\n\x{20}-%\x{27}-;=\x{3F}-\x{7F}]"
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
SPECIFICATION = "1.8"
PATIENTS_AT_ONCE = 2_000
# Columns of our own are snake_case, which no NAACCR id is; these have no underscore to tell by.
OWN_WORDS = frozenset({"line", "version", "status", "node"})


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
    dictionaries: Sequence[Dictionary | str | Path] = (),
    patient_key: str = "patient_index",
    numbers: bool = False,
) -> WriteReport:
    """Write one file. A path is replaced only when everything is on disk; .gz is compressed.

    Args:
        target: path, or a binary stream.
        patients: one row a patient: `patient_key` and items by XML id, in the order to write.
        tumors: one row a tumor: `patient_key`, items, and `tumor_index` when their order matters.
        header: version, record type, time, root items.
        dictionaries: user-defined dictionaries whose items are to be written.
        patient_key: the column that joins tumors to patients.
        numbers: write naaccrNum beside naaccrId.

    Returns:
        Counts, and the items left out: not in this version, not part of the record type, or at the
        wrong level. Null and blank values are not items. Snake_case columns are ours, not items.

    Raises:
        BadInput: a tumor without its patient, or the target cannot be written.

    >>> import io
    >>> out = io.BytesIO()
    >>> report = write_naaccr_xml(
    ...     out, pl.DataFrame({"patient_index": [0], "nameLast": ["O'Hara"], "sex": ["2"]}),
    ...     pl.DataFrame({"patient_index": [0], "primarySite": ["C504"]}),
    ...     header=NaaccrHeader(version="260", record_type="I"))
    >>> report.items, [(left.item, left.reason) for left in report.left_out]
    (1, [('nameLast', 'not part of record type I'), ('sex', 'not an item of NAACCR 260')])
    """
    given = (dictionaries, patient_key, numbers)
    with naaccr_writer(target, header, *given) as writer:
        writer.add(patients, tumors)
    return writer.report


@contextlib.contextmanager
def naaccr_writer(
    target: str | Path | BinaryIO,
    header: NaaccrHeader,
    dictionaries: Sequence[Dictionary | str | Path] = (),
    patient_key: str = "patient_index",
    numbers: bool = False,
) -> Iterator[NaaccrWriter]:
    """Write a file in batches: `writer.add(patients, tumors)` for each, then read `writer.report`."""
    loaded = [d if isinstance(d, Dictionary) else load_user_dictionary(d) for d in dictionaries]
    name = str(target) if isinstance(target, str | Path) else "<output>"
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(replacing(target)) if isinstance(target, str | Path) else target
        writer = NaaccrWriter(stream, name, header, loaded, patient_key, numbers)
        writer.start()
        yield writer
        writer.finish()


class NaaccrWriter:
    """Writes patients to a stream; made by `naaccr_writer`."""

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        header: NaaccrHeader,
        dictionaries: Sequence[Dictionary],
        patient_key: str,
        numbers: bool,
    ) -> None:
        if header.record_type not in ("A", "M", "C", "I"):
            raise BadInput(name, f"record type {header.record_type!r} cannot be written", "use A, M, C or I")
        self.report = WriteReport()
        self._stream, self._name, self._header = stream, name, header
        self._given = dictionaries
        self._dictionary = merged_dictionary(header.version, dictionaries)
        self._key, self._numbers = patient_key, numbers
        self._left: dict[tuple[str, str], int] = {}

    def start(self) -> None:
        """Write the XML declaration, the root element and the root items."""
        self._write('<?xml version="1.0" encoding="UTF-8"?>\n<NaaccrData')
        for name, value in self._root_attributes():
            self._write(f" {name}={quoteattr(_legal(value))}")
        self._write(">\n")
        fixed = {"recordType": self._header.record_type, "naaccrRecordVersion": self._header.version}
        items = {i: fixed.get(i, value) for i, value in self._header.items.items()}
        row = pl.DataFrame({i: [value] for i, value in items.items()}, schema=dict.fromkeys(items, pl.String))
        self._write("".join(self._texts(row, "NaaccrData", 4)))

    def add(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
        """Write patients in the order of their frame, each with its tumors.

        Raises:
            BadInput: a tumor whose patient is not in the frame, or a patient twice.
        """
        order = patients.select(self._key).with_row_index("_position")
        if order[self._key].is_duplicated().any():
            raise BadInput(self._name, f"the same {self._key} stands twice among the patients")
        placed = tumors.join(order, on=self._key, how="left", maintain_order="left")
        if placed["_position"].null_count():
            raise BadInput(self._name, "a tumor has no patient among the patients to write")
        by = ["_position", "tumor_index"] if "tumor_index" in placed.columns else ["_position"]
        placed = placed.sort(by, maintain_order=True)
        counts = order.join(
            placed.group_by("_position").len(), on="_position", how="left", maintain_order="left"
        )
        ends = counts["len"].fill_null(0).cum_sum().to_list()
        for start in range(0, patients.height, PATIENTS_AT_ONCE):
            stop = min(start + PATIENTS_AT_ONCE, patients.height)
            first = ends[start - 1] if start else 0
            self._add_slice(patients[start:stop], placed[first : ends[stop - 1]], ends[start:stop], first)

    def finish(self) -> None:
        """Close the root element and complete the report."""
        self._write("</NaaccrData>\n")
        left = (LeftOut(item, reason, count) for (item, reason), count in self._left.items())
        self.report.left_out = sorted(left)

    def _add_slice(self, patients: pl.DataFrame, tumors: pl.DataFrame, ends: list[int], first: int) -> None:
        patient_texts = self._texts(patients, "Patient", 8)
        tumor_texts = self._texts(tumors, "Tumor", 12)
        parts, at = [], 0
        for text, end in zip(patient_texts, ends, strict=True):
            parts.append(f"    <Patient>\n{text}")
            parts += [
                f"        <Tumor>\n{tumor}        </Tumor>\n" for tumor in tumor_texts[at : end - first]
            ]
            parts.append("    </Patient>\n")
            at = end - first
        self._write("".join(parts))
        self.report.patients += patients.height
        self.report.tumors += tumors.height

    def _texts(self, rows: pl.DataFrame, level: str, indent: int) -> list[str]:
        """The Item elements of each row as one text."""
        columns = []
        for item in self._legal_items(rows, level):
            value = self._content(rows[item.id].cast(pl.String), item)
            number = f' naaccrNum="{item.number}"' if self._numbers else ""
            opening = f'{" " * indent}<Item naaccrId="{item.id}"{number}>'
            element = pl.format(f"{opening}{{}}</Item>\n", pl.lit(value))
            columns.append(pl.when(pl.lit(value) != "").then(element).alias(item.id))
        if not columns:
            return [""] * rows.height
        frame = rows.select(columns)
        self.report.items += sum(frame.height - count for count in frame.null_count().row(0))
        return frame.select(pl.concat_str(pl.all(), ignore_nulls=True)).to_series().to_list()

    def _legal_items(self, rows: pl.DataFrame, level: str) -> list[Item]:
        """Items to write at a level, in dictionary order; the others are counted as left out."""
        legal = []
        for name in rows.columns:
            item = self._dictionary.item(name)
            if item is None and ("_" in name or name in OWN_WORDS):
                continue
            count = int((rows[name].cast(pl.String) != "").sum() or 0)
            reason = self._why_not(item, level)
            if item is not None and not reason:
                legal.append(item)
            elif count:
                self._leave_out(name, reason, count)
        return sorted(legal, key=lambda item: (item.number, item.id))

    def _content(self, values: pl.Series, item: Item) -> pl.Series:
        """Values as XML content: markup escaped, a carriage return kept, illegal characters as blanks."""
        if not values.str.contains(NOT_PLAIN).any():
            return values
        illegal = int(values.str.contains(ILLEGAL).sum() or 0)
        if illegal:
            self._leave_out(item.id, "characters that XML does not allow became blanks", illegal)
            values = values.str.replace_all(ILLEGAL, " ")
        for character, escape in ESCAPES.items():
            values = values.str.replace_all(character, escape, literal=True)
        return values

    def _why_not(self, item: Item | None, level: str) -> str:
        if item is None:
            return f"not an item of NAACCR {self._header.version}"
        if item.level != level:
            return f"belongs to {item.level}, not to {level}"
        if str(self._header.record_type) not in item.record_types:
            return f"not part of record type {self._header.record_type}"
        return ""

    def _leave_out(self, item: str, reason: str, count: int) -> None:
        self._left[item, reason] = self._left.get((item, reason), 0) + count

    def _root_attributes(self) -> list[tuple[str, str]]:
        header = self._header
        uris = list(dict.fromkeys([*header.user_dictionaries, *(given.uri for given in self._given)]))
        written = [
            ("baseDictionaryUri", header.base_dictionary_uri),
            ("userDictionaryUri", " ".join(uris)),
            ("recordType", str(header.record_type)),
            ("timeGenerated", header.time_generated or ""),
            ("specificationVersion", header.specification_version or SPECIFICATION),
            ("xmlns", NAMESPACE),
        ]
        attributes = [(name, value) for name, value in written if value]
        for number, (name, value) in enumerate(sorted(header.attributes.items()), start=1):
            namespace, _, local = name.removeprefix("{").rpartition("}")
            if namespace:
                attributes += [(f"xmlns:n{number}", namespace), (f"n{number}:{local}", value)]
            else:
                self._leave_out(name, "not an attribute of NaaccrData", 1)
        return attributes

    def _write(self, text: str) -> None:
        self._stream.write(text.encode())


def _legal(text: str) -> str:
    return str(pl.Series([text]).str.replace_all(ILLEGAL, " ").item())
