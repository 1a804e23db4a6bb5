"""Patients and tumors out of rows that hold a whole record each, as in tables and flat files.

Such a row repeats its patient's items and the file's. What the rows say differently is reported, and the
first value stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from registry.errors import BadInput
from registry.formats.naaccr.data import FAULT_ORDER, FAULTS, NaaccrData, Problem
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.judge import BLANKS, judge_pairs
from registry.formats.naaccr.root import root_item_faults
from registry.standards import Dictionary, Item

CONFLICT = "conflicting-values"
PAIR_FACTS: dict[str, Any] = {
    "length": pl.Int32,
    "data_type": pl.String,
    "padding": pl.String,
    "trim": pl.String,
    "unlimited": pl.Boolean,
}
PLACE = ("line", "patient_index", "tumor_index")


def no_errors() -> pl.DataFrame:
    """An empty frame of faults."""
    return pl.DataFrame(schema=FAULTS)


def sorted_errors(parts: Sequence[pl.DataFrame], problems: Sequence[Problem] = ()) -> pl.DataFrame:
    """All faults of a file in one frame, in their order."""
    noted = pl.DataFrame(problems, schema=FAULTS, orient="row")
    return pl.concat([noted, *parts]).sort(FAULT_ORDER, nulls_last=False, maintain_order=True)


def items_by_column(dictionary: Dictionary) -> dict[str, Item]:
    """Every item of a dictionary under the column that it has in frames, in dictionary order."""
    found = {column: dictionary.of_column(column) for column in dictionary.columns()}
    return {column: item for column, item in found.items() if item}


def frame_faults(frame: pl.DataFrame, dictionary: Dictionary, header: NaaccrHeader) -> pl.DataFrame:
    """The faults of the values of a frame, judged as those of an XML file are.

    Args:
        frame: `line`, `patient_index`, `tumor_index` (absent or null above the tumor) and items under
            their columns; other columns are not judged.
        dictionary: base and user items of the header's version.
        header: for version and record type.

    Returns:
        Rows of `NaaccrData.errors`, unsorted.

    >>> import polars as pl
    >>> from registry import standards
    >>> frame = pl.DataFrame({"line": [7], "patient_index": [0], "tumor_index": [0], "laterality": ["22"]})
    >>> header = NaaccrHeader(version="260", record_type="I")
    >>> frame_faults(frame, standards.dictionary("260"), header).select("line", "item", "code").rows()[0]
    (7, 'laterality', 'too-long')
    """
    known = items_by_column(dictionary)
    items = {name: known[name] for name in frame.columns if name in known}
    absent = [pl.lit(None, pl.Int64).alias(name) for name in PLACE if name not in frame.columns]
    frame = frame.with_columns(absent)
    if not items:
        return no_errors()
    judged = judge_pairs(_pairs(frame, items), header.version)
    found = [_misfits(frame, name, item, header.record_type) for name, item in items.items()]
    if judged.height:
        faulty = judged["item"].unique().to_list()
        rows = frame.unpivot(faulty, index=PLACE, variable_name="item", value_name="value")
        ids = {name: item.id for name, item in items.items() if name != item.id}
        rows = rows.join(judged, on=["item", "value"]).with_columns(pl.col("item").replace(ids))
        found.append(_placed(rows))
    return pl.concat([no_errors(), *found])


def _pairs(frame: pl.DataFrame, items: dict[str, Item]) -> pl.DataFrame:
    """The distinct values of each item, with what the dictionary says of the item."""
    facts = pl.DataFrame(
        [(name, *(getattr(item, fact) for fact in PAIR_FACTS)) for name, item in items.items()],
        schema={"item": pl.String, **PAIR_FACTS},
        orient="row",
    )
    distinct = frame.select(pl.col(name).drop_nulls().unique(maintain_order=True).implode() for name in items)
    pairs = distinct.unpivot(variable_name="item", value_name="value").explode("value").drop_nulls("value")
    return pairs.join(facts, on="item", maintain_order="left")


def _misfits(frame: pl.DataFrame, name: str, item: Item, record_type: str | None) -> pl.DataFrame:
    if record_type not in ("A", "M", "C", "I") or record_type in item.record_types:
        return no_errors()
    rows = frame.select(*PLACE, pl.col(name).alias("value")).filter(
        pl.col("value").str.strip_chars(BLANKS) != ""
    )
    what = f"{item.id} is not part of record type {record_type}"
    fault = {"item": item.id, "code": "record-type", "severity": "warning", "message": what}
    return _placed(rows.with_columns(pl.lit(text).alias(name) for name, text in fault.items()))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Faults with the level of their place."""
    level = (
        pl.when(pl.col("tumor_index").is_not_null())
        .then(pl.lit("Tumor"))
        .when(pl.col("patient_index").is_not_null())
        .then(pl.lit("Patient"))
        .otherwise(pl.lit("NaaccrData"))
    )
    rows = rows.with_columns(level.alias("level"))
    return rows.select(pl.col(name).cast(kind) for name, kind in FAULTS.items())


