"""Tables to NAACCR XML, and files to files, for `registry naaccr write` and `convert`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.cli.naaccr_faults import FaultReport, advice_text, csv_bytes, fault_rows, unreadable_row
from registry.cli.naaccr_tables import QuarantineArchive, written
from registry.cli.progress import Bar
from registry.errors import BadInput

if TYPE_CHECKING:
    import polars as pl

    from registry.formats import NaaccrData, NaaccrHeader
    from registry.formats.naaccr.convert import ConvertReport, Form
    from registry.standards import Dictionary

ENDINGS = (".parquet", ".csv", ".json")
KEYS = {"patient": "patient_index", "tumor": "tumor_index"}
"""Columns of `read` (1-based) → columns of the frames (0-based)."""


def load_tables(
    source: str, mapping: str | None, dictionaries: Sequence[Dictionary], given: dict[str, Any]
) -> NaaccrData:
    """Records of a folder or of one table.

    Args:
        source: folder with patients.* and tumors.*, or a CSV or Parquet file.
        mapping: mapping file, for one table.
        dictionaries: user-defined dictionaries.
        given: `version`, `record_type` and `time_generated` from the command line; None says nothing.

    Raises:
        NotFound, BadInput: nothing there, or not such tables.
    """
    from registry.formats.naaccr.spreadsheet import read_table

    check_time(given["time_generated"])
    if Path(source).is_dir():
        if mapping:
            raise BadInput(mapping, "a mapping is for one table, not for a folder", "leave it out")
        return _folder(Path(source), given)
    _refuse_xml(source)
    data = read_table(
        source,
        mapping,
        version=given["version"],
        record_type=given["record_type"],
        dictionary=list(dictionaries),
    )
    if given["time_generated"]:
        data.header.time_generated = given["time_generated"]
    return data


def check_time(text: str | None) -> None:
    """Refuse a time that the XML could not carry.

    Raises:
        BadInput: not an xsd:dateTime.

    >>> check_time("2026-01-31T12:00:00Z")
    """
    from registry.formats.naaccr.root import is_date_time

    if text is not None and not (is_date_time(text) and text == text.strip()):
        raise BadInput(
            "--time-generated", f"{text[:60]!r} is not a date and time", "write it as 2026-01-31T12:00:00Z"
        )


def _refuse_xml(source: str) -> None:
    from registry.formats.sources import chunks, opened
    from registry.formats.zipped import is_naaccr_xml

    with opened(source) as stream:
        head = next(chunks(stream, source), b"")
    if is_naaccr_xml(head):
        raise BadInput(source, "is NAACCR XML, not a table", "use `registry naaccr convert`")


def _folder(folder: Path, given: dict[str, Any]) -> NaaccrData:
    from registry.formats import NaaccrData
    from registry.formats.naaccr.records import no_errors

    header = _header(folder, given)
    patients, tumors = (_frame(folder, name) for name in ("patients", "tumors"))
    if patients is None:
        raise BadInput(
            str(folder), "holds no patients.parquet, .csv or .json", "name a folder that `read` wrote"
        )
    if tumors is None:
        tumors = patients.select("patient_index").clear()
    return NaaccrData(header, patients, tumors, no_errors())


def convert_file(
    source: str,
    out: str,
    form: Form,
    dictionaries: Sequence[Dictionary],
    *,
    errors: str | None,
    lost: str | None,
    quarantine: str | None,
    quiet: bool,
    **how: Any,
) -> tuple[dict[str, Any], list[str]]:
    """Convert, and write the lists asked for.

    Returns:
        The answer for scripts, and lines for people.

    Raises:
        RegistryError: the file can't be read (then `errors` holds its one row), or not be written.
    """
    from registry.formats.naaccr.convert import convert
    from registry.formats.naaccr.data import UnreadableFile

    check_time(how["time_generated"])
    try:
        with Bar(source, 0, quiet=quiet) as bar:
            report = convert(source, out, form, dictionary=list(dictionaries), on_batch=bar.count, **how)
    except UnreadableFile as error:
        _write_faults(errors, unreadable_row(error, source))
        raise
    _write_faults(errors, fault_rows(report.errors, source))
    if lost:
        with written(lost) as target:
            target.write(csv_bytes(_numbered(report.lost), header=True))
    if quarantine:
        with written(quarantine) as target, contextlib.closing(QuarantineArchive(target)) as archive:
            archive.put(report.quarantined)
            archive.finish([])
    not_read = _not_read(report)
    faults = dict(sorted(report.errors["code"].value_counts().rows()))
    left_out = [one._asdict() for one in report.left_out]
    answer = {
        "file": source, "read_as": report.read_as, "out": out, "format": form, "patients": report.patients,
        "tumors": report.tumors, "quarantined": report.quarantined.height, "not_read": not_read, "lost": report.lost.height,
        "left_out": left_out, "faults": faults, "exit_code": 1 if faults or report.lost.height or left_out else 0,
    }  # fmt: skip
    lines = [f"{out}: {report.patients:,} patients, {report.tumors:,} tumors"]
    lines += _put_aside(report.quarantined.height - not_read, not_read, report.read_as)
    lines += [f"left out: {one['item']}: {one['reason']} ({one['values']:,} values)" for one in left_out]
    lines += _losses(report.lost)
    if faults:
        lines += ["", advice_text(faults)]
    return answer, lines


def _not_read(report: ConvertReport) -> int:
    """Pieces put aside that could not be read: not of a patient, or of one that is broken off."""
    broken = report.errors.filter(report.errors["code"] == "not-well-formed")["patient_index"].drop_nulls()
    places = report.quarantined["patient_index"]
    return int((places.is_null() | places.is_in(broken.implode())).sum())


def _put_aside(patients: int, pieces: int, read_as: str) -> list[str]:
    """Lines about what is not in the result.

    >>> _put_aside(2, 1, "xml")
    ['left out: 2 patients with structural faults', 'not read (not well-formed): 1 piece']
    """
    why = "not well-formed" if read_as == "xml" else "of another version"
    lines = []
    if patients:
        lines.append(f"left out: {patients:,} patient{'s' if patients > 1 else ''} with structural faults")
    if pieces:
        lines.append(f"not read ({why}): {pieces:,} piece{'s' if pieces > 1 else ''}")
    return lines


def _write_faults(target: str | None, rows: pl.DataFrame) -> None:
    if target:
        with written(target) as file:
            report = FaultReport(file)
            report.add(rows)
            report.keep()


def _numbered(lost: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return lost.select(
        (pl.col("patient_index") + 1).alias("patient"),
        (pl.col("tumor_index") + 1).alias("tumor"),
        pl.col("item").alias("naaccr_id"),
        "number",
        "value",
        "reason",
    )


def _losses(lost: pl.DataFrame) -> list[str]:
    """What could not be carried, counted by item and reason."""
    import polars as pl

    counts = lost.group_by("item", "reason").agg(pl.len().alias("values")).sort("item", "reason")
    return [f"not carried: {item}: {reason} ({values:,} values)" for item, reason, values in counts.rows()]


def _header(folder: Path, given: dict[str, Any]) -> NaaccrHeader:
    from registry.formats import NaaccrHeader

    path = folder / "header.json"
    said: dict[str, Any] = {}
    if path.exists():
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            header = NaaccrHeader(
                version=said["version"],
                record_type=said["record_type"],
                time_generated=said["time_generated"],
                specification_version=said["specification_version"],
                attributes=dict(said["attributes"]),
                items=dict(said["items"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                str(path), f"is not the header of a NAACCR file ({error})", "write it again"
            ) from None
    else:
        header = NaaccrHeader()
    if given["version"]:
        header = replace(header, version=given["version"], base_dictionary_uri="")
    return replace(header, **{name: given[name] for name in ("record_type", "time_generated") if given[name]})


def _frame(folder: Path, name: str) -> pl.DataFrame | None:
    """One table of text, with 0-based indexes; None when it is not there."""
    import polars as pl

    found = [folder / (name + ending) for ending in ENDINGS if (folder / (name + ending)).exists()]
    if not found:
        return None
    path = found[0]
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path)
        elif path.suffix == ".csv":
            frame = pl.read_csv(path, infer_schema=False)
        else:
            frame = pl.DataFrame(json.loads(path.read_text(encoding="utf-8")), infer_schema_length=None)
        key = next((one for one in ("patient", "patient_index") if one in frame.columns), None)
        if key is None:
            raise BadInput(str(path), "has no column patient", "number the patients from 1")
        places = [one for one in KEYS if one in frame.columns]
        frame = frame.with_columns((pl.col(one).cast(pl.Int64) - 1).alias(KEYS[one]) for one in places)
        frame = frame.drop(*places, "line", strict=False)
        return frame.with_columns(pl.exclude("patient_index", "tumor_index").cast(pl.String))
    except (pl.exceptions.PolarsError, ValueError) as error:
        reason = str(error).splitlines()[0][:120]
        raise BadInput(str(path), f"is not such a table ({reason})", "write it again") from None
