"""Codes as researchers want them: labels, real dates, numbers, yes or no, with the reason where there is none.

Values are decoded once for each distinct value of a column, so a million records cost little more than a
thousand.

Source: the record types of R's `naaccr` package (WerthPADOH/naaccr); see `registry.standards.item_types`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.standards import Dictionary, Item, dates
from registry.standards.item_types import ItemType, item_type

DATE_PRECISION = pl.Enum(["year", "month", "day"])
TIME_PRECISION = pl.Enum(["year", "month", "day", "hour", "minute", "second"])
# ISO 8601, or as HL7 writes it without signs; what is left out at the end is not known.
DATE_TIME = (
    r"^([0-9]{4})(?:-?([0-9]{2})(?:-?([0-9]{2})(?:T?([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:\.[0-9]+)?)?)?)?)?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
FIRST_PARTS = ("", "01", "01", "00", "00", "00")
NUMBER = {"integer": r"^[+-]?[0-9]{1,18}$", "decimal": r"^[+-]?[0-9]{1,30}(\.[0-9]+)?$"}
# Sequence numbers count malignant and other tumors in one item; see `_sequence`.
SEQUENCE_NUMBERS = {
    "sequenceNumberCentral": ("npcrReportableCentral", "onlyTumorCentral"),
    "sequenceNumberHospital": ("npcrReportableHospital", "onlyTumorHospital"),
}
GROUPS = {
    **dict.fromkeys(("category", "boolean", "boolean12", "override"), "labels"),
    **dict.fromkeys(("integer", "decimal"), "numbers"),
    **dict.fromkeys(("date", "datetime"), "dates"),
}
OK = "@ok"


def decode(
    frame: pl.DataFrame,
    *,
    labels: bool = True,
    dates: bool = True,
    numbers: bool = True,
    keep_unknown: bool = True,
    version: str | None = None,
    dictionary: Dictionary | None = None,
) -> pl.DataFrame:
    """A frame of codes with labels, dates and numbers instead.

    * A category becomes its labels, an Enum in the order of the codes.
    * Yes or no becomes a Boolean; `<id>Reason` says why there is neither (unknown, not applicable). An
      over-ride flag is True when it is set and False when it is blank.
    * A number becomes Int64 or Float64; `<id>Reason` says what a code inside it means (999 = unknown).
      Sequence numbers count from 1 in each of the two series; `npcrReportableCentral` and
      `onlyTumorCentral` (Hospital) say which series and whether it is the only tumor.
    * A date becomes a Date, the first day of a known month or year; `<id>Precision` is day, month or year.
      A date and time becomes a Datetime as written on the clock there.

    Values that mean nothing of the kind become null: `unlisted` lists them. Text and columns that are no
    items (or no text any more) stay.

    Args:
        frame: one row a patient or tumor, items under their ids (`NaaccrData.patients`, `.tumors`).
        labels: decode categories, yes or no and flags.
        dates: decode dates.
        numbers: decode numbers.
        keep_unknown: False makes codes that only say "unknown" null, as R's package does.
        version: NAACCR version whose labels are wanted; the newest of each code when None.
        dictionary: for items under other columns, such as user-defined ones.

    Raises:
        BadInput: a column that is to be added is there already. NotFound: there is no such version.

    >>> records = pl.DataFrame({"laterality": ["1", "2", None], "dateOfDiagnosis": ["20240229", "2024", "99"]})
    >>> found = decode(records)
    >>> found["laterality"].to_list()
    ['Right (origin of primary)', 'Left (origin of primary)', None]
    >>> found.select(pl.col("dateOfDiagnosis").dt.to_string("%F"), "dateOfDiagnosisPrecision").rows()
    [('2024-02-29', 'day'), ('2024-01-01', 'year'), (None, None)]
    >>> decode(pl.DataFrame({"tumorSizeSummary": ["015", "999"]})).rows()
    [(15, None), (None, 'not documented')]
    """
    wanted = {group for group, on in (("labels", labels), ("dates", dates), ("numbers", numbers)) if on}
    decoded = dict(_decoded(frame, wanted, keep_unknown, version, dictionary))
    columns: list[pl.Series] = []
    for name in frame.columns:
        columns += decoded[name].get_columns() if name in decoded else [frame[name]]
    names = [series.name for series in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput("frame", f"has a column {twice[0]} already", "decode the codes as they were read")
    return pl.DataFrame(columns)


def unlisted(
    frame: pl.DataFrame, *, version: str | None = None, dictionary: Dictionary | None = None
) -> pl.DataFrame:
    """Values that `decode` cannot make anything of: `item`, `value`, `count`; by item, then most frequent.

    >>> unlisted(pl.DataFrame({"laterality": ["1", "7", "7"], "tumorSizeSummary": ["015", "abc", None]})).rows()
    [('laterality', '7', 2), ('tumorSizeSummary', 'abc', 1)]
    """
    found = []
    for name, item, kind in _items(frame, set(GROUPS.values()), version, dictionary):
        counts = frame[name].cast(pl.String).value_counts(name="count").drop_nulls()
        counts.columns = ["value", "count"]
        wrong = counts.filter(~_read(item, kind, counts["value"])[OK])
        found.append(wrong.select(pl.lit(name).alias("item"), "value", pl.col("count").cast(pl.Int64)))
    schema = {"item": pl.String, "value": pl.String, "count": pl.Int64}
    rows = pl.concat(found) if found else pl.DataFrame(schema=schema)
    return rows.sort("item", "count", "value", descending=[False, True, False])


def _items(
    frame: pl.DataFrame, wanted: set[str], version: str | None, dictionary: Dictionary | None
) -> Iterator[tuple[str, Item, ItemType]]:
    """Columns that hold codes of an item, with the item and the kind of its values."""
    newest = {item.id: item for item in standards.newest_items()}
    for name, dtype in frame.schema.items():
        item = (dictionary.of_column(name) if dictionary else None) or newest.get(name)
        if item is not None and dtype in (pl.String, pl.Categorical):
            kind = item_type(item, version)
            if GROUPS.get(kind.kind) in wanted:
                yield name, item, kind


def _decoded(
    frame: pl.DataFrame,
    wanted: set[str],
    keep_unknown: bool,
    version: str | None,
    dictionary: Dictionary | None,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Column → the columns in its place, the first under its name."""
    for name, item, kind in _items(frame, wanted, version, dictionary):
        values = frame.select(pl.col(name).cast(pl.String).alias("value"))
        distinct = values.unique().drop_nulls()
        read = _read(item, kind, distinct["value"])
        if kind.kind == "category" and not keep_unknown:
            blank = distinct["value"].str.strip_chars().is_in(sorted(kind.unknown))
            read = read.with_columns(pl.when(~blank).then(pl.col("")).alias(""))
        table = distinct.hstack(read.drop(OK))
        found = values.join(table, on="value", how="left", maintain_order="left").drop("value")
        if kind.kind == "override":
            found = found.with_columns(
                pl.when(values["value"].is_null()).then(False).otherwise(pl.col("")).alias("")
            )
        yield name, found.rename(lambda part, of=name: part if part in _named(of) else of + part)  # type: ignore[misc]


