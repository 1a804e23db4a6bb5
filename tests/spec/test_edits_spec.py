"""Every edit against the examples that stand beside it."""

from __future__ import annotations

import pytest

from registry import edits
from registry.edits.examples import AS_OF, Example, examples

ALL = edits.all_edits()
CASES = [pytest.param(e, id=f"{e.edit.id}:{e.text}") for edit in ALL.values() for e in examples(edit)]


@pytest.mark.parametrize("edit_id", ALL)
def test_every_edit_has_examples_both_ways(edit_id: str) -> None:
    edit = ALL[edit_id]
    assert len(edit.passes) >= 2 and len(edit.fails) >= 2, edit_id
    assert len({*edit.passes, *edit.fails}) == len(edit.passes) + len(edit.fails)


@pytest.mark.parametrize("example", CASES)
def test_example(example: Example) -> None:
    found = edits.run(None, example.records(), [example.edit.id], as_of=AS_OF)
    assert (found.height > 0) == example.fails
    if example.edit.level != "inter-record":
        record = {k: v for k, v in example.records().row(0, named=True).items() if k != "patient_index"}
        alone = edits.check_record(record, [example.edit.id], as_of=AS_OF)
        assert [f.edit for f in alone] == found.get_column("edit").to_list()
        assert [f.message for f in alone] == found.get_column("message").to_list()
        assert [f.severity for f in alone] == found.get_column("severity").to_list()
