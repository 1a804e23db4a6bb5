"""How many cases each facility should report in a year: typed into the table, kept with who and when."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted

_KEY: Final = "expected"
_SOURCE: Final = {
    "table": "given for this year",
    "facility": "the facility's standing figure",
    "mean of earlier years": "mean of earlier years",
}


@st.fragment
def show() -> None:
    with guarded():
        known = door.figures("monitor.facilities").filter(pl.col("facility_id").is_not_null())
        if not known.height:
            empty("No facility is known yet.")
            return
        this = dt.date.today().year
        a, b = st.columns([2, 8], vertical_alignment="bottom")
        year = a.selectbox("Year", [this + 1, this, this - 1, this - 2], index=1, key="expected_year")
        b.caption(
            "A figure given here counts for its year; without one the facility's standing figure counts, else the "
            "mean of the three years before. Empty a cell to take a figure back."
        )
        frame = _figures(known, int(year), current=year == this)
        may = door.actor().may("monitor.expect")
        if not may:
            tables.show(frame.drop("facility_id"), key="expected_read", columns=_headings(), rows=12)
            return
        edited = st.data_editor(
            frame,
            key=f"expected_{year}_{choices.round_of(_KEY)}",
            hide_index=True,
            placeholder="",
            column_order=list(_headings()),
            disabled=[name for name in frame.columns if name not in {"given", "source"}],
            column_config={
                "name": tables.text("Facility", 300),
                "given": st.column_config.NumberColumn(
                    f"Expected in {year}",
                    min_value=0,
                    max_value=9_999_999,
                    step=1,
                    format="localized",
                    width=140,
                ),
                "source": st.column_config.TextColumn("Where from", width=230),
                "counts": tables.count("Counts now", 90),
                "counts_from": tables.text("Because", 200),
                "changed_by": tables.text("Given by", 100),
            },
        )
        _save(frame, edited, int(year))


def _headings() -> dict[str, str]:
    return {
        "name": "Facility", "given": "Expected", "source": "Where from", "counts": "Counts now",
        "counts_from": "Because", "changed_by": "Given by",
    }  # fmt: skip


def _figures(known: pl.DataFrame, year: int, *, current: bool) -> pl.DataFrame:
    """One row a facility with the figure that was given; beside it what counts, for the present year."""
    given = door.ask("monitor.expectations", year=year).select(
        "facility_id", given=pl.col("expected").cast(pl.Int64), source="source", changed_by="changed_by"
    )
    base = known.select(
        "facility_id",
        name=pl.coalesce("name", "facility_id"),
        counts=pl.col("expected").round(0).cast(pl.Int64) if current else pl.lit(None, pl.Int64),
        counts_from=pl.col("expected_from").replace(_SOURCE) if current else pl.lit(None, pl.String),
    )
    joined = base.join(given, on="facility_id", how="left").sort("name")
    shown = joined if current else joined.drop("counts", "counts_from")
    return shown.select(["facility_id", *(name for name in _headings() if name in shown.columns)])


def _save(before: pl.DataFrame, after: Any, year: int) -> None:
    """Keep the cells that were changed, each with its row."""
    rows = zip(before.iter_rows(named=True), pl.DataFrame(after).iter_rows(named=True), strict=True)
    changed = [
        new for old, new in rows if (old["given"], old["source"]) != (new["given"], new["source"] or None)
    ]
    a, b = st.columns([2, 8], vertical_alignment="center")
    pressed = a.button("Save", type="primary", disabled=not changed, width="stretch", key="expected_save")
    if changed:
        b.caption(f"{counted(len(changed), 'facility', 'facilities')} changed, not saved yet.")
    if pressed:
        for row in changed:
            figure = None if row["given"] is None else int(row["given"])
            door.act(
                "monitor.expect",
                facility=row["facility_id"],
                year=year,
                expected=figure,
                source=row["source"] or "",
            )
        choices.next_round(_KEY)
        st.toast("Expected figures saved.", icon=":material/check_circle:")
        st.rerun()