def _named(item: str) -> tuple[str, ...]:
    return SEQUENCE_NUMBERS.get(item, ())


def _read(item: Item, kind: ItemType, values: pl.Series) -> pl.DataFrame:
    """Decoded values: the value in column "", companions named by what is added to the id, and `OK`.

    `OK` is True for values that mean something, blank ones included.
    """
    code = values.str.strip_chars().alias("code").to_frame()
    read = _READERS[kind.kind]
    found = code.select(*read(item, kind))
    blank = code["code"] == ""
    return found.with_columns(pl.col(OK).fill_null(value=False) | blank)


Expressions = list[pl.Expr]


def _padded(kind: ItemType) -> pl.Expr:
    """Codes with the zeros that were left out, where a code is not known without them."""
    code = pl.col("code")
    if not kind.width:
        return code
    return (
        pl.when(code.is_in(list(kind.labels)) | (code == "")).then(code).otherwise(code.str.zfill(kind.width))
    )


def _label(code: pl.Expr, kind: ItemType) -> pl.Expr:
    names = list(dict.fromkeys(kind.labels.values()))
    dtype = pl.Enum(names)
    if not names:
        return pl.lit(None, dtype)
    return code.replace_strict(
        list(kind.labels), list(kind.labels.values()), default=None, return_dtype=dtype
    )


