"""Follow-up: the patients to contact and what came of it, the rates, letters, and sources that tell without asking.

The address holds our own record numbers only: `?patient=17` is a patient's follow-up.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import guarded
from dashboards.pages import (
    follow_up_batches,
    follow_up_list,
    follow_up_patient,
    follow_up_plan,
    follow_up_rates,
    follow_up_sources,
)

#: Section → what shows it, the operation that a role needs.
_SECTIONS: Final = {
    "Work list": (follow_up_list.show, "followup.list"),
    "Rates": (follow_up_rates.show, "followup.rates"),
    "New letters": (follow_up_plan.show, "letters.prepare"),
    "Letters": (follow_up_batches.show, "letters.batches"),
    "Passive sources": (follow_up_sources.show, "followup.imports"),
}


def show() -> None:
    follow_up_list.keep()
    choices.keep("follow_up_section")
    value = st.query_params.get("patient", "")
    if value.isascii() and value.isdigit() and len(value) < 19 and door.actor().may("followup.history"):
        if st.button("To the work list", icon=":material/arrow_back:", type="tertiary"):
            st.query_params.clear()
            st.rerun()
        with guarded():
            follow_up_patient.show(int(value))
        return
    st.title("Follow-up")
    offered = {name: run for name, (run, operation) in _SECTIONS.items() if door.actor().may(operation)}
    with guarded():
        choices.section("follow_up_section", offered)()
