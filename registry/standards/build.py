"""Build this room's tables from the published files: `registry standards build --from DIR`.

The published files are not copied: their facts are normalised into small tables of our own, and
`SOURCES.md` beside them says where each came from. The same input gives the same bytes, so next
year's files are added by running this again and reading the diff.

Source layout: DIR/naaccr (dictionaries, items, codes) and DIR/coding (icdo, seer).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from registry.errors import NotFound
from registry.standards import build_codes, build_icdo, build_types
from registry.standards.dictionary_xml import parse_dictionary
from registry.standards.tables import DATA

ITEM_COLUMNS = [
    *("kind", "versions", "number", "id", "name", "length"),
    *("level", "record_types", "data_type", "padding", "trim", "unlimited", "start_column"),
]
GROUP_COLUMNS = ["versions", "number", "id", "name", "length", "start_column", "contains"]

# NAACCR v26: Sex [220] is retired; Sex Assigned at Birth [225] takes its place. Codes 3 and 4 of
# item 220 say nothing of the sex at birth; 5 and 6 name it.
SEX_CONVERSION = [
    ("1", "1", "male"),
    ("2", "2", "female"),
    ("3", "9", "other: sex at birth not stated"),
    ("4", "9", "transsexual, NOS: sex at birth not stated"),
    ("5", "1", "transsexual, natal male"),
    ("6", "2", "transsexual, natal female"),
    ("9", "9", "not stated or unknown"),
]


def build(shared: Path, out: Path = DATA) -> dict[str, int]:
    """Write every table of `registry.standards` and return the number of rows by file.

    Args:
        shared: folder with `naaccr/` and `coding/` as published.
        out: folder to write to (made when missing); by default the package's own.

    Raises:
        NotFound: `shared` lacks the published files.
    """
    naaccr, coding = shared / "naaccr", shared / "coding"
    if not (naaccr / "dictionaries").is_dir() or not (coding / "icdo").is_dir():
        raise NotFound(str(shared), "no naaccr/dictionaries and coding/icdo here", "name the folder of both")
    out.mkdir(parents=True, exist_ok=True)
    items, grouped, lengths = item_tables(naaccr / "dictionaries")
    morphology = build_icdo.morphology_rows(naaccr, coding)
    lists = build_codes.code_tables(naaccr / "codes", lengths, morphology)
    ids: dict[int, set[str]] = {}
    for row in items:
        if row[0] == "base":
            ids.setdefault(int(str(row[2])), set()).add(str(row[3]))
    types = build_types.type_tables(naaccr / "codes", ids, lengths, [*lists.codes, *lists.ranges])
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
        "items.csv": (ITEM_COLUMNS, items),
        "grouped_items.csv": (GROUP_COLUMNS, grouped),
        "renamed_items.csv": (("number", "old_id", "id"), renamed_rows(naaccr, items)),
        "code_lists.csv": (("item", "closed", "source"), lists.lists),
        "codes.csv.gz": (("item", "code", "label", "versions"), lists.codes),
        "ranges.csv": (("item", "low", "high", "label", "versions"), lists.ranges),
        "causes_of_death.csv.gz": (("code", "label", "versions"), lists.causes),
        "item_types.csv": (("item", "kind", "sentinels", "unknown"), types.types),
        "sentinels.csv": (("scheme", "code", "label"), types.sentinels),
        "further_codes.csv": (("item", "code", "label"), types.further),
        "topography.csv": (("code", "name", "group"), build_icdo.topography_rows(coding)),
        "topography_terms.csv.gz": (("code", "term"), build_icdo.topography_term_rows(coding)),
        "morphology.csv.gz": (("edition", "code", "behavior", "kind", "name", "note"), morphology),
        "sex_conversion.csv": (("sex", "sexAssignedAtBirth", "meaning"), SEX_CONVERSION),
        "counties.csv": (("state", "county"), county_rows(coding)),
    }
    counts = {name: write_table(out / name, header, rows) for name, (header, rows) in tables.items()}
    (out / "SOURCES.md").write_text(sources_text(out, counts), encoding="utf-8", newline="\n")
    return counts


def item_tables(folder: Path) -> tuple[list[list[object]], list[list[object]], dict[str, int]]:
    """Item and grouped-item rows of all base and default user dictionaries, and the id → length map.

    Equal definitions share a row; its `versions` are listed oldest first.
    """
    seen: dict[tuple[object, ...], list[str]] = {}
    groups: dict[tuple[object, ...], list[str]] = {}
    lengths: dict[str, int] = {}
    for path in sorted(folder.glob("*naaccr-dictionary-*.xml")):
        dictionary = parse_dictionary(path.read_bytes(), path.name)
        kind = "user" if path.name.startswith("user-") else "base"
        version = str(dictionary.version)
        for item in dictionary.items:
            key = (kind, *(item[column] for column in ITEM_COLUMNS[2:]))
            seen.setdefault(key, []).append(version)
            lengths[item["id"]] = max(lengths.get(item["id"], 0), item["length"])
        for item in dictionary.grouped:
            group = tuple(item[column] for column in GROUP_COLUMNS[1:])
            groups.setdefault(group, []).append(version)
    rows = [[key[0], " ".join(versions), *key[1:]] for key, versions in seen.items()]
    rows.sort(key=lambda row: (row[0], row[2], str(row[1])))
    group_rows = [[" ".join(versions), *key] for key, versions in groups.items()]
    return rows, sorted(group_rows, key=lambda row: (row[1], str(row[0]))), lengths


def renamed_rows(naaccr: Path, items: Iterable[Sequence[object]] = ()) -> list[tuple[int, str, str]]:
    """Old and new XML ids of the items that were renamed (17 to 18, and the 2019 shortening).

    With rows of items.csv, also those of any later version: another id under the same number.
    """
    rows = renames(items)
    for path in sorted((naaccr / "items" / "id-changes").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, old, new in list(csv.reader(file))[1:]:
                rows.add((int(number), old.strip(), new.strip()))
    return sorted(rows)


def renames(items: Iterable[Sequence[object]]) -> set[tuple[int, str, str]]:
    """(number, old id, newest id) of base items whose id changed between versions.

    >>> renames([("base", "140 150", 7, "foo"), ("base", "160", 7, "bar"), ("user", "140", 7, "gap")])
    {(7, 'foo', 'bar')}
    """
    last: dict[int, dict[str, str]] = {}
    for kind, versions, number, item in (row[:4] for row in items):
        if kind == "base":
            spans = last.setdefault(int(str(number)), {})
            spans[str(item)] = max(spans.get(str(item), ""), str(versions).split()[-1])
    newest = {number: max(spans, key=lambda item: spans[item]) for number, spans in last.items()}
    return {
        (number, old, newest[number])
        for number, spans in last.items()
        for old in spans
        if old != newest[number]
    }


def county_rows(coding: Path) -> list[tuple[str, str]]:
    """State abbreviation and FIPS county code, for all censuses together."""
    path = coding / "seer" / "countyatdxanalysis" / "state-county-map.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sorted({(row[0], row[1]) for row in list(csv.reader(file))[1:] if row})


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write a UTF-8 CSV, gzipped without a time stamp when the name ends in .gz; return its rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in row])
        count += 1
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data, compresslevel=9, mtime=0) if path.suffix == ".gz" else data)
    return count


def sources_text(out: Path, counts: dict[str, int]) -> str:
    """Provenance of every table, with its rows and the start of its SHA-256."""
    template = (Path(__file__).parent / "sources_template.md").read_text(encoding="utf-8")
    lines = ["| table | rows | sha-256 |", "|---|---:|---|"]
    for name in sorted(counts):
        digest = hashlib.sha256((out / name).read_bytes()).hexdigest()[:16]
        lines.append(f"| {name} | {counts[name]:,} | {digest} |")
    return template.replace("{tables}", "\n".join(lines))
