"""Reporting monitor: what facilities sent against what was expected, whom to remind, casefinding month by month."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboards import door
from dashboards.pages import monitor_casefinding, monitor_expected, monitor_facilities, monitor_reminders

#: Section → what shows it, the operation that a role needs, whether it is for central roles only.
_SECTIONS: Final = {
    "Facilities": (monitor_facilities.show, "monitor.facilities", False),
    "Reminders": (monitor_reminders.show, "monitor.reminders", True),
    "Expected cases": (monitor_expected.show, "monitor.expectations", True),
    "Casefinding": (monitor_casefinding.show, "monitor.casefinding", False),
}


def show() -> None:
    st.title("Reporting monitor")
    me = door.actor()
    central = me.facilities is None
    offered = [
        name
        for name, (_run, operation, central_only) in _SECTIONS.items()
        if me.may(operation) and (central or not central_only)
    ]
    if not central:  # a hospital's own work first
        offered.reverse()
    section = st.segmented_control(
        "Section",
        offered,
        default=offered[0],
        required=True,
        key="monitor_section",
        format_func=lambda name: "Our reporting" if name == "Facilities" and not central else name,
        label_visibility="collapsed",
    )
    _SECTIONS[section][0]()
