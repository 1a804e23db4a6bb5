"""Tables for receivers that do not read NAACCR files: CI5's cases, CanReg's tumors, the pooled linkage's patients."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from registry import standards
from registry.formats.sources import replacing
from registry.standards import sex_at_birth
from registry.submissions.items import OWN_NUMBERS
from registry.submissions.outgoing_frames import writers_columns
from registry.submissions.profiles import Profile
from registry.submissions.proof import NotLegal
from registry.submissions.request import Request
from registry.submissions.table_columns import expressions, needs

SEPARATORS: Final = {"csv": ",", "tsv": "\t"}
CODE_LISTS: Final = {
    "SEX": {"1": "male", "2": "female", "9": "unknown or other"},
    "BASIS": {
        "0": "death certificate only", "1": "clinical", "2": "clinical investigation", "4": "specific tumour markers",
        "5": "cytology", "7": "histology of the primary, or of a metastasis", "9": "unknown",
    },
    "GRADE": {
        "1": "well differentiated", "2": "moderately differentiated", "3": "poorly differentiated",
        "4": "undifferentiated", "5": "T-cell", "6": "B-cell", "7": "null cell", "8": "natural killer cell",
        "9": "unknown, or graded by another system",
    },
    "SEQUENCE": {"00": "single tumour", "01": "first of several, and so on"},
    "AGE": {"999": "unknown"},
    "BIRTH_DATE": {"99999999": "unknown; 99 for an unknown month or day"},
    "INCIDENCE_DATE": {"99999999": "unknown; 99 for an unknown month or day"},
}  # fmt: skip
"""Codes of derived columns, for the coding file of a cases file; items keep their NAACCR codes."""


class TableFile:
    """A table that is being written; made by `table_file`."""

    def __init__(self, stream: io.BufferedIOBase, request: Request) -> None:
        self._stream, self._request = stream, request
        self._columns = expressions(request.profile)
        self._separator = SEPARATORS[request.profile.format]
        self.names = [name for name, _ in request.profile.columns]
        self.rows = self.patients = self.tumors = self.linkable = 0
        self.filled: dict[str, int] = dict.fromkeys(self.names, 0)
        stream.write((self._separator.join(self.names) + "\n").encode())

    def add(self, patients: pl.DataFrame, tumors: pl.DataFrame) -> None:
        """Write the tumors (or the patients) of frames, sorted by patient_id and tumor_id.

        Args:
            patients: frame[patient_id, items]; tumors: frame[tumor_id, patient_id, (tumor_number), items].
        """
        records = joined(patients, tumors, self._request)
        table = records.select(self._columns)
        safe = table.with_columns(pl.col(pl.String).str.replace_all(r"[\t\r\n]+", " "))
        text = safe.write_csv(include_header=False, separator=self._separator, quote_style="necessary")
        self._stream.write(text.encode())
        self.rows += table.height
        self.patients += records["patient_id"].n_unique()
        self.tumors += tumors.height
        if self._request.profile.level == "patient":
            self.linkable += int(records.select(_linkable(records.columns).sum()).item() or 0)
        for name in self.names:
            self.filled[name] += table.height - table[name].null_count()


def _linkable(columns: list[str]) -> pl.Expr:
    """Whether a patient can be linked: names, birth date and SSN; or these with sex and four digits, telephone or address.

    Source: Virtual Pooled Registry, what a cohort must have for three quarters of its people.
    """

    def has(*items: str) -> pl.Expr:
        filled = [pl.col(item).str.strip_chars().fill_null("") != "" for item in items if item in columns]
        return pl.all_horizontal(filled) if len(filled) == len(items) else pl.lit(value=False)

    def fits(item: str, pattern: str) -> pl.Expr:
        found = (
            pl.col(item).str.strip_chars().str.contains(pattern) if item in columns else pl.lit(value=False)
        )
        return found.fill_null(value=False)

    known = has("nameLast", "nameFirst") & fits("dateOfBirth", r"^\d{8}$")
    ssn = "socialSecurityNumber"
    nine = fits(ssn, r"^[0-8]\d{8}$") & ~fits(ssn, r"^(0{5}|9{9}|0{9})")
    four = fits(ssn, r"^\d{9}$|^\d{4}$") & ~fits(ssn, r"^(9{9}|0{9})$")
    more = four | has("telephone") | has("addrCurrentNoStreet")
    return known & (nine | (pl.coalesce(sex_at_birth(), pl.lit("9")).is_in(["1", "2"]) & more))


def joined(patients: pl.DataFrame, tumors: pl.DataFrame, request: Request) -> pl.DataFrame:
    """One row a tumor (or a patient) with the items and the numbers of our own that columns are made of.

    >>> import datetime as dt
    >>> from registry.submissions.profiles import profiles
    >>> asked = Request(profiles()["CI5"], dt.datetime(2026, 10, 31), state="NY")
    >>> patients = pl.DataFrame({"patient_id": [5], "sex": ["2"]})
    >>> tumors = pl.DataFrame({"tumor_id": [2, 1], "patient_id": [5, 5], "dateOfDiagnosis": ["2020", "2019"]})
    >>> joined(patients, tumors, asked).select("patient_number", "tumor_place", "tumors", "dateOfDiagnosis").rows()
    [('00000005', 1, 2, '2019'), ('00000005', 2, 2, '2020')]
    """
    profile, wanted = request.profile, needs(request.profile)
    width = standards.dictionary().item(OWN_NUMBERS[0])
    assert width is not None
    frames = []
    for frame in (patients, tumors):
        named = writers_columns(frame, request.columns, request.dictionaries)
        own = ("patient_id", "tumor_id", "tumor_number")
        frames.append(named.select(*(name for name in named.columns if name in wanted or name in own)))
    people, rows = frames
    rows = rows.sort("patient_id", "tumor_id")
    if "tumor_number" not in rows.columns:
        rows = rows.with_columns(tumor_number=pl.col("tumor_id").rank("dense").over("patient_id"))
    year = pl.col("dateOfDiagnosis").str.strip_chars().str.head(4).cast(pl.Int32, strict=False)
    if "dateOfDiagnosis" not in rows.columns:
        year = pl.lit(None, pl.Int32)
    rows = rows.with_columns(
        tumors=pl.len().over("patient_id").cast(pl.Int64),
        tumor_place=pl.col("tumor_id").rank("ordinal").over("patient_id").cast(pl.Int64),
        first_year=year.min().over("patient_id"),
        last_year=year.max().over("patient_id"),
    )
    if profile.level == "patient":
        rows = rows.unique("patient_id", keep="first", maintain_order=True)
    shared = [name for name in people.columns if name in rows.columns and name != "patient_id"]
    together = rows.join(people.drop(shared), on="patient_id", how="inner", maintain_order="left")
    absent = [pl.lit(None, pl.String).alias(name) for name in wanted if name not in together.columns]
    number = pl.col("patient_id").cast(pl.String).str.zfill(width.length)
    return together.with_columns(*absent, patient_number=number)


@contextlib.contextmanager
def table_file(path: Path, request: Request) -> Iterator[TableFile]:
    """Write a table; a name that ends in .gz is compressed. The path is replaced when everything is on disk.

    Raises:
        BadInput: it cannot be written.
    """
    with replacing(path) as stream:
        yield TableFile(stream, request)  # type: ignore[arg-type]


def check_table(path: Path, file: TableFile, profile: Profile) -> None:
    """Read the table back: its columns are those of the profile, its rows those that were written.

    Raises:
        NotLegal: they are not.
    """
    separator = SEPARATORS[profile.format]
    columns = pl.read_csv(path, separator=separator, infer_schema=False)
    wanted = [name for name, _ in profile.columns]
    filled = {name: columns.height - columns[name].null_count() for name in columns.columns}
    if columns.columns != wanted or columns.height != file.rows or filled != file.filled:
        raise NotLegal(str(path), "the table does not hold what was written", "report this fault")


def coding_table(profile: Profile) -> str:
    """What the columns of a table mean, and the codes that are not NAACCR's: CSV[column, made_of, code, meaning].

    >>> from registry.submissions.profiles import profiles
    >>> coding_table(profiles()["CI5"]).splitlines()[4]
    'SEX,sex,1,male'
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["column", "made_of", "code", "meaning"])
    for name, source in profile.columns:
        codes = CODE_LISTS.get(name.upper()) or {"": "as in the NAACCR data dictionary"}
        writer.writerows([name, source, code, meaning] for code, meaning in codes.items())
    return out.getvalue()
