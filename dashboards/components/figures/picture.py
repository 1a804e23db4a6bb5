"""Buttons that save a figure as PNG or SVG: drawn by the browser, provenance printed inside, noted in the audit trail."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards import door, pictures
from dashboards.components.messages import guarded
from registry.service.safe_csv import to_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

_HTML: Final = """<div class="pictures"><button type="button" data-format="png">↓ PNG</button>
<button type="button" data-format="svg">↓ SVG</button></div>"""
_STYLE: Final = """
.pictures { display: flex; gap: .5rem; }
button { padding: .4rem .8rem; border: 1px solid #cdd8d6; border-radius: 8px; color: #0b6e69; background: #fff; font: inherit;
  font-weight: 600; cursor: pointer; line-height: 1.6; }
button:hover, button:focus-visible { background: #e6f1f0; border-color: #0b6e69; }
button:disabled { color: #5d7271; cursor: progress; }
"""


@functools.cache
def _component() -> Any:
    script = Path(__file__).with_name("picture.js").read_text(encoding="utf-8")
    return st.components.v2.component("registry_picture", html=_HTML, css=_STYLE, js=script)


def buttons(
    chart: str, *, name: str, title: str, provenance: Sequence[str], operation: str, table: pl.DataFrame
) -> None:
    """Two buttons for the figure of the key `chart`; the audit trail gets the file's name and the hash of its numbers.

    Args:
        name: file name without ending. title: written above the figure in the picture. provenance: lines below it.
        operation: the service operation that gave the figure. table: the numbers in the figure.
    """
    state = _component()(
        key=f"{chart}_picture",
        data={
            "chart": chart,
            "name": name,
            "title": title,
            "provenance": list(provenance),
            "library": pictures.ADDRESS,
        },
        on_taken_change=_nothing,
        on_failed_change=_nothing,
        width="content",
    )
    if state.failed:
        st.toast("The picture could not be made. Load the page again.", icon=":material/error:")
    if state.taken in {"png", "svg"}:
        with guarded():
            door.ask(
                "downloads.record",
                name=f"{name}.{state.taken}",
                rows=table.height,
                sha256=hashlib.sha256(to_csv(table)).hexdigest(),
                operation=operation,
            )


def _nothing() -> None:
    """The value itself is read after the component is drawn."""
