"""Submissions: what was sent to whom, what is due, a new one with its preview, records that came back, disclosures.

The address holds our own numbers only: `?submission=12` is one submission.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import guarded
from dashboards.pages import (
    submission_board,
    submission_disclosures,
    submission_new,
    submission_one,
    submission_rejected,
)

#: Section → what shows it, the operation that a role needs.
_SECTIONS: Final = {
    "Board": (submission_board.show, "submission.list"),
    "New submission": (submission_new.show, "submission.prepare"),
    "Preview": (submission_new.show, "submission.preview"),
    "Calendar": (submission_board.calendar, "submission.calendar"),
    "Rejected records": (submission_rejected.show, "tasks.list"),
    "Disclosures": (submission_disclosures.show, "disclosures.of_patient"),
}


def show() -> None:
    value = st.query_params.get("submission", "")
    if value.isascii() and value.isdigit() and len(value) < 19:
        if st.button("To the submissions", icon=":material/arrow_back:", type="tertiary"):
            st.query_params.clear()
            st.rerun()
        with guarded():
            submission_one.show(int(value))
        return
    st.title("Submissions")
    offered = {name: run for name, (run, operation) in _SECTIONS.items() if door.actor().may(operation)}
    if "New submission" in offered:
        offered.pop("Preview")  # it begins with one
    with guarded():
        choices.section("submission_section", offered)()
