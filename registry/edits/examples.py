"""Examples beside the edits, turned into records: the spec tests run them, the manual prints them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from registry.edits.definition import Edit

AS_OF = dt.date(2026, 11, 1)
"""The day on which all examples are judged."""


@dataclass(frozen=True)
class Example:
    """One row of an example table: the records in it, and whether one of them must fail."""

    edit: Edit
    text: str
    fails: bool

    def records(self) -> pl.DataFrame:
        """The example's records; all of one patient unless it has patient ids.

        >>> from registry.edits.definition import find
        >>> Example(find("site-sex"), "C619 | 2 |", fails=True).records().columns
        ['primarySite', 'sexAssignedAtBirth', 'sex', 'patient_index']
        """
        rows = [_cells(part, self.edit.columns) for part in self.text.split(" / ")]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self.edit.columns, pl.String))
        if "patientIdNumber" in self.edit.columns:
            return frame
        return frame.with_columns(patient_index=pl.lit(0, pl.Int64))


def _cells(text: str, columns: tuple[str, ...]) -> dict[str, str | None]:
    cells = [cell.strip() or None for cell in text.split("|")] if len(columns) > 1 else [text.strip() or None]
    if len(cells) != len(columns):
        raise ValueError(f"example {text!r} has {len(cells)} cells for {len(columns)} columns")
    return dict(zip(columns, cells, strict=True))


def examples(edit: Edit) -> Iterator[Example]:
    """All examples of an edit, those that pass first."""
    for text in edit.passes:
        yield Example(edit, text, fails=False)
    for text in edit.fails:
        yield Example(edit, text, fails=True)
