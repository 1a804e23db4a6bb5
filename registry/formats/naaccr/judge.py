"""What is wrong with the items of a batch, judged against a dictionary on whole columns.

Errors are what the NAACCR XML standard forbids; warnings are values that are probably wrong. The data
types are those of the dictionary specification: digits, alpha and mixed fill the item's length, a date
is YYYYMMDD, YYYYMM or YYYY.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import polars as pl

from registry import standards
from registry.formats.naaccr.header import SPECIFICATIONS, NaaccrHeader
from registry.formats.naaccr.parser import LEVEL_NAMES, Problem
from registry.standards import dates

FAULTS: dict[str, Any] = {
    "line": pl.Int64,
    "patient_index": pl.Int64,
    "tumor_index": pl.Int64,
    "item": pl.String,
    "value": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "message": pl.String,
}
PATTERNS = {
    "digits": (r"^[0-9]+$", "digits only"),
    "alpha": (r"^[A-Z]+$", "capital letters only"),
    "mixed": (r"^[A-Z0-9]+$", "capital letters and digits only"),
    "numeric": (r"^[0-9]+(\.[0-9]+)?$", "a number such as 12 or 1.5"),
    "date": (
        r"^(18|19|20)[0-9]{2}((0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])?)?$",
        "a date as YYYYMMDD, YYYYMM or YYYY",
    ),
    "dateTime": (
        r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$",
        "a date and time such as 2026-01-31T12:00:00Z",
    ),
}
FULL_LENGTH = ("digits", "alpha", "mixed")
SHOWN = 60
# Looking for the nearest code takes milliseconds: a file of nonsense gets this many suggestions a batch.
HINTS = 200


def header_faults(header: NaaccrHeader, line: int, given: Sequence[standards.Dictionary]) -> list[Problem]:
    """Faults of the root element's attributes and root items; `given` are the user dictionaries."""

    def fault(code: str, severity: str, message: str, item: str | None = None) -> None:
        value = header.items.get(item) if item else None
        found.append(Problem(line, None, None, item, value, code, severity, message))

    found: list[Problem] = []
    if header.record_type is None or header.record_type not in ("A", "M", "C", "I"):
        fault("record-type", "error", f"recordType is {header.record_type!r}, expected A, M, C or I")
    if header.specification_version is None:
        fault("specification-version", "warning", "specificationVersion is missing; read as 1.0")
    elif header.specification_version not in SPECIFICATIONS:
        what = f"specificationVersion {header.specification_version[:20]!r} is not known; read as 1.8"
        fault("specification-version", "warning", what)
    if header.time_generated is not None and not _is_date_time(header.time_generated):
        fault("time-generated", "warning", "timeGenerated is not an XML date and time")
    for uri in header.user_dictionaries:
        if uri not in {one.uri for one in given}:
            what = f"user dictionary {uri[:120]} was not given: its items are reported as unknown"
            fault("user-dictionary", "warning", what)
    for one in given:
        if one.version not in (None, header.version):
            what = (
                f"user dictionary {one.uri[:120]} is for NAACCR {one.version}, the file for {header.version}"
            )
            fault("user-dictionary", "warning", what)
    for name in header.attributes:
        if not name.startswith("{"):
            fault("unknown-attribute", "warning", f'NaaccrData has an unknown attribute "{name[:60]}"')
    if header.items.get("naaccrRecordVersion", header.version) != header.version:
        what = f"naaccrRecordVersion differs from the base dictionary ({header.version})"
        fault("version-mismatch", "error", what, "naaccrRecordVersion")
    if header.items.get("recordType", header.record_type) != header.record_type:
        fault("record-type", "error", "root item recordType differs from the attribute", "recordType")
    return found


class KeyTable:
    """The distinct (naaccrId, naaccrNum) pairs of a file, resolved once each.

    `wrong` lists (key, code, message) of pairs that are wrong in themselves.
    """

    def __init__(self, dictionary: standards.Dictionary) -> None:
        self.dictionary = dictionary
        self.wrong: list[tuple[int, str, str]] = []
        self._rows: list[tuple[Any, ...]] = []

    def frame(self, keys: dict[tuple[str | None, str | None], int]) -> pl.DataFrame:
        """One row a pair: key, item, length, level_wanted, record_types, data_type, padding, trim, unlimited."""
        for (naaccr_id, number), key in list(keys.items())[len(self._rows) :]:
            hint = len(self.wrong) < HINTS
            item, problem = _resolve(naaccr_id, number, self.dictionary, hint)
            if problem:
                self.wrong.append((key, *problem))
            found = self.dictionary.item(item)
            known = found and (
                *(found.length, found.level, found.record_types, found.data_type),
                *(found.padding, found.trim, found.unlimited),
            )
            self._rows.append((key, item, *(known or (None,) * 7)))
        texts = ("level_wanted", "record_types", "data_type", "padding", "trim")
        schema: dict[str, Any] = {"key": pl.Int32, "item": pl.String, "length": pl.Int32}
        schema |= {**dict.fromkeys(texts, pl.String), "unlimited": pl.Boolean}
        return pl.DataFrame(self._rows, schema=schema, orient="row")


