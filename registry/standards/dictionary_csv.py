"""Read a user-defined dictionary written as a table.

The layout is the one that NAACCR and SEER publish dictionaries in: NAACCR XML ID, NAACCR Number, Name,
Start Column, Length, Record Types, Parent XML Element, Data Type. Columns may come in any order, headings in
any case; commas, semicolons or tabs separate them; Padding, Trim, Dictionary URI and NAACCR Version are
optional. What a table has no column for can stand in front of it: `# dictionaryUri: https://...`.
"""

from __future__ import annotations

import csv
import io
import re

from registry.standards.dictionary_raw import (
    MAX_BYTES,
    MAX_ITEMS,
    Problem,
    RawDictionary,
    RawItem,
    Unreadable,
    shown,
)

# Heading (letters only, lower case) → attribute of the XML dictionary.
HEADINGS = {
    **dict.fromkeys(("naaccrxmlid", "xmlnaaccrid", "naaccrid", "xmlid", "id"), "naaccrId"),
    **dict.fromkeys(("naaccrnumber", "naaccrnum", "itemnumber", "dataitemnumber", "number"), "naaccrNum"),
    **dict.fromkeys(("name", "naaccrname", "itemname", "dataitemname"), "naaccrName"),
    **dict.fromkeys(("startcolumn", "column"), "startColumn"),
    **dict.fromkeys(("length", "fieldlength"), "length"),
    **dict.fromkeys(("recordtypes", "recordtype"), "recordTypes"),
    **dict.fromkeys(("parentxmlelement", "parentelement", "level"), "parentXmlElement"),
    **dict.fromkeys(("datatype", "type"), "dataType"),
    "padding": "padding",
    "trim": "trim",
    "allowunlimitedtext": "allowUnlimitedText",
    "sourceofstandard": "sourceOfStandard",
}
ROOT = {
    "dictionaryuri": "dictionaryUri",
    "naaccrversion": "naaccrVersion",
    "specificationversion": "specificationVersion",
    "datelastmodified": "dateLastModified",
    "description": "description",
}
NEEDED = ("naaccrId", "naaccrNum", "length", "parentXmlElement")
NOTE = re.compile(r"#\s*([A-Za-z ]+?)\s*[:=]\s*(.*)")


def parse_csv(data: bytes, name: str) -> RawDictionary:
    r"""Parse a dictionary table.

    Args:
        data: the file: UTF-8 or UTF-16 with or without BOM, else Windows-1252.
        name: file name for error lines.

    Raises:
        Unreadable: there is no heading line with id, number, length and parent element, or a quote is open.

    >>> table = b"NAACCR XML ID;NAACCR Number;Length;Parent XML Element\nshoeSize;9700;2;Patient\n"
    >>> parse_csv(table, "state.csv").items[0].attributes["naaccrId"]
    'shoeSize'
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(name, 1, "too-large", f"it has more than {MAX_BYTES:,} bytes", "send a dictionary")
    raw = RawDictionary(name, 1, {}, table=True)
    lines = _lines(_text(data), name, raw)
    if len(lines) > MAX_ITEMS:
        raise Unreadable(name, 1, "too-large", f"it has more than {MAX_ITEMS:,} rows", "send a dictionary")
    heading: list[str | None] = []
    root_columns: dict[int, str] = {}
    for line, cells in lines:
        if not heading:
            heading, root_columns = _heading(line, cells, name, raw)
            raw.line = line
            continue
        if len(cells) > len(heading) and any(cell.strip() for cell in cells[len(heading) :]):
            what = f"{len(cells)} values below {len(heading)} headings"
            raw.problems.append(Problem(line, cells[0].strip() or None, "columns", what))
        pairs = zip(heading, cells, strict=False)
        item = RawItem(line, {name: value.strip() for name, value in pairs if name and value.strip()})
        raw.items.append(item)
        for place, attribute in root_columns.items():
            if place < len(cells) and cells[place].strip():
                raw.attributes.setdefault(attribute, cells[place].strip())
    if not heading:
        raise Unreadable(name, 1, "no-heading", "the table is empty", "give it a line of headings")
    return raw


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _lines(text: str, name: str, raw: RawDictionary) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row that is not blank; notes in front of the table go to `raw.attributes`."""
    skipped, rest = 0, text.splitlines(keepends=True)
    while rest and (not rest[0].strip() or rest[0].startswith("#")):
        skipped += 1
        note = NOTE.match(rest.pop(0).strip().rstrip(",;\t"))
        if note and (attribute := ROOT.get(_letters(note[1]))):
            raw.attributes[attribute] = note[2].strip()
    first = rest[0] if rest else ""
    delimiter = max(",;\t", key=first.count)
    table = csv.reader(io.StringIO("".join(rest), newline=""), delimiter=delimiter, strict=True)
    found, start = [], skipped + 1
    try:
        for cells in table:
            if any(cell.strip() for cell in cells):
                found.append((start, cells))
            start = skipped + table.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            name, start, "not-a-table", f"the table cannot be read ({error})", "correct it"
        ) from None
    return found


def _heading(
    line: int, cells: list[str], name: str, raw: RawDictionary
) -> tuple[list[str | None], dict[int, str]]:
    known = [HEADINGS.get(_letters(cell)) for cell in cells]
    missing = [wanted for wanted in NEEDED if wanted not in known]
    if missing:
        what = f"the table has no heading for {', '.join(missing)}"
        action = "head it NAACCR XML ID, NAACCR Number, Name, Start Column, Length, Record Types, Parent XML Element, Data Type"
        raise Unreadable(name, line, "no-heading", what, action)
    root = {place: ROOT[key] for place, cell in enumerate(cells) if (key := _letters(cell)) in ROOT}
    for place, cell in enumerate(cells):
        if known[place] is None and place not in root and cell.strip():
            raw.problems.append(
                Problem(line, None, "unknown-attribute", f"heading {shown(cell)} is not known")
            )
    return known, root


def _letters(heading: str) -> str:
    return re.sub(r"[^a-z]", "", heading.lower())
