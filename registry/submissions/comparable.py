"""What a record's fingerprint depends on beside its own columns: when that is the same, equal columns have equal ones.

So a store may keep quick hashes of its rows (fast, but of this one DuckDB) beside the fingerprints that lasted, and
read only rows whose quick hashes differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from registry import standards
from registry.submissions.items import LEVELS, OWN_NUMBERS, SEX, ItemPlan, Legal, item_there
from registry.submissions.request import Request
from registry.version import __version__

FINGERPRINT: Final = 1
"""To be raised when the same columns give another fingerprint: what is known of records is forgotten then."""


def compared(request: Request, plan: ItemPlan) -> ItemPlan:
    """The plan's columns that a fingerprint may depend on.

    >>> import datetime as dt
    >>> from registry.submissions import plan, profiles
    >>> asked = Request(profiles()["STATE_FULL"], dt.datetime(2026, 10, 31))
    >>> compared(asked, plan(asked, ["nameLast", "patientIdNumber", "primarySite", "dateCaseLastChanged"])).columns
    ('nameLast', 'primarySite')
    """
    if request.version != standards.CURRENT_VERSION:  # items may have other ids there
        return plan
    ignored = {*request.profile.items.not_compared, *OWN_NUMBERS} - {*SEX}
    ignored = {name for name in ignored if request.columns.get(name, (name, None))[0] == name}
    patient, tumor = (
        tuple(name for name in columns if name not in ignored) for columns in (plan.patient, plan.tumor)
    )
    return ItemPlan(patient, tumor, plan.left_out)


def row_by_row(request: Request, plan: ItemPlan, legal: Legal) -> bool:
    """Whether a record's fingerprint depends on its own row and its patient's alone.

    In an older version an item of tumors can be the patient's: what it says hangs on all of the patient's tumors.
    """
    there = (item_there(request, column, legal) for column in plan.tumor)
    return not any(item is not None and LEVELS.get(item.level) == "patient" for item in there)


def dependence(request: Request, plan: ItemPlan, legal: Legal, more: Mapping[str, object]) -> str:
    """SHA-256 (hex) over what, beside values, decides about fingerprints.

    Args:
        plan: the columns whose quick hashes are kept, see `compared`.
        more: of the store: its columns' types, versions of what hashes them, installed tables.
    """
    ignored = {*request.profile.items.not_compared, *OWN_NUMBERS}
    items = [
        (level, column, legal.name_of(item), asdict(item))
        for level in LEVELS
        for column, item in sorted(legal.columns[level].items())
        if item.id not in ignored
    ]
    own = [(one.version, one.uri, [asdict(item) for item in one.definitions]) for one in request.dictionaries]
    parts = {
        "fingerprint": [FINGERPRINT, __version__], "versions": [standards.CURRENT_VERSION, request.version, request.type],
        "profile": [request.profile.level, request.profile.format], "columns": [plan.patient, plan.tumor],
        "held": {name: request.columns.get(name) for name in plan.columns}, "items": items, "dictionaries": own,
        "store": dict(more),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
