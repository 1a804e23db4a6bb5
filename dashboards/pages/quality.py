"""Quality: the board of edit failures, its report, indicators and scorecard, suites, official results, overrides."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboards import door
from dashboards.pages import (
    quality_figures,
    quality_official,
    quality_overrides,
    quality_report,
    quality_scorecard,
    quality_suites,
    quality_work,
)

#: Section → what shows it, the operation that a role needs.
_SECTIONS: Final = {
    "Work": (quality_work.show, "quality.failures"),
    "Report": (quality_report.show, "quality.report"),
    "Indicators": (quality_figures.show, "quality.indicators"),
    "Scorecard": (quality_scorecard.show, "quality.scorecard"),
    "Suites": (quality_suites.show, "quality.suites"),
    "Official results": (quality_official.show, "quality.gate"),
    "Overrides": (quality_overrides.show, "quality.overrides"),
}

#: Figures of the whole registry, which name facilities: not for staff who are held to some.
_WHOLE: Final = frozenset({"Suites"})


def show() -> None:
    st.title("Quality")
    me = door.actor()
    central = me.facilities is None
    offered = [
        name
        for name, (_run, operation) in _SECTIONS.items()
        if me.may(operation) and (central or name not in _WHOLE)
    ]
    section = st.segmented_control(
        "Section",
        offered,
        default=offered[0],
        required=True,
        key="quality_section",
        label_visibility="collapsed",
    )
    _SECTIONS[section][0]()
