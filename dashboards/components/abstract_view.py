"""One abstract: its form, its history, its status."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import door
from dashboards.components import abstract_form, choices, draft, failure_panel, tables
from dashboards.components.draft import Draft
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import STATUS, naaccr_date

_SECTIONS = ["Items", "Edit failures", "History", "Status"]
_FAILURES = "record"
_HISTORY = {
    "changed_at": "When (UTC)",
    "changed_by": "Who",
    "item": "Item",
    "before": "Before",
    "after": "After",
    "reason": "Reason",
    "version": "Version",
}


def show(abstract_id: int) -> None:
    """The abstract with its sections; only the chosen one is drawn."""
    work = draft.of(abstract_id)
    record = work.record
    known = draft.values(record)
    name = ", ".join(filter(None, (known.get("nameLast"), known.get("nameFirst"))))
    st.header(plain(f"{name} · abstract {abstract_id}" if name else f"Abstract {abstract_id}"))
    facts = [
        f"born {naaccr_date(known.get('dateOfBirth'))}",
        f"site {known.get('primarySite', '–')}",
        f"diagnosed {naaccr_date(known.get('dateOfDiagnosis'))}",
        f"facility {record['facility_id'] or '–'}",
        f"status **{STATUS.get(record['status'], record['status']).lower()}**",
        f"version {record['version']}",
    ]
    st.caption(" · ".join(facts))
    may_change = door.actor().may("records.save")
    section = st.segmented_control(
        "Section",
        [name for name in _SECTIONS if name != "Edit failures" or door.actor().may("quality.failures")],
        default="Items",
        required=True,
        key="abstract_section",
        label_visibility="collapsed",
    )
    if section == "Items":
        _items(abstract_id, may_change)
    elif section == "Edit failures":
        _failures(abstract_id)
    elif section == "History":
        _history(abstract_id)
    else:
        _status(work, may_change)


@st.fragment
def _items(abstract_id: int, may_change: bool) -> None:
    with guarded():
        abstract_form.show(draft.of(abstract_id), may_change)


@st.fragment
def _failures(abstract_id: int) -> None:
    """What stands on the board for this abstract: look, override, judge again. “Items” says what is wrong as one types."""
    with guarded():
        frame = door.ask("quality.failures", abstract_id=abstract_id, state=None)
        frame = frame.filter(frame["state"] != "fixed")
        if not frame.height:
            empty("No failure of this abstract is on the board.")
            _offer_again(abstract_id)
            return
        columns = {"state": "State", "severity": "Severity", "edit": "Edit", "message": "What is wrong"}
        config = {
            "state": tables.text("State", 95),
            "severity": tables.text("Severity", 80),
            "edit": tables.text("Edit", 220),
            "message": tables.text("What is wrong", 860),
        }
        shown = frame.with_columns(
            state=frame["state"].replace_strict(failure_panel.STATES, default=frame["state"]),
            severity=frame["severity"].replace_strict(failure_panel.SEVERITIES, default=frame["severity"]),
        )
        row = tables.show(
            shown,
            key=f"record_failures_{abstract_id}_{choices.round_of(_FAILURES)}",
            columns=columns,
            config=config,
            select=True,
            rows=6,
            alt="Failures of this abstract",
        )
        if row is None:
            st.caption("Choose a failure to see its items, to override it or to judge the record again.")
            _offer_again(abstract_id)
        else:
            failure_panel.show(int(row["failure_id"]), _FAILURES)


def _offer_again(abstract_id: int) -> None:
    if door.actor().may("quality.rerun"):
        failure_panel.judge_again(abstract_id, _FAILURES)


@st.fragment
def _history(abstract_id: int) -> None:
    with guarded():
        frame = door.ask("records.history", abstract_id=abstract_id)
        if not frame.height:
            empty("Nothing was changed since the abstract came in.")
            return
        names = {name: label for name, label in _HISTORY.items() if name in frame.columns}
        tables.show(frame, key="history", columns=names, rows=14)


def _status(work: Draft, may_change: bool) -> None:
    record: dict[str, Any] = work.record
    st.write(f"The abstract is **{plain(STATUS.get(record['status'], record['status']).lower())}**.")
    choices = record.get("next_statuses") or []
    if not may_change or not choices:
        empty(
            "Your role may read this abstract, not change its status."
            if not may_change
            else "It stays as it is."
        )
        return
    a, b, c = st.columns([3, 5, 2], vertical_alignment="bottom")
    to = a.selectbox("Move to", choices, index=None, format_func=lambda s: STATUS.get(s, s), key="status_to")
    reason = b.text_input("Reason", key="status_reason", placeholder="needed to reopen or void", live=True)
    if work.changes:
        st.caption("There are unsaved changes under “Items”; save or discard them first.")
    asked = c.button(
        "Move", type="primary", disabled=bool(work.changes) or to is None, width="stretch", key="status_move"
    )
    if asked and to is not None:
        with guarded():
            door.ask("records.status", abstract_id=work.abstract_id, to=to, reason=reason or None)
            work.rebase(door.ask("records.abstract", abstract_id=work.abstract_id), keep_mine=False)
            st.toast(f"The abstract is now {STATUS.get(to, to).lower()}.", icon=":material/check_circle:")
            st.rerun()
