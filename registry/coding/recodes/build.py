"""Makes this room's own tables from the published SEER site recode definitions.

`build(shared)` is re-runnable and deterministic. The result is one small table per kind, normalised
so that every definition has the same columns:

* `data/site_recode_rules.csv`: recode, step (order within the recode), code, sites_in, sites_out,
  histologies_in, histologies_out, behaviors, year_min, year_max (ranges blank-separated);
* `data/site_recode_groups.csv`: recode, position, code, name, indentation (headings included).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

SOURCES = {
    "2003": "site-recode-data-2003.csv",
    "2003-without-km": "site-recode-data-2003-without-kms.csv",
    "2008": "site-recode-data-2008.csv",
    "2023": "site-recode-data-2023.csv",
    "2023-expanded": "site-recode-data-2023-expanded.csv",
}
"""Recode → file of the published definition (imsweb/algorithms, content from SEER)."""

TABLES = (
    Table(
        "site_recode_rules.csv",
        "rules of the SEER site recodes 2003, 2003 without Kaposi sarcoma and mesothelioma, 2008 (WHO), 2023, "
        "2023 expanded: one row a rule, first match wins",
        "seer.cancer.gov/siterecode, through imsweb/algorithms",
        "f8aad8d, 2026-05-14 (2008: histology ranges as revised 2023-09)",
    ),
    Table(
        "site_recode_groups.csv",
        "names and indentation of the groups, headings included",
        "seer.cancer.gov/siterecode, through imsweb/algorithms",
        "f8aad8d, 2026-05-14",
    ),
)

RULE_COLUMNS = (
    "recode",
    "step",
    "code",
    "sites_in",
    "sites_out",
    "histologies_in",
    "histologies_out",
    "behaviors",
    "year_min",
    "year_max",
)
GROUP_COLUMNS = ("recode", "position", "code", "name", "indentation")


def build(shared: Path, out: Path = reference.DATA) -> dict[str, int]:
    """Rewrite the tables; returns the number of rules of each recode.

    Args:
        shared: folder that holds `coding/seer/seersiterecode`.
        out: where to write.

    Raises:
        NotFound: a definition is not there.
    """
    rules: list[dict[str, str | int]] = []
    groups: list[dict[str, str | int]] = []
    for recode, name in SOURCES.items():
        path = reference.published(shared, "seer", "seersiterecode", name)
        for position, row in enumerate(_rows(path), 1):
            code = row.get("Group code") or row.get("Recode") or ""
            label = row.get("Group Name") or row.get("Name") or ""
            if not any(g["recode"] == recode and g["name"] == label and g["code"] == code for g in groups):
                groups.append(
                    {
                        "recode": recode,
                        "position": position,
                        "code": code,
                        "name": " ".join(label.split()),
                        "indentation": row["Indentation"],
                    }
                )
            if code:
                rules.append({"recode": recode, "step": position, "code": code, **_conditions(row)})
    for name, columns, rows in (
        ("site_recode_rules.csv", RULE_COLUMNS, rules),
        ("site_recode_groups.csv", GROUP_COLUMNS, groups),
    ):
        reference.write(out / name, columns, ([row[column] for column in columns] for row in rows))
    return {recode: sum(rule["recode"] == recode for rule in rules) for recode in SOURCES}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="ascii", newline="") as lines:
        reader = csv.reader(lines, skipinitialspace=True)
        header = [name.strip() for name in next(reader)]
        for cells in reader:
            if cells:
                yield dict(zip(header, (cell.strip() for cell in cells), strict=False))


def _conditions(row: dict[str, str]) -> dict[str, str]:
    return {
        "sites_in": _ranges(row.get("Sites IN", "")),
        "sites_out": _ranges(row.get("Sites OUT", "")),
        "histologies_in": _ranges(row.get("Hist IN", "")),
        "histologies_out": _ranges(row.get("Hist OUT", "")),
        "behaviors": _ranges(row.get("Beh IN", "")),
        "year_min": row.get("DX Year Min", ""),
        "year_max": row.get("DX Year Max", ""),
    }


def _ranges(text: str) -> str:
    """Ranges without blanks and empty parts: ",9728-9729 , 9811" → "9728-9729 9811"."""
    return " ".join(part.strip().replace("C", "") for part in text.split(",") if part.strip())
