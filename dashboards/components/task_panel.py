"""A review task's end: a form that closes it with what was decided."""

from __future__ import annotations

import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import guarded


def close(task_id: int, key: str, *, label: str, placeholder: str = "", button: str = "Settle") -> None:
    """Show the form to who may close tasks; what is keyed with `key` begins anew afterwards."""
    if not door.actor().may("tasks.close"):
        return
    with guarded(), st.form(f"close_task_{task_id}", border=False):
        a, b = st.columns([8, 3], vertical_alignment="bottom")
        outcome = a.text_input(label, placeholder=placeholder, key=f"task_outcome_{task_id}")
        if b.form_submit_button(button, width="stretch"):
            door.act("tasks.close", task_id=task_id, outcome=outcome)
            choices.next_round(key)
            st.toast("Settled.", icon=":material/check_circle:")
            st.rerun()
