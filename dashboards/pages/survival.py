"""Survival: Kaplan-Meier curves with bands, numbers at risk, log-rank test, exclusions; small counts hidden."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import streamlit as st

from dashboards import door
from dashboards.components import panel
from dashboards.components.figures import survival
from dashboards.components.messages import empty, guarded
from dashboards.components.words import number, probability

_BY = {None: "All together", "stage": "Stage", "sex": "Sex", "site": "Site"}
_PROFILES = {"default": "Under 11 hidden", "uscs": "USCS: under 16 hidden"}
_MOST_CURVES = 6
_YEARS = (1, 3, 5, 10)
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
        _answer(answer, choices, asked)


def _controls(choices: dict[str, Any]) -> dict[str, Any]:
    years = sorted(int(year) for year in choices["years"])
    sites, stages = _pairs(choices["sites"]), _pairs(choices["stages"])
    a, b, c, d, e, f = st.columns([1.5, 2.2, 2, 1.3, 2, 2.8])
    by = a.selectbox("Compare by", list(_BY), format_func=_BY.__getitem__, index=1, key="km_by")
    site = b.selectbox("Site", [None, *sites], format_func=lambda v: sites.get(v, "All sites"), key="km_site")
    stage = c.selectbox(
        "Stage", [None, *stages], format_func=lambda v: stages.get(v, "All stages"), key="km_stage"
    )
    sex = d.selectbox("Sex", [None, "1", "2"], format_func=lambda v: _SEX.get(v, "Both"), key="km_sex")
    profile = e.selectbox(
        "Small counts", list(_PROFILES), format_func=_PROFILES.__getitem__, key="km_profile"
    )
    low, high = years[0], years[-1]
    if low < high:
        low, high = f.select_slider("Years of diagnosis", years, value=(low, high), key="km_years")
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


def _answer(answer: dict[str, Any], choices: dict[str, Any], asked: dict[str, Any]) -> None:
    curve, threshold = answer["curve"], int(answer["threshold"])
    groups = _ordered(answer, choices)
    if not curve.height:
        empty(
            "No group is large enough to show.",
            f"Groups of fewer than {threshold} people are hidden; choose wider.",
        )
    else:
        shown = _chosen(groups)
        chosen = pl.col("group").cast(pl.String).is_in(shown)
        years = (pl.col("time") / 12).alias("years")
        drawn = survival.curves(
            curve.filter(chosen).with_columns(years, estimate=pl.col("survival")),
            answer["at_risk"].filter(chosen).with_columns(years),
            shown,
            y_title="Survival",
            threshold=threshold,
        )
        panel.show(
            drawn,
            answer,
            key="survival_curve",
            title="Observed survival",
            operation="survival.kaplan_meier",
            arguments=asked,
            pick=lambda found: found["curve"],
            table=_by_group(answer, groups),
            columns={},
        )
    _log_rank(answer.get("log_rank"))
    panel.about(answer)


def _ordered(answer: dict[str, Any], choices: dict[str, Any]) -> list[str]:
    """Groups in the order of the disease for stages, else the largest first."""
    size = answer["at_risk"].group_by("group").agg(pl.col("at_risk").max())
    groups = [str(name) for name in size.sort(["at_risk", "group"], descending=[True, False])["group"]]
    stages = [str(stage) for stage in _pairs(choices["stages"])]
    return sorted(groups, key=lambda group: stages.index(group) if group in stages else -1)


def _chosen(groups: list[str]) -> list[str]:
    """The groups to draw; of many the first few, and whoever looks may choose others."""
    if len(groups) <= _MOST_CURVES:
        return groups
    picked = st.multiselect(
        "Curves",
        groups,
        default=groups[:_MOST_CURVES],
        max_selections=8,
        key="km_groups_shown",
        label_visibility="collapsed",
    )
    return [group for group in groups if group in picked] or groups[:1]


def _by_group(answer: dict[str, Any], groups: list[str]) -> pl.DataFrame:
    """One row a group: survival after 1, 3, 5 and 10 years with limits, and the median."""
    rows = []
    medians = {str(entry["group"]): entry for entry in answer["median"].iter_rows(named=True)}
    for group in (name for name in groups if name in medians):
        entry = medians[group]
        row = {"group": group}
        for year in _YEARS:
            row[f"{year} y"] = ""
        if "at_years" in answer:
            for each in (
                answer["at_years"].filter(pl.col("group").cast(pl.String) == group).iter_rows(named=True)
            ):
                if round(each["years"]) in _YEARS:
                    row[f"{round(each['years'])} y"] = _limits(each)
        row["median, months"] = _months(entry.get("time"))
        rows.append(row)
    return pl.DataFrame(rows)


def _limits(each: dict[str, Any]) -> str:
    if each["lower"] is None or each["upper"] is None:
        return f"{each['survival']:.0%}"
    return f"{each['survival']:.0%} ({each['lower']:.0%}–{each['upper']:.0%})".replace("%–", "–")


def _months(value: float | None) -> str:
    """A median that the curve never reaches is said so."""
    return "not reached" if value is None or not math.isfinite(value) else f"{value:.0f}"


def _hidden(flow: pl.DataFrame, threshold: int) -> pl.DataFrame:
    """Counts as text, hidden ones as "<11"."""
    counts = [name for name in ("excluded", "remaining") if name in flow.columns]
    shown = [
        pl.Series(name, [f"<{threshold}" if v is None else number(v) for v in flow[name]]) for name in counts
    ]
    return flow.with_columns(shown)


def _log_rank(test: dict[str, Any] | None) -> None:
    if not test:
        return
    verdict = "the curves differ" if test["p"] < 0.05 else "no clear difference"
    st.markdown(f"Log-rank test of all groups: {verdict}, **{probability(test['p'])}**")
    st.caption(f"χ² = {test['chi2']:.2f} on {number(test['df'])} degrees of freedom")
