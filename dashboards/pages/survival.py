"""Survival: Kaplan-Meier curves with bands, numbers at risk, log-rank test, exclusions; small counts hidden."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import door
from dashboards.components import charts, survival_figure, tables
from dashboards.components.messages import empty, guarded, plain
from dashboards.components.words import number, probability

_BY = {None: "All together", "stage": "Stage", "sex": "Sex", "site": "Site"}
_PROFILES = {"default": "Hide counts under 11", "uscs": "USCS: hide counts under 16"}
_SEX = {"1": "Male", "2": "Female", "9": "Unknown"}


def show() -> None:
    st.title("Survival")
    _page()


@st.fragment
def _page() -> None:
    with guarded():
        choices = door.figures("survival.choices")
        if not choices.get("years"):
            empty("No tumors with a diagnosis date yet.", "Load files with `registry ingest FILES…`.")
            return
        asked = _controls(choices)
        with st.spinner("Counting…", show_time=False):
            answer = door.figures("survival.kaplan_meier", **asked)
        _answer(answer)


def _controls(choices: dict[str, Any]) -> dict[str, Any]:
    years = sorted(int(year) for year in choices["years"])
    sites, stages = _pairs(choices["sites"]), _pairs(choices["stages"])
    a, b, c, d = st.columns([2, 3, 3, 2])
    by = a.selectbox("Compare by", list(_BY), format_func=_BY.__getitem__, index=1, key="km_by")
    site = b.selectbox("Site", [None, *sites], format_func=lambda v: sites.get(v, "All sites"), key="km_site")
    stage = c.selectbox(
        "Stage", [None, *stages], format_func=lambda v: stages.get(v, "All stages"), key="km_stage"
    )
    sex = d.selectbox("Sex", [None, "1", "2"], format_func=lambda v: _SEX.get(v, "Both"), key="km_sex")
    a, b = st.columns([3, 7])
    profile = a.selectbox(
        "Confidentiality", list(_PROFILES), format_func=_PROFILES.__getitem__, key="km_profile"
    )
    low, high = years[0], years[-1]
    if low < high:
        low, high = b.select_slider("Years of diagnosis", years, value=(low, high), key="km_years")
    return {
        "by": by,
        "site": site,
        "stage": stage,
        "sex": sex,
        "year_from": low,
        "year_to": high,
        "profile": profile,
    }


def _pairs(values: Any) -> dict[Any, str]:
    """Choices as value → words: a dict, pairs, or plain values."""
    if isinstance(values, dict):
        return {key: str(label) for key, label in values.items()}
    if hasattr(values, "iter_rows"):
        return {row[0]: str(row[-1]) for row in values.iter_rows()}
    return {
        v[0]: str(v[1]) if len(v) > 1 else str(v[0])
        for v in (v if isinstance(v, (tuple, list)) else (v,) for v in values)
    }


def _answer(answer: dict[str, Any]) -> None:
    curve, threshold = answer["curve"], int(answer["threshold"])
    if not curve.height:
        empty(
            "No group is large enough to show.",
            f"Groups of fewer than {threshold} people are hidden; choose wider.",
        )
    else:
        picture = survival_figure.figure(curve, answer["at_risk"], threshold)
        charts.draw(picture, key="km", alt="Kaplan-Meier survival with confidence bands and numbers at risk")
    left, middle, right = st.columns([3, 3, 4], gap="large")
    with left:
        st.subheader("Log-rank test")
        _log_rank(answer.get("log_rank"))
        if answer.get("note"):
            st.caption(plain(answer["note"]))
        st.caption(f"Counts under {threshold} are hidden.")
    with middle:
        st.subheader("Median survival")
        tables.show(answer["median"], key="km_median", rows=8)
    with right:
        st.subheader("Who is counted")
        names = {"step": "Step", "reason": "Reason", "excluded": "Excluded", "remaining": "Remaining"}
        tables.show(answer["exclusions"], key="km_exclusions", columns=names, rows=8)


def _log_rank(test: dict[str, Any] | None) -> None:
    if not test:
        st.write("Compare two or more groups to test their difference.")
        return
    st.markdown(
        f"The curves differ: **{probability(test['p'])}**"
        if test["p"] < 0.05
        else f"No clear difference: **{probability(test['p'])}**"
    )
    st.caption(f"χ² = {test['chi2']:.2f} on {number(test['df'])} degrees of freedom")
