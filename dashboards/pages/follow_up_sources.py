"""Passive sources: what visits, other registries' files and pathology reports told, line by line."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted, sentence

_KINDS: Final = {
    "visits": "Hospital visits",
    "naaccr": "Another registry's file",
    "pathology": "Pathology reports",
}
_COLUMNS: Final = {
    "created_at": ("When (UTC)", 130),
    "kind": ("Source", 180),
    "file_name": ("File", 240),
    "rows": ("Lines", 70),
    "moved": ("Moved last contact", 125),
    "not_later": ("Not later", 80),
    "unmatched": ("No patient found", 115),
    "unreadable": ("Not readable", 95),
    "reviews": ("Reviews", 70),
    "imported_by": ("By", 80),
}
_LINES: Final = {
    "line": ("Line", 60),
    "outcome": ("What came of it", 170),
    "detail": ("Detail", 420),
    "patient_id": ("Patient", 75),
    "content": ("As received", 560),
}


@st.fragment
def show() -> None:
    with guarded():
        _run()
        frame = door.ask("followup.imports")
        if not frame.height:
            empty(
                "No source was searched yet.",
                "`registry followup import FILE --kind visits` takes in hospital visits, `--kind naaccr` another registry's "
                "file.",
            )
            return
        row = _table(frame)
        if row is None:
            st.caption(
                "The newest first. Choose one to see its lines: what moved last contact, and what needs a look."
            )
        else:
            _lines(int(row["import_id"]))


def _run() -> None:
    """Search what the registry has already; files come in on the server."""
    if not door.actor().may("followup.import"):
        return
    with guarded():
        if st.button("Search pathology reports", icon=":material/biotech:", key="passive_pathology"):
            answer = door.act("followup.import", kind="pathology")
            st.toast(
                f"{counted(answer['rows'], 'report')} looked at, {answer['moved']:,} moved last contact.",
                icon=":material/check_circle:",
            )
            st.rerun()


def _table(frame: pl.DataFrame) -> dict[str, Any] | None:
    shown = frame.with_columns(pl.col("kind").replace_strict(_KINDS, default=pl.col("kind")))
    names = [name for name in _COLUMNS if name in shown.columns and shown[name].null_count() < shown.height]
    config: dict[str, Any] = {
        name: tables.text(*_COLUMNS[name]) for name in ("kind", "file_name", "imported_by")
    }
    counts = ("rows", "moved", "not_later", "unmatched", "unreadable", "reviews")
    config |= {name: tables.count(*_COLUMNS[name]) for name in counts}
    label, width = _COLUMNS["created_at"]
    config["created_at"] = st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm", width=width)
    return tables.show(
        shown, key="imports", columns={name: _COLUMNS[name][0] for name in names}, config=config, select=True, rows=8,
        alt="Searches of passive sources",
    )  # fmt: skip


def _lines(import_id: int) -> None:
    frame = door.ask("followup.import_lines", import_id=import_id)
    if not frame.height:
        empty("No line is kept of this one.")
        return
    counts = dict(frame["outcome"].value_counts(sort=True).iter_rows())
    a, b = st.columns([9, 2], vertical_alignment="bottom")
    outcome = a.segmented_control(
        "What came of it", [None, *counts], default=None, key=f"import_outcome_{import_id}",
        format_func=lambda word: f"{sentence(word)} {counts[word]:,}" if word else f"All {frame.height:,}",
    )  # fmt: skip
    with b:
        download.link(
            "Download CSV", "source-lines.csv", "followup.import_lines", import_id=import_id, outcome=outcome
        )
    if outcome is not None:
        frame = frame.filter(pl.col("outcome") == outcome)
    told = pl.when(pl.col("detail") != pl.col("outcome")).then("detail")  # some say no more than the outcome
    shown = frame.with_columns(
        pl.col("outcome").map_elements(sentence, return_dtype=pl.String), told.alias("detail")
    )
    names = [name for name in _LINES if shown[name].null_count() < shown.height]
    config: dict[str, Any] = {name: tables.text(*entry) for name, entry in _LINES.items()}
    config |= {name: tables.year(*_LINES[name]) for name in ("line", "patient_id")}
    row = tables.show(
        shown, key=f"import_lines_{import_id}_{choices.round_of('imports')}", config=config, select=True, rows=11,
        columns={name: _LINES[name][0] for name in names}, alt="Lines of the source",
    )  # fmt: skip
    if row is not None and row["patient_id"] is not None:
        st.query_params.from_dict({"patient": str(row["patient_id"])})
        st.rerun()
