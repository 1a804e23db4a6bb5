"""The examples notice when a rule is broken."""

from __future__ import annotations

import pytest

from registry import edits
from tools.mutate_edits import coarse, fine, noticed, score

FLOOR = 0.85
"""Share of the fine mutants that the examples must notice."""


@pytest.mark.parametrize("edit_id", edits.all_edits())
def test_the_examples_notice_a_broken_edit(edit_id: str) -> None:
    missed = [mutant.change for mutant in coarse(edits.find(edit_id)) if not noticed(mutant)]
    assert not missed


def test_a_broken_edit_is_not_left_on_the_register() -> None:
    before = edits.find("site-sex")
    for mutant in coarse(before):
        noticed(mutant)
    assert edits.find("site-sex") is before


def test_fine_mutants_change_one_thing_at_a_time() -> None:
    changes = [mutant.change for mutant in fine(edits.find("nodes-pos-gt-examined"))]
    assert len(changes) == len(set(changes)) > 3
    assert any("→" in change for change in changes)


@pytest.mark.slow
def test_the_examples_notice_most_fine_mutants() -> None:
    number, survivors = score(list(edits.all_edits()))
    assert number > 1000
    assert 1 - len(survivors) / number >= FLOOR, "\n".join(survivors)
