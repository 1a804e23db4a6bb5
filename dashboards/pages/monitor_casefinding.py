"""Casefinding sources of a hospital: which month of which source was reviewed, and what is still open."""

from __future__ import annotations

import calendar
import datetime as dt
import html
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import counted, number

_KEY: Final = "casefinding"
_MONTHS: Final = [calendar.month_abbr[n] for n in range(1, 13)]
#: State → sign, class of the cell.
_SIGNS: Final = {
    "reviewed": ("✓", "rg-met"),
    "open items": ("open", "rg-open"),
    "due": ("due", "rg-open"),
    "overdue": ("overdue", "rg-not-met"),
    "not yet": ("", ""),
}


@st.fragment
def show() -> None:
    with guarded():
        a, b, c = st.columns([4, 2, 6], vertical_alignment="bottom")
        names = choices.facilities()
        if not names:
            empty("No facility is known yet.")
            return
        facility = choices.pick_facility(a, "case_facility", any_=False)
        this = dt.date.today().year
        year = b.selectbox("Year", [this, this - 1, this - 2], key="case_year")
        frame = door.ask("monitor.casefinding", facility=facility, year=int(year))
        c.caption(_told(frame))
        st.html(_grid(frame))
        if door.actor().may("monitor.review"):
            left, right = st.columns([8, 4], gap="large")
            with left:
                _review(str(facility), int(year), frame)
            with right:
                _open_items(frame)
                _sources(str(facility), frame)
        else:
            _open_items(frame)


def _told(frame: pl.DataFrame) -> str:
    counts = dict(frame["state"].value_counts().iter_rows())
    waiting = int(frame["open_items"].sum() or 0)
    return (
        f"{number(counts.get('overdue', 0))} overdue, {number(counts.get('due', 0))} due, "
        f"{counted(waiting, 'open item')}. A month is due when it is over, overdue a month later."
    )


def _grid(frame: pl.DataFrame) -> str:
    """Sources down, months across; each cell says its state in words or a sign."""
    head = "".join(f"<th>{month}</th>" for month in _MONTHS)
    rows = []
    for source in frame["source"].unique(maintain_order=True):
        cells = frame.filter(pl.col("source") == source).sort("month").iter_rows(named=True)
        rows.append(f"<tr><td><b>{html.escape(_title(source))}</b></td>{''.join(map(_cell, cells))}</tr>")
    return f'<table class="rg-grid"><thead><tr><th>Source</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _cell(row: dict[str, Any]) -> str:
    sign, style = _SIGNS.get(row["state"], (row["state"], ""))
    if row["state"] == "open items":
        sign = f"{row['open_items']} open"
    tag = (
        f'<span class="rg-tag {style}" style="margin-left:0">{html.escape(str(sign))}</span>' if sign else ""
    )
    told = [
        f"{row['reviewed']} looked through" if row["reviewed"] is not None else "",
        row["reviewed_by"] or "",
    ]
    title = html.escape(", ".join(part for part in told if part), quote=True)
    return f'<td title="{title}">{tag}</td>'


def _title(source: str) -> str:
    return source[:1].upper() + source[1:]


def _review(facility: str, year: int, frame: pl.DataFrame) -> None:
    """Note a review, or change what was noted; begins with the most urgent month."""
    st.markdown("**Note a review**")
    a, b = st.columns([5, 3])
    sources = frame["source"].unique(maintain_order=True).to_list()
    late = frame.filter(pl.col("state").is_in(["overdue", "open items", "due"]))
    first = late.row(0, named=True) if late.height else frame.row(0, named=True)
    source = a.selectbox(
        "Source",
        sources,
        index=sources.index(first["source"]),
        format_func=_title,
        key=f"review_source_{facility}",
    )
    month = b.selectbox(
        "Month",
        list(range(1, 13)),
        index=first["month"] - 1,
        format_func=lambda n: f"{_MONTHS[n - 1]} {year}",
        key=f"review_month_{facility}_{year}",
    )
    held = frame.filter((pl.col("source") == source) & (pl.col("month") == month)).row(0, named=True)
    key = f"{facility}_{year}_{month}_{source}_{held['version']}_{choices.round_of(_KEY)}"
    with st.form(f"review_{key}"):
        a, b, c, d = st.columns(4)
        seen = a.number_input("Looked through", min_value=0, value=held["reviewed"], step=1)
        fit = b.number_input("Reportable", min_value=0, value=held["eligible"], step=1)
        left = c.number_input("Still open", min_value=0, value=held["open_items"] or 0, step=1)
        day = d.date_input("Reviewed on", value=held["reviewed_on"] or dt.date.today(), format="YYYY-MM-DD")
        note = st.text_input("Note (optional)", value=held["note"] or "")
        if st.form_submit_button("Save the review", type="primary"):
            door.act(
                "monitor.review", facility=facility, year=year, month=int(month), source=source,
                reviewed=None if seen is None else int(seen), eligible=None if fit is None else int(fit),
                open_items=int(left), note=note, on=str(day),
                expected_version=None if held["version"] is None else int(held["version"]),
            )  # fmt: skip
            choices.next_round(_KEY)
            st.toast("Review noted.", icon=":material/check_circle:")
            st.rerun()


def _open_items(frame: pl.DataFrame) -> None:
    st.markdown("**Open items**")
    waiting = frame.filter(pl.col("open_items") > 0)
    if not waiting.height:
        st.caption("None.")
    for row in waiting.iter_rows(named=True):
        note = f": {row['note']}" if row["note"] else ""
        line = f"{_title(row['source'])}, {_MONTHS[row['month'] - 1]} · {row['open_items']}{note} ({row['reviewed_by']})"
        st.markdown(f"- {plain(line)}")


def _sources(facility: str, frame: pl.DataFrame) -> None:
    """The facility's own list of sources."""
    if not door.actor().may("monitor.sources"):
        return
    with st.expander("Change the list of sources"), st.form(f"sources_{facility}", border=False):
        listed = "\n".join(frame["source"].unique(maintain_order=True).to_list())
        text = st.text_area("One source a line; empty = the usual ones", value=listed, height=190)
        if st.form_submit_button("Save the list"):
            door.act("monitor.sources", facility=facility, names=text.splitlines())
            st.toast("List saved.", icon=":material/check_circle:")
            st.rerun()
