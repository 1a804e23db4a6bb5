"""The list of a casefinding audit: a CSV of eligible cases, every row kept, the unreadable ones with their reason.

Columns: facility, source (pathology, disease index ...), medical record or accession number or name and birth date,
site (ICD-O or ICD-10), date.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import polars as pl

from registry.errors import BadInput

FIELDS = (
    "facility", "source", "medical_record_number", "accession_number", "last_name", "first_name", "birth_date", "site",
    "date",
)  # fmt: skip
ALIASES = {
    "reportingfacility": "facility", "facility_id": "facility", "casefinding_source": "source",
    "medicalrecordnumber": "medical_record_number", "mrn": "medical_record_number",
    "accessionnumberhosp": "accession_number", "accession": "accession_number", "namelast": "last_name",
    "namefirst": "first_name", "dateofbirth": "birth_date", "dob": "birth_date", "primarysite": "site",
    "primary_site": "site", "dateofdiagnosis": "date", "diagnosis_date": "date",
}  # fmt: skip
"""Other header words, in small letters → field."""
ROW_SCHEMA = {"line": pl.Int64, **dict.fromkeys(FIELDS, pl.String), "reason": pl.String}


def read(content: bytes, name: str) -> pl.DataFrame:
    r"""Rows of an audited list, in the order of the file.

    Args:
        content: the CSV (UTF-8, else Windows-1252), with a header of FIELDS or their NAACCR ids, in any order.
        name: what the file is called, for errors.

    Returns:
        frame[line (of the file, 1-based), *FIELDS, reason]; `reason` says why a row cannot be judged, else null. Blanks
        are null, facility numbers filled to ten digits, dates YYYYMMDD.

    Raises:
        BadInput: no header, no column that says who it is, or a column twice.

    >>> rows = read(b"facility,mrn,site,date\n42,M1,C50.4,2024-03-01\n42,,C61,\n42,M2\n", "list.csv")
    >>> rows.select("line", "facility", "medical_record_number", "date", "reason").rows()[0]
    (2, '0000000042', 'M1', '20240301', None)
    >>> rows["reason"].to_list()[1:]
    ['no number and no full name with birth date', '2 fields instead of 4']
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [_field(word) for word in next(reader, [])]
        _check_header(header, name)
        rows, line = [], reader.line_num
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(line + 1, header, cells))
            line = reader.line_num
    except csv.Error:
        raise BadInput(name, "is not a CSV that can be read to its end", "correct it") from None
    return pl.DataFrame(rows, schema=ROW_SCHEMA, orient="row")


def _field(word: str) -> str:
    plain = re.sub(r"[\s-]+", "_", word.strip().casefold())
    return ALIASES.get(plain.replace("_", ""), ALIASES.get(plain, plain))


def _check_header(header: list[str], name: str) -> None:
    expected = f"name columns of {', '.join(FIELDS)}"
    known = [word for word in header if word in FIELDS]
    if not {"medical_record_number", "accession_number", "birth_date"} & set(known):
        raise BadInput(name, "the header names no column that says who it is", expected)
    if len(known) != len(set(known)):
        raise BadInput(name, "the header names a column twice", expected)


def _row(line: int, header: list[str], cells: list[str]) -> list[object]:
    values = {name: cell.strip() or None for name, cell in zip(header, cells, strict=False) if name in FIELDS}
    reason = None
    if len(cells) != len(header):
        reason = f"{len(cells)} fields instead of {len(header)}"
    for name in ("birth_date", "date"):
        if (given := values.get(name)) is not None:
            values[name] = day = _date(given)
            reason = reason or (None if day else f"{name} is not a date")
    if facility := values.get("facility"):
        values["facility"] = facility.zfill(10)
        if not re.fullmatch(r"\d{10}", values["facility"] or ""):
            reason = reason or "the facility is not a number"
    if site := values.get("site"):
        values["site"] = site.upper().replace(".", "")
        if not re.fullmatch(r"[CD]\d\w{1,5}", values["site"] or ""):
            reason = reason or "the site is no code of ICD-O or ICD-10"
    if not _keyed(values):
        reason = reason or "no number and no full name with birth date"
    return [line, *(values.get(name) for name in FIELDS), reason]


def _keyed(values: dict[str, str | None]) -> bool:
    named = values.get("last_name") and values.get("first_name") and len(values.get("birth_date") or "") == 8
    return bool(values.get("medical_record_number") or values.get("accession_number") or named)


def _date(text: str) -> str | None:
    """YYYYMMDD (or YYYYMM, YYYY) of a date as lists write it; null when it is none.

    >>> _date("2024-03-01"), _date("3/1/2024"), _date("20240301"), _date("202403"), _date("31.12.2024")
    ('20240301', '20240301', '20240301', '202403', None)
    """
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text)
    if american:
        text = f"{american[3]}{american[1]:0>2}{american[2]:0>2}"
    digits = re.sub(r"(?<=\d)-(?=\d)", "", text)
    full = {4: "0101", 6: "01", 8: ""}.get(len(digits))
    try:
        dt.datetime.strptime(digits + (full or ""), "%Y%m%d")
    except ValueError:
        return None
    return digits if full is not None and digits.isdigit() else None
