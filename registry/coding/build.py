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

from registry.errors import NotFound

DATA = Path(__file__).parent / "data"

SOURCES = {
    "2003": "site-recode-data-2003.csv",
    "2003-without-km": "site-recode-data-2003-without-kms.csv",
    "2008": "site-recode-data-2008.csv",
    "2023": "site-recode-data-2023.csv",
    "2023-expanded": "site-recode-data-2023-expanded.csv",
}
"""Recode → file of the published definition (imsweb/algorithms, content from SEER)."""

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


def build(shared: Path, out: Path = DATA) -> dict[str, int]:
    """Rewrite the tables; returns the number of rules of each recode.

    Args:
        shared: folder that holds `coding/seer/seersiterecode`.
        out: where to write.

    Raises:
        NotFound: a definition is not there.
    """
    folder = shared / "coding" / "seer" / "seersiterecode"
    rules: list[dict[str, str | int]] = []
    groups: list[dict[str, str | int]] = []
    for recode, name in SOURCES.items():
        path = folder / name
        if not path.is_file():
            raise NotFound(str(path), "the published site recode definition is not there")
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
    _write(out / "site_recode_rules.csv", RULE_COLUMNS, rules)
    _write(out / "site_recode_groups.csv", GROUP_COLUMNS, groups)
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


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str | int]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
