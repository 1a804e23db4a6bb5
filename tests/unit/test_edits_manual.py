"""The reference pages are what the definitions say now."""

from __future__ import annotations

from tools import edit_manual


def test_reference_pages_are_current() -> None:
    stale = [p.name for p, text in edit_manual.pages().items() if p.read_text(encoding="utf-8") != text]
    assert not stale, "run python -m tools.edit_manual"
