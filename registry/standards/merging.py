"""Add a newly published version to the tables that are known: next year's files need not hold last year's.

A table is unfolded into facts by version, the versions that were published replace theirs, and it is folded
again. Merging the same files twice gives the same tables as merging them once.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from registry.errors import BadInput
from registry.standards import build, build_codes, build_icdo, build_types
from registry.standards.published import Published, published, stage
from registry.standards.tables import DATA

SOURCE_ORDER = ("morphology", "lookups", "documented", "padoh")
"""Where an item's code list comes from, the first that knows it decides (`build_codes.code_tables`)."""
OF_ITEMS = ("code_lists.csv", "codes.csv.gz", "ranges.csv", "item_types.csv", "further_codes.csv")
"""Tables about items by id."""
OF_ALL_VERSIONS = ("morphology", "padoh")
"""Sources that are published without versions: their codes count for every one."""

__all__ = ["Published", "Row", "merge", "published", "read", "write"]

Row = dict[str, str]


def merge(known: Path, files: Published, out: Path) -> None:
    """Write the known tables with the published files added into a new folder.

    Args:
        known: folder of tables in use; a table that it lacks is the package's own.
        files: what was published.
        out: folder to write to; made when missing.

    Raises:
        BadInput: a published file cannot be read.
    """
    copy(known, out)
    with tempfile.TemporaryDirectory(prefix="registry-standards-") as work:
        staged = Path(work)
        try:
            stage(files, staged)
            items = _merge_items(staged, files, out)
            _merge_terms(staged, files, out)
            lengths: dict[str, int] = {}
            for row in items:
                lengths[row["id"]] = max(lengths.get(row["id"], 0), int(row["length"]))
            _merge_codes(staged, items, lengths, out)
            _merge_types(staged, items, lengths, out)
            _follow_renames(known, out)
        except (OSError, EOFError, ValueError, IndexError, UnicodeDecodeError, csv.Error) as error:
            what = f"the published tables cannot be read ({type(error).__name__})"
            raise BadInput(str(files.naaccr), what, "compare their layout with last year's") from None


def copy(known: Path, out: Path) -> None:
    """The known tables (what the folder lacks, the package's own) in a new folder, made when missing."""
    out.mkdir(parents=True, exist_ok=True)
    for path in {path.name: path for folder in (DATA, known) for path in folder.iterdir()}.values():
        if path.suffix in (".csv", ".gz"):
            shutil.copyfile(path, out / path.name)


# --- items -----------------------------------------------------------------------------------------------


def _merge_items(staged: Path, files: Published, out: Path) -> list[Row]:
    """Items, grouped items and renamed items; returns the rows of items."""
    new_items, new_groups, _ = build.item_tables(staged / "dictionaries")
    before = read(out / "items.csv")
    items = _with_versions(before, _rows(build.ITEM_COLUMNS, new_items), ("kind",))
    items.sort(key=lambda row: (row["kind"], int(row["number"]), row["versions"], row["id"]))
    groups = _with_versions(read(out / "grouped_items.csv"), _rows(build.GROUP_COLUMNS, new_groups), ())
    # A version without grouped items says so by having none.
    groups = _without(groups, {*files.versions} - {v for row in new_groups for v in str(row[0]).split()})
    groups.sort(key=lambda row: (int(row["number"]), row["versions"]))
    write(out / "items.csv", build.ITEM_COLUMNS, items)
    write(out / "grouped_items.csv", build.GROUP_COLUMNS, groups)

    known = {(int(row["number"]), row["old_id"], row["id"]) for row in read(out / "renamed_items.csv")}
    named = [(row["kind"], row["versions"], row["number"], row["id"]) for row in items]
    known |= {*build.renamed_rows(files.naaccr, named), *_corrected(before, items, files.versions)}
    newest = {int(row["number"]): row["id"] for row in _of(items, max(_versions(items)))}
    renamed = {(number, old, newest.get(number, new)) for number, old, new in known}
    header = ("number", "old_id", "id")
    write(
        out / "renamed_items.csv", header, _rows(header, sorted(row for row in renamed if row[1] != row[2]))
    )
    return items


def _corrected(before: list[Row], after: list[Row], versions: Iterable[str]) -> set[tuple[int, str, str]]:
    """Ids that an earlier edition of the same version had, as NAACCR corrects a dictionary after its release."""
    found = set()
    for version in versions:
        ids = {row["number"]: row["id"] for row in _of(after, version)}
        for row in _of(before, version):
            new = ids.get(row["number"], row["id"])
            if new != row["id"] and row["id"] not in ids.values():
                found.add((int(row["number"]), row["id"], new))
    return found


