"""What a person has typed into one abstract and not saved yet, and what happens when others were faster."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from dashboards import door

#: Set by every save: a difference here says nothing.
_STAMPED = frozenset({"dateCaseLastChanged"})


@dataclass
class Draft:
    """Unsaved changes of one abstract.

    Args:
        record: the abstract as it was read (`records.abstract`).
        changes: item → what was typed; blank text means "empty the item".
        key: one per intended save, so that a repeated click is one change (idempotency).
        round: grows when the fields must be drawn anew.
        theirs: after a conflict the abstract as it is now.
        kept: what the service holds of `changes`, for the next sign-in after a time-out (SEC05).
    """

    record: dict[str, Any]
    changes: dict[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    round: int = 0
    theirs: dict[str, Any] | None = None
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def abstract_id(self) -> int:
        """Which abstract this is about."""
        return int(self.record["abstract_id"])

    def saved(self, item: str) -> str:
        """The item's value as it was read; blank when empty."""
        return values(self.record).get(item, "")

    def value(self, item: str) -> str:
        """The item's value as the form shows it."""
        return self.changes.get(item, self.saved(item))

    def type(self, item: str, text: str) -> None:
        """Take what the field holds now; back to what was read is no change."""
        if text.strip() == self.saved(item):
            self.changes.pop(item, None)
        else:
            self.changes[item] = text.strip()

    def keep(self) -> None:
        """Let the service hold what is typed, so that a session that ends does not lose it."""
        if self.changes == self.kept:
            return
        if self.changes:
            based_on = int(self.record["version"])
            door.ask(
                "records.keep_draft",
                abstract_id=self.abstract_id,
                changes=dict(self.changes),
                based_on=based_on,
            )
        else:
            door.ask("records.drop_draft", abstract_id=self.abstract_id)
        self.kept = dict(self.changes)

    def restore(self) -> bool:
        """Take up what was typed in an earlier session; says whether there was anything."""
        found = door.ask("records.draft", abstract_id=self.abstract_id)
        if not found:
            return False
        self.kept = {item: text or "" for item, text in found["content"].items()}
        for item, text in self.kept.items():
            self.type(item, text)
        return bool(self.changes)

    def discard(self) -> None:
        """Forget what was typed."""
        self.changes, self.theirs = {}, None
        self.round += 1
        self.keep()

    def rebase(self, fresh: dict[str, Any], *, keep_mine: bool) -> None:
        """Go on from the record as it is now, with or without what was typed."""
        mine = dict(self.changes) if keep_mine else {}
        self.record, self.changes, self.theirs = fresh, {}, None
        for item, text in mine.items():
            self.type(item, text)
        self.key = uuid.uuid4().hex
        self.round += 1
        self.keep()

    def conflicts(self) -> list[dict[str, str]]:
        """Where mine and theirs meet: rows item, before, mine, theirs; items that only they changed have mine = ""."""
        if self.theirs is None:
            return []
        now = values(self.theirs)
        names = {entry["item"]: entry["name"] for entry in self.theirs["items"]}
        before = values(self.record)
        touched = [
            item
            for item in names
            if item in self.changes or (now.get(item, "") != before.get(item, "") and item not in _STAMPED)
        ]
        return [
            {
                "item": names[item],
                "before": before.get(item, ""),
                "mine": self.changes.get(item, ""),
                "theirs": now.get(item, ""),
            }
            for item in touched
        ]

    def save(self, reason: str | None) -> int:
        """Save through the service and read the record anew; the new version.

        Raises:
            registry.errors.Conflict: somebody saved first; `theirs` then holds the record as it is now.
        """
        from registry.errors import Conflict

        try:
            answer = door.ask(
                "records.save",
                abstract_id=self.abstract_id,
                changes=dict(self.changes),
                expected_version=int(self.record["version"]),
                reason=reason or None,
                idempotency_key=self.key,
            )
        except Conflict:
            self.theirs = door.ask("records.abstract", abstract_id=self.abstract_id)
            raise
        self.rebase(door.ask("records.abstract", abstract_id=self.abstract_id), keep_mine=False)
        return int(answer["version"])


def values(record: dict[str, Any]) -> dict[str, str]:
    """Item → value of the filled items of an abstract."""
    return {
        entry["item"]: str(entry["value"]) for entry in record["items"] if entry["value"] not in {None, ""}
    }


def of(abstract_id: int) -> Draft:
    """The draft of an abstract in this browser session; reads the record the first time."""
    drafts: dict[int, Draft] = st.session_state.setdefault("_drafts", {})
    if abstract_id not in drafts:
        drafts[abstract_id] = Draft(door.ask("records.abstract", abstract_id=abstract_id))
        if door.actor().may("records.keep_draft") and drafts[abstract_id].restore():
            st.toast("What you typed here before is back, not saved yet.", icon=":material/edit_note:")
    draft = drafts[abstract_id]
    if not draft.changes and draft.theirs is None:
        _refresh(draft)
    return draft


def _refresh(draft: Draft) -> None:
    """Nothing typed: show the record as it is now (cheap look at most every few seconds)."""
    import time

    looked: dict[int, float] = st.session_state.setdefault("_draft_looked", {})
    if time.monotonic() - looked.get(draft.abstract_id, 0.0) < 5:
        return
    looked[draft.abstract_id] = time.monotonic()
    fresh = door.ask("records.abstract", abstract_id=draft.abstract_id)
    if fresh["version"] != draft.record["version"]:
        draft.rebase(fresh, keep_mine=False)
