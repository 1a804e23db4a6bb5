"""Facilities in this year: received against expected, days to receipt, silence, edits passed; one facility by month."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import charts, download, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, number, percent, sentence
from dashboards.pages import monitor_reminders

STATES: Final = {
    "silent": "✗ Silent",
    "overdue": "! Overdue",
    "on time": "✓ On time",
    "no expectation": "Nothing expected",
    "closed": "Closed",
}
_ORDER: Final = list(STATES)
_COLUMNS: Final = {
    "state": ("State", 120),
    "name": ("Facility", 265),
    "received": ("Received", 75),
    "to_date": ("Expected by now", 115),
    "expected": ("Whole year", 85),
    "last_received": ("Last received", 100),
    "months_silent": ("Months silent", 100),
    "median_days": ("Days to receipt", 105),
    "timely_percent": ("In 6 months %", 105),
    "pass_percent": ("Pass edits %", 95),
}
_MONTHS: Final = 24


@st.fragment
def show() -> None:
    with guarded():
        frame = door.figures("monitor.facilities")
        if not frame.height:
            empty("No facility is known yet.")
            return
        if frame.height == 1:
            _one(frame.row(0, named=True))
            return
        row = _table(_of_state(frame))
        if row is None:
            st.caption(
                "Received since January against the share of the year's expected cases that is due by now. Days and "
                "shares are of the last 12 months. Choose a facility to see its months."
            )
        else:
            _one(row)


def _of_state(frame: pl.DataFrame) -> pl.DataFrame:
    """The facilities of the chosen state."""
    counts = dict(frame["state"].value_counts().iter_rows())
    a, b = st.columns([8, 2], vertical_alignment="bottom")
    state = a.segmented_control(
        "State",
        [None, *(state for state in _ORDER if state in counts)],
        default=None,
        format_func=lambda word: (
            f"All {frame.height}" if word is None else f"{STATES[word].lstrip('✗!✓ ')} {counts[word]}"
        ),
        key="monitor_state",
        label_visibility="collapsed",
    )
    with b:
        download.link("Download CSV", "reporting-monitor.csv", "monitor.facilities")
    return frame if state is None else frame.filter(pl.col("state") == state)


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    rank = pl.col("state").replace_strict({s: n for n, s in enumerate(_ORDER)}, default=9)
    ordered = frame.sort(
        rank, pl.col("shortfall").fill_null(0), "facility_id", descending=[False, True, False]
    )
    shown = ordered.with_columns(
        pl.col("state").replace_strict(STATES, default=pl.col("state")),
        name=pl.coalesce("name", "facility_id").fill_null("Not named by the sender"),
        to_date=pl.col("expected_to_date").round(0).cast(pl.Int64),
        expected=pl.col("expected").round(0).cast(pl.Int64),
    )
    config: dict[str, Any] = {
        name: tables.count(*_COLUMNS[name]) for name in ("received", "to_date", "expected", "months_silent")
    }
    config |= {name: tables.text(*_COLUMNS[name]) for name in ("state", "name")}
    config |= {name: tables.share(*_COLUMNS[name]) for name in ("timely_percent", "pass_percent")}
    config["median_days"] = st.column_config.NumberColumn("Days to receipt", format="%.0f", width=105)
    config["last_received"] = st.column_config.DateColumn("Last received", format="YYYY-MM-DD", width=100)
    row = tables.show(
        shown,
        key="monitor_facilities",
        columns={name: label for name, (label, _w) in _COLUMNS.items()},
        config=config,
        select=True,
        rows=10,
        alt="Facilities: received against expected",
    )
    if row is None:
        return None
    return next(r for r in ordered.iter_rows(named=True) if r["facility_id"] == row["facility_id"])


def _one(row: dict[str, Any]) -> None:
    """One facility: key figures, its months, and a reminder."""
    facility = row["facility_id"]
    st.subheader(plain(row["name"] or facility or "Not named by the sender"))
    figures = (
        ("State", STATES.get(row["state"], sentence(row["state"])), ""),
        ("Received this year", number(row["received"]), ""),
        ("Expected by now", number(row["expected_to_date"]), f"from {_source(row['expected_from'])}"),
        ("Missing", number(row["shortfall"]), ""),
        (
            "Median days",
            number(row["median_days"]),
            f"First contact to receipt; 90 % within {number(row['p90_days'])} days",
        ),
        (
            "Within 6 months",
            percent(row["timely_percent"]),
            f"{counted(row['dated'], 'record')} with both dates",
        ),
        ("Pass edits", percent(row["pass_percent"]), f"of {counted(row['records'], 'record')} in 12 months"),
    )
    for column, (label, value, help_) in zip(st.columns(len(figures), gap="small"), figures, strict=True):
        column.metric(
            label, value.lstrip("✗!✓ ") if label == "State" else value, border=True, help=help_ or None
        )
    if facility is None:
        return
    months = door.figures("monitor.months", facility=facility, count=_MONTHS)
    months = months.with_columns(label=pl.col("month").dt.strftime("%Y-%m"))
    left, right = st.columns([8, 4], gap="large")
    with left:
        st.markdown("**Received and expected by month**")
        figure = charts.against(
            months, "label", bar=("received", "Received"), line=("expected", "Expected"), y_title="Records"
        )
        charts.draw(
            figure, key=f"months_{facility}", alt=f"Records received and expected in {_MONTHS} months"
        )
    with right:
        if door.actor().may("monitor.remind") and row["state"] in {"silent", "overdue"}:
            monitor_reminders.form(facility)
        st.markdown("**Last months**")
        _months(months.tail(6).reverse())


def _months(months: pl.DataFrame) -> None:
    columns = {
        "label": "Month",
        "received": "Received",
        "timely_percent": "6 months %",
        "pass_percent": "Pass %",
    }
    config = {
        "label": tables.text("Month", 80),
        "received": tables.count("Received", 75),
        "timely_percent": tables.share("6 months %", 85),
        "pass_percent": tables.share("Pass %", 70),
    }
    tables.show(months, key="last_months", columns=columns, config=config, rows=6, alt="The last months")


def _source(word: str | None) -> str:
    """Where an expected figure comes from."""
    words = {"table": "the figure given for this year", "facility": "the facility's standing figure"}
    return words.get(str(word), str(word or "nowhere: nothing is expected"))
