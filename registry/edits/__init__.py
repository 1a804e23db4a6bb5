"""Edits: checks of a record's values, of values against each other and of records of one patient.

`run` judges frames, `check_record` one record, `listing` says what there is. `registry.quality`
sums up the quality of a whole registry.
"""

from __future__ import annotations

from registry.edits.definition import ERROR, REVIEW, WARNING, Edit, all_edits, edit, find
from registry.edits.engine import counts, run
from registry.edits.one_record import Failure, check_record
from registry.edits.own import load_own, unload_own
from registry.edits.sets import across_patients, edit_ids, listing, names, time_dependent

__all__ = [
    "ERROR",
    "REVIEW",
    "WARNING",
    "Edit",
    "Failure",
    "across_patients",
    "all_edits",
    "check_record",
    "counts",
    "edit",
    "edit_ids",
    "find",
    "listing",
    "load_own",
    "names",
    "run",
    "time_dependent",
    "unload_own",
]