def _resolve(
    naaccr_id: str | None, number: str | None, dictionary: standards.Dictionary, hint: bool
) -> tuple[str, tuple[str, str] | None]:
    """Item id of a pair and, when the pair is wrong, (code, message)."""
    numeric = int(number) if number is not None and number.isascii() and number.isdigit() else None
    if naaccr_id is None:
        by_number = dictionary.by_number(numeric) if numeric is not None and numeric < 2**31 else None
        if by_number:
            return by_number.id, None
        if number is None:
            return "(no id)", ("no-id", "Item has neither naaccrId nor naaccrNum")
        return f"naaccrNum{number[:20]}", (
            "unknown-item",
            f"no item has naaccrNum {number[:20]} in NAACCR {dictionary.version}",
        )
    found = dictionary.item(naaccr_id)
    if found is None:
        meant = dictionary.by_number(numeric) if numeric is not None and numeric < 2**31 else None
        return naaccr_id, _unknown(naaccr_id, meant.id if meant else None, dictionary, hint)
    if number is not None and numeric != found.number:
        return naaccr_id, (
            "wrong-number",
            f"{naaccr_id} has naaccrNum {number[:20]}, expected {found.number}",
        )
    return naaccr_id, None


def _unknown(
    naaccr_id: str, of_number: str | None, dictionary: standards.Dictionary, hint: bool
) -> tuple[str, str]:
    first, last = _spans().get(naaccr_id, (None, None))
    if first:
        what = f"{naaccr_id} is not an item of NAACCR {dictionary.version} (it is in {first} to {last})"
        return "not-in-version", what
    meant = of_number or (dictionary.nearest(naaccr_id[:100]) if hint else None)
    what = f"no item {naaccr_id[:100]} in NAACCR {dictionary.version}{standards.did_you_mean(meant)}"
    return "unknown-item", what


@cache
def _spans() -> dict[str, tuple[str, str]]:
    items = standards.all_items().select("id", "first_version", "last_version").rows()
    return {row[0]: (row[1], row[2]) for row in items}


def item_faults(long: pl.DataFrame, wrong: list[tuple[int, str, str]], header: NaaccrHeader) -> pl.DataFrame:
    """Faults of a batch's items.

    Args:
        long: one row an item: `patient_index, tumor_index, level, key, item, value` (trimmed), `raw`,
            `line` and the columns of `KeyTable.frame`.
        wrong: `KeyTable.wrong`.
        header: for the record type and the version.
    """
    found = [
        _wrong_keys(long, wrong),
        _misplaced(long, header.record_type),
        _duplicates(long),
        _blanks(long),
        *_values(long, header.version),
    ]
    return pl.concat(found) if found else pl.DataFrame(schema=FAULTS)


def _faults(rows: pl.DataFrame, code: str, severity: str, message: pl.Expr | str) -> pl.DataFrame:
    text = pl.lit(message) if isinstance(message, str) else message
    return rows.select(
        pl.col("line").cast(pl.Int64),
        "patient_index",
        "tumor_index",
        "item",
        "value",
        pl.lit(code).alias("code"),
        pl.lit(severity).alias("severity"),
        text.alias("message"),
    )


def _quoted() -> pl.Expr:
    """The item and its value, cut to a readable length, for a one-line message."""
    value = pl.col("value").str.replace_all(r"\s+", " ")
    return pl.format('{} "{}"', pl.col("item"), value.str.slice(0, SHOWN))


def _wrong_keys(long: pl.DataFrame, wrong: list[tuple[int, str, str]]) -> pl.DataFrame:
    schema = {"key": pl.Int32, "code": pl.String, "message": pl.String}
    joined = long.join(pl.DataFrame(wrong, schema=schema, orient="row"), on="key")
    return _faults(joined, "", "error", pl.col("message")).with_columns(joined["code"])


def _misplaced(long: pl.DataFrame, record_type: str | None) -> pl.DataFrame:
    level = pl.format("{} belongs to {}, not to {}", "item", "level_wanted", "level")
    faults = [
        _faults(long.filter(pl.col("level") != pl.col("level_wanted")), "wrong-level", "error", level),
    ]
    if record_type in ("A", "M", "C", "I"):
        odd = long.filter(~pl.col("record_types").str.contains(record_type, literal=True))
        what = pl.format("{} is not part of record type {}", "item", pl.lit(record_type))
        faults.append(_faults(odd, "wrong-record-type", "warning", what))
    return pl.concat(faults)


