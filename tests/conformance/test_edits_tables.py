"""The room's own tables against the published ones."""

from __future__ import annotations

import csv

from registry import edits
from tests.paths import needs_shared, shared


@needs_shared
def test_edits_agree_with_the_catalogue() -> None:
    """Every edit of the catalogue is there with its level, severity, category, items and flags."""
    with shared("quality", "edits_catalogue.csv").open(newline="", encoding="utf-8") as lines:
        catalogue = {row["edit_id"]: row for row in csv.DictReader(lines)}
    ours = edits.all_edits()
    assert set(ours) == set(catalogue)
    for edit_id, edit in ours.items():
        row = catalogue[edit_id]
        assert edit.severity == row["severity"], edit_id
        assert edit.category == row["category"], edit_id
        if edit.naaccr_name:
            assert edit.naaccr_name.replace(" ", "") == row["naaccr_edit_name"].replace(" ", ""), edit_id
        if edit_id != "dx-date-required":  # it reads the old date flag as well
            assert edit.level == row["level"], edit_id
        assert ";".join(edit.override_items) == row["override_item"].partition(" (")[0], edit_id
        if row["items"] != "overRide*":
            assert set(row["items"].split(";")) <= set(edit.items), edit_id
