"""Account: who one is to the registry, and one's own password."""

from __future__ import annotations

import streamlit as st

from dashboards import door
from dashboards.components.messages import guarded, plain


def show() -> None:
    st.title("Account")
    actor = door.actor()
    where = (
        "all facilities" if actor.facilities is None else "facilities " + ", ".join(sorted(actor.facilities))
    )
    st.write(f"**{plain(actor.name)}** · {actor.role} · {where}")
    a, _rest = st.columns([4, 6])
    with a:
        _password()


@st.fragment
def _password() -> None:
    with guarded(), st.form("password", clear_on_submit=True):
        st.subheader("Change your password")
        old = st.text_input("Old password", type="password", autocomplete="current-password")
        new = st.text_input(
            "New password",
            type="password",
            autocomplete="new-password",
            help="12 characters or more; a few words in a row are easy to remember.",
        )
        again = st.text_input("New password again", type="password", autocomplete="new-password")
        if not st.form_submit_button("Change password", type="primary"):
            return
        if new != again:
            st.error("The new passwords differ.", icon=":material/error:")
            return
        door.ask("account.password", token=door.token(), old=old, new=new)
        st.success("Changed. Your other sessions have ended.", icon=":material/check_circle:")
