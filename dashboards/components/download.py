"""A download link that belongs to the session."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards import downloads

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


def link(
    label: str,
    name: str,
    operation: str,
    pick: Callable[[Any], pl.DataFrame] | None = None,
    /,
    **arguments: Any,
) -> None:
    """Show a link to a CSV that is made when it is clicked; see `dashboards.downloads`."""
    address = downloads.offer(name, operation, arguments, pick)
    file = html.escape(name, quote=True)
    st.html(
        f'<a class="rg-download" href="{address}" download="{file}">↓ {html.escape(label)}</a>',
        width="content",
    )
