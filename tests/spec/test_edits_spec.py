"""Every edit against the examples that stand beside it."""

from __future__ import annotations

import polars as pl
import pytest

from registry import edits
from registry.edits.definition import PATIENT
from registry.edits.examples import AS_OF, Example, examples

ALL = edits.all_edits()


def failing(edit: edits.Edit, cases: list[Example]) -> list[bool]:
    """Which of the examples fail, judged as frames."""
    if edit.over != (PATIENT,):
        return [edits.run(None, c.records(), [edit.id], as_of=AS_OF).height > 0 for c in cases]
    frames = [c.records().with_columns(patient_index=pl.lit(n, pl.Int64)) for n, c in enumerate(cases)]
    found = edits.run(None, pl.concat(frames), [edit.id], as_of=AS_OF)
    return [n in found.get_column("patient_index") for n in range(len(cases))]


@pytest.mark.parametrize("edit_id", ALL)
def test_examples(edit_id: str) -> None:
    edit = ALL[edit_id]
    assert len(edit.passes) >= 2 and len(edit.fails) >= 2, "two examples of each kind"
    assert len({*edit.passes, *edit.fails}) == len(edit.passes) + len(edit.fails), "no repeats"
    cases = list(examples(edit))
    wrong = [c.text for c, fails in zip(cases, failing(edit, cases), strict=True) if fails != c.fails]
    assert not wrong


@pytest.mark.parametrize("edit_id", [edit.id for edit in ALL.values() if edit.level != "inter-record"])
def test_one_record_is_judged_as_in_a_frame(edit_id: str) -> None:
    edit = ALL[edit_id]
    for case in examples(edit):
        frame = case.records()
        found = edits.run(None, frame, [edit_id], as_of=AS_OF).select("edit", "severity", "message")
        alone = edits.check_record(frame.row(0, named=True), [edit_id], as_of=AS_OF)
        assert [(f.edit, f.severity, f.message) for f in alone] == found.rows(), case.text
