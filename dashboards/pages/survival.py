"""Survival: one question a choice, asked of one cohort; curves, comparison, model. The address keeps the choices."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboards import door
from dashboards.components import whom
from dashboards.components.address import Choices
from dashboards.components.messages import empty, guarded
from dashboards.pages import survival_curves, survival_model

_SECTIONS: Final = {"curves": "Curves", "model": "Cox model"}
#: method → the tests that compare its curves.
_TESTS: Final = {
    "kaplan-meier": ("log-rank", "peto", "trend"),
    "life-table": ("log-rank", "peto", "trend"),
    "competing": ("gray",),
    "net": ("net",),
}
_LIMITS: Final = {"log-log": "log-log", "log": "log", "plain": "plain"}


def show() -> None:
    st.title("Survival")
    with guarded():
        _page()


@st.fragment
def _page() -> None:
    with guarded():
        known = door.figures("survival.choices")
        if not known.get("years"):
            empty("No tumors with a diagnosis date yet.", "Load files with `registry ingest FILES…`.")
            return
        chosen = Choices("survival")
        section = chosen.section({code: (title, code) for code, title in _SECTIONS.items()})
        asked = _whom(chosen, known)
        model = section == "model"
        question = survival_model.controls(chosen, known) if model else _question(chosen, known)
        chosen.write()
        with st.spinner("Counting…", show_time=False):
            if model:
                survival_model.show(asked, question, known)
            else:
                survival_curves.show(asked, question, known, chosen)
        chosen.write()


def _whom(chosen: Choices, known: dict[str, Any]) -> dict[str, Any]:
    """The cohort and the filters beside it, as arguments of the service."""
    a, b, c, d, e = chosen.row([2.4, 2.4, 1.3, 2, 2.8])
    asked: dict[str, Any] = {"cohort": whom.cohort(a, chosen, "First primaries, usual rules")}
    return asked | whom.several(whom.narrow((b, c, d, e), chosen, known))


def _question(chosen: Choices, known: dict[str, Any]) -> dict[str, Any]:
    """Method, comparison and what the method needs, as arguments of the service."""
    a, b, c, d, e = chosen.row([2.6, 2, 2, 1.9, 1.6])
    method = chosen.one_of(a, "Method", known["methods"], "method", known["methods"], default="kaplan-meier")
    by = chosen.one_of(
        b, "Compare by", [None, *known["by"]], "by", {None: "All together", **known["by"]}, default="stage"
    )
    others = [value for value in known["by"] if value != by]
    then = None
    if by is not None:
        then = chosen.one_of(c, "and by", [None, *others], "then", {None: "nothing else", **known["by"]})
    asked: dict[str, Any] = {"method": method, "by": [by, then] if then else by}
    asked["profile"] = whom.profile(d, chosen, known)
    with e.popover("Settings", width="stretch"):
        asked |= _settings(str(method), chosen, known)
        tests = {
            value: known["tests"][value] for value in _TESTS.get(str(method), ()) if value in known["tests"]
        }
        if by and tests:
            asked["test"] = chosen.one_of(st, "Test", tests, "test", tests)
    return asked


def _settings(method: str, chosen: Choices, known: dict[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    asked["ci"] = chosen.one_of(st, "95 % limits", _LIMITS, "limits", _LIMITS)
    if method in {"conditional", "conditional-net"}:
        years = {value: f"{value} year{'s' if value > 1 else ''}" for value in (1, 2, 3, 5, 10)}
        asked["given"] = chosen.one_of(st, "Of those who lived", years, "given", years)
    if method in known["relative"]:
        approaches = {str(value): str(title) for value, title in known["approaches"].items()}
        short = {value: title.partition(":")[0] for value, title in approaches.items()}
        approach = chosen.one_of(
            st, "Approach", short, "approach", short, help_="  \n".join(approaches.values())
        )
        asked["approach"] = approach
        if approach in {"period", "hybrid", "cohort"}:
            listed = sorted(int(year) for year in known["years"])
            label = "Diagnosed in" if approach == "cohort" else "Followed in"
            asked["period"] = list(chosen.years(st, label, listed, "window"))
        tables = {str(name): str(name) for name in known.get("life_tables") or []}
        if len(tables) > 1:
            asked["life_table"] = chosen.one_of(st, "Life table", [None, *tables], "life_table", tables)
    if method in known["standardised"]:
        named: dict[Any, str] = {None: "none", **known["standards"]}
        asked["standard"] = chosen.one_of(st, "Age standard", named, "standard", named)
    return asked