def _duplicates(long: pl.DataFrame) -> pl.DataFrame:
    place = ["patient_index", "tumor_index", "item"]
    later = long.filter(long.select(place).is_duplicated()).sort("line", maintain_order=True)
    later = later.filter(~pl.struct(place).is_first_distinct())
    what = pl.format("{} is given twice in one {}; the first value is used", "item", "level")
    return _faults(later, "duplicate-item", "error", what)


def _blanks(long: pl.DataFrame) -> pl.DataFrame:
    blank = long.filter(pl.col("value") == "")
    padded = long.filter((pl.col("value") != "") & (pl.col("value") != pl.col("raw")))
    return pl.concat(
        [
            _faults(blank, "blank-value", "warning", pl.format("{} is blank; leave it out instead", "item")),
            _faults(
                padded, "surrounding-blanks", "warning", pl.format("{} has blanks around its value", "item")
            ),
        ]
    )


def _values(long: pl.DataFrame, version: str) -> list[pl.DataFrame]:
    """Length, data type, calendar and code list; each value has at most one of these faults."""
    distinct = (
        long.filter(pl.col("data_type").is_not_null() & (pl.col("value") != ""))
        .select("item", "value", "length", "data_type", "padding", "unlimited")
        .unique()
    )
    size, wanted = pl.col("value").str.len_chars(), pl.col("length")
    kind = pl.col("data_type")
    bad_type = pl.any_horizontal(
        (kind == name) & ~pl.col("value").str.contains(pattern) for name, (pattern, _) in PATTERNS.items()
    )
    expected = kind.replace_strict({name: words for name, (_, words) in PATTERNS.items()}, default="")
    too_short = kind.is_in(FULL_LENGTH) & (size < wanted)
    zero_padded = pl.col("padding") == "leftZero"
    judged = distinct.with_columns(
        pl.when((size > wanted) & ~pl.col("unlimited"))
        .then(pl.lit("too-long"))
        .when(bad_type)
        .then(pl.lit("data-type"))
        .when((kind == "date") & ~dates.is_valid("value"))
        .then(pl.lit("impossible-date"))
        .when(too_short)
        .then(pl.lit("too-short"))
        .otherwise(pl.lit("ok"))
        .alias("code")
    )
    ok = judged.filter(pl.col("code") == "ok")
    messages = (
        judged.filter(pl.col("code") != "ok")
        .with_columns(
            pl.when(pl.col("code") == "too-long")
            .then(pl.format("{} has {} characters, at most {}", _quoted(), size, wanted))
            .when(pl.col("code") == "data-type")
            .then(pl.format("{} must be {}", _quoted(), expected))
            .when(pl.col("code") == "impossible-date")
            .then(pl.format("{} is not a day of the calendar", _quoted()))
            .otherwise(pl.format("{} has {} characters, expected {}", _quoted(), size, wanted))
            .alias("message"),
            pl.when((pl.col("code") == "impossible-date") | ((pl.col("code") == "too-short") & zero_padded))
            .then(pl.lit("warning"))
            .otherwise(pl.lit("error"))
            .alias("severity"),
        )
        .select("item", "value", "code", "severity", "message")
    )
    all_messages = pl.concat([messages, _unlisted(ok, version)])
    return [
        long.join(all_messages, on=["item", "value"]).select(pl.col(c).cast(t) for c, t in FAULTS.items())
    ]


def _unlisted(values: pl.DataFrame, version: str) -> pl.DataFrame:
    """Distinct values that a closed code list does not allow: item, value, code, severity, message."""
    rows: list[tuple[str, ...]] = []
    for (item,), group in (
        values.select("item", "value").sort("item", "value").group_by("item", maintain_order=True)
    ):
        name = str(item)
        if not standards.is_closed(name):
            continue
        bad = group.filter(~standards.in_list(name, pl.col("value"), version))["value"].to_list()
        allowed = standards.code_set(name, version) if bad else ()
        for value in bad:
            hint = standards.did_you_mean(standards.nearest(value, allowed) if len(rows) < HINTS else None)
            message = f'{name} "{value[:SHOWN]}" is not in the code list{hint}'
            rows.append((name, value, "not-in-list", "warning", message))
    schema = dict.fromkeys(("item", "value", "code", "severity", "message"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _is_date_time(text: str) -> bool:
    return bool(pl.Series([text]).str.contains(PATTERNS["dateTime"][0]).item())


def level_name(has_patient: pl.Expr, has_tumor: pl.Expr) -> pl.Expr:
    """NaaccrData, Patient or Tumor, from whether the item has a patient and a tumor."""
    return (
        pl.when(has_tumor)
        .then(pl.lit(LEVEL_NAMES[3]))
        .when(has_patient)
        .then(pl.lit(LEVEL_NAMES[2]))
        .otherwise(pl.lit(LEVEL_NAMES[1]))
    )
