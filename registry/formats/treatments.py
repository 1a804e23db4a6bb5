"""Read a treatment table (CSV) of an oncology information system.

One row is one treatment of one patient. Rows that cannot be used are kept, whole, as faults.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.formats.hl7_sections import DATA
from registry.formats.sources import Source, read_all, source_name
from registry.standards import dates

# Column of the table → column of the frame. Identity goes under NAACCR ids, treatment under own names.
COLUMNS = {
    "source_system": "source_system",
    "facility_npi": "npiReportingFacility",
    "mrn": "medicalRecordNumber",
    "last_name": "nameLast",
    "first_name": "nameFirst",
    "birth_date": "dateOfBirth",
    "sex": "sexAssignedAtBirth",
    "primary_site": "primarySite",
    "laterality": "laterality",
    "treatment_type": "treatment_type",
    "start_date": "start_date",
    "end_date": "end_date",
    "code": "code",
    "code_system": "code_system",
    "description": "description",
    "dose_cgy": "dose_cgy",
    "fractions": "fractions",
    "modality": "modality",
    "volume": "volume",
}
REQUIRED = ("mrn", "last_name", "first_name", "birth_date", "treatment_type", "start_date")
DATES = ("birth_date", "start_date", "end_date")
NUMBERS = ("dose_cgy", "fractions")
SEXES = {"M": "1", "F": "2", "1": "1", "2": "2", "U": "9", "O": "9", "9": "9"}
MAX_BYTES = 1 << 30
MAX_CELL = 100_000
TREATMENT_FAULTS: dict[str, Any] = {
    "line": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "message": pl.String,
    "row_text": pl.String,
}


@dataclass
class TreatmentBatch:
    """The treatments of a file, in its order.

    Attributes:
        rows: `line` (1-based), identity under NAACCR ids (medicalRecordNumber, nameLast, nameFirst,
            dateOfBirth, sexAssignedAtBirth, primarySite, laterality, npiReportingFacility), and
            `treatment_type`, `start_date`, `end_date` (YYYYMMDD text), `code`, `code_system`,
            `description`, `dose_cgy`, `fractions` (Int64), `modality`, `volume`, `source_system`,
            `date_item` (the NAACCR item that the start date belongs to). Columns that this reader
            does not know follow under their own names.
        faults: `line, column, value, code, severity, message, row_text`; a row with an error is only
            here, with its whole text.
    """

    rows: pl.DataFrame
    faults: pl.DataFrame


@cache
def _types() -> dict[str, tuple[str, str | None]]:
    """Word for a kind of treatment → (kind, NAACCR date item)."""
    with (DATA / "treatment_types.csv").open(encoding="utf-8", newline="") as file:
        return {
            word: (row["treatment_type"], row["date_item"] or None)
            for row in csv.DictReader(file)
            for word in row["words"].split(";")
        }


def read_treatments(source: Source) -> TreatmentBatch:
    r"""Read a treatment table: CSV with a header line, UTF-8 or Windows-1252, plain or gzipped.

    Raises:
        BadInput: empty, not CSV, or a required column is missing.

    >>> table = b"mrn,last_name,first_name,birth_date,treatment_type,start_date\n"
    >>> table += b"A1,DOE,ANN,19700406,chemo,20260501\nA1,DOE,ANN,19700406,chemo,2026-13-40\n"
    >>> batch = read_treatments(table)
    >>> batch.rows["start_date"].to_list(), batch.faults.select("line", "code").rows()
    (['20260501'], [(3, 'invalid-date')])
    """
    name = source_name(source)
    text, guessed = _text(read_all(source, MAX_BYTES), name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    faults: list[tuple[Any, ...]] = []
    if guessed:
        faults.append((1, None, None, "encoding", "warning", "not UTF-8; read as Windows-1252", None))
    rows: list[dict[str, Any]] = []
    seen: dict[tuple[Any, ...], int] = {}
    try:
        header = _header(next(reader, []), name, faults)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row = _row(cells, header, reader.line_num, faults, seen)
                rows += [row] if row else []
    except csv.Error as error:
        where = f"{name}:{reader.line_num}"
        raise BadInput(where, f"not a readable CSV table ({error})", "export the table again") from None
    extra = [column for column in header if column not in COLUMNS]
    schema: dict[str, Any] = {"line": pl.Int64, **dict.fromkeys(COLUMNS.values(), pl.String)}
    schema |= {**dict.fromkeys(NUMBERS, pl.Int64), "date_item": pl.String, **dict.fromkeys(extra, pl.String)}
    return TreatmentBatch(
        pl.DataFrame(rows, schema=schema), pl.DataFrame(faults, schema=TREATMENT_FAULTS, orient="row")
    )


def _text(data: bytes, name: str) -> tuple[str, bool]:
    if not data.strip():
        raise BadInput(name, "the file is empty", "send it again")
    if b"\x00" in data[:4096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise BadInput(name, "not a text table", "export the table as CSV")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding), False
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), True


def _header(cells: list[str], name: str, faults: list[tuple[Any, ...]]) -> list[str]:
    header = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in cells]
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        hint = standards.did_you_mean(standards.nearest(missing[0], set(header) - set(COLUMNS)))
        raise BadInput(
            f"{name}:1",
            f"not a treatment table: no column {', '.join(missing)}{hint}",
            "check the header line",
        )
    doubled = sorted({column for column in header if header.count(column) > 1})
    if doubled:
        raise BadInput(f"{name}:1", f"column {', '.join(doubled)} stands twice", "name each column once")
    for column in header:
        if column not in COLUMNS:
            what = f"column {column[:60]!r} is not known; it is kept as it is"
            faults.append((1, column, None, "unknown-column", "warning", what, None))
    return header


def _row(
    cells: list[str],
    header: list[str],
    line: int,
    faults: list[tuple[Any, ...]],
    seen: dict[tuple[Any, ...], int],
) -> dict[str, Any] | None:
    """One row as it goes into the frame, or None when an error was noted."""
    row_text = _csv_line(cells)
    errors = 0

    def fault(column: str | None, value: str | None, code: str, severity: str, message: str) -> None:
        nonlocal errors
        errors += severity == "error"
        faults.append((line, column, value, code, severity, message, row_text))

    if len(cells) != len(header):
        fault(None, None, "columns", "error", f"the row has {len(cells)} cells, the header {len(header)}")
        return None
    sent = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    row = _values(sent, fault)
    if errors:
        return None
    key = tuple(row.get(column) for column in COLUMNS.values())
    if key in seen:
        what = f"the same treatment stands in line {seen[key]}; it is left out here"
        fault(None, None, "duplicate-row", "warning", what)
        return None
    seen[key] = line
    return {"line": line, **row}


def _values(sent: dict[str, str], fault: Callable[..., None]) -> dict[str, Any]:
    row: dict[str, Any] = {COLUMNS.get(column, column): value or None for column, value in sent.items()}
    for column in REQUIRED:
        if not sent[column]:
            fault(column, None, "missing-value", "error", f"{column} is blank")
    for column in DATES:
        value = sent.get(column, "")
        row[COLUMNS[column]] = _date(value)
        if value and row[COLUMNS[column]] is None:
            fault(column, value, "invalid-date", "error", f'{column} "{value[:40]}" is not a date (YYYYMMDD)')
    if row["start_date"] and row["end_date"] and row["end_date"] < row["start_date"]:
        fault("end_date", row["end_date"], "date-order", "warning", "end_date is before start_date")
    for column in NUMBERS:
        value = sent.get(column, "")
        row[column] = _number(value)
        if value and row[column] is None:
            fault(column, value, "invalid-number", "error", f'{column} "{value[:40]}" is not a whole number')
    kind, item = _types().get(sent["treatment_type"].lower(), (None, None))
    if kind is None and sent["treatment_type"]:
        hint = standards.did_you_mean(standards.nearest(sent["treatment_type"].lower(), _types()))
        what = f'treatment_type "{sent["treatment_type"][:40]}" is not known{hint}'
        fault("treatment_type", sent["treatment_type"], "treatment-type", "error", what)
    row["treatment_type"], row["date_item"] = kind, item
    if "sex" in sent:
        row[COLUMNS["sex"]] = SEXES.get(sent["sex"].upper(), "9")
    for column in ("primary_site", "laterality"):
        value = sent.get(column, "").upper().replace(".", "")
        row[COLUMNS[column]] = value or None
        allowed = standards.code_set(COLUMNS[column])
        if value and value not in allowed:
            hint = standards.did_you_mean(standards.nearest(value, allowed))
            fault(column, value, "not-in-list", "warning", f'{column} "{value[:40]}" is not a code{hint}')
    return row


def _date(text: str) -> str | None:
    """YYYYMMDD, YYYYMM or YYYY, also with hyphens, as NAACCR writes it; None when it is no date."""
    plain = text.replace("-", "") if re.fullmatch(r"\d{4}(-\d{2}){1,2}", text) else text
    return plain if dates.earliest_date(plain) else None


def _number(text: str) -> int | None:
    found = re.fullmatch(r"(\d{1,9})(?:\.0+)?", text)
    return int(found[1]) if found else None


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()[:MAX_CELL]
