"""What really stands in a written NAACCR file: every byte read back by the reader, counted, and held against what may leave."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from registry import formats, standards
from registry.errors import RegistryError
from registry.formats.naaccr.data import PLACES, STRUCTURAL
from registry.formats.naaccr.frames import key_table
from registry.formats.sources import opened

MESSAGES: Final = 20
BATCH: Final = 20_000
"""Patients read back at once: larger batches than a reader's usual ones cost less."""
FAULTS: Final[dict[str, Any]] = {
    "item": pl.String, "code": pl.String, "severity": pl.String, "count": pl.Int64,
}  # fmt: skip


class NotLegal(RegistryError):
    """A file would hold something that may not leave; it was not kept."""


@dataclass
class Proof:
    """What reading a file back found.

    Attributes:
        sha256, size: of the file's bytes.
        patients, tumors, items: elements; item_counts: by level and id.
        faults: frame[item, code, severity, count], without values. messages: the first ones, with values.
        elements: how many tags the bytes begin, whatever their name.
    """

    sha256: str = ""
    size: int = 0
    patients: int = 0
    tumors: int = 0
    item_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    faults: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))
    messages: list[str] = field(default_factory=list)
    header: formats.NaaccrHeader | None = None
    elements: int = 0
    quarantined: int = 0

    @property
    def items(self) -> int:
        """Values, root items included."""
        return sum(self.item_counts.values())

    @property
    def errors(self) -> int:
        """Faults that the standard calls errors."""
        return int(self.faults.filter(severity="error")["count"].sum())

    @property
    def warnings(self) -> int:
        """All other faults."""
        return int(self.faults["count"].sum()) - self.errors


def read_back(path: Path, dictionaries: Sequence[standards.Dictionary] = ()) -> Proof:
    """Read a file as its receiver would, batch by batch.

    Args:
        path: plain or gzipped.
        dictionaries: user-defined ones that it may name.
    """
    proof, parts = Proof(size=path.stat().st_size), []
    with opened(path) as stream:
        counted = _Counted(stream)
        batches = formats.iter_naaccr_xml(
            counted,  # type: ignore[arg-type]
            dictionary=dictionaries,
            patients_per_batch=BATCH,
        )
        for batch in batches:
            if proof.header is None:
                proof.header = batch.header
                ids = _ids(batch.header, dictionaries)
            proof.patients += batch.patients.height
            proof.tumors += batch.tumors.height
            proof.quarantined += batch.quarantined.height
            for level, frame in (("Patient", batch.patients), ("Tumor", batch.tumors)):
                _count(proof.item_counts, level, frame, ids)
            if batch.errors.height:
                parts.append(_faults(batch.errors))
                room = MESSAGES - len(proof.messages)
                proof.messages += batch.errors.filter(severity="error")["message"].head(room).to_list()
    if proof.header is not None:
        for item in proof.header.items:
            proof.item_counts["NaaccrData", item] = 1
    proof.elements = counted.elements
    proof.sha256 = counted.sha256 if counted.total == proof.size else _sha256(path)
    if parts:
        together = pl.concat(parts).group_by("item", "code", "severity").agg(pl.col("count").sum())
        proof.faults = together.select(*FAULTS).sort("item", "code", nulls_last=False)
    return proof


def check(
    proof: Proof,
    where: str,
    legal: Iterable[tuple[str, str]],
    header: formats.NaaccrHeader,
    written: tuple[int, int, int],
) -> None:
    """Refuse a file in which anything but legal items stands.

    Args:
        where: the file, for the error line.
        legal: (level, id) of what may stand there.
        header: as it was written. written: patients, tumors and items that were.

    Raises:
        NotLegal: an item, an element, an attribute or a fault of structure that should not be there.
    """
    allowed = set(legal)
    extra = sorted(f"{item} ({level})" for level, item in proof.item_counts if (level, item) not in allowed)
    broken = proof.faults.filter(pl.col("code").is_in([*STRUCTURAL, "record-type", "unexpected-attribute"]))
    found = proof.header
    whole = (proof.patients, proof.tumors, proof.items)
    # Tags that begin: declaration, root twice, and each patient, tumor and item twice; markup in values is escaped.
    tags = 3 + 2 * sum(whole)
    if extra:
        what = f"items that may not leave are in it: {', '.join(extra[:5])}"
    elif broken.height:
        what = f"{broken['code'][0]} at {broken['item'][0] or 'an element'}"
    elif found is None or found.attributes or found.record_type != header.record_type:
        what = "its root element is not as it was to be"
    elif set(found.user_dictionaries) - set(header.user_dictionaries):
        what = "it names a user-defined dictionary that it should not"
    elif whole != written or proof.quarantined or proof.elements != tags:
        what = "it does not hold what was written, element for element"
    else:
        return
    raise NotLegal(where, what, "nothing was kept; this is a fault of the program: please report it")


def _ids(header: formats.NaaccrHeader, given: Sequence[standards.Dictionary]) -> dict[str, str]:
    """Column of the reader's frames → id."""
    known = key_table(header, list(given))[0].dictionary
    return {item.column: item.id for item in reversed(known.definitions)}


def _count(counts: dict[tuple[str, str], int], level: str, frame: pl.DataFrame, ids: dict[str, str]) -> None:
    for column in frame.columns:
        filled = frame.height - frame[column].null_count()
        if column not in PLACES and filled:
            key = level, ids.get(column, column)
            counts[key] = counts.get(key, 0) + filled


def _faults(errors: pl.DataFrame) -> pl.DataFrame:
    return errors.group_by("item", "code", "severity").agg(count=pl.len().cast(pl.Int64))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Counted(io.RawIOBase):
    """A stream that counts what passes: bytes, tags that begin, and the digest of a plain file."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.total = self.elements = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size) or b""
        self.total += len(data)
        self._digest.update(data)
        self.elements += int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("<")))
        return data

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