def _category(_: Item, kind: ItemType) -> Expressions:
    label = _label(_padded(kind), kind)
    return [label.alias(""), label.is_not_null().alias(OK)]


def _boolean(_: Item, kind: ItemType) -> Expressions:
    no, yes = ("0", "1") if kind.kind == "boolean" else ("1", "2")
    code = pl.col("code")
    known = code.is_in([no, yes])
    reason = _label(code, kind)
    return [
        pl.when(known).then(code == yes).alias(""),
        reason.alias("Reason"),
        (known | reason.is_not_null()).alias(OK),
    ]


def _override(_: Item, kind: ItemType) -> Expressions:
    """Set (1) or blank; other codes than 1 are not the standard's."""
    code = pl.col("code")
    value = pl.when(code == "1").then(True).when(code == "").then(False)
    return [value.alias(""), (code == "1").alias(OK)]


def _number(item: Item, kind: ItemType) -> Expressions:
    code = _padded(kind)
    reason = _label(code, kind)
    dtype = pl.Int64 if kind.kind == "integer" else pl.Float64
    is_number = reason.is_null() & pl.col("code").str.contains(NUMBER[kind.kind])
    value = pl.when(is_number).then(pl.col("code")).cast(dtype, strict=False)
    found = [
        value.alias(""),
        reason.alias("Reason"),
        (value.is_not_null() | reason.is_not_null()).alias(OK),
    ]
    return _sequence(item, value, reason) if item.id in SEQUENCE_NUMBERS else found


def _sequence(item: Item, number: pl.Expr, reason: pl.Expr) -> Expressions:
    """Sequence numbers: 00-59 malignant, 60-87 others; the first of each series means the only tumor.

    Source: NAACCR items 380 and 560.
    """
    known = number.is_between(0, 87)
    reportable = pl.when(known).then(number < 60).when(reason.is_not_null()).then(pl.col("code") == "99")
    place = pl.when(number >= 60).then(number - 60).otherwise(number)
    only = pl.when(known).then(place == 0)
    first, second = SEQUENCE_NUMBERS[item.id]
    return [
        pl.when(known).then(pl.max_horizontal(place, pl.lit(1, pl.Int64))).alias(""),
        reason.alias("Reason"),
        reportable.alias(first),
        only.alias(second),
        (known | reason.is_not_null()).alias(OK),
    ]


def _date(_: Item, kind: ItemType) -> Expressions:
    day = dates.earliest("code")
    length = pl.col("code").str.len_bytes()
    precision = (
        pl.when(day.is_null())
        .then(None)
        .otherwise(length.replace_strict({4: "year", 6: "month", 8: "day"}, default=None))
    )
    return [day.alias(""), precision.cast(DATE_PRECISION).alias("Precision"), day.is_not_null().alias(OK)]


def _date_time(_: Item, kind: ItemType) -> Expressions:
    groups = pl.col("code").str.extract_groups(DATE_TIME)
    parts = [groups.struct.field(str(place)) for place in range(1, 7)]
    text = pl.concat_str([part.fill_null(first) for part, first in zip(parts, FIRST_PARTS, strict=True)])
    moment = text.str.to_datetime("%Y%m%d%H%M%S", strict=False)
    given = pl.sum_horizontal(part.is_not_null() for part in parts)
    names = dict(enumerate(TIME_PRECISION.categories.to_list(), start=1))
    precision = pl.when(moment.is_not_null()).then(given.cast(pl.Int64).replace_strict(names, default=None))
    return [
        moment.alias(""),
        precision.cast(TIME_PRECISION).alias("Precision"),
        moment.is_not_null().alias(OK),
    ]


_READERS: dict[str, Callable[[Item, ItemType], Any]] = {
    "category": _category,
    "boolean": _boolean,
    "boolean12": _boolean,
    "override": _override,
    "integer": _number,
    "decimal": _number,
    "date": _date,
    "datetime": _date_time,
}
