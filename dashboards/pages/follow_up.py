"""Follow-up: the rates that accreditation asks for, and the list of patients to be contacted."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import download, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import heading, number, percent, sentence, tumors

_STATUS = ["DELINQUENT", "OVERDUE", "DUE"]
_WINDOWS = {
    "since_reference": "since the reference date",
    "last_fifteen_years": "last 15 years",
    "last_five_years": "last 5 years",
}
_FIRST = [
    "patient_id",
    "nameLast",
    "nameFirst",
    "dateOfBirth",
    "status",
    "dateOfLastContact",
    "monthsSinceContact",
    "dueDate",
    "lettersTo",
    "telephone",
    "eligibleTumors",
    "tumors",
]


def show() -> None:
    st.title("Follow-up")
    actor = door.actor()
    _rates()
    if actor.may("followup.list"):
        _list()


@st.fragment
def _rates() -> None:
    with guarded():
        frame = door.figures("followup.rates")
        if not frame.height:
            empty("No tumor is eligible for follow-up yet.")
            return
        basis = "basis" if "basis" in frame.columns else "unit"
        for name in frame[basis].unique(maintain_order=True):
            rows = list(frame.filter(frame[basis] == name).iter_rows(named=True))
            for column, row in zip(st.columns(max(len(rows), 3), gap="small"), rows, strict=False):
                _card(column, f"{heading(str(name))}s", row)
        with st.expander("How the rates are made up"):
            tables.show(frame, key="rates")


def _card(column: Any, whose: str, row: dict[str, Any]) -> None:
    """One rate with its target and whether it is met; colour is never the only sign."""
    met = row.get("met")
    target = percent(row["target"], 0) if row.get("target") is not None else "none"
    title = f"{whose} · {_WINDOWS.get(str(row['window'])) or heading(str(row['window'])).lower()}"
    delta = None if met is None else (f"target {target} met" if met else f"below target {target}")
    column.metric(
        title,
        percent(row["rate_pct"]),
        delta=delta,
        delta_color="off" if met is None else ("green" if met else "red"),
        delta_arrow="off",
        border=True,
        help=f"{number(row['E_lost'])} lost of {number(row['A_eligible'])} eligible",
    )


@st.fragment
def _list() -> None:
    with guarded():
        st.subheader("Patients to contact")
        frame = door.ask("followup.list")
        if not frame.height:
            empty("Nobody is due for follow-up today.")
            return
        a, b, c = st.columns([3, 2, 2], vertical_alignment="bottom")
        counts = {"ALL": frame.height} | {s: frame.filter(frame["status"] == s).height for s in _STATUS}
        chosen = a.segmented_control(
            "Status",
            ["ALL", *_STATUS],
            default="ALL",
            required=True,
            format_func=lambda s: f"{s.capitalize()} {counts[s]:,}",
            key="follow_up_status",
        )
        status = None if chosen == "ALL" else chosen
        letters = b.selectbox(
            "Letters to",
            [None, *frame["lettersTo"].unique().sort().to_list()],
            format_func=lambda v: sentence(v) if v else "Anybody",
            key="follow_up_letters",
        )
        shown = _filtered(frame, status, letters)
        with c:
            download.link(
                "Download CSV",
                "follow-up-list.csv",
                "followup.list",
                lambda f: _filtered(f, None, letters),
                status=status,
            )
        if not shown.height:
            empty("Nobody fits this choice.")
            return
        shown = shown.with_columns(
            *tables.naaccr_dates(shown),
            *(pl.Series(name, [sentence(v) for v in shown[name]]) for name in ("status", "lettersTo")),
            pl.Series("tumors", [tumors(v) for v in shown["tumors"]]),
        )
        names = [name for name in _FIRST if name in shown.columns]
        names += [n for n in shown.columns if n not in names and shown[n].null_count() < shown.height]
        config = {
            "patient_id": tables.ident("Patient"),
            "tumors": st.column_config.TextColumn("Tumors", width=800),
        }
        tables.show(
            shown,
            key="follow_up_list",
            columns={n: heading(n) for n in names},
            config=config,
            rows=11,
        )


def _filtered(frame: pl.DataFrame, status: str | None, letters: str | None) -> pl.DataFrame:
    for column, value in (("status", status), ("lettersTo", letters)):
        if value is not None:
            frame = frame.filter(frame[column] == value)
    return frame
