"""What a receiver answers: a report for the file, and which records it accepted or rejected, as CSV or JSON.

CSV, one row a record: `patientIdNumber, tumorRecordNumber` (ours, as sent) or `accessionNumberHosp, reportingFacility`;
`answer` (accepted or rejected) and `reason`. Lines before the header may say `# receipt: R-17`, `# submission_id: 12`,
`# sha256: ...`, `# received_on: 2026-11-30`, `# answer: accepted` (for all that no row names). A row without a key
answers for the whole file.

JSON: the same words as one object, with `records` a list of objects.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from registry import standards
from registry.errors import BadInput

KEYS: Final = ("patientIdNumber", "tumorRecordNumber", "accessionNumberHosp", "reportingFacility")
RECORDS: Final[dict[str, Any]] = {
    "line": pl.Int64, **dict.fromkeys(KEYS, pl.String), "answer": pl.String, "reason": pl.String,
}  # fmt: skip
ANSWERS: Final = {
    "accepted": "accepted", "accept": "accepted", "a": "accepted", "ok": "accepted", "pass": "accepted",
    "rejected": "rejected", "reject": "rejected", "r": "rejected", "error": "rejected", "fail": "rejected",
}  # fmt: skip
FILE: Final = ("submission_id", "sha256", "receipt", "received_on", "answer")


@dataclass(frozen=True)
class Acknowledgement:
    """A receiver's report.

    Attributes:
        submission_id, sha256, receipt, received_on: as the receiver says, None when it does not.
        answer: accepted or rejected for all that `records` does not name, else None.
        records: frame[line, patientIdNumber, tumorRecordNumber, accessionNumberHosp, reportingFacility, answer, reason].
    """

    submission_id: int | None
    sha256: str | None
    receipt: str | None
    received_on: str | None
    answer: str | None
    records: pl.DataFrame


def read_acknowledgement(name: str, content: bytes) -> Acknowledgement:
    r"""Read a report.

    Raises:
        BadInput: neither CSV nor JSON of the form above, or an answer that is none; with its line.

    >>> report = read_acknowledgement("a.csv", b"# receipt: R-1\npatientIdNumber,tumorRecordNumber,answer\n7,1,R\n")
    >>> report.receipt, report.records.select("patientIdNumber", "tumorRecordNumber", "answer").rows()
    ('R-1', [('00000007', '01', 'rejected')])
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(name, "is not UTF-8", "ask the receiver for a text file") from None
    file, rows = _json(name, text) if text.lstrip()[:1] in "{[" and text.strip() else _csv(name, text)
    answer = _answer(file["answer"], name) if file.get("answer") else None
    records = []
    for line, row in rows:
        found = _answer(row.get("answer"), f"{name}:{line}")
        keys = [_padded(key, row.get(key)) for key in KEYS]
        if not any(keys):
            if answer not in (None, found):
                raise BadInput(f"{name}:{line}", "answers for the whole file twice, and differently")
            answer = found
            continue
        records.append((line, *keys, found, _text(row.get("reason"))))
    if answer is None and not records:
        raise BadInput(name, "holds no answer", "see the form of reports in the documentation")
    number = _text(file.get("submission_id"))
    if number is not None and not (number.isascii() and number.isdigit()):
        raise BadInput(name, "submission_id is no number")
    return Acknowledgement(
        submission_id=int(number) if number else None,
        sha256=_text(file.get("sha256")),
        receipt=_text(file.get("receipt")),
        received_on=_text(file.get("received_on")),
        answer=answer,
        records=pl.DataFrame(records, schema=RECORDS, orient="row"),
    )


