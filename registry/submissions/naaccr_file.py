"""One NAACCR XML file from frames: our ids in, items that are not legal there listed, validated by reading it back.

Patient id number [20], tumor record number [60] and registry id [40] are ours when we send: a sender's
own numbers mean nothing to the receiver.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from registry import formats, standards
from registry.errors import BadInput
from registry.standards import dates
from registry.submissions import outgoing_frames, proof
from registry.submissions.items import kept_shut
from registry.submissions.proof import Proof
from registry.version import __version__

SPECIFICATION = "1.8"
CHUNK = 50_000
"""Patients that are written at once: bounds the memory of copies."""


@dataclass(frozen=True)
class FileRequest:
    """What to write.

    Args:
        record_type: I, C, A or M. naaccr_version: "140" to "260".
        time_generated: stands in the file's header; nothing else in it depends on the clock.
        registry_id: item 40, when the registry has one.
        dictionaries: user-defined dictionaries whose items may be in the file.
        items: column of the frames → (id, number) of the item in it, for columns that are not named by their id alone.
    """

    record_type: str
    naaccr_version: str
    time_generated: dt.datetime
    registry_id: str | None = None
    remark: str | None = None
    dictionaries: tuple[standards.Dictionary, ...] = ()
    items: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class WrittenFile:
    """What was written. left_out: items that have values but are not legal in this version and type."""

    path: Path
    sha256: str
    size: int
    patients: int
    tumors: int
    items: int
    left_out: dict[str, int]
    faults: pl.DataFrame
    errors: int
    warnings: int
    messages: list[str]
    manifest: dict[str, Any] = field(default_factory=dict)


class NaaccrFile:
    """A file that is being written; made by `naaccr_file`. After it: `report` and `proof`."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self.report: formats.WriteReport = writer.report
        self.proof = Proof()

    def add(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
        """Write patients, and the tumors that are theirs, in the order of the frames.

        Args:
            patients: frame[element_id, items]; tumors: frame[element_id, items].
        """
        first = self.report.patients
        keyed = patients.with_columns(patient_index=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
        own = tumors.select("element_id").join(
            keyed.select("element_id", "patient_index"), on="element_id", how="left", maintain_order="left"
        )["patient_index"]
        numbered = tumors.with_columns(own)
        if own.null_count():
            numbered = numbered.filter(own.is_not_null())
        self._writer.add(keyed.drop("element_id"), numbered.drop("element_id"))


@contextlib.contextmanager
def naaccr_file(
    path: Path, header: formats.NaaccrHeader, dictionaries: Sequence[standards.Dictionary] = ()
) -> Iterator[tuple[NaaccrFile, list[Any]]]:
    """Write a file beside its place, read it back, and give it its name when nothing speaks against it.

    Yields:
        The file, and a list of functions that are asked, each with the proof, before the file takes its name.

    Raises:
        BadInput: the folder cannot be written to; nothing is left half-written.
    """
    checks: list[Any] = []
    with folder_beside(path) as folder:
        part = folder / path.name
        with formats.naaccr_writer(
            part, header, dictionaries, too_long="keep"
        ) as writer:  # read back, and listed
            file = NaaccrFile(writer)
            yield file, checks
        file.proof = proof.read_back(part, dictionaries)
        for check in checks:
            check(file.proof)
        take_name(part, path)


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """A folder for a file that is not finished, in the folder where it is to stand.

    Raises:
        BadInput: there can be none.
    """
    try:
        folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror})", "choose another place") from None
    with folder as name:
        yield Path(name)


def take_name(part: Path, path: Path) -> None:
    """Put a finished file in its place, with the mode of the one that it replaces."""
    if path.exists():
        shutil.copymode(path, part)
    part.replace(path)


def header_of(
    record_type: str, version: str, time_generated: dt.datetime, registry_id: str | None,
    dictionaries: Sequence[standards.Dictionary] = (),
) -> formats.NaaccrHeader:  # fmt: skip
    """The root element of a file that we write: no attribute and no item but these."""
    return formats.NaaccrHeader(
        version=version,
        record_type=record_type,
        time_generated=time_generated.isoformat(timespec="seconds"),
        specification_version=SPECIFICATION,
        user_dictionaries=tuple(one.uri for one in dictionaries if one.uri_given),
        items={"registryId": registry_id} if registry_id else {},
    )


def write_file(path: Path, patients: pl.DataFrame, tumors: pl.DataFrame, request: FileRequest) -> WrittenFile:
    """Write the file and its manifest (`<path>.manifest.json`), then read the file back and validate it.

    The manifest holds counts, never patient data. Same frames and request = same bytes.

    Args:
        patients: frame[patient_id, items]; tumors: frame[tumor_id, patient_id, items]. With `element_id` in both,
            a patient may have several Patient elements.

    Raises:
        registry.errors.RegistryError: the file cannot be written; nothing is left half-written.
    """
    patients, tumors = outgoing_frames.with_elements(patients, tumors)
    patients, tumors = outgoing_frames.with_own_numbers(patients, tumors, request.naaccr_version)
    patients = outgoing_frames.sex_items(patients, request.naaccr_version)
    left_out: dict[str, int] = {}
    patients, tumors = (_without_shut(frame, request, left_out) for frame in (patients, tumors))
    header = header_of(
        request.record_type, request.naaccr_version, request.time_generated, request.registry_id
    )
    with naaccr_file(path, header, request.dictionaries) as (file, _):
        file.add(patients.drop("patient_id"), tumors.drop("patient_id", "tumor_id"))
    for left in file.report.left_out:
        left_out[left.item] = left_out.get(left.item, 0) + left.values
    found, report = file.proof, file.report
    written = WrittenFile(
        path, found.sha256, found.size, report.patients, report.tumors, found.items, left_out, found.faults,
        found.errors, found.warnings, found.messages,
    )  # fmt: skip
    manifest = _manifest(written, request, tumors)
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return WrittenFile(**{**written.__dict__, "manifest": manifest})


def _without_shut(frame: pl.DataFrame, request: FileRequest, left_out: dict[str, int]) -> pl.DataFrame:
    """The frame without items that only a user dictionary would let into this record type; they are counted."""
    known = formats.merged_dictionary(request.naaccr_version, request.dictionaries)
    shut = []
    for column in frame.columns:
        item = known.of_column(column)
        if item is None or request.record_type not in item.record_types:
            continue  # the writer leaves these out itself
        if kept_shut(item, request.naaccr_version, request.record_type):
            shut.append(column)
            if filled := frame.height - frame[column].null_count():
                left_out[column] = left_out.get(column, 0) + filled
    return frame.drop(shut)


def _manifest(written: WrittenFile, request: FileRequest, tumors: pl.DataFrame) -> dict[str, Any]:
    year = dates.year("dateOfDiagnosis") if "dateOfDiagnosis" in tumors.columns else pl.lit(None, pl.Int32)
    by_year = tumors.group_by(year.alias("year")).len().sort("year", nulls_last=True)
    return {
        "file": written.path.name,
        "sha256": written.sha256,
        "bytes": written.size,
        "record_type": request.record_type,
        "naaccr_version": request.naaccr_version,
        "time_generated": request.time_generated.isoformat(timespec="seconds"),
        "software": f"cancer-registry {__version__}",
        "patients": written.patients,
        "tumors": written.tumors,
        "tumors_by_diagnosis_year": {str(y or "unknown"): n for y, n in by_year.iter_rows()},
        "items_left_out": written.left_out,
        "validation": {"errors": written.errors, "warnings": written.warnings},
        **({"remark": request.remark} if request.remark else {}),
    }
