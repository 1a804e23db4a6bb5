"""Every edit against the examples that stand beside it."""

from __future__ import annotations

import pytest

from registry import edits
from registry.edits.examples import AS_OF, FAILS, REVIEWS, every_flag, examples, outcomes

ALL = edits.all_edits()
WITH_FLAGS = [edit.id for edit in ALL.values() if edit.override_items]


@pytest.mark.parametrize("edit_id", ALL)
def test_examples(edit_id: str) -> None:
    edit = ALL[edit_id]
    assert len(edit.passes) >= 2 and len(edit.fails) >= 2, "two examples of each kind"
    rows = [*edit.passes, *edit.fails, *edit.reviews]
    assert len(set(rows)) == len(rows), "no repeats"
    cases = list(examples(edit))
    found = outcomes(edit, cases)
    if edit.review_when and not edit.reviews:
        found = [FAILS if outcome == REVIEWS else outcome for outcome in found]
    wrong = [
        (case.kind, case.text, outcome)
        for case, outcome in zip(cases, found, strict=True)
        if outcome != case.kind
    ]
    assert not wrong


@pytest.mark.parametrize("edit_id", WITH_FLAGS)
def test_every_flag_silences_the_edit(edit_id: str) -> None:
    cases = list(every_flag(ALL[edit_id]))
    assert outcomes(ALL[edit_id], cases) == ["overridden"] * len(cases)


@pytest.mark.parametrize("edit_id", [edit.id for edit in ALL.values() if edit.level != "inter-record"])
def test_one_record_is_judged_as_in_a_frame(edit_id: str) -> None:
    edit = ALL[edit_id]
    for case in examples(edit):
        if case.reasons() is not None:
            continue
        frame = case.records()
        found = edits.run(None, frame, [edit_id], as_of=AS_OF).select("edit", "severity", "message", "state")
        alone = edits.check_record(frame.row(0, named=True), [edit_id], as_of=AS_OF)
        assert [(f.edit, f.severity, f.message, f.state) for f in alone] == found.rows(), case.text