def match_answers(report: Acknowledgement, sent: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The answers of a report, record by record.

    Args:
        sent: frame[tumor_id (the record's key), patientIdNumber, tumorRecordNumber] of the records sent, where known
            with accessionNumberHosp and reportingFacility.

    Returns:
        frame[tumor_id, answer, reason], one row a record that the report answers for (`report.answer` for those that
        it does not name), sorted; a record that is named twice is rejected if one of them says so.
        frame[line, why] of the report's lines that fit no record, or several.
    """
    columns = [name for name in KEYS if name in sent.columns]
    known = sent.select(
        pl.col("tumor_id").cast(pl.Int64),
        *(
            pl.col(name).cast(pl.String).str.strip_chars().str.zfill(_widths()[name]).alias(name)
            for name in columns
        ),
    )
    found, failed = [], []
    pairs = [pair for pair in (KEYS[:2], KEYS[2:]) if set(pair) <= set(columns)]
    left = report.records
    for pair in pairs:
        asked = left.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in pair))
        single = known.group_by(pair).agg(pl.len().alias("records"), pl.col("tumor_id").min())
        fits = asked.select("line", "answer", "reason", *pair).join(single, on=list(pair), how="inner")
        found.append(fits.filter(pl.col("records") == 1).select("line", "tumor_id", "answer", "reason"))
        several = fits.filter(pl.col("records") > 1).select("line", why=pl.lit("fits several records sent"))
        failed.append(several)
        left = left.join(fits.select("line"), on="line", how="anti")
    failed.append(left.select("line", why=pl.lit("fits no record sent")))
    named = _one_each(pl.concat(found)) if found else pl.DataFrame(schema=_ANSWERED)
    if report.answer is not None:
        rest = known.select("tumor_id").join(named, on="tumor_id", how="anti").unique()
        named = pl.concat(
            [named, rest.with_columns(answer=pl.lit(report.answer), reason=pl.lit(None, pl.String))]
        )
    return named.sort("tumor_id"), pl.concat(failed).sort("line")


_ANSWERED: Final[dict[str, Any]] = {"tumor_id": pl.Int64, "answer": pl.String, "reason": pl.String}


def _one_each(found: pl.DataFrame) -> pl.DataFrame:
    """One answer a record: rejected before accepted, reasons together in the order of their lines."""
    ordered = found.sort("line")
    reasons = pl.col("reason").drop_nulls().unique(maintain_order=True).str.join("; ")
    return ordered.group_by("tumor_id", maintain_order=True).agg(
        answer=pl.when((pl.col("answer") == "rejected").any())
        .then(pl.lit("rejected"))
        .otherwise(pl.lit("accepted")),
        reason=pl.when(reasons != "").then(reasons),
    )


def _csv(name: str, text: str) -> tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    file: dict[str, Any] = {}
    lines = text.splitlines()
    start = 0
    while start < len(lines) and (lines[start].startswith("#") or not lines[start].strip()):
        word, _, value = lines[start].lstrip("# ").partition(":")
        if word.strip() in FILE:
            file[word.strip()] = value.strip()
        start += 1
    if start == len(lines):
        return file, []
    delimiter = next((one for one in ("\t", ";", ",") if one in lines[start]), ",")
    reader = csv.reader(io.StringIO("\n".join(lines[start:])), delimiter=delimiter)
    header = [cell.strip() for cell in next(reader)]
    if "answer" not in header:
        raise BadInput(name, "has no column answer", f"columns are {', '.join((*KEYS, 'answer', 'reason'))}")
    rows = []
    for row in reader:
        if any(cell.strip() for cell in row):
            rows.append((start + reader.line_num, dict(zip(header, row, strict=False))))
    return file, rows


def _json(name: str, text: str) -> tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{name}:{error.lineno}", f"is not JSON ({error.msg})") from None
    if isinstance(data, list):
        data = {"records": data}
    rows = data.get("records", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(name, "records is no list of objects")
    return {word: data.get(word) for word in FILE}, list(enumerate(rows, 1))


def _answer(value: Any, where: str) -> str:
    found = ANSWERS.get(str(value or "").strip().lower())
    if found is None:
        raise BadInput(where, "has no answer", "write accepted or rejected")
    return found


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _padded(key: str, value: Any) -> str | None:
    text = _text(value)
    return text.zfill(_widths()[key]) if text else None


def _widths() -> dict[str, int]:
    return {key: standards.item(key).length for key in KEYS}
