"""The life of an abstract: suspense → in progress → complete (locked) → exported → reopened, or void.

| from | may become |
|---|---|
| suspense | in_progress, void |
| in_progress | complete, void |
| complete | exported, reopened, void |
| exported | reopened, void |
| reopened | complete, void |
| void | reopened |

Leaving `complete`, `exported` or `void`, and becoming `void`, needs a reason.
"""

from __future__ import annotations

import datetime as dt

from registry.errors import BadInput, Denied

NEXT: dict[str, frozenset[str]] = {
    "suspense": frozenset({"in_progress", "void"}),
    "in_progress": frozenset({"complete", "void"}),
    "complete": frozenset({"exported", "reopened", "void"}),
    "exported": frozenset({"reopened", "void"}),
    "reopened": frozenset({"complete", "void"}),
    "void": frozenset({"reopened"}),
}
LOCKED = frozenset({"complete", "exported", "void"})
DATE_ITEMS = {
    "in_progress": "dateCaseInitiated",
    "complete": "dateCaseCompleted",
    "exported": "dateCaseReportExported",
}


def change(status: str, to: str, *, reason: str | None, today: dt.date) -> dict[str, str]:
    """Items that moving an abstract from one status to another sets.

    Raises:
        BadInput: no such status, or not reachable from here. Denied: a reason is missing.

    >>> change("in_progress", "complete", reason=None, today=dt.date(2026, 10, 31))
    {'status': 'complete', 'dateCaseCompleted': '20261031'}
    """
    if to not in NEXT:
        raise BadInput("abstract status", f"{to!r} is not one of {', '.join(NEXT)}")
    if to not in NEXT[status]:
        allowed = ", ".join(sorted(NEXT[status]))
        raise BadInput("abstract status", f"{status} cannot become {to}", f"allowed from here: {allowed}")
    needs_reason = status in LOCKED and to != "exported"
    if (needs_reason or to == "void") and not (reason or "").strip():
        raise Denied("abstract status", f"{status} → {to} needs a reason", "say why in one sentence")
    changes = {"status": to}
    if to in DATE_ITEMS:
        changes[DATE_ITEMS[to]] = f"{today:%Y%m%d}"
    return changes


def require_editable(status: str) -> None:
    """A locked abstract takes no change before it is reopened (with a reason).

    Raises:
        Denied: the abstract is complete, exported or void.
    """
    if status in LOCKED:
        raise Denied("abstract", f"it is {status} and therefore locked", "reopen it with a reason, then edit")
