"""From the parser's flat lists to frames: patients, tumors, faults and quarantined patients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import polars as pl

from registry import standards
from registry.errors import BadInput
from registry.formats.naaccr.data import (
    FAULT_ORDER,
    FAULTS,
    ITEMS,
    LEVELS,
    PATIENT_COLUMNS,
    PLACES,
    QUARANTINED,
    SEVERITIES,
    STRUCTURAL,
    TUMOR_COLUMNS,
    NaaccrData,
)
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.judge import BLANKS, judge_pairs
from registry.formats.naaccr.keys import KeyTable
from registry.formats.naaccr.parsed import ROOT_NODE, Parsed
from registry.formats.naaccr.parser import NaaccrParser
from registry.formats.naaccr.root import RECORD_TYPES, root_faults, root_item_faults
from registry.formats.sources import read_all
from registry.standards import Dictionary

MAX_COLUMNS = 5_000
ON_ERROR = ("quarantine", "keep", "raise")
PAIR = ("item", "value", "length", "data_type", "padding", "trim", "unlimited")


def load_user_dictionary(path: str | Path) -> Dictionary:
    """Read a user-defined dictionary file.

    Raises:
        NotFound, BadInput: no such file, or not a usable dictionary.
    """
    return standards.user_dictionary(read_all(path), str(path))


def merged_dictionary(version: str, others: Sequence[Dictionary] = ()) -> Dictionary:
    """The base dictionary of a version with its default user dictionary and the given ones."""
    default = standards.default_user_dictionary(version)
    return standards.dictionary(version).merged([*([default] if default else []), *others])


def key_table(header: NaaccrHeader, given: Sequence[Dictionary]) -> tuple[KeyTable, list[Dictionary]]:
    """Item definitions for a document, and the given user dictionaries that apply to it, in its order.

    A dictionary applies when the document names it. One without a URI (a table), which no document can
    name, stands for a named one that was not given, or applies after the others.
    """
    named = {dictionary.uri: dictionary for dictionary in reversed(given) if dictionary.uri_given}
    nameless = [dictionary for dictionary in given if not dictionary.uri_given]
    used = []
    for uri in dict.fromkeys(header.user_dictionaries):
        if uri in named:
            used.append(named[uri])
        elif nameless and uri not in default_uris(header.version):
            used.append(nameless.pop(0))
    used += nameless
    unused = [dictionary for dictionary in given if not any(dictionary is one for one in used)]
    return KeyTable(merged_dictionary(header.version, used), unused), used


def default_uris(version: str) -> list[str]:
    """URIs of dictionaries that apply without being given."""
    default = standards.default_user_dictionary(version)
    return [default.uri] if default else []


class Builder:
    """Turns the parser's lists into batches; remembers what belongs to the whole document.

    Args:
        name: of the document, for error lines.
        dictionaries: user dictionaries that were given.
        on_error: "quarantine", "keep" or "raise" for patients with a structural fault.
    """

    def __init__(self, name: str, dictionaries: Sequence[Dictionary], on_error: str = "quarantine") -> None:
        self.name, self.given, self.on_error = name, dictionaries, on_error
        self._keys: KeyTable | None = None
        self._root_columns: set[str] = set()

    def batch(self, parser: NaaccrParser, parsed: Parsed, content: Callable[[int, int], bytes]) -> NaaccrData:
        """Frames of the patients in `parsed`.

        Args:
            parser: for the header and the item names seen so far.
            parsed: complete patients and root items.
            content: gives the bytes of the document from a start, of a length.

        Raises:
            BadInput: a structural fault, when on_error is "raise".
        """
        header = parser.header
        assert header is not None
        problems = list(parsed.problems)
        if self._keys is None:
            self._keys, used = key_table(header, self.given)
            problems += root_faults(
                header, parser.header_line, parser.namespace, used, default_uris(header.version)
            )
        nodes = _nodes(parsed)
        long = _long(parsed, nodes, self._keys.placed(parser.keys))
        repeated = duplicates(long, self._root_columns)
        self._root_columns |= set(long.filter(pl.col("node") == ROOT_NODE)["column"].drop_nulls())
        faults = pl.concat(
            [
                pl.DataFrame(problems, schema=FAULTS, orient="row"),
                _faults(repeated, "duplicate-item", "{} is given twice in one {}", "item", "level"),
                item_faults(long, self._keys.wrong, header),
            ]
        ).sort(FAULT_ORDER, nulls_last=False)
        long = _values(long, repeated)
        root = long.filter(pl.col("patient_index").is_null())
        header.items |= dict(root.select("item", "value").rows())
        bad = self._bad_patients(faults, nodes)
        quarantined = bad.with_columns(
            pl.Series(
                "content",
                [content(*span) for span in bad.select("byte_start", "byte_length").rows()],
                pl.Binary,
            )
        ).select(*QUARANTINED)
        long = long.join(bad, on="patient_index", how="anti", maintain_order="left")
        nodes = nodes.join(bad, on="patient_index", how="anti", maintain_order="left")
        items = long.select(*ITEMS)
        return NaaccrData(
            header=header,
            patients=_wide(nodes.filter(pl.col("tumor_index").is_null()), long, "Patient", PATIENT_COLUMNS),
            tumors=_wide(nodes.filter(pl.col("tumor_index").is_not_null()), long, "Tumor", TUMOR_COLUMNS),
            errors=faults,
            quarantined=quarantined,
            make_items=lambda: items,
        )

    def _bad_patients(self, faults: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
        """Patients with a structural fault: patient_index, line, byte_start, byte_length, reason."""
        reasons = (
            faults.filter(pl.col("code").is_in(STRUCTURAL), pl.col("patient_index").is_not_null())
            .unique("patient_index", keep="first", maintain_order=True)
            .select("patient_index", pl.col("message").alias("reason"), pl.col("line").alias("fault_line"))
        )
        if self.on_error == "raise" and reasons.height:
            first = reasons.row(0, named=True)
            raise BadInput(f"{self.name}:{first['fault_line']}", first["reason"], "correct the file")
        if self.on_error == "keep":
            reasons = reasons.clear()
        patients = nodes.filter(pl.col("tumor_index").is_null())
        return patients.join(reasons, on="patient_index", maintain_order="left")


def _nodes(parsed: Parsed) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "patient_index": parsed.node_patient,
            "tumor_index": parsed.node_tumor,
            "line": parsed.node_line,
            "byte_start": parsed.node_start,
            "byte_length": parsed.node_length,
        },
        schema=dict.fromkeys(("patient_index", "tumor_index", "line", "byte_start", "byte_length"), pl.Int64),
    ).with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("node"))


def _long(parsed: Parsed, nodes: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """One row an item in the order of the document, with its place and its definition."""
    node = pl.Series("node", parsed.item_node, dtype=pl.Int32)
    place = node.replace(ROOT_NODE, None)
    key = pl.Series("key", parsed.item_key, dtype=pl.Int32)
    frame = pl.DataFrame(
        [
            pl.int_range(len(node), eager=True).alias("row"),
            node,
            nodes["patient_index"].gather(place),
            nodes["tumor_index"].gather(place),
            key,
            pl.Series("value", parsed.item_value, dtype=pl.String),
            pl.Series("line", parsed.item_line, dtype=pl.Int64),
        ]
    )
    level = (
        pl.when(pl.col("tumor_index").is_not_null())
        .then(pl.lit(LEVELS[3]))
        .when(pl.col("patient_index").is_not_null())
        .then(pl.lit(LEVELS[2]))
        .otherwise(pl.lit(LEVELS[1]))
    )
    has_patient, has_tumor = frame["patient_index"].is_not_null(), frame["tumor_index"].is_not_null()
    place = (key * 3 + has_patient.cast(pl.Int32) + has_tumor.cast(pl.Int32)).alias("place")
    return frame.with_columns(level.alias("level")).hstack(keys.select(pl.exclude("key").gather(place)))


def item_faults(long: pl.DataFrame, wrong: list[tuple[int, str, str]], header: NaaccrHeader) -> pl.DataFrame:
    """Faults of a batch's items but for duplicates: `FAULTS`, unsorted.

    Args:
        long: one row an item: `patient_index, tumor_index, level, key, value, line` and the columns of
            `KeyTable.frame`.
        wrong: `KeyTable.wrong`.
        header: for the record type and the version.
    """
    root = long.filter(pl.col("patient_index").is_null())
    judged = judge_pairs(_pairs(long), header.version)
    values = long.select("line", "patient_index", "tumor_index", "level", "item", "column", "value").join(
        judged.rename({"item": "column"}), on=["column", "value"], maintain_order="left"
    )
    return pl.concat(
        [
            _wrong_keys(long, wrong),
            _misplaced(long),
            _off_record_type(long, header.record_type),
            root_item_faults(root.filter(pl.col("value").str.strip_chars(BLANKS) != ""), header),
            values.select(*FAULTS),
        ]
    )


def _pairs(long: pl.DataFrame) -> pl.DataFrame:
    """Distinct values of each item, for `judge_pairs`."""
    known = long.filter(pl.col("data_type").is_not_null(), pl.col("value") != "")
    distinct = known.group_by("column", "value").agg(pl.col(PAIR[2:]).first())
    return distinct.rename({"column": "item"}).select(PAIR)


def _faults(rows: pl.DataFrame, code: str, message: str, *names: str) -> pl.DataFrame:
    return rows.with_columns(
        pl.lit(code).alias("code"),
        pl.lit(SEVERITIES[code]).alias("severity"),
        pl.format(message, *names).alias("message"),
    ).select(*FAULTS)


def _wrong_keys(long: pl.DataFrame, wrong: list[tuple[int, str, str]]) -> pl.DataFrame:
    schema = {"key": pl.Int32, "code": pl.String, "message": pl.String}
    joined = long.join(pl.DataFrame(wrong, schema=schema, orient="row"), on="key")
    severity = pl.col("code").replace_strict(SEVERITIES, return_dtype=pl.String)
    return joined.with_columns(severity.alias("severity")).select(*FAULTS)


def _misplaced(long: pl.DataFrame) -> pl.DataFrame:
    odd = long.filter(pl.col("level") != pl.col("level_wanted"))
    return _faults(odd, "wrong-level", "{} belongs to {}, not to {}", "item", "level_wanted", "level")


def _off_record_type(long: pl.DataFrame, record_type: str | None) -> pl.DataFrame:
    if record_type not in RECORD_TYPES:
        return pl.DataFrame(schema=FAULTS)
    odd = long.filter(
        pl.col("value").str.strip_chars(BLANKS) != "",
        ~pl.col("record_types").str.contains(record_type, literal=True),
    )
    faults = _faults(odd, "record-type", f"{{}} is not part of record type {record_type}", "item")
    return faults.with_columns(pl.lit("warning").alias("severity"))


def duplicates(long: pl.DataFrame, seen: Collection[str] = ()) -> pl.DataFrame:
    """Rows whose item has come before in the same root, patient or tumor.

    Args:
        long: as for `item_faults`.
        seen: columns of root items of earlier batches.
    """
    named = long.filter(
        pl.col("item").is_not_null(), pl.col("data_type").is_not_null() | pl.col("number").is_null()
    )
    again = (pl.col("node") == ROOT_NODE) & pl.col("column").is_in(sorted(seen))
    return named.filter(~pl.struct("node", "column").is_first_distinct() | again)


def _values(long: pl.DataFrame, repeated: pl.DataFrame) -> pl.DataFrame:
    """Rows that hold a value; of root items only those that belong there, each once."""
    is_root = pl.col("node") == ROOT_NODE
    left_out = is_root & (
        pl.col("row").is_in(repeated["row"].implode()) | (pl.col("level_wanted") != LEVELS[1]).fill_null(True)
    )
    return long.filter(pl.col("value").str.strip_chars(BLANKS) != "", ~left_out)


def _wide(nodes: pl.DataFrame, long: pl.DataFrame, level: str, own: Sequence[str]) -> pl.DataFrame:
    """One row a patient or tumor, one column an item, in dictionary order (unknown items last)."""
    rows = long.filter(
        pl.col("level") == level, pl.col("column").is_not_null(), ~pl.col("column").is_in(sorted(PLACES))
    )
    names = rows.select("number", "column").unique().sort("number", "column", nulls_last=True)["column"]
    frame = nodes.select(*own)
    if names.is_empty() or nodes.is_empty():
        return frame
    position = nodes.select("node").with_row_index("row")
    rows = rows.select("node", "column", "value").join(position, on="node", maintain_order="left")
    columns = {}
    for (name,), group in rows.group_by("column"):
        once = group.unique("row", keep="first", maintain_order=True)
        empty = pl.repeat(None, nodes.height, dtype=pl.String, eager=True)
        columns[str(name)] = empty.scatter(once["row"], once["value"])
    return frame.with_columns(
        columns[name].alias(name) for name in names.unique(maintain_order=True)[:MAX_COLUMNS]
    )
