"""A file of records judged by edits: CSV, Parquet or NAACCR XML in, failures out, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.cli.frames import read_frame, write_table
from registry.errors import BadInput, NotFound

if TYPE_CHECKING:
    import polars as pl

    from registry.cli.options import Options

KEY = "recordId"
TABLES = (".csv", ".parquet")
_PLACES = ("line", "byte_start", "byte_length", "file")
_OF_VALUES = ("data-type", "too-long")
COLUMNS = ("record_id", "edit_id", "severity", "message", "items", "values")


@dataclass(frozen=True)
class Judged:
    """Records of a file and what fails in them.

    Attributes:
        records: one row a tumor: `recordId` and NAACCR XML ids, blank = null.
        failures: as `registry.edits.run` returns them, keyed by `recordId`, in the order of the file's
            records, then by edit.
    """

    records: pl.DataFrame
    failures: pl.DataFrame

    def summary(self) -> dict[str, int]:
        """Counts of records and of failures by severity; over-ridden ones are counted apart."""
        open_ = self.failures.filter(self.failures["state"] == "open")
        by = dict(open_["severity"].value_counts().rows())
        return {
            "records": self.records.height,
            "errors": int(by.get("error", 0)),
            "reviews": int(by.get("review", 0)),
            "warnings": int(by.get("warning", 0)),
            "overridden": self.failures.height - open_.height,
        }


def judge_file(
    options: Options,
    source: str,
    chosen: str | Sequence[str],
    as_of: dt.date | None,
    *,
    own: str | None = None,
) -> Judged:
    """Read a file and judge it by an edit set or by named edits.

    Raises:
        NotFound: no such file, set or edit. BadInput: it can't be read, has no item, or two records share an id.
    """
    from registry import edits

    if own is not None:
        edits.load_own(own)
    edits.edit_ids(chosen)
    records = read_records(options, source)
    _require_items(options, source, records)
    found = edits.run(None, records, chosen, as_of=as_of, keys=[KEY])
    place = records.select(KEY).with_row_index("place")
    _remark_on_lists(options, edits.edit_ids(chosen), records)
    in_order = found.join(place, on=KEY, how="left").sort("place", "edit", "item_values")
    return Judged(records, in_order.drop("place"))


def read_records(options: Options, source: str) -> pl.DataFrame:
    """The file's records with `recordId`; values without blanks after them, blank = null."""
    import polars as pl

    path = Path(source)
    frame = read_frame(source) if path.suffix in TABLES else _read_xml(options, source)
    if KEY not in frame.columns:
        options.remark(f"{source}: has no column {KEY}; records are numbered from 1")
        frame = frame.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.String).alias(KEY))
    frame = frame.with_columns(pl.col(KEY).cast(pl.String))
    twice = frame.filter(pl.col(KEY).is_duplicated() | pl.col(KEY).is_null())
    if twice.height:
        what = f"{twice.height} records have no {KEY} of their own (a blank or repeated one)"
        raise BadInput(source, what, "number the records")
    text = [name for name, kind in frame.schema.items() if kind == pl.String]
    value = pl.col(text).str.strip_chars_end()
    return frame.with_columns(pl.when(value != "").then(value).name.keep()) if text else frame


def _require_items(options: Options, source: str, records: pl.DataFrame) -> None:
    """Say which columns are items written otherwise; with no item at all nothing could be judged.

    Raises:
        BadInput: no column is one.
    """
    from registry import standards

    if Path(source).suffix not in TABLES:
        return
    known = set(standards.all_items().get_column("id"))
    if not known.intersection(records.columns):
        what = "has no column that is a NAACCR XML id"
        raise BadInput(source, what, "name columns such as primarySite, and part them by commas")
    written = {name.lower(): name for name in known}
    for name in records.columns:
        if name not in known and (item := written.get(name.strip().lower())):
            options.remark(f"{source}: column {name} is not read; its NAACCR XML id is written {item}")


def _read_xml(options: Options, source: str) -> pl.DataFrame:
    """Tumors with their patient's items, every one that can be read; numbered as they stand in the file."""
    import polars as pl

    from registry.formats import read_naaccr_xml

    if not Path(source).is_file():
        raise NotFound(source, "there is no such file")
    data = read_naaccr_xml(source, on_error="keep")
    _remark_on_structure(options, source, data.errors)
    patients, tumors = (
        frame.drop([name for name in _PLACES if name in frame.columns])
        for frame in (data.patients, data.tumors)
    )
    tumors = tumors.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.String).alias(KEY))
    joined = tumors.join(patients, on="patient_index", how="left", maintain_order="left")
    header = {"recordType": data.header.record_type, "naaccrRecordVersion": data.header.version}
    given = [pl.lit(value).alias(name) for name, value in header.items() if name not in joined.columns]
    return joined.with_columns(given).rename({"patient_index": "patient_id"}).with_columns(_patient(joined))


def _patient(records: pl.DataFrame) -> pl.Expr:
    """Whose record it is: the patient's number where it is one, so that two elements of one patient are one."""
    import polars as pl

    element = pl.format("Patient {}", "patient_id")
    if "patientIdNumber" not in records.columns:
        return element.alias("patient_id")
    number = pl.col("patientIdNumber")
    is_number = number.str.contains(r"^\d{8}$") & (number != "00000000")
    return pl.when(is_number).then(number).otherwise(element).alias("patient_id")


def _remark_on_structure(options: Options, source: str, faults: pl.DataFrame) -> None:
    """Name the faults of the file itself; values that are not valid are for the edits."""
    import polars as pl

    structural = faults.filter(pl.col("severity") == "error", ~pl.col("code").is_in(_OF_VALUES))
    counted = structural.group_by("code").agg(pl.col("line").min(), pl.len()).sort("line", "code")
    for code, line, count in counted.rows():
        options.remark(f"{source}:{line}: {code} ({count}); `registry naaccr validate` lists them")


def _remark_on_lists(options: Options, ids: Sequence[str], records: pl.DataFrame) -> None:
    """Say which lists of sites and histologies would be needed for the diagnosis years of the file."""
    import polars as pl

    from registry.edits import site_histology

    if "site-histology-unlikely" not in ids or "dateOfDiagnosis" not in records.columns:
        return
    years = records.select(pl.col("dateOfDiagnosis").str.slice(0, 4).cast(pl.Int32, strict=False)).unique()
    for sentence in site_histology.missing_tables(years.to_series().to_list()):
        options.remark(sentence)


def table_of(failures: pl.DataFrame, *, overridden: bool = False) -> pl.DataFrame:
    """The failures as outside programs read them; those that stand, or all with their `state`."""
    import polars as pl

    named = failures.rename({KEY: "record_id", "edit": "edit_id", "item_values": "values"})
    if overridden:
        return named.select(*COLUMNS, "state")
    return named.filter(pl.col("state") == "open").select(COLUMNS)


def write_failures(failures: pl.DataFrame, path: Path | None, *, overridden: bool) -> pl.DataFrame:
    """Write the table when a path is given; returns it."""
    table = table_of(failures, overridden=overridden)
    if path is not None:
        write_table(table, path)
    return table
