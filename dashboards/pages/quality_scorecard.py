"""The certification scorecard: which level of which programme a year reaches, and what it lacks."""

from __future__ import annotations

import html
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components.messages import empty, guarded
from dashboards.components.words import number

_MET, _NOT_MET = "met", "not met"
_SIGNS: Final = {_MET: "✓", _NOT_MET: "✗"}
_CLASSES: Final = {_MET: "rg-met", _NOT_MET: "rg-not-met"}


@st.fragment
def show() -> None:
    with guarded():
        years = (
            door.figures("quality.report", by=("year",))["diagnosis_year"].drop_nulls().sort(descending=True)
        )
        if not years.len():
            empty("There is no record to judge yet.")
            return
        usual = door.figures("quality.scorecard")["year"]
        a, b = st.columns([2, 8], vertical_alignment="bottom")
        options = years.to_list() if usual in years else [usual, *years.to_list()]
        year = a.selectbox("Year of diagnosis", options, index=options.index(usual), key="score_year")
        found = door.figures("quality.scorecard", year=int(year))
        b.caption(_about(found))
        st.html(_levels(found["levels"]))
        card = found["card"]
        for programme in card["programme"].unique(maintain_order=True):
            rows = card.filter(pl.col("programme") == programme)
            judged = programme in set(found["levels"]["programme"])
            with st.expander(_title(programme, rows), expanded=judged):
                st.html(_table(rows))


def _about(found: dict[str, Any]) -> str:
    whose = (
        "all facilities"
        if door.actor().facilities is None
        else "your facilities alone: programmes judge the state"
    )
    return (
        f"Cases diagnosed in {found['year']}, thresholds in force on {found['as_of']}, of {whose}. "
        "“To mend” is the smallest number of records that must be corrected to meet the threshold."
    )


def _levels(levels: pl.DataFrame) -> str:
    """A card for each level: met or not, and by how many thresholds."""
    cards = []
    for row in levels.iter_rows(named=True):
        state = row["state"]
        counts = ", ".join(
            f"{row[name]} {word}"
            for name, word in ((_MET, _MET), ("not_met", _NOT_MET), ("not_computable", "not computable"))
            if row[name]
        )
        cards.append(
            f'<div class="rg-level {_CLASSES.get(state, "rg-unknown")}"><b>{html.escape(_level(row))}</b> '
            f'<span class="rg-tag {_CLASSES.get(state, "")}">{_SIGNS.get(state, "?")} {html.escape(state)}</span>'
            f"<small>Thresholds: {counts or 'none'}</small></div>"
        )
    return f'<div class="rg-levels">{"".join(cards)}</div>'


def _level(row: dict[str, Any]) -> str:
    return f"{row['programme']} {str(row['level']).replace('_', ' ')}"


def _title(programme: str, rows: pl.DataFrame) -> str:
    missed = rows.filter(pl.col("state") == _NOT_MET).height
    unknown = rows.filter(pl.col("state").is_in([_MET, _NOT_MET]).not_()).height
    told = [f"{missed} not met" if missed else "", f"{unknown} not computable" if unknown else ""]
    return f"{programme[:1].upper()}{programme[1:]} · {', '.join(part for part in told if part) or 'all met'}"


def _table(rows: pl.DataFrame) -> str:
    """Each threshold with value, margin and what is missing; what is not met comes first."""
    rank = {_NOT_MET: 0, _MET: 2}
    ordered = sorted(rows.iter_rows(named=True), key=lambda row: rank.get(row["state"], 1))
    head = "".join(
        f'<th{" class=rg-n" if right else ""}>{label}</th>'
        for label, right in (
            ("Indicator", 0), ("Level", 0), ("", 0), ("Value", 1), ("Threshold", 1), ("Margin", 1), ("To mend", 1),
            ("Due", 0),
        )
    )  # fmt: skip
    return f'<table class="rg-grid"><thead><tr>{head}</tr></thead><tbody>{"".join(map(_row, ordered))}</tbody></table>'


def _row(row: dict[str, Any]) -> str:
    state = row["state"]
    tag = (
        f'<span class="rg-tag {_CLASSES.get(state, "")}">{_SIGNS.get(state, "?")} {html.escape(state)}</span>'
    )
    informs = " <small>informs only</small>" if row["severity"] == "info" else ""
    mend = "–" if row["records_missing"] is None or state == _MET else number(row["records_missing"])
    operator = {">=": "≥", "<=": "≤"}.get(row["operator"], row["operator"])
    cells = [
        f"<td>{html.escape(row['name'])}{informs}</td>",
        f"<td>{html.escape(str(row['level']).replace('_', ' '))}</td>",
        f"<td>{tag}</td>",
        f'<td class="rg-n">{_figure(row["value"])}</td>',
        f'<td class="rg-n">{html.escape(operator)} {_figure(row["threshold"])}</td>',
        f'<td class="rg-n">{_figure(row["margin"], sign=True)}</td>',
        f'<td class="rg-n">{mend}</td>',
        f"<td>{row['due'] or '–'}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _figure(value: float | None, *, sign: bool = False) -> str:
    """A figure with at most two digits after the point.

    >>> _figure(95.0), _figure(89.74359), _figure(-2.5, sign=True), _figure(0.0, sign=True), _figure(None)
    ('95', '89.74', '−2.5', '0', '–')
    """
    if value is None:
        return "–"
    text = f"{value:+,.2f}" if sign and round(value, 2) else f"{value:,.2f}"
    return text.rstrip("0").rstrip(".").replace("-", "−")
