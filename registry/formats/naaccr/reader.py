"""Read NAACCR XML into frames, a batch of patients at a time, with every fault of the file.

Source: NAACCR XML Data Exchange Standard, specifications 1.0 to 1.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from registry import standards
from registry.formats.naaccr.header import NaaccrHeader
from registry.formats.naaccr.judge import FAULTS, KeyTable, header_faults, item_faults, level_name
from registry.formats.naaccr.parser import ROOT_NODE, NaaccrParser, Parsed
from registry.formats.sources import Source, chunks, opened, read_all, source_name
from registry.standards import Dictionary

PATIENT_COLUMNS = ("patient_index", "line", "byte_start", "byte_length")
TUMOR_COLUMNS = ("patient_index", "tumor_index", "line")
MAX_COLUMNS = 5_000
BLANKS = " \t\r\n"


@dataclass
class NaaccrData:
    """Some or all patients of a file.

    Attributes:
        header: of the file.
        patients: `patient_index` (0-based in the file), `line`, `byte_start`, `byte_length` (of the
            Patient element in the decompressed bytes) and Patient-level items under their ids.
        tumors: `patient_index`, `tumor_index` (0-based in the patient), `line`, and Tumor-level items.
        items: every item as it came: `patient_index` (null for root items), `tumor_index` (null above
            the tumor), `item`, `value` (surrounding blanks removed; "" when blank).
        errors: `line, patient_index, tumor_index, item, value, code, severity, message`.

    Frames are sorted by patient_index, tumor_index and place in the file. In the wide frames a blank is
    null, a duplicate item has its first value, and an unknown item stands under its own id.
    """

    header: NaaccrHeader
    patients: pl.DataFrame
    tumors: pl.DataFrame
    items: pl.DataFrame
    errors: pl.DataFrame


def iter_naaccr_xml(
    source: Source,
    *,
    patients_per_batch: int = 5000,
    dictionaries: Sequence[Dictionary | str | Path] = (),
) -> Iterator[NaaccrData]:
    """Read a file in batches of patients, in bounded memory.

    Args:
        source: path, bytes or binary stream; plain or gzipped; UTF-8, UTF-16, Latin-1 or another
            encoding that the XML declaration names.
        patients_per_batch: patients in a batch (the last one may hold fewer).
        dictionaries: user-defined dictionaries (objects or paths of XML files).

    Yields:
        Batches; a file without patients yields one empty batch.

    Raises:
        BadInput: the file is not well-formed or complete, not NAACCR XML, dangerous or of an
            unsupported version. It may be raised after some batches: refuse the whole file.

    >>> xml = (b'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
    ...        b'recordType="I" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient>'
    ...        b'<Tumor><Item naaccrId="primarySite">C5O4</Item></Tumor></Patient></NaaccrData>')
    >>> batch = next(iter_naaccr_xml(xml))
    >>> batch.tumors["primarySite"].to_list(), batch.errors["message"].to_list()
    (['C5O4'], ['primarySite "C5O4" is not in the code list (did you mean C504?)'])
    """
    name = source_name(source)
    parser = NaaccrParser(name)
    builder = _Builder([_as_dictionary(given) for given in dictionaries])
    with opened(source) as stream:
        for data in chunks(stream, name):
            parser.feed(data)
            while len(parser.parsed.patient_ends) > patients_per_batch:
                yield builder.batch(parser, parser.take(patients_per_batch))
        parser.close()
    yield builder.batch(parser, parser.parsed)


def read_naaccr_xml(source: Source, *, dictionaries: Sequence[Dictionary | str | Path] = ()) -> NaaccrData:
    """Read a whole file (see `iter_naaccr_xml` for arguments and errors)."""
    (batch,) = iter_naaccr_xml(source, patients_per_batch=2**62, dictionaries=dictionaries)
    return batch


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


def _as_dictionary(given: Dictionary | str | Path) -> Dictionary:
    return given if isinstance(given, Dictionary) else load_user_dictionary(given)


class _Builder:
    """Turns the parser's lists into frames; remembers what belongs to the whole file."""

    def __init__(self, dictionaries: Sequence[Dictionary]) -> None:
        self._given = dictionaries
        self._keys: KeyTable | None = None

    def batch(self, parser: NaaccrParser, parsed: Parsed) -> NaaccrData:
        header = parser.header
        assert header is not None
        is_first = self._keys is None
        if self._keys is None:
            self._keys = KeyTable(merged_dictionary(header.version, self._given))
        keys = self._keys.frame(parser.keys)
        nodes = _nodes(parsed)
        long = _long(parsed, nodes, keys)
        root = long.filter(pl.col("patient_index").is_null())
        header.items |= {name: value for name, value in root.select("item", "value").rows() if value}
        problems = list(parsed.problems)
        if is_first:
            default = standards.default_user_dictionary(header.version)
            given = [*self._given, *([default] if default else [])]
            problems += header_faults(header, parser.header_line, given)
        faults = pl.concat(
            [pl.DataFrame(problems, schema=FAULTS, orient="row"), item_faults(long, self._keys.wrong, header)]
        )
        return NaaccrData(
            header=header,
            patients=_wide(nodes.filter(pl.col("tumor_index").is_null()), long, "Patient", PATIENT_COLUMNS),
            tumors=_wide(nodes.filter(pl.col("tumor_index").is_not_null()), long, "Tumor", TUMOR_COLUMNS),
            items=long.select("patient_index", "tumor_index", "item", "value"),
            errors=faults.sort("line", "patient_index", "tumor_index", "item", "code", nulls_last=False),
        )


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
    """One row an item in the order of the file, with its place and its definition."""
    node = pl.Series("node", parsed.item_node, dtype=pl.Int32)
    place = node.replace(ROOT_NODE, None)
    key = pl.Series("key", parsed.item_key, dtype=pl.Int32)
    raw = pl.Series("raw", parsed.item_value, dtype=pl.String)
    definitions = keys.select(pl.exclude("key").gather(key))
    untrimmed = definitions["trim"] == "none"
    stripped = raw.str.strip_chars(BLANKS)
    frame = pl.DataFrame(
        [
            node,
            nodes["patient_index"].gather(place),
            nodes["tumor_index"].gather(place),
            key,
            raw,
            pl.Series("line", parsed.item_line, dtype=pl.Int64),
        ]
    )
    value = (
        pl.when(pl.lit(untrimmed) & (pl.lit(stripped) != "")).then(pl.col("raw")).otherwise(pl.lit(stripped))
    )
    return frame.with_columns(
        value.alias("value"),
        level_name(pl.col("patient_index").is_not_null(), pl.col("tumor_index").is_not_null()).alias("level"),
    ).hstack(definitions)


def _wide(nodes: pl.DataFrame, long: pl.DataFrame, level: str, own: Sequence[str]) -> pl.DataFrame:
    """One row a patient or tumor, one column an item, in order of first appearance of the items."""
    rows = long.filter((pl.col("level") == level) & (pl.col("value") != "")).select("node", "item", "value")
    names = [name for name in rows["item"].unique(maintain_order=True) if name not in own][:MAX_COLUMNS]
    first, last = nodes["node"].min(), nodes["node"].max()
    frame = nodes.select(*own)
    if not names or first is None or last is None:
        return frame
    position = nodes.select("node").with_row_index("row")
    rows = rows.join(position, on="node", maintain_order="left")
    columns = {}
    for (name,), group in rows.group_by("item", maintain_order=True):
        if name in own or name not in names:
            continue
        once = group.unique("row", keep="first", maintain_order=True)
        empty = pl.repeat(None, nodes.height, dtype=pl.String, eager=True)
        columns[str(name)] = empty.scatter(once["row"], once["value"])
    return frame.with_columns(columns[name].alias(name) for name in names)
