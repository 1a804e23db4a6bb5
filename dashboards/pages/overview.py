"""Overview: key figures, cases by year and by another characteristic, completeness."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import charts, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import moment, number, percent

_BY = {"site": "Site", "stage": "Stage", "sex": "Sex", "facility": "Facility"}
#: Key figures with their names; the service leaves some out for some roles.
_COUNTS = {
    "patients": "Patients",
    "tumors": "Tumors",
    "abstracts": "Abstracts",
    "pathology_reports": "Pathology reports",
    "treatments": "Treatments",
    "open_edit_failures": "Open edit failures",
    "review_tasks": "Review tasks",
    "quarantined": "In quarantine",
    "facilities": "Facilities",
}
_SECTIONS = ["Cases", "Completeness"]


def show() -> None:
    st.title("Overview")
    summary = door.figures("overview.summary")
    _key_figures(summary)
    if summary["tumors"] == 0:
        empty("No tumors yet.", "Load files with `registry ingest FILES…`; they appear here at once.")
        return
    section = st.segmented_control(
        "Section",
        _SECTIONS,
        default="Cases",
        required=True,
        key="overview_section",
        label_visibility="collapsed",
    )
    (_cases if section == "Cases" else _completeness)()


def _key_figures(summary: dict[str, Any]) -> None:
    rate = summary.get("follow_up_rate")
    counts = [(label, _count(summary[name])) for name, label in _COUNTS.items() if name in summary]
    figures = [*counts[:5], ("Follow-up rate", percent(rate)), *counts[5:]]
    for row in (figures[:5], figures[5:]):
        for column, (label, value) in zip(st.columns(5, gap="small"), row, strict=False):
            column.metric(label, value, border=True)
    if summary.get("last_load"):
        st.caption(f"Last load: {moment(summary['last_load'])} UTC")


def _count(value: int | None) -> str:
    """A key figure; the service hides small ones from some roles."""
    return "hidden" if value is None else number(value)


def _say_hidden(frame: pl.DataFrame) -> None:
    hidden = frame["tumors"].null_count()
    if hidden:
        st.caption(f"Not shown: {number(hidden)} small counts, or counts that would give one away")


@st.fragment
def _cases() -> None:
    a, b, c = st.columns([6, 4, 2], gap="medium", vertical_alignment="center")
    by = c.selectbox(
        "Count by", list(_BY), format_func=_BY.__getitem__, key="overview_by", label_visibility="collapsed"
    )
    a.subheader("Tumors by year of diagnosis")
    b.subheader(f"Tumors by {_BY[by].lower()}")
    left, right = st.columns(2, gap="medium")
    with left, guarded():
        counted = years = door.figures("overview.counts", by="diagnosis_year")
        known = years["diagnosis_year"].cast(pl.String).str.contains(r"^\d{4}$").fill_null(False)
        years, rest = years.filter(known), int(years.filter(~known)["tumors"].sum() or 0)
        figure = charts.columns(
            years, "diagnosis_year", "tumors", x_title="Year of diagnosis", y_title="Tumors", height=345
        )
        charts.draw(figure, key="by_year", alt="Tumors by year of diagnosis")
        if rest:
            st.caption(f"Without a year of diagnosis: {number(rest)}")
        _say_hidden(counted)
    with right, guarded():
        counted = door.figures("overview.counts", by=by)
        counts = charts.top(counted.drop_nulls("tumors"), by, "tumors", 13)
        figure = charts.bars(counts, by, "tumors", title="Tumors", height=max(200, 46 + 23 * counts.height))
        charts.draw(figure, key="by_other", alt=f"Tumors by {_BY[by].lower()}")
        _say_hidden(counted)


@st.fragment
def _completeness() -> None:
    with guarded():
        frame = door.figures("overview.completeness")
        if not frame.height:
            empty("No required items have been checked yet.")
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            st.subheader("Least complete items")
            worst = frame.sort(["percent", "item"])[:16]
            figure = charts.bars(
                worst,
                "name",
                "percent",
                title="Known values, %",
                text=[percent(p) for p in worst["percent"]],
                most=100,
            )
            charts.draw(figure, key="completeness", alt="Share of known values by item, least complete first")
        with right:
            st.subheader("All items")
            tables.show(
                frame,
                key="completeness_table",
                columns={"name": "Item", "records": "Records", "filled": "Filled", "percent": "Known %"},
                rows=13,
            )
