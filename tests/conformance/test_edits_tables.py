"""The room's own tables against the published ones."""

from __future__ import annotations

import csv

from registry import edits
from tests.paths import needs_shared, shared


@needs_shared
def test_edits_agree_with_the_catalogue() -> None:
    """Level, severity and over-ride items are the catalogue's, and no priority-1 edit is forgotten."""
    with shared("quality", "edits_catalogue.csv").open(newline="", encoding="utf-8") as lines:
        catalogue = {row["edit_id"]: row for row in csv.DictReader(lines)}
    ours = edits.all_edits()
    assert set(ours) <= set(catalogue)
    for edit_id, edit in ours.items():
        row = catalogue[edit_id]
        assert edit.severity == row["severity"], edit_id
        if edit_id != "dx-date-required":  # it reads the old date flag as well
            assert edit.level == row["level"], edit_id
        assert ";".join(edit.override_items) == row["override_item"].partition(" (")[0], edit_id
    first = {edit_id for edit_id, row in catalogue.items() if row["priority"] == "1"}
    platform = {"ir-possible-same-person", "override-unneeded", "override-without-reason", "override-stale"}
    assert first - set(ours) == platform
