"""Overrides: who let which edit pass on which record, when and why, and which of them need another look."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, failure_panel, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import item_name, item_values, moment

_KEY: Final = "overrides"
_MOST: Final = 1000
STANDINGS: Final = {
    "live": "In force",
    "stale": "Stale: an item changed since",
    "unneeded": "Unneeded: the edit no longer fires",
    "withdrawn": "Withdrawn",
}
_SHORT: Final = {"live": "In force", "stale": "Stale", "unneeded": "Unneeded", "withdrawn": "Withdrawn"}
_COLUMNS: Final = {
    "standing": ("Standing", 90),
    "edit": ("Edit", 190),
    "reason": ("Reason", 300),
    "account": ("Who", 90),
    "created_at": ("When (UTC)", 130),
    "facility": ("Facility", 250),
    "abstract_id": ("Abstract", 75),
    "override_item": ("Flag set on the record", 190),
}


@st.fragment
def show() -> None:
    with guarded():
        frame = door.ask("quality.overrides", limit=_MOST)
        if not frame.height:
            empty("Nothing was overridden yet.", "Reviews are overridden with a reason under “Work”.")
            return
        counts = dict(frame["standing"].value_counts().iter_rows())
        standing = st.segmented_control(
            "Standing",
            [None, *STANDINGS],
            default=None,
            format_func=lambda word: (
                f"All {frame.height:,}" if word is None else f"{_SHORT[word]} {counts.get(word, 0):,}"
            ),
            key="override_standing",
        )
        shown = frame if standing is None else frame.filter(pl.col("standing") == standing)
        if not shown.height:
            empty("No override stands like this.")
            return
        row = _table(shown)
        if row is None:
            st.caption(
                "Stale and unneeded ones want another look. Choose a row to see its values, or to withdraw it."
            )
        else:
            _one(row)


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    shown = choices.named(frame).with_columns(
        pl.col("standing").replace_strict(_SHORT, default=pl.col("standing")),
        override_item=pl.col("override_item")
        .map_elements(item_name, return_dtype=pl.String)
        .fill_null("none"),
    )
    config = {name: tables.text(label, width) for name, (label, width) in _COLUMNS.items()}
    config["abstract_id"] = tables.year(*_COLUMNS["abstract_id"])
    label, width = _COLUMNS["created_at"]
    config["created_at"] = st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm", width=width)
    return tables.show(
        shown,
        key=f"overrides_{choices.round_of(_KEY)}",
        columns={name: text for name, (text, _w) in _COLUMNS.items()},
        config=config,
        select=True,
        rows=9,
        alt="Overrides",
    )


def _one(row: dict[str, Any]) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(row['edit'])}** · {plain(row['standing'])}")
        st.markdown(f"{plain(row['account'])}, {moment(row['created_at'])}: {plain(row['reason'])}")
        st.caption(plain(f"Given for: {item_values(row['item_values'])}"))
        if row["withdrawn_at"] is not None:
            told = (
                f"Withdrawn {moment(row['withdrawn_at'])} by {row['withdrawn_by']}: {row['withdrawn_reason']}"
            )
            st.caption(plain(told))
        failure_panel.open_record(row, _KEY)
        if row["withdrawn_at"] is None and door.actor().may("quality.withdraw_override"):
            failure_panel.withdraw(int(row["override_id"]), _KEY)
