"""Official results: what holds a submission back, which reports came in, and results that belong to no record."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.failure_panel import SEVERITIES, SOURCES
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted

_UNMATCHED: Final = {
    "source_name": ("Report", 150),
    "line": ("Line", 55),
    "problem": ("Why no record was found", 210),
    "facility": ("Facility", 100),
    "accession": ("Accession", 95),
    "sequence": ("Sequence", 75),
    "patient": ("Patient", 75),
    "tumor": ("Tumor", 60),
    "tag": ("Tag", 70),
    "edit": ("Edit", 200),
    "message": ("Message", 230),
}


@st.fragment
def show() -> None:
    with guarded():
        central = door.actor().facilities is None
        facility = None
        if central:
            a, _rest = st.columns([3, 7])
            facility = choices.pick_facility(a, "gate_facility")
        gate = door.figures("quality.gate", facility=facility)
        _verdict(gate)
        left, right = st.columns([7, 5], gap="large")
        with left:
            _held(gate["by_edit"])
        with right:
            _runs(central=central)
        if central and door.actor().may("quality.unmatched"):
            _unmatched()


def _verdict(gate: dict[str, Any]) -> None:
    """Whether a submission may go, and why not."""
    if gate["ready"]:
        st.success("Nothing holds a submission back.", icon=":material/check_circle:")
    else:
        reasons = "; ".join(gate["reasons"])
        st.error(f"A submission has to wait: {plain(reasons)}.", icon=":material/front_hand:")
    if gate["notes"]:
        st.caption("Also: " + plain("; ".join(gate["notes"])) + ".")


def _held(frame: pl.DataFrame) -> None:
    st.subheader("What holds a submission back")
    if not frame.height:
        empty("No error is open.")
        return
    shown = frame.with_columns(
        pl.col("severity").replace_strict(SEVERITIES, default=pl.col("severity")),
        pl.col("source").replace_strict(SOURCES, default=pl.col("source")),
    )
    columns = {
        "edit": "Edit", "source": "Source", "severity": "Severity", "failures": "Failures", "records": "Records",
    }  # fmt: skip
    config = {
        "edit": tables.text("Edit", 260),
        "source": tables.text("Source", 120),
        "severity": tables.text("Severity", 75),
        "failures": tables.count("Failures", 75),
        "records": tables.count("Records", 75),
    }
    tables.show(shown, key="gate", columns=columns, config=config, rows=8, alt="What holds a submission back")


def _runs(*, central: bool) -> None:
    """The imports; how much they found is a figure of the whole registry."""
    st.subheader("Official reports")
    if not door.actor().may("quality.runs"):
        return
    frame = door.figures("quality.runs", kind="official", limit=20)
    if not frame.height:
        empty(
            "No official report was imported yet.",
            "`registry edits import-results FILE --mapping m.toml` takes one in.",
        )
        return
    columns = {
        "source_name": "Report", "as_of": "Of", "failures": "Failures", "new": "New", "fixed": "Fixed",
        "unmatched": "No record",
    }  # fmt: skip
    config = {
        "source_name": tables.text("Report", 150),
        "as_of": st.column_config.DateColumn("Of", format="YYYY-MM-DD", width=90),
    } | {name: tables.count(columns[name], 68) for name in ("failures", "new", "fixed", "unmatched")}
    if not central:
        frame = frame.select("source_name", "as_of")
    tables.show(frame, key="official_runs", columns=columns, config=config, rows=8, alt="Official reports")


def _unmatched() -> None:
    frame = door.ask("quality.unmatched")
    if not frame.height:
        return
    st.subheader(f"{counted(frame.height, 'official result')} of no known record")
    shown = frame.drop([name for name in _UNMATCHED if frame[name].null_count() == frame.height])
    config = {
        name: tables.text(label, width) for name, (label, width) in _UNMATCHED.items() if name != "line"
    }
    config["line"] = tables.year(*_UNMATCHED["line"])
    columns = {name: label for name, (label, _width) in _UNMATCHED.items()}
    tables.show(shown, key="unmatched", columns=columns, config=config, rows=8, alt="Results of no record")