def records(
    rows: pl.DataFrame,
    *,
    header: NaaccrHeader,
    dictionary: Dictionary,
    patient: pl.Series,
    tumor: pl.Series | None = None,
    first_patient: int = 0,
) -> NaaccrData:
    """Patients and tumors of rows; see the module.

    Args:
        rows: `line` and items under their columns (text; null where there is no value).
        header: of the file. Its `items` hold already what earlier rows said of the file.
        dictionary: base and user items of the header's version.
        patient: one key a row: rows with equal keys are one patient; null is a patient of its own.
        tumor: the number of each row's tumor; null is no tumor when the row has no item of one. When all
            of a patient's are whole numbers, they order its tumors. Not given: a row without an item of
            the tumor is no tumor.
        first_patient: `patient_index` of the first patient here.

    Returns:
        Records sorted by patient (in order of first appearance) and tumor; `errors` holds the faults of
        values and what rows say differently (code "conflicting-values").
    """
    columns = items_by_column(dictionary)
    level = {name: level_of(name, columns) for name in rows.columns if name != "line"}
    root, of_patient, of_tumor = (
        [name for name in level if level[name] == one] for one in ("NaaccrData", "Patient", "Tumor")
    )
    root_items, errors = _root(rows, root, header, dictionary)
    header = replace(header, items={**header.items, **root_items})
    rows, blanks = _without_blanks(rows, [*of_patient, *of_tumor])
    places = _places(rows, patient, tumor, of_patient, of_tumor, first_patient)
    if blanks is not None:
        blanks = _placed_rows(blanks, places)
        errors.append(frame_faults(blanks.select("line", "patient_index", *of_patient), dictionary, header))
        errors.append(frame_faults(blanks.select(*PLACE, *of_tumor), dictionary, header))
    ordered = _placed_rows(rows, places)
    patients, conflicts = _patients(ordered, of_patient)
    tumors = ordered.filter(pl.col("tumor_index").is_not_null())
    own = [pl.lit(None, pl.Int64).alias(name) for name in ("byte_start", "byte_length")]
    patients = patients.select("patient_index", "line", *own, *_with_values(patients, of_patient))
    tumors = tumors.select("patient_index", "tumor_index", "line", *_with_values(tumors, of_tumor))
    patients, tumors = (in_dictionary_order(frame.rename(bare_name), columns) for frame in (patients, tumors))
    errors += [*conflicts, *(frame_faults(frame, dictionary, header) for frame in (patients, tumors))]
    return NaaccrData(header=header, patients=patients, tumors=tumors, errors=sorted_errors(errors))


def joined(patients: pl.DataFrame, tumors: pl.DataFrame) -> pl.DataFrame:
    """One row a tumor, or a patient without tumors, in the order of the patients.

    Args:
        patients: `patient_index` and items.
        tumors: `patient_index`, `tumor_index` and items, of other names than those of the patients.

    Raises:
        BadInput: a tumor without its patient, or records of several files.
    """
    if "file" in patients.columns:
        raise BadInput("records of several files", "cannot be in one table", "write them one by one")
    orphans = tumors.join(patients, on="patient_index", how="anti")
    if orphans.height:
        where = f"tumor of patient {orphans['patient_index'][0]}"
        raise BadInput(where, "its patient is not there", "give all patients")
    return patients.join(tumors, on="patient_index", how="left", maintain_order="left_right")


def bare_name(name: str) -> str:
    """A column's name without the level before it.

    >>> bare_name("Tumor.sex"), bare_name("sex")
    ('sex', 'sex')
    """
    return name.rpartition(".")[2]


def level_of(name: str, columns: dict[str, Item]) -> str:
    """The level of a column of a table: that before its name ("Tumor.sex"), or its item's."""
    level, _, bare = name.rpartition(".")
    return level or (columns[bare].level if bare in columns else "")


