"""Follow-up rates: against their targets, over time, by group and by the age bands of SEER."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import charts, choices, download, tables
from dashboards.components.messages import empty, guarded
from dashboards.components.words import counted, heading, number, percent

_BY: Final = {
    "facility": "Facility",
    "site": "Site",
    "year": "Year of diagnosis",
    "physician": "Physician",
    "age_band": "Age bands (SEER)",
}
_UNITS: Final = {"patient": "Patients", "tumor": "Tumors"}
_WINDOWS: Final = {
    "since_reference": "since the reference date",
    "last_fifteen_years": "last 15 years",
    "last_five_years": "last 5 years",
}
_COUNTS: Final = {
    "A_eligible": ("A · eligible", 90),
    "B_dead": ("B · dead", 75),
    "C_living": ("C · living", 80),
    "D_current": ("D · current", 85),
    "E_lost": ("E · lost", 70),
}
_EVERY: Final = {"month": "Month", "quarter": "Quarter", "year": "Year"}


@st.fragment
def show() -> None:
    with guarded():
        a, b, c, _rest = st.columns([3, 2, 3, 4])
        by = choices.one_of(a, "By", _BY, "rates_by", _BY, nothing="No groups")
        frame = door.figures("followup.rates", by=by)
        if not frame.height:
            empty("No tumor is eligible for follow-up yet.")
            return
        if by is None:
            _cards(frame)
            _made_up(frame, "How the rates are made up")
            if door.actor().may("followup.trend"):
                with guarded():
                    _trend()
            if door.actor().may("followup.configuration"):
                with guarded():
                    _configuration()
            return
        frame = _chosen(b, "Count", frame, "unit", _UNITS, by)
        _groups(_chosen(c, "Diagnosed", frame, "window", _WINDOWS, by), by)


def _chosen(
    place: Any, label: str, frame: pl.DataFrame, column: str, words: dict[str, str], by: str
) -> pl.DataFrame:
    """The rows of one unit or window, by a list of those that are there."""
    value = place.selectbox(
        label,
        frame[column].unique(maintain_order=True).to_list(),
        format_func=lambda v: (words.get(v) or heading(v)).capitalize(),
        key=f"rates_{column}_{by}",
    )
    return frame.filter(pl.col(column) == value)


def _cards(frame: pl.DataFrame) -> None:
    for unit in frame["unit"].unique(maintain_order=True):
        rows = list(frame.filter(pl.col("unit") == unit).iter_rows(named=True))
        for column, row in zip(st.columns(max(len(rows), 3), gap="small"), rows, strict=False):
            _card(column, _UNITS.get(unit, heading(unit)), row)


def _card(column: Any, whose: str, row: dict[str, Any]) -> None:
    """One rate with its target and whether it is met; colour is never the only sign."""
    column.metric(
        f"{whose} · {_window(row['window'])}",
        percent(row["rate_pct"]),
        delta=_judged(row),
        delta_color="off" if row["met"] is None else ("green" if row["met"] else "red"),
        delta_arrow="off",
        border=True,
        help=f"{number(row['E_lost'])} lost of {number(row['A_eligible'])} eligible",
    )


def _window(window: str) -> str:
    return _WINDOWS.get(window) or heading(window).lower()


def _judged(row: dict[str, Any]) -> str | None:
    """Whether a target is met, in words.

    >>> _judged({"target": 80, "met": True}), _judged({"target": 90, "met": False}), _judged({"target": None, "met": None})
    ('target 80 % met', 'below target 90 %', None)
    """
    if row["met"] is None:
        return None
    target = percent(row["target"], 0)
    return f"target {target} met" if row["met"] else f"below target {target}"


def _made_up(frame: pl.DataFrame, title: str) -> None:
    with st.expander(title):
        shown = frame.with_columns(
            pl.col("unit").replace_strict(_UNITS, default=pl.col("unit")),
            pl.col("window").replace_strict(_WINDOWS, default=pl.col("window")),
        )
        columns = {"unit": "Count", "window": "Diagnosed", "from": "From"}
        _table(shown, columns, key="rates", rows=8, alt="How the rates are made up")
        st.caption("C = A - B. Rate = 100 (B + D) / A; living rate = 100 D / C.")


def _groups(frame: pl.DataFrame, by: str) -> None:
    shown = frame.with_columns(pl.col(by).cast(pl.String).fill_null("not known").alias("group"))
    if by == "facility":
        shown = shown.with_columns(pl.col("group").replace(choices.facilities()))
    if by == "physician":
        names = choices.physicians()
        shown = shown.with_columns(
            pl.Series(
                "group", [f"{names[v]} · {v}" if v in names else v for v in shown["group"]], dtype=pl.String
            )
        )
    if by == "year":
        shown = shown.sort("group", descending=True)
    below = int((~shown["met"].fill_null(value=True)).sum())
    _table(shown, {"group": _BY[by]}, key=f"rates_{by}", rows=14, alt=f"Follow-up rates by {_BY[by].lower()}")
    a, b = st.columns([8, 2], vertical_alignment="center")
    told = f"; {below} below their target" if below else ""
    a.caption(
        f"{counted(shown.height, 'group')}{told}."
        + (" Groups may overlap: who has tumors in two is in both." if shown["unit"][0] == "patient" else "")
    )
    with b:
        download.link("Download CSV", "follow-up-rates.csv", "followup.rates", by=by)


def _table(frame: pl.DataFrame, columns: dict[str, str], *, key: str, rows: int, alt: str) -> None:
    """Rates as a table; the last column says in words whether the target is met."""
    shown = frame.with_columns(
        pl.Series(
            "judged", [_judged(row) or "no target" for row in frame.iter_rows(named=True)], dtype=pl.String
        )
    )
    config: dict[str, Any] = {name: tables.count(*entry) for name, entry in _COUNTS.items()}
    config |= {"rate_pct": tables.share("Rate %", 75), "living_rate_pct": tables.share("Living rate %", 100)}
    config |= {"judged": tables.text("Target", 150), "group": tables.text(columns.get("group", ""), 300)}
    names = columns | {name: label for name, (label, _width) in _COUNTS.items()}
    names |= {"rate_pct": "Rate %", "living_rate_pct": "Living rate %", "judged": "Target"}
    if "goal" in frame.columns:
        goals = [
            _judged({"target": row["goal"], "met": row["goal_met"]}) for row in frame.iter_rows(named=True)
        ]
        told = [(word or "").replace("target", "goal") for word in goals]
        shown = shown.with_columns(pl.Series("goal_judged", told, dtype=pl.String))
        names |= {"goal_judged": "Goal"}
    tables.show(shown, key=key, columns=names, config=config, rows=rows, alt=alt)


def _trend() -> None:
    """Rates as they stood at the end of each period, from the runs that were kept."""
    a, b = st.columns([9, 3], vertical_alignment="bottom")
    a.subheader("Over time")
    every = b.selectbox("Every", list(_EVERY), format_func=_EVERY.__getitem__, key="rates_every")
    frame = door.figures("followup.trend", every=every, periods=12)
    told = frame.filter((pl.col("unit") == "patient") & pl.col("rate_pct").is_not_null())
    if told["period"].n_unique() < 2:
        empty(
            "There is no trend yet.",
            "Each monthly run of the follow-up list keeps its rates; the line begins there.",
        )
        return
    wide = told.pivot("window", index="period", values="rate_pct", aggregate_function="first").sort("period")
    names = {w: _window(w).capitalize() for w in told["window"].unique(maintain_order=True)}
    figure = charts.lines(wide, "period", names, y_title="Rate, %")
    figure.update_yaxes(
        range=[max(0, told["rate_pct"].min() - 10), 100], tickformat=".0f", rangemode="normal"
    )
    figure.update_traces(hovertemplate="%{x}: %{y:.1f} %<extra></extra>")
    charts.draw(figure, key="rates_trend", alt="Follow-up rates of patients over time")


def _configuration() -> None:
    with st.expander("Rules and settings behind these figures"):
        frame = door.figures("followup.configuration")
        columns = {"setting": "Setting", "value": "Value", "default": "Usual", "meaning": "What it does"}
        config = {"setting": tables.text("Setting", 250), "value": tables.text("Value", 160),
                  "default": tables.text("Usual", 130), "meaning": tables.text("What it does", 700)}  # fmt: skip
        tables.show(
            frame,
            key="follow_up_settings",
            columns=columns,
            config=config,
            rows=14,
            alt="Settings of follow-up",
        )
