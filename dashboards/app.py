"""The script that Streamlit runs for every click: who is signed in, the bar, the pages of their role."""

from __future__ import annotations

import streamlit as st

from dashboards import door, icon
from dashboards.components import frame, messages
from dashboards.pages import pages_for

st.set_page_config(page_title="Cancer registry", page_icon=icon.DATA_ADDRESS, layout="wide")


def main() -> None:
    """Show the page that the address names, or the way to the sign-in page."""
    try:
        actor = door.actor()
    except door.SignedOut:
        st.navigation([st.Page(messages.go_to_sign_in, title="Sign in")], position="hidden").run()
        return
    page = st.navigation(pages_for(actor), position="top")
    frame.around(actor)
    with messages.guarded():
        page.run()


main()
