"""What leaves the registry for states and programs: profiles, selection, files, manifests, answers.

Pure functions over frames; the life cycle in the store is `registry.service.submissions.room`. A submission goes this way:
`select` says which records go and why others do not, `plan` which items may, `record_hashes` and `delta` what the
receiver does not have yet; `submission_file` writes the file, reads it back and refuses one that holds more than it
may.
"""

from __future__ import annotations

from registry.submissions.acknowledgement import Acknowledgement, match_answers, read_acknowledgement
from registry.submissions.comparable import compared, dependence, row_by_row
from registry.submissions.delimited import coding_table
from registry.submissions.hashes import delta, hashes_of, record_hashes
from registry.submissions.items import ItemPlan, Legal, plan
from registry.submissions.manifest import as_text, count_letter, cover_sheet, cover_sheet_html, make_manifest
from registry.submissions.naaccr_file import FileRequest, WrittenFile, write_file
from registry.submissions.outgoing_frames import outgoing, with_own_numbers
from registry.submissions.profiles import Profile, due_dates, profile_of, profiles, read_profiles
from registry.submissions.proof import NotLegal
from registry.submissions.records import elements_of_abstracts, invalid_values
from registry.submissions.request import Request
from registry.submissions.required import read_required, required_of
from registry.submissions.sealing import new_key, read_key, seal_file, unseal_file, write_key, zip_file
from registry.submissions.selection import Selection, select, selection_items
from registry.submissions.writing import Written, submission_file, write_deletions

__all__ = [
    "Acknowledgement",
    "FileRequest",
    "ItemPlan",
    "Legal",
    "NotLegal",
    "Profile",
    "Request",
    "Selection",
    "Written",
    "WrittenFile",
    "as_text",
    "coding_table",
    "compared",
    "count_letter",
    "cover_sheet",
    "cover_sheet_html",
    "delta",
    "dependence",
    "due_dates",
    "elements_of_abstracts",
    "hashes_of",
    "invalid_values",
    "make_manifest",
    "match_answers",
    "new_key",
    "outgoing",
    "plan",
    "profile_of",
    "profiles",
    "read_acknowledgement",
    "read_key",
    "read_profiles",
    "read_required",
    "record_hashes",
    "required_of",
    "row_by_row",
    "seal_file",
    "select",
    "selection_items",
    "submission_file",
    "unseal_file",
    "with_own_numbers",
    "write_deletions",
    "write_file",
    "write_key",
    "zip_file",
]