def _versions(items: Iterable[Row]) -> set[str]:
    return {version for row in items if row["kind"] == "base" for version in row["versions"].split()}


def _of(items: Iterable[Row], version: str) -> list[Row]:
    return [row for row in items if row["kind"] == "base" and version in row["versions"].split()]


def _with_versions(known: list[Row], new: list[Row], scope: tuple[str, ...]) -> list[Row]:
    """Facts by version: those that were published replace the known ones of the same version and scope."""
    replaced = {(*(row[name] for name in scope), v) for row in new for v in row["versions"].split()}
    facts: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for rows, is_new in ((known, False), (new, True)):
        for row in rows:
            kept = {
                version
                for version in row["versions"].split()
                if is_new or (*(row[name] for name in scope), version) not in replaced
            }
            fact = tuple((name, value) for name, value in row.items() if name != "versions")
            if kept:
                facts.setdefault(tuple(sorted(fact)), set()).update(kept)
    return [{**dict(fact), "versions": " ".join(sorted(versions))} for fact, versions in facts.items()]


def _without(rows: list[Row], versions: set[str]) -> list[Row]:
    kept = [
        {**row, "versions": " ".join(v for v in row["versions"].split() if v not in versions)} for row in rows
    ]
    return [row for row in kept if row["versions"]]


# --- terms -----------------------------------------------------------------------------------------------


def _merge_terms(staged: Path, files: Published, out: Path) -> None:
    """ICD-O-3 terms: an edition that was published replaces the known one of its name."""
    header = ("edition", "code", "behavior", "kind", "name", "note")
    new = _rows(header, build_icdo.morphology_rows(staged, staged / "coding"))
    editions = {row["edition"] for row in new}
    kept = [row for row in read(out / "morphology.csv.gz") if row["edition"] not in editions]
    rows = sorted([*kept, *new], key=lambda row: tuple(row[name] for name in header))
    write(out / "morphology.csv.gz", header, rows)
    if files.coding is None:
        return
    if (files.coding / "icdo" / "icdo3_topography_terms.txt").is_file():
        sites, terms = build_icdo.topography_rows(files.coding), build_icdo.topography_term_rows(files.coding)
        build.write_table(out / "topography.csv", ("code", "name", "group"), sites)
        build.write_table(out / "topography_terms.csv.gz", ("code", "term"), terms)
    if (files.coding / "seer" / "countyatdxanalysis" / "state-county-map.csv").is_file():
        build.write_table(out / "counties.csv", ("state", "county"), build.county_rows(files.coding))


# --- code lists ------------------------------------------------------------------------------------------


def _merge_codes(staged: Path, items: list[Row], lengths: dict[str, int], out: Path) -> None:
    """Code lists: a published version's codes of an item replace the known ones of that version."""
    published_lists = sorted(
        {path.name[8:10] for path in (staged / "codes").glob("naaccr-v??-lookups.csv.gz")}
    )
    if not published_lists:
        return
    terms = [
        (row["edition"], row["code"], row["behavior"], row["kind"], row["name"], row["note"])
        for row in read(out / "morphology.csv.gz")
    ]
    new = build_codes.code_tables(staged / "codes", lengths, terms)
    lists = read(out / "code_lists.csv")
    source = {row["item"]: row["source"] for row in lists}
    closed = {row["item"]: row["closed"] for row in lists}
    # Schemes without a version are for items that nothing better lists, in any version.
    passed_over = {
        item for item, _, origin in new.lists if origin == "padoh" and source.get(item, origin) != origin
    }
    new.codes = [row for row in new.codes if row[0] not in passed_over]
    new.ranges = [row for row in new.ranges if row[0] not in passed_over]
    has_values = {row[0] for row in (*new.codes, *new.ranges)} | ({"causeOfDeath"} if new.causes else set())
    for item, is_closed, origin in new.lists:
        if item in has_values:
            closed[item] = str(is_closed).lower()
            source[item] = min(source.get(item, origin), origin, key=SOURCE_ORDER.index)
    header = ("item", "closed", "source")
    write(out / "code_lists.csv", header, _rows(header, [(i, closed[i], source[i]) for i in sorted(source)]))

    codes = _with_codes(
        _carried_on(read(out / "codes.csv.gz"), items, new),
        _rows(("item", "code", "label", "versions"), new.codes),
        ("item", "code"),
    )
    every = " ".join(sorted({version for row in codes for version in row["versions"].split()}))
    for row in codes:
        if source.get(row["item"]) in OF_ALL_VERSIONS:
            row["versions"] = every
    write(out / "codes.csv.gz", ("item", "code", "label", "versions"), codes)
    spans = ("item", "low", "high", "label", "versions")
    ranges = _with_codes(
        _carried_on(read(out / "ranges.csv"), items, new), _rows(spans, new.ranges), ("item", "low", "high")
    )
    write(out / "ranges.csv", spans, ranges)
    named = ("code", "label", "versions")
    causes = _with_codes(
        _carried_on(read(out / "causes_of_death.csv.gz"), items, new), _rows(named, new.causes), ("code",)
    )
    write(out / "causes_of_death.csv.gz", named, causes)


