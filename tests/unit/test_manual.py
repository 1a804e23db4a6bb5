"""The reference pages are what the definitions say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import derivation_manual, edit_manual, markdown, primaries_manual

MANUALS = {
    "edits": (edit_manual.pages, [edit_manual.FOLDER]),
    "derivations": (derivation_manual.pages, [derivation_manual.FOLDER]),
    "primaries": (primaries_manual.pages, [primaries_manual.FOLDER]),
}


@pytest.mark.parametrize("name", MANUALS)
def test_reference_pages_are_current(name: str) -> None:
    pages, folders = MANUALS[name]
    stale = [path.name for path in markdown.stale_pages(pages(), folders)]
    assert not stale, "run make docs"


def test_a_page_that_nobody_writes_any_more_is_stale(tmp_path: Path) -> None:
    kept, old = tmp_path / "kept.md", tmp_path / "old.md"
    kept.write_text("one\n")
    old.write_text("two\n")
    assert markdown.stale_pages({kept: "one\n"}, [tmp_path]) == [old]
    assert markdown.stale_pages({kept: "another\n"}, []) == [kept]
