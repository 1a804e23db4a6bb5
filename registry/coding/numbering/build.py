"""Writes the table that says in which series of sequence numbers a tumor counts."""

from __future__ import annotations

from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table

TABLES: tuple[Table, ...] = (
    Table(
        name="sequence_series.csv",
        content="series of sequence numbers by behavior, site, histology and year of diagnosis; the first row that fits",
        source="NAACCR Data Standards and Data Dictionary, items 380 and 560, tables of series by type of neoplasm",
        version="26",
        licence="NAACCR: facts from a public standard",
    ),
)
COLUMNS = ("kind", "step", "behaviors", "sites", "histologies", "year_min", "year_max", "series", "why")
ROWS = (
    ("hospital", 1, "2-3", "", "", "", "", "malignant", "in situ or malignant"),
    ("hospital", 2, "0-1", "", "", "", "", "non-malignant", "benign or borderline"),
    ("central", 1, "2", "530-539", "", "1996", "2002", "98", "cervix in situ diagnosed 1996 to 2002"),
    ("central", 2, "2", "530-539", "", "2003", "", "non-malignant", "cervix in situ diagnosed 2003 or later"),
    ("central", 3, "2-3", "440-449", "8000-8110", "", "", "non-malignant", "basal or squamous cell skin cancer"),
    ("central", 4, "2", "619", "8148", "", "", "non-malignant", "intraepithelial neoplasia of the prostate"),
    ("central", 5, "2-3", "", "", "", "", "malignant", "in situ or malignant"),
    ("central", 6, "0-1", "", "", "", "", "non-malignant", "benign or borderline"),
)  # fmt: skip


def build(shared: Path, out: Path, *, partly: bool = False) -> dict[str, int]:
    """Write the table; nothing of `shared` is needed, the series stand in the standard's text."""
    if partly:
        return {}
    return {"sequence_series.csv": reference.write(out / "sequence_series.csv", COLUMNS, ROWS)}
