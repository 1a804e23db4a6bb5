"""The cohort builder: one widget a rule; what is left as it is stays out of the definition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboards.components import whom

_SEXES: Final = {"1": "Male", "2": "Female", "9": "Unknown"}
_BEHAVIOR: Final = {
    "malignant": "Malignant, and in situ in the bladder",
    "invasive": "Invasive only",
    "in situ": "In situ only",
    "all": "All, also benign",
}
_ANALYTIC: Final = {None: "All", True: "Analytic (00–22)", False: "Not analytic"}
_UNIT: Final = {"tumors": "Tumors", "patients": "Patients (their earliest tumor)"}
_SEQUENCE: Final = {"all": "All tumors", "first": "First primaries", "only": "Patients with one primary only"}
_KEEP: Final = {"keep": "Counted", "exclude": "Left out"}
_ZERO: Final = {"half_day": "Counts half a day", "exclude": "Left out"}


def definition(base: Mapping[str, Any], known: Mapping[str, Any], turn: int) -> dict[str, Any]:
    """Draw the builder; the definition that it says.

    `base` is what the widgets begin with; keys for which there is no widget are carried along. `turn` grows when
    another cohort is opened, so that the widgets begin anew.
    """
    draw = _Form(dict(base), turn)
    with st.container(border=True):
        st.subheader("Cancer")
        draw.several("sites", "Sites", known.get("sites"))
        a, b = st.columns(2)
        draw.codes(a, "primary_sites", "Primary sites", "C50, C500-C506")
        draw.codes(b, "histologies", "Histologies", "8140, 8140-8147")
        a, b = st.columns(2)
        draw.one_of(a, "behavior", "Behavior", _BEHAVIOR, "malignant")
        draw.several("stages", "Stages", known.get("stages"), place=b)
    with st.container(border=True):
        st.subheader("People")
        a, b, c = st.columns([2, 1.2, 1.2])
        draw.several("sexes", "Sex at birth", list(_SEXES), _SEXES, place=a)
        draw.span((b, c), "ages", ("Age from", "Age to"), 0, 120)
        a, b = st.columns(2)
        draw.several("races", "Race", known.get("races"), place=a)
        draw.several("hispanic", "Hispanic origin", known.get("hispanic"), place=b)
    with st.container(border=True):
        st.subheader("Time and place")
        a, b, c = st.columns([1.2, 1.2, 1.5])
        draw.span((a, b), "years", ("Year from", "Year to"), 1900, 2100)
        draw.day(c, "cut_off", "Data cut-off")
        a, b = st.columns(2)
        draw.several("states", "State", known.get("states"), place=a)
        draw.several("counties", "County", known.get("counties"), place=b)
        a, b = st.columns(2)
        facilities = whom.facility_words(known.get("facilities") or [])
        draw.several("facilities", "Facility", list(facilities), facilities, place=a)
        draw.one_of(b, "analytic", "Class of case", _ANALYTIC, None)
    with st.container(border=True):
        st.subheader("Rules")
        a, b = st.columns(2)
        draw.one_of(a, "unit", "Counted are", _UNIT, "tumors")
        draw.one_of(b, "sequence", "Which tumors", _SEQUENCE, "all")
        a, b = st.columns(2)
        draw.one_of(a, "death_certificate", "Death certificate only", _KEEP, "keep")
        draw.one_of(b, "autopsy", "Autopsy only", _KEEP, "keep")
        a, b = st.columns(2)
        draw.one_of(a, "unknown_age", "Unknown age", _KEEP, "keep")
        draw.one_of(b, "zero_time", "Last seen on the day of diagnosis", _ZERO, "half_day")
        draw.flag("confirmed", "Microscopically confirmed only")
    return draw.said


class _Form:
    """Widgets that begin with a definition; `said` is the definition as it now is."""

    def __init__(self, base: dict[str, Any], turn: int) -> None:
        self._base, self._turn = base, turn
        self.said: dict[str, Any] = dict(base)

    def several(
        self, name: str, label: str, options: Any, words: Mapping[str, str] | None = None, *, place: Any = st
    ) -> None:
        begun = [str(value) for value in self._base.get(name, [])]
        listed = list(dict.fromkeys([*(str(value) for value in options or []), *begun]))
        told = words or {}
        chosen = place.multiselect(
            label,
            listed,
            default=begun,
            format_func=lambda value: told.get(value, value),
            key=self._key(name),
            placeholder="All",
        )
        self._say(name, [value for value in listed if value in chosen], [])

    def codes(self, place: Any, name: str, label: str, example: str) -> None:
        begun = ", ".join(str(value) for value in self._base.get(name, []))
        typed = place.text_input(label, begun, key=self._key(name), placeholder=example, max_chars=400)
        self._say(name, [part.strip() for part in typed.replace(";", ",").split(",") if part.strip()], [])

    def one_of(self, place: Any, name: str, label: str, words: Mapping[Any, str], usual: Any) -> None:
        values = list(words)
        chosen = place.selectbox(
            label,
            range(len(values)),
            index=values.index(self._base.get(name, usual)),
            format_func=lambda n: words[values[n]],
            key=self._key(name),
        )
        self._say(name, values[chosen], usual)

    def flag(self, name: str, label: str) -> None:
        self._say(name, st.toggle(label, bool(self._base.get(name, False)), key=self._key(name)), False)

    def span(self, places: tuple[Any, Any], name: str, labels: tuple[str, str], low: int, high: int) -> None:
        """A first and a last whole number, each of which may stay empty."""
        begun = self._base.get(name) or [None, None]
        ends = [
            place.number_input(
                label, low, high, value=end, step=1, key=self._key(f"{name}_{label}"), placeholder="any"
            )
            for place, label, end in zip(places, labels, begun, strict=True)
        ]
        self._say(name, ends, [None, None])

    def day(self, place: Any, name: str, label: str) -> None:
        begun = self._base.get(name)
        value = dt.date.fromisoformat(begun) if isinstance(begun, str) else begun
        chosen = place.date_input(
            label, value, key=self._key(name), format="YYYY-MM-DD", help="Empty: the day on which one looks."
        )
        self._say(name, chosen.isoformat() if isinstance(chosen, dt.date) else None, None)

    def _say(self, name: str, value: Any, usual: Any) -> None:
        if value == usual:
            self.said.pop(name, None)
        else:
            self.said[name] = value

    def _key(self, name: str) -> str:
        return f"cohort_{name.replace(' ', '_')}_{self._turn}"
