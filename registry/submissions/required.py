"""Required status: which items an agency wants of which version, loaded from a table that a data manager brings.

The yearly table of the NAACCR data dictionary is a public page, not a file; whoever copies it keeps the source. Two
forms are read, as CSV: one row an item, version and agency (`item, naaccr_version, agency, code, source`), or the
page's own form, one row an item and a column an agency (`item, NPCR, CoC, SEER, CCCR`).

Codes as the data dictionary has them: R required; RH collected in the past; RS required, site-specific; D derived;
S supplementary; with *, ^, #, + for conditions; "." none.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

import polars as pl

from registry import standards
from registry.errors import BadInput, NotFound
from registry.submissions.request import Request

SCHEMA: Final[dict[str, Any]] = dict.fromkeys(
    ("item", "naaccr_version", "agency", "code", "source"), pl.String
)
MUST: Final = ("R",)
"""Codes of items that every record has; those with conditions are the receiver's edits to judge."""
LONG: Final = {"item", "agency", "code"}
NUMBERS: Final = ("item", "item #", "item number", "naaccr_num", "number", "naaccr_id", "id")
NAMES: Final = (
    "item name",
    "name",
    "source of standard",
    "source",
    "note",
    "comment",
    "naaccr_version",
    "version",
)
_CODE = re.compile(r"[A-Z.][A-Z0-9]{0,3}[*^#+]*", re.ASCII)
_COLLECT = re.compile(r"\s*(collect|transmit)\s*$", re.IGNORECASE)


def read_required(
    name: str,
    content: bytes,
    naaccr_version: str | None = None,
    agency: str | None = None,
    source: str | None = None,
) -> pl.DataFrame:
    r"""Read a required-status table.

    Args:
        name: of the file, for error lines.
        naaccr_version, agency, source: of rows that do not say their own.

    Returns:
        frame[item, naaccr_version, agency, code, source], sorted; item is the XML id. Rows without a code are none.

    Raises:
        BadInput: not a table of one of the two forms, or a row whose item, version or code is none; with its line.

    >>> read_required("r.csv", b"item,NPCR Collect,CoC\n400,R,R\n2230,R*,.\n", "26", source="page").rows()[-1]
    ('primarySite', '260', 'NPCR', 'R', 'page')
    """
    rows = _rows(name, content)
    header = [cell.strip() for cell in rows[0]]
    small = [cell.lower() for cell in header]
    is_long = set(small) >= LONG or (agency is not None and {"item", "code"} <= set(small))
    at = next((small.index(one) for one in NUMBERS if one in small), None)
    if at is None:
        raise BadInput(name, "has no column item", "name the column of NAACCR numbers or ids `item`")
    agencies = (
        [] if is_long else [n for n, cell in enumerate(small) if n != at and cell not in (*NUMBERS, *NAMES)]
    )
    if not is_long and not agencies:
        raise BadInput(name, "has neither agency and code nor a column for an agency")
    found = []
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(small, row + [""] * (len(header) - len(row)), strict=False))
        where = f"{name}:{line}"
        item = _item(row[at].strip() if at < len(row) else "", where)
        version = _version(cells.get("naaccr_version") or cells.get("version") or naaccr_version, where)
        told = cells.get("source") or cells.get("source of standard") or source
        pairs = (
            [(cells.get("agency") or agency or "", cells["code"])]
            if is_long
            else [(_COLLECT.sub("", header[n]), row[n] if n < len(row) else "") for n in agencies]
        )
        for who, cell in pairs:
            code = cell.strip().upper()
            if not code:
                continue
            if not _CODE.fullmatch(code) or not who.strip():
                raise BadInput(
                    where,
                    f"{who.strip() or 'no agency'} {code!r} is no required status",
                    "see R, RH, RS, D, S, .",
                )
            found.append((item, version, who.strip(), code, told))
    if not found:
        raise BadInput(name, "holds no status")
    table = pl.DataFrame(found, schema=SCHEMA, orient="row")
    return table.unique(["item", "naaccr_version", "agency"], keep="last").sort(
        "naaccr_version", "agency", "item"
    )


def required_of(table: pl.DataFrame, request: Request) -> pl.DataFrame:
    """frame[item, code], sorted: what the request's receiver requires of its version, as far as its records can hold it.

    Args:
        table: as `read_required` gives it.
    """
    legal = {
        item.id
        for item in standards.dictionary(request.version).definitions
        if request.type in item.record_types
    }
    return (
        table.filter(
            pl.col("agency").str.to_uppercase() == (request.profile.agency or "").upper(),
            pl.col("naaccr_version") == request.version,
            pl.col("code").is_in(MUST),
            pl.col("item").is_in(sorted(legal)),
        )
        .select("item", "code")
        .unique()
        .sort("item")
    )


def _rows(name: str, content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(name, "is not UTF-8", "save it as CSV UTF-8") from None
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = next((one for one in ("\t", ";", ",") if one in first), ",")
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if len(rows) < 2:
        raise BadInput(name, "holds no rows", "write a header and a row an item")
    return rows


def _item(text: str, where: str) -> str:
    try:
        if text.isascii() and text.isdigit():
            found = standards.by_number(int(text))
            if found is None:
                raise NotFound(text, "no NAACCR version has this item number")
            return found.id
        return standards.item(text).id
    except NotFound as error:
        raise BadInput(where, str(error)) from None


def _version(text: str | None, where: str) -> str:
    if not text:
        raise BadInput(
            where, "names no NAACCR version", "add a column naaccr_version, or give --naaccr-version"
        )
    try:
        return standards.version_code(text.strip())
    except NotFound as error:
        raise BadInput(where, str(error)) from None
