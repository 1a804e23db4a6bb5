"""What is different between two sets of tables: items and allowed codes of their newest versions.

>>> old, new = TableSet(DATA), TableSet(DATA)
>>> compare_items(old, new).height, compare_codes(old, new).height
(0, 0)
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from registry.standards.code_lists import _in_range
from registry.standards.merging import Row, read
from registry.standards.tables import DATA

PROPERTIES = {
    **{"level": "level", "length": "length", "data_type": "type", "record_types": "record types"},
    **{"padding": "padding", "trim": "trim", "unlimited": "unlimited text", "name": "name"},
}
"""Column of items.csv → what a change of it is called."""
ITEMS: dict[str, Any] = dict.fromkeys(("change", "number", "item", "before", "after"), pl.String) | {
    "number": pl.Int32
}
CODES: dict[str, Any] = dict.fromkeys(("item", "change", "code", "before", "after"), pl.String)


class TableSet:
    """Tables of one folder, read without putting them into use.

    `version` is the newest NAACCR version; `items` its items by number, as rows of text.

    >>> TableSet(DATA).items[400]["id"]
    'primarySite'
    """

    def __init__(self, folder: Path, version: str | None = None) -> None:
        self._folder = folder
        rows = [row for row in self._read("items.csv") if row["kind"] == "base"]
        versions = {version for row in rows for version in row["versions"].split()}
        self.version = version or max(versions)
        newest = [row for row in rows if self.version in row["versions"].split()]
        self.items: dict[int, Row] = {int(row["number"]): row for row in newest}
        self.ids: dict[str, Row] = {row["id"]: row for row in newest}

    def _read(self, name: str) -> list[Row]:
        path = self._folder / name
        return read(path if path.is_file() else DATA / name)

    @cached_property
    def _codes(self) -> dict[str, list[Row]]:
        causes = [{**row, "item": "causeOfDeath"} for row in self._read("causes_of_death.csv.gz")]
        found: dict[str, list[Row]] = {}
        for row in (*self._read("codes.csv.gz"), *causes):
            found.setdefault(row["item"], []).append(row)
        return found

    @cached_property
    def _list_version(self) -> str:
        published = sorted(
            {v for rows in self._codes.values() for row in rows for v in row["versions"].split()}
        )
        return max((v for v in published if v <= self.version[:2]), default=published[0])

    @cached_property
    def closed(self) -> frozenset[str]:
        """Items whose every allowed value is listed."""
        return frozenset(row["item"] for row in self._read("code_lists.csv") if row["closed"] == "true")

    @cached_property
    def _ranges(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for row in self._read("ranges.csv"):
            found.setdefault(row["item"], []).append((row["low"], row["high"]))
        return found

    def codes(self, item: str) -> dict[str, str]:
        """Code → label of an item in the newest list (of the last version that had it, for a retired item)."""
        rows = self._codes.get(item, [])
        current = [row for row in rows if self._list_version in row["versions"].split()]
        return {row["code"]: row["label"] for row in current or rows}

    def special(self, item: str) -> frozenset[str]:
        """Codes of an item, and values that are no numbers though they are written in digits (999 = unknown)."""
        return frozenset({*self.codes(item), *self._further.get(item, ())})

    @cached_property
    def _further(self) -> dict[str, set[str]]:
        schemes: dict[str, set[str]] = {}
        for row in self._read("sentinels.csv"):
            schemes.setdefault(row["scheme"], set()).add(row["code"])
        found = {row["item"]: set(schemes.get(row["sentinels"], ())) for row in self._read("item_types.csv")}
        for row in self._read("further_codes.csv"):
            found.setdefault(row["item"], set()).add(row["code"])
        return found

    def ranges(self, item: str) -> list[tuple[str, str]]:
        """Allowed ranges of values (lowest, highest) beside the codes."""
        return self._ranges.get(item, [])

    def allows(self, item: str, value: pl.Expr) -> pl.Expr:
        """True when a value is in the item's closed list, and for every value of an item without one."""
        if item not in self.closed:
            return pl.lit(True)
        allowed = value.is_in(sorted(self.codes(item)))
        for low, high in self.ranges(item):
            allowed |= _in_range(value, low, high)
        return allowed

    def listed(self, item: str) -> set[str]:
        """Codes and ranges of a closed list as text; empty for an item without one."""
        spans = {f"{low}-{high}" for low, high in self.ranges(item)}
        return {*self.codes(item), *spans} if item in self.closed else set()


def compare_items(old: TableSet, new: TableSet) -> pl.DataFrame:
    """Items added, retired, renamed and changed: frame[change, number, item, before, after], by number.

    `item` is the id now (of a retired item, the last one). An item is its number: another id under the
    same number is a new name of the item.
    """
    rows: list[tuple[str, int, str, str | None, str | None]] = []
    for number in sorted({*old.items, *new.items}):
        was, now = old.items.get(number), new.items.get(number)
        if was is None and now is not None:
            rows.append(
                ("added", number, now["id"], None, f"{now['name']} ({now['level']}, {now['length']})")
            )
        elif now is None and was is not None:
            rows.append(("retired", number, was["id"], was["name"], None))
        elif was is not None and now is not None:
            if was["id"] != now["id"]:
                rows.append(("renamed", number, now["id"], was["id"], now["id"]))
            for column, change in PROPERTIES.items():
                if was[column] != now[column]:
                    rows.append((change, number, now["id"], was[column], now[column]))
    return pl.DataFrame(rows, schema=ITEMS, orient="row")


def compare_codes(old: TableSet, new: TableSet) -> pl.DataFrame:
    """Codes of items of the newer version: frame[item, change, code, before, after], by item, change and code.

    `change` is added, removed, label, or closed / opened (the list now allows nothing else, or more);
    `before` and `after` are labels.
    """
    rows: list[tuple[str, str, str, str | None, str | None]] = []
    for number, row in new.items.items():
        name = row["id"]
        older = old.items[number]["id"] if number in old.items else name
        was, now = old.codes(older), new.codes(name)
        if not was and not now:
            continue
        for span in sorted({*old.ranges(older), *new.ranges(name)}):
            label = "-".join(span)
            was |= {label: "range"} if span in old.ranges(older) else {}
            now |= {label: "range"} if span in new.ranges(name) else {}
        rows += [(name, "added", code, None, now[code]) for code in now.keys() - was.keys()]
        rows += [(name, "removed", code, was[code], None) for code in was.keys() - now.keys()]
        rows += [(name, "label", c, was[c], now[c]) for c in was.keys() & now.keys() if was[c] != now[c]]
        if number in old.items and (older in old.closed) != (name in new.closed):
            rows.append((name, "closed" if name in new.closed else "opened", "", None, None))
    return pl.DataFrame(rows, schema=CODES, orient="row").sort("item", "change", "code")


def judged_otherwise(old: TableSet, new: TableSet) -> dict[str, str]:
    """Items that are judged by other rules now: id now → id before, sorted."""
    found = {}
    for number, row in new.items.items():
        was = old.items.get(number)
        if was is None:
            continue
        rules = ("length", "data_type", "padding", "trim", "unlimited")
        changed = any(was[column] != row[column] for column in rules)
        if changed or old.listed(was["id"]) != new.listed(row["id"]):
            found[row["id"]] = was["id"]
    return dict(sorted(found.items()))
