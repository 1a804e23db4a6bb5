"""Choices that live in the page's address, so that a link opens the same figure.

Each choice has a short name and a code that stays: `?method=net&by=stage`. What is as usual is left out of the
address. Addresses hold codes and names of cohorts, never anything of a patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from dashboards.components.choices import ANY

#: Longer values in an address are not ours.
_LONGEST: Final = 4000


class Choices:
    """The choices of one page: each method draws one, `write` puts them into the address."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._said: dict[str, list[str]] = {}
        self._drawn: set[str] = set()
        self._rows = 0
        self._restore()

    def row(self, widths: Sequence[float]) -> Any:
        """Columns for widgets in a row, which goes on below in a narrow window."""
        self._rows += 1
        with st.container(key=f"controls_{self._page}_{self._rows}"):
            return st.columns(widths, vertical_alignment="bottom")

    def one_of(
        self,
        place: Any,
        label: str,
        options: Iterable[Any],
        name: str,
        words: Mapping[Any, str] | None = None,
        *,
        default: Any = None,
        help_: str | None = None,
    ) -> Any:
        """A list of which one is chosen; None in `options` is the choice of nothing ("" in the list)."""
        values = ["" if value is None else value for value in options]
        if not values:
            return None
        usual = "" if default is None and "" in values else (default if default in values else values[0])
        told = {("" if k is None else k): v for k, v in (words or {}).items()}
        key = self._seed(name, lambda text: _found(text, values), usual, lambda value: value in values)
        chosen = place.selectbox(
            label, values, format_func=lambda v: told.get(v, ANY if v == "" else str(v)), key=key, help=help_
        )
        self._say(name, chosen, usual)
        return None if chosen in {"", None} else chosen

    def several(
        self,
        place: Any,
        label: str,
        options: Sequence[Any],
        name: str,
        words: Mapping[Any, str] | None = None,
        *,
        default: Sequence[Any] = (),
        nothing: str = ANY,
        most: int | None = None,
    ) -> list[Any]:
        """A list of which any number is chosen, in the order of `options`; `nothing` stands in the empty box."""
        told = words or {}

        def read(text: list[str]) -> Any:
            found = [value for value in options if str(value) in text]
            return found or None

        usual = [value for value in options if value in default]
        key = self._seed(name, read, usual, lambda chosen: all(value in options for value in chosen))
        chosen = place.multiselect(
            label,
            options,
            format_func=lambda v: told.get(v, str(v)),
            key=key,
            placeholder=nothing,
            max_selections=most,
        )
        ordered = [value for value in options if value in chosen]
        self._say(name, ordered, usual)
        return ordered

    def years(self, place: Any, label: str, years: Sequence[int], name: str = "years") -> tuple[int, int]:
        """A stretch of years; all of them are as usual."""
        usual = (years[0], years[-1])
        if len(years) < 2:
            return usual

        def read(text: list[str]) -> Any:
            low, _, high = text[0].partition("-")
            pair = (int(low), int(high)) if low.isdecimal() and high.isdecimal() else usual
            return pair if pair[0] in years and pair[1] in years and pair[0] <= pair[1] else None

        # A slider of two ends must be begun with two: its value in the session would be taken for one.
        key, first = f"{self._page}_{name}", f"_begun_{self._page}_{name}"
        if key not in st.session_state or first not in st.session_state:
            text = st.query_params.get_all(name)
            st.session_state[first] = (read(text) if text else None) or usual
        begun = st.session_state[first]
        if not all(year in years for year in begun):
            begun = st.session_state[first] = usual
        low, high = place.select_slider(label, years, value=begun, key=key)
        self._say(name, f"{low}-{high}", f"{usual[0]}-{usual[1]}")
        return low, high

    def switch(
        self, place: Any, label: str, name: str, *, default: bool = False, help_: str | None = None
    ) -> bool:
        """Yes or no."""
        key = self._seed(name, lambda text: text[0] == "yes", default, lambda value: isinstance(value, bool))
        chosen: bool = place.toggle(label, key=key, help=help_)
        self._say(name, "yes" if chosen else "no", "yes" if default else "no")
        return chosen

    def section(self, offered: Mapping[str, tuple[str, Any]], name: str = "show") -> Any:
        """The row of a page's sections: code → (title, what stands behind it); what stands behind the chosen one."""
        codes = list(offered)
        key = self._seed(name, lambda text: _found(text, codes), codes[0], lambda value: value in codes)
        chosen = st.segmented_control(
            "Section",
            codes,
            format_func=lambda code: offered[code][0],
            required=True,
            key=key,
            label_visibility="collapsed",
        )
        self._say(name, chosen, codes[0])
        return offered[chosen or codes[0]][1]

    def write(self) -> None:
        """Put the choices into the address, and keep them for coming back to this page in the same tab."""
        now = {name: st.query_params.get_all(name) for name in st.query_params}
        # What another section of the page chose stays for coming back to it.
        wanted = {name: value for name, value in now.items() if name not in self._drawn} | self._said
        if now != wanted:
            st.query_params.from_dict(wanted)
        st.session_state[f"_address_{self._page}"] = wanted

    def _restore(self) -> None:
        """Coming back by the row of pages: the address is empty, the choices are as they were left."""
        kept = st.session_state.get(f"_address_{self._page}")
        if kept and not len(st.query_params):
            st.query_params.from_dict(kept)

    def _seed(
        self, name: str, read: Callable[[list[str]], Any], usual: Any, fits: Callable[[Any], bool]
    ) -> str:
        """The widget's key, its value set from the address when it is drawn for the first time."""
        key = f"{self._page}_{name}"
        if key in st.session_state and st.session_state[key] is not None and fits(st.session_state[key]):
            return key
        text = [value for value in st.query_params.get_all(name) if len(value) <= _LONGEST]
        value = read(text) if text else None
        st.session_state[key] = usual if value is None else value
        return key

    def _say(self, name: str, chosen: Any, usual: Any) -> None:
        self._drawn.add(name)
        self._said.pop(name, None)
        if chosen == usual:
            return
        self._said[name] = [str(value) for value in chosen] if isinstance(chosen, list) else [str(chosen)]


def _found(text: list[str], values: Sequence[Any]) -> Any:
    """The option that an address means.

    >>> _found(["2"], [1, 2]), _found(["x"], [1, 2])
    (2, None)
    """
    return next((value for value in values if str(value) == text[0]), None)
