"""What a reader of NAACCR records gives: frames, faults and quarantined patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import polars as pl

from registry.errors import BadInput
from registry.formats.naaccr.header import NaaccrHeader

LEVELS = ("File", "NaaccrData", "Patient", "Tumor")
FAULTS: dict[str, Any] = {
    "line": pl.Int64,
    "patient_index": pl.Int64,
    "tumor_index": pl.Int64,
    "level": pl.String,
    "item": pl.String,
    "value": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "message": pl.String,
}
FAULT_ORDER = ["line", "patient_index", "tumor_index", "item", "code", "message"]
QUARANTINED: dict[str, Any] = {
    "patient_index": pl.Int64,
    "line": pl.Int64,
    "byte_start": pl.Int64,
    "byte_length": pl.Int64,
    "reason": pl.String,
    "content": pl.Binary,
}
ITEMS: dict[str, Any] = {
    "patient_index": pl.Int64,
    "tumor_index": pl.Int64,
    "level": pl.String,
    "item": pl.String,
    "value": pl.String,
}
PATIENT_COLUMNS = ("patient_index", "line", "byte_start", "byte_length")
TUMOR_COLUMNS = ("patient_index", "tumor_index", "line")
PLACES = {"file", *PATIENT_COLUMNS, *TUMOR_COLUMNS}

UNREADABLE = ("not-well-formed", "wrong-root", "namespace", "base-dictionary")
STRUCTURAL = (
    *("unexpected-tag", "unexpected-attribute", "unexpected-text"),
    *("missing-id", "duplicate-item", "wrong-level", "unknown-id"),
)
ERRORS = (
    *STRUCTURAL,
    *("not-well-formed", "wrong-root", "base-dictionary", "record-type"),
    *("wrong-number", "too-long", "too-short", "data-type"),
)
WARNINGS = (
    *("leading-space", "trailing-space", "code-list", "impossible-date", "item-order"),
    *("specification-version", "time-generated", "user-dictionary", "namespace"),
)
SEVERITIES = {**dict.fromkeys(ERRORS, "error"), **dict.fromkeys(WARNINGS, "warning")}
"""Severity of each fault code; `record-type` of a single item is a warning, of the file an error."""


class Problem(NamedTuple):
    """A fault found while parsing; `line` is 1-based, indexes are 0-based, null above their level."""

    line: int
    patient_index: int | None
    tumor_index: int | None
    level: str
    item: str | None
    value: str | None
    code: str
    severity: str
    message: str


class UnreadableFile(BadInput):
    """A document of which nothing can be loaded.

    Attributes:
        code: not-well-formed, wrong-root, namespace or base-dictionary.
        line: 1-based line of the trouble.

    >>> error = UnreadableFile("in.xml", 3, "not-well-formed", "mismatched tag", "send it again")
    >>> str(error), error.code, error.line
    ('in.xml:3: mismatched tag; send it again', 'not-well-formed', 3)
    """

    def __init__(self, name: str, line: int, code: str, what: str, action: str | None = None) -> None:
        super().__init__(f"{name}:{line}", what, action)
        self.name, self.line, self.code = name, line, code


@dataclass
class NaaccrData:
    """Some or all patients of a document.

    Attributes:
        header: of the document.
        patients: `patient_index` (0-based in the document), `line`, `byte_start`, `byte_length` (of the
            Patient element in the decompressed bytes) and patient-level items in dictionary order.
        tumors: `patient_index`, `tumor_index` (0-based in the patient), `line`, and tumor-level items.
        errors: `line, patient_index, tumor_index, level, item, value, code, severity, message`.
        quarantined: patients with a structural fault: `patient_index, line, byte_start, byte_length,
            reason, content` (the exact bytes of the document); they are in no other frame.

    Frames are sorted by place in the document. Values are kept as they came, blanks around them
    included; a value of blanks only is null. Only items that occur have a column, named by their id (see
    `Item.column` for ids that two items share).

    >>> from registry.formats import read_naaccr_xml
    >>> xml = (b'<NaaccrData baseDictionaryUri="http://naaccr.org/naaccrxml/naaccr-dictionary-260.xml" '
    ...        b'recordType="I" specificationVersion="1.8" xmlns="http://naaccr.org/naaccrxml"><Patient>'
    ...        b'<Tumor><Item naaccrId="primarySite">C504</Item></Tumor></Patient></NaaccrData>')
    >>> read_naaccr_xml(xml).items.rows()
    [(0, 0, 'Tumor', 'primarySite', 'C504')]
    """

    header: NaaccrHeader
    patients: pl.DataFrame
    tumors: pl.DataFrame
    errors: pl.DataFrame
    quarantined: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINED))
    make_items: Callable[[], pl.DataFrame] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def items(self) -> pl.DataFrame:
        """The long view, built when first used.

        Returns:
            `patient_index` (null for root items), `tumor_index` (null above the tumor), `level`, `item`
            (naaccrId as written), `value`: one row a value, in the order of the document.
        """
        return self.make_items() if self.make_items else long_items(self.header, self.patients, self.tumors)


def long_items(header: NaaccrHeader, patients: pl.DataFrame, tumors: pl.DataFrame) -> pl.DataFrame:
    """The long view of wide frames: root items, then each patient's items before its tumors', in column order.

    >>> patients = pl.DataFrame({"patient_index": [0], "nameLast": ["DOE"]})
    >>> tumors = pl.DataFrame({"patient_index": [0], "tumor_index": [0], "primarySite": ["C504"]})
    >>> long_items(NaaccrHeader(), patients, tumors)["value"].to_list()
    ['DOE', 'C504']
    """
    root = [(None, None, "NaaccrData", item, value) for item, value in header.items.items()]
    parts = [pl.DataFrame(root, schema=ITEMS, orient="row")]
    file = ["file"] if "file" in patients.columns else []
    for level, frame in (("Patient", patients), ("Tumor", tumors)):
        place = [name for name in ("patient_index", "tumor_index") if name in frame.columns]
        columns = [name for name in frame.columns if name not in PLACES]
        if not columns:
            continue
        long = frame.select(*file, *place, *columns).with_row_index("_row")
        long = long.unpivot(columns, index=["_row", *file, *place], variable_name="item")
        long = long.filter(pl.col("value").is_not_null()).sort("_row", maintain_order=True)
        long = long.with_columns(
            pl.col("item").str.replace(r"__\d+$", ""),
            pl.lit(level).alias("level"),
            *([] if "tumor_index" in place else [pl.lit(None, pl.Int64).alias("tumor_index")]),
        )
        parts.append(long.select(*file, *(pl.col(name).cast(kind) for name, kind in ITEMS.items())))
    together = pl.concat(parts, how="diagonal")
    return together.sort("patient_index", "tumor_index", nulls_last=False, maintain_order=True)