def in_dictionary_order(frame: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """The frame with its items in the order of `columns`, other columns before them as they stand."""
    order = {name: at for at, name in enumerate(columns)}
    return frame.select(sorted(frame.columns, key=lambda name: order.get(str(name), -1)))


def _with_values(frame: pl.DataFrame, names: Sequence[str]) -> list[str]:
    return [name for name in names if frame[name].null_count() < frame.height]


def _without_blanks(rows: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The rows with blank values as none, and the blank values alone when there are any."""
    is_blank = {name: pl.col(name).str.strip_chars(BLANKS) == "" for name in names}
    found = rows.select(test.any() for test in is_blank.values()).row(0) if names else ()
    blank = {name: is_blank[name] for name, any_blank in zip(names, found, strict=True) if any_blank}
    if not blank:
        return rows, None
    kept = [pl.when(~mask).then(pl.col(name)).alias(name) for name, mask in blank.items()]
    only = {name: pl.when(mask).then(pl.col(name)) for name, mask in blank.items()}
    none = pl.lit(None, pl.String)
    return rows.with_columns(kept), rows.with_columns(only.get(name, none).alias(name) for name in names)


def _places(
    rows: pl.DataFrame,
    patient: pl.Series,
    tumor: pl.Series | None,
    of_patient: Sequence[str],
    of_tumor: Sequence[str],
    first_patient: int,
) -> pl.DataFrame:
    """Which row is which: `row`, `patient_index`, `tumor_index` (null: no tumor), sorted by both.

    Rows without a key, a tumor's number and any item of a patient or tumor are no records.
    """
    has_tumor, has_patient = (
        rows.select(
            "line", pl.any_horizontal(pl.lit(False), *(pl.col(n).is_not_null() for n in names)).alias("_")
        )["_"]
        for names in (of_tumor, of_patient)
    )
    given = pl.Series([None] * rows.height, dtype=pl.String) if tumor is None else tumor
    places = pl.DataFrame(
        {
            "row": pl.int_range(rows.height, eager=True),
            "key": patient.cast(pl.String),
            "number": given.cast(pl.Int64, strict=False),
            "is_tumor": has_tumor | given.is_not_null(),
            "is_record": has_patient,
        }
    ).filter(pl.col("is_record") | pl.col("is_tumor") | pl.col("key").is_not_null())
    own_key = pl.format("\0{}", "row")
    first_row = pl.col("row").min().over("key")
    usable = (pl.col("number").is_not_null() | ~pl.col("is_tumor")).all().over("key")
    count = pl.col("is_tumor").cast(pl.Int64).cum_sum().over("patient_index") - 1
    return (
        places.with_columns(pl.col("key").fill_null(own_key))
        .with_columns(
            (first_row.rank("dense").cast(pl.Int64) - 1 + first_patient).alias("patient_index"),
            pl.when(usable).then(pl.col("number")).alias("number"),
        )
        .sort("patient_index", "number", "row", nulls_last=True)
        .select("row", "patient_index", pl.when(pl.col("is_tumor")).then(count).alias("tumor_index"))
    )


def _placed_rows(rows: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.all().gather(places["row"])).with_columns(places.drop("row"))


def _patients(rows: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """One row a patient with the first value of each item, and the values that say something else."""
    patients = rows.group_by("patient_index", maintain_order=True).agg(
        pl.col("line").first(), *(pl.col(name).first(ignore_nulls=True) for name in names)
    )
    if patients.height == rows.height:
        return patients, []
    found = []
    at = rows.select(pl.col("patient_index") - pl.col("patient_index").first()).to_series()
    for name in names:
        first = patients[name].gather(at)
        other = rows[name].is_not_null() & (rows[name] != first)
        if other.any():
            what = f"{bare_name(name)} differs from the patient's first value"
            found.append(_conflicts(rows.filter(other), name, "Patient", what))
    return patients, found


def _root(
    rows: pl.DataFrame, names: Sequence[str], header: NaaccrHeader, dictionary: Dictionary
) -> tuple[dict[str, str], list[pl.DataFrame]]:
    """The file's items: what it said before, or the first value; and the faults of these items."""
    items: dict[str, str] = {}
    found = []
    for name in names:
        column = bare_name(name)
        cells = rows.select("line", pl.col(name).alias(column)).filter(pl.col(column).is_not_null())
        filled = cells.filter(pl.col(column).str.strip_chars(BLANKS) != "")
        if column not in header.items:
            first = (filled if filled.height else cells).head(1)
            found.append(frame_faults(first, dictionary, header))
            checked = first.select("line", pl.lit(column).alias("item"), pl.col(column).alias("value"))
            found.append(root_item_faults(checked, header))
        value = header.items.get(column) or (filled[column][0] if filled.height else None)
        if value is not None:
            items[column] = value
            other = filled.filter(pl.col(column) != value)
            found.append(
                _conflicts(other, column, "NaaccrData", f"{column} differs from the file's first value")
            )
    return items, found


def _conflicts(rows: pl.DataFrame, name: str, level: str, what: str) -> pl.DataFrame:
    column = bare_name(name)
    if level == "NaaccrData":
        rows = rows.with_columns(pl.lit(None).alias(place) for place in ("patient_index", "tumor_index"))
    faults = rows.with_columns(
        level=pl.lit(level),
        item=pl.lit(column),
        value=pl.col(name),
        code=pl.lit(CONFLICT),
        severity=pl.lit("error"),
        message=pl.lit(what),
    )
    return faults.select(pl.col(name).cast(kind) for name, kind in FAULTS.items())
