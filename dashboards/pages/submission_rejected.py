"""Records that a receiver sent back: correct the abstract, then resubmit; or settle with a reason."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import choices, download, tables, task_panel
from dashboards.components.failure_panel import open_record
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, moment

KIND: Final = "submission rejected"
_KEY: Final = "rejected"
_COLUMNS: Final = {
    "task_id": ("Task", 65),
    "detail": ("Why it came back", 640),
    "facility": ("Facility", 250),
    "patient_id": ("Patient", 75),
    "abstract_id": ("Abstract", 80),
    "created_at": ("Since", 95),
}


def show() -> None:
    with guarded():
        frame = door.ask("tasks.list", kind=KIND)
        if not frame.height:
            empty("No rejected record waits.", "They come with the receiver's report on a submission.")
            return
        shown = choices.named(frame)
        if frame["facility_id"].null_count() == frame.height:
            shown = shown.drop("facility")
        config: dict[str, Any] = {name: tables.text(*entry) for name, entry in _COLUMNS.items()}
        config |= {name: tables.year(*_COLUMNS[name]) for name in ("task_id", "patient_id", "abstract_id")}
        label, width = _COLUMNS["created_at"]
        config["created_at"] = st.column_config.DateColumn(label, format="YYYY-MM-DD", width=width)
        row = tables.show(
            shown, key=f"rejected_{choices.round_of(_KEY)}", config=config, select=True, rows=11, alt="Rejected records",
            columns={name: text for name, (text, _width) in _COLUMNS.items()},
        )  # fmt: skip
        a, b = st.columns([8, 2], vertical_alignment="center")
        a.caption(
            f"{counted(frame.height, 'record')} to correct, the oldest first. Choose one to open its record: "
            "corrected records leave this list when they are sent again."
        )
        with b:
            download.link("Download CSV", "rejected-records.csv", "tasks.list", kind=KIND)
        if row is not None:
            one(row, _KEY)


def one(row: dict[str, Any], key: str) -> None:
    """A rejected record with the ways to go on."""
    with st.container(border=True):
        st.markdown(f"**{plain(row['detail'] or 'No reason was given.')}**")
        st.caption(f"Task {row['task_id']} · since {moment(row['created_at'])}")
        open_record(row, key)
        task_panel.close(
            int(row["task_id"]), key, label="Or why nothing has to be corrected",
            placeholder="the receiver withdrew its objection", button="Settle without a correction",
        )  # fmt: skip
