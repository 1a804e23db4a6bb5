"""Examples beside the edits, turned into records: the spec tests run them, the manual prints them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from registry.edits.definition import PATIENT, REVIEW, Edit

AS_OF = dt.date(2026, 11, 1)
"""The day on which all examples are judged."""

PASSES, FAILS, REVIEWS, OVERRIDDEN = "passes", "fails", "reviews", "overridden"

REASONS = ("@edit", "@account", "@reason", "@item_values")
"""Example columns that hold no item but a reason of the platform's."""


@dataclass(frozen=True)
class Example:
    """One row of an example table: the records in it, and what must come of them.

    `kind` is passes, fails (one of the records at least), reviews (fails, softened to a review) or
    overridden (fails, and every failure is over-ridden). `flags` are set on all of its records.
    """

    edit: Edit
    text: str
    kind: str
    flags: tuple[tuple[str, str], ...] = ()

    @property
    def fails(self) -> bool:
        """Whether one of the records must fail."""
        return self.kind != PASSES

    @property
    def columns(self) -> tuple[str, ...]:
        """Items of the records."""
        return tuple(dict.fromkeys((*self.edit.columns, *(item for item, _ in self.flags))))

    def records(self) -> pl.DataFrame:
        """The example's records; all of one patient unless it has patient ids.

        >>> from registry.edits.definition import find
        >>> Example(find("site-sex"), "C619 | 2 |", FAILS).records().columns
        ['primarySite', 'sexAssignedAtBirth', 'sex', 'patient_index']
        """
        rows = [_cells(part, self.edit.columns) | dict(self.flags) for part in self.text.split(" / ")]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(self.columns, pl.String))
        if "patientIdNumber" in self.columns:
            return frame
        return frame.with_columns(patient_index=pl.lit(0, pl.Int64))

    def reasons(self) -> pl.DataFrame | None:
        """The platform's reasons for over-rides that the example speaks of (columns `@edit` …)."""
        if not any(column in REASONS for column in self.columns):
            return None
        frame = self.records()
        given = frame.select(
            "patient_index", *(pl.col(c).alias(c[1:]) for c in REASONS if c in frame.columns)
        )
        absent = [pl.lit(None, pl.String).alias(c[1:]) for c in REASONS if c not in frame.columns]
        return (
            given.with_columns(absent)
            .filter(pl.col("edit").is_not_null())
            .with_columns(created_at=pl.lit("2026-10-01T09:00:00"))
        )

    def found(self, failures: pl.DataFrame) -> str:
        """What came of the example: passes, fails, reviews, overridden, or mixed states.

        Args:
            failures: those of this example's records and its edit.
        """
        if failures.is_empty():
            return PASSES
        states = set(failures.get_column("state"))
        if states == {"overridden"}:
            return OVERRIDDEN
        if states != {"open"}:
            return "mixed"
        soft = self.edit.review_when is not None and set(failures.get_column("severity")) == {REVIEW}
        return REVIEWS if soft else FAILS


def _cells(text: str, columns: tuple[str, ...]) -> dict[str, str | None]:
    cells = [cell.strip() or None for cell in text.split("|")] if len(columns) > 1 else [text.strip() or None]
    if len(cells) != len(columns):
        raise ValueError(f"example {text!r} has {len(cells)} cells for {len(columns)} columns")
    return dict(zip(columns, cells, strict=True))


def examples(edit: Edit) -> Iterator[Example]:
    """All examples of an edit: those that pass, fail, fail as a review, and are over-ridden."""
    for kind in (PASSES, FAILS, REVIEWS):
        for text in getattr(edit, kind):
            yield Example(edit, text, kind)
    if edit.override_items:
        named = set(edit.override_items) & set(edit.columns)
        flag = () if edit.overridden and named else ((edit.override_items[0], edit.override_codes[0]),)
        for text in edit.overridden or edit.fails[:1]:
            yield Example(edit, text, OVERRIDDEN, flag)


def every_flag(edit: Edit) -> Iterator[Example]:
    """The over-ridden example with each flag and code that silences the edit, one at a time."""
    for text in (edit.overridden or edit.fails)[:1]:
        for item in edit.override_items:
            for code in edit.override_codes:
                yield Example(edit, text, OVERRIDDEN, ((item, code),))


def outcomes(edit: Edit, cases: Sequence[Example]) -> list[str]:
    """What comes of the examples of an edit, judged as frames; those of single patients in one run.

    >>> from registry.edits.definition import find
    >>> outcomes(find("site-sex"), [Example(find("site-sex"), "C619 | 2 |", FAILS)])
    ['fails']
    """
    from registry.edits.engine import run

    if edit.over != (PATIENT,):
        return [case.found(run(None, case.records(), [edit.id], as_of=AS_OF)) for case in cases]
    given = [frame for case in cases if (frame := case.reasons()) is not None]
    reasons = [f.with_columns(patient_index=pl.lit(n, pl.Int64)) for n, f in enumerate(given)]
    frames = [c.records().with_columns(patient_index=pl.lit(n, pl.Int64)) for n, c in enumerate(cases)]
    records = pl.concat(frames, how="diagonal")
    overrides = pl.concat(reasons) if reasons else None
    found = run(None, records, [edit.id], as_of=AS_OF, keys=["patient_index"], overrides=overrides)
    return [case.found(found.filter(pl.col("patient_index") == n)) for n, case in enumerate(cases)]
