"""Cohorts: build whom figures count, see at once who is left out; open, save, hand on."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import choices as lists
from dashboards.components import panel
from dashboards.components.messages import guarded, plain
from dashboards.pages import cohorts_builder, cohorts_keeping

#: The cohort's written form on which the widgets of this tab were begun, and the text that then stood in the address.
_BASE: Final = "_cohort_base"
_TEXT: Final = "_cohort_text"


def show() -> None:
    st.title("Cohorts")
    with guarded():
        _page()


@st.fragment
def _page() -> None:
    with guarded():
        known = door.figures("cohort.choices")
        base = _base()
        wanted = cohorts_keeping.opening(known)
        if wanted is not None:
            begin(wanted)
            st.rerun(scope="fragment")
        left, right = st.columns([5, 6], gap="large")
        with left:
            definition = cohorts_builder.definition(base, known, lists.round_of("cohort"))
        with right, guarded():
            preview = door.figures("cohort.preview", cohort=definition, follow_up=_with_follow_up())
            _remember(preview["link"] if preview["definition"] else "")
            _seen(preview)
            cohorts_keeping.keeping(preview)
        cohorts_keeping.remove()


def begin(text_or_definition: Any) -> None:
    """Fill the builder anew from a saved name, the text of a link or a definition."""
    found = door.ask("cohort.preview", cohort=text_or_definition)
    st.session_state[_BASE] = found["definition"]
    lists.next_round("cohort")
    _remember(found["link"] if found["definition"] else "")


def _base() -> dict[str, Any]:
    """The definition that the widgets begin with: what the address says, else everybody."""
    asked = st.query_params.get("cohort", "")
    if _BASE not in st.session_state or (asked and asked != st.session_state.get(_TEXT)):
        if asked:
            begin(asked)
        else:
            st.session_state.setdefault(_BASE, {})
    return dict(st.session_state[_BASE])


def _remember(text: str) -> None:
    """The address names the cohort that is seen."""
    st.session_state[_TEXT] = text
    if st.query_params.get("cohort", "") != text:
        st.query_params.from_dict({"cohort": text} if text else {})


def _with_follow_up() -> bool:
    return bool(st.session_state.get("cohort_follow_up", False))


def _seen(preview: dict[str, Any]) -> None:
    st.subheader("Who is counted")
    st.toggle(
        "With follow-up, as survival counts",
        key="cohort_follow_up",
        help="Adds the steps of survival: dates of diagnosis and last contact, vital status.",
    )
    st.html(panel.flow_table(preview["exclusions"], int(preview["threshold"])))
    with st.expander("In words"):
        st.write(plain(str(preview["methods"])))
    if preview["definition"]:
        st.caption("Figures of this cohort")
        with st.container(horizontal=True, gap="small"):
            for path, title in (
                ("survival", "Survival"),
                ("incidence", "Incidence"),
                ("outcomes", "Outcomes"),
            ):
                _open_in(path, title, preview["link"])
    else:
        st.caption(
            "As it stands everybody is counted: choose something, or see the figures by their usual rules."
        )


def _open_in(path: str, title: str, link: str) -> None:
    from dashboards.pages import page

    target = page(path)
    if target is not None and st.button(title, key=f"cohort_to_{path}", icon=":material/arrow_forward:"):
        st.switch_page(target, query_params={"cohort": link})
