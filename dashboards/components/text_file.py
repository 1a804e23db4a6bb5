"""A small text file of the person's own, read by the browser; Streamlit's upload route stays closed."""

from __future__ import annotations

import functools
from typing import Any, Final

import streamlit as st

_MOST: Final = 64 * 1024
_HTML: Final = (
    '<label><span></span><input type="file" accept=".yaml,.yml,text/plain,application/yaml"></label>'
)
_STYLE: Final = """
label { display: block; font: inherit; font-size: .9rem; color: #16302f; } span { display: block; margin-bottom: .3rem; }
input { font: inherit; max-width: 100%; } input:focus-visible { outline: 2px solid #0b6e69; }
"""
_SCRIPT: Final = """
export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  parentElement.querySelector('span').textContent = data.label;
  parentElement.querySelector('input').onchange = async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    if (file.size > data.most) { setTriggerValue('refused', file.size); return; }
    setTriggerValue('text', await file.text());
  };
}
"""


@functools.cache
def _component() -> Any:
    return st.components.v2.component("registry_text_file", html=_HTML, css=_STYLE, js=_SCRIPT)


def chosen_text(label: str, *, key: str) -> str | None:
    """A file chooser; the text of a file that was chosen just now, at most 64 KB."""
    state = _component()(
        key=key, data={"label": label, "most": _MOST}, on_text_change=_nothing, on_refused_change=_nothing
    )
    if state.refused:
        st.error("The file is larger than 64 KB: no cohort is that long.", icon=":material/error:")
    text = state.text
    return text[:_MOST] if isinstance(text, str) and text.strip() else None


def _nothing() -> None:
    """The value itself is read after the component is drawn."""
