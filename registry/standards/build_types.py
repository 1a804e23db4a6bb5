"""What kind of value each item holds, and which codes inside numbers are no numbers.

Facts from the record types of R's `naaccr` package (WerthPADOH/naaccr); its labels are used only for
codes that no other source lists.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "factor": "category",
    "boolean01": "boolean",
    "boolean12": "boolean12",
    "override": "override",
    **dict.fromkeys(("sentineled_integer", "integer", "count", "age"), "integer"),
    **dict.fromkeys(("sentineled_numeric", "numeric"), "decimal"),
    "Date": "date",
    "datetime": "datetime",
}
"""Type there → kind here; every other type is text."""


@dataclass
class TypeTables:
    """Rows of item_types, sentinels and further_codes, each sorted by its first columns."""

    types: list[tuple[str, str, str, str]]
    sentinels: list[tuple[str, str, str]]
    further: list[tuple[str, str, str]]


def type_tables(
    folder: Path, ids: Mapping[int, set[str]], lengths: Mapping[str, int], known: Iterable[tuple[str, ...]]
) -> TypeTables:
    """Types, sentinels and further codes.

    Args:
        folder: the published `naaccr/codes`.
        ids: number → ids of the item in any version.
        lengths: id → longest length.
        known: rows (item, code, ...) of the code lists.
    """
    schemes = _schemes(folder)
    scheme_of = dict(_rows(folder / "padoh-field_code_scheme.csv"))
    sentinel_of = dict(_rows(folder / "padoh-field_sentinel_scheme.csv"))
    sentinels = {
        (scheme, code): label for scheme, code, label in _rows(folder / "padoh-sentinel-schemes.csv") if code
    }
    listed = {(row[0], row[1]) for row in known}
    fields = _rows(folder / "padoh-field_info.csv")
    names = {name for _, name, _ in fields}
    types, further = [], []
    for number, name, kind in fields:
        codes = schemes.get(scheme_of.get(name, ""), {})
        unknown = " ".join(sorted(code for code, (_, missing) in codes.items() if missing))
        # Items are known there by one id; those that had another one in some version are of the same kind.
        for item in [name, *sorted(ids.get(int(number), set()) - names)]:
            scheme = sentinel_of.get(name, "")
            if kind in ("count", "age"):
                # All nines mean unknown there.
                scheme = item
                sentinels[scheme, "9" * lengths.get(item, 3)] = "unknown"
            types.append((item, KINDS.get(kind, "text"), scheme, unknown))
        if kind == "factor":
            further += [
                (name, code, label) for code, (label, _) in codes.items() if (name, code) not in listed
            ]
    order = {key: place for place, key in enumerate(sentinels)}
    return TypeTables(
        sorted(types),
        [
            (*key, label)
            for key, label in sorted(sentinels.items(), key=lambda one: (one[0][0], order[one[0]]))
        ],
        sorted(further),
    )


def _schemes(folder: Path) -> dict[str, dict[str, tuple[str, bool]]]:
    """Scheme → code → (label, does it mean missing); the first label of a code counts."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    with gzip.open(folder / "padoh-code-schemes.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for scheme, code, label, missing, *_ in list(csv.reader(file))[1:]:
            if code and label:
                found.setdefault(scheme, {}).setdefault(code, (" ".join(label.split()), missing == "TRUE"))
    return found


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if row]
