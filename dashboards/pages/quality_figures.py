"""Indicators of quality with their thresholds, by year, facility, site and other groups."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import choices, download, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import sentence

_WHOLE: Final = "No groups"
_BY: Final = {
    _WHOLE: "year",
    "Year of diagnosis": "year",
    "Facility": "facility",
    "Site": "site",
    "County": "county",
    "Sex": "sex",
    "Abstractor": "abstractor",
}
_TOTAL: Final = "all"
_STATUS: Final = {"gold": "Gold", "silver": "Silver", "below": "Below silver", "": "No threshold"}
_GROUP: Final = "_group"
_COLUMNS: Final = {
    "name": ("Indicator", 320),
    _GROUP: ("", 250),
    "value": ("Value", 75),
    "numerator": ("Numerator", 90),
    "denominator": ("Denominator", 100),
    "threshold_gold": ("Gold", 65),
    "threshold_silver": ("Silver", 65),
    "status": ("Status", 95),
    "group": ("Kind", 85),
}


@st.fragment
def show() -> None:
    with guarded():
        a, b, c, d = st.columns([2, 4, 3, 2])
        word = a.selectbox("By", list(_BY), key="ind_by")
        by = _BY[word]
        frame = _grouped(door.figures("quality.indicators", by=(by,)), by)
        whole = word == _WHOLE
        frame = frame.filter(pl.col(_GROUP).is_null() if whole else pl.col(_GROUP).is_not_null())
        if not frame.height:
            empty("No indicator can be computed yet.")
            return
        names = frame["name"].unique(maintain_order=True).to_list()
        name = choices.pick(b, "Indicator", names, "ind_name")
        groups = frame[_GROUP].drop_nulls().unique().sort(descending=by == "year").to_list()
        group = None if whole else choices.pick(c, word, groups, f"ind_group_{by}")
        status = choices.pick(d, "Status", _statuses(frame), "ind_status", _STATUS)
        for column, value in (("name", name), (_GROUP, group), ("status", status)):
            if value is not None:
                frame = frame.filter(pl.col(column) == value)
        if not frame.height:
            empty("No indicator fits this choice.")
            return
        _table(frame, word, by, whole=whole)


def _grouped(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    """Rows with their group's words; null for the totals over all groups."""
    column = pl.col(by).cast(pl.String)
    frame = frame.with_columns(
        pl.when(column != _TOTAL).then(column).alias(_GROUP),
        pl.col("status").fill_null(""),
        pl.col("group").map_elements(sentence, return_dtype=pl.String),
    )
    if by == "facility":
        names = choices.facilities()
        frame = frame.with_columns(pl.col(_GROUP).replace(names))
    return frame


def _statuses(frame: pl.DataFrame) -> list[str]:
    found = set(frame["status"])
    return [*(word for word in _STATUS if word in found), *sorted(found - set(_STATUS))]


def _table(frame: pl.DataFrame, word: str, by: str, *, whole: bool) -> None:
    shown = frame.with_columns(pl.col("status").replace_strict(_STATUS, default=pl.col("status")))
    columns = {name: label for name, (label, _width) in _COLUMNS.items()} | {_GROUP: word}
    if whole:
        columns.pop(_GROUP)
    config: dict[str, Any] = {
        name: tables.count(columns[name], _COLUMNS[name][1]) for name in ("numerator", "denominator")
    }
    config |= {name: tables.text(columns[name], width) for name, (_l, width) in _COLUMNS.items() if name in columns and shown.schema.get(name) == pl.String}  # fmt: skip
    config |= {
        name: st.column_config.NumberColumn(columns[name], format="%.2f", width=_COLUMNS[name][1])
        for name in ("value", "threshold_gold", "threshold_silver")
    }
    tables.show(shown, key="indicators", columns=columns, config=config, rows=13, alt="Quality indicators")
    a, b = st.columns([8, 2], vertical_alignment="center")
    a.caption(
        "Percentages unless the name says otherwise. No value: the figures it needs are not in the registry."
    )
    with b:
        download.link("Download CSV", "indicators.csv", "quality.indicators", by=(by,))
