"""The edit report: failures counted, their trend over the runs, and the whole as a document."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import charts, choices, download, tables
from dashboards.components.failure_panel import SEVERITIES, SOURCES
from dashboards.components.messages import empty, guarded
from dashboards.components.words import moment

_BY: Final = {
    "facility": ("Facility", "facility"),
    "abstractor": ("Abstractor", "abstractor"),
    "year": ("Year of diagnosis", "diagnosis_year"),
    "edit": ("Edit", "edit"),
}
_COUNTS: Final = {
    "records": "Records",
    "failing": "Failing records",
    "open": "Open",
    "errors": "Errors",
    "reviews": "Reviews",
    "warnings": "Warnings",
    "overridden": "Overridden",
    "fixed": "Fixed",
}
_FORMATS: Final = {"html": "Printable page", "xlsx": "Excel", "csv": "CSV files"}


@st.fragment
def show() -> None:
    with guarded():
        by, wanted = _wanted()
        frame = door.figures("quality.report", by=(by,), **wanted)
        if not frame.height or not int(frame["records"].sum() or 0):
            empty("There is no record to report on.")
            return
        _table(by, frame)
        left, right = st.columns([8, 4], gap="large")
        with left:
            _trend(wanted)
        with right:
            _documents(wanted["facility"], wanted["year"])


def _wanted() -> tuple[str, dict[str, Any]]:
    central = door.actor().facilities is None or len(door.actor().facilities or ()) > 1
    places = iter(st.columns(5 if central else 4))
    by = next(places).selectbox("Count by", list(_BY), format_func=lambda word: _BY[word][0], key="report_by")
    facility = choices.pick_facility(next(places), "report_facility") if central else None
    years = door.figures("quality.report", by=("year",))["diagnosis_year"].drop_nulls().sort(descending=True)
    year = choices.pick(next(places), "Year of diagnosis", years.to_list(), "report_year")
    severity = choices.pick(next(places), "Severity", list(SEVERITIES), "report_severity", SEVERITIES)
    source = choices.pick(next(places), "Source", list(SOURCES), "report_source", SOURCES)
    return by, {"facility": facility, "year": year, "severity": severity, "source": source}


def _table(by: str, frame: pl.DataFrame) -> None:
    label, column = _BY[by]
    shown = frame
    if by == "facility":
        shown = choices.named(frame, choices.SEVERAL)
    elif by == "year":
        shown = frame.with_columns(pl.col(column).cast(pl.String).fill_null("unknown"))
    elif by == "abstractor":
        shown = frame.with_columns(pl.col(column).fill_null("not named"))
    shown = shown.sort("open", descending=True) if by != "year" else shown.sort(column, descending=True)
    names = {column: label, **_COUNTS, "per_100": "Open per 100 records"}
    if by == "edit":
        names.pop("records")
    config = {name: tables.count(text, 95) for name, text in _COUNTS.items()}
    config |= {column: tables.text(label, 330), "failing": tables.count("Failing records", 110)}
    config["per_100"] = tables.share("Open per 100 records", 140)
    tables.show(shown, key=f"report_{by}", columns=names, config=config, rows=9, alt=f"Failures by {label}")


def _trend(wanted: dict[str, Any]) -> None:
    st.subheader("Open after each run")
    frame = door.figures("quality.trend", **wanted)
    if frame.height < 2:
        empty("The trend begins with the second run of the edits.")
        return
    labels = [
        f"Run {run}<br>{moment(at)[:10]}" for run, at in frame.select("run_id", "finished_at").iter_rows()
    ]
    figure = charts.lines(
        frame.with_columns(pl.Series("run", labels)),
        "run",
        {"open": "Open", "overridden": "Overridden"},
        y_title="Failures",
    )
    charts.draw(figure, key="report_trend", alt="Open and overridden failures after each run")


def _documents(facility: str | None, year: int | None) -> None:
    st.subheader("Report to take along")
    st.caption(
        "With all sections: by facility, abstractor, year and edit, what holds a submission back, the trend and the "
        "scorecard. No patient is named in it. Facility and year above are kept."
    )
    with st.container(horizontal=True, gap="small"):
        for kind, label in _FORMATS.items():
            download.link(
                label,
                f"edit-report-{kind}",
                "quality.report_document",
                format=kind,
                facility=facility,
                year=year,
            )
