"""What a person reads when something is missing, refused or broken: one friendly line, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboards import quiet
from dashboards.door import SignedOut
from registry.errors import Busy, Conflict, Denied, NotFound, NotReady, RegistryError

_ICONS = {
    Denied: ":material/lock:",
    Conflict: ":material/call_split:",
    NotFound: ":material/search_off:",
    NotReady: ":material/hourglass_empty:",
    Busy: ":material/hourglass_empty:",
}


def empty(line: str, hint: str = "") -> None:
    """Say that there is nothing to show, and what would bring something."""
    st.info(line + (f"  \n{hint}" if hint else ""), icon=":material/inbox:")


def show_error(error: BaseException) -> None:
    """Show an error as one line; an unknown one without its text, which could hold a patient's data."""
    if isinstance(error, SignedOut):
        go_to_sign_in()
    elif isinstance(error, RegistryError):
        icon = _ICONS.get(type(error), ":material/error:")
        shown = st.warning if isinstance(error, (Denied, NotFound, NotReady, Busy)) else st.error
        shown(plain(str(error)), icon=icon)
    else:
        quiet.note(error)
        st.error(
            "This part of the page could not be shown. Nothing was changed; try again, and tell the registry's "
            "administrator if it stays.",
            icon=":material/error:",
        )


def plain(text: str) -> str:
    r"""Text from data for a place that reads Markdown: nothing in it is markup.

    >>> plain("a*b_[c](d) $x$ <b>")
    'a\\*b\\_\\[c\\](d) \\$x\\$ &lt;b&gt;'
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\`*_[]$#~:|" else c for c in text)


@contextmanager
def guarded() -> Iterator[None]:
    """A part of a page: its error becomes a line there, the rest of the page stays.

    Streamlit's own reruns and stops are no `Exception` and pass.
    """
    try:
        yield
    except Exception as error:
        show_error(error)


def go_to_sign_in() -> None:
    """Leave for the sign-in page; for browsers without scripts there is a link."""
    st.warning("Your session has ended. [Sign in](/sign-in?over=1) to go on.", icon=":material/lock_clock:")
    st.html("<script>window.location.replace('/sign-in?over=1')</script>", unsafe_allow_javascript=True)
