"""Whom to remind: silent and overdue facilities with their contact, and a note that it was done."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, tables
from dashboards.components.messages import empty, guarded, plain

_KEY: Final = "reminders"
_METHODS: Final = ("e-mail", "letter", "telephone", "visit")
_COLUMNS: Final = {
    "state": ("State", 80),
    "name": ("Facility", 240),
    "why": ("Why", 265),
    "missing": ("Missing", 65),
    "contact_name": ("Contact", 165),
    "contact_phone": ("Telephone", 110),
    "contact_email": ("E-mail", 190),
    "last_reminded": ("Reminded", 90),
    "times_reminded": ("Times", 55),
}


@st.fragment
def show() -> None:
    with guarded():
        frame = door.ask("monitor.reminders")
        if not frame.height:
            empty("No facility has to be reminded.", "None is silent or overdue.")
            return
        row = _table(frame)
        left, right = st.columns([8, 2], vertical_alignment="center")
        with right:
            download.link("Download CSV", "reminders.csv", "monitor.reminders")
        if row is None:
            left.caption("The most urgent first. Choose a facility to note that it was reminded.")
        elif door.actor().may("monitor.remind"):
            left.markdown(f"**{plain(row['name'] or row['facility_id'])}** · {plain(row['why'])}")
            form(row["facility_id"])


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    shown = frame.with_columns(
        pl.col("state").str.to_titlecase(),
        name=pl.coalesce("name", "facility_id"),
        missing=pl.col("shortfall").round(0).cast(pl.Int64),
    )
    empty_ = [
        n for n in ("contact_name", "contact_phone", "contact_email") if frame[n].null_count() == frame.height
    ]
    config = {name: tables.text(label, width) for name, (label, width) in _COLUMNS.items()}
    config |= {name: tables.count(*_COLUMNS[name]) for name in ("missing", "times_reminded")}
    config["last_reminded"] = st.column_config.DateColumn("Reminded", format="YYYY-MM-DD", width=90)
    return tables.show(
        shown.drop(empty_),
        key=f"reminders_{choices.round_of(_KEY)}",
        columns={name: label for name, (label, _w) in _COLUMNS.items()},
        config=config,
        select=True,
        rows=9,
        alt="Facilities to remind",
    )


def form(facility: str) -> None:
    """Note that a facility was reminded; nothing is sent from here."""
    with guarded(), st.form(f"remind_{facility}_{choices.round_of(_KEY)}"):
        a, b, c, d = st.columns([2, 2, 5, 2], vertical_alignment="bottom")
        method = a.selectbox("Reminded by", _METHODS, format_func=str.capitalize)
        day = b.date_input("On", value=dt.date.today(), format="YYYY-MM-DD")
        note = c.text_input("Note (optional)", placeholder="who was spoken to, what was promised")
        if d.form_submit_button("Record reminder", type="primary", width="stretch"):
            door.act("monitor.remind", facility=facility, method=method, note=note, on=str(day))
            choices.next_round(_KEY)
            st.toast("Reminder recorded.", icon=":material/check_circle:")
            st.rerun()
