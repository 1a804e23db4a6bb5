"""One NAACCR XML file from frames: our ids in, items that are not legal there listed, validated by reading it back.

Patient id number [20], tumor record number [60] and registry id [40] are ours when we send: a sender's
own numbers mean nothing to the receiver.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from registry import formats, standards
from registry.standards import dates
from registry.version import __version__

RECORD_TYPES = {
    "I": "incidence: no confidential items",
    "C": "confidential incidence",
    "A": "full abstract",
    "M": "modified full abstract",
}


OUR_NUMBERS = ("patientIdNumber", "tumorRecordNumber")


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
    manifest: dict[str, Any] = field(default_factory=dict)


def prepare(
    patients: pl.DataFrame, tumors: pl.DataFrame, request: FileRequest
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames for the writer, with our ids and the sex item of the version.

    Args:
        patients: frame[patient_id, items]; tumors: frame[tumor_id, patient_id, items]. With `element_id` in both,
            a patient may have several Patient elements.
    """
    if "element_id" not in patients.columns:
        patients, tumors = (frame.with_columns(element_id="patient_id") for frame in (patients, tumors))
    dictionary = standards.dictionary(request.naaccr_version)
    widths = {name: found.length for name in OUR_NUMBERS if (found := dictionary.item(name))}
    patients = patients.sort("patient_id", "element_id").with_columns(
        patientIdNumber=pl.col("patient_id").cast(pl.String).str.zfill(widths["patientIdNumber"])
    )
    number = pl.col("tumor_id").rank("dense").over("patient_id").cast(pl.String)
    tumors = tumors.sort("patient_id", "tumor_id").with_columns(
        tumorRecordNumber=number.str.zfill(widths["tumorRecordNumber"])
    )
    patients = _sex_items(patients, request.naaccr_version)
    return patients, tumors


def _sex_items(patients: pl.DataFrame, version: str) -> pl.DataFrame:
    """Older versions carry item 220; where only 225 is known it is written as 220 (the codes agree).

    Newer ones carry 225 alone; a 220 that says the same is no value left out.
    """
    if "sexAssignedAtBirth" not in patients.columns:
        return patients
    old = pl.col("sex") if "sex" in patients.columns else pl.lit(None, pl.String)
    if standards.dictionary(version).item("sex") is None:
        return patients.with_columns(sex=pl.when(old.ne_missing(pl.col("sexAssignedAtBirth"))).then(old))
    return patients.with_columns(sex=pl.coalesce(old, pl.col("sexAssignedAtBirth")))


def writers_columns(frame: pl.DataFrame, request: FileRequest) -> pl.DataFrame:
    """Columns as today's dictionaries together name them, which may differ from how a store came to name them."""
    together = formats.merged_dictionary(standards.CURRENT_VERSION, request.dictionaries)
    names = {}
    for column in frame.columns:
        naaccr_id, number = request.items.get(column, (None, None))
        item = together.resolve(naaccr_id, number) if naaccr_id else None
        if item is not None and number in (item.number, None):
            names[column] = item.column
    return frame.rename(names)


def write_file(path: Path, patients: pl.DataFrame, tumors: pl.DataFrame, request: FileRequest) -> WrittenFile:
    """Write the file and its manifest (`<path>.manifest.json`), then read the file back and validate it.

    The manifest holds counts, never patient data. Same frames and request = same bytes.

    Raises:
        registry.errors.RegistryError: the file cannot be written; nothing is left half-written.
    """
    patients, tumors = prepare(patients, tumors, request)
    header = formats.NaaccrHeader(
        version=request.naaccr_version,
        record_type=request.record_type,
        time_generated=request.time_generated.isoformat(timespec="seconds"),
        specification_version="1.8",
        items={"registryId": request.registry_id} if request.registry_id else {},
    )
    keyed = patients.with_columns(patient_index=pl.int_range(pl.len(), dtype=pl.Int64))
    numbered = tumors.join(keyed.select("element_id", "patient_index"), on="element_id", how="inner").sort(
        "patient_index", "tumor_id"
    )
    report = formats.write_naaccr_xml(
        path,
        keyed.drop("patient_id", "element_id"),
        numbered.drop("patient_id", "element_id", "tumor_id"),
        header=header,
        dictionaries=request.dictionaries,
        too_long="keep",  # reading back lists them
    )
    left_out: dict[str, int] = {}
    for left in report.left_out:
        left_out[left.item] = left_out.get(left.item, 0) + left.values
    faults, items = _read_back(path, request)
    data = path.read_bytes()
    written = WrittenFile(
        path,
        hashlib.sha256(data).hexdigest(),
        len(data),
        keyed.height,
        numbered.height,
        items,
        left_out,
        faults,
    )
    manifest = _manifest(written, request, tumors)
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return WrittenFile(**{**written.__dict__, "manifest": manifest})


def _read_back(path: Path, request: FileRequest) -> tuple[pl.DataFrame, int]:
    faults, items = [], 0
    for batch in formats.iter_naaccr_xml(path, dictionary=request.dictionaries):
        faults.append(batch.errors)
        items += batch.items.height
    return pl.concat(faults), items


def _manifest(written: WrittenFile, request: FileRequest, tumors: pl.DataFrame) -> dict[str, Any]:
    year = dates.year("dateOfDiagnosis") if "dateOfDiagnosis" in tumors.columns else pl.lit(None, pl.Int32)
    by_year = tumors.group_by(year.alias("year")).len().sort("year", nulls_last=True)
    errors = written.faults.filter(pl.col("severity") == "error")
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
        "validation": {"errors": errors.height, "warnings": written.faults.height - errors.height},
        **({"remark": request.remark} if request.remark else {}),
    }
