"""What is around every page: style, the synthetic-data banner, who is signed in, the idle watch."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import door
from dashboards.components import messages
from dashboards.components.theme import STYLE
from registry.errors import RegistryError

if TYPE_CHECKING:
    from dashboards.door import Actor

_SYNTHETIC = "<b>Synthetic data</b> · made-up patients"


def around(actor: Actor) -> None:
    """Everything above the page, without gaps between its invisible parts."""
    with st.container(gap=None):
        _bar(actor)
        _watch_session()


def _bar(actor: Actor) -> None:
    """The line above the page."""
    st.html(STYLE)
    banner = f'<span class="rg-banner" role="note">{_SYNTHETIC}</span>' if _synthetic() else ""
    scope = (
        "" if actor.facilities is None else f" · {len(actor.facilities)} facilit{_ies(len(actor.facilities))}"
    )
    who = f'<a href="/account" target="_self">{html.escape(actor.name)}</a> · {actor.role}{scope}'
    st.html(
        f'<div class="rg-bar">{banner}<span class="rg-who">{who}<a href="/sign-out" target="_self">Sign out</a></span></div>'
    )


def _watch_session() -> None:
    """Look once a minute whether the session is over, and clear the screen when it is (SEC05)."""

    @st.fragment(run_every=60)
    def watch() -> None:
        try:
            door.actor(touch=False)
        except door.SignedOut:
            messages.go_to_sign_in()

    watch()


def _synthetic() -> bool:
    try:
        return bool(door.figures("overview.summary").get("synthetic"))
    except RegistryError:
        return False


def _ies(n: int) -> str:
    return "y" if n == 1 else "ies"
