"""Quality: which edits fail and on which records; indicators against their thresholds."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import download, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import item_values
from dashboards.pages import page

_SECTIONS = ["Edit failures", "Indicators"]
_MOST = 500
_TOGETHER, _EACH = "All years together", "Year by year"


def show() -> None:
    st.title("Quality")
    may_list = door.actor().may("quality.failures")
    section = st.segmented_control(
        "Section",
        _SECTIONS,
        default=_SECTIONS[0],
        required=True,
        key="quality_section",
        label_visibility="collapsed",
    )
    if section == "Indicators":
        _indicators()
    else:
        _failures(may_list)


@st.fragment
def _failures(may_list: bool) -> None:
    with guarded():
        summary = door.figures("quality.summary")
        if not summary.height:
            empty("No edit fails.", "Either nothing is wrong, or the edits have not run since the last load.")
            return
        a, b = st.columns([2, 5], vertical_alignment="bottom")
        severities = summary["severity"].unique().sort().to_list()
        severity = a.selectbox(
            "Severity",
            [None, *severities],
            format_func=lambda v: str(v).capitalize() if v else "All",
            key="severity",
        )
        shown = summary if severity is None else summary.filter(summary["severity"] == severity)
        b.caption(
            f"{shown.height} edits, {int(shown['open'].sum() or 0):,} open failures. Choose an edit to see its records."
        )
        names = {
            "edit": "Edit",
            "severity": "Severity",
            "open": "Open",
            "overridden": "Overridden",
            "message": "Rule",
        }
        widths = {
            "edit": st.column_config.TextColumn("Edit", width=205),
            "severity": st.column_config.TextColumn("Severity", width=75),
            "open": st.column_config.NumberColumn("Open", format="localized", width=60),
            "overridden": st.column_config.NumberColumn("Overridden", format="localized", width=90),
            "message": st.column_config.TextColumn("Rule", width=770),
        }
        chosen = tables.show(
            shown,
            key="edits",
            columns=names,
            config=widths,
            select=may_list,
            rows=8,
            alt="Edits and their open failures",
        )
        if chosen:
            _records(chosen)


def _records(chosen: dict[str, Any]) -> None:
    edit = chosen["edit"]
    st.subheader(f"Records that fail {plain(edit)}")
    frame = door.ask("quality.failures", edit=edit, limit=_MOST)
    if not frame.height:
        empty("No open failure of this edit in your facilities.")
        return
    frame = frame.with_columns(pl.Series("item_values", [item_values(v) for v in frame["item_values"]]))
    names = {
        "failure_id": "No.",
        "abstract_id": "Abstract",
        "tumor_id": "Tumor",
        "facility_id": "Facility",
        "item_values": "Values",
        "message": "Message",
        "state": "State",
    }
    config = {
        **{key: tables.ident(names[key]) for key in ("failure_id", "abstract_id", "tumor_id")},
        "message": st.column_config.TextColumn("Message", width="large"),
    }
    row = tables.show(frame, key=f"failures_{edit}", columns=names, config=config, select=True, rows=8)
    left, right = st.columns([5, 2], vertical_alignment="center")
    if row is None:
        left.caption(f"{frame.height:,} shown (at most {_MOST}). Choose a row to open its record.")
    elif left.button("Open record", type="primary", icon=":material/open_in_new:", key="open_record"):
        _open(row)
    with right:
        download.link("Download CSV", "edit-failures.csv", "quality.failures", edit=edit, limit=100_000)


def _open(row: dict[str, Any]) -> None:
    target = page("record")
    if target is not None:
        wanted = {"patient": row.get("patient_id"), "abstract": row.get("abstract_id")}
        st.switch_page(target, query_params={k: str(v) for k, v in wanted.items() if v is not None})


@st.fragment
def _indicators() -> None:
    with guarded():
        frame = door.figures("quality.indicators")
        if not frame.height:
            empty("No indicator can be computed yet.")
            return
        a, b, _rest = st.columns([2, 2, 4])
        years = sorted({y for y in frame["year"].to_list() if y is not None}, reverse=True)
        year = a.selectbox("Year of diagnosis", [_TOGETHER, _EACH, *years], key="ind_year")
        states = frame["status"].drop_nulls().unique().sort().to_list()
        status = b.selectbox(
            "Status",
            [None, *states],
            format_func=lambda v: str(v).capitalize() if v else "All",
            key="ind_status",
        )
        if year == _TOGETHER:
            frame = frame.filter(pl.col("year").is_null())
        elif year != _EACH:
            frame = frame.filter(pl.col("year") == year)
        if status is not None:
            frame = frame.filter(pl.col("status") == status)
        if not frame.height:
            empty("No indicator fits this choice.")
            return
        names = {
            "indicator": "Id",
            "name": "Indicator",
            "year": "Year",
            "numerator": "Numerator",
            "denominator": "Denominator",
            "value": "Value",
            "threshold_gold": "Gold",
            "threshold_silver": "Silver",
            "status": "Status",
        }
        config = {
            "name": st.column_config.TextColumn("Indicator", width="large"),
            "year": tables.ident("Year"),
        }
        tables.show(frame, key="indicators", columns=names, config=config, rows=14)
