"""What leaves the registry for states and programs: profiles, selection, files, manifests, answers.

Pure functions over frames; the life cycle in the store is `registry.service.submission`. A submission goes this way:
`select` says which records go and why others do not, `plan` which items may, `record_hashes` and `delta` what the
receiver does not have yet; `submission_file` writes the file, reads it back and refuses one that holds more than it
may.
"""

from __future__ import annotations

from registry.submissions.hashes import delta, hashes_of, record_hashes
from registry.submissions.items import ItemPlan, Legal, plan
from registry.submissions.naaccr_file import FileRequest, WrittenFile, write_file
from registry.submissions.outgoing import outgoing, with_own_numbers
from registry.submissions.profiles import Profile, due_dates, profile_of, profiles, read_profiles
from registry.submissions.proof import NotLegal
from registry.submissions.request import Request
from registry.submissions.selection import Selection, select, selection_items
from registry.submissions.writing import Written, submission_file, write_deletions

__all__ = [
    "FileRequest",
    "ItemPlan",
    "Legal",
    "NotLegal",
    "Profile",
    "Request",
    "Selection",
    "Written",
    "WrittenFile",
    "delta",
    "due_dates",
    "hashes_of",
    "outgoing",
    "plan",
    "profile_of",
    "profiles",
    "read_profiles",
    "record_hashes",
    "select",
    "selection_items",
    "submission_file",
    "with_own_numbers",
    "write_deletions",
    "write_file",
]