def _carried_on(known: list[Row], items: list[Row], new: build_codes.CodeTables) -> list[Row]:
    """Known rows; an item that a new list says nothing of keeps what the list before it said."""
    lists = {version for row in (*new.codes, *new.ranges, *new.causes) for version in row[-1].split()}
    before = {version for row in known for version in row["versions"].split()}
    published_items = {row[0] for row in (*new.codes, *new.ranges)} | (
        {"causeOfDeath"} if new.causes else set()
    )
    rows = known
    for version in sorted(lists - before):
        earlier = max((one for one in before if one < version), default="")
        present = {row["id"] for row in _of(items, version + "0")}
        rows = [
            {**row, "versions": f"{row['versions']} {version}"}
            if row.get("item", "causeOfDeath") in present - published_items
            and earlier in row["versions"].split()
            else row
            for row in rows
        ]
        before = before | {version}
    return rows


def _merge_types(staged: Path, items: list[Row], lengths: dict[str, int], out: Path) -> None:
    """What kinds of values items have, where that was published again."""
    if not (staged / "codes" / "padoh-field_info.csv").is_file():
        return
    ids: dict[int, set[str]] = {}
    for row in items:
        if row["kind"] == "base":
            ids.setdefault(int(row["number"]), set()).add(row["id"])
    known = [(row["item"], row["code"]) for row in read(out / "codes.csv.gz")]
    known += [(row["item"], row["low"]) for row in read(out / "ranges.csv")]
    types = build_types.type_tables(staged / "codes", ids, lengths, known)
    build.write_table(out / "item_types.csv", ("item", "kind", "sentinels", "unknown"), types.types)
    build.write_table(out / "sentinels.csv", ("scheme", "code", "label"), types.sentinels)
    build.write_table(out / "further_codes.csv", ("item", "code", "label"), types.further)


def _follow_renames(known: Path, out: Path) -> None:
    """What is known of an item under its former id is known under the new one, unless that was published."""
    earlier = read(known / "renamed_items.csv")
    renamed = {row["old_id"]: row["id"] for row in read(out / "renamed_items.csv") if row not in earlier}
    for name in OF_ITEMS:
        rows = read(out / name)
        present = {row["item"] for row in rows}
        added = [
            {**row, "item": renamed[row["item"]]}
            for row in rows
            if row["item"] in renamed and renamed[row["item"]] not in present
        ]
        if added:
            header = list(rows[0])
            order = [column for column in header if column not in ("label", "versions")]
            rows = sorted([*rows, *added], key=lambda row: [row[column] for column in order])
            write(out / name, header, rows)


def _with_codes(known: list[Row], new: list[Row], key: tuple[str, ...]) -> list[Row]:
    """Codes with the union of their versions; the newest version that has a code names it."""
    replaced = {(row.get("item", ""), version) for row in new for version in row["versions"].split()}
    merged: dict[tuple[str, ...], Row] = {}
    for rows, is_new in ((known, False), (new, True)):
        for row in rows:
            kept = {
                version
                for version in row["versions"].split()
                if is_new or (row.get("item", ""), version) not in replaced
            }
            if not kept:
                continue
            before = merged.get(tuple(row[name] for name in key))
            versions = kept | set(before["versions"].split() if before else ())
            newer = before is None or max(kept) >= max(before["versions"].split())
            label = row["label"] if newer or before is None else before["label"]
            merged[tuple(row[name] for name in key)] = {
                **row,
                "label": label,
                "versions": " ".join(sorted(versions)),
            }
    return [merged[name] for name in sorted(merged)]


# --- files -----------------------------------------------------------------------------------------------


def read(path: Path) -> list[Row]:
    """Rows of a table as text."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def write(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows in the order of the header's columns."""
    build.write_table(path, header, ([row.get(name, "") for name in header] for row in rows))


def _rows(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[Row]:
    def text(value: object) -> str:
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    return [dict(zip(header, map(text, row), strict=True)) for row in rows]
