"""Makes the tables of this room from the published files.

* `historic_stage.csv.gz`: `table, step, conditions, result`: the 22 decision tables of SEER historic
  stage in one form; first matching step of a table wins; conditions are "axis=ranges; axis=ranges";
* `tumor_sizes.csv`: `site, sizes`: sizes that a tumor of this site can have.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from registry.coding import reference
from registry.coding.reference import Table
from registry.errors import BadInput

HISTORIC_STAGE: dict[str, tuple[str, tuple[str, ...]]] = {
    "leukemia": ("Leuk", ("site", "histology")),
    "cs_schema": ("SchemaFor2004+", ("site", "histology")),
    "cs_extension": ("csExt", ("schema", "extension")),
    "cs_nodes": ("csNode", ("schema", "nodes")),
    "cs_metastases": ("csMets", ("schema", "metastases")),
    "cs_stage": ("csStage", ("extension", "nodes", "metastases")),
    "eod_10_extension": ("Eod10Ext", ("year", "site", "histology", "extension")),
    "eod_10_nodes": ("Eod10Node", ("site", "histology", "nodes")),
    "eod_10_stage": ("Eod10Stage", ("extension", "nodes")),
    "eod_exceptions": ("EodPatch", ("source", "site", "histology")),
    "eod_4_stage": ("Eod4digStage", ("histology", "site", "extension", "nodes")),
    "eod_13_lung": ("Eod13digLung", tuple(f"digit_{n}" for n in range(4, 14))),
    "eod_13_melanoma": ("Eod13digMelanoma", ("site", *(f"digit_{n}" for n in (5, 6, 9, 10, 11, 12, 13)))),
    "eod_13_bladder": ("Eod13digBladder", tuple(f"digit_{n}" for n in (5, 6, 7, 9, 10, 11, 12, 13))),
    "eod_13_extension": ("Eod13digExt", ("site", *(f"digit_{n}" for n in (4, 5, 6, 7, 8, 13)))),
    "eod_13_nodes": ("Eod13digNodes", ("site", *(f"digit_{n}" for n in (7, 8, 9, 10, 11, 12)))),
    "eod_13_stage": ("Eod13digGeneralStage", ("site", "extension", "nodes")),
    "eod_2_direct": ("Eod2digDirectStage", ("site", "histology", "digit_1", "digit_2")),
    "eod_2_extension": ("Eod2digExt", ("histology", "site", "digit_1", "digit_2")),
    "eod_2_nodes": ("Eod2digNode", ("site", "digit_1", "digit_2")),
    "eod_2_stage": ("Eod2digExtNodeStage", ("site", "histology", "extension", "nodes")),
    "eod_0_stage": ("Eod0Stage", ("site", "histology", "digit_1", "digit_2")),
}
"""Table → part of its published file's name, and what its columns before the result hold."""

_SIZES = {"Not enough cases": "0-999", "Tumor size always 999": "999"}
"""Words that stand for sizes in the published list."""

TABLES = (
    Table(
        "historic_stage.csv.gz",
        "SEER historic stage: 22 decision tables (collaborative stage; EOD 10, 4, 13 and 2 digits), "
        "one row a rule, first match wins",
        "SEER historic stage, through imsweb/algorithms",
        "f8aad8d, 2026-05-14",
    ),
    Table(
        "tumor_sizes.csv",
        "sizes that a tumor of a site can have, in millimetres and special codes",
        "SEER Tumor Size Over Time, through imsweb/algorithms",
        "1.1, March 2024",
    ),
)


def build(shared: Path, out: Path = reference.DATA, *, partly: bool = False) -> dict[str, int]:
    """Rewrite the tables; returns the rows of each.

    Args:
        shared: folder that holds `coding/seer/historicstage` and `coding/seer/tumorsizeovertime`.
        out: where to write.
        partly: leave out tables whose published files are absent.

    Raises:
        NotFound: a published file is not there. BadInput: it does not have the columns it should have.
    """
    return reference.write_each(
        out,
        {
            "historic_stage.csv.gz": (
                ("table", "step", "conditions", "result"),
                lambda: _stage_rules(shared),
            ),
            "tumor_sizes.csv": (("site", "sizes"), lambda: sorted(_sizes(shared).items())),
        },
        partly=partly,
    )


def _stage_rules(shared: Path) -> Iterator[tuple[str, int, str, int]]:
    for table, (part, axes) in HISTORIC_STAGE.items():
        name = f"Historic-stage-{part}.csv"
        path = reference.published(shared, "seer", "historicstage", name)
        with path.open(encoding="ascii", newline="") as lines:
            rows = csv.reader(lines)
            next(rows)
            for step, row in enumerate(rows, 1):
                if len(row) < len(axes) + 1:
                    raise BadInput(f"{name}:{step + 1}", f"has {len(row)} columns", f"give {len(axes) + 1}")
                cells = zip(axes, row, strict=False)
                text = "; ".join(f"{axis}={_values(cell)}" for axis, cell in cells)
                yield table, step, text, int(row[len(axes)])


def _values(cell: str) -> str:
    """Values of a cell without leading zeros: "000-009,&" → "0-9 &"."""
    parts = (part.partition("-") for part in cell.split(",") if part)
    return " ".join(
        f"{int(low)}-{int(high)}" if low and high else f"{int(low)}" if low.isdigit() else low + dash
        for low, dash, high in parts
    )


def _sizes(shared: Path) -> dict[str, str]:
    """Sizes by site; the last line of a site counts."""
    path = reference.published(shared, "seer", "tumorsizeovertime", "edits.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        return {
            row[0][:4]: _SIZES.get(row[1]) or _values(row[1].replace(" ", "")) for row in csv.reader(lines)
        }
