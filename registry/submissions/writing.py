"""Writing a submission's file: NAACCR XML or a table, counted, proven, with the fingerprints of its records."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from registry.formats.sources import replacing
from registry.submissions import proof
from registry.submissions.delimited import check_table, table_file
from registry.submissions.hashes import SCHEMA as HASHES
from registry.submissions.hashes import hashes_of
from registry.submissions.items import Legal
from registry.submissions.naaccr_file import folder_beside, header_of, naaccr_file, take_name
from registry.submissions.outgoing_frames import KEYS, outgoing
from registry.submissions.request import Request

REQUIRED: Final[dict[str, Any]] = {
    "item": pl.String,
    "code": pl.String,
    "records": pl.Int64,
    "blank": pl.Int64,
}
DELETIONS: Final = ("patientIdNumber", "tumorRecordNumber", "reportingFacility", "accessionNumberHosp")
UNKNOWN: Final = "unknown"
DATE: Final = r"\A[0-9]{4}(?:[0-9]{2}){0,2}\z"


@dataclass
class Counts:
    """What the records of a file are, without anything of a single one.

    Attributes:
        by_year, by_site, by_type, by_facility: diagnosis year, three characters of the site, type of reporting source,
            reporting facility → records.
        first, last: earliest and latest date of diagnosis, as they stand.
    """

    by_year: dict[str, int] = field(default_factory=dict)
    by_site: dict[str, int] = field(default_factory=dict)
    by_type: dict[str, int] = field(default_factory=dict)
    by_facility: dict[str, int] = field(default_factory=dict)
    first: str | None = None
    last: str | None = None

    def add(self, tumors: pl.DataFrame) -> None:
        """Count more records."""
        for item, form, counts in (
            ("dateOfDiagnosis", r"\A([0-9]{4})(?:[0-9]{2}){0,2}\z", self.by_year),
            ("primarySite", r"\A([A-Z][0-9]{2})", self.by_site), ("typeOfReportingSource", r"\A([0-9])\z", self.by_type),
            ("reportingFacility", r"\A([0-9]{1,10})\z", self.by_facility),
        ):  # fmt: skip
            text = _text(tumors, item).str.extract(form)  # what is no code may be anything: it is never told
            found = tumors.select(text.fill_null(UNKNOWN).alias("of"))
            for value, count in found.group_by("of").len().iter_rows():
                counts[value] = counts.get(value, 0) + count
        dates = tumors.select(date=_text(tumors, "dateOfDiagnosis")).filter(
            pl.col("date").str.contains(DATE)
        )["date"]
        ends = [one for one in (self.first, self.last, dates.min(), dates.max()) if one is not None]
        if ends:
            self.first, self.last = min(map(str, ends)), max(map(str, ends))

    def in_order(self) -> None:
        """Sort every count by its name."""
        for name in ("by_year", "by_site", "by_type", "by_facility"):
            setattr(self, name, dict(sorted(getattr(self, name).items())))


@dataclass
class Written:
    """A finished file.

    Attributes:
        items: values in it; item_counts: id (or column of a table) → values, in the order of the ids.
        faults: frame[item, code, severity, count] of reading it back; messages: the first errors, with values: for the
            screen alone.
        hashes: frame[tumor_id, record_hash, record_hash2] of its records, when they were asked for.
        required: frame[item, code, records, blank]: items that the receiver requires.
        linkable: of a file for linkages, patients with enough to be linked by.
    """

    path: Path
    sha256: str = ""
    size: int = 0
    patients: int = 0
    tumors: int = 0
    items: int = 0
    item_counts: dict[str, int] = field(default_factory=dict)
    errors: int = 0
    warnings: int = 0
    faults: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=proof.FAULTS))
    messages: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    hashes: pl.DataFrame | None = None
    required: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REQUIRED))
    linkable: int | None = None


class SubmissionFile:
    """A file that is being written; made by `submission_file`. Afterwards `written` says what is in it."""

    def __init__(
        self, path: Path, request: Request, legal: Legal, required: pl.DataFrame | None, hashes: bool
    ) -> None:
        self.written = Written(path)
        self._request, self._legal = request, legal
        self._hashes: list[pl.DataFrame] | None = [] if hashes else None
        self._required = (
            [] if required is None else [(row["item"], row["code"]) for row in required.to_dicts()]
        )
        self._blank: dict[str, list[int]] = {item: [0, 0] for item, _ in self._required}
        self.target: Any = None

    def add(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
        """Write whole patients with their records; patient_id ascends from one call to the next.

        Args:
            patients, tumors: see `registry.submissions.outgoing_frames.outgoing`; only what the plan names need be in them.
        """
        self.written.counts.add(tumors)
        if self._request.profile.format == "naaccr_xml":
            patients, tumors = outgoing(patients, tumors, self._request, self._legal)
            self._count_required(patients, tumors)
            if self._hashes is not None:
                self._hashes.append(hashes_of(patients, tumors, self._legal))
            own = [name for name in KEYS if name != "element_id"]
            self.target.add(patients.drop(own, strict=False), tumors.drop(own, strict=False))
            return
        if self._hashes is not None:
            self._hashes.append(
                hashes_of(*outgoing(patients, tumors, self._request, self._legal), self._legal)
            )
        self.target.add(patients, tumors)

    def _count_required(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
        for item, counts in self._blank.items():
            frame = patients if item in patients.columns else tumors
            counts[0] += tumors.height
            if item not in frame.columns:
                counts[1] += tumors.height
                continue
            empty = frame.filter(frame[item].str.strip_chars().fill_null("") == "")
            if frame is patients and empty.height:
                empty = tumors.join(empty.select("element_id"), on="element_id", how="semi")
            counts[1] += empty.height

    def finish(self) -> None:
        """Bring the counts in order."""
        self.written.counts.in_order()
        if self._hashes is not None:
            parts = [part for part in self._hashes if part.height] or [pl.DataFrame(schema=HASHES)]
            self.written.hashes = pl.concat(parts).sort("tumor_id")
        rows = [(item, code, *self._blank[item]) for item, code in self._required]
        self.written.required = pl.DataFrame(rows, schema=REQUIRED, orient="row").sort("item")


@contextlib.contextmanager
def submission_file(
    path: Path,
    request: Request,
    *,
    required: pl.DataFrame | None = None,
    hashes: bool = False,
    legal: Legal | None = None,
) -> Iterator[SubmissionFile]:
    """Write a submission's file; it takes its name when it was read back and holds nothing that may not leave.

    Args:
        path: .xml, .csv or .tsv, or one of these and .gz.
        required: frame[item, code] of items whose blanks are to be counted.
        hashes: gather the records' fingerprints.

    Raises:
        NotLegal: something that may not leave is in the bytes; BadInput: it cannot be written. Nothing is left then.
    """
    legal = legal or Legal(request)
    file = SubmissionFile(path, request, legal, required, hashes)
    if request.profile.format == "naaccr_xml":
        with _naaccr(path, request, legal, file.written) as file.target:
            yield file
    else:
        with _table(path, request, file.written) as file.target:
            yield file
    file.finish()


@contextlib.contextmanager
def _naaccr(path: Path, request: Request, legal: Legal, written: Written) -> Iterator[Any]:
    header = header_of(request.type, request.version, request.as_of, request.registry_id, legal.dictionaries)
    with naaccr_file(path, header, legal.dictionaries) as (target, checks):
        checks.append(
            lambda found: proof.check(
                found, path.name, legal.keys, header,
                (target.report.patients, target.report.tumors, target.report.items),
            )
        )  # fmt: skip
        yield target
    found = target.proof
    written.sha256, written.size = found.sha256, found.size
    written.patients, written.tumors, written.items = found.patients, found.tumors, found.items
    written.item_counts = {
        item: n for (_, item), n in sorted(found.item_counts.items(), key=lambda one: one[0][1])
    }
    written.errors, written.warnings = found.errors, found.warnings
    written.faults, written.messages = found.faults, found.messages


@contextlib.contextmanager
def _table(path: Path, request: Request, written: Written) -> Iterator[Any]:
    with folder_beside(path) as folder:
        part = folder / path.name
        with table_file(part, request) as target:
            yield target
        check_table(part, target, request.profile)
        take_name(part, path)
    with path.open("rb") as stream:
        written.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    written.size = path.stat().st_size
    written.patients, written.tumors = target.patients, target.tumors
    written.item_counts = target.filled
    written.linkable = target.linkable if request.profile.level == "patient" else None
    written.items = sum(target.filled.values())


def write_deletions(path: Path, rows: pl.DataFrame) -> tuple[str, int]:
    """The records that the receiver is to delete: CSV[DELETIONS], sorted; returns (sha256, bytes)."""
    present = [
        pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name) for name in DELETIONS
    ]
    table = rows.select(present).sort(DELETIONS, nulls_last=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(DELETIONS)
    writer.writerows(table.iter_rows())
    data = out.getvalue().encode()
    with replacing(path) as stream:
        stream.write(data)
    return hashlib.sha256(data).hexdigest(), len(data)


def _text(frame: pl.DataFrame, item: str) -> pl.Expr:
    if item not in frame.columns:
        return pl.lit("")
    return pl.col(item).str.strip_chars().fill_null("")
