"""Hospital visits as CSV: the first passive source of follow-up.

A header line, then one visit a line. Columns: `visit_date` (2026-10-31 or 20261031) and who it was: `patient_id` (our
number), or `facility` (its number or NPI) with `medicalRecordNumber`. `nameLast`, `nameFirst` and `dateOfBirth` check
that number; at least one of last name and birth date is needed beside a record number. `department` says where from,
`vitalStatus` 0 that the patient died that day.
Other columns are not read.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

import polars as pl

from registry.errors import BadInput
from registry.followup.last_contact import as_naaccr

COLUMNS: Final = (
    "patient_id", "facility", "medicalRecordNumber", "nameLast", "nameFirst", "dateOfBirth", "visit_date", "department", "vitalStatus",
)  # fmt: skip
SCHEMA: Final[dict[str, Any]] = {
    "line": pl.Int64, "patient_id": pl.Int64, "facility": pl.String, "medicalRecordNumber": pl.String,
    "nameLast": pl.String, "nameFirst": pl.String, "dateOfBirth": pl.String, "date": pl.String,
    "department": pl.String, "dead": pl.Boolean, "fault": pl.String, "content": pl.String,
}  # fmt: skip


def read_visits(data: bytes, name: str) -> pl.DataFrame:
    r"""Read a file of visits: UTF-8 or Windows-1252, separated by comma, semicolon or tab.

    Args:
        name: of the file, for messages.

    Returns:
        frame[SCHEMA], one row a line of the file that is not blank; `fault` says why a line cannot be used; `content`
        is the line as JSON.

    Raises:
        BadInput: a needed column is missing, or it is no CSV.

    >>> read_visits(b"patient_id,visit_date\n7,2026-10-31\n8,2026-02-30\n", "v.csv").select("date", "fault").rows()
    [('20261031', None), (None, 'visit_date is not a date')]
    """
    text = _text(data)
    head = text.splitlines()[0] if text else ""
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[dict[str, Any]] = []
    try:
        header = _header(next(reader, []), name)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(cells, header, reader.line_num))
    except csv.Error:
        raise BadInput(f"{name}:{reader.line_num}", "is not CSV", "look at its quotes") from None
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _header(cells: list[str], name: str) -> list[str | None]:
    known = {column.casefold(): column for column in COLUMNS}
    header = [known.get(cell.strip().casefold()) for cell in cells]
    named = [column for column in header if column]
    if len(named) != len(set(named)):
        raise BadInput(name, "a column stands twice", "name each column once")
    by_number = {"facility", "medicalRecordNumber"} <= set(named)
    if "visit_date" not in named or not ("patient_id" in named or by_number):
        raise BadInput(
            name,
            "is not a file of visits: visit_date and patient_id, or facility and medicalRecordNumber, are needed",
            f"use the columns {', '.join(COLUMNS)}",
        )
    return header


def _row(cells: list[str], header: list[str | None], line: int) -> dict[str, Any]:
    values = {
        column: cell.strip() or None
        for column, cell in zip(header, cells, strict=False)
        if column is not None
    }
    row: dict[str, Any] = {**dict.fromkeys(COLUMNS), **values, "line": line}
    row["content"] = json.dumps(
        {column: value for column, value in values.items() if value}, ensure_ascii=False
    )
    row["fault"] = "has more fields than the header" if len(cells) > len(header) else None
    for column, kept in (("visit_date", "date"), ("dateOfBirth", "dateOfBirth")):
        try:
            row[kept] = as_naaccr(values.get(column))
        except BadInput:
            row[kept], row["fault"] = None, f"{column} is not a date"
    number = values.get("patient_id")
    row["patient_id"] = (
        int(number) if number and number.isascii() and number.isdigit() and len(number) < 19 else None
    )
    row["dead"] = values.get("vitalStatus") == "0"
    if values.get("vitalStatus") not in (None, "0", "1"):
        row["fault"] = "vitalStatus is not 0 (dead) or 1 (alive)"
    if number and row["patient_id"] is None:
        row["fault"] = "patient_id is not a number"
    if row["fault"] is None:
        row["fault"] = _missing(row)
    return {name: row.get(name) for name in SCHEMA}


def _missing(row: dict[str, Any]) -> str | None:
    """What a line lacks.

    >>> _missing({"date": "2026", "facility": "1", "medicalRecordNumber": "A"})
    'neither last name nor birth date checks the record number'
    """
    if row.get("date") is None:
        return "visit_date is missing"
    if row.get("patient_id") is not None:
        return None
    if not row.get("facility") or not row.get("medicalRecordNumber"):
        return "names no patient: patient_id, or facility and medicalRecordNumber"
    if not row.get("nameLast") and not row.get("dateOfBirth"):
        return "neither last name nor birth date checks the record number"
    return None
